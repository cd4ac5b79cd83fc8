"""What unit a number of a pipe layer is in, told by what pipes exist; the rules stand in `pipes.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats

_SAME = 0.005
"""A number is a size of a list if it differs from it by no more than this share."""


@dataclass(frozen=True)
class Told:
    """Numbers in the unit of their column, (n,) each.

    value: NaN where nothing (usable) was written or what was is ambiguous; unit: what each was taken to be in, "" where
    it was not; ambiguous: numbers above 0 that no rule took.
    """

    value: Floats
    unit: NDArray[np.object_]
    ambiguous: Bools


def tell(numbers: Floats, rules: Sequence[Mapping[str, Any]]) -> Told:
    """Take every number for what the rules say; a file may mix units. Numbers of 0 and less are no sizes."""
    value = np.full(len(numbers), np.nan)
    unit = np.full(len(numbers), "", dtype=object)
    open_ = np.asarray(numbers > 0.0, dtype=bool)
    seen: set[str] = set()
    for contextual in (False, True):
        found: set[str] = set()
        for rule in rules:
            if ("seen" in rule or "unseen" in rule) != contextual or not _holds(rule, seen):
                continue
            at = open_ & (unit == "") & _taken(numbers, rule)
            value[at] = numbers[at] * rule["factor"]
            unit[at] = rule["unit"]
            if at.any():
                found.add(str(rule["unit"]))
        seen = found if not contextual else seen
    return Told(value, unit, open_ & (unit == ""))


def _holds(rule: Mapping[str, Any], seen: set[str]) -> bool:
    return seen.issuperset(rule.get("seen", ())) and seen.isdisjoint(rule.get("unseen", ()))


def _taken(numbers: Floats, rule: Mapping[str, Any]) -> Bools:
    inside = (numbers >= rule["from"]) & (numbers < rule["to"])
    for key, wanted in (("sizes", True), ("sizes_not", False)):
        if key in rule:
            sizes = np.asarray(rule[key], dtype=np.float64)
            # As many sizes as a list has: few.
            of_list = (np.abs(numbers[:, None] - sizes) <= _SAME * sizes).any(axis=1)
            inside &= of_list == wanted
    return np.asarray(inside, dtype=bool)
