"""Pressures and heads at rest by hand, verdicts within the error of heights, and what findings tell of limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from wntr_layers import NAN, at_start, drawn, library, wants

from siteplan.errors import PlanError
from siteplan.language import Texts
from siteplan.layers.findings import with_messages
from siteplan.water.epanet import solve
from siteplan.water.epanet_parts import FAULTS
from siteplan.water.hydraulics import VERDICTS, WHYS, Hydraulics, Limits, judged, run_hydraulics
from siteplan.water.hydraulics_profile import head_profile
from siteplan.water.hydraulics_static import shutoff_heads
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import trace

LIMITS = Limits(static_tap_m=40.0, velocity_low_mps=0.7, velocity_high_mps=3.0)


def run(network: WaterNetwork, rows: list[dict[str, Any]] | None = None, **options: Any) -> Hydraulics:
    demands = wants(rows if rows is not None else [{"peak_lps": 1.0}] * len(network.connections))
    return run_hydraulics(network, demands, trace(network), limits=LIMITS, **options)


def codes(found: Hydraulics) -> list[tuple[str, str]]:
    return [(row.code.removeprefix("water.hydraulics."), row.id) for row in found.findings.itertuples()]


def hamlet_at(z_m: float, *, z_from: str = "dem", head_m: float = 130.0, **pipe: Any) -> WaterNetwork:
    """A source at `head_m` and a hamlet at `z_m` on 1 m of wide pipe: its pressure is their difference."""
    wide = {"length_m": 1.0, "inner_mm": 300.0, "pn_m": 1000.0, **pipe}
    nodes = {"S1": {"head_m": head_m, "yield_m3_per_day": NAN}, "J1": {"z_m": z_m, "z_from": z_from}}
    return drawn(nodes, [("S1", "J1", wide)], ["J1"])


@pytest.mark.parametrize(
    ("z_m", "z_from", "verdict"),
    [
        (116.9, "dem", "ok"), (117.1, "dem", "marginal"), (119.9, "dem", "marginal"), (122.9, "dem", "marginal"),
        (123.1, "dem", "fail"), (119.9, "surveyed", "ok"), (120.1, "surveyed", "fail"),
    ],
)  # fmt: skip
def test_a_verdict_within_the_error_of_heights_is_marginal(z_m: float, z_from: str, verdict: str) -> None:
    """Head 130, service head 10: the ground may stand at 120; a height of a terrain model errs by 3 m."""
    hamlet = run(hamlet_at(z_m, z_from=z_from)).hamlets.iloc[0]
    assert hamlet["verdict"] == verdict
    assert hamlet["pressure_m"] == pytest.approx(130 - z_m, abs=0.01)
    assert hamlet["spare_m"] == pytest.approx(120 - z_m, abs=0.01)


def test_a_larger_error_leaves_more_open() -> None:
    assert run(hamlet_at(115.0)).hamlets["verdict"].tolist() == ["ok"]
    assert run(hamlet_at(115.0), dem_error_m=6.0).hamlets["verdict"].tolist() == ["marginal"]
    assert run(hamlet_at(119.9), dem_error_m=0.0).hamlets["verdict"].tolist() == ["ok"]
    with pytest.raises(PlanError, match="dem_error_m"):
        run(hamlet_at(115.0), dem_error_m=-1.0)


def test_pressure_that_falls_with_demand_does_not_pass_for_a_small_error() -> None:
    """A thin line leaves 8.2 m where 10 are asked, but only because less is drawn: all of it costs 26 of 30 m, and 3 m
    lower it would still be 7."""
    network = hamlet_at(100.0, head_m=130.0, inner_mm=53.6, length_m=1440.0)
    found = run(network, [{"peak_lps": 2.0}])
    hamlet = found.hamlets.iloc[0]
    assert 7 < hamlet["pressure_m"] < 10
    assert hamlet["verdict"] == "fail"
    assert hamlet["delivered_share"] == pytest.approx(np.sqrt(hamlet["pressure_m"] / 10), abs=1e-3)
    assert run(hamlet_at(121.4), [{"peak_lps": 2.0}]).hamlets["verdict"].tolist() == ["marginal"]


def test_judged() -> None:
    spare = np.array([3.0, 2.9, -3.0, -3.1, NAN, 0.0])
    told = ["ok", "marginal", "marginal", "fail", "unknown", "marginal"]
    assert judged(spare, np.full(6, 3.0)).tolist() == told
    assert judged(np.array([0.0, -0.1]), np.zeros(2)).tolist() == ["ok", "fail"]


def test_why_a_pressure_is_not_known() -> None:
    network = drawn(
        {
            "S1": {"head_m": 130.0}, "J1": {}, "J2": {"z_m": NAN}, "J3": {},
            "S2": {}, "J4": {}, "J5": {},
        },
        [("S1", "J1"), ("J1", "J2"), ("J2", "J3", {"inner_mm": NAN}), ("S2", "J4"), ("J4", "J5", {"state": "closed"})],
        ["J1", "J1", "J1", "J2", "J3", "J4", "J5", ""],
    )  # fmt: skip
    rows: list[dict[str, Any]] = [{"peak_lps": 0.1}] * 8
    rows[1] = {"peak_lps": 0.1, "service_head_m": NAN}
    rows[2] = {"peak_lps": 9.9, "connection": "none"}
    rows[4] = {"peak_lps": 0.0}
    found = run(network, rows)
    assert found.hamlets["why"].tolist() == [
        "", "service_head", "not_connected", "height", "no_head", "no_head", "not_reached", "not_reached"
    ]  # fmt: skip
    assert found.hamlets["verdict"].tolist() == ["ok"] + ["unknown"] * 7
    # A demand that is not known, or lost behind a pipe of unknown measures, leaves all of its zone open.
    rows[4] = {"peak_lps": 0.1}
    assert run(network, rows).hamlets["why"].tolist()[0] == "demand"
    rows[4] = {"peak_lps": NAN}
    assert run(network, rows).hamlets["why"].tolist()[0] == "demand"
    assert set(found.hamlets["why"]) <= set(WHYS)
    assert set(found.hamlets["verdict"]) <= set(VERDICTS)
    pd.testing.assert_index_equal(found.hamlets.index, network.connections.index)


def test_a_pipe_left_out_beside_others_leaves_ok_as_it_is() -> None:
    def ring(peak_lps: float) -> str:
        links = [("S1", "J1"), ("S1", "J1", {"inner_mm": NAN})]
        found = run(drawn({"S1": {"head_m": 130.0}, "J1": {}}, links, ["J1"]), [{"peak_lps": peak_lps}])
        return ":".join(found.hamlets[["verdict", "why"]].iloc[0])

    assert ring(1.0) == "ok:"
    assert ring(20.0) == "unknown:way"


def test_a_line_that_runs_fuller_than_its_spring_is_told() -> None:
    """From a spring of 1 L/s to a tank 10 m lower EPANET runs the pipe full: heads on the way are too low."""
    nodes = {
        "S1": {"head_m": 130.0, "yield_m3_per_day": 86.4},
        "J1": {"z_m": 118.0},
        "T1": {"floor_m": 110.0, "max_level_m": 113.0, "volume_m3": 30.0},
        "J2": {"z_m": 95.0},
    }
    links = [("S1", "J1", {"length_m": 500.0}), ("J1", "T1"), ("T1", "J2")]
    found = run(drawn(nodes, links, ["J1", "J2"]), [{"peak_lps": 0.2}, {"peak_lps": 2.0}])
    assert found.hamlets["why"].tolist() == ["over_yield", ""]
    assert found.hamlets["verdict"].tolist() == ["unknown", "ok"]
    assert found.links["velocity"].tolist() == ["unknown", "unknown", "ok"]
    assert ("over_yield", "p-S1") in codes(found)
    nodes["S1"]["yield_m3_per_day"] = 864.0
    rich = run(drawn(nodes, links, ["J1", "J2"]), [{"peak_lps": 0.2}, {"peak_lps": 2.0}])
    assert rich.hamlets["verdict"].tolist() == ["fail", "ok"]
    assert rich.links["velocity"].tolist() == ["ok", "ok", "ok"]


def test_heads_at_rest() -> None:
    """The line before the tank bears the spring, the line behind it the full tank; the pump its head at no flow."""
    network = drawn(
        {
            "S1": {"head_m": 180.0, "z_m": 180.0},
            "J1": {"z_m": 150.0},
            "T1": {"floor_m": 160.0, "max_level_m": 163.0, "volume_m3": 10.0, "z_m": 160.0},
            "J2": {"z_m": 100.0},
            "J3": {"z_m": 130.0},
            "J4": {"z_m": 100.0},
        },
        [
            ("S1", "J1"),
            ("J1", "T1", {"pn_m": 20.0}),
            ("T1", "J2", {"pn_m": 60.0}),
            ("J2", "J3", {"kind": "pump", "pump_head_m": 30.0, "pump_flow_lps": 1.0}),
            ("J3", "J4", {"inner_mm": NAN}),
        ],
        ["J1", "J2", "J4"],
    )
    found = run(network)
    assert found.nodes["static_head_m"].tolist() == pytest.approx([180, 180, 163, 163, 203, 203])
    assert found.nodes["static_m"].tolist() == pytest.approx([0, 30, 3, 63, 73, 103])
    # A pipe at its higher head over its lower end: 180 - 150, and so on; a pump is no pipe.
    assert found.links["static_m"].tolist()[:3] == pytest.approx([30, 30, 63])
    assert np.isnan(found.links["static_m"].iloc[3])
    assert found.links["static_m"].iloc[4] == pytest.approx(103)
    assert found.links["pipe_class"].tolist() == ["ok", "over", "over", "", "over"]
    assert found.hamlets["static"].tolist() == ["ok", "over", "over"]
    assert found.figures["pipes_over"] == 3 and found.figures["taps_over"] == 2
    told = codes(found)
    assert [entry for entry in told if entry[0] == "pipe_over"] == [("pipe_over", f"l-L{k}") for k in (2, 3, 5)]
    assert [entry for entry in told if entry[0] == "tap_static"] == [("tap_static", "1"), ("tap_static", "2")]


def test_heads_at_rest_that_are_not_known() -> None:
    power = {"kind": "pump", "pump_power_kw": 1.0}
    network = drawn(
        {
            "S1": {"head_m": 150.0}, "J1": {}, "J2": {},
            "S2": {}, "J3": {}, "T3": {"floor_m": 120.0}, "J4": {},
        },
        [("S1", "J1"), ("J1", "J2", power), ("S2", "J3"), ("J3", "T3"), ("T3", "J4", {"pn_m": 10.0})],
        ["J1", "J2", "J3", "J4"],
    )  # fmt: skip
    found = run(network)
    static = found.nodes["static_head_m"]
    # Constant power has no bound; a source without a level may stand anywhere; a tank of unknown depth at least so.
    assert static[[1, 6]].tolist() == pytest.approx([150, 120.1])
    assert static[[2, 3, 4]].isna().all()
    assert found.hamlets["static"].tolist() == ["over", "unknown", "unknown", "unknown"]
    assert found.links["pipe_class"].tolist() == ["ok", "", "unknown", "unknown", "over"]
    assert ("tank_depth", "p-T3") in codes(found)
    assert ("source_head", "p-S2") in codes(found)


def test_pumps_in_a_row_add_up_and_in_a_ring_have_no_bound() -> None:
    pump = {"kind": "pump", "pump_head_m": 15.0, "pump_flow_lps": 1.0}
    row = drawn({"S1": {"head_m": 100.0}, "J1": {}, "J2": {}}, [("S1", "J1", pump), ("J1", "J2", pump)])
    assert run(row).nodes["static_head_m"].tolist() == pytest.approx([100, 120, 140])
    ring = drawn({"S1": {"head_m": 100.0}, "J1": {}, "J2": {}}, [("S1", "J1"), ("J1", "J2", pump), ("J2", "J1", pump)])
    assert run(ring).nodes["static_head_m"].isna().tolist() == [False, True, True]
    curves = {0: ((0.0, 50.0), (1.0, 40.0)), 1: ((1.0, 40.0), (2.0, 25.0))}
    assert shutoff_heads(row, {})[:2].tolist() == pytest.approx([20, 20])
    assert shutoff_heads(row, curves)[:2].tolist() == pytest.approx([50, 55])
    assert shutoff_heads(row, {0: ((1.0, 30.0),)})[:1].tolist() == pytest.approx([40])


@pytest.mark.parametrize("file", ["Net1.inp", "Net3.inp"])
def test_heads_at_rest_against_epanet_without_demand(file: str) -> None:
    """EPANET with full tanks (whose inlets it shuts) and no demand stands at our heads at rest."""
    start = at_start(library(file))
    network, none = start.network, np.zeros(len(start.network.nodes))
    reach = trace(network)
    full = {row: (network.nodes["max_level_m"] - network.nodes["floor_m"]).iloc[row] for row in start.tank_levels_m}
    just_full = {row: depth - 1e-4 for row, depth in full.items()}
    found = run(network, [], pump_curves=start.pump_curves, tank_levels_m=just_full)
    import wntr

    from siteplan.water.epanet import peak_model

    _, model = peak_model(network, reach, none, required_m=1.0, tank_levels_m=just_full, pump_curves=start.pump_curves)
    for _, tank in model.tanks():
        tank.init_level = tank.max_level
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        results = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=f"{folder}/rest")
    theirs = results.node["head"].iloc[0].reindex(network.nodes["node"]).to_numpy()
    known = np.isfinite(theirs)
    assert known.sum() > 5
    np.testing.assert_allclose(found.nodes["static_head_m"][known], theirs[known], atol=0.05)


def test_velocities() -> None:
    network = drawn(
        {"S1": {"head_m": 190.0}, "J1": {}, "J2": {}, "J3": {}, "J4": {}},
        [
            ("S1", "J1", {"inner_mm": 100.0}),
            ("J1", "J2", {"inner_mm": 20.0, "length_m": 20.0}),
            ("J1", "J3", {"inner_mm": 200.0}),
            ("J1", "J4"),
        ],
        ["J2", "J3"],
    )
    found = run(network, [{"peak_lps": 1.5}, {"peak_lps": 9.0}])
    assert found.links["velocity"].tolist() == ["ok", "high", "low", "still"]
    assert found.links["velocity_mps"].iloc[1] == pytest.approx(0.0015 / (np.pi / 4 * 0.02**2), rel=1e-3)
    assert [one for one in codes(found) if one[0].startswith("velocity")] == [
        ("velocity_high", "l-L2"), ("velocity_low", "l-L3"),
    ]  # fmt: skip
    assert (found.figures["pipes_high"], found.figures["pipes_low"], found.figures["pipes_still"]) == (1, 1, 1)


def hill(summit_m: float) -> pd.DataFrame:
    """Ground along the only pipe: level at 100 m, a hill at 200 of 400 m."""
    return pd.DataFrame(
        {"link": 0, "station_m": [0.0, 100.0, 200.0, 400.0], "ground_m": [128.0, 100.0, summit_m, 100.0]}
    )


def test_high_points_of_the_ground() -> None:
    """The head falls from 130 by Hazen-Williams: half of the loss is behind at half way."""
    network = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1", {"length_m": 400.0})], ["J1"])
    loss = 10.667 * 140**-1.852 * 0.0536**-4.871 * 400 * 0.002**1.852
    half_way = 130 - loss / 2
    rows = [{"peak_lps": 2.0}]
    for summit, verdict in ((half_way + 3.1, "negative"), (half_way + 0.5, "marginal")):
        found = run(network, rows, profiles=hill(summit))
        (point,) = found.high_points.itertuples()
        assert (point.link, point.station_m, point.verdict) == (0, 200.0, verdict)
        assert point.grade_m == pytest.approx(half_way, abs=0.02)
        assert point.above_m == pytest.approx(summit - half_way, abs=0.02)
        assert (f"high_point_{verdict}", "l-L1") in codes(found)
    assert run(network, rows, profiles=hill(half_way - 0.1)).high_points.empty
    assert run(network, rows).high_points.empty
    # Drawn the other way round it is the same hill.
    back = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("J1", "S1", {"length_m": 400.0})], ["J1"])
    turned = hill(half_way + 3.1).assign(station_m=[400.0, 300.0, 200.0, 0.0])
    assert run(back, rows, profiles=turned).high_points["above_m"].tolist() == pytest.approx([3.1], abs=0.02)


def test_the_ground_of_a_valley_bears_on_the_pressure_class() -> None:
    network = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1", {"length_m": 400.0, "pn_m": 60.0})], ["J1"])
    assert run(network).links["pipe_class"].tolist() == ["ok"]
    found = run(network, profiles=hill(60.0))
    assert found.links["static_m"].tolist() == pytest.approx([70])
    assert found.links["pipe_class"].tolist() == ["over"]
    # The ends were surveyed, the ground between them was not.
    assert run(network, profiles=hill(68.0)).links["pipe_class"].tolist() == ["marginal"]


def test_a_line_fuller_than_its_spring_has_high_points_only_above_the_head_at_rest() -> None:
    nodes = {"S1": {"head_m": 130.0, "yield_m3_per_day": 10.0}, "J1": {}}
    network = drawn(nodes, [("S1", "J1", {"length_m": 400.0})], ["J1"])
    rows = [{"peak_lps": 2.0}]
    assert run(network, rows, profiles=hill(129.9)).high_points["verdict"].tolist() == ["marginal"]
    assert run(network, rows, profiles=hill(134.0)).high_points["verdict"].tolist() == ["negative"]


def test_the_profile_from_source_to_hamlet() -> None:
    network = drawn(
        {"S1": {"head_m": 130.0, "z_m": 128.0}, "J1": {"z_m": 110.0}, "J2": {}},
        [("J1", "S1", {"length_m": 300.0}), ("J1", "J2", {"length_m": 100.0})],
        ["J2"],
    )
    ground = pd.DataFrame({"link": 0, "station_m": [0.0, 100.0, 300.0], "ground_m": [110.0, 125.0, 128.0]})
    found = run(network, profiles=ground)
    profile = head_profile(network, trace(network), found, 2, ground)
    assert profile["station_m"].tolist() == pytest.approx([0, 200, 300, 400])
    assert profile["ground_m"].tolist() == pytest.approx([128, 125, 110, 100])
    assert profile["node"].tolist() == ["S1", "", "J1", "J2"]
    assert profile["link"].tolist() == ["", "L1", "L1", "L2"]
    heads = found.nodes["head_m"]
    assert profile["grade_m"].tolist() == pytest.approx([130, 130 + 2 / 3 * (heads[1] - 130), heads[1], heads[2]])
    assert profile["static_m"].tolist() == pytest.approx([130] * 4)
    without = head_profile(network, trace(network), found, 2)
    assert without["station_m"].tolist() == pytest.approx([0, 300, 400])
    cut = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1", {"state": "closed"})])
    assert head_profile(cut, trace(cut), run(cut), 1).empty


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_have_words(language: Any) -> None:
    texts = Texts(language)
    network = drawn(
        {
            "S1": {"head_m": 190.0, "name": "龙潭", "yield_m3_per_day": 8.64},
            "J1": {}, "J2": {}, "J3": {}, "J4": {}, "S2": {}, "T2": {},
        },
        [
            ("S1", "J1"), ("J1", "J2", {"length_m": NAN}), ("J1", "J2", {"roughness_c": NAN}),
            ("J1", "J2", {"inner_mm": NAN}), ("J1", "J1"), ("J1", "J3", {"kind": "pump"}), ("S2", "T2"),
            ("T2", "J4"),
        ],
        ["J1", "J2", "J1", "J4"],
    )  # fmt: skip
    rows = [{"peak_lps": 1.0}, {"peak_lps": 0.0}, {"peak_lps": 0.0, "service_head_m": NAN}, {"peak_lps": 0.0}]
    found = run(network, rows, hamlet_ids=["a", "b", "c", "d"])
    told = with_messages(found.findings, texts)
    assert [name for name, _ in codes(found)] == [
        "no_length", "no_diameter", "no_roughness", "no_pump_curve", "no_loop", "source_head", "tank_floor",
        "over_yield", "hamlet_no_head", "hamlet_no_head", "hamlet_service_head", "tap_static", "tap_static",
        "tap_static",
    ]  # fmt: skip
    assert "龙潭" in told["message"][7] and "0.10" in told["message"][7]
    assert told["id"].tolist()[8:11] == ["b", "d", "c"]
    assert found.findings[["x", "y"]].notna().all(axis=None)
    for group, words in (("verdict", VERDICTS), ("why", WHYS[1:]), ("fault", FAULTS[1:]), ("figure", found.figures)):
        for word in words:
            assert texts(f"water.hydraulics.{group}.{word}")
    for table in (found.nodes, found.links, found.hamlets, found.high_points):
        for column in table.columns:
            assert texts(f"water.hydraulics.column.{column}")
    for word in ("ok", "marginal", "over", "unknown"):
        assert texts(f"water.hydraulics.limit.{word}")
    for word in ("ok", "low", "high", "still", "unknown"):
        assert texts(f"water.hydraulics.velocity.{word}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_finding_of_hydraulics_has_words(language: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the codes: high points, pipes at their class, fast and slow pipes, no answer, heights not known."""
    from siteplan.water import epanet

    network = drawn(
        {"S1": {"head_m": 200.0}, "J1": {}, "J2": {"z_m": NAN}, "T1": {"floor_m": 150.0}, "J3": {}},
        [("S1", "J1", {"pn_m": 99.0}), ("J1", "J2", {"inner_mm": 500.0}), ("J1", "T1"), ("T1", "J3", {"pn_m": 1.0})],
        ["J1", "J2", "J3"],
    )
    network = type(network)(network.nodes.assign(z_from="dem"), network.links, network.connections, network.findings)
    ground = pd.DataFrame({"link": 3, "station_m": [0.0, 50.0, 100.0], "ground_m": [150.0, 190.0, 100.0]})
    ground = pd.concat([ground, pd.DataFrame({"link": 0, "station_m": [0, 1.0, 100], "ground_m": [0, 199.9, 101]})])
    found = run(network, [{"peak_lps": 1.0}] * 3, profiles=ground)
    messages = with_messages(found.findings, Texts(language))["message"]
    assert messages.str.len().gt(5).all()
    names = {name for name, _ in codes(found)}
    assert {"hamlet_height", "tank_depth", "pipe_over", "velocity_high", "velocity_low", "high_point_negative"} <= names

    def failing(model: object) -> object:
        raise epanet._Failure("(Error 110)")

    monkeypatch.setattr(epanet, "_run", failing)
    mute = run(network, [{"peak_lps": 1.0}] * 3)
    assert mute.hamlets["why"].tolist() == ["no_answer", "no_answer", "no_answer"]
    told = with_messages(mute.findings, Texts(language))
    assert "(Error 110)" in told[told["code"] == "water.hydraulics.no_answer"]["message"].iloc[0]


def test_the_pressure_from_which_all_is_drawn() -> None:
    network = drawn({"S1": {"head_m": 130.0}, "J1": {}}, [("S1", "J1")], ["J1", "J1"])
    rows = [{"peak_lps": 0.5, "service_head_m": 12.0}, {"peak_lps": 0.5, "service_head_m": 10.0}]
    assert run(network, rows).parameters["required_m"] == 10.0
    assert run(network, rows, required_m=15.0).parameters["required_m"] == 15.0
    assert run(network, [{"service_head_m": NAN}] * 2).parameters["required_m"] == 0.1
    assert (
        run(network, [{**rows[0], "service_head_m": 14.0}, {**rows[1], "connection": "none"}]).parameters["required_m"]
        == 14.0
    )


def test_net1_with_its_demands_through_the_whole() -> None:
    start = at_start(library("Net1.inp"))
    found = run(
        start.network,
        [],
        node_lps=start.node_lps,
        tank_levels_m=start.tank_levels_m,
        pump_curves=start.pump_curves,
        required_m=1.0,
    )
    pressure = found.nodes["pressure_m"]
    assert [pressure[start.node[name]] for name in ("10", "11", "32")] == pytest.approx(
        [89.717, 83.890, 77.934], abs=0.01
    )
    alone = solve(
        start.network, trace(start.network), start.node_lps, required_m=1.0, tank_levels_m=start.tank_levels_m
    )
    pd.testing.assert_series_equal(alone.nodes["pressure_m"], pressure)


def test_nothing_at_all() -> None:
    assert run(drawn({}, [])).hamlets.empty
    found = run(drawn({"J1": {}}, [], ["J1", ""]))
    assert found.hamlets["why"].tolist() == ["not_reached", "not_reached"]


def test_inputs_stay_as_they_are() -> None:
    network = hamlet_at(121.4)
    nodes, links = network.nodes.copy(deep=True), network.links.copy(deep=True)
    run(network, profiles=hill(120.0))
    pd.testing.assert_frame_equal(network.nodes, nodes)
    pd.testing.assert_frame_equal(network.links, links)
