"""Files of heights -> heights on the square pixels of Web Mercator, without a seam where files meet.

Files whose cells lie on one grid are put together before they are warped. Around voids and edges the ground is carried
on straight for a few cells, so that the heights beside them are interpolated, and sloped, from what is known; the voids
stay voids.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers.terrain.demfiles import LAYER, OPTIONS, Box, Dem, common, damaged, failures, opened, places
from siteplan.layers.terrain.pieces import MOST_SECONDS, Window, averaged, place_of

RADIUS_M = 6_378_137.0
"""Radius of Web Mercator's sphere (EPSG:3857)."""

_FRINGE = 5
"""Cells that the ground is carried on for: as far as the spline looks and the slope beside it."""


@dataclass(frozen=True)
class Grid:
    """Square pixels of Web Mercator: west and north edge and the pixels' side, in metres of EPSG:3857."""

    west: float
    north: float
    pixel: float
    columns: int
    rows: int


@dataclass(frozen=True)
class Heights:
    """Heights on a grid, rows from the north.

    metres: shape (rows + 2, columns + 2), a pixel more all round; NaN where nothing is known near by; known: shape
    (rows, columns), where a height is the files' own and not carried on; unused: files that do not touch the map.
    """

    grid: Grid
    metres: np.ndarray = field(repr=False)
    known: np.ndarray = field(repr=False)
    unused: tuple[str, ...]


def read_heights(paths: Sequence[Path], bounds_wgs84: Box, *, most_pixels: int) -> Heights:
    """The heights of files within a box; later files fill the voids of earlier ones.

    Where files lie on several grids, those of the first file's grid come first, then those of the next.

    Parameters
    ----------
    paths
        At least one. Heights are taken as metres, by the scale and offset that the file gives; heights in feet are not
        told from metres.
    bounds_wgs84
        In degrees.
    most_pixels
        How many pixels the grid may have. They are no smaller than the finest file's cells.

    Raises
    ------
    LayerError
        Listing all files that cannot be used, and why; or none touches the box.
    """
    import rasterio

    until = time.monotonic() + MOST_SECONDS
    with ExitStack() as stack, rasterio.Env(**OPTIONS):
        dems = all_opened(paths, stack)
        used = [dem for dem in dems if common(dem.box, bounds_wgs84) is not None]
        if not used:
            raise _elsewhere(dems, bounds_wgs84)
        groups = grouped(used)
        sizes = [_cell_size(group, bounds_wgs84) for group in groups]
        finest = min(math.sqrt(across * down) for across, down in sizes)
        grid = _grid(_covered(used, bounds_wgs84), finest, most_pixels)
        shape = (grid.rows + 2, grid.columns + 2)
        known, near = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        for group, size in zip(groups, sizes, strict=True):
            try:
                found, sure = _warped(group, size, grid, most_pixels, until)
            except failures() as error:
                raise damaged(", ".join(dem.name for dem in group), error) from error
            known = np.where(np.isnan(known) & sure, found, known)
            near = np.where(np.isnan(near), found, near)
    return Heights(
        grid,
        metres=np.where(np.isnan(known), near, known),
        known=~np.isnan(known[1:-1, 1:-1]),
        unused=tuple(dem.name for dem in dems if dem not in used),
    )


def mercator(longitude: float, latitude: float) -> tuple[float, float]:
    """A place in degrees as metres of EPSG:3857."""
    return RADIUS_M * math.radians(longitude), RADIUS_M * math.atanh(math.sin(math.radians(latitude)))


def all_opened(paths: Sequence[Path], stack: ExitStack) -> list[Dem]:
    """Files of heights, opened for as long as the stack lasts; within `rasterio.Env(**OPTIONS)`.

    Raises
    ------
    LayerError
        Listing all files that cannot be used, and why.
    """
    dems: list[Dem] = []
    faults: list[str] = []
    for path in paths:
        try:
            dems.append(opened(path, stack))
        except LayerError as error:
            faults.append(str(error))
    if faults:
        raise LayerError("\n".join(faults))
    return dems


def _elsewhere(dems: Sequence[Dem], bounds: Box) -> LayerError:
    def told(box: Box) -> str:
        return f"{box[0]:.2f} to {box[2]:.2f} E, {box[1]:.2f} to {box[3]:.2f} N"

    lies = "; ".join(f"{dem.name} lies at {told(dem.box)}" for dem in dems[:3])
    more = f" and {len(dems) - 3} more" if len(dems) > 3 else ""
    return LayerError(
        f"{LAYER}: {lies}{more}: nothing of it touches the map, which lies at {told(bounds)}; expected heights of this "
        "county; give the tiles that cover it, or set the right CRS in your GIS and export again"
    )


def _covered(dems: Sequence[Dem], bounds: Box) -> Box:
    """The box around all that files and map share."""
    boxes = [shared for dem in dems if (shared := common(dem.box, bounds)) is not None]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _cell_size(dems: Sequence[Dem], bounds: Box) -> tuple[float, float]:
    """How long a cell of files of one grid is along columns and rows, in metres of EPSG:3857, in the middle of what
    they share with the map: the same however the ground is cut into files."""
    from rasterio import warp

    west, south, east, north = _covered(dems, bounds)
    source = dems[0].source
    try:
        x, y = warp.transform("EPSG:4326", source.crs, [(west + east) / 2], [(south + north) / 2])
        column, row = places(~source.transform, x[0], y[0])
        columns, rows = column + np.array([-0.5, 0.5, 0, 0]), row + np.array([0, 0, -0.5, 0.5])
        x, y = warp.transform(source.crs, "EPSG:3857", *places(source.transform, columns, rows))
    except failures() as error:
        raise damaged(dems[0].name, error) from error
    across, down = np.hypot(np.diff(x)[::2], np.diff(y)[::2])
    if not (np.isfinite(across * down) and across * down > 0):
        raise damaged(dems[0].name, "its cells have no size on the map")
    return float(across), float(down)


def _grid(box: Box, finest: float, most_pixels: int) -> Grid:
    """Pixels over a box in degrees: as fine as the finest file, but no more of them than allowed."""
    west, south = mercator(*box[:2])
    east, north = mercator(*box[2:])
    width, height = east - west, north - south
    pixel = max(finest, math.sqrt(width * height / most_pixels))

    def fitting(side: float) -> int:
        # A file in Web Mercator is not to get a column more because its edge went through degrees and back.
        return math.ceil(side / pixel - 1e-6)

    # The last column and row may reach beyond the edge: with pixels that just fill the box there are too many.
    while fitting(width) * fitting(height) > most_pixels:
        pixel *= 1.001
    return Grid(west, north, pixel, fitting(width), fitting(height))


def grouped(dems: Sequence[Dem]) -> list[list[Dem]]:
    """Files whose cells lie on one grid, so that they may be put together as they are."""
    groups: list[list[Dem]] = []
    for dem in dems:
        for group in groups:
            if _on_one_grid(group[0].source, dem.source):
                group.append(dem)
                break
        else:
            groups.append([dem])
    return groups


def _on_one_grid(one: Any, other: Any) -> bool:
    a, b = one.transform, other.transform
    # A cell's size may differ by what lets the far end of a raster drift by a hundredth of a cell.
    slack = 0.01 / max(other.width, other.height) * math.sqrt(abs(a.determinant))
    if one.crs != other.crs or max(abs(a.a - b.a), abs(a.b - b.b), abs(a.d - b.d), abs(a.e - b.e)) > slack:
        return False
    offset = np.array(places(~a, b.c, b.f))
    return bool(np.abs(offset - np.round(offset)).max() < 0.02)


def _warped(
    dems: Sequence[Dem], size: tuple[float, float], grid: Grid, most_pixels: int, until: float
) -> tuple[np.ndarray, np.ndarray]:
    """Heights of files of one grid on the pixels and their ring, carried on a little; and where they are known."""
    from rasterio.transform import Affine
    from rasterio.warp import Resampling, reproject

    shape = (grid.rows + 2, grid.columns + 2)
    found, weight = np.full(shape, np.nan, np.float32), np.zeros(shape, np.float32)
    window = _needed(dems, grid)
    if window is None:
        return found, np.zeros(shape, bool)
    cells, step = averaged(dems, window, _thinning(window, size, grid.pixel, 5 * most_pixels + 1_000_000), until)
    cells = np.pad(cells, _FRINGE, constant_values=np.nan)
    known = ~np.isnan(cells)
    _carry_on(cells)
    own = dems[0].source.transform
    x, y = places(own, window.left - _FRINGE * step[0], window.top - _FRINGE * step[1])
    grids = {
        "src_transform": Affine(own.a * step[0], own.b * step[1], x, own.d * step[0], own.e * step[1], y),
        "src_crs": dems[0].source.crs,
        "dst_transform": Affine(grid.pixel, 0, grid.west - grid.pixel, 0, -grid.pixel, grid.north + grid.pixel),
        "dst_crs": "EPSG:3857",
    }
    # A spline: the slopes of bilinear heights jump from cell to cell and would show the file's grid.
    spline = Resampling.cubic_spline
    reproject(cells, found, src_nodata=np.nan, dst_nodata=np.nan, resampling=spline, **grids)
    reproject(known.astype(np.float32), weight, resampling=Resampling.bilinear, **grids)
    return found, (weight >= 0.5) & ~np.isnan(found)


def _needed(dems: Sequence[Dem], grid: Grid) -> Window | None:
    """The cells that the pixels are made of, None where the files hold none of them."""
    from rasterio import warp

    first = dems[0].source
    share = np.linspace(0, 1, 41)
    zero, one, half = np.zeros_like(share), np.ones_like(share), np.full_like(share, 0.5)
    columns = np.concatenate([share, one, share, zero, half, share]) * (grid.columns + 2) - 1
    rows = np.concatenate([zero, share, one, share, share, half]) * (grid.rows + 2) - 1
    x, y = warp.transform("EPSG:3857", first.crs, grid.west + columns * grid.pixel, grid.north - rows * grid.pixel)
    at = np.array(places(~first.transform, np.asarray(x), np.asarray(y)))
    at = at[:, np.isfinite(at).all(axis=0)]
    files = [place_of(first, dem.source) for dem in dems]
    there = Window(
        min(file.left for file in files), min(file.top for file in files),
        max(file.right for file in files), max(file.bottom for file in files),
    )  # fmt: skip
    if not at.size:
        return None
    (left, top), (right, bottom) = np.floor(at.min(axis=1)), np.ceil(at.max(axis=1))
    window = Window(int(left) - _FRINGE, int(top) - _FRINGE, int(right) + _FRINGE, int(bottom) + _FRINGE).within(there)
    return window if window.columns > 0 and window.rows > 0 else None


def _thinning(window: Window, size: tuple[float, float], pixel: float, most_cells: int) -> tuple[int, int]:
    """How many cells along columns and rows are averaged to one: what a pixel holds, more where they are too many."""
    across, down = (max(1, int(pixel / own)) for own in size)
    crowd = window.columns / across * (window.rows / down) / most_cells
    if crowd > 1:
        across, down = math.ceil(across * math.sqrt(crowd)), math.ceil(down * math.sqrt(crowd))
    return min(across, window.columns), min(down, window.rows)


def _carry_on(cells: np.ndarray) -> None:
    """Continue the ground straight into what is void, ring by ring, in place: the mean over the eight directions."""
    wide = np.pad(cells, 2, constant_values=np.nan)
    directions = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    for _ in range(_FRINGE):
        known = ~np.isnan(wide)
        beside = np.zeros_like(known)
        for down, right in directions:
            beside[2:-2, 2:-2] |= known[2 + down : -2 + down or None, 2 + right : -2 + right or None]
        rows, columns = np.nonzero(beside & ~known)
        total, count = np.zeros(len(rows)), np.zeros(len(rows))
        plain, plain_count = np.zeros(len(rows)), np.zeros(len(rows))
        for down, right in directions:
            one, two = wide[rows + down, columns + right], wide[rows + 2 * down, columns + 2 * right]
            straight = 2 * one - two
            total += np.nan_to_num(straight)
            count += ~np.isnan(straight)
            plain += np.nan_to_num(one)
            plain_count += ~np.isnan(one)
        wide[rows, columns] = np.where(count > 0, total / np.maximum(count, 1), plain / np.maximum(plain_count, 1))
    cells[:] = wide[2:-2, 2:-2]
