"""The ways people walk: straight pieces between points with heights, made from a line network; places put on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from siteplan.network import RoadNetwork
from siteplan.network.ragged import Floats, Ints, offsets_of, ranges


@dataclass(frozen=True)
class PathNetwork:
    """Paths as straight pieces; walked both ways.

    xyz : points, (n, 3), metres; a height of NaN is not known. start, end : the points of each piece, (e,).
    """

    xyz: Floats
    start: Ints
    end: Ints

    @classmethod
    def from_lines(
        cls, network: RoadNetwork, height_at: Callable[[Floats], Floats], *, step_m: float = 50.0
    ) -> PathNetwork:
        """Paths along the vertices of a line network, with a point at least every `step_m` metres.

        `height_at` gives heights (m, NaN not known) of points (k, 2), from a DEM: slopes are those between points, so a
        step much below the DEM's cell tells nothing more.
        """
        counts = network.high - network.low
        first = offsets_of(counts)
        xy = network.xy[ranges(network.low, counts)]
        number = np.arange(len(xy)) + network.n_nodes
        number[first[:-1]], number[first[1:] - 1] = network.u, network.v
        points = np.concatenate([network.node_xy, xy])
        last = np.zeros(len(xy), dtype=bool)
        last[first[1:] - 1] = True
        at = np.flatnonzero(~last)
        start, end, points = _stepped(points, number[at], number[at + 1], step_m)
        used, numbered = np.unique(np.concatenate([start, end]), return_inverse=True)
        place = points[used]
        xyz = np.column_stack([place, np.asarray(height_at(place), dtype=float)])
        return cls(xyz=xyz, start=numbered[: len(start)], end=numbered[len(start) :])

    @property
    def level_m(self) -> Floats:
        """Length of each piece on the plane, m, (e,)."""
        return np.hypot(*(self.xyz[self.end, :2] - self.xyz[self.start, :2]).T)

    def with_places(self, xyz: Floats, *, reach_m: float) -> tuple[PathNetwork, Ints]:
        """The paths with places joined to them: (network, the places' point numbers).

        From each place straight legs lead to the foot on every piece within `reach_m` (on the plane); pieces are cut
        there, heights of feet lie on the straight line between the piece's ends. Places without coordinates stand
        alone.
        """
        n = len(self.xyz)
        placed = np.flatnonzero(np.isfinite(xyz[:, :2]).all(axis=1))
        shapes = shapely.linestrings(np.stack([self.xyz[self.start, :2], self.xyz[self.end, :2]], axis=1))
        which, piece = shapely.STRtree(shapes).query(
            shapely.points(xyz[placed, :2]), predicate="dwithin", distance=reach_m
        )
        place = placed[which].astype(np.int64)
        order = np.lexsort((piece, place))
        place, piece = place[order], piece[order].astype(np.int64)
        a, b = self.xyz[self.start[piece]], self.xyz[self.end[piece]]
        run = b - a
        squared = (run[:, :2] ** 2).sum(axis=1)
        share = ((xyz[place, :2] - a[:, :2]) * run[:, :2]).sum(axis=1) / np.where(squared > 0, squared, 1.0)
        share = np.clip(share, 0.0, 1.0)
        # Feet on the ends of a piece are its points: without this a height not known at the far end would count.
        at_a, at_b = share == 0.0, share == 1.0
        foot = np.where(at_a[:, None], a, np.where(at_b[:, None], b, a + run * share[:, None]))
        foot_number = np.where(at_a, self.start[piece], np.where(at_b, self.end[piece], n + np.arange(len(piece))))
        inner = ~(at_a | at_b)
        own = n + len(piece) + np.arange(len(xyz))
        start, end = self._cut(piece[inner], share[inner], foot_number[inner])
        network = PathNetwork(
            xyz=np.concatenate([self.xyz, foot, xyz]),
            start=np.concatenate([start, own[place]]),
            end=np.concatenate([end, foot_number]),
        )
        return network, own

    def _cut(self, piece: Ints, share: Floats, number: Ints) -> tuple[Ints, Ints]:
        """Start and end of the pieces, those with feet on them cut there."""
        every = np.arange(len(self.start))
        of = np.concatenate([every, piece, every])
        at = np.concatenate([np.zeros(len(every)), share, np.ones(len(every))])
        point = np.concatenate([self.start, number, self.end])
        order = np.lexsort((point, at, of))
        of, point = of[order], point[order]
        joined = of[1:] == of[:-1]
        return point[:-1][joined], point[1:][joined]


def _stepped(xy: Floats, start: Ints, end: Ints, step_m: float) -> tuple[Ints, Ints, Floats]:
    """Pieces cut into equal parts of at most `step_m`: (start, end, all points)."""
    if not step_m > 0:
        raise ValueError(f"step_m must be above 0, found {step_m}")
    run = xy[end] - xy[start]
    parts = np.maximum(np.ceil(np.hypot(*run.T) / step_m).astype(np.int64), 1)
    of = np.repeat(np.arange(len(start)), parts)
    step = ranges(np.zeros(len(parts), dtype=np.int64), parts)
    inner = step > 0
    fresh = xy[start[of[inner]]] + run[of[inner]] * (step[inner] / parts[of[inner]])[:, None]
    number = np.full(len(of), -1)
    number[inner] = len(xy) + np.arange(int(inner.sum()))
    begin = np.where(inner, number, start[of])
    finish = np.where(step == parts[of] - 1, end[of], np.roll(begin, -1))
    return begin, finish, np.concatenate([xy, fresh])
