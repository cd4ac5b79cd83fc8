"""Any table written by common programs' writers comes back row by row: the same text, numbers, gaps and shapes."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import Request
from siteplan.layers.rawlayer import RawLayer, decoded
from siteplan.layers.reader import Reader

degrees = {"allow_nan": False, "allow_infinity": False, "width": 64}
places = st.tuples(st.floats(100, 110, **degrees), st.floats(20, 30, **degrees))
lifted = st.tuples(st.floats(100, 110, **degrees), st.floats(20, 30, **degrees), st.floats(-400, 5_000, **degrees))
words = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=8)
texts = st.one_of(st.none(), words, st.sampled_from(["Ñandú", 'a, b; "c"', "<b>&amp;", "007", "=1+1", "é", "½ km"]))
ids = st.integers(10**17, 10**18 - 1).map(str)
numbers = st.one_of(st.none(), st.floats(-1e9, 1e9, **degrees), st.integers(-10_000, 10_000).map(float))
few = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _box(corner: tuple[float, ...]) -> Polygon:
    x, y, *z = corner
    return Polygon([(x, y, *z), (x, y + 0.25, *z), (x + 0.25, y + 0.25, *z), (x + 0.25, y, *z)])


def shapes_of(kind: str, corners: st.SearchStrategy[tuple[float, ...]]) -> st.SearchStrategy[shapely.Geometry]:
    """Points, lines or areas at drawn places."""
    if kind == "point":
        return corners.map(Point)
    if kind == "line":
        return st.lists(corners, min_size=2, max_size=5, unique_by=lambda place: place[:2]).map(LineString)
    return corners.map(_box)


@st.composite
def tables(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A table of 1 to 12 rows of one kind of shape, flat or with heights, some rows without a shape."""
    corners = draw(st.sampled_from([places, lifted]))
    shape = shapes_of(draw(st.sampled_from(["point", "line", "area"])), corners)
    # Writers and drivers take the kind of the shapes from the first row: it has one.
    rows = draw(st.lists(st.tuples(ids, texts, numbers, st.one_of(st.none(), shape)), max_size=11))
    rows.insert(0, (draw(ids), draw(words), 1.5, draw(shape)))
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("code", "word", "figure"))}
    table = gpd.GeoDataFrame(columns, geometry=[row[3] for row in rows], crs="EPSG:4326")
    return table.astype({"code": object, "word": object, "figure": float})


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader([]) as reading:
        yield reading


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _read(reader: Reader, path: Path, **more: Any) -> RawLayer:
    return decoded("villages", reader.read(Request("villages", path, **more)))


WRITERS = {
    "v.gpkg": {"driver": "GPKG"},
    "v.geojson": {"driver": "GeoJSON", "COORDINATE_PRECISION": 15, "SIGNIFICANT_FIGURES": 17},
    "v.fgb": {"driver": "FlatGeobuf", "SPATIAL_INDEX": "NO"},
    "indexed.fgb": {"driver": "FlatGeobuf"},
    "v.shp": {"driver": "ESRI Shapefile", "encoding": "UTF-8"},
    "v.gdb": {"driver": "OpenFileGDB"},
    "v.kml": {"driver": "LIBKML"},
    "v.parquet": {},
}
PRECISION = {"v.gdb": 1e-8, "v.kml": 1e-9, "v.geojson": 1e-12, "v.shp": 0.0}
HEIGHTS = {"v.gdb": 1e-4}
"""A File Geodatabase keeps heights to a tenth of a millimetre."""
FIGURES = {"v.shp": 1e-9, "v.kml": 1e-9}
"""Relative precision of numbers where a format writes them as text of so many letters."""


def _write(table: gpd.GeoDataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        table.to_parquet(path)
        return
    options = WRITERS[path.name]
    multi = path.suffix in (".shp", ".gdb")
    # A format that has no single areas and lines is told so, or its driver would say it in a warning.
    pyogrio.write_dataframe(table, path, promote_to_multi=multi, **options)


def _check_round_trip(reader: Reader, folder: Path, table: gpd.GeoDataFrame, name: str) -> None:
    path = _emptied(folder / "trip") / name
    if name == "indexed.fgb":
        # An index has no place for a row without a shape, and orders the rows by place.
        table = table.dropna(subset="geometry").drop_duplicates("code").reset_index(drop=True)
    _write(table, path)
    read = _read(reader, path).table
    if name == "indexed.fgb":
        read = read.set_index("code").loc[table["code"]].reset_index()
    assert read["code"].tolist() == table["code"].tolist()
    for ours, theirs in zip(read["word"], table["word"], strict=True):
        assert ours == theirs or (pd.isna(ours) and pd.isna(theirs))
    figures = pd.to_numeric(read["figure"])
    np.testing.assert_allclose(figures, table["figure"], rtol=FIGURES.get(name, 0.0), atol=1e-9)
    for ours, theirs in zip(read.geometry, table.geometry, strict=True):
        if name == "v.kml" and theirs is not None and not theirs.has_z:
            # KML has no flat shapes: a height of 0 is none.
            ours = shapely.force_2d(ours)
        _check_same_shape(ours, theirs, PRECISION.get(name, 0.0), HEIGHTS.get(name, 1e-9))


def _check_same_shape(
    ours: shapely.Geometry | None, theirs: shapely.Geometry | None, tolerance: float, heights: float = 1e-9
) -> None:
    """The same places in the same order, heights too; a part alone is as good as a collection of one."""
    if theirs is None:
        assert ours is None or ours.is_empty
        return
    assert ours.geom_type.removeprefix("Multi") == theirs.geom_type
    # Formats differ in which way round a ring runs and where it begins.
    ours, theirs = (shapely.normalize(shape) for shape in (ours, theirs))
    given, written = (shapely.get_coordinates(shape, include_z=True) for shape in (ours, theirs))
    np.testing.assert_allclose(given[:, :2], written[:, :2], rtol=0, atol=tolerance)
    np.testing.assert_allclose(given[:, 2:], written[:, 2:], rtol=0, atol=heights, equal_nan=True)


@pytest.mark.parametrize("name", WRITERS)
@given(table=tables())
@few
def test_a_table_comes_back_as_it_was_written(reader, tmp_path, name, table):
    _check_round_trip(reader, tmp_path, table, name)


@pytest.mark.sweep
@pytest.mark.parametrize("name", WRITERS)
@given(table=tables())
@many
def test_many_tables_come_back_as_they_were_written(reader, tmp_path, name, table):
    _check_round_trip(reader, tmp_path, table, name)


@given(rows=st.lists(st.tuples(ids, words, places), min_size=1, max_size=12))
@few
def test_points_come_back_from_csv_and_excel(reader, tmp_path, rows):
    folder = _emptied(tmp_path / "sheets")
    # Two letters such as 一 alone are as good UTF-8 as GB18030: the header says which it is.
    columns = {"code": [row[0] for row in rows], "名称": [row[1] for row in rows]}
    sheet = pd.DataFrame(columns).assign(lon=[row[2][0] for row in rows], lat=[row[2][1] for row in rows])
    sheet.to_csv(folder / "v.csv", index=False, encoding="gb18030")
    sheet.to_excel(folder / "v.xlsx", index=False)
    for path in (folder / "v.csv", folder / "v.xlsx"):
        read = _read(reader, path).table
        assert read["code"].tolist() == sheet["code"].tolist()
        assert read["名称"].tolist() == sheet["名称"].tolist()
        np.testing.assert_allclose(read.geometry.x, sheet["lon"], rtol=1e-14)
        np.testing.assert_allclose(read.geometry.y, sheet["lat"], rtol=1e-14)


def test_empty_shapes_are_rows_without_a_place(reader, tmp_path):
    table = gpd.GeoDataFrame({"code": ["a", "b", "c"]}, geometry=[Point(1, 2), Point(), None], crs=4326)
    for name in ("v.gpkg", "v.geojson", "v.parquet", "v.shp"):
        _write(table, tmp_path / name)
        read = _read(reader, tmp_path / name).table
        assert read["code"].tolist() == ["a", "b", "c"]
        assert [shape is None or shape.is_empty for shape in read.geometry] == [False, True, True]


def test_numbers_of_json_keep_their_digits_as_text(reader, tmp_path):
    feature = {"type": "Feature", "properties": {"code": "520222000000001234", "h": 0.1}, "geometry": None}
    (tmp_path / "v.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    read = _read(reader, tmp_path / "v.geojson").table
    assert read["code"].tolist() == ["520222000000001234"]
    assert math.isclose(read["h"][0], 0.1, rel_tol=0)


def _gbk_shapefile(folder: Path, *, told: str | None, language: int) -> Path:
    table = gpd.GeoDataFrame({"名称": ["石板寨", "上坝"]}, geometry=[Point(104.9, 26.5), Point(105, 26)], crs=4326)
    path = folder / "v.shp"
    table.to_file(path, engine="pyogrio", encoding="GBK")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if told is not None:
        path.with_suffix(".cpg").write_text(told)
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    struct.pack_into("B", data, 29, language)
    path.with_suffix(".dbf").write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("language", [0x00, 0x4D, 0x57])
@pytest.mark.parametrize("told", [None, "GBK", "936", "GB2312", "UTF-8", "nonsense"])
def test_chinese_shapefiles_whatever_the_cpg_and_the_language_byte_say(reader, tmp_path, told, language):
    read = _read(reader, _gbk_shapefile(tmp_path, told=told, language=language))
    assert read.table["名称"].tolist() == ["石板寨", "上坝"]
    said = [code for table in read.findings for code in table["code"]]
    truly_said = told in ("GBK", "936", "GB2312") or language == 0x4D
    assert said == ([] if truly_said and told not in ("UTF-8", "nonsense") else ["layers.encoding_guessed"])


def test_an_encoding_named_in_the_plan_decides(reader, tmp_path):
    path = _gbk_shapefile(tmp_path, told="UTF-8", language=0)
    read = _read(reader, path, encoding="GBK")
    assert (read.table["名称"].tolist(), read.findings) == (["石板寨", "上坝"], [])
    with pytest.raises(LayerError, match="in no encoding tried"):
        _read(reader, path, encoding="UTF-8")


def test_a_prj_in_a_chinese_encoding_does_not_cost_the_file(reader, tmp_path):
    path = _gbk_shapefile(tmp_path, told=None, language=0x4D)
    prj = path.with_suffix(".prj")
    prj.write_bytes(prj.read_text("ascii").replace("GCS_WGS_1984", "大地坐标系").encode("gb18030"))
    read = _read(reader, path)
    assert len(read.table) == 2
    assert read.table.crs is not None and read.table.crs.is_geographic


def test_a_flatgeobuf_of_many_gaps_is_read_and_does_not_crash(reader, tmp_path):
    table = gpd.GeoDataFrame({"code": ["x", "y"] * 50}, geometry=[Point(1, 2), None] * 50, crs=4326)
    _write(table, tmp_path / "v.fgb")
    read = _read(reader, tmp_path / "v.fgb").table
    assert [shape is None for shape in read.geometry] == [False, True] * 50
