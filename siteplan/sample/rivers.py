"""Rivers: where enough water comes together, from each head down to the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from siteplan.sample.grid import Bools, Floats, rounded_mm
from siteplan.sample.terrain import Terrain

SHORTEST_CELLS = 9
"""Heads shorter than this join their main stream unmapped."""


@dataclass(frozen=True)
class River:
    """One river from its head to its mouth: cells in flow order, the line through them, km2 drained at each cell."""

    cells: list[int]
    line: shapely.LineString
    drained_km2: Floats


def make_rivers(terrain: Terrain, inside: Bools | None, seed: int) -> list[River]:
    """The rivers, longest water first; with `inside` (one value a cell) only what runs there.

    A river's points lie each in its own cell, one after the other down the flow, so the heights of the DEM under them
    never rise; it ends on a point of the river it joins.
    """
    random = np.random.Generator(np.random.PCG64([seed, 2]))
    grid, flow = terrain.grid, terrain.flow
    shift = (random.random((2, flow.cells.size)) - 0.5) * 0.6
    row, col = np.divmod(np.arange(flow.cells.size), grid.cols)
    x, y = rounded_mm(grid.x(col + 0.5 + shift[0])), rounded_mm(grid.y(row + 0.5 + shift[1]))
    km2 = np.asarray(flow.cells * (grid.cell_m * grid.cell_m) / 1e6, dtype=np.float64)
    allowed = np.ones(flow.cells.size, dtype=bool) if inside is None else inside.ravel()
    rivers: list[River] = []
    for stem in _stems(terrain):
        for cells in _runs(stem, allowed):
            line = shapely.LineString(np.column_stack([x[cells], y[cells]]))
            rivers.append(River(cells, line, km2[cells]))
    return rivers


def _stems(terrain: Terrain) -> list[list[int]]:
    """Cells of each stem, head to mouth: at a confluence the larger water keeps its name."""
    flow = terrain.flow
    stream = flow.cells >= terrain.stream_cells
    into, size = flow.receiver, flow.cells
    main = np.full(size.size, -1, dtype=np.int64)
    # From low to high: the last writer is the one that drains most, ties to the lower flat index.
    for at in sorted(np.flatnonzero(stream).tolist(), key=lambda cell: (int(size[cell]), -cell)):
        if into[at] != at:
            main[into[at]] = at
    heads = [at for at in np.flatnonzero(stream).tolist() if into[at] == at or main[into[at]] != at]
    stems = []
    for mouth in sorted(heads, key=lambda cell: (-int(size[cell]), cell)):
        stem = [] if into[mouth] == mouth else [int(into[mouth])]
        at = mouth
        while at >= 0:
            stem.append(at)
            at = int(main[at])
        if len(stem) > SHORTEST_CELLS:
            stems.append(stem[::-1])
    return stems


def _runs(cells: list[int], allowed: Bools) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    for cell in cells:
        if allowed[cell]:
            runs[-1].append(cell)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 3]


def segments_km2(rivers: list[River]) -> Floats:
    """Drained km2 of each segment of the rivers' lines, in order."""
    return np.concatenate([river.drained_km2[1:] for river in rivers])
