"""The two map datums of Chinese web maps: GCJ-02 (Gaode, Tencent) and BD-09 (Baidu), to and from WGS 84.

GCJ-02 moves a place in China by some 100 to 700 m, by an amount that changes from place to place; BD-09 moves it by
some 900 m more. Neither has an EPSG number, so no projection library knows them. The formulas are the ones published
in 2010 with the maps of that time and repeated since in every open implementation (eviltransform, gcoord,
coordTransform); the tests hold this module against the point pairs those projects publish.

CGCS2000 and WGS 84 differ by less than the decimetre that matters here, so a layer in either may be compared.
"""

from __future__ import annotations

from typing import Literal

import geopandas as gpd
import numpy as np
import shapely

from siteplan.errors import LayerError

MapDatum = Literal["gcj02", "bd09"]

CHINA = (73.66, 3.86, 135.05, 53.55)
"""West, south, east, north (degrees) of the rectangle outside which GCJ-02 is WGS 84, as coordTransform has it."""

_AXIS_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, which the formula uses whatever the datum."""
_ECCENTRICITY_2 = 0.006_693_421_622_965_943
_BD_ANGLE = np.pi * 3000 / 180
_BD_EAST, _BD_NORTH = 0.0065, 0.006
_STEPS = 6
"""Fixed-point steps: each shortens the error of some 500 m at least a hundredfold; measured over all China, the
fourth leaves 2 micrometres, the fifth nothing but rounding."""


def gcj02_from_wgs84(degrees: np.ndarray) -> np.ndarray:
    """Longitudes and latitudes in WGS 84 as GCJ-02 shows them.

    Parameters
    ----------
    degrees
        Shape (n, 2), longitude first. Places outside `CHINA`, and NaN, come back as they are.

    Returns
    -------
    np.ndarray
        Shape (n, 2), longitude first.
    """
    degrees = np.asarray(degrees, dtype=float)
    return degrees + np.where(in_china(degrees)[:, None], _gcj02_offset(degrees), 0.0)


def wgs84_from_gcj02(degrees: np.ndarray) -> np.ndarray:
    """The inverse of `gcj02_from_wgs84`, by fixed-point iteration (error under a micrometre).

    Whether a place is in China is asked of the GCJ-02 place: within a few hundred metres of the rectangle's edge,
    which is sea or abroad, the forward way may have answered otherwise.
    """
    degrees = np.asarray(degrees, dtype=float)
    inside = in_china(degrees)
    found = degrees.copy()
    for _ in range(_STEPS):
        found[inside] = degrees[inside] - _gcj02_offset(found[inside])
    return found


def bd09_from_gcj02(degrees: np.ndarray) -> np.ndarray:
    """GCJ-02 longitudes and latitudes, shape (n, 2), as BD-09 shows them."""
    longitude, latitude = np.asarray(degrees, dtype=float).T
    radius = np.hypot(longitude, latitude) + 2e-5 * np.sin(latitude * _BD_ANGLE)
    angle = np.arctan2(latitude, longitude) + 3e-6 * np.cos(longitude * _BD_ANGLE)
    return np.column_stack([radius * np.cos(angle) + _BD_EAST, radius * np.sin(angle) + _BD_NORTH])


def gcj02_from_bd09(degrees: np.ndarray) -> np.ndarray:
    """The inverse of `bd09_from_gcj02`, by fixed-point iteration.

    The published inverse puts the BD-09 place into the terms that want the GCJ-02 place and is off by up to half a
    metre; here it only gives the first guess.
    """
    degrees = np.asarray(degrees, dtype=float)
    found = degrees - [_BD_EAST, _BD_NORTH]
    for _ in range(_STEPS):
        found = found + (degrees - bd09_from_gcj02(found))
    return found


def to_wgs84(degrees: np.ndarray, datum: MapDatum) -> np.ndarray:
    """Longitudes and latitudes, shape (n, 2), of a map datum in WGS 84."""
    return wgs84_from_gcj02(degrees if datum == "gcj02" else gcj02_from_bd09(degrees))


def from_wgs84(degrees: np.ndarray, datum: MapDatum) -> np.ndarray:
    """WGS 84 longitudes and latitudes, shape (n, 2), in a map datum; the inverse of `to_wgs84`."""
    shown = gcj02_from_wgs84(degrees)
    return shown if datum == "gcj02" else bd09_from_gcj02(shown)


def converted(table: gpd.GeoDataFrame, datum: MapDatum) -> gpd.GeoDataFrame:
    """A table whose longitudes and latitudes are GCJ-02 or BD-09, with true ones in their place.

    Parameters
    ----------
    table
        Any geometry types, missing ones too, under a geographic CRS (the one it claims: WGS 84 or CGCS2000). The
        input is not changed.
    datum
        What the numbers really are.

    Returns
    -------
    gpd.GeoDataFrame
        The same rows and CRS; heights (Z) as they were.

    Raises
    ------
    LayerError
        If the table has no CRS or one in metres: the map datums are defined on degrees only.
    """
    if table.crs is None or not table.crs.is_geographic:
        said = "no CRS" if table.crs is None else f"the CRS {table.crs.name}, which is in metres"
        raise LayerError(
            f"datum {datum}: only longitudes and latitudes can be converted, and the layer has {said}; give the layer "
            "in degrees as it left the web map, or leave the datum out of the plan"
        )

    def moved(coordinates: np.ndarray) -> np.ndarray:
        return np.column_stack([to_wgs84(coordinates[:, :2], datum), coordinates[:, 2:]])

    shapes = table.geometry.to_numpy()
    flat, deep = shapes.copy(), shapely.has_z(shapes)
    flat[~deep] = shapely.transform(shapes[~deep], moved)
    flat[deep] = shapely.transform(shapes[deep], moved, include_z=True)
    return table.set_geometry(gpd.GeoSeries(flat, index=table.index, crs=table.crs))


def in_china(degrees: np.ndarray) -> np.ndarray:
    """Which longitudes and latitudes, shape (n, 2), lie in the rectangle where GCJ-02 differs from WGS 84 (mask)."""
    west, south, east, north = CHINA
    longitude, latitude = np.asarray(degrees, dtype=float).T
    return (longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)


def _gcj02_offset(degrees: np.ndarray) -> np.ndarray:
    """By how many degrees GCJ-02 moves WGS 84 places, shape (n, 2): a polynomial and sines, in metres, made degrees."""
    x, y = degrees[:, 0] - 105.0, degrees[:, 1] - 35.0

    def wave(metres: float, argument: np.ndarray, half_period: float) -> np.ndarray:
        return metres * 2 / 3 * np.sin(argument * np.pi / half_period)

    # Both axes share the fast ripple in longitude (periods of a third of a degree and of a degree).
    ripple = wave(20, x, 1 / 6) + wave(20, x, 1 / 2)
    root = np.sqrt(np.abs(x))
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m += wave(20, x, 1) + wave(40, x, 3) + wave(150, x, 12) + wave(300, x, 30)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m += wave(20, y, 1) + wave(40, y, 3) + wave(160, y, 12) + wave(320, y, 30)
    latitude = np.radians(degrees[:, 1])
    squash = 1 - _ECCENTRICITY_2 * np.sin(latitude) ** 2
    along_parallel = _AXIS_M / np.sqrt(squash) * np.cos(latitude)
    along_meridian = _AXIS_M * (1 - _ECCENTRICITY_2) / squash**1.5
    return np.degrees(np.column_stack([east_m / along_parallel, north_m / along_meridian]))
