"""The county's map page: which layers it shows, over what ground, with which words around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd

from siteplan.cartography.groundlayers import ground_layers, place_names
from siteplan.cartography.grounds import Basemap, PlaneGrid, Terrain, TileSet
from siteplan.cartography.page import MapLayer, MapLink, MapPage
from siteplan.cartography.roadlayers import PlannedRoads, road_layers
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.roads.analysis import RoadResult

MADE_OF = {"water_network": ("water_lines", "water_points"), "power_lines": ("power_lines",)}
"""Analysed layers, and the plan's layers that they stand in place of."""


@dataclass(frozen=True)
class Around:
    """What a page has beside its layers: whose data they are, relief, tiles, online basemaps."""

    source: str = ""
    terrain: Terrain | None = None
    basemaps: tuple[Basemap, ...] = ()
    tiles: TileSet | None = None


def county_page(
    result: RoadResult,
    layers: LayerSet,
    texts: Texts,
    *,
    title: str,
    headlines: Sequence[tuple[str, str]],
    notes: Sequence[str],
    planned: PlannedRoads | None = None,
    projects: gpd.GeoDataFrame | None = None,
    analysed: Sequence[MapLayer] = (),
    around: Around | None = None,
) -> MapPage:
    """The page of a county: hamlets by verdict, roads by state, breaks, gaps, works and the plan's other layers.

    `result` is worded in the language of `texts`. With `planned` the page can hold what is against what will be;
    `projects` (see `siteplan.projects.places`) are shown by stage; `analysed` are the layers of other rooms (water,
    power, new pipes), which stand in place of the plan's own layers that they are made of.
    """
    around = around or Around()
    ground = ground_layers(
        layers, result.coverage, projects, texts, planned=None if planned is None else planned.townships
    )
    made_of = {key for layer in analysed for key in MADE_OF.get(layer.key, ())}
    ground = [*(layer for layer in ground if layer.key not in made_of), *analysed]
    return MapPage(
        title=title,
        subtitle=texts("webmap.county.subtitle", profile=result.parameters["profile"]),
        language=texts.language,
        layers=(*ground, *road_layers(result, texts, planned)),
        headlines=tuple(headlines),
        notes=tuple(notes),
        crs_name=f"EPSG:{layers.crs.to_epsg()} {layers.crs.name}",
        link=MapLink("villages", "ways", "id", "breaks"),
        grid=PlaneGrid.of(layers.crs),
        source=around.source,
        place_names=place_names(layers, texts),
        terrain=around.terrain,
        basemaps=around.basemaps,
        tiles=around.tiles,
    )
