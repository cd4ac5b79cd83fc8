"""How lines become one network: every kind of joint, drawn; and what is never joined."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_pipes import CRS, between, codes, flat, network, parts, pipe, spring, table, values

from siteplan.errors import LayerError
from siteplan.network.conduits import join_conduits
from siteplan.network.lines import LineArrays
from siteplan.water.network import build_water_network

MAIN = pipe("A", (0, 0), (100, 0))


def test_shared_ends_are_one_node() -> None:
    found = network([MAIN, pipe("B", (100, 0), (200, 0))])
    assert between(found) == [("A", "J1", "J2"), ("B", "J2", "J3")]
    assert found.links["plan_m"].tolist() == [100.0, 100.0]


@pytest.mark.parametrize(("gap", "joined"), [(0.5, True), (4.9, True), (5.0, True), (5.1, False)])
def test_ends_within_the_tolerance_are_one_node(gap: float, joined: bool) -> None:
    found = network([MAIN, pipe("B", (100 + gap, 0), (200, 0))])
    assert parts(found) == (1 if joined else 2)
    assert ("water.end_carried" in codes(found)) == joined
    # No piece fills the gap, and none is stretched over it.
    assert found.links["plan_m"].tolist() == [100.0, pytest.approx(100 - gap)]
    if joined:
        assert float(values(found, "water.end_carried")[0]["gap"]) == gap
        assert len(found.nodes) == 3
        # Drawn from node to node.
        middle = found.nodes.geometry.iloc[1]
        assert found.links.geometry.iloc[0].coords[-1] == middle.coords[0] == found.links.geometry.iloc[1].coords[0]


def test_three_loose_ends_meet_in_their_middle() -> None:
    found = network([MAIN, pipe("B", (103, 0), (200, 0)), pipe("C", (101.5, 3), (101.5, 100))], snap_m=5.0)
    assert parts(found) == 1 and len(found.nodes) == 4
    joint = found.nodes.iloc[found.links["end"].iloc[0]].geometry
    assert (joint.x, joint.y) == pytest.approx((101.5, 1.0))


def test_a_loose_end_comes_to_the_joint_that_was_drawn() -> None:
    found = network([MAIN, pipe("B", (100, 0), (200, 0)), pipe("C", (100, 4), (100, 100))])
    joint = found.nodes.iloc[found.links["end"].iloc[0]].geometry
    assert (joint.x, joint.y) == (100.0, 0.0)
    assert parts(found) == 1


@pytest.mark.parametrize("gap", [0.0, 3.0])
def test_an_end_on_a_pipe_is_a_branch_of_it(gap: float) -> None:
    found = network([MAIN, pipe("B", (40, gap), (40, 80))])
    assert parts(found) == 1
    assert found.links["plan_m"].tolist() == [40.0, 60.0, 80.0 - gap]
    assert codes(found).count("water.end_carried") == (1 if gap else 0)
    assert found.nodes.geometry.iloc[found.links["start"].iloc[2]].coords[0] == (40.0, 0.0)


def test_an_end_that_runs_a_little_over_is_a_branch_too() -> None:
    found = network([MAIN, pipe("B", (40, -2), (40, 80))])
    assert parts(found) == 1
    assert "water.end_carried" in codes(found) and "water.crossing_apart" not in codes(found)
    assert found.links["plan_m"].tolist() == [40.0, 60.0, 82.0]


def test_pipes_that_cross_without_a_node_are_not_joined() -> None:
    found = network([MAIN, pipe("B", (50, -50), (50, 50))])
    assert parts(found) == 2 and len(found.links) == 2
    assert values(found, "water.crossing_apart") == [{"n": 1, "other": "B"}]
    row = found.findings[found.findings["code"] == "water.crossing_apart"].iloc[0]
    assert (row["id"], row["x"], row["y"], row["action"]) == ("A", 50.0, 0.0, "noted")


def test_a_vertex_of_one_line_only_is_no_common_node() -> None:
    found = network([pipe("A", (0, 0), (50, 0), (100, 0)), pipe("B", (50, -50), (50, 50))])
    assert parts(found) == 2 and "water.crossing_apart" in codes(found)


def test_pipes_that_cross_in_a_common_vertex_are_joined() -> None:
    found = network([pipe("A", (0, 0), (50, 0), (100, 0)), pipe("B", (50, -50), (50, 0), (50, 50))])
    assert parts(found) == 1 and len(found.links) == 4
    assert "water.crossing_apart" not in codes(found)


def test_pipes_in_one_trench_are_not_joined_along_the_way() -> None:
    trench = ((0.0, 0.0), (30.0, 0.0), (60.0, 0.0))
    found = network([pipe("A", (-50, 9), *trench, (90, 40)), pipe("B", (-50, -9), *trench, (90, -40))])
    assert parts(found) == 2 and len(found.links) == 2
    assert values(found, "water.alongside") == [{"n": 3, "other": "B"}]


@pytest.mark.parametrize(("gap", "listed"), [(6.0, True), (29.0, True), (31.0, False)])
def test_near_misses_are_listed_and_left_open(gap: float, listed: bool) -> None:
    found = network([MAIN, pipe("B", (100 + gap, 0), (200, 0))])
    assert parts(found) == 2
    # Both ends are free.
    assert codes(found).count("water.near_miss") == (2 if listed else 0)
    assert all(float(one["gap"]) == gap for one in values(found, "water.near_miss"))


def test_a_dead_end_beside_its_own_network_is_no_near_miss() -> None:
    found = network([MAIN, pipe("B", (100, 0), (100, 20), (50, 20))])
    assert "water.near_miss" not in codes(found)


def test_a_short_spur_is_not_folded_back() -> None:
    found = network([MAIN, pipe("B", (50, 0), (50, 4))])
    assert between(found) == [("A", "J1", "J2"), ("A", "J2", "J3"), ("B", "J2", "J4")]


def test_a_branch_beside_its_main_is_not_put_back_on_it() -> None:
    found = network([MAIN, pipe("B", (20, 0), (20, 4), (80, 4))])
    assert len(found.links) == 3 and len(found.nodes) == 4
    assert [one["other"] for one in values(found, "water.near_miss")] == ["A"]


def test_short_pipes_between_joints_stay() -> None:
    # A valve chamber: joints two metres apart, drawn so.
    lines = [MAIN, pipe("B", (100, 0), (102, 0)), pipe("C", (102, 0), (104, 0)), pipe("D", (104, 0), (200, 0))]
    found = network([*lines, pipe("E", (102, 0), (102, 50))])
    assert sorted(found.links["plan_m"]) == [2.0, 2.0, 50.0, 96.0, 100.0]
    assert "water.end_carried" not in codes(found)


def test_ends_in_a_row_are_not_one_chain() -> None:
    # House connections four metres apart from ten metres of street: no end may drag the next one along.
    lines = [pipe(f"H{i}", (4.0 * i, 3), (4.0 * i, 60)) for i in range(10)]
    found = network(lines)
    widest = found.nodes.geometry.iloc[found.links["start"]].x.to_numpy() - 4.0 * np.arange(10)
    assert np.abs(widest).max() <= 5.0
    assert parts(found) > 3


def test_a_ring_has_no_link_from_a_node_to_itself() -> None:
    ring = pipe("R", (0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    found = network([ring])
    assert (found.links["start"] != found.links["end"]).all()
    assert found.links["plan_m"].tolist() == [200.0, 200.0]
    almost = network([pipe("R", (0, 0), (100, 0), (100, 100), (0, 100), (0, 3))])
    assert parts(almost) == 1 and almost.links["plan_m"].sum() == 397.0


def test_parts_of_one_multiline_are_pipes_of_their_own() -> None:
    two = {
        **MAIN,
        "geometry": shapely.MultiLineString([[(0, 0), (100, 0)], [(100, 0), (100, 50)], [(500, 0), (600, 0)]]),
    }
    found = network([two])
    assert found.links["line_id"].tolist() == ["A"] * 3
    assert found.links["plan_m"].tolist() == [100.0, 50.0, 100.0]
    assert parts(found) == 2


def test_heights_in_lines_are_ignored_in_plan() -> None:
    deep = {**MAIN, "geometry": shapely.LineString([(0, 0, 900), (100, 0, 100)])}
    assert network([deep]).links["plan_m"].tolist() == [100.0]


def test_lines_without_length_are_left_out_and_told() -> None:
    dot = pipe("D", (7, 7), (7, 7))
    found = network([MAIN, dot, {**MAIN, "id": "E", "geometry": None}])
    assert found.links["line_id"].tolist() == ["A"]
    told = found.findings[found.findings["code"] == "water.line_without_length"]
    assert told["id"].tolist() == ["D", "E"] and (told["action"] == "dropped").all()


def test_a_line_twice_counts_once_and_a_second_pipe_stays() -> None:
    turned = {**MAIN, "id": "B", "geometry": shapely.LineString([(100, 0), (0, 0)])}
    found = network([MAIN, turned])
    assert found.links["line_id"].tolist() == ["A"]
    assert values(found, "water.line_twice") == [{"m": "100.00", "other": "A"}]
    wider = network([MAIN, {**turned, "dn_mm": 90.0, "inner_mm": 79.0}])
    assert wider.links["line_id"].tolist() == ["A", "B"] and "water.lines_on_one_course" in codes(wider)


def test_a_pump_drawn_as_a_line_joins_at_its_ends_only() -> None:
    pump = pipe("P", (100, 0), (110, 0), kind="泵", pump_head_m=30.0, pump_flow_lps=2.0)
    over = pipe("X", (105, -40), (105, 0), (105, 40))
    found = network([MAIN, pump, pipe("B", (110, 0), (200, 0)), over], [spring("S", 0, 0)])
    assert found.links["kind"].tolist() == ["pipe", "pipe", "pump", "pipe"]
    assert parts(found) == 2


def test_empty_layers_give_an_empty_network() -> None:
    found = network([])
    assert len(found.nodes) == len(found.links) == len(found.connections) == 0
    assert "link" in found.links.columns and "node" in found.nodes.columns
    lone = network([], [spring("S", 0, 0)])
    assert lone.nodes["kind"].tolist() == ["source"] and "water.point_off_network" in codes(lone)


def test_inputs_are_not_changed() -> None:
    layers = table("water_lines", [MAIN]), table("water_points", [spring("S", 0, 2)]), table("villages", [])
    before = [layer.copy(deep=True) for layer in layers]
    build_water_network(*layers, heights=flat)
    assert all(one.equals(other) for one, other in zip(layers, before, strict=True))


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857", "EPSG:3547", "EPSG:4546"])
def test_layers_that_are_not_in_one_metric_crs_are_refused(crs: str | None) -> None:
    lines, points, villages = table("water_lines", [MAIN]), table("water_points", []), table("villages", [])
    points = points.set_crs(None, allow_override=True) if crs is None else points.set_crs(crs, allow_override=True)
    with pytest.raises(LayerError, match="water_points"):
        build_water_network(lines, points, villages)


@pytest.mark.parametrize("options", [{"snap_m": 0.0}, {"snap_m": 40.0}, {"snap_m": float("nan")}, {"near_m": -1.0}])
def test_tolerances_that_make_no_sense_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        network([MAIN], **options)


def test_lines_of_any_kind_can_be_joined_so() -> None:
    # The same steps for cables: no water in them.
    shapes = np.array([shapely.LineString([(0, 0), (50, 0)]), shapely.LineString([(52, 0), (90, 0)])], dtype=object)
    joined = join_conduits(LineArrays.from_geometry(shapes), snap_m=5.0, suspect_m=30.0, crs=CRS)
    assert joined.network.node_component.max() == 0
    assert joined.network.ledger.balance_m == pytest.approx(0.0, abs=1e-9) and joined.network.ledger.legs_m == 0.0
