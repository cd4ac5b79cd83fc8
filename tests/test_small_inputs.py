"""Odd but plausible inputs through the real command line: a clear answer or a clear message, never a bug."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from siteplan.cli import app


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def roads(folder: Path, **columns: object) -> Path:
    table = {"id": ["R1"], "surface": ["水泥"], **columns}
    line = shapely.LineString([(104.9, 26.5), (104.92, 26.5)])
    path = folder / "roads.geojson"
    gpd.GeoDataFrame(table, geometry=[line], crs=4326).to_file(path)
    return path


def villages(folder: Path, **columns: object) -> Path:
    table = {"id": ["a", "b"], "name": ["上坝", "</script><b>下坝"], **columns}
    path = folder / "villages.geojson"
    gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([104.905, 104.915], [26.501, 26.54]), crs=4326).to_file(path)
    return path


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text("utf-8"))


def test_people_that_are_not_known_are_not_zero(tmp_path: Path) -> None:
    result = call(
        "run", "--villages", villages(tmp_path), "--roads", roads(tmp_path), "--out", tmp_path / "my results 1.2"
    )
    assert result.exit_code == 0, result.output
    headline = record(tmp_path / "my results 1.2")["headline"]
    assert headline["people"] is None
    assert headline["households_served"] is None
    assert (headline["served"], headline["no_road"]) == (1, 1)
    assert any("没有人口数" in note for note in record(tmp_path / "my results 1.2")["notes"])
    assert "<b>下坝" not in (tmp_path / "my results 1.2" / "map.html").read_text("utf-8")


def test_a_sheet_of_places_mixes_findings_with_and_without_a_row(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("id,name,lon,lat,people\n1,A,104.905,26.501,40\n2,B,,,20\n", "utf-8")
    words = ("--villages", tmp_path / "v.csv", "--roads", roads(tmp_path), "--out", tmp_path / "o")
    result = call("run", *words)
    assert result.exit_code == 0, result.output
    rows = {finding["code"]: finding["row"] for finding in record(tmp_path / "o")["findings"]}
    assert None in rows.values()
    assert 2 in rows.values()
    people = {"read": 60, "kept": 40, "dropped": 20, "unknown_rows": 0}
    counts = {"read": 2, "kept": 1, "repaired": 0, "dropped": 1, "people": people}
    assert record(tmp_path / "o")["layers"]["villages"] == counts
    assert record(tmp_path / "o")["headline"]["unknown"] == 1


def test_a_folder_without_shapefiles_is_no_layer(tmp_path: Path) -> None:
    words = ("--villages", tmp_path, "--roads", roads(tmp_path), "--out", tmp_path.parent / "o")
    result = call("run", *words)
    assert result.exit_code == 2
    assert "is a folder and holds no shapefile" in result.output


def test_only_planned_roads_are_no_roads(tmp_path: Path) -> None:
    words = ("--villages", villages(tmp_path), "--roads", roads(tmp_path, status=["planned"]), "--out", tmp_path / "o")
    result = call("run", *words)
    assert result.exit_code == 0, result.output
    assert record(tmp_path / "o")["headline"]["no_road"] == 2


def test_centres_that_are_no_anchors_are_told(tmp_path: Path) -> None:
    centres = gpd.GeoDataFrame({"name": ["乡政府"]}, geometry=[shapely.Point(104.9, 26.5)], crs=4326)
    centres.to_file(tmp_path / "c.geojson")
    words = ("--villages", villages(tmp_path), "--roads", roads(tmp_path), "--centres", tmp_path / "c.geojson")
    result = call("run", *words, "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert any("均未用作锚点" in note for note in record(tmp_path / "o")["notes"])


def test_a_misspelt_kind_of_anchor_is_a_fault(repository: Path, tmp_path: Path) -> None:
    text = (repository / "data" / "plan.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("anchor_centres")]
    at = lines.index('profile = "cn-hamlet"')
    lines.insert(at + 1, 'anchor_centres = ["townships"]')
    (tmp_path / "plan.toml").write_text("\n".join(lines), "utf-8")
    result = call("run", tmp_path / "plan.toml")
    assert result.exit_code == 2
    assert "roads.anchor_centres" in result.output


def test_what_other_programs_leave_is_no_foreign_file(tmp_path: Path) -> None:
    words = ("run", "--villages", villages(tmp_path), "--roads", roads(tmp_path), "--out", tmp_path / "o", "--quiet")
    assert call(*words).exit_code == 0
    for name in ("results.gpkg-wal", "results.gpkg-shm", ".DS_Store", "~$tables.xlsx"):
        (tmp_path / "o" / name).write_text("")
    assert call(*words).exit_code == 0


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_a_profile_as_notepad_saves_it(encoding: str, repository: Path, tmp_path: Path) -> None:
    own = (repository / "siteplan" / "standards" / "roads" / "cn-hamlet.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_bytes(own.encode(encoding))
    result = call("rules", tmp_path / "own.toml")
    assert result.exit_code == (0 if encoding == "utf-8-sig" else 2)
    assert "bug" not in result.output


@pytest.mark.parametrize("words", [("new", "nowhere"), ("check", "nowhere.toml"), ("rules", "nowhere.toml")])
def test_what_is_not_there_is_the_callers_fault(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert "nowhere" in result.output


@pytest.mark.parametrize("profile", ["cn-guangxi-exit", "pmgsy", "sdg-9.1.1"])
def test_every_profile_runs_on_the_sample(profile: str, repository: Path, tmp_path: Path) -> None:
    text = (repository / "data" / "plan.toml").read_text("utf-8").replace('"cn-hamlet"', f'"{profile}"')
    data = (repository / "data").as_posix()
    text = text.replace('path = "', f'path = "{data}/').replace('dem = "', f'dem = "{data}/')
    (tmp_path / "plan.toml").write_text(text, "utf-8")
    result = call("run", tmp_path / "plan.toml", "--out", tmp_path / "o", "--quiet")
    assert result.exit_code == 0, result.output
    headline = record(tmp_path / "o")["headline"]
    assert ("scope_rate" in headline) == (profile != "sdg-9.1.1")
    assert headline["served"] > 0


def test_the_good_base_data_give_no_finding_about_reading(shared_data: Path, tmp_path: Path) -> None:
    good = shared_data / "badinputs" / "_good"
    words = [word for name in ("villages", "roads", "sites") for word in (f"--{name}", good / f"{name}.geojson")]
    result = call("run", *words, "--water-lines", good / "water_lines.geojson", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert not [row for row in record(tmp_path / "o")["findings"] if row["code"].startswith("layers.")]
