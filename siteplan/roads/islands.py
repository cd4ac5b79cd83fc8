"""Roads cut off from every anchor: their shortest straight gap to a piece that reaches one, and the ways to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from siteplan.network.nearest import NearPieces, feet_on_pieces
from siteplan.network.paths import TIE_M, WayTree, best_ways
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.roads.anchors import Anchored
from siteplan.roads.legs import SUM_M, Legs, legs_from


@dataclass(frozen=True)
class Gaps:
    """For each island: the shortest straight gap to a piece that reaches an anchor; all shape (k,).

    component: the island; island_piece, island_along, island_xy: the gap's end on the island; far_*: its end on the
    anchor's side; gap_m: its length.
    """

    component: Ints
    island_piece: Ints
    island_along: Floats
    island_xy: Floats
    far_piece: Ints
    far_along: Floats
    far_xy: Floats
    gap_m: Floats


@dataclass(frozen=True)
class IslandWays:
    """Ways inside islands, from feet near hamlets to the gaps' ends.

    pairs: rows of the near pairs, (k,); legs: their ways, (k,); gap: number of the gap each leads to, (k,); tree: the
    ways of the nodes; node `first_end + i` is the end of gap i where it stands inside a piece.
    """

    pairs: Ints
    legs: Legs
    gap: Ints
    tree: WayTree
    first_end: int


def shortest_gaps(anchored: Anchored, island: Ints) -> Gaps:
    """The gap of each island (component numbers). Ties go to the lower road ids, island's first.

    Without anything that reaches an anchor there is no gap: an empty table.
    """
    network = anchored.network
    reaching = np.flatnonzero(anchored.reaches)
    none, flat, pair = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 2))
    if not len(island) or not len(reaching):
        return Gaps(none, none, flat, pair, none, flat, pair, flat)
    pieces = np.flatnonzero(np.isin(network.component, island))
    shapes, targets = network.geometry(pieces), network.geometry(reaching)
    (own, other), gap = shapely.STRtree(targets).query_nearest(shapes, all_matches=True, return_distance=True)
    of = network.component[pieces[own]]
    key = (network.rank[reaching[other]], network.rank[pieces[own]], np.round(gap / SUM_M), of)
    order = np.lexsort(key)
    first = order[first_of_groups(of[order])]
    own, other = own[first], other[first]
    ends = shapely.get_coordinates(shapely.shortest_line(shapes[own], targets[other])).reshape(-1, 2, 2)
    _, island_along = feet_on_pieces(network, ends[:, 0], pieces[own])
    _, far_along = feet_on_pieces(network, ends[:, 1], reaching[other])
    return Gaps(
        component=of[first],
        island_piece=pieces[own],
        island_along=island_along,
        island_xy=ends[:, 0],
        far_piece=reaching[other],
        far_along=far_along,
        far_xy=ends[:, 1],
        gap_m=gap[first],
    )


def ways_to_gaps(anchored: Anchored, gaps: Gaps, near: NearPieces, pairs: Ints) -> IslandWays:
    """Best ways from the feet of the given near pairs, over their island, to its gap's end."""
    network, hard = anchored.network, anchored.hard_surface
    gap_of = np.full(int(network.node_component.max(initial=-1)) + 1, -1)
    gap_of[gaps.component] = np.arange(len(gaps.component))
    pairs = pairs[gap_of[network.component[near.piece[pairs]]] >= 0]
    tree = _tree_to_ends(anchored, gaps, gap_of)
    piece, from_m = near.piece[pairs], near.along_m[pairs]
    legs = legs_from(network, tree, hard, np.zeros(network.n_pieces, dtype=bool), piece, from_m)
    gap = gap_of[network.component[piece]]
    # Where the gap's end stands on the same piece, the straight way along it may be the better one.
    straight = np.abs(from_m - gaps.island_along[gap])
    weighted = straight * ~hard[piece]
    direct = piece == gaps.island_piece[gap]
    direct &= (weighted < legs.weighted_m - SUM_M) | (
        (weighted <= legs.weighted_m + SUM_M) & (straight <= legs.way_m + SUM_M)
    )
    legs = replace(
        legs,
        to_m=np.where(direct, gaps.island_along[gap], legs.to_m),
        node=np.where(direct, -1, legs.node),
        weighted_m=np.where(direct, weighted, legs.weighted_m),
        way_m=np.where(direct, straight, legs.way_m),
    )
    return IslandWays(pairs=pairs, legs=legs, gap=gap, tree=tree, first_end=network.n_nodes)


def _tree_to_ends(anchored: Anchored, gaps: Gaps, gap_of: Ints) -> WayTree:
    """Best ways over the islands to the gaps' ends, each of which becomes a node beside the piece it stands on."""
    network, e, k = anchored.network, gaps.island_piece, len(gaps.component)
    rest = network.length[e] - gaps.island_along
    on_u, on_v = gaps.island_along <= TIE_M, rest <= TIE_M
    inside = ~on_u & ~on_v
    end = network.n_nodes + np.arange(k)
    source = np.where(on_u, network.u[e], np.where(on_v, network.v[e], end))
    mine = np.flatnonzero(gap_of[network.component] >= 0)
    piece = np.concatenate([mine, e[inside], e[inside]])
    tree = best_ways(
        network.n_nodes + k,
        np.concatenate([network.u[mine], network.u[e[inside]], network.v[e[inside]]]),
        np.concatenate([network.v[mine], end[inside], end[inside]]),
        np.concatenate([network.length[mine], gaps.island_along[inside], rest[inside]]),
        anchored.hard_surface[piece],
        network.rank[piece],
        source,
    )
    by = tree.by.copy()
    by[by >= 0] = piece[by[by >= 0]]
    return replace(tree, by=by)


def nearest_reaching(anchored: Anchored, points: NDArray[np.object_]) -> tuple[Bools, Ints, Floats, Floats]:
    """The nearest piece that reaches an anchor, of each point: (found, piece, metres from its u, straight metres).

    The last three have an entry for each point where one was found: all of them, or none.
    """
    network = anchored.network
    reaching = np.flatnonzero(anchored.reaches)
    if not len(reaching) or not len(points):
        none = np.zeros(0)
        return np.zeros(len(points), dtype=bool), none.astype(np.int64), none, none
    (point, found), gap = shapely.STRtree(network.geometry(reaching)).query_nearest(
        points, all_matches=True, return_distance=True
    )
    order = np.lexsort((reaching[found], network.rank[reaching[found]], point))
    first = order[first_of_groups(point[order])]
    piece = reaching[found[first]]
    _, along = feet_on_pieces(network, shapely.get_coordinates(points), piece)
    return np.ones(len(points), dtype=bool), piece, along, gap[first]
