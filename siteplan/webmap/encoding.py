"""Layers -> the compact data that the page's scripts decode (`browser/decode.js` is the other half)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from siteplan.cartography.page import OTHER_CLASS, MapClass, MapLayer, MapTheme
from siteplan.language import Language, Texts
from siteplan.webmap.columns import encode_column
from siteplan.webmap.geometry import encode_geometry
from siteplan.webmap.varints import encode_unsigned


def encode_layer(
    layer: MapLayer,
    language: Language,
    translation: tuple[MapLayer, Language] | None = None,
    extra_columns: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The data block of one layer, ready for JSON.

    Keys: `geometry` (see `geometry.encode_geometry`), `themes` (classes as drawn, `classOf`: varint text, an index
    into them for each row, or null where all rows are in the first), `columns` (see `columns.encode_column`), `words`
    (by language: title, fields as [column, label], titles and labels of the themes, and the columns that this language
    has of its own), and the layer's own settings. `translation` is the same layer in another language.

    Raises
    ------
    LayerError
        If the table has no CRS, so its place on the earth is unknown.
    """
    names = dict.fromkeys([*layer.columns, *extra_columns])
    themes = [_theme(theme, layer.table) for theme in layer.themes]
    other = [theme.pop("other") for theme in themes]
    words = {language: _words(layer, language, other)}
    if translation is not None:
        told, tongue = translation
        words[tongue] = _words(told, tongue, other)
        words[tongue]["columns"] = {
            name: encode_column(told.table[name])
            for name in dict.fromkeys([*told.columns, *extra_columns])
            if name not in names or not _same(told.table[name], layer.table[name])
        }
    return {
        "key": layer.key,
        "size": len(layer.table),
        "shown": layer.shown,
        "z": int(layer.z),
        "side": layer.side,
        "labelZoom": layer.label_zoom,
        "titleColumn": layer.title_column,
        "labelColumn": layer.label_column or layer.title_column,
        "townshipColumn": layer.township_column,
        "peopleColumn": layer.people_column,
        "listColumns": list(layer.list_columns),
        "searchColumns": list(layer.search_columns),
        "themes": themes,
        "columns": {name: encode_column(layer.table[name]) for name in names},
        "words": words,
        "geometry": encode_geometry(layer),
    }


def _theme(theme: MapTheme, table: pd.DataFrame) -> dict[str, Any]:
    class_of = theme.class_numbers(table)
    other = bool((class_of == len(theme.classes)).any())
    classes = [*theme.classes, OTHER_CLASS] if other else list(theme.classes)
    return {
        "key": theme.key,
        "column": theme.column,
        "classes": [_look(one) for one in classes],
        "classOf": encode_unsigned(class_of) if class_of.any() else None,
        "groups": [[group.key, list(group.classes)] for group in theme.groups],
        "other": other,
    }


def _look(one: MapClass) -> dict[str, Any]:
    return {
        "key": one.key,
        "colour": one.colour,
        "shape": one.shape,
        "dash": [float(part) for part in one.dash.split()],
        "weight": one.weight,
        "fillOpacity": one.fill_opacity,
        "size": one.size,
        "hatch": one.hatch,
    }


def _words(layer: MapLayer, language: Language, other: list[bool]) -> dict[str, Any]:
    rest = [Texts(language)("webmap.page.other_class")]
    return {
        "title": layer.title,
        "fields": [list(pair) for pair in layer.fields],
        "themes": [
            {
                "title": theme.title,
                "labels": [one.label for one in theme.classes] + (rest if has_other else []),
                "groups": [group.label for group in theme.groups],
            }
            for theme, has_other in zip(layer.themes, other, strict=True)
        ],
        "columns": {},
    }


def _same(one: pd.Series, other: pd.Series) -> bool:
    return one is other or one.equals(other)
