"""Which CRS a layer is in, whether its numbers can be, and which one the run takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from siteplan.errors import LayerError, PlanError

_CHINESE_DATUMS = ("china2000", "cgcs2000", "chinageodeticcoordinatesystem2000", "xian1980", "beijing1954")
_FIRST_ZONE_EPSG, _FIRST_MERIDIAN, _LAST_MERIDIAN = 4534, 75, 135


def crs_from(text: str, *, key: str) -> pyproj.CRS:
    """The CRS a plan key names.

    Raises
    ------
    PlanError
        If there is none of that number.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise PlanError(
            f"{key}: found {text!r}, which is no known CRS; expected EPSG:n, for example EPSG:4544"
        ) from error


def run_crs(text: str) -> pyproj.CRS:
    """The run's CRS as the plan names it: projected, in metres, true to distance.

    Raises
    ------
    PlanError
        If it is geographic, Web Mercator, or not in metres.
    """
    crs = crs_from(text, key="plan.crs")
    expected = 'expected "auto" or a projected CRS in metres, for example EPSG:4544 (CGCS2000) or EPSG:32648 (UTM)'
    if not crs.is_projected:
        raise PlanError(f"plan.crs: {text} ({crs.name}) is not projected, so it has no metres; {expected}")
    if "mercator" in crs.name.lower() and "transverse" not in crs.name.lower():
        raise PlanError(f"plan.crs: {text} ({crs.name}) stretches lengths; {expected}")
    method = crs.coordinate_operation.method_name if crs.coordinate_operation else ""
    if "Pseudo Mercator" in method or method.startswith("Mercator"):
        raise PlanError(f"plan.crs: {text} ({crs.name}) stretches lengths; {expected}")
    if any(axis.unit_name not in ("metre", "meter") for axis in crs.axis_info):
        raise PlanError(f"plan.crs: {text} ({crs.name}) is not in metres; {expected}")
    return crs


def auto_crs(longitude: float, latitude: float, *, chinese: bool) -> pyproj.CRS:
    """The CGCS2000 3-degree zone without prefix (EPSG:4534 to 4554), or the UTM zone on WGS 84, of a place."""
    if chinese:
        meridian = min(max(3 * round(longitude / 3), _FIRST_MERIDIAN), _LAST_MERIDIAN)
        return pyproj.CRS.from_epsg(_FIRST_ZONE_EPSG + (meridian - _FIRST_MERIDIAN) // 3)
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def has_chinese_datum(crs: pyproj.CRS) -> bool:
    """Whether a CRS stands on CGCS2000, Xian 1980 or Beijing 1954."""
    datum = crs.geodetic_crs.datum if crs.geodetic_crs is not None else None
    names = [crs.name, datum.name if datum is not None else "", crs.geodetic_crs.name if crs.geodetic_crs else ""]
    return any(word in re.sub(r"[^a-z0-9]", "", name.lower()) for name in names for word in _CHINESE_DATUMS)


def label(crs: pyproj.CRS) -> str:
    """A short name: `EPSG:n` where there is one."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.name


def centre_in_degrees(table: gpd.GeoDataFrame) -> tuple[float, float]:
    """Median longitude and latitude (WGS 84) of a table of points, features without a usable place left out."""
    points = shapely.get_coordinates(table.geometry.to_numpy())
    points = points[np.isfinite(points).all(axis=1) & (np.abs(points) > 1e-9).any(axis=1)]
    if table.crs.is_geographic and len(points):
        points = points[(np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)]
    if not len(points):
        raise LayerError("villages: no feature has a usable place, so no CRS can be chosen; check the coordinates")
    x, y = np.median(points, axis=0)
    to_degrees = pyproj.Transformer.from_crs(table.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    return float(longitude), float(latitude)


def first_chinese(tables: Iterable[gpd.GeoDataFrame]) -> bool:
    """Whether any of these tables stands on a Chinese datum."""
    return any(has_chinese_datum(table.crs) for table in tables if table.crs is not None)
