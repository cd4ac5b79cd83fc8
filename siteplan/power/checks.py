"""What a planner should look at in the power lines: parts that nothing feeds, lines of unknown voltage."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.layers.findings import findings_at, findings_of, joined, no_findings
from siteplan.power.reach import PowerReach


def line_findings(lines: gpd.GeoDataFrame, reach: PowerReach) -> pd.DataFrame:
    """One finding for each connected part that is not fed, where it comes nearest to a line it could be joined to, and
    one for each line of unknown voltage. Where no line is fed there is nothing to join, and the parts are not listed.

    lines : the layer that `reach` was made of; columns id, row.
    """
    unknown = (reach.lines["supplies"] == "unknown").to_numpy() & (reach.lines["component"] >= 0).to_numpy()
    of_voltage = findings_at(
        "power_lines", lines, np.flatnonzero(unknown), "power.voltage_unknown", "noted", field="voltage_kv"
    )
    return joined([_parts_not_fed(lines, reach), of_voltage])


def _parts_not_fed(lines: gpd.GeoDataFrame, reach: PowerReach) -> pd.DataFrame:
    part, fed = reach.lines["component"].to_numpy(), reach.lines["fed"].to_numpy(dtype=bool)
    # A line of high voltage is no place to join a branch; it is named only where nothing else is fed.
    joinable = fed & (reach.lines["supplies"] != "no").to_numpy()
    off, on = np.flatnonzero(~fed & (part >= 0)), np.flatnonzero(joinable if joinable.any() else fed)
    if not len(off) or not len(on):
        return no_findings()
    shapes = np.asarray(lines.geometry.to_numpy(), dtype=object)
    (of_off, of_on), apart = shapely.STRtree(shapes[on]).query_nearest(
        shapes[off], return_distance=True, all_matches=True
    )
    own, other = off[of_off], on[of_on]
    # The nearest pair of each part; of equally near ones the first in the layer.
    order = np.lexsort((other, own, apart, part[own]))
    numbers, first = np.unique(part[own[order]], return_index=True)
    pair = order[first]
    own, other, apart = own[pair], other[pair], apart[pair]
    places = shapely.get_point(shapely.shortest_line(shapes[own], shapes[other]), 0)
    count = np.bincount(part[off])[numbers]
    km = np.bincount(part[off], shapely.length(shapes[off]))[numbers] / 1000.0
    ids = lines["id"].to_numpy(dtype=object)
    return findings_of(
        "power_lines",
        "power.part_not_fed",
        "noted",
        n=len(pair),
        rows=lines["row"].to_numpy()[own],
        ids=ids[own],
        xs=shapely.get_x(places),
        ys=shapely.get_y(places),
        each=[
            {"n": int(n), "km": f"{length:.1f}", "other": str(name), "m": f"{metres:.0f}"}
            for n, length, name, metres in zip(count, km, ids[other], apart, strict=True)
        ],
    )
