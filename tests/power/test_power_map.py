"""Power lines on the map: their states, their words, colours of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_grid import grid, hamlets

from siteplan.cartography import powerlayers, waterlayers
from siteplan.cartography.page import MapLayer, MapPage
from siteplan.cartography.powerlayers import line_states, power_layers
from siteplan.language import LANGUAGES, Language, Texts
from siteplan.palette import GAP_COLOUR, ROAD_STATES, WAY_COLOUR
from siteplan.power import PowerReach, power_reach
from siteplan.standards import load_power_profile
from siteplan.webmap import render


@pytest.fixture
def reach() -> PowerReach:
    return power_reach(hamlets(), grid(), load_power_profile(), Texts("en"))


def layer(reach: PowerReach, language: Language = "en") -> MapLayer:
    (one,) = power_layers(grid(), reach.lines, Texts(language))
    return one


def test_every_line_by_state(reach: PowerReach) -> None:
    one = layer(reach)
    assert one.key == "power_lines" and not one.shown
    assert one.table["shown_state"].tolist() == ["high_voltage", "fed", "cut_off", "cut_off", "unknown"]
    numbers = one.themes[0].class_numbers(one.table)
    assert [one.classes[at].key for at in numbers] == one.table["shown_state"].tolist()


def test_a_line_that_is_not_fed_is_cut_off_whatever_its_voltage_unless_it_passes_by(reach: PowerReach) -> None:
    dark = reach.lines.assign(fed=False)
    assert line_states(dark).tolist() == ["high_voltage", "cut_off", "cut_off", "cut_off", "cut_off"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_has_a_label_and_a_word_for_everything(reach: PowerReach, language: Language) -> None:
    one, texts = layer(reach, language), Texts(language)
    labels = dict(one.fields)
    assert list(labels) == list(powerlayers.LINE_FIELDS)
    assert all(labels.values()) and len(set(labels.values())) == len(labels)
    assert one.table["state_text"].iloc[2] == texts("power.map.state.cut_off")
    assert one.table["supplies_text"].iloc[4] == texts("power.answer.unknown")
    assert one.table["fed_text"].tolist()[1:3] == [texts("power.answer.yes"), texts("power.answer.no")]
    assert one.table["length_m"].iloc[0] == 10_000
    assert one.title_column is not None and one.table[one.title_column].iloc[1] == "干线"


def test_a_column_that_says_nothing_is_left_out(reach: PowerReach) -> None:
    silent = grid().assign(voltage_kv=float("nan"))
    (one,) = power_layers(silent, reach.lines, Texts("en"))
    assert "voltage_kv" not in dict(one.fields)


def test_lines_without_a_place_are_left_out() -> None:
    lines = grid()
    lines.loc[[1, 3], "geometry"] = None
    found = power_reach(hamlets(), lines, load_power_profile(), Texts("en"))
    (one,) = power_layers(lines, found.lines, Texts("en"))
    assert one.table["id"].tolist() == ["HV", "C1", "U"]
    lines["geometry"] = None
    found = power_reach(hamlets(), lines, load_power_profile(), Texts("en"))
    assert power_layers(lines, found.lines, Texts("en")) == []


def test_another_index_is_refused(reach: PowerReach) -> None:
    with pytest.raises(ValueError, match="same index"):
        power_layers(grid().iloc[::-1], reach.lines, Texts("en"))


def test_no_look_of_roads_or_water_is_used_again() -> None:
    colours = {colour for _, colour, *_ in powerlayers.STATES}
    others = {one.colour for one in ROAD_STATES} | {GAP_COLOUR, WAY_COLOUR}
    others |= {colour for _, colour, *_ in (*waterlayers.STATES, *waterlayers.POINTS)}
    assert len(colours) == len(powerlayers.STATES) and not colours & others
    dashes = {dash for _, _, dash, _ in powerlayers.STATES}
    assert len(dashes) == len(powerlayers.STATES) and "" not in dashes
    assert not dashes & {one.dash for one in ROAD_STATES} and not dashes & {
        dash for _, _, dash, _ in waterlayers.STATES
    }


def test_the_page_takes_it_in_two_languages(reach: PowerReach, tmp_path: Path) -> None:
    zh, en = (MapPage("t", "", language, (layer(reach, language),)) for language in LANGUAGES)
    page = render(MapPage("t", "", "zh", zh.layers, translation=en))
    assert Texts("zh")("power.map.state.cut_off") in page and Texts("en")("power.map.state.cut_off") in page
