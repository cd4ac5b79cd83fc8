"""Real villages in GCJ-02 beside roads in WGS 84: the shift is said, and converted on the plan's word only."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from siteplan.layers.datums import wgs84_from_gcj02


@pytest.fixture
def published(shared_data: Path) -> gpd.GeoDataFrame:
    """The villages of Xingren county as published, their numbers in GCJ-02 under the name of WGS 84."""
    path = shared_data / "china_villages_gcj02" / "adcode" / "522322.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[3] == "village" and row[12] and row[13]]
    table = {"id": [row[0] for row in rows], "name": [row[2] for row in rows], "township": [row[19] for row in rows]}
    places = shapely.points([float(row[12]) for row in rows], [float(row[13]) for row in rows])
    return gpd.GeoDataFrame(table, geometry=places, crs="EPSG:4326").drop_duplicates("geometry", ignore_index=True)


def roads_through(places: np.ndarray) -> gpd.GeoDataFrame:
    """A bent road of some 2 km through every place."""
    rng = np.random.default_rng(5)
    turns = rng.uniform(-0.01, 0.01, (len(places), 2, 2))
    lines = shapely.linestrings(np.stack([places + turns[:, 0], places, places + turns[:, 1]], axis=1))
    return gpd.GeoDataFrame({"id": np.arange(len(lines)).astype(str), "surface": "水泥"}, geometry=lines, crs=4326)


def test_the_shift_is_suspected_and_mended_on_the_plans_word(county: Any, published: gpd.GeoDataFrame) -> None:
    shown = shapely.get_coordinates(published.geometry.to_numpy())
    true = wgs84_from_gcj02(shown)
    county.put("roads.geojson", roads_through(true))
    county.put("v.geojson", published)
    header = {"country": "CN"}
    as_given = county.read(header=header, villages="v.geojson")
    assert "layers.datum_shift" in set(as_given.findings["code"])
    converted = county.read(header=header, villages={"path": "v.geojson", "datum": "gcj02"})
    codes = set(converted.findings["code"])
    assert "layers.datum_converted" in codes and "layers.datum_shift" not in codes
    moved = converted.table("villages").distance(as_given.table("villages"))
    assert moved.between(100, 700).all()
    back = converted.table("villages").to_crs(4326).geometry
    assert np.abs(shapely.get_coordinates(back.to_numpy()) - true).max() < 1e-8
