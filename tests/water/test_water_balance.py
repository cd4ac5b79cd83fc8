"""What springs and tanks give: by hand, against a simulation in small steps, and what must hold for any network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from wntr_layers import NAN, drawn, network_of, wants

from siteplan.errors import PlanError
from siteplan.language import Texts
from siteplan.layers.findings import with_messages
from siteplan.water.balance import LIMITS, STATES, Balance, water_balance
from siteplan.water.balance_flow import Passing
from siteplan.water.balance_units import build_units
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.tracing import trace

FLAT = [1.0] * 24
NIGHT = [0.3] * 6 + [22.2 / 18] * 18
"""Six hours of night at 0.3 of the mean hour."""
HALF = [0.0] * 12 + [2.0] * 12
"""All drawn in twelve hours."""


def balanced(network: WaterNetwork, demands: Demands, factors: list[float] = FLAT, **options: Any) -> Balance:
    return water_balance(network, demands, trace(network), hourly_factors=factors, **options)


def spring_tank_hamlet(*, m3_per_day: float, volume: float) -> WaterNetwork:
    nodes = {"S1": {"yield_m3_per_day": m3_per_day}, "T1": {"volume_m3": volume}, "J1": {}}
    return drawn(nodes, [("S1", "T1"), ("T1", "J1")], ["J1"])


def people(*m3: float, **more: Any) -> Demands:
    return wants([{"people": 10 * each, **more} for each in m3])


def test_reference_222_8_of_276_5() -> None:
    """1.2 L/s in, 1.6 L/s wanted, a full tank of 31 m3, 48 h from midnight.

    Wanted 1.6 * 172.8 = 276.48 m3, come in 1.2 * 172.8 = 207.36 m3. In the first night (six hours at 0.3 of the mean
    hour) 1.2 - 0.48 = 0.72 L/s find the tank full and spill: 0.72 * 21.6 = 15.552 m3. By day 1.9733 L/s are wanted,
    0.7733 L/s come out of the tank: 31 m3 last 11.1 of 18 h, and the 15.552 m3 of the second night 5.6 h, so that at
    the end it is empty. Delivered 207.36 + 31 - 15.552 = 222.808 m3. (Hourly snapshots of EPANET show 100 %.)
    """
    network = spring_tank_hamlet(m3_per_day=1.2 * 86.4, volume=31.0)
    found = balanced(network, people(1.6 * 86.4), NIGHT, hours=48)
    units = found.units.sum(numeric_only=True)
    assert units["run_wanted_m3"] == pytest.approx(276.5, abs=0.05)
    assert units["run_got_m3"] == pytest.approx(222.8, abs=0.05)
    assert units["run_got_m3"] == pytest.approx(207.36 + 31 - 15.552, abs=1e-9)
    assert units["run_spilled_m3"] == pytest.approx(15.552, abs=1e-9)
    assert units["end_m3"] == 0
    # What lasts is the yield: the tank's first filling is not counted as supply.
    hamlet = found.hamlets.iloc[0]
    assert hamlet["people_got_m3_per_day"] == pytest.approx(1.2 * 86.4)
    assert hamlet["people_share"] == pytest.approx(0.75)
    assert hamlet["litres_per_person_day"] == pytest.approx(75.0)
    assert (hamlet["state"], hamlet["limit"], hamlet["limited_by"]) == ("short", "source", "S1")


@pytest.mark.parametrize("seed", range(6))
def test_one_tank_against_small_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.random(24) * (rng.random(24) < 0.8)
    factors /= factors.mean()
    supply, wanted, volume, hours = rng.uniform(20, 100), rng.uniform(20, 100), rng.uniform(0, 40), 60
    found = balanced(
        spring_tank_hamlet(m3_per_day=supply, volume=volume), people(wanted), factors.tolist(), hours=hours, filled=0.5
    )
    level, got, spilled, a_step = volume / 2, 0.0, 0.0, 1 / 3600
    for hour in range(hours):
        want, come = wanted / 24 * factors[hour % 24] * a_step, supply / 24 * a_step
        for _ in range(3600):
            out = min(want, level + come)
            level += come - out
            spilled += max(level - volume, 0.0)
            level, got = min(level, volume), got + out
    units = found.units.sum(numeric_only=True)
    assert units["run_got_m3"] == pytest.approx(got, abs=0.01)
    assert units["run_spilled_m3"] == pytest.approx(spilled, abs=0.01)
    assert units["end_m3"] == pytest.approx(level, abs=0.01)


def test_two_tanks_in_a_row() -> None:
    """2 L/s in; A before the second tank wants 1, B behind it 2 L/s. The first tank (10 m3) lasts 10,000 s; then A goes
    first while B's own tank (5 m3) makes up 1 L/s for 5,000 s more; then 2 L/s are shared 1 : 2."""
    network = drawn(
        {"S1": {"yield_m3_per_day": 172.8}, "T1": {"volume_m3": 10.0}, "J1": {}, "T2": {"volume_m3": 5.0}, "J2": {}},
        [("S1", "T1"), ("T1", "J1"), ("J1", "T2"), ("T2", "J2")],
        ["J1", "J2"],
    )
    found = balanced(network, people(86.4, 172.8), hours=48)
    got = dict(zip(found.hamlets["unit"], found.units.loc[found.hamlets["unit"], "run_got_m3"], strict=True))
    first, second = found.hamlets["unit"]
    assert got[first] == pytest.approx(15 + 2 / 3 * 157.8)
    assert got[second] == pytest.approx(2 * 15 + 4 / 3 * 157.8)
    assert sum(got.values()) == pytest.approx(345.6 + 15)
    assert found.hamlets["people_share"].tolist() == pytest.approx([2 / 3, 2 / 3])


@pytest.mark.parametrize("volume", [19.2, 10.0])
def test_a_hamlet_on_the_line_to_the_tank(volume: float) -> None:
    """2.4 m3 an hour come; A on the line wants 1 and B behind the tank 3 m3 an hour, all within twelve hours. A goes
    first, the tank fills by night and adds 1.6 m3 an hour to the 1.4 that A leaves: 19.2 m3 are enough."""
    network = drawn(
        {"S1": {"yield_m3_per_day": 57.6}, "J1": {}, "T1": {"volume_m3": volume}, "J2": {}},
        [("S1", "J1"), ("J1", "T1"), ("T1", "J2")],
        ["J1", "J2"],
    )
    hamlets = balanced(network, people(12.0, 36.0), HALF).hamlets
    if volume > 19:
        assert hamlets["people_share"].tolist() == pytest.approx([1, 1])
        return
    # 10 m3 last 6.25 h; in the other 5.75 h 2.4 are shared 1 : 3, A 0.6 and B 1.8.
    assert hamlets["people_share"].tolist() == pytest.approx([(6.25 + 0.6 * 5.75) / 12, (3 * 6.25 + 1.8 * 5.75) / 36])
    assert hamlets["limit"].tolist() == ["no_tank", "tank"]
    assert hamlets["limited_by"].tolist() == ["S1", "T1"]


def test_a_stretch_between_two_tanks_does_not_join_them() -> None:
    """C draws from both tanks, which leaves the hamlet that hangs on the poor one alone with it."""
    network = drawn(
        {
            "S1": {"yield_m3_per_day": 10.0}, "T1": {"volume_m3": 5.0}, "J1": {},
            "S2": {"yield_m3_per_day": 50.0}, "T2": {"volume_m3": 5.0}, "J2": {}, "J3": {},
        },
        [("S1", "T1"), ("T1", "J1"), ("T1", "J3"), ("S2", "T2"), ("T2", "J2"), ("T2", "J3")],
        ["J1", "J2", "J3"],
    )  # fmt: skip
    hamlets = balanced(network, people(20.0, 20.0, 20.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([0.25, 1, 1])
    assert hamlets["limited_by"].tolist() == ["S1", "", ""]


def test_a_tank_that_nothing_else_fills_is_filled_whatever_the_heights_say() -> None:
    """Heights err by metres: a spring said to lie 2 m below its only tank feeds it all the same."""
    network = drawn(
        {"S1": {"yield_m3_per_day": 50.0, "head_m": 138.0}, "T1": {"volume_m3": 5.0, "floor_m": 140.0}, "J1": {}},
        [("S1", "T1"), ("T1", "J1")],
        ["J1"],
    )
    assert balanced(network, people(50.0)).hamlets["state"].tolist() == ["enough"]


@pytest.mark.parametrize(
    ("volume", "share", "limit"), [(0.0, 28.8 / 48, "no_tank"), (10.0, 38.8 / 48, "tank"), (19.2, 1.0, "")]
)
def test_without_a_tank_or_with_one_too_small_the_night_water_is_lost(volume: float, share: float, limit: str) -> None:
    """57.6 m3 a day come, 48 are wanted, all within twelve hours: 4 m3 an hour against 2.4."""
    hamlet = balanced(spring_tank_hamlet(m3_per_day=57.6, volume=volume), people(48.0), HALF).hamlets.iloc[0]
    assert hamlet["people_share"] == pytest.approx(share)
    assert hamlet["limit"] == limit
    assert hamlet["limited_by"] == {"": "", "tank": "T1", "no_tank": "S1"}[limit]


def test_a_tank_that_floats_on_the_end_of_the_pipes_helps_those_before_it() -> None:
    nodes = {"S1": {"yield_m3_per_day": 57.6}, "J1": {}, "T1": {"volume_m3": 19.2}}
    floating = balanced(drawn(nodes, [("S1", "J1"), ("J1", "T1")], ["J1"]), people(48.0), HALF)
    assert floating.hamlets["state"].tolist() == ["enough"]
    assert floating.units["tanks"].tolist() == ["T1"]


def test_people_come_before_livestock() -> None:
    """100 m3 come a day; people want 60, the herd 80: it gets what people leave. No herd takes from people."""
    network = spring_tank_hamlet(m3_per_day=100.0, volume=40.0)
    hamlet = balanced(network, people(60.0, livestock=800.0), NIGHT).hamlets.iloc[0]
    assert hamlet["people_got_m3_per_day"] == pytest.approx(60)
    assert hamlet["livestock_got_m3_per_day"] == pytest.approx(40)
    assert hamlet["livestock_share"] == pytest.approx(0.5)
    assert hamlet["state"] == "enough"
    # Short of a tank people lose the night water; the troughs take it.
    network = spring_tank_hamlet(m3_per_day=57.6, volume=0.0)
    bare = balanced(network, people(48.0, livestock=400.0), HALF).hamlets.iloc[0]
    assert bare["people_got_m3_per_day"] == pytest.approx(28.8)
    assert bare["livestock_got_m3_per_day"] == pytest.approx(28.8)


def test_a_shortage_is_shared_alike_within_a_stretch() -> None:
    network = drawn(
        {"S1": {"yield_m3_per_day": 30.0}, "J1": {}, "J2": {}}, [("S1", "J1"), ("J1", "J2")], ["J1", "J2", "J2"]
    )
    hamlets = balanced(network, people(10.0, 20.0, 30.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([0.5] * 3)
    assert hamlets["people_got_m3_per_day"].tolist() == pytest.approx([5, 10, 15])


def test_water_is_lifted_one_way() -> None:
    """The lower spring is pumped to the upper pipes; the upper spring gives nothing to the lower hamlet."""
    network = drawn(
        {"S1": {"yield_m3_per_day": 10.0}, "J1": {}, "S2": {"yield_m3_per_day": 40.0}, "J2": {}},
        [("S1", "J1"), ("J1", "J2", {"kind": "pump", "pump_power_kw": 1.0}), ("S2", "J2")],
        ["J1", "J2"],
    )
    hamlets = balanced(network, people(8.0, 42.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([1, 1])
    hamlets = balanced(network, people(20.0, 10.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([0.5, 1])
    assert hamlets["limited_by"].tolist() == ["S1", ""]


def test_beyond_a_pump_of_which_nothing_is_known_nothing_is() -> None:
    def states(**pump: float) -> list[str]:
        network = drawn(
            {"S1": {"yield_m3_per_day": 100.0}, "J1": {}, "T1": {"floor_m": 150.0, "max_level_m": 153.0,
             "volume_m3": 20.0}, "J2": {}},
            [("S1", "J1"), ("J1", "T1", {"kind": "pump", **pump}), ("T1", "J2")],
            ["J1", "J2"],
        )  # fmt: skip
        hamlets = balanced(network, people(8.0, 8.0)).hamlets
        assert (hamlets["limit"] == np.where(hamlets["state"] == "unknown", "pump_unknown", "")).all()
        return hamlets["state"].tolist()

    assert states(pump_power_kw=1.0) == states(pump_head_m=40.0, pump_flow_lps=1.0) == ["enough", "enough"]
    assert states() == states(pump_head_m=40.0) == ["enough", "unknown"]


@pytest.mark.parametrize("low_head", [120.0, NAN, 170.0])
def test_a_second_spring_below_the_tank(low_head: float) -> None:
    """The tank's water comes to a hamlet that has a small spring of its own, whatever that spring's head."""
    network = drawn(
        {
            "S1": {"yield_m3_per_day": 80.0, "head_m": 160.0},
            "T1": {"volume_m3": 10.0, "floor_m": 140.0},
            "J1": {},
            "S2": {"yield_m3_per_day": 20.0, "head_m": low_head},
        },
        [("S1", "T1"), ("T1", "J1"), ("J1", "S2")],
        ["J1"],
    )
    assert balanced(network, people(100.0)).hamlets["people_share"].tolist() == pytest.approx([1])
    assert balanced(network, people(200.0)).hamlets["people_share"].tolist() == pytest.approx([0.5])


def test_a_low_spring_does_not_fill_a_high_tank() -> None:
    """Hamlet 1 hangs below the tank with a rich low spring, hamlet 2 behind the tank on the other side."""
    nodes = {
        "S1": {"yield_m3_per_day": 30.0, "head_m": 160.0},
        "T1": {"volume_m3": 10.0, "floor_m": 140.0},
        "J1": {},
        "S2": {"yield_m3_per_day": 90.0, "head_m": 120.0},
        "J2": {},
    }
    links = [("S1", "T1"), ("T1", "J1"), ("J1", "S2"), ("T1", "J2")]
    hamlets = balanced(drawn(nodes, links, ["J1", "J2"]), people(40.0, 60.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([1, 0.5])
    # Were it high enough it would.
    nodes["S2"]["head_m"] = 150.0
    hamlets = balanced(drawn(nodes, links, ["J1", "J2"]), people(40.0, 60.0)).hamlets
    assert hamlets["people_share"].tolist() == pytest.approx([1, 1])


def test_what_is_not_known_is_never_enough() -> None:
    unknown = spring_tank_hamlet(m3_per_day=NAN, volume=31.0)
    hamlet = balanced(unknown, people(1.0, livestock=10.0)).hamlets.iloc[0]
    assert (hamlet["state"], hamlet["limit"], hamlet["limited_by"]) == ("unknown", "yield_unknown", "S1")
    got = ["people_got_m3_per_day", "people_share", "litres_per_person_day", "livestock_got_m3_per_day"]
    assert hamlet[got].isna().all()
    # A known spring beside it may suffice, whatever the other gives.
    nodes = {"S1": {"yield_m3_per_day": NAN}, "S2": {"yield_m3_per_day": 50.0}, "J1": {}}
    both = drawn(nodes, [("S1", "J1"), ("S2", "J1")], ["J1"])
    assert balanced(both, people(50.0)).hamlets["state"].tolist() == ["enough"]
    assert balanced(both, people(51.0)).hamlets["state"].tolist() == ["unknown"]


def test_an_unknown_volume_counts_as_none() -> None:
    unknown = spring_tank_hamlet(m3_per_day=57.6, volume=NAN)
    assert balanced(unknown, people(48.0), HALF).hamlets[["state", "limit"]].to_numpy().tolist() == [
        ["unknown", "volume_unknown"]
    ]
    assert balanced(unknown, people(48.0), FLAT).hamlets["state"].tolist() == ["enough"]


def test_unknown_people_leave_their_neighbours_unknown_and_no_one_else() -> None:
    network = drawn(
        {"S1": {"yield_m3_per_day": 50.0}, "J1": {}, "S2": {"yield_m3_per_day": 50.0}, "J2": {}},
        [("S1", "J1"), ("S2", "J2")],
        ["J1", "J1", "J2", ""],
    )
    found = balanced(network, people(NAN, 1.0, 1.0, NAN))
    assert found.hamlets["state"].tolist() == ["unknown", "unknown", "enough", "not_connected"]
    assert found.hamlets["limit"].tolist() == ["people_unknown", "people_unknown", "", ""]
    assert found.hamlets["people_got_m3_per_day"].tolist()[2:] == pytest.approx([1.0, 0.0])
    herd = wants([{"people": 10.0, "livestock": NAN}, {"people": 10.0, "livestock": 5.0}, {"people": 1.0}, {}])
    found = balanced(network, herd)
    assert found.hamlets["state"].tolist() == ["enough", "enough", "enough", "not_connected"]
    assert found.hamlets["livestock_got_m3_per_day"].isna().tolist() == [True, True, False, False]


def test_hamlets_without_water() -> None:
    network = drawn(
        {"S1": {"yield_m3_per_day": 50.0}, "J1": {}, "J2": {}},
        [("S1", "J1"), ("J1", "J2", {"state": "closed"})],
        ["J1", "J2", "", "J1"],
    )
    demands = wants([{"people": 10.0}, {"people": 10.0}, {"people": NAN}, {"people": 900.0, "connection": "none"}])
    found = balanced(network, demands)
    assert found.hamlets["state"].tolist() == ["enough", "not_reached", "not_connected", "not_connected"]
    assert found.hamlets["people_got_m3_per_day"].tolist() == pytest.approx([1, 0, 0, 0])
    assert found.hamlets["unit"].tolist()[1:] == [-1, -1, -1]
    assert [found.figures[state] for state in STATES] == [1, 0, 0, 1, 2]
    pd.testing.assert_index_equal(found.hamlets.index, network.connections.index)


def test_losses_and_the_highest_day() -> None:
    """60 used at 25 % losses take 75 from the spring; a day of 1.5 times takes 112.5."""
    network = spring_tank_hamlet(m3_per_day=75.0, volume=10.0)
    assert balanced(network, people(60.0), losses_percent=25.0).hamlets["state"].tolist() == ["enough"]
    found = balanced(network, people(60.0), losses_percent=25.0, day_factor=1.5)
    assert found.hamlets["people_share"].tolist() == pytest.approx([2 / 3])
    assert found.hamlets["people_wanted_m3_per_day"].tolist() == pytest.approx([90])
    assert found.hamlets["people_got_m3_per_day"].tolist() == pytest.approx([60])


def test_a_tank_that_drains_slowly_does_not_hide_a_yield_that_is_too_small() -> None:
    """Wanted 10.1, come 10.0: the tank hides it for 100 days, the answer does not."""
    network = spring_tank_hamlet(m3_per_day=10.0, volume=10.0)
    passing = Passing(build_units(network, trace(network), np.array([False, False, True])))
    day, repeats = passing.lasting_day(np.array([10.1]), np.ones(24))
    assert day.got.tolist() == pytest.approx([10.0])
    assert repeats.all()
    hamlet = balanced(network, people(10.1)).hamlets.iloc[0]
    assert hamlet["people_share"] == pytest.approx(10 / 10.1)
    assert hamlet["limit"] == "source"


def test_a_run_of_one_day_answers_with_what_lasts() -> None:
    network = spring_tank_hamlet(m3_per_day=1.2 * 86.4, volume=31.0)
    found = balanced(network, people(1.6 * 86.4), NIGHT, hours=24)
    assert found.units["run_wanted_m3"].sum() == pytest.approx(138.24)
    assert found.hamlets["people_share"].tolist() == pytest.approx([0.75])


def random_network(seed: int) -> tuple[WaterNetwork, Demands]:
    """Pipes, tanks, pumps and springs at random, some hamlets on them."""
    rng = np.random.default_rng(seed)
    nodes: dict[str, dict[str, Any]] = {f"J{k}": {} for k in range(14)}
    nodes |= {f"T{k}": {"volume_m3": rng.uniform(1, 30), "floor_m": rng.uniform(90, 130)} for k in range(4)}
    nodes |= {f"S{k}": {"yield_m3_per_day": rng.uniform(5, 60), "head_m": rng.uniform(90, 150)} for k in range(3)}
    names = [str(name) for name in rng.permutation(list(nodes))]
    links: list[Any] = [(name, names[rng.integers(place)]) for place, name in enumerate(names) if place]
    links += [(names[rng.integers(21)], names[rng.integers(21)]) for _ in range(3)]
    links = [(*link, {"kind": "pump", "pump_power_kw": 1.0}) if rng.random() < 0.1 else link for link in links]
    hamlets = [f"J{k}" for k in rng.integers(0, 14, 8)] + ["T1"]
    rows = [{"people": rng.uniform(0, 200), "livestock": rng.uniform(0, 200)} for _ in hamlets]
    return drawn(nodes, links, hamlets), wants(rows)


@pytest.mark.parametrize("seed", range(25))
def test_what_must_hold_for_any_network(seed: int) -> None:
    network, demands = random_network(seed)
    factors = np.random.default_rng(seed).random(24)
    factors = (factors / factors.mean()).tolist()
    reach = trace(network)
    found = water_balance(network, demands, reach, hourly_factors=factors, hours=72)
    units, hamlets = found.units, found.hamlets
    # Every cubic metre is somewhere.
    come = units["yield_m3_per_day"].sum() * 3
    assert come + units["volume_m3"].sum() == pytest.approx(
        units[["run_got_m3", "run_spilled_m3", "end_m3"]].to_numpy().sum()
    )
    known = network.nodes[reach.nodes["reached"].to_numpy()]
    assert units["yield_m3_per_day"].sum() == pytest.approx(known["yield_m3_per_day"].sum())
    assert units["volume_m3"].sum() == pytest.approx(known["volume_m3"].sum())
    assert (units["run_got_m3"] <= units["run_wanted_m3"] + 1e-9).all()
    assert (units[["run_got_m3", "run_spilled_m3", "least_m3", "end_m3"]] >= -1e-9).all(axis=None)
    got, herd = hamlets["people_got_m3_per_day"], hamlets["livestock_got_m3_per_day"]
    assert got.sum() + herd.sum() <= units["yield_m3_per_day"].sum() + 1e-6
    assert (got <= hamlets["people_wanted_m3_per_day"] + 1e-9).all()
    assert (hamlets["unit"] >= 0).tolist() == reach.hamlets["reached"].tolist()
    assert set(hamlets["limit"]) <= set(LIMITS)
    assert (hamlets["limited_by"] != "").tolist() == (hamlets["limit"] != "").tolist()
    # Livestock takes nothing from people.
    alone = Demands(demands.table.assign(livestock_m3_per_day=0.0), demands.rules)
    without = water_balance(network, alone, reach, hourly_factors=factors, hours=72).hamlets
    pd.testing.assert_series_equal(without["people_got_m3_per_day"], got)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    network, demands = random_network(seed)
    found = balanced(network, demands, NIGHT)
    order = np.random.default_rng(seed).permutation(len(network.links))
    mixed = network_of(
        pd.DataFrame(network.nodes.drop(columns="geometry")).assign(x=network.nodes.geometry.x, y=0.0),
        pd.DataFrame(network.links.drop(columns="geometry")).iloc[order].reset_index(drop=True),
        network.connections,
    )
    again = balanced(mixed, demands, NIGHT)
    pd.testing.assert_frame_equal(found.hamlets, again.hamlets, check_exact=False, rtol=1e-9)


def test_many_parts_at_once_are_as_each_alone() -> None:
    """Parts have their own clocks: the county's answer is the hamlet's."""
    rng = np.random.default_rng(7)
    nodes: dict[str, dict[str, Any]] = {}
    links, alone, m3 = [], [], []
    for k in range(10):
        supply, volume, wanted = rng.uniform(10, 60), rng.uniform(0, 20), rng.uniform(10, 60)
        nodes |= {f"S{k}": {"yield_m3_per_day": supply}, f"T{k}": {"volume_m3": volume}, f"J{k}": {}}
        links += [(f"S{k}", f"T{k}"), (f"T{k}", f"J{k}")]
        m3.append(wanted)
        one = balanced(spring_tank_hamlet(m3_per_day=supply, volume=volume), people(wanted), NIGHT)
        alone.append(one.hamlets["people_got_m3_per_day"].iloc[0])
    found = balanced(drawn(nodes, links, [f"J{k}" for k in range(10)]), people(*m3), NIGHT)
    assert found.hamlets["people_got_m3_per_day"].tolist() == pytest.approx(alone)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_have_words(language: Any) -> None:
    network = drawn(
        {
            "S1": {"yield_m3_per_day": NAN, "name": "龙潭"}, "T1": {"volume_m3": NAN}, "J1": {},
            "S2": {"yield_m3_per_day": 10.0}, "J2": {},
            "S3": {"yield_m3_per_day": 57.6}, "J3": {},
            "S4": {"yield_m3_per_day": 57.6}, "T4": {"volume_m3": 1.0}, "J4": {},
        },
        [("S1", "T1"), ("T1", "J1"), ("S2", "J2"), ("S3", "J3"), ("S4", "T4"), ("T4", "J4")],
        ["J1", "J2", "J3", "J4"],
    )  # fmt: skip
    found = balanced(network, people(NAN, 48.0, 48.0, 48.0), HALF, hamlet_ids=["a", "b", "c", "d"])
    told = with_messages(found.findings, Texts(language))
    assert [(row.code.removeprefix("water.balance."), row.id) for row in told.itertuples()] == [
        ("yield_unknown", "p-S1"), ("volume_unknown", "p-T1"), ("people_unknown", "a"), ("source", "p-S2"),
        ("tank", "p-T4"), ("no_tank", "p-S3"),
    ]  # fmt: skip
    assert "龙潭" in told["message"].iloc[0]
    assert "48.0" in told["message"].iloc[3] and "10.0" in told["message"].iloc[3]
    assert found.findings[["x", "y"]].notna().all(axis=None)
    texts = Texts(language)
    for state in STATES:
        assert texts(f"water.balance.state.{state}")
    for limit in LIMITS[1:]:
        assert texts(f"water.balance.limit.{limit}")
    for column in {*found.hamlets.columns, *found.units.columns} - {"unit", "part"}:
        assert texts(f"water.balance.column.{column}")
    for figure in found.figures:
        assert texts(f"water.balance.figure.{figure}")


def test_what_is_asked_wrongly_is_told_at_once() -> None:
    network, demands = spring_tank_hamlet(m3_per_day=1.0, volume=1.0), people(1.0)
    with pytest.raises(PlanError, match=r"(?s)hourly_factors: found 23.*hours: found 0.*filled: found 2"):
        balanced(network, demands, FLAT[:23], hours=0, filled=2)
    with pytest.raises(PlanError, match="mean is 2.0000"):
        balanced(network, demands, [2.0] * 24)
    with pytest.raises(PlanError, match="none negative"):
        balanced(network, demands, [-1.0, 3.0, *[1.0] * 22])
    with pytest.raises(PlanError, match="losses_percent"):
        balanced(network, demands, losses_percent=-1)


def test_nothing_at_all() -> None:
    assert balanced(drawn({}, [], [""]), people(1.0)).hamlets["state"].tolist() == ["not_connected"]
    assert balanced(drawn({"J1": {}}, [], ["J1"]), people(1.0)).hamlets["state"].tolist() == ["not_reached"]
    assert balanced(drawn({"S1": {"yield_m3_per_day": 1.0}}, [], ["S1"]), people(1.0)).hamlets["state"].tolist() == [
        "enough"
    ]
