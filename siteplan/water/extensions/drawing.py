"""Projects as features: their pipes along the corridors, their pumps, tanks and taps as points."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from siteplan.water.extensions.county import CountyCorridors
from siteplan.water.extensions.design import ExtensionDesign

PROJECT_COLUMNS = ("rank", "source", "state", "chosen", "people", "cost", "cost_per_person")
"""Of their project, beside each pipe and each work."""


def drawn_pipes(design: ExtensionDesign, county: CountyCorridors, crs: object) -> gpd.GeoDataFrame:
    """`ExtensionDesign.pipes` as lines in the sense of flow, with corridor ("road", "pipe", "ground") and
    `PROJECT_COLUMNS`; rank counts projects from 1."""
    pipes = design.pipes
    edge = pipes["edge"].to_numpy(dtype=np.int64)
    lines = county.lines[edge]
    # Lengths of a design lie over the ground, a drawn line on the plane: places are taken in proportion.
    scale = shapely.length(lines) / county.corridors.length_m[edge]
    start, stop = (pipes[name].to_numpy(dtype=np.float64) * scale for name in ("from_m", "to_m"))
    shapes = [substring(line, a, b) for line, a, b in zip(lines, start.tolist(), stop.tolist(), strict=True)]
    table = pipes.assign(corridor=county.kind[edge].astype(object)).drop(columns=["edge"])
    return gpd.GeoDataFrame(_with_project(table, design), geometry=shapes, crs=crs)


def drawn_works(design: ExtensionDesign, county: CountyCorridors, crs: object) -> gpd.GeoDataFrame:
    """`ExtensionDesign.works` as points, with `PROJECT_COLUMNS`."""
    works, corridors = design.works, county.corridors
    edge, node = (works[name].to_numpy(dtype=np.int64) for name in ("edge", "node"))
    on_edge = edge >= 0
    at = np.column_stack([corridors.x[np.maximum(node, 0)], corridors.y[np.maximum(node, 0)]]).reshape(-1, 2)
    lines = county.lines[edge[on_edge]]
    share = works["station_m"].to_numpy(dtype=np.float64)[on_edge] / corridors.length_m[edge[on_edge]]
    spots = shapely.line_interpolate_point(lines, np.clip(share, 0.0, 1.0), normalized=True)
    at[on_edge] = shapely.get_coordinates(spots)
    table = _with_project(works.drop(columns=["edge", "node", "station_m"]), design)
    return gpd.GeoDataFrame(table, geometry=shapely.points(at), crs=crs)


def _with_project(table: pd.DataFrame, design: ExtensionDesign) -> pd.DataFrame:
    ranked = design.projects.assign(rank=np.arange(1, len(design.projects) + 1))
    own = ranked.loc[table["project"], list(PROJECT_COLUMNS)].reset_index(drop=True)
    # A work has a cost of its own; that of the whole project stands beside it.
    own = own.rename(columns={"cost": "project_cost"})
    return pd.concat([table.reset_index(drop=True), own], axis=1)
