"""Designs from end to end: EPANET agrees, sums add up, budgets, taps, reasons, the same answer twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_corridors import Valley, made_valley

from siteplan.errors import LayerError
from siteplan.water.extensions import Corridors, ExtensionDesign, design_extensions, load_catalogue
from siteplan.water.extensions import recheck as rechecking
from siteplan.water.extensions.budget import Offer, choose
from siteplan.water.extensions.recheck import AGREES_M

CATALOGUE = load_catalogue()
REASONS = {
    "", "no_place", "demand_unknown", "height_unknown", "no_corridor", "no_spare_flow", "no_head", "pump_too_high",
    "no_class", "flow_too_large", "budget", "left_out", "recheck",
}  # fmt: skip


def designed(valley: Valley, **options: object) -> ExtensionDesign:
    return design_extensions(valley.corridors, valley.sources, valley.hamlets, **options)  # type: ignore[arg-type]


def held(valley: Valley, design: ExtensionDesign) -> ExtensionDesign:
    """What every design must hold."""
    projects, pipes, hamlets, works = design.projects, design.pipes, design.hamlets, design.works
    limits = CATALOGUE.limits
    sound = projects[projects["failure"] == ""]
    assert hamlets.index.equals(valley.hamlets.index)
    assert set(hamlets["reason"]) <= REASONS
    assert (hamlets["served"] == (hamlets["reason"] == "")).all()
    # Sums: pieces make projects, chosen projects make the figures.
    by_project = (
        pipes.groupby("project")[["pipe_cost", "trench_cost", "length_m"]].sum().reindex(sound.index, fill_value=0)
    )
    for name in ("pipe_cost", "trench_cost", "length_m"):
        assert np.allclose(by_project[name], sound[name])
    assert np.allclose(works.groupby("project")["cost"].sum().reindex(sound.index, fill_value=0), sound["works_cost"])
    parts = sound[["pipe_cost", "trench_cost", "works_cost"]].sum(axis=1)
    assert np.allclose(parts, sound["cost"])
    chosen = projects[projects["chosen"]]
    assert design.figures["cost"] == pytest.approx(chosen["cost"].sum())
    assert design.figures["people_served"] == pytest.approx(
        valley.hamlets.loc[hamlets["served"], "people"].fillna(0).sum()
    )
    assert (sound["bound"] <= sound["cost"] + 1e-6).all()
    each = sound["cost_per_person"].dropna()
    assert each.is_monotonic_increasing
    # Hydraulics: heads fall along pipes and stay over the ground; classes bear the head at rest; speeds are allowed.
    assert (pipes["head_start_m"] > pipes["head_stop_m"]).all()
    assert (pipes["least_m"] > -1e-6).all()
    assert (pipes["rest_m"] <= pipes["pn_m"] + 1e-6).all()
    assert (pipes["velocity_ms"] <= limits.velocity_high).all()
    assert (pipes["slow"] == (pipes["velocity_ms"] < limits.velocity_low)).all()
    piped = hamlets[hamlets["served"] & (hamlets["service"] == "piped")]
    assert (piped["head_m"] >= valley.hamlets.loc[piped.index, "service_head_m"] - 1e-4).all()
    # Sources give no more than they have.
    given_ = valley.hamlets["peak_lps"].groupby(hamlets["source"].where(hamlets["served"])).sum()
    assert (given_ <= valley.sources["spare_lps"].reindex(given_.index) + 1e-9).all()
    if design.parameters["check"]:
        assert (sound["recheck"] == "agrees").all()
        assert (sound["recheck_m"] <= AGREES_M).all()
    return design


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("instead", ["pump", "tap"])
def test_every_designed_tree_survives_epanet(seed: int, instead: str) -> None:
    valley = made_valley(seed, rough=1.5)
    design = held(valley, designed(valley, where_no_gravity=instead))
    assert design.figures["hamlets_served"] > 0
    assert design.projects["chosen"].eq(design.projects["state"] != "failed").all()


def test_pumps_and_tanks_survive_epanet_too() -> None:
    """A hamlet 470 m down and one above the source: a tank, a pump, heads as EPANET has them."""
    nodes = [(0, 0, 900), (500, 0, 880), (3000, 0, 430), (500, 500, 940)]
    edges = [(0, 1, 500, 30), (1, 2, 2500, 30), (1, 3, 500, 30)]
    down = [(float(s), 880 - 450 * s / 2500) for s in range(50, 2500, 50)]
    valley = Valley(
        Corridors.from_profiles(nodes, edges, [[], down, []]),
        pd.DataFrame({"node": [0], "head_m": [905.0], "spare_lps": [3.0]}, index=["spring"]),
        pd.DataFrame(
            {"node": [2, 3], "peak_lps": [1.0, 0.5], "people": [200, 90], "service_head_m": [12, 12]}, index=["a", "b"]
        ),
    )
    design = held(valley, designed(valley))
    assert sorted(design.works["kind"]) == ["pump", "tank"]
    assert design.projects.loc["E1", "needs"] == "pump+tank"
    assert design.hamlets.loc["b", "head_m"] == pytest.approx(12.0, abs=1e-3)
    assert design.hamlets.loc["b", "pump_head_m"] > 40.0
    assert design.projects.loc["E1", "recheck_m"] < AGREES_M
    tank = design.works.set_index("kind").loc["tank"]
    assert tank["edge"] == 1
    assert tank["z_m"] == pytest.approx(880 - 450 * tank["station_m"] / 2500)
    assert design.pipes["rest_m"].max() <= 250.0


def test_a_tap_stands_where_gravity_still_has_its_head() -> None:
    """A hill of 40 m at the end: the tap stands on its slope, under the source by its head and the friction allowed."""
    limits = CATALOGUE.limits
    climb = [(float(s), 860 + 40 * s / 1000) for s in range(50, 1000, 50)]
    valley = Valley(
        Corridors.from_profiles(
            [(0, 0, 895), (500, 0, 860), (1500, 0, 900)], [(0, 1, 500, 30), (1, 2, 1000, 30)], [[], climb]
        ),
        pd.DataFrame({"node": [0], "head_m": [900.0], "spare_lps": [3.0]}, index=["spring"]),
        pd.DataFrame({"node": [2], "peak_lps": [0.3], "people": [50.0], "service_head_m": [10.0]}, index=["hill"]),
    )
    design = held(valley, designed(valley, where_no_gravity="tap"))
    tap = design.works.iloc[0]
    assert (tap["kind"], tap["edge"], tap["node"]) == ("tap", 1, -1)
    assert design.hamlets.loc["hill", ["service", "tap_edge", "tap_station_m"]].tolist() == ["tap", 1, tap["station_m"]]
    walk = design.hamlets.loc["hill", "tap_walk_m"]
    assert walk == pytest.approx(1000 - tap["station_m"])
    assert design.hamlets.loc["hill", "tap_climb_m"] == pytest.approx(900 - tap["z_m"])
    assert tap["head_m"] >= limits.tap_head_m - 1e-4
    # The next point up would leave it too little.
    above = tap["z_m"] + 2.0
    assert 900.0 - limits.friction_allowance * (500 + tap["station_m"] + 50) - above < limits.line_head_m
    pumped = held(valley, designed(valley))
    assert pumped.works["kind"].tolist() == ["pump"]
    assert pumped.hamlets.loc["hill", "tap_walk_m"] == walk
    assert pumped.figures["cost"] > design.figures["cost"]


def test_a_larger_budget_never_serves_fewer_people() -> None:
    valley = made_valley(3, side=7, hamlets=12, sources=4)
    whole = held(valley, designed(valley, check=False))
    last, costs = -1.0, float(whole.projects["cost"].sum())
    served = []
    for share in (0.0, 0.1, 0.25, 0.4, 0.6, 0.8, 0.95, 1.0, 1.2):
        design = held(valley, designed(valley, check=False, budget=share * costs))
        assert design.figures["cost"] <= share * costs + 1e-6
        assert design.figures["people_served"] >= last
        last = float(design.figures["people_served"])
        served.append(last)
    assert last == whole.figures["people_served"]
    assert len(set(served)) > 3
    tight = designed(valley, check=False, budget=0.4 * costs)
    assert tight.figures["budget_status"] == "optimal"
    assert set(tight.hamlets.loc[~tight.hamlets["served"], "reason"]) <= {"budget", "left_out"}


def brute_choice(projects: list[list[Offer]], budget: float) -> tuple[float, float]:
    best = (0.0, 0.0)
    import itertools

    for picks in itertools.product(*[range(-1, len(offers)) for offers in projects]):
        taken = [offers[k] for offers, k in zip(projects, picks, strict=True) if k >= 0]
        cost = sum(offer.cost for offer in taken)
        if cost <= budget:
            best = max(best, (sum(offer.people for offer in taken), -cost))
    return best[0], -best[1]


OFFERS = st.lists(
    st.lists(
        st.builds(Offer, people=st.integers(0, 300).map(float), cost=st.integers(1, 100).map(float)),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=80, deadline=None)
@given(projects=OFFERS, budget=st.integers(0, 300).map(float), more=st.integers(0, 100).map(float))
def test_the_choice_within_a_budget_is_brute_force_and_by_rank_at_least_half(projects, budget, more) -> None:
    """The first offer of a project is its whole: make it the largest."""
    projects = [sorted(offers, key=lambda offer: -offer.people) for offers in projects]
    exact = choose(projects, budget)
    if exact.status != "all":
        people, cost = brute_choice(projects, budget)
        assert exact.people == people
        taken = [offers[k] for offers, k in zip(projects, exact.taken, strict=True) if k >= 0]
        assert sum(offer.cost for offer in taken) == pytest.approx(cost)
        whole = [[offers[0]] for offers in projects]
        ranked, best = choose(whole, budget, exact=False), brute_choice(whole, budget)[0]
        if ranked.status == "greedy":
            assert best / 2 <= ranked.people <= best <= ranked.bound + 1e-6
            assert 0.0 <= ranked.gap <= 1.0
    assert choose(projects, budget + more).people >= exact.people
    whole = [[offers[0]] for offers in projects]
    assert choose(whole, budget + more, exact=False).people >= choose(whole, budget, exact=False).people


def test_the_same_answer_twice_and_in_any_order_of_rows() -> None:
    valley = made_valley(5)
    first = designed(valley, check=False)
    shuffled = Valley(valley.corridors, valley.sources.iloc[::-1], valley.hamlets.sample(frac=1, random_state=1))
    second = designed(shuffled, check=False)
    pd.testing.assert_frame_equal(first.projects, second.projects)
    pd.testing.assert_frame_equal(first.pipes, second.pipes)
    pd.testing.assert_frame_equal(first.hamlets, second.hamlets.loc[first.hamlets.index])
    assert first.figures.keys() == second.figures.keys()


def test_a_design_that_epanet_refutes_is_marked_and_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    valley = made_valley(1)
    monkeypatch.setattr(rechecking, "AGREES_M", -1.0)
    design = designed(valley)
    assert (design.projects["state"] == "failed").all()
    assert (design.projects["recheck"] == "differs").all()
    assert not design.projects["chosen"].any()
    assert (design.hamlets["reason"] == "recheck").all()
    assert design.figures["people_served"] == 0.0
    assert "check_failed" in design.notes


def test_without_epanet_a_design_says_that_it_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "wntr", None)
    design = designed(made_valley(1))
    assert (design.projects["recheck"] == "not_run").all()
    assert "not_checked" in design.notes
    assert design.projects["chosen"].any()


def test_what_is_unknown_is_told_and_never_served() -> None:
    valley = made_valley(2)
    hamlets = valley.hamlets.copy()
    hamlets.loc["H00", "node"] = -1
    hamlets.loc["H01", "peak_lps"] = np.nan
    hamlets.loc["H02", "people"] = np.nan
    z = valley.corridors.z_m.copy()
    z[int(hamlets.loc["H03", "node"])] = np.nan
    broken = Valley(replace(valley.corridors, z_m=z), valley.sources, hamlets)
    design = held(broken, designed(broken, check=False))
    assert design.hamlets["reason"].loc[["H00", "H01", "H03"]].tolist() == [
        "no_place",
        "demand_unknown",
        "height_unknown",
    ]
    assert design.projects["people_unknown"].sum() == 1
    assert design.figures["edges_unknown"] > 0
    assert {"edges_unknown", "people_unknown", "prices_invented"} <= set(design.notes)


def test_no_sources_no_hamlets_no_corridors() -> None:
    valley = made_valley(1)
    none = designed(replace(valley, sources=valley.sources.iloc[:0]), check=False)
    assert set(none.hamlets["reason"]) == {"no_spare_flow"}
    assert len(none.projects) == len(none.pipes) == len(none.works) == 0
    empty = designed(replace(valley, hamlets=valley.hamlets.iloc[:0]))
    assert empty.figures["hamlets_asked"] == len(empty.projects) == 0
    bare = Corridors.from_profiles([(0, 0, 100), (9, 9, 50)], [])
    lone = design_extensions(
        bare,
        pd.DataFrame({"node": [0], "head_m": [120.0], "spare_lps": [1.0]}, index=["S"]),
        pd.DataFrame(
            {"node": [0, 1], "peak_lps": [0.5, 0.2], "people": [40, 50], "service_head_m": [10, 10]},
            index=["here", "far"],
        ),
    )
    assert lone.hamlets["reason"].tolist() == ["", "no_corridor"]
    assert lone.projects.loc["E1", ["cost", "people", "state"]].tolist() == [0.0, 40.0, "sound"]


def test_faulty_tables_are_refused_with_their_rows() -> None:
    valley = made_valley(1)
    for table, text in (
        (valley.sources.drop(columns="spare_lps"), "columns missing: spare_lps"),
        (valley.sources.assign(node=999), "S0, S1 \\(2 in all\\)"),
        (valley.sources.assign(rest_head_m=1.0), "rest_head_m under head_m"),
        (pd.concat([valley.sources, valley.sources]), "ids twice"),
    ):
        with pytest.raises(LayerError, match=text):
            designed(replace(valley, sources=table))
    with pytest.raises(LayerError, match="people is negative: H00"):
        designed(replace(valley, hamlets=valley.hamlets.assign(people=-1.0)))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), rough=st.floats(0.0, 3.0), spare=st.sampled_from([0.5, 1.5, 10.0]))
def test_any_valley(seed: int, rough: float, spare: float) -> None:
    valley = made_valley(seed, rough=rough, sources=3)
    valley = replace(valley, sources=valley.sources.assign(spare_lps=spare))
    held(valley, designed(valley))
