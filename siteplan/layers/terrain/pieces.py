"""Reading cells of files that share a grid, averaged as they are read: memory for what comes out, not for all there is.

A void is a cell without a height: nodata, NaN, masked, or a number that no ground on earth has (-32768 and the like,
where the file does not call it nodata).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers.terrain.demfiles import LAYER, Dem, places

_HEIGHTS_M = (-430.0, 8850.0)
"""From the Dead Sea's shore to the highest summit."""
_MOST_SAMPLES = 100_000_000
"""Cells that are read at most; where there are more, one of several is."""
_PIECE = 2048
"""Cells read at once, along both sides."""
MOST_SECONDS = 120.0


@dataclass(frozen=True)
class Window:
    """Cells of a grid, counted from the corner of the first file on it: columns [left, right), rows [top, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def columns(self) -> int:
        """How many columns."""
        return self.right - self.left

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.bottom - self.top

    def within(self, other: Window) -> Window:
        """The part that lies in another; of no columns or rows, or fewer, where none does."""
        return Window(
            max(self.left, other.left), max(self.top, other.top),
            min(self.right, other.right), min(self.bottom, other.bottom),
        )  # fmt: skip


def place_of(first: Any, source: Any) -> Window:
    """The cells of a file, counted from the corner of the first file of its grid."""
    column, row = places(~first.transform, source.transform.c, source.transform.f)
    return Window(round(column), round(row), round(column) + source.width, round(row) + source.height)


def averaged(
    dems: Sequence[Dem], window: Window, step: tuple[int, int], until: float
) -> tuple[np.ndarray, tuple[int, int]]:
    """The heights of a window of a grid, cell blocks averaged to one number.

    Parameters
    ----------
    dems
        Files of one grid; later ones fill what is void in earlier ones.
    window
        What is read, of which the files need not cover all.
    step
        Columns and rows of a block.
    until
        The time, by `time.monotonic`, at which reading is given up.

    Returns
    -------
    tuple
        Metres, shape (rows / step, columns / step) rounded up, 32-bit, NaN where over half of a block is void; and
        the step that was taken, which is the one wanted or a little less.

    Raises
    ------
    LayerError
        If it takes too long.
    """
    every = _sampling(window.columns * window.rows, step)
    step = (step[0] - step[0] % every[0], step[1] - step[1] % every[1])
    shape = (math.ceil(window.rows / step[1]), math.ceil(window.columns / step[0]))
    total, count = np.zeros(shape, np.float64), np.zeros(shape, np.int32)
    full = step[0] // every[0] * (step[1] // every[1])
    for dem in dems:
        for piece in _pieces(window, dem.source, step, every):
            if time.monotonic() > until:
                raise LayerError(
                    f"{LAYER}: reading {dem.name} took over {MOST_SECONDS:.0f} s and was stopped; expected a raster of "
                    "the county's size; cut it to the county in your GIS, or add overviews to it (gdaladdo)"
                )
            place = place_of(dems[0].source, dem.source)
            part = piece.within(place)
            if part.columns <= 0 or part.rows <= 0:
                continue
            heights = _heights(dem.source, part, place, every)
            rows = _blocks(part.top - window.top, part.rows, heights.shape[0], step[1])
            columns = _blocks(part.left - window.left, part.columns, heights.shape[1], step[0])
            into = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            known = ~np.isnan(heights)
            # What earlier files know wholly, later ones do not touch; what they know in part, at an edge, is shared.
            wanted = count[into] < full
            total[into] += np.where(wanted, _sums(np.where(known, heights, 0.0), rows, columns), 0.0)
            count[into] += np.where(wanted, _sums(known, rows, columns), 0).astype(np.int32)
    enough = count * 2 >= full
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32), step


def _sampling(cells: int, step: tuple[int, int]) -> tuple[int, int]:
    """Of how many cells, along columns and rows, one is read: of one, unless there are too many to read."""
    crowd = cells / _MOST_SAMPLES
    across = min(step[0], max(1, math.ceil(math.sqrt(crowd))))
    down = min(step[1], max(1, math.ceil(crowd / across)))
    return min(step[0], max(1, math.ceil(crowd / down))), down


def _pieces(window: Window, source: Any, step: tuple[int, int], every: tuple[int, int]) -> Iterator[Window]:
    """A window in pieces of whole blocks, shaped after the file: over the whole width where it lies in lines."""
    across = down = _PIECE
    if source.block_shapes[0][1] >= source.width:
        across, down = window.columns, max(1, _PIECE**2 * every[0] * every[1] // window.columns)
    across, down = (max(1, side // one) * one for side, one in zip((across, down), step, strict=True))
    for top in range(window.top, window.bottom, down):
        for left in range(window.left, window.right, across):
            yield Window(left, top, left + across, top + down).within(window)


def _heights(source: Any, part: Window, place: Window, every: tuple[int, int]) -> np.ndarray:
    """Metres of a part of a file, one of `every` cells, NaN where void."""
    import rasterio.windows

    shape = (math.ceil(part.rows / every[1]), math.ceil(part.columns / every[0]))
    there = rasterio.windows.Window(part.left - place.left, part.top - place.top, part.columns, part.rows)
    read = source.read(1, window=there, out_shape=shape, masked=True)
    heights = np.ma.filled(read.astype(np.float32), np.nan)
    scale, offset = source.scales[0], source.offsets[0]
    if (scale, offset) != (1.0, 0.0):
        heights = heights * np.float32(scale) + np.float32(offset)
    with np.errstate(invalid="ignore"):
        heights[~((heights >= _HEIGHTS_M[0]) & (heights <= _HEIGHTS_M[1]))] = np.nan
    return heights


def _blocks(start: int, cells: int, samples: int, step: int) -> np.ndarray:
    """To which block each of some samples belongs that lie evenly over cells from `start` on."""
    return ((start + (np.arange(samples) + 0.5) * cells / samples) // step).astype(np.int64)


def _sums(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values added up by the blocks that their rows and columns belong to."""
    down = np.add.reduceat(values, np.flatnonzero(np.diff(rows, prepend=-1)), axis=0, dtype=np.float64)
    return np.add.reduceat(down, np.flatnonzero(np.diff(columns, prepend=-1)), axis=1)
