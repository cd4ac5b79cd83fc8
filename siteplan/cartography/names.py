"""What features are called on the map, and classes for columns whose words come from the data."""

from __future__ import annotations

from itertools import cycle

import geopandas as gpd
import pandas as pd

from siteplan.cartography.page import SHAPES, MapClass
from siteplan.language import Texts
from siteplan.palette import WORDS

SHOWN_NAME = "shown_name"
"""The column that heads panels and labels the map: the name in the page's language, else the other one."""


def with_shown_name(table: gpd.GeoDataFrame, texts: Texts) -> gpd.GeoDataFrame:
    """The table with `shown_name`: `name_en` in English where there is one, else `name`."""
    order = ("name_en", "name") if texts.language == "en" else ("name", "name_en")
    shown = pd.Series("", index=table.index, dtype="object")
    for column in order:
        if column in table.columns:
            own = table[column].fillna("").astype("object")
            shown = shown.where(shown != "", own)
    return table.assign(**{SHOWN_NAME: shown})


def name_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a reader may search by, those of them that the table has."""
    return tuple(one for one in (SHOWN_NAME, "name", "name_en", "id") if one in table.columns)


def placed(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows that have a place, numbered anew."""
    return table[~(table.geometry.isna() | table.geometry.is_empty)].reset_index(drop=True)


def word_classes(
    column: pd.Series, texts: Texts, *, most: int = 8, key: str = "", weight: float = 3.0, size: float = 6.0
) -> tuple[MapClass, ...]:
    """One class a word of the column, the commonest first, at most `most`; "" is unknown.

    `key` is where the catalogue has labels for the words it knows (`KEY.WORD`); others stand as they are written.
    """
    counts = column.fillna("").astype(str).value_counts()
    words = sorted(counts.index, key=lambda word: (word == "", -int(counts[word]), word))[:most]
    looks = zip(words, cycle(WORDS), cycle(SHAPES), cycle(("", "8 4", "2 4", "10 3 2 3")), strict=False)
    return tuple(
        MapClass(
            word,
            texts.get(f"{key}.{word}", word) if word else texts("webmap.county.not_said"),
            colour if word else "#8A8F98",
            shape=shape,
            dash=dash,
            weight=weight,
            size=size,
        )
        for word, colour, shape, dash in looks
    ) or (MapClass("", texts("webmap.county.not_said"), "#8A8F98", weight=weight, size=size),)
