"""What is drawn in the frame: classes in their colours and order, ground beneath, names, relief, scale."""

from __future__ import annotations

import io
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from matplotlib_scalebar.scalebar import ScaleBar
from picture_reading import (
    CRS,
    EAST,
    NORTH,
    axes_of,
    box_of,
    collections_of,
    count_colour,
    county_sheet,
    draw,
    layer,
    m_per_pixel,
    page,
    pixel_at,
    pixels,
    points,
    seen,
    sheet_of,
    texts_of,
)
from PIL import Image

from siteplan.cartography.grounds import Terrain
from siteplan.cartography.page import SHAPES, Hatch, MapClass, MapTheme
from siteplan.pictures import mapping, names
from siteplan.pictures.lettering import chosen_lettering
from siteplan.pictures.looks import muted, outline
from siteplan.pictures.terrain import relief

RED, BLUE, GREEN = "#aa0000", "#0000bb", "#008800"
IN_RED, IN_BLUE, IN_GREEN, WHITE = (0xAA, 0, 0), (0, 0, 0xBB), (0, 0x88, 0), (255, 255, 255)


def line(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    at = shapely.LineString([(EAST + x, NORTH + y) for x, y in places])
    return gpd.GeoDataFrame({"name": ["line"]}, geometry=[at], crs=CRS)


def area(*shapes: shapely.Polygon) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["area"] * len(shapes)}, geometry=list(shapes), crs=CRS)


def rows_from_below(picture: np.ndarray, low: float, high: float) -> np.ndarray:
    return picture[picture.shape[0] - int(high) : picture.shape[0] - int(low)]


def test_every_class_is_drawn_in_its_colour_as_often_as_it_has_places(tmp_path: Path) -> None:
    kinds = ["few"] * 5 + ["many"] * 20
    classes = (MapClass("few", "few", RED), MapClass("many", "many", BLUE), MapClass("none", "none", GREEN))
    picture = pixels(page(layer("hamlets", points(25, kind=kinds), *classes, class_column="kind")), tmp_path)
    few, many = count_colour(picture, RED), count_colour(picture, BLUE)
    assert few > 100
    assert many / few == pytest.approx(21 / 6, rel=0.1)  # each stands once in the legend
    assert count_colour(picture, GREEN) == 0


def test_later_classes_lie_above_earlier_ones_and_layers_by_z() -> None:
    two = gpd.GeoDataFrame({"kind": ["b", "a"]}, geometry=[shapely.Point(EAST, NORTH)] * 2, crs=CRS)
    classes = (MapClass("a", "a", RED), MapClass("b", "b", BLUE))
    shown = page(layer("hamlets", two, *classes, class_column="kind"))
    assert pixel_at(sheet_of(shown), EAST, NORTH) == IN_BLUE
    low = layer("low", points(1), MapClass("a", "a", RED), z=5)
    high = layer("high", points(1), MapClass("a", "a", GREEN), z=6)
    for order in ((low, high), (high, low)):
        shown = page(*order)
        assert pixel_at(sheet_of(shown), EAST, NORTH) == IN_GREEN


def test_points_have_a_white_halo_above_lines() -> None:
    road = layer("road", line((-900, 0), (900, 0)), MapClass("a", "a", BLUE), z=1)
    shown = page(road, layer("hamlet", points(1), MapClass("a", "a", RED), z=2))
    figure = sheet_of(shown)
    row = [pixel_at(figure, EAST + n * m_per_pixel(figure), NORTH) for n in range(40)]
    assert row[0] == IN_RED
    assert row[-1] == IN_BLUE
    assert any(min(one) > 200 for one in row[: row.index(IN_BLUE)])


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_those_of_the_web_map(shape: str) -> None:
    found = shapely.Polygon(outline(shape, 10.0).to_polygons()[0])  # type: ignore[arg-type]
    corners = {"square": 4, "triangle": 3, "diamond": 4, "cross": 12, "star": 10}
    if shape == "circle":
        assert found.area == pytest.approx(np.pi * 100, rel=0.01)
    else:
        assert len(found.exterior.coords) - 1 == corners[shape]
    assert found.contains(shapely.Point(0, 0))
    west, south, east, north = found.bounds
    assert west == pytest.approx(-east)
    tip = {"circle": 10, "square": 8.8, "triangle": 12 - 1.8, "diamond": 11.8, "cross": 14.2 * 2**-0.5, "star": 13}
    assert north == pytest.approx(tip[shape], rel=0.02)
    assert south == pytest.approx({"triangle": -6 - 1.8, "star": -13 * np.cos(np.pi / 5)}.get(shape, -north), rel=0.02)
    # A cross stands like an X: its arms reach into the corners, not to the sides.
    assert found.contains(shapely.Point(6, 6)) == (shape in ("circle", "square", "cross"))
    assert found.contains(shapely.Point(0, 7)) == (shape not in ("cross",))


def test_areas_are_filled_as_thinly_as_told_and_their_holes_stay_open() -> None:
    outer, inner = (np.array(shapely.Point(EAST, NORTH).buffer(r).exterior.coords) for r in (2_000, 1_000))
    for hole in (inner, inner[::-1]):  # files hold rings in either direction
        shape = shapely.Polygon(outer, [hole])
        shown = page(layer("zones", area(shape), MapClass("a", "a", "#004080", fill_opacity=0.25, weight=1.0)))
        figure = sheet_of(shown)
        assert pixel_at(figure, EAST, NORTH) == WHITE
        inside = np.array(pixel_at(figure, EAST + 1_500, NORTH))
        assert np.abs(inside - (np.array([0, 0x40, 0x80]) * 0.25 + 255 * 0.75)).max() <= 1.5


def test_hatches_differ_and_are_drawn_in_the_class_colour() -> None:
    strokes: dict[Hatch, np.ndarray] = {}
    for hatch in ("lines", "back", "cross", "dots"):
        look = MapClass("a", "a", RED, hatch=hatch, fill_opacity=0.0, weight=0.0)  # type: ignore[arg-type]
        shown = page(layer("zones", area(shapely.box(EAST, NORTH, EAST + 4_000, NORTH + 4_000)), look))
        figure = sheet_of(shown)
        (x0, y0), (x1, y1) = axes_of(figure, "map").transData.transform(
            [(EAST + 1_000, NORTH + 1_000), (EAST + 3_000, NORTH + 3_000)]
        )
        inner = rows_from_below(seen(figure), y0, y1)[:, int(x0) : int(x1)]
        strokes[hatch] = inner[..., 1] < 200  # type: ignore[index]
        assert 0.03 < strokes[hatch].mean() < 0.7, hatch  # type: ignore[index]
        reddest = inner[strokes[hatch]].astype(int)  # type: ignore[index]
        assert (reddest[:, 0] > reddest[:, 1]).all()
    for one, other in combinations(strokes.values(), 2):
        assert (one != other).mean() > 0.02
    plain = page(layer("zones", area(shapely.box(EAST, NORTH, EAST + 4_000, NORTH + 4_000)), MapClass("a", "a", RED)))
    assert not collections_of(sheet_of(plain), "zones-0-hatch")


@pytest.mark.parametrize(("dash", "on_off"), [("8 4", [6.0, 3.0]), ("4", [3.0, 3.0]), ("4 2 8", [3, 1.5, 6] * 2)])
def test_dashes_and_widths_are_pixels_of_the_web_map_in_points(dash: str, on_off: list[float]) -> None:
    look = MapClass("a", "a", RED, dash=dash, weight=4.0)
    road = layer("roads", line((0, 0), (9_000, 5_000)), look)
    (drawn,) = collections_of(sheet_of(page(road)), "roads-0")
    assert drawn.get_linewidths() == pytest.approx([3.0])
    assert drawn.get_linestyles() == [(0.0, pytest.approx(on_off))]


def test_outlines_of_neighbours_are_dashed_once() -> None:
    two = area(
        shapely.box(EAST, NORTH, EAST + 5_000, NORTH + 5_000),
        shapely.box(EAST + 5_000, NORTH, EAST + 9_000, NORTH + 5_000),
    )
    figure = sheet_of(page(layer("towns", two, MapClass("a", "a", RED, dash="6 4"))))
    (seams,) = collections_of(figure, "towns-0-outline")
    length = sum(shapely.LineString(run).length for run in seams.get_segments())
    assert length == pytest.approx(9_000 * 2 + 5_000 * 3)
    (fields,) = collections_of(figure, "towns-0")
    assert fields.get_linewidths() == [0.0]


def test_the_layers_shown_at_first_are_drawn_and_what_is_planned_is_not() -> None:
    layers = (
        layer("now", points(3), side="now"),
        layer("planned", points(3), side="planned"),
        layer("hidden", points(3), shown=False),
    )
    figure = sheet_of(page(*layers))
    assert [bool(collections_of(figure, f"{key}-0")) for key in ("now", "planned", "hidden")] == [True, False, False]
    figure = sheet_of(page(*layers), layers=("planned", "hidden"))
    assert [bool(collections_of(figure, f"{key}-0")) for key in ("now", "planned", "hidden")] == [False, True, True]


def test_the_ground_is_muted_and_beneath_what_the_picture_is_about() -> None:
    river = layer("rivers", line((-3_000, 0), (3_000, 0)), MapClass("a", "a", RED, weight=12.0), z=90)
    roads = layer("roads", line((0, -3_000), (0, 3_000)), MapClass("a", "a", BLUE, weight=12.0), z=1)
    other = layer("other", line((500, -3_000), (500, 3_000)), MapClass("a", "a", GREEN, weight=12.0), z=1)
    shown = page(river, roads, other)
    figure = sheet_of(shown, layers=("roads",))
    pale = muted(MapClass("a", "a", RED)).colour
    assert pixel_at(figure, EAST, NORTH) == IN_BLUE
    assert count_colour(seen(figure), pale) > 500
    assert count_colour(seen(figure), RED) == count_colour(seen(figure), GREEN) == 0
    figure = sheet_of(shown, layers=("roads", "rivers"))
    assert pixel_at(figure, EAST, NORTH) == IN_RED
    assert count_colour(seen(figure), pale) == 0


def test_a_theme_sorts_the_rows_anew() -> None:
    theme = MapTheme("water", "Water", "water", (MapClass("yes", "served", GREEN), MapClass("no", "dry", RED)))
    table = points(10, road=["hard"] * 10, water=["yes"] * 7 + ["no"] * 3)
    hamlets = layer("hamlets", table, MapClass("hard", "hardened", BLUE), class_column="road", more_themes=(theme,))
    figure = sheet_of(page(hamlets), theme="water")
    assert texts_of(figure, "legend") == ["Hamlets: Water", "10", "served", "7", "dry", "3"]
    assert "hardened" in texts_of(sheet_of(page(hamlets), theme="road"), "legend")


def test_the_map_fills_its_frame_and_holds_everything() -> None:
    for count, width, height in ((2, 250, 180), (30, 150, 250), (30, 300, 120)):
        figure = sheet_of(page(layer("hamlets", points(count))), width=width, height=height)
        axes = axes_of(figure, "map")
        (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
        assert (east - west) / (north - south) == pytest.approx(axes.bbox.width / axes.bbox.height, rel=1e-6)
        xy = shapely.get_coordinates(points(count).geometry.to_numpy())
        margins = [*(xy.min(axis=0) - (west, south)), *((east, north) - xy.max(axis=0))]
        least = np.ptp(xy, axis=0).max() * 0.04
        assert min(margins) >= least * 0.99
        assert min(margins) <= max(least * 1.01, 501.0)


def test_an_extent_asked_for_is_in_the_middle_of_the_frame() -> None:
    box = (EAST + 500, NORTH - 1_000, EAST + 4_500, NORTH + 1_000)
    figure = sheet_of(page(layer("hamlets", points(30))), extent=box)
    (west, east), (south, north) = axes_of(figure, "map").get_xlim(), axes_of(figure, "map").get_ylim()
    assert (west + east) / 2 == pytest.approx(EAST + 2_500)
    assert (south + north) / 2 == pytest.approx(NORTH)
    assert east - west == pytest.approx(4_000)
    assert north - south > 2_000
    assert any("Counts are of all" in text for text in texts_of(figure, "legend"))
    # Only what meets the frame is drawn: 30 hamlets in rows of ten, two rows of four in the frame.
    assert len(collections_of(figure, "hamlets-0")[0].get_offsets()) == 2 * 2 * 4


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    for extent in ((EAST, NORTH, EAST + 700, NORTH + 500), (EAST, NORTH, EAST + 47_000, NORTH + 30_000)):
        shown = page(layer("hamlets", points(30)))
        figure = sheet_of(shown, extent=extent)
        axes = axes_of(figure, "scale")
        draw(figure)
        told = next(one for one in axes.get_children() if isinstance(one, ScaleBar)).info.scale_text
        value, unit = told.split()
        metres = float(value) * {"km": 1_000, "m": 1}[unit]
        box = axes.bbox
        part = rows_from_below(seen(figure), box.y0, box.y1)[:, int(box.x0) : int(box.x1) + 1]
        dark = (part < 80).all(axis=2).sum(axis=1).max()
        assert dark * m_per_pixel(figure) == pytest.approx(metres, abs=2.1 * m_per_pixel(figure))
        ratio = next(text for text in texts_of(figure, "scale"))
        m_per_mm = m_per_pixel(figure) * figure.dpi / 25.4
        assert float(ratio.removeprefix("1:").replace(",", "")) == pytest.approx(m_per_mm * 1_000, rel=0.005)


def test_figures_at_the_frame_are_the_coordinates() -> None:
    figure = sheet_of(page(layer("hamlets", points(30))))
    axes = axes_of(figure, "map")
    eastings = [text for text in figure.texts if text.get_gid() == "grid" and not text.get_rotation()]
    assert len(eastings) >= 3
    for text in eastings:
        middle = text.get_window_extent()
        x = axes.transData.inverted().transform(((middle.x0 + middle.x1) / 2, axes.bbox.y0))[0]
        assert float(text.get_text()) * 1_000 == pytest.approx(x, abs=2 * m_per_pixel(figure))


def test_names_keep_off_each_other_and_inside_the_frame() -> None:
    figure = county_sheet()
    written = [text for text in figure.texts if text.get_gid() == "name"]
    assert len(written) > 40
    assert {"清溪镇", "大坪乡"} <= {text.get_text() for text in written}
    frame = axes_of(figure, "map").bbox.extents / figure.dpi * 25.4
    boxes = [box_of(figure, text) for text in written]
    for one, other in combinations(boxes, 2):
        overlap = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
        assert min(overlap) < 0.3
    for west, south, east, north in boxes:
        assert west > frame[0] - 0.1
        assert south > frame[1] - 0.1
        assert east < frame[2] + 0.1
        assert north < frame[3] + 0.1


def test_names_cover_no_symbol_of_a_named_place() -> None:
    close = points(200, step=700.0)
    figure = sheet_of(page(layer("hamlets", close, title_column="id", label_zoom=3)))
    written = [box_of(figure, text) for text in figure.texts if text.get_gid() == "name"]
    assert written
    to_mm = axes_of(figure, "map").transData.transform(shapely.get_coordinates(close.geometry))
    for x, y in to_mm / figure.dpi * 25.4:
        assert not any(west < x < east and south < y < north for west, south, east, north in written)


def test_names_of_areas_stand_inside_them_off_the_symbols_and_small_ones_are_named_beside() -> None:
    big, small = shapely.box(EAST, NORTH, EAST + 9_000, NORTH + 6_000), shapely.box(EAST, NORTH, EAST + 99, NORTH + 99)
    towns = area(big, shapely.affinity.translate(big, 9_000), shapely.affinity.translate(small, 8_900, 2_800))
    towns["name"] = ["Long Name East", "Long Name West", "small"]
    # Hamlets along the middle of the first town, where its name would stand.
    row = gpd.GeoDataFrame(geometry=[shapely.Point(EAST + n * 450, NORTH + 3_000) for n in range(1, 19)], crs=CRS)
    figure = sheet_of(page(layer("towns", towns, title_column="name", label_zoom=3, z=1), layer("hamlets", row, z=2)))
    draw(figure)
    boxes = {
        text.get_text(): axes_of(figure, "map").transData.inverted().transform(text.get_window_extent())
        for text in figure.texts
        if text.get_gid() == "name"
    }
    assert set(boxes) == set(towns["name"])
    for name, shape in zip(towns["name"][:2], towns.geometry[:2], strict=True):
        written = shapely.box(*boxes[name].ravel())
        assert shape.contains(written)
        assert not written.buffer(100).intersects(row.geometry.union_all())
    beside = shapely.box(*boxes["small"].ravel())
    assert 0 < beside.distance(towns.geometry[2]) < 400


def test_spots_for_a_name_are_inside_the_area_with_half_a_name_beside_them() -> None:
    frame = names.Frame((0.0, 0.0, 20_000.0, 20_000.0), 100.0, 100.0, 12.0)
    corner = shapely.Polygon([(0, 0), (20_000, 0), (20_000, 4_000), (6_000, 4_000), (6_000, 20_000), (0, 20_000)])
    spots, _, at_point = names._place_in(corner, frame)
    assert not at_point
    assert len(spots) > 10
    in_mm = shapely.affinity.scale(corner, 0.005, 0.005, origin=(0, 0))
    for x, y in spots[1:]:
        assert in_mm.contains(shapely.LineString([(x - 7, y), (x + 7, y)]))


def test_names_at_the_corners_stay_inside_the_frame() -> None:
    frame, letters = names.Frame((0.0, 0.0, 100.0, 100.0), 100.0, 100.0, 12.0), chosen_lettering(["name"], None)
    for x in (0.5, 99.5):
        for y in (0.5, 99.5):
            for at_point in (True, False):
                found = names.Candidate("name", ((x, y),), 1.0 if at_point else 0.0, at_point, False, True)
                for one in names.placed([found], [], frame, letters):
                    half = letters.width("name", one.size) / 2, one.size * 0.5 * 25.4 / 72
                    assert half[0] < one.x < 100 - half[0]
                    assert half[1] < one.y < 100 - half[1]


@pytest.mark.parametrize(("count", "zoom", "named"), [(11, 19, True), (12, 19, False), (20, 5, True), (21, 5, False)])
def test_many_names_are_written_only_where_the_web_map_would(
    count: int, zoom: float, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (names._MOST, names._MOST_CLOSE) == (300, 60)
    monkeypatch.setattr(names, "_MOST", 20)
    monkeypatch.setattr(names, "_MOST_CLOSE", 12)
    shown = page(layer("hamlets", points(count), title_column="id", label_zoom=zoom))
    assert bool(texts_of(sheet_of(shown), "name")) == named


def test_a_layer_without_a_zoom_for_names_has_none_and_missing_names_are_not_written() -> None:
    assert texts_of(sheet_of(page(layer("hamlets", points(5), title_column="id"))), "name") == []
    table = points(4, name=["one", None, float("nan"), ""])
    shown = page(layer("hamlets", table, title_column="id", label_column="name", label_zoom=3))
    assert texts_of(sheet_of(shown), "name") == ["one"]


def test_tables_in_degrees_are_drawn_in_the_plane_of_the_others() -> None:
    plane, degrees = points(12), points(12).to_crs("EPSG:4326")
    figure = sheet_of(page(layer("first", degrees), layer("second", plane)))
    first, second = (collections_of(figure, f"{key}-0")[0].get_offsets() for key in ("first", "second"))
    assert np.abs(first - second).max() < 0.01


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_tables_without_a_plane_are_drawn_in_true_metres(crs: str) -> None:
    figure = sheet_of(page(layer("hamlets", points(12).to_crs(crs)), crs_name="Web"))
    places = collections_of(figure, "hamlets-0")[0].get_offsets()[::2]
    assert np.hypot(*(places[1] - places[0])) == pytest.approx(1_000, rel=0.001)
    assert any("UTM" in text for text in texts_of(figure, "foot"))
    assert not any("Web" in text for text in texts_of(figure, "foot"))


def test_layers_of_many_features_become_an_image_in_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = page(layer("hamlets", points(50)), layer("roads", line((0, 0), (9_000, 0))))
    assert not collections_of(sheet_of(shown), "hamlets-0")[0].get_rasterized()
    monkeypatch.setattr(mapping, "_MANY", 49)
    figure = sheet_of(shown)
    assert collections_of(figure, "hamlets-0")[0].get_rasterized()
    assert not collections_of(figure, "roads-0")[0].get_rasterized()


def _terrain(pixels_: np.ndarray, west: float, south: float, east: float, north: float) -> Terrain:
    stream = io.BytesIO()
    Image.fromarray(pixels_).save(stream, "png")
    return Terrain(stream.getvalue(), west, south, east, north)


def test_the_relief_lies_where_its_edges_say_and_voids_stay_clear() -> None:
    half = np.zeros((40, 600, 4), dtype=np.uint8)
    half[:, :300] = (0, 0, 0, 255)
    west, south, east, north = 107.95, 24.35, 108.05, 24.43
    shown = page(layer("hamlets", points(3)), terrain=_terrain(half, west, south, east, north))
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    extent = (*to_plane.transform(107.93, 24.36), *to_plane.transform(108.07, 24.42))
    figure = sheet_of(shown, extent=extent)
    for longitude, dark in ((107.96, True), (107.9997, True), (108.0003, False), (108.04, False)):
        # EPSG:4545 has its meridian at 108 degrees east.
        colour = pixel_at(figure, *to_plane.transform(longitude, 24.39))
        assert (max(colour) < 200) == dark, longitude
    assert pixel_at(figure, *to_plane.transform(107.94, 24.39)) == WHITE


def test_the_rows_of_the_relief_are_even_in_web_mercator() -> None:
    top = np.zeros((400, 10, 4), dtype=np.uint8)
    top[:200] = (0, 0, 0, 255)
    crs = pyproj.CRS("EPSG:32648")  # its meridian is 105 degrees east
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    (x, south), (_, north) = to_plane.transform(105, 20.0), to_plane.transform(105, 40.0)
    found = relief(_terrain(top, 104.0, 20.0, 106.0, 40.0), crs, (x - 1_000, south, x + 1_000, north), 3, 2_000)
    edge = north - (found[:, 1, 3] > 0).sum() / 2_000 * (north - south)
    latitude = to_plane.transform(x, edge, direction="INVERSE")[1]
    middle = np.degrees(2 * np.arctan(np.exp(sum(np.arctanh(np.sin(np.radians([20, 40])))) / 2)) - np.pi / 2)
    assert middle > 30.5
    assert latitude == pytest.approx(middle, abs=0.05)
