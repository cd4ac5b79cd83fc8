"""The whole road analysis of one county, in one call: verdicts, ways, gaps, coverage, sensitivity, findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.layers.findings import findings_at, findings_of, joined
from siteplan.network.ragged import Ints
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess
from siteplan.roads.checks import (
    anchor_findings,
    legs_over_rivers,
    road_findings,
)
from siteplan.roads.coverage import coverage, lengths_by_surface, rural_access
from siteplan.roads.gaps import find_gaps
from siteplan.roads.hardness import INFERRED
from siteplan.roads.judgement import RoadChoices, RoadLayers, RoadVerdicts, judge
from siteplan.roads.seats import seat_rate, village_seats
from siteplan.roads.sensitivity import sensitivity
from siteplan.roads.tables import (
    anchor_inferred,
    breaks_table,
    gaps_table,
    reworded_villages,
    ways_table,
    works_table,
)
from siteplan.standards import RoadProfile, load_inferred_surfaces, load_speeds

_MANY_AWAY = 1 / 3
"""With so many hamlets far from every road, the road layer is likelier cut than the county roadless."""


@dataclass(frozen=True)
class RoadResult:
    """Everything the road analysis says of a county.

    villages: see `tables.village_table`, index and rows of the input; roads, ways, breaks, gaps, works: tables of
    `siteplan.roads.tables`; coverage, lengths, sensitivity, seats: tables of the modules so named; headline: figures by
    name; parameters: as used; rules: every rule used with clause, source and confidence; notes: (catalogue key,
    values); findings: rows as `siteplan.layers.findings`; access: the analysis itself, anchors: the centres that serve
    as such, for what comes after.
    """

    villages: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    ways: gpd.GeoDataFrame
    breaks: gpd.GeoDataFrame
    gaps: gpd.GeoDataFrame
    works: gpd.GeoDataFrame
    coverage: pd.DataFrame
    lengths: pd.DataFrame
    sensitivity: pd.DataFrame
    seats: pd.DataFrame
    headline: Mapping[str, float | int | str]
    parameters: Mapping[str, object]
    rules: pd.DataFrame
    notes: tuple[tuple[str, Mapping[str, object]], ...]
    findings: pd.DataFrame
    access: RoadAccess
    anchors: gpd.GeoDataFrame


Judged = TypeVar("Judged", "RoadResult", RoadVerdicts)


def reworded(result: Judged, layers: RoadLayers, texts: Texts) -> Judged:
    """The same result with the words of its villages in the language of `texts`; `layers` are those it came from."""
    villages = reworded_villages(result.access, result.villages, layers.roads, result.anchors, texts)
    return replace(result, villages=villages)


def analyse_roads(
    layers: RoadLayers,
    profile: RoadProfile,
    choices: RoadChoices,
    texts: Texts,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> RoadResult:
    """Judge every hamlet's road under a profile.

    `step` is told the catalogue key of each long step as it begins. Inputs are not changed.
    """
    step("roads.step.network")
    judged = judge(layers, profile, choices, texts, step=step, wide=True)
    options, classes, access, status = judged.options, judged.classes, judged.access, judged.status
    villages, roads, anchors = layers.villages, layers.roads, judged.anchors
    step("roads.step.gaps")
    gaps = find_gaps(access, villages, anchors)
    step("roads.step.coverage")
    cover = coverage(access, villages, status, judged.scope)
    duplicate = roads["duplicate"].to_numpy(dtype=bool)
    lengths = lengths_by_surface(access, classes, judged.overlaps, duplicate)
    seats = village_seats(access, roads, classes, layers.centres, anchors, profile, options)
    step("roads.step.sensitivity")
    grid = sensitivity(access, villages, anchors)
    findings = joined(
        [
            classes.findings,
            road_findings(access, roads, classes, judged.overlaps),
            anchor_findings(access, roads, anchors),
            legs_over_rivers(access, villages, layers.rivers),
            judged.verified,
            _gap_findings(gaps_table(access, gaps, roads, villages), roads),
            _unreached(access, villages),
            _few_reached(access, villages),
            judged.closings,
        ]
    )
    return RoadResult(
        villages=judged.villages,
        roads=judged.roads,
        ways=ways_table(access, judged.villages),
        breaks=breaks_table(judged.villages),
        gaps=gaps_table(access, gaps, roads, villages),
        works=works_table(access, roads, status),
        coverage=cover,
        lengths=lengths,
        sensitivity=grid,
        seats=seats,
        headline=_headline(access, cover, seats, villages, lengths, scoped=profile.scope is not None)
        | (_inferred_figures(access, status, lengths) if choices.infer_surface else {}),
        parameters=_parameters(profile, options, judged.anchor_classes, judged.kinds, choices, access),
        rules=_rules(profile, infer_surface=choices.infer_surface),
        notes=_notes(access, layers, profile, roads, seats, judged.kinds, judged.anchor_classes, lengths),
        findings=findings,
        access=access,
        anchors=anchors,
    )


def _gap_findings(gaps: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    row_of = dict(zip(roads["id"], roads["row"], strict=True))
    return findings_of(
        "roads",
        "roads.gap_suspected",
        "noted",
        n=len(gaps),
        rows=gaps["road_id"].map(row_of),
        ids=gaps["road_id"],
        field="geometry",
        xs=gaps["x"],
        ys=gaps["y"],
        each=[
            {"gap": gap, "other": other, "m": f"{m:.1f}", "n": int(n)}
            for gap, other, m, n in zip(gaps["id"], gaps["other_id"], gaps["length_m"], gaps["hamlets"], strict=True)
        ],
    )


def _unreached(access: RoadAccess, villages: gpd.GeoDataFrame) -> pd.DataFrame:
    """Hamlets with a road that reaches no anchor, by name."""
    rows = np.flatnonzero(np.isin(access.status, (verdict.HARDENED_ISLAND, verdict.ROAD_ISLAND, verdict.NO_ROAD)))
    codes = np.where(access.status[rows] == verdict.NO_ROAD, "roads.hamlet_no_road", "roads.hamlet_not_connected")
    tables = []
    for code in ("roads.hamlet_not_connected", "roads.hamlet_no_road"):
        mine = rows[codes == code]
        each = [{"name": name} for name in villages["name"].iloc[mine]]
        tables.append(findings_at("villages", villages, mine, code, "noted", field="geometry", each=each))
    return joined(tables)


def _few_reached(access: RoadAccess, villages: gpd.GeoDataFrame) -> pd.DataFrame:
    """A word on the road layer itself where it leaves a good part of the hamlets without any road: is it whole?"""
    away = np.flatnonzero(access.status == verdict.NO_ROAD)
    of = int((access.status != verdict.UNKNOWN).sum())
    names = ", ".join(villages["name"].iloc[away[:5]])
    values = {"n": len(away), "of": of, "names": names, "access_m": f"{access.options.access_m:g}"}
    n = int(bool(of) and len(away) >= _MANY_AWAY * of)
    return findings_of("roads", "roads.few_reached", "noted", n=n, values=values)


def _headline(
    access: RoadAccess,
    cover: pd.DataFrame,
    seats: pd.DataFrame,
    villages: gpd.GeoDataFrame,
    lengths: pd.DataFrame,
    *,
    scoped: bool,
) -> dict[str, float | int | str]:
    total = cover[cover["level"] == "county"].iloc[0]
    figures: dict[str, float | int | str] = {name: int(total[name]) for name in ("hamlets", "served", "not_served")}
    figures |= {name: int(total[name]) for name in verdict.STATUSES}
    figures["rate"] = float(total["rate"])
    if scoped:
        figures |= {name: int(total[name]) for name in ("scope_hamlets", "scope_served", "scope_unknown")}
        figures["scope_rate"] = total["scope_served"] / total["scope_hamlets"] if total["scope_hamlets"] else np.nan
    for name in ("households", "households_served", "people", "people_served", "people_rate"):
        figures[name] = float(total[name])
    figures |= {name: round(float(total[name]), 1) for name in ("to_harden_m", "to_build_m")}
    figures |= {"components": int(access.network.node_component.max(initial=-1)) + 1}
    figures |= {"road_km": round(float(lengths["km"].sum()), 3)}
    figures |= {"hardened_km": round(float(lengths.loc[lengths["hardness"] == "hardened", "km"].sum()), 3)}
    figures |= rural_access(access, villages)
    figures |= seat_rate(seats, villages)
    ledger = access.network.ledger
    figures |= {
        f"ledger_{name}": round(getattr(ledger, name), 3) for name in ("lines_m", "legs_m", "dropped_m", "pieces_m")
    }
    return figures


def _parameters(
    profile: RoadProfile,
    options: AccessOptions,
    anchor_classes: tuple[str, ...],
    kinds: tuple[str, ...],
    choices: RoadChoices,
    access: RoadAccess,
) -> dict[str, object]:
    return {
        "profile": profile.id,
        "access_m": options.access_m,
        "anchor_m": options.anchor_m,
        "snap_m": options.snap_m,
        "suspect_m": options.suspect_m,
        "anchor_classes": list(anchor_classes),
        "anchor_centres": list(kinds),
        "anchor_rule": access.anchored.rule,
        "unknown_surface": "hardened" if options.unknown_hardened else "not_hardened",
        "use_verified": choices.use_verified,
        "infer_surface": choices.infer_surface,
    }


def _inferred_figures(access: RoadAccess, status: Ints, lengths: pd.DataFrame) -> dict[str, float | int | str]:
    """What rests on inferred surfaces: kilometres of road called hardened, and hamlets called served."""
    guessed = lengths[(lengths["surface_from"] == INFERRED) & (lengths["hardness"] == "hardened")]
    leaning = (np.nan_to_num(access.ways.inferred_m) > 0) | anchor_inferred(access)
    return {
        "hardened_inferred_km": round(float(guessed["km"].sum()), 3),
        "served_inferred": int((leaning & (status == verdict.HARDENED)).sum()),
    }


def _rules(profile: RoadProfile, *, infer_surface: bool) -> pd.DataFrame:
    speeds = load_speeds()
    own = {"clause": speeds.clause, "source": speeds.source, "confidence": speeds.confidence}
    pace = "; ".join(f"{name} {hard:g}/{other:g}" for name, (hard, other) in speeds.kmh.items())
    rows = [*profile.rules(), {"rule": "speeds", "value": pace, "unit": "km/h, hardened/other", **own}]
    if infer_surface:
        rows += [dict(rule) for rule in load_inferred_surfaces().rules]
    return pd.DataFrame(rows, columns=["rule", "value", "unit", "clause", "source", "confidence"])


def _notes(
    access: RoadAccess,
    layers: RoadLayers,
    profile: RoadProfile,
    roads: gpd.GeoDataFrame,
    seats: pd.DataFrame,
    kinds: tuple[str, ...],
    anchor_classes: tuple[str, ...],
    lengths: pd.DataFrame,
) -> tuple[tuple[str, Mapping[str, object]], ...]:
    notes: list[tuple[str, Mapping[str, object]]] = []
    if access.anchored.rule == "largest component":
        notes.append(("roads.note.largest_component", {}))
    if kinds and len(layers.centres) and not layers.centres["kind"].isin(kinds).any() and not profile.anchor.none:
        notes.append(("roads.note.no_anchor_centres", {"n": len(layers.centres), "kinds": ", ".join(kinds)}))
    if anchor_classes and not access.surfaces.anchor.any() and not profile.anchor.none:
        notes.append(("roads.note.no_anchor_roads", {"classes": ", ".join(anchor_classes)}))
    if not layers.villages["people"].notna().any():
        notes.append(("roads.note.no_people", {}))
    if not layers.villages["households"].notna().any():
        notes.append(("roads.note.no_households", {}))
    if len(seats) and (seats["seat_status"] == "unknown").all():
        notes.append(("roads.note.no_higher_anchor", {}))
    if any(rule["confidence"] != "source read" for rule in profile.rules()):
        notes.append(("roads.note.unverified", {"profile": profile.id}))
    column = "road_class" if profile.hardened.by == "class" else "surface"
    guessed = 0 if access.surfaces.inferred is None else int(access.surfaces.inferred.sum())
    if guessed:
        km = float(lengths.loc[lengths["surface_from"] == INFERRED, "km"].sum())
        notes.append(("roads.note.surface_inferred", {"n": guessed, "km": f"{km:.1f}"}))
    if len(roads) and (roads[column] == "").all() and not guessed:
        told = "hardened" if access.options.unknown_hardened else "not_hardened"
        notes.append((f"roads.note.no_surface_{told}", {"column": column}))
    if not len(seats):
        notes.append(("roads.note.no_seats", {}))
    if not len(layers.rivers):
        notes.append(("roads.note.no_rivers", {}))
    if access.surfaces.unknown.any() and (guessed or not (roads[column] == "").all()):
        told = "hardened" if access.options.unknown_hardened else "not_hardened"
        notes.append((f"roads.note.unknown_{told}", {"n": int(access.surfaces.unknown.sum())}))
    return tuple(notes)
