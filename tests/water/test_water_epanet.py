"""Published networks through our own tables and back, and every silent trap of WNTR and EPANET."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from wntr_layers import NAN, AtStart, at_start, drawn, library

from siteplan.errors import LayerError, PlanError
from siteplan.water import epanet
from siteplan.water.epanet import Solved, solve
from siteplan.water.inpfile import ascii_name, write_inp
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import trace

HANOI_PIPES = (
    (1, 2, 100), (2, 3, 1350), (3, 4, 900), (4, 5, 1150), (5, 6, 1450), (6, 7, 450), (7, 8, 850), (8, 9, 850),
    (9, 10, 800), (10, 11, 950), (11, 12, 1200), (12, 13, 3500), (10, 14, 800), (14, 15, 500), (15, 16, 550),
    (17, 16, 2730), (17, 18, 1750), (18, 19, 800), (19, 3, 400), (3, 20, 2200), (20, 21, 1500), (21, 22, 500),
    (20, 23, 2650), (23, 24, 1230), (24, 25, 1300), (26, 25, 850), (27, 26, 300), (16, 27, 750), (23, 28, 1500),
    (28, 29, 2000), (29, 30, 1600), (30, 31, 150), (32, 31, 860), (25, 32, 950),
)  # fmt: skip
HANOI_M3_PER_HOUR = (
    890, 850, 130, 725, 1005, 1350, 550, 525, 525, 500, 560, 940, 615, 280, 310, 865, 1345, 60, 1275, 930, 485, 1045,
    820, 170, 900, 370, 290, 360, 360, 105, 805,
)  # fmt: skip
"""Of nodes 2 to 32 (Fujiwara and Khang 1990)."""
HANOI_INCHES = (
    *[40] * 9, 30, 24, 24, 20, 16, 12, 12, 16, 24, 20, 40, 20, 12, 40, 30, 30, 20, 12, 12, 16, 12, 12, 16, 16, 24,
)  # fmt: skip


def solved(start: AtStart, required_m: float = 1.0) -> Solved:
    return solve(
        start.network,
        trace(start.network),
        start.node_lps,
        required_m=required_m,
        tank_levels_m=start.tank_levels_m,
        pump_curves=start.pump_curves,
    )


def run(network: WaterNetwork, node_lps: list[float], required_m: float = 10.0) -> Solved:
    return solve(network, trace(network), np.array(node_lps), required_m=required_m)


@pytest.mark.parametrize(
    ("file", "pressures"),
    [
        ("Net1.inp", {"10": 89.717, "11": 83.890, "32": 77.934}),
        ("Net3.inp", {"15": 28.594, "101": 31.554}),
    ],
)
def test_epanets_own_examples(file: str, pressures: dict[str, float]) -> None:
    start = at_start(library(file))
    found = solved(start)
    assert found.failed == {}
    told = {name: found.nodes["pressure_m"].iloc[start.node[name]] for name in pressures}
    assert told == pytest.approx(pressures, abs=0.01)


def test_two_loops_at_least_cost() -> None:
    """Alperovits and Shamir's network with the diameters of 419,000: lowest pressure 30.44 m, at node 6."""
    start = at_start(library("Todini_Fig2_optCost_CMH.inp"))
    pressure = solved(start).nodes["pressure_m"][(start.network.nodes["kind"] == "junction").to_numpy()]
    assert pressure.min() == pytest.approx(30.44, abs=0.01)
    assert start.network.nodes["name"].iloc[pressure.idxmin()] == "6"


def test_hanoi() -> None:
    lengths = [(f"J{a}" if a > 1 else "S1", f"J{b}", metres) for a, b, metres in HANOI_PIPES]
    network = drawn(
        {"S1": {"head_m": 100.0, "z_m": 0.0}, **{f"J{number}": {"z_m": 0.0} for number in range(2, 33)}},
        [
            (a, b, {"length_m": metres, "inner_mm": 25.4 * inches, "roughness_c": 130.0})
            for (a, b, metres), inches in zip(lengths, HANOI_INCHES, strict=True)
        ],
    )
    found = run(network, [0, *(m3 / 3.6 for m3 in HANOI_M3_PER_HOUR)], required_m=20.0)
    pressure = found.nodes.set_axis(network.nodes["node"])["pressure_m"].drop("S1")
    assert pressure.idxmin() == "J13"
    assert pressure.min() == pytest.approx(30.008, abs=0.01)


def test_kentucky_against_epanet_itself(shared_data: Path, tmp_path: Path) -> None:
    import wntr

    file = shared_data / "kentucky_water" / "ky4.inp"
    if not file.exists():
        pytest.skip("ky4.inp is not here")
    start = at_start(file)
    found = solved(start)
    model = wntr.network.WaterNetworkModel(str(file))
    model.options.time.duration = 0
    theirs = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "ky4"))
    pressure = theirs.node["pressure"].iloc[0].reindex(start.network.nodes["name"]).to_numpy()
    junction = (start.network.nodes["kind"] == "junction").to_numpy()
    assert junction.sum() == 959
    np.testing.assert_allclose(found.nodes["pressure_m"][junction], pressure[junction], atol=0.02)
    flow = theirs.link["flowrate"].iloc[0].reindex(start.network.links["name"]).to_numpy() * 1000
    given = found.parts.given
    # A pump that is shut at the start is not given to EPANET.
    assert start.network.links["state"][~given].tolist() == ["closed"] * (~given).sum()
    np.testing.assert_allclose(found.links["flow_lps"][given], flow[given], atol=0.02)
    np.testing.assert_allclose(flow[~given], 0, atol=1e-3)


def test_one_pipe_by_hand() -> None:
    """Hazen-Williams: 10.667 * 140**-1.852 * 0.0536**-4.871 * 500 * 0.001**1.852 = 2.50 m."""
    network = drawn({"S1": {"head_m": 130.0}, "J1": {"z_m": 100.0}}, [("S1", "J1", {"length_m": 500.0})])
    found = run(network, [0.0, 1.0])
    loss = 10.667 * 140**-1.852 * 0.0536**-4.871 * 500 * 0.001**1.852
    assert found.nodes["head_m"].iloc[1] == pytest.approx(130 - loss, abs=0.01)
    assert found.nodes["pressure_m"].iloc[1] == pytest.approx(30 - loss, abs=0.01)
    assert found.links["flow_lps"].iloc[0] == pytest.approx(1.0, abs=1e-4)
    assert found.links["velocity_mps"].iloc[0] == pytest.approx(0.001 / (np.pi / 4 * 0.0536**2), rel=1e-4)
    # Drawn the other way round the flow has the other sign.
    back = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("J1", "S1", {"length_m": 500.0})])
    assert run(back, [0.0, 1.0]).links["flow_lps"].iloc[0] == pytest.approx(-1.0, abs=1e-4)


def test_demand_falls_with_pressure_and_never_comes_at_negative_heads() -> None:
    """Demand-driven EPANET "delivers" 5 L/s through 2 km of 63 mm pipe at -198 m; here what the head can drive."""
    network = drawn({"S1": {"head_m": 120.0}, "J1": {"z_m": 100.0}}, [("S1", "J1", {"length_m": 2000.0})])
    found = run(network, [0.0, 5.0])
    pressure, supplied = found.nodes["pressure_m"].iloc[1], found.nodes["supplied_lps"].iloc[1]
    assert 0 < pressure < 10
    assert supplied == pytest.approx(5.0 * np.sqrt(pressure / 10), rel=1e-3)
    loss = 10.667 * 140**-1.852 * 0.0536**-4.871 * 2000 * (supplied / 1000) ** 1.852
    assert pressure == pytest.approx(20 - loss, abs=0.02)


def test_epanet_does_not_stop_at_full_demand_after_its_first_trial() -> None:
    """On one pipe flows start at full demand and do not change in the next trial: EPANET's accuracy is met, and it
    gives all of 2 L/s at 4.7 m where 10 m are required. By hand: p + loss(2 * sqrt(p / 10)) = 30 gives p = 8.4 m."""
    network = drawn({"S1": {"head_m": 130.0}, "J1": {"z_m": 100.0}}, [("S1", "J1", {"length_m": 1440.0})])
    found = run(network, [0.0, 2.0])
    low, high = 0.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        loss = 10.667 * 140**-1.852 * 0.0536**-4.871 * 1440 * (0.002 * min(1.0, np.sqrt(middle / 10))) ** 1.852
        low, high = (middle, high) if middle + loss < 30 else (low, middle)
    assert low == pytest.approx(8.4, abs=0.05)
    assert found.nodes["pressure_m"].iloc[1] == pytest.approx(low, abs=0.02)
    _, model = epanet.peak_model(network, trace(network), np.array([0.0, 2.0]), required_m=10.0)
    model.options.hydraulic.flowchange = 0
    heads, demands, _ = epanet._run(model)
    assert (heads["J1"] - 100, 1000 * demands["J1"]) == pytest.approx((4.68, 2.0), abs=0.01)


def test_a_draw_beyond_what_the_pressure_allows_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    real = epanet.wntr_model

    def hasty(*given: object, **options: object) -> object:
        model = real(*given, **options)
        model.options.hydraulic.flowchange = 0
        return model

    monkeypatch.setattr(epanet, "wntr_model", hasty)
    network = drawn({"S1": {"head_m": 130.0}, "J1": {"z_m": 100.0}}, [("S1", "J1", {"length_m": 1440.0})])
    assert list(run(network, [0.0, 2.0]).failed.values()) == ["not_converged"]


MISSING = [("length_m", NAN, "length"), ("length_m", 0.0, "length"), ("inner_mm", NAN, "diameter"),
           ("inner_mm", 63_000.0, "diameter"), ("inner_mm", 0.063, "diameter"), ("roughness_c", NAN, "roughness"),
           ("roughness_c", 0.0015, "roughness"), ("length_m", np.inf, "length")]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "fault"), MISSING)
def test_a_number_that_is_missing_or_absurd_never_reaches_epanet(column: str, value: float, fault: str) -> None:
    """J2 hangs on the bad pipe alone: it is left out, J1 and its pipe are as without it."""
    network = drawn({"S1": {"head_m": 130.0}, "J1": {}, "J2": {}}, [("S1", "J1"), ("J1", "J2", {column: value})])
    found = run(network, [0.0, 1.0, 0.0])
    assert found.parts.fault.tolist() == ["", fault]
    assert found.parts.given.tolist() == [True, False]
    alone = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")]), [0.0, 1.0])
    assert found.nodes["head_m"].iloc[1] == alone.nodes["head_m"].iloc[1]
    assert np.isnan(found.nodes[["head_m", "pressure_m", "supplied_lps"]].iloc[2]).all()
    assert np.isnan(found.links[["flow_lps", "velocity_mps"]].iloc[1]).all()
    assert found.parts.incomplete.tolist() == ["", "", ""]
    # With demand behind it the rest is not the whole story.
    assert run(network, [0.0, 1.0, 0.5]).parts.incomplete.tolist() == ["", "demand", "demand"]


def test_what_a_zone_lacks() -> None:
    ring = drawn(
        {"S1": {"head_m": 130.0}, "J1": {}, "J2": {}},
        [("S1", "J1"), ("J1", "J2"), ("S1", "J2", {"inner_mm": NAN})],
    )
    assert run(ring, [0.0, 1.0, 1.0]).parts.incomplete.tolist() == ["", "way", "way"]
    assert run(ring, [0.0, 1.0, NAN]).parts.incomplete.tolist() == ["", "demand", "demand"]
    # A source without a level hides behind a tank: only its own side of the tank is in doubt.
    behind = drawn(
        {"S1": {}, "J1": {}, "T1": {"floor_m": 120.0, "volume_m3": 10.0}, "J2": {}},
        [("S1", "J1"), ("J1", "T1"), ("T1", "J2")],
    )
    found = run(behind, [0.0, 0.0, 0.0, 1.0])
    assert found.parts.incomplete.tolist() == ["source", "source", "", ""]
    assert found.nodes["pressure_m"].iloc[3] == pytest.approx(19.5, abs=0.5)
    # A tank without a level is no water surface: what is behind it has no head, what is before it lacks it.
    lost = drawn({"S1": {"head_m": 130.0}, "J1": {}, "T1": {}, "J2": {}}, [("S1", "J1"), ("J1", "T1"), ("T1", "J2")])
    found = run(lost, [0.0, 1.0, 0.0, 1.0])
    assert found.nodes["head_m"].isna().tolist() == [False, False, True, True]
    assert found.parts.incomplete.tolist()[1] == "source"


def test_a_tank_of_which_only_the_surface_is_known_stands_at_it() -> None:
    network = drawn({"S1": {"head_m": 140.0}, "T1": {"head_m": 130.0}, "J1": {}}, [("S1", "T1"), ("T1", "J1")])
    found = run(network, [0.0, 0.0, 0.0])
    assert found.nodes["head_m"].tolist() == pytest.approx([140, 130, 130], abs=1e-3)


def test_an_island_and_its_demand_stay_out() -> None:
    """EPANET ends with error 110 or gives silent zeros for an island with demand."""
    network = drawn(
        {"S1": {"head_m": 130.0}, "J1": {}, "J2": {}, "J3": {}, "S2": {"head_m": 150.0, "works": False}, "J4": {}},
        [("S1", "J1"), ("J1", "J2", {"state": "closed"}), ("J2", "J3"), ("S2", "J4")],
    )
    found = run(network, [0.0, 1.0, 2.0, 3.0, 0.0, 4.0])
    assert found.failed == {}
    assert found.nodes["head_m"].isna().tolist() == [False, False, True, True, True, True]
    assert found.nodes["supplied_lps"].iloc[1] == pytest.approx(1.0, abs=1e-3)


def test_an_unknown_height_gives_no_pressure_and_no_nan_in_epanet() -> None:
    network = drawn(
        {"S1": {"head_m": 130.0}, "J1": {"z_m": NAN}, "J2": {"z_m": 90.0}, "J3": {"z_m": 95.0}},
        [("S1", "J1"), ("J1", "J2"), ("J2", "J3")],
    )
    found = run(network, [0.0, 0.5, 0.5, 0.0])
    assert np.isnan(found.nodes["pressure_m"].iloc[1])
    assert found.nodes["head_m"].notna().all()
    assert found.nodes["supplied_lps"].iloc[1] == pytest.approx(0.5, abs=1e-3)
    assert found.parts.z_m[1] == 90.0
    blind = drawn({"S1": {"head_m": 130.0, "z_m": NAN}, "J1": {"z_m": NAN}}, [("S1", "J1")])
    found = run(blind, [0.0, 0.5])
    assert found.nodes["head_m"].notna().all()
    assert found.nodes["pressure_m"].isna().all()


def test_pumps() -> None:
    """One point becomes EPANET's curve: head 4/3 h - h/3 (q/q0)**2; power alone gives head = power / (9.81 q)."""
    nodes = {"S1": {"head_m": 100.0}, "J1": {}, "J2": {}}
    pipe = {"length_m": 1.0, "inner_mm": 300.0}
    one = drawn(nodes, [("S1", "J1", {"kind": "pump", "pump_head_m": 30.0, "pump_flow_lps": 2.0}), ("J1", "J2", pipe)])
    assert run(one, [0, 0, 1.0]).nodes["head_m"].iloc[2] == pytest.approx(100 + 40 - 10 * 0.25, abs=0.05)
    power = drawn(nodes, [("S1", "J1", {"kind": "pump", "pump_power_kw": 0.5}), ("J1", "J2", pipe)])
    # EPANET: 8.814 power in hp over flow in cubic feet per second, in feet.
    assert run(power, [0, 0, 2.0]).nodes["head_m"].iloc[2] == pytest.approx(100 + 0.5 / (9.81 * 0.002), rel=0.01)
    points = {0: ((0.0, 50.0), (2.0, 40.0), (4.0, 20.0))}
    curve = solve(one, trace(one), np.array([0, 0, 2.0]), required_m=10, pump_curves=points)
    assert curve.nodes["head_m"].iloc[2] == pytest.approx(140, abs=0.05)
    neither = drawn(nodes, [("S1", "J1", {"kind": "pump"}), ("J1", "J2", pipe)])
    found = run(neither, [0, 0, 1.0])
    assert found.parts.fault.tolist() == ["pump_curve", ""]
    assert found.nodes["head_m"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("inner_mm", [NAN, 20.0, 300.0])
def test_an_open_valve_has_no_loss_whatever_is_known_of_it(inner_mm: float) -> None:
    """A valve that a file has as a point has no bore: it must not cut the line."""
    valve = {"kind": "valve", "length_m": NAN, "roughness_c": NAN, "inner_mm": inner_mm}
    found = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1", valve)]), [0.0, 1.0])
    assert found.nodes["head_m"].iloc[1] == pytest.approx(130, abs=0.01)
    assert found.links["flow_lps"].iloc[0] == pytest.approx(1.0, abs=1e-3)
    assert np.isnan(found.links["velocity_mps"].iloc[0]) == np.isnan(inner_mm)
    shut = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1", {**valve, "state": "closed"})]), [0.0, 1.0])
    assert np.isnan(shut.nodes["head_m"].iloc[1])


def test_a_link_that_ends_where_it_begins_is_left_out() -> None:
    found = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1"), ("J1", "J1")]), [0.0, 1.0])
    assert found.parts.fault.tolist() == ["", "loop"]
    assert found.nodes["head_m"].notna().all()


def test_nothing_to_compute() -> None:
    found = run(drawn({"S1": {}, "J1": {}}, [("S1", "J1")]), [0.0, 1.0])
    assert found.nodes["head_m"].isna().all()
    assert found.failed == {}
    assert run(drawn({}, []), []).nodes.empty


def test_epanets_files_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")]), [0.0, 1.0])
    assert os.listdir(tmp_path) == []


def test_a_part_that_fails_leaves_the_others_their_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """EPANET's error for one part becomes that part's, with our own names."""
    network = drawn(
        {"S1": {"head_m": 130.0}, "J1": {}, "S2": {"head_m": 150.0}, "J2": {}}, [("S1", "J1"), ("S2", "J2")]
    )
    real = epanet._run

    def failing(model: object) -> object:
        if "J2" in model.junction_name_list:
            raise epanet._Failure("(Error 110) cannot solve network hydraulic equations")
        return real(model)

    monkeypatch.setattr(epanet, "_run", failing)
    found = run(network, [0.0, 1.0, 0.0, 1.0])
    assert list(found.failed.values()) == ["(Error 110) cannot solve network hydraulic equations"]
    assert list(found.failed) == [found.parts.part[1]]
    assert found.nodes["head_m"].isna().tolist() == [False, False, False, True]
    assert found.links["flow_lps"].isna().tolist() == [False, True]


def test_an_answer_that_does_not_balance_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    real = epanet._run

    def wrong(model: object) -> tuple[pd.Series, pd.Series, pd.Series]:
        heads, demands, flows = real(model)
        return heads, demands, flows * 1.1

    monkeypatch.setattr(epanet, "_run", wrong)
    found = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")]), [0.0, 1.0])
    assert list(found.failed.values()) == ["not_converged"]
    assert np.isnan(found.nodes["head_m"].iloc[1])


def test_epanets_error_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error inside EPANET itself (here: an id of 33 bytes, its error 200) does not come out as a traceback."""
    import wntr

    real = wntr.sim.EpanetSimulator.run_sim

    def with_a_long_id(self: object, **options: object) -> object:
        self._wn.add_junction("水源一号水源一号水源井", 0.0, elevation=0.0)
        self._wn.add_pipe("stray", "J1", "水源一号水源一号水源井", 10.0, 0.1, 140.0)
        return real(self, **options)

    monkeypatch.setattr(wntr.sim.EpanetSimulator, "run_sim", with_a_long_id)
    found = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")]), [0.0, 1.0])
    assert "Error 200" in next(iter(found.failed.values()))
    assert np.isnan(found.nodes["head_m"].iloc[1])


def test_what_is_asked_wrongly() -> None:
    network = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")])
    with pytest.raises(PlanError, match="required_m: found 0.07"):
        run(network, [0.0, 1.0], required_m=0.07)
    with pytest.raises(PlanError, match="node_lps"):
        run(network, [0.0, -1.0])
    with pytest.raises(PlanError, match="node_lps"):
        run(network, [0.0])
    for ids in (["水源一号水源一号水源", "J1"], ["S 1", "J1"], ["S" * 32, "J1"], ["J1", "J1"]):
        wrong = replace(network, nodes=network.nodes.assign(node=ids))
        with pytest.raises(LayerError, match="ids EPANET cannot hold"):
            run(wrong, [0.0, 1.0])


def test_inputs_stay_as_they_are() -> None:
    network = drawn({"S1": {"head_m": 130.0}, "J1": {"z_m": NAN}}, [("S1", "J1")])
    nodes, links = network.nodes.copy(deep=True), network.links.copy(deep=True)
    run(network, [0.0, 1.0])
    pd.testing.assert_frame_equal(network.nodes, nodes)
    pd.testing.assert_frame_equal(network.links, links)


@pytest.mark.parametrize("file", ["Net1.inp", "Net3.inp", "ky4.inp"])
def test_the_inp_file_opens_again_and_gives_the_same_pressures(file: str, tmp_path: Path) -> None:
    import wntr

    start = at_start(library(file))
    found = solved(start)
    path = tmp_path / "written.inp"
    write_inp(
        start.network,
        trace(start.network),
        start.node_lps,
        path,
        required_m=1.0,
        tank_levels_m=start.tank_levels_m,
        pump_curves=start.pump_curves,
    )
    assert "LPS" in path.read_text("ascii")
    model = wntr.network.WaterNetworkModel(str(path))
    assert model.options.hydraulic.demand_model == "PDA"
    results = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "again"))
    again = results.node["head"].iloc[0].reindex(start.network.nodes["node"]).to_numpy()
    known = np.isfinite(again)
    assert known.sum() > 0.95 * len(known)
    np.testing.assert_allclose(again[known], found.nodes["head_m"][known], atol=0.01)


def test_names_in_the_inp_file(tmp_path: Path) -> None:
    import wntr

    network = drawn(
        {
            "S1": {"head_m": 130.0, "name": "大水沟 水源1号"},
            "J1": {"name": "Café [x]; y"},
            "J2": {},
            "J3": {"name": "x"},
        },
        [("S1", "J1", {"name": "主管"}), ("J1", "J2", {"length_m": NAN})],
    )
    path = tmp_path / "named.inp"
    write_inp(network, trace(network), np.array([0.0, 1.0, 1.0, 0.0]), path, required_m=10)
    model = wntr.network.WaterNetworkModel(str(path))
    assert model.get_node("S1").tag == "da_shui_gou_shui_yuan_1_hao"
    assert model.get_node("J1").tag == "Cafe_x_y"
    assert model.get_link("L1").tag == "zhu_guan"
    assert model.node_name_list == ["J1", "S1"]
    assert "; S1 = da_shui_gou_shui_yuan_1_hao" in path.read_text("ascii")
    assert ascii_name("Ωmega 水") == "u03A9mega_shui"
    blind = drawn({"S1": {}, "J1": {}}, [("S1", "J1")])
    with pytest.raises(LayerError, match="nothing to write"):
        write_inp(blind, trace(blind), np.zeros(2), path, required_m=10)
