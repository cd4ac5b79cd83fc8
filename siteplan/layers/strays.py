"""Single features that are astray: at 0, 0, with swapped axes, or far from the rest.

This looks and tells; nothing is mended: `axes_swapped` is for the plan's word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely
from pyproj.enums import TransformDirection
from scipy.spatial import cKDTree

from siteplan.layers.diagnosis import DEGREE_M, Box, at_origin, away_from, to_degrees
from siteplan.layers.findings import findings_of, joined

FAR_M = 20_000.0
"""A feature so far outside the other layers is worth a look."""
LINK_M = 50_000.0
"""Where there are no other layers, a feature belongs to the rest when a chain of features leads to it, no link of
which is longer."""
_SPREADS = 3.0
"""Scaled median deviations from the median within which nothing is far: an evenly spread county reaches 1.4."""


@dataclass(frozen=True)
class OddPlaces:
    """Rows (from 0, each in one list at most) whose place is astray; `far_km` goes with `far`."""

    at_origin: np.ndarray
    outside: np.ndarray
    """beyond 180 or 90 degrees, and not mended by swapping"""
    swapped: np.ndarray
    """astray as it is, among the others with x and y swapped"""
    far: np.ndarray
    far_km: np.ndarray

    def all(self) -> np.ndarray:
        """Every row that is astray, sorted."""
        return np.sort(np.concatenate([self.at_origin, self.outside, self.swapped, self.far]))


def places(shapes: np.ndarray) -> np.ndarray:
    """One place a feature, shape (n, 2): the middle of its bounds in its own numbers; NaN where it has none."""
    bounds = shapely.bounds(shapes)
    return (bounds[:, :2] + bounds[:, 2:]) / 2


def axes_swapped(shapes: np.ndarray) -> np.ndarray:
    """The shapes with x and y of every vertex swapped, heights kept: what mends a layer on the plan's word."""
    result, deep = shapes.copy(), shapely.has_z(shapes)
    result[~deep] = shapely.transform(shapes[~deep], lambda xy: xy[:, ::-1])
    result[deep] = shapely.transform(shapes[deep], lambda xyz: xyz[:, [1, 0, 2]], include_z=True)
    return result


def odd_places(points: np.ndarray, crs: pyproj.CRS, *, reference: Box | None) -> OddPlaces:
    """Single features that are at 0, 0, have their axes swapped, or lie far from the rest.

    With a reference, far is over `FAR_M` outside it. Without, a feature is far when it lies over three scaled median
    deviations from the median on either axis and no chain of features leads to it in steps of `LINK_M`: long thin
    counties, and counties whose hamlets crowd one valley, have no such features.

    Parameters
    ----------
    points
        One place a feature, shape (n, 2), in the layer's own numbers; rows with NaN are in no list.
    crs
        What most of the layer is in (see `contradiction`).
    reference
        Where the other layers lie, or None.
    """
    points = np.asarray(points, dtype=float)
    there = np.isfinite(points).all(axis=1)
    origin = there & at_origin(points)
    outside = np.zeros(len(points), dtype=bool)
    if crs.is_geographic:
        outside = there & ((np.abs(points[:, 0]) > 180) | (np.abs(points[:, 1]) > 90))
    good = np.flatnonzero(there & ~origin & ~outside)
    nothing = np.empty(0, dtype=np.int64)
    if not len(good):
        return OddPlaces(np.flatnonzero(origin), np.flatnonzero(outside), nothing, nothing, np.empty(0))
    metres = _metres_a_unit(crs, float(np.median(points[good, 1])))
    extent = _own_box(reference, crs)
    astray = np.zeros(len(points), dtype=bool)
    if extent is None:
        middle = np.median(points[good], axis=0)
        reach = _SPREADS * 1.4826 * np.median(np.abs(points[good] - middle), axis=0)
        astray[good] = _outside_m(points[good], np.concatenate([middle - reach, middle + reach]), metres) > 0
        _take_back_linked(points * metres, good, astray)
        rest = points[good[~astray[good]]]
        extent = np.concatenate([rest.min(axis=0), rest.max(axis=0)])
    else:
        astray[good] = _outside_m(points[good], extent, metres) > FAR_M
    swapped = (astray | outside) & (_outside_m(points[:, ::-1], extent, metres) <= FAR_M)
    far = np.flatnonzero(astray & ~swapped)
    far_km = np.round(_outside_m(points[far], extent, metres) / 1000, 1)
    return OddPlaces(np.flatnonzero(origin), np.flatnonzero(outside & ~swapped), np.flatnonzero(swapped), far, far_km)


def place_findings(layer: str, odd: OddPlaces) -> pd.DataFrame:
    """Findings for features that are kept though they look swapped or far (places at 0, 0 and outside any CRS are
    dropped elsewhere, with findings of their own)."""
    swapped = findings_of(
        layer, "layers.place_swapped", "noted", n=len(odd.swapped), rows=(odd.swapped + 1).tolist(), field="geometry"
    )
    far = findings_of(
        layer, "layers.far_from_rest", "noted", n=len(odd.far), rows=(odd.far + 1).tolist(), field="geometry",
        each=[{"km": round(km)} for km in odd.far_km.tolist()],
    )  # fmt: skip
    return joined([swapped, far])


def degrees_box(shapes: np.ndarray, crs: pyproj.CRS) -> Box | None:
    """Where a layer lies, as the reference for others: the bounds of its features without those astray; None when
    nothing is left."""
    astray = odd_places(places(shapes), crs, reference=None)
    bounds = np.delete(shapely.bounds(shapes), astray.all(), axis=0)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    own = (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
    box = to_degrees(crs).transform_bounds(*own)
    return box if np.isfinite(box).all() else None


def _outside_m(points: np.ndarray, box: np.ndarray, metres: np.ndarray) -> np.ndarray:
    """How many metres each point lies outside a box, both in own numbers; `metres` of one unit along x and y."""
    return np.hypot(*(away_from(points, box) * metres).T)


def _own_box(reference: Box | None, crs: pyproj.CRS) -> np.ndarray | None:
    """The reference in a layer's own numbers: cheaper than all its places in degrees; None if the CRS has no such."""
    if reference is None:
        return None
    box = np.array(to_degrees(crs).transform_bounds(*reference, direction=TransformDirection.INVERSE))
    return box if np.isfinite(box).all() else None


def _metres_a_unit(crs: pyproj.CRS, latitude: float) -> np.ndarray:
    """Metres of one unit along x and y, near a latitude where the units are degrees."""
    if crs.is_geographic:
        return DEGREE_M * np.array([np.cos(np.radians(min(abs(latitude), 89.0))), 1.0])
    return np.full(2, crs.axis_info[0].unit_conversion_factor)


def _take_back_linked(metres: np.ndarray, good: np.ndarray, astray: np.ndarray) -> None:
    """Clear the mask of features to which a chain of others leads, no link over `LINK_M`."""
    while astray.any() and not astray[good].all():
        at = np.flatnonzero(astray)
        near = cKDTree(metres[good[~astray[good]]]).query(metres[at], distance_upper_bound=LINK_M)[0] <= LINK_M
        if not near.any():
            return
        astray[at[near]] = False
