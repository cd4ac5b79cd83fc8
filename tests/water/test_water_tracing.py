"""Which hamlets water reaches, from which source, and why not."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from wntr_layers import drawn

from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import WHYS, spread, supply_way, trace


def reached(network: WaterNetwork) -> dict[str, str]:
    """Node -> the sources that reach it, or why none does."""
    nodes = trace(network).nodes
    told = nodes["sources"].where(nodes["reached"], nodes["why"])
    return dict(zip(network.nodes["node"], told, strict=True))


@pytest.mark.parametrize("state", ["closed", "broken", "planned"])
def test_only_open_links_carry_water(state: str) -> None:
    network = drawn(
        {"S1": {}, "J1": {}, "J2": {}, "J3": {}}, [("S1", "J1"), ("J1", "J2", {"state": state}), ("J3", "J2")]
    )
    assert reached(network) == {"S1": "S1", "J1": "S1", "J2": state, "J3": state}


def test_the_least_mend_is_told() -> None:
    """Two ways to J1: one closed, one planned. J2 behind a broken link behind a closed one: both must be mended."""
    network = drawn(
        {"S1": {}, "J1": {}, "J2": {}, "J3": {}},
        [
            ("S1", "J1", {"state": "planned"}),
            ("S1", "J1", {"state": "closed"}),
            ("J1", "J2", {"state": "broken"}),
            ("J2", "J3", {"state": "planned"}),
        ],
    )
    assert reached(network) == {"S1": "S1", "J1": "closed", "J2": "broken", "J3": "planned"}


def test_sources_out_of_use_and_none_at_all() -> None:
    network = drawn(
        {"S1": {"works": False}, "J1": {}, "S2": {}, "J2": {}, "J3": {}, "J4": {}},
        [("S1", "J1"), ("S2", "J2"), ("J3", "J4")],
    )
    assert reached(network) == {
        "S1": "source_out_of_use", "J1": "source_out_of_use", "S2": "S2", "J2": "S2", "J3": "no_source",
        "J4": "no_source",
    }  # fmt: skip
    # Water from elsewhere runs past a source out of use.
    past = drawn({"S1": {}, "S2": {"works": False}, "J1": {}}, [("S1", "S2"), ("S2", "J1")])
    assert reached(past) == {"S1": "S1", "S2": "S1", "J1": "S1"}


def test_pumps_run_one_way() -> None:
    pump = {"kind": "pump"}
    network = drawn({"S1": {}, "J1": {}, "J2": {}, "J3": {}}, [("S1", "J1"), ("J1", "J2", pump), ("J3", "J1", pump)])
    assert reached(network) == {"S1": "S1", "J1": "S1", "J2": "S1", "J3": "against_pump"}


def test_each_node_knows_all_its_sources_in_the_order_of_nodes() -> None:
    """S2 is lifted to S1's pipes; nothing runs back. S3 joins behind a chain of pumps."""
    pump = {"kind": "pump"}
    network = drawn(
        {"S1": {}, "S2": {}, "J1": {}, "J2": {}, "J3": {}, "S3": {}, "S10": {}},
        [("S1", "J1"), ("S2", "J2"), ("J2", "J1", pump), ("J1", "J3", pump), ("J3", "S3"), ("S10", "J3")],
    )
    assert reached(network) == {
        "S1": "S1;S2", "J1": "S1;S2", "S2": "S2", "J2": "S2", "J3": "S1;S2;S3;S10", "S3": "S1;S2;S3;S10",
        "S10": "S1;S2;S3;S10",
    }  # fmt: skip


def test_a_tank_out_of_use_lets_nothing_through() -> None:
    nodes = {"S1": {}, "T1": {"works": False}, "J1": {}}
    assert reached(drawn(nodes, [("S1", "T1"), ("T1", "J1")])) == {"S1": "S1", "T1": "broken", "J1": "broken"}
    assert reached(drawn({**nodes, "T1": {}}, [("S1", "T1"), ("T1", "J1")])) == {"S1": "S1", "T1": "S1", "J1": "S1"}
    links = trace(drawn(nodes, [("S1", "T1"), ("T1", "J1")])).links
    assert links["open"].tolist() == [False, False]


def test_a_tank_alone_is_no_source() -> None:
    assert reached(drawn({"T1": {"volume_m3": 100.0}, "J1": {}}, [("T1", "J1")]))["J1"] == "no_source"


def test_hamlets_by_their_connection() -> None:
    network = drawn(
        {"S1": {}, "J1": {}, "J2": {}}, [("S1", "J1"), ("J1", "J2", {"state": "closed"})], ["J1", "J2", "", "S1"]
    )
    hamlets = trace(network).hamlets
    assert hamlets["reached"].tolist() == [True, False, False, True]
    assert hamlets["why"].tolist() == ["", "closed", "no_pipe", ""]
    assert hamlets["sources"].tolist() == ["S1", "", "", "S1"]
    assert hamlets["node"].tolist() == [1, 2, -1, 0]
    assert hamlets["part"].tolist()[0] == hamlets["part"].tolist()[3] != hamlets["part"].tolist()[1]
    assert hamlets["part"].tolist()[2] == -1
    assert set(hamlets["why"]) <= set(WHYS)
    pd.testing.assert_index_equal(hamlets.index, network.connections.index)


def test_nothing_at_all() -> None:
    found = trace(drawn({}, [], [""]))
    assert found.nodes.empty and found.links.empty
    assert found.hamlets["why"].tolist() == ["no_pipe"]


@pytest.mark.parametrize("seed", range(20))
def test_spread_against_networkx(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 40, 45
    start, end, one_way = rng.integers(0, n, m), rng.integers(0, n, m), rng.random(m) < 0.3
    seeds = rng.choice(n, 3, replace=False)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip(start.tolist(), end.tolist(), strict=True))
    graph.add_edges_from(zip(end[~one_way].tolist(), start[~one_way].tolist(), strict=True))
    told = set().union(*({seed} | nx.descendants(graph, seed) for seed in seeds.tolist()))
    assert set(np.flatnonzero(spread(n, start, end, one_way, seeds)).tolist()) == told


@pytest.mark.parametrize("seed", range(10))
def test_sources_of_each_node_against_networkx(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    nodes = {**{f"S{k}": {} for k in range(4)}, **{f"J{k}": {} for k in range(20)}}
    names = list(nodes)
    links = [
        (names[rng.integers(24)], names[rng.integers(24)], {"kind": "pump"} if rng.random() < 0.4 else {})
        for _ in range(24)
    ]
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    for a, b, given in links:
        graph.add_edge(a, b)
        if not given:
            graph.add_edge(b, a)
    found = reached(drawn(nodes, links))
    for name in nodes:
        told = [f"S{k}" for k in range(4) if f"S{k}" == name or nx.has_path(graph, f"S{k}", name)]
        assert (found[name] if told else "") == ";".join(told)


def test_the_way_of_the_water() -> None:
    """The shorter of two open ways; not backwards through a pump, not over what is not usable."""
    network = drawn(
        {"S1": {}, "J1": {}, "J2": {}, "J3": {}},
        [
            ("S1", "J1", {"length_m": 50.0}),
            ("J1", "J3", {"length_m": 60.0}),
            ("S1", "J2", {"length_m": 40.0}),
            ("J3", "J2", {"length_m": 10.0}),
            ("J3", "S1", {"kind": "pump", "length_m": 1.0}),
        ],
    )
    every = np.ones(5, dtype=bool)
    nodes, links = supply_way(network, every, 3)
    assert (nodes.tolist(), links.tolist()) == ([0, 2, 3], [2, 3])
    nodes, links = supply_way(network, np.array([True, True, False, True, True]), 3)
    assert (nodes.tolist(), links.tolist()) == ([0, 1, 3], [0, 1])
    nodes, links = supply_way(network, every, 0)
    assert (nodes.tolist(), links.tolist()) == ([0], [])
    nodes, links = supply_way(network, np.zeros(5, dtype=bool), 3)
    assert (nodes.tolist(), links.tolist()) == ([], [])


def test_inputs_stay_as_they_are() -> None:
    network = drawn({"S1": {}, "T1": {"works": False}, "J1": {}}, [("S1", "T1"), ("T1", "J1")], ["J1"])
    nodes, links = network.nodes.copy(deep=True), network.links.copy(deep=True)
    trace(network)
    pd.testing.assert_frame_equal(network.nodes, nodes)
    pd.testing.assert_frame_equal(network.links, links)
