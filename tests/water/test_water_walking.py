"""Walking to taps: Tobler's published speeds, ways reckoned by hand, and every way by brute force."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from siteplan.network import LineArrays, build_network, find_joins
from siteplan.standards import load_walking
from siteplan.water.pathnetwork import PathNetwork
from siteplan.water.walking import WAYS, Walks, tap_shares, tobler_kmh, walk_to_taps

NAN = float("nan")


def minutes(level: float, rise: float) -> float:
    slope = rise / level if level else 0.0
    return level / 1000.0 / (6.0 * np.exp(-3.5 * abs(slope + 0.05))) * 60.0


def there_and_back(level: float, rise: float) -> float:
    return minutes(level, rise) + minutes(level, -rise)


def free(level: float, rise: float) -> float:
    """Off the paths: in zigzags where it is steeper than 1 / 3.5."""
    return minutes(max(level, abs(rise) * 3.5), rise)


def paths(points: list[tuple[float, float, float]], *pieces: tuple[int, int]) -> PathNetwork:
    start, end = np.array(pieces).T
    return PathNetwork(np.array(points, dtype=float), start, end)


def walks(hamlets: list, taps: list, network: PathNetwork | None = None, **options: object) -> pd.DataFrame:
    table = walk_to_taps(np.array(hamlets, float), np.array(taps, float), network, **options).table
    assert set(table["by"]) <= set(WAYS)
    return table


def test_published_speeds() -> None:
    # Tobler 1993: 5.04 km/h on the level, 6 km/h, the fastest, at -2.86 degrees.
    assert tobler_kmh(np.zeros(1))[0] == pytest.approx(5.04, abs=0.005)
    slopes = np.tan(np.radians(np.linspace(-30, 30, 60_001)))
    fastest = int(np.argmax(tobler_kmh(slopes)))
    assert tobler_kmh(slopes)[fastest] == pytest.approx(6.0, abs=1e-3)
    assert np.degrees(np.arctan(slopes[fastest])) == pytest.approx(-2.86, abs=0.005)
    # A table of samples: degrees, km/h.
    for degrees, kmh in ((-20, 2.00), (-5, 5.26), (1, 4.74), (5, 3.71), (10, 2.72), (20, 1.41), (50, 0.08)):
        assert tobler_kmh(np.tan(np.radians([degrees])))[0] == pytest.approx(kmh, abs=0.006)


def test_slopes_of_one_path_up_and_down() -> None:
    network = paths([(0, 0, 0), (400, 0, 60), (1000, 0, 20)], (0, 1), (1, 2))
    row = walks([(0, 0, 0)], [(1000, 0, 20)], network).iloc[0]
    assert row["by"] == "network" and row["tap"] == 0
    assert row["level_m"] == pytest.approx(1000)
    assert row["climb_m"] == 20
    assert row["there_min"] == pytest.approx(minutes(400, 60) + minutes(600, -40))
    assert row["back_min"] == pytest.approx(minutes(600, 40) + minutes(400, -60))
    assert row["round_min"] == row["least_min"] == row["there_min"] + row["back_min"]
    turned = walks([(1000, 0, 20)], [(0, 0, 0)], network).iloc[0]
    assert (turned["there_min"], turned["back_min"]) == pytest.approx((row["back_min"], row["there_min"]))


def test_the_way_round_a_hill_beats_the_way_over_it() -> None:
    network = paths([(0, 0, 0), (500, 0, 250), (1000, 0, 0), (500, -400, 0)], (0, 1), (1, 2), (0, 3), (3, 2))
    row = walks([(0, 0, 0)], [(1000, 0, 0)], network).iloc[0]
    assert row["level_m"] == pytest.approx(2 * np.hypot(500, 400))
    assert row["round_min"] == pytest.approx(2 * there_and_back(np.hypot(500, 400), 0))


def test_the_quickest_tap_is_not_the_nearest_one() -> None:
    network = paths([(0, 0, 0), (600, 0, 300), (-900, 0, 0)], (0, 1), (0, 2))
    row = walks([(0, 0, 0)], [(600, 0, 300), (-900, 0, 0)], network).iloc[0]
    assert row["tap"] == 1 and row["level_m"] == pytest.approx(900)


def test_the_direction_counts_where_the_rule_asks_for_one_way() -> None:
    # Downhill to tap 0 and steeply back; level to tap 1.
    network = paths([(0, 0, 0), (1000, 0, -100), (-1050, 0, 0)], (0, 1), (0, 2))
    one, both = (
        walks([(0, 0, 0)], [(1000, 0, -100), (-1050, 0, 0)], network, round_trip=way)["tap"].iloc[0]
        for way in (False, True)
    )
    assert minutes(1000, -100) < minutes(1050, 0)
    assert there_and_back(1000, -100) > there_and_back(1050, 0)
    assert (one, both) == (0, 1)


def test_places_off_the_path_and_between_its_points() -> None:
    network = paths([(0, 0, 0), (1000, 0, 100)], (0, 1))
    row = walks([(200, 30, 26)], [(700, -40, 66)], network, reach_m=50).iloc[0]
    # To the foot at 200 m (20 m high), along 500 m (50 m up), from the foot at 700 m (70 m) to the tap.
    assert row["level_m"] == pytest.approx(30 + 500 + 40)
    assert row["there_min"] == pytest.approx(minutes(30, -6) + minutes(500, 50) + minutes(40, -4))
    assert row["back_min"] == pytest.approx(minutes(30, 6) + minutes(500, -50) + minutes(40, 4))


def test_two_places_on_one_piece_do_not_go_round_by_its_ends() -> None:
    network = paths([(0, 0, 0), (10_000, 0, 0)], (0, 1))
    table = walks([(5000, 0, 0), (5010, 10, 0)], [(5600, 0, 0)], network, reach_m=20)
    assert table["level_m"].tolist() == pytest.approx([600, 10 + 590])


def test_a_tap_beside_the_hamlet_needs_no_path() -> None:
    network = paths([(0, 0, 0), (1000, 0, 0), (1000, 100, 0), (0, 100, 0)], (0, 1), (1, 2), (2, 3))
    row = walks([(0, 0, 0)], [(0, 100, 0)], network, reach_m=100).iloc[0]
    assert row["by"] == "network" and row["level_m"] == pytest.approx(100)
    assert walks([(0, 0, 0)], [(0, 100, 0)], network, reach_m=99).iloc[0]["level_m"] == pytest.approx(2100)


def test_as_the_crow_flies_where_there_is_no_way() -> None:
    network = paths([(0, 0, 0), (1000, 0, 0), (5000, 0, 0), (6000, 0, 0)], (0, 1), (2, 3))
    table = walks([(0, 0, 0), (5000, 0, 0), (0, 3000, 40)], [(1000, 0, 0)], network)
    # On the path; on a path that leads to no tap; near no path.
    assert table["by"].tolist() == ["network", "straight", "straight"]
    assert table["level_m"].tolist() == pytest.approx([1000, 4000, np.hypot(1000, 3000)])
    assert table["round_min"].iloc[2] == pytest.approx(there_and_back(np.hypot(1000, 3000), 40))
    alone = walks([(0, 0, 0)], [(300, 400, 0)])
    assert alone["by"].tolist() == ["straight"] and alone["level_m"].tolist() == [500]


def test_no_tap_and_no_place() -> None:
    network = paths([(0, 0, 0), (1000, 0, 0)], (0, 1))
    table = walks([(0, 0, 0), (NAN, NAN, NAN)], np.zeros((0, 3)), network)
    assert table["by"].tolist() == ["none", "no_place"] and table["tap"].tolist() == [-1, -1]
    assert table[["level_m", "climb_m", "there_min", "back_min", "round_min", "least_min"]].isna().all(axis=None)
    table = walks([(0, 0, 0), (NAN, NAN, NAN)], [(NAN, NAN, 0), (1000, 0, 0)], network)
    # A tap without a place is none; the rows of the others stay as given.
    assert table["tap"].tolist() == [1, -1] and table["by"].tolist() == ["network", "no_place"]
    nobody = walk_to_taps(np.zeros((0, 3)), np.array([(0.0, 0, 0)]), network)
    assert nobody.table.empty


def test_heights_not_known_leave_the_time_open_but_bounded() -> None:
    network = paths([(0, 0, 0), (1000, 0, NAN), (2000, 0, 0)], (0, 1), (1, 2))
    row = walks([(0, 0, 0)], [(2000, 0, 0)], network).iloc[0]
    assert row["by"] == "network" and row["level_m"] == pytest.approx(2000)
    assert np.isnan(row["round_min"]) and row["climb_m"] == 0
    assert row["least_min"] == pytest.approx(4000 / 1000 / 6 * 60)
    straight = walks([(0, 0, NAN)], [(300, 0, 5), (100, 0, 5)]).iloc[0]
    assert straight["tap"] == 1 and np.isnan(straight["round_min"]) and np.isnan(straight["climb_m"])
    assert straight["least_min"] == pytest.approx(200 / 1000 / 6 * 60)


def test_a_timed_way_beside_a_shorter_one_of_unknown_height() -> None:
    network = paths([(0, 0, 0), (500, 0, NAN), (1000, 0, 0), (500, 2000, 0)], (0, 1), (1, 2), (0, 3), (3, 2))
    row = walks([(0, 0, 0)], [(1000, 0, 0)], network).iloc[0]
    assert row["round_min"] == pytest.approx(2 * there_and_back(np.hypot(500, 2000), 0))
    assert row["least_min"] == pytest.approx(2000 / 1000 / 6 * 60)
    both = walks([(0, 0, 0)], [(100, 0, NAN), (900, 0, 0)]).iloc[0]
    assert both["tap"] == 1 and both["least_min"] == pytest.approx(200 / 1000 / 6 * 60)


def test_steep_ground_off_the_paths_is_climbed_in_zigzags() -> None:
    # A place of another height than the path beside it: surveyed here, from the DEM there.
    network = paths([(0, 0, 0), (1000, 0, 0)], (0, 1))
    row = walks([(0, 0.01, 14)], [(1000, 0, 0)], network).iloc[0]
    assert row["there_min"] == pytest.approx(minutes(49, -14) + minutes(1000, 0))
    assert row["round_min"] == row["least_min"]
    up = walks([(0, 0, 0)], [(10, 0, 70)]).iloc[0]
    assert up["there_min"] == pytest.approx(minutes(245, 70)) and up["level_m"] == 10
    # No slope is climbed quicker; gentler ground is walked straight.
    assert minutes(245, 70) <= min(minutes(run, 70) for run in np.linspace(50, 2000, 400))
    assert walks([(0, 0, 0)], [(300, 0, 60)])["there_min"].iloc[0] == pytest.approx(minutes(300, 60))
    # Drawn paths are walked as drawn; nobody walks up a wall.
    drawn = walks([(0, 0, 0)], [(100, 0, 60)], paths([(0, 0, 0), (100, 0, 60)], (0, 1)), reach_m=10).iloc[0]
    assert drawn["there_min"] == pytest.approx(minutes(100, 60))
    wall = walks([(0, 0, 0)], [(1, 0, 900)], paths([(0, 0, 0), (1, 0, 900)], (0, 1)), reach_m=0.5).iloc[0]
    assert wall["by"] == "straight" and wall["there_min"] == pytest.approx(minutes(3150, 900))


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, PathNetwork]:
    rng = np.random.default_rng(seed)
    n = 30
    xyz = np.column_stack([rng.uniform(0, 3000, (n, 2)), rng.uniform(0, 300, n)])
    tails, heads = zip(*(pair for pair in itertools.combinations(range(n), 2) if rng.random() < 0.08), strict=True)
    network = PathNetwork(xyz, np.array(tails), np.array(heads))
    hamlets = np.column_stack([rng.uniform(0, 3000, (12, 2)), rng.uniform(0, 300, 12)])
    taps = np.column_stack([rng.uniform(0, 3000, (5, 2)), rng.uniform(0, 300, 5)])
    return hamlets, taps, network


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("round_trip", [True, False])
def test_against_every_tap_by_networkx(seed: int, round_trip: bool) -> None:
    hamlets, taps, network = random_case(seed)
    reach = 250.0
    table = walk_to_taps(hamlets, taps, network, reach_m=reach, round_trip=round_trip).table
    graph = nx.Graph()

    def add(a: object, b: object, p: np.ndarray, q: np.ndarray, minutes=minutes) -> None:
        level, rise = float(np.hypot(*(q - p)[:2])), float(q[2] - p[2])
        forth, back = minutes(level, rise), minutes(level, -rise)
        cost = forth + back
        if not graph.has_edge(a, b) or graph.edges[a, b]["both"] > cost:
            graph.add_edge(a, b, both=cost, forth={(a, b): forth, (b, a): back})

    places = {("h", at): one for at, one in enumerate(hamlets)} | {("t", at): one for at, one in enumerate(taps)}
    for number, (start, end) in enumerate(zip(network.start, network.end, strict=True)):
        a, b = network.xyz[start], network.xyz[end]
        line = shapely.LineString([a[:2], b[:2]])
        chain = [(0.0, ("p", start), a), (1.0, ("p", end), b)]
        for key, place in places.items():
            if line.distance(shapely.Point(place[:2])) <= reach:
                share = line.project(shapely.Point(place[:2]), normalized=True)
                foot = a + (b - a) * share
                name = ("f", number, key)
                chain.append((share, name, foot))
                add(key, name, place, foot, free)
        chain.sort(key=lambda one: one[0])
        for (_, one, p), (_, other, q) in itertools.pairwise(chain):
            add(one, other, p, q)
    for (kind, at), place in places.items():
        for other, tap in enumerate(taps):
            if kind == "h" and np.hypot(*(place - tap)[:2]) <= reach:
                add((kind, at), ("t", other), place, tap, free)
    walked = nx.DiGraph()
    for _, _, values in graph.edges(data=True):
        for pair, forth in values["forth"].items():
            walked.add_edge(*pair, cost=values["both"] if round_trip else forth)
    for at in range(len(hamlets)):
        best = np.inf
        for other in range(len(taps)):
            if walked.has_node(("h", at)) and walked.has_node(("t", other)) and nx.has_path(
                walked, ("h", at), ("t", other)
            ):  # fmt: skip
                best = min(best, nx.shortest_path_length(walked, ("h", at), ("t", other), weight="cost"))
        row = table.iloc[at]
        if np.isfinite(best):
            assert row["by"] == "network"
            assert row["round_min" if round_trip else "there_min"] == pytest.approx(best, rel=1e-9)
        else:
            cost = [
                free(np.hypot(*step[:2]), step[2]) + (free(np.hypot(*step[:2]), -step[2]) if round_trip else 0.0)
                for step in taps - hamlets[at]
            ]
            assert row["by"] == "straight" and row["tap"] == int(np.argmin(cost))
            assert row["round_min" if round_trip else "there_min"] == pytest.approx(min(cost))
        assert row["least_min"] <= row["round_min"] + 1e-9


def test_random_cases_hold_every_way() -> None:
    seen = {way for seed in range(12) for way in walk_to_taps(*random_case(seed), reach_m=250.0).table["by"]}
    assert seen == {"network", "straight"}


def test_paths_from_lines_follow_their_vertices_and_the_ground() -> None:
    lines = np.array([shapely.LineString([(0, 0), (30, 40), (130, 40)]), shapely.LineString([(130, 40), (130, 140)])])
    network = build_network(find_joins(LineArrays.from_geometry(lines), reach_m=1.0), snap_m=1.0)
    made = PathNetwork.from_lines(network, lambda xy: xy[:, 0] + 2 * xy[:, 1], step_m=25.0)
    assert made.level_m.sum() == pytest.approx(250)
    assert made.level_m.max() <= 25 + 1e-9
    assert made.xyz[:, 2] == pytest.approx(made.xyz[:, 0] + 2 * made.xyz[:, 1])
    whole = nx.Graph(list(zip(made.start.tolist(), made.end.tolist(), strict=True)))
    assert nx.is_connected(whole) and len(whole) == len(made.xyz) == 11
    coarse = PathNetwork.from_lines(network, lambda xy: np.zeros(len(xy)), step_m=1e6)
    assert sorted(coarse.level_m) == pytest.approx([50, 100, 100])
    with pytest.raises(ValueError, match="step_m"):
        PathNetwork.from_lines(network, lambda xy: np.zeros(len(xy)), step_m=0)


def test_the_index_is_that_of_the_hamlets_and_rules_tell_of_tobler() -> None:
    result = walk_to_taps(np.zeros((2, 3)), np.zeros((1, 3)), index=pd.Index([7, 3]))
    assert isinstance(result, Walks)
    assert result.table.index.tolist() == [7, 3]
    assert result.rules["rule"].tolist() == ["walking.tobler"]
    with pytest.raises(ValueError, match=r"hamlets_xyz: found shape \(2, 2\)"):
        walk_to_taps(np.zeros((2, 2)), np.zeros((1, 3)))


def test_what_hamlets_share_at_a_tap() -> None:
    result = walk_to_taps(np.array([(0.0, 0, 0), (10, 0, 0), (1000, 0, 0), (NAN, NAN, NAN)]),
                          np.array([(0.0, 0, 0), (1000, 0, 0), (9999, 0, 0)]))  # fmt: skip
    shares = tap_shares(result, np.array([100.0, 50, NAN, 7]), np.array([7.5, 7.5, 7.5]), np.array([8.0, 8, 8]))
    assert shares["people_per_tap"].tolist()[:2] == [150, 150]
    assert shares["tap_litres_per_person_day"].tolist()[:2] == pytest.approx([24, 24])
    assert shares[["people_per_tap", "tap_litres_per_person_day"]].iloc[2:].isna().all(axis=None)
    assert shares["tap_l_per_min"].tolist()[2] == 7.5


def test_the_same_path_drawn_twice_and_backwards_is_one_way() -> None:
    points = [(0, 0, 0), (500, 0, 40), (1000, 0, 0), (500, 0, 90)]
    once = walks([(0, 0, 0)], [(1000, 0, 0)], paths(points, (0, 1), (1, 2)))
    often = walks([(0, 0, 0)], [(1000, 0, 0)], paths(points, (0, 1), (1, 0), (1, 2), (0, 1), (2, 1), (0, 3), (3, 2)))
    assert often["round_min"].tolist() == pytest.approx(once["round_min"].tolist())
    assert often["there_min"].tolist() == pytest.approx(once["there_min"].tolist())


def test_permuting_the_taps_changes_nothing_but_their_rows() -> None:
    hamlets, taps, network = random_case(3)
    order = np.array([3, 1, 4, 0, 2])
    plain, turned = walk_to_taps(hamlets, taps, network).table, walk_to_taps(hamlets, taps[order], network).table
    assert order[turned["tap"]].tolist() == plain["tap"].tolist()
    assert turned["round_min"].tolist() == pytest.approx(plain["round_min"].tolist())


def test_the_constants_are_those_of_the_rule_pack() -> None:
    rule = load_walking()
    slower = rule.model_copy(update={"fastest_kmh": 3.0})
    quick, slow = (walk_to_taps(np.zeros((1, 3)), np.array([(1000.0, 0, 9)]), walking=one) for one in (rule, slower))
    assert slow.table["round_min"].iloc[0] == pytest.approx(2 * quick.table["round_min"].iloc[0])
