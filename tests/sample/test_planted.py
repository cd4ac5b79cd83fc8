"""Every listed fault is in the geometry as listed, and there is no other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from samplecounty import DATA, County

from siteplan.sample.roads import CLEAR_M, near_ends


@pytest.fixture(scope="module")
def lines(county: County) -> pd.Series:
    """Road lines by id."""
    return county.layers["roads"].set_index("id").geometry


def faults(county: County, *kinds: str) -> list[tuple[str, list[str], shapely.Point, float]]:
    """(kind, ids, place, size) of the planted faults of these kinds."""
    planted = county.layers["planted"]
    rows = planted[planted["kind"].isin(kinds)]
    assert len(rows)
    return [(r.kind, r.ids.split(";"), shapely.Point(r.x, r.y), r.size_m) for r in rows.itertuples()]


def test_the_kinds_and_their_number(county: County) -> None:
    assert county.layers["planted"]["kind"].value_counts().to_dict() == {
        "gap_carried": 6, "gap_suspected": 5, "unknown_surface": 3, "missing_junction": 2, "overlap": 2,
        "bridge_over_road": 1, "duplicate": 1,
    }  # fmt: skip


def test_gaps_are_as_wide_as_listed(county: County, lines: pd.Series) -> None:
    for kind, (own, other), at, size in faults(county, "gap_carried", "gap_suspected"):
        assert (1.0 < size < 9.0) if kind == "gap_carried" else (11.0 < size < 39.0)
        assert shapely.Point(shapely.get_coordinates(lines[own])[-1]).distance(at) < 1e-6
        assert lines[other].distance(at) == pytest.approx(size, abs=0.002)
        rest = lines.drop(own)
        assert rest.distance(at).min() == pytest.approx(size, abs=0.002)


def test_suspected_gaps_cut_hamlets_off(county: County, lines: pd.Series) -> None:
    hamlets = np.asarray(county.layers["villages"].to_crs(county.layers["roads"].crs).geometry)
    for _, (own, _other), _, _ in faults(county, "gap_suspected"):
        piece = lines.index == own
        while (more := lines.intersects(lines[piece].union_all()).to_numpy()).sum() > piece.sum():
            piece = more
        near = hamlets[shapely.distance(hamlets, lines[piece].union_all()) < 100.0]
        rest = lines[~piece].union_all()
        assert (shapely.distance(near, rest) > 500.0).any()


def test_missing_junctions_cross_without_a_vertex(county: County, lines: pd.Series) -> None:
    for _, (own, other), at, _ in faults(county, "missing_junction"):
        meet = lines[own].intersection(lines[other])
        assert meet.geom_type == "Point" and meet.distance(at) < 0.002
        for line in (lines[own], lines[other]):
            assert shapely.MultiPoint(shapely.get_coordinates(line)).distance(at) > 5.0


def test_the_bridge_passes_over(county: County, lines: pd.Series) -> None:
    roads = county.layers["roads"].set_index("id")
    ((_, (own, other, _ramp), at, _),) = faults(county, "bridge_over_road")
    assert roads.loc[own, "bridge"] and not roads.loc[other, "bridge"]
    assert roads["bridge"].sum() == 1
    meet = lines[own].intersection(lines[other])
    assert meet.geom_type == "Point" and meet.distance(at) < 0.002
    for end in (0, -1):
        place = shapely.Point(shapely.get_coordinates(lines[own])[end])
        assert (lines.drop(own).distance(place) == 0.0).any()


def test_overlaps_and_duplicate(county: County, lines: pd.Series) -> None:
    surface = county.layers["roads"].set_index("id")["surface"]
    for kind, (base, again), _, size in faults(county, "overlap", "duplicate"):
        assert lines[base].intersection(lines[again]).length == pytest.approx(size, abs=0.01)
        assert lines[again].length == pytest.approx(size, abs=0.01)
        assert (surface[base] != surface[again]) == (kind == "overlap")
        assert lines[base].equals_exact(lines[again], 0.0) == (kind == "duplicate")


def test_unknown_surfaces(county: County) -> None:
    surface = county.layers["roads"].set_index("id")["surface"].fillna("")
    known = {"沥青", "水泥", "弹石", "砂石", "土路"}
    assert set(surface.index[~surface.isin(known)]) == {ids[0] for _, ids, _, _ in faults(county, "unknown_surface")}


def test_no_other_end_comes_near_a_line(county: County, lines: pd.Series) -> None:
    ids = lines.index
    near = {ids[row] for row, _ in near_ends(list(lines), CLEAR_M - 1.0)}
    assert near == {ids[0] for _, ids, _, _ in faults(county, "gap_carried", "gap_suspected")}


def test_no_other_crossing_or_overlap(county: County, lines: pd.Series) -> None:
    """Two roads meet in common vertices only, but for the planted pairs."""
    shapes = np.asarray(lines)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    meet = shapely.intersection(shapes[a], shapes[b])
    found = set()
    for one, two, at in zip(a, b, meet, strict=True):
        first, second = (shapely.MultiPoint(shapely.get_coordinates(shapes[n])) for n in (one, two))
        points = shapely.get_parts(at)
        if at.length > 0.0 or (shapely.distance(points, first) + shapely.distance(points, second) > 1e-6).any():
            found.add(frozenset((lines.index[one], lines.index[two])))
    kinds = ("missing_junction", "bridge_over_road", "overlap", "duplicate")
    assert found == {frozenset(ids[:2]) for _, ids, _, _ in faults(county, *kinds)}
    assert lines.is_simple.all()


def test_no_leg_to_a_near_road_crosses_a_river(county: County) -> None:
    roads, rivers = county.layers["roads"], county.layers["rivers"]
    hamlets = np.asarray(county.layers["villages"].to_crs(roads.crs).geometry)
    shapes = np.asarray(roads.geometry)
    hamlet, road = shapely.STRtree(shapes).query(hamlets, predicate="dwithin", distance=100.0)
    legs = shapely.shortest_line(hamlets[hamlet], shapes[road])
    assert shapely.STRtree(rivers.geometry).query(legs, predicate="intersects").size == 0
    assert len(np.unique(hamlet)) > 300


def test_the_readme_lists_every_fault(county: County) -> None:
    text = (DATA / "README.md").read_text("utf-8")
    missing = [i for ids in county.layers["planted"]["ids"] for i in ids.split(";") if f"`{i}`" not in text]
    assert not missing
