"""The sample county's real map in headless Chromium, network off: what it says is what results.gpkg says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from playwright.sync_api import Page

from siteplan.language import Texts
from siteplan.webmap import shown_text

WITHOUT = ("unhardened", "hardened_island", "road_island", "no_road")
CHINESE = re.compile(r"[\u3400-\u9fff]")

NewPage = Callable[..., Any]


@pytest.fixture(scope="module")
def county(sample_run: Path) -> Path:
    return sample_run


@pytest.fixture(scope="module")
def villages(county: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(county / "results.gpkg", layer="villages")


@pytest.fixture(scope="module")
def planned(county: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(county / "results.gpkg", layer="planned")


def settled(page: Page) -> None:
    page.wait_for_function("() => !siteplan.map._animatingZoom && !siteplan.map._panAnim?._inProgress")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def counts(page: Page, layer: str) -> dict[str, int]:
    """The legend's counts of a layer, by class."""
    rows = page.locator(f"[data-layer={layer}] .sp-class-row")
    keys = rows.evaluate_all("rows => rows.map(row => row.dataset.class)")
    shown = rows.locator(".sp-count").all_text_contents()
    return {key: int(n) for key, n in zip(keys, shown, strict=True) if int(n)}


def fields(page: Page) -> dict[str, str]:
    labels = page.locator("#sp-panel dl dt").all_text_contents()
    return dict(zip(labels, page.locator("#sp-panel dl dd").all_text_contents(), strict=True))


def find(page: Page, text: str) -> None:
    page.fill("#sp-query", text)
    page.press("#sp-query", "Enter")
    page.wait_for_selector("#sp-panel:not([hidden])")
    settled(page)


def click_on(page: Page, place: shapely.Point, crs: object) -> None:
    at = gpd.GeoSeries([place], crs=crs).to_crs(4326).iloc[0]
    x, y = page.evaluate(
        "([lat, lng]) => { const p = siteplan.map.latLngToContainerPoint([lat, lng]),"
        " r = siteplan.map.getContainer().getBoundingClientRect(); return [p.x + r.left, p.y + r.top]; }",
        [at.y, at.x],
    )
    page.mouse.click(x, y)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_three_clicks_answer_the_planners_question(
    county: Path, villages: gpd.GeoDataFrame, new_page: NewPage, language: str
) -> None:
    """Which hamlets of this township lack a hardened road, why, and what would mend it."""
    page, texts = new_page().open(county / "map.html"), Texts(language)  # type: ignore[arg-type]
    if language == "en":
        page.click("#sp-language")
    township = "云坪乡"
    page.select_option("#sp-township", township)
    page.select_option("#sp-group", "group:without")
    lacking = villages[(villages["township"] == township) & villages["road_status"].isin(WITHOUT)]
    assert counts(page, "villages") == lacking["road_status"].value_counts().to_dict()
    assert f"{len(lacking)}" in page.inner_text("#sp-filtered") and f"{len(villages)}" in page.inner_text(
        "#sp-filtered"
    )
    settled(page)
    row = lacking[lacking["road_status"] == "no_road"].iloc[0]
    click_on(page, row.geometry, villages.crs)
    shown = fields(page)
    assert page.inner_text("#sp-panel h2") == (row["name"] if language == "zh" else row["name_en"])
    assert shown[texts("roads.column.road_status")] == texts("roads.status.no_road")
    for column in ("to_build_m", "to_harden_m", "anchor_km", "people", "access_dist_m"):
        assert shown[texts(f"roads.column.{column}")] == shown_text(row[column], texts.language)
    reason = shown[texts("roads.column.reason")]
    assert f"{row['to_build_m']:.0f}" in reason and f"{row['to_harden_m']:.0f}" in reason
    if language == "zh":
        assert reason == row["reason"]
    else:
        assert not CHINESE.search(reason)


def test_the_english_page_has_no_chinese_words_of_its_own(county: Path, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    for layer in page.locator("#sp-legend .sp-layer-row input").all():
        layer.check()
    before = page.inner_text("#sp-legend")
    page.click("#sp-language")
    assert page.get_attribute("html", "lang") == "en" and page.title() == "Qinglan County (sample)"
    for part in ("#sp-heading", "#sp-headlines", "#sp-notes"):
        assert not CHINESE.search(page.inner_text(part)), page.inner_text(part)
    # a word of the data that the catalogue does not know stands as it is written
    legend = [line.strip() for line in page.inner_text("#sp-legend").split("\n") if CHINESE.search(line)]
    assert set(legend) <= {"待查", "见附表"}
    assert not CHINESE.search(page.inner_text("#sp-filter").replace("中", ""))
    find(page, "H0012")
    labels = page.locator("#sp-panel dl dt").all_text_contents()
    assert len(labels) > 15 and not any(CHINESE.search(label) for label in labels)
    page.click("#sp-language")
    assert page.inner_text("#sp-legend") == before
    assert "理由" in fields(page)


def test_the_search_knows_pinyin_initials_names_and_ids(
    county: Path, villages: gpd.GeoDataFrame, new_page: NewPage
) -> None:
    page = new_page().open(county / "map.html")
    for text in ("bgt", "白果塘", "H0003", "baiguotang"):
        page.fill("#sp-query", text)
        hits = page.locator("#sp-hits .sp-hit-title").all_text_contents()
        named = villages[villages["name"] == "白果塘"]
        assert "白果塘" in hits or (text == "H0003" and len(hits) == 1), text
        assert len(named) or text == "H0003"
    # every hit by initials has them: 重 may be read chong or zhong, so both find it
    page.fill("#sp-query", "yp")
    assert {"云坪乡", "云坪乡人民政府"} <= set(page.locator("#sp-hits .sp-hit-title").all_text_contents())


def test_filters_change_counts_legend_table_and_dots(
    county: Path, villages: gpd.GeoDataFrame, new_page: NewPage
) -> None:
    page = new_page().open(county / "map.html")
    assert counts(page, "villages") == villages["road_status"].value_counts().to_dict()
    page.click("#sp-tool-table")
    for township, least, most in (("枫香镇", 100, None), ("大槐乡", None, 80), ("", 150, 300)):
        page.select_option("#sp-township", township)
        page.fill("#sp-least", "" if least is None else str(least))
        page.fill("#sp-most", "" if most is None else str(most))
        page.press("#sp-most", "Tab")
        chosen = villages[(villages["township"] == township) | (township == "")]
        chosen = chosen[chosen["people"].between(least or 0, most or 1e9)]
        assert counts(page, "villages") == chosen["road_status"].value_counts().to_dict()
        assert page.inner_text(".sp-table-count").startswith(f"{len(chosen)} ")
        breaks = chosen["break_x"].notna().sum()
        assert page.inner_text("[data-layer=breaks] .sp-count") == str(breaks)
    page.click("#sp-filter-off")
    assert counts(page, "villages") == villages["road_status"].value_counts().to_dict()


def test_hamlets_by_what_is_missing(county: Path, villages: gpd.GeoDataFrame, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    page.select_option("[data-layer=villages] .sp-theme select", "missing")
    told = counts(page, "villages")
    hardened = villages["road_status"] == "hardened"
    builds = ~hardened & (villages["to_build_m"] > 0)
    hardens = ~hardened & (villages["to_build_m"] == 0) & (villages["to_harden_m"] > 0)
    assert told["none"] == hardened.sum() and told["build"] == builds.sum() and told["harden"] == hardens.sum()
    assert sum(told.values()) == len(villages)


def test_township_shading_says_who_is_not_served(county: Path, villages: gpd.GeoDataFrame, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    served = villages.assign(served=villages["road_status"] == "hardened").groupby("township")["served"]
    share, without = served.mean(), served.count() - served.sum()
    edges = pd.cut(share, [-1, 0.4999999, 0.6999999, 0.8999999, 0.9999999, 2],
                   labels=["under_50", "under_70", "under_90", "under_100", "all"])  # fmt: skip
    assert counts(page, "townships") == {key: n for key, n in edges.value_counts().items() if n}
    labels = page.evaluate("() => siteplan.find('townships').cells.shown_count")
    assert sorted(labels) == sorted(f"{name} 未通 {n}" for name, n in without.items())


def test_the_way_drawn_ends_at_the_anchor(county: Path, villages: gpd.GeoDataFrame, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    centres = gpd.read_file(county.parents[0] / "sample" / "results.gpkg", layer="ways")
    row = villages[(villages["road_status"] == "unhardened") & (villages["anchor_km"] > 3)].iloc[0]
    find(page, row["id"])
    script = """() => siteplan.selection.linked(siteplan.selection.current()).ways.map(({ data, f }) => {
      const s = data.shape, found = [];
      for (let r = s.runOf[f]; r < s.runOf[f + 1]; r++)
        for (let v = s.vertexOf[r]; v < s.vertexOf[r + 1]; v++) found.push(siteplan.ground.vertex(data, v));
      return found;
    })"""
    (places,) = page.evaluate(script)
    way = gpd.GeoSeries([shapely.LineString(places)], crs=4326).to_crs(villages.crs).iloc[0]
    given = centres[centres["id"] == row["id"]].geometry.iloc[0]
    assert shapely.hausdorff_distance(way, given, densify=0.01) < 1
    ends = [shapely.Point(way.coords[0]), shapely.Point(way.coords[-1])]
    seats = gpd.read_file(Path(__file__).parents[2] / "data" / "county.gpkg", layer="centres").to_crs(villages.crs)
    anchor = seats[seats["name"] == row["anchor"]].geometry.iloc[0]
    assert min(end.distance(anchor) for end in ends) <= 101  # anchor_m of the plan, and the map's metre


def test_the_slider_shows_what_the_projects_bring(
    county: Path, villages: gpd.GeoDataFrame, planned: gpd.GeoDataFrame, new_page: NewPage
) -> None:
    page = new_page().open(county / "map.html")
    assert page.locator("[data-layer=villages_planned]").count() == 0
    page.click("#sp-tool-compare")
    assert counts(page, "villages_planned") == planned["planned_status"].value_counts().to_dict()
    assert counts(page, "villages") == villages["road_status"].value_counts().to_dict()
    gained = planned[(planned["planned_status"] == "hardened") & (planned["road_status"] != "hardened")].iloc[0]
    # the same hamlet, seen from both sides of the slider
    labels = Texts("zh")
    seen = []
    for share in (0, 100):
        page.evaluate("n => { const s = document.getElementById('sp-slider'); s.value = n;"
                      " s.dispatchEvent(new Event('input')); }", share)  # fmt: skip
        script = """([lon, lat]) => {
          const at = siteplan.map.latLngToContainerPoint([lat, lon]), side = siteplan.compare.sideAt(at.x);
          const [one] = siteplan.hits(L.latLng(lat, lon), siteplan.map.getZoom(), false, side);
          return [side, siteplan.panel.classLabel(one.data, one.f)];
        }"""
        at = gpd.GeoSeries([gained.geometry], crs=villages.crs).to_crs(4326).iloc[0]
        seen.append(page.evaluate(script, [at.x, at.y]))
    assert seen == [
        ["planned", labels("roads.status.hardened")],
        ["now", labels(f"roads.status.{gained['road_status']}")],
    ]
    page.focus("#sp-slider")
    page.keyboard.press("Home")
    assert page.evaluate("() => document.getElementById('sp-slider').value") == "0"


def test_the_table_sorts_and_is_linked_both_ways(county: Path, villages: gpd.GeoDataFrame, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    page.click("#sp-tool-table")
    page.get_by_role("button", name="人口", exact=True).click()
    page.get_by_role("button", name=re.compile("^人口 ▲")).click()
    assert page.locator("th[aria-sort=descending]").count() == 1
    most = villages.sort_values(["people"], ascending=False, kind="stable").iloc[0]
    first = page.locator("#sp-table tbody tr[data-row]").first
    assert first.locator("td").first.inner_text() == most["name"]
    first.click()
    assert page.inner_text("#sp-panel h2") == most["name"]
    last = villages.sort_values("people").iloc[0]
    find(page, last["id"])  # the map's selection is brought into sight in the table
    chosen = page.locator("#sp-table tbody tr[aria-current=true]")
    assert chosen.count() == 1 and last["name"] in chosen.inner_text()
    assert chosen.is_visible()
    page.focus(".sp-scroller")
    page.keyboard.press("Home")
    assert page.inner_text("#sp-panel h2") == most["name"]
    page.keyboard.press("ArrowDown")
    second = villages.sort_values("people", ascending=False, kind="stable").iloc[1]
    assert page.inner_text("#sp-panel h2") == second["name"]
    assert page.locator("#sp-table tbody tr[data-row]").count() < 60  # only what is in sight stands in the page


def test_what_is_filtered_is_what_is_exported(
    county: Path, villages: gpd.GeoDataFrame, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page().open(county / "map.html")
    page.select_option("#sp-township", "双溪镇")
    page.select_option("#sp-group", "class:unhardened")
    chosen = villages[(villages["township"] == "双溪镇") & (villages["road_status"] == "unhardened")]
    page.click("#sp-tool-export")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()
    saved.value.save_as(tmp_path / "a.csv")
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["编号"] for row in rows] == chosen["id"].to_list()
    assert [float(row["需硬化（米）"]) for row in rows] == pytest.approx(chosen["to_harden_m"].to_list(), abs=0.006)
    assert {row["判定"] for row in rows} == {Texts("zh")("roads.status.unhardened")}
    with page.expect_download() as saved:
        page.get_by_role("button", name="GeoJSON").click()
    saved.value.save_as(tmp_path / "a.geojson")
    told = gpd.read_file(tmp_path / "a.geojson")
    assert told.crs == "EPSG:4326" and told["id"].to_list() == chosen["id"].to_list()
    assert told.to_crs(villages.crs).distance(chosen.geometry, align=False).max() < 0.25


def test_areas_are_exported_with_their_holes_and_the_right_way_round(
    county: Path, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page().open(county / "map.html")
    page.click("#sp-tool-table")
    page.select_option("#sp-table-layer", "townships")
    told = json.loads(page.evaluate("() => siteplan.exporting.geojson()"))
    drawn = gpd.GeoDataFrame.from_features(told["features"], crs=4326).to_crs(4545).set_index("shown_name")
    given = gpd.read_file(Path(__file__).parents[2] / "data" / "county.gpkg", layer="boundaries").set_index("name")
    for name, row in drawn.iterrows():
        assert row.geometry.is_valid
        apart = row.geometry.symmetric_difference(given.geometry[name]).area
        assert apart < 1.0 * given.geometry[name].length
        ring = told["features"][0]["geometry"]["coordinates"][0][0]
        assert shapely.LinearRing(ring).is_ccw  # RFC 7946


def test_lengths_areas_and_grid_coordinates_agree_with_proj(county: Path, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    geod, noise = pyproj.Geod(ellps="WGS84"), np.random.default_rng(3)
    for span in (0.002, 0.1, 1.5):
        around = np.sort(noise.uniform(0, 2 * np.pi, 7))
        places = np.column_stack([108.3 + span * np.cos(around), 26.4 + span * np.sin(around)]).tolist()
        length = page.evaluate("p => siteplan.plane.length(p)", places)
        assert length == pytest.approx(geod.line_length(*zip(*places, strict=True)), rel=2e-5)
        area = page.evaluate("p => siteplan.plane.area(p)", places)
        assert area == pytest.approx(abs(geod.polygon_area_perimeter(*zip(*places, strict=True))[0]), rel=2e-4)
    grid = pyproj.Transformer.from_crs(4490, 4545, always_xy=True)
    many = np.column_stack([noise.uniform(106.5, 109.5, 200), noise.uniform(18, 53, 200)])
    told = page.evaluate("p => { const on = siteplan.plane.forward(siteplan.page.grid); return p.map(a => on(...a)); }",
                         many.tolist())  # fmt: skip
    assert np.abs(np.array(told) - np.column_stack(grid.transform(*many.T))).max() < 1e-3


def test_measuring_by_mouse_and_by_keyboard(county: Path, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    page.click("#sp-tool-measure")
    box = page.locator("#map_siteplan").bounding_box()
    for dx, dy in ((300, 300), (500, 300), (500, 450)):
        page.mouse.click(box["x"] + dx, box["y"] + dy)
        page.wait_for_timeout(350)  # two clicks in a row are a double click
    places = page.evaluate("() => siteplan.measure.places()")
    assert len(places) == 3
    shown = page.inner_text("#sp-measure")
    metres = pyproj.Geod(ellps="WGS84").line_length(*zip(*places, strict=True))
    assert f"{metres / 1000:.2f}" in shown or f"{metres / 1000:.3f}" in shown
    assert "亩" in shown
    page.focus("#map_siteplan")
    page.keyboard.press("Enter")
    assert page.evaluate("() => siteplan.measure.places().length") == 4
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    assert page.locator("#sp-measure").is_hidden()


def test_a_link_opens_the_same_view(county: Path, villages: gpd.GeoDataFrame, new_page: NewPage) -> None:
    page = new_page().open(county / "map.html")
    page.click("#sp-language")
    page.select_option("[data-layer=villages] .sp-theme select", "missing")
    page.select_option("#sp-township", "石垭镇")
    page.fill("#sp-least", "60")
    page.press("#sp-least", "Tab")
    page.check("[data-layer=ways] .sp-layer-row input")
    find(page, villages[villages["township"] == "石垭镇"].iloc[2]["id"])
    page.click("#sp-tool-link")
    address = page.input_value("#sp-address")
    state = "() => [siteplan.map.getZoom(), siteplan.map.getCenter().lat, siteplan.map.getCenter().lng]"
    view, panel, told = page.evaluate(state), page.inner_text("#sp-panel"), counts(page, "villages")
    other = new_page()
    other.page.goto(address)
    other.page.wait_for_selector("html[data-ready=yes]")
    settled(other.page)
    assert other.page.evaluate(state) == pytest.approx(view, abs=0.01)
    assert other.page.inner_text("#sp-panel") == panel
    assert counts(other.page, "villages") == told
    assert other.page.is_checked("[data-layer=ways] .sp-layer-row input")
    assert other.page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize("hash_", ["#at=x/y/z&one=villages/99999&township=%00", "#sorted=a:b,__proto__:c&switched=no"])
def test_a_broken_link_opens_the_map(county: Path, new_page: NewPage, hash_: str) -> None:
    one = new_page()
    one.page.goto((county / "map.html").as_uri() + hash_)
    one.page.wait_for_selector("html[data-ready=yes]")
    assert one.page.locator("[data-layer=villages]").count() == 1


def test_a_phone_reaches_everything(county: Path, new_page: NewPage) -> None:
    page = new_page(390, 800, touch=True).open(county / "map.html")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.tap("#sp-menu")
    page.select_option("#sp-township", "云坪乡")
    page.tap("#sp-menu")
    page.tap("#sp-tool-table")
    row = page.locator("#sp-table tbody tr[data-row]").nth(1)
    row.tap()
    panel = page.locator("#sp-panel").bounding_box()
    assert panel["width"] <= 390 and panel["y"] > 200
    page.tap("#sp-panel .sp-close")
    for tool in ("measure", "compare", "export", "print"):
        box = page.locator(f"#sp-tool-{tool}").bounding_box()
        assert box["height"] >= 40
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
