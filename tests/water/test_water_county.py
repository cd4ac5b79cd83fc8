"""Water through the whole run on the sample county: the same figures in GeoPackage, tables, EPANET file and map."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest

from siteplan import workflow
from siteplan.language import Texts


@pytest.fixture(scope="module")
def county(sample_run: Path) -> Path:
    return sample_run


@pytest.fixture(scope="module")
def villages(county: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(county / "results.gpkg", layer="villages")


def test_every_hamlet_has_a_level_and_a_reason(villages: gpd.GeoDataFrame) -> None:
    # the sample has no public taps; a hamlet high up beside a pipe may be within the error of the heights
    assert set(villages["water_level"]) <= {"piped_adequate", "piped_deficient", "unserved", "unknown"}
    assert (villages["water_level"] == "unknown").sum() <= 2
    assert (villages["water_reason"].str.len() > 5).all()
    piped = villages["water_level"].str.startswith("piped")
    assert (villages.loc[piped, "water_source"] != "").all()
    assert villages.loc[~piped, "water_source"].fillna("").eq("").all()


def test_the_sample_feeds_the_hamlets_that_its_pipes_say(repository: Path, villages: gpd.GeoDataFrame) -> None:
    """Independent: the generator wrote into each pipe which hamlets it feeds."""
    pipes = gpd.read_file(repository / "data" / "county.gpkg", layer="water_lines")
    fed = {one for text in pipes["feeds"].dropna() for one in text.split(";") if one}
    piped = set(villages.loc[villages["water_level"].str.startswith("piped"), "id"])
    not_told = set(villages.loc[villages["water_level"] == "unknown", "id"])
    assert fed <= piped | not_told
    # who lies beside a pipe draws from it, though the generator fed it not
    beside = villages[villages["id"].isin(piped - fed)]
    assert (beside.geometry.apply(lambda point: pipes.to_crs(villages.crs).distance(point).min()) <= 100).all()
    assert len(beside) <= 3


def test_a_spring_gives_no_more_than_it_has(repository: Path, villages: gpd.GeoDataFrame) -> None:
    """Litres a person and day by hand: the yield less losses, people first, shared by all hamlets of a source."""
    points = gpd.read_file(repository / "data" / "county.gpkg", layer="water_points").set_index("id")
    piped = villages[villages["water_level"].str.startswith("piped")]
    short = piped[piped["litres_per_person_day"] < 34.9]
    assert len(short) > 0
    for source, group in piped.groupby("water_source"):
        given = (group["litres_per_person_day"] * group["people"]).sum() / 1000
        assert given <= points.loc[source, "yield_m3_per_day"] + 1e-6
    for source, group in short.groupby("water_source"):
        people = piped[piped["water_source"] == source]
        # of a hamlet whose head is not known the litres are not told, but all draw from one source alike
        litres = people["litres_per_person_day"].fillna(people["litres_per_person_day"].mean())
        given = (litres * people["people"]).sum() / 1000
        # a source that leaves people short gives all it has, but for what is lost on the way (10 to 25 %)
        assert 0.74 * points.loc[source, "yield_m3_per_day"] <= given <= 0.91 * points.loc[source, "yield_m3_per_day"]
        assert (group["water_level"] == "piped_deficient").all()


def test_the_tables_count_what_the_layer_says(county: Path, villages: gpd.GeoDataFrame) -> None:
    book, texts = openpyxl.load_workbook(county / "tables.xlsx"), Texts("zh")
    rows = list(book[texts("reports.sheet.water")].iter_rows(values_only=True))
    head, total = rows[0], next(row for row in rows if texts("reports.summary.total") in row)
    for level, n in villages["water_level"].value_counts().items():
        label = texts("roads.column.unknown" if level == "unknown" else f"water.level.{level}")
        assert total[head.index(label)] == n
    hamlets = list(book[texts("reports.sheet.water_hamlets")].iter_rows(values_only=True))
    assert len(hamlets) == 1 + len(villages)


def test_epanet_opens_the_file_and_gives_the_same_pressures(county: Path, tmp_path: Path) -> None:
    wntr = pytest.importorskip("wntr")
    model = wntr.network.WaterNetworkModel(str(county / "water.inp"))
    heads = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "run"))
    told = heads.node["pressure"].iloc[0]
    nodes = gpd.read_file(county / "results.gpkg", layer="water_nodes").set_index("node")
    own = nodes.loc[[name for name in told.index if name in nodes.index and nodes.loc[name, "kind"] == "junction"]]
    known = own["pressure_m"].dropna()
    assert len(known) > 50
    assert np.abs(known - told[known.index]).max() < 0.02


def test_the_map_sorts_hamlets_by_water(county: Path, villages: gpd.GeoDataFrame, browser) -> None:
    page = browser.new_page()
    page.goto((county / "map.html").as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    page.select_option("#sp-theme-villages", "water_level")
    for level, n in villages["water_level"].value_counts().items():
        row = page.locator(f"[data-layer=villages] [data-class={level}] .sp-count")
        assert row.inner_text() == str(n)
    short = villages[villages["water_level"] == "piped_deficient"].iloc[0]
    page.fill("#sp-query", short["id"])
    page.press("#sp-query", "Enter")
    assert short["water_reason"] in page.inner_text("#sp-panel")
    page.click("#sp-language")
    assert "water" in page.inner_text("#sp-panel") and short["water_reason"] not in page.inner_text("#sp-panel")
    assert page.locator("[data-layer=water_network] [data-class=reached] .sp-count").inner_text() != "0"
    page.close()


def test_a_plan_without_pipes_says_nothing_of_water(shared_data: Path, tmp_path: Path) -> None:
    good = shared_data / "badinputs" / "_good"
    from siteplan.plan import plan_from_files

    plan = plan_from_files(villages=good / "villages.geojson", roads=good / "roads.geojson", country="CN")
    workflow.run(plan, tmp_path / "out")
    assert not (tmp_path / "out" / "water.inp").exists()
    assert "water_level" not in gpd.read_file(tmp_path / "out" / "results.gpkg", layer="villages").columns
