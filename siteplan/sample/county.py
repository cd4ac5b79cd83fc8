"""From a seed to the county's files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from siteplan.sample import files, layers
from siteplan.sample.candidates import make_sites
from siteplan.sample.centres import make_centres
from siteplan.sample.power import make_power_lines
from siteplan.sample.projects import make_projects
from siteplan.sample.water import make_water
from siteplan.sample.world import World, make_world
from siteplan.sample.zones import make_boundaries, make_farmland, make_hazards, make_redline

SEED = 20260101


def county_layers(world: World) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """All layers by name; `projects` and `planted` are plain tables."""
    placed, mesh = world.placed, world.county_mesh
    lines = [section.line for section in world.sections]
    made: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {
        "villages": layers.villages(placed),
        "roads": layers.roads(world.sections),
        "centres": make_centres(placed, mesh, world.river_lines(), world.seed),
        "boundaries": make_boundaries(placed, mesh),
        "hazards": make_hazards(world.terrain, placed, mesh, world.rivers, world.seed),
        "farmland": make_farmland(world.terrain, placed, mesh, lines),
        "redline": make_redline(world.terrain, placed, mesh),
        "rivers": layers.rivers(world.rivers),
        "planted": layers.planted(world.faults),
    }
    made["water_points"], made["water_lines"] = make_water(world.terrain, placed, mesh, world.seed)
    made["power_lines"] = make_power_lines(placed, mesh, world.seed)
    made["sites"] = make_sites(world, made)
    made["projects"] = make_projects(world, made)
    return made


def make_sample(folder: str | Path, *, seed: int = SEED) -> dict[str, int]:
    """Make the sample county's files in `folder` (made if it is not there).

    Returns
    -------
    dict
        Rows written, by layer.

    Raises
    ------
    OutputWriteError
        When a file cannot be written.
    """
    target = Path(folder)
    world = make_world(seed)
    made = county_layers(world)
    target.mkdir(parents=True, exist_ok=True)
    files.write_dem(target / "dem.tif", world.terrain.heights_m, world.terrain.grid)
    files.write_gpkg(target / "villages.gpkg", {"villages": made["villages"]})
    files.write_gpkg(target / "roads.gpkg", {"roads": made["roads"]})
    files.write_gpkg(target / "county.gpkg", {name: made[name] for name in files.COUNTY_LAYERS})
    for name in ("projects", "planted"):
        files.write_csv(target / f"{name}.csv", made[name])
    (target / "plan.toml").write_text(files.plan_text(), encoding="utf-8", newline="\n")
    return {name: len(table) for name, table in made.items()}
