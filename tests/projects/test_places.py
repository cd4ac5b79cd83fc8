"""Projects drawn where the features they name are."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from drawn_county import CRS, project, road, table
from geopandas.testing import assert_geodataframe_equal
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, box

from siteplan.projects.places import project_places

LAYERS = {
    "roads": table("roads", [road("A", (0, 0), (1, 0)), road("B", (1, 0), (1, 1)), {
        "id": "M", "geometry": MultiLineString([[(5, 5), (6, 6)], [(7, 7), (8, 8)]])}]),
    "sites": table("sites", [{"id": "S1", "geometry": box(0, 0, 2, 2)}, {"id": "S2", "geometry": box(1, 1, 3, 3)},
                             {"id": "S3", "geometry": box(9, 9, 10, 10)}, {"id": "S4", "geometry": Point(4, 4)}]),
    "water_points": table("water_points", [{"id": "T1", "geometry": Point(1, 2)},
                                           {"id": "T2", "geometry": Point(3, 4)}]),
    "villages": table("villages", [{"id": "V1"}, {"id": "V2", "geometry": Point(7, 7)}]),
}  # fmt: skip


def placed(*projects: dict) -> gpd.GeoDataFrame:
    return project_places(table("projects", list(projects)), LAYERS)


def test_each_kind_of_place() -> None:
    made = placed(
        project("p1", "A;B"),
        project("p2", "A;M;X"),
        project("p3", "T1", layer="water_points"),
        project("p4", "T2 T1", layer="water_points"),
        project("p5", "S1,S2,S3", layer="sites"),
        project("p6", "S4;S1", layer="sites"),
        project("p7", "S3", layer="sites"),
        project("p8", "V1、V2", layer="villages"),
    )
    shapes = made.geometry.tolist()
    assert shapes[0] == MultiLineString([[(0, 0), (1, 0)], [(1, 0), (1, 1)]])
    assert shapes[1] == MultiLineString([[(0, 0), (1, 0)], [(5, 5), (6, 6)], [(7, 7), (8, 8)]])
    assert shapes[2] == Point(1, 2)
    assert shapes[3].geom_type == "MultiPoint" and shapes[3].equals(shapely.MultiPoint([(1, 2), (3, 4)]))
    assert shapes[4].geom_type == "MultiPolygon" and shapes[4].is_valid and shapes[4].area == pytest.approx(8)
    assert shapes[5] == Point(4, 4)
    assert shapes[6] == MultiPolygon([box(9, 9, 10, 10)])
    assert shapes[7] == Point(7, 7)
    assert (made["place_from"] == "features").all()
    assert made["features_named"].tolist() == [2, 3, 1, 2, 3, 2, 1, 2]
    assert made["features_found"].tolist() == [2, 2, 1, 2, 3, 2, 1, 2]
    assert made["stage_key"].tolist() == ["tender"] * 8
    assert made.crs == CRS


def test_those_without_a_place_stay() -> None:
    made = placed(
        project("p1", "X;Y"),
        project("p2", ""),
        project("p3", "A", layer=""),
        project("p4", "K1", layer="hazards"),
        project("p5", "V1", layer="villages"),
        project("p6", "A", geometry=Point(50, 50), stage=""),
        project("p7", "A", geometry=Point()),
    )
    assert made["id"].tolist() == [f"p{at}" for at in range(1, 8)]
    assert made["place_from"].tolist() == ["", "", "", "", "", "own", "features"]
    assert made.geometry.isna().tolist() == [True] * 5 + [False, False]
    assert made["features_named"].tolist() == [2, 0, 1, 1, 1, 1, 1]
    assert made["features_found"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert made.geometry.iloc[5] == Point(50, 50)
    assert made["stage_key"].iloc[5] == "unknown"


def test_the_inputs_are_left_alone_and_the_index_is_kept() -> None:
    projects = table("projects", [project("p1", "B"), project("p2", "T1", layer="water_points")])
    projects.index = ["x", "x"]
    given, roads = projects.copy(), LAYERS["roads"].copy()
    made = project_places(projects, LAYERS)
    assert_geodataframe_equal(projects, given)
    assert_geodataframe_equal(LAYERS["roads"], roads)
    assert made.index.tolist() == ["x", "x"]
    assert made.geometry.tolist() == [MultiLineString([LineString([(1, 0), (1, 1)])]), Point(1, 2)]


def test_no_projects() -> None:
    made = placed()
    assert len(made) == 0 and {"stage_key", "place_from"} <= set(made.columns) and made.crs == CRS


def test_another_crs_is_an_error() -> None:
    with pytest.raises(ValueError, match="layer roads is in EPSG:4545"):
        project_places(table("projects", [project("p1", "A")]), {"roads": LAYERS["roads"].to_crs("EPSG:4545")})
