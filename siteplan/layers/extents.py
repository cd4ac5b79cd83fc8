"""Whether hamlets and roads lie in the same part of the world."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.errors import LayerError
from siteplan.layers.findings import findings_of

ELSEWHERE_M = 50_000.0
"""Hamlets so far outside the roads' extent have no business with these roads."""
FAR_M = 20_000.0
"""A hamlet so far outside the roads' extent is worth a look."""


def check_extents(villages: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, source: gpd.GeoDataFrame) -> pd.DataFrame:
    """Findings for hamlets far from all roads.

    Parameters
    ----------
    villages, roads
        Clean tables in the run's CRS (metres).
    source
        The villages as read, to try whether swapped axes explain it.

    Raises
    ------
    LayerError
        When more than half of the hamlets lie over `ELSEWHERE_M` outside the roads' extent.
    """
    bounds = roads.total_bounds
    there = villages.geometry.notna().to_numpy()
    points = shapely.get_coordinates(villages.geometry.to_numpy()[there])
    outside_m = _outside(points, bounds)
    elsewhere = int((outside_m > ELSEWHERE_M).sum())
    if 2 * elsewhere > len(points):
        ids = ", ".join(villages["id"].to_numpy()[there][outside_m > ELSEWHERE_M][:3])
        raise LayerError(
            f"villages: {elsewhere} of {len(points)} (first ids: {ids}) lie over {ELSEWHERE_M / 1000:g} km outside the "
            f"extent of the roads; {_swap_hint(source, there, bounds, villages)}"
        )
    far = np.flatnonzero(outside_m > FAR_M)
    rows = villages["row"].to_numpy()[there][far]
    return findings_of(
        "villages", "layers.far_from_roads", "noted", n=len(far), rows=rows.tolist(),
        ids=villages["id"].to_numpy()[there][far].tolist(), field="geometry",
        xs=points[far, 0].tolist(), ys=points[far, 1].tolist(),
        each=[{"km": round(float(outside_m[i]) / 1000)} for i in far],
    )  # fmt: skip


def _outside(points: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """How far each point lies outside a box (0 inside)."""
    low, high = bounds[:2], bounds[2:]
    away = np.maximum(np.maximum(low - points, points - high), 0)
    return np.hypot(away[:, 0], away[:, 1])


def _swap_hint(source: gpd.GeoDataFrame, there: np.ndarray, bounds: np.ndarray, villages: gpd.GeoDataFrame) -> str:
    middles = shapely.centroid(source.geometry.to_numpy()[there])
    shapes = shapely.get_coordinates(middles[~shapely.is_empty(middles)])
    turned = gpd.GeoSeries(gpd.points_from_xy(shapes[:, 1], shapes[:, 0]), crs=source.crs)
    points = shapely.get_coordinates(turned.to_crs(villages.crs).to_numpy())
    points = points[np.isfinite(points).all(axis=1)]
    inside = int((_outside(points, bounds) <= ELSEWHERE_M).sum()) if len(points) else 0
    if 2 * inside > len(shapes):
        return f"with x and y swapped {inside} of them would lie inside: swap the axes in the file"
    return "check the CRS of both files and that they are of the same county"
