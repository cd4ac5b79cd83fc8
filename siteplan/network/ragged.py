"""Ranges of different lengths laid end to end, without a Python loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def offsets_of(counts: Ints) -> Ints:
    """Where each of the ranges begins, and the end of the last: shape (n + 1,)."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def ranges(starts: Ints, counts: Ints) -> Ints:
    """start, start + 1, ... for each range, laid end to end: shape (sum(counts),)."""
    offsets = offsets_of(counts)
    return np.arange(offsets[-1], dtype=np.int64) + np.repeat(np.asarray(starts, dtype=np.int64) - offsets[:-1], counts)


def first_of_groups(sorted_keys: Ints) -> Bools:
    """Marks the first row of every run of equal keys; keys must be sorted."""
    first = np.ones(len(sorted_keys), dtype=bool)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return first
