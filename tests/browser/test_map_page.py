"""The map page in headless Chromium with the network off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from map_county import CRS, EAST, FIELDS, NORTH, STATUS, county, hamlets
from map_hostile import hostile_page
from playwright.sync_api import Page

from siteplan.webmap import MapClass, MapLayer, MapPage, render, shown_text

SHEET = "canvas.sp-canvas-sheet"
SELECTION = "canvas.sp-canvas-selection"

VIEW = """() => {
  const seen = siteplan.map.getBounds();
  return [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
}"""

NewPage = Callable[..., Any]


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(render(county()), encoding="utf-8")
    return file


def saved(page: MapPage, folder: Path) -> Path:
    file = folder / "page.html"
    file.write_text(render(page), encoding="utf-8")
    return file


def settled(page: Page) -> None:
    """Wait for two frames and for any running zoom."""
    page.wait_for_function("() => !siteplan.map._animatingZoom && !siteplan.map._panAnim?._inProgress")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drawn(page: Page, canvas: str = SHEET) -> str:
    """The canvas's picture, as text to compare."""
    settled(page)
    return str(page.evaluate("(css) => document.querySelector(css).toDataURL()", canvas))


def coloured(page: Page, colour: str, canvas: str = SHEET) -> int:
    """How many pixels of the canvas have exactly this colour."""
    settled(page)
    script = """([css, wanted]) => {
      const canvas = document.querySelector(css), copy = document.createElement("canvas");
      copy.width = canvas.width;
      copy.height = canvas.height;
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let i = 0; i < bytes.length; i += 4)
        if (wanted.every((value, at) => bytes[i + at] === value)) count++;
      return count;
    }"""
    return int(page.evaluate(script, [canvas, [int(colour[at : at + 2], 16) for at in (1, 3, 5)] + [255]]))


def panel_fields(page: Page) -> list[tuple[str, str]]:
    labels = page.locator("#sp-panel dl dt").all_text_contents()
    values = page.locator("#sp-panel dl dd").all_text_contents()
    return list(zip(labels, values, strict=True))


def search(page: Page, text: str) -> None:
    page.fill("#sp-query", "")
    page.type("#sp-query", text)
    page.press("#sp-query", "Enter")
    page.wait_for_selector("#sp-panel:not([hidden])")


def click_at(page: Page, point: shapely.Point) -> None:
    place = gpd.GeoSeries([point], crs=CRS).to_crs(4326).iloc[0]
    x, y = page.evaluate(
        "([lat, lng]) => { const p = siteplan.map.latLngToContainerPoint([lat, lng]),"
        " r = siteplan.map.getContainer().getBoundingClientRect(); return [p.x + r.left, p.y + r.top]; }",
        [place.y, place.x],
    )
    page.mouse.click(x, y)


def test_a_searched_hamlet_shows_every_field_of_its_row(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    table = hamlets()
    for row in (0, 3, 17, 48):
        given = table.iloc[row]
        search(page, given["id"] if row % 2 else given["name"])
        assert page.locator("#sp-panel h2").text_content() == given["name"]
        expected = [(label, shown_text(given[column], "zh")) for column, label in FIELDS]
        expected[3] = ("判定", STATUS[given["road_status"]][0])
        assert panel_fields(page) == expected
        settled(page)
        seen = page.evaluate(VIEW)
        assert shapely.box(*seen).contains(gpd.GeoSeries([given.geometry], crs=CRS).to_crs(4326).iloc[0])
        assert page.evaluate("() => siteplan.map.getZoom()") >= 14


def test_a_hamlet_without_a_place_is_found_and_says_so(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    search(page, "H050")
    assert "没有可用的位置" in str(page.locator("#sp-panel .sp-warning").text_content())
    assert ("需硬化（米）", "—") in panel_fields(page)
    assert page.locator(".sp-way").count() == 0


def test_search_narrows_moves_by_arrows_and_says_when_nothing_is_found(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    page.type("#sp-query", "龙山")
    names = page.locator("#sp-hits .sp-hit-title").all_text_contents()
    assert names == [name for name in hamlets()["name"] if "龙山" in name]
    page.press("#sp-query", "ArrowDown")
    assert page.locator("#sp-hits [aria-selected=true] .sp-hit-title").text_content() == names[1]
    page.press("#sp-query", "ArrowUp")
    page.press("#sp-query", "ArrowUp")
    assert page.locator("#sp-hits [aria-selected=true] .sp-hit-title").text_content() == names[-1]
    page.press("#sp-query", "Enter")
    assert page.locator("#sp-panel h2").text_content() == names[-1]
    page.fill("#sp-query", "没有的名字")
    assert page.locator("#sp-hits").text_content() == "没有找到"
    page.press("#sp-query", "Escape")
    assert page.locator("#sp-hits").is_hidden()


def test_a_click_opens_the_panel_and_draws_the_way_with_its_break(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    blank = drawn(page, SELECTION)
    target = hamlets().iloc[1]
    click_at(page, target.geometry)
    assert page.locator("#sp-panel h2").text_content() == target["name"]
    page.click(".sp-way")
    assert drawn(page, SELECTION) != blank
    assert coloured(page, "#ffd400", SELECTION) > 100  # the way
    assert coloured(page, "#c1121f", SELECTION) > 20  # the break's cross
    page.keyboard.press("Escape")
    assert page.locator("#sp-panel").is_hidden()
    assert coloured(page, "#ffd400", SELECTION) == 0


def test_the_way_drawn_is_the_way_given(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    search(page, "H007")
    layers = {layer.key: layer.table.set_index("id") for layer in county().layers if layer.key in ("ways", "breaks")}
    script = """() => {
      const { ways, breaks } = siteplan.selection.linked(siteplan.selection.current());
      const places = ({ data, f }) => {
        const s = data.shape, found = [];
        for (let r = s.runOf[f]; r < s.runOf[f + 1]; r++)
          for (let i = s.vertexOf[r]; i < s.vertexOf[r + 1]; i++) {
            const at = siteplan.geo.toLatLng(s.x[i], s.y[i]);
            found.push([at.lng, at.lat]);
          }
        return found;
      };
      return [ways.map(places), breaks.map(places)];
    }"""
    ways, breaks = page.evaluate(script)
    assert len(ways) == len(breaks) == 1
    way = gpd.GeoSeries([shapely.LineString(ways[0])], crs=4326).to_crs(CRS).iloc[0]
    assert shapely.hausdorff_distance(way, layers["ways"].geometry["H007"], densify=0.01) < 1
    mark = gpd.GeoSeries([shapely.Point(breaks[0][0])], crs=4326).to_crs(CRS).iloc[0]
    assert mark.distance(layers["breaks"].geometry["H007"]) < 0.25


def test_layers_and_classes_switch_what_is_drawn_and_order_holds(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    blue, first = STATUS["hardened"][1], drawn(page)
    assert coloured(page, blue) > 100
    page.uncheck("[data-layer=villages] [data-class=hardened] input")
    assert coloured(page, blue) == 0
    assert coloured(page, STATUS["no_road"][1]) > 100
    page.check("[data-layer=villages] [data-class=hardened] input")
    assert drawn(page) == first
    page.uncheck("[data-layer=roads] .sp-layer-row input")
    assert coloured(page, "#555f6d") == 0
    page.check("[data-layer=roads] .sp-layer-row input")
    assert drawn(page) == first  # roads came back beneath the hamlets
    page.check("[data-layer=ways] .sp-layer-row input")
    assert coloured(page, "#222222") > 100


def test_a_hidden_class_does_not_answer_clicks(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    page.uncheck("[data-layer=villages] .sp-layer-row input")
    page.uncheck("[data-layer=roads] .sp-layer-row input")
    click_at(page, hamlets().geometry.iloc[1])
    assert page.locator("#sp-panel").is_hidden()


def test_legend_counts_headlines_and_notes(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    counts = hamlets()["road_status"].value_counts()
    for status, (label, _, _) in STATUS.items():
        row = page.locator(f"[data-layer=villages] [data-class={status}]")
        assert row.locator(".sp-name").text_content() == label
        assert row.locator(".sp-count").text_content() == str(counts[status])
    assert page.locator("[data-layer=villages] .sp-layer-row .sp-count").text_content() == "50"
    assert page.locator("[data-layer=villages] .sp-hint").text_content() == "1 个无位置"
    assert page.locator("#sp-headlines .sp-card").all_text_contents() == ["50自然村", "10通硬化路"]
    assert page.locator("#sp-notes li").all_text_contents() == ["规则 RD-03 待核"]
    assert page.title() == page.locator("#sp-title").text_content() == "清溪县通硬化路"


def test_everything_is_in_view_at_first_and_a_scale_is_shown(map_file: Path, offline_page: Any) -> None:
    page = offline_page.open(map_file)
    seen = page.evaluate(VIEW)
    for layer in county().layers:
        assert shapely.box(*seen).contains(shapely.box(*layer.table.to_crs(4326).total_bounds))
    assert page.locator(".leaflet-control-scale-line").text_content() in ("1 km", "2 km", "3 km", "5 km")
    assert page.locator(".leaflet-control-attribution").text_content() == "Leaflet"


def test_a_phone_screen(map_file: Path, new_page: NewPage) -> None:
    page = new_page(390, 800, touch=True).open(map_file)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.locator("#sp-legend").is_hidden()
    page.tap("#sp-menu")
    assert page.locator("#sp-legend").is_visible()
    page.tap("#sp-menu")
    assert page.locator("#sp-legend").is_hidden()
    search(page, "H012")
    settled(page)
    panel = page.locator("#sp-panel").bounding_box()
    assert panel["x"] == 0 and panel["width"] == 390 and panel["y"] > 300
    place = gpd.GeoSeries([hamlets().geometry.iloc[11]], crs=CRS).to_crs(4326).iloc[0]
    y = page.evaluate(
        "([lat, lng]) => siteplan.map.latLngToContainerPoint([lat, lng]).y"
        " + siteplan.map.getContainer().getBoundingClientRect().top",
        [place.y, place.x],
    )
    assert y < panel["y"]  # the hamlet is not under the panel
    page.tap(".sp-close")
    assert page.locator("#sp-panel").is_hidden()


def test_english(tmp_path: Path, offline_page: Any) -> None:
    page = offline_page.open(saved(county("en"), tmp_path))
    assert page.get_attribute("html", "lang") == "en"
    search(page, "H004")
    assert ("在范围内", "no") in panel_fields(page)
    assert page.locator(".sp-way").text_content() == "Show the whole way"


def test_hostile_text_runs_nowhere_and_is_shown_as_text(tmp_path: Path, offline_page: Any) -> None:
    given = hostile_page()
    page = offline_page.open(saved(given, tmp_path))
    names = [text.replace("\ud800", "?") for text in given.layers[0].table["name"]]
    assert page.locator("#sp-title").text_content() == " ".join(names)
    for number, name in enumerate(names):
        page.fill("#sp-query", f"#{number:02d}")
        assert page.locator("#sp-hits .sp-hit-title").all_text_contents() == [name]
        page.press("#sp-query", "Enter")
        assert page.locator("#sp-panel h2").text_content() == name
        assert [value for _, value in panel_fields(page)] == [f"#{number:02d}", name]
        settled(page)
    page.mouse.move(850, 380)
    settled(page)
    assert page.evaluate("() => window.__pwned") is None
    assert page.evaluate("() => document.querySelectorAll('img, iframe, object, svg').length") == 0
    assert page.locator("#sp-body script, #sp-panel script, #sp-panel b").count() == 0


def test_the_policy_stops_what_would_be_put_in_later(map_file: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto(map_file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    script = """() => {
      const script = document.createElement("script"), words = document.createElement("p");
      script.textContent = "window.__pwned = 1";
      words.innerHTML = '<img src=x onerror="window.__pwned = 2">';
      document.body.append(script, words);
    }"""
    page.evaluate(script)
    page.wait_for_timeout(200)
    assert page.evaluate("() => window.__pwned") is None
    page.close()


@pytest.mark.parametrize(
    ("case", "shapes"),
    [
        ("nothing", []),
        ("no place at all", [None, None]),
        ("one hamlet", [shapely.Point(EAST, NORTH)]),
        ("all at one point", [shapely.Point(EAST, NORTH)] * 30),
    ],
)
def test_pages_with_little_on_them_open(case: str, shapes: list[Any], tmp_path: Path, offline_page: Any) -> None:
    frame = {"id": [f"p{n}" for n in range(len(shapes))]}
    table = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=CRS), crs=CRS)
    layer = MapLayer(
        "points",
        "点",
        table,
        (MapClass("a", "甲", "#0072b2"),),
        fields=(("id", "编号"),),
        title_column="id",
        label_zoom=2,
    )
    page = offline_page.open(saved(MapPage(case, "", "zh", (layer,)), tmp_path))
    assert page.locator(".sp-layer-row .sp-count").text_content() == str(len(shapes))
    if not any(shapes):
        assert page.locator("#sp-notes .sp-warning").text_content() == "本图没有可显示位置的要素。"
    else:
        assert coloured(page, "#0072b2") > 20
        click_at(page, shapes[0])
        pager = page.locator(".sp-pager span")
        assert pager.all_text_contents() == ([f"此处第 1 个，共 {len(shapes)} 个"] if len(shapes) > 1 else [])


def test_a_shape_around_the_whole_world_opens(tmp_path: Path, offline_page: Any) -> None:
    world = gpd.GeoDataFrame({"id": ["w"]}, geometry=[shapely.box(-180, -90, 180, 90)], crs=4326)
    layer = MapLayer("areas", "面", world, (MapClass("a", "甲", "#0072b2", dash="4 2"),), fields=(("id", "编号"),))
    page = offline_page.open(saved(MapPage("w", "", "zh", (layer,)), tmp_path))
    page.mouse.click(800, 400)
    assert panel_fields(page) == [("编号", "w")]
