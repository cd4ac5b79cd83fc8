"""A drawn grid: a high line, a feeder at its end, a branch that is cut off, a line of unknown voltage; and layers."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from siteplan.layers.contract import contract
from siteplan.layers.findings import no_findings
from siteplan.layers.layerset import Counts, Layer, LayerSet, LayerSource, empty_table

CRS = pyproj.CRS("EPSG:32648")
NAN = float("nan")


def grid() -> gpd.GeoDataFrame:
    """HV passes by; F is fed at its end; C1 and C2 are one part, 700 m from F, that is not; U is fed, but of unknown
    voltage."""
    rows = [
        ("HV", "高压线", 35.0, [(0, 0), (10_000, 0)]),
        ("F", "干线", 10.0, [(10_000, 0), (10_000, 5000)]),
        ("C1", "支线一", 10.0, [(10_700, 4000), (12_000, 4000)]),
        ("C2", "支线二", 10.0, [(12_000, 4000), (12_000, 6000)]),
        ("U", "支线三", NAN, [(10_000, 5000), (5000, 5000)]),
    ]
    table = pd.DataFrame([row[:3] for row in rows], columns=["id", "name", "voltage_kv"])
    table.insert(1, "row", range(1, 1 + len(rows)))
    return gpd.GeoDataFrame(table, geometry=[shapely.LineString(row[3]) for row in rows], crs=CRS)


def hamlets() -> gpd.GeoDataFrame:
    """One of each verdict (two served) in townships 甲 and 乙; people of V3, households of V4 not known."""
    rows = [
        ("V1", "甲", 10.0, 40.0, (10_100, 1000)),
        ("V2", "甲", 20.0, 80.0, (9_600, 2000)),
        ("V3", "甲", 5.0, NAN, (12_300, 5000)),
        ("V4", "乙", NAN, 16.0, (5000, 2500)),
        ("V5", "乙", 7.0, 30.0, (6000, 5100)),
    ]
    table = pd.DataFrame([row[:4] for row in rows], columns=["id", "township", "households", "people"])
    table = table.assign(name=table["id"], village="")
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(row[4]) for row in rows], crs=CRS)


VERDICTS = ["served", "served", "cut_off", "out_of_reach", "unknown"]
"""Of the drawn hamlets, reckoned by hand: U passes V5 at 100 m, and nothing else is near."""


def layer_set(**tables: gpd.GeoDataFrame) -> LayerSet:
    """These tables as the layers of a run; villages lacking columns of the contract get them empty."""
    layers = {}
    for name, table in tables.items():
        blank = empty_table(contract(name), CRS).drop(columns="geometry").reindex(table.index)
        whole = table.assign(**{one: blank[one] for one in blank.columns if one not in table.columns})
        source = LayerSource("drawn.gpkg", name, "GPKG", "EPSG:32648", len(table), "", {})
        layers[name] = Layer(name, whole, source, Counts(len(table), len(table), 0, 0))
    return LayerSet(layers, CRS, no_findings(), absent=())
