"""Water service by township: hamlets, households, people and livestock at each level, with what is not known beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.network.ragged import Ints
from siteplan.water.levels import ServiceLevels, pack_column
from siteplan.water.model import LEVELS

AMOUNTS = ("households", "people", "livestock")
SERVED = ("piped_adequate", "tap_in_reach")
"""The levels whose water suffices: a pipe without fault, a public tap in reach."""
_SAFE = (("yes", "safe"), ("no", "safe_no"), ("unknown", "safe_unknown"))


@dataclass(frozen=True)
class WaterCoverage:
    """The roll-up.

    places : one row for the county, each township and each administrative village: level (county, township, village),
        township, village; hamlets, served (level of `SERVED`), not_served, unknown, rate (of all hamlets, unknown ones
        among them); for households, people, livestock: NAME (sum of known numbers, NaN where none is known),
        NAME_served, NAME_rate (of the known), NAME_unknown (hamlets whose number is not known); safe, safe_no,
        safe_unknown (hamlets, by the profile asked for), people_safe, people_safe_no, people_safe_unknown; then
        hamlets at each of `LEVELS`, `unknown` among the former.
    levels : one row a place (county, township), column and value: level, township, by (water_level, or a pack's
        column), value (a level, also where no hamlet has it), hamlets, and NAME, NAME_unknown as above. Of one place
        and `by`, the rows add up to the place's totals.
    headline : the county's row of `places` by name.
    """

    places: pd.DataFrame
    levels: pd.DataFrame
    headline: Mapping[str, float | int]


def water_coverage(villages: gpd.GeoDataFrame, service: ServiceLevels) -> WaterCoverage:
    """Roll service levels up. Inputs are not changed.

    villages : columns township, village, and those of households, people, livestock that there are; index as `service`.

    Raises
    ------
    ValueError
        If the two have not the same index.
    """
    if not villages.index.equals(service.table.index):
        raise ValueError("villages and service levels have not the same index")
    base = pd.DataFrame({"township": _texts(villages, "township"), "village": _texts(villages, "village")})
    for name in AMOUNTS:
        there = name in villages.columns
        base[name] = villages[name].to_numpy(dtype=float) if there else np.full(len(villages), np.nan)
        base[f"{name}_unknown"] = base[name].isna()
    places = _places(base, service)
    headline = {str(name): places[name].iloc[0] for name in places.columns[3:]}
    return WaterCoverage(
        places=places,
        levels=_levels(base, service),
        headline={name: value.item() for name, value in headline.items()},
    )


def _texts(villages: gpd.GeoDataFrame, name: str) -> np.ndarray:
    there = name in villages.columns
    return villages[name].fillna("").astype("str").to_numpy() if there else np.full(len(villages), "")


def _places(base: pd.DataFrame, service: ServiceLevels) -> pd.DataFrame:
    level = service.table["water_level"].to_numpy(dtype=object)
    safe = service.table["water_safe"].to_numpy(dtype=object)
    served = np.isin(level, SERVED)
    figures: dict[str, object] = {"hamlets": np.ones(len(base), dtype=np.int64), "served": served}
    for name in AMOUNTS:
        number = base[name].to_numpy()
        figures |= {name: number, f"{name}_unknown": base[f"{name}_unknown"].to_numpy()}
        # Of a hamlet that is not served 0 are; of one whose number is not known that is not known.
        figures[f"{name}_served"] = np.where(served | np.isnan(number), number, 0.0)
    people = base["people"].to_numpy()
    for word, name in _SAFE:
        figures[name] = safe == word
        figures[f"people_{name}"] = np.where((safe == word) | np.isnan(people), people, 0.0)
    figures |= {name: level == name for name in LEVELS}
    table = pd.DataFrame(figures)
    parts = [_sums(table, base, "county", ())]
    for place, keys in (("township", ("township",)), ("village", ("township", "village"))):
        if (base[place] != "").any():
            parts.append(_sums(table, base, place, keys))
    whole = pd.concat(parts, ignore_index=True)
    whole["not_served"] = whole["hamlets"] - whole["served"] - whole["unknown"]
    whole["rate"] = whole["served"] / whole["hamlets"].where(whole["hamlets"] > 0)
    for name in AMOUNTS:
        whole[f"{name}_rate"] = (whole[f"{name}_served"] / whole[name]).where(whole[name] > 0)
    order = ["level", "township", "village", "hamlets", "served", "not_served", "unknown", "rate"]
    order += [f"{name}{end}" for name in AMOUNTS for end in ("", "_served", "_rate", "_unknown")]
    order += [name for _, name in _SAFE] + [f"people_{name}" for _, name in _SAFE]
    return whole[[*order, *(name for name in LEVELS if name not in order)]]


def _levels(base: pd.DataFrame, service: ServiceLevels) -> pd.DataFrame:
    every: list[tuple[str, tuple[str, ...]]] = [("water_level", LEVELS)]
    every += [(pack_column(pack), (*pack.level_names, "unknown")) for pack in service.packs]
    amounts = base[[*AMOUNTS, *(f"{name}_unknown" for name in AMOUNTS)]].assign(hamlets=1)
    parts = []
    for column, values in every:
        number = {value: at for at, value in enumerate(values)}
        told = np.array([number[value] for value in service.table[column]], dtype=np.int64)
        for place, keys in (("county", ()), ("township", ("township",))):
            group, first = _groups(base, keys)
            n = _count(first, place)
            sums = _added(amounts, group * len(values) + told, n * len(values))
            names = np.repeat(first["township"].to_numpy() if keys else np.array([""]), len(values))
            words = np.tile(np.array(values, dtype=object), n)
            parts.append(sums.assign(level=place, township=names, by=column, value=words))
    numbers = [f"{name}{end}" for name in AMOUNTS for end in ("", "_unknown")]
    return pd.concat(parts, ignore_index=True)[["level", "township", "by", "value", "hamlets", *numbers]]


def _sums(figures: pd.DataFrame, base: pd.DataFrame, place: str, keys: Sequence[str]) -> pd.DataFrame:
    """Sums by place."""
    group, first = _groups(base, keys)
    sums = _added(figures, group, _count(first, place))
    sums.insert(0, "village", first["village"].to_numpy() if place == "village" else "")
    sums.insert(0, "township", first["township"].to_numpy() if place != "county" else "")
    sums.insert(0, "level", place)
    return sums


def _added(figures: pd.DataFrame, group: Ints, n: int) -> pd.DataFrame:
    """Sums by group number: counts whole; amounts NaN where hamlets are there, but no number of theirs."""
    members = np.bincount(group, minlength=n)
    sums: dict[str, np.ndarray] = {}
    for name in figures.columns:
        values = figures[name].to_numpy(dtype=float)
        known = np.isfinite(values)
        total = np.bincount(group[known], values[known], n)
        if name in AMOUNTS or name.startswith(tuple(f"{amount}_s" for amount in AMOUNTS)):
            none = np.bincount(group[known], minlength=n) == 0
            sums[name] = np.where(none & (members > 0), np.nan, total)
        else:
            sums[name] = total.astype(np.int64)
    return pd.DataFrame(sums, index=range(n))


def _count(first: pd.DataFrame, place: str) -> int:
    """How many places there are: the county is one without hamlets, too."""
    return max(len(first), 1 if place == "county" else 0)


def _groups(base: pd.DataFrame, keys: Sequence[str]) -> tuple[Ints, pd.DataFrame]:
    """The number of each hamlet's place, in the order of the places' names, and the places."""
    if not keys:
        return np.zeros(len(base), dtype=np.int64), base.head(1)[["township", "village"]]
    number = base.groupby(list(keys), sort=True).ngroup().to_numpy().astype(np.int64)
    return number, base[["township", "village"]].groupby(number).first()
