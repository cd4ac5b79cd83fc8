"""Road profiles: what counts as hardened, what an anchor is, distances, who is in scope; each rule with its source."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from siteplan.standards.reading import pack_text, validated
from siteplan.standards.words import road_words

Confidence = Literal["source read", "unofficial page", "unverified"]
_PLAIN = "paved"
"""The surface that says no more than hardened."""
DISTANCES = ("access_m", "anchor_m", "snap_m", "suspect_m")


class Rule(BaseModel):
    """Where a rule comes from. `unverified` means its text was not read; outputs then say 待核 / to be verified."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: str = ""
    source: str
    confidence: Confidence


class Distance(Rule):
    """A distance of a profile, in metres."""

    value: float = Field(gt=0)
    unit: Literal["m"] = "m"


class HardenedRule(Rule):
    """Which pieces of road are hardened.

    by = "surface": by the name of the surface; "class": by the class as written in the file; "all_weather": by the
    column all_weather, else open_months, else by surface. A piece narrower than `min_width_m` is not hardened; one of
    unknown width is judged by the rest. `classes` and `not_classes` are names of the word table or words of the file.
    """

    by: Literal["surface", "class", "all_weather"]
    surfaces: tuple[str, ...] = ()
    not_surfaces: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()
    min_width_m: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _something_named(self) -> HardenedRule:
        known = set(road_words("surface").values())
        strange = [name for name in (*self.surfaces, *self.not_surfaces) if name not in known]
        if strange:
            raise ValueError(f"unknown surface names {', '.join(strange)}; known: {', '.join(sorted(known))}")
        if self.by == "class" and not (self.classes or self.not_classes):
            raise ValueError('by = "class" needs classes or not_classes')
        if self.by != "class" and not self.surfaces:
            raise ValueError(f'by = "{self.by}" needs surfaces')
        return self

    @property
    def surface_of_works(self) -> str:
        """The surface that a road is taken to have once it is hardened and nobody says with what: a name of the word
        table that this rule judges hardened, the plain "paved" where it may; "" where the rule goes by class, since no
        works on the surface change a class.
        """
        if self.by == "class":
            return ""
        return _PLAIN if _PLAIN in self.surfaces else self.surfaces[0]


class SeatRule(Rule):
    """What the road to a village seat must be, where it differs from the hamlets'."""

    surfaces: tuple[str, ...]
    min_width_m: float | None = Field(default=None, gt=0)
    min_subgrade_m: float | None = Field(default=None, gt=0)


class AnchorRule(Rule):
    """What a hamlet must reach: centres of these kinds, roads of these classes, or nothing (`none = true`)."""

    centres: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    none: bool = False


class ScopeRule(Rule):
    """Which hamlets the target is about: those with at least so many households or people."""

    column: Literal["households", "people"]
    at_least: float = Field(ge=0)


class Distances(BaseModel):
    """The four distances of a profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_m: Distance
    anchor_m: Distance
    snap_m: Distance
    suspect_m: Distance


class RoadProfile(BaseModel):
    """A road rule pack as read from its TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: dict[Literal["zh", "en"], str]
    based_on: str
    neighbours_connect: bool = False
    hardened: HardenedRule
    seat: SeatRule | None = None
    anchor: AnchorRule
    scope: ScopeRule | None = None
    distances: Distances

    def rules(self) -> list[dict[str, str]]:
        """Every rule as a row: rule id, value, unit, clause, source, confidence."""
        rows: list[dict[str, str]] = []
        for name in ("hardened", "seat", "anchor", "scope"):
            rule = getattr(self, name)
            if rule is not None:
                shown = rule.model_dump(exclude={"clause", "source", "confidence"}, exclude_defaults=True)
                value = "; ".join(f"{key} = {_plain(item)}" for key, item in shown.items())
                rows.append(_row(f"{self.id}.{name}", value, "", rule))
        for name in DISTANCES:
            distance = getattr(self.distances, name)
            rows.append(_row(f"{self.id}.{name}", f"{distance.value:g}", distance.unit, distance))
        return rows


def road_profile_names() -> tuple[str, ...]:
    """The profiles that come with siteplan."""
    folder = resources.files(__package__).joinpath("roads")
    names = [entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(set(names) - {"words", "speeds", "inferred"}))


def load_road_profile(name: str, *, root: Path | None = None) -> RoadProfile:
    """A profile by its name, or from the user's own TOML file (a name that ends in `.toml`, relative to `root`).

    Raises
    ------
    PlanError
        If there is no such profile, or the file is faulty: all faults, each with its key's path.
    """
    text = pack_text("roads.profile", name, folder="roads", known=road_profile_names(), root=root)
    return validated(RoadProfile, f"profile {name}", text)


def _plain(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)


def _row(rule_id: str, value: str, unit: str, rule: Rule) -> dict[str, str]:
    return {
        "rule": rule_id,
        "value": value,
        "unit": unit,
        "clause": rule.clause,
        "source": rule.source,
        "confidence": rule.confidence,
    }
