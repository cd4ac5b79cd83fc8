"""Geometry and values survive the compact encoding."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from map_county import CRS, EAST, NORTH, hamlets, roads, winding
from map_decoding import cells, lines, numbers, vertices

from siteplan.webmap import MapClass, MapLayer, shown_text
from siteplan.webmap.encoding import encode_layer
from siteplan.webmap.varints import encode_signed, encode_unsigned

RED = (MapClass("red", "red", "#ff0000"),)


def encoded(table: gpd.GeoDataFrame, **settings: object) -> dict:
    return encode_layer(MapLayer("it", "it", table, settings.pop("classes", RED), **settings), "en")  # type: ignore[arg-type]


@given(st.lists(st.integers(min_value=0, max_value=2**52)))
def test_unsigned_numbers_survive(values: list[int]) -> None:
    assert numbers(encode_unsigned(np.array(values, dtype=np.int64))) == values


@given(st.lists(st.integers(min_value=-(2**51), max_value=2**51)))
def test_signed_numbers_survive(values: list[int]) -> None:
    told = numbers(encode_signed(np.array(values, dtype=np.int64)))
    assert [-(n + 1) // 2 if n % 2 else n // 2 for n in told] == values


@pytest.mark.parametrize("crs", [CRS, "EPSG:4326", "EPSG:32648", "EPSG:3857"])
def test_lines_stay_within_one_metre(crs: str) -> None:
    table = roads(count=25, vertices=600)
    block = encoded(table.to_crs(crs))
    back = gpd.GeoSeries(lines(block["geometry"]), crs="EPSG:4326").to_crs(CRS)
    there = shapely.hausdorff_distance(table.geometry.values, back.values, densify=0.01)
    assert there.max() < 1.0
    kept = sum(numbers(block["geometry"]["sizes"]))
    assert kept < 0.7 * 25 * 600  # thinning happens


def test_points_stay_within_a_quarter_of_a_metre_and_the_unplaced_row_stays() -> None:
    table = hamlets()
    rows = vertices(encoded(table)["geometry"])
    assert len(rows) == len(table)
    assert rows[-1] == []
    back = gpd.GeoSeries([shapely.Point(row[0][0]) for row in rows[:-1]], crs="EPSG:4326").to_crs(CRS)
    assert table.geometry.iloc[:-1].distance(back, align=False).max() < 0.25


def test_areas_keep_parts_and_holes() -> None:
    square = shapely.box(EAST, NORTH, EAST + 900, NORTH + 900)
    holed = square.difference(shapely.box(EAST + 200, NORTH + 200, EAST + 500, NORTH + 500))
    two = shapely.MultiPolygon([holed, shapely.box(EAST + 2000, NORTH, EAST + 2300, NORTH + 300)])
    table = gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=[two, shapely.Polygon(), square], crs=CRS)
    block = encoded(table)
    assert block["geometry"]["kinds"] == "area"
    rings = vertices(block["geometry"])
    assert [len(row) for row in rings] == [3, 0, 1]
    areas = [[shapely.Polygon(run) for run in row] for row in rings]
    back = gpd.GeoSeries([areas[0][0].symmetric_difference(areas[0][1]).union(areas[0][2])], crs="EPSG:4326").to_crs(
        CRS
    )
    assert back.iloc[0].symmetric_difference(two).area < 0.3 * two.length


def test_a_layer_may_mix_kinds_and_nest_collections() -> None:
    nested = shapely.GeometryCollection([shapely.GeometryCollection([shapely.Point(EAST, NORTH)])])
    shapes = [shapely.Point(EAST, NORTH), None, shapely.box(EAST, NORTH, EAST + 9, NORTH + 9), nested]
    block = encoded(gpd.GeoDataFrame({"id": list("abcd")}, geometry=shapes, crs=CRS))
    assert block["geometry"]["kinds"] == ["point", "point", "area", "point"]
    assert [len(row) for row in vertices(block["geometry"])] == [1, 0, 1, 1]


def test_heights_and_the_whole_world_do_no_harm() -> None:
    world = gpd.GeoDataFrame({"id": ["w"]}, geometry=[shapely.box(-180, -90, 180, 90)], crs="EPSG:4326")
    corners = vertices(encoded(world)["geometry"])[0][0]
    assert max(abs(lat) for _, lat in corners) <= 85.06
    high = gpd.GeoDataFrame(
        {"id": ["z"]}, geometry=[shapely.LineString([(108, 24, 5), (108.1, 24, 9)])], crs="EPSG:4326"
    )
    assert vertices(encoded(high)["geometry"]) == [[[(108.0, 24.0), (108.1, 24.0)]]]


def test_values_that_name_no_class_are_counted_as_other() -> None:
    table = gpd.GeoDataFrame({"kind": ["red", None, "blue"]}, geometry=[shapely.Point(EAST, NORTH)] * 3, crs=CRS)
    block = encoded(table, class_column="kind")
    assert numbers(block["themes"][0]["classOf"]) == [0, 1, 1]
    assert block["words"]["en"]["themes"][0]["labels"] == ["red", "other"]


def test_an_empty_table_is_a_layer_too() -> None:
    block = encoded(gpd.GeoDataFrame({"id": pd.Series([], dtype=str)}, geometry=[], crs=CRS), fields=(("id", "Id"),))
    assert block["size"] == 0
    assert vertices(block["geometry"]) == []


def test_columns_keep_their_values_and_repeat_them_by_number() -> None:
    table = hamlets()
    block = encoded(table, fields=(("id", "Id"), ("people", "People"), ("township", "T"), ("in_scope", "In")))
    assert cells(block, "id") == table["id"].to_list()
    assert "codes" in block["columns"]["township"]
    assert cells(block, "township") == table["township"].to_list()
    assert cells(block, "in_scope") == table["in_scope"].to_list()
    assert cells(block, "people") == [None if pd.isna(one) else one for one in table["people"]]


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12) | st.from_regex(
    r"[0-9a]{0,40}", fullmatch=True
)


@given(st.lists(TEXTS | st.none(), min_size=1, max_size=30), st.integers(0, 3))
def test_any_text_survives_in_whatever_form_it_is_written(values: list[str | None], more: int) -> None:
    alike = [f"至锚点 {n} 公里，需硬化 {n * 7:04d} 米；{'0' * 20}{n}" for n in range(more * 20)]
    told = [*values, *alike] if more < 2 else alike
    table = gpd.GeoDataFrame({"v": pd.Series(told, dtype=object)}, geometry=[None] * len(told), crs=CRS)
    assert cells(encoded(table, fields=(("v", "V"),)), "v") == [value or None for value in told]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**6), 10**6).map(lambda n: n / 200)))
def test_any_number_is_the_number_that_is_shown(values: list[float]) -> None:
    table = gpd.GeoDataFrame({"v": pd.Series(values, dtype=float)}, geometry=[None] * len(values), crs=CRS)
    told = cells(encoded(table, fields=(("v", "V"),)), "v")
    assert [shown_text(one, "en") for one in told] == [shown_text(one, "en") for one in values]


def test_reasons_take_a_form_of_their_own() -> None:
    told = [f"至{'甲乙丙'[n % 3]}的路 ({n / 10:.1f} 公里) 有 {n:03d} 米未硬化。" for n in range(300)]
    table = gpd.GeoDataFrame({"v": told}, geometry=[None] * 300, crs=CRS)
    block = encoded(table, fields=(("v", "V"),))
    assert len(block["columns"]["v"]["patterns"]) == 3
    assert cells(block, "v") == told


def test_a_translation_carries_only_what_differs() -> None:
    table = hamlets()
    zh = MapLayer("it", "村", table, RED, fields=(("name", "名"), ("township", "乡")))
    other = table.assign(name=[f"hamlet {n}" for n in range(len(table))])
    en = MapLayer("it", "hamlets", other, RED, fields=(("name", "name"), ("township", "township")))
    block = encode_layer(zh, "zh", (en, "en"))
    assert list(block["words"]["en"]["columns"]) == ["name"]
    assert cells(block, "name", "en") == other["name"].to_list()
    assert cells(block, "name", "zh") == table["name"].to_list()
    assert block["words"]["en"]["fields"] == [["name", "name"], ["township", "township"]]


def test_equal_values_of_other_types_are_not_mixed_up() -> None:
    table = gpd.GeoDataFrame({"v": [1, True, "1", 1.0, 1, True]}, geometry=[shapely.Point(EAST, NORTH)] * 6, crs=CRS)
    told = cells(encoded(table, fields=(("v", "V"),)), "v")
    assert [(type(one), one) for one in told] == [(int, 1), (bool, True), (str, "1"), (int, 1), (int, 1), (bool, True)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (float("inf"), "—"),
        (pd.NA, "—"),
        (pd.NaT, "—"),
        ("", "—"),
        (0, "0"),
        (-0.0, "0"),
        (12.0, "12"),
        (1234.567, "1234.57"),
        (0.00345678, "0.00346"),
        (1e-9, "0"),
        (1e22, "10000000000000000000000"),
        (2**60, str(2**60)),
        (True, "yes"),
        (np.bool_(False), "no"),
        (np.float32(2.5), "2.5"),
        (pd.Timestamp("2025-03-01"), "2025-03-01T00:00:00"),
    ],
)
def test_shown_text(value: object, text: str) -> None:
    assert shown_text(value, "en") == text


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MapClass("a", "a", "red"),
        lambda: MapClass("a", "a", "#ff0000", shape="heart"),  # type: ignore[arg-type]
        lambda: MapClass("a", "a", "#ff0000", dash="a b"),
        lambda: MapClass("a", "a", "#ff0000", fill_opacity=2),
        lambda: MapLayer("A-b", "t", roads(2), RED),
        lambda: MapLayer("a", "t", roads(2), ()),
        lambda: MapLayer("a", "t", roads(2), RED * 2),
        lambda: MapLayer("a", "t", roads(2), RED, fields=(("no such", "x"),)),
    ],
)
def test_faults_in_the_page_are_told_at_once(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"map (class|layer)"):
        wrong()  # type: ignore[operator]


def test_winding_lines_wind() -> None:
    assert winding((0, 0), (1000, 0), 100, 1).length > 1001
