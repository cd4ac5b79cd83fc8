"""The road analysis on the map: hamlets by verdict, roads by state, works, ways, gaps, breaks; now and as planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.cartography.names import SHOWN_NAME, name_columns, with_shown_name, word_classes
from siteplan.cartography.page import ClassGroup, DrawOrder, MapClass, MapLayer, MapTheme
from siteplan.language import Texts
from siteplan.palette import (
    GAP_COLOUR,
    MISSING,
    POWER_STATUSES,
    ROAD_STATES,
    VERDICTS,
    WATER_LEVELS,
    WAY_COLOUR,
    LineLook,
    PointLook,
)
from siteplan.roads.analysis import RoadResult

VILLAGE_FIELDS = (
    "road_status_text", "planned_text", "missing_text", "reason", "planned_reason", "id", "village", "township",
    "households", "people", "access_dist_m", "road_id", "to_harden_m", "unknown_m", "to_build_m", "anchor",
    "anchor_km", "anchor_min", "computed_text", "verified_text", "in_scope_text",
)  # fmt: skip
WATER_FIELDS = ("water_level_text", "water_reason", "water_source", "head_m", "litres_per_person_day")
PROJECT_FIELDS = ("water_project", "water_project_reason")
POWER_FIELDS = ("power_status_text", "power_reason", "power_line", "power_line_m")
LIST_COLUMNS = (
    "road_status_text", "planned_text", "missing_text", "reason", "id", "village", "households", "people",
    "to_harden_m", "to_build_m", "anchor_km",
)  # fmt: skip
ROAD_FIELDS = ("road_id", "surface", "road_class", "state_text", "length_m")
WITHOUT = ("unhardened", "hardened_island", "road_island", "no_road")
"""Verdicts of hamlets without a hardened road; one whose place is unknown is neither with nor without."""
_SURFACES = 8


@dataclass(frozen=True)
class PlannedRoads:
    """The county when the planned projects are done: `villages` and `townships` as
    `siteplan.projects.comparison.Comparison` has them, `roads` as `RoadResult.roads` of the second analysis."""

    villages: gpd.GeoDataFrame
    townships: pd.DataFrame
    roads: gpd.GeoDataFrame


def fields_of(texts: Texts, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Columns with their labels; `X_text` is shown under the label of the column it words."""
    own = {"road_status_text": "road_status", "computed_text": "road_status_computed"}
    own |= {"verified_text": "verified_status", "state_text": "state", "in_scope_text": "in_scope"}
    own |= {
        "water_level_text": "water_level",
        "power_status_text": "power_status",
        "planned_text": "planned_status",
        "missing_text": "missing",
        "kind_text": "kind",
    }
    key = {name: own.get(name, name) for name in names}
    rooms = dict.fromkeys((*WATER_FIELDS, *PROJECT_FIELDS), "water") | dict.fromkeys(POWER_FIELDS, "power")
    return tuple((name, texts(f"{rooms.get(name, 'roads')}.column.{key[name]}")) for name in names)


def road_layers(result: RoadResult, texts: Texts, planned: PlannedRoads | None) -> list[MapLayer]:
    """Every layer of the road analysis, from the ground up."""
    shown = [_roads(result.roads, texts, "roads", "" if planned is None else "now")]
    if planned is not None:
        shown.append(_roads(planned.roads, texts, "roads_planned", "planned"))
    shown += [_works(result, texts), _ways(result, texts), _gaps(result, texts), _breaks(result, texts)]
    shown.append(_villages(result, texts, planned))
    if planned is not None:
        shown.append(_villages_planned(planned, shown[-1].table[SHOWN_NAME], texts))
    return shown


def point_classes(looks: Sequence[PointLook], texts: Texts, key: str, size: float = 6.0) -> tuple[MapClass, ...]:
    """Looks of the palette with labels `KEY.NAME`."""
    return tuple(MapClass(one.key, texts(f"{key}.{one.key}"), one.colour, shape=one.shape, size=size) for one in looks)


def missing_of(villages: pd.DataFrame) -> pd.Series:
    """What each hamlet lacks for a hardened road: none, harden, build, nowhere (no road of the county leads to an
    anchor), see_reason (neither: a seasonal road, an anchor that is not hardened, a verdict of the field), unknown."""
    status = villages["road_status"]
    build, harden = villages["to_build_m"], villages["to_harden_m"]
    conditions = [status == "unknown", status == "hardened", build.isna(), build > 0, harden > 0]
    return pd.Series(
        np.select(conditions, ["unknown", "none", "nowhere", "build", "harden"], "see_reason"),
        index=villages.index,
        dtype="object",
    )


def _worded(column: pd.Series, texts: Texts, key: str) -> NDArray[np.object_]:
    codes, words = pd.factorize(column, use_na_sentinel=False)
    labels = np.array([texts.get(f"{key}.{word}", word) for word in words], dtype=object)
    return labels[codes] if len(codes) else np.zeros(0, dtype=object)


def _villages(result: RoadResult, texts: Texts, planned: PlannedRoads | None) -> MapLayer:
    table = with_shown_name(result.villages, texts)
    missing = missing_of(table)
    table = table.assign(
        missing=missing,
        missing_text=_worded(missing, texts, "webmap.county.missing"),
        road_status_text=_worded(table["road_status"], texts, "roads.status"),
        computed_text=_worded(table["road_status_computed"], texts, "roads.status"),
        verified_text=_worded(table["verified_status"], texts, "roads.status"),
        in_scope_text=_worded(table["in_scope"], texts, "webmap.county.yes_no"),
    )
    names = [name for name in VILLAGE_FIELDS if planned is not None or not name.startswith("planned")]
    if "water_level" in table.columns:
        names[names.index("id") : names.index("id")] = WATER_FIELDS
    for column, fields in (("water_project", PROJECT_FIELDS), ("power_status", POWER_FIELDS)):
        if column in table.columns:
            names[names.index("id") : names.index("id")] = fields
    other_name = "name" if texts.language == "en" else "name_en"
    if other_name in table.columns and (table[other_name].fillna(table[SHOWN_NAME]) != table[SHOWN_NAME]).any():
        names.insert(names.index("id"), other_name)
    verdict = texts("webmap.county.by_verdict")
    themes = [
        MapTheme("missing", texts("webmap.county.by_missing"), "missing",
                 point_classes(MISSING, texts, "webmap.county.missing"))
    ]  # fmt: skip
    if "water_level" in table.columns:
        table = table.assign(water_level_text=_worded(table["water_level"], texts, "webmap.county.water"))
        classes = point_classes(WATER_LEVELS, texts, "webmap.county.water")
        themes.append(MapTheme("water_level", texts("webmap.county.by_water"), "water_level", classes))
    if "power_status" in table.columns:
        table = table.assign(power_status_text=_worded(table["power_status"], texts, "power.status"))
        classes = point_classes(POWER_STATUSES, texts, "power.status")
        themes.append(MapTheme("power_status", texts("power.map.by_status"), "power_status", classes))
    if planned is not None:
        table = table.assign(
            planned_status=planned.villages["planned_status"].to_numpy(),
            planned_text=_worded(planned.villages["planned_status"], texts, "roads.status"),
            planned_reason=planned.villages["planned_reason"].to_numpy(),
        )
        classes = point_classes(VERDICTS, texts, "roads.status")
        themes.append(MapTheme("planned_status", texts("webmap.county.by_planned"), "planned_status", classes))
    return MapLayer(
        key="villages",
        title=texts("webmap.county.villages"),
        table=table,
        classes=point_classes(VERDICTS, texts, "roads.status"),
        class_column="road_status",
        groups=(ClassGroup("without", texts("webmap.county.without"), WITHOUT),),
        theme_title=verdict,
        more_themes=tuple(themes),
        fields=fields_of(texts, names),
        title_column=SHOWN_NAME,
        search_columns=name_columns(table),
        township_column="township" if (table["township"] != "").any() else None,
        people_column="people" if table["people"].notna().any() else None,
        list_columns=tuple(name for name in LIST_COLUMNS if name in names),
        side="" if planned is None else "now",
        z=DrawOrder.POINTS + 1,
        label_zoom=13,
    )


def _villages_planned(planned: PlannedRoads, names: pd.Series, texts: Texts) -> MapLayer:
    """The hamlets of the planned side; its key tells the page that they are the hamlets, row by row."""
    table = planned.villages.assign(**{SHOWN_NAME: names.to_numpy()})
    title = texts("webmap.county.villages_planned")
    return MapLayer(
        key="villages_planned",
        title=title,
        table=table[["id", SHOWN_NAME, "planned_status", "geometry"]],
        classes=point_classes(VERDICTS, texts, "roads.status"),
        class_column="planned_status",
        fields=fields_of(texts, ("id",)),
        title_column=SHOWN_NAME,
        side="planned",
        z=DrawOrder.POINTS + 1,
        label_zoom=13,
    )


def _line_classes(looks: Sequence[LineLook], texts: Texts, key: str) -> tuple[MapClass, ...]:
    return tuple(
        MapClass(one.key, texts(f"{key}.{one.key}"), one.colour, dash=one.dash, weight=one.width_px) for one in looks
    )


def _roads(roads: gpd.GeoDataFrame, texts: Texts, key: str, side: str) -> MapLayer:
    table = roads.assign(state_text=_worded(roads["state"], texts, "roads.state"))
    themes: tuple[MapTheme, ...] = ()
    if (table["surface"] != "").any():
        surfaces = word_classes(table["surface"], texts, most=_SURFACES, key="webmap.county.word", weight=2.4)
        themes = (MapTheme("surface", texts("webmap.county.by_surface"), "surface", surfaces),)
    return MapLayer(
        key=key,
        title=texts(f"webmap.county.{key}"),
        table=table,
        classes=_line_classes(ROAD_STATES, texts, "roads.state"),
        class_column="state",
        theme_title=texts("webmap.county.by_state"),
        more_themes=themes,
        fields=(("road_id", texts("roads.column.id")), *fields_of(texts, ROAD_FIELDS[1:])),
        title_column="name",
        side=side,  # type: ignore[arg-type]
        z=DrawOrder.ROADS,
    )


def _line(key: str, table: gpd.GeoDataFrame, texts: Texts, look: MapClass) -> MapLayer:
    title = texts(f"webmap.county.{key}")
    return MapLayer(key=key, title=title, table=table, classes=(replace(look, key=key, label=title),), shown=False)


def _ways(result: RoadResult, texts: Texts) -> MapLayer:
    drawn = _line("ways", result.ways, texts, MapClass("", "", WAY_COLOUR, weight=3.5, dash="2 5"))
    return replace(drawn, z=DrawOrder.WAYS + 1)


def _works(result: RoadResult, texts: Texts) -> MapLayer:
    drawn = _line("works", result.works, texts, MapClass("", "", "#FFD400", weight=5.0))
    fields = (("road_id", texts("roads.column.id")), *fields_of(texts, ("surface", "length_m")))
    return replace(drawn, z=DrawOrder.WAYS, fields=fields, title_column="name")


def _gaps(result: RoadResult, texts: Texts) -> MapLayer:
    title = texts("webmap.county.gaps")
    return MapLayer(
        key="gaps",
        title=title,
        table=result.gaps.assign(geometry=result.gaps.geometry.interpolate(0.5, normalized=True)),
        classes=(MapClass("gaps", title, GAP_COLOUR, shape="diamond", size=6.0),),
        fields=fields_of(texts, ("road_id", "other_id", "length_m", "hamlets", "hamlet_ids")),
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
