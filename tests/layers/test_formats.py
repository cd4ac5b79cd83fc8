"""Each format: a round trip, and its own ways to be broken."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from siteplan.errors import LayerError
from siteplan.layers.contract import contracts
from siteplan.layers.reading import read_layers
from siteplan.plan import LAYER_NAMES, Plan

texts = st.text(alphabet="上下坝村寨abcXYZ 019-_'\"<=,", min_size=1, max_size=12).map(str.strip).filter(bool)
hamlets = st.lists(
    st.tuples(texts, st.integers(0, 10**6), st.floats(100, 105), st.floats(24, 28)), min_size=1, max_size=12
)


def _read(folder: Path, file: str) -> gpd.GeoDataFrame:
    layers = {"villages": {"path": file}, "roads": {"path": "roads.geojson"}}
    return read_layers(Plan.model_validate({"layers": layers, "plan": {"crs": "EPSG:4544"}, "root": folder}))


def _write(table: gpd.GeoDataFrame, folder: Path, ending: str) -> str:
    name = f"hamlets{ending}"
    if ending in (".csv", ".xlsx"):
        flat = table.drop(columns="geometry").assign(lon=table.geometry.x, lat=table.geometry.y)
        if ending == ".csv":
            flat.to_csv(folder / name, index=False, encoding="utf-8-sig")
        else:
            flat.to_excel(folder / name, index=False, engine="openpyxl")
    elif ending == ".zip":
        table.to_file(folder / "inner.shp", engine="pyogrio", encoding="utf-8")
        with zipfile.ZipFile(folder / name, "w") as archive:
            for part in folder.glob("inner.*"):
                archive.write(part, part.name)
    else:
        table.to_file(folder / name, engine="pyogrio", **({"encoding": "utf-8"} if ending == ".shp" else {}))
    return name


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".zip", ".geojson", ".csv", ".xlsx"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=hamlets, seed=st.integers(0, 99))
def test_round_trip_and_row_order(ending, rows, seed):
    if ending == ".xlsx":
        assume(not any(name.startswith("=") for name, *_ in rows))  # openpyxl would write a formula
    names, people, xs, ys = zip(*rows, strict=True)
    columns = {"id": [f"h{i}" for i in range(len(rows))], "name": list(names), "people": list(people)}
    table = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(xs, ys), crs=4326)
    shuffled = table.sample(frac=1, random_state=seed).reset_index(drop=True)
    expected = table.to_crs(4544).geometry
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        road = gpd.GeoDataFrame({"surface": ["x"]}, geometry=[LineString([(100, 24), (105, 28)])], crs=4326)
        road.to_file(folder / "roads.geojson", engine="pyogrio")
        result = _read(folder, _write(shuffled, folder, ending))
    layer = result.layers["villages"]
    assert (layer.counts.read, layer.counts.kept, layer.counts.dropped) == (len(rows), len(rows), 0)
    assert layer.table["row"].tolist() == list(range(1, len(rows) + 1))
    clean = layer.table.set_index("id").loc[table["id"]]
    assert clean["name"].tolist() == list(names)
    assert clean["people"].tolist() == list(people)
    tolerance = 0.02 if ending == ".geojson" else 1e-3  # GeoJSON keeps seven decimals of a degree
    assert expected.distance(clean.geometry.reset_index(drop=True)).max() < tolerance


def test_the_plan_and_the_contract_name_the_same_layers():
    assert set(LAYER_NAMES) == set(contracts())


def test_text_in_an_integer_column_is_read_from_the_file_itself(county, villages, said):
    path = county.folder / "v.gpkg"
    villages.to_file(path, engine="pyogrio", SPATIAL_INDEX="NO")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE v SET people = '1,319人' WHERE id = 'b'")
        base.execute("UPDATE v SET people = 12.5 WHERE id = 'c'")
        base.execute("UPDATE v SET people = '约三百' WHERE id = 'd'")
    result = county.read(villages="v.gpkg")
    np.testing.assert_array_equal(result.table("villages")["people"], [10, 1319, 12.5, np.nan])
    assert sorted(said(result)) == [("number_tidied", 2, "repaired"), ("number_unreadable", 4, "noted")]


def test_geopackage_cut_short(county, villages):
    path = county.put("v.gpkg", villages)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(LayerError, match="damaged or incomplete"):
        county.read(villages="v.gpkg")


def test_rows_in_a_wal_are_read_from_a_copy(county, villages, said):
    path = county.folder / "v.gpkg"
    villages.to_file(path, engine="pyogrio", SPATIAL_INDEX="NO")
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode=WAL")
    with base:
        base.execute("UPDATE v SET people = 77 WHERE id = 'a'")
    copies = county.folder / "copied"
    copies.mkdir()
    for part in county.folder.glob("v.gpkg*"):
        shutil.copyfile(part, copies / part.name)
    base.close()
    before = {part.name: part.read_bytes() for part in copies.iterdir()}
    result = county.read(villages="copied/v.gpkg")
    assert result.table("villages")["people"].iloc[0] == 77 and said(result) == []
    assert {part.name: part.read_bytes() for part in copies.iterdir()} == before
    for tail in ("-wal", "-shm"):
        (copies / f"v.gpkg{tail}").unlink()
    assert said(county.read(villages="copied/v.gpkg")) == [("wal_lost", None, "noted")]


def test_several_layers_need_a_word(county, villages):
    for layer in ("v2019", "v2024"):
        villages.to_file(county.folder / "two.gpkg", layer=layer, engine="pyogrio")
    with pytest.raises(LayerError, match="v2019, v2024"):
        county.read(villages="two.gpkg")
    assert county.read(villages={"path": "two.gpkg", "layer": "v2024"}).layers["villages"].source.layer == "v2024"
    with pytest.raises(LayerError, match="no layer 'v2030'"):
        county.read(villages={"path": "two.gpkg", "layer": "v2030"})
    villages.to_file(county.folder / "two.gpkg", layer="villages", engine="pyogrio")
    assert county.read(villages="two.gpkg").layers["villages"].source.layer == "villages"


@pytest.fixture
def shape(county, villages):
    """The hamlets as a shapefile in UTF-8."""
    path = county.folder / "v.shp"
    villages.to_file(path, engine="pyogrio", encoding="utf-8")
    return path


def test_shapefile_without_dbf(county, shape):
    shape.with_suffix(".dbf").unlink()
    with pytest.raises(LayerError, match=r"\.dbf with all names and figures is missing"):
        county.read(villages="v.shp")


def test_shapefile_without_shx(county, shape, said):
    good = county.read(villages="v.shp").table("villages")
    shape.with_suffix(".shx").unlink()
    result = county.read(villages="v.shp")
    assert said(result) == [("index_rebuilt", None, "noted")]
    assert result.table("villages").geometry.geom_equals(good.geometry).all()


@pytest.mark.parametrize(("part", "keep"), [(".shp", 0.7), (".dbf", 0.7), (".shx", 0.7)])
def test_shapefile_parts_cut_short(county, shape, part, keep):
    path = shape.with_suffix(part)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(LayerError, match="damaged or incomplete"):
        county.read(villages="v.shp")


def test_shapefile_with_a_foreign_dbf(county, shape, villages):
    villages[:3].to_file(county.folder / "w.shp", engine="pyogrio", encoding="utf-8")
    shutil.copyfile(county.folder / "w.dbf", shape.with_suffix(".dbf"))
    with pytest.raises(LayerError, match="4 shapes but the .dbf 3 records"):
        county.read(villages="v.shp")


@pytest.mark.parametrize("cpg", [None, "UTF-8"])
def test_gbk_without_a_true_cpg(county, villages, said, cpg):
    villages.to_file(county.folder / "v.shp", engine="pyogrio", encoding="gbk")
    path = county.folder / "v.cpg"
    path.unlink(missing_ok=True)
    if cpg:
        path.write_text(cpg)
    data = bytearray((county.folder / "v.dbf").read_bytes())
    data[29] = 0
    (county.folder / "v.dbf").write_bytes(bytes(data))
    result = county.read(villages="v.shp")
    assert result.table("villages")["name"].tolist() == villages["name"].tolist()
    assert said(result) == [("encoding_guessed", None, "noted")]


def test_dbase_overflow_is_unknown_not_zero(county, shape, said):
    data = shape.with_suffix(".dbf").read_bytes()
    at = data.rindex(b"40")
    start = data.rindex(b" " * 3, 0, at)
    shape.with_suffix(".dbf").write_bytes(data[:start] + b"*" * (at + 2 - start) + data[at + 2 :])
    result = county.read(villages="v.shp")
    assert np.isnan(result.table("villages")["people"].iloc[3])
    assert said(result) == [("number_unreadable", 4, "noted")]


@pytest.mark.parametrize("entry", ["../v.shp", "/v.shp"])
def test_zip_with_unsafe_paths(county, entry):
    with zipfile.ZipFile(county.folder / "v.zip", "w") as archive:
        archive.writestr(entry, b"x")
    with pytest.raises(LayerError, match="unsafe path"):
        county.read(villages="v.zip")


def test_csv_encodings_and_coordinates(county, said):
    rows = "编号,自然村,经度,纬度,人口\n007,上坝,104.9,26.5,12\n008,下坝,,26.5,13\n"
    county.put("v.csv", rows.encode("gb18030"))
    result = county.read(villages="v.csv")
    table = result.table("villages")
    assert table["id"].tolist() == ["007", "008"] and table["name"].tolist() == ["上坝", "下坝"]
    assert said(result) == [("degrees_assumed", None, "noted"), ("no_geometry", 2, "dropped")]
    county.put("v.csv", rows.replace("经度", "x").replace("纬度", "y"))
    with pytest.raises(LayerError, match="coordinate system"):
        county.read(villages="v.csv")
    assert county.read(villages={"path": "v.csv", "crs": "EPSG:4326"}).layers["villages"].counts.kept == 1
    county.put("v.csv", "name,a\nx,1\n")
    with pytest.raises(LayerError, match="no coordinate columns"):
        county.read(villages="v.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"type": "FeatureCollection", "features": []}'.encode("utf-16"), "UTF-16"),
        ('{"a": "上坝"}'.encode("gb18030"), "not UTF-8"),
        (b"[" * 5000, "does not begin with an object"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested"),
        (b"<OGRVRTDataSource/>", "does not begin with an object"),
    ],
)
def test_geojson_that_is_none(county, content, words):
    county.put("v.geojson", content)
    with pytest.raises(LayerError, match=words):
        county.read(villages="v.geojson")


def test_geojson_cut_short(county):
    data = (county.folder / "villages.geojson").read_bytes()
    county.put("v.geojson", data[: len(data) * 2 // 3])
    with pytest.raises(LayerError, match="damaged or incomplete"):
        county.read(villages="v.geojson")


def test_unknown_format(county):
    county.put("v.abc", b"x")
    with pytest.raises(LayerError, match=r"unknown format '.abc'; expected one of .gpkg"):
        county.read(villages="v.abc")


def test_ids_that_lost_digits(county):
    text = (county.folder / "villages.geojson").read_text("utf-8").replace('"a"', "123456789012345678901")
    county.put("v.geojson", text.replace('"b"', "2").replace('"c"', "3").replace('"d"', "4"))
    with pytest.raises(LayerError, match="more digits than a number can hold"):
        county.read(villages="v.geojson")
