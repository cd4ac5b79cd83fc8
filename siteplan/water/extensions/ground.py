"""Ways over open ground that cost least to trench: from places to the nearest corridors and to each other.

Each place has a square window of cells about it, wide enough for its way and fine enough for a hamlet's surroundings.
Steps lead to the sixteen nearest directions (rows and columns as in chess: king's and knight's moves), which makes no
way longer than it is by over 3 per cent; the way found is then freed of its needless corners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from siteplan.network.ragged import Floats, Ints, first_of_groups

HeightsAt = Callable[[Floats], Floats]
SIDES = (31, 61)
"""Cells along the side of a window, small or large; odd, so that its place stands in the middle of one."""
SMALL_M = 600.0
"""Half the side of the largest small window: its cells are 40 m."""
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1))
_LEAST_HALF_M, _WIDER = 150.0, 1.5
_CELLS_AT_ONCE = 180_000


@dataclass(frozen=True)
class GroundWays:
    """Ways over the ground, (w,): `start` place, `target` row of the targets or, where `to_place`, the other place.

    `lines` run from the place to the target's very point.
    """

    start: Ints
    target: Ints
    to_place: NDArray[np.bool_]
    lines: NDArray[np.object_]


def ground_ways(
    places: Floats,
    targets: Floats,
    heights: HeightsAt,
    *,
    furthest_m: float,
    slope_factor: float,
    away_m: Floats | None = None,
    groups: tuple[Ints, Ints] | None = None,
) -> GroundWays:
    """From each place the cheapest way to any target, and to the cheapest other place where that costs less.

    Parameters
    ----------
    places, targets
        (k, 2) and (t, 2), metres of the run's CRS: hamlets and sources; points of the corridors.
    heights
        The ground. Cells whose height is not known are not passed.
    furthest_m
        Places with neither a target nor another place within this straight distance have no way.
    slope_factor
        A metre of trench on a slope of 1 (45 degrees) costs this much more than on the level, in parts of its price.
    groups, away_m
        Of the places (k,) and the targets (t,): ways lead only from one group to another, none between places; and the
        straight distance (k,) to the nearest target of another group.
    """
    if away_m is None:
        near_t = cKDTree(targets).query(places)[0] if len(targets) else np.full(len(places), np.inf)
        near_p = cKDTree(places).query(places, k=2)[0][:, 1] if len(places) > 1 else np.full(len(places), np.inf)
        away_m = np.where(near_t <= furthest_m, near_t, near_p)
    asked = np.flatnonzero(away_m <= furthest_m)
    half = np.maximum(away_m * _WIDER, _LEAST_HALF_M)
    parts = []
    for side, own in zip(SIDES, (half[asked] <= SMALL_M, half[asked] > SMALL_M), strict=True):
        group, at_once = asked[own], _CELLS_AT_ONCE // side**2
        for at in range(0, len(group), at_once):
            rows = group[at : at + at_once]
            parts.append(_searched(rows, places, targets, half[rows], heights, slope_factor, side, groups))
    start, target, to_place, lines = (
        (np.concatenate(column) if parts else np.zeros(0, dtype=kind))
        for column, kind in zip(
            zip(*parts, strict=True) if parts else [()] * 4, (np.int64, np.int64, bool, object), strict=True
        )
    )
    # A way between two places is one way, whichever of them found it.
    low, high = np.minimum(start, target), np.maximum(start, target)
    order = np.lexsort((start, high, low, to_place))
    key = np.where(to_place, low * len(places) + high, -1 - np.arange(len(start)))[order]
    kept = np.sort(order[first_of_groups(key)])
    return GroundWays(start[kept], target[kept], to_place[kept].astype(bool), lines[kept])


def _searched(
    rows: Ints,
    places: Floats,
    targets: Floats,
    half: Floats,
    heights: HeightsAt,
    slope_factor: float,
    side: int,
    groups: tuple[Ints, Ints] | None,
) -> tuple[Ints, Ints, NDArray[np.bool_], NDArray[np.object_]]:
    cell = 2 * half / (side - 1)
    centre, cells = places[rows], _cells(places[rows], cell, side)
    height = heights(cells.reshape(-1, 2)).reshape(len(rows), side, side)
    distance, towards = _spread(height, cell, slope_factor)
    found = []
    for points, to_place in ((targets, False), (places, True)):
        window, point = _inside(centre, half, points)
        if to_place:
            other = (rows[window] != point) if groups is None else np.zeros(len(point), dtype=bool)
            window, point = window[other], point[other]
        elif groups is not None:
            other = groups[0][rows[window]] != groups[1][point]
            window, point = window[other], point[other]
        found.append(_cheapest(window, point, points, centre, half, cell, distance, side))
    (to_target, node_t, cost_t), (to_other, node_p, cost_p) = found
    ways = []
    for pick, node, good, to_place in (
        (to_target, node_t, np.isfinite(cost_t), False),
        (to_other, node_p, np.isfinite(cost_p) & (cost_p < cost_t), True),
    ):
        own = np.flatnonzero(good)
        ends = (places if to_place else targets)[pick[own]]
        raw = _lines(own, node[own], towards, cells.reshape(-1, 2), centre, ends)
        lines = _freed(raw, cell[own], heights)
        ways.append((rows[own], pick[own], np.full(len(own), to_place), lines))
    start, target, kind, lines = (np.concatenate(column) for column in zip(*ways, strict=True))
    return start, target, kind, lines


def _cells(centre: Floats, cell: Floats, side: int) -> Floats:
    """Middles of all cells, (w, side, side, 2), rows from south to north."""
    step = np.arange(side) - side // 2
    x = centre[:, 0, None] + step * cell[:, None]
    y = centre[:, 1, None] + step * cell[:, None]
    shape = (len(centre), side, side)
    return np.stack([np.broadcast_to(x[:, None, :], shape), np.broadcast_to(y[:, :, None], shape)], axis=-1)


def _spread(height: Floats, cell: Floats, slope_factor: float) -> tuple[Floats, Ints]:
    """Cost from each window's middle to its cells (metres of level trench), and the cell before: (w * side * side)."""
    n, side = height.size, height.shape[1]
    number = np.arange(n).reshape(height.shape)
    tails, heads, costs = [], [], []
    for down, right in STEPS:
        rows, first, last = side - down, max(-right, 0), side - max(right, 0)

        def at(d: int, r: int, rows: int = rows, first: int = first, last: int = last) -> tuple[slice, slice, slice]:
            return np.s_[:, d : d + rows, first + r : last + r]

        here, there = at(0, 0), at(down, right)
        run = (np.hypot(down, right) * cell)[:, None, None]
        rise = np.abs(height[there] - height[here])
        cost = np.hypot(run, rise) * (1.0 + slope_factor * rise / run)
        known = np.isfinite(cost)
        if down + abs(right) == 3:
            # A knight passes two cells: neither may be unknown.
            sign = 1 if right > 0 else -1
            for between in (at(down - 1, right - sign), at(1, sign)):
                known &= np.isfinite(height[between])
        tails.append(number[here][known])
        heads.append(number[there][known])
        costs.append(cost[known])
    entries = (np.concatenate(tails), np.concatenate(heads))
    graph = coo_array((np.concatenate(costs), entries), shape=(n, n)).tocsr()
    middles = number[:, side // 2, side // 2]
    distance, towards, _ = dijkstra(graph, directed=False, indices=middles, min_only=True, return_predecessors=True)
    return distance, towards.astype(np.int64)


def _inside(centre: Floats, half: Floats, points: Floats) -> tuple[Ints, Ints]:
    """Which points lie in which window: (window, point), each (m,)."""
    if not len(points):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    found = cKDTree(points).query_ball_point(centre, half, p=np.inf, return_sorted=True)
    counts = np.array([len(one) for one in found], dtype=np.int64)
    point = np.array([k for one in found for k in one], dtype=np.int64)
    return np.repeat(np.arange(len(centre)), counts), point


def _cheapest(
    window: Ints, point: Ints, points: Floats, centre: Floats, half: Floats, cell: Floats, distance: Floats, side: int
) -> tuple[Ints, Ints, Floats]:
    """Of each window the point that costs least to come to: (point, its cell's number, cost), inf where none."""
    n = len(centre)
    pick, node, cost = np.full(n, -1), np.full(n, -1), np.full(n, np.inf)
    if not len(window):
        return pick, node, cost
    place = np.rint((points[point] - centre[window] + half[window, None]) / cell[window, None]).astype(np.int64)
    place = np.clip(place, 0, side - 1)
    own = (window * side + place[:, 1]) * side + place[:, 0]
    middle = centre[window] + (place - side // 2) * cell[window, None]
    last = np.hypot(*(points[point] - middle).T)
    total = distance[own] + last
    order = np.lexsort((point, total, window))
    best = order[first_of_groups(window[order])]
    pick[window[best]], node[window[best]], cost[window[best]] = point[best], own[best], total[best]
    return pick, node, cost


def _lines(window: Ints, node: Ints, towards: Ints, cells: Floats, centre: Floats, ends: Floats) -> NDArray[np.object_]:
    """The way back from each cell to its window's middle, turned round, with the target's point at its end."""
    if not len(window):
        return np.zeros(0, dtype=object)
    steps = [node]
    while (steps[-1] >= 0).any():
        last = steps[-1]
        before = np.where(last >= 0, towards[np.maximum(last, 0)], -1)
        steps.append(np.where(before < 0, -1, before))
    way = np.array(steps[:-1])[::-1]
    on = way >= 0
    line = np.broadcast_to(np.arange(len(window)), way.shape)[on]
    step = np.broadcast_to(np.arange(len(way))[:, None], way.shape)[on]
    xy = cells[way[on]]
    order = np.lexsort((step, line))
    line, xy = line[order], xy[order]
    first = first_of_groups(line)
    # The middle cell is the place; the last cell gives way to the target's own point.
    xy[first] = centre[window[line[first]]]
    line = np.concatenate([line, np.arange(len(window))])
    step = np.concatenate([np.arange(len(xy)), np.full(len(window), len(xy))])
    xy = np.concatenate([xy, ends])
    order = np.lexsort((step, line))
    return np.asarray(shapely.linestrings(xy[order], indices=line[order]), dtype=object)


def _freed(lines: NDArray[np.object_], cell: Floats, heights: HeightsAt) -> NDArray[np.object_]:
    """Lines without their needless corners, but where that would lead them over unknown ground."""
    # A place that stands on its target has a line without length.
    long = np.flatnonzero(shapely.length(lines) > 0)
    straight = np.asarray(shapely.simplify(lines[long], cell[long] * 0.75), dtype=object)
    xy, line = shapely.get_coordinates(shapely.segmentize(straight, cell[long] / 2), return_index=True)
    unknown = np.bincount(line, np.isnan(heights(xy)), len(long)) > 0
    freed = lines.copy()
    freed[long[~unknown]] = straight[~unknown]
    return freed
