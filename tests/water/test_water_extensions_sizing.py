"""Sizes: split pipes against brute force over single sizes, profiles held, pumps, tanks and classes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.water.extensions import Corridors, load_catalogue
from siteplan.water.extensions.catalogue import Catalogue, Pipes
from siteplan.water.extensions.feasibility import feasibility
from siteplan.water.extensions.points import Points, Works, at_rest, heads, needed_heads, tree_points
from siteplan.water.extensions.sizing import Sizing, laid_losses, rounded, size_tree

CATALOGUE = load_catalogue()
PLAIN = replace(
    CATALOGUE,
    pipes=Pipes(
        material=("plastic",) * 5,
        dn_mm=np.array([40.0, 50.0, 63.0, 75.0, 90.0]),
        inner_mm=np.array([35.2, 44.0, 55.4, 66.0, 79.2]),
        pn_m=np.full(5, 400.0),
        price_per_m=np.array([6.0, 9.0, 14.0, 20.0, 29.0]),
        roughness_c=np.full(5, 140.0),
    ),
)
FIVE = Corridors.from_profiles(
    [(0, 0, 100), (0, 0, 70), (0, 0, 60), (0, 0, 55), (0, 0, 65), (0, 0, 50)],
    [(0, 1, 800, 0), (1, 2, 600, 0), (2, 3, 900, 0), (1, 4, 700, 0), (2, 5, 1000, 0)],
)
FIVE_ARCS = [(0, 0, 1), (1, 1, 2), (3, 1, 4), (2, 2, 3), (4, 2, 5)]


def five_pipes(head_m: float = 100.0) -> Points:
    flows, service = {2: 1.0, 3: 0.8, 4: 1.2, 5: 0.6}, {2: 10.0, 3: 12.0, 4: 15.0, 5: 12.0}
    return tree_points(FIVE, FIVE_ARCS, 0, flows, service, head_m=head_m, rest_m=100.0)


def sized(points: Points, catalogue: Catalogue, *, split: bool = True) -> Sizing:
    found = feasibility(points, catalogue)
    assert found.failure == ""
    return size_tree(points, catalogue, found.works, found.need_m, found.class_m, split=split)


def best_single_sizes(points: Points, catalogue: Catalogue) -> float:
    """Brute force: every way to give each piece of the tree one pipe."""
    found = feasibility(points, catalogue)
    loss, speed = catalogue.pipes.loss_per_m(points.lps), catalogue.pipes.velocity(points.lps)
    best = np.inf
    pieces = np.arange(1, len(points))
    for choice in itertools.product(range(len(catalogue.pipes)), repeat=len(pieces)):
        pipe = np.array(choice)
        cost = float((catalogue.pipes.price_per_m[pipe] * points.step_m[1:]).sum())
        if cost >= best or (speed[pieces, pipe] > catalogue.limits.velocity_high).any():
            continue
        head = heads(points, np.concatenate([[0.0], loss[pieces, pipe]]), found.works)
        if (head[1:] - points.z_m[1:] >= found.need_m[1:] - 1e-9).all():
            best = cost
    return best


def test_five_pipes_split_against_single_sizes() -> None:
    """Split pipes undercut one size a pipe; one size a pipe by integer program is brute force to the cent."""
    points = five_pipes()
    single = best_single_sizes(points, PLAIN)
    split, whole = sized(points, PLAIN), sized(points, PLAIN, split=False)
    assert whole.status == split.status == "optimal"
    assert whole.cost == pytest.approx(single, abs=1e-6)
    assert single == 51_900.0
    assert split.cost == pytest.approx(49_335.03, abs=0.01)


@pytest.mark.parametrize("seed", range(15))
def test_random_trees_split_never_costs_more_than_the_best_single_sizes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = np.concatenate([[200.0], 165.0 - rng.uniform(0, 40, 4)])
    parent = [0, *(int(rng.integers(0, k)) for k in range(2, 5))]
    parent = [parent[0], *parent[1:]]
    corridors = Corridors.from_profiles(
        [(0, 0, height) for height in z],
        [(parent[k], k + 1, float(rng.integers(300, 1200)), 0) for k in range(4)],
    )
    arcs = [(k, parent[k], k + 1) for k in range(4)]
    flow = {k: float(rng.uniform(0.2, 1.2)) for k in range(1, 5)}
    service = {k: float(rng.choice([10.0, 12.0])) for k in range(1, 5)}
    points = tree_points(corridors, arcs, 0, flow, service, head_m=200.0, rest_m=200.0)
    if feasibility(points, PLAIN).failure:
        pytest.skip("too steep or too far for these five sizes")
    single = best_single_sizes(points, PLAIN)
    assert sized(points, PLAIN, split=False).cost == pytest.approx(single, abs=1e-6)
    assert sized(points, PLAIN).cost <= single + 1e-6


def long_line(seed: int, *, fall: float = 0.03, n: int = 40, service: float = 12.0) -> Points:
    """One pipe of 4 km over rough ground, its source high above."""
    rng = np.random.default_rng(seed)
    station = np.arange(1, n) * 100.0
    height = 300.0 - fall * station + np.cumsum(rng.normal(0, 3.0, n - 1))
    end = 300.0 - fall * n * 100.0 - 20.0
    corridors = Corridors.from_profiles(
        [(0, 0, 300.0), (0, 0, end)],
        [(0, 1, n * 100.0, 25.0)],
        [list(zip(station.tolist(), height.tolist(), strict=True))],
    )
    return tree_points(corridors, [(0, 0, 1)], 0, {1: 1.5}, {1: service}, head_m=325.0, rest_m=325.0)


def cell_by_cell(points: Points, catalogue: Catalogue) -> float:
    """The same optimum without cuts: every piece between two points is free to be anything."""
    from scipy.optimize import linprog

    found = feasibility(points, catalogue)
    assert len(np.unique(found.class_m[1:])) == 1
    loss = catalogue.pipes.loss_per_m(points.lps[1:])
    fits = (catalogue.pipes.velocity(points.lps[1:]) <= catalogue.limits.velocity_high) & (
        catalogue.pipes.pn_m >= found.class_m[1:, None]
    )
    n, k = loss.shape
    cost = np.tile(catalogue.pipes.price_per_m, n)
    equal = np.kron(np.eye(n), np.ones(k))
    fallen = np.kron(np.tri(n), np.ones(k)) * loss.ravel()
    solved = linprog(
        cost,
        A_ub=fallen,
        b_ub=points.head_m - points.z_m[1:] - found.need_m[1:],
        A_eq=equal,
        b_eq=points.step_m[1:],
        bounds=[(0, None if good else 0) for good in fits.ravel()],
    )
    return float(solved.fun)


@pytest.mark.parametrize("seed", range(12))
def test_every_point_of_the_profile_is_held_at_the_least_cost(seed: int) -> None:
    """Cuts added one by one give the optimum of the program that holds every point from the start."""
    points = long_line(seed)
    found = feasibility(points, PLAIN)
    if found.failure or found.works.pump_at.any():
        pytest.skip("a ridge above the source")
    answer = sized(points, PLAIN)
    assert answer.cost == pytest.approx(cell_by_cell(points, PLAIN), rel=1e-6)
    assert (answer.head_m - points.z_m >= found.need_m - 1e-5)[1:].all()
    for run in answer.runs:
        inner = PLAIN.pipes.inner_mm[[pipe for pipe, _ in run.pieces]]
        assert (np.diff(inner) < 0).all()


def test_a_ridge_in_the_middle_costs_more_than_the_ends_alone() -> None:
    corridors = [
        Corridors.from_profiles([(0, 0, 100), (0, 0, 50)], [(0, 1, 2000, 0)], [[(1500.0, height)]])
        for height in (60.0, 80.0)
    ]
    cost, head = [], []
    for one in corridors:
        points = tree_points(one, [(0, 0, 1)], 0, {1: 1.0}, {1: 12.0}, head_m=100.0, rest_m=100.0)
        answer = sized(points, PLAIN)
        cost.append(answer.cost)
        head.append(answer.head_m[1])
    assert cost[0] < cost[1]
    assert head[1] >= 80.0 + 9.999


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), more=st.floats(0.0, 30.0))
def test_more_head_never_costs_more(seed: int, more: float) -> None:
    """At the same head at rest: that decides the class of the pipes."""
    points = replace(long_line(seed), rest_m=360.0)
    if feasibility(points, PLAIN).failure or feasibility(points, PLAIN).works.pump_at.any():
        return
    higher = replace(points, head_m=points.head_m + more)
    need, _ = needed_heads(points, Works.none(points, 2.0), PLAIN.limits)
    found = feasibility(higher, PLAIN)
    # What must remain in the first run grows with the head at rest there: hold both to the same.
    cost = size_tree(points, PLAIN, found.works, need, found.class_m).cost
    assert size_tree(higher, PLAIN, found.works, need, found.class_m).cost <= cost + 1e-6


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_rounding_away_short_pieces_lowers_no_head(seed: int) -> None:
    points = long_line(seed)
    found = feasibility(points, CATALOGUE)
    if found.failure:
        return
    exact = size_tree(points, CATALOGUE, found.works, found.need_m, found.class_m)
    wide = replace(CATALOGUE, limits=replace(CATALOGUE.limits, shortest_piece_m=400.0))
    for catalogue in (CATALOGUE, wide):
        plain = rounded(points, catalogue, found.works, exact)
        assert plain.cost >= exact.cost - 1e-9
        assert plain.bound == exact.bound
        assert (plain.head_m >= exact.head_m - 1e-7).all()
        for run in plain.runs:
            assert sum(length for _, length in run.pieces) == pytest.approx(run.length_m)
            assert len(run.pieces) == 1 or min(length for _, length in run.pieces) >= catalogue.limits.shortest_piece_m
        assert plain.status == ("rounded" if plain.cost > exact.cost else "optimal")
        assert np.allclose(laid_losses(points, catalogue, plain.runs), plain.loss_per_m)


def test_velocity_leaves_narrow_pipes_out() -> None:
    points = long_line(0, fall=0.05)
    fast = sized(points, CATALOGUE)
    slow = replace(CATALOGUE, limits=replace(CATALOGUE.limits, velocity_high=0.9, velocity_low=0.3))
    calm = sized(points, slow)
    speeds = [slow.pipes.velocity(points.lps[run.points[:1]])[0, pipe] for run in calm.runs for pipe, _ in run.pieces]
    assert max(speeds) <= 0.9
    assert calm.cost > fast.cost
    assert feasibility(replace(points, lps=points.lps * 1e4), CATALOGUE).failure == "flow_too_large"


def falling(depths: list[float], *, service: float = 12.0, flow: float = 0.8) -> Points:
    """A line of pieces of 500 m whose nodes lie so far under the source at 1000 m."""
    z = [1000.0, *(1000.0 - depth for depth in depths)]
    n = len(depths)
    profile = [[(100.0 * k, z[j] + (z[j + 1] - z[j]) * k / 5) for k in range(1, 5)] for j in range(n)]
    corridors = Corridors.from_profiles(
        [(0, 0, height) for height in z], [(k, k + 1, 500.0, 10.0) for k in range(n)], profile
    )
    arcs = [(k, k, k + 1) for k in range(n)]
    return tree_points(corridors, arcs, 0, {n: flow}, {n: service}, head_m=1000.0, rest_m=1000.0)


def test_pipes_bear_the_head_at_rest() -> None:
    points = falling([40, 90, 140, 90])
    found = feasibility(points, CATALOGUE)
    answer = sized(points, CATALOGUE)
    assert {100.0, 125.0, 160.0} <= set(found.class_m[1:])
    for run in answer.runs:
        for pipe, _ in run.pieces:
            assert (CATALOGUE.pipes.pn_m[pipe] >= found.rest_m[run.points]).all()


def test_a_long_way_down_gets_break_pressure_tanks_and_no_more_than_it_needs() -> None:
    points = falling([100, 200, 300, 400, 500, 600])
    found = feasibility(points, CATALOGUE)
    assert found.failure == ""
    assert found.works.tank_at.sum() == 2
    strongest = CATALOGUE.pipes.pn_m.max()
    assert np.nanmax(found.rest_m) <= strongest
    answer = sized(points, CATALOGUE)
    assert (answer.head_m - points.z_m >= found.need_m - 1e-5)[1:].all()
    below = int(np.flatnonzero(found.works.tank_at)[0])
    child = int(np.flatnonzero(points.parent == below)[0])
    level = points.z_m[below] + CATALOGUE.prices.tank_depth_m
    assert answer.head_m[child] == pytest.approx(level - answer.loss_per_m[child] * points.step_m[child])


def test_a_valley_deeper_than_any_class_with_the_hamlet_on_its_far_side_fails() -> None:
    """A tank high enough for the hamlet would leave the valley's floor under too much head."""
    assert feasibility(falling([150, 500, 150]), CATALOGUE).failure == "no_class"
    assert feasibility(falling([150, 500, 490]), CATALOGUE).failure == ""


def test_a_hamlet_above_the_source_gets_a_pump_of_just_the_head_it_needs() -> None:
    points = falling([20, 10, -30])
    found = feasibility(points, CATALOGUE)
    assert found.failure == ""
    assert found.works.pump_at[1]
    answer = sized(points, CATALOGUE)
    lift = answer.pump_head_m[1]
    assert 42.0 < lift <= found.works.pump_head_m[1]
    assert answer.head_m[-1] - points.z_m[-1] == pytest.approx(12.0, abs=1e-4)
    # At no flow the pump of one point gives a third more: the pipes bear that.
    rest = at_rest(points, replace(found.works, pump_head_m=answer.pump_head_m))
    assert rest[-1] == pytest.approx(4 / 3 * lift + 1000.0 - min(points.z_m[-2:]))
    dear = replace(CATALOGUE, prices=replace(CATALOGUE.prices, pump_per_kw=3.5e7))
    assert sized(points, dear).pump_head_m[1] < lift
    assert feasibility(falling([20, -400]), CATALOGUE).failure in ("pump_too_high", "no_class")


def test_a_pump_stands_where_only_those_behind_it_need_it() -> None:
    corridors = Corridors.from_profiles(
        [(0, 0, 100), (0, 0, 60), (0, 0, 55), (0, 0, 120), (0, 0, 125)],
        [(0, 1, 800, 0), (1, 2, 500, 0), (1, 3, 500, 0), (3, 4, 200, 0)],
    )
    arcs = [(0, 0, 1), (1, 1, 2), (2, 1, 3), (3, 3, 4)]
    points = tree_points(corridors, arcs, 0, {2: 0.5, 3: 0.4, 4: 0.3}, {2: 12, 3: 12, 4: 12}, head_m=100, rest_m=100)
    found = feasibility(points, CATALOGUE)
    assert points.node[found.works.pump_at].tolist() == [3]
    answer = sized(points, CATALOGUE)
    assert (answer.head_m - points.z_m >= found.need_m - 1e-5)[1:].all()


def test_the_head_that_must_remain_near_the_source_and_along_the_line() -> None:
    points = falling([4, 16, 40, 28, 40], service=8.0)
    need, run = needed_heads(points, Works.none(points, 2.0), CATALOGUE.limits)
    at = {int(node): k for k, node in enumerate(points.node) if node >= 0}
    assert need[at[1]] == pytest.approx(2.0)
    assert run[at[1]]
    assert need[at[2]] == pytest.approx(8.0)
    assert need[at[3]] == 10.0
    # Once the line is deep enough, a ridge does not bring the first run back.
    assert need[at[4]] == 10.0
    assert not run[at[4]]
    assert need[at[5]] == 8.0
    # Only the last points before a hamlet that asks for less are held to less.
    assert need[at[5] - 1] == 10.0
    higher = falling([40, 39, 38.5], service=5.0)
    need, _ = needed_heads(higher, Works.none(higher, 2.0), CATALOGUE.limits)
    assert need[-2] == 5.0
