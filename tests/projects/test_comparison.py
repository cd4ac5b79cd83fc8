"""Now and planned side by side: gained, lost, sums that know what they do not know."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drawn_county import CRS, applied, county, hamlet, judged, planned, project, road
from geopandas.testing import assert_geodataframe_equal

from siteplan.language import LANGUAGES, catalogue
from siteplan.projects.comparison import Comparison, compare

NAN = float("nan")


def villages(*rows: tuple) -> gpd.GeoDataFrame:
    """Rows of (township, people, verdict, computed verdict)."""
    town, people, status, computed = zip(*rows, strict=True)
    names = [f"H{at}" for at in range(len(rows))]
    table = {"id": names, "name": names, "village": "V", "township": town, "households": NAN, "people": people,
             "road_status": status, "road_status_computed": computed, "reason": [f"{one}!" for one in status],
             "to_harden_m": 5.0, "to_build_m": 0.0}  # fmt: skip
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(at, 0) for at in range(len(rows))], crs=CRS)


def then(before: gpd.GeoDataFrame, *status: str) -> gpd.GeoDataFrame:
    told = {"road_status": status, "road_status_computed": status, "reason": [f"{one}?" for one in status]}
    return before.assign(**told, to_harden_m=1.0)


@pytest.fixture
def example() -> Comparison:
    before = villages(
        ("a", 100.0, "hardened", "hardened"),
        ("a", NAN, "unhardened", "unhardened"),
        ("a", 30.0, "no_road", "no_road"),
        ("b", NAN, "road_island", "road_island"),
        ("b", NAN, "unknown", "unknown"),
        ("b", 7.0, "hardened", "hardened"),
    )
    before.index = [5, 4, 3, 2, 1, 0]
    return compare(before, then(before, "hardened", "hardened", "hardened", "unhardened", "unknown", "unhardened"))


def test_each_hamlet(example: Comparison) -> None:
    table = example.villages
    assert table.index.tolist() == [5, 4, 3, 2, 1, 0]
    assert table["change"].tolist() == ["same", "gained", "gained", "better", "same", "lost"]
    assert table["gained"].tolist() == [False, True, True, False, False, False]
    assert table["lost"].tolist() == [False] * 5 + [True]
    assert table["planned_status"].iloc[3] == "unhardened"
    assert table["planned_reason"].tolist()[:2] == ["hardened?", "hardened?"]
    assert table["planned_to_harden_m"].tolist() == [1.0] * 6 and table["to_harden_m"].tolist() == [5.0] * 6


def test_sums_by_township_keep_the_unknown_beside(example: Comparison) -> None:
    a, b = example.townships.to_dict("records")
    assert (a["township"], a["hamlets"], a["served_now"], a["served_planned"], a["gained"], a["lost"]) == (
        "a",
        3,
        1,
        3,
        2,
        0,
    )
    assert (a["people"], a["people_unknown"], a["people_now"], a["people_planned"]) == (130, 1, 100, 130)
    assert (a["people_now_unknown"], a["people_planned_unknown"], a["people_gained"]) == (0, 1, 30)
    assert (b["hamlets"], b["served_now"], b["served_planned"], b["unknown"], b["lost"]) == (3, 1, 0, 1, 1)
    assert (b["people"], b["people_unknown"], b["people_now"], b["people_planned"], b["people_gained"]) == (
        7,
        2,
        7,
        0,
        -7,
    )
    # Of households nothing at all is known: no sum is 0.
    assert all(np.isnan(one[name]) for one in (a, b) for name in ("households", "households_now", "households_gained"))
    assert (a["households_unknown"], a["households_planned_unknown"]) == (3, 3)


def test_headline(example: Comparison) -> None:
    told = example.headline
    assert (told["hamlets"], told["served_now"], told["served_planned"], told["unknown"]) == (6, 2, 3, 1)
    assert (told["gained"], told["lost"], told["better"], told["worse"]) == (2, 1, 1, 0)
    assert (told["rate_now"], told["rate_planned"]) == (pytest.approx(2 / 6), pytest.approx(3 / 6))
    assert (told["people_now"], told["people_planned"], told["people_unknown"]) == (107, 130, 3)
    assert (told["now_no_road"], told["planned_no_road"], told["planned_unhardened"]) == (1, 0, 2)
    counts = ("hamlets", "served_now", "served_planned", "gained", "lost", "unknown", "people_unknown")
    for name in counts:
        assert told[name] == example.townships[name].sum()
    assert sum(told[f"planned_{one}"] for one in ("hardened", "unhardened", "hardened_island", "road_island", "no_road",
                                                  "unknown")) == 6  # fmt: skip


@pytest.mark.parametrize(
    ("verified", "computed", "after", "counts"),
    [
        ("hardened", "unhardened", "unhardened", "hardened"),  # the projects change nothing: the field's word stands
        ("unhardened", "hardened", "hardened", "unhardened"),
        ("unhardened", "no_road", "hardened", "hardened"),  # they do: the better of the two
        ("hardened", "no_road", "unhardened", "hardened"),
        ("no_road", "hardened", "unhardened", "no_road"),  # for worse: the worse of the two
        ("hardened", "unknown", "unknown", "hardened"),
    ],
)
def test_a_verdict_of_the_field_is_about_today(verified: str, computed: str, after: str, counts: str) -> None:
    before = villages(("a", 1.0, verified, computed))
    made = compare(before, then(before, after)).villages.iloc[0]
    assert made["planned_status"] == counts
    assert made["planned_reason"] == (f"{after}?" if counts == after else f"{verified}!")


def test_a_hamlet_verified_today_is_gained_through_the_real_analysis() -> None:
    spur = road("S", (1000, 0), (1000, 500), surface="砂石")
    hamlets = [
        hamlet("H", 1000, 450, verified_status="unhardened"),
        hamlet("K", 5000, 10, verified_status="unhardened"),
    ]
    layers = county([spur], hamlets)
    now = judged(layers)
    made = compare(now.villages, planned(layers, applied(layers, [project("P", "S")])).villages)
    assert made.villages["planned_status"].tolist() == ["hardened", "unhardened"]
    assert made.villages["gained"].tolist() == [True, False]


def test_the_inputs_are_left_alone() -> None:
    before = villages(("a", 1.0, "no_road", "no_road"))
    after = then(before, "hardened")
    one, two = before.copy(), after.copy()
    compare(before, after)
    assert_geodataframe_equal(before, one)
    assert_geodataframe_equal(after, two)


def test_without_reasons_computed_verdicts_and_rows() -> None:
    before = villages(("", 1.0, "no_road", "no_road")).drop(columns=["reason", "road_status_computed"])
    made = compare(before, before.assign(road_status="hardened"))
    assert made.villages["planned_status"].tolist() == ["hardened"] and made.villages["planned_reason"].tolist() == [""]
    assert made.townships["township"].tolist() == [""]
    none = compare(before.iloc[:0], before.iloc[:0])
    assert none.headline["hamlets"] == 0 and np.isnan(none.headline["rate_now"]) and len(none.townships) == 0


def test_tables_that_do_not_fit_are_refused() -> None:
    before = villages(("a", 1.0, "no_road", "no_road"), ("a", 1.0, "no_road", "no_road"))
    with pytest.raises(ValueError, match="not of the same hamlets"):
        compare(before, before.iloc[::-1])
    with pytest.raises(ValueError, match="found fine; expected one of hardened"):
        compare(before, before.assign(road_status_computed="fine"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_and_figure_has_a_word(example: Comparison, language: str) -> None:
    texts = catalogue(language)
    named = {*example.villages.columns, *example.townships.columns} - {"geometry"}
    missing = {one for one in named if not ({f"projects.column.{one}", f"roads.column.{one}"} & set(texts))}
    assert missing == set()
    layers = county([], [hamlet("H", 0, 0)])
    assert all(f"projects.column.{one}" in texts for one in applied(layers, []).by_project.columns)
    figures = {key.rsplit(".", 1)[1] for key in texts if key.startswith("projects.figure.")}
    assert figures <= set(example.headline)
