"""Benchmarks of water: layers to network against WNTR, trace and balance against EPANET. No timed assertion."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drawn_pipes import CRS, flat, hamlet, pipe, spring, table
from wntr_layers import drawn, wants

from siteplan.water.balance import water_balance
from siteplan.water.epanet import solve
from siteplan.water.hydraulics import peak_demand
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.network import build_water_network
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


def layers_of(junctions: int) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, gpd.GeoDataFrame]]:
    """Systems of 50 junctions as clean layers: those of siteplan, and those that `wntr.network.from_gis` takes, with
    the nodes' names already on the pipes."""
    rng = np.random.default_rng(7)
    side = int(np.ceil(np.sqrt(junctions // JUNCTIONS_A_SYSTEM)))
    nodes: dict[str, tuple[float, float]] = {}
    pipes: list[tuple[str, str, str]] = []
    for system in range(junctions // JUNCTIONS_A_SYSTEM):
        x, y = 3000.0 * (system % side), 3000.0 * (system // side)
        names = [f"S{system}"]
        nodes[names[0]] = (x, y)
        for number in range(JUNCTIONS_A_SYSTEM):
            name, before = f"J{system}x{number}", names[int(rng.integers(max(0, number - 5), number + 1))]
            # A grid of its own keeps pipes from crossing by chance in one point.
            nodes[name] = (x + 250.0 * (number % 7) + float(rng.uniform(0, 90)), y + 250.0 * (number // 7 + 1))
            pipes.append((f"P{system}x{number}", before, name))
            names.append(name)
    sources = [name for name in nodes if name.startswith("S")]
    lines = [shapely.LineString([nodes[a], nodes[b]]) for _, a, b in pipes]
    points = {name: shapely.Point(xy) for name, xy in nodes.items()}
    ours = {
        "lines": table(
            "water_lines", [pipe(name, *line.coords) for (name, _, _), line in zip(pipes, lines, strict=True)]
        ),
        "points": table("water_points", [spring(name, *nodes[name]) for name in sources]),
        "villages": table("villages", [hamlet(name, *nodes[name]) for name in nodes if name.endswith("x9")]),
    }
    known = {"length": [line.length for line in lines], "diameter": 0.055, "roughness": 140.0, "minor_loss": 0.0,
             "initial_status": "OPEN", "check_valve": False}  # fmt: skip
    ends = {"start_node_name": [a for _, a, _ in pipes], "end_node_name": [b for _, _, b in pipes]}
    names = [name for name in nodes if not name.startswith("S")]
    theirs = {
        "pipes": gpd.GeoDataFrame({**ends, **known}, geometry=lines, index=[name for name, _, _ in pipes], crs=CRS),
        "junctions": gpd.GeoDataFrame(
            {"elevation": 480.0, "base_demand": 0.0}, geometry=[points[name] for name in names], index=names, crs=CRS
        ),
        "reservoirs": gpd.GeoDataFrame(
            {"base_head": 500.0}, geometry=[points[name] for name in sources], index=sources, crs=CRS
        ),
    }
    return ours, theirs


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("junctions", SIZES)
def test_layers_to_checked_network_against_from_gis(junctions: int, benchmark) -> None:
    ours, theirs = layers_of(junctions)
    import wntr

    def network() -> WaterNetwork:
        return build_water_network(ours["lines"], ours["points"], ours["villages"], heights=flat)

    found = benchmark.pedantic(network, rounds=3, warmup_rounds=1)
    began = time.perf_counter()
    model = wntr.network.from_gis({name: layer.copy() for name, layer in theirs.items()})
    from_gis = time.perf_counter() - began
    # Theirs are joined already by the names on the pipes; ours by where they lie.
    assert found.links["component"].nunique() == junctions // JUNCTIONS_A_SYSTEM
    assert len(found.links) >= model.num_pipes == junctions
    assert (found.connections["node"] >= 0).all()
    if benchmark.stats is not None:
        took = benchmark.stats.stats.median
        benchmark.extra_info.update(from_gis_s=round(from_gis, 3), ratio=round(took / from_gis, 2))
        print(f"\n{junctions} junctions: from_gis {from_gis:.2f} s, siteplan {took:.2f} s, ratio {took / from_gis:.2f}")
