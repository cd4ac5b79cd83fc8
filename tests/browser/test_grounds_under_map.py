"""What lies beneath the layers: relief, tiles of a file, online tiles where the plan asked for them, and GCJ-02."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_county import county
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from siteplan.cartography.grounds import Basemap, Terrain, TileSet
from siteplan.layers.datums import gcj02_from_wgs84
from siteplan.webmap import render

NewPage = Callable[..., Any]
WEST, SOUTH, EAST, NORTH = 107.9, 24.3, 108.3, 24.6


def picture(colour: tuple[int, int, int], size: int = 256) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


def saved(page: Any, folder: Path) -> Path:
    file = folder / "map.html"
    file.write_text(render(page), encoding="utf-8")
    return file


def ground_colour(page: Page, longitude: float, latitude: float) -> list[int]:
    page.wait_for_timeout(300)
    script = """([lon, lat]) => {
      const map = siteplan.map, p = map.latLngToContainerPoint([lat, lon]), at = map.getPixelBounds();
      const size = map.getSize(), canvas = document.createElement("canvas");
      canvas.width = size.x;
      canvas.height = size.y;
      const ctx = canvas.getContext("2d", { willReadFrequently: true });
      siteplan.ground.draw(ctx, siteplan.viewOf(map.getZoom(), at.min.x, at.min.y, size.x, size.y, 1), () => {});
      return Array.from(ctx.getImageData(Math.round(p.x), Math.round(p.y), 1, 1).data);
    }"""
    return list(page.evaluate(script, [longitude, latitude]))


def test_relief_lies_where_its_edges_say(tmp_path: Path, new_page: NewPage) -> None:
    rows = np.full((40, 40), 230, dtype=np.uint8)
    rows[:20, 20:] = 90  # the north-eastern quarter
    out = io.BytesIO()
    Image.fromarray(rows, "L").save(out, "PNG")
    terrain = Terrain(out.getvalue(), WEST, SOUTH, EAST, NORTH)
    page = new_page().open(saved(replace(county(), terrain=terrain), tmp_path))
    page.evaluate("() => siteplan.map.setView([24.45, 108.1], 10, { animate: false })")
    assert ground_colour(page, 108.21, 24.53)[:3] == [90, 90, 90]
    assert ground_colour(page, 108.04, 24.41)[:3] == [230, 230, 230]
    page.uncheck("#sp-relief input")
    assert ground_colour(page, 108.21, 24.53)[3] == 0


def tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Column and row from the north, by the textbook."""
    n = 2**zoom
    y = np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2))
    return int((longitude + 180) / 360 * n), int((1 - y / np.pi) / 2 * n)


def test_local_tiles_are_drawn_and_thanked(tmp_path: Path, new_page: NewPage) -> None:
    here, there = tile_at(108.06, 24.44, 11), tile_at(108.3, 24.6, 11)
    tiles = {(11, *here): picture((10, 200, 30)), (11, *there): picture((200, 10, 30))}
    given = replace(county(), tiles=TileSet("我的瓦片", "<b>某局</b>", "image/png", tiles))
    page = new_page().open(saved(given, tmp_path))
    page.evaluate("() => siteplan.map.setView([24.44, 108.06], 11, { animate: false })")
    assert ground_colour(page, 108.06, 24.44) == [10, 200, 30, 255]
    assert "<b>某局</b>" in page.inner_text(".leaflet-control-attribution")
    assert page.locator("#sp-basemap option").all_text_contents() == ["无", "我的瓦片"]
    page.select_option("#sp-basemap", "")
    assert ground_colour(page, 108.06, 24.44)[3] == 0
    assert "某局" not in page.inner_text(".leaflet-control-attribution")


def online(datum: str) -> Basemap:
    return Basemap("gaode", "高德", "https://tiles.example/{z}/{x}/{y}.png", "© 高德", 18, "", datum)  # type: ignore[arg-type]


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_online_tiles_only_when_chosen_and_only_from_their_host(tmp_path: Path, browser: Browser, datum: str) -> None:
    file = saved(replace(county(), basemaps=(online(datum),)), tmp_path)
    assert "img-src data: https://tiles.example;" in file.read_text("utf-8")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page, asked, said = context.new_page(), [], []

    def answer(route: Route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.fulfill(body=picture((1, 2, 250)), content_type="image/png")

    context.route("**/*", answer)
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    assert asked == []
    before = page.evaluate("() => { const s = siteplan.find('villages').shape; return [s.x[3], s.y[3]]; }")
    page.fill("#sp-query", "H004")
    page.press("#sp-query", "Enter")
    words = page.inner_text("#sp-panel .sp-coordinates >> nth=0")
    page.select_option("#sp-basemap", "gaode")
    page.wait_for_timeout(500)
    assert asked and all(url.startswith("https://tiles.example/") for url in asked)
    assert page.inner_text("#sp-panel .sp-coordinates >> nth=0") == words
    after = page.evaluate("() => { const s = siteplan.find('villages').shape; return [s.x[3], s.y[3]]; }")
    lon, lat = before[0] * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * before[1]))))
    drawn = after[0] * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * after[1]))))
    if datum == "wgs84":
        assert after == before
    else:
        wanted = gcj02_from_wgs84(np.array([[lon, lat]]))[0]
        assert np.abs(np.array(drawn) - wanted).max() < 1e-8
        assert abs(drawn[0] - lon) > 0.001
        hint = page.inner_text("[data-layer=villages] ~ .sp-group:last-child .sp-hint")
        assert "GCJ-02" in hint
        # what is said and exported is not shifted
        place = page.evaluate("([lon, lat]) => siteplan.ground.truePlace({ lng: lon, lat })", list(drawn))
        assert np.abs(np.array(place) - [lon, lat]).max() < 1e-8
        told = page.evaluate("() => JSON.parse(siteplan.exporting.geojson()).features[3].geometry.coordinates")
        assert np.abs(np.array(told) - [lon, lat]).max() < 1e-6
        page.select_option("#sp-basemap", "")
        back = page.evaluate("() => { const s = siteplan.find('villages').shape; return [s.x[3], s.y[3]]; }")
        assert back == before
    assert said == []
    context.close()


def test_without_a_network_the_map_says_that_the_basemap_is_missing(tmp_path: Path, browser: Browser) -> None:
    file = saved(replace(county(), basemaps=(online("wgs84"),)), tmp_path)
    context = browser.new_context()
    context.set_offline(True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    page.select_option("#sp-basemap", "gaode")
    page.get_by_text("底图无法加载").wait_for()
    context.close()
