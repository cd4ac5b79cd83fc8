"""The noded graph of a line layer: pieces between nodes, each with its parent line and measures, in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from siteplan.network.lines import LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, offsets_of, ranges

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class LengthLedger:
    """Metres before and after noding; `balance_m` is 0 up to rounding.

    lines_m: single parts as read; dropped_m: parts and pieces too short to keep; legs_m: carried ends added;
    pieces_m: what the graph holds. lines_m + legs_m = pieces_m + dropped_m.
    """

    lines_m: float
    legs_m: float
    dropped_m: float
    pieces_m: float

    @property
    def balance_m(self) -> float:
        """What is not accounted for, m."""
        return self.lines_m + self.legs_m - self.dropped_m - self.pieces_m


@dataclass(frozen=True)
class RoadNetwork:
    """A noded line network, undirected, in metres.

    Nodes: `node_xy` (n, 2). Pieces (edges), each shape (e,): `u`, `v` its nodes; `length` m; `part` the single part
    of `lines` it lies on and `start_m`, `end_m` its measures there (for a carried leg: the part whose end was
    carried, measures beyond its end or before its start); `leg` marks carried legs; `low`, `high` its vertices
    `xy[low:high]`, first at u, last at v. `crs` is any pyproj CRS, carried along.
    """

    lines: LineArrays
    node_xy: Floats
    u: Ints
    v: Ints
    length: Floats
    part: Ints
    start_m: Floats
    end_m: Floats
    leg: Bools
    low: Ints
    high: Ints
    xy: Floats
    snap_m: float
    ledger: LengthLedger
    crs: object = None

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_xy)

    @property
    def n_pieces(self) -> int:
        """Number of pieces."""
        return len(self.u)

    @cached_property
    def parent(self) -> Ints:
        """Row of the line layer each piece comes from, (e,)."""
        return self.lines.parent[self.part]

    @cached_property
    def rank(self) -> Ints:
        """Rank of each piece's road by id, for ties, (e,)."""
        return self.lines.rank[self.part]

    @cached_property
    def node_component(self) -> Ints:
        """Component number of each node over all pieces, (n,)."""
        return components(self.n_nodes, self.u, self.v)

    @cached_property
    def component(self) -> Ints:
        """Component number of each piece, (e,)."""
        return self.node_component[self.u]

    @cached_property
    def degree(self) -> Ints:
        """Number of piece ends at each node (a loop counts twice), (n,)."""
        return np.bincount(np.concatenate([self.u, self.v]), minlength=self.n_nodes).astype(np.int64)

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lower left and upper right corner of each piece's box, (e, 2) each."""
        order = np.argsort(self.low, kind="stable")
        low, high = np.empty((self.n_pieces, 2)), np.empty((self.n_pieces, 2))
        if len(order):
            # Vertices of pieces that were cut stay in the array unused: every piece's own range is taken.
            vertex = ranges(self.low[order], self.high[order] - self.low[order])
            first = offsets_of(self.high[order] - self.low[order])[:-1]
            low[order] = np.minimum.reduceat(self.xy[vertex], first, axis=0)
            high[order] = np.maximum.reduceat(self.xy[vertex], first, axis=0)
        return low, high

    def component_length(self) -> Floats:
        """Length of all pieces of each component, m."""
        n_components = int(self.node_component.max(initial=-1)) + 1
        return np.bincount(self.component, self.length, n_components).astype(np.float64)

    def geometry(self, pieces: Ints | None = None) -> NDArray[np.object_]:
        """LineStrings of the given pieces (default all), drawn from u to v."""
        low, high = (self.low, self.high) if pieces is None else (self.low[pieces], self.high[pieces])
        counts = high - low
        return shapely.linestrings(self.xy[ranges(low, counts)], indices=np.repeat(np.arange(len(low)), counts))

    def point_on(self, piece: Ints, along: Floats) -> Floats:
        """Points on pieces at so many metres from their u, (k, 2)."""
        low, counts = self.low[piece], self.high[piece] - self.low[piece]
        first = offsets_of(counts)
        vertex = ranges(low, counts)
        xy = self.xy[vertex]
        step = np.zeros(len(xy))
        step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
        step[first[:-1]] = 0.0
        total = np.cumsum(step)
        measure = total - np.repeat(total[first[:-1]], counts)
        lengths = measure[first[1:] - 1]
        base = np.cumsum(lengths + 1.0) - (lengths + 1.0)
        at = np.searchsorted(measure + np.repeat(base, counts), base + along, side="right") - 1
        at = np.clip(at, first[:-1], first[1:] - 2)
        run = np.maximum(measure[at + 1] - measure[at], 1e-12)
        share = np.clip((along - measure[at]) / run, 0.0, 1.0)[:, None]
        return xy[at] * (1.0 - share) + xy[at + 1] * share

    def split(self, piece: Ints, along: Floats) -> tuple[RoadNetwork, Ints, Origin]:
        """Put new nodes on pieces (at so many metres from u): (new network, the nodes' numbers, where pieces went).

        Split by measure: the pieces' sums of lengths stay as they were. Several cuts of one piece are allowed; cuts
        at one spot give one node. Cuts must lie inside the pieces.
        """
        if not len(piece):
            same = Origin(np.arange(self.n_pieces), np.zeros(self.n_pieces), self.length)
            return self, np.zeros(0, dtype=np.int64), same
        order = np.lexsort((along, piece))
        cut_piece, cut_at = piece[order], along[order]
        fresh = np.ones(len(order), dtype=bool)
        fresh[1:] = (np.diff(cut_piece) != 0) | (np.diff(cut_at) > 0.0)
        number = np.empty(len(order), dtype=np.int64)
        number[order] = self.n_nodes + np.cumsum(fresh) - 1
        cut_piece, cut_at = cut_piece[fresh], cut_at[fresh]
        cut_node = self.n_nodes + np.arange(len(cut_piece))
        cut_xy = self.point_on(cut_piece, cut_at)
        old, counts = np.unique(cut_piece, return_counts=True)
        parts_of = np.repeat(old, counts + 1)
        first = offsets_of(counts + 1)[:-1]
        begin = np.zeros(len(parts_of))
        finish = self.length[parts_of].copy()
        u, v = self.u[parts_of].copy(), self.v[parts_of].copy()
        is_first = np.zeros(len(parts_of), dtype=bool)
        is_first[first] = True
        is_last = np.roll(is_first, -1)
        begin[~is_first], u[~is_first] = cut_at, cut_node
        finish[~is_last], v[~is_last] = cut_at, cut_node
        xy, low, high = self._cut_vertices(parts_of, begin, finish, cut_xy, is_first, is_last)
        kept = np.ones(self.n_pieces, dtype=bool)
        kept[old] = False
        span = self.end_m[parts_of] - self.start_m[parts_of]
        scale = np.divide(span, self.length[parts_of], out=np.zeros(len(span)), where=self.length[parts_of] > 0)

        def joined(values: NDArray, new: NDArray) -> NDArray:
            return np.concatenate([values[kept], new])

        network = replace(
            self,
            node_xy=np.concatenate([self.node_xy, cut_xy]),
            u=joined(self.u, u),
            v=joined(self.v, v),
            length=joined(self.length, finish - begin),
            part=joined(self.part, self.part[parts_of]),
            start_m=joined(self.start_m, self.start_m[parts_of] + begin * scale),
            end_m=joined(self.end_m, self.start_m[parts_of] + finish * scale),
            leg=joined(self.leg, self.leg[parts_of]),
            low=joined(self.low, low + len(self.xy)),
            high=joined(self.high, high + len(self.xy)),
            xy=np.concatenate([self.xy, xy]),
        )
        origin = Origin(
            piece=joined(np.arange(self.n_pieces), parts_of),
            offset_m=joined(np.zeros(self.n_pieces), begin),
            old_length=self.length,
        )
        return network, number, origin

    def _cut_vertices(
        self, piece: Ints, begin: Floats, finish: Floats, cut_xy: Floats, is_first: Bools, is_last: Bools
    ) -> tuple[Floats, Ints, Ints]:
        """Vertices of parts of pieces between two measures: (xy, low, high) of the parts."""
        counts = self.high[piece] - self.low[piece]
        vertex = ranges(self.low[piece], counts)
        of = np.repeat(np.arange(len(piece)), counts)
        xy = self.xy[vertex]
        step = np.zeros(len(xy))
        step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
        step[offsets_of(counts)[:-1]] = 0.0
        total = np.cumsum(step)
        measure = total - np.repeat(total[offsets_of(counts)[:-1]], counts)
        inside = (measure > begin[of]) & (measure < finish[of])
        start_xy = self.node_xy[self.u[piece]].copy()
        stop_xy = self.node_xy[self.v[piece]].copy()
        start_xy[~is_first], stop_xy[~is_last] = cut_xy, cut_xy
        new_counts = np.bincount(of[inside], minlength=len(piece)) + 2
        offsets = offsets_of(new_counts)
        out = np.empty((offsets[-1], 2))
        middle = np.ones(offsets[-1], dtype=bool)
        middle[offsets[:-1]] = False
        middle[offsets[1:] - 1] = False
        out[offsets[:-1]], out[offsets[1:] - 1], out[middle] = start_xy, stop_xy, xy[inside]
        return out, offsets[:-1], offsets[1:]

    def to_networkx(self) -> nx.MultiGraph:
        """The network as a `networkx.MultiGraph`.

        Nodes are numbers with `x`, `y`; edges are keyed by piece number, with `length` (m), `parent` (row of the line
        layer), `part`, `start_m`, `end_m`, `leg` and `geometry` (LineString from u to v). Graph attribute `crs`.
        """
        import networkx as nx

        graph = nx.MultiGraph(crs=self.crs)
        graph.add_nodes_from((number, {"x": x, "y": y}) for number, (x, y) in enumerate(self.node_xy.tolist()))
        columns = zip(
            self.u.tolist(),
            self.v.tolist(),
            range(self.n_pieces),
            self.length.tolist(),
            self.parent.tolist(),
            self.part.tolist(),
            self.start_m.tolist(),
            self.end_m.tolist(),
            self.leg.tolist(),
            self.geometry(),
            strict=True,
        )
        names = ("length", "parent", "part", "start_m", "end_m", "leg", "geometry")
        graph.add_edges_from((u, v, key, dict(zip(names, rest, strict=True))) for u, v, key, *rest in columns)
        return graph


@dataclass(frozen=True)
class Origin:
    """Which piece of an older network each piece was cut from, and how far from that one's u it begins."""

    piece: Ints
    offset_m: Floats
    old_length: Floats

    def locate(self, piece: Ints, along: Floats) -> tuple[Ints, Floats]:
        """Places on pieces of the older network as (piece, metres from u) of the new one."""
        base = np.cumsum(self.old_length + 1.0) - (self.old_length + 1.0)
        start = base[self.piece] + self.offset_m
        order = np.argsort(start, kind="stable")
        at = order[np.searchsorted(start[order], base[piece] + along, side="right") - 1]
        return at, along - self.offset_m[at]


def components(n_nodes: int, u: Ints, v: Ints) -> Ints:
    """Component number of each node of an undirected graph given by its edges, (n_nodes,)."""
    graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n_nodes, n_nodes))
    _, label = connected_components(graph, directed=False)
    return label.astype(np.int64)
