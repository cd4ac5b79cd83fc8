"""Counties with little in them, through the real run: the map opens and says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from siteplan import workflow
from siteplan.plan import plan_from_files

NewPage = Callable[..., Any]
HERE, ROAD = shapely.Point(104.905, 26.501), shapely.LineString([(104.9, 26.5), (104.92, 26.5)])
WORLD = shapely.box(-180, -85, 180, 85)


def run(folder: Path, places: list[Any], names: list[str], **more: gpd.GeoDataFrame) -> Path:
    ids = [f"v{n}" for n in range(len(places))]
    tables = {
        "villages": gpd.GeoDataFrame({"id": ids, "name": names}, geometry=places, crs=4326),
        "roads": gpd.GeoDataFrame({"id": ["R1"], "surface": ["水泥"]}, geometry=[ROAD], crs=4326),
        **more,
    }
    files = {}
    for name, table in tables.items():
        files[name] = folder / f"{name}.gpkg"
        table.to_file(files[name], layer=name)
    return workflow.run(plan_from_files(**files, country="CN"), folder / "out").map  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("places", "names"),
    [([HERE], ["上坝"]), ([HERE] * 12, [""] * 12), ([HERE, None], ["上坝", "没有位置"])],
    ids=["one hamlet", "no names, all at one point", "one without a place"],
)
def test_the_map_opens(places: list[Any], names: list[str], tmp_path: Path, new_page: NewPage) -> None:
    page = new_page().open(run(tmp_path, places, names))
    assert page.inner_text("[data-layer=villages] .sp-layer-row .sp-count") == str(len(places))
    page.fill("#sp-query", f"v{len(places) - 1}")
    page.press("#sp-query", "Enter")
    title = page.inner_text("#sp-panel h2")
    assert title == (names[-1] or "（无名称）")
    if places[-1] is None:
        assert "没有可用的位置" in page.inner_text("#sp-panel")
        assert "1" in page.inner_text("[data-layer=villages] .sp-hint")
    page.click("#sp-tool-table")
    assert page.locator("#sp-table tbody tr[data-row]").count() == len(places)
    page.click("#sp-tool-print")
    assert page.locator(".sp-sheet").is_visible()


def test_a_shape_around_the_world_does_not_hide_the_county(tmp_path: Path, new_page: NewPage) -> None:
    world = gpd.GeoDataFrame({"id": ["w"], "name": ["世界"], "kind": ["滑坡"]}, geometry=[WORLD], crs=4326)
    page = new_page().open(run(tmp_path, [HERE], ["上坝"], hazards=world))
    page.fill("#sp-query", "上坝")
    page.press("#sp-query", "Enter")
    assert "上坝" in page.inner_text("#sp-panel h2")
