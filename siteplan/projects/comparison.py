"""The county now and when the projects are done, hamlet by hamlet: who gains a hardened road, who does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.network.ragged import Bools

STATUSES = ("hardened", "unhardened", "hardened_island", "road_island", "no_road", "unknown")
"""The verdicts from better to worse, as the road room has them; `unknown` (no usable place) stands apart."""
CHANGES = ("gained", "better", "same", "worse", "lost")
"""From better to worse; their labels stand in the catalogues as `projects.change.NAME`."""
_SERVED, _NOWHERE = 0, 5
_AMOUNTS = ("households", "people")


@dataclass(frozen=True)
class Comparison:
    """Now and planned.

    villages: index, order and geometry of the input; id, name, village, township, households, people (as given, NaN
    unknown), road_status, planned_status, reason, planned_reason, change (`CHANGES`), gained (not hardened now, but
    then), lost (the other way round: possible, for instance where a new road lies nearer to an end that was carried to
    another), to_harden_m, to_build_m and planned_to_harden_m, planned_to_build_m (metres, for each hamlet alone:
    stretches that ways share count for each).

    townships: one row a township, by name, those without one under "": township, hamlets, served_now, served_planned,
    gained, lost, unknown (no usable place, never served); for households and people: NAME (sum of known numbers, NaN
    where none is known), NAME_unknown (hamlets whose number is not known), NAME_now and NAME_planned (of those served),
    NAME_now_unknown and NAME_planned_unknown (hamlets that are served and whose number is not known: the sums are short
    of them), NAME_gained (planned less now, the number that the projects bring).

    headline: the same figures for the county, then rate_now and rate_planned (of all hamlets, unknown ones among them),
    better, worse, and now_STATUS, planned_STATUS for each verdict.
    """

    villages: gpd.GeoDataFrame
    townships: pd.DataFrame
    headline: Mapping[str, float | int]


def compare(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> Comparison:
    """Compare two village tables of the road analysis. Inputs are not changed.

    Parameters
    ----------
    before, after
        `RoadResult.villages` of the layers as they are and as they will be, same hamlets in the same order: columns id,
        name, township, village, households, people, road_status, to_harden_m, to_build_m; reason and
        road_status_computed where they are there. What was verified in the field is so today, so the second analysis
        must be made without (`verified_status` blank). A verified verdict that differs from the computed one stands
        where the projects do not change that; where they better it, the better of verified and planned counts, where
        they worsen it, the worse.

    Raises
    ------
    ValueError
        If the tables are not of the same hamlets, or hold a verdict that is none of `STATUSES`.
    """
    if not np.array_equal(before["id"].to_numpy(dtype=object), after["id"].to_numpy(dtype=object)):
        raise ValueError("the two tables are not of the same hamlets in the same order")
    now, own, then = (
        _rank(table, column)
        for table, column in (
            (before, "road_status"),
            (before, "road_status_computed"),
            (after, "road_status_computed"),
        )
    )
    # The field's verdict is about today's roads: where it differs from the computed one, it moves only where that does.
    moved = np.select([then < own, then > own], [np.minimum(now, then), np.maximum(now, then)], now)
    planned = np.where(now != own, moved, then)
    stands = planned != then
    placed = (now != _NOWHERE) & (planned != _NOWHERE)
    gained = placed & (now != _SERVED) & (planned == _SERVED)
    lost = (now == _SERVED) & (planned != _SERVED)
    words = np.array(STATUSES, dtype=object)
    change = np.select(
        [gained, lost, placed & (planned < now), placed & (planned > now)],
        ["gained", "lost", "better", "worse"],
        "same",
    )
    columns = {
        name: before[name] for name in ("id", "name", "village", "township", "households", "people", "road_status")
    }
    columns["planned_status"] = pd.Series(words[planned], index=before.index, dtype="str")
    columns["reason"] = _reason(before)
    columns["planned_reason"] = _reason(before).where(stands, _reason(after).to_numpy())
    columns["change"] = pd.Series(change, index=before.index, dtype="str")
    columns["gained"] = pd.Series(gained, index=before.index)
    columns["lost"] = pd.Series(lost, index=before.index)
    for name in ("to_harden_m", "to_build_m"):
        columns[name] = before[name]
        columns[f"planned_{name}"] = before[name].where(stands, after[name].to_numpy())
    villages = gpd.GeoDataFrame(columns, geometry=before.geometry, crs=before.crs)
    base = _counted(before, now, planned, gained, lost)
    return Comparison(
        villages=villages,
        townships=_townships(before, base),
        headline=_headline(base, now, planned, change),
    )


def _rank(table: gpd.GeoDataFrame, column: str) -> NDArray[np.int64]:
    """Each verdict's number in `STATUSES`, (n,)."""
    told = table[column if column in table.columns else "road_status"].astype("str")
    number = told.map({name: at for at, name in enumerate(STATUSES)})
    if number.isna().any():
        strange = ", ".join(sorted(set(told[number.isna()])))
        raise ValueError(f"{column}: found {strange}; expected one of {', '.join(STATUSES)}")
    return number.to_numpy(dtype=np.int64)


def _reason(table: gpd.GeoDataFrame) -> pd.Series:
    return table["reason"] if "reason" in table.columns else pd.Series("", index=table.index, dtype="str")


def _counted(
    table: gpd.GeoDataFrame, now: NDArray[np.int64], planned: NDArray[np.int64], gained: Bools, lost: Bools
) -> pd.DataFrame:
    """What is added up, a row a hamlet; NaN stays out of a sum."""
    served = {"now": now == _SERVED, "planned": planned == _SERVED}
    base = {
        "hamlets": np.ones(len(table), dtype=np.int64),
        "served_now": served["now"],
        "served_planned": served["planned"],
        "gained": gained,
        "lost": lost,
        "unknown": now == _NOWHERE,
    }
    for name in _AMOUNTS:
        number = table[name].to_numpy(dtype=float)
        blank = np.isnan(number)
        base[name] = number
        base[f"{name}_unknown"] = blank
        for when, which in served.items():
            # Of a hamlet that is not served 0 people are; of one whose number is not known that is not known.
            base[f"{name}_{when}"] = np.where(which | blank, number, 0.0)
            base[f"{name}_{when}_unknown"] = which & blank
    return pd.DataFrame(base)


def _sums(base: pd.DataFrame, group: NDArray[np.int64]) -> pd.DataFrame:
    """Sums by group, counts as whole numbers; NaN where nothing of a sum is known."""
    sums = base.groupby(group).sum(min_count=1)
    amounts = [name for name in base.columns if base[name].dtype == "float64"]
    sums = sums.astype({name: "int64" for name in base.columns if name not in amounts})
    for name in _AMOUNTS:
        sums[f"{name}_gained"] = sums[f"{name}_planned"] - sums[f"{name}_now"]
    return sums


def _townships(table: gpd.GeoDataFrame, base: pd.DataFrame) -> pd.DataFrame:
    names, group = np.unique(table["township"].fillna("").to_numpy(dtype=str), return_inverse=True)
    sums = _sums(base, group.astype(np.int64))
    sums.insert(0, "township", pd.Series(names, dtype="str").reindex(sums.index))
    return sums.reset_index(drop=True)


def _headline(
    base: pd.DataFrame, now: NDArray[np.int64], planned: NDArray[np.int64], change: NDArray
) -> Mapping[str, float | int]:
    figures: dict[str, float | int] = {}
    total = _sums(base, np.zeros(len(base), dtype=np.int64))
    for name in total.columns:
        value = total[name].iloc[0] if len(total) else 0
        figures[name] = float(value) if total[name].dtype == "float64" else int(value)
    n = figures["hamlets"]
    for when in ("now", "planned"):
        figures[f"rate_{when}"] = figures[f"served_{when}"] / n if n else float("nan")
    figures |= {name: int((change == name).sum()) for name in ("better", "worse")}
    for when, rank in (("now", now), ("planned", planned)):
        figures |= {f"{when}_{name}": int((rank == at).sum()) for at, name in enumerate(STATUSES)}
    return figures
