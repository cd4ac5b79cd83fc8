"""Layouts: brute force over all trees on small graphs, bounds below costs, sources' room kept."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.water.extensions.ascent import dual_bound
from siteplan.water.extensions.forest import Forest
from siteplan.water.extensions.layout import lay_out
from siteplan.water.extensions.steiner import CostGraph, mehlhorn
from siteplan.water.extensions.task import Layout, LayoutTask


def random_task(seed: int, *, n: int = 8, extra: int = 6, sources: int = 1, hamlets: int = 3, spare: float = 1e9):
    """A connected random graph: a random tree and a few more edges, some of them parallel."""
    rng = np.random.default_rng(seed)
    u = [int(rng.integers(0, k)) for k in range(1, n)] + rng.integers(0, n, extra).tolist()
    v = [*range(1, n), *rng.integers(0, n, extra).tolist()]
    cost = rng.integers(1, 40, len(u)).astype(float) * 10.0
    places = rng.permutation(n)
    ones = np.ones((1, len(u)), dtype=bool)
    return LayoutTask(
        n_nodes=n,
        u=np.array(u),
        v=np.array(v),
        cost=cost,
        usable=ones,
        allowed=np.ones((1, hamlets), dtype=bool),
        source_node=places[:sources],
        source_level=np.zeros(sources, dtype=np.int64),
        spare_lps=np.full(sources, spare),
        node=places[sources : sources + hamlets],
        lps=rng.integers(1, 5, hamlets).astype(float) / 10.0,
        people=rng.integers(10, 200, hamlets).astype(float),
        lifted=np.zeros(hamlets, dtype=bool),
        liftable=ones[0],
    )


def steiner_by_brute_force(task: LayoutTask, usable: np.ndarray, terminals: set[int]) -> float:
    """The cheapest spanning tree over every set of nodes that holds the terminals: all trees, in effect."""
    if len(terminals) < 2:
        return 0.0
    graph = nx.Graph()
    for u, v, cost, can in zip(task.u.tolist(), task.v.tolist(), task.cost.tolist(), usable.tolist(), strict=True):
        if can and u != v and cost < graph.get_edge_data(u, v, {"weight": np.inf})["weight"]:
            graph.add_edge(u, v, weight=cost)
    others = sorted(set(graph) - terminals)
    best = np.inf
    for size in range(len(others) + 1):
        for more in itertools.combinations(others, size):
            part = graph.subgraph(terminals | set(more))
            if len(part) == len(terminals) + size and nx.is_connected(part):
                best = min(best, nx.minimum_spanning_tree(part).size("weight"))
    return best


def forest_by_brute_force(task: LayoutTask) -> tuple[float, float]:
    """Over all ways to give hamlets to sources (or to none): most people served, then least cost."""
    n_sources, n_hamlets = len(task.source_node), len(task.node)
    best, memory = (0.0, 0.0), {}
    for homes in itertools.product(range(-1, n_sources), repeat=n_hamlets):
        of = np.array(homes)
        loads = np.array([task.lps[of == s].sum() for s in range(n_sources)])
        if (loads > task.spare_lps + 1e-9).any():
            continue
        cost = 0.0
        for source in range(n_sources):
            level = task.source_level[source]
            mine = np.flatnonzero(of == source)
            if not task.allowed[level, mine].all():
                cost = np.inf
                break
            key = (source, tuple(mine.tolist()))
            if key not in memory:
                nodes = {int(task.source_node[source]), *task.node[mine].tolist()}
                memory[key] = steiner_by_brute_force(task, task.usable[level], nodes)
            cost += memory[key]
        if np.isfinite(cost):
            best = max(best, (float(task.people[of >= 0].sum()), -cost))
    return best[0], -best[1]


def checked(task: LayoutTask, layout: Layout) -> Layout:
    """What every layout must hold: trees that lead from sources to the hamlets they serve, room kept, sums right."""
    assert layout.cost == pytest.approx(task.cost[layout.edge].sum())
    assert 0.0 <= layout.bound <= layout.cost + 1e-9
    for source in range(len(task.source_node)):
        level = task.source_level[source]
        rows = np.flatnonzero(layout.source == source)
        reached = {int(task.source_node[source])}
        for row in rows:
            assert {int(layout.tail[row]), int(layout.head[row])} == {
                int(task.u[layout.edge[row]]),
                int(task.v[layout.edge[row]]),
            }
            assert int(layout.tail[row]) in reached
            assert int(layout.head[row]) not in reached
            reached.add(int(layout.head[row]))
            assert task.usable[level, layout.edge[row]] or task.lifted.any()
        mine = layout.served_by == source
        assert set(task.node[mine].tolist()) <= reached
        assert task.lps[mine].sum() <= task.spare_lps[source] + 1e-9
        leaves = set(layout.head[rows].tolist()) - set(layout.tail[rows].tolist())
        assert leaves <= set(task.node[mine].tolist())
    return layout


@pytest.mark.parametrize("seed", range(25))
def test_exact_mode_is_as_cheap_as_the_best_of_all_trees(seed: int) -> None:
    task = random_task(seed, hamlets=4)
    best = forest_by_brute_force(task)[1]
    exact = checked(task, lay_out(task, mode="exact"))
    assert exact.status == "optimal"
    assert exact.cost == pytest.approx(best)
    assert exact.bound == pytest.approx(best)
    rough = checked(task, lay_out(task, mode="heuristic"))
    assert rough.status == "heuristic"
    assert best - 1e-9 <= rough.cost <= 2 * best + 1e-9
    assert rough.bound <= best + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_exact_mode_shares_hamlets_among_sources_like_brute_force(seed: int) -> None:
    task = random_task(seed, n=7, sources=2, hamlets=4, spare=0.5)
    people, cost = forest_by_brute_force(task)
    exact = checked(task, lay_out(task, mode="exact"))
    assert task.people[exact.served_by >= 0].sum() == pytest.approx(people)
    assert exact.cost == pytest.approx(cost)
    checked(task, lay_out(task, mode="heuristic"))


@pytest.mark.parametrize("seed", range(8))
def test_levels_keep_water_off_ground_that_is_too_high(seed: int) -> None:
    from dataclasses import replace

    task = random_task(seed, n=7, extra=8, sources=2, hamlets=3)
    rng = np.random.default_rng(seed)
    low = rng.random(len(task.u)) < 0.6
    task = replace(
        task,
        usable=np.array([low, np.ones(len(low), dtype=bool)]),
        allowed=np.array([rng.random(3) < 0.7, np.ones(3, dtype=bool)]),
        source_level=np.array([0, 1]),
        spare_lps=np.array([1e9, 0.7]),
    )
    people, cost = forest_by_brute_force(task)
    exact = checked(task, lay_out(task, mode="exact"))
    assert task.people[exact.served_by >= 0].sum() == pytest.approx(people)
    assert exact.cost == pytest.approx(cost)
    checked(task, lay_out(task, mode="heuristic"))


def test_a_lifted_hamlet_joins_the_nearest_tree_over_ground_closed_to_gravity() -> None:
    from dataclasses import replace

    #  0 source - 1 - 2 hamlet, and 1 - 3 over a ridge
    task = random_task(0, n=4, extra=0, hamlets=2)
    task = replace(
        task,
        u=np.array([0, 1, 1]),
        v=np.array([1, 2, 3]),
        cost=np.array([10.0, 20.0, 5.0]),
        usable=np.array([[True, True, False]]),
        allowed=np.array([[True, False]]),
        source_node=np.array([0]),
        node=np.array([2, 3]),
        lifted=np.array([False, True]),
        liftable=np.ones(3, dtype=bool),
    )
    layout = checked(task, lay_out(task))
    assert layout.served_by.tolist() == [0, 0]
    assert layout.cost == 35.0
    assert layout.bound == 35.0
    assert layout.status == "heuristic"
    assert lay_out(replace(task, lifted=np.array([False, False]))).served_by.tolist() == [0, -1]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), sources=st.integers(1, 4), spare=st.sampled_from([0.3, 0.8, 1e9]))
def test_any_layout_is_a_forest_within_its_sources(seed: int, sources: int, spare: float) -> None:
    task = random_task(seed, n=40, extra=30, sources=sources, hamlets=12, spare=spare)
    layout = checked(task, lay_out(task, mode="heuristic"))
    again = lay_out(task, mode="heuristic")
    assert np.array_equal(layout.edge, again.edge)
    if spare > 1e6:
        assert (layout.served_by >= 0).all()
        graph = nx.Graph()
        for u, v, cost in sorted(zip(task.u.tolist(), task.v.tolist(), task.cost.tolist()), key=lambda row: -row[2]):
            graph.add_edge(u, v, weight=cost)
        if sources == 1:
            terminals = [int(task.source_node[0]), *task.node.tolist()]
            theirs = nx.approximation.steiner_tree(graph, terminals, method="mehlhorn").size("weight")
            assert layout.cost <= 1.05 * theirs
            assert layout.bound >= 0.5 * layout.cost


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_mehlhorns_tree_is_within_twice_the_bound_and_joins_all(seed: int) -> None:
    task = random_task(seed, n=30, extra=40, sources=2, hamlets=9)
    graph = CostGraph.of(task.n_nodes, task.u, task.v, task.cost)
    rows = mehlhorn(graph, task.source_node, task.node)
    tree = nx.Graph(list(zip(graph.u[rows].tolist(), graph.v[rows].tolist(), strict=True)))
    tree.add_edge(*task.source_node.tolist())
    assert nx.is_forest(tree)
    assert all(nx.has_path(tree, int(task.source_node[0]), node) for node in task.node.tolist())
    bound = dual_bound(graph, task.source_node, task.node)
    assert 0 < bound <= graph.cost[rows].sum() + 1e-9


def test_a_branch_joins_a_tree_that_runs_beside_it() -> None:
    """Two trees lay pipes in one trench; the branch moved over keeps what it serves and lays nothing twice."""
    ends = np.array([(0, 1), (1, 2), (2, 3), (5, 1), (2, 4), (1, 6)])
    task = LayoutTask(
        n_nodes=7,
        u=ends[:, 0],
        v=ends[:, 1],
        cost=np.full(6, 10.0),
        usable=np.ones((2, 6), dtype=bool),
        allowed=np.ones((2, 3), dtype=bool),
        source_node=np.array([0, 5]),
        source_level=np.array([0, 1]),
        spare_lps=np.array([9.0, 2.0]),
        node=np.array([3, 4, 6]),
        lps=np.ones(3),
        people=np.full(3, 10.0),
        lifted=np.zeros(3, dtype=bool),
        liftable=np.ones(6, dtype=bool),
    )
    forest = Forest(task)
    forest.plant(0, [0, 1, 2], {3: [0]})
    forest.plant(1, [3, 1, 4, 5], {4: [1], 6: [2]})
    forest.improve()
    assert forest.served_by().tolist() == [0, 0, 0]
    assert forest.edges() == [[0, 1, 2, 4, 5], []]
    assert forest.load == [3.0, 0.0]
