"""Benchmarks of the water room: tracing and balance against one EPANET run. No timed assertion; `make bench`."""

from __future__ import annotations

import time

import numpy as np
import pytest
from wntr_layers import drawn, wants

from siteplan.water.balance import water_balance
from siteplan.water.epanet import solve
from siteplan.water.hydraulics import peak_demand
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.tracing import Reach, trace

JUNCTIONS_A_SYSTEM = 50
HOURLY = [0.3] * 6 + [22.2 / 18] * 18
SIZES = [500, pytest.param(10_000, marks=pytest.mark.sweep)]


def made_county(junctions: int) -> tuple[WaterNetwork, Demands]:
    """Gravity systems of 50 junctions: a spring, a tank, a tree of pipes down the slope, hamlets on each tenth node."""
    rng = np.random.default_rng(5)
    nodes: dict[str, dict[str, object]] = {}
    links: list[tuple[str, str, dict[str, float]]] = []
    hamlets: list[str] = []
    for system in range(junctions // JUNCTIONS_A_SYSTEM):
        spring, tank = f"S{system}", f"T{system}"
        nodes[spring] = {"head_m": 200.0, "z_m": 200.0, "yield_m3_per_day": rng.uniform(20, 120)}
        nodes[tank] = {"floor_m": 180.0, "max_level_m": 183.0, "z_m": 180.0, "volume_m3": rng.uniform(5, 50)}
        links.append((spring, tank, {"length_m": 500.0, "inner_mm": 79.2}))
        names = [tank]
        for number in range(JUNCTIONS_A_SYSTEM):
            name = f"J{system}x{number}"
            nodes[name] = {"z_m": 170.0 - number}
            links.append(
                (names[rng.integers(max(0, number - 5), number + 1)], name, {"length_m": rng.uniform(20, 200)})
            )
            names.append(name)
        hamlets += names[5::10]
    people = rng.uniform(20, 200, len(hamlets))
    return drawn(nodes, links, hamlets), wants([{"people": each, "peak_lps": each / 1000} for each in people])


def traced_and_balanced(network: WaterNetwork, demands: Demands) -> tuple[Reach, float]:
    reach = trace(network)
    found = water_balance(network, demands, reach, hourly_factors=HOURLY)
    return reach, float(found.hamlets["people_got_m3_per_day"].sum())


@pytest.mark.parametrize("junctions", SIZES)
def test_tracing_and_balance_against_epanet(junctions: int, benchmark) -> None:
    network, demands = made_county(junctions)
    assert (network.nodes["kind"] == "junction").sum() == junctions
    reach, got = benchmark.pedantic(traced_and_balanced, args=(network, demands), rounds=3, warmup_rounds=1)
    # Without the time to import WNTR.
    import wntr  # noqa: F401

    began = time.perf_counter()
    found = solve(network, reach, peak_demand(network, demands), required_m=10.0)
    hydraulics = time.perf_counter() - began
    assert reach.hamlets["reached"].all()
    assert 0 < got <= network.nodes["yield_m3_per_day"].sum()
    assert found.failed == {}
    assert found.nodes["head_m"].notna().all()
    if benchmark.stats is not None:
        took = benchmark.stats.stats.median
        benchmark.extra_info.update(epanet_s=round(hydraulics, 3), ratio=round(hydraulics / took, 1))
        print(f"\n{junctions} junctions: EPANET {hydraulics:.2f} s, tracing and balance {took:.3f} s")
