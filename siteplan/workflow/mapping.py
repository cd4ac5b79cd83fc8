"""The county's map page, in the languages and over the ground that the plan asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from siteplan.cartography.basemaps import online_basemaps
from siteplan.cartography.countypage import Around, county_page
from siteplan.cartography.extensionlayers import extension_layers
from siteplan.cartography.page import MapLayer, MapPage
from siteplan.cartography.powerlayers import power_layers
from siteplan.cartography.waterlayers import water_layers
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.plan import Plan
from siteplan.reports.plannedsheets import planned_figures
from siteplan.reports.roadsheets import MAP_FIGURES, figure_rows
from siteplan.roads.analysis import RoadResult, reworded
from siteplan.workflow.extending import ExtensionAnswer
from siteplan.workflow.grounds import Grounds, Note
from siteplan.workflow.judging import RoadQuestion
from siteplan.workflow.planned import PlannedCounty, placed_projects
from siteplan.workflow.powering import PowerAnswer
from siteplan.workflow.watering import WaterAnswer


@dataclass(frozen=True)
class Answers:
    """Everything a run found, before it is worded: what every output is made of."""

    layers: LayerSet
    question: RoadQuestion
    roads: RoadResult
    planned: PlannedCounty | None
    water: WaterAnswer | None
    extensions: ExtensionAnswer | None
    power: PowerAnswer | None
    grounds: Grounds
    project_findings: pd.DataFrame

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is to be said of the whole: (catalogue key, values)."""
        others = (
            () if self.water is None else self.water.demands.notes,
            () if self.extensions is None else self.extensions.notes,
            () if self.power is None else self.power.notes,
        )
        told = (self.roads.notes, *others, self.grounds.notes)
        return tuple((key, dict(values)) for notes in told for key, values in notes)


def _water_layers(water: WaterAnswer, texts: Texts) -> list[MapLayer]:
    network, pressures = water.network, water.hydraulics
    return water_layers(network.nodes, network.links, water.reach.links, pressures.nodes, pressures.links, texts)


def worded(notes: Sequence[tuple[str, Mapping[str, object]]], texts: Texts) -> list[str]:
    """Notes in the language of `texts`."""
    return [texts(key, **values) for key, values in notes]


def map_page(plan: Plan, answers: Answers) -> MapPage:
    """The page of a run in the map's language, with its translation where the map has two."""
    projects, extensions = placed_projects(answers.layers), answers.extensions
    lines = answers.layers.table("power_lines")

    def page(texts: Texts) -> MapPage:
        own, planned, water, power = answers.roads, answers.planned, answers.water, answers.power
        if texts.language != plan.language:
            own = reworded(own, answers.question.layers, texts)
            planned = None if planned is None else planned.reworded(own, texts)
            water = None if water is None else water.worded(texts)
            power = None if power is None else power.worded(texts)
        if water is not None:
            own = replace(own, villages=water.on_villages(own.villages))
        if extensions is not None:
            own = replace(own, villages=extensions.on_villages(own.villages, texts))
        if power is not None:
            own = replace(own, villages=power.on_villages(own.villages))
        figures = figure_rows(own, texts, only=MAP_FIGURES)
        if planned is not None:
            figures += planned_figures(planned.comparison.headline, texts)
        around = Around(
            source=plan.map.source or "",
            terrain=answers.grounds.terrain,
            tiles=answers.grounds.tiles,
            basemaps=online_basemaps(plan.map.basemaps, tianditu_key=plan.map.tianditu_key, texts=texts),
        )
        return county_page(
            own,
            answers.layers,
            texts,
            title=plan.title_in(texts.language),
            headlines=figures,
            notes=worded(answers.notes, texts),
            planned=None if planned is None else planned.on_map,
            projects=projects,
            analysed=[
                *(() if water is None else _water_layers(water, texts)),
                *(() if extensions is None else extension_layers(extensions.pipes, extensions.works, texts)),
                *(() if power is None else power_layers(lines, power.reach.lines, texts)),
            ],
            around=around,
        )

    first, *others = plan.map_languages()
    made = page(Texts(first))
    return replace(made, translation=page(Texts(others[0]))) if others else made
