"""What a user does one thing after another: features that meet each other on the sample county's map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Page

from siteplan.language import Texts

NewPage = Callable[..., Any]
TEXTS = Texts("zh")


@pytest.fixture(scope="module")
def county(sample_run: Path) -> Path:
    return sample_run


@pytest.fixture
def page(county: Path, new_page: NewPage) -> Page:
    return new_page().open(county / "map.html")


def pick(page: Page, text: str) -> None:
    page.fill("#sp-query", text)
    page.press("#sp-query", "Enter")
    page.wait_for_selector("#sp-panel:not([hidden])")


def test_the_click_that_ends_typing_is_not_lost(page: Page) -> None:
    box = page.locator("[data-layer=villages] [data-class=hardened] input")
    page.locator("#sp-least").press_sequentially("100")
    box.click()
    assert not box.is_checked()
    assert page.evaluate("() => siteplan.filter.state.least") == 100
    page.click("#sp-tool-table")
    page.locator("#sp-most").press_sequentially("300")
    page.get_by_role("button", name="户数", exact=True).click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.evaluate("() => siteplan.filter.state.most") == 300
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed++; }; }")
    page.click("#sp-tool-print")
    page.fill("#sp-print-title", "另一个图名")
    page.locator(".sp-print-bar button").first.click()
    assert page.evaluate("() => window.printed") == 1
    assert page.inner_text(".sp-sheet h1") == "另一个图名"


def test_the_sheet_is_a_dialog_of_its_own(page: Page) -> None:
    pick(page, "H0100")
    page.click("#sp-tool-measure")
    page.focus("#sp-tool-print")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "sp-print-paper"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement === document.body"
                             " || Boolean(document.activeElement.closest('#sp-print'))")  # fmt: skip
    page.keyboard.press("Escape")
    assert page.locator("#sp-print").is_hidden()
    assert page.locator("#sp-panel").is_visible() and page.locator("#sp-measure").is_visible()
    assert page.evaluate("() => document.activeElement.id") == "sp-tool-print"


def test_the_skip_link_leads_to_the_map_and_keeps_the_filter(page: Page) -> None:
    page.select_option("#sp-township", "岚城镇")
    page.focus("#sp-map-name")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "map_siteplan"
    assert page.input_value("#sp-township") == "岚城镇"
    assert "township=" in page.url


def test_another_sorting_shows_in_the_panel(page: Page) -> None:
    page.select_option("#sp-group", "class:no_road")
    pick(page, page.evaluate("() => { const d = siteplan.find('villages');"
                             " return d.cells.id[d.visible.indexOf(1)]; }"))  # fmt: skip
    assert page.inner_text(".sp-badge strong") == TEXTS("roads.status.no_road")
    page.focus("#sp-theme-villages")
    page.select_option("#sp-theme-villages", "missing")
    assert page.inner_text(".sp-badge strong") == TEXTS("webmap.county.missing.build")
    assert page.evaluate("() => document.activeElement.id") == "sp-theme-villages"


def test_what_the_filter_takes_away_is_not_in_the_panel(page: Page) -> None:
    pick(page, "H0100")
    page.select_option("#sp-township", "白岩乡")
    assert page.locator("#sp-panel").is_hidden()
    assert page.evaluate("() => siteplan.selection.current()") is None


def test_a_link_carries_everything_that_was_switched(page: Page, new_page: NewPage) -> None:
    page.uncheck("[data-layer=villages] [data-class=hardened] input")
    page.uncheck("[data-layer=rivers] .sp-layer-row input")
    page.uncheck("#sp-relief input")
    page.select_option("#sp-theme-roads", "surface")
    page.click("#sp-tool-compare")
    page.evaluate("() => siteplan.compare.move(0.3)")
    page.click("#sp-tool-table")
    page.select_option("#sp-table-layer", "gaps")
    page.click("#sp-sort-length_m")
    page.click("#sp-sort-length_m")
    page.click("#sp-tool-link")
    address, other = page.input_value("#sp-address"), new_page().page
    other.goto(address)
    other.wait_for_selector("html[data-ready=yes]")
    assert not other.is_checked("[data-layer=villages] [data-class=hardened] input")
    assert not other.is_checked("[data-layer=rivers] .sp-layer-row input")
    assert not other.is_checked("#sp-relief input")
    assert other.input_value("#sp-theme-roads") == "surface"
    assert other.evaluate("() => [siteplan.compare.on(), siteplan.compare.share()]") == [True, 0.3]
    assert other.input_value("#sp-table-layer") == "gaps"
    rows = "all => all.map(one => one.textContent)"
    cells = "#sp-table tbody tr[data-row]"
    assert other.locator(cells).evaluate_all(rows) == page.locator(cells).evaluate_all(rows)
    # another link in the open page undoes what it does not name
    other.evaluate("() => { location.hash = '#at=11/26.5/108.2'; }")
    other.wait_for_function("() => !siteplan.compare.on()")
    assert other.is_checked("[data-layer=villages] [data-class=hardened] input")
    assert other.input_value("#sp-theme-roads") == "state"
    assert other.locator("#sp-table").is_hidden()


def test_townships_on_the_planned_side(county: Path, page: Page) -> None:
    planned = gpd.read_file(county / "results.gpkg", layer="planned")
    without = planned.assign(no=planned["planned_status"] != "hardened").groupby("township")["no"].sum()
    page.click("#sp-tool-compare")
    told = page.evaluate("() => siteplan.find('townships_planned').cells.shown_count")
    assert sorted(told) == sorted(f"{name} 未通 {n}" for name, n in without.items())
    assert page.evaluate("() => siteplan.shownOn('planned').map(one => one.key)").count("townships") == 0


def test_the_export_follows_table_language_and_filter(page: Page) -> None:
    page.click("#sp-tool-export")
    page.select_option("#sp-township", "云坪乡")
    assert "36 / 350" in page.inner_text("#sp-export")
    page.click("#sp-language")
    assert "36 of 350" in page.inner_text("#sp-export")
    page.click("#sp-tool-table")
    page.select_option("#sp-table-layer", "gaps")
    assert "Suspected gaps" in page.inner_text("#sp-export")
    page.keyboard.press("Escape")
    assert page.locator("#sp-export").is_hidden()


def test_names_of_all_townships_stand_on_the_map(page: Page) -> None:
    """Each township's label is drawn: its text reaches the canvas."""
    script = """() => {
      const written = [], kept = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
        written.push(text);
        kept.call(this, text, ...more);
      };
      siteplan.map.setZoom(10, { animate: false });
      siteplan.redrawAll();
      CanvasRenderingContext2D.prototype.fillText = kept;
      return written;
    }"""
    written = page.evaluate(script)
    for label in page.evaluate("() => siteplan.find('townships').cells.shown_count"):
        assert label in written


@pytest.mark.parametrize("width", [768, 820, 1024, 1920])
def test_the_tools_leave_the_zoom_free_at_every_width(county: Path, new_page: NewPage, width: int) -> None:
    page = new_page(width, 768).open(county / "map.html")
    page.click("#sp-language")
    zoom, tools = page.locator(".leaflet-control-zoom").bounding_box(), page.locator("#sp-tools").bounding_box()
    side = page.locator("#sp-side").bounding_box()
    assert tools["x"] >= zoom["x"] + zoom["width"] or tools["y"] >= zoom["y"] + zoom["height"]
    assert tools["x"] >= side["x"] + side["width"] and tools["x"] + tools["width"] <= width
