"""Where new pipes may lie: a graph of corridors with the profile of the ground under each, in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siteplan.errors import LayerError
from siteplan.network.ragged import Bools, Floats, Ints, offsets_of, ranges


@dataclass(frozen=True)
class Corridors:
    """A corridor graph, undirected, in metres of the run's metric CRS.

    Nodes, shape (n,): x, y; z_m ground, NaN unknown. Edges, shape (e,): u, v node numbers; length_m > 0 on the ground;
    trench_per_m >= 0, what a metre of trench costs there. The ground between the nodes: points `first[k]:first[k + 1]`
    of station_m (metres from u along the edge, rising, inside 0..length_m) and height_m (NaN unknown) belong to edge k;
    `first` has shape (e + 1,), the other two (p,). Between two points the ground is taken as straight.
    """

    x: Floats
    y: Floats
    z_m: Floats
    u: Ints
    v: Ints
    length_m: Floats
    trench_per_m: Floats
    first: Ints
    station_m: Floats
    height_m: Floats

    @classmethod
    def from_profiles(
        cls,
        nodes: Sequence[tuple[float, float, float]],
        edges: Sequence[tuple[int, int, float, float]],
        profiles: Sequence[Sequence[tuple[float, float]]] | None = None,
    ) -> Corridors:
        """Corridors from rows: nodes (x, y, z_m), edges (u, v, length_m, trench_per_m) and, for each edge, its points
        between the nodes (station_m, height_m).
        """
        xyz = np.array(nodes, dtype=np.float64).reshape(-1, 3)
        rows = np.array(edges, dtype=np.float64).reshape(-1, 4)
        profiles = [()] * len(rows) if profiles is None else profiles
        points = np.array([point for profile in profiles for point in profile], dtype=np.float64).reshape(-1, 2)
        corridors = cls(
            x=xyz[:, 0].copy(),
            y=xyz[:, 1].copy(),
            z_m=xyz[:, 2].copy(),
            u=rows[:, 0].astype(np.int64),
            v=rows[:, 1].astype(np.int64),
            length_m=rows[:, 2].copy(),
            trench_per_m=rows[:, 3].copy(),
            first=offsets_of(np.array([len(profile) for profile in profiles], dtype=np.int64)),
            station_m=points[:, 0].copy(),
            height_m=points[:, 1].copy(),
        )
        corridors.check()
        return corridors

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.z_m)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.u)

    @cached_property
    def edge_of_point(self) -> Ints:
        """The edge of each point between nodes, (p,)."""
        return np.repeat(np.arange(self.n_edges), np.diff(self.first))

    @cached_property
    def top_m(self) -> Floats:
        """Highest ground of each edge, ends included, (e,); NaN where some of it is unknown."""
        # Unknown heights pass through.
        with np.errstate(invalid="ignore"):
            top = np.maximum(self.z_m[self.u], self.z_m[self.v])
            np.maximum.at(top, self.edge_of_point, self.height_m)
        return top

    @cached_property
    def bottom_m(self) -> Floats:
        """Lowest ground of each edge, ends included, (e,); NaN where some of it is unknown."""
        with np.errstate(invalid="ignore"):
            bottom = np.minimum(self.z_m[self.u], self.z_m[self.v])
            np.minimum.at(bottom, self.edge_of_point, self.height_m)
        return bottom

    @cached_property
    def known(self) -> Bools:
        """Edges whose ground is known from end to end, (e,)."""
        return np.isfinite(self.top_m)

    def check(self) -> None:
        """Shapes, node numbers, lengths, trench prices and stations.

        Raises
        ------
        LayerError
            With every kind of fault, the first edges and their count.
        """
        faults: list[str] = []
        if not (len(self.x) == len(self.y) == len(self.z_m)):
            faults.append("x, y and z_m differ in length")
        if not (len(self.u) == len(self.v) == len(self.length_m) == len(self.trench_per_m) == len(self.first) - 1):
            faults.append("u, v, length_m, trench_per_m and first (one longer) differ in length")
        if not (len(self.station_m) == len(self.height_m) == (int(self.first[-1]) if len(self.first) else 0)):
            faults.append("station_m and height_m must hold first[-1] points")
        if not faults:
            outside = (np.minimum(self.u, self.v) < 0) | (np.maximum(self.u, self.v) >= self.n_nodes)
            edge = self.edge_of_point
            inside = (self.station_m > 0) & (self.station_m < self.length_m[edge])
            inside[1:] &= (np.diff(self.station_m) > 0) | (np.diff(edge) > 0)
            for text, bad in (
                ("nodes that do not exist", np.flatnonzero(outside)),
                ("length_m not above 0", np.flatnonzero(~(self.length_m > 0))),
                ("trench_per_m below 0 or unknown", np.flatnonzero(~(self.trench_per_m >= 0))),
                ("stations not rising inside the edge", np.unique(edge[~inside])),
            ):
                if len(bad):
                    faults.append(f"{text}: {len(bad)} edges, first {', '.join(str(k) for k in bad[:3])}")
        if faults:
            raise LayerError("corridors: " + "; ".join(faults))

    def profile(self, edge: int) -> tuple[Floats, Floats]:
        """Stations (from 0 to length) and heights of an edge with both ends, in the sense from u to v."""
        inner = slice(int(self.first[edge]), int(self.first[edge + 1]))
        station = np.concatenate([[0.0], self.station_m[inner], [self.length_m[edge]]])
        height = np.concatenate([[self.z_m[self.u[edge]]], self.height_m[inner], [self.z_m[self.v[edge]]]])
        return station, height

    def split(self, edge: Ints, station: Floats) -> SplitCorridors:
        """Nodes put on edges at so many metres from their u, one a row; equal places share a node.

        Coordinates of the new nodes lie on the straight line between the edge's ends, heights on its profile.
        """
        places = sorted({(int(e), float(s)) for e, s in zip(edge, station, strict=True)})
        number = {place: self.n_nodes + k for k, place in enumerate(places)}
        cuts: dict[int, list[float]] = {}
        for e, s in places:
            if not 0 < s < self.length_m[e]:
                raise ValueError(f"edge {e}: station {s} is not inside 0..{self.length_m[e]}")
            cuts.setdefault(e, []).append(s)
        u, v, length = self.u.copy(), self.v.copy(), self.length_m.copy()
        more: list[tuple[int, int, float, int, float]] = []
        for e, stations in cuts.items():
            ends = [0.0, *stations, float(self.length_m[e])]
            nodes = [int(self.u[e]), *(number[e, s] for s in stations), int(self.v[e])]
            v[e], length[e] = nodes[1], ends[1]
            for k in range(1, len(ends) - 1):
                more.append((nodes[k], nodes[k + 1], ends[k + 1] - ends[k], e, ends[k]))
        origin = np.concatenate([np.arange(self.n_edges), np.array([row[3] for row in more], dtype=np.int64)])
        offset = np.concatenate([np.zeros(self.n_edges), np.array([row[4] for row in more])])
        length = np.concatenate([length, np.array([row[2] for row in more])])
        old = ranges(self.first[origin], np.diff(self.first)[origin])
        part = np.repeat(np.arange(len(origin)), np.diff(self.first)[origin])
        along = self.station_m[old] - offset[part]
        kept = (along > 0) & (along < length[part])
        share = np.array([s / self.length_m[e] for e, s in places])
        tail, head = (np.array([end[e] for e, _ in places], dtype=np.int64) for end in (self.u, self.v))
        heights = np.array([np.interp(s, *self.profile(e)) for e, s in places])
        split = Corridors(
            x=np.concatenate([self.x, self.x[tail] * (1 - share) + self.x[head] * share]),
            y=np.concatenate([self.y, self.y[tail] * (1 - share) + self.y[head] * share]),
            z_m=np.concatenate([self.z_m, heights]),
            u=np.concatenate([u, np.array([row[0] for row in more], dtype=np.int64)]),
            v=np.concatenate([v, np.array([row[1] for row in more], dtype=np.int64)]),
            length_m=length,
            trench_per_m=self.trench_per_m[origin],
            first=offsets_of(np.bincount(part[kept], minlength=len(origin)).astype(np.int64)),
            station_m=along[kept],
            height_m=self.height_m[old][kept],
        )
        nodes_of = np.array([number[int(e), float(s)] for e, s in zip(edge, station, strict=True)], dtype=np.int64)
        return SplitCorridors(split, self.n_nodes, nodes_of, origin, offset)


@dataclass(frozen=True)
class SplitCorridors:
    """Corridors with nodes put on edges, numbered from `old_nodes`: node of each place asked for; of each edge the old
    edge (origin) and its station there (offset_m)."""

    corridors: Corridors
    old_nodes: int
    node: Ints
    origin: Ints
    offset_m: Floats
