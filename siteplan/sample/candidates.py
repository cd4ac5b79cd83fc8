"""Resettlement sites: ten chosen ones and fifteen further candidates, some of them with something against them."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.sample.grid import Floats, rounded_mm
from siteplan.sample.layers import layer
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.people import RELOCATION
from siteplan.sample.world import World

CHOSEN_IN_TOWNSHIP = (1, 1, 1, 1, 2, 1, 1, 2)
FURTHER_IN_TOWNSHIP = (2, 2, 2, 1, 2, 2, 2, 2)
APART_M = 650.0
STAGES = (
    "场地平整",
    "基础施工",
    "主体施工",
    "用地报批",
    "主体施工",
    "场地平整",
    "基础施工",
    "用地报批",
    "装修",
    "场地平整",
)


def make_sites(world: World, made: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> gpd.GeoDataFrame:
    """Sites as polygons: id, name, name_en, township, stage, capacity_households, area_m2, chosen.

    The chosen lie clear of hazards, farmland and redline, near an open road, with places for all who move in their
    township; the further ones are taken as they come.
    """
    random = np.random.Generator(np.random.PCG64([world.seed, 13]))
    mesh, terrain = world.county_mesh, world.terrain
    slope = np.asarray(terrain.grid.sampled(terrain.slope, mesh.x, mesh.y), dtype=float)
    township = np.asarray(terrain.grid.sampled(world.placed.township_cells, mesh.x, mesh.y))
    above = np.asarray(terrain.grid.sampled(terrain.above_river_m, mesh.x, mesh.y), dtype=float)
    built = shapely.STRtree([s.line for s in world.sections if s.status == "已建" and not s.island])
    wet = shapely.STRtree(world.river_lines())
    barred = shapely.STRtree([shape for name in ("hazards", "farmland", "redline") for shape in made[name].geometry])
    homes = shapely.STRtree([shapely.Point(h.x, h.y) for h in world.placed.hamlets])
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Polygon] = []
    score = random.random(mesh.x.size)
    for chosen, wanted in ((True, CHOSEN_IN_TOWNSHIP), (False, FURTHER_IN_TOWNSHIP)):
        for t, n in enumerate(wanted):
            fit = np.flatnonzero((township == t) & mesh.inside & (slope < (0.2 if chosen else 0.38)) & (above > 6.0))
            places = n
            for at in fit[np.argsort(-score[fit], kind="stable")].tolist():
                if not places:
                    break
                households = -(-RELOCATION[t][0] // n) + 2 + int(random.random() * 8) if chosen else 12 + int(
                    random.random() * 50)  # fmt: skip
                shape = _plot(
                    float(mesh.x[at]), float(mesh.y[at]), households * (310.0 + 130.0 * random.random()), random
                )
                road_m = float(built.geometries.take(built.nearest(shape)).distance(shape))
                if wet.query(shape, predicate="dwithin", distance=25.0).size:
                    continue
                if road_m == 0.0 or homes.query(shape, predicate="dwithin", distance=20.0).size:
                    continue
                if road_m > (350.0 if chosen else 1800.0) or any(shape.distance(other) < APART_M for other in shapes):
                    continue
                if chosen and barred.query(shape, predicate="intersects").size:
                    continue
                rows.append(_row(len(rows), t, households, shape, chosen, world))
                shapes.append(shape)
                places -= 1
    return layer(rows, shapes)


def _row(n: int, t: int, households: int, shape: shapely.Polygon, chosen: bool, world: World) -> dict[str, object]:
    near = min(world.placed.hamlets, key=lambda h: round((h.x - shape.centroid.x) ** 2 + (h.y - shape.centroid.y) ** 2))
    return {
        "id": f"S{n + 1:02d}", "name": f"{near.name}安置点" if chosen else f"{near.name}备选地块",
        "name_en": f"{near.name_en} {'Resettlement Site' if chosen else 'Candidate'}", "township": TOWNSHIPS[t][0],
        "stage": STAGES[n % len(STAGES)] if chosen else "备选", "capacity_households": households,
        "area_m2": round(shape.area), "chosen": chosen,
    }  # fmt: skip


def _plot(x: float, y: float, area_m2: float, random: np.random.Generator) -> shapely.Polygon:
    """A plot of about this area: four or five corners, longer than wide, turned at random."""
    long = float(np.sqrt(area_m2 * (1.2 + 0.7 * random.random())))
    wide = area_m2 / long
    corners = (
        np.array([(-0.5, -0.5), (0.5, -0.5), (0.58, 0.1), (0.5, 0.5), (-0.5, 0.5)])
        + (random.random((5, 2)) - 0.5) * 0.12
    )
    dx, dy = 2.0 * random.random() - 1.0, 2.0 * random.random() - 1.0
    length = float(np.sqrt(dx * dx + dy * dy)) or 1.0
    turn = np.array([[dx, dy], [-dy, dx]]) / length
    ring: Floats = rounded_mm((corners * np.array([long, wide])) @ turn + np.array([x, y]))
    return shapely.Polygon(ring)
