"""The whole made county in memory, in the order in which one thing leads to the next."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from siteplan.sample.faults import Fault, plant
from siteplan.sample.grid import Grid
from siteplan.sample.mesh import Mesh, make_mesh
from siteplan.sample.people import populate
from siteplan.sample.rivers import River, make_rivers, segments_km2
from siteplan.sample.roads import RoadPlan, plan_roads
from siteplan.sample.settlements import Settlements, settle, stand_clear
from siteplan.sample.surfaces import Section, make_sections
from siteplan.sample.terrain import Terrain, make_terrain

GRID = Grid(rows=612, cols=550, cell_m=80.0, west=446_000.0, north=2_954_000.0)
STREAM_KM2 = 2.5
ACCESS_M = 100.0
"""The plan's `access_m`: hamlets stand that close to the ends of their roads."""


@dataclass(frozen=True)
class World:
    """Ground, water, people and roads. `mesh` covers the frame, `county_mesh` what roads may use; `roads` is clean,
    `sections` its rows with the `faults` planted."""

    seed: int
    terrain: Terrain
    rivers: list[River]
    mesh: Mesh
    county_mesh: Mesh
    placed: Settlements
    roads: RoadPlan
    sections: list[Section]
    faults: list[Fault]

    def river_lines(self) -> list[shapely.LineString]:
        """The rivers' lines within the county."""
        return [river.line for river in self.rivers]


def make_world(seed: int) -> World:
    """The county of one seed."""
    terrain = make_terrain(GRID, seed, stream_km2=STREAM_KM2)
    everywhere = make_rivers(terrain, None, seed)
    lines = [river.line for river in everywhere]
    mesh = make_mesh(GRID, terrain.heights_m, lines, segments_km2(everywhere), seed)
    placed = settle(terrain, mesh, lines, seed)
    populate(placed.hamlets, [float(mesh.z[hamlet.point]) for hamlet in placed.hamlets], seed)
    county_mesh = mesh.kept_to(placed.county)
    roads = plan_roads(county_mesh, mesh, placed, seed)
    sections = make_sections(roads, county_mesh, placed, seed)
    rivers = make_rivers(terrain, placed.county, seed)
    waters = [river.line for river in rivers]
    stand_clear(placed, mesh, [section.line for section in sections], waters, seed, access_m=ACCESS_M)
    sections, faults = plant(sections, placed, seed)
    return World(seed, terrain, rivers, mesh, county_mesh, placed, roads, sections, faults)
