"""Which ends of lines are one joint, where nothing but their nearness says so.

Spots (places where ends are) are put together two by two, the nearest first, by the distance of their farthest members
(complete linkage): so that of several ends in reach the true neighbours find each other before a chain of strangers
runs through them.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from scipy.spatial import cKDTree

from siteplan.network.ragged import Bools, Floats, Ints

AT_TOLERANCE_M = 1e-6
"""A gap of exactly the tolerance joins: float noise must not decide."""


def cluster_spots(xy: Floats, folds: list[frozenset[int]], fixed: Bools, drawn: Ints, *, snap_m: float) -> Ints:
    """The cluster of each spot, (n,): the number of its first spot.

    Two clusters become one where some spot of the one lies within `snap_m` of a spot of the other, and afterwards no
    two spots of it are more than `2 * snap_m` apart (each end was off by no more than `snap_m`).

    Parameters
    ----------
    xy
        Spots, (n, 2).
    folds
        For each spot the stretches of lines that it is on: two spots of one stretch are never put together.
    fixed
        Spots where lines meet as drawn.
    drawn
        The part of the network each spot belongs to as drawn, (n,). Fixed spots of one part stay apart: whoever drew
        them meant them apart.
    """
    pairs = cKDTree(xy).query_pairs(snap_m + AT_TOLERANCE_M, output_type="ndarray") if len(xy) else np.zeros((0, 2))
    pairs = np.sort(pairs.astype(np.int64), axis=1)
    held = fixed[pairs[:, 0]] & fixed[pairs[:, 1]] & (drawn[pairs[:, 0]] == drawn[pairs[:, 1]])
    pairs = pairs[~held]
    gap = np.round(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T), 6)
    return _Agglomeration(xy, folds, fixed, drawn, 2.0 * snap_m + AT_TOLERANCE_M).run(pairs, gap)


class _Agglomeration:
    """Clusters are known by their first spot; a heap holds pairs of them, those that have changed since are stale."""

    def __init__(self, xy: Floats, folds: list[frozenset[int]], fixed: Bools, drawn: Ints, widest_m: float) -> None:
        self.xy = xy.tolist()
        self.widest_m = widest_m
        self.members: dict[int, list[int]] = {}
        self.folds = dict(enumerate(folds))
        self.parts = {int(i): frozenset([int(drawn[i])]) for i in np.flatnonzero(fixed)}
        self.age: dict[int, int] = {}
        self.beside: dict[int, set[int]] = {}

    def run(self, pairs: Ints, gap: Floats) -> Ints:
        for a, b in pairs.tolist():
            self.beside.setdefault(a, set()).add(b)
            self.beside.setdefault(b, set()).add(a)
        self.members = {spot: [spot] for spot in self.beside}
        self.age = dict.fromkeys(self.beside, 0)
        heap = [(d, a, b, 0, 0) for d, (a, b) in zip(gap.tolist(), pairs.tolist(), strict=True)]
        heapq.heapify(heap)
        while heap:
            _, a, b, age_a, age_b = heapq.heappop(heap)
            if self.age.get(a) != age_a or self.age.get(b) != age_b or not self._may(a, b):
                continue
            self._merge(a, b)
            for other in sorted(self.beside[a]):
                width = self._width(a, other)
                if width <= self.widest_m:
                    one, two = min(a, other), max(a, other)
                    heapq.heappush(heap, (width, one, two, self.age[one], self.age[two]))
        label = np.arange(len(self.xy))
        for first, spots in self.members.items():
            label[spots] = first
        return label

    def _may(self, a: int, b: int) -> bool:
        none: frozenset[int] = frozenset()
        return not (self.folds[a] & self.folds[b]) and not (self.parts.get(a, none) & self.parts.get(b, none))

    def _merge(self, a: int, b: int) -> None:
        """`b` goes into `a`, the lower number."""
        none: frozenset[int] = frozenset()
        self.members[a] += self.members.pop(b)
        self.folds[a] |= self.folds[b]
        if b in self.parts:
            self.parts[a] = self.parts.get(a, none) | self.parts[b]
        self.age[a] += 1
        del self.age[b]
        for other in self.beside.pop(b):
            self.beside[other].discard(b)
            if other != a:
                self.beside[other].add(a)
                self.beside[a].add(other)
        self.beside[a].discard(b)

    def _width(self, a: int, b: int) -> float:
        """The farthest two spots of two clusters."""
        return round(max(math.dist(self.xy[i], self.xy[j]) for i in self.members[a] for j in self.members[b]), 6)
