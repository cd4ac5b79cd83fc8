"""Where the committed county stands, and how tests hold it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio

DATA = Path(__file__).parents[2] / "data"


@dataclass(frozen=True)
class County:
    """What stands in data/: layers by name, and the DEM with the function that reads it at points."""

    layers: dict[str, gpd.GeoDataFrame | pd.DataFrame]
    heights_m: np.ndarray
    transform: rasterio.Affine

    def height(self, xy: np.ndarray) -> np.ndarray:
        """Heights of the cells in which the points (n, 2) lie."""
        to = self.transform
        col, row = (xy[:, 0] - to.c) / to.a, (xy[:, 1] - to.f) / to.e
        return self.heights_m[np.floor(row).astype(int), np.floor(col).astype(int)]
