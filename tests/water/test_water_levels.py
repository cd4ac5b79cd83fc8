"""Service levels from what the other steps found: each level with its reason, both languages, all faults of inputs."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.standards import load_water_profile
from siteplan.water import tracing
from siteplan.water.balance import Balance
from siteplan.water.decision import INPUTS
from siteplan.water.demand import demands
from siteplan.water.evidence import Evidence, PipeReach, Pressure, Supply, WaterKnown, gathered, piped_quality
from siteplan.water.hydraulics import Hydraulics
from siteplan.water.levels import ServiceLevels, pack_column, reworded, service_levels
from siteplan.water.model import LEVELS, WaterNetwork
from siteplan.water.walking import Walks

CHES = load_water_profile("cn-t-ches-18-2018")
NAN = float("nan")
GOOD: dict[str, object] = {
    "people": 100.0, "connection": "house", "reached": "yes", "why": "", "source": "Q1", "people_m3_per_day": 3.5,
    "verdict": "ok", "head_m": 14.0, "delivered_share": 1.0, "quality": "yes", "tap_quality": "unknown",
    "outage_days": 10.0, "hours_per_day": 24.0, "by": "none", "tap": -1, "round_min": NAN, "least_min": NAN,
    "level_m": NAN, "climb_m": NAN, "tap_name": "", "tap_litres_per_person_day": NAN, "people_per_tap": NAN,
    "tap_l_per_min": NAN,
}  # fmt: skip
TAP = {"by": "network", "tap": 0, "round_min": 15.0, "least_min": 15.0, "level_m": 600.0, "climb_m": 30.0,
       "tap_name": "G1", "tap_quality": "yes", "tap_litres_per_person_day": 40.0}  # fmt: skip
FAR = {**TAP, "round_min": 45.0, "least_min": 45.0, "level_m": 1500.0}
DRY = {"reached": "no", "why": "no_pipe", "source": "", "people_m3_per_day": 0.0, "verdict": "unknown", "head_m": NAN,
       "quality": "unknown", "delivered_share": NAN}  # fmt: skip


def case(rows: list[dict[str, object]]) -> tuple[gpd.GeoDataFrame, Evidence]:
    table = pd.DataFrame([{**GOOD, **row} for row in rows], index=pd.RangeIndex(3, 3 + len(rows)))
    villages = gpd.GeoDataFrame(
        table[["people", "connection"]].assign(livestock=0.0),
        geometry=[shapely.Point(at, 0) for at in range(len(rows))],
        crs="EPSG:32648",
    )
    walks = table[["tap", "by", "level_m", "climb_m", "round_min", "least_min"]].assign(there_min=NAN, back_min=NAN)
    known = ["quality", "tap_quality", "outage_days", "hours_per_day", "tap_name", "tap_litres_per_person_day",
             "people_per_tap", "tap_l_per_min"]  # fmt: skip
    return villages, Evidence(
        PipeReach(table[["reached", "why", "source"]]),
        Supply(table[["people_m3_per_day"]]),
        Pressure(table[["verdict", "head_m", "delivered_share"]]),
        Walks(walks, {}, pd.DataFrame(columns=["rule", "value", "unit", "clause", "source", "confidence"])),
        WaterKnown(table[known]),
    )


def judged(*rows: dict[str, object], profile=CHES, language="en", **options: object) -> ServiceLevels:
    villages, evidence = case(list(rows))
    litres = None if profile.litres() else 35.0
    asked = demands(villages, profile, litres_per_person_day=litres)
    return service_levels(villages, evidence, asked, profile, Texts(language), **options)


CASES = {
    "piped_adequate": ({}, "piped_adequate", "Piped from Q1: 35 L a person and day (35 asked), head 14 m (10 asked)."),
    "short": ({"people_m3_per_day": 2.0}, "piped_deficient",
              "Piped from Q1, but: 20 L a person and day arrive (35 asked)."),
    "low head": ({"verdict": "fail", "head_m": 6.25, "delivered_share": 0.5}, "piped_deficient",
                 "Piped from Q1, but: the head is 6.25 m (10 asked)."),
    "bad and short": ({"quality": "no", "people_m3_per_day": 3.4}, "piped_deficient",
                      "Piped from Q1, but: 34 L a person and day arrive (35 asked); the water is not good."),
    "short, head unknown": ({"people_m3_per_day": 2.0, "verdict": "unknown"}, "piped_deficient",
                            "Piped from Q1, but: 20 L a person and day arrive (35 asked)."),
    "standpipe": ({"connection": "tap"}, "tap_in_reach",
                  "A standpipe in the hamlet, from Q1: 35 L a person and day (35 asked)."),
    "standpipe without head": ({"connection": "tap", "verdict": "fail"}, "unserved",
                               "No public tap, and no pipe that serves. "
                               "The standpipe in the hamlet lacks head, or its water is not good."),
    "tap": ({**DRY, **TAP}, "tap_in_reach", "Public tap G1 is in reach: 15 min there and back, 600 m on the level, "
            "30 m of height. No pipe is near."),
    "tap as the crow flies": ({**DRY, **TAP, "by": "straight", "why": "broken"}, "tap_in_reach",
                              "Public tap G1 is in reach: 15 min there and back, 600 m on the level, 30 m of height. "
                              "As the crow flies: the real walk is longer. The pipe is broken on the way."),
    "dry pipe, tap": ({**TAP, "people_m3_per_day": 0.0}, "tap_in_reach", "Public tap G1 is in reach: 15 min there "
                      "and back, 600 m on the level, 30 m of height. The pipe brings no water on a dry day."),
    "far tap": ({**DRY, **FAR}, "tap_too_far", "Public tap G1 is too far: 45 min there and back, 1500 m on the level, "
                "30 m of height. No pipe is near."),
    "far tap, heights unknown": ({**DRY, **FAR, "round_min": NAN, "climb_m": NAN, "why": ""}, "tap_too_far",
                                 "Public tap G1 is too far: an unknown figure min there and back, 1500 m on the level,"
                                 " an unknown figure m of height."),
    "bad tap": ({**DRY, **TAP, "tap_quality": "no", "why": "source_out_of_use"}, "unserved",
                "The water of public tap G1 is not good, and no pipe serves. The source of its pipe is out of use."),
    "nothing": (DRY, "unserved", "No public tap, and no pipe that serves. No pipe is near."),
    "not connected": ({"connection": "none"}, "unserved",
                      "No public tap, and no pipe that serves. A pipe comes by, but homes are not connected."),
    "marginal": ({"verdict": "marginal", "head_m": 11.5}, "unknown", "Not known: whether the head suffices: 11.5 m "
                 "(10 asked) lie within the error of the heights. It may be anything from 'piped, adequate' to "
                 "'piped, deficient'."),
    "quality unknown": ({"quality": "unknown"}, "unknown", "Not known: the quality of the piped water. It may be "
                        "anything from 'piped, adequate' to 'piped, deficient'."),
    "yield unknown": ({"people_m3_per_day": NAN}, "unknown", "Not known: whether the water suffices (yield, pump or number "
                      "of people). It may be anything from 'piped, adequate' to 'unserved'."),
    "people unknown": ({"people": NAN, "people_m3_per_day": NAN}, "unknown", "Not known: whether the water suffices"),
    "heights unknown": ({"verdict": "unknown", "head_m": NAN}, "unknown",
                        "Not known: the head (a height or a pipe is not known)."),
    "connection unknown": ({"connection": ""}, "unknown", "Not known: whether homes are connected. It may be "
                           "anything from 'piped, adequate' to 'unserved'."),
    "walk unknown": ({**DRY, **TAP, "round_min": NAN, "climb_m": NAN, "least_min": 12.0}, "unknown",
                     "Not known: whether a public tap is in reach. It may be anything from 'public tap in reach' to "
                     "'public tap too far'."),
    "tap's quality unknown": ({**DRY, **TAP, "tap_quality": "unknown"}, "unknown",
                              "Not known: the quality of the tap's water."),
    "no place": ({**DRY, "reached": "unknown", "people_m3_per_day": NAN, "by": "no_place", "why": ""}, "unknown",
                 "Not known: whether a pipe in use reaches it;"),
}  # fmt: skip


@pytest.fixture(scope="module")
def every_case() -> pd.DataFrame:
    return judged(*(row for row, _, _ in CASES.values())).table


@pytest.mark.parametrize("name", CASES)
def test_levels_and_reasons(name: str, every_case: pd.DataFrame) -> None:
    _, level, reason = CASES[name]
    table = every_case.iloc[[list(CASES).index(name)]]
    assert table["water_level"].tolist() == [level]
    assert table["water_reason"].iloc[0].startswith(reason)
    if not name.endswith("unknown") and name != "no place":
        assert table["water_reason"].iloc[0] == reason
    if level != "unknown":
        assert table[["water_level_best", "water_level_worst"]].iloc[0].tolist() == [level, level]
    else:
        assert table["water_safe"].iloc[0] != "yes"


def test_cases_meet_every_level() -> None:
    assert {level for _, level, _ in CASES.values()} == set(LEVELS)


def test_every_reason_has_its_words_in_both_languages() -> None:
    rows = [row for row, _, _ in CASES.values()] + [{**DRY, "why": why} for why in tracing.WHYS]
    unused = {key for key in catalogue("en") if key.startswith("water.reason.")}
    for language in LANGUAGES:
        reasons = judged(*rows, language=language).table["water_reason"]
        assert (reasons.str.len() > 4).all() and not reasons.str.contains(r"[{}]").any()
        if language == "zh":
            assert not reasons.str.contains(r"[a-z]{3}").any()
    assert {f"water.reason.why_{why}" for why in tracing.WHYS if why} <= unused
    assert {f"water.reason.open_{name}" for name in INPUTS} <= unused
    for level in LEVELS:
        assert f"water.level.{level}" in catalogue("zh")


def test_every_column_has_a_word() -> None:
    for name in judged({}).table.columns:
        assert f"water.column.{name}" in catalogue("en"), name


def test_rewording_changes_words_only() -> None:
    rows = [row for row, _, _ in CASES.values()]
    english, chinese = judged(*rows), judged(*rows, language="zh")
    assert_frame_equal(reworded(english, Texts("zh")).table, chinese.table)
    assert "由 Q1 管道供水" in chinese.table["water_reason"].iloc[0]


def test_sources_heads_litres_and_walks_are_those_of_the_water_in_use() -> None:
    table = judged({}, {**DRY, **TAP}, DRY, {"quality": "unknown"}).table
    assert table["water_source"].tolist() == ["Q1", "G1", "", ""]
    assert table["tap"].tolist() == [-1, 0, -1, -1]
    assert table["head_m"].tolist()[:1] == [14] and table["head_m"].iloc[1:].isna().all()
    assert table["litres_per_person_day"].tolist()[:2] == [35, 40]
    assert table["litres_per_person_day"].iloc[2:].isna().all()
    assert table["walk_min"].iloc[1] == 15 and table["walk_min"].drop(4).isna().all()
    assert table.index.tolist() == [3, 4, 5, 6]


def test_what_each_pack_makes_of_it() -> None:
    rows = [{"people_m3_per_day": 6.0}, {}, {"quality": "unknown"}, {"outage_days": NAN}, {**DRY, **TAP},
            {**DRY, **FAR}, DRY]  # fmt: skip
    table = judged(*rows, queue_min=10.0).table
    ches, older, jmp, sphere = (table[pack_column(load_water_profile(name))].tolist() for name in (
        "cn-t-ches-18-2018", "cn-2004-547", "jmp", "sphere"))  # fmt: skip
    assert ches == ["full", "basic", "unknown", "unknown", "basic", "fail", "fail"]
    # 35 L lie between 20 and 40, the ends of the regions.
    assert older == ["safe", "unknown", "unknown", "unknown", "basic", "unsafe", "unsafe"]
    assert jmp == ["safely_managed", "safely_managed", "unknown", "safely_managed", "basic", "limited", "not_improved"]
    # 600 m are beyond 500 m.
    assert sphere == ["meets", "meets", "unknown", "meets", "fails", "fails", "fails"]
    assert table["water_safe"].tolist() == table["cn_t_ches_18_2018_safe"].tolist()
    assert table["cn_t_ches_18_2018_open"].tolist() == ["", "", "service", "reliability", "", "convenience", "service"]


def test_a_queue_that_is_not_known_can_fail_but_not_pass() -> None:
    tap, far = {**DRY, **TAP}, {**DRY, **FAR}
    assert judged(tap, far).table["jmp"].tolist() == ["unknown", "limited"]
    assert judged(tap, far, queue_min=15.0).table["jmp"].tolist() == ["basic", "limited"]
    assert judged(tap, far, queue_min=15.5).table["jmp"].tolist() == ["limited", "limited"]


def test_each_pack_has_its_own_reach_of_taps() -> None:
    row = {**DRY, **TAP, "round_min": 12.0, "level_m": 700.0, "climb_m": 10.0}
    assert judged(row).table[["water_level", "sphere"]].iloc[0].tolist() == ["tap_in_reach", "fails"]
    by_sphere = judged(row, profile=load_water_profile("sphere")).table.iloc[0]
    assert by_sphere["water_level"] == "tap_too_far" and by_sphere["cn_t_ches_18_2018"] == "basic"
    by_jmp = judged(row, profile=load_water_profile("jmp"), queue_min=0.0).table.iloc[0]
    assert by_jmp["water_level"] == "tap_in_reach" and by_jmp["water_safe"] == "yes"


def test_a_tap_that_is_safe_makes_no_unknown_level_safe() -> None:
    table = judged({**TAP, "verdict": "unknown"}, {**TAP, "verdict": "fail", "delivered_share": 0.1}).table
    assert table["water_level"].tolist() == ["unknown", "piped_deficient"]
    assert table["cn_t_ches_18_2018"].tolist() == ["unknown", "basic"]
    assert table["cn_t_ches_18_2018_open"].tolist() == ["service", ""]


def test_water_for_an_unknown_number_of_people_is_neither_enough_nor_short() -> None:
    table = judged({"people": NAN, "people_m3_per_day": 2.0}, {"people": NAN, "people_m3_per_day": 0.0}).table
    assert table["water_level"].tolist() == ["unknown", "unserved"]
    assert table["water_level_best"].tolist() == ["piped_adequate", "unserved"]


def test_without_a_place_not_even_a_far_tap_is_known() -> None:
    table = judged({**DRY, "by": "no_place", "tap_quality": "yes"}).table
    assert table[["water_level_best", "water_level_worst"]].iloc[0].tolist() == ["tap_in_reach", "unserved"]


def test_quality_beside_the_level_is_still_not_safe() -> None:
    table = judged({"quality": "unknown"}, {"quality": "no"}, {**DRY, **TAP, "tap_quality": "unknown"},
                   quality="beside").table  # fmt: skip
    assert table["water_level"].tolist() == ["piped_adequate", "piped_deficient", "tap_in_reach"]
    assert table["water_safe"].tolist() == ["unknown", "no", "unknown"]
    assert table["cn_t_ches_18_2018_open"].tolist() == ["quality", "quality", "quality"]


def test_head_that_fails_leaves_only_the_litres_it_lets_through() -> None:
    rows = [{"verdict": "fail", "delivered_share": share, "people_m3_per_day": 7.0} for share in (0.25, 0.75, NAN)]
    table = judged(*rows).table
    assert table["litres_per_person_day"].tolist()[:2] == [17.5, 52.5] and table["litres_per_person_day"].isna().iloc[2]
    assert table["cn_t_ches_18_2018"].tolist() == ["fail", "basic", "unknown"]
    # A share that hydraulics itself does not stand for fails nobody.
    doubtful = judged({"verdict": "unknown", "delivered_share": 0.1}).table
    assert doubtful["cn_t_ches_18_2018_safe"].tolist() == ["unknown"]


def test_float_noise_makes_no_water_short() -> None:
    table = judged({"people_m3_per_day": 3.5 - 1e-12}, {"people_m3_per_day": 3.499}, {"people": 0.0,
                   "people_m3_per_day": 0.0}).table  # fmt: skip
    assert table["water_level"].tolist() == ["piped_adequate", "piped_deficient", "piped_adequate"]


def test_float_noise_fails_no_pack() -> None:
    rows = [{"people": float(people), "people_m3_per_day": people * 35.0 / 1000.0} for people in range(1, 200)]
    assert any(row["people_m3_per_day"] * 1000.0 / row["people"] < 35.0 for row in rows)
    assert set(judged(*rows).table["cn_t_ches_18_2018"]) == {"basic"}


def test_less_is_enough_where_water_is_short() -> None:
    villages, evidence = case([{"people_m3_per_day": 2.0}])
    asked = demands(villages, CHES, water_short=True)
    table = service_levels(villages, evidence, asked, CHES, Texts("en"), water_short=True).table
    assert table["water_level"].tolist() == ["piped_adequate"] and table["cn_t_ches_18_2018"].tolist() == ["basic"]


BETTER = {
    "reached": ("no", "yes"), "people_m3_per_day": (0.0, 1.0, 3.0, 3.5, 7.0), "verdict": ("fail", "ok"),
    "quality": ("no", "yes"), "tap_quality": ("no", "yes"), "round_min": (50.0, 19.0, 5.0),
    "connection": ("none", "tap", "house"), "outage_days": (90.0, 30.0, 3.0),
}  # fmt: skip
UNKNOWN = {"reached": "unknown", "people_m3_per_day": NAN, "verdict": "unknown", "quality": "unknown",
           "tap_quality": "unknown", "round_min": NAN, "connection": "", "outage_days": NAN}  # fmt: skip


def test_one_better_input_never_worsens_level_or_pack() -> None:
    rng = np.random.default_rng(7)
    choices = {name: (*values, UNKNOWN[name]) for name, values in BETTER.items()}
    rows, pairs = [], []
    for _ in range(150):
        row = {name: values[rng.integers(len(values))] for name, values in choices.items()}
        for name, values in BETTER.items():
            at = int(rng.integers(len(values) - 1))
            for value in (values[at], values[at + 1], UNKNOWN[name]):
                fresh = {**TAP, "level_m": 5000.0, **row, name: value, "delivered_share": NAN}
                rows.append({**fresh, "least_min": 0.0 if np.isnan(fresh["round_min"]) else fresh["round_min"]})
            pairs.append((len(rows) - 3, len(rows) - 2, len(rows) - 1))
    table = judged(*rows, queue_min=1.0).table
    rank = {level: at for at, level in enumerate(LEVELS)}
    best, worst = (table[f"water_level_{end}"].map(rank).to_numpy() for end in ("best", "worst"))
    worse, better, unknown = np.array(pairs).T
    assert (best[better] <= best[worse]).all() and (worst[better] <= worst[worse]).all()
    assert (best[unknown] <= best[better]).all() and (worst[unknown] >= worst[worse]).all()
    graded = [column for column in table.columns if column.endswith("_safe")]
    assert len(graded) == 5
    for column in graded:
        verdict = table[column].map({"yes": 2, "unknown": 1, "no": 0}).to_numpy()
        known = (best == worst)[better] & (best == worst)[worse]
        assert (verdict[better][known] >= verdict[worse][known]).all(), column
    # Safe though not known, only where it is safe even at the worst.
    safe = table["water_safe"].to_numpy()
    assert (safe[worse][safe[unknown] == "yes"] == "yes").all()
    assert (safe[better][safe[unknown] == "no"] == "no").all()
    assert {"yes", "no", "unknown"} == set(safe)


def test_faults_are_all_told_at_once() -> None:
    villages, evidence = case([{}, {}])
    asked = demands(villages, CHES)
    broken = replace(
        evidence,
        reach=PipeReach(evidence.reach.table.assign(reached=["yes", "maybe"])),
        supply=Supply(evidence.supply.table.drop(columns="people_m3_per_day")),
        pressure=Pressure(evidence.pressure.table.reset_index(drop=True)),
        known=WaterKnown(evidence.known.table.assign(quality="good")),
    )
    with pytest.raises(ValueError) as raised:
        service_levels(villages, broken, asked, CHES, Texts("en"))
    assert str(raised.value).splitlines() == [
        "reach.reached: found maybe; expected one of yes, no, unknown",
        "supply: no column people_m3_per_day",
        "pressure: found another index than that of villages",
        "known.quality: expected one of yes, no, unknown",
    ]
    with pytest.raises(ValueError, match="demands: found another index"):
        service_levels(villages.iloc[::-1], evidence_of(villages.iloc[::-1], evidence), asked, CHES, Texts("en"))


def evidence_of(villages: gpd.GeoDataFrame, evidence: Evidence) -> Evidence:
    return Evidence(**{
        name: replace(part, table=part.table.loc[villages.index])
        for name, part in ((name, getattr(evidence, name)) for name in ("reach", "supply", "pressure", "walks",
                                                                       "known"))
    })  # fmt: skip


def test_what_is_not_told_is_not_known() -> None:
    villages, evidence = case([{}, {**DRY, **TAP}])
    bare = replace(evidence, known=WaterKnown(pd.DataFrame(index=villages.index)))
    table = service_levels(villages, bare, demands(villages, CHES), CHES, Texts("en")).table
    assert table["water_level"].tolist() == ["unknown", "unknown"]
    assert set(table["water_safe"]) == {"unknown"}


def test_inputs_are_not_changed_and_rules_are_listed() -> None:
    villages, evidence = case([{}, DRY])
    before = {name: getattr(evidence, name).table.copy(deep=True) for name in ("reach", "supply", "pressure", "walks",
                                                                              "known")}  # fmt: skip
    asked = demands(villages, CHES)
    result = service_levels(villages, evidence, asked, CHES, Texts("en"), packs=[load_water_profile("jmp"), CHES])
    for name, table in before.items():
        assert_frame_equal(getattr(evidence, name).table, table)
    assert [pack.id for pack in result.packs] == ["cn-t-ches-18-2018", "jmp"]
    rules = set(result.rules["rule"])
    assert {"jmp.convenience.basic", "cn-t-ches-18-2018.service", "sl-310-2004.factors.losses"} <= rules
    assert not any(rule.startswith("sphere") for rule in rules)
    assert (result.rules[["source", "confidence"]] != "").all(axis=None)
    assert "sphere" not in result.table.columns


def test_a_county_without_hamlets() -> None:
    villages, evidence = case([{}])
    nobody = villages.iloc[:0]
    result = service_levels(
        nobody, evidence_of(nobody, evidence), demands(nobody, CHES), CHES, Texts("en")
    )  # fmt: skip
    assert result.table.empty and "jmp_open" in result.table.columns


def test_what_tracing_balance_and_hydraulics_say_is_taken_over() -> None:
    villages, evidence = case([{"people_m3_per_day": 3.5}, {"people_m3_per_day": 2.0}, DRY, {}])
    index, blank = villages.index, pd.DataFrame()
    hamlets = pd.DataFrame(
        {"node": [0, 1, -1, -1], "part": 0, "reached": [True, True, False, False],
         "sources": ["S1;S2", "S2", "", ""], "why": ["", "", "no_pipe", "no_pipe"]}, index=index)  # fmt: skip
    reach = tracing.Reach(blank, blank, hamlets)
    # A day of 1.4 times the average: who gets half of it gets half of an average day.
    balance = Balance(pd.DataFrame({"people_got_m3_per_day": [4.9, 2.45, 0.0, 0.0]}, index=index), blank, {},
                      {"day_factor": 1.4}, blank)  # fmt: skip
    pressure = pd.DataFrame(
        {"verdict": ["ok", "ok", "unknown", "unknown"], "pressure_m": [14.0, 14.0, NAN, NAN],
         "delivered_share": [1.0, 1.0, NAN, NAN]}, index=index)  # fmt: skip
    hydraulics = Hydraulics(blank, blank, pressure, blank, {}, {}, blank)
    nodes = pd.DataFrame({"node": ["J1", "S1", "S2"], "quality": ["unknown", "yes", "no"]})
    quality = piped_quality(WaterNetwork(nodes, blank, blank, blank), reach)
    assert quality.tolist() == ["no", "no", "unknown", "unknown"] and quality.index.equals(index)
    known = WaterKnown(evidence.known.table.assign(quality="yes"))
    found = gathered(reach, balance, hydraulics, evidence.walks, known, placed=np.array([True, True, True, False]))
    table = service_levels(villages, found, demands(villages, CHES), CHES, Texts("en")).table
    assert table["water_level"].tolist() == ["piped_adequate", "piped_deficient", "unserved", "unknown"]
    assert table["litres_per_person_day"].tolist()[:2] == pytest.approx([35, 17.5])
    assert table["water_source"].tolist() == ["S1;S2", "S2", "", ""]
