"""What a map page is made of, as plain frozen data. Faults in it are a programmer's, so they are `ValueError`s."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.cartography.grounds import Basemap, PlaneGrid, Terrain, TileSet
from siteplan.language import Language

Shape = Literal["circle", "square", "triangle", "diamond", "cross", "star"]
SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond", "cross", "star")
Hatch = Literal["", "lines", "back", "cross", "dots"]
HATCHES: tuple[Hatch, ...] = ("", "lines", "back", "cross", "dots")
Side = Literal["", "now", "planned"]

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DASH = re.compile(r"(\d+(\.\d+)?( \d+(\.\d+)?)*)?")


class DrawOrder(IntEnum):
    """The usual places of layers, from the ground up. Any integer between them may be used."""

    BOUNDARIES = 0
    AREAS = 10
    WATER = 20
    ROADS = 30
    WAYS = 40
    POINTS = 50


@dataclass(frozen=True)
class MapClass:
    """How the features of one class are drawn and what the legend calls them.

    `key` is the value in the layer's `class_column`. `shape` and `size` (radius in pixels) are for points; `weight`
    (pixels) and `dash` (pixels on and off, `"6 4"`) for lines and outlines; `fill_opacity` (0 to 1) and `hatch` (one of
    `HATCHES`, told apart where colours are not) for areas.
    Classes later in the tuple are drawn above earlier ones.
    """

    key: str
    label: str
    colour: str
    shape: Shape = "circle"
    dash: str = ""
    weight: float = 3.0
    fill_opacity: float = 0.25
    size: float = 6.0
    hatch: Hatch = ""

    def __post_init__(self) -> None:
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"map class {self.key!r}: colour {self.colour!r} is not #rrggbb")
        if self.shape not in SHAPES:
            raise ValueError(f"map class {self.key!r}: shape {self.shape!r} is none of {', '.join(SHAPES)}")
        if not _DASH.fullmatch(self.dash):
            raise ValueError(f"map class {self.key!r}: dash {self.dash!r} is not numbers joined by spaces")
        if not 0 <= self.fill_opacity <= 1:
            raise ValueError(f"map class {self.key!r}: fill_opacity {self.fill_opacity} is not between 0 and 1")
        if self.hatch not in HATCHES:
            raise ValueError(f"map class {self.key!r}: hatch {self.hatch!r} is none of {', '.join(HATCHES)}")


class ClassGroup(NamedTuple):
    """Classes that a reader asks for together ("without a hardened road"): an entry of the page's filter."""

    key: str
    label: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class MapTheme:
    """One way of sorting a layer's rows into classes; a layer with several has a switch above its legend.

    `column` holds class keys; None puts every row into the first class. Rows whose value is in none of the classes
    are drawn grey and counted as "other".
    """

    key: str
    title: str
    column: str | None
    classes: tuple[MapClass, ...]
    groups: tuple[ClassGroup, ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            raise ValueError(f"map theme {self.key}: no classes given")
        known = {one.key for one in self.classes}
        for group in self.groups:
            if not known.issuperset(group.classes):
                raise ValueError(f"map theme {self.key}: group {group.key} names classes that are not there")
        if len({one.key for one in self.classes}) != len(self.classes):
            raise ValueError(f"map theme {self.key}: two classes have the same key")

    def class_numbers(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Index into the classes for each row of a table, (n,); their number for a value that names none of them."""
        if self.column is None:
            return np.zeros(len(table), dtype=np.int64)
        number = {one.key: n for n, one in enumerate(self.classes)}
        codes, distinct = pd.factorize(table[self.column], use_na_sentinel=False)
        found = [number.get("" if pd.isna(one) else str(one), len(number)) for one in distinct]
        return np.array(found, dtype=np.int64)[codes] if len(codes) else np.zeros(0, dtype=np.int64)


OTHER_CLASS = MapClass("__other__", "", "#8a8a8a", dash="2 3", weight=2.0, fill_opacity=0.15)
"""How rows are drawn whose value names none of a theme's classes; each drawer labels it in its language."""


@dataclass(frozen=True)
class MapLayer:
    """One table on the map.

    Parameters
    ----------
    key : str
        Lower-case ASCII name, unique on the page.
    title : str
        What the legend calls the layer.
    table : geopandas.GeoDataFrame
        Any CRS, but a CRS. Rows without geometry stay: they are counted, found by search and shown in the panel.
    classes : tuple of MapClass
        At least one. Rows whose value is in none of them are drawn grey and counted as "other".
    class_column : str or None
        Column whose values are class keys; None puts every row into the first class.
    fields : tuple of (column, label)
        What the panel shows, in order. Empty: the layer does not answer clicks.
    title_column : str or None
        Column that heads the panel, names search hits and labels the map.
    search_columns : tuple of str
        Columns that the search box looks into.
    shown : bool
        Whether the layer is shown on opening.
    z : int
        Higher is drawn above lower, also after layers are switched off and on.
    label_zoom : float or None
        From which zoom on names are written on the map (14 is some 10 m a pixel); None writes none.
    label_column : str or None
        Column written on the map; None takes the title's.
    groups : tuple of ClassGroup
        Classes to be filtered by together.
    theme_title : str
        What the switch calls the sorting by `class_column`; "" takes the layer's title.
    more_themes : tuple of MapTheme
        Other sortings of the same rows, offered beside it.
    township_column, people_column : str or None
        Columns that the page's filters by township and by number of people look into.
    list_columns : tuple of str
        Columns of the printed list, beside the title; empty takes the first fields.
    side : "now", "planned" or ""
        With "planned" the layer shows what is to be when the planned projects are done: the page draws it on the right
        of the slider, where a layer of side "now" is left out; "" is drawn on both.
    """

    key: str
    title: str
    table: gpd.GeoDataFrame = field(repr=False)
    classes: tuple[MapClass, ...]
    class_column: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    title_column: str | None = None
    search_columns: tuple[str, ...] = ()
    shown: bool = True
    z: int = DrawOrder.AREAS
    label_zoom: float | None = None
    label_column: str | None = None
    groups: tuple[ClassGroup, ...] = ()
    theme_title: str = ""
    more_themes: tuple[MapTheme, ...] = ()
    township_column: str | None = None
    people_column: str | None = None
    list_columns: tuple[str, ...] = ()
    side: Side = ""

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"map layer key {self.key!r}: expected lower-case letters, digits and _")
        if not self.classes:
            raise ValueError(f"map layer {self.key}: no classes given")
        if len({one.key for one in self.classes}) != len(self.classes):
            raise ValueError(f"map layer {self.key}: two classes have the same key")
        if len({theme.key for theme in self.themes}) != len(self.themes):
            raise ValueError(f"map layer {self.key}: two themes have the same key")
        absent = [name for name in self.columns if name not in self.table.columns]
        if absent:
            raise ValueError(f"map layer {self.key}: no column {', '.join(absent)} in the table")

    @property
    def themes(self) -> tuple[MapTheme, ...]:
        """Every sorting of the layer's rows, the one shown first ahead."""
        title = self.theme_title or self.title
        first = MapTheme(self.class_column or "all", title, self.class_column, self.classes, self.groups)
        return (first, *self.more_themes)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the page needs, each once, fields first; those of the themes stand in their classes."""
        named = [name for name, _ in self.fields]
        others = (self.title_column, self.class_column, self.label_column, self.township_column, self.people_column)
        named += [name for name in others if name is not None]
        return tuple(dict.fromkeys([*named, *self.search_columns]))


class MapLink(NamedTuple):
    """Clicking a feature of layer `points` highlights the features of `lines` with the same `id_column`, and marks
    those of `breaks` (a point layer), if named."""

    points: str
    lines: str
    id_column: str
    breaks: str | None = None


@dataclass(frozen=True)
class MapPage:
    """A whole page: layers, headline figures (label, value) and notes.

    `crs_name` names the CRS of the analysis, `grid` its plane grid where it has one that the page can read places in;
    `source` says where the data come from (for the printed sheet); `place_names` are names of townships as the tables
    write them and as this language does. `translation` is the same page in another language:
    the same layers, rows and classes, other words; the page then has a switch.
    """

    title: str
    subtitle: str
    language: Language
    layers: tuple[MapLayer, ...]
    headlines: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    crs_name: str = ""
    link: MapLink | tuple[str, str, str] | None = None
    grid: PlaneGrid | None = None
    source: str = ""
    place_names: tuple[tuple[str, str], ...] = ()
    terrain: Terrain | None = None
    basemaps: tuple[Basemap, ...] = ()
    tiles: TileSet | None = None
    translation: MapPage | None = None

    def __post_init__(self) -> None:
        by_key = {layer.key: layer for layer in self.layers}
        if len(by_key) != len(self.layers):
            raise ValueError("map page: two layers have the same key")
        if self.link is not None:
            link = MapLink(*self.link)
            for key in (link.points, link.lines, link.breaks):
                if key is not None and key not in by_key:
                    raise ValueError(f"map page link: no layer {key!r}")
                if key is not None and link.id_column not in by_key[key].table.columns:
                    raise ValueError(f"map page link: layer {key} has no column {link.id_column!r}")
        if self.translation is not None:
            other = self.translation
            if other.language == self.language:
                raise ValueError("map page: its translation is in the same language")
            shapes = [
                [(layer.key, len(layer.table), [(theme.key, [one.key for one in theme.classes])
                  for theme in layer.themes]) for layer in page.layers]
                for page in (self, other)
            ]  # fmt: skip
            if shapes[0] != shapes[1]:
                raise ValueError("map page: its translation has other layers, rows or classes")
