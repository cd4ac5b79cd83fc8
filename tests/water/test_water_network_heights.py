"""Which height each node gets, and lengths over the ground."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pipes import codes, flat, network, pipe, point, spring, values

NAN = float("nan")
A = pipe("A", (0, 0), (40, 0))
B = pipe("B", (40, 0), (80, 0))


def slope(xy: np.ndarray) -> np.ndarray:
    return 400.0 + 0.75 * xy[:, 0]


def heights(found) -> dict[str, tuple[float, str]]:
    return dict(zip(found.nodes["node"], zip(found.nodes["z_m"], found.nodes["z_from"], strict=True), strict=True))


def test_what_was_surveyed_comes_before_the_model() -> None:
    line = {**A, "from_z_m": 399.0, "to_z_m": 433.0}
    found = network([line, B], [spring("S", 80, 0, head_m=470.0, elevation_m=461.0)], heights=slope)
    assert heights(found) == {"S1": (461.0, "surveyed"), "J1": (399.0, "surveyed"), "J2": (433.0, "surveyed")}


def test_a_spring_s_water_is_the_height_of_its_place_and_a_well_s_is_not() -> None:
    spring_, well = (
        network([A, B], [spring("S", 0, 0, kind=kind, head_m=404.0)], heights=slope) for kind in ("泉", "水井")
    )
    assert heights(spring_)["S1"] == (404.0, "surveyed")
    assert heights(well)["S1"] == (400.0, "dem")
    assert well.nodes["head_m"].iloc[0] == 404.0


@pytest.mark.parametrize(("off", "told"), [(14.9, False), (15.1, True), (-15.1, True)])
def test_surveyed_heights_far_from_the_model_are_told_and_kept(off: float, told: bool) -> None:
    by_line = network([{**A, "to_z_m": 430.0 + off}], heights=slope)
    by_point = network([A], [spring("S", 0, 0, head_m=401.0, elevation_m=400.0 + off)], heights=slope)
    for found in (by_line, by_point):
        assert ("water.height_astray" in codes(found)) == told
    assert heights(by_line)["J2"] == (430.0 + off, "surveyed")


def test_ends_that_contradict_each_other_are_not_taken() -> None:
    found = network([{**A, "to_z_m": 428.0}, {**B, "from_z_m": 431.0}], heights=slope)
    assert heights(found)["J2"] == (430.0, "dem") and values(found, "water.ends_disagree") == [{"m": "3.0"}]
    near = network([{**A, "to_z_m": 428.0}, {**B, "from_z_m": 429.0}], heights=slope)
    assert heights(near)["J2"] == (428.5, "surveyed")


def test_ends_of_a_line_are_its_first_and_last_point_however_it_is_cut() -> None:
    long = pipe("A", (0, 0), (80, 0), from_z_m=401.0, to_z_m=459.0)
    found = network([long, pipe("C", (40, 0), (40, 50))], heights=slope)
    assert found.nodes.set_index(found.nodes.geometry.x)["z_from"].to_dict() == {
        0.0: "surveyed",
        40.0: "dem",
        80.0: "surveyed",
    }


def test_without_a_model_heights_are_unknown_unless_surveyed() -> None:
    found = network([A, B], [spring("S", 0, 0, head_m=404.0)], heights=None)
    assert found.nodes["z_m"].tolist() == pytest.approx([404.0, NAN, NAN], nan_ok=True)
    assert found.nodes["z_from"].tolist() == ["surveyed", "", ""]
    assert found.links["length_m"].tolist() == [40.0, 40.0]
    assert values(found, "water.no_heights") == [{"n": 2, "of": 3}]


def test_lengths_are_over_the_ground_and_plan_lengths_as_drawn() -> None:
    found = network([A, B], heights=slope, spacing_m=10.0)
    assert found.links["length_m"].tolist() == pytest.approx([50.0, 50.0])
    assert found.links["plan_m"].tolist() == [40.0, 40.0]
    # A third of the way has no height: plane there.
    part = network(
        [pipe("A", (0, 0), (60, 0))], heights=lambda xy: np.where(xy[:, 0] <= 40, slope(xy), NAN), spacing_m=20.0
    )
    assert part.links["length_m"].tolist() == pytest.approx([70.0])


def test_a_surveyed_length_is_held_against_the_ground_s() -> None:
    right, wrong = {**A, "length_m": 50.0}, {**B, "length_m": 68.0}
    found = network([right, wrong], heights=slope, spacing_m=10.0)
    assert values(found, "water.length_differs") == [{"drawn": "50.0", "given": "68.0"}]


def test_tanks_keep_what_they_say_and_nothing_else() -> None:
    tank = point("T", "水池", 40, 0, floor_m=428.0, max_level_m=428.0)
    found = network([A, B], [tank], heights=flat)
    assert found.nodes["floor_m"].iloc[0] == 428.0 and np.isnan(found.nodes["max_level_m"].iloc[0])
    assert np.isnan(found.nodes["head_m"].iloc[0])
