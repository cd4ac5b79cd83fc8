"""The printed sheet: a page of A3 or A4 in millimetres, at the scale it states, with everything a sheet must carry."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyproj
import pytest
from map_county import county
from playwright.sync_api import Page

from siteplan.language import Texts
from siteplan.webmap import render

NewPage = Callable[..., Any]
PAPER = {"a4": (297, 210), "a3": (420, 297)}
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not here")


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("print") / "map.html"
    file.write_text(render(county()), encoding="utf-8")
    return file


def printed(page: Page, folder: Path) -> Path:
    file = folder / "sheet.pdf"
    page.pdf(path=str(file), prefer_css_page_size=True, print_background=True)
    return file


def page_sizes(pdf: Path) -> list[tuple[float, float]]:
    """Width and height of each page in millimetres, as the file says."""
    told = subprocess.run(["pdfinfo", "-l", "99", str(pdf)], capture_output=True, text=True, check=True).stdout
    return [
        (float(w) * 25.4 / 72, float(h) * 25.4 / 72)
        for w, h in re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", told)
    ]


@needs_poppler
@pytest.mark.parametrize("paper", ["a4", "a3"])
@pytest.mark.parametrize("turn", ["flat", "upright"])
def test_the_sheet_fills_one_page_and_says_what_it_must(
    map_file: Path, new_page: NewPage, tmp_path: Path, paper: str, turn: str
) -> None:
    page, texts = new_page().open(map_file), Texts("zh")
    page.click("#sp-tool-print")
    page.select_option("#sp-print-paper", paper)
    page.select_option("#sp-print-turn", turn)
    page.fill("#sp-print-number", "GS(2026)0001号")
    page.press("#sp-print-number", "Tab")
    pdf = printed(page, tmp_path)
    size = PAPER[paper] if turn == "flat" else PAPER[paper][::-1]
    assert page_sizes(pdf) == [pytest.approx(size, abs=0.5)]
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    text = re.sub(r"\s", "", text)
    scale = int(page.get_attribute(".sp-sheet", "data-scale"))
    for wanted in (
        "清溪县通硬化路", "工作底图", "图例", f"1:{scale}", "108E", "审图号", "GS(2026)0001号", "日期", "单位", "米",
        "资料来源", "坐标系",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert re.search(r"日期20\d\d-\d\d-\d\d", text)
    for one in county().layers:
        if one.shown and len(one.classes) == 1:
            assert one.title in text
    assert texts("webmap.page.working_draft") == "工作底图"
    frame, sheet = (page.locator(css).bounding_box() for css in (".sp-frame", ".sp-sheet"))
    assert frame["width"] * frame["height"] > 0.5 * sheet["width"] * sheet["height"]


def test_a_millimetre_on_paper_is_the_scale_on_the_ground(map_file: Path, new_page: NewPage) -> None:
    page = new_page().open(map_file)
    page.click("#sp-tool-print")
    for scale in ("25000", "100000", "0"):
        page.select_option("#sp-print-scale", scale)
        told = int(page.get_attribute(".sp-sheet", "data-scale"))
        assert scale in ("0", str(told))
        # through the middle of the frame, by the page's own projection
        script = """(scale) => {
          const lat = siteplan.map.getCenter().lat, zoom = siteplan.printing.zoomOf(scale, lat);
          const perMm = 96 / 25.4 / (256 * Math.pow(2, zoom)), lng = siteplan.map.getCenter().lng;
          return [[lng, lat], [lng + 50 * perMm * 360, lat]];
        }"""
        (x0, y0), (x1, y1) = page.evaluate(script, told)
        metres = pyproj.Geod(a=6378137, b=6378137).inv(x0, y0, x1, y1)[2]
        assert metres == pytest.approx(0.05 * told, rel=1e-4)
        # and the bar is as long as it says
        words = page.locator(".sp-bar-words span").last.inner_text()
        length = float(words.split()[0]) * (1000 if "km" in words else 1)
        wide = float(page.evaluate("() => document.querySelector('.sp-bar-line').style.width.replace('mm', '')"))
        assert wide * told / 1000 == pytest.approx(length, rel=1e-6)


def test_the_sheet_fits_what_was_in_view_and_its_canvas_is_sharp(map_file: Path, new_page: NewPage) -> None:
    page = new_page().open(map_file)
    page.click("#sp-tool-print")
    page.select_option("#sp-print-extent", "all")
    frame = page.locator(".sp-frame canvas")
    width, css = frame.evaluate("c => [c.width, c.getBoundingClientRect().width]")
    assert width / css == pytest.approx(200 / 96, rel=0.01)
    # whatever is drawn is inside: no hamlet's colour in the outermost pixels
    script = """() => {
      const drawn = document.querySelector(".sp-frame canvas"), copy = document.createElement("canvas");
      const w = copy.width = drawn.width, h = copy.height = drawn.height;
      const ctx = copy.getContext("2d", { willReadFrequently: true });
      ctx.drawImage(drawn, 0, 0);
      const count = (x, y, wide, high) => {
        const d = ctx.getImageData(x, y, wide, high).data;
        let n = 0;
        for (let i = 0; i < d.length; i += 4) if (d[i] === 0 && d[i + 1] === 114 && d[i + 2] === 178) n++;
        return n;
      };
      return [count(0, 0, w, h), count(0, 0, w, 2) + count(0, h - 2, w, 2) + count(0, 0, 2, h) + count(w - 2, 0, 2, h)];
    }"""
    everywhere, edge = page.evaluate(script)
    assert everywhere > 500 and edge == 0


@needs_poppler
def test_the_list_names_every_hamlet_that_passes_the_filter(map_file: Path, new_page: NewPage, tmp_path: Path) -> None:
    page = new_page().open(map_file)
    villages = county().layers[-1].table
    page.evaluate("() => siteplan.filter.set({ group: 'class:unhardened' })")
    page.click("#sp-tool-print")
    page.check("#sp-print-list")
    pdf = printed(page, tmp_path)
    told = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    for _, row in villages.iterrows():
        assert (row["id"] in told) == (row["road_status"] == "unhardened")
    page.keyboard.press("Escape")
    assert page.locator("#sp-print").is_hidden()


@needs_poppler
def test_printing_the_window_prints_the_sheet(map_file: Path, new_page: NewPage, tmp_path: Path) -> None:
    page = new_page().open(map_file)
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".sp-sheet").is_visible()
    assert page_sizes(printed(page, tmp_path)) == [pytest.approx(PAPER["a4"], abs=0.5)]
