"""What each road is under a profile: hardened, not or unknown; an anchor; passable all year; on which level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.layers.findings import findings_at, joined
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.standards import (
    InferredSurfaces,
    RoadProfile,
    Speeds,
    load_inferred_surfaces,
    load_speeds,
    normalise_word,
    road_words,
)
from siteplan.standards.roads_profile import HardenedRule, SeatRule

HARDENED, NOT_HARDENED, UNKNOWN = 1, 0, -1
TAGGED, INFERRED, SURFACE_UNKNOWN = "tagged", "inferred", "unknown"
"""Where a road's surface comes from: written in the file, taken from its class or track grade, or neither."""


@dataclass(frozen=True)
class RoadClasses:
    """One entry a road of the layer, in its order, (n,).

    hardness: 1 hardened, 0 not, -1 unknown; surface, road_class: names of the word table, "" where none fits;
    surface_from: "tagged", "inferred" or "unknown"; anchor: of an anchor class; exists: not merely planned; connects:
    open all year; separated: bridge, tunnel or another level; rank: order by id; kmh: assumed speed; findings: words
    not understood, surfaces inferred.
    """

    hardness: Ints
    surface: NDArray[np.object_]
    surface_from: NDArray[np.object_]
    road_class: NDArray[np.object_]
    anchor: Bools
    exists: Bools
    connects: Bools
    separated: Bools
    rank: Ints
    kmh: Floats
    findings: pd.DataFrame


def classify_roads(
    roads: gpd.GeoDataFrame,
    profile: RoadProfile,
    speeds: Speeds,
    *,
    anchor_classes: tuple[str, ...] | None = None,
    infer_surface: bool = False,
) -> RoadClasses:
    """Judge every road under the profile.

    `roads` has the columns of the roads contract, and `tracktype` where the file has it. `anchor_classes` (words of the
    file or names of the word table) stand in place of the profile's. Unknown never becomes hardened here; see
    `unknown_surface` of the analysis. Only with `infer_surface` does a road of which no surface is written take one
    from its track grade or class; a word that is written and not understood is never replaced, and a profile that
    judges by class needs none.
    """
    surface = _named(roads["surface"], road_words("surface"))
    road_class = _named(roads["road_class"], road_words("class"))
    surface_from = np.where(surface != "", TAGGED, SURFACE_UNKNOWN).astype(object)
    if infer_surface and profile.hardened.by != "class":
        inferred = _inferred(roads, road_class, load_inferred_surfaces())
        surface_from[inferred != ""] = INFERRED
        surface = np.where(inferred != "", inferred, surface)
    hardness = _hardness(roads, profile.hardened, surface, road_class)
    anchors = profile.anchor.classes if anchor_classes is None else anchor_classes
    hard = hardness == HARDENED
    exists = (roads["status"] != "planned").to_numpy(dtype=bool)
    months = roads["open_months"].to_numpy(dtype=float)
    connects = exists & (roads["status"] != "closed").to_numpy(dtype=bool) & ~(months < 12)
    separated = roads["bridge"].to_numpy(dtype=bool) | roads["tunnel"].to_numpy(dtype=bool)
    separated |= roads["level"].fillna(0).to_numpy(dtype=float) != 0
    default = speeds.kmh["unknown"]
    pace = [speeds.kmh.get(name, default) for name in road_class]
    kmh = np.array([pair[0 if is_hard else 1] for pair, is_hard in zip(pace, hard, strict=True)], dtype=float)
    rank = np.empty(len(roads), dtype=np.int64)
    rank[np.lexsort((roads["row"].to_numpy(), roads["id"].to_numpy(dtype=str)))] = np.arange(len(roads))
    return RoadClasses(
        hardness=hardness,
        surface=surface,
        surface_from=surface_from,
        road_class=road_class,
        anchor=_in_words(roads["road_class"], road_class, anchors) & exists,
        exists=exists,
        connects=connects,
        separated=separated,
        rank=rank,
        kmh=kmh,
        findings=joined(
            [
                _findings(roads, profile.hardened, surface, hardness, exists),
                _inferred_findings(roads, surface, (surface_from == INFERRED) & exists),
            ]
        ),
    )


def hardness_of(roads: gpd.GeoDataFrame, profile: RoadProfile, *, infer_surface: bool = False) -> Ints:
    """What the profile says of every road: 1 hardened, 0 not, -1 unknown, (n,)."""
    return classify_roads(roads, profile, load_speeds(), infer_surface=infer_surface).hardness


def meets_seat_rule(roads: gpd.GeoDataFrame, classes: RoadClasses, rule: SeatRule) -> Ints:
    """Hardness of every road where the road to a village seat must be better than the hamlets', (n,)."""
    good = np.isin(classes.surface.astype(str), rule.surfaces)
    hardness = np.where(good, HARDENED, np.where(classes.surface == "", UNKNOWN, NOT_HARDENED))
    for column, least in (("width_m", rule.min_width_m), ("subgrade_m", rule.min_subgrade_m)):
        if least is not None:
            hardness[roads[column].to_numpy(dtype=float) < least] = NOT_HARDENED
    return hardness


def _named(words: pd.Series, names: Mapping[str, str]) -> NDArray[np.object_]:
    unique = {word: names.get(normalise_word(str(word)), "") for word in words.unique()}
    return words.map(unique).to_numpy(dtype=object)


def _inferred(roads: gpd.GeoDataFrame, road_class: NDArray[np.object_], table: InferredSurfaces) -> NDArray[np.object_]:
    """The surface of each road that has none written, by its track grade, else by its class; "" elsewhere."""
    by_class = [table.by_class.get(name, "") for name in road_class]
    by_grade = [""] * len(roads)
    if "tracktype" in roads.columns:
        by_grade = [table.by_tracktype.get(normalise_word(str(grade)), "") for grade in roads["tracktype"]]
    found = np.array([grade or own for grade, own in zip(by_grade, by_class, strict=True)], dtype=object)
    return np.where((roads["surface"] == "").to_numpy(dtype=bool), found, "").astype(object)


def _inferred_findings(roads: gpd.GeoDataFrame, surface: NDArray[np.object_], inferred: Bools) -> pd.DataFrame:
    at = np.flatnonzero(inferred)
    km = (roads.geometry.iloc[at].length.to_numpy() / 1000.0).round(3).tolist()
    each = [{"surface": word, "km": length} for word, length in zip(surface[at], km, strict=True)]
    return findings_at("roads", roads, at, "roads.surface_inferred", "defaulted", field="surface", each=each)


def _in_words(raw: pd.Series, named: NDArray[np.object_], wanted: tuple[str, ...]) -> Bools:
    """Whether a class, as written or by its name, is among the wanted words."""
    wished = {normalise_word(word) for word in wanted}
    written = raw.map({word: normalise_word(str(word)) in wished for word in raw.unique()}).to_numpy(dtype=bool)
    return written | np.isin(named.astype(str), sorted(wished & set(road_words("class").values())))


def _hardness(
    roads: gpd.GeoDataFrame, rule: HardenedRule, surface: NDArray[np.object_], road_class: NDArray[np.object_]
) -> Ints:
    if rule.by == "class":
        given = (roads["road_class"] != "").to_numpy(dtype=bool)
        bad = _in_words(roads["road_class"], road_class, rule.not_classes)
        good = _in_words(roads["road_class"], road_class, rule.classes) if rule.classes else given & ~bad
        if rule.not_classes and rule.classes:
            good &= ~bad
        elif not rule.not_classes:
            bad = given & ~good
        hardness = np.where(good, HARDENED, np.where(bad, NOT_HARDENED, UNKNOWN))
    else:
        names = surface.astype(str)
        hardness = np.where(
            np.isin(names, rule.surfaces),
            HARDENED,
            np.where(np.isin(names, rule.not_surfaces), NOT_HARDENED, UNKNOWN),
        )
        if rule.not_classes:
            hardness[_in_words(roads["road_class"], road_class, rule.not_classes)] = NOT_HARDENED
    if rule.by == "all_weather":
        months = roads["open_months"].to_numpy(dtype=float)
        hardness = np.where(months >= 12, HARDENED, np.where(months < 12, NOT_HARDENED, hardness))
        told = roads["all_weather"].to_numpy(dtype=float)
        hardness = np.where(told == 1, HARDENED, np.where(told == 0, NOT_HARDENED, hardness))
    if rule.min_width_m is not None:
        hardness[roads["width_m"].to_numpy(dtype=float) < rule.min_width_m] = NOT_HARDENED
    return hardness.astype(np.int64)


def _findings(
    roads: gpd.GeoDataFrame,
    rule: HardenedRule,
    surface: NDArray[np.object_],
    hardness: Ints,
    exists: Bools,
) -> pd.DataFrame:
    field = "road_class" if rule.by == "class" else "surface"
    raw = roads[field].astype(str)
    lost = (hardness == UNKNOWN) & exists
    if rule.by != "class":
        # Understood, but the profile says nothing of it: told as well, since it counts as unknown.
        lost |= (surface == "") & (raw != "").to_numpy() & exists & (hardness == UNKNOWN)
    blank = lost & (raw == "").to_numpy()
    # A layer that has no such column at all is a note of the run, not a finding a road.
    if blank.all() and len(blank):
        blank = np.zeros_like(blank)
    km = (roads.length.to_numpy() / 1000.0).round(3)
    tables = []
    for mask, code in (
        (blank, "roads.surface_missing"),
        (lost & (raw != "").to_numpy(), "roads.surface_not_understood"),
    ):
        at = np.flatnonzero(mask)
        each = [{"word": word, "km": length} for word, length in zip(raw.iloc[at], km[at].tolist(), strict=True)]
        tables.append(findings_at("roads", roads, at, code, "noted", field=field, each=each))
    return joined(tables)
