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
    water: Sequence[MapLayer] = (),
    around: Around | None = None,
) -> MapPage:
    """The page of a county: hamlets by verdict, roads by state, breaks, gaps, works and the plan's other layers.

    `result` is worded in the language of `texts`. With `planned` the page can hold what is against what will be;
    `projects` (see `siteplan.projects.places`) are shown by stage; `water` (see `waterlayers`) stands in place of the
    plan's own layers of pipes and water points.
    """
    around = around or Around()
    ground = ground_layers(
        layers, result.coverage, projects, texts, planned=None if planned is None else planned.townships
    )
    if water:
        ground = [*(one for one in ground if one.key not in ("water_lines", "water_points")), *water]
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
