"""The road analysis as a plan asks for it, with the repairs that a planner accepted."""

from __future__ import annotations

from dataclasses import dataclass

import pyproj

from siteplan.layers.layerset import LayerSet
from siteplan.layers.repairs import Decisions, read_repairs
from siteplan.plan import Plan
from siteplan.roads.gaps import ClosedGap
from siteplan.roads.judgement import RoadChoices, RoadLayers
from siteplan.standards import RoadProfile, load_road_profile


def decisions_of(plan: Plan) -> Decisions:
    """What a planner decided in the plan's table of repairs; nothing where there is none."""
    path = plan.repairs_path()
    return read_repairs(path) if path is not None and path.is_file() else Decisions()


@dataclass(frozen=True)
class RoadQuestion:
    """What a plan asks of the roads: the layers, the profile and the plan's own choices."""

    layers: RoadLayers
    profile: RoadProfile
    choices: RoadChoices


def road_question(plan: Plan, layers: LayerSet, decisions: Decisions) -> RoadQuestion:
    """The question of a plan, with the gaps that a planner said to close."""
    own = plan.roads
    choices = RoadChoices(
        access_m=own.access_m,
        anchor_m=own.anchor_m,
        snap_m=own.snap_m,
        suspect_m=own.suspect_m,
        anchor_classes=None if own.anchor_classes is None else tuple(own.anchor_classes),
        anchor_centres=None if own.anchor_centres is None else tuple(own.anchor_centres),
        unknown_hardened=own.unknown_surface == "hardened",
        use_verified=own.use_verified,
        infer_surface=own.infer_surface,
        closed_gaps=_closed_gaps(decisions, layers),
    )
    tables = RoadLayers(
        **{name: layers.table(name) for name in ("villages", "roads", "centres", "rivers", "boundaries")}
    )
    return RoadQuestion(tables, load_road_profile(own.profile, root=plan.root), choices)


def _closed_gaps(decisions: Decisions, layers: LayerSet) -> tuple[ClosedGap, ...]:
    accepted = decisions.accepted("close_gap", "roads")
    if not accepted:
        return ()
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", layers.crs, always_xy=True)
    return tuple(
        ClosedGap(one.id, *to_plane.transform(one.longitude, one.latitude), key) for key, one in accepted.items()
    )
