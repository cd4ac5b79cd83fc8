"""Power by township: hamlets, households and people served, cut off, out of reach, and of whom it is not known."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.power.reach import STATUSES, PowerReach

AMOUNTS = ("households", "people")


def power_coverage(villages: gpd.GeoDataFrame, reach: PowerReach) -> pd.DataFrame:
    """One row for the county, each township and each administrative village. Inputs are not changed.

    villages : columns township, village, households, people; index as `reach`.

    Returns
    -------
    Columns: level (county, township, village), township, village; hamlets and hamlets of each of `STATUSES`, rate
    (served of all hamlets, unknown ones among them); for households and people: NAME (sum of known numbers, NaN where
    hamlets, but no number, are there), NAME_STATUS, NAME_rate (served of the known), NAME_unknown_number (hamlets whose
    number is not known). The statuses of a place add up to its totals.

    Raises
    ------
    ValueError
        If the two have not the same index.
    """
    if not villages.index.equals(reach.villages.index):
        raise ValueError("villages and power reach have not the same index")
    status = reach.villages["power_status"].to_numpy(dtype=object)
    figures: dict[str, object] = {"hamlets": np.ones(len(status), dtype=np.int64)}
    figures |= {name: (status == name).astype(np.int64) for name in STATUSES}
    for name in AMOUNTS:
        number = villages[name].to_numpy(dtype=float)
        figures[name] = number
        for one in STATUSES:
            figures[f"{name}_{one}"] = np.where((status == one) | np.isnan(number), number, 0.0)
        figures[f"{name}_unknown_number"] = np.isnan(number).astype(np.int64)
    table = pd.DataFrame(figures)
    keys = pd.DataFrame(
        {name: villages[name].fillna("").astype("str").to_numpy(dtype=object) for name in ("township", "village")}
    )
    parts = [_sums(table, keys, "county", ())]
    if (keys["township"] != "").any():
        parts.append(_sums(table, keys, "township", ("township",)))
    if (keys["village"] != "").any():
        parts.append(_sums(table, keys, "village", ("township", "village")))
    whole = pd.concat(parts, ignore_index=True)
    whole["rate"] = whole["served"] / whole["hamlets"].where(whole["hamlets"] > 0)
    for name in AMOUNTS:
        whole[f"{name}_rate"] = (whole[f"{name}_served"] / whole[name]).where(whole[name] > 0)
    order = ["level", "township", "village", "hamlets", *STATUSES, "rate"]
    for name in AMOUNTS:
        order += [name, *(f"{name}_{one}" for one in STATUSES), f"{name}_rate", f"{name}_unknown_number"]
    return whole[order]


def _sums(table: pd.DataFrame, keys: pd.DataFrame, level: str, by: Sequence[str]) -> pd.DataFrame:
    if by:
        group = keys.groupby(list(by), sort=True).ngroup().to_numpy()
        sums = table.groupby(group).sum(min_count=1)
        first = keys.groupby(group).first().reindex(sums.index)
    else:
        sums = table.groupby(np.zeros(len(table), dtype=np.int64)).sum(min_count=1).reindex([0])
        if not len(table):
            sums = sums.fillna(0)
        first = pd.DataFrame({"township": [""], "village": [""]})
    counts = [name for name in table.columns if table[name].dtype.kind == "i"]
    sums = sums.astype(dict.fromkeys(counts, "int64"))
    sums.insert(0, "village", first["village"] if level == "village" else "")
    sums.insert(0, "township", first["township"] if by else "")
    sums.insert(0, "level", level)
    return sums
