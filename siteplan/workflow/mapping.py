"""The county's map page, in the languages and over the ground that the plan asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from siteplan.cartography.basemaps import online_basemaps
from siteplan.cartography.countypage import Around, county_page
from siteplan.cartography.grounds import Terrain, TileSet
from siteplan.cartography.page import MapPage
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.layers.terrain import read_relief
from siteplan.layers.tilefiles import read_tiles
from siteplan.plan import Plan
from siteplan.reports.plannedsheets import planned_figures
from siteplan.reports.roadsheets import MAP_FIGURES, figure_rows
from siteplan.roads.analysis import RoadResult, reworded
from siteplan.workflow.judging import RoadQuestion, notes_of
from siteplan.workflow.planned import PlannedCounty, placed_projects

Box = tuple[float, float, float, float]
_MARGIN = 0.05


def map_page(
    plan: Plan, layers: LayerSet, question: RoadQuestion, result: RoadResult, planned: PlannedCounty | None
) -> MapPage:
    """The page of a run.

    Raises
    ------
    PlanError, LayerError
        If an online map is not known, or the heights or tiles that the plan names cannot be used.
    """
    box = _extent(layers)
    terrain = tiles = None
    if box is not None and plan.dem_paths():
        relief = read_relief(plan.dem_paths(), box)
        terrain = relief and Terrain(relief.png, relief.west, relief.south, relief.east, relief.north)
    if box is not None and plan.map.tiles is not None:
        found = read_tiles(plan.root / plan.map.tiles, box)
        tiles = TileSet(found.title, found.attribution, found.mime, found.tiles)
    projects = placed_projects(layers)

    def page(texts: Texts) -> MapPage:
        own = result if texts.language == plan.language else reworded(result, question.layers, texts)
        around = Around(
            source=plan.map.source or "",
            terrain=terrain,
            tiles=tiles,
            basemaps=online_basemaps(plan.map.basemaps, tianditu_key=plan.map.tianditu_key, texts=texts),
        )
        return county_page(
            own,
            layers,
            texts,
            title=plan.title_in(texts.language),
            headlines=figure_rows(own, texts, only=MAP_FIGURES)
            + ([] if planned is None else planned_figures(planned.comparison.headline, texts)),
            notes=notes_of(own, texts),
            planned=None if planned is None else planned.roads_on_map(own, texts),
            projects=projects,
            around=around,
        )

    return in_languages(plan, page)


def in_languages(plan: Plan, page: Callable[[Texts], MapPage]) -> MapPage:
    """A page in the map's language, with its translation where the map has two."""
    first, *others = plan.map_languages()
    made = page(Texts(first))
    return replace(made, translation=page(Texts(others[0]))) if others else made


def _extent(layers: LayerSet) -> Box | None:
    """The ground that the layers cover, with a margin, in WGS84 degrees; None where nothing has a place."""
    boxes = [layer.table.total_bounds for layer in layers.layers.values() if layer.table.geometry.notna().any()]
    known = np.array([box for box in boxes if np.isfinite(box).all()])
    if not len(known):
        return None
    import pyproj

    low, high = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
    margin = _MARGIN * (high - low).max()
    to_degrees = pyproj.Transformer.from_crs(layers.crs, "EPSG:4326", always_xy=True)
    return to_degrees.transform_bounds(*(low - margin), *(high + margin))
