"""How high the nodes of a network lie, and how long its links are over the ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from siteplan.layers.terrain.sampling import ground_length
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.notes import Notes, numbers, written

HeightsAt = Callable[[Floats], Floats]
"""Points (n, 2) in the run's CRS -> metres above sea level (n,), NaN where not known (`terrain.sampling.Surface`)."""

ASTRAY_M = 15.0
"""A surveyed height farther from the ground model than this is told: more than a free model errs on most ground."""
SPREAD_M = 2.0
"""Surveyed heights of pipe ends on one node that differ by more contradict each other, and none is taken."""
_ON_THE_GROUND = ("spring", "stream", "tank")
"""Points whose water stands near the ground, so that `head_m` is a surveyed height of it."""


@dataclass(frozen=True)
class Levels:
    """Heights of nodes, (n,): z_m, z_from ("surveyed", "dem", "")."""

    z_m: Floats
    z_from: NDArray[np.object_]


def point_heights(points: gpd.GeoDataFrame, detail: NDArray[np.object_]) -> Floats:
    """The surveyed height of every point, m, (p,): its own, else the water level of what lies on the ground."""
    own, head = numbers(points, "elevation_m"), numbers(points, "head_m")
    return np.where(np.isnan(own) & np.isin(detail.astype(str), _ON_THE_GROUND), head, own)


def levels(
    xy: Floats, of_point: Floats, end_node: Ints, end_z: Floats, end_line: Ints, heights: HeightsAt | None,
    line_notes: Notes,
) -> tuple[Levels, Floats]:  # fmt: skip
    """Heights of nodes: surveyed at their point, else at the ends of the pipes there, else the ground model's.

    Parameters
    ----------
    xy, of_point
        Nodes (n, 2), and the surveyed height of the point on each (NaN none).
    end_node, end_z, end_line
        Ends of lines with a surveyed height (k,): their node, the height, the row of the line.
    heights
        The ground model.
    line_notes
        Ends that contradict each other, or the ground model, are told here.

    Returns
    -------
    The levels, and what the ground model says at every node (NaN throughout where there is none).
    """
    ground = np.full(len(xy), np.nan) if heights is None else np.asarray(heights(xy), dtype=np.float64)
    low, high = np.full(len(xy), np.inf), np.full(len(xy), -np.inf)
    np.minimum.at(low, end_node, end_z)
    np.maximum.at(high, end_node, end_z)
    count = np.bincount(end_node, minlength=len(xy))
    mean = np.bincount(end_node, end_z, len(xy)) / np.where(count > 0, count, 1)
    apart = np.where(count > 0, high - low, np.nan)
    of_ends = np.where(apart <= SPREAD_M, mean, np.nan)
    first = _first_line(end_node, end_line, len(xy))
    wrong = np.flatnonzero(apart > SPREAD_M)
    line_notes.each(
        "water.ends_disagree",
        "noted",
        first[wrong],
        xy=xy[wrong],
        field="from_z_m",
        m=written(apart[wrong], style=".1f"),
    )
    astray = np.flatnonzero(np.isnan(of_point) & (np.abs(of_ends - ground) > ASTRAY_M))
    line_notes.each(
        "water.height_astray", "noted", first[astray], xy=xy[astray], field="from_z_m",
        given=written(of_ends[astray], style=".1f"), ground=written(ground[astray], style=".1f"),
    )  # fmt: skip
    surveyed = np.where(np.isnan(of_point), of_ends, of_point)
    z = np.where(np.isnan(surveyed), ground, surveyed)
    origin = np.where(np.isnan(surveyed), "dem", "surveyed").astype(object)
    origin[np.isnan(z)] = ""
    return Levels(z, origin), ground


def _first_line(node: Ints, line: Ints, n: int) -> Ints:
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, node, line)
    return first


def point_findings(points: gpd.GeoDataFrame, node: Ints, surveyed: Floats, ground: Floats, notes: Notes) -> None:
    """Points whose surveyed height is far from the ground model's at their node (-1: nowhere)."""
    at = np.flatnonzero(node >= 0)
    astray = at[np.abs(surveyed[at] - ground[node[at]]) > ASTRAY_M]
    own = ~np.isnan(numbers(points, "elevation_m"))
    for rows, field in ((astray[own[astray]], "elevation_m"), (astray[~own[astray]], "head_m")):
        notes.each(
            "water.height_astray", "noted", rows, field=field,
            given=written(surveyed[rows], style=".1f"), ground=written(ground[node[rows]], style=".1f"),
        )  # fmt: skip


def lengths(shapes: NDArray[np.object_], plan_m: Floats, heights: HeightsAt | None, *, spacing_m: float) -> Floats:
    """Length of each link over the ground, m, (m,); on the plane where no height is known.

    The ratio is that of the link as it is drawn now, its metres are those it was drawn with.
    """
    if heights is None or not len(shapes):
        return plan_m.copy()
    over, _ = ground_length(shapes, heights, spacing_m=spacing_m)
    flat, _ = ground_length(shapes, lambda xy: np.full(len(xy), np.nan), spacing_m=spacing_m)
    return plan_m * np.divide(over, flat, out=np.ones(len(shapes)), where=flat > 0.0)


def check_lengths(given: Floats, drawn: Floats, notes: Notes) -> None:
    """Surveyed lengths of lines beside those over the ground, (l,): a third off is told, small differences are not."""
    off: Bools = (np.abs(given - drawn) > 0.25 * drawn) & (np.abs(given - drawn) > 10.0)
    notes.each(
        "water.length_differs",
        "noted",
        off,
        field="length_m",
        given=written(given[off], style=".1f"),
        drawn=written(drawn[off], style=".1f"),
    )
