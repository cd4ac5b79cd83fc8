"""Which places of which lines are one node: touches, crossings, and ends carried over to a line within `snap_m`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from siteplan.network.crossings import Touches, find_touches
from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, offsets_of, ranges

AT_TOLERANCE_M = 1e-6
"""A gap of exactly the tolerance joins: float noise must not decide."""


@dataclass(frozen=True)
class Reach:
    """Ends of lines and the other lines they could be carried to.

    part, at_end: the line and which of its ends (0 start, 1 end); to_part, to_measure: the line it is carried to and
    where its foot stands; gap_m: the straight way between; touching: the gap is no gap. All shape (k,).
    """

    part: Ints
    at_end: Ints
    to_part: Ints
    to_measure: Floats
    gap_m: Floats

    def where(self, kept: Bools | Ints) -> Reach:
        """The chosen rows."""
        return Reach(*(getattr(self, name)[kept] for name in ("part", "at_end", "to_part", "to_measure", "gap_m")))

    @staticmethod
    def concat(parts: list[Reach]) -> Reach:
        """Several tables as one."""
        names = ("part", "at_end", "to_part", "to_measure", "gap_m")
        return Reach(*(np.concatenate([getattr(reach, name) for reach in parts]) for name in names))


@dataclass(frozen=True)
class Joins:
    """What is known of a line layer before a tolerance is chosen: touches, touches that are not at grade (`apart`), and
    ends within `reach_m` of other lines.

    Made once; networks for several `snap_m` up to `reach_m` are built from it.
    """

    lines: LineArrays
    touches: Touches
    apart: Touches
    reach: Reach
    reach_m: float
    tree: shapely.STRtree


def find_joins(lines: LineArrays, *, reach_m: float) -> Joins:
    """Find the touches of `lines`, and the lines within `reach_m` of each line's two ends."""
    tree = shapely.STRtree(lines.parts)
    ends = np.flatnonzero(np.repeat(lines.connects, 2))
    with ThreadPoolExecutor(max_workers=1) as pool:
        # GEOS looks lines up beside numpy's search for touches.
        near = pool.submit(_lines_near_ends, lines, tree, ends, reach_m)
        touches, apart = find_touches(lines)
        row, target = near.result()
    reach = _feet(lines, touches, ends, row, target, reach_m)
    return Joins(lines=lines, touches=touches, apart=apart, reach=reach, reach_m=reach_m, tree=tree)


def ends_near_lines(lines: LineArrays, tree: shapely.STRtree, touches: Touches, ends: Ints, *, reach_m: float) -> Reach:
    """The other lines within `reach_m` of the given ends that these ends do not touch already.

    `ends` are numbered 2 * part + (0 start, 1 end). A line that does not connect is no target; of a separated line
    only the ends are.
    """
    row, target = _lines_near_ends(lines, tree, ends, reach_m)
    return _feet(lines, touches, ends, row, target, reach_m)


def _lines_near_ends(lines: LineArrays, tree: shapely.STRtree, ends: Ints, reach_m: float) -> tuple[Ints, Ints]:
    """Pairs of an end (row of `ends`) and another connecting line within `reach_m` of it."""
    xy = _end_xy(lines, ends)
    part = ends // 2
    # Ends on one spot see the same lines: ask once a spot.
    _, spot_of, spot = np.unique(xy[:, 0] + 1j * xy[:, 1], return_index=True, return_inverse=True)
    which, target = tree.query(shapely.points(xy[spot_of]), predicate="dwithin", distance=reach_m + AT_TOLERANCE_M)
    order = np.argsort(which, kind="stable")
    which, target = which[order], target[order]
    # Spread the spots' answers over their ends.
    per_spot = np.bincount(which, minlength=len(spot_of))
    first = offsets_of(per_spot)
    counts = per_spot[spot]
    row = np.repeat(np.arange(len(ends)), counts)
    target = target[ranges(first[spot], counts)].astype(np.int64)
    kept = (target != part[row]) & lines.connects[target]
    return row[kept], target[kept]


def _end_xy(lines: LineArrays, ends: Ints) -> Floats:
    """Coordinates of ends numbered 2 * part + (0 start, 1 end), (k, 2)."""
    part = ends // 2
    return lines.xy[np.where(ends % 2 == 0, lines.first[part], lines.first[part + 1] - 1)]


def _feet(lines: LineArrays, touches: Touches, ends: Ints, row: Ints, target: Ints, reach_m: float) -> Reach:
    """Feet and gaps of (end, line) pairs, without those that touch already and those out of reach."""
    xy = _end_xy(lines, ends)
    # Pairs that touch at this end need no geometry: drop them by number first, they are most.
    n = len(lines)
    length = lines.length
    touching = []
    for own, at, other in (
        (touches.part_a, touches.measure_a, touches.part_b),
        (touches.part_b, touches.measure_b, touches.part_a),
    ):
        start, end = at <= 2 * TOUCH_M, at >= length[own] - 2 * TOUCH_M
        touching += [(2 * own[start]) * n + other[start], (2 * own[end] + 1) * n + other[end]]
    touched = np.sort(np.concatenate(touching))
    key = ends[row] * n + target
    place = np.searchsorted(touched, key)
    place[place == len(touched)] = 0
    free = np.ones(len(key), dtype=bool) if not len(touched) else touched[place] != key
    row, target = row[free], target[free]
    points = shapely.points(xy[row])
    foot = shapely.line_locate_point(lines.parts[target], points)
    # Of a line on another level only the nearer end can be met.
    level = lines.separated[target]
    if level.any():
        tips = lines.xy[np.stack([lines.first[target], lines.first[target + 1] - 1])]
        to_tip = np.hypot(*(tips - xy[row]).transpose(2, 0, 1))
        foot = np.where(level, np.where(to_tip[0] <= to_tip[1], 0.0, length[target]), foot)
    at = lines.place(target, foot)
    gap = np.hypot(*(at - xy[row]).T)
    kept = (gap <= reach_m + AT_TOLERANCE_M) & (gap > TOUCH_M)
    row, target = row[kept], target[kept]
    return Reach(ends[row] // 2, ends[row] % 2, target, foot[kept], gap[kept])


@dataclass(frozen=True)
class Nodes:
    """Places on lines and their node numbers.

    part, measure, node: one row a distinct place, ordered along the lines, shape (k,); xy: the nodes, (n, 2);
    leg_from, leg_to: nodes at the two sides of each carried end, in the order of the reach given.
    """

    part: Ints
    measure: Floats
    node: Ints
    xy: Floats
    leg_from: Ints
    leg_to: Ints


def number_nodes(lines: LineArrays, touches: Touches, legs: Reach) -> Nodes:
    """Give one number to all places that are one: along a line within `TOUCH_M`, across lines where they touch."""
    n, k, m = len(lines), len(touches.part_a), len(legs.part)
    length = lines.length
    whole = np.arange(n)
    part = np.concatenate([whole, whole, touches.part_a, touches.part_b, legs.part, legs.to_part])
    leg_start = np.where(legs.at_end == 0, 0.0, length[legs.part])
    measure = np.concatenate([np.zeros(n), length, touches.measure_a, touches.measure_b, leg_start, legs.to_measure])
    axis = lines.base[part] + measure
    order = np.argsort(axis, kind="stable")
    apart = np.ones(len(order), dtype=bool)
    apart[1:] = (np.diff(axis[order]) > TOUCH_M) | (np.diff(part[order]) != 0)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(apart) - 1
    # The first place of a run stands for it; a run at a line's end must stand on the end itself.
    head = order[apart]
    tail = order[np.append(np.flatnonzero(apart)[1:] - 1, len(order) - 1)] if len(order) else order
    at = np.where(measure[tail] >= length[part[tail]], measure[tail], measure[head])
    n_places = len(head)
    touch_a, touch_b = place[2 * n : 2 * n + k], place[2 * n + k : 2 * n + 2 * k]
    graph = coo_array((np.ones(k, dtype=np.int8), (touch_a, touch_b)), shape=(n_places, n_places))
    node: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    xy = np.empty((int(node.max()) + 1 if len(node) else 0, 2))
    # One spot a node: that of its first place; lines that touch lie within a millimetre of it.
    _, first = np.unique(node, return_index=True)
    xy[:] = lines.place(part[head][first], at[first])
    return Nodes(
        part=part[head],
        measure=at,
        node=node,
        xy=xy,
        leg_from=node[place[2 * n + 2 * k : 2 * n + 2 * k + m]],
        leg_to=node[place[2 * n + 2 * k + m :]],
    )
