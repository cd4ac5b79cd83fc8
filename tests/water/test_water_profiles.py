"""Which lines are drawn, and that their profiles say what network and hydraulics say."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from drawn_pipes import hamlet, network, pipe, point, spring, table

from siteplan.language import Texts
from siteplan.layers.reading import read_layers
from siteplan.pictures.headprofile import HeadProfile, draw_head_profiles
from siteplan.plan import load_plan
from siteplan.roads.judgement import judge_hamlets
from siteplan.standards import load_water_profile
from siteplan.water.demand import demands
from siteplan.water.hydraulics import Limits, run_hydraulics
from siteplan.water.tracing import trace
from siteplan.workflow.judging import decisions_of, road_question
from siteplan.workflow.watering import WaterAnswer, water_answer
from siteplan.workflow.waterprofiles import water_profiles

ZH, EN = Texts("zh"), Texts("en")
NAN = float("nan")


@dataclass(frozen=True)
class County:
    water: WaterAnswer
    villages: gpd.GeoDataFrame
    ground: pd.DataFrame
    profiles: list[HeadProfile]


@pytest.fixture(scope="module")
def county(repository: Path) -> County:
    plan = load_plan(repository / "data" / "plan.toml")
    layers = read_layers(plan, decisions_of(plan))
    question = road_question(plan, layers, decisions_of(plan))
    roads = judge_hamlets(question.layers, question.profile, question.choices, ZH).access.network
    water = water_answer(plan, layers, roads, ZH)
    assert water is not None and water.ground is not None
    villages = layers.table("villages")
    return County(water, villages, water.ground, water_profiles(water, villages, water.ground, ZH))


def rows_of(county: County) -> list[int]:
    """The hamlet of each profile, by the id in its title."""
    at = {name: row for row, name in enumerate(county.villages["id"])}
    return [at[re.findall(r"（(\w+)）$", one.title)[0]] for one in county.profiles]


def test_every_deficient_hamlet_and_the_worst_of_every_source_is_drawn(county: County) -> None:
    rows = rows_of(county)
    assert len(set(rows)) == len(rows)
    level = county.water.service.table["water_level"].to_numpy()
    deficient = set(np.flatnonzero(level == "piped_deficient").tolist())
    assert deficient and set(rows[: len(deficient)]) == deficient
    # independent: the hamlets the pipes reach, by the source that the trace names, the least pressure of each
    reach, heads = county.water.reach.hamlets, county.water.hydraulics.hamlets
    spare = (heads["pressure_m"] - county.water.demands.table["service_head_m"])[reach["reached"].to_numpy()]
    worst = set(spare.groupby(reach["sources"]).idxmin())
    assert set(rows) == deficient | worst
    after = [float(spare.loc[row]) for row in rows[len(deficient) :]]
    assert after == sorted(after)


def test_profiles_say_what_the_hydraulics_say(county: County) -> None:
    heads, nodes = county.water.hydraulics.hamlets, county.water.network.nodes
    for row, one in zip(rows_of(county), county.profiles, strict=True):
        assert one.head_m == pytest.approx(heads["pressure_m"].iloc[row])
        assert one.needed_m == county.water.demands.table["service_head_m"].iloc[row]
        source = nodes[nodes["node"] == county.water.reach.hamlets["sources"].iloc[row]].iloc[0]
        assert one.table["grade_m"].iloc[0] == source["head_m"]
        assert one.table["station_m"].iloc[0] == 0 and one.table["station_m"].is_monotonic_increasing
        assert [kind for _, _, kind in one.marks][:1] == ["source"]
        assert one.marks[0][1] == source["name"] and one.title.startswith(f"{source['name']} → ")
        assert one.marks[-1] == (one.length_m, county.villages["name"].iloc[row], "hamlet")
        assert one.verdict


def test_at_rest_the_head_falls_at_the_tank_in_one_step(county: County) -> None:
    stepped = 0
    for one in county.profiles:
        static = one.table["static_m"].to_numpy()
        falls = np.flatnonzero(np.diff(static) != 0)
        station = one.table["station_m"].to_numpy()
        tanks = [at for at, _, kind in one.marks if kind == "tank"]
        assert (station[falls] == station[falls + 1]).all()
        assert set(station[falls].tolist()) <= set(tanks)
        stepped += len(falls)
    assert stepped > 30


def test_a_verdict_names_what_fails(county: County) -> None:
    told = {row: one.verdict for row, one in zip(rows_of(county), county.profiles, strict=True)}
    for row, verdict in told.items():
        level = county.water.service.table["water_level"].iloc[row]
        if level == "piped_deficient":
            assert county.water.service.table["water_reason"].iloc[row] in verdict
        else:
            assert f"供水服务：{ZH(f'water.level.{level}')}" in verdict
    assert any("途中有负压" in verdict for verdict in told.values())


def test_english_profiles_speak_english(county: County) -> None:
    found = water_profiles(county.water, county.villages, county.ground, EN)
    assert len(found) == len(county.profiles)
    for row, one in zip(rows_of(county), found, strict=True):
        assert one.title.endswith(f"{county.villages['name_en'].iloc[row]} ({county.villages['id'].iloc[row]})")
        assert not re.search(r"[\u4e00-\u9fff]", one.verdict)


def test_the_same_answer_gives_the_same_profiles_and_stays_as_it_was(county: County) -> None:
    before = county.ground.copy(deep=True)
    again = water_profiles(county.water, county.villages, county.ground, ZH)
    pd.testing.assert_frame_equal(county.ground, before)
    for one, other in zip(county.profiles, again, strict=True):
        assert (one.title, one.marks, one.verdict) == (other.title, other.marks, other.verdict)
        pd.testing.assert_frame_equal(one.table, other.table)


def test_no_more_than_the_most_and_the_deficient_first(county: County) -> None:
    few = water_profiles(county.water, county.villages, county.ground, ZH, most=5)
    assert [one.title for one in few] == [one.title for one in county.profiles[:5]]


def test_without_heights_along_pipes_the_nodes_alone_are_drawn(county: County) -> None:
    bare = water_profiles(county.water, county.villages, None, ZH)
    assert [one.title for one in bare] == [one.title for one in county.profiles]
    assert sum(len(one.table) for one in bare) < sum(len(one.table) for one in county.profiles) / 2
    for thin, full in zip(bare, county.profiles, strict=True):
        assert thin.length_m == full.length_m
        assert set(thin.table["ground_m"]) <= set(full.table["ground_m"])


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not here")
def test_the_document_names_every_line(county: County, tmp_path: Path) -> None:
    draw_head_profiles(tmp_path / "heads.pdf", county.profiles, ZH, title="青岚县")
    told = subprocess.run(["pdftotext", "-layout", str(tmp_path / "heads.pdf"), "-"], capture_output=True, check=True)
    text = told.stdout.decode("utf-8")
    assert text.count("\f") == -(-len(county.profiles) // 3)
    assert all(one.title in text for one in county.profiles)
    assert text.count("需要 10 m / 有") == len(county.profiles)


# Drawn by hand: what the sample county has not.


def drawn(
    lines: list[dict], points: list[dict], hamlets: list[dict], heights: Callable[[np.ndarray], np.ndarray], level: str
) -> tuple[WaterAnswer, gpd.GeoDataFrame]:
    """As much of an answer as the profiles ask for."""
    net, villages = network(lines, points, hamlets, heights=heights), table("villages", hamlets)
    need = demands(villages, load_water_profile("cn-t-ches-18-2018"), livestock="where_known", assume_connection="yard")
    reach = trace(net)
    limits = Limits(static_tap_m=40.0, velocity_low_mps=0.3, velocity_high_mps=1.2)
    service = pd.DataFrame({"water_level": level, "water_reason": "so it is."}, index=villages.index)
    answer = SimpleNamespace(
        network=net, demands=need, reach=reach, hydraulics=run_hydraulics(net, need, reach, limits=limits),
        service=SimpleNamespace(table=service),
    )  # fmt: skip
    answer.worded = lambda texts: answer
    return cast(WaterAnswer, answer), villages


def rising(xy: np.ndarray) -> np.ndarray:
    """Ground at 480 m, a step of 30 m up beyond x = 150."""
    return np.where(xy[:, 0] < 150, 480.0, 510.0)


PUMPED = (
    [pipe("A", (0, 0), (100, 0)), pipe("B", (100, 0), (200, 0)), pipe("C", (200, 0), (300, 0))],
    [
        spring("S", 0, 0, name="龙潭"),
        point("P", "pump", 100, 0, pump_head_m=60.0, pump_flow_lps=2.0),
    ],
    [hamlet("上寨", 300, 20), hamlet("半坡", 200, 20)],
)


def test_pumps_and_hamlets_on_the_way_are_marked() -> None:
    water, villages = drawn(*PUMPED, rising, "piped_adequate")
    (one,) = [found for found in water_profiles(water, villages, None, EN) if "上寨" in found.title]
    assert [mark[1:] for mark in one.marks] == [
        ("龙潭", "source"),
        ("pump L4", "pump"),
        ("半坡", "hamlet"),
        ("上寨", "hamlet"),
    ]
    # up a slope the pipe is longer than on the plane
    lengths = water.network.links.set_index("line_id")["length_m"]
    along = [0.0, lengths["A"], lengths["A"] + lengths["B"], one.length_m]
    assert [mark[0] for mark in one.marks] == pytest.approx(along)
    at_pump = one.table[one.table["station_m"] == 100.0]
    assert at_pump["grade_m"].is_monotonic_increasing and np.ptp(at_pump["grade_m"]) > 30
    assert "Service: piped, adequate." in one.verdict


def test_sources_without_a_name_go_by_kind_and_id() -> None:
    lines, points, hamlets = PUMPED
    water, villages = drawn(lines, [{**points[0], "name": ""}, points[1]], hamlets, rising, "unserved")
    assert all(one.title.startswith("水源 S → ") for one in water_profiles(water, villages, None, ZH))


def test_unknown_heads_stay_unknown() -> None:
    lines, points, hamlets = PUMPED
    unknown = [{**lines[0], "dn_mm": NAN, "inner_mm": NAN}, *lines[1:]]
    water, villages = drawn(unknown, points, hamlets, rising, "unknown")
    found = water_profiles(water, villages, None, ZH)
    assert len(found) == 1
    assert np.isnan(found[0].head_m) and found[0].table["grade_m"].iloc[1:].isna().all()
    assert "水压不明" in found[0].verdict


def test_no_line_is_drawn_to_who_has_none() -> None:
    lines, points, hamlets = PUMPED
    closed = [{**lines[0], "status": "关闭"}, *lines[1:]]
    water, villages = drawn(closed, points, hamlets, rising, "unserved")
    assert water_profiles(water, villages, None, ZH) == []
    alone = [{**one, "connection": "none"} for one in hamlets]
    water, villages = drawn(lines, points, alone, rising, "unserved")
    assert water_profiles(water, villages, None, ZH) == []
