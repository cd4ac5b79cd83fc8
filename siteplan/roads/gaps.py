"""Suspected gaps: loose ends that nearly meet another road, and the hamlets whose verdict each one decides.

Each gap is judged alone, as if the loose end were carried over to the other road with the surface of its own line.
Only components change by that, so the new verdicts follow from the old ones without another run; a test holds that
they equal a full rerun.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.layers.findings import findings_of, joined
from siteplan.network.joining import AT_TOLERANCE_M, Joins, Reach, ends_near_lines
from siteplan.network.lines import TOUCH_M
from siteplan.network.nearest import NearPieces
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.roads import verdict
from siteplan.roads.access import RoadAccess, road_access


@dataclass(frozen=True)
class SuspectedGaps:
    """Gaps in order of their loose ends; all shape (k,) unless said.

    reach: loose end and foot of each gap; end_xy, foot_xy: (k, 2); joins_all, joins_hard: closing it would join
    different components of all roads, of hardened roads; changes: table gap, hamlet, before, after (status numbers).
    """

    reach: Reach
    end_xy: Floats
    foot_xy: Floats
    joins_all: Bools
    joins_hard: Bools
    changes: pd.DataFrame


@dataclass(frozen=True)
class _Sides:
    """Components on both sides of each gap. `foot_hard` is -1 where the foot stands on nothing hardened."""

    own_hard: Bools
    end_all: Ints
    foot_all: Ints
    end_hard: Ints
    foot_hard: Ints


def find_gaps(access: RoadAccess, villages: gpd.GeoDataFrame, centres: gpd.GeoDataFrame) -> SuspectedGaps:
    """Find the suspected gaps of a network and what each decides.

    `villages` and `centres` are the layers that `road_access` was given. Gaps whose closing joins nothing new are left
    out.
    """
    reach, end_node = _loose_ends(access)
    sides = _sides(access, reach, end_node)
    joins_all = sides.end_all != sides.foot_all
    joins_hard = sides.own_hard & (sides.foot_hard >= 0) & (sides.end_hard != sides.foot_hard)
    kept = np.flatnonzero(joins_all | joins_hard)
    reach, end_node = reach.where(kept), end_node[kept]
    sides = _Sides(*(getattr(sides, name)[kept] for name in _Sides.__dataclass_fields__))
    lines = access.joins.lines
    end_xy = lines.xy[np.where(reach.at_end == 0, lines.first[reach.part], lines.first[reach.part + 1] - 1)]
    foot_xy = lines.place(reach.to_part, reach.to_measure) if len(kept) else np.zeros((0, 2))
    changes = _changes(access, villages, centres, reach, sides, end_xy, foot_xy)
    return SuspectedGaps(reach, end_xy, foot_xy, joins_all[kept], joins_hard[kept], changes)


def _loose_ends(access: RoadAccess) -> tuple[Reach, Ints]:
    """Ends that join nothing with the nearest other line in reach: (reach, node of the end)."""
    network, lines, joins = access.network, access.joins.lines, access.joins
    loose = network.degree == 1
    # The pieces at loose nodes tell which end of which part it is.
    ends, nodes = [], []
    for node, at_start in ((network.u, True), (network.v, False)):
        piece = np.flatnonzero(loose[node] & ~network.leg & lines.connects[network.part])
        at = network.start_m[piece] if at_start else network.end_m[piece]
        part = network.part[piece]
        first, last = at <= 2 * TOUCH_M, at >= lines.length[part] - 2 * TOUCH_M
        ends += [2 * part[first], 2 * part[last & ~first] + 1]
        nodes += [node[piece[first]], node[piece[last & ~first]]]
    end, node = np.concatenate(ends), np.concatenate(nodes)
    order = np.argsort(end)
    end, node = end[order], node[order]
    reach = _nearest_others(joins, end, snap_m=access.options.snap_m, suspect_m=access.options.suspect_m)
    return reach, node[np.searchsorted(end, 2 * reach.part + reach.at_end)]


def _nearest_others(joins: Joins, ends: Ints, *, snap_m: float, suspect_m: float) -> Reach:
    """The nearest other line of each end, where it lies beyond `snap_m` and within `suspect_m`."""
    lines = joins.lines
    reach = ends_near_lines(lines, joins.tree, joins.touches, ends, reach_m=suspect_m)
    number = 2 * reach.part + reach.at_end
    nearest = np.lexsort((reach.to_part, lines.rank[reach.to_part], np.round(reach.gap_m, 6), number))
    nearest = nearest[first_of_groups(number[nearest])]
    return reach.where(nearest[reach.gap_m[nearest] > snap_m + AT_TOLERANCE_M])


@dataclass(frozen=True)
class ClosedGap:
    """A suspected gap that a planner decided to close: the road whose end it is, and where that end lies (run CRS)."""

    road_id: str
    x: float
    y: float
    key: str
    """what the decision is known by"""


def closed_gaps(
    joins: Joins, roads: gpd.GeoDataFrame, decided: tuple[ClosedGap, ...], *, snap_m: float, suspect_m: float
) -> tuple[Reach | None, pd.DataFrame]:
    """The ends to carry over for the decided gaps, and a finding for each: closed, or no longer there.

    An end is told by its road's id and its place, to a metre, so that a decision outlives another order of rows.
    """
    lines = joins.lines
    ids = roads["id"].to_numpy()[lines.parent]
    at = np.stack([lines.xy[lines.first[:-1]], lines.xy[lines.first[1:] - 1]], axis=1)
    ends, keys, gone = [], [], []
    for gap in decided:
        parts = np.flatnonzero(ids == gap.road_id)
        away = np.hypot(*(at[parts] - [gap.x, gap.y]).transpose(2, 0, 1))
        if away.size and away.min() <= 1.0:
            part, end = divmod(int(np.argmin(away)), 2)
            ends.append(2 * int(parts[part]) + end)
            keys.append(gap.key)
        else:
            gone.append(gap.key)
    reach = _nearest_others(joins, np.array(sorted(set(ends)), dtype=np.int64), snap_m=snap_m, suspect_m=suspect_m)
    number = 2 * reach.part + reach.at_end
    gone += [key for end, key in zip(ends, keys, strict=True) if end not in number]
    own, other = lines.parent[reach.part], lines.parent[reach.to_part]
    tips = at[reach.part, reach.at_end]
    done = findings_of(
        "roads", "layers.done_close_gap", "repaired", n=len(own), rows=roads["row"].to_numpy()[own].tolist(),
        ids=roads["id"].to_numpy()[own].tolist(), field="geometry", xs=tips[:, 0].tolist(), ys=tips[:, 1].tolist(),
        each=[{"m": f"{m:.1f}", "other": str(one)}
              for m, one in zip(reach.gap_m, roads["id"].to_numpy()[other], strict=True)],
    )  # fmt: skip
    lost = findings_of("roads", "layers.repair_gone", "noted", n=len(gone), each=[{"key": key} for key in gone])
    return (reach if len(own) else None), joined([done, lost])


def _sides(access: RoadAccess, reach: Reach, end_node: Ints) -> _Sides:
    network, anchored = access.network, access.anchored
    lines = network.lines
    piece, along = _piece_at(access, reach.to_part, reach.to_measure)
    at_u, at_v = along <= TOUCH_M, along >= network.length[piece] - TOUCH_M
    node = np.where(at_u, network.u[piece], np.where(at_v, network.v[piece], -1))
    has_hard = np.zeros(network.n_nodes, dtype=bool)
    has_hard[network.u[anchored.hard]] = True
    has_hard[network.v[anchored.hard]] = True
    on_hard = np.where(node >= 0, has_hard[np.maximum(node, 0)], anchored.hard[piece])
    foot_hard = anchored.hard_label[np.where(node >= 0, node, network.u[piece])]
    return _Sides(
        own_hard=access.surfaces.hard[lines.parent[reach.part]],
        end_all=network.node_component[end_node],
        foot_all=network.component[piece],
        end_hard=anchored.hard_label[end_node],
        foot_hard=np.where(on_hard, foot_hard, -1),
    )


def _piece_at(access: RoadAccess, part: Ints, measure: Floats) -> tuple[Ints, Floats]:
    """The piece that holds a measure of a part, and how far along the piece it is."""
    network = access.network
    base = network.lines.base
    piece = np.flatnonzero(~network.leg)
    start = base[network.part[piece]] + network.start_m[piece]
    order = np.argsort(start, kind="stable")
    at = np.searchsorted(start[order], base[part] + measure + TOUCH_M / 2, side="right") - 1
    found = piece[order[np.maximum(at, 0)]]
    return found, np.clip(measure - network.start_m[found], 0.0, network.length[found])


def _changes(
    access: RoadAccess,
    villages: gpd.GeoDataFrame,
    centres: gpd.GeoDataFrame,
    reach: Reach,
    sides: _Sides,
    end_xy: Floats,
    foot_xy: Floats,
) -> pd.DataFrame:
    anchored, options = access.anchored, access.options
    k = len(reach.part)
    legs = shapely.linestrings(np.stack([end_xy, foot_xy], axis=1)) if k else np.zeros(0, dtype=object)
    tree = shapely.STRtree(legs)
    leg_anchored = np.zeros(k, dtype=bool)
    if len(centres):
        _, at = tree.query(centres.geometry.to_numpy(), predicate="dwithin", distance=options.anchor_m + AT_TOLERANCE_M)
        leg_anchored[at] = True
    all_ok, hard_ok = anchored.component_anchored, anchored.hard_anchored
    new_all = all_ok[sides.end_all] | all_ok[sides.foot_all] | leg_anchored
    foot_label = np.maximum(sides.foot_hard, 0)
    new_hard = hard_ok[sides.end_hard] | (hard_ok[foot_label] & (sides.foot_hard >= 0)) | leg_anchored
    new_hard &= sides.own_hard
    if anchored.rule == "largest component":
        new_hard = new_all & sides.own_hard
    near = access.near.within(options.access_m)
    network = access.network
    component, hard = network.component[near.piece], anchored.hard[near.piece]
    tables = [
        _reached(
            near.point, component, np.ones(len(hard), dtype=bool), [sides.end_all, sides.foot_all], new_all, all_ok
        )
    ]
    if anchored.rule == "largest component":
        # There every hardened piece of the component is at its anchor.
        ends = [sides.end_all, sides.foot_all]
        tables.append(_reached(near.point, component, hard, ends, new_all, all_ok))
    else:
        label = anchored.hard_label[network.u[near.piece]]
        ends = [sides.end_hard, sides.foot_hard]
        tables.append(_reached(near.point, label, hard, ends, new_hard, hard_ok))
    reaching, hard_reaching = tables
    # GEOS refuses distances of points that are nowhere.
    hamlets = np.where(np.isfinite(access.xy).all(axis=1), shapely.points(access.xy), None)
    point, gap = tree.query(hamlets, predicate="dwithin", distance=options.access_m + AT_TOLERANCE_M)
    beside = pd.DataFrame({"gap": gap, "hamlet": point})
    rows = pd.concat([reaching, hard_reaching, beside]).drop_duplicates().sort_values(["gap", "hamlet"])
    gap, hamlet = rows["gap"].to_numpy(dtype=np.int64), rows["hamlet"].to_numpy(dtype=np.int64)
    n = len(access.status)
    key = gap * n + hamlet

    def among(table: pd.DataFrame) -> Bools:
        return np.isin(key, table["gap"].to_numpy(dtype=np.int64) * n + table["hamlet"].to_numpy(dtype=np.int64))

    by_leg = among(beside)
    before = access.status_alone[hamlet]
    own_hard = sides.own_hard[gap]
    after = verdict.status_of(
        np.isfinite(access.xy[hamlet]).all(axis=1),
        hard_reaching=(before == verdict.HARDENED) | among(hard_reaching) | (by_leg & own_hard & new_hard[gap]),
        reaching=(before <= verdict.UNHARDENED) | among(reaching) | (by_leg & new_all[gap]),
        hard=_hard_near(access, near)[hamlet] | (by_leg & own_hard),
        any_piece=(before <= verdict.ROAD_ISLAND) | by_leg,
    )
    table = pd.DataFrame({"gap": gap, "hamlet": hamlet, "before": before, "after": after})
    table = table[table["before"] != table["after"]].reset_index(drop=True)
    moved = _anchor_moves(access, reach, sides)
    if options.neighbours_connect:
        table = _with_neighbours(access, table)
    if moved.any():
        table = _rerun(access, villages, centres, reach, table, np.flatnonzero(moved))
    return table


def _reached(point: Ints, label: Ints, counted: Bools, ends: list[Ints], new: Bools, old: Bools) -> pd.DataFrame:
    """Hamlets near components that a gap newly anchors: table gap, hamlet.

    point, label, counted: the near pieces' hamlet, component and whether they count; ends: the components on the two
    sides of each gap (-1 none); new: whether the joined component is anchored; old: whether each component was.
    """
    gained = []
    for side in ends:
        rows = np.flatnonzero(new & (side >= 0) & ~old[np.maximum(side, 0)])
        gained.append(pd.DataFrame({"gap": rows, "label": side[rows]}))
    near = pd.DataFrame({"label": label[counted], "hamlet": point[counted]}).drop_duplicates()
    return pd.concat(gained).drop_duplicates().merge(near, on="label")[["gap", "hamlet"]].drop_duplicates()


def _hard_near(access: RoadAccess, close: NearPieces) -> Bools:
    found = np.zeros(len(access.status), dtype=bool)
    found[close.point[access.anchored.hard_surface[close.piece]]] = True
    return found


def _anchor_moves(access: RoadAccess, reach: Reach, sides: _Sides) -> Bools:
    """Gaps whose closing would make another component the largest, where the largest is the anchor."""
    anchored = access.anchored
    if anchored.rule != "largest component":
        return np.zeros(len(reach.part), dtype=bool)
    length = access.network.component_length()
    joined = length[sides.end_all] + length[sides.foot_all] + reach.gap_m
    main = anchored.component_anchored
    apart = (sides.end_all != sides.foot_all) & ~main[sides.end_all] & ~main[sides.foot_all]
    return apart & (joined >= length[main].max(initial=0.0) - TOUCH_M)


def _with_neighbours(access: RoadAccess, table: pd.DataFrame) -> pd.DataFrame:
    """The changes with what connected neighbours add; one pass a gap that changes anything."""
    out = []
    for gap in table["gap"].unique().tolist():
        rows = table[table["gap"] == gap]
        status = access.status_alone.copy()
        status[rows["hamlet"]] = rows["after"]
        via = verdict.connected_neighbours(access.xy, status, access_m=access.options.access_m)
        out.append(_difference(gap, access.status, np.where(via >= 0, verdict.HARDENED, status)))
    return pd.concat(out, ignore_index=True) if out else table


def _rerun(
    access: RoadAccess,
    villages: gpd.GeoDataFrame,
    centres: gpd.GeoDataFrame,
    reach: Reach,
    table: pd.DataFrame,
    gaps: Ints,
) -> pd.DataFrame:
    """The few gaps that move the anchor itself, by a full rerun each."""
    out = [table[~table["gap"].isin(gaps)]]
    for gap in gaps.tolist():
        leg = reach.where(np.array([gap]))
        if access.closed is not None:
            leg = Reach.concat([access.closed, leg])
        closed = road_access(access.joins, access.surfaces, villages, centres, access.options, extra_legs=leg)
        out.append(_difference(gap, access.status, closed.status))
    return pd.concat(out).sort_values(["gap", "hamlet"], ignore_index=True)


def _difference(gap: int, before: Ints, after: Ints) -> pd.DataFrame:
    changed = np.flatnonzero(before != after)
    return pd.DataFrame({"gap": gap, "hamlet": changed, "before": before[changed], "after": after[changed]})
