"""Power as a run asks for it: the sample county adds up, a drawn grid with a branch that is cut off, both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_grid import NAN, VERDICTS, grid, hamlets, layer_set
from pandas.testing import assert_frame_equal

from siteplan.language import LANGUAGES, Texts
from siteplan.layers.findings import with_messages
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reading import read_layers
from siteplan.plan import Plan, load_plan
from siteplan.power import STATUSES, power_reach
from siteplan.power.checks import line_findings
from siteplan.workflow.powering import VILLAGE_COLUMNS, PowerAnswer, power_answer


@pytest.fixture(scope="module")
def plan(repository: Path) -> Plan:
    return load_plan(repository / "data" / "plan.toml")


@pytest.fixture(scope="module")
def layers(plan: Plan) -> LayerSet:
    return read_layers(plan)


@pytest.fixture(scope="module")
def county(plan: Plan, layers: LayerSet) -> PowerAnswer:
    found = power_answer(plan, layers, Texts("zh"))
    assert found is not None
    return found


@pytest.fixture
def drawn(plan: Plan) -> PowerAnswer:
    found = power_answer(plan, layer_set(villages=hamlets(), power_lines=grid()), Texts("en"))
    assert found is not None
    return found


def test_the_sample_countys_places_add_up(layers: LayerSet, county: PowerAnswer) -> None:
    villages, cover = layers.table("villages"), county.coverage
    for name in ("households", "people"):
        parts = cover[[f"{name}_{status}" for status in STATUSES]].sum(axis=1)
        assert np.allclose(parts, cover[name])
        assert cover[name].iloc[0] == villages[name].sum()
    assert (cover[list(STATUSES)].sum(axis=1) == cover["hamlets"]).all()
    whole = cover[cover["level"] == "county"].iloc[0]
    assert whole["hamlets"] == len(villages) == county.reach.headline["hamlets"]
    added = [name for name in cover.columns if name not in ("level", "township", "village") and "rate" not in name]
    for level in ("township", "village"):
        sums = cover.loc[cover["level"] == level, added].sum()
        assert np.allclose(sums.astype(float), whole[added].astype(float)), level
    assert {name: whole[name] for name in STATUSES} == {name: county.reach.headline[name] for name in STATUSES}


def test_the_villages_get_their_columns_and_nothing_else_changes(layers: LayerSet, county: PowerAnswer) -> None:
    villages = layers.table("villages")
    joined = county.on_villages(villages)
    assert list(joined.columns) == [*villages.columns, *VILLAGE_COLUMNS]
    assert_frame_equal(pd.DataFrame(joined[villages.columns]), pd.DataFrame(villages))
    assert joined["power_status"].tolist() == county.reach.villages["power_status"].tolist()
    assert (joined["power_reason"].str.len() > 5).all()
    near = joined["power_status"].isin(["served", "cut_off"])
    ids = set(layers.table("power_lines")["id"])
    assert set(joined.loc[near, "power_line"]) <= ids and (joined.loc[~near, "power_line"] == "").all()
    assert (joined.loc[near, "power_line_m"] <= 500).all() and joined.loc[~near, "power_line_m"].isna().all()


def test_other_words_but_the_same_verdicts(plan: Plan, layers: LayerSet, county: PowerAnswer) -> None:
    told = county.worded(Texts("en"))
    own = power_answer(plan, layers, Texts("en"))
    assert own is not None
    assert_frame_equal(told.reach.villages, own.reach.villages)
    assert not (told.reach.villages["power_reason"] == county.reach.villages["power_reason"]).any()
    assert_frame_equal(told.worded(Texts("zh")).reach.villages, county.reach.villages)
    assert told.coverage is county.coverage


def test_the_notes_say_what_stands_in_for_substations(county: PowerAnswer) -> None:
    keys = [key for key, _ in county.notes]
    assert keys[0] == "power.note.higher_voltage" and "power.note.unverified" in keys
    for language in LANGUAGES:
        assert all("{" not in Texts(language)(key, **values) for key, values in county.notes)


def test_the_record_is_plain_json(county: PowerAnswer, drawn: PowerAnswer) -> None:
    for answer in (county, drawn):
        record = json.loads(json.dumps(answer.record(), allow_nan=False))
        assert record["profile"] == "cn-rural" and record["parameters"]["radius_m"] == 500
        assert record["headline"]["hamlets"] == len(answer.reach.villages)
        assert all(rule["source"] and rule["confidence"] for rule in record["rules"])
        assert {rule["rule"] for rule in record["rules"]} == set(answer.rules["rule"])


def test_a_branch_that_is_cut_off(drawn: PowerAnswer) -> None:
    joined = drawn.on_villages(hamlets())
    assert joined["power_status"].tolist() == VERDICTS
    assert joined["power_line"].tolist() == ["F", "F", "C2", "", "U"]
    assert joined["power_line_m"].tolist() == pytest.approx([100, 400, 300, NAN, 100], nan_ok=True)
    assert joined["power_reason"].iloc[2] == "Only lines that are not fed are within 500 m: C2 is 300 m away."
    cover = drawn.coverage
    county = cover[cover["level"] == "county"].iloc[0]
    assert county[["hamlets", *STATUSES]].tolist() == [5, 2, 1, 1, 1]
    assert (county["people"], county["people_served"], county["people_unknown_number"]) == (166, 120, 1)
    town = cover[(cover["level"] == "township") & (cover["township"] == "乙")].iloc[0]
    assert (town["households"], town["households_unknown"], town["households_unknown_number"]) == (7, 7, 1)


def test_the_lines_with_what_was_found_of_them(drawn: PowerAnswer) -> None:
    source = grid().assign(state="good", operator="x")
    told = drawn.on_lines(source)
    assert list(told.columns) == [
        "id", "name", "voltage_kv", "geometry", "supplies", "component", "fed", "state",
    ]  # fmt: skip
    assert told["supplies"].tolist() == ["no", "yes", "yes", "yes", "unknown"]
    assert told["state"].tolist() == ["fed", "fed", "cut_off", "cut_off", "fed"]
    assert told.crs == source.crs


def test_findings_name_the_part_that_is_cut_off_and_the_line_without_voltage(drawn: PowerAnswer) -> None:
    found = drawn.findings
    assert found["code"].tolist() == ["power.part_not_fed", "power.voltage_unknown"]
    assert found["id"].tolist() == ["C1", "U"] and found["row"].tolist() == [3, 5]
    # Where C1 begins, 700 m east of F.
    assert found[["x", "y"]].iloc[0].tolist() == pytest.approx([10_700, 4000])
    for language, words in (("en", "lines: 2, 3.3 km"), ("zh", "2 条，3.3 公里")):
        message = with_messages(found, Texts(language))["message"]
        assert words in message.iloc[0] and "F" in message.iloc[0] and "700" in message.iloc[0]
        assert not message.str.contains("{", regex=False).any()


def test_findings_of_the_sample_county_are_its_parts(county: PowerAnswer) -> None:
    lines = county.reach.lines
    parts = lines.loc[~lines["fed"], "component"].nunique()
    assert county.findings["code"].tolist() == ["power.part_not_fed"] * parts
    assert county.findings[["x", "y"]].notna().all(axis=None)


def test_no_findings_where_all_or_none_are_fed(plan: Plan) -> None:
    whole = power_answer(plan, layer_set(villages=hamlets(), power_lines=grid().iloc[:2]), Texts("en"))
    assert whole is not None and whole.findings.empty
    lines, away = grid(), hamlets().iloc[3:4]
    none = power_reach(hamlets(), lines, whole.profile, Texts("en"), substations=away)
    assert not none.lines["fed"].any()
    assert line_findings(lines, none)["code"].tolist() == ["power.voltage_unknown"]


def test_where_only_high_voltage_is_fed_it_is_named(plan: Plan) -> None:
    lines = grid().iloc[[0, 2, 3]]
    found = power_answer(plan, layer_set(villages=hamlets(), power_lines=lines), Texts("en"))
    assert found is not None
    assert json.loads(found.findings["values"].iloc[0])["other"] == "HV"


def test_steps_are_told_and_without_lines_there_is_nothing_to_say(plan: Plan, layers: LayerSet) -> None:
    told: list[str] = []
    absent = replace(layers, layers={name: one for name, one in layers.layers.items() if name != "power_lines"})
    assert power_answer(plan, absent, Texts("zh"), step=told.append) is None
    empty = layer_set(villages=hamlets(), power_lines=grid().iloc[:0])
    assert power_answer(plan, empty, Texts("zh"), step=told.append) is None
    assert told == []
    power_answer(plan, layer_set(villages=hamlets(), power_lines=grid()), Texts("zh"), step=told.append)
    assert told and all(Texts(language).has(key) for key in told for language in LANGUAGES)


def test_layers_are_not_changed(plan: Plan) -> None:
    given = layer_set(villages=hamlets(), power_lines=grid())
    before = {name: one.table.copy(deep=True) for name, one in given.layers.items()}
    found = power_answer(plan, given, Texts("zh"))
    assert found is not None
    found.on_villages(given.table("villages"))
    found.on_lines(given.table("power_lines"))
    for name, table in before.items():
        assert_frame_equal(pd.DataFrame(given.table(name)), pd.DataFrame(table))
