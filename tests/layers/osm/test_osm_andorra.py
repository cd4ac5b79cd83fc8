"""Andorra, read beside GDAL's own OpenStreetMap driver: the same places, the same roads, the same kilometres.

GDAL and pyproj know nothing of the tag rules: places and roads are picked here again by hand, lengths are geodesic on
their side and on the map plane of a run (UTM) on ours.
"""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

from siteplan.layers.osm import OsmExtract, read_osm

NEW, OLD = "andorra-latest.osm.pbf", "andorra-2013-05-28.osm.pbf"
DRIVABLE = re.compile(
    r"(motorway|trunk|primary|secondary|tertiary)(_link)?|unclassified|residential|living_street|service|track|road"
)
PARISHES = {
    "Andorra la Vella",
    "Canillo",
    "Encamp",
    "Escaldes-Engordany",
    "La Massana",
    "Ordino",
    "Sant Julià de Lòria",
}


@pytest.fixture(scope="module", params=[NEW, OLD])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def andorra(name: str, shared_data: Path) -> OsmExtract:
    return read_osm(shared_data / "andorra" / name)


@pytest.fixture(scope="module")
def by_gdal(
    name: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and lines as GDAL reads them, with the tags it does not make columns of in `other_tags`."""
    path = shared_data / "andorra" / name
    # GDAL keeps its index of nodes beside the file or in memory: in memory, the data are read-only.
    options = {"CPL_TMPDIR": str(tmp_path_factory.mktemp("gdal")), "OSM_MAX_TMPFILE_SIZE": "500"}
    before = {key: pyogrio.get_gdal_config_option(key) for key in options}
    pyogrio.set_gdal_config_options(options)
    try:
        points, lines = (pyogrio.read_dataframe(path, layer=layer) for layer in ("points", "lines"))
    finally:
        pyogrio.set_gdal_config_options(before)
    return points, lines


def tag(lines: pd.DataFrame, key: str) -> pd.Series:
    """One of GDAL's other tags, "" where it is not there."""
    return lines["other_tags"].fillna("").str.extract(f'"{key}"=>"([^"]*)"')[0].fillna("")


def geodesic_km(lines: gpd.GeoSeries) -> np.ndarray:
    geod = pyproj.Geod(ellps="WGS84")
    return np.array([geod.line_length(*line.xy) for line in lines]) / 1000.0


@pytest.fixture(scope="module")
def gdal_roads(by_gdal: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    """Drivable ways of GDAL: osm_id, highway, surface, km."""
    lines = by_gdal[1]
    lines = lines[lines["highway"].fillna("").str.fullmatch(DRIVABLE)]
    km = geodesic_km(lines.geometry)
    return pd.DataFrame(
        {"id": "w" + lines["osm_id"], "highway": lines["highway"], "surface": tag(lines, "surface"), "km": km}
    )


def test_villages_and_hamlets(name: str, andorra: OsmExtract, by_gdal: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """61 nodes are village or hamlet in the extract of 2025, 52 in that of 2013; 2 hamlets more are drawn as areas."""
    villages = andorra.tables["villages"]
    points = by_gdal[0][by_gdal[0]["place"].isin(["village", "hamlet"])]
    nodes = villages[villages["place"].isin(["village", "hamlet"]) & villages["id"].str.startswith("n")]
    assert set(nodes["id"]) == set("n" + points["osm_id"])
    assert len(nodes) == {NEW: 61, OLD: 52}[name]
    drawn = villages[villages["place"].isin(["village", "hamlet"]) & ~villages["id"].str.startswith("n")]
    assert len(drawn) == {NEW: 2, OLD: 0}[name]
    assert (
        villages["place"].value_counts().to_dict()
        == {
            NEW: {"village": 34, "hamlet": 29, "town": 8, "isolated_dwelling": 5},
            OLD: {"village": 32, "hamlet": 20, "town": 7},
        }[name]
    )


def test_the_same_roads(andorra: OsmExtract, gdal_roads: pd.DataFrame) -> None:
    """Way by way: neither side has a road the other has not, nor calls it otherwise."""
    roads = andorra.tables["roads"]
    built = roads[roads["status"] != "planned"]
    own = built.assign(way=built["id"].str.split(".").str[0]).drop_duplicates("way").set_index("way")
    theirs = gdal_roads.set_index("id")
    assert set(own.index) == set(theirs.index)
    theirs = theirs.loc[own.index]
    assert (own["road_class"] == theirs["highway"]).all()
    assert (own["surface"] == theirs["surface"]).all()


def test_kilometres_and_shares_of_surface(name: str, andorra: OsmExtract, gdal_roads: pd.DataFrame) -> None:
    """Within 0.05 %: the scale of UTM zone 31 in Andorra is 0.9996 to 0.9998."""
    roads = andorra.tables["roads"]
    built = roads[roads["status"] != "planned"].to_crs("EPSG:32631")
    own = built.length.groupby(built["surface"]).sum() / 1000.0
    theirs = gdal_roads.groupby("surface")["km"].sum()
    assert own.sum() == pytest.approx(theirs.sum(), rel=5e-4)
    assert own.to_dict() == pytest.approx(theirs.to_dict(), rel=5e-4)
    assert theirs.sum() == pytest.approx({NEW: 881.25, OLD: 532.64}[name], abs=0.02)
    said = 1 - theirs[""] / theirs.sum()
    assert said == pytest.approx({NEW: 0.491, OLD: 0.143}[name], abs=0.001)


def test_the_parishes_are_assembled(name: str, andorra: OsmExtract) -> None:
    """All seven tile Andorra in 2025; in 2013 two sides of Canillo are not in the file: counted, not made up."""
    boundaries = andorra.tables["boundaries"]
    parishes = boundaries[boundaries["osm_level"] == "7"].to_crs("EPSG:32631")
    counts = next(own for own in andorra.counts if own.layer == "boundaries")
    if name == OLD:
        assert set(parishes["name"]) == PARISHES - {"Canillo"}
        assert counts.dropped["no_area"] > 0
        return
    assert set(parishes["name"]) == PARISHES
    assert parishes["kind"].eq("township").all()
    assert shapely.is_valid(parishes.geometry.to_numpy()).all()
    country = boundaries[boundaries["id"] == "r9407"].to_crs("EPSG:32631").geometry.iloc[0]
    # 468 km2 by the country's own statistics.
    assert country.area / 1e6 == pytest.approx(468, rel=0.005)
    assert shapely.union_all(parishes.geometry.to_numpy()).symmetric_difference(country).area / 1e6 < 0.5
    assert parishes.area.sum() == pytest.approx(country.area, rel=1e-3)


def test_every_object_is_accounted_for(andorra: OsmExtract) -> None:
    for own in andorra.counts:
        assert own.seen == own.kept + sum(own.dropped.values()), own.layer
        assert own.rows == len(andorra.tables.get(own.layer, ()))


def test_the_date_is_the_headers(name: str, andorra: OsmExtract) -> None:
    assert andorra.timestamp == {NEW: "2025-01-19T21:21:36Z", OLD: "2013-05-28T18:59:04Z"}[name]
