"""Ways over open ground: against a shortest path of networkx on a finer grid, and drawn cases."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely

from siteplan.water.extensions.ground import ground_ways

SLOPE = 3.0


def level(xy: np.ndarray) -> np.ndarray:
    return np.full(len(xy), 100.0)


def hill(xy: np.ndarray) -> np.ndarray:
    """A cone of 150 m at the origin, 500 m wide."""
    return np.maximum(150.0 - 0.3 * np.hypot(*xy.T), 0.0)


def rough(xy: np.ndarray) -> np.ndarray:
    x, y = xy.T
    return 60.0 * np.sin(x / 310.0) * np.cos(y / 270.0) + 20.0 * np.sin((x + y) / 90.0)


def ways(places, targets, heights=level, **more):
    options = {"furthest_m": 3000.0, "slope_factor": SLOPE, **more}
    return ground_ways(
        np.array(places, float).reshape(-1, 2), np.array(targets, float).reshape(-1, 2), heights, **options
    )


def cost_of(line: shapely.LineString, heights) -> float:
    """A trench along a line, in metres of level trench, sampled every 5 m."""
    xy = shapely.get_coordinates(shapely.segmentize(line, 5.0))
    run, rise = np.hypot(*np.diff(xy, axis=0).T), np.abs(np.diff(heights(xy)))
    return float((np.hypot(run, rise) * (1 + SLOPE * rise / run)).sum())


def test_on_level_ground_the_way_is_straight_and_ends_at_the_very_points() -> None:
    found = ways([(0, 0)], [(731, 288), (900, 900)])
    assert found.target.tolist() == [0]
    xy = shapely.get_coordinates(found.lines[0])
    assert xy[0].tolist() == [0, 0]
    assert xy[-1].tolist() == [731, 288]
    assert found.lines[0].length < 1.03 * np.hypot(731, 288)


@pytest.mark.parametrize("seed", range(4))
def test_it_costs_no_more_than_networkx_finds_on_a_finer_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = np.zeros(2), rng.uniform(300, 700, 2) * rng.choice([-1, 1], 2)
    found = ways([start], [end], rough)
    step, n = 15.0, 131
    side = (np.arange(n) - n // 2) * step
    graph = nx.Graph()
    cells = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
    z = rough(cells.reshape(-1, 2)).reshape(n, n)
    for dx, dy in ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)):
        for i in range(n - dx):
            for j in range(max(-dy, 0), n - max(dy, 0)):
                run, rise = step * np.hypot(dx, dy), abs(z[i + dx, j + dy] - z[i, j])
                graph.add_edge((i, j), (i + dx, j + dy), weight=np.hypot(run, rise) * (1 + SLOPE * rise / run))
    goal = tuple(int(np.rint(v / step)) + n // 2 for v in end)
    best = nx.dijkstra_path_length(graph, (n // 2, n // 2), goal)
    straight = cost_of(shapely.LineString([start, end]), rough)
    mine = cost_of(found.lines[0], rough)
    assert mine <= 1.12 * best
    assert mine <= 1.001 * straight


def test_a_hill_is_gone_round_and_a_void_never_crossed() -> None:
    found = ways([(-480, 5)], [(480, 5)], hill)
    assert hill(shapely.get_coordinates(shapely.segmentize(found.lines[0], 5.0))).max() < 70

    def walled(xy: np.ndarray) -> np.ndarray:
        # No height on x = 180..260 but for a gate at y > 190.
        return np.where((np.abs(xy[:, 0] - 220) < 40) & (xy[:, 1] < 190), np.nan, 100.0)

    found = ways([(0, 0)], [(500, 0)], walled)
    xy = shapely.get_coordinates(shapely.segmentize(found.lines[0], 5.0))
    # A step from cell to cell may cut the void's corner.
    assert np.isfinite(walled(xy)).mean() > 0.95
    assert 190 <= xy[:, 1].max() < 260
    assert not len(ways([(0, 0)], [(500, 0)], lambda xy: np.where(xy[:, 0] > 100, np.nan, 0.0)).lines)


def test_neighbours_far_from_all_corridors_are_joined_once() -> None:
    found = ways([(0, 0), (300, 0)], [(0, 1500)])
    assert found.to_place.tolist().count(True) == 1
    assert sorted(found.start[~found.to_place].tolist()) == [0, 1]
    only = ways([(0, 0), (300, 0)], [])
    assert only.to_place.tolist() == [True]
    assert only.lines[0].length == pytest.approx(300)


def test_too_far_is_no_way_and_nobody_asks_for_nothing() -> None:
    assert not len(ways([(0, 0)], [(3001, 0)]).lines)
    assert not len(ways([], [(0, 0)]).lines)
    assert len(ways([(0, 0)], [(2999, 0)]).lines) == 1


def test_many_windows_answer_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    places, targets = rng.uniform(0, 20_000, (260, 2)), rng.uniform(0, 20_000, (300, 2))
    whole = ways(places, targets, rough)
    for k in (0, 57, 199, 259):
        alone = ways(places[[k]], targets, rough)
        mine = whole.lines[(whole.start == k) & ~whole.to_place]
        assert [line.wkt for line in mine] == [line.wkt for line in alone.lines]
