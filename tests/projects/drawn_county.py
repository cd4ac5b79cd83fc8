"""Counties of a few roads, drawn by hand, with the columns of the contracts; and the analysis of them."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import shapely

from siteplan.language import Texts
from siteplan.layers.contract import contract
from siteplan.layers.layerset import empty_table, missing_values
from siteplan.projects.applied import AppliedRoads, apply_road_projects
from siteplan.roads.analysis import RoadResult, analyse_roads
from siteplan.roads.hardness import hardness_of
from siteplan.roads.judgement import RoadChoices, RoadLayers
from siteplan.standards import RoadProfile, load_road_profile

CRS = "EPSG:32648"
CHOICES = RoadChoices(access_m=100.0, anchor_m=100.0)
CN = load_road_profile("cn-hamlet")


def table(layer: str, rows: list[dict]) -> gpd.GeoDataFrame:
    """A layer's table: what a row does not say is missing, ids are A1, A2, ... ."""
    n = len(rows)
    columns = {"id": pd.Series([str(row.get("id", f"A{at}")) for at, row in enumerate(rows, 1)], dtype="str")}
    columns["row"] = pd.Series(range(1, n + 1), dtype="int64")
    for name, column in contract(layer).columns.items():
        if name != "id":
            blank = missing_values(column.type, n, column.default)
            told = [row.get(name, blank.iloc[at]) for at, row in enumerate(rows)]
            columns[name] = pd.Series(told, dtype=blank.dtype)
    shapes = gpd.GeoSeries([row.get("geometry") for row in rows], crs=CRS)
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def road(name: str, *xy: tuple[float, float], surface: str = "水泥", status: str = "open", **more: object) -> dict:
    return {"id": name, "surface": surface, "status": status, "geometry": shapely.LineString(xy), **more}


def hamlet(name: str, x: float, y: float, **more: object) -> dict:
    return {"id": name, "name": name, "township": "T", "people": 10.0, "geometry": shapely.Point(x, y), **more}


def project(name: str, features: str = "", kind: str = "道路硬化", **more: object) -> dict:
    return {"id": name, "kind": kind, "features": features, "layer": "roads", "stage": "招标", **more}


MAIN = road("M", (0, 0), (10_000, 0), surface="沥青", road_class="县道")
SEAT = {"id": "C", "name": "seat", "kind": "township", "geometry": shapely.Point(0, 0)}


def county(roads: list[dict], hamlets: list[dict]) -> RoadLayers:
    """A main road from a township seat, and what is drawn beside it."""
    empty = {name: empty_table(contract(name), CRS) for name in ("rivers", "boundaries")}
    drawn = {"villages": hamlets, "roads": [MAIN, *roads], "centres": [SEAT]}
    return RoadLayers(**{name: table(name, rows) for name, rows in drawn.items()}, **empty)


def applied(
    layers: RoadLayers, projects: list[dict], *, profile: RoadProfile = CN, word: str | None = None
) -> AppliedRoads:
    return apply_road_projects(
        layers.roads,
        table("projects", projects),
        hardened_surface=profile.hardened.surface_of_works if word is None else word,
        judge=lambda roads: hardness_of(roads, profile),
    )


def judged(layers: RoadLayers, *, profile: RoadProfile = CN, choices: RoadChoices = CHOICES) -> RoadResult:
    return analyse_roads(layers, profile, choices, Texts("en"))


def planned(layers: RoadLayers, done: AppliedRoads, *, profile: RoadProfile = CN) -> RoadResult:
    """The analysis of the county when the projects are done."""
    villages = layers.villages.assign(verified_status="")
    return judged(replace(layers, villages=villages, roads=done.roads), profile=profile)


def verdicts(result: RoadResult) -> list[str]:
    return result.villages["road_status"].tolist()
