"""What GDAL may leave out of a GeoPackage without a word is missed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from siteplan.layers.gpkgcheck import missing_parts
from siteplan.layers.writing import write_gpkg

LAYERS = {
    "villages": gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=[Point(1, 2), None, Point()], crs=4544),
    "roads": gpd.GeoDataFrame({"id": ["r"]}, geometry=[LineString([(0, 0), (1, 1)])], crs=4544),
    "gaps": gpd.GeoDataFrame({"id": []}, geometry=[], crs=4544),
    "findings": pd.DataFrame({"a": ["x"]}),
}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    write_gpkg(tmp_path / "r.gpkg", LAYERS)
    with closing(sqlite3.connect(tmp_path / "r.gpkg")) as opened:
        yield opened


def test_a_layer_alone_has_no_other_to_be_compared_with(tmp_path: Path) -> None:
    write_gpkg(tmp_path / "one.gpkg", {"roads": LAYERS["roads"]})
    with closing(sqlite3.connect(tmp_path / "one.gpkg")) as alone:
        assert missing_parts(alone, {"roads": LAYERS["roads"]}) == []
        alone.execute("DROP TRIGGER trigger_insert_feature_count_roads")
        assert len(missing_parts(alone, {"roads": LAYERS["roads"]})) == 1


def test_a_whole_file_misses_nothing(base: sqlite3.Connection) -> None:
    assert missing_parts(base, LAYERS) == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("DELETE FROM gpkg_contents WHERE table_name = 'findings'", "layer findings"),
        ("DELETE FROM findings", "1 rows of layer findings"),
        ("UPDATE gpkg_ogr_contents SET feature_count = 0 WHERE table_name = 'roads'", "the count of layer roads"),
        ("UPDATE gpkg_contents SET min_x = NULL WHERE table_name = 'roads'", "the extent of layer roads"),
        ("DELETE FROM gpkg_geometry_columns WHERE table_name = 'roads'", "the geometry of layer roads"),
        ("DELETE FROM rtree_roads_geom_rowid", "the index of layer roads"),
        ("DROP TABLE rtree_villages_geom", "the index of layer villages"),
        ("DELETE FROM gpkg_extensions WHERE table_name = 'gaps'", "extension gpkg_rtree_index of layer gaps"),
        ("DROP TRIGGER trigger_insert_feature_count_gaps", "trigger trigger_insert_feature_count_* of layer gaps"),
        (
            "DROP TRIGGER trigger_delete_feature_count_findings",
            "trigger trigger_delete_feature_count_* of layer findings",
        ),
    ],
)
def test_each_part_that_is_missing_is_told(base: sqlite3.Connection, harm: str, told: str) -> None:
    base.execute(harm)
    assert told in missing_parts(base, LAYERS)
