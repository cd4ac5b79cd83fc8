"""What the road layer itself shows when it is joined: carried ends, missing junctions, overlaps, anchors cut off."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.layers.findings import Action, findings_at, findings_of, joined
from siteplan.network.crossings import Touches
from siteplan.network.graph import RoadNetwork
from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.roads.access import RoadAccess
from siteplan.roads.anchors import largest_component
from siteplan.roads.courses import start_points
from siteplan.roads.hardness import HARDENED, NOT_HARDENED, RoadClasses

OVERLAP_M = 0.01
"""Pieces between the same nodes lie on each other when lengths and middles agree to a centimetre."""


@dataclass(frozen=True)
class Overlaps:
    """Pieces that lie on another piece: `piece` is left out of lengths, `kept` stands for it; both (k,)."""

    piece: Ints
    kept: Ints


def road_findings(
    access: RoadAccess, roads: gpd.GeoDataFrame, classes: RoadClasses, overlaps: Overlaps
) -> pd.DataFrame:
    """Findings of the road layer's joining, in order: carried ends, junctions, levels, overlaps."""
    return joined(
        [
            _carried_ends(access.network, roads),
            _crossings(access, roads),
            _levels(access, roads),
            _overlap_findings(access.network, roads, classes, overlaps),
        ]
    )


def find_overlaps(network: RoadNetwork, classes: RoadClasses) -> Overlaps:
    """Overlapping pieces; the best known surface is kept (hardened, then not, then unknown; then the lower road id)."""
    candidates = np.flatnonzero(~network.leg)
    low = np.minimum(network.u[candidates], network.v[candidates])
    high = np.maximum(network.u[candidates], network.v[candidates])
    key = low * network.n_nodes + high
    hardness = classes.hardness[network.parent[candidates]]
    worth = np.where(hardness == HARDENED, 0, np.where(hardness == NOT_HARDENED, 1, 2))
    order = np.lexsort(
        (network.part[candidates], network.rank[candidates], worth, network.length[candidates].round(2), key)
    )
    piece, key = candidates[order], key[order]
    same = np.zeros(len(piece), dtype=bool)
    same[1:] = (key[1:] == key[:-1]) & (np.diff(network.length[piece]) <= OVERLAP_M)
    # Runs of one course: of nodes joined by pieces of the same length, those whose middles agree.
    run = np.cumsum(~same) - 1
    in_run = np.bincount(run, minlength=1)[run] > 1 if len(piece) else same
    rows = np.flatnonzero(in_run)
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return Overlaps(none, none)
    piece, run = piece[rows], run[rows]
    # A third of the way from the lower node, so that a loop's two halves differ.
    share = np.where(network.u[piece] <= network.v[piece], 1.0, 2.0) / 3.0
    middle = network.point_on(piece, network.length[piece] * share)
    order = np.lexsort((_worth(classes, network, piece), run))
    piece, run, middle = piece[order], run[order], middle[order]
    head = np.maximum.accumulate(np.where(first_of_groups(run), np.arange(len(run)), 0))
    lies_on = (np.arange(len(run)) != head) & (np.hypot(*(middle - middle[head]).T) <= OVERLAP_M)
    return Overlaps(piece=piece[lies_on], kept=piece[head[lies_on]])


def _worth(classes: RoadClasses, network: RoadNetwork, piece: Ints) -> Ints:
    hardness = classes.hardness[network.parent[piece]]
    worth = np.where(hardness == HARDENED, 0, np.where(hardness == NOT_HARDENED, 1, 2))
    return worth * (int(network.rank.max()) + 1) + network.rank[piece]


def _carried_ends(network: RoadNetwork, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    leg = np.flatnonzero(network.leg)
    own = network.parent[leg]
    to_xy = network.node_xy[network.v[leg]]
    return findings_of(
        "roads",
        "roads.end_carried",
        "repaired",
        n=len(leg),
        rows=roads["row"].iloc[own],
        ids=roads["id"].iloc[own],
        field="geometry",
        xs=to_xy[:, 0],
        ys=to_xy[:, 1],
        each=[{"gap": f"{gap:.2f}"} for gap in network.length[leg]],
    )


def _crossings(access: RoadAccess, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Crossings at grade where neither line has a vertex: a junction is missing in the file."""
    lines, touches = access.joins.lines, access.joins.touches
    bare = ~_at_vertex(lines, touches.part_a, touches.measure_a) & ~_at_vertex(lines, touches.part_b, touches.measure_b)
    return _pairs(lines, roads, touches.where(bare), "roads.crossing_joined", "repaired")


def _levels(access: RoadAccess, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Roads over or under others: kept apart, and told, for the attribute alone says so."""
    return _pairs(access.joins.lines, roads, access.joins.apart, "roads.level_apart", "noted")


def _pairs(lines: LineArrays, roads: gpd.GeoDataFrame, touches: Touches, code: str, action: Action) -> pd.DataFrame:
    one, other = lines.parent[touches.part_a], lines.parent[touches.part_b]
    xy = lines.place(touches.part_a, touches.measure_a) if len(one) else np.zeros((0, 2))
    ids = roads["id"].to_numpy(dtype=object)
    swap = lines.rank[touches.part_a] > lines.rank[touches.part_b]
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    table = pd.DataFrame({"one": one, "other": other, "x": xy[:, 0].round(2), "y": xy[:, 1].round(2)})
    table = table.drop_duplicates()
    table = table.iloc[
        np.lexsort((table["y"], table["x"], ids[table["other"]].astype(str), ids[table["one"]].astype(str)))
    ]
    return findings_of(
        "roads",
        code,
        action,
        n=len(table),
        rows=roads["row"].iloc[table["one"]],
        ids=roads["id"].iloc[table["one"]],
        field="geometry",
        xs=table["x"],
        ys=table["y"],
        each=[{"other": ids[row]} for row in table["other"]],
    )


def _at_vertex(lines: LineArrays, part: Ints, measure: Floats) -> Bools:
    base = lines.base
    axis = lines.measure + np.repeat(base, np.diff(lines.first))
    at = base[part] + measure
    before = np.clip(np.searchsorted(axis, at), 1, len(axis) - 1) if len(axis) > 1 else np.zeros(len(at), dtype=int)
    if len(axis) < 2:
        return np.zeros(len(at), dtype=bool)
    return (np.abs(axis[before] - at) <= 2 * TOUCH_M) | (np.abs(axis[before - 1] - at) <= 2 * TOUCH_M)


def _overlap_findings(
    network: RoadNetwork, roads: gpd.GeoDataFrame, classes: RoadClasses, overlaps: Overlaps
) -> pd.DataFrame:
    """One finding a pair of roads that overlap, with the metres; another code where their surfaces differ."""
    table = pd.DataFrame(
        {
            "lost": network.parent[overlaps.piece],
            "kept": network.parent[overlaps.kept],
            "m": network.length[overlaps.piece],
            "x": network.xy[network.low[overlaps.piece]][:, 0],
            "y": network.xy[network.low[overlaps.piece]][:, 1],
        }
    )
    table = table.groupby(["lost", "kept"], as_index=False).agg({"m": "sum", "x": "first", "y": "first"})
    ids, surface = roads["id"].to_numpy(dtype=object), roads["surface"].to_numpy(dtype=object)
    road_class = roads["road_class"].to_numpy(dtype=object)
    lost, kept = table["lost"].to_numpy(), table["kept"].to_numpy()
    same = (surface[lost] == surface[kept]) & (classes.hardness[lost] == classes.hardness[kept])
    tables = []
    for mask, code in ((same, "roads.overlap"), (~same, "roads.overlap_conflict")):
        rows = table[mask]
        tables.append(
            findings_of(
                "roads",
                code,
                "repaired",
                n=len(rows),
                rows=roads["row"].iloc[rows["lost"]],
                ids=roads["id"].iloc[rows["lost"]],
                field="geometry",
                xs=rows["x"],
                ys=rows["y"],
                each=[
                    {
                        "other": ids[k],
                        "m": f"{m:.1f}",
                        "own": surface[i] or road_class[i] or "?",
                        "best": surface[k] or road_class[k] or "?",
                    }
                    for i, k, m in zip(rows["lost"], rows["kept"], rows["m"], strict=True)
                ],
            )
        )
    return joined(tables)


def anchor_findings(access: RoadAccess, roads: gpd.GeoDataFrame, centres: gpd.GeoDataFrame) -> pd.DataFrame:
    """Anchor roads and centres outside the largest component, and centres with no road near."""
    network, anchored = access.network, access.anchored
    main = largest_component(network, anchored.connects)
    tables = []
    if anchored.rule in ("classes", "both"):
        off = np.unique(network.parent[anchored.piece_anchor & (network.component != main)])
        tables.append(findings_at("roads", roads, off, "roads.anchor_cut_off", "noted", field="geometry"))
    node, stands = anchored.centre_node, anchored.centre
    in_main = np.unique(stands[network.node_component[node] == main])
    every = np.arange(len(centres))
    off_road = np.setdiff1d(every, np.unique(stands))
    cut_off = np.setdiff1d(np.unique(stands), in_main)
    for rows, code in ((off_road, "roads.centre_off_road"), (cut_off, "roads.centre_cut_off")):
        each = [{"name": name} for name in centres["name"].iloc[rows]]
        tables.append(findings_at("centres", centres, rows, code, "noted", field="geometry", each=each))
    return joined(tables)


def legs_over_rivers(access: RoadAccess, villages: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame) -> pd.DataFrame:
    """Hamlets whose straight leg to the road crosses a river: the road may be out of reach."""
    rows, legs = access_legs(access)
    if not len(rivers) or not len(rows):
        return joined([])
    leg, river = shapely.STRtree(rivers.geometry.to_numpy()).query(legs, predicate="intersects")
    hit, first = np.unique(leg, return_index=True)
    at = rows[hit]
    names = rivers["name"].to_numpy(dtype=object)[river[first]]
    each = [
        {"name": name, "river": river_name or "?", "m": f"{access.ways.access_m[row]:.0f}"}
        for name, river_name, row in zip(villages["name"].iloc[at], names, at, strict=True)
    ]
    return findings_at("villages", villages, at, "roads.leg_crosses_river", "noted", field="geometry", each=each)


def access_legs(access: RoadAccess) -> tuple[Ints, NDArray[np.object_]]:
    """Straight legs from hamlets to the start of their way: (hamlets, LineStrings)."""
    rows, foot = start_points(access.anchored, access.ways)
    return rows, shapely.linestrings(np.stack([access.xy[rows], foot], axis=1)) if len(rows) else np.zeros(
        0, dtype=object
    )


def may_connect_outside(access: RoadAccess, edge: shapely.Geometry, *, within_m: float) -> Bools:
    """Hamlets whose island of roads comes within `within_m` of the edge of the data: it may connect outside."""
    network, course = access.network, access.ways.course
    outside = np.zeros(len(access.status), dtype=bool)
    gaps = course.gaps
    if not len(gaps.component):
        return outside
    pieces = np.flatnonzero(np.isin(network.component, gaps.component))
    near = shapely.dwithin(network.geometry(pieces), edge, within_m)
    touching = np.unique(network.component[pieces[near]])
    outside[course.island_rows] = np.isin(gaps.component[course.island_gap], touching)
    return outside
