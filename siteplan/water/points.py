"""What each water point is: source, tank, tap, pump or valve; what it gives; whether it works; and what is doubtful."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats
from siteplan.water.notes import Notes, numbers, texts, written
from siteplan.water.pipes import pump_values, states
from siteplan.water.words import SOURCES, told

_GROUND_WATER = ("spring", "stream", "reservoir")
"""Sources whose free surface is the ground they are drawn on."""


def point_values(points: gpd.GeoDataFrame, notes: Notes) -> pd.DataFrame:
    """Kind and measures of every point.

    Parameters
    ----------
    points
        With the columns of the `water_points` contract; what it does not have is not known.
    notes
        Findings go here.

    Returns
    -------
    One row a point, RangeIndex: kind ("source", "tank", "tap", "pump", "valve", "" no part of a network), detail (the
    word of `words.toml`), state (`LinkState`), works, head_m, yield_m3_per_day, floor_m, max_level_m, volume_m3,
    quality (`Known`), flow_l_per_min, hours, pump_head_m, pump_flow_lps, pump_power_kw. Numbers of 0 or less that
    cannot be (yield, volume, flow, hours) are not known.
    """
    word = texts(points, "kind")
    detail = told(word, "point")
    strange = (detail == "?") | (detail == "")
    notes.alike("water.point_kind_unknown", "dropped", strange, word, field="kind")
    notes.alike("water.point_of_no_use", "noted", detail == "other", word, field="kind")
    kind = np.where(np.isin(detail.astype(str), SOURCES), "source", detail).astype(object)
    kind[~np.isin(kind.astype(str), ("source", "tank", "tap", "pump", "valve"))] = ""
    state = states(points, notes)
    works = (state == "open") & ~(numbers(points, "functional") == 0.0)
    good = numbers(points, "quality_ok")
    source, tank, tap = kind == "source", kind == "tank", kind == "tap"
    water = _positive(points, "yield_m3_per_day", source, notes)
    notes.each("water.yield_missing", "noted", source & np.isnan(water), field="yield_m3_per_day")
    floor, top = _tank_levels(points, tank, notes)
    head, flow, power = pump_values(points)
    return pd.DataFrame(
        {
            "kind": kind,
            "detail": detail,
            "state": state,
            "works": works,
            "head_m": numbers(points, "head_m"),
            "yield_m3_per_day": water,
            "floor_m": floor,
            "max_level_m": top,
            "volume_m3": _positive(points, "volume_m3", tank, notes),
            "quality": np.where(good == 1.0, "yes", np.where(good == 0.0, "no", "unknown")).astype(object),
            "flow_l_per_min": _positive(points, "flow_l_per_min", tap, notes),
            "hours": _positive(points, "hours", tap, notes),
            "pump_head_m": head,
            "pump_flow_lps": flow,
            "pump_power_kw": power,
        }
    )


def heads_from_ground(head: Floats, z: Floats, detail: NDArray[np.object_], is_node: Bools, notes: Notes) -> Floats:
    """The head of sources: as written; of a spring, stream or reservoir without one the height of its ground, told."""
    source = np.isin(detail.astype(str), SOURCES) & is_node
    taken = source & np.isnan(head) & ~np.isnan(z) & np.isin(detail.astype(str), _GROUND_WATER)
    notes.each(
        "water.head_from_ground", "defaulted", taken, field="head_m",
        m=written(z[taken], style=".1f"),
    )  # fmt: skip
    notes.each("water.head_missing", "noted", source & np.isnan(head) & ~taken, field="head_m")
    return np.where(taken, z, head)


def _positive(points: gpd.GeoDataFrame, name: str, which: Bools, notes: Notes) -> Floats:
    values = numbers(points, name)
    wrong = which & (values <= 0.0)
    notes.each("water.not_positive", "noted", wrong, field=name, word=written(values[wrong]))
    return np.where(values > 0.0, values, np.nan)


def _tank_levels(points: gpd.GeoDataFrame, tank: Bools, notes: Notes) -> tuple[Floats, Floats]:
    floor, top, head = (numbers(points, name) for name in ("floor_m", "max_level_m", "head_m"))
    below = tank & (top <= floor)
    notes.each(
        "water.level_below_floor", "noted", below, field="max_level_m",
        top=written(top[below]), floor=written(floor[below]),
    )  # fmt: skip
    top = np.where(below, np.nan, top)
    some = np.isnan(floor) | np.isnan(top)
    by_head = tank & some & ~below & ~np.isnan(head)
    notes.alike("water.tank_by_head", "noted", by_head, np.full(len(points), "", dtype=object), field="floor_m")
    notes.each("water.tank_levels_missing", "noted", tank & some & ~below & np.isnan(head), field="floor_m")
    return floor, top
