"""How far gravity reaches over the corridors before anything is sized: levels of head, passable ground, public taps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.water.extensions.catalogue import Limits
from siteplan.water.extensions.corridors import Corridors
from siteplan.water.extensions.steiner import CostGraph, nearest

_AT_ONCE_M = 1e-9
MOST_LEVELS = 8
"""Sources of more different heads are put together, each group at its lowest."""


@dataclass(frozen=True)
class Reach:
    """Where gravity leads. level_m (l,): heads of groups of sources; source_level (s,): the group of each source.

    usable (l, e): edges that water of that head passes from end to end. way_m (l, n): length of the cheapest way from a
    source of the group, inf where there is none.
    """

    level_m: Floats
    source_level: Ints
    usable: Bools
    way_m: Floats

    def serves(self, corridors: Corridors, node: Ints, head_m: Floats, limits: Limits) -> Bools:
        """Whether each group gives so much head over the ground at each node, friction taken as a slope, (l, k)."""
        left = self.level_m[:, None] - limits.friction_allowance * self.way_m[:, node] - corridors.z_m[node]
        # Unknown ground compares false: it is not served.
        return left >= head_m


def gravity_reach(corridors: Corridors, cost: Floats, node: Ints, head_m: Floats, limits: Limits) -> Reach:
    """The reach of sources (s,) at these nodes with these heads; cost (e,) chooses the ways.

    An edge is passable where its highest ground leaves the line its least head at rest, and in the first run from a
    source (ground that stands less under it than `first_run` makes of that head) where it lies under the source at all.
    """
    level_m, source_level = _levels(head_m)
    usable = np.zeros((len(level_m), corridors.n_edges), dtype=bool)
    way = np.full((len(level_m), corridors.n_nodes), np.inf)
    for level, head in enumerate(level_m.tolist()):
        roots = np.unique(node[source_level == level])
        usable[level] = _passable(corridors, head, roots, limits)
        graph = CostGraph.of(corridors.n_nodes, corridors.u, corridors.v, cost, usable[level])
        distance, towards, _ = nearest(graph, roots)
        way[level] = _lengths(graph, distance, towards, corridors.length_m)
    return Reach(level_m, source_level, usable, way)


def _levels(head_m: Floats) -> tuple[Floats, Ints]:
    heads, place = np.unique(head_m, return_inverse=True)
    if len(heads) <= MOST_LEVELS:
        return heads, place.astype(np.int64)
    group = np.arange(len(heads)) * MOST_LEVELS // len(heads)
    lowest = np.array([heads[group == k].min() for k in range(MOST_LEVELS)])
    return lowest, group[place].astype(np.int64)


def _passable(corridors: Corridors, head_m: float, roots: Ints, limits: Limits) -> Bools:
    top, bottom = corridors.top_m, corridors.bottom_m
    under = top <= head_m
    first = under & (bottom > head_m - limits.line_head_m / limits.first_run)
    u, v, n = corridors.u, corridors.v, corridors.n_nodes
    joined = coo_array((np.ones(int(first.sum()), dtype=np.int8), (u[first], v[first])), shape=(n, n))
    _, part = connected_components(joined, directed=False)
    near = np.isin(part, part[roots])
    return under & ((top <= head_m - limits.line_head_m) | near[u] | near[v])


def _lengths(graph: CostGraph, distance: Floats, towards: Ints, length_m: Floats) -> Floats:
    """Metres along the tree of cheapest ways, (n,)."""
    inner = np.flatnonzero(towards >= 0)
    step = np.zeros(graph.n)
    step[inner] = length_m[graph.edge[graph.between(inner, towards[inner])]]
    way = np.where(np.isfinite(distance), 0.0, np.inf)
    for node in inner[np.argsort(distance[inner], kind="stable")].tolist():
        way[node] = way[towards[node]] + step[node]
    return way


@dataclass(frozen=True)
class Taps:
    """The public tap nearest to each hamlet asked about, (k,): edge and station_m of its place (edge -1: none), walk_m
    along the corridors, climb_m from the tap up to the hamlet's node (negative: down)."""

    edge: Ints
    station_m: Floats
    walk_m: Floats
    climb_m: Floats


def nearest_taps(corridors: Corridors, reach: Reach, node: Ints, limits: Limits) -> Taps:
    """For hamlets at these nodes, the place of the corridors nearest on foot to which gravity brings a tap's head.

    Places are the points of the profiles and the nodes, as ends of edges; ties: the lower edge, then the lower station.
    """
    n = len(node)
    taps = Taps(np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan))
    if not n:
        return taps
    edge, station, ground, good = _tap_places(corridors, reach, limits)
    edge, station, ground = edge[good], station[good], ground[good]
    if not len(edge):
        return taps
    entry, walk, at_edge, at_station, at_ground = _entries(corridors, edge, station, ground)
    graph = CostGraph.of(corridors.n_nodes, corridors.u, corridors.v, corridors.length_m)
    # From one place more, from which a walk leads to the node beside each tap: the nearest tap of every node at once.
    outside, tail = corridors.n_nodes, np.repeat(np.arange(corridors.n_nodes), np.diff(graph.matrix.indptr))
    tails = np.concatenate([tail, np.full(len(entry), outside)])
    heads = np.concatenate([graph.matrix.indices, entry])
    # A tap at the node itself: a walk of nothing would be no edge.
    lengths = np.concatenate([graph.matrix.data, np.maximum(walk, _AT_ONCE_M)])
    whole = coo_array((lengths, (tails, heads)), shape=(outside + 1, outside + 1)).tocsr()
    away, before = dijkstra(whole, directed=True, indices=outside, return_predecessors=True)
    first = np.arange(outside + 1)
    inner = (before >= 0) & (before != outside)
    first[inner] = before[inner]
    while True:
        further = first[first]
        if np.array_equal(further, first):
            break
        first = further
    place = np.full(outside + 1, -1)
    place[entry] = np.arange(len(entry))
    found = np.flatnonzero(np.isfinite(away[node]))
    own = place[first[node[found]]]
    taps.edge[found], taps.station_m[found] = at_edge[own], at_station[own]
    taps.walk_m[found] = np.where(away[node[found]] <= _AT_ONCE_M, 0.0, away[node[found]])
    taps.climb_m[found] = corridors.z_m[node[found]] - at_ground[own]
    return taps


def _entries(
    corridors: Corridors, edge: Ints, station: Floats, ground: Floats
) -> tuple[Ints, Floats, Ints, Floats, Floats]:
    """Of each node beside a tap the nearest one on its edges: (node, walk, edge, station, ground)."""
    node = np.concatenate([corridors.u[edge], corridors.v[edge]])
    walk = np.concatenate([station, corridors.length_m[edge] - station])
    edge, station, ground = np.tile(edge, 2), np.tile(station, 2), np.tile(ground, 2)
    order = np.lexsort((station, edge, walk, node))
    best = order[first_of_groups(node[order])]
    return node[best], walk[best], edge[best], station[best], ground[best]


def _tap_places(corridors: Corridors, reach: Reach, limits: Limits) -> tuple[Ints, Floats, Floats, Bools]:
    """Every point of every profile, its ends included: edge, station, ground, and whether a tap may stand there."""
    parts = [corridors.profile(edge) for edge in range(corridors.n_edges)]
    counts = np.array([len(station) for station, _ in parts], dtype=np.int64)
    edge = np.repeat(np.arange(corridors.n_edges), counts)
    station = np.concatenate([station for station, _ in parts]) if parts else np.zeros(0)
    ground = np.concatenate([height for _, height in parts]) if parts else np.zeros(0)
    good = np.zeros(len(edge), dtype=bool)
    first = np.concatenate([[0], np.cumsum(counts)])
    for level, head in enumerate(reach.level_m.tolist()):
        way = reach.way_m[level]
        for end, along in ((corridors.u, station), (corridors.v, corridors.length_m[edge] - station)):
            left = head - limits.friction_allowance * (way[end[edge]] + along) - ground
            bearing = np.isfinite(left) & (left >= limits.tap_head_m)
            whole = reach.usable[level][edge]
            good |= bearing & whole
            # Into an edge that cannot be passed, up to the first point that stops the line.
            for k in np.flatnonzero(~reach.usable[level] & np.isfinite(way[end])).tolist():
                inside = np.arange(first[k], first[k + 1])
                inside = inside if end is corridors.u else inside[::-1]
                stop = np.flatnonzero(~(left[inside] >= limits.line_head_m))
                # The first point that leaves the line too little may still bear the tap.
                inside = inside[: stop[0] + 1] if len(stop) else inside
                good[inside] |= bearing[inside]
    return edge, station, ground, good
