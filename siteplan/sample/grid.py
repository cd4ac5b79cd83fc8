"""The county's frame: one raster grid in a projected CRS, and points on it.

Cells are counted from the north-west corner, rows southwards. `Grid` turns cells into metres and back; nothing else
in the sample county knows where the county lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CRS = "EPSG:4545"
"""CGCS2000 / 3-degree Gauss-Kruger CM 108E: metres, no zone number before the easting."""

GEOGRAPHIC_CRS = "EPSG:4490"
"""CGCS2000 in degrees: the villages come in it, as a county's survey would send them."""


@dataclass(frozen=True)
class Grid:
    """Rows, columns, cell size in metres and the north-west corner (`west`, `north`) in `CRS`."""

    rows: int
    cols: int
    cell_m: float
    west: float
    north: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    def x(self, col: Floats | Ints) -> Floats:
        """Easting of (fractional) columns; 0 is the west edge, 0.5 the first cell's centre."""
        return self.west + np.asarray(col, dtype=float) * self.cell_m

    def y(self, row: Floats | Ints) -> Floats:
        """Northing of (fractional) rows; 0 is the north edge, 0.5 the first cell's centre."""
        return self.north - np.asarray(row, dtype=float) * self.cell_m

    def cell_of(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """Row and column of the cells in which the points lie, kept within the grid."""
        col = np.floor((np.asarray(x) - self.west) / self.cell_m).astype(np.int64)
        row = np.floor((self.north - np.asarray(y)) / self.cell_m).astype(np.int64)
        return np.clip(row, 0, self.rows - 1), np.clip(col, 0, self.cols - 1)

    def sampled(self, raster: NDArray[np.generic], x: Floats, y: Floats) -> NDArray[np.generic]:
        """The raster's values in the points' cells (no interpolation)."""
        row, col = self.cell_of(x, y)
        return raster[row, col]

    def interpolated(self, raster: Floats, x: Floats, y: Floats) -> Floats:
        """Bilinear value between the four nearest cell centres."""
        col = np.clip((np.asarray(x) - self.west) / self.cell_m - 0.5, 0.0, self.cols - 1.001)
        row = np.clip((self.north - np.asarray(y)) / self.cell_m - 0.5, 0.0, self.rows - 1.001)
        r, c = np.floor(row).astype(np.int64), np.floor(col).astype(np.int64)
        dr, dc = row - r, col - c
        top = raster[r, c] * (1.0 - dc) + raster[r, c + 1] * dc
        bottom = raster[r + 1, c] * (1.0 - dc) + raster[r + 1, c + 1] * dc
        return top * (1.0 - dr) + bottom * dr


def slope_of(heights_m: Floats, cell_m: float) -> Floats:
    """Slope of each cell as rise over run (central differences)."""
    padded = np.pad(heights_m, 1, mode="edge")
    east = (padded[1:-1, 2:] - padded[1:-1, :-2]) / (2.0 * cell_m)
    south = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / (2.0 * cell_m)
    return np.sqrt(east * east + south * south)


def rounded_mm(values: Floats) -> Floats:
    """Coordinates to whole millimetres, as they stand in the files."""
    return np.rint(np.asarray(values, dtype=float) * 1000.0) / 1000.0
