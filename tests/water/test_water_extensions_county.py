"""A county's corridors: legs, ways, prices and profiles, on drawn roads and on the sample's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from siteplan.network.graph import components
from siteplan.water.extensions import load_catalogue
from siteplan.water.extensions.county import CountyCorridors, county_corridors

TRENCH = load_catalogue().trench


def slope(xy: np.ndarray) -> np.ndarray:
    """Up to the east by one in ten."""
    return 500.0 + 0.1 * xy[:, 0]


def corridors(roads, pipes=(), places=(), heights=slope, rivers=None) -> CountyCorridors:
    shapes = [np.array([shapely.LineString(line) for line in lines], dtype=object) for lines in (roads, pipes)]
    xy = np.array(places, dtype=float).reshape(-1, 2)
    found = county_corridors(*shapes, xy, heights, TRENCH, spacing_m=30.0, rivers=rivers)
    found.corridors.check()
    return found


def ends_fit(found: CountyCorridors) -> None:
    """Every line runs from its u to its v, and its profile is the ground under it."""
    graph = found.corridors
    for edge, line in enumerate(found.lines):
        xy = shapely.get_coordinates(line)
        for node, at in ((graph.u[edge], xy[0]), (graph.v[edge], xy[-1])):
            assert np.hypot(graph.x[node] - at[0], graph.y[node] - at[1]) < 1e-6
        station, height = graph.profile(edge)
        along = station / graph.length_m[edge] * line.length
        spots = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
        assert height == pytest.approx(slope(spots), abs=0.6)


def test_places_stand_on_a_road_by_a_leg_or_over_the_ground() -> None:
    found = corridors([[(0, 0), (1000, 0)]], places=[(200, 0.3), (400, 20), (600, 400), (np.nan, np.nan), (9000, 9000)])
    on, leg, far, nowhere, lost = found.place.tolist()
    graph = found.corridors
    assert (nowhere, graph.x[on], graph.y[on]) == (-1, pytest.approx(200), 0)
    assert (graph.x[leg], graph.y[leg], graph.x[far], graph.y[far]) == (400, 20, 600, 400)
    assert sorted(found.kind.tolist()) == ["ground", "ground", "road", "road", "road", "road"]
    touched = {int(node) for node in (*graph.u, *graph.v)}
    assert {on, leg, far} <= touched
    assert lost not in touched
    ends_fit(found)
    road = found.kind == "road"
    assert shapely.length(found.lines[road]).sum() == pytest.approx(1000)
    assert graph.length_m[road].sum() == pytest.approx(1000 * np.hypot(1, 0.1), rel=1e-6)


def test_prices_are_those_of_the_catalogue() -> None:
    found = corridors(
        [[(0, 0), (0, 1000)]], [[(0, 500), (300, 500)]], [(-200, 100)], heights=lambda xy: np.zeros(len(xy))
    )
    price = {kind: found.corridors.trench_per_m[found.kind == kind] for kind in ("road", "pipe", "ground")}
    assert price["road"] == pytest.approx(TRENCH.road_per_m)
    assert price["pipe"] == pytest.approx(TRENCH.pipe_per_m)
    assert price["ground"] == pytest.approx(TRENCH.ground_per_m)
    steep = corridors([[(0, 0), (0, 1000)]], places=[(300, 100)])
    at = steep.kind == "ground"
    # Straight up the slope of one in ten; the way may bend a little.
    assert steep.corridors.trench_per_m[at] == pytest.approx(
        TRENCH.ground_per_m * (1 + 0.1 * TRENCH.slope_factor), rel=0.02
    )


def test_a_river_is_paid_for_once_and_only_over_the_ground() -> None:
    river = np.array([shapely.LineString([(-100, -50), (-100, 2000)]), shapely.LineString([(-500, 700), (500, 700)])])
    dry, wet = (corridors([[(0, 0), (0, 1000)]], places=[(-200, 100)], rivers=one) for one in (None, river))
    ground = dry.kind == "ground"
    more = (wet.corridors.trench_per_m - dry.corridors.trench_per_m) * dry.corridors.length_m
    assert more[ground] == pytest.approx(TRENCH.river_crossing)
    assert more[~ground] == pytest.approx(0)


def test_crossing_roads_and_pipes_are_joined() -> None:
    found = corridors([[(0, 0), (1000, 0)], [(500, -400), (500, 400)]], [[(700, -100), (700, 100)]])
    assert len(found.lines) == 7
    assert found.corridors.n_nodes == 8
    ends_fit(found)


def test_unknown_ground_stays_unknown() -> None:
    void = corridors([[(0, 0), (1000, 0)]], heights=lambda xy: np.where(xy[:, 0] > 500, np.nan, 100.0))
    assert not void.corridors.known.any()
    assert np.isfinite(void.corridors.length_m).all()


@pytest.mark.parametrize("seed", range(3))
def test_any_county_fits_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    roads = [rng.uniform(0, 4000, (int(rng.integers(2, 6)), 2)) for _ in range(8)]
    found = corridors(roads, places=rng.uniform(0, 4000, (40, 2)))
    ends_fit(found)
    assert (found.place >= 0).all()
    # Nothing lost, nothing laid twice.
    whole = shapely.union_all([shapely.LineString(road) for road in roads])
    assert shapely.length(found.lines[found.kind == "road"]).sum() == pytest.approx(whole.length, rel=0.01)


@pytest.mark.parametrize(("gap", "off"), [(60, 100), (300, 500), (200, 1000), (800, 2500), (1500, 2800)])
def test_islands_beside_each_other_come_to_the_network_too(gap: float, off: float) -> None:
    """A long road, and off it two that lie nearer to each other than to it."""
    y = [off, off + gap]
    found = corridors([[(0, 0), (6000, 0)], *([(2000, one), (4000, one)] for one in y)], places=[(2500, y[1] + 20)])
    graph = found.corridors
    label = components(graph.n_nodes, graph.u, graph.v)
    assert label[found.place[0]] == label[graph.u[np.argmax(shapely.length(found.lines))]]
    assert len(np.unique(label[np.concatenate([graph.u, graph.v])])) == 1
    ends_fit(found)
