"""`siteplan water`, as a planner calls it."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import openpyxl
from typer.testing import CliRunner

from siteplan.cli import app
from siteplan.language import Texts


def call(*words: object):
    return CliRunner().invoke(app, ["water", *(str(word) for word in words)])


def test_water_alone(repository: Path, tmp_path: Path) -> None:
    result = call(repository / "data" / "plan.toml", "--out", tmp_path / "w")
    assert result.exit_code == 0, result.output
    villages = gpd.read_file(tmp_path / "w" / "results.gpkg", layer="villages")
    for level, n in villages["water_level"].value_counts().items():
        assert f"{Texts('zh')(f'water.level.{level}')}: {n}" in result.output
    record = json.loads((tmp_path / "w" / "run.json").read_text("utf-8"))
    rules = {row["rule"]: row for row in record["water"]["rules"]}
    assert any(row["confidence"] == "unverified" for row in rules.values())
    assert record["water"]["headline"]["hamlets"] == len(villages)
    assert {path.name for path in (tmp_path / "w").iterdir()} == {
        "results.gpkg", "run.json", "tables.xlsx", "timing.json", "water.inp", "water_profiles.pdf",
    }  # fmt: skip
    book = openpyxl.load_workbook(tmp_path / "w" / "tables.xlsx")
    assert book.sheetnames[-2:] == ["问题清单", "所用规则"]
    told = {row[0]: str(row[-1]) for row in book["所用规则"].iter_rows(min_row=2, values_only=True)}
    assert set(rules) <= set(told)
    assert "unverified" in told["water.pipes.prices"]
    again = call(repository / "data" / "plan.toml", "--out", tmp_path / "again", "--quiet")
    assert again.exit_code == 0
    for name in ("results.gpkg", "run.json", "tables.xlsx", "water.inp", "water_profiles.pdf"):
        assert (tmp_path / "w" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_plan_without_water_is_told_so(repository: Path, tmp_path: Path) -> None:
    text = (repository / "data" / "plan.toml").read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("water_")]
    data = (repository / "data").as_posix()
    text = "\n".join(kept).replace('path = "', f'path = "{data}/').replace('dem = "', f'dem = "{data}/')
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    result = call(tmp_path / "plan.toml", "--out", tmp_path / "w")
    assert result.exit_code == 2
    assert "water_lines" in result.output and not (tmp_path / "w").exists()
