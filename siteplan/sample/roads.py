"""Roads: each a least-cost way over the mesh to the network that is already there, from national road to hamlet track.

A row of the roads layer is a part of one such way, so its cost equals the least cost between its ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely

from siteplan.sample.mesh import Mesh, Ways, ways_from
from siteplan.sample.settlements import Hamlet, Settlements

NATIONAL, PROVINCIAL, COUNTY, TOWNSHIP, VILLAGE, HAMLET = "国道", "省道", "县道", "乡道", "村道", "组道"
CLEAR_M = 62.0
"""A dead end stays this far from every other line: what comes nearer is a planted fault."""
NO_ROAD, STUBS, TRACKS = 17, 10, 6
"""Hamlets without any road, with a paved stub that leads nowhere, with an earth track that leads nowhere."""
REMOTE_M = 700.0
STUB_M = 420.0


@dataclass(frozen=True)
class Road:
    """One row to be: mesh points in order, class, and what else is known of it."""

    points: tuple[int, ...]
    road_class: str
    surface: str = ""
    status: str = "已建"
    open_months: int = 12
    island: bool = False


@dataclass
class RoadPlan:
    """The roads as ways over the mesh, and the hamlets (indices) that are left without: `no_road`, `stubs`,
    `tracks`; `planned` names those for which a road is planned."""

    roads: list[Road]
    no_road: list[int]
    stubs: list[int]
    tracks: list[int]
    planned: list[int]


class _Network:
    """The roads so far; ways start at any of their points at no cost."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh, self.graph = mesh, mesh.graph()
        self.used = np.zeros(mesh.x.size, dtype=bool)
        self.edges: set[tuple[int, int]] = set()
        self.roads: list[Road] = []

    def add(self, points: list[int], road_class: str) -> None:
        """A road along `points`, in as many rows as there are stretches not yet built."""
        run: list[int] = []
        for a, b in pairwise(points):
            key = (min(a, b), max(a, b))
            if key in self.edges:
                self._row(run, road_class)
                run = []
                continue
            self.edges.add(key)
            run = run or [a]
            run.append(b)
            if self.used[b]:
                self._row(run, road_class)
                run = []
        self._row(run, road_class)

    def _row(self, run: list[int], road_class: str) -> None:
        if len(run) > 1:
            self.roads.append(Road(tuple(run), road_class))
            self.used[run] = True

    def ways(self) -> Ways:
        return ways_from(self.graph, np.flatnonzero(self.used))

    def reach(self, targets: list[int], road_class: str) -> None:
        """A tree of least-cost ways from the network to all targets, the farthest first."""
        ways = self.ways()
        for target in sorted(targets, key=lambda point: (-float(ways.cost[point]), point)):
            path = [target]
            while not self.used[path[-1]]:
                path.append(int(ways.before[path[-1]]))
            if len(path) > 1:
                self.add(path, road_class)

    def link(self, a: int, b: int, road_class: str) -> None:
        """The least-cost way between two points, where it is not there yet."""
        self.add(ways_from(self.graph, [a]).path(b), road_class)


def plan_roads(mesh: Mesh, whole: Mesh, placed: Settlements, seed: int) -> RoadPlan:
    """All roads on `mesh` (the county's ground); `whole`, the frame's, tells where main roads leave the county."""
    random = np.random.Generator(np.random.PCG64([seed, 6]))
    network = _Network(mesh)
    for town, road_class in _exits(mesh, whole, placed):
        network.link(town, placed.county_seat, road_class)
    network.reach(placed.seats, COUNTY)
    for a, b in _neighbours(mesh, placed.seats)[:4]:
        network.link(placed.seats[a], placed.seats[b], COUNTY)
    network.reach(placed.village_seats, TOWNSHIP)
    hamlets = placed.hamlets
    remote = _remote(network, hamlets, placed, random)
    network.reach([h.point for i, h in enumerate(hamlets) if i not in remote and h.households >= 26], VILLAGE)
    network.reach([h.point for i, h in enumerate(hamlets) if i not in remote], HAMLET)
    lines = shapely.STRtree([mesh.line(list(road.points)) for road in network.roads])
    away = lines.query_nearest(
        shapely.points([hamlets[i].x for i in remote], [hamlets[i].y for i in remote]),
        return_distance=True,
        all_matches=False,
    )[1]
    kept = [i for i, d in zip(remote, away, strict=True) if d >= REMOTE_M][: NO_ROAD + STUBS + TRACKS]
    network.reach([hamlets[i].point for i in remote if i not in kept], HAMLET)
    remote = kept
    roads = _clear_ends(network.roads, mesh)
    return _islands(roads, network, placed, remote)


def _exits(mesh: Mesh, whole: Mesh, placed: Settlements) -> list[tuple[int, str]]:
    """Where the main roads cross the border: towards three towns outside, as far apart as may be."""
    ways = ways_from(whole.graph(), [placed.county_seat])
    towns = sorted(placed.outside, key=lambda point: (float(ways.cost[point]), point))
    chosen = [towns[0]]
    while len(chosen) < 3:
        apart = [min((whole.x[t] - whole.x[c]) ** 2 + (whole.y[t] - whole.y[c]) ** 2 for c in chosen) for t in towns]
        chosen.append(towns[int(np.argmax(np.rint(apart)))])
    exits = []
    for town, road_class in zip(chosen, (NATIONAL, NATIONAL, PROVINCIAL), strict=True):
        path = ways.path(town)[::-1]
        inside = mesh.inside[path]
        last = int(np.argmin(inside)) - 1 if not inside.all() else len(path) - 1
        exits.append((path[last], road_class))
    return exits


def _neighbours(mesh: Mesh, seats: list[int]) -> list[tuple[int, int]]:
    pairs = [(a, b) for a in range(len(seats)) for b in range(a)]
    pairs.sort(
        key=lambda p: (
            round((mesh.x[seats[p[0]]] - mesh.x[seats[p[1]]]) ** 2 + (mesh.y[seats[p[0]]] - mesh.y[seats[p[1]]]) ** 2),
            p,
        )
    )
    return pairs


def _remote(network: _Network, hamlets: list[Hamlet], placed: Settlements, random: np.random.Generator) -> list[int]:
    """Hamlets that may stay without a road: small ones, dear to reach."""
    cost = network.ways().cost
    fit = [i for i, h in enumerate(hamlets) if h.households < 32 and h.point not in placed.village_seats]
    fit.sort(key=lambda i: (-float(cost[hamlets[i].point]) * (0.5 + random.random()), i))
    return fit[: 2 * (NO_ROAD + STUBS + TRACKS)]


def _clear_ends(roads: list[Road], mesh: Mesh) -> list[Road]:
    """The roads with dead ends drawn back until they are `CLEAR_M` from all other lines; what vanishes is left out."""
    while True:
        near = near_ends([mesh.line(list(road.points)) for road in roads], CLEAR_M)
        if not near:
            return roads
        shorter = []
        for i, road in enumerate(roads):
            ends = {end for row, end in near if row == i}
            points = road.points[1 if 0 in ends else 0 : -1 if 1 in ends else None]
            if len(points) > 1:
                shorter.append(replace(road, points=points))
        roads = shorter


def near_ends(lines: list[shapely.LineString], within_m: float) -> list[tuple[int, int]]:
    """Dead ends (row, 0 first or 1 last) that lie within `within_m` of a line they do not share a point with."""
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    tree = shapely.STRtree(lines)
    own = np.tile(np.arange(len(lines)), 2)
    point, line = tree.query(ends, predicate="dwithin", distance=within_m)
    other = line != own[point]
    point, line = point[other], line[other]
    touching = np.zeros(len(ends), dtype=bool)
    touching[point[shapely.distance(ends[point], np.asarray(lines)[line]) == 0.0]] = True
    loose = np.unique(point[~touching[point]])
    return [(int(own[p]), int(p >= len(lines))) for p in loose]


def _islands(roads: list[Road], network: _Network, placed: Settlements, remote: list[int]) -> RoadPlan:
    """Stubs and tracks by some of the remote hamlets, well away from the network and from every seat."""
    mesh, hamlets = network.mesh, placed.hamlets
    plan = RoadPlan(list(roads), [], [], [], [])
    ways = network.ways()
    seats = shapely.MultiPoint(np.column_stack([mesh.x[placed.village_seats], mesh.y[placed.village_seats]]))
    for i in remote:
        lines = np.asarray([mesh.line(list(road.points)) for road in plan.roads])
        place = shapely.Point(hamlets[i].x, hamlets[i].y)
        path = ways.path(hamlets[i].point)
        stub = path[:2]
        while mesh.line(stub).length < STUB_M and len(stub) < len(path) - 4:
            stub = path[: len(stub) + 1]
        line = mesh.line(stub)
        far = (
            float(shapely.distance(lines, place).min()) > REMOTE_M
            and float(shapely.distance(lines, line).min()) > 150.0
        )
        if not far or line.length < STUB_M or float(line.distance(seats)) < REMOTE_M:
            plan.no_road.append(i)
        elif len(plan.stubs) < STUBS:
            plan.stubs.append(i)
            plan.roads.append(Road(tuple(stub), HAMLET, "水泥", island=True))
        elif len(plan.tracks) < TRACKS:
            plan.tracks.append(i)
            plan.roads.append(Road(tuple(stub), HAMLET, "土路", island=True))
        else:
            plan.no_road.append(i)
    for i in [*plan.stubs[:2], *plan.no_road[:2]]:
        _planned(plan, network, ways, hamlets[i])
        plan.planned.append(i)
    return plan


def _planned(plan: RoadPlan, network: _Network, ways: Ways, hamlet: Hamlet) -> None:
    """The road that is planned for a hamlet: the rest of its way, as far as nothing stands there yet."""
    built = {point for road in plan.roads for point in road.points}
    path = ways.path(hamlet.point)
    start = max((n for n, point in enumerate(path) if point in built and not network.used[point]), default=0)
    end = next(n for n, point in enumerate(path) if n > start and point in built)
    plan.roads.append(Road(tuple(path[start : end + 1]), HAMLET, "水泥", status="规划"))
