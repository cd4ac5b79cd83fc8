"""What numbers may be in, and single places astray: drawn cases of every kind, and real counties without alarm."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from siteplan.language import Texts
from siteplan.layers.diagnosis import contradiction, crs_candidates, named
from siteplan.layers.findings import with_messages
from siteplan.layers.strays import axes_swapped, degrees_box, odd_places, place_findings, places

COUNTY = (104.6, 26.2, 105.2, 26.8)
"""Where the other layers of the drawn county lie: about the meridian of 105 degrees."""
SAYS = {"EPSG:4326": "degrees", "EPSG:32648": "utm", "EPSG:3857": "web_mercator"}
ZONES = (
    [(4491 + i, "cgcs2000_6_prefix", 75 + 6 * i, 13 + i, f"CGCS2000 / Gauss-Kruger zone {13 + i}") for i in range(11)]
    + [(4502 + i, "cgcs2000_6", 75 + 6 * i, 0, f"CGCS2000 / Gauss-Kruger CM {75 + 6 * i}E") for i in range(11)]
    + [(4513 + i, "cgcs2000_3_prefix", 75 + 3 * i, 25 + i, f"CGCS2000 / 3-degree Gauss-Kruger zone {25 + i}")
       for i in range(21)]
    + [(4534 + i, "cgcs2000_3", 75 + 3 * i, 0, f"CGCS2000 / 3-degree Gauss-Kruger CM {75 + 3 * i}E")
       for i in range(21)]
)  # fmt: skip
"""EPSG number, reason, central meridian, prefix, name in the EPSG register."""


def hamlets(box: tuple[float, float, float, float] = COUNTY, n: int = 40) -> np.ndarray:
    return np.random.default_rng(7).uniform(box[:2], box[2:], (n, 2))


@cache
def between(source: str | int, target: str | int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def shown_in(code: str | int, degrees: np.ndarray) -> np.ndarray:
    return np.column_stack(between(4326, code).transform(degrees[:, 0], degrees[:, 1]))


def around(longitude: float, latitude: float = 33.0) -> tuple[float, float, float, float]:
    return (longitude - 0.4, latitude - 0.3, longitude + 0.4, latitude + 0.3)


@pytest.mark.parametrize(("code", "reason", "meridian", "prefix", "name"), ZONES, ids=[str(zone[0]) for zone in ZONES])
def test_each_chinese_zone_is_the_one_meant_and_is_told_from_its_numbers(code, reason, meridian, prefix, name):
    crs = pyproj.CRS.from_epsg(code)
    values = {one.name: one.value for one in crs.coordinate_operation.params}
    assert crs.name == name
    assert values["Longitude of natural origin"] == meridian
    assert values["False easting"] == prefix * 1_000_000 + 500_000
    box = around(meridian)
    numbers = shown_in(code, hamlets(box))
    for swapped in (False, True):
        seen = crs_candidates(numbers[:, ::-1] if swapped else numbers, reference=box, chinese=True)
        told = {(one.crs, one.reason, one.swapped) for one in seen if one.fit > 0.95}
        assert (f"EPSG:{code}", reason, swapped) in told
        assert {one[2] for one in told} == {swapped}
        if prefix:
            assert seen[0].crs == f"EPSG:{code}" and f"zone prefix {prefix}" in named(seen)
            alone = crs_candidates(numbers[:, ::-1] if swapped else numbers, reference=None, chinese=True)
            assert (alone[0].crs, alone[0].swapped) == (f"EPSG:{code}", swapped)
        else:
            assert seen[0].reason == "cgcs2000_3", "where kinds cannot be told apart, counties use 3 degrees"


@settings(deadline=None)  # pyproj looks each CRS up once
@given(
    code=st.sampled_from([*(zone[0] for zone in ZONES), *range(32601, 32661), *range(32701, 32761), 3857, 4490]),
    offset=st.floats(-2.9, 2.9),
    latitude=st.floats(1, 70),
)
def test_every_candidate_crs_is_there_and_back_under_a_millimetre(code, offset, latitude):
    crs = pyproj.CRS.from_epsg(code)
    middle, south = 105.0, 32700 < code < 32800
    if crs.is_projected and code != 3857:
        middle = next(one.value for one in crs.coordinate_operation.params if one.name == "Longitude of natural origin")
    degrees = np.array([[middle + offset, -latitude if south else latitude]])
    numbers = shown_in(code, degrees)
    back = np.column_stack(between(code, 4326).transform(*numbers.T))
    metres_a_degree = 111_320 * np.array([np.cos(np.radians(latitude)), 1])
    assert np.all(np.abs(back - degrees) * metres_a_degree < 1e-3)


@pytest.mark.parametrize("code", list(SAYS))
@pytest.mark.parametrize("swapped", [False, True])
def test_world_wide_crs_are_told_by_the_other_layers(code, swapped):
    numbers = shown_in(code, hamlets())
    numbers = numbers[:, ::-1] if swapped else numbers
    found = crs_candidates(numbers, reference=COUNTY, chinese=False)
    assert (found[0].crs, found[0].reason, found[0].swapped) == (code, SAYS[code], swapped)
    assert found[0].fit > 0.95


def test_a_plane_without_prefix_and_without_other_layers_has_no_zone():
    found = crs_candidates(shown_in(4544, hamlets()), reference=None, chinese=True)
    assert [(one.reason, one.crs) for one in found[:3]] == [("cgcs2000_3", ""), ("cgcs2000_6", ""), ("utm", "")]
    assert "3-degree zone without zone prefix" in named(found)


def test_numbers_of_nothing_have_no_candidates():
    assert crs_candidates(np.array([[9e9, 9e9]]), reference=COUNTY, chinese=True) == []
    assert crs_candidates(np.array([[np.nan, np.nan], [0, 0]]), reference=COUNTY, chinese=True) == []
    assert named([]) == ""


def test_swapped_degrees_in_china_are_told_without_other_layers():
    found = crs_candidates(hamlets(around(80, 37))[:, ::-1], reference=None, chinese=True)
    assert [(one.swapped, one.fit) for one in found] == [(True, 0.5), (False, 0.25)]


# What the file says, what the numbers really are, whether they are swapped -> the code and the CRS that would fit.
CONTRADICTIONS = [
    (4326, 4326, True, "layers.axes_swapped", "EPSG:4490"),
    (4326, 4544, False, "layers.metres_as_degrees", "EPSG:4544"),
    (4490, 4523, False, "layers.metres_as_degrees", "EPSG:4523"),
    (4544, 4490, False, "layers.degrees_as_metres", "EPSG:4490"),
    (4544, 4544, True, "layers.axes_swapped", "EPSG:4544"),
    (4523, 4523, True, "layers.axes_swapped", "EPSG:4523"),
    (32648, 32648, True, "layers.axes_swapped", "EPSG:4544"),
    (4544, 4523, False, "layers.zone_prefix_unexpected", "EPSG:4523"),
    (4523, 4544, False, "layers.zone_prefix_missing", "EPSG:4544"),
    (4523, 4524, False, "layers.zone_differs", "EPSG:4524"),
    (4523, 4496, False, "layers.zone_differs", "EPSG:4496"),
    (4496, 4523, False, "layers.zone_differs", "EPSG:4523"),
    (4547, 4544, False, "layers.elsewhere", "EPSG:4544"),
    (3857, 4544, False, "layers.elsewhere", "EPSG:4544"),
    (2193, 4544, False, "layers.elsewhere", "EPSG:4544"),
]


@pytest.mark.parametrize(("says", "really", "swapped", "code", "likely"), CONTRADICTIONS)
def test_numbers_that_contradict_the_crs(says, really, swapped, code, likely):
    numbers = shown_in(really, hamlets())
    numbers = numbers[:, ::-1] if swapped else numbers
    found = contradiction(numbers, pyproj.CRS.from_epsg(says), reference=COUNTY, chinese=True)
    assert found is not None and (found.code, found.n, found.of) == (code, 40, 40)
    assert found.candidates[0].crs == likely
    text = Texts("en")("layers.finding." + code.removeprefix("layers."), **found.values(f"EPSG:{says}"))
    assert likely in text and f"EPSG:{says}" in text
    words = {"axes_swapped": "swapped", "degrees_as_metres": "metres", "elsewhere": "far"}
    assert words.get(code.removeprefix("layers."), code.removeprefix("layers.").split("_")[0]) in text


@pytest.mark.parametrize("says", [4326, 4490, 4544, 4545, 4523, 4496, 4507, 32648, 3857, 4524])
def test_right_numbers_contradict_nothing(says):
    numbers = shown_in(says, hamlets())
    crs = pyproj.CRS.from_epsg(says)
    assert contradiction(numbers, crs, reference=COUNTY, chinese=True) is None
    assert contradiction(numbers, crs, reference=None, chinese=True) is None
    # A minority astray is for `odd_places`; the layer as a whole is where it says.
    numbers[:19] = numbers[:19, ::-1]
    assert contradiction(numbers, crs, reference=COUNTY, chinese=True) is None
    numbers[:21] = hamlets()[:21, ::-1] if crs.is_geographic else shown_in(says, hamlets())[:21, ::-1]
    assert contradiction(numbers, crs, reference=COUNTY, chinese=True) is not None


@pytest.mark.parametrize("says", [4544, 4523, 4507, 32648])
def test_a_swapped_plane_is_told_without_other_layers(says):
    found = contradiction(shown_in(says, hamlets())[:, ::-1], pyproj.CRS.from_epsg(says), reference=None, chinese=True)
    assert found is not None and found.code == "layers.axes_swapped"
    assert all(one.swapped for one in found.candidates)


def test_utm_near_the_equator_contradicts_nothing():
    # Northings of Uganda are of the size of eastings: no number there looks swapped.
    for box in ((30.2, 0.95, 35.8, 1.5), (30.2, 4.5, 35.8, 7.9)):
        numbers = shown_in(32636, hamlets(box))
        assert contradiction(numbers, pyproj.CRS.from_epsg(32636), reference=None, chinese=False) is None


@pytest.mark.parametrize("says", [2154, 27700, 3435, 3437, 2193, 28410, 5070, 32737, 32601, 3067])
def test_planes_of_other_countries_contradict_nothing(says):
    crs = pyproj.CRS.from_epsg(says)
    area = crs.area_of_use
    box = (area.west, area.south, area.east, area.north)
    numbers = shown_in(says, hamlets(box))
    assert contradiction(numbers, crs, reference=None, chinese=False) is None
    assert contradiction(numbers, crs, reference=box, chinese=False) is None


def test_a_swapped_western_county_is_told_by_the_roads_only():
    numbers = hamlets(around(80, 37))[:, ::-1]
    crs = pyproj.CRS.from_epsg(4326)
    assert contradiction(numbers, crs, reference=None, chinese=True) is None
    found = contradiction(numbers, crs, reference=around(80, 37), chinese=True)
    assert found is not None and found.code == "layers.axes_swapped"


@pytest.mark.parametrize("says", [4490, 4544, 4523])
@pytest.mark.parametrize("with_reference", [False, True])
def test_single_places_astray(says, with_reference):
    numbers = shown_in(says, hamlets())
    numbers[3] = numbers[3, ::-1]
    numbers[5] = 0.0
    numbers[8] = shown_in(says, np.array([[104.9, 28.5]]))[0]
    numbers[9] = np.nan
    odd = odd_places(numbers, pyproj.CRS.from_epsg(says), reference=COUNTY if with_reference else None)
    assert odd.at_origin.tolist() == [5] and odd.swapped.tolist() == [3] and odd.far.tolist() == [8]
    assert odd.outside.tolist() == [] and odd.all().tolist() == [3, 5, 8]
    assert odd.far_km[0] == pytest.approx(190, abs=5)
    words = with_messages(place_findings("villages", odd), Texts("en"))
    assert words["row"].tolist() == [4, 9]
    assert "swapped" in words["message"][0] and "far" in words["message"][1]


def test_places_outside_the_degrees():
    numbers = hamlets()
    numbers[1] = [500_000, 2_900_000]
    odd = odd_places(numbers, pyproj.CRS.from_epsg(4326), reference=COUNTY)
    assert odd.outside.tolist() == odd.all().tolist() == [1]
    empty = odd_places(np.full((3, 2), np.nan), pyproj.CRS.from_epsg(4326), reference=None)
    assert empty.all().tolist() == []


def test_long_thin_and_crowded_counties_have_nothing_far():
    rng = np.random.default_rng(3)
    thin = np.column_stack([rng.uniform(95, 99, 300), 35 + rng.normal(0, 0.01, 300)])
    crowd = rng.normal([90, 31], [0.03, 0.03], (400, 2))
    valley = np.column_stack([np.linspace(90, 93, 40), np.linspace(31, 32, 40)])
    crs = pyproj.CRS.from_epsg(4326)
    for county in (thin, np.vstack([crowd, valley])):
        assert odd_places(county, crs, reference=None).all().tolist() == []
    # The same lone place without the chain of hamlets that leads to it is far.
    assert odd_places(np.vstack([crowd, valley[-1:]]), crs, reference=None).far.tolist() == [400]


def test_the_reference_is_not_stretched_by_places_astray():
    lines = [LineString([(104.6 + i / 100, 26.2), (104.6 + i / 100, 26.8)]) for i in range(61)]
    astray = [LineString([(0, 0), (0, 0)]), LineString([(26.5, 104.9), (26.6, 104.9)]), None]
    for code in (4326, 4544):
        table = gpd.GeoDataFrame(geometry=lines, crs=4326).to_crs(code)
        shapes = np.array([*table.geometry, *astray], dtype=object)
        box = degrees_box(shapes, pyproj.CRS.from_epsg(code))
        assert box == pytest.approx(COUNTY, abs=0.01)
    assert degrees_box(np.array([None, Point()], dtype=object), pyproj.CRS.from_epsg(4326)) is None


def test_swapping_axes_is_its_own_inverse_and_keeps_heights():
    shapes = np.array([Point(26, 105), Point(26, 105, 1200), LineString([(1, 2), (3, 4)]), None], dtype=object)
    once = axes_swapped(shapes)
    assert shapely.get_coordinates(once).tolist() == [[105, 26], [105, 26], [2, 1], [4, 3]]
    assert shapely.get_z(once[1]) == 1200 and once[3] is None
    assert shapely.equals_identical(axes_swapped(once)[:3], shapes[:3]).all()


def test_real_chinese_counties_have_nothing_astray(shared_data: Path):
    folder = shared_data / "china_villages_gcj02"
    files = sorted((folder / "adcode").glob("*.csv"))
    assert len(files) == 14
    for file in files:
        points = pd.read_csv(file, header=None, usecols=[12, 13]).dropna().to_numpy()
        fence = shapely.from_geojson((folder / "fences" / f"{file.stem}.json").read_text("utf-8"))
        for reference in (None, fence.bounds):
            for code in (4490, 4544):
                crs = pyproj.CRS.from_epsg(code)
                numbers = shown_in(code, points)
                assert odd_places(numbers, crs, reference=reference).all().tolist() == [], file.stem
                assert contradiction(numbers, crs, reference=reference, chinese=True) is None


def test_ladakh_has_nothing_astray(shared_data: Path):
    folder = shared_data / "ladakh"
    villages, roads = (gpd.read_file(folder / name) for name in ("Habitation.zip", "Road_DRRP.zip"))
    box = degrees_box(roads.geometry.to_numpy(), roads.crs)
    assert box is not None
    for table, reference in ((villages, box), (villages, None), (roads, None)):
        points = places(table.geometry.to_numpy())
        assert odd_places(points, table.crs, reference=reference).all().tolist() == []
        assert contradiction(points, table.crs, reference=reference, chinese=False) is None
