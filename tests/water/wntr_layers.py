"""Water networks for tests: drawn by hand, and turned from WNTR's own models into ours as they stand at t = 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.layers.findings import no_findings
from siteplan.network.graph import components
from siteplan.water.model import Demands, WaterNetwork

CRS = "EPSG:32647"
NAN = float("nan")

_NODE = {
    "kind": "junction", "name": "", "z_m": 100.0, "z_from": "surveyed", "head_m": NAN, "yield_m3_per_day": NAN,
    "floor_m": NAN, "max_level_m": NAN, "volume_m3": NAN, "quality": "yes", "works": True, "flow_l_per_min": NAN,
    "hours": NAN, "x": NAN, "y": 0.0,
}  # fmt: skip
_LINK = {
    "kind": "pipe", "name": "", "length_m": 100.0, "dn_mm": 63.0, "inner_mm": 53.6, "roughness_c": 140.0, "pn_m": 100.0,
    "state": "open", "pump_head_m": NAN, "pump_flow_lps": NAN, "pump_power_kw": NAN,
}  # fmt: skip


_DEMAND = {
    "people": NAN, "livestock": 0.0, "litres_per_person_day": 100.0, "peak_lps": 0.0, "service_head_m": 10.0,
    "storeys": 1, "connection": "house",
}  # fmt: skip


def drawn(
    nodes: Mapping[str, Mapping[str, Any]],
    links: Sequence[tuple[str, str] | tuple[str, str, Mapping[str, Any]]],
    hamlets: Sequence[str] = (),
) -> WaterNetwork:
    """A network from nodes (id -> what differs from a junction at 100 m; the letter says the kind), links between
    them (what differs from 100 m of open 63 mm pipe) and the nodes hamlets hang on ("" for none)."""
    kinds = {"S": "source", "T": "tank", "P": "tap"}
    rows = [
        {**_NODE, "node": node, "kind": kinds.get(node[0], "junction"), "x": 100.0 * place, **given}
        for place, (node, given) in enumerate(nodes.items())
    ]
    table = pd.DataFrame(rows, columns=["node", *_NODE])
    at = {node: row for row, node in enumerate(nodes)}
    link_rows = [
        {**_LINK, "link": f"L{number}", "start": at[link[0]], "end": at[link[1]], **(link[2] if len(link) > 2 else {})}
        for number, link in enumerate(links, start=1)
    ]
    link_table = pd.DataFrame(link_rows, columns=["link", "start", "end", *_LINK])
    rows_of = [at.get(node, -1) for node in hamlets]
    connections = pd.DataFrame({"node": rows_of, "link": -1, "away_m": 0.0}, index=range(len(rows_of))).astype(
        {"node": "int64", "link": "int64"}
    )
    return network_of(table, link_table, connections)


def network_of(nodes: pd.DataFrame, links: pd.DataFrame, connections: pd.DataFrame) -> WaterNetwork:
    """The tables with points, straight lines, the row numbers of layers and the numbers of parts."""
    xy = nodes[["x", "y"]].to_numpy(np.float64)
    start, end = links["start"].to_numpy(np.int64), links["end"].to_numpy(np.int64)
    part = components(len(nodes), start, end)
    points = gpd.GeoDataFrame(
        nodes.drop(columns=["x", "y"]).assign(
            component=part,
            point_id=[f"p-{node}" if kind != "junction" else "" for node, kind in zip(nodes["node"], nodes["kind"])],
        ),
        geometry=shapely.points(xy),
        crs=CRS,
    )
    lines = gpd.GeoDataFrame(
        links.assign(line_id=[f"l-{link}" for link in links["link"]], plan_m=links["length_m"], component=part[start]),
        geometry=shapely.linestrings(np.stack([xy[start], xy[end]], axis=1)) if len(links) else [],
        crs=CRS,
    )
    return WaterNetwork(points, lines, connections, no_findings())


def wants(rows: Sequence[Mapping[str, Any]]) -> Demands:
    """Demands, a row a hamlet: people and livestock of 100 L each a day where `people`, `livestock` are given."""
    table = pd.DataFrame([{**_DEMAND, **row} for row in rows], columns=[*_DEMAND])
    for kind in ("people", "livestock"):
        table[f"{kind}_m3_per_day"] = table[kind].astype(float) / 10
    return Demands(table, pd.DataFrame())


@dataclass(frozen=True)
class AtStart:
    """A WNTR model as it stands at t = 0: our network, its nodes' demand (L/s), curves and levels by row, row by id."""

    network: WaterNetwork
    node_lps: np.ndarray
    pump_curves: dict[int, tuple[tuple[float, float], ...]]
    tank_levels_m: dict[int, float]
    node: dict[str, int]
    link: dict[str, int]


def library(name: str) -> Path:
    """A network file that ships with WNTR."""
    import wntr

    folder = Path(wntr.__file__).parent
    return next(
        file
        for file in (folder / "library" / "networks" / name, folder / "tests" / "networks_for_testing" / name)
        if file.exists()
    )


def at_start(file: Path) -> AtStart:
    """Read an .inp file with WNTR and turn it into our tables; names keep the ids of the file."""
    import wntr

    model = wntr.network.WaterNetworkModel(str(file))
    closed = _closed(model)
    nodes, node_lps, levels = [], [], {}
    row_of = {name: row for row, name in enumerate(model.node_name_list)}
    for name, node in model.nodes():
        row = row_of[name]
        x, y = node.coordinates
        own = {**_NODE, "name": name, "x": x, "y": y}
        if node.node_type == "Junction":
            own |= {"node": f"J{row}", "z_m": node.elevation}
            lps = 1000 * node.demand_timeseries_list.at(0, multiplier=model.options.hydraulic.demand_multiplier)
        elif node.node_type == "Reservoir":
            own |= {"node": f"S{row}", "kind": "source", "head_m": node.head_timeseries.at(0), "z_m": node.base_head}
            lps = 0.0
        else:
            volume = np.pi / 4 * node.diameter**2 * node.max_level
            own |= {"node": f"T{row}", "kind": "tank", "z_m": node.elevation, "floor_m": node.elevation}
            own |= {"max_level_m": node.elevation + node.max_level, "volume_m3": volume}
            levels[row], lps = node.init_level, 0.0
        nodes.append(own)
        node_lps.append(lps)
    links, curves = [], {}
    for row, (name, link) in enumerate(model.links()):
        own = {**_LINK, "link": f"L{row}", "name": name, "state": "closed" if name in closed else "open"}
        own |= {"start": row_of[link.start_node_name], "end": row_of[link.end_node_name]}
        if link.link_type == "Pipe":
            own |= {"length_m": link.length, "inner_mm": 1000 * link.diameter, "dn_mm": 1000 * link.diameter}
            own |= {"roughness_c": link.roughness}
        else:
            assert link.link_type == "Pump"
            own |= {"kind": "pump", "length_m": NAN, "dn_mm": NAN, "inner_mm": NAN, "roughness_c": NAN}
            if link.pump_type == "POWER":
                own |= {"pump_power_kw": link.power / 1000}
            else:
                points = tuple((1000 * flow, head) for flow, head in link.get_pump_curve().points)
                if len(points) == 1:
                    own |= dict(zip(("pump_flow_lps", "pump_head_m"), points[0], strict=True))
                else:
                    curves[row] = points
        links.append(own)
    none = pd.DataFrame({"node": [], "link": [], "away_m": []}).astype({"node": "int64", "link": "int64"})
    network = network_of(
        pd.DataFrame(nodes, columns=["node", *_NODE]),
        pd.DataFrame(links, columns=["link", "start", "end", *_LINK]),
        none,
    )
    names = {name: row for row, name in enumerate(model.link_name_list)}
    return AtStart(network, np.array(node_lps), curves, levels, row_of, names)


def _closed(model: Any) -> set[str]:
    """Links closed at t = 0: as the file says, and as its controls on tank levels then change it."""
    import wntr

    shut = {name for name, link in model.links() if link.initial_status == wntr.network.LinkStatus.Closed}
    for _, control in model.controls():
        if isinstance(control.condition, wntr.network.controls.ValueCondition) and control.condition.evaluate():
            for action in control.actions():
                (shut.discard if action._value == wntr.network.LinkStatus.Open else shut.add)(action.target()[0].name)
    return shut
