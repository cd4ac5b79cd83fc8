"""The page of a check: where the faults of the layers are, what is wrong there, and which repairs wait for a word."""

from __future__ import annotations

import html
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from siteplan.cartography.page import DrawOrder, MapClass, MapLayer, MapPage, Shape
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.palette import GAP_COLOUR

_LOOKS: tuple[tuple[str, str, Shape], ...] = (
    ("noted", "#56B4E9", "circle"),
    ("defaulted", "#E69F00", "square"),
    ("repaired", "#009E73", "triangle"),
    ("dropped", "#D55E00", "cross"),
)
_FIELDS = ("message", "layer", "row", "id", "field", "action", "code")
_MOST_NOTES = 60
"""Findings without a place that the page tells in words; all of them are in the table that the command prints."""


def check_page(
    layers: LayerSet, findings: pd.DataFrame, texts: Texts, *, title: str, headlines: Sequence[tuple[str, str]]
) -> MapPage:
    """The map of a check: roads and hamlets in grey, findings by what was done, proposed repairs.

    `findings` has the columns of `siteplan.layers.findings` with `message` in place of `values`.
    """
    placed = findings[findings["x"].notna()].reset_index(drop=True)
    points = gpd.GeoSeries(gpd.points_from_xy(placed["x"], placed["y"]), crs=layers.crs)
    rows = placed.drop(columns=["x", "y"]).assign(
        row=placed["row"].astype("object").where(placed["row"].notna(), ""),
        action_text=[texts(f"layers.action.{action}") for action in placed["action"]],
        layer_text=[texts.get(f"layers.layer.{name}", name) for name in placed["layer"]],
    )
    faults = gpd.GeoDataFrame(rows, geometry=points)
    fields = tuple(
        ({"layer": "layer_text", "action": "action_text"}.get(name, name), texts(f"layers.heading.{name}"))
        for name in _FIELDS
    )
    drawn = MapLayer(
        key="faults",
        title=texts("webmap.check.faults"),
        table=faults,
        classes=tuple(MapClass(key, texts(f"layers.action.{key}"), colour, shape=shape, size=7.0)
                      for key, colour, shape in _LOOKS),
        class_column="action",
        fields=fields,
        title_column="id",
        search_columns=("id", "message"),
        z=DrawOrder.POINTS + 2,
    )  # fmt: skip
    nowhere = findings[findings["x"].isna()]
    told = [
        f"{texts.get(f'layers.layer.{layer}', layer)}: {message}"
        for layer, message in zip(nowhere["layer"].tolist(), nowhere["message"].tolist(), strict=True)
    ]
    more = [] if len(told) <= _MOST_NOTES else [texts("webmap.check.more", n=len(told) - _MOST_NOTES)]
    return MapPage(
        title=title,
        subtitle=texts("webmap.check.subtitle"),
        language=texts.language,
        layers=(*_ground(layers, texts), *_proposals(layers, texts), drawn),
        headlines=tuple(headlines),
        notes=(*told[:_MOST_NOTES], *more),
        crs_name=f"EPSG:{layers.crs.to_epsg()} {layers.crs.name}",
    )


def faults_page(faults: Sequence[str], texts: Texts, *, title: str) -> str:
    """A plain page for layers that cannot be read at all: there is nothing to draw yet."""
    rows = "\n".join(f"<li>{html.escape(fault)}</li>" for fault in faults)
    language = {"zh": "zh-Hans", "en": "en"}[texts.language]
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{html.escape(title)}</title>\n"
        "<style>body{font:16px/1.6 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}li{margin:.6em 0}</style>\n"
        f"</head>\n<body>\n<h1>{html.escape(title)}</h1>\n<p>{html.escape(texts('webmap.check.unreadable'))}</p>\n"
        f"<ul>\n{rows}\n</ul>\n</body>\n</html>\n"
    )


def _ground(layers: LayerSet, texts: Texts) -> list[MapLayer]:
    grey = []
    for name, order in (
        ("boundaries", DrawOrder.BOUNDARIES),
        ("roads", DrawOrder.ROADS),
        ("villages", DrawOrder.POINTS),
    ):
        table = layers.table(name)
        table = table[~(table.geometry.isna() | table.geometry.is_empty)].reset_index(drop=True)
        if len(table):
            title = texts.get(f"layers.layer.{name}", name)
            looks = MapClass(name, title, "#8A8F98", weight=1.6, size=3.0, fill_opacity=0.05)
            columns = tuple(column for column in ("id", "name") if column in table.columns)
            fields = tuple((column, texts(f"layers.heading.{column}")) for column in columns)
            own = () if name == "boundaries" else fields
            grey.append(
                MapLayer(name, title, table, (looks,), fields=own, title_column="name", search_columns=columns, z=order)
            )
    return grey


def _proposals(layers: LayerSet, texts: Texts) -> list[MapLayer]:
    rows = [
        {"id": one.id, "what": one.what, "layer": texts.get(f"layers.layer.{one.layer}", one.layer),
         "message": texts(f"layers.repair.{one.what}", old=one.old, new=one.new, **one.values),
         "x": one.longitude, "y": one.latitude}
        for one in layers.proposals if one.longitude == one.longitude
    ]  # fmt: skip
    if not rows:
        return []
    table = pd.DataFrame(rows)
    points = gpd.points_from_xy(table["x"], table["y"], crs="EPSG:4326")
    title = texts("webmap.check.proposals")
    return [
        MapLayer(
            key="proposals",
            title=title,
            table=gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=points),
            classes=(MapClass("proposals", title, GAP_COLOUR, shape="diamond", size=8.0),),
            fields=tuple((name, texts(f"layers.heading.{name}")) for name in ("message", "layer", "id")),
            title_column="id",
            search_columns=("id",),
            z=DrawOrder.POINTS + 1,
        )
    ]
