"""Roads follow the ground, rivers run down it, water comes from above."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from samplecounty import County
from scipy.sparse.csgraph import dijkstra

from siteplan.sample.world import World


def test_rivers_never_rise_downstream(county: County) -> None:
    for river in county.layers["rivers"].itertuples():
        heights = county.height(shapely.get_coordinates(river.geometry))
        assert (np.diff(heights) <= 0.0).all(), river.id


def test_each_river_ends_at_a_larger_one_or_at_the_border(county: County) -> None:
    rivers = county.layers["rivers"]
    points = {tuple(xy) for line in rivers.geometry for xy in shapely.get_coordinates(line)[:-1]}
    border = county.layers["boundaries"].geometry.iloc[0].boundary
    for line in rivers.geometry:
        mouth = shapely.get_coordinates(line)[-1]
        assert tuple(mouth) in points or border.distance(shapely.Point(mouth)) < 400.0


def test_roads_are_least_cost_ways(world: World, county: County) -> None:
    """On the mesh's cost surface no road costs more than the cheapest way between its ends; planted ones apart."""
    mesh = world.county_mesh
    graph = mesh.graph()
    point_at = {(x, y): n for n, (x, y) in enumerate(zip(mesh.x.tolist(), mesh.y.tolist(), strict=True))}
    planted = {i for ids in county.layers["planted"]["ids"] for i in ids.split(";")}
    checked = 0
    for road in county.layers["roads"].itertuples():
        way = [point_at.get((x, y), -1) for x, y in shapely.get_coordinates(road.geometry).tolist()]
        if -1 in way:
            assert road.id in planted, f"{road.id} leaves the mesh and is not planted"
            continue
        cost = sum(float(graph[a, b]) for a, b in pairwise(way))
        least = dijkstra(graph, indices=way[0], limit=cost * 1.001 + 1.0)[way[-1]]
        assert cost == pytest.approx(least, rel=1e-9), road.id
        checked += 1
    assert checked > 330


def test_roads_bend_to_the_ground(county: County) -> None:
    """A way that follows the ground is longer than the straight line, and gentler than the slopes it crosses."""
    roads = county.layers["roads"]
    long = roads[roads.length > 3000.0]
    ends = shapely.distance(shapely.get_point(long.geometry, 0), shapely.get_point(long.geometry, -1))
    assert 1.1 < (long.length / np.maximum(ends, 1.0)).median() < 2.5
    xy = shapely.get_coordinates(long.geometry.iloc[0])
    assert np.isfinite(county.height(xy)).all()


def test_water_sources_lie_above_what_they_feed(county: County) -> None:
    points, pipes = county.layers["water_points"], county.layers["water_lines"]
    villages = county.layers["villages"].to_crs(points.crs).set_index("id")
    for system, parts in points.groupby("system"):
        spring, tank = (parts[parts["kind"] == kind].iloc[0] for kind in ("spring", "tank"))
        assert spring["head_m"] > tank["head_m"], system
        own = pipes[pipes["system"] == system]
        fed = sorted({hamlet for text in own["feeds"] for hamlet in text.split(";")})
        heights = county.height(shapely.get_coordinates(villages.geometry.loc[fed]))
        assert (heights < tank["head_m"]).all(), (system, fed)
    assert len(points) >= 60


def test_pipes_run_downhill_from_spring_to_hamlet(world: World, county: County) -> None:
    points, pipes = county.layers["water_points"], county.layers["water_lines"]
    assert (pipes["from_z_m"] > pipes["to_z_m"]).all()
    for pipe in pipes.itertuples():
        xy = shapely.get_coordinates(pipe.geometry)
        heights = world.terrain.grid.interpolated(county.heights_m, xy[:, 0], xy[:, 1])
        assert (np.diff(heights) < 0.0).all(), pipe.id
    sources = {tuple(xy) for xy in shapely.get_coordinates(points.geometry)}
    ends = {tuple(shapely.get_coordinates(line)[-1]) for line in pipes.geometry}
    assert all(tuple(shapely.get_coordinates(line)[0]) in sources | ends for line in pipes.geometry)


def test_hamlets_stand_on_gentle_ground(world: World) -> None:
    hamlets = world.placed.hamlets
    slope = world.terrain.grid.sampled(
        world.terrain.slope, np.array([h.x for h in hamlets]), np.array([h.y for h in hamlets])
    )
    assert float(np.median(slope)) < 0.25 < float(np.median(world.terrain.slope))
