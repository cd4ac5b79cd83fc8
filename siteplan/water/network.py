"""From the water layers to one checked network: joined, measured, with every doubt told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from siteplan.errors import LayerError
from siteplan.layers.findings import joined
from siteplan.network.conduits import Conduits, join_conduits
from siteplan.network.graph import RoadNetwork
from siteplan.network.lines import LineArrays
from siteplan.network.ragged import Bools, Floats
from siteplan.water.assembly import Graph, Tables, tables_of
from siteplan.water.checks import content_findings
from siteplan.water.devices import Inserted, insert_devices
from siteplan.water.elevations import HeightsAt
from siteplan.water.lines import by_id, crossing_findings, joint_findings, usable_shapes, without_loops
from siteplan.water.model import WaterNetwork
from siteplan.water.notes import Notes
from siteplan.water.pipes import pipe_values
from siteplan.water.placing import Beside, Placed, place_hamlets, place_points
from siteplan.water.points import point_values

_RUNS = {"open": 0, "broken": 1, "closed": 2, "planned": 3}
"""Hamlets draw from pipes that run before those that do not."""
_CHOOSE = {"source": 0, "tank": 1, "tap": 2, "pump": 3, "valve": 4}
"""Of two points on one node the first has it."""
_NODES = ("source", "tank", "tap")
_DEVICES = ("pump", "valve")


def build_water_network(
    water_lines: gpd.GeoDataFrame,
    water_points: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    *,
    snap_m: float = 5.0,
    suspect_m: float = 30.0,
    near_m: float = 100.0,
    heights: HeightsAt | None = None,
    spacing_m: float = 30.0,
) -> WaterNetwork:
    """Join pipes and points into one network and check what it says. Inputs are not changed.

    Ends of lines within `snap_m` are one joint, an end beside another line is a branch of it; lines that cross without
    a common vertex are not joined (a pipe may lie over another), but told. Points stand on the nearest joint or cut the
    nearest pipe; pumps and valves that are points stand between the two pipes that meet there. The order of rows
    decides nothing, ids do. What is not known stays unknown, and the rest goes on.

    Parameters
    ----------
    water_lines, water_points, villages
        Layers with the columns of their contracts (`id` at least), in one projected CRS in metres. Columns that are not
        there are not known.
    snap_m
        How far an end or a point may be from what it is joined to, m.
    suspect_m
        How far free ends look for a line that they may have been meant to reach, m; told, not joined.
    near_m
        How far a hamlet may be from the pipe it draws from, m.
    heights
        The ground: points (n, 2) of the run's CRS -> metres (n,), NaN not known; for instance a
        `layers.terrain.sampling.Surface`.
    spacing_m
        How closely pipes follow the ground of `heights`, m: its `spacing_m`.

    Returns
    -------
    The network (see `WaterNetwork`). `nodes` has besides: detail (spring, stream, well, reservoir, town_main, source,
    tank, tap, ""), row (of `water_points`, NA for pipes' own nodes); `head_m` of a tank is its `head_m` as written.
    Points on no pipe are nodes of their own. `links` has besides: row (of `water_lines`; of `water_points` for pumps
    and valves that are points, whose `line_id` is ""), material, inner_from, roughness_from (see
    `pipes.pipe_values`), surveyed_m (the line's surveyed length, by share). Pumps and valves that are points have no
    length. The sum of `plan_m` and of the metres in findings of action "dropped" is the length of `water_lines`.

    Raises
    ------
    LayerError
        A layer is not in metres, or in another CRS than the others.
    ValueError
        If not 0 < `snap_m` <= `suspect_m`, or `near_m` is below 0.
    """
    if not near_m >= 0.0:
        raise ValueError(f"near_m is {near_m}; expected metres, 0 or more")
    crs = _common_crs({"water_lines": water_lines, "water_points": water_points, "villages": villages})
    lines, points = by_id(water_lines), by_id(water_points)
    hamlets = by_id(villages.assign(_at=np.arange(len(villages))))
    on_lines, on_points = Notes("water_lines", lines), Notes("water_points", points)
    values = pipe_values(lines, on_lines)
    shapes, twins = usable_shapes(lines, values, on_lines)
    kind = values["kind"].to_numpy(object)
    arrays = LineArrays.from_geometry(shapes, separated=np.asarray(kind == "pump", dtype=bool))
    joints = join_conduits(arrays, snap_m=snap_m, suspect_m=suspect_m, crs=crs)
    joint_findings(lines, arrays, joints.carried, joints.near, on_lines)
    crossing_findings(lines, arrays, joints.crossings, joints.alongside, twins, on_lines)
    what = point_values(points, on_points)
    placed, rows = _place(joints, points, what, kind, on_points, snap_m)
    beside = _beside(joints.joins.tree, hamlets, values, placed, what, rows, near_m=near_m, snap_m=snap_m)
    graph = _graph(beside.network, placed, rows, points, what, on_points)
    tables = tables_of(
        graph, lines, values, points, what, heights=heights, spacing_m=spacing_m, crs=crs, line_notes=on_lines,
        point_notes=on_points,
    )  # fmt: skip
    connections = _connections(tables, graph, beside, hamlets, villages)
    general = content_findings(
        tables, connections, lines, points, on_lines, on_points, heights_given=heights is not None
    )
    found = joined([*on_lines.tables, *on_points.tables, *general])
    return WaterNetwork(tables.nodes, tables.links, connections, found)


def _common_crs(layers: dict[str, gpd.GeoDataFrame]) -> pyproj.CRS:
    expected = "expected one projected CRS in metres for all layers; reproject it first (siteplan's reader does)"
    first: pyproj.CRS | None = None
    for name, table in layers.items():
        if table.crs is None:
            raise LayerError(f"{name}: no CRS is known; {expected}")
        own = pyproj.CRS.from_user_input(table.crs)
        mercator = "Pseudo" in (own.coordinate_operation.method_name if own.coordinate_operation else "")
        if not own.is_projected or mercator or any(axis.unit_name not in ("metre", "meter") for axis in own.axis_info):
            raise LayerError(f"{name}: {own.name} is not in metres that are true on the ground; {expected}")
        if first is not None and own != first:
            raise LayerError(f"{name}: is in {own.name}, other layers are in {first.name}; {expected}")
        first = own
    assert first is not None
    return first


def _xy(table: gpd.GeoDataFrame) -> Floats:
    shapes = table.geometry.to_numpy()
    point = shapely.get_type_id(shapes) == 0
    xy = np.full((len(table), 2), np.nan)
    xy[point] = np.column_stack([shapely.get_x(shapes[point]), shapely.get_y(shapes[point])])
    return xy


def _is(what: pd.DataFrame, kinds: tuple[str, ...]) -> Bools:
    return np.isin(what["kind"].to_numpy(dtype=str), kinds)


def _place(
    joints: Conduits, points: gpd.GeoDataFrame, what: pd.DataFrame, kind: np.ndarray, notes: Notes, snap_m: float
) -> tuple[Placed, np.ndarray]:
    """Points of use on the network (rows of `points`, and where each is)."""
    network = without_loops(joints.network)
    xy = _xy(points)
    used = _is(what, _NODES + _DEVICES)
    nowhere = used & ~np.isfinite(xy).all(axis=1)
    notes.each("water.point_without_place", "dropped", nowhere, field="geometry")
    rows = np.flatnonzero(used & ~nowhere)
    chooses = what["kind"].map(_CHOOSE).fillna(0).to_numpy(dtype=np.int64)[rows]
    worth = np.empty(len(rows), dtype=np.int64)
    worth[np.lexsort((rows, chooses))] = np.arange(len(rows))
    placed = place_points(
        network, joints.joins.tree, xy[rows], reach_m=snap_m, worth=worth, alone=_is(what, _NODES)[rows],
        cut=np.asarray(kind[network.parent] == "pipe", dtype=bool),
    )  # fmt: skip
    ids = points["id"].to_numpy(object)
    off, taken = placed.node < 0, placed.taken_by >= 0
    node = _is(what, _NODES)[rows]
    snap = f"{snap_m:g}"
    notes.each("water.point_off_network", "noted", rows[off & ~taken & node], field="geometry", snap=snap)
    notes.each("water.device_off_network", "dropped", rows[off & ~node], field="geometry", snap=snap)
    other = ids[rows[placed.taken_by[off & taken]]]
    notes.each("water.node_taken", "noted", rows[off & taken], field="geometry", other=other)
    return placed, rows


def _beside(
    tree: shapely.STRtree, hamlets: gpd.GeoDataFrame, values: pd.DataFrame, placed: Placed, what: pd.DataFrame,
    rows: np.ndarray, *, near_m: float, snap_m: float,
) -> Beside:  # fmt: skip
    """Hamlets on the network; nothing is drawn from a source or a tank itself."""
    network = placed.network
    shut = np.zeros(network.n_nodes, dtype=bool)
    fixed = _is(what, ("source", "tank"))[rows] & (placed.node >= 0)
    shut[placed.node[fixed]] = True
    runs = np.array([_RUNS[state] for state in values["state"]], dtype=np.int64)
    pipe = (values["kind"] == "pipe").to_numpy(dtype=bool)
    return place_hamlets(
        network, tree, _xy(hamlets), near_m=near_m, snap_m=snap_m, order_of=runs[network.parent],
        usable=pipe[network.parent], shut=shut,
    )  # fmt: skip


def _graph(
    network: RoadNetwork, placed: Placed, rows: np.ndarray, points: gpd.GeoDataFrame, what: pd.DataFrame, notes: Notes
) -> Graph:
    """Nodes and pieces, with devices put in and points on no pipe as nodes of their own."""
    node_kind, device_kind = _is(what, _NODES)[rows], _is(what, _DEVICES)[rows]
    standing = node_kind & (placed.node >= 0)
    ends_here = np.zeros(network.n_nodes, dtype=bool)
    ends_here[placed.node[standing]] = True
    devices = np.flatnonzero(device_kind & (placed.node >= 0))
    done: Inserted = insert_devices(network.node_xy, network.u, network.v, placed.node[devices], ends_here)
    notes.each("water.device_at_end", "dropped", rows[devices[done.at_end]], field="geometry")
    notes.each("water.device_at_branch", "dropped", rows[devices[done.at_branch]], field="geometry")
    alone = np.flatnonzero(node_kind & (placed.node < 0))
    point = np.full(len(done.node_xy) + len(alone), -1)
    point[placed.node[standing]] = rows[standing]
    point[len(done.node_xy) :] = rows[alone]
    return Graph(
        network=network, node_xy=np.concatenate([done.node_xy, _xy(points)[rows[alone]]]), point=point, u=done.u,
        v=done.v, device=rows[devices[done.device]], start=done.start, end=done.end,
    )  # fmt: skip


def _connections(
    tables: Tables, graph: Graph, beside: Beside, hamlets: gpd.GeoDataFrame, villages: gpd.GeoDataFrame
) -> pd.DataFrame:
    """One row a hamlet, in the order of `villages`."""
    pipes = tables.links.iloc[: len(tables.piece)]
    ends = pd.DataFrame(
        {
            "link": np.tile(np.arange(len(pipes)), 2),
            "node": np.concatenate([pipes["start"], pipes["end"]]),
            "part": np.tile(tables.part, 2),
        }
    )
    node = np.full(len(beside.node), -1)
    node[beside.node >= 0] = tables.number[beside.node[beside.node >= 0]]
    own = pd.DataFrame({"node": node, "part": beside.part})
    of_line = ends.groupby(["node", "part"])["link"].min().reindex(pd.MultiIndex.from_frame(own)).to_numpy()
    # Behind a pump or valve on the hamlet's node another pipe may be left on it.
    of_any = ends.groupby("node")["link"].min().reindex(node).to_numpy()
    link = np.nan_to_num(np.where(np.isnan(of_line), of_any, of_line), nan=-1.0).astype(np.int64)
    found = pd.DataFrame({"node": node, "link": link, "away_m": beside.away_m}, index=hamlets["_at"])
    return found.sort_index().set_axis(villages.index)
