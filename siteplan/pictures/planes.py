"""The CRS a picture is drawn in: a plane in metres, so that lengths can be read off it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from siteplan.layers.crs import auto_crs, has_chinese_datum

_NOWHERE = "EPSG:32648"
"""For pages without any place: nothing is drawn in it."""


def drawing_crs(tables: Sequence[gpd.GeoDataFrame]) -> pyproj.CRS:
    """The first plane CRS among the tables; else the zone (CGCS2000 or UTM) of the first one that has a place."""
    known = [table for table in tables if table.crs is not None]
    for table in known:
        if _is_plane(table.crs):
            return table.crs
    for table in known:
        west, south, east, north = shapely.total_bounds(np.array(table.geometry.array, dtype=object))
        longitude, latitude = in_degrees(table.crs, (west + east) / 2, (south + north) / 2)
        if np.isfinite([longitude, latitude]).all():
            return auto_crs(float(longitude), float(latitude), chinese=has_chinese_datum(table.crs))
    return pyproj.CRS(_NOWHERE)


def _is_plane(crs: pyproj.CRS) -> bool:
    """Whether lengths can be read off a drawing in this CRS: projected, in metres, no Mercator of the web."""
    method = crs.coordinate_operation.method_name if crs.coordinate_operation else ""
    stretched = "Pseudo Mercator" in method or method.startswith("Mercator")
    return bool(crs.is_projected) and crs.axis_info[0].unit_conversion_factor == 1.0 and not stretched


def in_degrees(crs: pyproj.CRS, x: np.ndarray | float, y: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude (WGS 84) of places; infinite where they have none."""
    longitude, latitude = _to_degrees(crs.to_wkt()).transform(x, y)
    return np.asarray(longitude), np.asarray(latitude)


@functools.lru_cache(maxsize=8)
def _to_degrees(wkt: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(wkt, "EPSG:4326", always_xy=True)
