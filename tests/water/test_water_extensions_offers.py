"""Water to spare, by hand: the day's balance, the peak's rate, the heads that EPANET leaves."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pipes import hamlet, pipe, point, spring
from drawn_scheme import PEAK, scheme

from siteplan.water.extensions.catalogue import loss_per_m
from siteplan.water.extensions.offers import Offers, spare_water
from siteplan.water.extensions.proposal import Works

NEAR_END = np.array([[1400.0, 300.0]])


def offers(works: Works, asked: np.ndarray = NEAR_END, least_head_m: float = 10.0, **more: object) -> Offers:
    return spare_water(
        works.network, works.demands, works.reach, works.hydraulics, peak_factor=PEAK, least_head_m=least_head_m,
        storage_share=0.2,
        asked=asked, **more,
    )  # fmt: skip


def need_m3(works: Works) -> float:
    return float(works.demands.table["source_m3_per_day"].iloc[0])


def test_with_a_tank_the_days_spare_water_flows_at_the_peaks_rate() -> None:
    works = scheme()
    found = offers(works).table
    spare = 40.0 - need_m3(works)
    assert spare == pytest.approx(40 - 100 * 0.035 * 1.45 * 1.18, rel=0.1)
    assert found["spare_m3_per_day"].tolist() == pytest.approx([spare] * 3)
    assert set(found["kind"]) == {"source", "tank", "junction"}
    by = found.set_index("kind")
    assert by.loc["tank", "spare_lps"] == pytest.approx(spare / 86.4 * PEAK)
    # The spring's own surface gives no more than the spring.
    assert by.loc["source", "spare_lps"] == pytest.approx(spare / 86.4)
    assert (by.loc["source", "head_m"], by.loc["tank", "head_m"]) == (600.0, 580.0)
    assert by.loc["tank", "rest_head_m"] == pytest.approx(583.0)


def test_the_head_of_a_place_on_the_line_is_what_the_pipe_leaves() -> None:
    """Hazen-Williams by hand: all of the peak, old and new, over 1,000 m of 55 mm from the nearly empty tank."""
    works = scheme()
    found = offers(works).table.set_index("kind").loc["junction"]
    peak = float(works.demands.table["peak_lps"].iloc[0]) + found["spare_lps"]
    end = 580.1 - 1000 * np.hypot(1, 0.04) * float(loss_per_m(peak, 55.0, 140.0))
    assert found["head_m"] == pytest.approx(end, abs=0.02)
    assert found["rest_head_m"] == pytest.approx(583.0)


def test_without_a_tank_only_the_hour_counts() -> None:
    works = scheme(volume_m3=0)
    found = offers(works).table.set_index("kind")
    assert "tank" not in found.index
    assert found.loc["junction", "spare_lps"] == pytest.approx((40.0 - need_m3(works) * PEAK) / 86.4)


def test_a_thin_line_to_the_tank_limits_what_the_tank_can_give() -> None:
    works = scheme(dn={"dn_mm": 20.0, "inner_mm": 16.0}, people=20.0)
    found = offers(works).table
    # 20 m of fall over 500 m of 16 mm bring so much, whatever the spring has.
    brought = (19.9 / (500 * np.hypot(1, 0.04)) / float(loss_per_m(1.0, 16.0, 140.0))) ** (1 / 1.852)
    tank = found[found["kind"] == "tank"]["spare_lps"]
    assert tank.to_list() == pytest.approx([(brought - need_m3(works) / 86.4) * PEAK], rel=0.01)
    assert tank.iloc[0] < (40.0 - need_m3(works)) / 86.4 * PEAK


def test_a_place_is_not_offered_where_the_old_hamlet_would_lose() -> None:
    wide, thin = scheme(people=20.0), scheme(dn={"dn_mm": 32.0, "inner_mm": 28.0}, people=20.0)
    assert "junction" in set(offers(wide).table["kind"])
    lost = offers(thin).table
    assert "junction" not in set(lost["kind"])
    # A lower head asked of it does not help: the hamlet at its end is who loses.
    assert "junction" not in set(offers(thin, least_head_m=0.0).table["kind"])


def test_nothing_to_spare_and_nothing_known_are_told_apart() -> None:
    short, unknown = offers(scheme(yield_m3=5.0)), offers(scheme(yield_m3=np.nan))
    assert (len(short.table), short.parts_short, short.parts_unknown) == (0, 1, 0)
    assert (len(unknown.table), unknown.parts_short, unknown.parts_unknown) == (0, 0, 1)
    assert len(offers(scheme(people=np.nan)).table) == 0


def test_a_spring_that_nobody_uses_is_offered_whole_and_a_broken_one_not() -> None:
    spare = spring("Q2", 3000, 3000, head_m=550.0, yield_m3_per_day=8.64)
    dead = {**point("Q3", "spring", 3000, 4000), "head_m": 550.0, "yield_m3_per_day": 50.0, "status": "停用"}
    own = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=1.0), spare, dead]
    works = scheme(lines=[pipe("P1", (0, 0), (1500, 0))], points=own)
    found = offers(works).table
    assert found["kind"].tolist() == ["source"]
    assert found["spare_lps"].tolist() == pytest.approx([0.1])
    assert works.network.nodes["point_id"].iloc[found["row"].iloc[0]] == "Q2"


def test_water_is_counted_once() -> None:
    found = offers(scheme(), asked=np.array([[600.0, 10.0], [1500.0, 10.0], [1000.0, 5.0]])).table
    assert found["part"].nunique() == 1
    assert found["spare_m3_per_day"].nunique() == 1


def test_behind_a_second_tank_nothing_is_offered() -> None:
    """The thin line between two tanks brings what it brings; EPANET's tanks hide that."""
    tanks = [point(f"T{k}", "tank", x, 0, floor_m=floor, max_level_m=floor + 3, volume_m3=20.0)
             for k, x, floor in ((1, 300, 585.0), (2, 1300, 545.0))]  # fmt: skip
    own = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=40.0), *tanks]
    lines = [pipe("P1", (0, 0), (300, 0)), pipe("P2", (300, 0), (1300, 0), dn_mm=20.0, inner_mm=16.0),
             pipe("P3", (1300, 0), (1500, 0))]  # fmt: skip
    found = offers(scheme(lines=lines, points=own, people=20.0)).table
    assert set(found["kind"]) == {"source"}


def test_of_several_sources_each_gives_only_what_is_beyond_all_needs() -> None:
    """A high spring feeds a high hamlet; a rich low one on the same line cannot take its place."""
    own = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=6.0), spring("Q2", 1500, 0, head_m=540.0,
           yield_m3_per_day=100.0)]  # fmt: skip
    works = scheme(lines=[pipe("P1", (0, 0), (200, 0)), pipe("P2", (200, 0), (1500, 0))], points=own,
                   hamlets=[hamlet("HIGH", 200, 0, people=60.0, livestock=0.0)])  # fmt: skip
    found = offers(works).table
    by = dict(zip(works.network.nodes["point_id"].iloc[found["row"]], found["spare_lps"], strict=True))
    # All that Q1 yields in the peak hour is wanted where only it comes to.
    assert "Q1" not in by
    assert by["Q2"] == pytest.approx((100.0 - need_m3(works) * PEAK) / 86.4)


def test_above_the_tank_no_more_is_offered_than_the_spring_yields() -> None:
    lines = [pipe("P1", (0, 0), (250, 0), dn_mm=110.0, inner_mm=97.0), pipe("P2", (250, 0), (500, 0), dn_mm=32.0,
             inner_mm=26.0), pipe("P3", (500, 0), (1500, 0))]  # fmt: skip
    own = [spring("Q1", 0, 0, head_m=612.0, yield_m3_per_day=40.0), point("T1", "tank", 500, 0, floor_m=580.0,
           max_level_m=583.0, volume_m3=20.0)]  # fmt: skip
    works = scheme(lines=lines, points=own, people=20.0)
    found = offers(works, asked=np.array([[250.0, 10.0]])).table
    above = found[(found["kind"] == "junction") & (found["head_m"] > 583.0)]
    assert len(above) == 1
    assert (above["spare_lps"] <= 40.0 / 86.4).all()


def test_a_small_tank_evens_out_little() -> None:
    works = scheme(volume_m3=2.0)
    found = offers(works).table.set_index("kind")
    # 2 m3 are a fifth of 10 m3 a day; beyond, the mean of what the spring has to spare.
    stored, steady = (10.0 - need_m3(works)) / 86.4 * PEAK, (40.0 - need_m3(works)) / 86.4
    assert found.loc["tank", "spare_lps"] == pytest.approx(max(stored, steady))
    assert found.loc["tank", "spare_lps"] < offers(scheme()).table.set_index("kind").loc["tank", "spare_lps"]


def test_what_is_fetched_from_taps_is_not_there_twice() -> None:
    works = scheme()
    fetched = np.zeros(len(works.network.nodes))
    fetched[-1] = 0.2
    less = offers(works, tap_lps=fetched).table["spare_m3_per_day"]
    assert less.unique() == pytest.approx(offers(works).table["spare_m3_per_day"].iloc[0] - 0.2 * 86.4 / PEAK)


def test_bad_water_is_not_offered_and_unknown_water_is_told() -> None:
    def of(quality: float) -> Offers:
        own = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=40.0, quality_ok=quality)]
        return offers(scheme(lines=[pipe("P1", (0, 0), (1500, 0))], points=own))

    assert (len(of(0.0).table), of(0.0).parts_unfit) == (0, 1)
    assert (len(of(np.nan).table) > 0, of(np.nan).quality_unknown) == (True, True)
    assert (len(of(1.0).table) > 0, of(1.0).quality_unknown) == (True, False)
