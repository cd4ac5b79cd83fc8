"""Water profiles: which water counts as safe, design figures behind demands, walking speed; each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from siteplan.standards.reading import pack_text, packed_text, validated
from siteplan.standards.roads_profile import Rule
from siteplan.standards.words import normalise_word

SERVICE_LEVELS = ("piped_adequate", "piped_deficient", "tap_in_reach", "tap_too_far", "unserved", "unknown")
"""The service levels of the water room, which every profile maps."""
UNKNOWN = "unknown"
FACTS = {
    "litres_per_person_day": "L/person/day",
    "quality": "",
    "on_premises": "",
    "improved": "",
    "round_min": "min",
    "collect_min": "min",
    "level_m": "m",
    "climb_m": "m",
    "outage_days": "days a year",
    "reliability_pct": "%",
    "hours_per_day": "h/day",
    "people_per_tap": "people",
    "tap_l_per_min": "L/min",
}
"""What criteria may ask of a hamlet's water, with units: what arrives; tested good (yes, no); piped into house or yard;
pipe or public tap; the walk to the tap and back, the same with the queue; the way to the tap on the level and between
the heights of its ends; days without water; 100 % less their share of the year; hours of supply; people that share a
tap; its flow."""
WORD_FACTS = frozenset({"quality", "on_premises", "improved"})
WALK_FACTS = ("round_min", "collect_min", "level_m", "climb_m")
CONVENIENCE = "convenience"
"""The indicator that says how far a tap may be; every profile has it."""


class Bound(BaseModel):
    """What one fact must be: at least, at most (the fact's unit), or `is` a word.

    `perhaps_from`: the text gives a range of least values; from it up to `at_least` the answer is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float | None = None
    at_most: float | None = None
    perhaps_from: float | None = None
    word: Literal["yes", "no"] | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _one_bound(self) -> Bound:
        if sum(value is not None for value in (self.at_least, self.at_most, self.word)) != 1:
            raise ValueError("give one of at_least, at_most, is")
        if self.perhaps_from is not None and (self.at_least is None or self.perhaps_from > self.at_least):
            raise ValueError("perhaps_from goes with a greater at_least")
        return self

    def told(self) -> str:
        """The bound in signs: ">= 40-60", "<= 20", "= yes"."""
        if self.word is not None:
            return f"= {self.word}"
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        low = "" if self.perhaps_from is None else f"{self.perhaps_from:g}-"
        return f">= {low}{self.at_least:g}"


class Criterion(Rule):
    """What gives an indicator a level: any of the lines, in each of which all bounds hold; an empty line always holds.

    `where = "water_short"`: stands in place of the plain one where the plan says that water is short.
    """

    indicator: str
    level: str
    where: Literal["", "water_short"] = ""
    any: tuple[Mapping[str, Bound], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _facts_known(self) -> Criterion:
        for fact, bound in ((fact, bound) for line in self.any for fact, bound in line.items()):
            if fact not in FACTS:
                raise ValueError(f"unknown fact {fact}; known: {', '.join(FACTS)}")
            if (bound.word is not None) != (fact in WORD_FACTS):
                raise ValueError(f"{fact}: {'is' if fact in WORD_FACTS else 'at_least or at_most'} expected")
        return self

    def told(self) -> tuple[str, str]:
        """Value and unit for the table of rules; with several facts the units stand in the value."""
        if len(self.any) == 1 and len(self.any[0]) == 1:
            ((fact, bound),) = self.any[0].items()
            if bound.word is None:
                return bound.told(), FACTS[fact]
        lines = (
            " and ".join(f"{fact} {bound.told()} {FACTS[fact]}".rstrip() for fact, bound in line.items())
            for line in self.any
        )
        return "; or ".join(line or "always" for line in lines), ""


class PackLevel(BaseModel):
    """A level of the profile, with its name in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: dict[Literal["zh", "en"], str]


class OverallRule(Rule):
    """A hamlet's level is the worst of these indicators; from `safe_from` on its water counts as safe."""

    indicators: tuple[str, ...] = Field(min_length=1)
    safe_from: str


class ServiceMap(Rule):
    """The best level of the profile that a hamlet of each service level can have; `unknown` stays unknown."""

    best: dict[str, str]


class WaterProfile(BaseModel):
    """A water rule pack as read from its TOML; `levels` from better to worse, the last one is what meets nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: dict[Literal["zh", "en"], str]
    based_on: str
    design: str
    levels: tuple[PackLevel, ...] = Field(min_length=2)
    overall: OverallRule
    service: ServiceMap
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _whole(self) -> WaterProfile:
        faults, names = [], self.level_names
        if UNKNOWN in names or len(set(names)) < len(names):
            faults.append("levels: names must differ, and none may be unknown")
        if self.overall.safe_from not in names[:-1]:
            faults.append(f"overall.safe_from: {self.overall.safe_from} is not one of {', '.join(names[:-1])}")
        missing = [name for name in SERVICE_LEVELS if name not in self.service.best]
        strange = [name for name in self.service.best if name not in SERVICE_LEVELS]
        if missing or strange:
            faults.append(f"service.best: maps each of {', '.join(SERVICE_LEVELS)}, and nothing else")
        for name, level in self.service.best.items():
            if level not in names and not (name == level == UNKNOWN):
                faults.append(f"service.best.{name}: {level} is not a level")
        if self.service.best.get(UNKNOWN) != UNKNOWN:
            faults.append("service.best.unknown: must stay unknown")
        if CONVENIENCE not in self.overall.indicators:
            faults.append(f"overall.indicators: {CONVENIENCE} is needed, it says how far a tap may be")
        for name in self.overall.indicators:
            if not any(rule.indicator == name for rule in self.criteria):
                faults.append(f"overall.indicators: {name} has no criterion")
        keys = [(rule.indicator, rule.level, rule.where) for rule in self.criteria]
        for at, (indicator, level, _) in enumerate(keys):
            if indicator not in self.overall.indicators or level not in names[:-1] or keys.index(keys[at]) != at:
                faults.append(f"criteria.{at}: {indicator}, {level}: not an indicator, not a level, or given twice")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels from better to worse."""
        return tuple(level.name for level in self.levels)

    def criteria_of(self, indicator: str, *, water_short: bool) -> dict[str, Criterion]:
        """The criteria of an indicator by level, from better to worse."""
        chosen: dict[str, Criterion] = {}
        for level in self.level_names:
            rules = {rule.where: rule for rule in self.criteria if (rule.indicator, rule.level) == (indicator, level)}
            rule = rules.get("water_short", rules.get("")) if water_short else rules.get("")
            if rule is not None:
                chosen[level] = rule
        return chosen

    def litres(self, *, level: str = "", water_short: bool = False) -> tuple[float, Criterion] | None:
        """The least litres a person and day of a level (default: from which on water is safe), with its rule.

        Of a range the upper end, which satisfies any reading; None where the profile says nothing of litres.
        """
        rule = self.criteria_of("quantity", water_short=water_short).get(level or self.overall.safe_from)
        if rule is None:
            return None
        bounds = (line.get("litres_per_person_day") for line in rule.any)
        least = [bound.at_least for bound in bounds if bound is not None and bound.at_least is not None]
        return (max(least), rule) if least else None

    def rules(self) -> list[dict[str, str]]:
        """Every rule as a row: rule id, value, unit, clause, source, confidence."""
        indicators = f"{', '.join(self.overall.indicators)}: each at least {self.overall.safe_from}"
        best = "; ".join(f"{name} = {level}" for name, level in self.service.best.items())
        rows = [rule_row(f"{self.id}.overall", indicators, "", self.overall)]
        for rule in self.criteria:
            name = ".".join(part for part in (self.id, rule.indicator, rule.level, rule.where) if part)
            rows.append(rule_row(name, *rule.told(), rule))
        return [*rows, rule_row(f"{self.id}.service", best, "", self.service)]


class DesignNumber(Rule):
    """A design figure: the ends of the text's range, if it is one, and `use`, which siteplan takes (`choice`: why)."""

    low: float | None = None
    high: float | None = None
    use: float
    unit: str = Field(min_length=1)
    choice: str = ""

    @model_validator(mode="after")
    def _within(self) -> DesignNumber:
        low, high = self.low, self.high
        if (low is None) != (high is None):
            raise ValueError("a range has low and high")
        if low is not None and high is not None and not (low <= self.use <= high and self.choice):
            raise ValueError("use must lie between low and high, and choice must say why it is this one")
        return self

    def told(self) -> str:
        """The value for the table of rules: "10", or "10 (of 5-10: the upper end)"."""
        return f"{self.use:g}" + ("" if self.low is None else f" (of {self.low:g}-{self.high:g}: {self.choice})")


class HourlyPattern(Rule):
    """What people draw in each hour from midnight, in parts of the mean hour: 24 numbers, none negative, mean 1."""

    hours: tuple[float, ...] = Field(min_length=24, max_length=24)

    @model_validator(mode="after")
    def _mean_is_one(self) -> HourlyPattern:
        if min(self.hours) < 0 or abs(sum(self.hours) / 24 - 1) > 1e-6:
            raise ValueError("hours: 24 numbers, none negative, with a mean of 1")
        return self


class WaterDesign(BaseModel):
    """Design figures: service heads by storeys, litres a head of livestock, factors, gravity lines, pipes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: dict[Literal["zh", "en"], str]
    based_on: str
    service_head: dict[Literal["storeys_1", "storeys_2", "each_more", "hydrant", "static_max"], DesignNumber]
    livestock: dict[str, DesignNumber]
    factors: dict[Literal["max_day", "peak_hour", "peak_hour_timed", "losses"], DesignNumber]
    gravity: dict[Literal["velocity_min", "velocity_max", "head_min", "pressure_min"], DesignNumber]
    pipes: dict[Literal["plastic_c"], DesignNumber]
    pattern: HourlyPattern

    @model_validator(mode="after")
    def _whole(self) -> WaterDesign:
        needed = {
            "service_head": ("storeys_1", "storeys_2", "each_more", "hydrant", "static_max"),
            "livestock": ("large",),
            "factors": ("max_day", "peak_hour", "peak_hour_timed", "losses"),
            "gravity": ("velocity_min", "velocity_max", "head_min", "pressure_min"),
            "pipes": ("plastic_c",),
        }
        missing = [f"{table}.{name}" for table, names in needed.items() for name in names
                   if name not in getattr(self, table)]  # fmt: skip
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}")
        return self

    def rules(self) -> list[dict[str, str]]:
        """Every figure as a row: rule id, value, unit, clause, source, confidence."""
        tables = ("service_head", "livestock", "factors", "gravity", "pipes")
        rows = [self.row(table, name) for table in tables for name in getattr(self, table)]
        told = " ".join(f"{hour:g}" for hour in self.pattern.hours)
        return [*rows, rule_row(f"{self.id}.pattern", told, "of the mean hour", self.pattern)]

    def row(self, table: str, name: str) -> dict[str, str]:
        """The row of one figure."""
        number: DesignNumber = getattr(self, table)[name]
        return rule_row(f"{self.id}.{table}.{name}", number.told(), number.unit, number)


class Walking(Rule):
    """Tobler's hiking function: km/h = fastest_kmh * exp(-decay * |slope + offset|), slope = rise over run."""

    fastest_kmh: float = Field(gt=0)
    decay: float = Field(gt=0)
    offset: float

    def rules(self) -> list[dict[str, str]]:
        """The function as a row: rule id, value, unit, clause, source, confidence."""
        value = f"{self.fastest_kmh:g} * exp(-{self.decay:g} * |slope + {self.offset:g}|)"
        return [rule_row("walking.tobler", value, "km/h", self)]


def rule_row(rule_id: str, value: str, unit: str, rule: Rule) -> dict[str, str]:
    """A row of a table of rules: rule, value, unit, clause, source, confidence."""
    return {"rule": rule_id, "value": value, "unit": unit,
            "clause": rule.clause, "source": rule.source, "confidence": rule.confidence}  # fmt: skip


@cache
def water_profile_names() -> tuple[str, ...]:
    """The water profiles that come with siteplan."""
    return tuple(name for name in _names() if "levels" in tomllib.loads(packed_text("water", name)))


def water_design_names() -> tuple[str, ...]:
    """The sets of design figures that come with siteplan."""
    return tuple(name.removeprefix("design-") for name in _names() if name.startswith("design-"))


def load_water_profile(name: str, *, root: Path | None = None) -> WaterProfile:
    """A profile by its name, or from the user's own TOML file (a name that ends in `.toml`, relative to `root`).

    Raises
    ------
    PlanError
        If there is no such profile, or the file is faulty: all faults, each with its key's path.
    """
    text = pack_text("water.profile", name, folder="water", known=water_profile_names(), root=root)
    return validated(WaterProfile, f"profile {name}", text)


def load_water_design(name: str, *, root: Path | None = None) -> WaterDesign:
    """Design figures by name (`WaterProfile.design`), or from the user's own TOML file; errors as for profiles."""
    text = pack_text("water.design", name, folder="water", known=water_design_names(), root=root, prefix="design-")
    return validated(WaterDesign, f"design {name}", text)


@cache
def load_walking() -> Walking:
    """The walking speed of the rule pack."""
    return Walking.model_validate(tomllib.loads(packed_text("water", "walking")))


@cache
def connection_words() -> Mapping[str, str]:
    """Normalised word of a file -> house, yard, tap or none."""
    table = tomllib.loads(packed_text("water", "words"))["connection"]
    names = {normalise_word(word): name for name, words in table.items() for word in words}
    return {**{name: name for name in table}, **names}


def _names() -> list[str]:
    folder = resources.files(__package__).joinpath("water")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
