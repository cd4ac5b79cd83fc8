"""Hamlets within supply radius of power lines that are fed, from lines alone: no transformers, no load flow.

Lines are joined where an end of one lies at another; lines that cross are not. A whole line carries power if any of it
is fed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.language import Texts
from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.standards.power_profile import PowerProfile

STATUSES = ("served", "cut_off", "out_of_reach", "unknown")
"""served: within the radius of a fed line that supplies; cut_off: only of lines that are not fed; out_of_reach: of
none; unknown: no place, no lines, or only a fed line of unknown voltage is near."""
FeedsFrom = Literal["substations", "higher_voltage", "largest_component", "nothing"]
_AT_TOLERANCE_M = 1e-6
_SERVED, _CUT_OFF, _OUT, _UNKNOWN = range(4)


@dataclass(frozen=True)
class PowerReach:
    """Which hamlets are supplied.

    villages : index of the input; power_status (`STATUSES`), power_line (id of the line that decides: the nearest of
        its kind, "" none), power_line_m (straight distance to it, NaN none), nearest_line_m (to any line that may
        supply, NaN none), power_reason.
    lines : index of the input; id, voltage_kv, supplies ("yes", "no", "unknown": by voltage), component (from 0, -1 no
        geometry), fed (bool), state ("fed", "cut_off").
    feeds_from : what feeds the lines: the substations given; where there are none, the ends of lines of higher voltage,
        which stand in for them; where there are none either, the longest component stands in.
    headline : figures by name. parameters : as used. rules : rule, value, unit, clause, source, confidence. notes :
        (catalogue key, values).
    """

    villages: pd.DataFrame
    lines: pd.DataFrame
    feeds_from: FeedsFrom
    headline: Mapping[str, float | int]
    parameters: Mapping[str, object]
    rules: pd.DataFrame
    notes: tuple[tuple[str, Mapping[str, object]], ...]


def power_reach(
    villages: gpd.GeoDataFrame,
    lines: gpd.GeoDataFrame,
    profile: PowerProfile,
    texts: Texts,
    *,
    substations: gpd.GeoDataFrame | None = None,
    radius_m: float | None = None,
    snap_m: float | None = None,
) -> PowerReach:
    """Judge every hamlet. Inputs are not changed.

    Parameters
    ----------
    villages, lines
        In one metric CRS; lines with columns id and voltage_kv (kV, NaN not known). No geometry is no place.
    substations
        Points, if there are any to be had; else see `PowerReach.feeds_from`.
    radius_m, snap_m
        In place of the profile's: supply radius; how near an end must lie to another line to be joined to it.

    Raises
    ------
    ValueError
        A CRS that differs or is not in metres; a radius or tolerance that is not above 0.
    """
    _check(villages, lines, substations)
    radius = profile.radius_m.value if radius_m is None else radius_m
    snap = profile.snap_m.value if snap_m is None else snap_m
    if not (radius > 0 and snap > 0):
        raise ValueError(f"radius_m and snap_m must be above 0, found {radius} and {snap}")
    shapes = np.asarray(lines.geometry.to_numpy(), dtype=object)
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kv = lines["voltage_kv"].to_numpy(dtype=float)
    higher = kv > profile.serving_kv_max.value
    component = _components(shapes, drawn, higher, snap)
    feeds, seeds = _seeds(shapes, drawn, higher, component, substations, profile.substation_m.value)
    fed = drawn & np.isin(component, component[seeds])
    supplies = np.where(np.isnan(kv), "unknown", np.where(higher, "no", "yes"))
    status, by, by_m, nearest_m = _judge(villages, shapes, drawn, fed, supplies, radius)
    ids = lines["id"].fillna("").astype("str").to_numpy(dtype=object)
    table = pd.DataFrame(
        {
            "power_status": pd.Series(np.array(STATUSES)[status], index=villages.index, dtype="str"),
            "power_line": pd.Series(
                np.where(by >= 0, ids[by], "") if len(ids) else "", index=villages.index, dtype="str"
            ),
            "power_line_m": by_m,
            "nearest_line_m": nearest_m,
        },
        index=villages.index,
    )
    parameters = {"radius_m": radius, "snap_m": snap, "feeds_from": feeds, "lines": int(drawn.sum())}
    line_table = pd.DataFrame(
        {
            "id": lines["id"],
            "voltage_kv": kv,
            "supplies": pd.Series(supplies, index=lines.index, dtype="str"),
            "component": component,
            "fed": fed,
            "state": pd.Series(np.where(fed, "fed", "cut_off"), index=lines.index, dtype="str"),
        },
        index=lines.index,
    )
    reach = PowerReach(
        villages=table,
        lines=line_table,
        feeds_from=feeds,
        headline=_headline(table, line_table, shapely.length(shapes)),
        parameters=parameters,
        rules=pd.DataFrame(profile.rules(), dtype="str"),
        notes=_notes(feeds, profile, radius, line_table, drawn),
    )
    return reworded(reach, texts)


def reworded(reach: PowerReach, texts: Texts) -> PowerReach:
    """The same with its reasons in the language of `texts`."""
    radius = f"{float(str(reach.parameters['radius_m'])):.0f}"
    reasons = []
    for status, line, line_m, any_m in zip(
        reach.villages["power_status"],
        reach.villages["power_line"],
        reach.villages["power_line_m"],
        reach.villages["nearest_line_m"],
        strict=True,
    ):
        key = status
        if status == "unknown":
            key = "unknown_voltage" if line else "unknown_lines" if not reach.parameters["lines"] else "unknown_place"
        elif status == "out_of_reach" and np.isnan(any_m):
            key = "no_supply_line"
        away = "" if np.isnan(line_m) else f"{line_m:.0f}"
        nearest = "" if np.isnan(any_m) else f"{any_m:.0f}"
        reasons.append(texts(f"power.reason.{key}", line=line, m=away, nearest=nearest, radius=radius))
    told = pd.Series(reasons, index=reach.villages.index, dtype="str")
    return replace(reach, villages=reach.villages.assign(power_reason=told))


def _check(villages: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, substations: gpd.GeoDataFrame | None) -> None:
    layers = {"villages": villages, "power_lines": lines}
    if substations is not None:
        layers["substations"] = substations
    for name, layer in layers.items():
        if layer.crs is None or not layer.crs.is_projected or layer.crs.axis_info[0].unit_name != "metre":
            raise ValueError(f"{name}: found CRS {layer.crs}; expected a projected one in metres")
        if layer.crs != villages.crs:
            raise ValueError(f"{name}: found CRS {layer.crs}; expected that of villages, {villages.crs}")


def _components(shapes: NDArray[np.object_], drawn: Bools, higher: Bools, snap_m: float) -> Ints:
    """Number of each line's connected part, -1 without geometry: ends joined to the lines they lie at. Between lines of
    supplying and of higher voltage nothing is joined: it takes a substation."""
    rows = np.flatnonzero(drawn)
    parts, of = shapely.get_parts(shapes[rows], return_index=True)
    if not len(rows):
        return np.full(len(shapes), -1)
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    end, other = shapely.STRtree(shapes[rows]).query(ends, predicate="dwithin", distance=snap_m + _AT_TOLERANCE_M)
    own = np.concatenate([of, of])[end]
    alike = higher[rows][own] == higher[rows][other]
    own, other = own[alike], other[alike]
    component = np.full(len(shapes), -1)
    component[rows] = components(len(rows), own.astype(np.int64), other.astype(np.int64))
    return component


def _seeds(
    shapes: NDArray[np.object_],
    drawn: Bools,
    higher: Bools,
    component: Ints,
    substations: gpd.GeoDataFrame | None,
    reach_m: float,
) -> tuple[FeedsFrom, Ints]:
    """What feeds the lines, and rows of lines that are fed first hand."""
    if not drawn.any():
        return "nothing", np.zeros(0, dtype=np.int64)
    given = [] if substations is None else substations.geometry.to_numpy()
    points = np.asarray(given, dtype=object)
    points = points[~(shapely.is_missing(points) | shapely.is_empty(points))]
    if len(points):
        return "substations", _near(shapes, drawn, points, reach_m)
    rows = np.flatnonzero(drawn & higher)
    if len(rows):
        parts = shapely.get_parts(shapes[rows])
        ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
        return "higher_voltage", np.union1d(rows, _near(shapes, drawn, ends, reach_m))
    length = np.bincount(component[drawn], shapely.length(shapes[drawn]))
    # Of equally long ones the first: components are numbered by their first line.
    return "largest_component", np.flatnonzero(component == int(np.argmax(length)))


def _near(shapes: NDArray[np.object_], drawn: Bools, points: NDArray[np.object_], reach_m: float) -> Ints:
    rows = np.flatnonzero(drawn)
    _, found = shapely.STRtree(shapes[rows]).query(points, predicate="dwithin", distance=reach_m + _AT_TOLERANCE_M)
    return np.unique(rows[found])


def _judge(
    villages: gpd.GeoDataFrame,
    shapes: NDArray[np.object_],
    drawn: Bools,
    fed: Bools,
    supplies: NDArray,
    radius_m: float,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Status (place in `STATUSES`), the line that decides (-1 none), its distance, that of any that may supply."""
    points = np.asarray(villages.geometry.to_numpy(), dtype=object)
    placed = ~(shapely.is_missing(points) | shapely.is_empty(points))
    may = drawn & (supplies != "no")
    groups = (
        (_SERVED, fed & (supplies == "yes")),
        (_UNKNOWN, fed & (supplies == "unknown")),
        (_CUT_OFF, may & ~fed),
    )
    status = np.full(len(points), _OUT if drawn.any() else _UNKNOWN)
    status[~placed] = _UNKNOWN
    by, by_m = np.full(len(points), -1), np.full(len(points), np.nan)
    open_ = placed.copy()
    for verdict, which in groups:
        line, distance = _nearest(points, placed, shapes, which)
        here = open_ & (distance <= radius_m + _AT_TOLERANCE_M)
        status[here], by[here], by_m[here] = verdict, line[here], distance[here]
        open_ &= ~here
    _, nearest = _nearest(points, placed, shapes, may)
    nearest[~np.isfinite(nearest)] = np.nan
    return status, by, by_m, nearest


def _nearest(
    points: NDArray[np.object_], placed: Bools, shapes: NDArray[np.object_], which: Bools
) -> tuple[Ints, Floats]:
    """The nearest of some lines to each point, of equally near ones the first: (row, distance), -1 and inf none."""
    line, distance = np.full(len(points), -1), np.full(len(points), np.inf)
    rows, at = np.flatnonzero(which), np.flatnonzero(placed)
    if not len(rows) or not len(at):
        return line, distance
    (point, found), apart = shapely.STRtree(shapes[rows]).query_nearest(
        points[at], return_distance=True, all_matches=True
    )
    order = np.lexsort((found, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    line[at[point[first]]], distance[at[point[first]]] = rows[found[first]], apart[first]
    return line, distance


def _headline(table: pd.DataFrame, lines: pd.DataFrame, length_m: Floats) -> Mapping[str, float | int]:
    figures: dict[str, float | int] = {"hamlets": len(table)}
    figures |= {name: int((table["power_status"] == name).sum()) for name in STATUSES}
    fed = lines["fed"].to_numpy()
    km = np.nan_to_num(length_m) / 1000.0
    return figures | {"lines_km": float(km.sum()), "fed_km": float(km[fed].sum()), "cut_off_lines": int((~fed).sum())}


def _notes(
    feeds: FeedsFrom, profile: PowerProfile, radius_m: float, lines: pd.DataFrame, drawn: Bools
) -> tuple[tuple[str, Mapping[str, object]], ...]:
    notes: list[tuple[str, Mapping[str, object]]] = [(f"power.note.{feeds}", {})]
    if feeds != "nothing":
        notes.append(("power.note.radius", {"radius": f"{radius_m:.0f}"}))
    unknown = int((drawn & (lines["supplies"] == "unknown").to_numpy()).sum())
    if unknown:
        notes.append(("power.note.voltage_unknown", {"n": unknown, "of": len(lines)}))
    if any(row["confidence"] == "unverified" for row in profile.rules()):
        notes.append(("power.note.unverified", {"profile": profile.id}))
    return tuple(notes)
