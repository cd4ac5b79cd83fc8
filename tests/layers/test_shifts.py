"""Common shifts: found where they were made, on drawn and on real data, and not where hamlets merely lie off roads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from scipy.spatial import cKDTree

from siteplan.language import Texts
from siteplan.layers import datums
from siteplan.layers.findings import with_messages
from siteplan.layers.shifts import Shift, common_shift, shift_finding

PLANE = pyproj.CRS.from_epsg(4544)
"""The plane of the drawn counties: its false origin put them where GCJ-02 is about 490 m from WGS 84."""
ORIGIN = np.array([450_000.0, 2_900_000.0])

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def roads_drawn(rng: np.random.Generator, n: int, side_m: float, *, bend: float = 0.35) -> np.ndarray:
    """Vertices of n roads, shape (n, 60, 2): 300 m a step, each step turning by about `bend` radians."""
    heading = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(rng.normal(0, bend, (n, 60)), axis=1)
    steps = 300 * np.dstack([np.cos(heading), np.sin(heading)])
    return ORIGIN + rng.uniform(0, side_m, (n, 1, 2)) + np.cumsum(steps, axis=1)


def beside(rng: np.random.Generator, roads: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on roads, the unit vector to the left of the road at each, and which road."""
    road, step, t = rng.integers(0, len(roads), n), rng.integers(0, roads.shape[1] - 1, n), rng.uniform(size=(n, 1))
    along = roads[road, step + 1] - roads[road, step]
    left = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    return roads[road, step] + t * along, left, road


def county(rng: np.random.Generator, n: int, **how: float) -> tuple[np.ndarray, float]:
    side_m = 2500 * np.sqrt(n)
    return roads_drawn(rng, max(3, n // 6), side_m, **how), side_m


def scattered(rng, n):
    roads, side_m = county(rng, n)
    return rng.uniform(0, side_m, (n, 2)) + ORIGIN, roads


def scattered_among_many_roads(rng, n):
    side_m = 2500 * np.sqrt(n)
    return rng.uniform(0, side_m, (n, 2)) + ORIGIN, roads_drawn(rng, max(12, n), side_m)


def in_clusters(rng, n):
    roads, side_m = county(rng, n)
    middles = rng.uniform(0, side_m, (max(3, n // 10), 2)) + ORIGIN
    return middles[rng.integers(0, len(middles), n)] + rng.normal(0, 400, (n, 2)), roads


def off_the_road_to_either_side(rng, n):
    roads, _ = county(rng, n)
    at, left, _ = beside(rng, roads, n)
    return at + left * rng.choice([-300.0, 300.0], (n, 1)), roads


def off_the_road_to_one_side_of_each(rng, n):
    roads, _ = county(rng, n, bend=0.03)
    at, left, road = beside(rng, roads, n)
    return at + left * rng.choice([-1, 1], len(roads))[road, None] * rng.normal(300, 80, (n, 1)), roads


def beyond_the_river_in_parallel_valleys(rng, n):
    side_m = 2500 * np.sqrt(n)
    east = np.arange(0, side_m, 300.0)
    north = rng.uniform(0, side_m, (n // 18 + 3, 1)) + np.cumsum(rng.normal(0, 30, (n // 18 + 3, len(east))), axis=1)
    roads = np.dstack([np.broadcast_to(east, north.shape), north]) + ORIGIN
    at, left, _ = beside(rng, roads, n)
    return at + left * rng.normal(300, 100, (n, 1)), roads


def in_the_squares_of_a_grid(rng, n):
    ticks = np.arange(0, 2500 * np.sqrt(n), 1500.0)
    ends = np.array([0.0, ticks[-1]])
    rows = np.array([np.column_stack([ends, [tick, tick]]) for tick in ticks])
    roads = np.concatenate([rows, rows[:, :, ::-1]]) + ORIGIN
    return rng.integers(0, len(ticks) - 1, (n, 2)) * 1500 + 750 + rng.normal(0, 100, (n, 2)) + ORIGIN, roads


ORDINARY: list[Draw] = [
    scattered, scattered_among_many_roads, in_clusters, off_the_road_to_either_side, off_the_road_to_one_side_of_each,
    beyond_the_river_in_parallel_valleys, in_the_squares_of_a_grid,
]  # fmt: skip


@pytest.mark.parametrize("draw", ORDINARY, ids=[draw.__name__ for draw in ORDINARY])
def test_hamlets_that_merely_lie_off_roads_raise_no_alarm(draw, request):
    draws = 300 if request.config.getoption("--sweep") else 25
    asked = 0
    for n in (8, 10, 15, 30, 80):
        for seed in range(draws):
            points, roads = draw(np.random.default_rng([n, seed]), n)
            shift = common_shift(points, shapely.linestrings(roads), PLANE)
            assert not shift.suspected, (n, seed, shift)
            asked += shift.asked >= 8 and shift.before_m > 60
    # The case must be one that could raise an alarm: hamlets off the roads, enough of them.
    assert asked > 2 * draws


@pytest.mark.parametrize(("n", "spread_m", "found"), [(15, 0, 20), (30, 40, 14), (80, 40, 20), (300, 80, 17)])
def test_made_shifts_are_found(n, spread_m, found):
    """Hamlets about their roads (to either side, normal), all moved alike by 250 to 1,300 m in any direction."""
    suspected = 0
    for seed in range(20):
        rng = np.random.default_rng([n, seed, 1])
        roads, _ = county(rng, n)
        at, left, _ = beside(rng, roads, n)
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(250, 1300)
        move = length * np.array([np.cos(angle), np.sin(angle)])
        true = at + left * rng.normal(0, spread_m, (n, 1))
        lines = shapely.linestrings(roads)
        assert not common_shift(true, lines, PLANE).suspected
        shift = common_shift(true + move, lines, PLANE)
        suspected += shift.suspected
        if shift.suspected:
            assert np.hypot(shift.dx_m - move[0], shift.dy_m - move[1]) < 15 + spread_m
            assert shift.after_m < shift.before_m / 2 and shift.metres == pytest.approx(length, abs=15 + spread_m)
    assert suspected >= found


def test_the_same_input_gives_the_same_answer():
    rng = np.random.default_rng(4)
    roads, _ = county(rng, 2000)
    points = beside(rng, roads, 2000)[0] + [400, -300]
    lines = shapely.linestrings(roads)
    first = common_shift(points, lines, PLANE)
    assert first == common_shift(points, lines, PLANE, tree=shapely.STRtree(lines)) and first.suspected
    assert first.asked <= 300
    # Many lines in one feature are the same roads.
    joined = np.array([shapely.multilinestrings(lines[i : i + 5]) for i in range(0, len(lines), 5)], dtype=object)
    assert common_shift(points, joined, PLANE).metres == pytest.approx(500, abs=1)


def test_too_little_to_go_by_says_nothing():
    roads = shapely.linestrings(roads_drawn(np.random.default_rng(1), 3, 5000))
    for points in (np.empty((0, 2)), np.full((20, 2), np.nan), ORIGIN + np.full((20, 2), 9e5), ORIGIN + np.eye(2)):
        shift = common_shift(points, roads, PLANE)
        assert not shift.suspected and np.isnan(shift.after_m) and shift_finding(shift).empty
    assert not common_shift(np.tile(ORIGIN, (20, 1)), np.array([], dtype=object), PLANE).suspected


def test_hamlets_beside_their_roads_are_not_put_to_the_vote(monkeypatch):
    def no_vote(*_: object) -> None:
        raise AssertionError("nothing needs explaining")

    monkeypatch.setattr("siteplan.layers.shifts._vote", no_vote)
    rng = np.random.default_rng(2)
    roads, _ = county(rng, 100)
    points = beside(rng, roads, 100)[0]
    assert common_shift(points, shapely.linestrings(roads), PLANE).before_m < 1
    with pytest.raises(AssertionError):
        common_shift(points + 400, shapely.linestrings(roads), PLANE)


def test_the_planted_case_is_found(shared_data: Path):
    folder = shared_data / "badinputs"
    roads = gpd.read_file(folder / "_good" / "roads.geojson").to_crs(PLANE).geometry.to_numpy()
    shifts = {}
    for name in ("_good", "B066_crs_gcj02_offset"):
        points = gpd.read_file(folder / name / "villages.geojson").to_crs(PLANE).geometry.to_numpy()
        shifts[name] = common_shift(shapely.get_coordinates(points), roads, PLANE)
    assert not shifts["_good"].suspected
    found = shifts["B066_crs_gcj02_offset"]
    # 0.0051 degrees east and 0.0032 south, which is not what GCJ-02 does there (280 m east, 388 m south).
    assert found.suspected and found.datum == "" and found.after_m < 1
    assert (found.dx_m, found.dy_m) == (pytest.approx(508, abs=2), pytest.approx(-355, abs=2))
    for language, words in (("en", ("shifted", "620 m", "508 m east", "-355 m north")), ("zh", ("偏移 620 米",))):
        message = with_messages(shift_finding(found), Texts(language))["message"][0]
        assert all(word in message for word in words), message


def roads_through(places: np.ndarray) -> np.ndarray:
    """Bent roads from each place to its two nearest."""
    near = cKDTree(places).query(places, k=3)[1][:, 1:]
    start, end = np.repeat(places, 2, axis=0), places[near.ravel()]
    t = np.linspace(0, 1, 8)[None, :, None]
    left = np.column_stack([start[:, 1] - end[:, 1], end[:, 0] - start[:, 0]])
    return shapely.linestrings(start[:, None] + t * (end - start)[:, None] + 0.15 * np.sin(np.pi * t) * left[:, None])


def test_real_villages_of_web_maps_are_known_for_what_they_are(shared_data: Path):
    files = sorted((shared_data / "china_villages_gcj02" / "adcode").glob("*.csv"))
    assert len(files) == 14
    rng = np.random.default_rng(5)
    for file in files:
        shown = pd.read_csv(file, header=None, usecols=[12, 13]).dropna().to_numpy()
        crs = pyproj.CRS.from_epsg(4534 + (3 * round(np.median(shown[:, 0]) / 3) - 75) // 3)
        plane = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)

        def flat(degrees: np.ndarray, plane: pyproj.Transformer = plane) -> np.ndarray:
            return np.column_stack(plane.transform(degrees[:, 0], degrees[:, 1]))

        true = datums.to_wgs84(shown, "gcj02")
        roads = roads_through(flat(true))
        about = rng.normal(0, 40, true.shape)
        assert not common_shift(flat(true) + 3 * about, roads, crs).suspected, file.stem
        for datum in ("gcj02", "bd09"):
            found = common_shift(flat(datums.from_wgs84(true, datum)) + about, roads, crs)
            assert (found.suspected, found.datum, found.layer) == (True, datum, "villages"), (file.stem, found)
            offset = (flat(datums.from_wgs84(true, datum)) - flat(true)).mean(axis=0)
            assert (found.dx_m, found.dy_m) == (pytest.approx(offset[0], abs=20), pytest.approx(offset[1], abs=20))
        shown_roads = roads_through(flat(shown))
        found = common_shift(flat(true) + about, shown_roads, crs)
        assert (found.suspected, found.datum, found.layer) == (True, "gcj02", "roads"), (file.stem, found)


def test_a_datum_is_named_with_the_plans_key():
    shift = Shift(True, 280.4, -388.0, 300.0, 20.0, "gcj02", "roads", 90)
    finding = shift_finding(shift)
    assert finding["code"].tolist() == ["layers.datum_shift"] and finding["layer"].tolist() == ["villages"]
    for language, word in (("en", "shifted"), ("zh", "偏移")):
        message = with_messages(finding, Texts(language))["message"][0]
        assert word in message and "479" in message and '[layers.roads] datum = "gcj02"' in message


def test_ladakh_raises_no_alarm_unless_it_is_shifted(shared_data: Path):
    villages, roads = (
        gpd.read_file(shared_data / "ladakh" / name).to_crs(32643) for name in ("Habitation.zip", "Road_DRRP.zip")
    )
    points, lines = shapely.get_coordinates(villages.geometry.to_numpy()), roads.geometry.to_numpy()
    assert not common_shift(points, lines, villages.crs).suspected
    found = common_shift(points + np.array([400, -300]), lines, villages.crs)
    assert found.suspected and np.hypot(found.dx_m - 400, found.dy_m + 300) < 30


def test_the_sample_county_raises_no_alarm_unless_it_is_shifted(repository: Path):
    villages, roads = (gpd.read_file(repository / "data" / name) for name in ("villages.gpkg", "roads.gpkg"))
    crs = villages.estimate_utm_crs()
    points = shapely.get_coordinates(villages[~villages.geometry.is_empty].to_crs(crs).geometry.dropna().to_numpy())
    lines = roads.to_crs(crs).geometry.dropna().to_numpy()
    assert not common_shift(points, lines, crs).suspected
    found = common_shift(points + np.array([300, 400]), lines, crs)
    assert found.suspected and np.hypot(found.dx_m - 300, found.dy_m - 400) < 30
