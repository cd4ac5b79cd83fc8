"""Every finding of the water network has a drawn case that raises it, a case beside it that does not, and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import pytest
import shapely
from drawn_pipes import codes, flat, hamlet, network, pipe, point, spring

from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.layers.findings import message_key, with_messages

A = pipe("A", (0, 0), (100, 0))
B = pipe("B", (100, 0), (200, 0))
S = spring("S", 0, 0)
H = hamlet("H", 150, 30)
PUMP = {"pump_head_m": 30.0, "pump_flow_lps": 2.0}
MODULES = ("pipes", "points", "lines", "network", "checks", "elevations", "assembly")


@dataclass(frozen=True)
class Case:
    """A drawn county: the finding's action and feature, and what its English text must say."""

    action: str
    says: str
    id: str = ""
    lines: list[dict] = field(default_factory=lambda: [A, B])
    points: list[dict] = field(default_factory=lambda: [S])
    hamlets: list[dict] = field(default_factory=lambda: [H])
    options: dict = field(default_factory=dict)


def void(xy: np.ndarray) -> np.ndarray:
    """Ground that is known west of x = 150 only."""
    return np.where(xy[:, 0] < 150, 480.0, np.nan)


def turned(line: dict, **more: object) -> dict:
    return {**line, "geometry": shapely.reverse(line["geometry"]), **more}


CASES = {
    "line_without_length": Case("dropped", "without length (0.00 m)", "C", [A, B, pipe("C", (9, 9), (9, 9))]),
    "line_twice": Case("dropped", "same line as A", "C", [A, B, turned(A, id="C")]),
    "lines_on_one_course": Case("noted", "exactly on line A", "C", [A, B, turned(A, id="C", dn_mm=90.0)]),
    "end_carried": Case("repaired", "3.00 m from line", "B", [A, pipe("B", (103, 0), (200, 0))]),
    "near_miss": Case("noted", "free, 12.00 m from line A", "B", [A, pipe("B", (112, 0), (200, 0))]),
    "crossing_apart": Case("noted", "Crosses line C", "A", [A, B, pipe("C", (50, -50), (50, 50))]),
    "alongside": Case("noted", "Runs on line C", "A", [
        pipe("A", (0, 0), (40, 0), (60, 0), (100, 0)), B, pipe("C", (20, -40), (40, 0), (60, 0), (80, -40))]),
    "line_kind_unknown": Case("defaulted", "'涵洞'", "B", [A, {**B, "kind": "涵洞"}]),
    "state_blank": Case("defaulted", "in service", "B", [A, {**B, "status": ""}]),
    "state_unknown": Case("defaulted", "layers.water_lines.values.status", "B", [A, {**B, "status": "待查"}]),
    "needs_repair": Case("noted", "'需维修'", "B", [A, {**B, "status": "需维修"}]),
    "material_unknown": Case("noted", "'竹管'", "B", [A, {**B, "material": "竹管"}]),
    "units": Case("repaired", "0.063: taken as m, that is 63 mm", "B", [A, {**B, "dn_mm": 0.063}]),
    "units_ambiguous": Case("noted", "say 0.9", "B", [A, {**B, "dn_mm": 0.9}]),
    "not_positive": Case("noted", "The value is 0", "B", [A, {**B, "dn_mm": 0.0}]),
    "dn_missing": Case("noted", "without a diameter", "B", [A, {**B, "dn_mm": np.nan, "inner_mm": np.nan}]),
    "dn_nowhere": Case("noted", "(1 lines)", "", [{**A, "dn_mm": np.nan, "inner_mm": np.nan}]),
    "bore_above_dn": Case("noted", "90 mm is larger than the nominal diameter 63", "B", [A, {**B, "inner_mm": 90.0}]),
    "bore_near_dn": Case("defaulted", "1 lines of '镀锌钢管'", "B", [
        A, {**B, "material": "镀锌钢管", "inner_mm": np.nan}]),
    "bore_unknown_wall": Case("defaulted", "1 lines of 'PE'", "B", [A, {**B, "inner_mm": np.nan}]),
    "bore_by_class": Case("defaulted", "to be verified", "B", [
        A, {**B, "inner_mm": np.nan, "material": "PE100", "pn_m": np.nan, "pn_mpa": 1.6}]),
    "roughness_by_material": Case("defaulted", "C = 140", "B", [A, {**B, "roughness_c": np.nan}]),
    "roughness_unknown": Case("noted", "no roughness", "B", [A, {**B, "roughness_c": np.nan, "material": ""}]),
    "length_differs": Case("noted", "surveyed length is 200.0 m", "B", [A, {**B, "length_m": 200.0}]),
    "ends_disagree": Case("noted", "differ by 9.0 m", "A", [{**A, "to_z_m": 470.0}, {**B, "from_z_m": 479.0}]),
    "height_astray": Case("noted", "surveyed elevation is 500.0 m, the elevation model says 480.0", "S"),
    "point_kind_unknown": Case("dropped", "'神木'", "X", points=[S, point("X", "神木", 50, 0)]),
    "point_of_no_use": Case("noted", "'检查井'", "X", points=[S, point("X", "检查井", 50, 0)]),
    "point_without_place": Case("dropped", "usable place", "X", points=[S, {**spring("X", 0, 0), "geometry": None}]),
    "point_off_network": Case("noted", "No pipe within 5 m", "X", points=[S, spring("X", 50, 6)]),
    "device_off_network": Case("dropped", "Pump or valve", "X", points=[S, point("X", "阀门", 50, 6)]),
    "device_at_end": Case("dropped", "nothing behind", "X", points=[S, point("X", "阀门", 200, 0)]),
    "device_at_branch": Case("dropped", "more than two pipes", "X", [A, B, pipe("C", (100, 0), (100, 60))],
                             points=[S, point("X", "阀门", 100, 0)]),
    "node_taken": Case("noted", "node of S", "T",
                       points=[S, point("T", "tank", 0, 0.4, floor_m=490.0, max_level_m=493.0)]),
    "yield_missing": Case("noted", "without a known yield", "S", points=[{**S, "yield_m3_per_day": np.nan}]),
    "head_missing": Case("noted", "water level", "S", points=[{**S, "kind": "水井", "head_m": np.nan}]),
    "head_from_ground": Case("defaulted", "480.0 m", "S", points=[{**S, "head_m": np.nan}]),
    "level_below_floor": Case("noted", "(3 m) is not above its floor (490 m)", "T",
                              points=[S, point("T", "tank", 100, 0, floor_m=490.0, max_level_m=3.0)]),
    "tank_by_head": Case("noted", "1 tanks", "T", points=[S, point("T", "tank", 100, 0, head_m=490.0)]),
    "tank_levels_missing": Case("noted", "head is not known", "T",
                                points=[S, point("T", "tank", 100, 0, floor_m=490.0)]),
    "pump_unknown": Case("noted", "what it lifts", "X", points=[S, point("X", "泵", 100, 0)]),
    "pump_turned": Case("repaired", "turned round", "B", [A, pipe("C", (110, 0), (200, 0)),
                        pipe("B", (110, 0), (100, 0), kind="pump", **PUMP)]),
    "pump_direction": Case("defaulted", "not told which side", "X", points=[point("X", "泵", 100, 0, **PUMP)]),
    "no_source": Case("noted", "No water source", points=[]),
    "part_without_source": Case("noted", "1 lines, 60 m", "C", [A, B, pipe("C", (0, 500), (0, 560))]),
    "no_hamlet_near": Case("noted", "supplies nobody", hamlets=[hamlet("H", 150, 101)]),
    "heights_missing": Case("noted", "1 of 4 nodes", options={"heights": void}, hamlets=[hamlet("H", 120, 9)]),
    "no_heights": Case("noted", "No elevation model", options={"heights": None}),
}  # fmt: skip


def everything_known() -> Case:
    level = {**S, "head_m": 482.0, "elevation_m": 481.0}
    return Case("", "", points=[level])


def found_codes(case: Case) -> list[str]:
    return codes(network(case.lines, case.points, case.hamlets, **case.options))


def test_a_county_of_which_all_is_known_has_no_findings() -> None:
    assert found_codes(everything_known()) == []


@pytest.mark.parametrize("name", list(CASES))
def test_each_finding_comes_up_with_its_feature_and_its_words(name: str) -> None:
    case = CASES[name]
    found = network(case.lines, case.points, case.hamlets, **case.options).findings
    rows = found[(found["code"] == f"water.{name}") & (found["id"] == case.id)]
    assert len(rows) == 1, found[["code", "id"]]
    assert rows["action"].iloc[0] == case.action
    if case.id:
        layer = rows["layer"].iloc[0]
        table = case.lines if layer == "water_lines" else case.points
        assert [one["id"] for one in table][rows["row"].iloc[0] - 1] == case.id
    for language in LANGUAGES:
        text = with_messages(rows, Texts(language))["message"].iloc[0]
        assert not re.search(r"[{}]|nan|None", text), text
        if language == "en":
            assert case.says in text
        else:
            assert re.search(r"[\u4e00-\u9fff]", text)


def _codes_of_the_source() -> set[str]:
    folder = resources.files("siteplan.water")
    return {
        code
        for module in MODULES
        for code in re.findall(r'"(water\.[a-z_]+)"', folder.joinpath(f"{module}.py").read_text("utf-8"))
    }


def test_no_finding_is_without_a_case_and_no_text_without_a_finding() -> None:
    assert _codes_of_the_source() == {f"water.{name}" for name in CASES}
    for language in LANGUAGES:
        texts = {key for key in catalogue(language) if re.fullmatch(r"water\.finding\.[a-z_]+", key)}
        assert {message_key(f"water.{name}") for name in CASES} <= texts
        assert texts <= {message_key(f"water.{name}") for name in CASES}


def test_every_kind_and_state_has_a_word_in_both_languages() -> None:
    names = {"junction", "source", "tank", "tap", "pipe", "pump", "valve", "open", "closed", "planned", "broken",
             "spring", "stream", "well", "reservoir", "town_main", "surveyed", "dem", "yes", "no",
             "unknown"}  # fmt: skip
    for language in LANGUAGES:
        assert names == {key.rsplit(".", 1)[1] for key in catalogue(language) if key.startswith("water.network.")}


def test_findings_say_where_they_are() -> None:
    found = network([A, pipe("B", (103, 0), (200, 0))], [S], [H], heights=flat).findings
    placed = found[found["layer"].isin(["water_lines", "water_points"]) & (found["id"] != "")]
    assert placed[["x", "y"]].notna().all().all()
