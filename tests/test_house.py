"""The house itself: both languages say the same things, the README's commands run, the province of rules is whole."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siteplan.cli import app
from siteplan.language import catalogue
from siteplan.layers.findings import message_key
from siteplan.palette import ROAD_STATES, VERDICTS
from siteplan.plan import plan_keys
from siteplan.roads.tables import VERDICT_COLUMNS
from siteplan.roads.verdict import STATUSES
from siteplan.standards import load_road_profile, road_profile_names


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert places(zh[key]) == places(en[key]), key
        assert zh[key].strip() or not en[key].strip(), key


def test_every_finding_code_in_the_source_has_a_text(repository: Path) -> None:
    found = set()
    for file in (repository / "siteplan").rglob("*.py"):
        found |= set(re.findall(r'"((?:roads|layers|network)\.[a-z_]+)"', file.read_text("utf-8")))
    codes = {code for code in found if message_key(code) in catalogue("en")}
    texts = {key for key in catalogue("en") if ".finding." in key and key.startswith("roads.")}
    # Every text of the roads room is used by some code, and every used code has its text.
    assert texts == {message_key(code) for code in codes if code.startswith("roads.")}


def test_every_column_status_and_state_has_a_word() -> None:
    texts = catalogue("zh")
    for name in VERDICT_COLUMNS:
        assert f"roads.column.{name}" in texts
    assert tuple(one.key for one in VERDICTS) == STATUSES
    for name in STATUSES:
        assert f"roads.status.{name}" in texts
    for state in ROAD_STATES:
        assert f"roads.state.{state.key}" in texts


@pytest.mark.parametrize("name", road_profile_names())
def test_every_rule_has_a_source_and_a_confidence(name: str) -> None:
    rules = load_road_profile(name).rules()
    assert {"hardened", "anchor", "access_m"} <= {row["rule"].split(".", 1)[1].rsplit(".", 1)[-1] for row in rules}
    for row in rules:
        assert row["source"]
        assert row["confidence"] in {"source read", "unofficial page", "unverified"}


def test_the_readme_names_every_key_and_every_output(repository: Path) -> None:
    readme = (repository / "README.md").read_text("utf-8")
    for key in plan_keys():
        assert f"`{key.key}`" in readme
    for name in ("map.html", "results.gpkg", "tables.xlsx", "villages_without_hardened_road.csv", "run.json"):
        assert name in readme
    for name in ("run", "check", "new", "picture", "sample", "rules"):
        assert f"siteplan {name}" in readme
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_the_readmes_drawing_is_the_house(repository: Path) -> None:
    readme = (repository / "README.md").read_text("utf-8")
    drawing = readme.split("```\nsiteplan/\n", 1)[1].split("data/", 1)[0]
    # Rooms within a room are drawn further in.
    top = "\n".join(line for line in drawing.splitlines() if not line.startswith("    "))
    drawn = set(re.findall(r"([a-z_]+)(?:\.py|/)", top))
    rooms = {entry.stem for entry in (repository / "siteplan").iterdir() if not entry.name.startswith("_")}
    assert drawn == rooms


def test_make_demo_in_a_clean_clone(repository: Path, tmp_path: Path) -> None:
    """The README's first command on a fresh machine; `.ci/run` does the second."""
    if shutil.which("make") is None or not (repository / ".git").exists():
        pytest.skip("make or the git history is not here")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    done = subprocess.run(["make", "demo"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "map: maps/sample/map.html" in done.stdout
    assert (clone / "maps" / "sample" / "map.html").stat().st_size > 100_000
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == ""
