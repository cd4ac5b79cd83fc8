"""The layout of new pipes against networkx's Steiner tree on the same graph: a printed ratio, no timed assertion."""

from __future__ import annotations

import time

import networkx as nx
import numpy as np
import pytest

from siteplan.water.extensions.layout import lay_out
from siteplan.water.extensions.task import LayoutTask

SIZES = [(20, 20), pytest.param((100, 300), marks=pytest.mark.sweep)]
"""(side of the grid of corridors, hamlets)"""


def grid_task(side: int, hamlets: int) -> LayoutTask:
    rng = np.random.default_rng(side)
    node = np.arange(side * side).reshape(side, side)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    places = rng.choice(side * side, hamlets + 1, replace=False)
    return LayoutTask(
        n_nodes=side * side,
        u=u,
        v=v,
        cost=rng.uniform(50, 150, len(u)),
        usable=np.ones((1, len(u)), dtype=bool),
        allowed=np.ones((1, hamlets), dtype=bool),
        source_node=places[:1],
        source_level=np.zeros(1, dtype=np.int64),
        spare_lps=np.full(1, 1e9),
        node=places[1:],
        lps=np.full(hamlets, 0.2),
        people=np.full(hamlets, 100.0),
        lifted=np.zeros(hamlets, dtype=bool),
        liftable=np.ones(len(u), dtype=bool),
    )


@pytest.mark.parametrize("size", SIZES)
def test_layout_against_networkx(size: tuple[int, int], benchmark) -> None:
    """Tree, improvement and bound: at most ten times networkx's Mehlhorn, and cheaper than it."""
    task = grid_task(*size)
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(task.u.tolist(), task.v.tolist(), task.cost.tolist(), strict=True))
    terminals = [*task.source_node.tolist(), *task.node.tolist()]
    began = time.perf_counter()
    theirs = nx.approximation.steiner_tree(graph, terminals, method="mehlhorn").size("weight")
    networkx_s = time.perf_counter() - began
    layout = benchmark.pedantic(lay_out, args=(task,), kwargs={"mode": "heuristic"}, rounds=1, iterations=1)
    assert (layout.served_by == 0).all()
    assert layout.bound <= layout.cost <= theirs
    if benchmark.stats is not None:
        took = benchmark.stats.stats.mean
        benchmark.extra_info.update(networkx_s=round(networkx_s, 3), ratio=round(took / networkx_s, 2))
        print(
            f"\n{size[1]} hamlets, {task.n_nodes} nodes: networkx {networkx_s:.3f} s (cost {theirs:.0f}), "
            f"siteplan {took:.3f} s (cost {layout.cost:.0f}, gap {layout.gap:.1%}), ratio {took / networkx_s:.1f}"
        )
