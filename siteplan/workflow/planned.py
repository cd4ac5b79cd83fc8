"""Before and after: the planned projects applied to the layers, and the roads judged again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.cartography.roadlayers import PlannedRoads
from siteplan.language import Texts
from siteplan.layers.findings import joined
from siteplan.layers.layerset import LayerSet
from siteplan.projects.applied import AppliedRoads, apply_road_projects
from siteplan.projects.comparison import Comparison, compare
from siteplan.projects.places import project_places
from siteplan.projects.stages import stage_findings
from siteplan.roads.analysis import RoadLayers, RoadResult, RoadVerdicts, judge_hamlets, reworded
from siteplan.roads.hardness import classify_roads
from siteplan.standards import load_speeds
from siteplan.workflow.judging import RoadQuestion


@dataclass(frozen=True)
class PlannedCounty:
    """The county when the projects are done: the roads, the verdicts, the comparison with now, and what was found."""

    applied: AppliedRoads
    layers: RoadLayers
    verdicts: RoadVerdicts
    comparison: Comparison
    findings: pd.DataFrame

    def roads_on_map(self, result: RoadResult, texts: Texts) -> PlannedRoads:
        """What the map shows, in the language of `texts`; `result` is today's in that language."""
        worded = reworded(self.verdicts, self.layers, texts)
        villages = compare(result.villages, worded.villages).villages
        return PlannedRoads(villages=villages, roads=worded.roads)


def planned_county(question: RoadQuestion, result: RoadResult, layers: LayerSet, texts: Texts) -> PlannedCounty | None:
    """The county when its road projects are done; None where nothing is planned for its roads."""
    projects = layers.table("projects")
    roads = question.layers.roads
    if not (projects["layer"] == "roads").any() and not (roads["status"] == "planned").any():
        return None
    applied = apply_road_projects(
        roads, projects, hardened_surface=question.profile.hardened.surface_of_works, judge=_judge(question)
    )
    if not applied.changed.any():
        return None
    # What was verified in the field is so today.
    villages = question.layers.villages.assign(verified_status="")
    after = replace(question.layers, roads=applied.roads, villages=villages)
    verdicts = judge_hamlets(after, question.profile, question.choices, texts)
    return PlannedCounty(
        applied=applied,
        layers=after,
        verdicts=verdicts,
        comparison=compare(result.villages, verdicts.villages),
        findings=joined([stage_findings(projects), applied.findings]),
    )


def placed_projects(layers: LayerSet) -> gpd.GeoDataFrame | None:
    """The projects with the places of what they work on; None where the plan has no projects."""
    if "projects" not in layers.layers:
        return None
    tables = {name: layers.table(name) for name in layers.layers if name != "projects"}
    return project_places(layers.table("projects"), tables)


def _judge(question: RoadQuestion):  # type: ignore[no-untyped-def]
    speeds = load_speeds()

    def judge(roads: gpd.GeoDataFrame) -> NDArray[np.int64]:
        infer = question.choices.infer_surface
        return classify_roads(roads, question.profile, speeds, infer_surface=infer).hardness

    return judge
