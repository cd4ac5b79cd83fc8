"""Ladakh's real map and that of a made province: their counts, a search, a filter, in a page that reaches nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from made_results import made_result
from playwright.sync_api import Page

from siteplan import workflow
from siteplan.cartography.countypage import county_page
from siteplan.language import Texts
from siteplan.plan import load_plan
from siteplan.webmap import render

NewPage = Callable[..., Any]
MB = 1e6


def counts(page: Page, layer: str) -> dict[str, int]:
    rows = page.locator(f"[data-layer={layer}] .sp-class-row")
    keys = rows.evaluate_all("rows => rows.map(row => row.dataset.class)")
    shown = rows.locator(".sp-count").all_text_contents()
    return {key: int(n) for key, n in zip(keys, shown, strict=True) if int(n)}


def test_ladakh(ladakh_plan: Path, tmp_path: Path, new_page: NewPage) -> None:
    workflow.run(load_plan(ladakh_plan), tmp_path / "out")
    assert (tmp_path / "out" / "map.html").stat().st_size < 4 * MB
    villages = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="villages")
    roads = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="roads")
    page = new_page().open(tmp_path / "out" / "map.html")
    assert counts(page, "villages") == villages["road_status"].value_counts().to_dict()
    assert counts(page, "roads") == roads["state"].value_counts().to_dict()
    row = villages[villages["road_status"] == "no_road"].iloc[0]
    page.fill("#sp-query", row["id"])
    page.press("#sp-query", "Enter")
    shown = page.inner_text("#sp-panel")
    assert row["reason"] in shown
    label = Texts(load_plan(ladakh_plan).language)("roads.status.no_road")
    assert label in shown


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, gpd.GeoDataFrame]:
    result, layers = made_result(100_000, 50_000)
    file = tmp_path_factory.mktemp("province") / "map.html"
    page = county_page(result, layers, Texts("zh"), title="一个省", headlines=[], notes=[])
    file.write_text(render(page), encoding="utf-8")
    return file, result.villages


def test_a_province_of_100_000_hamlets(province: tuple[Path, gpd.GeoDataFrame], new_page: NewPage) -> None:
    file, villages = province
    assert file.stat().st_size <= 15 * MB
    page = new_page().open(file)
    assert counts(page, "villages") == villages["road_status"].value_counts().to_dict()
    row = villages.iloc[99_876]
    page.fill("#sp-query", row["id"])
    page.press("#sp-query", "Enter")
    shown = page.inner_text("#sp-panel")
    assert row["reason"] in shown and row["township"] in shown
    assert Texts("zh")(f"roads.status.{row['road_status']}") in shown
    township = row["township"]
    page.select_option("#sp-township", township)
    chosen = villages[villages["township"] == township]
    assert counts(page, "villages") == chosen["road_status"].value_counts().to_dict()
    page.click("#sp-tool-table")
    assert page.inner_text(".sp-table-count").startswith(f"{len(chosen)} / 100000")
    page.uncheck("[data-layer=roads] .sp-layer-row input")
    assert page.evaluate("() => siteplan.layers.find(one => one.data.key === 'roads').shown") is False


def test_dots_and_symbols_stand_where_the_hamlets_are(
    province: tuple[Path, gpd.GeoDataFrame], new_page: NewPage
) -> None:
    """Far out they are dots in the colours of their classes; near, symbols: either way each is where it belongs."""
    file, villages = province
    page = new_page().open(file)
    page.uncheck("[data-layer=roads] .sp-layer-row input")
    script = """([places, colours, zoom]) => {
      if (zoom) siteplan.map.setView([places[0][1], places[0][0]], zoom, { animate: false });
      const map = siteplan.map, at = map.getPixelBounds(), size = map.getSize();
      const canvas = document.createElement("canvas");
      canvas.width = size.x;
      canvas.height = size.y;
      const ctx = canvas.getContext("2d", { willReadFrequently: true });
      siteplan.drawMap(ctx, siteplan.viewOf(map.getZoom(), at.min.x, at.min.y, size.x, size.y, 1), null);
      return places.map(([lon, lat]) => {
        const p = map.latLngToContainerPoint([lat, lon]);
        if (p.x < 4 || p.y < 4 || p.x > size.x - 4 || p.y > size.y - 4) return null;
        const d = ctx.getImageData(Math.round(p.x) - 2, Math.round(p.y) - 2, 5, 5).data, found = [];
        for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 0) found.push([d[i], d[i + 1], d[i + 2]].join());
        return found.some((one) => colours.includes(one));
      });
    }"""
    colours = ["0,114,178", "230,159,0", "86,180,233", "213,94,0", "122,0,25"]
    some = villages.to_crs(4326).geometry.iloc[::701]
    places = [[point.x, point.y] for point in some]
    far = page.evaluate(script, [places, colours, None])
    assert far.count(None) < 3 and False not in far
    near = page.evaluate(script, [places[:1], colours, 16])
    assert near == [True]
    assert page.evaluate("() => siteplan.map.getZoom()") == 16
