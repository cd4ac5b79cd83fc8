"""Before and after: the planned projects applied to the layers, and the roads judged again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import pandas as pd

from siteplan.cartography.roadlayers import PlannedRoads
from siteplan.language import Texts
from siteplan.layers.findings import joined
from siteplan.layers.layerset import LayerSet
from siteplan.projects.applied import AppliedRoads, apply_road_projects
from siteplan.projects.comparison import Comparison, compare
from siteplan.projects.places import project_places
from siteplan.projects.stages import stage_findings
from siteplan.roads.analysis import RoadResult, reworded
from siteplan.roads.hardness import hardness_of
from siteplan.roads.judgement import RoadLayers, RoadVerdicts, judge_hamlets
from siteplan.workflow.judging import RoadQuestion


@dataclass(frozen=True)
class PlannedCounty:
    """The county when the projects are done: the roads, the layers, the verdicts, the comparison with now."""

    applied: AppliedRoads
    layers: RoadLayers
    verdicts: RoadVerdicts
    comparison: Comparison

    @property
    def on_map(self) -> PlannedRoads:
        """What the map shows of it."""
        return PlannedRoads(self.comparison.villages, self.comparison.townships, self.verdicts.roads)

    def reworded(self, result: RoadResult, texts: Texts) -> PlannedCounty:
        """The same with its words in the language of `texts`; `result` is today's in that language."""
        verdicts = reworded(self.verdicts, self.layers, texts)
        return replace(self, verdicts=verdicts, comparison=compare(result.villages, verdicts.villages))


def planned_county(
    question: RoadQuestion, result: RoadResult, layers: LayerSet, texts: Texts
) -> tuple[PlannedCounty | None, pd.DataFrame]:
    """The county when its road projects are done, None where nothing of its roads changes; and what was found of the
    projects, with their texts in the language of `texts` to come."""
    projects, roads = layers.table("projects"), question.layers.roads
    word = question.profile.hardened.surface_of_works  # "" where the profile judges by class
    applied = apply_road_projects(
        roads,
        projects,
        hardened_surface=word and texts(f"projects.surface.{word}"),
        judge=partial(hardness_of, profile=question.profile, infer_surface=question.choices.infer_surface),
    )
    findings = joined([stage_findings(projects), applied.findings])
    if not applied.changed.any():
        return None, findings
    # What was verified in the field is so today.
    villages = question.layers.villages.assign(verified_status="")
    after = replace(question.layers, roads=applied.roads, villages=villages)
    verdicts = judge_hamlets(after, question.profile, question.choices, texts)
    return PlannedCounty(applied, after, verdicts, compare(result.villages, verdicts.villages)), findings


def placed_projects(layers: LayerSet) -> gpd.GeoDataFrame | None:
    """The projects with the places of what they work on; None where the plan has no projects."""
    if "projects" not in layers.layers:
        return None
    tables = {name: layers.table(name) for name in layers.layers if name != "projects"}
    return project_places(layers.table("projects"), tables)
