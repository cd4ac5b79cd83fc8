"""The best way of every hamlet to an anchor: where it starts, where it breaks, what must be hardened or built."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from siteplan.network.graph import RoadNetwork
from siteplan.network.nearest import NearPieces
from siteplan.network.paths import TIE_M, WayTree, best_ways
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.roads import verdict
from siteplan.roads.anchors import Anchored, Surfaces
from siteplan.roads.islands import Gaps, IslandWays, nearest_reaching, shortest_gaps, ways_to_gaps
from siteplan.roads.legs import Legs, best_of, legs_from


@dataclass(frozen=True)
class Course:
    """The parts that make up the ways, to be drawn and summed.

    main: legs to the anchors over `tree`, of the hamlets `main_rows`; island: legs to the gaps' ends over
    `islands.tree`, of `island_rows`, each leading to gap `island_gap`; build_from: start of the straight stretch to
    build, (hamlets, 2), NaN where nothing is to be built.
    """

    tree: WayTree
    main: Legs
    main_rows: Ints
    islands: IslandWays
    island: Legs
    island_rows: Ints
    island_gap: Ints
    gaps: Gaps
    build_from: Floats


@dataclass(frozen=True)
class Ways:
    """The best way of every hamlet; all shape (n,); NaN and -1 where there is none.

    access_m: straight leg from the hamlet to the road; piece: where the way starts; to_harden_m, unknown_m (the part
    of it of unknown surface), to_build_m, way_m (along roads), inferred_m (the part of it whose surface was not written
    but inferred), minutes (along roads); anchor_node: node the way ends at, or -1 when it ends on the road of
    `anchor_piece`; break_xy: the first break, (n, 2).
    """

    access_m: Floats
    piece: Ints
    to_harden_m: Floats
    unknown_m: Floats
    to_build_m: Floats
    way_m: Floats
    inferred_m: Floats
    minutes: Floats
    anchor_node: Ints
    anchor_piece: Ints
    break_xy: Floats
    course: Course


def find_ways(anchored: Anchored, surfaces: Surfaces, near: NearPieces, status: Ints, xy: Floats) -> Ways:
    """Best way of every hamlet by the rules of its status.

    `near`: pieces within `access_m`; `status`: as `verdict.judge` gives it; `xy`: the hamlets, (n, 2).
    """
    network = anchored.network
    tree = best_ways(
        network.n_nodes, network.u, network.v, network.length, anchored.hard, network.rank, anchored.anchor_nodes
    )

    def to_anchor(piece: Ints, along: Floats) -> Legs:
        return legs_from(network, tree, anchored.hard, anchored.piece_anchor, piece, along)

    joined = (status == verdict.HARDENED) | (status == verdict.UNHARDENED)
    pairs = np.flatnonzero(anchored.reaches[near.piece] & joined[near.point])
    legs = to_anchor(near.piece[pairs], near.along_m[pairs])
    pick = best_of(near.point[pairs], legs, network.rank, near.distance_m[pairs])
    joined_rows, joined_legs = near.point[pairs[pick]], legs.where(pick)

    cut_off = (status == verdict.HARDENED_ISLAND) | (status == verdict.ROAD_ISLAND)
    cut_pairs = np.flatnonzero(cut_off[near.point])
    gaps = shortest_gaps(anchored, np.unique(network.component[near.piece[cut_pairs]]))
    islands = ways_to_gaps(anchored, gaps, near, cut_pairs)
    beyond = to_anchor(gaps.far_piece, gaps.far_along)
    # Of several islands near a hamlet: the least to build and to harden in all.
    whole = replace(
        islands.legs,
        weighted_m=islands.legs.weighted_m + (gaps.gap_m + beyond.weighted_m)[islands.gap],
        way_m=islands.legs.way_m + beyond.way_m[islands.gap],
    )
    island_pick = best_of(near.point[islands.pairs], whole, network.rank, near.distance_m[islands.pairs])
    island_rows, island_gap = near.point[islands.pairs[island_pick]], islands.gap[island_pick]

    bare = np.flatnonzero(status == verdict.NO_ROAD)
    found, bare_piece, bare_along, bare_m = nearest_reaching(anchored, shapely.points(xy[bare]))
    bare_rows = bare[found]
    build_from = np.full((len(status), 2), np.nan)
    build_from[island_rows] = gaps.island_xy[island_gap]
    build_from[bare_rows] = xy[bare_rows]
    course = Course(
        tree=tree,
        main=Legs.concat([joined_legs, beyond.where(island_gap), to_anchor(bare_piece, bare_along)]),
        main_rows=np.concatenate([joined_rows, island_rows, bare_rows]),
        islands=islands,
        island=islands.legs.where(island_pick),
        island_rows=island_rows,
        island_gap=island_gap,
        gaps=gaps,
        build_from=build_from,
    )
    access_m = np.full(len(status), np.nan)
    access_m[joined_rows] = near.distance_m[pairs[pick]]
    access_m[island_rows] = near.distance_m[islands.pairs[island_pick]]
    to_build = np.full(len(status), np.nan)
    to_build[joined_rows] = 0.0
    to_build[island_rows] = gaps.gap_m[island_gap]
    to_build[bare_rows] = bare_m
    return _ways(anchored, surfaces, course, access_m, to_build)


def _ways(anchored: Anchored, surfaces: Surfaces, course: Course, access_m: Floats, to_build: Floats) -> Ways:
    network, n = anchored.network, len(access_m)
    main, rows, island, island_rows = course.main, course.main_rows, course.island, course.island_rows
    hard, soft = anchored.hard, (~anchored.hard_surface).astype(float)
    unknown = surfaces.unknown[network.parent] * soft
    guessed = np.zeros(network.n_pieces)
    if surfaces.inferred is not None:
        guessed = surfaces.inferred[network.parent].astype(float)
    minutes_per_m = 60.0 / 1000.0 / surfaces.kmh[network.parent]

    def summed(to_anchor: Floats, over_island: Floats) -> Floats:
        total = np.full(n, np.nan)
        total[rows] = to_anchor
        total[island_rows] += over_island
        return total

    harden = summed(main.weighted_m, island.weighted_m)
    unknowns = summed(main.sum_along(course.tree, unknown), island.sum_along(course.islands.tree, unknown))
    minutes = summed(main.sum_along(course.tree, minutes_per_m), island.sum_along(course.islands.tree, minutes_per_m))
    inferred = summed(main.sum_along(course.tree, guessed), island.sum_along(course.islands.tree, guessed))
    piece = np.full(n, -1)
    piece[rows] = main.piece
    piece[island_rows] = island.piece
    over = main.node >= 0
    anchor_node, anchor_piece = np.full(n, -1), np.full(n, -1)
    anchor_node[rows[over]] = course.tree.source[main.node[over]]
    anchor_piece[rows[~over]] = main.piece[~over]
    break_xy = np.full((n, 2), np.nan)
    break_xy[rows] = _first_breaks(network, course.tree, hard, main)
    # Where a stretch must be built, the break is its end on the anchor's side.
    built = ~np.isnan(course.build_from[rows, 0])
    break_xy[rows[built]] = network.point_on(main.piece[built], main.from_m[built])
    return Ways(
        access_m=access_m,
        piece=piece,
        to_harden_m=harden,
        unknown_m=unknowns,
        to_build_m=to_build,
        way_m=summed(main.way_m, island.way_m),
        inferred_m=inferred,
        minutes=minutes,
        anchor_node=anchor_node,
        anchor_piece=anchor_piece,
        break_xy=break_xy,
        course=course,
    )


def _first_breaks(network: RoadNetwork, tree: WayTree, hard: Bools, legs: Legs) -> Floats:
    """The first not-hardened point met from the anchor on each way, (k, 2); NaN where the way has none."""
    first = tree.first_weighted()
    over = legs.node >= 0
    node = np.full(len(legs.node), -1)
    node[over] = first[legs.node[over]]
    own = (node < 0) & over & ~hard[legs.piece] & (legs.part_m > TIE_M)
    node[own] = legs.node[own]
    xy = np.full((len(node), 2), np.nan)
    xy[node >= 0] = network.node_xy[node[node >= 0]]
    # A way that meets an anchor road which is not hardened breaks where it meets it.
    bare = ~over & ~hard[legs.piece]
    xy[bare] = network.point_on(legs.piece[bare], legs.from_m[bare])
    return xy
