"""What is written: the same bytes twice, styles inside, no cell that runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import LineString, MultiLineString, Point

from siteplan.errors import OutputWriteError
from siteplan.layers.writing import write_csv, write_gpkg


@pytest.fixture
def layers():
    points = gpd.GeoDataFrame(
        {"id": ["a", "b"], "n": [1.5, np.nan], "yes": [True, False], "none": [None, None]},
        geometry=[Point(1, 2), None], crs=4544,
    )  # fmt: skip
    lines = gpd.GeoDataFrame(
        {"id": ["r", "s"]},
        geometry=[LineString([(0, 0), (1, 1)]), MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]])], crs=4544,
    )  # fmt: skip
    return {"villages": points, "roads": lines, "empty": lines[:0], "findings": pd.DataFrame({"a": ["x"]})}


def test_same_layers_same_bytes(tmp_path, layers):
    for name in ("one.gpkg", "two.gpkg"):
        write_gpkg(tmp_path / name, layers, {"villages": "<qgis/>"})
    write_gpkg(tmp_path / "one.gpkg", layers, {"villages": "<qgis/>"})
    assert (tmp_path / "one.gpkg").read_bytes() == (tmp_path / "two.gpkg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gpkg", "two.gpkg"]


def test_layers_come_back_in_order_with_their_style(tmp_path, layers):
    path = tmp_path / "r.gpkg"
    write_gpkg(path, layers, {"villages": "<qgis/>"})
    assert set(pyogrio.list_layers(path)[:, 0]) == {*layers, "layer_styles"}
    back = pyogrio.read_dataframe(path, layer="villages")
    assert back["id"].tolist() == ["a", "b"] and back.geometry.isna().tolist() == [False, True]
    with closing(sqlite3.connect(path)) as base:
        rows = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        assert base.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    assert rows == [("villages", "geom", "<qgis/>", 1)]


def test_names_that_differ_in_case_and_fid_are_kept_apart(tmp_path):
    table = gpd.GeoDataFrame({"name": ["x"], "Name": ["y"], "fid": ["z"]}, geometry=[Point(1, 2)], crs=4544)
    write_gpkg(tmp_path / "r.gpkg", {"v": table})
    back = pyogrio.read_dataframe(tmp_path / "r.gpkg")
    assert sorted(back.drop(columns="geometry").iloc[0]) == ["x", "y", "z"]


def test_a_place_that_cannot_be_written(tmp_path, layers):
    with pytest.raises(OutputWriteError):
        write_gpkg(tmp_path / "missing" / "r.gpkg", layers)
    with pytest.raises(OutputWriteError):
        write_csv(tmp_path / "missing" / "r.csv", pd.DataFrame({"a": [1]}))


def test_csv_for_a_spreadsheet(tmp_path):
    cells = ["=1+1", "+x", "-5", "@a", "\tq", "云岭", " =2"]
    write_csv(tmp_path / "r.csv", pd.DataFrame({"名称": cells, "n": [-1.5, 2, np.nan, 3, 4, 5, 6]}))
    data = (tmp_path / "r.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").split("\r\n")
    assert [line.split(",")[0] for line in lines[1:8]] == ["'=1+1", "'+x", "-5", "'@a", "'\tq", "云岭", "' =2"]
    assert lines[1].split(",")[1] == "-1.5" and lines[3] == "-5,"
