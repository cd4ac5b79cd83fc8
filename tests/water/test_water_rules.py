"""Water and power rule packs: every number of the domain's table with source and confidence; every level mapped."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from siteplan.errors import PlanError
from siteplan.language import LANGUAGES, catalogue
from siteplan.standards import (
    connection_words,
    load_power_profile,
    load_walking,
    load_water_design,
    load_water_profile,
    power_profile_names,
    water_design_names,
    water_profile_names,
)
from siteplan.standards.water_profile import FACTS, SERVICE_LEVELS
from siteplan.water.levels import pack_column
from siteplan.water.model import LEVELS

PACKS = ("cn-2004-547", "cn-t-ches-18-2018", "jmp", "sphere")


def all_rows() -> list[dict[str, str]]:
    rows = [row for name in water_profile_names() for row in load_water_profile(name).rules()]
    rows += [row for name in water_design_names() for row in load_water_design(name).rules()]
    rows += [row for name in power_profile_names() for row in load_power_profile(name).rules()]
    return rows + load_walking().rules()


def text_of(name: str) -> str:
    return resources.files("siteplan.standards").joinpath(f"water/{name}.toml").read_text("utf-8")


def test_the_four_packs_and_the_design_figures_are_there() -> None:
    assert water_profile_names() == PACKS
    assert water_design_names() == ("sl-310-2004",)


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row["rule"])
def test_every_rule_has_a_source_a_clause_and_a_confidence(row: dict[str, str]) -> None:
    assert row["value"] and row["clause"] and row["source"]
    assert row["confidence"] in {"source read", "unofficial page", "unverified"}
    if re.fullmatch(r"[<>=]*\s*[\d.]+( \(.*| *)?", row["value"]):
        assert row["unit"]


def test_rule_ids_are_unique() -> None:
    names = [row["rule"] for row in all_rows()]
    assert len(names) == len(set(names))


TABLE = [
    # T/CHES 18-2018
    ("cn-t-ches-18-2018.overall", "quantity, quality, convenience, reliability: each at least basic", "",
     "source read"),
    ("cn-t-ches-18-2018.quantity.basic", ">= 35", "L/person/day", "source read"),
    ("cn-t-ches-18-2018.quantity.basic.water_short", ">= 20", "L/person/day", "source read"),
    ("cn-t-ches-18-2018.quantity.full", ">= 60", "L/person/day", "unverified"),
    ("cn-t-ches-18-2018.quantity.full.water_short", ">= 40", "L/person/day", "unverified"),
    ("cn-t-ches-18-2018.convenience.basic", "round_min <= 20 min; or level_m <= 800 m and climb_m <= 80 m", "",
     "source read"),
    ("cn-t-ches-18-2018.convenience.full", "round_min <= 10 min; or level_m <= 400 m and climb_m <= 40 m", "",
     "unverified"),
    ("cn-t-ches-18-2018.reliability.basic", "<= 36", "days a year", "source read"),
    ("cn-t-ches-18-2018.reliability.full", "<= 18", "days a year", "unverified"),
    # 2004
    ("cn-2004-547.quantity.safe", ">= 40-60", "L/person/day", "source read"),
    ("cn-2004-547.quantity.basic", ">= 20-40", "L/person/day", "source read"),
    ("cn-2004-547.convenience.safe", "round_min <= 10 min", "", "source read"),
    ("cn-2004-547.convenience.basic", "round_min <= 20 min; or level_m <= 800 m and climb_m <= 80 m", "",
     "source read"),
    ("cn-2004-547.reliability.safe", ">= 95", "%", "source read"),
    ("cn-2004-547.reliability.basic", ">= 90", "%", "source read"),
    # SL 310
    ("sl-310-2004.service_head.storeys_1", "(of 5-10", "m", "source read"),
    ("sl-310-2004.service_head.storeys_2", "(of 10-12", "m", "source read"),
    ("sl-310-2004.service_head.each_more", "(of 3.5-4", "m", "source read"),
    ("sl-310-2004.service_head.hydrant", "10", "m", "source read"),
    ("sl-310-2004.service_head.static_max", "40", "m", "source read"),
    ("sl-310-2004.livestock.horse", "(of 40-50", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.cattle", "(of 50-60", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.dairy", "(of 70-120", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.sow", "(of 60-90", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.pig", "(of 30-40", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.sheep", "(of 5-10", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.chicken", "(of 0.5-1", "L/head/day", "unverified"),
    ("sl-310-2004.livestock.duck", "(of 1-2", "L/head/day", "unverified"),
    ("sl-310-2004.factors.max_day", "(of 1.3-1.6", "times the average day", "unverified"),
    ("sl-310-2004.factors.peak_hour", "(of 1.6-3", "times the average hour", "unverified"),
    ("sl-310-2004.factors.peak_hour_timed", "(of 3-4", "times the average hour", "unverified"),
    ("sl-310-2004.factors.losses", "(of 10-25", "% of what is used", "unverified"),
    ("sl-310-2004.gravity.velocity_min", "0.7", "m/s", "source read"),
    ("sl-310-2004.gravity.velocity_max", "3", "m/s", "source read"),
    ("sl-310-2004.gravity.head_min", "10", "m", "source read"),
    ("sl-310-2004.gravity.pressure_min", "0", "m", "source read"),
    # JMP, Sphere
    ("jmp.convenience.basic", "collect_min <= 30 min", "", "source read"),
    ("sphere.quantity.meets", ">= 15", "L/person/day", "source read"),
    ("sphere.convenience.meets", "level_m <= 500 m", "", "source read"),
    ("sphere.crowding.meets", "people_per_tap <= 250 people and tap_l_per_min >= 7.5 L/min", "", "source read"),
    # power
    ("cn-rural.radius_m", "500", "m", "unverified"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "unit", "confidence"), TABLE, ids=[row[0] for row in TABLE])
def test_the_numbers_are_those_of_the_domain_table(rule: str, value: str, unit: str, confidence: str) -> None:
    row = next(row for row in all_rows() if row["rule"] == rule)
    assert value in row["value"]
    assert (row["unit"], row["confidence"]) == (unit, confidence)


def test_the_service_levels_are_those_of_the_water_room() -> None:
    assert SERVICE_LEVELS == LEVELS


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_maps_every_level_and_none_makes_unknown_known(name: str) -> None:
    profile = load_water_profile(name)
    assert set(profile.service.best) == set(LEVELS)
    assert profile.service.best["unknown"] == "unknown"
    order = [profile.level_names.index(profile.service.best[level]) for level in LEVELS if level != "unknown"]
    assert order == sorted(order)
    assert profile.level_names.index(profile.overall.safe_from) < order[LEVELS.index("unserved")]


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_has_its_columns_and_indicators_in_words(name: str) -> None:
    profile = load_water_profile(name)
    for language in LANGUAGES:
        for end in ("", "_safe", "_open"):
            assert f"water.column.{pack_column(profile)}{end}" in catalogue(language)
        for indicator in (*profile.overall.indicators, "service"):
            assert f"water.rule.{indicator}" in catalogue(language)
        assert all(level.title[language] for level in profile.levels)


def test_the_litres_asked_are_those_from_which_water_is_safe() -> None:
    ches, older = load_water_profile("cn-t-ches-18-2018"), load_water_profile("cn-2004-547")
    assert ches.litres()[0] == 35 and ches.litres(water_short=True)[0] == 20
    assert ches.litres(level="full")[0] == 60 and ches.litres(level="full", water_short=True)[0] == 40
    # Of a range the upper end; a rule without a special one for short water keeps its own.
    assert older.litres()[0] == 40 and older.litres(level="safe", water_short=True)[0] == 60
    assert load_water_profile("sphere").litres()[0] == 15
    assert load_water_profile("jmp").litres() is None


FAULTS = [
    ('source = "T/CHES 18-2018"\n', "", "source: Field required"),
    ('confidence = "source read"\n', "", "confidence: Field required"),
    ('confidence = "source read"', 'confidence = "surely"', "confidence"),
    ("at_least = 60", "at_least = 60, at_most = 70", "give one of at_least, at_most, is"),
    ("at_least = 60", "perhaps_from = 60", "give one of at_least, at_most, is"),
    ("at_least = 60", "at_least = 60, perhaps_from = 70", "perhaps_from goes with a greater at_least"),
    ("{ litres_per_person_day = { at_least = 60 } }", "{ litres = { at_least = 60 } }", "unknown fact litres"),
    ('quality = { is = "yes" }', "quality = { at_least = 1 }", "quality: is expected"),
    ("outage_days = { at_most = 18 }", 'outage_days = { is = "no" }', "outage_days: at_least or at_most expected"),
    ('unserved = "fail", ', "", "service.best: maps each of"),
    ('unserved = "fail"', 'unserved = "bad"', "service.best.unserved: bad is not a level"),
    ('unknown = "unknown"', 'unknown = "fail"', "service.best.unknown: must stay unknown"),
    ('safe_from = "basic"', 'safe_from = "fail"', "overall.safe_from: fail is not one of full, basic"),
    ('indicators = ["quantity", ', 'indicators = ["taste", "quantity", ', "taste has no criterion"),
    ('"convenience", "reliability"]', '"reliability"]', "convenience is needed"),
    ('indicator = "quality"', 'indicator = "quantity"', "given twice"),
    ('name = "fail"', 'name = "unknown"', "none may be unknown"),
    ("[service]", "[service]\nextra = 1", "extra"),
]


@pytest.mark.parametrize(("old", "new", "told"), FAULTS, ids=[fault[2] for fault in FAULTS])
def test_a_faulty_pack_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = text_of("cn-t-ches-18-2018")
    assert old in text
    (tmp_path / "own.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError, match=re.escape(told)):
        load_water_profile("own.toml", root=tmp_path)


DESIGN_FAULTS = [
    ('source = "SL 310-2004, in design reports"\n', "", "service_head.storeys_1.source: Field required"),
    ('confidence = "source read"\n', "", "service_head.storeys_1.confidence: Field required"),
    ('unit = "m"\n', "", "service_head.storeys_1.unit: Field required"),
    ("use = 10\n", "use = 11\n", "use must lie between low and high"),
    ('choice = "the upper end: whoever meets it meets any reading of the range"\n', "", "choice must say why"),
    ("low = 5\n", "", "a range has low and high"),
    ("[livestock.large]", "[livestock.big]", "missing: livestock.large"),
]


@pytest.mark.parametrize(("old", "new", "told"), DESIGN_FAULTS, ids=[fault[2] for fault in DESIGN_FAULTS])
def test_faulty_design_figures_are_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = text_of("design-sl-310-2004")
    assert old in text
    (tmp_path / "own.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlanError, match=re.escape(told)):
        load_water_design("own.toml", root=tmp_path)


def test_own_files_are_read_with_their_mark_and_refused_in_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xef\xbb\xbf" + text_of("jmp").encode())
    assert load_water_profile("own.toml", root=tmp_path) == load_water_profile("jmp")
    (tmp_path / "gbk.toml").write_bytes(text_of("jmp").encode("gb18030"))
    with pytest.raises(PlanError, match="not UTF-8"):
        load_water_profile("gbk.toml", root=tmp_path)
    (tmp_path / "cut.toml").write_text("id = ", "utf-8")
    with pytest.raises(PlanError, match="not valid TOML"):
        load_water_profile("cut.toml", root=tmp_path)
    with pytest.raises(PlanError, match="no file"):
        load_water_profile("absent.toml", root=tmp_path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(PlanError, match="no file"):
        load_water_profile("folder.toml", root=tmp_path)


@pytest.mark.parametrize("name", ["who", "pipes", "words", "design-sl-310-2004", "walking"])
def test_only_profiles_are_profiles(name: str) -> None:
    with pytest.raises(PlanError, match="there are cn-2004-547, cn-t-ches-18-2018, jmp, sphere"):
        load_water_profile(name)


def test_power_profiles_are_refused_alike(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="there are cn-rural"):
        load_power_profile("cn-town")
    text = resources.files("siteplan.standards").joinpath("power/cn-rural.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(text.replace('confidence = "unverified"\n', "", 1), "utf-8")
    with pytest.raises(PlanError, match="radius_m.confidence: Field required"):
        load_power_profile("own.toml", root=tmp_path)
    with pytest.raises(PlanError, match="no file"):
        load_power_profile("absent.toml", root=tmp_path)


def test_connection_words() -> None:
    words = connection_words()
    assert words["入户"] == words["house"] == "house"
    assert words["集中供水点"] == "tap" and words["院内"] == "yard" and words["未接入"] == "none"
    assert set(words.values()) == {"house", "yard", "tap", "none"}


def test_every_fact_is_asked_by_some_rule() -> None:
    asked = {
        fact
        for name in PACKS
        for rule in load_water_profile(name).criteria
        for line in rule.any
        for fact in line
    }  # fmt: skip
    assert asked == set(FACTS)
