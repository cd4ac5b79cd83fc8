"""Water and power on the sample county's map: themes, new pipes and their words are those of the GeoPackage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Page

NewPage = Callable[..., Any]


@pytest.fixture(scope="module")
def county(sample_run: Path) -> Path:
    return sample_run


def legend(page: Page, layer: str) -> dict[str, int]:
    """Counts of a layer's classes."""
    rows = page.locator(f"[data-layer={layer}] .sp-class-row")
    keys = rows.evaluate_all("rows => rows.map(row => row.dataset.class)")
    shown = rows.locator(".sp-count").all_text_contents()
    return {key: int(n) for key, n in zip(keys, shown, strict=True) if int(n)}


def test_hamlets_by_water_and_by_power(county: Path, new_page: NewPage) -> None:
    """Also from a theme of more classes to one of fewer, both ways."""
    villages = gpd.read_file(county / "results.gpkg", layer="villages")
    page = new_page().open(county / "map.html")
    for theme in ("water_level", "power_status", "road_status", "power_status", "water_level"):
        page.select_option("#sp-theme-villages", theme)
        page.wait_for_timeout(300)
        assert legend(page, "villages") == villages[theme].value_counts().to_dict()


def test_new_pipes_and_works(county: Path, new_page: NewPage) -> None:
    pipes = gpd.read_file(county / "results.gpkg", layer="water_extensions")
    works = gpd.read_file(county / "results.gpkg", layer="water_extension_works")
    page = new_page().open(county / "map.html")
    chosen = pipes["state"].where(pipes["chosen"], "not_chosen").value_counts().to_dict()
    assert legend(page, "water_extensions") == chosen
    assert legend(page, "water_extension_works") == works["kind"].value_counts().to_dict()
    first = pipes.sort_values("rank").iloc[0]
    page.fill("#sp-query", first["project"])
    page.press("#sp-query", "ArrowDown")
    page.press("#sp-query", "Enter")
    page.wait_for_timeout(800)
    panel = page.locator("#sp-panel").inner_text()
    assert first["source"] in panel
    assert str(round(first["cost_per_person"])) in panel


def test_pipes_by_state(county: Path, new_page: NewPage) -> None:
    network = gpd.read_file(county / "results.gpkg", layer="water_network")
    page = new_page().open(county / "map.html")
    shown = legend(page, "water_network")
    assert sum(shown.values()) == len(network)
    assert shown["reached"] == (network["reached"] & (network["state"] == "open")).sum()
