"""The ground as a mesh on which ways are sought: cell corners, a little off their place, and the edges between them.

Each square of four corners keeps one diagonal only, the cheaper one: the mesh is planar, so two ways can meet at
mesh points and nowhere else. Roads, pipes and borders all run on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from siteplan.sample.grid import Bools, Floats, Grid, Ints, rounded_mm

JITTER = 0.15
"""Corners move by up to this part of a cell, each way: enough to look natural, and no two edges come closer than a
quarter of a cell without meeting."""

STEEP = 0.075
"""Grade at which a metre of road costs twice as much as on the flat; beyond, it grows with the square."""

BRIDGE_M = 420.0
"""What crossing a river adds, in metres of flat road; a big river adds more, by the root of what it drains."""


@dataclass(frozen=True)
class Mesh:
    """Points (`x`, `y`, `z`: metres) and edges (`a`, `b`: points; `length_m`; `cost`: metres of flat road). `inside`
    marks the points ways may use; edges elsewhere are not kept."""

    grid: Grid
    x: Floats
    y: Floats
    z: Floats
    a: Ints
    b: Ints
    length_m: Floats
    cost: Floats
    inside: Bools

    @property
    def columns(self) -> int:
        """Points in one row of the mesh."""
        return self.grid.cols + 1

    def kept_to(self, cells: Bools) -> Mesh:
        """The mesh with those edges only whose ends have all four cells around them in `cells`."""
        padded = np.pad(cells, 1)
        inside = (padded[:-1, :-1] & padded[:-1, 1:] & padded[1:, :-1] & padded[1:, 1:]).ravel()
        kept = inside[self.a] & inside[self.b]
        edges = (self.a[kept], self.b[kept], self.length_m[kept], self.cost[kept])
        return Mesh(self.grid, self.x, self.y, self.z, *edges, inside)

    def graph(self) -> csr_array:
        """Costs as a symmetric matrix."""
        return _matrix(self.a, self.b, self.cost, self.x.size)

    def downhill(self) -> csr_array:
        """Lengths of the edges as a directed matrix in which every step goes down."""
        down = self.z[self.a] > self.z[self.b]
        up = self.z[self.a] < self.z[self.b]
        tail = np.concatenate([self.a[down], self.b[up]])
        head = np.concatenate([self.b[down], self.a[up]])
        length = np.concatenate([self.length_m[down], self.length_m[up]])
        return csr_array((length, (tail, head)), shape=(self.x.size, self.x.size))

    def nearest(self, x: float, y: float) -> int:
        """The point of the mesh nearest to a place (of the corners of its cell)."""
        row, col = self.grid.cell_of(np.array([x]), np.array([y]))
        corner = int(row[0]) * self.columns + int(col[0])
        around = np.array([corner, corner + 1, corner + self.columns, corner + self.columns + 1])
        away = (self.x[around] - x) ** 2 + (self.y[around] - y) ** 2
        return int(around[np.argmin(away)])

    def line(self, points: list[int]) -> shapely.LineString:
        """The line through these points."""
        return shapely.LineString(np.column_stack([self.x[points], self.y[points]]))


@dataclass(frozen=True)
class Ways:
    """Least-cost ways from a set of points: `cost` to each point, `before` it on the way (-1: a start, or not
    reached), and the `start` it belongs to (-1: not reached)."""

    cost: Floats
    before: Ints
    start: Ints

    def path(self, to: int) -> list[int]:
        """The points from `to` back to the start it is reached from, both ends included."""
        path = [to]
        while (at := int(self.before[path[-1]])) >= 0:
            path.append(at)
        return path


def make_mesh(grid: Grid, heights_m: Floats, rivers: list[shapely.LineString], drained_km2: Floats, seed: int) -> Mesh:
    """The mesh over the whole of `grid`.

    `drained_km2` has one value a segment of `rivers`, in their order.
    """
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    rows, cols = grid.rows + 1, grid.cols + 1
    row, col = np.divmod(np.arange(rows * cols), cols)
    # The frame's edge stays straight; everything within moves.
    edge = (row == 0) | (row == grid.rows) | (col == 0) | (col == grid.cols)
    shift = np.where(edge, 0.0, 1.0) * (2.0 * random.random((2, rows * cols)) - 1.0) * JITTER
    x, y = rounded_mm(grid.x(col + shift[0])), rounded_mm(grid.y(row + shift[1]))
    z = grid.interpolated(heights_m, x, y)
    at = np.arange(rows * cols).reshape(rows, cols)
    right, down = (at[:, :-1], at[:, 1:]), (at[:-1, :], at[1:, :])
    falling, rising = (at[:-1, :-1], at[1:, 1:]), (at[1:, :-1], at[:-1, 1:])
    keep = _slope_cost(x, y, z, *falling) <= _slope_cost(x, y, z, *rising)
    pairs = [right, down, (np.where(keep, falling[0], rising[0]), np.where(keep, falling[1], rising[1]))]
    a = np.concatenate([first.ravel() for first, _ in pairs])
    b = np.concatenate([second.ravel() for _, second in pairs])
    cost = _slope_cost(x, y, z, a, b) + _river_cost(x, y, a, b, rivers, drained_km2)
    length = np.sqrt((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2)
    return Mesh(grid, x, y, z, a, b, length, cost, np.ones(x.size, dtype=bool))


def ways_from(graph: csr_array, starts: Ints | list[int], *, limit: float = np.inf) -> Ways:
    """Least-cost ways from the nearest of `starts` to every point within `limit`."""
    cost, before, start = dijkstra(
        graph, directed=True, indices=np.asarray(starts), min_only=True, return_predecessors=True, limit=limit
    )
    return Ways(
        cost, np.where(before < 0, -1, before).astype(np.int64), np.where(start < 0, -1, start).astype(np.int64)
    )


def _slope_cost(x: Floats, y: Floats, z: Floats, a: Ints, b: Ints) -> Floats:
    run = np.sqrt((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2)
    grade = np.abs(z[b] - z[a]) / run
    return run * (1.0 + (grade / STEEP) * (grade / STEEP))


def _river_cost(
    x: Floats, y: Floats, a: Ints, b: Ints, rivers: list[shapely.LineString], drained_km2: Floats
) -> Floats:
    """What bridges add to the edges that cross a river; passing close to one costs a little, too."""
    ends = [shapely.get_coordinates(line) for line in rivers]
    segments = np.concatenate([shapely.linestrings(np.stack([c[:-1], c[1:]], axis=1)) for c in ends])
    edges = shapely.linestrings(np.stack([np.column_stack([x[a], y[a]]), np.column_stack([x[b], y[b]])], axis=1))
    tree = shapely.STRtree(segments)
    extra = np.zeros(a.size)
    near = tree.query(edges, predicate="dwithin", distance=14.0)
    extra[near[0]] = 25.0
    hit = tree.query(edges, predicate="intersects")
    np.maximum.at(extra, hit[0], BRIDGE_M + 30.0 * np.sqrt(drained_km2[hit[1]]))
    return extra


def _matrix(a: Ints, b: Ints, weight: Floats, n: int) -> csr_array:
    return csr_array((np.concatenate([weight, weight]), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=(n, n))
