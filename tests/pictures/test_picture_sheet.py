"""What stands about the map: legend, title, foot; and sheets with little on them."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from map_county import county
from picture_reading import (
    CRS,
    EAST,
    HEIGHT,
    NORTH,
    WIDTH,
    axes_of,
    box_of,
    collections_of,
    county_sheet,
    layer,
    page,
    pixels,
    points,
    sheet_of,
    texts_of,
)

from siteplan.cartography.grounds import PlaneGrid
from siteplan.cartography.page import MapClass, MapLayer, MapPage
from siteplan.language import Texts
from siteplan.pictures import legend
from siteplan.pictures.legend import Row

NOTHING = Texts("en")("pictures.sheet.nothing")


def test_the_legend_names_layers_and_classes_with_their_counts() -> None:
    written = texts_of(county_sheet(), "legend")
    written[14:16] = ["".join(written[14:16])]  # a long note is broken into lines
    assert written == [
        "自然村", "50", "通硬化路", "10", "通路未硬化", "10", "硬化孤段", "10", "孤立路段", "10", "无路", "9",
        "位置不明", "1", "其中 1 个无位置，图上未显示",
        "道路", "40", "未硬化", "14", "硬化", "26",
        "河流", "1", "乡镇", "2",
    ]  # fmt: skip


def test_rows_in_no_class_are_counted_as_other_and_classes_without_rows_left_out() -> None:
    table = points(6, kind=["a", "a", "strange", None, "a", ""])
    classes = (MapClass("a", "known", "#aa0000"), MapClass("b", "unused", "#00aa00"))
    written = texts_of(sheet_of(page(layer("hamlets", table, *classes, class_column="kind"))), "legend")
    assert written == ["Hamlets", "6", "known", "3", "other", "3"]


def test_what_lies_beneath_stands_in_a_section_of_its_own() -> None:
    written = texts_of(sheet_of(county(), layers=("roads",)), "legend")
    assert written == ["道路", "40", "未硬化", "14", "硬化", "26", "底图", "河流", "1", "乡镇", "2"]


def test_samples_are_of_the_kind_and_look_of_their_class() -> None:
    figure = county_sheet()
    samples = {one.get_gid(): one for one in figure.findobj() if str(one.get_gid()).startswith("legend-")}
    assert set(samples) == {
        *(f"legend-villages-{n}" for n in range(6)), "legend-roads-0", "legend-roads-1", "legend-rivers-0",
        "legend-boundaries-0",
    }  # fmt: skip
    for key in ("villages-0", "villages-3", "roads-0", "rivers-0"):
        (drawn,) = collections_of(figure, key)
        sample = samples[f"legend-{key}"]
        assert type(sample) is type(drawn)
        assert sample.get_linewidths() == pytest.approx(drawn.get_linewidths())
        assert (sample.get_edgecolor() == drawn.get_edgecolor()).all()
        assert len(sample.get_facecolor()) == len(drawn.get_facecolor())
        assert (sample.get_facecolor() == drawn.get_facecolor()).all()


def many_classes(count: int) -> MapPage:
    table = points(400, kind=[f"c{n % count}" for n in range(400)])
    classes = tuple(MapClass(f"c{n}", f"class {n} with a rather long name", "#aa0000") for n in range(count))
    return page(layer("uses", table, *classes, class_column="kind"))


@pytest.mark.parametrize(
    ("count", "width", "height"),
    [(30, WIDTH, HEIGHT), (70, WIDTH, HEIGHT), (120, WIDTH, HEIGHT), (5, 100.0, 100.0), (90, 100.0, 100.0)],
)
def test_a_legend_of_any_length_stays_beside_the_map_and_on_the_sheet(count: int, width: float, height: float) -> None:
    figure = sheet_of(many_classes(count), width=width, height=height)
    rows = [text for text in figure.texts if text.get_gid() == "legend"]
    frame, scale = (axes_of(figure, key).bbox.extents / figure.dpi * 25.4 for key in ("map", "scale"))
    boxes = [box_of(figure, text) for text in rows]
    for west, south, east, north in boxes:
        assert west > frame[2]
        assert east < width - 6
        assert south > scale[3] - 0.5
        assert north < height
    for one, other in combinations(boxes, 2):
        overlap = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
        assert min(overlap) < 0.25
    listed = sum(text.get_text().startswith("class ") for text in rows)
    if listed < count:
        (told,) = [text.get_text() for text in rows if "more classes" in text.get_text()]
        assert int(told.split()[0]) == count - listed
    assert listed == count or count == 120 or width == 100
    assert frame[2] - frame[0] > width * 0.3


def test_columns_of_a_legend_are_even_and_sections_stay_whole() -> None:
    layers = [
        layer(
            f"uses{n}",
            points(8, kind=list("abcdefgh")),
            *(MapClass(k, k, "#aa0000") for k in "abcdefgh"),
            class_column="kind",
        )
        for n in range(5)
    ]
    figure = sheet_of(page(*layers))
    rows = [(box_of(figure, text), text.get_text()) for text in figure.texts if text.get_gid() == "legend"]
    columns: dict[bool, list[str]] = {False: [], True: []}
    for box, text in rows:
        if not text.isdigit():
            columns[box[0] > rows[0][0][0] + 20].append(text)
    assert [[text for text in column if text.startswith("Uses")] for column in columns.values()] == [
        ["Uses4", "Uses3", "Uses2"],
        ["Uses1", "Uses0"],
    ]
    assert [len(column) for column in columns.values()] == [27, 18]


def test_no_heading_of_a_legend_stands_alone_at_the_foot_of_a_column() -> None:
    sections = [
        [(Row(f"heading {n}", style="heading"), ["heading"]), *((Row(f"row {k}"), ["row"]) for k in range(rows))]
        for n, rows in enumerate((20, 70, 5, 30))
    ]
    breaks = 0
    for height in range(30, 200):
        for before, after in pairwise(legend._arranged(sections, 8.0, float(height), whole=False)):
            if after.column > before.column:
                assert before.row.style != "heading", height
                breaks += 1
    assert breaks > 100


def test_title_foot_and_mark() -> None:
    table = points(3)
    grid = PlaneGrid.of(table.crs)
    shown = page(layer("hamlets", table), grid=grid, source="County office", crs_name="EPSG:4545 CGCS2000")
    figure = sheet_of(shown)
    assert texts_of(figure, "title") == ["County"]
    assert texts_of(figure, "subtitle") == ["Roads"]
    assert texts_of(figure, "mark") == ["Working draft"]
    foot = " ".join(texts_of(figure, "foot"))
    for part in ("EPSG:4545 CGCS2000", "Central meridian: 108°", "Source: County office", "Coordinates at the frame: "):
        assert part in foot
    assert texts_of(sheet_of(shown, title="Another"), "title") == ["Another"]
    bare = " ".join(texts_of(sheet_of(page(layer("hamlets", table))), "foot"))
    assert "CGCS2000 / 3-degree Gauss-Kruger CM 108E" in bare
    assert "meridian" not in bare
    assert "Source" not in bare


@pytest.mark.parametrize(("side", "unit"), [(900, "m"), (90_000, "km")])
def test_the_foot_names_the_unit_of_the_figures(side: float, unit: str) -> None:
    figure = sheet_of(page(layer("hamlets", points(3))), extent=(EAST, NORTH, EAST + side, NORTH + side))
    assert " ".join(texts_of(figure, "foot")).endswith(f"Coordinates at the frame: {unit}")
    largest = max(float(text) for text in texts_of(figure, "grid"))
    assert largest == pytest.approx((NORTH + side) / {"m": 1, "km": 1_000}[unit], rel=0.01)


def test_a_long_title_is_made_smaller_then_cut() -> None:
    shown = page(layer("hamlets", points(3)))
    for words in (3, 12, 18, 400):
        figure = sheet_of(shown, title="Some words " * words)
        lines = [text for text in figure.texts if text.get_gid() == "title"]
        assert len(lines) <= 2
        for text in lines:
            assert box_of(figure, text)[2] < WIDTH - 6
        assert lines[-1].get_text().endswith("…") == (words == 400)


def nowhere(count: int, crs: str | None = CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"id": [f"N{n}" for n in range(count)]}, geometry=[None] * count, crs=crs)


@pytest.mark.parametrize(
    "shown",
    [
        page(),
        page(layer("hamlets", nowhere(3))),
        page(layer("hamlets", nowhere(0))),
        page(layer("hamlets", nowhere(2, None), title_column="id", label_zoom=3)),
        page(layer("hamlets", gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point()], crs=CRS))),
    ],
    ids=["no layer", "no place", "no row", "no CRS", "empty point"],
)
def test_a_sheet_without_any_place_says_so(shown: MapPage, tmp_path: Path) -> None:
    figure = sheet_of(shown)
    assert texts_of(figure, "nothing") == [NOTHING]
    assert texts_of(figure, "scale") == []
    assert pixels(shown, tmp_path).shape == (708, 984, 3)
    if shown.layers and len(shown.layers[0].table):
        assert any("without a place" in text for text in texts_of(figure, "legend"))


@pytest.mark.parametrize("count", [1, 7])
def test_hamlets_at_one_place_have_land_about_them(count: int, tmp_path: Path) -> None:
    table = gpd.GeoDataFrame({"id": list(range(count))}, geometry=[shapely.Point(EAST, NORTH)] * count, crs=CRS)
    shown = page(
        MapLayer("hamlets", "Hamlets", table, (MapClass("a", "a", "#aa0000"),), title_column="id", label_zoom=3)
    )
    figure = sheet_of(shown)
    (west, east), (south, north) = axes_of(figure, "map").get_xlim(), axes_of(figure, "map").get_ylim()
    assert (west + east) / 2 == pytest.approx(EAST)
    assert north - south == pytest.approx(1_000)
    assert texts_of(figure, "nothing") == []
    assert "0" in texts_of(figure, "name")
    assert pixels(shown, tmp_path).std() > 0


def test_an_extent_with_nothing_in_it_says_so() -> None:
    figure = sheet_of(page(layer("hamlets", points(9))), extent=(0.0, 0.0, 9_000.0, 5_000.0))
    assert texts_of(figure, "nothing") == [NOTHING]
    assert texts_of(figure, "scale")
