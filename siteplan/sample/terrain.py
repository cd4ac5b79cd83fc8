"""Mountains from a seed: uplift and running water carve them, as in nature.

Only + - * / and square roots are used on the heights, so that every machine gets the same ground to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siteplan.sample.flow import Flow, filled, flow_of
from siteplan.sample.grid import Bools, Floats, Grid, rounded_mm, slope_of

LOWEST_M = 415.0
HIGHEST_M = 1790.0
BENCH_STEP_M = 95.0


@dataclass(frozen=True)
class Terrain:
    """The ground: `heights_m` (whole centimetres, without depressions), `slope` (rise over run), `flow`, `outlets`, and
    `above_river_m`: height above the place where a cell's water meets a stream
    of `stream_cells` or more, and `stream_km2`, what that stream drains there."""

    grid: Grid
    heights_m: Floats
    slope: Floats
    flow: Flow
    outlets: Bools
    above_river_m: Floats
    stream_km2: Floats
    stream_cells: int


def make_terrain(grid: Grid, seed: int, *, stream_km2: float) -> Terrain:
    """The ground of `grid` (an even number of rows and columns) from `seed`; a stream drains `stream_km2` or more."""
    random = np.random.Generator(np.random.PCG64(seed))
    half = Grid(grid.rows // 2, grid.cols // 2, grid.cell_m * 2, grid.west, grid.north)
    uplift = 0.55 + 0.9 * _noise(random, half, (42.0, 16.0, 7.0))
    heights = 60.0 * _noise(random, half, (90.0, 40.0, 18.0, 8.0, 4.0, 2.0)) + 30.0 * random.random(half.shape)
    outlets = _outlets(half)
    heights = _carved(heights, outlets, uplift, half.cell_m, random.random(half.shape) < 0.4, steps=70, dt=22.0)
    outlets = _outlets(grid)
    heights = _doubled(heights) + 9.0 * (_noise(random, grid, (9.0, 5.0, 3.0)) - 0.5)
    heights = _carved(
        heights, outlets, _doubled(uplift), grid.cell_m, np.zeros(grid.shape, dtype=bool), steps=4, dt=5.0
    )
    heights = _scaled(heights)
    stream_cells = round(stream_km2 * 1e6 / grid.cell_m**2)
    heights = _benches(heights, _noise(random, grid, (30.0, 12.0, 6.0)))
    heights = filled(heights, outlets, 0.05)
    heights = _valley_floors(heights, flow_of(heights, outlets), grid, stream_cells)
    # Whole centimetres from here on: what stands in the file is what every later step sees.
    heights = filled(np.rint(heights * 100.0), outlets, 1.0) / 100.0
    flow = flow_of(heights, outlets)
    above, size = _above_river(heights, flow, stream_cells)
    km2 = size * (grid.cell_m * grid.cell_m / 1e6)
    return Terrain(grid, rounded_mm(heights), slope_of(heights, grid.cell_m), flow, outlets, above, km2, stream_cells)


def _outlets(grid: Grid) -> Bools:
    """Where the rivers leave the frame: a main one in the south-east, lesser ones west and north-east."""
    outlets = np.zeros(grid.shape, dtype=bool)
    outlets[-1, round(grid.cols * 0.62)] = True
    outlets[round(grid.rows * 0.36), 0] = True
    outlets[round(grid.rows * 0.22), -1] = True
    return outlets


def _noise(random: np.random.Generator, grid: Grid, spacings: tuple[float, ...]) -> Floats:
    """Smooth noise in 0..1: random lattices `spacings` cells apart, each weighted by its spacing."""
    total = np.zeros(grid.shape)
    for spacing in spacings:
        lattice = random.random((int(grid.rows / spacing) + 3, int(grid.cols / spacing) + 3))
        r, dr = _eased(grid.rows, spacing)
        c, dc = _eased(grid.cols, spacing)
        top = lattice[np.ix_(r, c)] * (1.0 - dc) + lattice[np.ix_(r, c + 1)] * dc
        bottom = lattice[np.ix_(r + 1, c)] * (1.0 - dc) + lattice[np.ix_(r + 1, c + 1)] * dc
        total += spacing * (top * (1.0 - dr[:, None]) + bottom * dr[:, None])
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def _eased(n: int, spacing: float) -> tuple[np.ndarray, Floats]:
    at = np.arange(n) / spacing
    whole = np.floor(at).astype(np.int64)
    part = at - whole
    return whole, part * part * (3.0 - 2.0 * part)


def _carved(
    heights: Floats, outlets: Bools, uplift: Floats, cell_m: float, wander: Bools, *, steps: int, dt: float
) -> Floats:
    """Stream-power erosion (implicit, exponent 1/2 on drained area) against uplift, with creep of the slopes."""
    shape = heights.shape
    erodibility = dt / 95.0
    for step in range(steps):
        # Rough floors at first, so that rivers wind through what were lakes instead of running straight.
        heights = filled(heights, outlets, np.where(wander, 4.0, 0.05) if step < steps // 3 else 0.02)
        flow = flow_of(heights, outlets)
        area_m2 = flow.cells * (cell_m * cell_m)
        to = flow.receiver
        diagonal = np.abs(to - np.arange(to.size)) % shape[1]
        run = np.where((diagonal == 0) | (np.abs(to - np.arange(to.size)) == 1), cell_m, cell_m * 1.4142135623730951)
        factor: list[float] = (erodibility * np.sqrt(area_m2) / run).tolist()
        risen: list[float] = (heights + np.where(outlets, 0.0, uplift * dt)).ravel().tolist()
        into: list[int] = to.tolist()
        for at in flow.order.tolist():
            below = into[at]
            if below != at:
                risen[at] = (risen[at] + factor[at] * risen[below]) / (1.0 + factor[at])
        heights = np.array(risen).reshape(shape)
        if step % 2 == 0:
            heights = np.where(outlets, heights, _crept(heights))
    return heights


def _crept(heights: Floats) -> Floats:
    padded = np.pad(heights, 1, mode="edge")
    mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4.0
    return heights + 0.22 * (mean - heights)


def _doubled(raster: Floats) -> Floats:
    """Twice the cells each way, linear between the old centres."""
    padded = np.pad(raster, 1, mode="edge")
    near, up, down = padded[1:-1, :], padded[:-2, :], padded[2:, :]
    tall = np.empty((raster.shape[0] * 2, padded.shape[1]))
    tall[0::2], tall[1::2] = 0.75 * near + 0.25 * up, 0.75 * near + 0.25 * down
    middle, left, right = tall[:, 1:-1], tall[:, :-2], tall[:, 2:]
    wide = np.empty((tall.shape[0], raster.shape[1] * 2))
    wide[:, 0::2], wide[:, 1::2] = 0.75 * middle + 0.25 * left, 0.75 * middle + 0.25 * right
    return wide


def _scaled(heights: Floats) -> Floats:
    low, high = float(heights.min()), float(heights.max())
    return LOWEST_M + (heights - low) / (high - low) * (HIGHEST_M - LOWEST_M)


def _benches(heights: Floats, noise: Floats) -> Floats:
    """Harder beds make steps in the slopes: gentle ground on which the hamlets of the heights stand."""
    at = (heights + 260.0 * noise) / BENCH_STEP_M
    part = at - np.floor(at)
    eased = part * part * (3.0 - 2.0 * part)
    return heights + 0.85 * BENCH_STEP_M * (eased - part) * np.clip((noise - 0.25) * 3.0, 0.0, 1.0)


def _above_river(heights: Floats, flow: Flow, stream_cells: int) -> tuple[Floats, np.ndarray]:
    """Height above the stream a cell drains to, and the cells which that stream drains there."""
    base: list[float] = heights.ravel().tolist()
    size: list[int] = flow.cells.tolist()
    into: list[int] = flow.receiver.tolist()
    for at in flow.order.tolist():
        if size[at] < stream_cells and into[at] != at:
            base[at] = base[into[at]]
            size[at] = size[into[at]]
    return heights - np.array(base).reshape(heights.shape), np.array(size).reshape(heights.shape)


def _valley_floors(heights: Floats, flow: Flow, grid: Grid, stream_cells: int) -> Floats:
    """Flats beside the streams, wider and higher where more water comes together."""
    above, size = _above_river(heights, flow, stream_cells)
    reach = np.clip(24.0 + 0.4 * np.sqrt(size * (grid.cell_m * grid.cell_m) / 1e4), 24.0, 80.0)
    low = above * above / (4.0 * reach)
    high = above - reach * (1.0 - np.clip((above - 2.0 * reach) / (450.0 - 2.0 * reach), 0.0, 1.0))
    return heights - above + np.where(above < 2.0 * reach, low, high)
