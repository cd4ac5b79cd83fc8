"""Results as tables a planner reads: hamlets with their verdict and reason, roads, ways, breaks, gaps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.language import Texts
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.roads import verdict
from siteplan.roads.access import RoadAccess
from siteplan.roads.checks import Overlaps
from siteplan.roads.courses import shared_works, stretch_lines, way_lines
from siteplan.roads.gaps import SuspectedGaps
from siteplan.roads.hardness import RoadClasses

VERDICT_COLUMNS = (
    "road_status", "road_status_computed", "verified_status", "reason", "access_dist_m", "road_id", "to_harden_m",
    "unknown_m", "to_build_m", "way_m", "inferred_m", "anchor", "anchor_km", "anchor_min", "break_x", "break_y",
    "in_scope", "may_connect_outside",
)  # fmt: skip
"""What `villages` gains, in order; see the README for each column."""


def village_table(
    access: RoadAccess,
    villages: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    anchors: gpd.GeoDataFrame,
    *,
    status: Ints,
    in_scope: pd.Series,
    outside: Bools,
    texts: Texts,
) -> gpd.GeoDataFrame:
    """The hamlets with their verdict: the layer's columns, then `VERDICT_COLUMNS`; metres to the centimetre.

    `status` is the verdict that counts; the computed one stands beside it.
    """
    ways = access.ways
    built = np.nan_to_num(ways.to_build_m)
    minutes = ways.minutes + np.where(np.isnan(ways.way_m), np.nan, 0.0)
    road_ids = roads["id"].to_numpy(dtype=object)
    road = np.full(len(villages), "", dtype=object)
    has = ways.piece >= 0
    road[has] = road_ids[access.network.parent[ways.piece[has]]]
    anchor = anchor_names(access, roads, anchors, texts)
    table = villages.copy()
    computed = verdict.names_of(access.status)
    columns = {
        "road_status": verdict.names_of(status),
        "road_status_computed": computed,
        "verified_status": villages["verified_status"].to_numpy(dtype=object),
        "access_dist_m": ways.access_m.round(2),
        "road_id": road,
        "to_harden_m": ways.to_harden_m.round(2),
        "unknown_m": ways.unknown_m.round(2),
        "to_build_m": ways.to_build_m.round(2),
        "way_m": ways.way_m.round(2),
        "inferred_m": ways.inferred_m.round(2),
        "anchor": anchor,
        "anchor_km": ((ways.way_m + built) / 1000.0).round(3),
        "anchor_min": minutes.round(1),
        "break_x": ways.break_xy[:, 0].round(2),
        "break_y": ways.break_xy[:, 1].round(2),
        "in_scope": in_scope.to_numpy(dtype=object),
        "may_connect_outside": outside,
    }
    columns["reason"] = _reasons(access, villages, columns, outside, texts)
    for name in VERDICT_COLUMNS:
        table[name] = columns[name]
    return table


def reworded_villages(
    access: RoadAccess, table: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, anchors: gpd.GeoDataFrame, texts: Texts
) -> gpd.GeoDataFrame:
    """A village table with its words (anchor, reason) in another language; figures and rows stay."""
    columns = {name: table[name].to_numpy() for name in VERDICT_COLUMNS}
    columns["anchor"] = anchor_names(access, roads, anchors, texts)
    reasons = _reasons(access, table, columns, columns["may_connect_outside"], texts)
    return table.assign(anchor=columns["anchor"], reason=reasons)


def anchor_names(
    access: RoadAccess, roads: gpd.GeoDataFrame, anchors: gpd.GeoDataFrame, texts: Texts
) -> NDArray[np.object_]:
    """The name of the anchor each way ends at: a centre's, else the anchor road's, else the main network; ""."""
    ways, anchored, network = access.ways, access.anchored, access.network
    node, piece = ways.anchor_node, ways.anchor_piece
    if not network.n_nodes:
        return np.full(len(node), "", dtype=object)
    centre = np.where(node >= 0, anchored.node_centre[np.maximum(node, 0)], -1)
    # A node that is an anchor without a centre lies on an anchor road: the lowest by id.
    order = np.flatnonzero(anchored.piece_anchor)
    lowest = np.full(network.n_nodes, np.iinfo(np.int64).max)
    for side in (network.u, network.v):
        np.minimum.at(lowest, side[order], network.rank[order])
    # Rank to road, known for every road that has a piece.
    by_rank = np.zeros(max(int(network.rank.max(initial=0)) + 1, len(roads)), dtype=np.int64)
    by_rank[network.rank] = network.parent
    on_node = np.where(node >= 0, lowest[np.maximum(node, 0)], np.iinfo(np.int64).max)
    road = np.where(on_node < len(by_rank), by_rank[np.minimum(on_node, len(by_rank) - 1)], -1)
    road[piece >= 0] = network.parent[piece[piece >= 0]]
    names = _names_of(roads, texts)
    if anchored.rule == "largest component":
        named = np.full(len(node), texts("roads.anchor.main"), dtype=object)
    else:
        named = np.where(road >= 0, names[np.maximum(road, 0)], "")
    if len(anchors):
        centre_names = _names_of(anchors, texts)
        named = np.where(centre >= 0, centre_names[np.maximum(centre, 0)], named)
    return np.where((node >= 0) | (piece >= 0), named, "")


def _names_of(table: gpd.GeoDataFrame, texts: Texts) -> NDArray[np.object_]:
    """The name of each row, (n,): in English `name_en` where there is one, else `name`, else the id."""
    names = table["name"].where(table["name"] != "", table["id"])
    if texts.language == "en" and "name_en" in table.columns:
        names = names.where(table["name_en"] == "", table["name_en"])
    return names.to_numpy(dtype=object)


def _reasons(
    access: RoadAccess,
    villages: gpd.GeoDataFrame,
    columns: dict[str, NDArray],
    outside: Bools,
    texts: Texts,
) -> list[str]:
    ways = access.ways
    names = villages["name"].to_numpy(dtype=object)
    seasonal = _only_seasonal(access)
    unknown_road = access.surfaces.unknown[access.network.parent]
    reasons = []
    rows = zip(
        columns["road_status_computed"], columns["anchor"], columns["anchor_km"], columns["to_harden_m"],
        columns["unknown_m"], columns["to_build_m"], access.via, ways.anchor_piece, outside, seasonal,
        columns["verified_status"], _on_inferred(access, texts), strict=True,
    )  # fmt: skip
    for status, anchor, km, harden, unknown, build, via, on_road, may_outside, is_seasonal, verified, leaning in rows:
        key = status
        if status == "hardened" and via >= 0:
            key = "neighbour"
        elif status == "unhardened" and on_road >= 0 and harden == 0:
            key = "unknown_anchor" if unknown_road[on_road] else "bare_anchor"
        elif is_seasonal and build == 0:
            key = "only_seasonal"
        elif status in ("hardened_island", "road_island", "no_road") and np.isnan(build):
            key = f"{status}_nowhere"
        elif status == "hardened" and km == 0:
            key = "at_anchor"
        text = texts(
            f"roads.reason.{key}",
            anchor=anchor,
            km=f"{km:.1f}",
            harden=f"{harden:.0f}",
            build=f"{build:.0f}",
            access=f"{access.options.access_m:g}",
            neighbour=names[via] if via >= 0 else "",
        )
        if unknown > 0:
            text += texts("roads.reason.and_unknown", unknown=f"{unknown:.0f}")
        text += leaning
        if is_seasonal and key != "only_seasonal":
            text += texts("roads.reason.and_seasonal")
        if may_outside:
            text += texts("roads.reason.and_outside")
        if verified and verified != status:
            text = texts("roads.reason.verified", status=texts.get(f"roads.status.{verified}", verified), computed=text)
        reasons.append(text)
    return reasons


def anchor_inferred(access: RoadAccess) -> Bools:
    """Hamlets whose way ends at an anchor road that is hardened by an inferred surface only, (n,)."""
    ways, network, inferred = access.ways, access.network, access.surfaces.inferred
    if inferred is None or not network.n_pieces:
        return np.zeros(len(ways.anchor_piece), dtype=bool)
    guessed = inferred[network.parent]
    on_piece = (ways.anchor_piece >= 0) & guessed[np.maximum(ways.anchor_piece, 0)]
    # At a node several anchor roads may meet: one with a written surface is enough.
    hard_anchor = access.anchored.piece_anchor & access.anchored.hard
    reached = {}
    for name, pieces in (("written", hard_anchor & ~guessed), ("guessed", hard_anchor & guessed)):
        reached[name] = np.zeros(network.n_nodes, dtype=bool)
        reached[name][network.u[pieces]] = True
        reached[name][network.v[pieces]] = True
    only_guessed = reached["guessed"] & ~reached["written"] & (access.anchored.node_centre < 0)
    return on_piece | ((ways.anchor_node >= 0) & only_guessed[np.maximum(ways.anchor_node, 0)])


def _on_inferred(access: RoadAccess, texts: Texts) -> list[str]:
    """What each hamlet's reason says of inferred surfaces on its way; "" where it does not lean on any."""
    told = []
    for inferred_m, end in zip(access.ways.inferred_m, anchor_inferred(access), strict=True):
        text = texts("roads.reason.and_inferred", inferred=f"{inferred_m:.0f}") if inferred_m > 0 else ""
        told.append(text + (texts("roads.reason.and_inferred_anchor") if end else ""))
    return told


def _only_seasonal(access: RoadAccess) -> Bools:
    """Hamlets with a near road that is closed or seasonal, and that reach no anchor."""
    found = np.zeros(len(access.status), dtype=bool)
    close = access.near.within(access.options.access_m)
    found[close.point[~access.anchored.connects[close.piece]]] = True
    return found & np.isin(access.status, (verdict.HARDENED_ISLAND, verdict.ROAD_ISLAND))


def road_table(
    access: RoadAccess, roads: gpd.GeoDataFrame, classes: RoadClasses, overlaps: Overlaps
) -> gpd.GeoDataFrame:
    """The roads as noded pieces, one row each, in order of road and measure; planned roads as they are.

    Columns: road_id, name, surface (as written), road_class, surface_from (tagged, inferred, unknown), hardness
    (hardened, not_hardened, unknown), state (hardened, not_hardened, unknown: pieces that reach an anchor; cut_off:
    that do not; closed: not open all year; planned), from_m, to_m (measures on the road's part), length_m, carried_end,
    overlapped.
    """
    network = access.network
    parent = network.parent
    words = np.array(["unknown", "not_hardened", "hardened"], dtype=object)
    hardness = words[classes.hardness[parent] + 1]
    state = np.where(access.anchored.reaches, hardness, "cut_off")
    state = np.where(access.anchored.connects, state, "closed")
    overlapped = np.zeros(network.n_pieces, dtype=bool)
    overlapped[overlaps.piece] = True
    order = np.lexsort((network.start_m, network.leg, network.part, network.rank))
    table = _roads_as(
        roads,
        parent[order],
        surface_from=classes.surface_from[parent[order]],
        hardness=hardness[order],
        state=state[order],
        from_m=network.start_m[order].round(2),
        to_m=network.end_m[order].round(2),
        length_m=network.length[order].round(2),
        carried_end=network.leg[order],
        overlapped=overlapped[order],
        geometry=network.geometry(order),
    )
    planned = np.flatnonzero(~classes.exists)
    if len(planned):
        length = roads.geometry.iloc[planned].length.to_numpy()
        zero = np.zeros(len(planned))
        extra = _roads_as(
            roads,
            planned,
            surface_from=classes.surface_from[planned],
            hardness=words[classes.hardness[planned] + 1],
            state=np.full(len(planned), "planned", dtype=object),
            from_m=zero,
            to_m=length.round(2),
            length_m=length.round(2),
            carried_end=zero.astype(bool),
            overlapped=zero.astype(bool),
            geometry=roads.geometry.to_numpy()[planned],
        )
        table = pd.concat([table, extra], ignore_index=True)
    return table


def _roads_as(
    roads: gpd.GeoDataFrame, parent: Ints, *, geometry: NDArray[np.object_], **columns: NDArray
) -> gpd.GeoDataFrame:
    own = {name: roads[name].to_numpy(dtype=object)[parent] for name in ("id", "name", "surface", "road_class")}
    table = {"road_id": own.pop("id"), **own, **columns}
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs=roads.crs), crs=roads.crs)


def ways_table(access: RoadAccess, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The best ways as lines: id, name, road_status, way_m, to_harden_m, to_build_m, anchor; hamlets that have one."""
    lines = way_lines(access.anchored, access.ways, np.arange(len(table)))
    has = np.array([line is not None for line in lines], dtype=bool)
    columns = ["id", "name", "road_status", "way_m", "to_harden_m", "to_build_m", "anchor"]
    own = pd.DataFrame(table.loc[has, columns]).reset_index(drop=True)
    return gpd.GeoDataFrame(own, geometry=gpd.GeoSeries(lines[has], crs=table.crs), crs=table.crs)


def breaks_table(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """First breaks as points: id, name, road_status, to_harden_m, to_build_m; hamlets whose way has one."""
    has = table["break_x"].notna().to_numpy()
    own = pd.DataFrame(table.loc[has, ["id", "name", "road_status", "to_harden_m", "to_build_m"]]).reset_index(
        drop=True
    )
    points = shapely.points(table.loc[has, ["break_x", "break_y"]].to_numpy())
    return gpd.GeoDataFrame(own, geometry=gpd.GeoSeries(points, crs=table.crs), crs=table.crs)


def gaps_table(
    access: RoadAccess, gaps: SuspectedGaps, roads: gpd.GeoDataFrame, villages: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Suspected gaps as two-point lines: id, road_id, other_id, length_m, joins, hamlets, hamlet_ids, x, y."""
    lines = access.joins.lines
    road_ids, hamlet_ids = roads["id"].to_numpy(dtype=object), villages["id"].to_numpy(dtype=object)
    k = len(gaps.reach.part)
    listed = gaps.changes.groupby("gap")["hamlet"].agg(lambda rows: ", ".join(str(hamlet_ids[row]) for row in rows))
    # Without any such hamlet the grouping gives numbers, into which "" does not fit.
    listed = listed.astype(object)
    joins = np.where(gaps.joins_all, np.where(gaps.joins_hard, "all and hardened", "all"), "hardened")
    shapes = shapely.linestrings(np.stack([gaps.end_xy, gaps.foot_xy], axis=1)) if k else np.zeros(0, dtype=object)
    table = {
        "id": [f"G{number + 1:04d}" for number in range(k)],
        "road_id": road_ids[lines.parent[gaps.reach.part]],
        "other_id": road_ids[lines.parent[gaps.reach.to_part]],
        "length_m": gaps.reach.gap_m.round(2),
        "joins": joins,
        "hamlets": np.bincount(gaps.changes["gap"].to_numpy(dtype=np.int64), minlength=k)[:k],
        "hamlet_ids": listed.reindex(range(k), fill_value="").to_numpy(dtype=object),
        "x": gaps.end_xy[:, 0].round(2),
        "y": gaps.end_xy[:, 1].round(2),
    }
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=roads.crs), crs=roads.crs)


def works_table(access: RoadAccess, roads: gpd.GeoDataFrame, status: Ints) -> gpd.GeoDataFrame:
    """What must be hardened for the hamlets not served, shared stretches once: road_id, name, hardness_m, geometry."""
    rows = np.flatnonzero((status != verdict.HARDENED) & np.isfinite(access.ways.to_harden_m))
    works = shared_works(access.anchored, access.ways, rows, np.zeros(len(rows), dtype=np.int64))
    parent = access.network.parent[works["piece"].to_numpy(dtype=np.int64)]
    length: Floats = (works["to_m"] - works["from_m"]).to_numpy(dtype=float)
    table = {
        "road_id": roads["id"].to_numpy(dtype=object)[parent],
        "name": roads["name"].to_numpy(dtype=object)[parent],
        "surface": roads["surface"].to_numpy(dtype=object)[parent],
        "length_m": length.round(2),
    }
    shapes = stretch_lines(access.network, works)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=roads.crs), crs=roads.crs)
