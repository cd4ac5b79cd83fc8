"""The contract as data, the words for every finding, and the plan guessed from a folder."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import siteplan.layers
from siteplan.language import LANGUAGES, catalogue
from siteplan.layers.contract import contracts, folded, match_columns
from siteplan.layers.findings import message_key
from siteplan.layers.guessing import guess_plan
from siteplan.layers.numbers import number_from
from siteplan.layers.reading import read_layers
from siteplan.plan import load_plan

ROOM = Path(siteplan.layers.__file__).parent


def _codes() -> set[str]:
    """Every finding's code that stands in the room's source."""
    found: set[str] = set()
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and re.fullmatch(r"layers\.[a-z_]+", value):
                found.add(value)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language):
    words = {key for key in catalogue(language) if key.startswith("layers.finding.")}
    assert {message_key(code) for code in _codes()} == words


def test_both_languages_fill_the_same_places():
    zh, en = catalogue("zh"), catalogue("en")
    for key in (key for key in en if key.startswith("layers.")):
        assert set(re.findall(r"{(\w+)}", zh[key])) == set(re.findall(r"{(\w+)}", en[key])), key


@pytest.mark.parametrize("name", list(contracts()))
def test_no_alias_means_two_columns(name):
    layer = contracts()[name]
    seen: dict[str, str] = {}
    for column in layer.columns.values():
        for alias in {folded(alias) for alias in (column.name, *column.aliases)}:
            assert seen.setdefault(alias, column.name) == column.name, alias


@pytest.mark.parametrize(
    ("alias", "column"),
    [("人口", "people"), ("population", "people"), ("总人口", "people"), ("户数", "households"), ("屯", "name"),
     ("村民小组", "name"), ("村名", "village"), ("行政村", "village"), (" TOT_POPULA ", "people")],
)  # fmt: skip
def test_aliases_of_villages(alias, column):
    assert match_columns(contracts()["villages"], [alias])[0] == {column: alias}


def test_the_exact_name_beats_an_alias():
    matched, rivals = match_columns(contracts()["villages"], ["人口", "people", "Name", "name"])
    assert matched["people"] == "people" and rivals["people"] == ("人口",)
    assert matched["name"] == "name" and rivals["name"] == ("Name",)


@pytest.mark.parametrize(
    ("text", "value", "tidied"),
    [("1319", 1319, False), ("1,319", 1319, True), ("1,319人", 1319, True), ("８４２", 842, True),
     ("0.0268万", 268, True), ("3.5m", 3.5, True), ("1433.0", 1433, False), ("-5", -5, False)],
)  # fmt: skip
def test_numbers_that_can_be_read(text, value, tidied):
    assert number_from(text) == (value, tidied)


@pytest.mark.parametrize("text", ["约1200", "—", "七百", "1,31", "1.319,5", "nan", "inf", "1e999", "12-15"])
def test_numbers_that_cannot(text):
    value, tidied = number_from(text)
    assert value != value and tidied


def test_guess_from_a_folder_runs(county, villages, roads):
    county.folder.joinpath("in").mkdir()
    villages.rename(columns={"name": "自然村", "people": "人口"}).to_file(
        county.folder / "in/点.gpkg", engine="pyogrio"
    )
    roads.rename(columns={"surface": "路面类型"}).to_file(county.folder / "in/农村公路.geojson", engine="pyogrio")
    county.put("in/坏.gpkg", b"SQLite format 3\x00 broken")
    county.put("in/note.txt", "not a layer")
    text = guess_plan(county.folder / "in")
    assert "people <- 人口" in text and "Not read: 坏.gpkg" in text and 'country = "CN"' in text
    plan = county.put("in/plan.toml", text)
    result = read_layers(load_plan(plan))
    assert result.layers["villages"].counts.kept == 4 and result.layers["roads"].counts.kept == 3


def test_guess_from_an_empty_folder_is_a_skeleton(tmp_path):
    text = guess_plan(tmp_path)
    assert tomllib.loads(text)["plan"] and "# [layers.villages]" in text
