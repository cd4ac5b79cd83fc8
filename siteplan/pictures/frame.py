"""Which piece of the earth a sheet shows, and at what scale: extents in metres, frames in mm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyproj

from siteplan.pictures.content import DrawnLayer
from siteplan.pictures.faults import PictureError
from siteplan.pictures.looks import zoom_of
from siteplan.pictures.names import Frame
from siteplan.pictures.planes import in_degrees

Extent = tuple[float, float, float, float]
"""West, south, east and north in metres of the CRS of the drawing."""

_MARGIN = 0.04
"""Room about the layers on each side, in parts of their extent."""
_LEAST_M = 1_000.0
"""A single place is shown with so much land about it."""
_OUTER_EDGE = "boundaries"
_NARROWEST_M = 1.0


def shown_extent(drawn: Sequence[DrawnLayer], extent: Extent | None) -> Extent | None:
    """What the map must show: the extent asked for, else that of the layers drawn in full and of the boundaries.

    None where nothing has a place.

    Raises
    ------
    PictureError
        If the extent asked for is none.
    """
    if extent is not None:
        return _checked(extent)
    full = [one for one in drawn if not one.beneath or one.layer.key == _OUTER_EDGE]
    for layers in (full, drawn):
        bounds = np.array([one.bounds for one in layers]).reshape(-1, 4)
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if len(bounds):
            west, south = bounds[:, :2].min(axis=0).tolist()
            east, north = bounds[:, 2:].max(axis=0).tolist()
            side = max(east - west, north - south)
            room = max((_LEAST_M - side) / 2, side * _MARGIN)
            return west - room, south - room, east + room, north + room
    return None


def _checked(extent: Extent) -> Extent:
    told = ", ".join(f"{value:g}" for value in extent)
    expected = "expected west, south, east, north in metres of the layers' CRS, west below east and south below north"
    if len(extent) != 4 or not all(math.isfinite(value) for value in extent):
        raise PictureError(f"picture: found the extent {told}; {expected}")
    west, south, east, north = extent
    if east - west < _NARROWEST_M or north - south < _NARROWEST_M:
        raise PictureError(f"picture: found the extent {told}; {expected}, at least {_NARROWEST_M:g} m apart")
    return west, south, east, north


def framed(extent: Extent, crs: pyproj.CRS, width: float, height: float) -> Frame:
    """The extent in the middle of a frame of `width` x `height` mm, with land about it so that the frame is full."""
    west, south, east, north = extent
    x, y = (west + east) / 2, (south + north) / 2
    m_per_mm = max((east - west) / width, (north - south) / height)
    dx, dy = m_per_mm * width / 2, m_per_mm * height / 2
    _, latitude = in_degrees(crs, x, y)
    known = float(np.clip(latitude, -85.0, 85.0)) if np.isfinite(latitude) else 0.0
    return Frame((x - dx, y - dy, x + dx, y + dy), width, height, zoom_of(m_per_mm, known))


def reaches_beyond(drawn: Sequence[DrawnLayer], extent: Extent) -> bool:
    """Whether any layer drawn in full has places outside the extent."""
    west, south, east, north = extent
    bounds = np.array([one.bounds for one in drawn if not one.beneath]).reshape(-1, 4)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return bool(((bounds[:, :2] < (west, south)) | (bounds[:, 2:] > (east, north))).any())


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * (1 - 1e-9))


def round_length(most: float) -> float:
    """The largest of 1, 2, 5, 10, 20, ... that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(power * n for n in (5, 2, 1) if power * n <= most * (1 + 1e-9))
