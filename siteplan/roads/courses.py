"""Ways as stretches of pieces: to draw each as a line, and to count metres to harden once where ways share them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.network.graph import RoadNetwork
from siteplan.network.paths import WayTree
from siteplan.network.ragged import Floats, Ints, first_of_groups, offsets_of, ranges
from siteplan.roads.anchors import Anchored
from siteplan.roads.islands import Gaps
from siteplan.roads.ways import Ways


@dataclass(frozen=True)
class Stretches:
    """Stretches of pieces, in the order they are travelled from the hamlet to the anchor; all shape (k,).

    hamlet; stage (0 on the island, 2 towards the anchor); step; piece; from_m, to_m: metres from the piece's u.
    """

    hamlet: Ints
    stage: Ints
    step: Ints
    piece: Ints
    from_m: Floats
    to_m: Floats


def way_stretches(anchored: Anchored, ways: Ways, hamlets: Ints) -> Stretches:
    """The stretches of the ways of the given hamlets."""
    network, course = anchored.network, ways.course
    wanted = np.zeros(len(ways.way_m), dtype=bool)
    wanted[hamlets] = True
    tables = []
    for stage, legs, rows, tree, gaps in (
        (0, course.island, course.island_rows, course.islands.tree, course.gaps),
        (2, course.main, course.main_rows, course.tree, None),
    ):
        mine = np.flatnonzero(wanted[rows])
        legs, rows = legs.where(mine), rows[mine]
        tables.append(_columns(rows, stage, np.zeros(len(rows)), legs.piece, legs.from_m, legs.to_m))
        index, step, node = tree.trace(legs.node)
        piece = tree.by[node]
        begin, end = _step_measures(network, tree, node, piece, gaps, course.islands.first_end)
        tables.append(_columns(rows[index], stage, step + 1, piece, begin, end))
    columns = [np.concatenate(column) for column in zip(*tables, strict=True)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    hamlet, stages, step, piece = (column[order].astype(np.int64) for column in columns[:4])
    return Stretches(hamlet, stages, step, piece, columns[4][order], columns[5][order])


def way_lines(anchored: Anchored, ways: Ways, hamlets: Ints) -> NDArray[np.object_]:
    """One LineString a hamlet from the foot of its access leg to its anchor, a stretch to build among it; or None.

    Hamlets already at their anchor have none.
    """
    network, course = anchored.network, ways.course
    stretches = way_stretches(anchored, ways, hamlets)
    at, xy = _stretch_vertices(network, stretches)
    built = hamlets[~np.isnan(course.build_from[hamlets, 0])]
    far_xy = ways.break_xy[built]
    hamlet = np.concatenate([stretches.hamlet[at], built, built])
    stage = np.concatenate([stretches.stage[at], np.ones(2 * len(built), dtype=np.int64)])
    step = np.concatenate([stretches.step[at], np.zeros(len(built)), np.ones(len(built))])
    xy = np.concatenate([xy, course.build_from[built], far_xy])
    order = np.lexsort((np.arange(len(hamlet)), step, stage, hamlet))
    hamlet, xy = hamlet[order], xy[order]
    fresh = first_of_groups(hamlet)
    fresh[1:] |= (np.abs(np.diff(xy, axis=0)) > 1e-6).any(axis=1)
    hamlet, xy = hamlet[fresh], xy[fresh]
    row = np.full(len(ways.way_m), -1)
    row[hamlets] = np.arange(len(hamlets))
    enough = np.bincount(hamlet, minlength=len(row))[hamlet] >= 2
    lines = np.full(len(hamlets), None, dtype=object)
    if enough.any():
        owners, index = np.unique(hamlet[enough], return_inverse=True)
        lines[row[owners]] = shapely.linestrings(xy[enough], indices=index)
    return lines


def shared_works(anchored: Anchored, ways: Ways, hamlets: Ints, group: Ints) -> pd.DataFrame:
    """What must be hardened for groups of hamlets, stretches that ways share counted once.

    `group`: number of the group of each of `hamlets`. Returns columns group, piece, from_m, to_m (metres from the
    piece's u): disjoint stretches of pieces that are not hardened.
    """
    of = np.full(len(ways.way_m), -1)
    of[hamlets] = group
    stretches = way_stretches(anchored, ways, hamlets)
    low, high = np.minimum(stretches.from_m, stretches.to_m), np.maximum(stretches.from_m, stretches.to_m)
    kept = ~anchored.hard_surface[stretches.piece] & (high > low)
    table = pd.DataFrame(
        {"group": of[stretches.hamlet[kept]], "piece": stretches.piece[kept], "from_m": low[kept], "to_m": high[kept]}
    )
    table = table.sort_values(["group", "piece", "from_m", "to_m"], ignore_index=True)
    if not len(table):
        return table
    # Union of intervals: a new one begins where its start lies beyond all ends so far of the same piece and group.
    of_pair = table.groupby(["group", "piece"], sort=False)
    reach = of_pair["to_m"].cummax()
    before = reach.groupby([table["group"], table["piece"]], sort=False).shift()
    block = (before.isna() | (table["from_m"] > before)).cumsum()
    merged = table.assign(reach=reach).groupby(block, sort=False)
    return pd.DataFrame(
        {
            "group": merged["group"].first(),
            "piece": merged["piece"].first(),
            "from_m": merged["from_m"].first(),
            "to_m": merged["reach"].last(),
        }
    ).reset_index(drop=True)


def stretch_lines(network: RoadNetwork, works: pd.DataFrame) -> NDArray[np.object_]:
    """LineStrings of stretches (columns piece, from_m, to_m)."""
    n = len(works)
    zero = np.zeros(n, dtype=np.int64)
    stretches = Stretches(
        np.arange(n), zero, zero, works["piece"].to_numpy(), works["from_m"].to_numpy(), works["to_m"].to_numpy()
    )
    at, xy = _stretch_vertices(network, stretches)
    return shapely.linestrings(xy, indices=at) if n else np.zeros(0, dtype=object)


def _columns(rows: Ints, stage: int, step: Floats | Ints, *rest: Ints | Floats) -> list[NDArray]:
    return [rows, np.full(len(rows), stage), step, *rest]


def _step_measures(
    network: RoadNetwork, tree: WayTree, node: Ints, piece: Ints, gaps: Gaps | None, first_end: int
) -> tuple[Floats, Floats]:
    """Where each step of a tree begins and ends on its piece; beside a gap's end a step covers part of it."""
    forward = network.u[piece] == node
    if gaps is not None:
        # From a gap's end node nothing leads on; a step towards one ends where the gap begins.
        target = tree.towards[node]
        at_end = target >= first_end
        stop = np.where(at_end, gaps.island_along[np.maximum(target - first_end, 0)], np.nan) if len(target) else target
    else:
        stop = np.full(len(node), np.nan)
    begin = np.where(forward, 0.0, network.length[piece])
    end = np.where(forward, network.length[piece], 0.0)
    return begin, np.where(np.isnan(stop), end, stop)


def _stretch_vertices(network: RoadNetwork, stretches: Stretches) -> tuple[Ints, Floats]:
    """Vertices of stretches in travelling order: (stretch of each vertex, xy)."""
    piece = stretches.piece
    counts = network.high[piece] - network.low[piece]
    of = np.repeat(np.arange(len(piece)), counts)
    vertex = ranges(network.low[piece], counts)
    xy = network.xy[vertex]
    step = np.zeros(len(xy))
    step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    first = offsets_of(counts)[:-1]
    step[first] = 0.0
    total = np.cumsum(step)
    measure = total - total[first][of] if len(xy) else total
    low, high = np.minimum(stretches.from_m, stretches.to_m), np.maximum(stretches.from_m, stretches.to_m)
    inside = (measure > low[of] + 1e-6) & (measure < high[of] - 1e-6)
    every = np.arange(len(piece))
    ends = [
        network.point_on(piece, at) if len(piece) else np.zeros((0, 2)) for at in (stretches.from_m, stretches.to_m)
    ]
    owner = np.concatenate([every, of[inside], every])
    place = np.concatenate([stretches.from_m, measure[inside], stretches.to_m])
    xy = np.concatenate([ends[0], xy[inside], ends[1]])
    backwards = (stretches.to_m < stretches.from_m)[owner]
    order = np.lexsort((np.where(backwards, -place, place), owner))
    return owner[order], xy[order]


def start_points(anchored: Anchored, ways: Ways) -> tuple[Ints, Floats]:
    """Where the straight access legs meet the road: (hamlets that have one, feet)."""
    course, network = ways.course, anchored.network
    feet = np.full((len(ways.way_m), 2), np.nan)
    feet[course.main_rows] = network.point_on(course.main.piece, course.main.from_m)
    feet[course.island_rows] = network.point_on(course.island.piece, course.island.from_m)
    rows = np.flatnonzero(np.isfinite(ways.access_m))
    return rows, feet[rows]
