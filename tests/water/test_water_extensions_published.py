"""The two-loop network of Alperovits and Shamir (1977): its published optimum by our prices, our losses and EPANET."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from siteplan.water.extensions import Corridors, load_catalogue
from siteplan.water.extensions.catalogue import Catalogue, Pipes, loss_per_m
from siteplan.water.extensions.points import Works, tree_points
from siteplan.water.extensions.sizing import size_tree

INCHES = np.array([1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24], dtype=np.float64)
PRICE = np.array([2, 5, 8, 11, 16, 23, 32, 50, 60, 90, 130, 170, 300, 550], dtype=np.float64)
"""Price of a metre of each of `INCHES`, as published."""


@pytest.fixture(scope="module")
def two_loop(tmp_path_factory: pytest.TempPathFactory):
    """The network of wntr's tests with EPANET's answer: (model, heads, flows in L/s)."""
    wntr = pytest.importorskip("wntr")
    file = Path(wntr.__file__).parent / "tests" / "networks_for_testing" / "Todini_Fig2_optCost_CMH.inp"
    if not file.is_file():
        pytest.skip("this wntr comes without the networks of its tests")
    network = wntr.network.WaterNetworkModel(str(file))
    # Pipe 8 carries next to nothing: EPANET's usual accuracy leaves its flow open by 3 %.
    network.options.hydraulic.accuracy = 1e-6
    prefix = tmp_path_factory.mktemp("two-loop") / "run"
    results = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=str(prefix))
    return network, results.node["head"].iloc[0], results.link["flowrate"].iloc[0] * 1000.0


def catalogue() -> Catalogue:
    packed = load_catalogue()
    pipes = Pipes(
        material=("cast iron",) * len(INCHES),
        dn_mm=INCHES * 25.4,
        inner_mm=INCHES * 25.4,
        pn_m=np.full(len(INCHES), 500.0),
        price_per_m=PRICE,
        roughness_c=np.full(len(INCHES), 130.0),
    )
    # The published case has no limits of velocity.
    return replace(packed, pipes=pipes, limits=replace(packed.limits, velocity_high=1e9))


def test_the_published_optimum_costs_419000_and_keeps_30_m(two_loop) -> None:
    network, heads, _ = two_loop
    pipes = catalogue().pipes
    cost = 0.0
    for _, pipe in network.pipes():
        size = int(np.argmin(np.abs(pipes.inner_mm - pipe.diameter * 1000.0)))
        assert pipes.inner_mm[size] == pytest.approx(pipe.diameter * 1000.0)
        cost += pipe.length * pipes.price_per_m[size]
    assert cost == pytest.approx(419_000.0)
    pressure = [heads[name] - junction.elevation for name, junction in network.junctions()]
    assert min(pressure) == pytest.approx(30.44, abs=0.01)


def test_our_losses_are_epanets(two_loop) -> None:
    network, heads, flows = two_loop
    for name, pipe in network.pipes():
        ours = loss_per_m(abs(float(flows[name])), pipe.diameter * 1000.0, pipe.roughness) * pipe.length
        theirs = abs(float(heads[pipe.start_node_name] - heads[pipe.end_node_name]))
        assert ours == pytest.approx(theirs, abs=0.01), name


def test_for_its_flows_split_pipes_cost_less_than_the_published_single_ones(two_loop) -> None:
    """Its tree without pipes 4 and 8, whose flows are drawn where they begin and given where they end."""
    network, heads, flows = two_loop
    prices = catalogue()
    names = [str(k) for k in range(1, 8)]
    number = {name: k for k, name in enumerate(names)}
    ground = {name: junction.elevation for name, junction in network.junctions()} | {"1": 210.0}
    draw = {name: junction.demand_timeseries_list[0].base_value * 1000.0 for name, junction in network.junctions()}
    tree = ["1", "2", "3", "5", "6", "7"]
    corridors = Corridors.from_profiles(
        [(0.0, 0.0, ground[name]) for name in names],
        [
            (number[network.get_link(k).start_node_name], number[network.get_link(k).end_node_name], 1000.0, 0.0)
            for k in tree
        ],
    )
    for chord in ("4", "8"):
        pipe = network.get_link(chord)
        draw[pipe.start_node_name] += float(flows[chord])
        draw[pipe.end_node_name] -= float(flows[chord])
    arcs = [(k, int(corridors.u[k]), int(corridors.v[k])) for k in (0, 1, 2, 5, 3, 4)]
    lps_at = {number[name]: flow for name, flow in draw.items()}
    service = dict.fromkeys(lps_at, 30.0)
    points = tree_points(corridors, arcs, 0, lps_at, service, head_m=210.0, rest_m=210.0)
    for k in range(1, len(points)):
        assert points.lps[k] == pytest.approx(float(flows[tree[points.edge[k]]]), rel=1e-3)
    need = np.where(points.served, 30.0, 0.0)
    works = Works.none(points, 2.0)
    classes = np.full(len(points), 500.0)
    split = size_tree(points, prices, works, need, classes)
    whole = size_tree(points, prices, works, need, classes, split=False)
    tree_alone = 419_000.0 - 11_000.0 - 2_000.0
    assert whole.cost <= tree_alone + 1e-6
    assert split.cost < whole.cost
    assert (split.head_m - points.z_m - need >= -1e-5)[1:].all()
    assert float(heads["6"]) - ground["6"] == pytest.approx(30.44, abs=0.01)
