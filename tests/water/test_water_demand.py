"""What hamlets need: reckoned by hand; what is not known stays so, what is assumed is told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from siteplan.errors import PlanError
from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.standards import load_water_design, load_water_profile
from siteplan.water.demand import HamletDemands, demands
from siteplan.water.model import Demands

CHES = load_water_profile("cn-t-ches-18-2018")
NAN = float("nan")


def hamlets(**columns: object) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"people": 100.0, "livestock": 0.0, **columns}, index=pd.RangeIndex(5, 5 + n))
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(at, 0) for at in range(n)], crs="EPSG:32648")


def notes(result: HamletDemands) -> dict[str, object]:
    return {key.removeprefix("water.rule."): values for key, values in result.notes}


def test_people_livestock_factors_and_losses_by_hand() -> None:
    villages = hamlets(people=[200.0], livestock=[40.0])
    result = demands(villages, CHES)
    row = result.table.iloc[0]
    assert isinstance(result, Demands)
    assert result.table.index.tolist() == [5]
    assert row["litres_per_person_day"] == 35
    assert row["people_m3_per_day"] == pytest.approx(7.0)
    # 40 large animals at 50 L, the middle of 40 to 60.
    assert row["livestock_m3_per_day"] == pytest.approx(2.0)
    assert row["source_m3_per_day"] == pytest.approx(9.0 * 1.45 * 1.175)
    assert row["peak_lps"] == pytest.approx(9.0 * 1.45 * 1.175 * 3.0 / 86.4)
    assert row["service_head_m"] == 10


def test_the_input_is_not_changed() -> None:
    villages = hamlets(people=[200.0, NAN], livestock=[NAN, 1.0])
    before = villages.copy(deep=True)
    demands(villages, CHES, livestock="where_known")
    assert_frame_equal(pd.DataFrame(villages), pd.DataFrame(before))


def test_unknown_people_are_not_nobody() -> None:
    result = demands(hamlets(people=[NAN, 0.0]), CHES)
    unknown, empty = result.table.iloc[0], result.table.iloc[1]
    assert unknown[["people", "people_m3_per_day", "source_m3_per_day", "peak_lps"]].isna().all()
    assert empty["people_m3_per_day"] == 0 and empty["peak_lps"] == 0
    assert notes(result)["people_unknown"] == {"n": 1, "of": 2}


@pytest.mark.parametrize(
    ("how", "peak_known", "note"),
    [("needed", False, "livestock_needed"), ("where_known", True, "livestock_where_known"),
     ("left_out", True, "livestock_left_out")],
)  # fmt: skip
def test_unknown_livestock(how: str, peak_known: bool, note: str) -> None:
    result = demands(hamlets(livestock=[NAN, 10.0]), CHES, livestock=how)
    assert np.isnan(result.table["livestock_m3_per_day"].iloc[0])
    assert np.isfinite(result.table["peak_lps"].iloc[0]) == peak_known
    assert note in notes(result)
    people_alone = 100 * 35 / 1000 * 1.45 * 1.175
    herd = 0.0 if how == "left_out" else 0.5 * 1.45 * 1.175
    assert result.table["source_m3_per_day"].iloc[1] == pytest.approx(people_alone + herd)
    if peak_known:
        assert result.table["source_m3_per_day"].iloc[0] == pytest.approx(people_alone)
    used = set(result.rules["rule"])
    assert ("sl-310-2004.livestock.large" in used) == (how != "left_out")
    assert ("livestock_large" in notes(result)) == (how != "left_out")


def test_a_layer_without_livestock_knows_none() -> None:
    result = demands(hamlets(people=[10.0]).drop(columns="livestock"), CHES)
    assert result.table["livestock_m3_per_day"].isna().all()
    assert notes(result)["livestock_needed"] == {"n": 1, "of": 1}


def test_species_where_the_layer_tells_them() -> None:
    villages = hamlets(
        livestock=[999.0, 20.0, 999.0],
        livestock_pig=[10.0, NAN, 10.0],
        livestock_chicken=[100.0, NAN, NAN],
    )
    result = demands(villages, CHES)
    # By species; as large animals; one species not known, so not known.
    assert result.table["livestock_m3_per_day"].tolist()[:2] == pytest.approx(
        [10 * 0.035 + 100 * 0.00075, 20 * 0.05], rel=1e-12
    )
    assert np.isnan(result.table["livestock_m3_per_day"].iloc[2])
    assert result.table["livestock"].tolist()[:2] == [110, 20]
    assert notes(result)["livestock_large"] == {"n": 1, "of": 3, "litres": "50"}
    used = set(result.rules["rule"])
    assert {f"sl-310-2004.livestock.{name}" for name in ("pig", "chicken", "large")} <= used
    assert "sl-310-2004.livestock.sheep" not in used


@pytest.mark.parametrize(
    ("storeys", "head"), [(1, 10), (1.5, 12), (2, 12), (3, 16), (6, 28), (0, 10), (-1, 10), (NAN, 10)]
)
def test_service_head_by_storeys(storeys: float, head: float) -> None:
    result = demands(hamlets(storeys=[storeys]), CHES)
    assert result.table["service_head_m"].iloc[0] == head
    written = storeys > 0
    assert result.table["storeys_from"].iloc[0] == ("layer" if written else "assumed")
    assert ("storeys_assumed" in notes(result)) != written


def test_storeys_can_stay_unknown_or_be_assumed_otherwise() -> None:
    result = demands(hamlets(people=[1.0]), CHES, assume_storeys=None)
    assert result.table[["service_head_m", "storeys"]].isna().all(axis=None)
    assert notes(result)["storeys_unknown"] == {"n": 1, "of": 1}
    assert not result.rules["rule"].str.contains("service_head").any()
    two = demands(hamlets(people=[1.0]), CHES, assume_storeys=2)
    assert two.table["service_head_m"].tolist() == [12]
    assert notes(two)["storeys_assumed"] == {"n": 1, "of": 1, "storeys": "2"}
    with pytest.raises(PlanError, match="assume_storeys"):
        demands(hamlets(people=[1.0]), CHES, assume_storeys=0)


def test_connection_words_and_what_they_leave_open() -> None:
    villages = hamlets(connection=["入户", " Yard ", "集中供水点", "未接入", "", None, "管它呢"])
    result = demands(villages, CHES)
    assert result.table["connection"].tolist() == ["house", "yard", "tap", "none", "unknown", "unknown", "unknown"]
    assert notes(result)["connection_unknown"] == {"n": 3, "of": 7}
    assert notes(result)["connection_not_understood"] == {"n": 1, "words": "管它呢"}
    told = demands(villages, CHES, assume_connection="house")
    assert told.table["connection"].tolist()[3:] == ["none", "house", "house", "house"]
    assert notes(told)["connection_assumed"] == {"n": 3, "of": 7, "connection": "house"}
    assert told.table["connection_from"].tolist()[3:5] == ["layer", "assumed"]


def test_litres_come_from_the_profile_or_from_the_plan() -> None:
    villages = hamlets(people=[1000.0])
    assert demands(villages, CHES, water_short=True).table["people_m3_per_day"].tolist() == [20]
    assert demands(villages, CHES, level="full").table["people_m3_per_day"].tolist() == [60]
    # Of 20 to 40 by region, the upper end.
    assert demands(villages, load_water_profile("cn-2004-547")).table["people_m3_per_day"].tolist() == [40]
    assert demands(villages, load_water_profile("sphere")).table["people_m3_per_day"].tolist() == [15]
    own = demands(villages, load_water_profile("jmp"), litres_per_person_day=50)
    assert own.table["people_m3_per_day"].tolist() == [50]
    assert notes(own)["litres_given"] == {"litres": "50"}
    assert own.rules["rule"].iloc[0] == "litres_per_person_day"
    with pytest.raises(PlanError, match="profile jmp says nothing of litres"):
        demands(villages, load_water_profile("jmp"))
    with pytest.raises(PlanError, match="has no level 'best'"):
        demands(villages, CHES, level="best")
    with pytest.raises(PlanError, match="found 0; expected more than 0"):
        demands(villages, CHES, litres_per_person_day=0)


def test_timed_supply_peaks_higher() -> None:
    villages = hamlets(people=[100.0])
    all_day, timed = (demands(villages, CHES, supply=how) for how in ("all_day", "timed"))
    assert timed.table["peak_lps"].iloc[0] == pytest.approx(all_day.table["peak_lps"].iloc[0] * 4 / 3)
    assert "sl-310-2004.factors.peak_hour_timed" in set(timed.rules["rule"])
    assert "sl-310-2004.factors.peak_hour" not in set(timed.rules["rule"])


def test_every_number_used_is_among_the_rules_with_its_source() -> None:
    design = load_water_design("sl-310-2004")
    result = demands(hamlets(storeys=[1, 2, 4], livestock=[1.0, 1.0, 1.0]), CHES, design=design)
    assert set(result.rules["rule"]) == {
        "cn-t-ches-18-2018.quantity.basic",
        *(f"sl-310-2004.factors.{name}" for name in ("max_day", "peak_hour", "losses")),
        *(f"sl-310-2004.service_head.{name}" for name in ("storeys_1", "storeys_2", "each_more")),
        "sl-310-2004.livestock.large",
    }
    assert (result.rules[["value", "unit", "source", "confidence"]] != "").all(axis=None)


def test_every_note_is_in_both_languages() -> None:
    strange = hamlets(people=[NAN, 1.0], connection=["x", ""], livestock=[NAN, 1.0])
    told = {
        key: values
        for how in ("needed", "where_known", "left_out")
        for storeys in (None, 1)
        for connection in (None, "tap")
        for key, values in demands(
            strange, CHES, livestock=how, assume_storeys=storeys, assume_connection=connection, litres_per_person_day=9
        ).notes
    }
    assert len(told) == 11
    for language in LANGUAGES:
        for key, values in told.items():
            text = Texts(language)(key, **values)
            assert "{" not in text and text
    rules = {key for key in catalogue("en") if key.startswith("water.rule.") and "{" in catalogue("en")[key]}
    assert rules <= {*told, "water.rule.unverified"}


def test_the_sample_county(repository) -> None:
    villages = gpd.read_file(repository / "data" / "villages.gpkg")
    result = demands(villages, CHES)
    assert result.table["people_m3_per_day"].sum() == pytest.approx(villages["people"].sum() * 0.035)
    assert result.table["peak_lps"].notna().all()
    assert notes(result)["storeys_assumed"]["n"] == len(villages)
