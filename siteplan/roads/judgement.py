"""The verdicts on a county's roads: the core that every table of the analysis is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.language import Texts
from siteplan.layers.findings import findings_at, joined
from siteplan.network.ragged import Ints
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess, road_access, road_joins, surfaces_of
from siteplan.roads.checks import Overlaps, find_overlaps, may_connect_outside
from siteplan.roads.gaps import ClosedGap, closed_gaps
from siteplan.roads.hardness import RoadClasses, classify_roads
from siteplan.roads.sensitivity import ACCESS_M, SNAP_M
from siteplan.roads.tables import road_table, village_table
from siteplan.standards import RoadProfile, load_speeds


@dataclass(frozen=True)
class RoadLayers:
    """The layers the analysis takes, in one metric CRS, with the columns of their contracts; empty where absent."""

    villages: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    rivers: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame


@dataclass(frozen=True)
class RoadChoices:
    """What a plan may set beside the profile; None keeps the profile's."""

    access_m: float | None = None
    anchor_m: float | None = None
    snap_m: float | None = None
    suspect_m: float | None = None
    anchor_classes: tuple[str, ...] | None = None
    anchor_centres: tuple[str, ...] | None = None
    unknown_hardened: bool = False
    use_verified: bool = True
    infer_surface: bool = False
    closed_gaps: tuple[ClosedGap, ...] = ()


@dataclass(frozen=True)
class RoadVerdicts:
    """The verdicts alone: `villages`, `roads`, `access` and `anchors` as `RoadResult` has them."""

    villages: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    access: RoadAccess
    anchors: gpd.GeoDataFrame


def judge_hamlets(layers: RoadLayers, profile: RoadProfile, choices: RoadChoices, texts: Texts) -> RoadVerdicts:
    """Only the verdicts, for roads as they may be (planned works, a question of "what if"), where gaps, sums and
    tolerances are not asked for. Inputs are not changed."""
    judged = judge(layers, profile, choices, texts, step=lambda key: None, wide=False)
    return RoadVerdicts(judged.villages, judged.roads, judged.access, judged.anchors)


@dataclass(frozen=True)
class Judgement:
    """The core of an analysis: what every other table is made from."""

    options: AccessOptions
    anchor_classes: tuple[str, ...]
    kinds: tuple[str, ...]
    classes: RoadClasses
    anchors: gpd.GeoDataFrame
    access: RoadAccess
    overlaps: Overlaps
    status: Ints
    scope: pd.Series
    verified: pd.DataFrame
    closings: pd.DataFrame
    villages: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame


def judge(
    layers: RoadLayers,
    profile: RoadProfile,
    choices: RoadChoices,
    texts: Texts,
    *,
    step: Callable[[str], None],
    wide: bool,
) -> Judgement:
    """Judge every hamlet's road under a profile. `step` is told the catalogue key of a long step as it begins; `wide`
    also finds the joins and near pieces of the larger tolerances that the sensitivity grid tries."""
    speeds = load_speeds()
    anchor_classes = profile.anchor.classes if choices.anchor_classes is None else choices.anchor_classes
    kinds = profile.anchor.centres if choices.anchor_centres is None else choices.anchor_centres
    options = _options(profile, choices, given=bool(choices.anchor_classes or choices.anchor_centres))
    villages, roads = layers.villages, layers.roads
    anchors = layers.centres[layers.centres["kind"].isin(kinds)].reset_index(drop=True)
    if options.anchor_none:
        anchors, anchor_classes = anchors.iloc[:0], ()

    classes = classify_roads(roads, profile, speeds, anchor_classes=anchor_classes, infer_surface=choices.infer_surface)
    surfaces = surfaces_of(classes, unknown_hardened=options.unknown_hardened)
    joins = road_joins(roads, classes, reach_m=max(*SNAP_M, options.snap_m) if wide else options.snap_m)
    step("roads.step.access")
    closed, closings = closed_gaps(
        joins, roads, choices.closed_gaps, snap_m=options.snap_m, suspect_m=options.suspect_m
    )
    near_m = max(*ACCESS_M, options.access_m) if wide else options.access_m
    access = road_access(joins, surfaces, villages, anchors, options, extra_legs=closed, near_m=near_m)
    status, verified = _verified(access.status, villages, use=choices.use_verified)
    scope = _in_scope(profile, villages)
    overlaps = find_overlaps(access.network, classes)
    outside = may_connect_outside(access, _edge(layers), within_m=options.suspect_m)
    table = village_table(access, villages, roads, anchors, status=status, in_scope=scope, outside=outside, texts=texts)
    return Judgement(
        options=options,
        anchor_classes=anchor_classes,
        kinds=kinds,
        classes=classes,
        anchors=anchors,
        access=access,
        overlaps=overlaps,
        status=status,
        scope=scope,
        verified=verified,
        closings=closings,
        villages=table,
        roads=road_table(access, roads, classes, overlaps),
    )


def _options(profile: RoadProfile, choices: RoadChoices, *, given: bool) -> AccessOptions:
    own = profile.distances
    access_m = choices.access_m or own.access_m.value
    # A plan that sets its access distance means it for the centres too, unless it sets theirs.
    anchor_m = choices.anchor_m or (choices.access_m or own.anchor_m.value)
    return AccessOptions(
        access_m=access_m,
        anchor_m=anchor_m,
        snap_m=choices.snap_m or own.snap_m.value,
        suspect_m=max(choices.suspect_m or own.suspect_m.value, choices.snap_m or 0.0),
        anchor_none=profile.anchor.none and not given,
        unknown_hardened=choices.unknown_hardened,
        neighbours_connect=profile.neighbours_connect,
    )


def _verified(status: Ints, villages: gpd.GeoDataFrame, *, use: bool) -> tuple[Ints, pd.DataFrame]:
    """The verdict that counts, and findings where the field's word differs or is not understood."""
    told = villages["verified_status"].astype(str).to_numpy(dtype=object)
    # The field cannot verify that a place is unknown: that word is not taken.
    number = {name: at for at, name in enumerate(verdict.STATUSES) if at != verdict.UNKNOWN}
    known = np.array([number.get(word, -1) for word in told])
    final = np.where((known >= 0) & use, known, status)
    strange = np.flatnonzero((known < 0) & (told != ""))
    differs = np.flatnonzero((known >= 0) & (known != status))
    computed = verdict.names_of(status)
    tables = []
    for rows, code in ((strange, "roads.verified_not_understood"), (differs, "roads.verified_differs")):
        each = [{"told": told[row], "computed": computed[row]} for row in rows]
        tables.append(findings_at("villages", villages, rows, code, "noted", field="verified_status", each=each))
    return final, joined(tables)


def _in_scope(profile: RoadProfile, villages: gpd.GeoDataFrame) -> pd.Series:
    if profile.scope is None:
        return pd.Series("yes", index=villages.index, dtype="object")
    number = villages[profile.scope.column]
    inside = np.where(number >= profile.scope.at_least, "yes", "no")
    return pd.Series(np.where(number.isna(), "unknown", inside), index=villages.index, dtype="object")


def _edge(layers: RoadLayers) -> shapely.Geometry:
    """The edge of the road data: the county's boundary where one is given, else the hull of all roads."""
    county = layers.boundaries[layers.boundaries["kind"] == "county"]
    if len(county):
        return shapely.boundary(shapely.union_all(county.geometry.to_numpy()))
    hull = shapely.convex_hull(shapely.geometrycollections(layers.roads.geometry.dropna().to_numpy()))
    return shapely.boundary(hull) if hull.geom_type == "Polygon" else hull
