"""Words: stages, kinds of project, the contract's new columns; and a text for everything in both languages."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import siteplan.projects
from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.layers.contract import contract, contracts, folded, match_columns
from siteplan.layers.findings import message_key, with_messages
from siteplan.layers.reading import read_layers
from siteplan.plan import load_plan
from siteplan.projects import comparison, places
from siteplan.projects.kinds import hardens
from siteplan.projects.stages import STAGES, UNKNOWN, done, stage_findings, stage_of, stage_words
from siteplan.roads.verdict import STATUSES
from siteplan.sample.projects import STAGE_WORDS
from siteplan.sample.projects import STAGES as SAMPLE_STAGES
from siteplan.standards import load_road_profile, normalise_word, road_profile_names, road_words

ROOM = Path(siteplan.projects.__file__).parent


def codes() -> set[str]:
    """Every finding's code of the room: `projects.NAME` in full, or the name that `_of` and the checks take."""
    found = set()
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value.removeprefix("projects.")
                if f"projects.finding.{name}" in catalogue("en"):
                    found.add(f"projects.{name}")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language: str) -> None:
    words = {key for key in catalogue(language) if key.startswith("projects.finding.")}
    assert {message_key(code) for code in codes()} == words
    in_full = set(re.findall(r'"(projects\.[a-z_]+)"', "".join(file.read_text("utf-8") for file in ROOM.glob("*.py"))))
    assert {message_key(code) for code in in_full} <= words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_change_and_column_has_its_words(language: str) -> None:
    texts = catalogue(language)
    assert all(f"projects.stage.{name}" in texts for name in (*STAGES, UNKNOWN))
    assert all(f"projects.change.{name}" in texts for name in comparison.CHANGES)
    assert all(f"projects.column.{name}" in texts for name in places.PLACE_COLUMNS)


def test_both_rooms_know_the_same_verdicts_and_the_sample_the_same_stages() -> None:
    assert comparison.STATUSES == STATUSES
    assert SAMPLE_STAGES == STAGES
    assert stage_of(pd.Series(STAGE_WORDS)).tolist() == list(STAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_surface_has_a_label_that_means_itself(language: str) -> None:
    texts = Texts(language)
    names = set(road_words("surface").values())
    assert {key.rsplit(".", 1)[1] for key in catalogue(language) if key.startswith("projects.surface.")} == names
    for name in names:
        assert road_words("surface")[normalise_word(texts(f"projects.surface.{name}"))] == name


def test_no_stage_word_means_two_stages() -> None:
    table = tomllib.loads((ROOM / "stages.toml").read_text("utf-8"))
    assert tuple(table) == (*STAGES, UNKNOWN)
    words = [normalise_word(word) for met in table.values() for word in met]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "stage"),
    [("县级验收", "county_acceptance"), ("ＴＥＮＤＥＲ", "tender"), (" 移交管护 ", "upkeep"), ("竣工", "start"),
     ("county acceptance", "county_acceptance"), ("public_notice", "public_notice"), ("竣工验收", "county_acceptance"),
     ("", UNKNOWN), ("七成", UNKNOWN)],
)  # fmt: skip
def test_stage_words(word: str, stage: str) -> None:
    assert stage_of(pd.Series([word])).tolist() == [stage]


def test_what_counts_as_built() -> None:
    assert done(np.array(STAGES)).tolist() == [False] * 5 + [True] * 3
    assert done([UNKNOWN, "upkeep"]).tolist() == [False, True]
    assert set(stage_words().values()) == {*STAGES, UNKNOWN}
    assert stage_of(pd.Series([], dtype="str")).tolist() == []


def test_strange_stages_are_told_once_a_word() -> None:
    projects = pd.DataFrame({"row": [1, 2, 3, 4, 5], "stage": ["开工", "七成", "", "七成", "未知"]})
    found = with_messages(stage_findings(projects), Texts("en"))
    assert found[["code", "row"]].values.tolist() == [["projects.stage_not_understood", 2]]
    assert "(2 projects)" in found["message"].iloc[0]
    assert len(stage_findings(projects.iloc[:1])) == 0


@pytest.mark.parametrize(
    ("kind", "yes"),
    [("道路硬化", True), ("公路硬化", True), ("通组路", True), ("通组路建设", True), ("农村公路路面硬化工程", True),
     ("Road paving", True), ("hardening", True), ("组组通 项目", True), ("道路养护", False), ("硬化路养护", False),
     ("安防工程", False), ("桥梁", False), ("", False), ("公路", False)],
)  # fmt: skip
def test_kinds_that_harden(kind: str, yes: bool) -> None:
    assert hardens(pd.Series([kind], dtype="str")).tolist() == [yes]


@pytest.mark.parametrize("name", road_profile_names())
def test_the_surface_of_works_is_hardened(name: str) -> None:
    rule = load_road_profile(name).hardened
    assert rule.surface_of_works == "paved" and "paved" in rule.surfaces
    assert rule.model_copy(update={"surfaces": ("brick", "stone")}).surface_of_works == "brick"
    assert rule.model_copy(update={"by": "class", "classes": ("county",)}).surface_of_works == ""


@pytest.mark.parametrize(
    ("header", "column"),
    [("图层", "layer"), ("要素编号", "features"), ("feature_ids", "features"), ("建成路面", "surface"),
     ("计量单位", "unit"), ("计划量", "plan"), ("planned", "plan"), ("完成量", "done"), ("Completed", "done"),
     ("项目阶段", "stage")],
)  # fmt: skip
def test_aliases_of_projects(header: str, column: str) -> None:
    assert match_columns(contract("projects"), [header])[0] == {column: header}


def test_the_layers_that_projects_work_on_are_the_layers() -> None:
    column = contract("projects").columns["layer"]
    assert set(column.canonical) == set(contracts()) - {"projects"}
    for name, layer in contracts().items():
        if name != "projects":
            assert column.values[folded(layer.zh)] == name
            assert column.values[name] == name


def test_a_table_with_chinese_headings_is_read(repository: Path, tmp_path: Path) -> None:
    for name in ("villages.gpkg", "roads.gpkg"):
        shutil.copy(repository / "data" / name, tmp_path)
    rows = ["项目编号,项目名称,类型,阶段,图层,要素编号,建成路面,单位,计划量,完成量",
            "P1,甲,通组路,立项,公路,W0217、W0221,12.0,公里,1.5公里,0",
            "P2,乙,通组路,立项,水渠,W0217,水泥,公里,约3,-1"]  # fmt: skip
    (tmp_path / "项目.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "plan.toml").write_text(
        '[layers]\nvillages = { path = "villages.gpkg" }\nroads = { path = "roads.gpkg" }\n'
        'projects = { path = "项目.csv" }\n', "utf-8"
    )  # fmt: skip
    read = read_layers(load_plan(tmp_path / "plan.toml"))
    table = read.table("projects")
    assert table["layer"].tolist() == ["roads", ""]
    assert table["features"].tolist() == ["W0217、W0221", "W0217"]
    assert table["surface"].tolist() == ["12", "水泥"]
    assert table["unit"].tolist() == ["公里", "公里"]
    assert table["plan"].iloc[0] == 1.5 and table["done"].iloc[0] == 0
    assert table[["plan", "done"]].iloc[1].isna().all()
    told = read.findings[read.findings["layer"] == "projects"].groupby("code")["field"].agg(list).to_dict()
    assert told == {
        "layers.word_unknown": ["layer"], "layers.number_tidied": ["plan"], "layers.number_unreadable": ["plan"],
        "layers.number_too_small": ["done"],
    }  # fmt: skip
