"""The sample county's real map in headless Chromium, network off: a searched hamlet shows what results.gpkg says."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from siteplan import workflow
from siteplan.language import Texts
from siteplan.plan import load_plan
from siteplan.webmap import shown_text


@pytest.fixture(scope="module")
def county(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county") / "sample"
    workflow.run(load_plan(repository / "data" / "plan.toml"), folder)
    return folder


def test_a_hamlet_found_by_search_shows_its_verdict_and_figures(county: Path, new_page) -> None:
    villages = gpd.read_file(county / "results.gpkg", layer="villages")
    page = new_page(1366, 768).open(county / "map.html")
    texts = Texts("zh")
    for status in ("unhardened", "no_road"):
        row = villages[villages["road_status"] == status].iloc[0]
        box = page.get_by_placeholder(texts("webmap.page.search_placeholder"))
        box.fill(row["id"])
        box.press("Enter")
        page.get_by_text(row["reason"], exact=True).wait_for(timeout=5000)
        shown = page.inner_text("body")
        assert row["name"] in shown
        assert texts(f"roads.status.{status}") in shown
        for column in ("to_harden_m", "to_build_m", "anchor_km"):
            label = texts(f"roads.column.{column}")
            assert label in shown
            assert shown_text(row[column], "zh") in shown
