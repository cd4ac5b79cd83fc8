"""Which hamlets lines supply: drawn cases reckoned by hand, what stands in for substations, the sample county."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.power import STATUSES, PowerReach, power_coverage, power_reach
from siteplan.power.reach import reworded
from siteplan.standards import load_power_profile

CRS = "EPSG:32648"
PROFILE = load_power_profile()
NAN = float("nan")


def line(*xy: tuple[float, float], kv: float = 10.0, name: str = "") -> tuple[str, float, object]:
    return name, kv, shapely.LineString(xy) if xy else None


def lines(*drawn: tuple[str, float, object]) -> gpd.GeoDataFrame:
    names = [name or f"L{at}" for at, (name, _, _) in enumerate(drawn)]
    table = {"id": names, "voltage_kv": [kv for _, kv, _ in drawn]}
    return gpd.GeoDataFrame(table, geometry=[shape for *_, shape in drawn], crs=CRS)


def hamlets(*xy: tuple[float, float] | None, **columns: object) -> gpd.GeoDataFrame:
    shapes = [None if one is None else shapely.Point(one) for one in xy]
    base = {"township": "T", "village": "", "households": 10.0, "people": 40.0, **columns}
    return gpd.GeoDataFrame(pd.DataFrame(base, index=pd.RangeIndex(2, 2 + len(xy))), geometry=shapes, crs=CRS)


def judged(villages: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, **options: object) -> PowerReach:
    return power_reach(villages, layer, PROFILE, Texts("en"), **options)


def status(reach: PowerReach) -> list[str]:
    assert set(reach.villages["power_status"]) <= set(STATUSES)
    return reach.villages["power_status"].tolist()


HIGH = line((0, 0), (10_000, 0), kv=35.0, name="HV")
FEEDER = line((10_000, 30), (10_000, 5000), name="F")
ISLAND = line((20_000, 0), (20_000, 5000), name="I")


def test_each_verdict_and_its_line() -> None:
    reach = judged(
        hamlets((10_499, 3000), (20_300, 100), (15_000, 3000), (5000, 100), None), lines(HIGH, FEEDER, ISLAND)
    )
    # Near a line that is fed; near one that is not; between them; under a line of high voltage; nowhere.
    assert status(reach) == ["served", "cut_off", "out_of_reach", "out_of_reach", "unknown"]
    assert reach.villages["power_line"].tolist() == ["F", "I", "", "", ""]
    assert reach.villages["power_line_m"].tolist()[:2] == [499, 300]
    assert reach.villages["nearest_line_m"].tolist()[2:4] == pytest.approx([5000, 5000])
    assert reach.villages["power_reason"].tolist() == [
        "Line F, which is fed, is 499 m away (supply radius 500 m).",
        "Only lines that are not fed are within 500 m: I is 300 m away.",
        "No line that may supply is within 500 m: the nearest is 5000 m away.",
        "No line that may supply is within 500 m: the nearest is 5000 m away.",
        "The hamlet has no usable place.",
    ]
    assert reach.villages.index.tolist() == [2, 3, 4, 5, 6]
    assert reach.feeds_from == "higher_voltage"
    assert reach.lines["fed"].tolist() == [True, True, False]
    assert reach.headline["fed_km"] == pytest.approx(10 + 4.97) and reach.headline["cut_off_lines"] == 1


def test_the_radius_counts_to_the_last_metre() -> None:
    reach = judged(hamlets((10_500, 3000), (10_500.01, 3000)), lines(HIGH, FEEDER))
    assert status(reach) == ["served", "out_of_reach"]
    assert status(judged(hamlets((10_500.01, 3000)), lines(HIGH, FEEDER), radius_m=501.0)) == ["served"]


@pytest.mark.parametrize(("gap", "fed"), [(0.0, True), (10.0, True), (10.5, False)])
def test_ends_at_other_lines_are_joined_crossings_are_not(gap: float, fed: bool) -> None:
    branch = line((10_000 + gap, 2000), (13_000, 2000))
    assert judged(hamlets((12_900, 2000)), lines(HIGH, FEEDER, branch)).lines["fed"].tolist()[2] == fed
    crossing = line((9000, 2000), (13_000, 2000))
    reach = judged(hamlets((12_900, 2000)), lines(HIGH, FEEDER, crossing))
    assert reach.lines["fed"].tolist() == [True, True, False] and status(reach) == ["cut_off"]
    assert judged(hamlets(None), lines(HIGH, FEEDER, branch), snap_m=11.0).lines["fed"].tolist()[2]


def test_power_comes_from_the_ends_of_higher_voltage_not_from_under_it() -> None:
    under = line((5000, 20), (5000, 3000))
    near_end = line((10_090, 0), (10_090, 3000))
    beyond = line((10_101, -10), (10_101, -3000))
    assert judged(hamlets(None), lines(HIGH, under)).lines["fed"].tolist() == [True, False]
    assert judged(hamlets(None), lines(HIGH, near_end)).lines["fed"].tolist() == [True, True]
    assert judged(hamlets(None), lines(HIGH, beyond)).lines["fed"].tolist() == [True, False]


def test_a_chain_of_lines_carries_power_and_a_line_of_parts_is_one() -> None:
    chain = [line((10_000, 30 + 1000 * at), (10_000, 1030 + 1000 * at)) for at in range(4)]
    split = ("M", 10.0, shapely.MultiLineString([[(10_000, 4030), (11_000, 4030)], [(15_000, 0), (16_000, 0)]]))
    reach = judged(hamlets((15_500, 400), (10_000, 3800)), lines(HIGH, *chain, split))
    assert reach.lines["fed"].all() and status(reach) == ["served", "served"]
    reach = judged(hamlets((10_000, 3800)), lines(HIGH, *chain[1:]))
    assert status(reach) == ["cut_off"]


def test_substations_come_before_anything_that_stands_in() -> None:
    points = gpd.GeoDataFrame(geometry=[shapely.Point(20_050, 100), None], crs=CRS)
    reach = judged(hamlets((20_100, 3000), (10_100, 3000)), lines(HIGH, FEEDER, ISLAND), substations=points)
    assert reach.feeds_from == "substations" and status(reach) == ["served", "cut_off"]
    far = gpd.GeoDataFrame(geometry=[shapely.Point(25_000, 0)], crs=CRS)
    assert status(judged(hamlets((10_100, 3000)), lines(FEEDER), substations=far)) == ["cut_off"]
    assert judged(hamlets(None), lines(FEEDER), substations=points.iloc[:0]).feeds_from == "largest_component"


def test_without_any_source_the_longest_part_stands_in() -> None:
    short = [line((0, 0), (0, 1000)), line((0, 1000), (0, 1500)), line((0, 1500), (0, 1600))]
    long = line((5000, 0), (5000, 2000))
    reach = judged(hamlets((100, 500), (5100, 500)), lines(*short, long))
    assert reach.feeds_from == "largest_component" and status(reach) == ["cut_off", "served"]
    # Of equally long ones the first.
    even = judged(hamlets((100, 500), (5100, 500)), lines(line((0, 0), (0, 2000)), long))
    assert status(even) == ["served", "cut_off"]


def test_a_line_of_unknown_voltage_may_pass_by() -> None:
    unknown = line((10_000, 30), (10_000, 5000), kv=NAN, name="U")
    reach = judged(hamlets((10_100, 3000), (10_100, 4990)), lines(HIGH, unknown, line((10_400, 5000), (10_000, 5000))))
    assert status(reach) == ["unknown", "served"]
    assert "may pass by" in reach.villages["power_reason"].iloc[0]
    assert reach.lines["supplies"].tolist() == ["no", "unknown", "yes"]
    # Not fed, it supplies nobody.
    alone = judged(hamlets((10_100, 3000)), lines(HIGH, line((10_000, 200), (10_000, 5000), kv=NAN)))
    assert status(alone) == ["cut_off"]


def test_a_line_that_is_fed_counts_before_a_nearer_one_that_is_not() -> None:
    stray = line((10_050, 1000), (10_050, 4000))
    reach = judged(hamlets((10_060, 3000)), lines(HIGH, FEEDER, stray))
    assert status(reach) == ["served"] and reach.villages["power_line"].tolist() == ["F"]


@pytest.mark.parametrize("layer", [lines().iloc[:0], lines(("E", 10.0, None))], ids=["no row", "no geometry"])
def test_without_lines_nothing_is_known(layer: gpd.GeoDataFrame) -> None:
    reach = judged(hamlets((0, 0), None), layer)
    assert status(reach) == ["unknown", "unknown"] and reach.feeds_from == "nothing"
    assert set(reach.villages["power_reason"]) == {"There are no power lines in the data."}
    assert reach.headline["served"] == 0


def test_only_lines_that_pass_by() -> None:
    reach = judged(hamlets((5000, 100)), lines(HIGH))
    assert status(reach) == ["out_of_reach"] and reach.villages["nearest_line_m"].isna().all()
    assert reach.villages["power_reason"].iloc[0].startswith("The county has no line of a voltage")


def test_an_unplaced_line_and_an_empty_county() -> None:
    reach = judged(hamlets((10_100, 3000)), lines(("gone", 10.0, None), HIGH, FEEDER))
    assert status(reach) == ["served"] and reach.lines["component"].tolist()[0] == -1
    assert not reach.lines["fed"].iloc[0]
    nobody = judged(hamlets(), lines(HIGH, FEEDER))
    assert nobody.villages.empty and power_coverage(hamlets(), nobody)["hamlets"].tolist() == [0]


def test_faulty_calls_are_refused() -> None:
    villages, layer = hamlets((0, 0)), lines(HIGH)
    with pytest.raises(ValueError, match=r"power_lines: found CRS EPSG:4326; expected a projected one"):
        judged(villages, layer.set_crs("EPSG:4326", allow_override=True))
    with pytest.raises(ValueError, match="power_lines: found CRS EPSG:32649; expected that of villages"):
        judged(villages, layer.set_crs("EPSG:32649", allow_override=True))
    with pytest.raises(ValueError, match="above 0"):
        judged(villages, layer, radius_m=0.0)
    with pytest.raises(ValueError, match="same index"):
        power_coverage(villages.reset_index(drop=True), judged(villages, layer))


def test_inputs_are_not_changed_and_order_does_not_matter() -> None:
    villages, layer = hamlets((10_100, 3000), (20_100, 3000)), lines(HIGH, FEEDER, ISLAND)
    before = layer.copy(deep=True)
    reach = judged(villages, layer)
    assert_frame_equal(pd.DataFrame(layer), pd.DataFrame(before))
    turned = judged(villages, layer.iloc[::-1])
    assert_frame_equal(turned.villages, reach.villages)
    assert turned.lines["fed"].to_dict() == reach.lines["fed"].to_dict()


def test_rules_notes_and_words() -> None:
    reach = judged(hamlets((10_100, 3000)), lines(HIGH, FEEDER, line((10_000, 30), (0, 5000), kv=NAN)))
    assert [key for key, _ in reach.notes] == [
        "power.note.higher_voltage", "power.note.radius", "power.note.voltage_unknown", "power.note.unverified",
    ]  # fmt: skip
    assert reach.rules["confidence"].eq("unverified").all()
    assert reach.parameters["radius_m"] == 500
    for language in LANGUAGES:
        for key, values in reach.notes:
            assert "{" not in Texts(language)(key, **values)
        for name in (*reach.villages.columns, *set(reach.lines.columns) - {"id"}):
            assert f"power.column.{name}" in catalogue(language)
        for name in power_coverage(hamlets((10_100, 3000)), reach).columns:
            assert f"power.column.{name}" in catalogue(language)
        for name in reach.headline:
            assert f"power.figure.{name}" in catalogue(language)
        for name in STATUSES:
            assert f"power.status.{name}" in catalogue(language)
    assert reworded(reach, Texts("zh")).villages["power_reason"].iloc[0].startswith("距有电线路 F 100 米")


def test_coverage_by_township_knows_what_it_does_not_know() -> None:
    villages = hamlets((10_100, 3000), (20_100, 3000), (15_000, 0), None, (10_200, 3000),
                       township=["a", "b", "a", "b", ""], village=["v", "v", "w", "w", ""],
                       households=[10.0, NAN, 3.0, 4.0, NAN], people=[40.0, 8.0, NAN, 16.0, 5.0])  # fmt: skip
    table = power_coverage(villages, judged(villages, lines(HIGH, FEEDER, ISLAND)))
    assert table["level"].tolist() == ["county"] + ["township"] * 3 + ["village"] * 5
    county = table.iloc[0]
    assert county[["hamlets", "served", "cut_off", "out_of_reach", "unknown"]].tolist() == [5, 2, 1, 1, 1]
    assert county["rate"] == pytest.approx(2 / 5)
    assert (county["people"], county["people_served"], county["people_unknown_number"]) == (69, 45, 1)
    assert (county["people_cut_off"], county["people_out_of_reach"], county["people_unknown"]) == (8, 0, 16)
    assert county["households_rate"] == pytest.approx(10 / 17) and county["households_unknown_number"] == 2
    townships = table[table["level"] == "township"].set_index("township")
    assert townships.index.tolist() == ["", "a", "b"]
    assert townships.loc["b", "households_cut_off"] == 0 and townships.loc["b", "households"] == 4
    assert np.isnan(townships.loc["", "households"]) and townships.loc["", "people_served"] == 5
    for name in ("hamlets", *STATUSES, *(f"people_{one}" for one in STATUSES), "people"):
        assert townships[name].sum() == county[name]
        assert table[table["level"] == "village"][name].sum() == county[name]
    assert sum(county[f"people_{one}"] for one in STATUSES) == county["people"]


def test_the_sample_county(repository: Path) -> None:
    layer = gpd.read_file(repository / "data" / "county.gpkg", layer="power_lines")
    villages = gpd.read_file(repository / "data" / "villages.gpkg").to_crs(layer.crs)
    reach = judged(villages, layer)
    assert reach.feeds_from == "higher_voltage"
    # By brute force: within 500 m of a fed line of 10 kV, else of one that is not fed.
    fed = layer[reach.lines["fed"] & (layer["voltage_kv"] <= 20)].geometry.union_all()
    rest = layer[~reach.lines["fed"]].geometry.union_all()
    near = villages.geometry.distance(fed) <= 500
    cut = ~near & (villages.geometry.distance(rest) <= 500)
    told = np.where(near, "served", np.where(cut, "cut_off", "out_of_reach"))
    assert status(reach) == told.tolist()
    assert min(reach.headline[name] for name in ("served", "cut_off", "out_of_reach")) > 0
    cover = power_coverage(villages, reach)
    assert cover["people"].iloc[0] == villages["people"].sum()
    assert cover[cover["level"] == "township"]["people_served"].sum() == cover["people_served"].iloc[0]
    # Every township's own part hangs on the grid: the seat of each is served.
    seats = gpd.read_file(repository / "data" / "county.gpkg", layer="centres").query("kind == 'township'")
    blank = seats.assign(households=NAN, people=NAN)
    assert set(judged(blank, layer).villages["power_status"]) == {"served"}


def test_a_feeder_that_ends_at_the_middle_of_a_high_line_takes_nothing_from_it() -> None:
    """Nothing transforms there: power comes over at the ends of lines of higher voltage only."""
    tee = line((5000, 5), (5000, 3000), name="T")
    reach = judged(hamlets((5100, 2000), (10_100, 3000)), lines(HIGH, FEEDER, tee))
    assert status(reach) == ["cut_off", "served"]
    assert reach.lines["component"].nunique() == 3


def test_substations_without_a_place_are_none() -> None:
    nowhere = gpd.GeoDataFrame({"id": ["X"]}, geometry=[None], crs=CRS)
    reach = judged(hamlets((10_100, 3000)), lines(HIGH, FEEDER), substations=nowhere)
    assert (reach.feeds_from, status(reach)) == ("higher_voltage", ["served"])
