"""The corridors of a county: beside its roads and old pipes, and over the ground to whatever lies off them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from siteplan.layers.terrain.sampling import HeightsAt, Profiles, profiles
from siteplan.network.build import build_network
from siteplan.network.graph import RoadNetwork, components
from siteplan.network.joining import find_joins
from siteplan.network.lines import LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups, offsets_of
from siteplan.water.extensions.catalogue import Trench
from siteplan.water.extensions.corridors import Corridors
from siteplan.water.extensions.ground import ground_ways

SNAP_M = 10.0
"""Ends of roads and pipes so near to another line are joined to it: a trench turns off wherever it likes."""
CLOSE_M = 30.0
"""Places so near to a corridor join it by the shortest leg: no longer than a house connection."""
AT_M = 0.5
"""Places so near to a corridor stand on it."""
_LEAST_M = 0.01
_AROUND = 24
"""Spots looked at about each at first, for one of another part."""


@dataclass(frozen=True)
class CountyCorridors:
    """`corridors` with, per edge, (e,): `lines` drawn from u to v, `kind` ("road", "pipe", "ground"); and the node of
    each place, (k,), -1 where no way leads to it."""

    corridors: Corridors
    lines: NDArray[np.object_]
    kind: NDArray[np.object_]
    place: Ints


def county_corridors(
    roads: NDArray[np.object_],
    pipes: NDArray[np.object_],
    places: Floats,
    heights: HeightsAt,
    trench: Trench,
    *,
    spacing_m: float,
    rivers: NDArray[np.object_] | None = None,
) -> CountyCorridors:
    """Where new pipes may lie, with the ground under them and what a trench costs.

    Parameters
    ----------
    roads, pipes
        Lines that exist, in the run's metric CRS. Crossings join them: a trench is not held to junctions.
    places
        (k, 2): hamlets, sites, sources, places of the network. NaN where there is none.
    heights, spacing_m
        The ground, and how closely it is sampled.
    rivers
        Lines or polygons that a way over the ground pays for when it crosses them.
    """
    network = _noded(roads, pipes)
    drawn = network.geometry()
    on_road = network.parent < len(roads)
    placed = np.flatnonzero(np.isfinite(places).all(axis=1))
    piece, along, at, away = _feet(drawn, places[placed])
    close = away <= CLOSE_M
    far = placed[~close]
    spots = profiles(drawn, lambda xy: np.zeros(len(xy)), spacing_m=max(spacing_m, CLOSE_M))
    ways = _over_ground(spots, places, far, heights, trench)
    on_pipe = np.flatnonzero(close)[~on_road[piece[close]]]
    bridges = _joined(
        [
            _bridges(spots, network.component, heights, trench),
            _off_pipes(spots, on_road, piece[on_pipe], along[on_pipe], at[on_pipe], heights, trench),
        ]
    )
    # Every foot: of the close places first, then of the ways over the ground, then of the ways between corridors.
    cuts_piece = np.concatenate([piece[close], ways.piece, bridges.piece, bridges.other_piece])
    cuts_along = np.concatenate([along[close], ways.along, bridges.along, bridges.other_along])
    inner = (cuts_along > _LEAST_M) & (cuts_along < network.length[cuts_piece] - _LEAST_M)
    split, fresh, origin = network.split(cuts_piece[inner], cuts_along[inner])
    foot = np.where(cuts_along <= _LEAST_M, network.u[cuts_piece], network.v[cuts_piece])
    foot[inner] = fresh
    node = np.full(len(places), -1)
    stands = away[close] <= AT_M
    node[placed[close][stands]] = foot[: len(stands)][stands]
    own = np.concatenate([placed[close][~stands], far])
    node[own] = split.n_nodes + np.arange(len(own))
    legs = placed[close][~stands]
    leg_lines = shapely.linestrings(np.stack([places[legs], at[close][~stands]], axis=1))
    leg_foot = foot[: len(stands)][~stands]
    way_foot, near_foot, far_foot = np.split(foot, np.cumsum([len(stands), len(ways.piece), len(bridges.piece)]))[1:]
    u = np.concatenate([split.u, node[legs], node[ways.start], node[ways.from_place], near_foot])
    v = np.concatenate([split.v, leg_foot, way_foot, node[ways.other_place], far_foot])
    lines = np.concatenate([split.geometry(), leg_lines, ways.lines, ways.between, bridges.lines])
    kind = np.full(len(u), "ground", dtype=object)
    kind[: split.n_pieces] = np.where(on_road[origin.piece], "road", "pipe")
    xy = np.concatenate([split.node_xy, places[own]])
    kept = u != v
    corridors = _with_ground(xy, u[kept], v[kept], lines[kept], kind[kept], heights, trench, spacing_m, rivers)
    return CountyCorridors(corridors, lines[kept], kind[kept], node)


def _noded(roads: NDArray[np.object_], pipes: NDArray[np.object_]) -> RoadNetwork:
    lines = LineArrays.from_geometry(np.concatenate([roads, pipes]))
    return build_network(find_joins(lines, reach_m=SNAP_M), snap_m=SNAP_M)


def _feet(drawn: NDArray[np.object_], places: Floats) -> tuple[Ints, Floats, Floats, Floats]:
    """The nearest corridor to each place: (piece, metres from its u, foot (k, 2), distance); inf where none is."""
    if not len(drawn) or not len(places):
        n = len(places)
        return np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros((n, 2)), np.full(n, np.inf)
    points = shapely.points(places)
    piece = shapely.STRtree(drawn).nearest(points).astype(np.int64)
    along = shapely.line_locate_point(drawn[piece], points)
    at = shapely.get_coordinates(shapely.line_interpolate_point(drawn[piece], along))
    return piece, along, at, np.hypot(*(places - at).T)


@dataclass(frozen=True)
class _Ways:
    """Over the ground: from places `start` to (`piece`, `along`) by `lines`; `from_place` to `other_place` by
    `between`."""

    start: Ints
    piece: Ints
    along: Floats
    lines: NDArray[np.object_]
    from_place: Ints
    other_place: Ints
    between: NDArray[np.object_]


def _over_ground(spots: Profiles, places: Floats, off: Ints, heights: HeightsAt, trench: Trench) -> _Ways:
    """Ways for the places off the corridors: to the corridors' spots, and to each other."""
    found = ground_ways(places[off], spots.xy, heights, furthest_m=trench.furthest_m, slope_factor=trench.slope_factor)
    to_line, between = ~found.to_place, found.to_place
    target = found.target[to_line]
    return _Ways(
        start=off[found.start[to_line]],
        piece=spots.line[target],
        along=spots.station_m[target],
        lines=found.lines[to_line],
        from_place=off[found.start[between]],
        other_place=off[found.target[between]],
        between=found.lines[between],
    )


@dataclass(frozen=True)
class _Bridges:
    """Ways from corridor to corridor, by `lines` from (`piece`, `along`) to (`other_piece`, `other_along`)."""

    piece: Ints
    along: Floats
    other_piece: Ints
    other_along: Floats
    lines: NDArray[np.object_]


def _bridges(spots: Profiles, component: Ints, heights: HeightsAt, trench: Trench) -> _Bridges:
    """From each connected part of corridors a way to the nearest other one, again and again until all that may be are
    one (Boruvka's rounds): pipes seldom touch roads, and a road cut off is none the less a place for a trench."""
    part = component[spots.line] if len(spots.line) else np.zeros(0, dtype=np.int64)
    found = []
    while len(part) and part.min() != part.max():
        start, away = _nearest_parts(spots.xy, part, trench.furthest_m)
        ways = ground_ways(
            spots.xy[start],
            spots.xy,
            heights,
            furthest_m=trench.furthest_m,
            slope_factor=trench.slope_factor,
            away_m=away,
            groups=(part[start], part),
        )
        if not len(ways.lines):
            break
        near, far = start[ways.start], ways.target
        found.append(
            _Bridges(spots.line[near], spots.station_m[near], spots.line[far], spots.station_m[far], ways.lines)
        )
        part = components(int(part.max()) + 1, part[near], part[far])[part]
    return _joined(found)


def _off_pipes(
    spots: Profiles, on_road: Bools, piece: Ints, along: Floats, at: Floats, heights: HeightsAt, trench: Trench
) -> _Bridges:
    """From places on old pipes a way to the nearest road: what starts there need not follow the pipe first."""
    road = on_road[spots.line] if len(spots.line) else np.zeros(0, dtype=bool)
    if not road.any() or not len(at):
        return _Bridges(piece[:0], along[:0], piece[:0], along[:0], np.zeros(0, dtype=object))
    away = cKDTree(spots.xy[road]).query(at)[0]
    found = ground_ways(
        at,
        spots.xy[road],
        heights,
        furthest_m=trench.furthest_m,
        slope_factor=trench.slope_factor,
        away_m=away,
        groups=(np.zeros(len(at), dtype=np.int64), np.ones(int(road.sum()), dtype=np.int64)),
    )
    far = np.flatnonzero(road)[found.target]
    return _Bridges(piece[found.start], along[found.start], spots.line[far], spots.station_m[far], found.lines)


def _joined(parts: Sequence[_Bridges]) -> _Bridges:
    nothing, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    parts = [_Bridges(nothing, none, nothing, none, np.zeros(0, dtype=object)), *parts]
    return _Bridges(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(_Bridges)))


def _nearest_parts(xy: Floats, part: Ints, within_m: float) -> tuple[Ints, Floats]:
    """Of each part but the largest the spot nearest to any other part, and its distance; none beyond `within_m`."""
    tree, around = cKDTree(xy), _AROUND
    left = np.flatnonzero(part != int(np.bincount(part).argmax()))
    starts, aways = [], []
    while len(left):
        # Among so many spots around each; a long line's own spots may be all of them.
        distance, row = tree.query(xy[left], k=min(around, len(xy)), distance_upper_bound=within_m)
        own = part[np.minimum(row, len(xy) - 1)] == part[left][:, None]
        foreign = np.where(own | (row == len(xy)), np.inf, distance).min(axis=1)
        order = np.lexsort((left, foreign, part[left]))
        first = order[first_of_groups(part[left][order])]
        good = first[np.isfinite(foreign[first])]
        starts.append(left[good])
        aways.append(foreign[good])
        # Spots whose every neighbour was looked at have nothing within reach.
        full = np.isfinite(distance[:, -1]) & (around < len(xy))
        left = left[~np.isin(part[left], part[left[good]]) & full]
        around *= 4
    if not starts:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate(starts), np.concatenate(aways)


def _with_ground(
    xy: Floats,
    u: Ints,
    v: Ints,
    lines: NDArray[np.object_],
    kind: NDArray[np.object_],
    heights: HeightsAt,
    trench: Trench,
    spacing_m: float,
    rivers: NDArray[np.object_] | None,
) -> Corridors:
    """Profiles, lengths over the ground and prices of a trench."""
    ground = profiles(lines, heights, spacing_m=spacing_m)
    line, height = ground.line, ground.height_m
    first = first_of_groups(line)
    run, rise = np.diff(ground.station_m, prepend=0.0), np.diff(height, prepend=0.0)
    run[first], rise[first] = 0.0, 0.0
    steep = np.where(np.isfinite(rise) & (run > 0), np.abs(rise) / np.where(run > 0, run, 1.0), 0.0)
    step = run * np.hypot(1.0, steep)
    total = np.cumsum(step)
    station = total - np.repeat(total[first], np.diff(np.append(np.flatnonzero(first), len(line))))
    length = np.maximum(np.bincount(line, step, len(lines)), _LEAST_M)
    price = np.where(kind == "road", trench.road_per_m, np.where(kind == "pipe", trench.pipe_per_m, 0.0))
    dug = np.bincount(line, step * (1.0 + trench.slope_factor * steep), len(lines)) * trench.ground_per_m
    dug += trench.river_crossing * _crossings(lines, kind == "ground", rivers)
    price = np.where(kind == "ground", dug / length, price)
    inner = (station > 1e-6) & (station < length[line] - 1e-6) & ((step > 1e-6) | first)
    return Corridors(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        z_m=heights(xy),
        u=u,
        v=v,
        length_m=length,
        trench_per_m=price,
        first=offsets_of(np.bincount(line[inner], minlength=len(lines)).astype(np.int64)),
        station_m=station[inner],
        height_m=height[inner],
    )


def _crossings(lines: NDArray[np.object_], ground: Bools, rivers: NDArray[np.object_] | None) -> Floats:
    """How many rivers each way over the ground meets, (e,)."""
    counts = np.zeros(len(lines))
    own = np.flatnonzero(ground)
    if rivers is None or not len(rivers) or not len(own):
        return counts
    met, _ = shapely.STRtree(rivers).query(lines[own], predicate="intersects")
    counts[own] = np.bincount(met, minlength=len(own))
    return counts
