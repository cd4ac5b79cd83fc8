"""What a rule pack says of a hamlet's water: each indicator and the whole, with what is not known kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.standards import WaterProfile
from siteplan.standards.water_profile import CONVENIENCE, FACTS, UNKNOWN, WORD_FACTS, Bound, Criterion
from siteplan.water.model import LEVELS

Range = tuple[Floats, Floats]
"""Least and greatest value that a fact may have, (n,) each, equal where it is known; of words no is 0 and yes is 1."""
_NOISE = 1e-9
"""Float noise must not decide: 35 L times people over people may be 34.999...."""
SERVICE = "service"
"""Named among the open indicators where the service level itself decides or is not known."""


@dataclass(frozen=True)
class Water:
    """One water that hamlets may use, by itself: every one of `FACTS` of it, and the best and worst service level it
    gives them (`decision.decide`, places in `LEVELS`, by the profile's own reach of taps), (n,) each."""

    facts: Mapping[str, Range]
    best: Ints
    worst: Ints


@dataclass(frozen=True)
class Grades:
    """What a pack says of each hamlet, (n,) each.

    level : a level of the profile, or unknown. A level that is sure to be reached and counts as safe stands even where
        a better one may hold. safe : yes, no, unknown. open : the indicators that keep it from being safe, or from
        being known to be, separated by commas.
    """

    level: NDArray[np.object_]
    safe: NDArray[np.object_]
    open: NDArray[np.object_]


def known_range(values: Floats, *, low: Floats | None = None, high: Floats | None = None) -> Range:
    """Values with NaN for not known as a range; `low` and `high` bound what is not known (default 0 and no end)."""
    values = np.asarray(values, dtype=float)
    blank = np.isnan(values)
    least = np.zeros(len(values)) if low is None else np.nan_to_num(low, nan=0.0)
    most = np.full(len(values), np.inf) if high is None else np.nan_to_num(high, nan=np.inf)
    return np.where(blank, least, values), np.where(blank, most, values)


def word_range(words: NDArray[np.object_]) -> Range:
    """yes, no, unknown as a range."""
    told = np.asarray(words, dtype=object)
    return (told == "yes").astype(float), (told != "no").astype(float)


def within_reach(profile: WaterProfile, facts: Mapping[str, Range], *, water_short: bool) -> NDArray[np.object_]:
    """Whether a tap is near enough for the profile: in_reach, too_far, or some (not known), (n,).

    facts : every one of `FACTS`; that the water is on the premises must be no.
    """
    best, worst = _graded(profile, CONVENIENCE, facts, water_short)
    enough = profile.level_names.index(profile.overall.safe_from)
    return np.where(worst <= enough, "in_reach", np.where(best > enough, "too_far", "some")).astype(object)


def grade(profile: WaterProfile, waters: Sequence[Water], known: Bools, *, water_short: bool) -> Grades:
    """Level, safety and open indicators of each hamlet: those of the best of its waters.

    waters : the pipe and the tap, each by itself. known : whether the hamlet's service level is known, (n,); one that
    is not known is never safe.
    """
    names = profile.level_names
    enough, last = names.index(profile.overall.safe_from), len(names) - 1
    each = [_of_water(profile, water, water_short) for water in waters]
    low = np.min([one.low for one in each], axis=0)
    high = np.where(known, np.min([one.high for one in each], axis=0), last)
    words = np.array(names, dtype=object)
    level = np.where((low == high) | (high <= enough), words[high], UNKNOWN)
    safe = np.where(high <= enough, "yes", np.where(low > enough, "no", UNKNOWN)).astype(object)
    # What keeps the hamlet from being safe is told of the water that comes nearest to it.
    nearest = np.argmin([(one.high * len(names) + one.low) * 2 + one.absent for one in each], axis=0)
    told = np.array([one.told(safe, enough) for one in each], dtype=object)
    opened = np.where(known | (safe == "no"), told[nearest, np.arange(len(low))], SERVICE)
    return Grades(level=level, safe=safe, open=opened.astype(object))


@dataclass(frozen=True)
class _Graded:
    """One water: best and worst level by indicator, and of the whole; absent: it is known to serve nobody."""

    each: Mapping[str, tuple[Ints, Ints]]
    low: Ints
    high: Ints
    absent: Bools

    def told(self, safe: NDArray[np.object_], enough: int) -> list[str]:
        """The indicators that fail, or may, by comma; the service itself where no other says why."""
        told: list[list[str]] = [[] for _ in safe]
        for name, (low, high) in self.each.items():
            for row in np.flatnonzero(np.where(safe == "no", low > enough, (safe == UNKNOWN) & (high > enough))):
                told[row].append(name)
        named = [[name for name in names if name != SERVICE] or names for names in told]
        return [SERVICE if absent else ",".join(names) for names, absent in zip(named, self.absent, strict=True)]


def _of_water(profile: WaterProfile, water: Water, water_short: bool) -> _Graded:
    last = len(profile.levels) - 1
    caps = np.array([profile.level_names.index(profile.service.best[level]) for level in LEVELS if level != UNKNOWN])
    each = {SERVICE: (caps[water.best], np.where(water.best == water.worst, caps[water.worst], last))}
    for indicator in profile.overall.indicators:
        each[indicator] = _graded(profile, indicator, water.facts, water_short)
    low, high = (np.max([ends[at] for ends in each.values()], axis=0) for at in (0, 1))
    unserved = LEVELS.index("unserved")
    return _Graded(each, low, high, (water.best == unserved) & (water.worst == unserved))


def _graded(profile: WaterProfile, indicator: str, facts: Mapping[str, Range], water_short: bool) -> tuple[Ints, Ints]:
    """Best and worst level of one indicator, as places in the profile's levels."""
    n = len(next(iter(facts.values()))[0])
    last = len(profile.levels) - 1
    best, worst = np.full(n, last), np.full(n, last)
    for level, rule in profile.criteria_of(indicator, water_short=water_short).items():
        at = profile.level_names.index(level)
        surely, perhaps = _holds(rule, facts, n)
        best = np.where(perhaps, np.minimum(best, at), best)
        worst = np.where(surely, np.minimum(worst, at), worst)
    return best, worst


def _holds(rule: Criterion, facts: Mapping[str, Range], n: int) -> tuple[Bools, Bools]:
    """Whether a criterion holds for all values the facts may have, and for any of them."""
    surely, perhaps = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    for line in rule.any:
        sure, may = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
        for fact, bound in line.items():
            one_sure, one_may = _bounded(bound, facts[fact])
            sure, may = sure & one_sure, may & one_may
        surely, perhaps = surely | sure, perhaps | may
    return surely, perhaps


def _bounded(bound: Bound, values: Range) -> tuple[Bools, Bools]:
    low, high = values
    if bound.word is not None:
        return (low > 0, high > 0) if bound.word == "yes" else (high <= 0, low <= 0)
    if bound.at_most is not None:
        most = bound.at_most * (1 + _NOISE)
        return high <= most, low <= most
    least = bound.at_least if bound.at_least is not None else 0.0
    perhaps = least if bound.perhaps_from is None else bound.perhaps_from
    return low >= least * (1 - _NOISE), high >= perhaps * (1 - _NOISE)


def nothing_known(n: int) -> dict[str, Range]:
    """Every fact, none of it known."""
    unknown = np.full(n, np.nan)
    words = np.full(n, UNKNOWN, dtype=object)
    return {name: word_range(words) if name in WORD_FACTS else known_range(unknown) for name in FACTS}
