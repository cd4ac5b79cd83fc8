"""The parts: catalogue and its rules, corridors cut, how far gravity reaches, taps, branches made smaller, words."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_corridors import made_valley

import siteplan.water.extensions
from siteplan.errors import LayerError, PlanError
from siteplan.language import LANGUAGES, catalogue
from siteplan.water.extensions import Corridors, design_extensions, drawing, load_catalogue, proposal, results
from siteplan.water.extensions.catalogue import loss_per_m
from siteplan.water.extensions.feasibility import _serves
from siteplan.water.extensions.points import Points, Works, heads, needed_heads
from siteplan.water.extensions.reach import gravity_reach, nearest_taps
from siteplan.water.extensions.tree import Branch, stripped
from siteplan.workflow import extending

CATALOGUE = load_catalogue()
LIMITS = CATALOGUE.limits
PACKED = resources.files("siteplan.standards").joinpath("water/pipes.toml").read_text("utf-8")


def test_every_rule_of_the_catalogue_has_its_clause_source_and_confidence() -> None:
    names = [row["rule"] for row in CATALOGUE.rules]
    assert len(names) == len(set(names)) >= 17
    for row in CATALOGUE.rules:
        assert row["source"] and row["clause"]
        assert row["confidence"] in {"source read", "unofficial page", "unverified"}
        if "price" in row["rule"] or row["rule"].endswith((".pump", ".break_tank", ".tap")):
            assert "invented" in row["source"]
            assert row["confidence"] == "unverified"


def test_pipes_are_round_and_stronger_ones_narrower_and_dearer() -> None:
    pipes = CATALOGUE.pipes
    assert (pipes.inner_mm < pipes.dn_mm * 1.13).all()
    for dn in np.unique(pipes.dn_mm):
        same = np.flatnonzero((pipes.dn_mm == dn) & (pipes.pn_m <= 160))
        same = same[np.argsort(pipes.pn_m[same])]
        assert (np.diff(pipes.inner_mm[same]) < 0).all()
        assert (np.diff(pipes.price_per_m[same]) > 0).all()
    for pn in np.unique(pipes.pn_m):
        same = np.flatnonzero(pipes.pn_m == pn)
        assert (np.diff(pipes.inner_mm[same]) > 0).all()
        assert (np.diff(pipes.price_per_m[same]) > 0).all()


def test_hazen_williams_against_a_worked_value() -> None:
    """10.67 q^1.852 / (C^1.852 d^4.871): 10 L/s in 100 mm at C = 140 lose some 16.7 m a km."""
    assert loss_per_m(10.0, 100.0, 140.0) * 1000 == pytest.approx(
        10.67 * 0.01**1.852 / (140**1.852 * 0.1**4.871) * 1000, rel=1e-3
    )
    assert loss_per_m(10.0, 100.0, 140.0) * 1000 == pytest.approx(16.7, abs=0.1)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("inner_mm = 21.0", "inner_mm = 0.021", "inner_mm"),
        ('"galvanised steel" = 100\n', "", "roughness.c has no value for galvanised steel"),
        ("[velocity_low]\nvalue = 0.7", "[velocity_low]\nvalue = 3.7", "velocity_low must be less"),
        ("[first_run]\nvalue = 0.5", "[first_run]\nvalue = 1.0", "first_run must be less than 1"),
        ("efficiency = 0.6", "efficiency = 60", "pump.efficiency"),
        ('currency = "CNY"', "currency = ", "not valid TOML"),
    ],
)
def test_a_faulty_catalogue_is_refused_with_the_key(tmp_path: Path, old: str, new: str, text: str) -> None:
    assert old in PACKED
    file = tmp_path / "pipes.toml"
    file.write_text(PACKED.replace(old, new), "utf-8")
    with pytest.raises(PlanError, match=text):
        load_catalogue(file)


def test_the_countys_own_catalogue_is_read(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(PACKED.replace("invented", "county list 2025").replace('"CNY"', '"INR"'), "utf-8-sig")
    own = load_catalogue(file)
    assert own.currency == "INR"
    valley = made_valley(1)
    design = design_extensions(valley.corridors, valley.sources, valley.hamlets, catalogue=own, check=False)
    assert "prices_invented" not in design.notes
    assert design.parameters["currency"] == "INR"
    with pytest.raises(PlanError, match="no file"):
        load_catalogue(tmp_path / "none.toml")


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_cut_corridors_are_the_same_ground(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corridors = made_valley(seed % 50).corridors
    edge = rng.integers(0, corridors.n_edges, 6)
    station = rng.choice([60.0, 100.0, 200.0, 333.3], 6)
    cut = corridors.split(edge, station)
    new = cut.corridors
    new.check()
    assert np.bincount(cut.origin, new.length_m).tolist() == pytest.approx(corridors.length_m.tolist())
    for k in range(new.n_edges):
        old_station, old_height = corridors.profile(int(cut.origin[k]))
        at, height = new.profile(k)
        assert np.allclose(height, np.interp(at + cut.offset_m[k], old_station, old_height))
    for e, s, node in zip(edge, station, cut.node, strict=True):
        assert node >= cut.old_nodes == corridors.n_nodes
        assert new.z_m[node] == pytest.approx(np.interp(s, *corridors.profile(int(e))))
    assert np.nanmax(np.abs(np.bincount(cut.origin, minlength=corridors.n_edges) - 1)) <= 6
    with pytest.raises(ValueError, match="not inside"):
        corridors.split(np.array([0]), np.array([0.0]))


def test_faulty_corridors_are_refused() -> None:
    good = made_valley(0).corridors
    for change, text in (
        ({"length_m": good.length_m * 0.0}, "length_m not above 0"),
        ({"u": good.u + 10_000}, "nodes that do not exist"),
        ({"trench_per_m": good.trench_per_m * np.nan}, "trench_per_m below 0 or unknown"),
        ({"station_m": good.station_m[::-1].copy()}, "stations not rising"),
        ({"height_m": good.height_m[:-1]}, "first\\[-1\\] points"),
    ):
        with pytest.raises(LayerError, match=text):
            replace(good, **change).check()


def line(heights: list[float], step: float = 100.0) -> Corridors:
    """One corridor a step, nodes at these heights."""
    n = len(heights)
    return Corridors.from_profiles([(0, 0, h) for h in heights], [(k, k + 1, step, 0.0) for k in range(n - 1)])


def test_gravity_passes_the_first_run_under_the_source_and_then_only_under_its_head() -> None:
    #            source  first run, 3 m and 8 m under  deep   ridge 6 m under   beyond
    corridors = line([100.0, 97.0, 92.0, 60.0, 94.0, 50.0])
    reach = gravity_reach(corridors, corridors.length_m, np.array([0]), np.array([100.0]), LIMITS)
    assert reach.usable[0].tolist() == [True, True, True, False, False]
    assert reach.way_m[0].tolist() == [0, 100, 200, 300, np.inf, np.inf]
    low = gravity_reach(
        line([100.0, 97.0, 92.0, 60.0, 89.0, 50.0]), corridors.length_m, np.array([0]), np.array([100.0]), LIMITS
    )
    assert low.usable[0].all()
    above = gravity_reach(line([100.0, 101.0, 60.0]), np.full(2, 100.0), np.array([0]), np.array([100.0]), LIMITS)
    assert not above.usable[0].any()
    hidden = Corridors.from_profiles([(0, 0, 100), (0, 0, 60)], [(0, 1, 200, 0)], [[(100.0, 103.0)]])
    assert not gravity_reach(hidden, np.full(1, 200.0), np.array([0]), np.array([100.0]), LIMITS).usable.any()


def test_many_heads_become_few_levels_each_at_its_lowest() -> None:
    corridors = line([100.0, 50.0])
    heads = 100.0 + np.arange(30.0)
    reach = gravity_reach(corridors, corridors.length_m, np.zeros(30, dtype=np.int64), heads, LIMITS)
    assert len(reach.level_m) == 8
    assert (reach.level_m[reach.source_level] <= heads).all()
    assert all(reach.level_m[k] == heads[reach.source_level == k].min() for k in range(8))


@pytest.mark.parametrize("seed", range(6))
def test_the_nearest_tap_is_the_nearest_of_all_places(seed: int) -> None:
    """Against a walk over a graph of all points, one edge a step, with the rule of the line point by point."""
    import networkx as nx

    valley = made_valley(seed, rough=2.5)
    corridors = valley.corridors
    node, head = valley.sources["node"].to_numpy(), valley.sources["head_m"].to_numpy()
    reach = gravity_reach(corridors, corridors.length_m, node, head, LIMITS)
    asked = valley.hamlets["node"].to_numpy()
    taps = nearest_taps(corridors, reach, asked, LIMITS)
    ways = nx.Graph()
    good: set[tuple[int, float]] = set()
    for edge in range(corridors.n_edges):
        station, height = corridors.profile(edge)
        ends = (int(corridors.u[edge]), int(corridors.v[edge]))
        names = [ends[0], *((edge, s) for s in station[1:-1].tolist()), ends[1]]
        for k in range(len(names) - 1):
            ways.add_edge(names[k], names[k + 1], weight=float(station[k + 1] - station[k]))
        for level, top in enumerate(reach.level_m):
            for end, order in ((ends[0], range(len(station))), (ends[1], range(len(station) - 1, -1, -1))):
                start = station[order[0]]
                for k in order:
                    left = top - 0.002 * (reach.way_m[level, end] + abs(station[k] - start)) - height[k]
                    if left >= LIMITS.tap_head_m:
                        good.add(names[k])
                    if not (left >= LIMITS.line_head_m) and not reach.usable[level, edge]:
                        break
    for k, hamlet in enumerate(asked.tolist()):
        away = nx.single_source_dijkstra_path_length(ways, hamlet, weight="weight")
        best = min((away[name] for name in good if name in away), default=np.nan)
        assert taps.walk_m[k] == pytest.approx(best, nan_ok=True)
        if taps.edge[k] >= 0:
            ground = np.interp(taps.station_m[k], *corridors.profile(int(taps.edge[k])))
            assert taps.climb_m[k] == pytest.approx(corridors.z_m[hamlet] - ground)


def test_a_branch_loses_first_what_costs_most_a_person() -> None:
    #  0 - 1 - 2 (10 people, near)    1 - 3 - 4 (5 people, far)   4 - 5 (500 people, a step further)
    branch = Branch(
        source=0,
        root=0,
        arcs=((0, 0, 1), (1, 1, 2), (2, 1, 3), (3, 3, 4), (4, 4, 5)),
        hamlets=(7, 8, 9),
        node=(2, 4, 5),
        lps=(0.1, 0.1, 0.5),
        service_m=(10.0, 10.0, 10.0),
        head_m=100.0,
        rest_m=100.0,
    )
    cost = np.array([100.0, 50.0, 400.0, 400.0, 20.0])
    assert stripped(branch, cost, {7: 10.0, 8: 5.0, 9: 500.0}, 8) == [(8, 9), (8,)]
    assert stripped(branch, cost, {7: 1000.0, 8: 5.0, 9: 1.0}, 8) == [(7, 8), (7,)]
    assert stripped(branch, cost, {7: 10.0, 8: 5.0, 9: 500.0}, 1) == [(8, 9)]
    part = branch.of([9])
    assert part.arcs == ((0, 0, 1), (2, 1, 3), (3, 3, 4), (4, 4, 5))
    assert part.lps == (0.5,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_state_reason_and_note_has_its_words(language: str) -> None:
    texts = catalogue(language)
    columns = {
        "project",
        *results.PROJECT_COLUMNS,
        *results.PIPE_COLUMNS,
        *results.WORKS_COLUMNS,
        *results.HAMLET_COLUMNS,
        *drawing.PROJECT_COLUMNS,
        *proposal.ASKED_COLUMNS,
        "project_cost",
        "corridor",
    }
    assert {f"water.extension.column.{name}" for name in columns} == {
        key for key in texts if key.startswith("water.extension.column.")
    }
    valley = made_valley(1)
    design = design_extensions(valley.corridors, valley.sources, valley.hamlets, check=False)
    assert {f"water.extension.figure.{name}" for name in design.figures} == {
        key for key in texts if key.startswith("water.extension.figure.")
    }
    room = Path(siteplan.water.extensions.__file__).parent
    source = "".join(file.read_text("utf-8") for file in room.glob("*.py"))
    source += Path(extending.__file__).read_text("utf-8")
    words = set(re.findall(r'"(?:[a-z_]+\.)*([a-z_]+)"', source))
    for table in ("state", "reason", "note", "recheck", "status", "needs", "service", "kind", "corridor"):
        named = {key.rsplit(".", 1)[1] for key in texts if key.startswith(f"water.extension.{table}.")}
        # Every text is of something that the source can say; sizing_* is put together.
        assert {name.removeprefix("sizing_") for name in named} <= words, table
    for note in design.notes:
        assert f"water.extension.note.{note}" in texts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**6), max_size=40), st.integers(0, 10**6), st.integers(0, 2**40))
def test_what_lies_below_a_point(picks: list[int], at: int, marks: int) -> None:
    """Against the definition, on random trees."""
    parent = np.array([-1, *(pick % (k + 1) for k, pick in enumerate(picks))])
    n = len(parent)
    ends, point = np.array([(marks >> k) & 1 == 1 for k in range(n)]), at % n
    blank = np.full(n, np.nan)
    points = Points(parent, blank, blank, parent, blank, blank, parent, blank, blank, blank, 0.0, 0.0)

    def beyond(k: int) -> bool:
        while k != -1:
            k = int(parent[k])
            if k == point:
                return True
            if k != -1 and ends[k]:
                return False
        return False

    assert sorted(points.below(point, ends).tolist()) == [k for k in range(n) if k != point and beyond(k)]


@pytest.mark.parametrize("seed", range(6))
def test_a_tanks_place_is_judged_as_by_every_heads_balance(seed: int) -> None:
    """The quick bounds decide as the heads and needs of all points would."""
    valley, rng, seen = made_valley(seed, rough=1.5), np.random.default_rng(seed), set()
    graph = nx.Graph()
    for edge, (u, v) in enumerate(zip(valley.corridors.u.tolist(), valley.corridors.v.tolist(), strict=True)):
        graph.add_edge(u, v, edge=edge)
    root = int(valley.sources["node"].iloc[0])
    arcs = tuple((graph.edges[u, v]["edge"], u, v) for u, v in nx.bfs_edges(graph, root))
    mine = valley.hamlets[valley.hamlets["node"].isin(graph) & (valley.hamlets["node"] != root)]
    numbers = (mine[name].tolist() for name in ("node", "peak_lps", "service_head_m"))
    branch = Branch(0, root, arcs, tuple(range(len(mine))), *(tuple(one) for one in numbers), 920.0, 920.0)
    points = branch.of(range(len(mine))).points(valley.corridors)
    works = Works.none(points, CATALOGUE.prices.tank_depth_m)
    works.tank_at[rng.integers(1, len(points))] = True
    for place in range(1, len(points)):
        if works.tank_at[place] or not len(points.below(place, works.tank_at)):
            continue
        for slope in (0.0, LIMITS.friction_allowance, 0.05):
            tank_at = works.tank_at.copy()
            tank_at[place] = True
            tried = replace(works, tank_at=tank_at)
            need, _ = needed_heads(points, tried, LIMITS)
            left = heads(points, np.full(len(points), slope), tried) - points.z_m - need
            full = bool((left >= 0)[points.below(place, works.tank_at)].all())
            assert _serves(points, CATALOGUE, works, place, slope) == full
            seen.add(full)
    assert seen == {True, False}
