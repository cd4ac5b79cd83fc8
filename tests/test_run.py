"""The whole run on the sample county: what it writes, that it writes it twice alike, and that every fault is found."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from siteplan import workflow
from siteplan.cli import app
from siteplan.plan import load_plan
from siteplan.workflow import running

OUTPUTS = (
    "map.html",
    "results.gpkg",
    "tables.xlsx",
    "run.json",
    "villages_without_hardened_road.csv",
    "water.inp",
    "water_profiles.pdf",
)


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def done(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "sample"
    result = call("run", repository / "data" / "plan.toml", "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


def test_it_writes_what_it_says(done: Path, repository: Path) -> None:
    assert sorted(path.name for path in done.iterdir()) == sorted([*OUTPUTS, "timing.json"])
    record = json.loads((done / "run.json").read_text("utf-8"))
    for name, digest in record["outputs"].items():
        assert hashlib.sha256((done / name).read_bytes()).hexdigest() == digest
    assert all(len(layer["sha256"]) == 64 for layer in record["inputs"].values())
    assert record["crs"] == "EPSG:4545"
    dem = hashlib.sha256((repository / "data" / "dem.tif").read_bytes()).hexdigest()
    assert record["grounds"] == [{"kind": "dem", "file": "dem.tif", "sha256": dem}]
    for counts in record["layers"].values():
        assert counts["read"] == counts["kept"] + counts["dropped"]


def test_a_second_run_gives_the_same_bytes(done: Path, repository: Path, tmp_path: Path) -> None:
    assert call("run", repository / "data" / "plan.toml", "--out", tmp_path / "again", "--quiet").exit_code == 0
    for name in OUTPUTS:
        assert (tmp_path / "again" / name).read_bytes() == (done / name).read_bytes(), name


def test_every_planted_fault_is_found_and_nothing_else(done: Path, repository: Path) -> None:
    code = {
        "gap_suspected": "roads.gap_suspected",
        "gap_carried": "roads.end_carried",
        "missing_junction": "roads.crossing_joined",
        "bridge_over_road": "roads.level_apart",
        "overlap": "roads.overlap_conflict",
        "duplicate": "roads.overlap",
    }
    planted = pd.read_csv(repository / "data" / "planted.csv", encoding="utf-8-sig")
    want = Counter(code.get(kind, "unknown") for kind in planted["kind"])
    findings = json.loads((done / "run.json").read_text("utf-8"))["findings"]
    surface = {"roads.surface_missing": "unknown", "roads.surface_not_understood": "unknown"}
    # what is said of projects, water and power follows from their figures, not from a fault in the layers
    projects = Counter(row["code"] for row in findings if row["code"].startswith("projects."))
    assert projects == {"projects.done_but_not_in_layer": 4, "projects.road_seasonal": 1}
    found = [row for row in findings if not row["code"].startswith(("roads.hamlet_", "projects.", "water.", "power."))]
    assert Counter(surface.get(row["code"], row["code"]) for row in found) == want
    named = {word for ids in planted["ids"] for word in ids.split(";")}
    assert {row["id"] for row in found} <= named


def test_the_geopackage_has_every_layer_and_row(done: Path, repository: Path) -> None:
    layers = gpd.list_layers(done / "results.gpkg")["name"].tolist()
    assert {"villages", "roads", "ways", "breaks", "gaps", "findings", "layer_styles"} <= set(layers)
    villages = gpd.read_file(done / "results.gpkg", layer="villages")
    source = gpd.read_file(repository / "data" / "villages.gpkg")
    assert villages["id"].tolist() == source["id"].tolist()
    assert set(villages["road_status"]) <= {"hardened", "unhardened", "hardened_island", "road_island", "no_road"}
    assert (villages["reason"] != "").all()
    with sqlite3.connect(done / "results.gpkg") as base:
        styled = {row[0] for row in base.execute("SELECT f_table_name FROM layer_styles")}
    assert {"villages", "roads", "ways", "breaks", "gaps"} <= styled


def test_sums_close(done: Path) -> None:
    villages = gpd.read_file(done / "results.gpkg", layer="villages")
    cover = gpd.read_file(done / "results.gpkg", layer="coverage")
    for level in ("county", "township", "village"):
        rows = cover[cover["level"] == level]
        assert rows["hamlets"].sum() == len(villages)
        assert rows["served"].sum() == (villages["road_status"] == "hardened").sum()
        assert rows["people"].sum() == villages["people"].sum()
        assert (rows["served"] + rows["not_served"] + rows["unknown"] == rows["hamlets"]).all()
    # Shared stretches are counted once: by township the sum can only be greater than the county's.
    county = cover.loc[cover["level"] == "county", "to_harden_m"].iloc[0]
    assert 0 < county <= cover.loc[cover["level"] == "township", "to_harden_m"].sum() + 1e-6
    assert county < villages["to_harden_m"].sum()
    record = json.loads((done / "run.json").read_text("utf-8"))["headline"]
    assert record["ledger_lines_m"] + record["ledger_legs_m"] == pytest.approx(
        record["ledger_pieces_m"] + record["ledger_dropped_m"], abs=0.01
    )


def test_ways_are_as_long_as_told_and_end_at_their_break(done: Path) -> None:
    villages = gpd.read_file(done / "results.gpkg", layer="villages").set_index("id")
    ways = gpd.read_file(done / "results.gpkg", layer="ways").set_index("id")
    told = villages.loc[ways.index]
    assert (ways.length - told["way_m"] - told["to_build_m"]).abs().max() < 0.05
    broken = told[told["break_x"].notna()]
    spots = gpd.points_from_xy(broken["break_x"], broken["break_y"], crs=villages.crs)
    assert ways.loc[broken.index].distance(gpd.GeoSeries(spots, index=broken.index)).max() < 0.05


def test_tables_and_csv(done: Path) -> None:
    book = openpyxl.load_workbook(done / "tables.xlsx")
    assert book.sheetnames[:5] == ["汇总", "分乡镇", "项目完成后", "分建制村", "未通硬化路村寨"]
    villages = gpd.read_file(done / "results.gpkg", layer="villages")
    short = villages[villages["road_status"] != "hardened"]
    raw = (done / "villages_without_hardened_road.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(done / "villages_without_hardened_road.csv", encoding="utf-8-sig", dtype=str)
    assert sorted(table["编号"]) == sorted(short["id"])
    assert book["未通硬化路村寨"].max_row == len(short) + 1


def test_english_outputs_have_no_chinese_headings(repository: Path, tmp_path: Path) -> None:
    folder = repository / "data"
    for file in folder.iterdir():
        shutil.copy(file, tmp_path)
    plan = (tmp_path / "plan.toml").read_text("utf-8").replace('language = "zh"', 'language = "en"')
    (tmp_path / "en.toml").write_text(plan, "utf-8")
    assert call("run", tmp_path / "en.toml", "--out", tmp_path / "out", "--quiet").exit_code == 0
    table = pd.read_csv(tmp_path / "out" / "villages_without_hardened_road.csv", encoding="utf-8-sig")
    assert list(table.columns[:3]) == ["id", "name", "administrative village"]


def test_without_a_plan_file(repository: Path, tmp_path: Path) -> None:
    data = repository / "data"
    words = ["run", "--villages", data / "villages.gpkg", "--roads", data / "roads.gpkg", "--out", tmp_path / "o"]
    result = call(*words)
    assert result.exit_code == 0, result.output
    notes = json.loads((tmp_path / "o" / "run.json").read_text("utf-8"))["notes"]
    assert any("最大的连通路网" in note for note in notes)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["run"], 2, "--villages"),
        (["run", "nowhere.toml"], 2, "nowhere.toml"),
        (["rules", "nothing"], 2, "cn-hamlet"),
        (["rules"], 0, "pmgsy"),
        (["rules", "sdg-9.1.1"], 0, "2000"),
        (["rules"], 0, "water: cn-t-ches-18-2018"),
        (["rules", "cn-t-ches-18-2018"], 0, "cn-t-ches-18-2018.quantity"),
        (["rules", "sl-310-2004"], 0, "unverified"),
        (["rules", "cn-rural"], 0, "radius_m"),
        (["rules", "pipes"], 0, "invented"),
    ],
)
def test_exit_codes(words: list[str], code: int, told: str) -> None:
    result = call(*words)
    assert result.exit_code == code
    assert told in result.output
    assert "Traceback" not in result.output


def test_check_prints_a_table_and_writes_its_page_and_the_repairs(repository: Path, tmp_path: Path) -> None:
    data = {path.name for path in (repository / "data").iterdir()}
    result = call("check", repository / "data" / "plan.toml", "--out", tmp_path, "--report", tmp_path / "report.json")
    assert result.exit_code == 0
    assert re.search(r"villages +villages\.gpkg +350 +350 +0 +0 +45070 = 45070 \+ 0", result.output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check.html", "repairs.csv", "report.json"]
    assert {path.name for path in (repository / "data").iterdir()} == data


def test_a_held_folder_ends_with_3(done: Path, repository: Path) -> None:
    before = (done / "run.json").read_bytes()
    with FileLock(done.with_name(f".{done.name}.lock")):
        result = call("run", repository / "data" / "plan.toml", "--out", done)
    assert result.exit_code == 3
    assert "another run" in result.output
    assert (done / "run.json").read_bytes() == before


def test_a_folder_that_cannot_be_written_ends_with_4(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = call("run", repository / "data" / "plan.toml", "--out", tmp_path / "file" / "out")
    assert result.exit_code == 4, result.output


def test_a_foreign_folder_is_refused_and_left_alone(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("keep me")
    result = call("run", repository / "data" / "plan.toml", "--out", tmp_path)
    assert result.exit_code == 2
    assert "theirs.txt" in result.output
    assert (tmp_path / "theirs.txt").read_text() == "keep me"


def test_a_failing_run_leaves_earlier_results_whole(done: Path, repository: Path, monkeypatch) -> None:
    before = {path.name: path.read_bytes() for path in done.iterdir()}

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running, "write_workbook", broken)
    result = call("run", repository / "data" / "plan.toml", "--out", done)
    assert result.exit_code == 4
    assert "MB free" in result.output
    assert {path.name: path.read_bytes() for path in done.iterdir()} == before
    assert [path.name for path in done.parent.iterdir() if "part" in path.name] == []


def test_sites_and_verified_verdicts(repository: Path, tmp_path: Path) -> None:
    villages = gpd.read_file(repository / "data" / "villages.gpkg")
    villages["verified_status"] = ""
    villages.loc[0, "verified_status"] = "no_road"
    for file in (repository / "data").iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "villages.gpkg").unlink()
    villages.to_file(tmp_path / "villages.gpkg", layer="villages")
    result = workflow.run(load_plan(tmp_path / "plan.toml"), tmp_path / "out")
    row = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="villages").iloc[0]
    assert row["road_status"] == "no_road"
    assert row["road_status_computed"] != "no_road"
    assert "实地核实" in row["reason"]
    assert result.headline["no_road"] >= 1


def test_ladakh_runs_and_its_table_moves_with_the_tolerances(ladakh_plan: Path, tmp_path: Path) -> None:
    result = workflow.run(load_plan(ladakh_plan), tmp_path / "ladakh")
    assert result.headline["served"] == 651
    sheet = openpyxl.load_workbook(tmp_path / "ladakh" / "tables.xlsx")["tolerances"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    at_500 = {row[0]: row[4] for row in rows if row[1] == 500}
    assert at_500 == {1: 547, 10: 651, 30: 671}
    assert gpd.read_file(tmp_path / "ladakh" / "results.gpkg", layer="villages").shape[0] == 729


def test_andorra_runs_from_its_extract_by_two_commands(shared_data: Path, tmp_path: Path) -> None:
    extract = shared_data / "andorra" / "andorra-2013-05-28.osm.pbf"
    before = extract.read_bytes()
    made = call("new", tmp_path / "andorra", "--osm", extract, "--bbox", "1.40,42.42,1.79,42.66")
    assert made.exit_code == 0, made.output
    done = call("run", tmp_path / "andorra" / "plan.toml", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["layers"]["villages"]["kept"] > 50
    assert (tmp_path / "out" / "map.html").stat().st_size > 100_000
    assert "OpenStreetMap contributors" in (tmp_path / "out" / "map.html").read_text("utf-8")
    assert extract.read_bytes() == before
    assert call("new", tmp_path / "andorra", "--osm", extract).exit_code == 2
    assert call("new", tmp_path / "b", "--osm", extract, "--bbox", "1,2").exit_code == 2
