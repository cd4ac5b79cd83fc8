"""The lines of the water layer made ready to be joined: without what has no length and what is there twice."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.network.crossings import Touches
from siteplan.network.graph import RoadNetwork
from siteplan.network.joining import Reach
from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.notes import Notes, written

_LINES = ("LineString", "MultiLineString")
_DIGITS = 3
"""Lines are the same where they agree to a millimetre."""


def by_id(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A layer in order of id, so that the order of its rows decides nothing; RangeIndex, a `row` where it has none."""
    rows = table["row"].to_numpy() if "row" in table.columns else np.arange(1, len(table) + 1)
    order = np.lexsort((rows, table["id"].astype(str).to_numpy()))
    return table.assign(row=rows).iloc[order].reset_index(drop=True)


@dataclass(frozen=True)
class Twins:
    """Pairs of lines (rows) on one course that are both kept, for they differ in what they are."""

    pairs: frozenset[tuple[int, int]]


def usable_shapes(lines: gpd.GeoDataFrame, values: pd.DataFrame, notes: Notes) -> tuple[NDArray[np.object_], Twins]:
    """The geometry of every line in two dimensions, None where it is not used (told, with its metres); and twins."""
    shapes: NDArray[np.object_] = shapely.force_2d(lines.geometry.to_numpy())
    length = shapely.length(shapes)
    bad = ~np.isin(lines.geometry.geom_type.fillna("").to_numpy(dtype=str), _LINES) | ~(length > TOUCH_M)
    notes.each("water.line_without_length", "dropped", bad, field="geometry", m=_metres(length[bad]))
    shapes = shapes.astype(object)
    shapes[bad] = None
    used = np.flatnonzero(~bad)
    course = shapely.to_wkb(shapely.normalize(shapely.transform(shapes[used], _rounded)), hex=True)
    _, first, of = np.unique(course.astype(str), return_index=True, return_inverse=True)
    chief = used[first[of.ravel()]] if len(used) else used
    one, other = used[chief != used], chief[chief != used]
    if not len(one):
        return shapes, Twins(frozenset())
    same = _alike(values, one, other)
    ids = lines["id"].to_numpy(object)
    twice, beside = one[same], one[~same]
    notes.each("water.line_twice", "dropped", twice, field="geometry", other=ids[other[same]], m=_metres(length[twice]))
    notes.each("water.lines_on_one_course", "noted", beside, field="geometry", other=ids[other[~same]])
    shapes[twice] = None
    return shapes, Twins(frozenset(zip(other[~same].tolist(), beside.tolist(), strict=True)))


def _rounded(xy: Floats) -> Floats:
    return np.round(xy, _DIGITS) + 0.0


def _alike(values: pd.DataFrame, one: Ints, other: Ints) -> Bools:
    a, b = values.iloc[one].reset_index(drop=True), values.iloc[other].reset_index(drop=True)
    return np.asarray(((a == b) | (a.isna() & b.isna())).all(axis=1), dtype=bool)


def _metres(values: Floats) -> NDArray[np.object_]:
    return written(np.nan_to_num(values), style=".2f")


def without_loops(network: RoadNetwork) -> RoadNetwork:
    """Pieces that come back to their own node in two halves: no link may begin and end on one node."""
    loops = np.flatnonzero(network.u == network.v)
    split, _, _ = network.split(loops, network.length[loops] / 2.0)
    return split


def joint_findings(lines: gpd.GeoDataFrame, arrays: LineArrays, carried: Reach, near: Reach, notes: Notes) -> None:
    """Ends that were put on another line, and ends that seem to have been meant to."""
    ids = lines["id"].to_numpy(object)
    for reach, code in ((carried, "water.end_carried"), (near, "water.near_miss")):
        order = np.lexsort((reach.at_end, reach.part))
        chosen = reach.where(order)
        at = arrays.first[chosen.part + np.where(chosen.at_end == 0, 0, 1)] - np.where(chosen.at_end == 0, 0, 1)
        notes.each(
            code, "repaired" if code == "water.end_carried" else "noted", arrays.parent[chosen.part], field="geometry",
            xy=arrays.xy[at], other=ids[arrays.parent[chosen.to_part]], gap=_metres(chosen.gap_m),
        )  # fmt: skip


def crossing_findings(
    lines: gpd.GeoDataFrame, arrays: LineArrays, crossings: Touches, alongside: Touches, twins: Twins, notes: Notes
) -> None:
    """One finding a pair of lines that cross, or lie on each other, without being joined there: at the first place."""
    ids = lines["id"].to_numpy(object)
    for touches, code in ((crossings, "water.crossing_apart"), (alongside, "water.alongside")):
        if not len(touches.part_a):
            continue
        a, b = arrays.parent[touches.part_a], arrays.parent[touches.part_b]
        one, other = np.minimum(a, b), np.maximum(a, b)
        xy = arrays.place(touches.part_a, touches.measure_a).round(2)
        table = np.unique(np.column_stack([one, other, xy])[one != other], axis=0)
        first = np.append(True, (np.diff(table[:, :2], axis=0) != 0).any(axis=1))[: len(table)]
        n = np.diff(np.append(np.flatnonzero(first), len(table)))
        pairs = table[first][:, :2].astype(np.int64)
        kept = np.array([tuple(pair) not in twins.pairs for pair in pairs.tolist()], dtype=bool)
        pairs, n, xy = pairs[kept], n[kept], table[first][kept, 2:]
        notes.each(code, "noted", pairs[:, 0], field="geometry", xy=xy, other=ids[pairs[:, 1]], n=n)
