"""Water supply: springs above the hamlets, tanks on the way, pipes that run downhill all along."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_array

from siteplan.sample.grid import Floats
from siteplan.sample.layers import layer
from siteplan.sample.mesh import Mesh, Ways, ways_from
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.settlements import Settlements
from siteplan.sample.terrain import Terrain

SERVED = 0.74
"""Part of the villages with a supply of their own."""
SPRING_ABOVE_M = (35.0, 170.0)
TANK_ABOVE_M = 18.0
REACH_M = 2_600.0
LITRES_A_DAY = 55.0
"""What the made tanks and springs were laid out for, per person: a made figure, no standard."""
PIPES = ((900, 110), (450, 90), (220, 63), (100, 50), (0, 40))
"""(people downstream or more, nominal diameter in mm) of the made pipes."""


@dataclass
class _System:
    """One spring, its tank and the pipes as a tree over the mesh."""

    spring: int
    tank: int
    main: list[int]
    fed: dict[int, int]
    """Mesh point where a hamlet is fed -> index of the hamlet."""


def make_water(
    terrain: Terrain, placed: Settlements, mesh: Mesh, seed: int
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Water points (springs, tanks) and pipes.

    Points: id, name, name_en, kind (spring or tank), head_m (height of the ground), yield_m3_per_day, volume_m3,
    status, system. Lines: id, name, dn_mm, material, status, system, from_z_m, to_z_m, feeds (hamlet ids, `;`).
    """
    random = np.random.Generator(np.random.PCG64([seed, 12]))
    down = mesh.downhill()
    up = down.T.tocsr()
    flow_cells = np.asarray(terrain.grid.sampled(terrain.flow.cells.reshape(terrain.grid.shape), mesh.x, mesh.y))
    points: list[dict[str, object]] = []
    pipes: list[dict[str, object]] = []
    point_shapes: list[shapely.Point] = []
    pipe_shapes: list[shapely.LineString] = []
    for v in range(len(placed.village_seats)):
        if random.random() > SERVED:
            continue
        system = _system(v, placed, mesh, down, up, flow_cells, random)
        if system is None:
            continue
        people = sum(placed.hamlets[i].people for i in system.fed.values())
        name = f"W{v + 1:02d}"
        need = people * LITRES_A_DAY / 1000.0
        status = "正常" if random.random() < 0.9 else "需维修"
        place, place_en = placed.village_names[v]
        supply = round(need * (0.7 + 1.3 * random.random()), 1)
        volume = float(max(10, 5 * round(need * 0.5 / 5)))
        for kind, at, extra in (("spring", system.spring, (supply, np.nan)), ("tank", system.tank, (np.nan, volume))):
            word, word_en = ("泉", "Spring") if kind == "spring" else ("高位水池", "Tank")
            points.append({
                "id": f"{'Q' if kind == 'spring' else 'T'}{v + 1:03d}", "name": f"{place[:2]}{word}",
                "name_en": f"{place_en.split()[0]} {word_en}", "kind": kind, "head_m": round(float(mesh.z[at]), 2),
                "yield_m3_per_day": extra[0], "volume_m3": extra[1], "status": status, "system": name,
                "township": TOWNSHIPS[placed.village_township[v]][0],
            })  # fmt: skip
            point_shapes.append(shapely.Point(float(mesh.x[at]), float(mesh.y[at])))
        for run, behind in _runs(system, ways_from(down, [system.tank], limit=REACH_M)):
            load = sum(placed.hamlets[i].people for i in behind)
            pipes.append({
                "id": f"PW{len(pipes) + 1:04d}", "name": f"{place[:2]}供水管",
                "dn_mm": next(dn for least, dn in PIPES if load >= least),
                "material": "PE" if random.random() < 0.8 else "镀锌钢管", "status": status, "system": name,
                "from_z_m": round(float(mesh.z[run[0]]), 2), "to_z_m": round(float(mesh.z[run[-1]]), 2),
                "feeds": ";".join(f"H{i + 1:04d}" for i in behind),
            })  # fmt: skip
            pipe_shapes.append(mesh.line(run))
    return layer(points, point_shapes), layer(pipes, pipe_shapes)


def _system(
    v: int, placed: Settlements, mesh: Mesh, down: csr_array, up: csr_array, flow_cells: Floats,
    random: np.random.Generator,
) -> _System | None:  # fmt: skip
    """A supply for village `v`: the spring lies up a gully from one of its hamlets, the tank on the way."""
    own = [i for i, h in enumerate(placed.hamlets) if h.village == v]
    best: _System | None = None
    for lead in own[:4]:
        start = placed.hamlets[lead].point
        above = ways_from(up, [start], limit=REACH_M)
        rise = mesh.z - mesh.z[start]
        reached = (above.cost > 350.0) & np.isfinite(above.cost) & mesh.inside & (flow_cells < 250)
        fit = np.flatnonzero(reached & (rise > SPRING_ABOVE_M[0]) & (rise < SPRING_ABOVE_M[1]))
        if not fit.size:
            continue
        spring = int(fit[np.argmax(flow_cells[fit] * (0.6 + 0.8 * random.random(fit.size)))])
        way = above.path(spring)
        tanks = [n for n, point in enumerate(way[1:-1], 1) if mesh.z[point] - mesh.z[start] > TANK_ABOVE_M]
        if not tanks:
            continue
        tank = way[tanks[-1]]
        reach = ways_from(down, [tank], limit=REACH_M)
        fed = {placed.hamlets[i].point: i for i in own if np.isfinite(reach.cost[placed.hamlets[i].point])
               and mesh.z[tank] - mesh.z[placed.hamlets[i].point] > 10.0}  # fmt: skip
        fed[start] = lead
        if best is None or len(fed) > len(best.fed):
            best = _System(spring, tank, way[: tanks[-1] + 1], fed)
    return best


def _runs(system: _System, ways: Ways) -> list[tuple[list[int], list[int]]]:
    """Pipes from the spring to the tank and on to each hamlet, cut where they part, with the hamlets behind each."""
    behind: dict[int, list[int]] = {}
    after: dict[int, set[int]] = {}
    for point, hamlet in sorted(system.fed.items(), key=lambda pair: pair[1]):
        path = ways.path(point)
        for n, at in enumerate(path):
            behind.setdefault(at, []).append(hamlet)
            if n:
                after.setdefault(at, set()).add(path[n - 1])
    runs = [(system.main, sorted(system.fed.values()))]
    todo = [(system.tank, step) for step in sorted(after.get(system.tank, ()))]
    while todo:
        first, step = todo.pop(0)
        run = [first, step]
        while len(after.get(run[-1], ())) == 1 and run[-1] not in system.fed:
            run.append(next(iter(after[run[-1]])))
        runs.append((run, sorted(behind[step])))
        todo += [(run[-1], then) for then in sorted(after.get(run[-1], ()))]
    return runs
