"""What the county's map holds, before anybody draws it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from siteplan.cartography.grounds import PlaneGrid
from siteplan.cartography.names import with_shown_name, word_classes
from siteplan.cartography.page import ClassGroup, MapClass, MapLayer, MapPage, MapTheme
from siteplan.cartography.roadlayers import missing_of
from siteplan.language import LANGUAGES, Texts
from siteplan.layers.reading import read_layers
from siteplan.palette import EXCLUSIONS, MISSING, SHARES, STAGES, VERDICTS, WATER_LEVELS
from siteplan.plan import load_plan
from siteplan.projects.stages import stage_words
from siteplan.roads.analysis import analyse_roads, reworded
from siteplan.workflow.judging import decisions_of, road_question


@pytest.mark.parametrize(
    ("status", "build", "harden", "missing"),
    [
        ("hardened", 0.0, 0.0, "none"),
        ("unhardened", 0.0, 250.0, "harden"),
        ("no_road", 40.0, 0.0, "build"),
        ("hardened_island", 40.0, 900.0, "build"),
        ("road_island", np.nan, np.nan, "nowhere"),
        ("unhardened", 0.0, 0.0, "see_reason"),  # the anchor road itself is not hardened
        ("unknown", np.nan, np.nan, "unknown"),
        ("hardened", np.nan, np.nan, "none"),  # verified in the field
    ],
)
def test_what_is_missing(status: str, build: float, harden: float, missing: str) -> None:
    table = pd.DataFrame({"road_status": [status], "to_build_m": [build], "to_harden_m": [harden]})
    assert missing_of(table).to_list() == [missing]


def test_every_class_of_the_palette_has_a_label_in_both_languages() -> None:
    for language in LANGUAGES:
        texts = Texts(language)
        for looks, key in ((MISSING, "webmap.county.missing"), (WATER_LEVELS, "webmap.county.water"),
                           (VERDICTS, "roads.status"), (STAGES, "projects.stage")):  # fmt: skip
            assert all(texts.has(f"{key}.{one.key}") for one in looks)
        assert all(texts.has(f"webmap.county.share.{key}") for key, _, _ in SHARES)
        assert all(texts.has(f"webmap.county.{name}") for name, _, _ in EXCLUSIONS)
    assert {one.key for one in STAGES} == {*stage_words().values(), "unknown"}


def lightness(colour: str) -> float:
    """CIE L* of an sRGB colour: what a grey printer makes of it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_classes_are_told_apart_in_grey_or_by_shape() -> None:
    for looks in (VERDICTS, MISSING, WATER_LEVELS):
        for n, one in enumerate(looks):
            for other in looks[:n]:
                apart = abs(lightness(one.colour) - lightness(other.colour)) > 8
                assert apart or one.shape != other.shape, (one.key, other.key)
    shares = [lightness(colour) for _, _, colour in SHARES]
    assert shares == sorted(shares) and min(np.diff(shares)) > 5
    assert len({hatch for _, _, hatch in EXCLUSIONS}) == len(EXCLUSIONS)


def test_names_in_the_pages_language_else_in_the_other() -> None:
    table = gpd.GeoDataFrame(
        {"name": ["甲", "乙", ""], "name_en": ["Jia", "", "Bing"]}, geometry=[None] * 3, crs="EPSG:4545"
    )
    assert with_shown_name(table, Texts("zh"))["shown_name"].to_list() == ["甲", "乙", "Bing"]
    assert with_shown_name(table, Texts("en"))["shown_name"].to_list() == ["Jia", "乙", "Bing"]


def test_words_of_the_data_become_classes_the_commonest_first_and_unknown_last() -> None:
    column = pd.Series(["b", "b", "a", "", None, "", "c", "c", "c"])
    classes = word_classes(column, Texts("en"), most=4)
    assert [one.key for one in classes] == ["c", "b", "a", ""]
    assert classes[-1].label == Texts("en")("webmap.county.not_said")
    assert len(word_classes(pd.Series(list("abcdefgh")), Texts("en"), most=3)) == 3


@pytest.mark.parametrize("code", [4545, 4513, 32648, 32719, 27700])
def test_the_plane_grid_has_the_numbers_of_its_crs(code: int) -> None:
    crs = pyproj.CRS(code)
    grid = PlaneGrid.of(crs)
    assert grid is not None
    text = (
        f"+proj=tmerc +lon_0={grid.central_meridian} +lat_0={grid.origin_latitude} +k={grid.scale}"
        f" +x_0={grid.false_easting} +y_0={grid.false_northing} +a={grid.semi_major} +rf={grid.inverse_flattening}"
    )
    own, theirs = pyproj.Proj(text), pyproj.Proj(crs)
    lon, lat = grid.central_meridian + 1.3, 28.0 if code != 27700 else 52.0
    assert own(lon, lat) == pytest.approx(theirs(lon, lat), abs=1e-6)


@pytest.mark.parametrize("code", [4326, 3857, 3035])
def test_no_plane_grid_where_there_is_none(code: int) -> None:
    assert PlaneGrid.of(pyproj.CRS(code)) is None


def test_the_analysis_reworded_is_the_analysis_in_that_language(repository: Path) -> None:
    plan = load_plan(repository / "data" / "plan.toml")
    question = road_question(plan, read_layers(plan), decisions_of(plan))
    zh, en = (
        analyse_roads(question.layers, question.profile, question.choices, Texts(language))
        for language in ("zh", "en")
    )  # fmt: skip
    told = reworded(zh, question.layers, Texts("en")).villages
    pd.testing.assert_frame_equal(pd.DataFrame(told), pd.DataFrame(en.villages))
    assert not (told["reason"] == zh.villages["reason"]).any()


def layer(**changes: object) -> MapLayer:
    table = gpd.GeoDataFrame({"id": ["a"], "kind": ["x"]}, geometry=[shapely.Point(0, 0)], crs="EPSG:4545")
    one = MapLayer("points", "p", table, (MapClass("x", "x", "#000000"),), class_column="kind")
    return replace(one, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fault",
    [
        lambda: MapClass("a", "a", "#000000", hatch="stars"),  # type: ignore[arg-type]
        lambda: MapTheme("t", "t", None, ()),
        lambda: MapTheme("t", "t", None, (MapClass("a", "a", "#000000"),), (ClassGroup("g", "g", ("b",)),)),
        lambda: layer(more_themes=(MapTheme("kind", "k", None, (MapClass("a", "a", "#000000"),)),)),
        lambda: layer(township_column="township"),
        lambda: MapPage("t", "", "zh", (layer(),), translation=MapPage("t", "", "zh", (layer(),))),
        lambda: MapPage("t", "", "zh", (layer(),), translation=MapPage("t", "", "en", ())),
        lambda: MapPage(
            "t", "", "zh", (layer(),),
            translation=MapPage("t", "", "en", (layer(classes=(MapClass("y", "y", "#000000"),)),)),
        ),
    ],
)  # fmt: skip
def test_a_page_that_contradicts_itself_is_a_programmers_fault(fault) -> None:
    with pytest.raises(ValueError):
        fault()
