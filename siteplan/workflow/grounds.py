"""What lies beneath the map, read as the plan says: relief from the heights, tiles of a local file, online maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj

from siteplan.cartography.grounds import Terrain, TileSet
from siteplan.layers.layerset import LayerSet
from siteplan.layers.terrain import read_relief
from siteplan.layers.tilefiles import read_tiles
from siteplan.plan import Plan

Box = tuple[float, float, float, float]
Note = tuple[str, dict[str, object]]
_MARGIN = 0.05
_VOID_TOLD = 0.005


@dataclass(frozen=True)
class Grounds:
    """Relief and tiles, where the plan has them, and what is to be said of them: (catalogue key, values)."""

    terrain: Terrain | None = None
    tiles: TileSet | None = None
    notes: tuple[Note, ...] = ()


def read_grounds(plan: Plan, layers: LayerSet) -> Grounds:
    """Read what the plan lays beneath the map.

    Raises
    ------
    LayerError
        If the heights or tiles that the plan names cannot be used.
    """
    box = _extent(layers)
    if box is None:
        return Grounds()
    notes: list[Note] = []
    terrain = tiles = None
    relief = read_relief(plan.dem_paths(), box) if plan.dem_paths() else None
    if relief is not None:
        terrain = Terrain(relief.png, relief.west, relief.south, relief.east, relief.north)
        if relief.void_share > _VOID_TOLD:
            notes.append(("cartography.note.relief_void", {"share": f"{100 * relief.void_share:.0f}"}))
        if relief.exaggeration != 1.0:
            notes.append(("cartography.note.relief_exaggerated", {"times": f"{relief.exaggeration:g}"}))
        notes += [("cartography.note.relief_unused", {"file": name}) for name in relief.unused]
    if plan.map.tiles is not None:
        found = read_tiles(plan.root / plan.map.tiles, box)
        tiles = TileSet(found.title, found.attribution, found.mime, found.tiles)
        if found.left_out_zooms:
            zooms = f"{min(found.left_out_zooms)}-{max(found.left_out_zooms)}"
            notes.append(("cartography.note.zooms_left_out", {"zooms": zooms}))
        if found.left_out_tiles:
            notes.append(("cartography.note.tiles_left_out", {"n": found.left_out_tiles}))
    return Grounds(terrain, tiles, tuple(notes))


def _extent(layers: LayerSet) -> Box | None:
    """The ground that the layers cover, with a margin, in WGS84 degrees; None where nothing has a place."""
    boxes = [layer.table.total_bounds for layer in layers.layers.values() if layer.table.geometry.notna().any()]
    known = np.array([box for box in boxes if np.isfinite(box).all()])
    if not len(known):
        return None
    low, high = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
    margin = _MARGIN * (high - low).max()
    to_degrees = pyproj.Transformer.from_crs(layers.crs, "EPSG:4326", always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*(low - margin), *(high + margin))
    return west, south, east, north
