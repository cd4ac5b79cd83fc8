"""Ways that start inside a piece: from a foot on it to the next node of a tree, or to an end on the piece itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from siteplan.network.graph import RoadNetwork
from siteplan.network.paths import WayTree
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups

SUM_M = 1e-4
"""Sums of metres are compared to a tenth of a millimetre, so that float noise breaks no tie."""


@dataclass(frozen=True)
class Legs:
    """Ways from feet on pieces to the sources of a tree; all shape (k,).

    piece, from_m: the foot, metres from the piece's u; to_m: where the way leaves or ends on the piece; node: the node
    it leaves over, -1 when it ends on the piece itself; weighted_m, way_m: its two costs, whole way.
    """

    piece: Ints
    from_m: Floats
    to_m: Floats
    node: Ints
    weighted_m: Floats
    way_m: Floats

    @property
    def part_m(self) -> Floats:
        """Metres on the first piece."""
        return np.abs(self.to_m - self.from_m)

    def where(self, rows: Ints | Bools) -> Legs:
        """The chosen rows."""
        return Legs(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def concat(parts: list[Legs]) -> Legs:
        """Several tables as one."""
        return Legs(*(np.concatenate([getattr(legs, field.name) for legs in parts]) for field in fields(Legs)))

    def sum_along(self, tree: WayTree, per_m: Floats) -> Floats:
        """Sum of a value a metre (one a piece) over each whole way, (k,)."""
        rest = np.zeros(len(self.node))
        over = self.node >= 0
        rest[over] = tree.sum_along(per_m)[self.node[over]]
        return rest + self.part_m * per_m[self.piece]


def legs_from(
    network: RoadNetwork, tree: WayTree, weightless: Bools, is_end: Bools, piece: Ints, from_m: Floats
) -> Legs:
    """The better of each foot's two ways out of its piece; no way at all where the piece is an end itself.

    weightless, is_end: of each piece of the network.
    """
    u, v, length = network.u[piece], network.v[piece], network.length[piece]
    over_u, over_v = from_m, np.maximum(length - from_m, 0.0)
    counted = ~weightless[piece]
    weighted_u, weighted_v = tree.weighted_m[u] + over_u * counted, tree.weighted_m[v] + over_v * counted
    way_u, way_v = tree.way_m[u] + over_u, tree.way_m[v] + over_v
    tie = _equal(weighted_u, weighted_v)
    by_v = np.where(tie, (way_v < way_u) & ~_equal(way_u, way_v), weighted_v < weighted_u)
    here = is_end[piece]
    return Legs(
        piece=piece,
        from_m=from_m,
        to_m=np.where(here, from_m, np.where(by_v, length, 0.0)),
        node=np.where(here, -1, np.where(by_v, v, u)),
        weighted_m=np.where(here, 0.0, np.where(by_v, weighted_v, weighted_u)),
        way_m=np.where(here, 0.0, np.where(by_v, way_v, way_u)),
    )


def best_of(point: Ints, legs: Legs, rank: Ints, distance: Floats) -> Ints:
    """Row of the best leg of each point: least weighted metres, least length, lowest road id, then nearest."""
    rows = np.arange(len(point))
    # Most rows fall out by the first two costs: only what ties is sorted.
    for cost in (legs.weighted_m, legs.way_m):
        whole = np.round(cost[rows] / SUM_M)
        least = np.full(int(point.max(initial=-1)) + 1, np.inf)
        np.minimum.at(least, point[rows], whole)
        rows = rows[whole <= least[point[rows]]]
    order = rows[np.lexsort((distance[rows], rank[legs.piece[rows]], point[rows]))]
    return order[first_of_groups(point[order])]


def _equal(a: Floats, b: Floats) -> Bools:
    both_far = np.isinf(a) & np.isinf(b)
    with np.errstate(invalid="ignore"):
        return both_far | (np.abs(a - b) <= SUM_M)
