"""Where people live: township seats in the wide valleys, villages about them, hamlets on the gentler ground."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from siteplan.sample.grid import Bools, Floats, Ints, rounded_mm
from siteplan.sample.mesh import Mesh, ways_from
from siteplan.sample.names import TOWNSHIPS, Names
from siteplan.sample.terrain import Terrain

VILLAGES_IN_TOWNSHIP = (7, 6, 5, 6, 9, 7, 5, 7)
HAMLETS = 350
SEATS_APART_M = 8_800.0
VILLAGES_APART_M = (3_000.0, 2_200.0, 1_500.0)
HAMLETS_APART_M = 520.0


@dataclass
class Hamlet:
    """One hamlet: the mesh point where its road ends, its place, its names and (filled later) its people."""

    point: int
    x: float
    y: float
    village: int
    township: int
    high: bool
    name: str = ""
    name_en: str = ""
    households: int = 0
    people: int = 0
    relocate_households: int = 0
    relocate_people: int = 0
    livestock: int = 0


@dataclass
class Settlements:
    """Townships (indices of `TOWNSHIPS`), villages and hamlets.

    `township_cells`: township of each cell, -1 outside the county; `seats`, `village_seats`: mesh points;
    `outside`: mesh points of the towns beyond the border.
    """

    township_cells: Ints
    seats: list[int]
    county_seat: int
    outside: list[int]
    village_seats: list[int]
    village_township: list[int]
    village_names: list[tuple[str, str]]
    hamlets: list[Hamlet] = field(default_factory=list)

    @property
    def county(self) -> Bools:
        """Cells of the county."""
        return self.township_cells >= 0


def settle(terrain: Terrain, mesh: Mesh, rivers: list[shapely.LineString], seed: int) -> Settlements:
    """Seats, borders, villages and hamlets on the whole mesh of the frame."""
    random = np.random.Generator(np.random.PCG64([seed, 4]))
    ground = _Ground(terrain, mesh, rivers)
    seats = _seats(ground)
    outside = _outside(ground)
    owner = ways_from(mesh.graph(), seats + outside).start
    place_of = {seat: i for i, seat in enumerate(seats)}
    township_point = np.array([place_of.get(int(s), -1) for s in np.unique(owner)])[
        np.unique(owner, return_inverse=True)[1]
    ]
    cells = _cells(township_point, mesh)
    names = Names(seed)
    placed = Settlements(cells, seats, seats[4], outside, [], [], [])
    _villages(placed, ground, names, random)
    _hamlets(placed, ground, mesh.kept_to(placed.county), names, random)
    return placed


class _Ground:
    """What the choice of places looks at, one value a mesh point."""

    def __init__(self, terrain: Terrain, mesh: Mesh, rivers: list[shapely.LineString]) -> None:
        grid = terrain.grid
        self.mesh, self.terrain = mesh, terrain
        self.slope = np.asarray(grid.sampled(terrain.slope, mesh.x, mesh.y), dtype=float)
        self.above = np.asarray(grid.sampled(terrain.above_river_m, mesh.x, mesh.y), dtype=float)
        self.stream_km2 = np.asarray(grid.sampled(terrain.stream_km2, mesh.x, mesh.y), dtype=float)
        self.rivers = shapely.STRtree(rivers)
        self.dry = np.ones(mesh.x.size, dtype=bool)
        self.dry[
            np.unique(self.rivers.query(shapely.points(mesh.x, mesh.y), predicate="dwithin", distance=45.0)[0])
        ] = False

    def margin_m(self) -> Floats:
        """Distance of each point to the frame's edge."""
        grid, mesh = self.terrain.grid, self.mesh
        east, south = grid.west + grid.cols * grid.cell_m, grid.north - grid.rows * grid.cell_m
        return np.minimum(
            np.minimum(mesh.x - grid.west, east - mesh.x), np.minimum(mesh.y - south, grid.north - mesh.y)
        )

    def spread(self, score: Floats, allowed: Bools, apart_m: float, n: int, taken: list[int]) -> list[int]:
        """Up to `n` allowed points by falling score, each `apart_m` from the others and from those taken."""
        mesh = self.mesh
        chosen: list[int] = []
        free = np.flatnonzero(allowed)
        for at in taken:
            free = free[(mesh.x[free] - mesh.x[at]) ** 2 + (mesh.y[free] - mesh.y[at]) ** 2 >= apart_m * apart_m]
        free = free[np.argsort(-score[free], kind="stable")]
        while free.size and len(chosen) < n:
            at = int(free[0])
            chosen.append(at)
            free = free[(mesh.x[free] - mesh.x[at]) ** 2 + (mesh.y[free] - mesh.y[at]) ** 2 >= apart_m * apart_m]
        return chosen

    def beside(self, point: int, near_m: float, far_m: float, random: np.random.Generator) -> tuple[float, float]:
        """A place `near_m` to `far_m` from a mesh point, with no river between nor close by."""
        for _ in range(40):
            away = near_m + (far_m - near_m) * random.random()
            dx, dy = 2.0 * random.random() - 1.0, 2.0 * random.random() - 1.0
            length = float(np.sqrt(dx * dx + dy * dy))
            if length < 0.1:
                continue
            x0, y0 = float(self.mesh.x[point]), float(self.mesh.y[point])
            x, y = rounded_mm(np.array([x0 + dx / length * away, y0 + dy / length * away])).tolist()
            leg = shapely.LineString([(x0, y0), (x, y)])
            if self.rivers.query(leg, predicate="dwithin", distance=18.0).size == 0:
                return x, y
        return float(self.mesh.x[point]) + 12.0, float(self.mesh.y[point]) + 12.0


def _seats(ground: _Ground) -> list[int]:
    """Eight seats in the widest valleys; the county's own (index 4) is the one most in the middle of much water."""
    fit = (
        (ground.slope < 0.12) & (ground.above > 3.0) & (ground.above < 45.0) & ground.dry & (ground.margin_m() > 6500.0)
    )
    chosen = ground.spread(np.sqrt(ground.stream_km2) * (1.0 - ground.slope), fit, SEATS_APART_M, 8, [])
    mesh = ground.mesh
    x, y = mesh.x[chosen], mesh.y[chosen]
    central = (x - x.mean()) ** 2 + (y - y.mean()) ** 2
    county = int(np.argmin(np.rint(central)))
    rest = [seat for i, seat in enumerate(chosen) if i != county]
    rest.sort(key=lambda seat: (-round(float(mesh.y[seat])), seat))
    return [*rest[:4], chosen[county], *rest[4:]]


def _outside(ground: _Ground) -> list[int]:
    """Towns of the neighbouring counties, close to the frame's edge."""
    margin = ground.margin_m()
    fit = (margin > 300.0) & (margin < 1300.0)
    return ground.spread(np.sqrt(ground.stream_km2), fit, 5_000.0, 40, [])


def _cells(township_point: Ints, mesh: Mesh) -> Ints:
    """Township of each cell: that of its north-west corner, lone cells given to their neighbours, one piece each."""
    from scipy import ndimage

    grid = mesh.grid
    cells = township_point.reshape(grid.rows + 1, grid.cols + 1)[:-1, :-1].copy()
    cells[:8], cells[-8:], cells[:, :8], cells[:, -8:] = -1, -1, -1, -1
    labels = range(-1, int(cells.max()) + 1)
    for _ in range(3):
        votes = np.stack([ndimage.uniform_filter((cells == label).astype(np.float32), 5) for label in labels])
        cells = np.rint(np.argmax(votes, axis=0)).astype(np.int64) - 1
    for label in labels:
        parts, n = ndimage.label(cells == label)
        if n > 1:
            sizes = ndimage.sum_labels(np.ones(cells.shape), parts, range(1, n + 1))
            stray = (parts > 0) & (parts != int(np.argmax(sizes)) + 1)
            nearest = ndimage.distance_transform_edt(
                stray | (cells == label), return_distances=False, return_indices=True
            )
            cells = np.where(stray, cells[tuple(nearest)], cells)
    return cells


def _villages(placed: Settlements, ground: _Ground, names: Names, random: np.random.Generator) -> None:
    mesh = ground.mesh
    township = np.asarray(mesh.grid.sampled(placed.township_cells, mesh.x, mesh.y))
    inner = mesh.kept_to(_shrunk(placed.county, 10)).inside
    score = random.random(mesh.x.size) * (1.0 - 2.0 * ground.slope)
    for t, n in enumerate(VILLAGES_IN_TOWNSHIP):
        fit = (township == t) & inner & ground.dry & (ground.slope < 0.2) & (ground.above > 5.0)
        seats = [placed.seats[t]]
        for apart in VILLAGES_APART_M:
            seats += ground.spread(score, fit, apart, n - len(seats), placed.village_seats + seats)
        placed.village_seats += seats
        placed.village_township += [t] * len(seats)
    for v, t in enumerate(placed.village_township):
        town, town_en = TOWNSHIPS[t]
        at_seat = placed.village_seats[v] == placed.seats[t]
        placed.village_names.append(
            (f"{town[:-1]}社区", f"{town_en.split()[0]} Community") if at_seat else names.village()
        )


def _shrunk(cells: Bools, by: int) -> Bools:
    from scipy import ndimage

    return ndimage.binary_erosion(cells, iterations=by)


def _hamlets(placed: Settlements, ground: _Ground, mesh: Mesh, names: Names, random: np.random.Generator) -> None:
    ways = ways_from(mesh.graph(), placed.village_seats)
    township = np.asarray(mesh.grid.sampled(placed.township_cells, mesh.x, mesh.y))
    inner = mesh.kept_to(_shrunk(placed.county, 5)).inside
    score = (
        random.random(mesh.x.size) * (1.0 - 2.5 * ground.slope)
        - np.where(np.isfinite(ways.cost), ways.cost, 1e9) / 60_000
    )
    wanted = _counts(len(placed.village_seats), random)
    taken: list[int] = list(placed.village_seats)
    for v, seat in enumerate(placed.village_seats):
        t = placed.village_township[v]
        own = (ways.start == seat) & (township == t) & inner & ground.dry & (ground.above > 4.0)
        points = [seat]
        for steepest in (0.2, 0.3, 0.4):
            more = ground.spread(
                score, own & (ground.slope < steepest), HAMLETS_APART_M, wanted[v] - len(points), taken
            )
            points += more
            taken += more
        high = [bool(ground.above[p] > 60.0) for p in points]
        for point, above, (name, name_en) in zip(points, high, names.hamlets(high), strict=True):
            x, y = ground.beside(point, 20.0, 85.0, random)
            placed.hamlets.append(Hamlet(point, x, y, v, t, above, name, name_en))


def stand_clear(
    placed: Settlements,
    mesh: Mesh,
    roads: list[shapely.LineString],
    rivers: list[shapely.LineString],
    seed: int,
    *,
    access_m: float,
) -> None:
    """Moves hamlets, each about the end of its road, until no river runs between one and a road within `access_m`.

    None is left within 2 m of that distance from a road: whether a road is near must not hang on a rounding.
    """
    random = np.random.Generator(np.random.PCG64([seed, 15]))
    lines, water = shapely.STRtree(roads), shapely.STRtree(rivers)
    for hamlet in placed.hamlets:
        for _ in range(80):
            place = shapely.Point(hamlet.x, hamlet.y)
            near = lines.geometries.take(lines.query(place, predicate="dwithin", distance=access_m + 2.0))
            legs = shapely.shortest_line(place, near)
            on_edge = shapely.length(legs) > access_m - 2.0
            if not on_edge.any() and water.query(legs, predicate="intersects").size == 0:
                break
            dx, dy = ((2.0 * random.random(2) - 1.0) * 85.0).tolist()
            if dx * dx + dy * dy > 400.0:
                x, y = rounded_mm(np.array([mesh.x[hamlet.point] + dx, mesh.y[hamlet.point] + dy])).tolist()
                if water.query(shapely.Point(x, y), predicate="dwithin", distance=18.0).size == 0:
                    hamlet.x, hamlet.y = x, y
        else:
            raise AssertionError(f"no place for the hamlet at {hamlet.x:.0f}, {hamlet.y:.0f}: another seed is needed")


def _counts(villages: int, random: np.random.Generator) -> list[int]:
    """Hamlets of each village: 4 to 9, `HAMLETS` in all."""
    counts = (4 + np.floor(random.random(villages) * 6)).astype(np.int64)
    at = 0
    while int(counts.sum()) != HAMLETS:
        step = 1 if int(counts.sum()) < HAMLETS else -1
        if 4 <= counts[at % villages] + step <= 9:
            counts[at % villages] += step
        at += 1
    return counts.tolist()
