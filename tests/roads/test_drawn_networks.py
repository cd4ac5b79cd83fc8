"""Each verdict, the best way and the first break on networks drawn by hand; figures reckoned by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from siteplan.network import LineArrays, build_network, find_joins
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess, road_access
from siteplan.roads.anchors import Surfaces

CRS = "EPSG:32648"


def road(*xy: tuple[float, float], hard: int = 1, anchor=False, separated=False, connects=True) -> dict:
    return {"xy": xy, "hard": hard, "anchor": anchor, "separated": separated, "connects": connects}


def points(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    names = [f"P{at}" for at in range(len(xy))]
    table = {"id": names, "row": range(1, len(xy) + 1), "name": names}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(one) for one in xy], crs=CRS)


def judged(roads: list[dict], hamlets: list, centres: list = (), **options: float | bool) -> RoadAccess:
    arrays = LineArrays.from_geometry(
        np.array([shapely.LineString(one["xy"]) for one in roads], dtype=object),
        separated=np.array([one["separated"] for one in roads]),
        connects=np.array([one["connects"] for one in roads]),
    )
    surfaces = Surfaces(
        hard=np.array(
            [one["hard"] == 1 or (one["hard"] == -1 and bool(options.get("unknown_hardened"))) for one in roads]
        ),
        unknown=np.array([one["hard"] == -1 for one in roads]),
        anchor=np.array([one["anchor"] for one in roads]),
        connects=arrays.connects,
        kmh=np.full(len(roads), 30.0),
    )
    chosen = AccessOptions(**{"access_m": 50, "anchor_m": 50, "snap_m": 10, "suspect_m": 40, **options})
    return road_access(find_joins(arrays, reach_m=30), surfaces, points(*hamlets), points(*centres), chosen)


def status(access: RoadAccess) -> list[str]:
    return verdict.names_of(access.status).tolist()


MAIN = road((0, 0), (10_000, 0), anchor=True)


def test_hardened_all_the_way() -> None:
    access = judged([MAIN, road((1000, 0), (1000, 500))], [(1020, 400)])
    assert status(access) == ["hardened"]
    assert access.ways.access_m[0] == pytest.approx(20)
    assert access.ways.way_m[0] == pytest.approx(400)
    assert access.ways.minutes[0] == pytest.approx(400 / 500)
    assert np.isnan(access.ways.break_xy[0]).all()


def test_unhardened_with_its_first_break_seen_from_the_anchor() -> None:
    roads = [
        MAIN,
        road((1000, 0), (1000, 300)),
        road((1000, 300), (1000, 600), hard=0),
        road((1000, 600), (1000, 900), hard=-1),
        road((1000, 900), (1000, 1200)),
    ]
    access = judged(roads, [(1000, 1100)])
    assert status(access) == ["unhardened"]
    ways = access.ways
    assert (ways.to_harden_m[0], ways.unknown_m[0]) == (pytest.approx(600), pytest.approx(300))
    assert ways.way_m[0] == pytest.approx(1100)
    assert ways.break_xy[0] == pytest.approx((1000, 300))


def test_the_best_way_hardens_least_even_where_it_is_longer() -> None:
    direct = road((1000, 0), (1000, 500), hard=0)
    around = [road((1000, 500), (5000, 500)), road((5000, 500), (5000, 0))]
    access = judged([MAIN, direct, *around], [(1000, 500)])
    assert status(access) == ["hardened"]
    assert access.ways.way_m[0] == pytest.approx(4500)


def test_a_hardened_stub_that_leads_nowhere_is_an_island() -> None:
    access = judged([MAIN, road((3000, 200), (3000, 700))], [(3010, 500)])
    assert status(access) == ["hardened_island"]
    ways = access.ways
    assert ways.to_build_m[0] == pytest.approx(200)
    assert ways.to_harden_m[0] == 0
    assert ways.way_m[0] == pytest.approx(300)
    assert ways.break_xy[0] == pytest.approx((3000, 0))


def test_a_road_island_counts_what_is_to_harden_on_both_sides() -> None:
    spur = road((3000, 0), (3000, 100), hard=0)
    access = judged([MAIN, spur, road((3000, 300), (3000, 700), hard=0)], [(3000, 650)])
    assert status(access) == ["road_island"]
    assert access.ways.to_build_m[0] == pytest.approx(200)
    assert access.ways.to_harden_m[0] == pytest.approx(350 + 100)


def test_no_road_and_no_place() -> None:
    access = judged([MAIN], [(4000, 300), (np.nan, np.nan)])
    assert status(access) == ["no_road", "unknown"]
    assert access.ways.to_build_m[0] == pytest.approx(300)
    assert np.isnan(access.ways.access_m[0])
    assert np.isnan(access.ways.to_build_m[1])


def test_an_anchor_road_that_is_not_hardened_gives_no_hardened_way() -> None:
    earth = road((0, 0), (10_000, 0), hard=0, anchor=True)
    access = judged([earth, road((1000, 0), (1000, 500))], [(1000, 400)])
    assert status(access) == ["unhardened"]


def test_a_centre_stands_on_every_piece_within_reach() -> None:
    roads = [road((0, 0), (1000, 0)), road((0, 30), (1000, 30))]
    access = judged(roads, [(900, -20), (900, 60)], [(10, 15)])
    assert status(access) == ["hardened", "hardened"]
    assert access.ways.way_m == pytest.approx([890, 890])


def test_a_connected_road_a_little_further_beats_an_island_nearby() -> None:
    access = judged([MAIN, road((2000, 30), (2900, 30), hard=0)], [(2500, 35)])
    assert status(access) == ["hardened"]
    assert access.ways.access_m[0] == pytest.approx(35)


def test_a_bridge_joins_only_at_its_ends() -> None:
    bridge = road((5000, -50), (5000, 50), separated=True)
    north, south = road((5000, 50), (5000, 500)), road((5000, -50), (5000, -500))
    access = judged([MAIN, bridge, north, south], [(5000, 400)])
    assert status(access) == ["hardened_island"]
    flat = judged([MAIN, {**bridge, "separated": False}, north, south], [(5000, 400)])
    assert status(flat) == ["hardened"]


def test_closed_and_seasonal_roads_do_not_connect() -> None:
    access = judged([MAIN, road((1000, 0), (1000, 500), connects=False)], [(1000, 400)])
    assert status(access) == ["hardened_island"]
    assert access.ways.to_build_m[0] == pytest.approx(0)


def test_unknown_surface_is_served_only_when_the_plan_says_so() -> None:
    roads = [MAIN, road((1000, 0), (1000, 500), hard=-1)]
    access = judged(roads, [(1000, 400)])
    assert status(access) == ["unhardened"]
    assert access.ways.unknown_m[0] == pytest.approx(400)
    assert status(judged(roads, [(1000, 400)], unknown_hardened=True)) == ["hardened"]


def test_without_centres_and_classes_the_greatest_component_is_the_anchor() -> None:
    roads = [road((0, 0), (900, 0)), road((0, 500), (1000, 500)), road((0, 1000), (800, 1000))]
    access = judged(roads, [(100, 0), (100, 500)])
    assert status(access) == ["hardened_island", "hardened"]
    assert access.anchored.rule == "largest component"


def test_neighbours_connect_to_a_fixed_point() -> None:
    hamlets = [(1000, 40), (1000, 80), (1000, 120), (1000, 400)]
    access = judged([MAIN], hamlets, neighbours_connect=True)
    assert status(access) == ["hardened", "hardened", "hardened", "no_road"]
    assert access.via.tolist() == [-1, 0, 1, -1]


@pytest.mark.parametrize("gap", [0.0, 1e-7, 5e-4, 9.9999999, 10.0])
def test_an_end_within_the_tolerance_joins_and_adds_its_gap(gap: float) -> None:
    access = judged([MAIN, road((1000, gap), (1000, 500))], [(1000, 400)])
    assert status(access) == ["hardened"]
    assert access.ways.way_m[0] == pytest.approx(400, abs=2e-3)


def test_an_end_beyond_the_tolerance_does_not_join() -> None:
    assert status(judged([MAIN, road((1000, 10.01), (1000, 500))], [(1000, 400)])) == ["hardened_island"]


def net(*lines: list[tuple[float, float]], snap_m: float = 1.0):
    shapes = np.array([shapely.LineString(one) for one in lines], dtype=object)
    return build_network(find_joins(LineArrays.from_geometry(shapes), reach_m=snap_m), snap_m=snap_m)


def test_two_lines_that_cross_several_times_join_at_every_crossing() -> None:
    network = net([(0, 0), (400, 0)], [(0, 0), (100, 50), (200, -50), (300, 50), (400, 0)])
    # They share both ends and cross between (100, 50) and (200, -50), and so on.
    assert network.n_nodes == 4
    assert network.n_pieces == 6
    assert network.ledger.balance_m == pytest.approx(0, abs=1e-9)


def test_a_line_that_crosses_itself_joins_there() -> None:
    network = net([(0, 0), (100, 0), (100, 100), (50, 100), (50, -50)])
    assert (network.n_nodes, network.n_pieces) == (3, 3)


def test_loops_repeated_vertices_and_parallel_edges_are_kept() -> None:
    network = net([(0, 0), (0, 0), (100, 0)], [(0, 0), (50, 80), (100, 0)], [(100, 0), (150, 50), (150, -50), (100, 0)])
    assert (network.n_nodes, network.n_pieces) == (2, 3)
    graph = network.to_networkx()
    assert graph.number_of_edges() == 3
    assert graph.number_of_edges(0, 1) == 2
    assert sum(data["length"] for *_, data in graph.edges(data=True)) == pytest.approx(network.length.sum())
    data = next(iter(graph.edges(data=True)))[2]
    assert {"parent", "geometry", "start_m", "end_m"} <= set(data)


def test_bridges_and_components_come_from_networkx() -> None:
    import networkx as nx

    network = net([(0, 0), (100, 0)], [(100, 0), (200, 50), (200, -50), (100, 0)], [(900, 0), (990, 0)])
    graph = network.to_networkx()
    assert nx.number_connected_components(graph) == 2 == network.node_component.max() + 1
    assert len(list(nx.bridges(nx.Graph(graph)))) == 2


def test_multipart_and_three_dimensional_lines() -> None:
    shape = shapely.from_wkt("MULTILINESTRING Z ((0 0 5, 100 0 9), (100 0 9, 100 100 7))")
    network = build_network(find_joins(LineArrays.from_geometry(np.array([shape], dtype=object)), reach_m=1), snap_m=1)
    assert (network.n_nodes, network.n_pieces) == (3, 2)
    assert network.parent.tolist() == [0, 0]
    assert network.length.sum() == pytest.approx(200)
