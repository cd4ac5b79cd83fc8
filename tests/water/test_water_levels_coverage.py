"""Roll-up by township: sums equal totals, what is not known stands beside, nobody is served by not knowing."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from siteplan.language import catalogue
from siteplan.standards import load_water_profile, water_profile_names
from siteplan.water.coverage import AMOUNTS, SERVED, WaterCoverage, water_coverage
from siteplan.water.levels import ServiceLevels, pack_column
from siteplan.water.model import LEVELS

NAN = float("nan")
PACKS = tuple(load_water_profile(name) for name in water_profile_names())
ROWS = [
    # township, village, people, households, livestock, level, safe
    ("b", "v1", 100.0, 20.0, 5.0, "piped_adequate", "yes"),
    ("a", "v1", 50.0, NAN, 7.0, "piped_deficient", "unknown"),
    ("b", "v2", NAN, 10.0, NAN, "tap_in_reach", "yes"),
    ("b", "v2", 30.0, 6.0, 0.0, "unserved", "no"),
    ("", "", 8.0, 2.0, 1.0, "tap_too_far", "no"),
    ("a", "v3", NAN, NAN, 4.0, "unknown", "unknown"),
    ("a", "v3", 12.0, 3.0, NAN, "piped_adequate", "unknown"),
]


def made(rows: list[tuple]) -> tuple[gpd.GeoDataFrame, ServiceLevels]:
    names = ["township", "village", "people", "households", "livestock", "water_level", "water_safe"]
    table = pd.DataFrame(rows, columns=names, index=pd.RangeIndex(10, 10 + len(rows)))
    villages = gpd.GeoDataFrame(
        table[names[:5]], geometry=[shapely.Point(at, 0) for at in range(len(rows))], crs="EPSG:32648"
    )
    service = table[["water_level", "water_safe"]].copy()
    for pack in PACKS:
        cycle = (*pack.level_names, "unknown")
        service[pack_column(pack)] = [cycle[at % len(cycle)] for at in range(len(rows))]
    blank = pd.DataFrame(columns=["rule"])
    return villages, ServiceLevels(service, pd.DataFrame(index=table.index), PACKS, blank, {})


@pytest.fixture(scope="module")
def example() -> WaterCoverage:
    return water_coverage(*made(ROWS))


def place(example: WaterCoverage, level: str, township: str = "", village: str = "") -> dict:
    rows = example.places
    found = rows[(rows["level"] == level) & (rows["township"] == township) & (rows["village"] == village)]
    assert len(found) == 1
    return found.iloc[0].to_dict()


def test_the_county(example: WaterCoverage) -> None:
    row = place(example, "county")
    assert {name: row[name] for name in ("hamlets", "served", "not_served", "unknown")} == {
        "hamlets": 7, "served": 3, "not_served": 3, "unknown": 1}  # fmt: skip
    assert row["rate"] == pytest.approx(3 / 7)
    assert (row["people"], row["people_served"], row["people_unknown"]) == (200, 112, 2)
    assert row["people_rate"] == pytest.approx(112 / 200)
    assert (row["households"], row["households_served"], row["households_unknown"]) == (41, 33, 2)
    assert (row["livestock"], row["livestock_served"], row["livestock_unknown"]) == (17, 5, 2)
    assert [row[name] for name in ("safe", "safe_no", "safe_unknown")] == [2, 2, 3]
    assert [row[f"people_{name}"] for name in ("safe", "safe_no", "safe_unknown")] == [100, 38, 62]
    assert [row[name] for name in LEVELS] == [2, 1, 1, 1, 1, 1]
    assert example.headline["people_served"] == 112 and example.headline["hamlets"] == 7


def test_townships_and_villages(example: WaterCoverage) -> None:
    levels = example.places["level"].tolist()
    assert levels == ["county"] + ["township"] * 3 + ["village"] * 5
    assert example.places["township"].tolist()[1:4] == ["", "a", "b"]
    # v1 of a is not v1 of b.
    assert place(example, "village", "a", "v1")["people"] == 50
    assert place(example, "village", "b", "v1")["people"] == 100
    b = place(example, "township", "b")
    assert (b["people"], b["people_unknown"], b["people_served"]) == (130, 1, 100)
    v3 = place(example, "village", "a", "v3")
    assert (v3["people"], v3["people_served"], v3["people_unknown"], v3["unknown"]) == (12, 12, 1, 1)


def test_a_place_of_which_no_number_is_known_has_no_sum() -> None:
    cover = water_coverage(*made([("a", "", NAN, 4.0, NAN, "piped_adequate", "yes")] * 2))
    row = place(cover, "township", "a")
    assert np.isnan(row["people"]) and np.isnan(row["people_served"]) and np.isnan(row["people_rate"])
    assert row["people_unknown"] == 2 and row["households"] == 8 and row["households_rate"] == 1
    assert np.isnan(row["people_safe"])
    cell = cover.levels[(cover.levels["value"] == "piped_adequate") & (cover.levels["level"] == "county")].iloc[0]
    assert np.isnan(cell["people"]) and cell["people_unknown"] == 2
    other = cover.levels[(cover.levels["value"] == "unserved") & (cover.levels["level"] == "county")].iloc[0]
    assert other["people"] == 0 and other["hamlets"] == 0


@pytest.mark.parametrize("column", ["water_level", *(pack_column(pack) for pack in PACKS)])
def test_the_levels_of_a_place_add_up_to_its_totals(example: WaterCoverage, column: str) -> None:
    rows = example.levels[example.levels["by"] == column]
    values = LEVELS if column == "water_level" else next(
        (*pack.level_names, "unknown") for pack in PACKS if pack_column(pack) == column
    )  # fmt: skip
    for (level, township), group in rows.groupby(["level", "township"]):
        assert group["value"].tolist() == list(values)
        whole = place(example, level, township)
        assert group["hamlets"].sum() == whole["hamlets"]
        for name in AMOUNTS:
            assert group[name].sum() == whole[name]
            assert group[f"{name}_unknown"].sum() == whole[f"{name}_unknown"]
    county = rows[rows["level"] == "county"].set_index("value")
    townships = rows[rows["level"] == "township"].groupby("value")
    assert townships["hamlets"].sum().to_dict() == county["hamlets"].to_dict()
    assert townships["people"].sum().to_dict() == county["people"].fillna(0).to_dict()


def test_townships_add_up_to_the_county(example: WaterCoverage) -> None:
    rows = example.places[example.places["level"] == "township"]
    whole = place(example, "county")
    counts = [name for name in rows.columns[3:] if not name.endswith("rate")]
    for name in counts:
        assert rows[name].sum() == whole[name], name


def test_random_counties_add_up() -> None:
    rng = np.random.default_rng(11)

    def some(*values: object) -> object:
        return values[rng.integers(len(values))]

    rows = [
        (some("x", "y", "z", ""), some("p", "q"), some(NAN, float(rng.integers(500))), some(NAN, 3.0), some(NAN, 9.0),
         some(*LEVELS), some("yes", "no", "unknown"))
        for _ in range(300)
    ]  # fmt: skip
    cover = water_coverage(*made(rows))
    table = pd.DataFrame(rows, columns=["township", "village", "people", "households", "livestock", "level", "safe"])
    for township, group in table.groupby("township"):
        row = place(cover, "township", township)
        served = group["level"].isin(SERVED)
        assert row["hamlets"] == len(group) and row["served"] == served.sum()
        assert row["people"] == group["people"].sum() and row["people_served"] == group["people"][served].sum()
        assert row["people_unknown"] == group["people"].isna().sum()
        for level, cell in group.groupby("level"):
            told = cover.levels.query("level == 'township' and township == @township and by == 'water_level'")
            one = told[told["value"] == level].iloc[0]
            assert (one["hamlets"], one["people"]) == (len(cell), cell["people"].sum())
            assert one["livestock_unknown"] == cell["livestock"].isna().sum()


def test_not_knowing_serves_nobody() -> None:
    cover = water_coverage(*made([("a", "v", 10.0, 2.0, 1.0, "unknown", "unknown")]))
    row = place(cover, "county")
    assert (row["served"], row["rate"], row["people_served"], row["people_rate"]) == (0, 0, 0, 0)
    assert (row["safe"], row["people_safe"], row["people_safe_unknown"]) == (0, 0, 10)


def test_a_county_without_hamlets_or_townships() -> None:
    villages, service = made(ROWS)
    nobody = water_coverage(villages.iloc[:0], ServiceLevels(service.table.iloc[:0], service.states.iloc[:0], PACKS,
                                                             service.rules, {}))  # fmt: skip
    assert nobody.places["level"].tolist() == ["county"] and nobody.headline["hamlets"] == 0
    assert np.isnan(nobody.headline["rate"])
    plain = water_coverage(villages.drop(columns=["township", "village", "livestock"]), service)
    assert plain.places["level"].tolist() == ["county"]
    assert plain.places["livestock_unknown"].tolist() == [7]


def test_another_index_is_refused() -> None:
    villages, service = made(ROWS)
    with pytest.raises(ValueError, match="same index"):
        water_coverage(villages.iloc[::-1], service)


def test_every_column_has_a_word(example: WaterCoverage) -> None:
    known = catalogue("en")
    for name in {*example.places.columns, *example.levels.columns} - {"level"}:
        assert f"water.column.{name}" in known or f"roads.column.{name}" in known or name in LEVELS, name
