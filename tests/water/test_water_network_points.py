"""Where sources, tanks, taps, pumps, valves and hamlets stand on the network."""

from __future__ import annotations

import pandas as pd
import pytest
import shapely
from drawn_pipes import between, codes, hamlet, network, pipe, point, spring, table, values

from siteplan.water.network import build_water_network

A = pipe("A", (0, 0), (100, 0))
B = pipe("B", (100, 0), (200, 0))
PUMP = {"pump_head_m": 30.0, "pump_flow_lps": 2.0}


def tank(name: str, x: float, y: float, **more: object) -> dict:
    return {**point(name, "高位水池", x, y), "floor_m": 490.0, "max_level_m": 493.0, "volume_m3": 20.0, **more}


def test_a_point_stands_on_the_nearest_end() -> None:
    found = network([A, B], [spring("S", 1, 3), tank("T", 99, 2)])
    assert between(found) == [("A", "S1", "T1"), ("B", "T1", "J1")]
    assert found.nodes["point_id"].tolist() == ["S", "T", ""]
    assert [shape.coords[0] for shape in found.nodes.geometry] == [(0.0, 0.0), (100.0, 0.0), (200.0, 0.0)]


@pytest.mark.parametrize(("away", "on"), [(0.0, True), (4.9, True), (5.1, False)])
def test_a_point_beside_a_pipe_cuts_it(away: float, on: bool) -> None:
    found = network([A], [tank("T", 40, away)])
    if on:
        assert between(found) == [("A", "J1", "T1"), ("A", "T1", "J2")]
        assert found.links["plan_m"].tolist() == [40.0, 60.0]
    else:
        assert between(found) == [("A", "J1", "J2")]
        assert found.nodes["kind"].tolist() == ["tank", "junction", "junction"]
        assert found.nodes["component"].iloc[0] not in set(found.links["component"])
        assert "water.point_off_network" in codes(found)


def test_points_a_few_metres_apart_on_one_pipe_stay_apart() -> None:
    found = network([A], [point("V", "阀门", 97, 0), tank("T", 100, 0)])
    assert between(found) == [("A", "J1", "J2"), ("A", "J3", "T1"), ("valve", "J2", "J3")]
    assert found.links["plan_m"].tolist() == [97.0, 3.0, 0.0]


def test_of_two_points_on_one_node_the_source_has_it_and_the_other_goes_on_the_pipe_if_it_can() -> None:
    found = network([A], [tank("T", 0.5, 0.5), spring("S", 0, 0)])
    assert between(found) == [("A", "S1", "T1"), ("A", "T1", "J1")]
    # Behind the end of the pipe there is no place for it.
    behind = network([A], [tank("T", -0.5, 0.5), spring("S", 0, 0)])
    assert between(behind) == [("A", "S1", "J1")] and values(behind, "water.node_taken") == [{"other": "S"}]
    assert behind.nodes["component"].tolist()[:2] == [0, 1]


@pytest.mark.parametrize(
    ("kind", "state", "more"), [("阀门", "open", {}), ("闸阀", "closed", {"status": "关闭"}), ("水泵", "open", PUMP)]
)
def test_a_device_parts_the_pipes_where_it_stands(kind: str, state: str, more: dict) -> None:
    for x in (100, 60):
        found = network([A, B], [spring("S", 0, 0), point("V", kind, x, 1, **more)])
        device = found.links.iloc[-1]
        assert (device["kind"], device["state"]) == ("pump" if more == PUMP else "valve", state)
        assert (device["line_id"], device["row"], device["plan_m"], device["length_m"]) == ("", 2, 0.0, 0.0)
        ends = found.nodes.geometry.iloc[[device["start"], device["end"]]]
        assert ends.iloc[0].equals(ends.iloc[1])
        assert found.links["plan_m"].sum() == 200.0
        assert set(found.links["component"]) == {0}


def test_two_devices_on_one_node_stand_one_behind_the_other() -> None:
    found = network([A, B], [spring("S", 0, 0), point("V", "阀门", 100, 0), point("X", "水泵", 100, 0, **PUMP)])
    assert between(found) == [("A", "S1", "J1"), ("B", "J2", "J3"), ("valve", "J1", "J4"), ("pump", "J4", "J2")]


def test_a_pump_at_a_well_stands_between_it_and_its_pipe() -> None:
    found = network([A], [spring("S", 0, 0, kind="水井"), point("X", "水泵", 0, 0, **PUMP)])
    assert between(found) == [("A", "J1", "J2"), ("pump", "S1", "J1")]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("x", [0, 200])
def test_a_pump_draws_from_the_side_of_the_source(reverse: bool, x: float) -> None:
    lines = [{**one, "geometry": shapely.reverse(one["geometry"])} if reverse else one for one in (A, B)]
    found = network(lines, [spring("S", x, 0), point("X", "水泵", 100, 0, **PUMP)])
    pump = found.links.iloc[-1]
    pipe_of = {end: line for line, u, v in between(found) if line in "AB" for end in (u, v)}
    assert pipe_of[found.nodes["node"].iloc[pump["start"]]] == ("A" if x == 0 else "B")
    assert pipe_of[found.nodes["node"].iloc[pump["end"]]] == ("B" if x == 0 else "A")


def test_a_pump_line_that_faces_the_source_is_turned() -> None:
    pump = pipe("P", (110, 0), (100, 0), kind="pump", pump_power_kw=3.0)
    found = network([A, pump, pipe("C", (110, 0), (200, 0))], [spring("S", 0, 0)])
    row = found.links[found.links["kind"] == "pump"].iloc[0]
    assert found.nodes.geometry.iloc[row["start"]].x == 100.0 and row.geometry.coords[0] == (100.0, 0.0)
    assert row["pump_power_kw"] == 3.0 and "water.pump_unknown" not in codes(found)


def test_hourly_flow_of_a_pump_is_litres_a_second() -> None:
    found = network([A, B], [spring("S", 0, 0), point("X", "泵", 100, 0, pump_head_m=40.0, pump_flow_m3_per_h=7.2)])
    assert found.links[["pump_head_m", "pump_flow_lps"]].iloc[-1].tolist() == [40.0, 2.0]


def test_what_points_say_is_with_their_node() -> None:
    tap = point("P", "取水点", 200, 0, flow_l_per_min=8.0, hours=6.0, functional=0.0, name="大寨取水点")
    found = network([A, B], [spring("S", 0, 0), tank("T", 100, 0), tap])
    s, t, p = (found.nodes.iloc[at] for at in range(3))
    assert (s["head_m"], s["yield_m3_per_day"], s["quality"], s["works"]) == (500.0, 20.0, "yes", True)
    assert (t["floor_m"], t["max_level_m"], t["volume_m3"], t["quality"]) == (490.0, 493.0, 20.0, "unknown")
    assert (p["node"], p["flow_l_per_min"], p["hours"], p["works"], p["name"]) == ("P1", 8.0, 6.0, False, "大寨取水点")


@pytest.mark.parametrize(
    ("status", "works"), [("正常", True), ("需维修", True), ("损坏", False), ("停用", False), ("在建", False)]
)
def test_what_is_out_of_use_does_not_work(status: str, works: bool) -> None:
    assert network([A], [spring("S", 0, 0, status=status)]).nodes["works"].iloc[0] == works


@pytest.mark.parametrize(("y", "near"), [(0.0, True), (99.9, True), (100.1, False)])
def test_a_hamlet_draws_from_a_node_beside_it(y: float, near: bool) -> None:
    found = network([A, B], [spring("S", 0, 0)], [hamlet("H", 150, y)])
    row = found.connections.iloc[0]
    assert (row["node"] >= 0) == (row["link"] >= 0) == near
    if near:
        spot = found.nodes.geometry.iloc[int(row["node"])]
        assert (spot.x, spot.y, row["away_m"]) == (150.0, 0.0, y)
        link = found.links.iloc[int(row["link"])]
        assert link["line_id"] == "B" and row["node"] in (link["start"], link["end"])
        assert found.links["plan_m"].tolist() == [100.0, 50.0, 50.0]
    else:
        assert pd.isna(row["away_m"])


def test_a_hamlet_near_an_end_draws_from_it_and_never_from_a_source_or_tank() -> None:
    found = network(
        [A, B], [spring("S", 0, 0), tank("T", 200, 0)], [hamlet("G", 104, 9), hamlet("H", 199, 9), hamlet("I", -3, 0)]
    )
    kinds = found.nodes["kind"].iloc[found.connections["node"]].tolist()
    assert kinds == ["junction"] * 3
    at = found.nodes.geometry.iloc[found.connections["node"]].x.tolist()
    assert at == [100.0, 195.0, 5.0]


def test_a_hamlet_draws_from_the_pipe_that_runs() -> None:
    planned = pipe("P", (0, 20), (200, 20), status="规划")
    found = network([A, B, planned], [spring("S", 0, 0)], [hamlet("H", 150, 18)])
    assert found.links["line_id"].iloc[found.connections["link"].iloc[0]] == "B"
    alone = network([planned], [spring("S", 0, 20)], [hamlet("H", 150, 18)])
    assert alone.links["line_id"].iloc[alone.connections["link"].iloc[0]] == "P"


def test_hamlets_without_a_place_and_the_index_are_kept() -> None:
    villages = table("villages", [hamlet("Z", 150, 9), {**hamlet("Y", 0, 0), "geometry": None}, hamlet("X", 50, 9)])
    villages.index = [30, 10, 20]
    layers = table("water_lines", [A, B]), table("water_points", [spring("S", 0, 0)]), villages
    found = build_water_network(*layers)
    assert found.connections.index.tolist() == [30, 10, 20]
    assert (found.connections["node"] >= 0).tolist() == [True, False, True]
    assert found.links["line_id"].iloc[found.connections["link"].loc[[30, 20]]].tolist() == ["B", "A"]


def test_many_hamlets_may_share_a_node() -> None:
    found = network([A], [spring("S", 0, 0)], [hamlet("G", 60, 9), hamlet("H", 60, -30), hamlet("I", 61, 20)])
    assert found.connections["node"].nunique() == 2 and len(found.links) == 3
