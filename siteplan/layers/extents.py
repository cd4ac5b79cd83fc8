"""Whether hamlets and roads lie in the same part of the world."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from siteplan.errors import LayerError
from siteplan.layers.findings import findings_of

ELSEWHERE_M = 50_000.0
"""Hamlets so far outside the roads' extent have no business with these roads."""
FAR_M = 20_000.0
"""A hamlet so far outside the roads' extent is worth a look."""
_DEGREE_M = 111_320.0


def check_same_place(villages: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> None:
    """Refuse hamlets and roads that lie in different places, before any CRS is chosen by one of them.

    Parameters
    ----------
    villages, roads
        The layers as read, each in its own CRS.

    Raises
    ------
    LayerError
        When more than half of the hamlets lie over `ELSEWHERE_M` outside the roads' extent (compared in degrees, so
        that axes swapped in either layer do no harm to the comparison).
    """
    lines, _ = _degrees(roads)
    points, rows = _degrees(villages)
    if not len(lines) or not len(points):
        return
    box = np.concatenate([lines.min(axis=0), lines.max(axis=0)])
    elsewhere = _outside_degrees_m(points, box) > ELSEWHERE_M
    n = int(elsewhere.sum())
    if 2 * n <= len(points):
        return
    inside = int((_outside_degrees_m(points[:, ::-1], box) <= ELSEWHERE_M).sum())
    cure = "check the CRS of both files and that they are of the same county"
    if 2 * inside > len(points):
        cure = f"with x and y swapped {inside} of them would lie inside: swap the axes in the file"
    first = ", ".join(str(row) for row in rows[elsewhere][:3] + 1)
    raise LayerError(
        f"villages: {n} of {len(points)} features (first rows: {first}) lie over {ELSEWHERE_M / 1000:g} km outside the "
        f"extent of the roads; {cure}"
    )


def far_findings(villages: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Findings for hamlets over `FAR_M` outside the roads' extent (clean tables in the run's CRS)."""
    there = villages.geometry.notna().to_numpy()
    points = shapely.get_coordinates(villages.geometry.to_numpy()[there])
    away = _away(points, roads.total_bounds)
    outside_m = np.hypot(away[:, 0], away[:, 1])
    far = np.flatnonzero(outside_m > FAR_M)
    return findings_of(
        "villages", "layers.far_from_roads", "noted", n=len(far),
        rows=villages["row"].to_numpy()[there][far].tolist(), ids=villages["id"].to_numpy()[there][far].tolist(),
        field="geometry", xs=points[far, 0].tolist(), ys=points[far, 1].tolist(),
        each=[{"km": round(float(outside_m[i]) / 1000)} for i in far],
    )  # fmt: skip


def _degrees(table: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Usable corners of the features' boxes as longitude and latitude, and the row (from 0) of each."""
    bounds = shapely.bounds(table.geometry.to_numpy())
    corners = np.vstack([bounds[:, :2], bounds[:, 2:]])
    rows = np.tile(np.arange(len(bounds)), 2)
    if bool(np.all(bounds[:, :2] == bounds[:, 2:], where=np.isfinite(bounds[:, :2]))):
        corners, rows = corners[: len(bounds)], rows[: len(bounds)]
    usable = np.isfinite(corners).all(axis=1) & (np.abs(corners) > 1e-9).any(axis=1)
    corners, rows = corners[usable], rows[usable]
    to_degrees = pyproj.Transformer.from_crs(table.crs, "EPSG:4326", always_xy=True)
    degrees = np.column_stack(to_degrees.transform(corners[:, 0], corners[:, 1]))
    usable = np.isfinite(degrees).all(axis=1) & (np.abs(degrees) <= [180, 90]).all(axis=1)
    return degrees[usable], rows[usable]


def _outside_degrees_m(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """About how many metres each longitude and latitude lies outside a box of degrees (0 inside)."""
    away = _away(points, box) * _DEGREE_M
    return np.hypot(away[:, 0] * np.cos(np.radians((box[1] + box[3]) / 2)), away[:, 1])


def _away(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    return np.maximum(np.maximum(box[:2] - points, points - box[2:]), 0)
