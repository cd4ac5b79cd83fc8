"""The joined network as the tables of `WaterNetwork`: in an order that ids decide, with ids that any program takes."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.network.graph import RoadNetwork, components
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.water.devices import turned
from siteplan.water.elevations import HeightsAt, Levels, check_lengths, lengths, levels, point_findings, point_heights
from siteplan.water.notes import Notes, numbers, texts, written
from siteplan.water.points import heads_from_ground

_LETTERS = {"source": "S", "tank": "T", "tap": "P", "junction": "J"}
_POINT_COLUMNS = ("yield_m3_per_day", "floor_m", "max_level_m", "volume_m3", "flow_l_per_min", "hours")
_PIPE_COLUMNS = ("dn_mm", "inner_mm", "roughness_c", "pn_m", "pump_head_m", "pump_flow_lps", "pump_power_kw")


@dataclass(frozen=True)
class Graph:
    """Nodes and links before they are ordered.

    network: the pieces and where they come from; node_xy: (n, 2), its nodes, then new ones; point: the row of the water
    point each node is, -1 none; u, v: ends of the pieces; device: rows of water points that are pumps and valves, (d,);
    start, end: their nodes.
    """

    network: RoadNetwork
    node_xy: Floats
    point: Ints
    u: Ints
    v: Ints
    device: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True)
class Tables:
    """The tables, and how they came about.

    nodes, links: as `WaterNetwork`; number: row of `nodes` of each node of the graph; piece: piece of each link that is
    one (the first rows of `links`; devices follow); part: part of the line each of these lies on; turned, unsure:
    links whose pump was turned round, and pumps of which neither side or both have water.
    """

    nodes: gpd.GeoDataFrame
    links: gpd.GeoDataFrame
    number: Ints
    piece: Ints
    part: Ints
    turned: Bools
    unsure: Bools


def tables_of(
    graph: Graph, lines: gpd.GeoDataFrame, values: pd.DataFrame, points: gpd.GeoDataFrame, what: pd.DataFrame, *,
    heights: HeightsAt | None, spacing_m: float, crs: object, line_notes: Notes, point_notes: Notes,
) -> Tables:  # fmt: skip
    """Nodes and links of a graph.

    Parameters
    ----------
    lines, points
        The layers in order of id.
    values, what
        As `pipe_values` and `point_values` gave them, row by row.
    """
    network = graph.network
    piece = np.lexsort((network.start_m, network.part))
    kind, number = _numbered(graph, what, piece)
    back = np.argsort(number)
    point, xy = graph.point[back], graph.node_xy[back]
    at_point = np.full(len(points), -1)
    at_point[point[point >= 0]] = np.flatnonzero(point >= 0)
    detail = what["detail"].to_numpy(object)
    surveyed = point_heights(points, detail)
    ends = _surveyed_ends(network, lines, number[graph.u], number[graph.v])
    level, ground = levels(
        xy, np.where(point >= 0, _of(surveyed, point), np.nan), *ends, heights=heights, line_notes=line_notes
    )
    point_findings(points, at_point, surveyed, ground, point_notes)
    z_at_point = np.where(at_point >= 0, _of(level.z_m, at_point), np.nan)
    head = heads_from_ground(what["head_m"].to_numpy(dtype=float), z_at_point, detail, at_point >= 0, point_notes)
    links, way, flip, unsure = _links(graph, network, lines, values, points, what, piece, number, xy, kind[back])
    shapes = links.pop("geometry").to_numpy(object)
    links["length_m"] = lengths(shapes, links["plan_m"].to_numpy(), heights, spacing_m=spacing_m)
    links["surveyed_m"] = _surveyed(lines, network, links, way, line_notes)
    label = _in_order(components(len(xy), links["start"].to_numpy(), links["end"].to_numpy()))
    links["component"] = label[links["start"].to_numpy()]
    nodes = _nodes(point, kind[back], level, points, what, head, label)
    order = [
        "link", "line_id", "row", "name", "kind", "start", "end", "length_m", "plan_m", "surveyed_m", "material",
        "dn_mm", "inner_mm", "inner_from", "roughness_c", "roughness_from", "pn_m", "state", "pump_head_m",
        "pump_flow_lps", "pump_power_kw", "component",
    ]  # fmt: skip
    return Tables(
        nodes=gpd.GeoDataFrame(nodes, geometry=gpd.GeoSeries(shapely.points(xy), crs=crs), crs=crs),
        links=gpd.GeoDataFrame(links[order], geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs),
        number=number, piece=piece, part=network.part[piece], turned=flip, unsure=unsure,
    )  # fmt: skip


def _of(values: NDArray, rows: Ints) -> NDArray:
    """Values at rows; anything where the row is -1."""
    return values[np.maximum(rows, 0)] if len(values) else np.full(len(rows), np.nan)


def _numbered(graph: Graph, what: pd.DataFrame, piece: Ints) -> tuple[NDArray[np.object_], Ints]:
    """Kind of each node, and its row: sources, tanks, taps by id, then junctions as they come along the lines."""
    n = len(graph.node_xy)
    kind = np.full(n, "junction", dtype=object)
    is_point = graph.point >= 0
    kind[is_point] = what["kind"].to_numpy(object)[graph.point[is_point]]
    turn = {name: at for at, name in enumerate(_LETTERS)}
    order = np.array([turn[name] for name in kind], dtype=np.int64)
    met = np.stack([graph.u[piece], graph.v[piece]], axis=1).ravel()
    along = np.full(n, 2 * len(piece))
    np.minimum.at(along, met, np.arange(len(met)))
    # Nodes behind devices are met along their pipes too, so that every junction has a place of its own.
    rank = np.where(is_point, graph.point, along)
    number = np.empty(n, dtype=np.int64)
    number[np.lexsort((np.arange(n), rank, order))] = np.arange(n)
    return kind, number


def _nodes(
    point: Ints, kind: NDArray[np.object_], level: Levels, points: gpd.GeoDataFrame, what: pd.DataFrame, head: Floats,
    label: Ints,
) -> pd.DataFrame:  # fmt: skip
    is_point, n = point >= 0, len(point)

    def taken(values: NDArray, otherwise: object, dtype: type) -> NDArray:
        out: NDArray = np.full(n, otherwise, dtype=dtype)
        out[is_point] = values[point[is_point]]
        return out

    nth = np.zeros(n, dtype=np.int64)
    for name in _LETTERS:
        nth[kind == name] = np.arange(1, int((kind == name).sum()) + 1)
    rows = pd.array([pd.NA] * n, dtype="Int64")
    rows[is_point] = points["row"].to_numpy()[point[is_point]]
    columns = {
        "node": np.array([f"{_LETTERS[name]}{at}" for name, at in zip(kind, nth, strict=True)], dtype=object),
        "kind": kind,
        "detail": taken(what["detail"].to_numpy(object), "", object),
        "point_id": taken(points["id"].to_numpy(object), "", object),
        "row": rows,
        "name": taken(texts(points, "name"), "", object),
        "z_m": level.z_m,
        "z_from": level.z_from,
        "head_m": taken(head, np.nan, float),
        **{name: taken(what[name].to_numpy(dtype=float), np.nan, float) for name in _POINT_COLUMNS},
        "quality": taken(what["quality"].to_numpy(object), "unknown", object),
        "works": taken(what["works"].to_numpy(dtype=bool), True, bool),
        "component": label,
    }
    return pd.DataFrame(columns)


def _links(
    graph: Graph, network: RoadNetwork, lines: gpd.GeoDataFrame, values: pd.DataFrame, points: gpd.GeoDataFrame,
    what: pd.DataFrame, piece: Ints, number: Ints, xy: Floats, kind: NDArray[np.object_],
) -> tuple[pd.DataFrame, Ints, Bools, Bools]:  # fmt: skip
    """The links without what heights tell; the line (row) of each, -1 for devices; and how pumps were turned."""
    line, device = network.parent[piece], graph.device
    start = np.concatenate([number[graph.u[piece]], number[graph.start]])
    end = np.concatenate([number[graph.v[piece]], number[graph.end]])
    d = len(device)
    table = pd.concat([values.iloc[line], what.iloc[device].assign(material="", inner_from="", roughness_from="")])
    table = table.reset_index(drop=True)
    shapes = _shapes(network, piece, xy[start[: len(piece)]], xy[end[: len(piece)]])
    spots = np.repeat(xy[start[len(piece) :]][:, None, :], 2, axis=1)
    drawn = np.concatenate([shapes, shapely.linestrings(spots) if d else np.zeros(0, dtype=object)])
    pump = np.asarray(table["kind"] == "pump", dtype=bool)
    live = np.asarray(table["state"] == "open", dtype=bool)
    flip, unsure = turned(len(xy), start, end, pump, np.asarray(kind == "source", dtype=bool), live)
    start, end = np.where(flip, end, start), np.where(flip, start, end)
    drawn[flip] = shapely.reverse(drawn[flip])
    frame = pd.DataFrame(
        {
            "link": np.array([f"L{at + 1}" for at in range(len(start))], dtype=object),
            "line_id": np.concatenate([lines["id"].to_numpy(object)[line], np.full(d, "", dtype=object)]),
            "row": np.concatenate([lines["row"].to_numpy()[line], points["row"].to_numpy()[device]]),
            "name": np.concatenate([texts(lines, "name")[line],
                                    texts(points, "name")[device]]),
            "kind": table["kind"].to_numpy(object),
            "start": start,
            "end": end,
            "plan_m": np.concatenate([network.length[piece], np.zeros(d)]),
            "state": table["state"].to_numpy(object),
            **{name: table[name].to_numpy(object) for name in ("material", "inner_from", "roughness_from")},
            **{name: table[name].to_numpy(dtype=float) for name in _PIPE_COLUMNS},
            "geometry": drawn,
        }
    )  # fmt: skip
    way = np.concatenate([line, np.full(d, -1)])
    return frame, way, flip, unsure


def _shapes(network: RoadNetwork, piece: Ints, start: Floats, end: Floats) -> NDArray[np.object_]:
    """Pieces as they run now, from node to node."""
    shapes = network.geometry(piece)
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    if not len(xy):
        return shapes
    first = first_of_groups(of)
    last = np.append(first[1:], True)
    xy[first], xy[last] = start, end
    return shapely.linestrings(xy, indices=of)


def _surveyed_ends(network: RoadNetwork, lines: gpd.GeoDataFrame, start: Ints, end: Ints) -> tuple[Ints, Floats, Ints]:
    """Ends of lines with a surveyed height: (node, height, row of the line). `start`, `end`: nodes of the pieces."""
    order = np.lexsort((network.start_m, network.part, network.parent))
    parent = network.parent[order]
    first = np.flatnonzero(first_of_groups(parent)) if len(parent) else np.zeros(0, dtype=np.int64)
    last = np.append(first[1:], len(parent))[: len(first)] - 1
    node = np.concatenate([start[order[first]], end[order[last]]])
    line = np.concatenate([parent[first], parent[last]])
    z = np.concatenate([numbers(lines, "from_z_m")[parent[first]], numbers(lines, "to_z_m")[parent[last]]])
    known = ~np.isnan(z)
    return node[known], z[known], line[known]


def _surveyed(lines: gpd.GeoDataFrame, network: RoadNetwork, links: pd.DataFrame, way: Ints, notes: Notes) -> Floats:
    """The surveyed length of each link: its line's, by share."""
    own, on_line = way >= 0, np.maximum(way, 0)
    given = numbers(lines, "length_m")
    wrong = given <= 0.0
    notes.each("water.not_positive", "noted", wrong, field="length_m", word=written(given[wrong]))
    given = np.where(wrong, np.nan, given)
    n = len(lines)
    plan = np.bincount(way[own], links["plan_m"].to_numpy()[own], n)
    over = np.bincount(way[own], links["length_m"].to_numpy()[own], n).astype(np.float64)
    check_lengths(np.where(plan > 0.0, given, np.nan), over, notes)
    if not n:
        return np.full(len(links), np.nan)
    share = np.divide(links["plan_m"].to_numpy(), plan[on_line], out=np.zeros(len(links)), where=plan[on_line] > 0.0)
    return np.where(own, given[on_line] * share, np.nan)


def _in_order(label: Ints) -> Ints:
    """Components numbered as their first nodes come."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.ravel()]
