"""Water layers of a few pipes, drawn by hand in metres, with the columns of the contracts; and their network."""

from __future__ import annotations

import json
from functools import cache

import geopandas as gpd
import numpy as np
import shapely

from siteplan.layers.contract import contract
from siteplan.layers.layerset import empty_table, missing_values
from siteplan.water.model import WaterNetwork
from siteplan.water.network import build_water_network

CRS = "EPSG:4545"


@cache
def blanks(layer: str) -> dict[str, object]:
    """What each column of a layer holds where nothing is said."""
    columns = contract(layer).columns.items()
    return {name: missing_values(column.type, 1, column.default).iloc[0] for name, column in columns if name != "id"}


@cache
def empty(layer: str) -> gpd.GeoDataFrame:
    """The layer without a row."""
    return empty_table(contract(layer), CRS)


def table(layer: str, rows: list[dict]) -> gpd.GeoDataFrame:
    """A layer's table: what a row does not say is missing."""
    if not rows:
        return empty(layer).copy()
    columns: dict[str, object] = {
        "id": np.array([str(row["id"]) for row in rows], dtype=object), "row": np.arange(1, len(rows) + 1)
    }  # fmt: skip
    for name, blank in blanks(layer).items():
        told = [row.get(name, blank) for row in rows]
        columns[name] = np.array(told, dtype=object if isinstance(blank, str) else type(blank))
    shapes = gpd.GeoSeries([row.get("geometry") for row in rows], crs=CRS)
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


KNOWN = {"dn_mm": 63.0, "inner_mm": 55.0, "material": "PE", "roughness_c": 140.0, "status": "正常", "pn_m": 100.0}


def pipe(name: str, /, *xy: tuple[float, float], **more: object) -> dict:
    """A pipe of which all is known."""
    return {"id": name, "geometry": shapely.LineString(xy), **KNOWN, **more}


def point(name: str, kind: str, x: float, y: float, /, **more: object) -> dict:
    return {"id": name, "kind": kind, "status": "正常", "geometry": shapely.Point(x, y), **more}


def spring(name: str, x: float, y: float, /, **more: object) -> dict:
    """A spring of which all is known."""
    return {**point(name, "spring", x, y), "head_m": 500.0, "yield_m3_per_day": 20.0, "quality_ok": 1.0, **more}


def hamlet(name: str, x: float, y: float, /, **more: object) -> dict:
    return {"id": name, "name": name, "people": 10.0, "geometry": shapely.Point(x, y), **more}


def flat(xy: np.ndarray) -> np.ndarray:
    """Ground at 480 m everywhere."""
    return np.full(len(xy), 480.0)


def network(
    lines: list[dict], points: list[dict] | None = None, hamlets: list[dict] | None = None, **options: object
) -> WaterNetwork:
    """The network of drawn features; without points a spring far from all pipes stands in."""
    layers = (table("water_lines", lines), table("water_points", points or []), table("villages", hamlets or []))
    return build_water_network(*layers, **{"heights": flat, **options})


def codes(found: WaterNetwork) -> list[str]:
    return found.findings["code"].tolist()


def values(found: WaterNetwork, code: str) -> list[dict]:
    rows = found.findings[found.findings["code"] == code]
    return [json.loads(text) for text in rows["values"]]


def between(found: WaterNetwork) -> list[tuple[str, str, str]]:
    """Every link as (line, node, node)."""
    names = found.nodes["node"].tolist()
    links = found.links
    return [
        (line or row_kind, names[u], names[v])
        for line, row_kind, u, v in zip(links["line_id"], links["kind"], links["start"], links["end"], strict=True)
    ]


def parts(found: WaterNetwork) -> int:
    """Number of connected parts that have a link."""
    return found.links["component"].nunique()
