"""Benchmarks: ratios measured in one run. No timed assertion; each runs at its smallest size in the ordinary tests.

At full size: `make bench`. The README's table holds the figures.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from province import CRS, Province, made_province

from siteplan.network import LineArrays, find_joins
from siteplan.network.paths import best_ways
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess, road_access
from siteplan.roads.anchors import Surfaces

SIZES = [
    2_000,
    pytest.param(10_000, marks=pytest.mark.sweep),
    pytest.param(100_000, marks=pytest.mark.sweep),
    pytest.param(1_000_000, marks=pytest.mark.sweep),
]
OPTIONS = AccessOptions(access_m=500, anchor_m=500, snap_m=10, suspect_m=40)


def access_of(roads: gpd.GeoDataFrame, hamlets: gpd.GeoDataFrame) -> RoadAccess:
    """Network and road access, from geometries in memory to verdicts and best ways."""
    joins = find_joins(LineArrays.from_geometry(roads.geometry.to_numpy()), reach_m=OPTIONS.snap_m)
    n = len(roads)
    surfaces = Surfaces(
        hard=roads["hard"].to_numpy(dtype=bool),
        unknown=np.zeros(n, dtype=bool),
        anchor=roads["anchor"].to_numpy(dtype=bool),
        connects=np.ones(n, dtype=bool),
        kmh=np.full(n, 30.0),
    )
    return road_access(joins, surfaces, hamlets, hamlets.iloc[:0], OPTIONS)


@pytest.mark.parametrize("size", SIZES)
def test_province(size: int, benchmark, tmp_path: Path) -> None:
    """Network and road access of a made province against reading its roads with Arrow."""
    province = made_province(size)
    pyogrio.write_dataframe(province.roads, tmp_path / "roads.gpkg", layer="roads")
    began = time.perf_counter()
    roads = pyogrio.read_dataframe(tmp_path / "roads.gpkg", use_arrow=True)
    reading = time.perf_counter() - began
    access = benchmark.pedantic(access_of, args=(roads, province.hamlets), rounds=1, iterations=1)
    counts = np.bincount(access.status, minlength=len(verdict.STATUSES))
    assert counts.sum() == len(province.hamlets)
    assert counts[verdict.HARDENED] > 0 < counts[verdict.UNHARDENED]
    assert abs(access.network.ledger.balance_m) < 1e-3
    if benchmark.stats is not None:
        took = benchmark.stats.stats.mean
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        benchmark.extra_info.update(reading_s=round(reading, 2), ratio=round(took / reading, 2), peak_gb=round(peak, 2))
        print(
            f"\n{size} roads: reading {reading:.2f} s, access {took:.2f} s, ratio {took / reading:.1f}, {peak:.1f} GB"
        )


@pytest.fixture(scope="module", params=[2_000, pytest.param(100_000, marks=pytest.mark.sweep)])
def small(request: pytest.FixtureRequest) -> tuple[Province, RoadAccess]:
    province = made_province(request.param)
    return province, access_of(province.roads, province.hamlets)


def test_the_same_answer_from_networkx(small: tuple[Province, RoadAccess], benchmark) -> None:
    import networkx as nx

    _, access = small
    network, sources = access.network, access.anchored.anchor_nodes
    graph = nx.Graph()
    graph.add_nodes_from(range(network.n_nodes))
    for u, v, metres in zip(network.u.tolist(), network.v.tolist(), network.length.tolist(), strict=True):
        if u != v and metres < graph.get_edge_data(u, v, {"weight": np.inf})["weight"]:
            graph.add_edge(u, v, weight=metres)
    found = benchmark.pedantic(
        nx.multi_source_dijkstra_path_length, args=(graph, set(sources.tolist())), rounds=3, iterations=1
    )
    own, took = _own_lengths(network, sources)
    told = np.array([found.get(node, np.inf) for node in range(network.n_nodes)])
    np.testing.assert_allclose(told, own, atol=1e-6)
    _ratio(benchmark, took)


def test_the_same_answer_from_igraph(small: tuple[Province, RoadAccess], benchmark) -> None:
    import igraph

    _, access = small
    network, sources = access.network, access.anchored.anchor_nodes
    top = network.n_nodes
    tail = np.concatenate([network.u, np.full(len(sources), top)])
    head = np.concatenate([network.v, sources])
    weight = np.concatenate([network.length, np.zeros(len(sources))])
    graph = igraph.Graph(n=top + 1, edges=np.column_stack([tail, head]).tolist())
    found = benchmark.pedantic(lambda: graph.distances(source=top, weights=weight.tolist())[0], rounds=3, iterations=1)
    own, took = _own_lengths(network, sources)
    np.testing.assert_allclose(np.array(found[:-1]), own, atol=1e-6)
    _ratio(benchmark, took)


def _own_lengths(network, sources) -> tuple[np.ndarray, float]:
    """Least lengths to an anchor by siteplan's own two-cost ways, graph building included, and the seconds."""
    every = np.ones(network.n_pieces, dtype=bool)
    began = time.perf_counter()
    ways = best_ways(network.n_nodes, network.u, network.v, network.length, every, network.rank, sources)
    return ways.way_m, time.perf_counter() - began


def _ratio(benchmark, took: float) -> None:
    if benchmark.stats is not None:
        theirs = benchmark.stats.stats.median
        benchmark.extra_info.update(own_s=round(took, 4), ratio=round(theirs / took, 1))
        print(f"\ntheirs {theirs:.4f} s, own {took:.4f} s, ratio {theirs / took:.1f}")


def test_ladakh_run_against_a_bare_process(ladakh_plan: Path, shared_data: Path, tmp_path: Path, benchmark) -> None:
    """`siteplan run` with all outputs against a process that only imports geopandas, reads and reprojects."""
    files = [(shared_data / "ladakh" / name).as_posix() for name in ("Road_DRRP.zip", "Habitation.zip")]
    bare = f"import geopandas as g\nfor f in {files!r}: g.read_file(f, use_arrow=True).to_crs(32643)"

    def process(*words: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        return time.perf_counter() - began

    own = ["-m", "siteplan", "run", str(ladakh_plan), "--out", str(tmp_path / "out"), "--quiet"]
    benchmark.pedantic(process, args=own, rounds=3, iterations=1, warmup_rounds=1)
    reading = sorted(process("-c", bare) for _ in range(3))[1]
    if benchmark.stats is not None:
        took = benchmark.stats.stats.median
        benchmark.extra_info.update(bare_s=round(reading, 2), ratio=round(took / reading, 2))
        print(f"\nLadakh: bare {reading:.2f} s, run {took:.2f} s, ratio {took / reading:.1f}")


def test_the_province_has_what_it_claims() -> None:
    province = made_province(2_000)
    assert province.roads.crs == CRS
    assert (province.roads.geometry.count_coordinates() == 10).all()
    access = access_of(province.roads, province.hamlets)
    assert access.network.leg.any()
    assert access.network.n_pieces > len(province.roads)
