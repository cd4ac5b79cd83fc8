"""A made province: roads of 10 vertices on a bent grid, with ends that stop short, crossings, islands, and hamlets."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:32648"


@dataclass(frozen=True)
class Province:
    """Roads (id, hard, anchor, LineString of 10 vertices) and hamlets (points) in metres."""

    roads: gpd.GeoDataFrame
    hamlets: gpd.GeoDataFrame


def made_province(n_roads: int, *, seed: int = 7) -> Province:
    """About `n_roads` roads and a fifth as many hamlets.

    Nodes stand on a grid of 500 m, moved by up to 120 m; roads join neighbours over 10 vertices that sway by some
    metres. A tenth is left out, 2 in 100 ends stop 1 to 35 m short, 2 in 100 roads run diagonally over others without
    a common vertex, a third is not hardened, every thirtieth row of the grid is an anchor road.
    """
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(n_roads / 1.82)) + 1
    grid = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="xy"), axis=-1) * 500.0
    nodes = grid + rng.uniform(-120, 120, grid.shape) + (300_000, 3_000_000)
    across = np.stack([nodes[:, :-1], nodes[:, 1:]], axis=2).reshape(-1, 2, 2)
    upward = np.stack([nodes[:-1, :], nodes[1:, :]], axis=2).reshape(-1, 2, 2)
    diagonal = np.stack([nodes[:-1, :-1], nodes[1:, 1:]], axis=2).reshape(-1, 2, 2)
    row = np.concatenate([np.repeat(np.arange(side + 1), side), np.full(len(upward) + len(diagonal), -1)])
    ends = np.concatenate([across, upward, diagonal])
    kept = rng.random(len(ends)) < 0.9
    kept[len(across) + len(upward) :] = rng.random(len(diagonal)) < 0.02
    kept |= (row >= 0) & (row % 30 == 0)
    ends, row = ends[kept][:n_roads], row[kept][:n_roads]
    share = np.linspace(0, 1, 10)[None, :, None]
    start, stop = ends[:, :1], ends[:, 1:]
    short = (rng.random(len(ends)) < 0.02)[:, None, None] * rng.uniform(1, 35, (len(ends), 1, 1))
    along = stop - start
    stop = stop - along / np.linalg.norm(along, axis=2, keepdims=True) * short
    xy = start + (stop - start) * share
    sway = rng.uniform(-9, 9, (len(ends), 10, 2))
    sway[:, [0, -1]] = 0.0
    shapes = shapely.linestrings(xy + sway)
    roads = gpd.GeoDataFrame(
        {"id": np.arange(len(ends)), "hard": rng.random(len(ends)) < 0.66, "anchor": (row >= 0) & (row % 30 == 0)},
        geometry=shapes,
        crs=CRS,
    )
    low, high = nodes.reshape(-1, 2).min(axis=0), nodes.reshape(-1, 2).max(axis=0)
    places = rng.uniform(low, high, (n_roads // 5, 2))
    names = [f"h{at}" for at in range(len(places))]
    table = {"id": names, "row": np.arange(1, len(names) + 1), "name": names}
    return Province(roads, gpd.GeoDataFrame(table, geometry=shapely.points(places), crs=CRS))
