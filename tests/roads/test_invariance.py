"""What must not change an answer: the order of rows, the CRS the files are in, the language."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from siteplan import workflow
from siteplan.plan import load_plan

FIGURES = ["road_status", "to_harden_m", "unknown_m", "to_build_m", "anchor_km"]


@pytest.fixture(scope="module")
def sample(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    for file in (repository / "data").iterdir():
        shutil.copy(file, folder)
    return folder


def answers(plan: Path, out: Path) -> gpd.GeoDataFrame:
    workflow.run(load_plan(plan), out)
    return gpd.read_file(out / "results.gpkg", layer="villages").set_index("id").sort_index()


def test_row_order_direction_and_input_crs(sample: Path, tmp_path: Path) -> None:
    one = answers(sample / "plan.toml", tmp_path / "one")
    roads = gpd.read_file(sample / "roads.gpkg")
    rng = np.random.default_rng(3)
    turned = roads.geometry.where(rng.random(len(roads)) < 0.5, roads.geometry.reverse())
    other = roads.set_geometry(turned).iloc[rng.permutation(len(roads))].to_crs(4326)
    (sample / "roads.gpkg").unlink()
    other.to_file(sample / "roads.gpkg", layer="roads")
    villages = gpd.read_file(sample / "villages.gpkg").sample(frac=1, random_state=4).to_crs(4545)
    (sample / "villages.gpkg").unlink()
    villages.to_file(sample / "villages.gpkg", layer="villages")
    two = answers(sample / "plan.toml", tmp_path / "two")
    assert one["road_status"].tolist() == two["road_status"].tolist()
    for figure in FIGURES[1:]:
        np.testing.assert_allclose(one[figure], two[figure], atol=0.05, err_msg=figure)
