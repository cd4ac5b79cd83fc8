"""The county's map page: which layers it shows, in which classes, with which fields."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from siteplan.cartography.page import DrawOrder, MapClass, MapLayer, MapLink, MapPage
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.palette import GAP_COLOUR, ROAD_STATES, VERDICTS, WAY_COLOUR
from siteplan.roads.analysis import RoadResult

VILLAGE_FIELDS = (
    "road_status_text", "reason", "id", "village", "township", "households", "people", "access_dist_m", "road_id",
    "to_harden_m", "unknown_m", "to_build_m", "anchor", "anchor_km", "anchor_min", "computed_text", "verified_text",
    "in_scope_text",
)  # fmt: skip
ROAD_FIELDS = ("road_id", "surface", "road_class", "state_text", "length_m")
CONTEXT = (
    ("boundaries", "#6B7280", DrawOrder.BOUNDARIES, 0.0, "6 4"),
    ("rivers", "#6BAED6", DrawOrder.AREAS, 0.35, ""),
    ("water_lines", "#1B9AAA", DrawOrder.WATER, 0.3, "5 3"),
    ("water_points", "#1B9AAA", DrawOrder.WATER + 1, 0.8, ""),
    ("sites", "#7A3E9D", DrawOrder.WATER + 2, 0.35, ""),
)
"""Layers shown as they are, when the plan gives them: colour, order, fill, dashes."""


def county_page(
    result: RoadResult,
    layers: LayerSet,
    texts: Texts,
    *,
    title: str,
    headlines: Sequence[tuple[str, str]],
    notes: Sequence[str],
) -> MapPage:
    """The page of a county: hamlets by verdict, roads by state, breaks, gaps, works and the plan's other layers."""
    shown: list[MapLayer] = []
    for name, colour, order, fill, dash in CONTEXT:
        if name in layers.layers and len(layers.table(name)):
            shown.append(_context(name, layers.table(name), texts, colour, order, fill, dash))
    shown += _centres(layers, texts)
    shown += [
        _roads(result, texts),
        _works(result, texts),
        _ways(result, texts),
        _gaps(result, texts),
        _breaks(result, texts),
        _villages(result, texts),
    ]
    return MapPage(
        title=title,
        subtitle=texts("webmap.county.subtitle", profile=result.parameters["profile"]),
        language=texts.language,
        layers=tuple(shown),
        headlines=tuple(headlines),
        notes=tuple(notes),
        crs_name=f"EPSG:{layers.crs.to_epsg()} {layers.crs.name}",
        link=MapLink("villages", "ways", "id", "breaks"),
    )


def _fields(texts: Texts, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Columns with their labels; `X_text` is shown under the label of the column it words."""
    own = {
        "road_status_text": "road_status",
        "computed_text": "road_status_computed",
        "verified_text": "verified_status",
    }
    own |= {"state_text": "state", "in_scope_text": "in_scope"}
    return tuple((name, texts(f"roads.column.{own.get(name, name)}")) for name in names)


def _worded(column: pd.Series, texts: Texts, key: str) -> list[str]:
    return [texts.get(f"{key}.{word}", word) for word in column]


def _villages(result: RoadResult, texts: Texts) -> MapLayer:
    table = result.villages
    table = table.assign(
        road_status_text=_worded(table["road_status"], texts, "roads.status"),
        computed_text=_worded(table["road_status_computed"], texts, "roads.status"),
        verified_text=_worded(table["verified_status"], texts, "roads.status"),
        in_scope_text=_worded(table["in_scope"], texts, "webmap.county.yes_no"),
    )
    classes = tuple(
        MapClass(one.key, texts(f"roads.status.{one.key}"), one.colour, shape=one.shape, size=6.0) for one in VERDICTS
    )
    return MapLayer(
        key="villages",
        title=texts("webmap.county.villages"),
        table=table,
        classes=classes,
        class_column="road_status",
        fields=_fields(texts, VILLAGE_FIELDS),
        title_column="name",
        search_columns=tuple(name for name in ("name", "name_en", "id") if name in table.columns),
        z=DrawOrder.POINTS + 1,
        label_zoom=13,
    )


def _roads(result: RoadResult, texts: Texts) -> MapLayer:
    table = result.roads.assign(state_text=_worded(result.roads["state"], texts, "roads.state"))
    classes = tuple(
        MapClass(one.key, texts(f"roads.state.{one.key}"), one.colour, dash=one.dash, weight=one.width_px)
        for one in ROAD_STATES
    )
    return MapLayer(
        key="roads",
        title=texts("webmap.county.roads"),
        table=table,
        classes=classes,
        class_column="state",
        fields=_fields(texts, ROAD_FIELDS),
        title_column="name",
        z=DrawOrder.ROADS,
    )


def _line(key: str, table: gpd.GeoDataFrame, texts: Texts, colour: str, **options: object) -> MapLayer:
    title = texts(f"webmap.county.{key}")
    weight = float(options.pop("weight", 3.0))  # type: ignore[arg-type]
    dash = str(options.pop("dash", ""))
    return MapLayer(
        key=key,
        title=title,
        table=table,
        classes=(MapClass(key, title, colour, weight=weight, dash=dash),),
        **options,  # type: ignore[arg-type]
    )


def _ways(result: RoadResult, texts: Texts) -> MapLayer:
    return _line("ways", result.ways, texts, WAY_COLOUR, shown=False, z=DrawOrder.WAYS + 1, weight=3.5, dash="2 5")


def _works(result: RoadResult, texts: Texts) -> MapLayer:
    fields = _fields(texts, ("road_id", "surface", "length_m"))
    return _line(
        "works",
        result.works,
        texts,
        "#FFD400",
        shown=False,
        z=DrawOrder.WAYS,
        weight=5.0,
        fields=fields,
        title_column="name",
    )


def _gaps(result: RoadResult, texts: Texts) -> MapLayer:
    fields = _fields(texts, ("road_id", "other_id", "length_m", "hamlets", "hamlet_ids"))
    middle = result.gaps.assign(geometry=result.gaps.geometry.interpolate(0.5, normalized=True))
    title = texts("webmap.county.gaps")
    return MapLayer(
        key="gaps",
        title=title,
        table=middle,
        classes=(MapClass("gaps", title, GAP_COLOUR, shape="diamond", size=6.0),),
        fields=fields,
        title_column="id",
        search_columns=("id",),
        z=DrawOrder.POINTS,
    )


def _breaks(result: RoadResult, texts: Texts) -> MapLayer:
    title = texts("webmap.county.breaks")
    return MapLayer(
        key="breaks",
        title=title,
        table=result.breaks,
        classes=(MapClass("breaks", title, "#000000", shape="cross", size=5.0),),
        shown=False,
        z=DrawOrder.POINTS,
    )


def _centres(layers: LayerSet, texts: Texts) -> list[MapLayer]:
    """Seats of county and townships with their names from afar; other centres apart, not shown at first."""
    table = layers.table("centres")
    table = table[~(table.geometry.isna() | table.geometry.is_empty)]
    seat = table["kind"].isin(["county", "township"])
    found = []
    for key, rows, size, zoom in (("seats", table[seat], 6.0, 9), ("centres", table[~seat], 4.0, 13)):
        if len(rows):
            title = texts(f"webmap.county.{key}")
            found.append(
                MapLayer(
                    key=key,
                    title=title,
                    table=rows.reset_index(drop=True),
                    classes=(MapClass(key, title, "#111111", shape="square", size=size, fill_opacity=0.9),),
                    fields=_fields(texts, ("id", "kind", "township")),
                    title_column="name",
                    search_columns=("name",),
                    shown=key == "seats",
                    z=DrawOrder.POINTS + 2,
                    label_zoom=zoom,
                )
            )
    return found


def _context(
    name: str, table: gpd.GeoDataFrame, texts: Texts, colour: str, order: int, fill: float, dash: str
) -> MapLayer:
    title = texts(f"webmap.county.{name}")
    placed = table[~(table.geometry.isna() | table.geometry.is_empty)].reset_index(drop=True)
    known = [column for column in ("id", "kind", "township") if column in placed.columns]
    looks = MapClass(name, title, colour, dash=dash, weight=1.6, fill_opacity=fill, size=4.0)
    fields = tuple((column, texts(f"roads.column.{column}")) for column in known)
    return MapLayer(
        key=name,
        title=title,
        table=placed,
        classes=(looks,),
        fields=() if name == "boundaries" else fields,
        title_column="name",
        search_columns=() if name == "boundaries" else ("name",),
        z=order,
    )
