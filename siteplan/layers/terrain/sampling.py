"""Heights at points and along lines, read from the files' own cells: bilinear, voids unknown, a block at a time.

A point has a height where the cell it lies in has one; of the four cells around it only the known ones are weighed, so
that nothing is taken from a void. Metres, as the files give them (see `read_heights`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from siteplan.errors import LayerError
from siteplan.layers.terrain.demfiles import LAYER, OPTIONS, Dem, damaged, failures, places
from siteplan.layers.terrain.heights import all_opened, grouped
from siteplan.layers.terrain.pieces import MOST_SECONDS, Window, averaged, place_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HeightsAt = Callable[[Floats], Floats]
"""Points (n, 2) in the run's CRS -> metres above sea level (n,), NaN where not known."""

_BLOCK = 512
"""Cells read at once, along both sides: memory for one block, however large the files are."""


@dataclass(frozen=True)
class Surface:
    """The ground of some files, to be asked for heights in one CRS; itself a `HeightsAt`.

    paths: later files fill the voids of earlier ones; crs: that of the points asked for; spacing_m: the side of the
    finest file's cells, which is how closely a line needs to be sampled.
    """

    paths: tuple[Path, ...]
    crs: pyproj.CRS
    spacing_m: float

    def __call__(self, xy: Floats) -> Floats:
        """Heights at points (n, 2) of `crs`, metres (n,); NaN outside the files and in voids."""
        return sample(self.paths, xy, self.crs)


def read_surface(paths: Sequence[Path], crs: object) -> Surface:
    """The ground of one or several files of heights (GeoTIFF, `.hgt`, `.asc`, `.img`).

    Parameters
    ----------
    paths
        At least one. Nothing but their headers is read now.
    crs
        The run's CRS, in metres; anything pyproj takes.

    Raises
    ------
    LayerError
        Listing the files that cannot be used, and why.
    """
    import rasterio

    run = pyproj.CRS.from_user_input(crs)
    if not paths:
        raise LayerError(f"{LAYER}: no files of heights were given; expected at least one GeoTIFF, .hgt, .asc or .img")
    with ExitStack() as stack, rasterio.Env(**OPTIONS):
        sizes = [_cell_m(dem, run) for dem in all_opened(paths, stack)]
    return Surface(tuple(paths), run, min(sizes))


def sample(paths: Sequence[Path], xy: Floats, crs: object) -> Floats:
    """Heights at points, bilinear between the middles of cells.

    Parameters
    ----------
    paths
        Files of heights. Those whose cells lie on one grid are read as one, so there is no seam between tiles; later
        files fill what is void in earlier ones.
    xy
        Points, (n, 2), in `crs`; rows of NaN have no height.
    crs
        Anything pyproj takes.

    Returns
    -------
    Metres, (n,); NaN outside the files and in voids.

    Raises
    ------
    LayerError
        A file cannot be used, is damaged, or takes too long to read.
    """
    import rasterio

    run = pyproj.CRS.from_user_input(crs)
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    heights = np.full(len(points), np.nan)
    until = time.monotonic() + MOST_SECONDS
    with ExitStack() as stack, rasterio.Env(**OPTIONS):
        for group in grouped(all_opened(paths, stack)):
            wanted = np.flatnonzero(np.isnan(heights) & np.isfinite(points).all(axis=1))
            try:
                heights[wanted] = _of_one_grid(group, points[wanted], run, until)
            except failures() as error:
                raise damaged(", ".join(dem.name for dem in group), error) from error
    return heights


def _of_one_grid(dems: Sequence[Dem], xy: Floats, run: pyproj.CRS, until: float) -> Floats:
    first = dems[0].source
    to_file = pyproj.Transformer.from_crs(run, pyproj.CRS.from_user_input(first.crs.to_wkt()), always_xy=True)
    x, y = to_file.transform(xy[:, 0], xy[:, 1])
    column, row = places(~first.transform, np.asarray(x), np.asarray(y))
    heights = np.full(len(xy), np.nan)
    there = np.isfinite(column) & np.isfinite(row)
    inside = np.zeros(len(xy), dtype=bool)
    for dem in dems:
        file = place_of(first, dem.source)
        inside |= (column >= file.left) & (column <= file.right) & (row >= file.top) & (row <= file.bottom) & there
    at = np.flatnonzero(inside)
    if not len(at):
        return heights
    # From the corner of a cell to its middle.
    column, row = column[at] - 0.5, row[at] - 0.5
    block = np.stack([np.floor(column / _BLOCK), np.floor(row / _BLOCK)], axis=1).astype(np.int64)
    blocks, of = np.unique(block, axis=0, return_inverse=True)
    order = np.argsort(of.ravel(), kind="stable")
    stops = np.searchsorted(of.ravel()[order], np.arange(len(blocks) + 1))
    for number, (left, top) in enumerate((blocks * _BLOCK).tolist()):
        mine = order[stops[number] : stops[number + 1]]
        window = Window(left - 1, top - 1, left + _BLOCK + 2, top + _BLOCK + 2)
        cells, _ = averaged(dems, window, (1, 1), until)
        heights[at[mine]] = _bilinear(cells.astype(np.float64), column[mine] - window.left, row[mine] - window.top)
    return heights


def _bilinear(cells: Floats, column: Floats, row: Floats) -> Floats:
    """Heights at places counted from the middle of the first cell; NaN where the place's own cell is void."""
    c, r = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    right, down = column - c, row - r
    total, weight = np.zeros(len(c)), np.zeros(len(c))
    own = np.full(len(c), np.nan)
    nearest_c, nearest_r = np.rint(column).astype(np.int64), np.rint(row).astype(np.int64)
    for dr, wr in ((0, 1.0 - down), (1, down)):
        for dc, wc in ((0, 1.0 - right), (1, right)):
            value, share = cells[r + dr, c + dc], wr * wc
            known = ~np.isnan(value)
            total += np.where(known, value, 0.0) * share
            weight += known * share
            own = np.where((c + dc == nearest_c) & (r + dr == nearest_r), value, own)
    # On the very line between a known and a void cell the known one counts.
    on_line = ((right == 0.5) | (down == 0.5)) & (weight >= 0.5)
    return np.where((np.isnan(own) & ~on_line) | (weight <= 0.0), np.nan, total / np.maximum(weight, 1e-300))


def _cell_m(dem: Dem, run: pyproj.CRS) -> float:
    """The side of a file's cells on the ground, metres of the run's CRS, in the middle of the file."""
    source = dem.source
    middle, step = (source.width / 2, source.height / 2), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    x, y = places(source.transform, middle[0] + step[:, 0], middle[1] + step[:, 1])
    to_run = pyproj.Transformer.from_crs(pyproj.CRS.from_user_input(source.crs.to_wkt()), run, always_xy=True)
    x, y = (np.asarray(axis) for axis in to_run.transform(x, y))
    side = math.sqrt(abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])))
    if not (math.isfinite(side) and side > 0.0):
        raise damaged(dem.name, "its cells have no size in the run's CRS")
    return side


@dataclass(frozen=True)
class Profiles:
    """Stations along lines, laid end to end, (p,) each.

    line: number of the line; station_m: distance from its beginning on the plane; height_m: NaN where not known; xy:
    (p, 2).
    """

    line: Ints
    station_m: Floats
    height_m: Floats
    xy: Floats


def profiles(lines: NDArray[np.object_], heights: HeightsAt, *, spacing_m: float) -> Profiles:
    """Heights along LineStrings: at every vertex, and between them at most `spacing_m` apart.

    Raises
    ------
    ValueError
        If `spacing_m` is not above 0.
    """
    if not spacing_m > 0.0:
        raise ValueError(f"spacing_m is {spacing_m}; expected metres above 0")
    xy, line = shapely.get_coordinates(lines, return_index=True)
    line = line.astype(np.int64)
    step = np.zeros(len(xy))
    going_on = np.zeros(len(xy), dtype=bool)
    going_on[1:] = line[1:] == line[:-1]
    step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    step[~going_on] = 0.0
    along = np.cumsum(step)
    begin = np.maximum.accumulate(np.where(going_on, 0, np.arange(len(xy)))) if len(xy) else np.zeros(0, dtype=int)
    measure = along - along[begin]
    # A vertex stands for itself and for what is put in on the way to it.
    pieces = np.where(going_on, np.maximum(np.ceil(step / spacing_m - 1e-9), 1.0), 1.0).astype(np.int64)
    last = np.cumsum(pieces)
    vertex = np.repeat(np.arange(len(xy)), pieces)
    back = (np.repeat(last, pieces) - 1 - np.arange(len(vertex))) / pieces[vertex]
    before = np.maximum(vertex - 1, 0)
    at = xy[vertex] + (xy[before] - xy[vertex]) * np.where(going_on[vertex], back, 0.0)[:, None]
    station = measure[vertex] - step[vertex] * back
    return Profiles(line[vertex], station, heights(at), at)


def profile(line: shapely.LineString, heights: HeightsAt, *, spacing_m: float) -> Profiles:
    """Stations and heights along one line; see `profiles`."""
    return profiles(np.array([line], dtype=object), heights, spacing_m=spacing_m)


def ground_length(lines: NDArray[np.object_], heights: HeightsAt, *, spacing_m: float) -> tuple[Floats, Floats]:
    """Lengths of LineStrings over the ground.

    Parameters
    ----------
    lines
        (n,), in the run's CRS.
    heights
        Where the ground lies, for instance a `Surface`.
    spacing_m
        Stations are at most so far apart: the height file's cell (`Surface.spacing_m`). Closer ones measure its noise.

    Returns
    -------
    Metres (n,): from station to station in three dimensions where both heights are known, on the plane elsewhere; and
    the share of each line (n,), 0 to 1, whose heights are known (0 for a line without length).
    """
    found = profiles(lines, heights, spacing_m=spacing_m)
    same = found.line[1:] == found.line[:-1]
    plane = np.where(same, np.diff(found.station_m), 0.0)
    rise = np.where(same, np.diff(found.height_m), 0.0)
    known = ~np.isnan(rise)
    run = np.hypot(plane, np.where(known, rise, 0.0))
    of = found.line[1:]
    total = np.bincount(of, run, len(lines)).astype(np.float64)
    flat = np.bincount(of, plane, len(lines)).astype(np.float64)
    sure = np.bincount(of, np.where(known, plane, 0.0), len(lines)).astype(np.float64)
    return total, np.divide(sure, flat, out=np.zeros(len(lines)), where=flat > 0.0)
