"""The water service of each hamlet: its level, why, and what each rule pack says of it; unknown is never safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.language import Texts
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.standards import WaterProfile, load_water_profile, water_profile_names
from siteplan.standards.water_profile import WALK_FACTS
from siteplan.water.decision import UNKNOWN, decide, level_names
from siteplan.water.evidence import Evidence
from siteplan.water.grades import Grades, Range, Water, grade, known_range, nothing_known, within_reach, word_range
from siteplan.water.levelwords import level_reasons
from siteplan.water.model import LEVELS, Demands

_CONNECTION = {"house": "home", "yard": "home", "tap": "tap", "none": "none", "unknown": UNKNOWN}
_DAYS = 365.0
_ENOUGH = 1.0 - 1e-9
"""Float noise of a balance must not make water short."""


@dataclass(frozen=True)
class ServiceLevels:
    """The water service of every hamlet.

    table : index of `villages`. water_level (one of `model.LEVELS`), water_level_best and water_level_worst (what the
        unknown findings leave), water_safe (`Known`, by the profile asked for), water_reason, water_source (ids of
        sources or the tap, "" none), head_m (where piped), litres_per_person_day (what arrives of the water in use),
        tap (row of the taps, -1 none), walk_min (there and back); then for each pack PACK (`pack_column`): PACK (its
        level, or unknown), PACK_safe (`Known`), PACK_open (indicators that keep it from being safe or known, by comma).
    states : the findings of `decision.INPUTS` as told, and the figures that `reworded` puts in words.
    packs : the rule packs, the profile asked for first. rules : every rule used. parameters : as given.
    """

    table: pd.DataFrame
    states: pd.DataFrame
    packs: tuple[WaterProfile, ...]
    rules: pd.DataFrame
    parameters: Mapping[str, object]


def pack_column(profile: WaterProfile) -> str:
    """The name of the columns that hold what a pack says."""
    return profile.id.replace("-", "_").replace(".", "_")


def service_levels(
    villages: gpd.GeoDataFrame,
    evidence: Evidence,
    demands: Demands,
    profile: WaterProfile,
    texts: Texts,
    *,
    packs: Sequence[WaterProfile] | None = None,
    water_short: bool = False,
    quality: Literal["decides", "beside"] = "decides",
    queue_min: float | None = None,
) -> ServiceLevels:
    """Judge every hamlet. Inputs are not changed; only the index of `villages` is used.

    Parameters
    ----------
    evidence
        What the other steps found (see `evidence`), `demands` what is asked (litres and service heads with them).
    profile
        Says how far a tap may be; it and the other `packs` (default: all that come with siteplan) then say what they
        make of the hamlet, each with its own reach of taps.
    quality
        "decides": water of unknown quality leaves the level unknown; "beside": it is taken for good in the level alone,
        which then tells of pipes, head and distance; packs that ask for quality do not call it safe.
    queue_min
        Minutes of queue at public taps; None not known, so a walk may be too long, but not short enough, where a rule
        counts the queue (JMP).

    Raises
    ------
    ValueError
        Tables of evidence or demands with another index, without a column, or with words that are none: all faults.
    """
    evidence = evidence.checked(villages.index)
    if not demands.table.index.equals(villages.index):
        raise ValueError("demands: found another index than that of villages")
    others = [load_water_profile(name) for name in water_profile_names()] if packs is None else list(packs)
    every = (profile, *(pack for pack in others if pack.id != profile.id))
    found = _findings(evidence, demands, quality)
    walk = _walk_facts(evidence, queue_min)
    judged: list[tuple[Grades, Ints, Ints]] = []
    for pack in every:
        told = {**found, "tap": _taps(evidence, pack, walk, water_short)}
        best, worst = decide(told)
        waters = (
            Water(_pipe_facts(evidence, demands, queue_min), *decide({**told, "tap": _all("none", best)})),
            Water(_tap_facts(evidence, walk), *decide({**told, "piped": _all("no", best)})),
        )
        judged.append((grade(pack, waters, best == worst, water_short=water_short), best, worst))
    own, best, worst = judged[0]
    states = _states(evidence, demands, {**found, "tap": _taps(evidence, profile, walk, water_short)}, best, worst)
    table = _table(evidence, demands, states, own, best, worst, texts)
    for pack, (grades, _, _) in zip(every, judged, strict=True):
        for suffix, values in (("", grades.level), ("_safe", grades.safe), ("_open", grades.open)):
            table[pack_column(pack) + suffix] = pd.Series(values, index=table.index, dtype="str")
    rows = [row for pack in every for row in pack.rules()]
    rules = pd.concat([demands.rules, evidence.walks.rules, pd.DataFrame(rows, dtype="str")], ignore_index=True)
    return ServiceLevels(
        table=table,
        states=states,
        packs=every,
        rules=rules.drop_duplicates(ignore_index=True),
        parameters={"profile": profile.id, "water_short": water_short, "quality": quality, "queue_min": queue_min},
    )


def reworded(levels: ServiceLevels, texts: Texts) -> ServiceLevels:
    """The same with its reasons in the language of `texts`."""
    return replace(levels, table=levels.table.assign(water_reason=level_reasons(levels.states, texts)))


def _findings(evidence: Evidence, demands: Demands, quality: str) -> dict[str, NDArray[np.object_]]:
    """The findings of `decision.INPUTS`, but for the tap."""
    asked = demands.table["people_m3_per_day"].to_numpy(dtype=float)
    got = evidence.supply.table["people_m3_per_day"].to_numpy(dtype=float)
    quantity = np.select(
        [np.isnan(got) | (np.isnan(asked) & (got > 0)), got >= asked * _ENOUGH, got > 0],
        [UNKNOWN, "enough", "short"],
        "none",
    )
    words = {"quality": evidence.words("quality"), "tap_quality": evidence.words("tap_quality")}
    if quality == "beside":
        words = {name: np.where(told == UNKNOWN, "yes", told).astype(object) for name, told in words.items()}
    return {
        "piped": evidence.reach.table["reached"].to_numpy(dtype=object),
        "connection": demands.table["connection"].map(_CONNECTION).to_numpy(dtype=object),
        "quantity": quantity.astype(object),
        "pressure": evidence.pressure.table["verdict"].to_numpy(dtype=object),
        **words,
    }


def _walk_facts(evidence: Evidence, queue_min: float | None) -> dict[str, Range]:
    """The walk to the tap as ranges: what unknown heights and an unknown queue leave."""
    table = evidence.walks.table
    least, time = table["least_min"].to_numpy(dtype=float), table["round_min"].to_numpy(dtype=float)
    # Over heights that are not known a quicker way may exist than the one that was timed.
    low = np.where(np.isnan(least), time, np.fmin(least, time))
    low, high = np.nan_to_num(low, nan=0.0), np.where(np.isnan(time), np.inf, time)
    queue = (0.0, np.inf) if queue_min is None else (queue_min, queue_min)
    return {
        "round_min": (low, high),
        "collect_min": (low + queue[0], high + queue[1]),
        "level_m": known_range(table["level_m"].to_numpy(dtype=float)),
        "climb_m": known_range(table["climb_m"].to_numpy(dtype=float)),
    }


def _taps(evidence: Evidence, pack: WaterProfile, walk: Mapping[str, Range], water_short: bool) -> NDArray[np.object_]:
    """Whether each hamlet's tap is in reach, as the pack has it: a word of `decision` for the tap."""
    by = evidence.walks.table["by"].to_numpy(dtype=object)
    n = len(by)
    facts = {**nothing_known(n), **walk, "on_premises": _words("no", n), "improved": _words("yes", n)}
    near = within_reach(pack, facts, water_short=water_short)
    near[by == "none"] = "none"
    near[by == "no_place"] = UNKNOWN
    return near


def _facts(evidence: Evidence, litres: Range, quality: str) -> dict[str, Range]:
    """The facts that every water of a hamlet has."""
    outage = evidence.number("outage_days")
    n = len(outage)
    return {
        **nothing_known(n),
        "litres_per_person_day": litres,
        "quality": word_range(evidence.words(quality)),
        "improved": _words("yes", n),
        "outage_days": known_range(outage),
        "reliability_pct": known_range(100.0 * (1.0 - outage / _DAYS), high=np.full(n, 100.0)),
        "hours_per_day": known_range(evidence.number("hours_per_day")),
    }


def _pipe_facts(evidence: Evidence, demands: Demands, queue_min: float | None) -> dict[str, Range]:
    """The facts of the pipe: at home, or at a standpipe in the hamlet, to which there is no walk, but maybe a queue."""
    connection = demands.table["connection"].map(_CONNECTION).to_numpy(dtype=object)
    home = np.select([connection == "home", connection == UNKNOWN], ["yes", UNKNOWN], "no")
    none = np.zeros(len(home))
    # Whatever the pressure lets through, it is not more than what the balance gives.
    litres = known_range(_piped_litres(evidence, demands), high=_balance_litres(evidence, demands))
    longest = np.where(home == "yes", 0.0, np.inf if queue_min is None else queue_min)
    shortest = np.where(home == "no", 0.0 if queue_min is None else queue_min, 0.0)
    return {
        **_facts(evidence, litres, "quality"),
        "on_premises": word_range(home.astype(object)),
        **dict.fromkeys(WALK_FACTS, (none, none)),
        "collect_min": (shortest, longest),
    }


def _tap_facts(evidence: Evidence, walk: Mapping[str, Range]) -> dict[str, Range]:
    """The facts of the public tap."""
    facts = _facts(evidence, known_range(evidence.number("tap_litres_per_person_day")), "tap_quality")
    shared = {name: known_range(evidence.number(name)) for name in ("people_per_tap", "tap_l_per_min")}
    return {**facts, **walk, **shared, "on_premises": _words("no", len(evidence.walks.table))}


def _in_use(found: Mapping[str, NDArray[np.object_]], best: Ints, worst: Ints) -> tuple[Bools, Bools, Bools]:
    """Whether water comes from the pipe at home, from a standpipe in the hamlet, from a tap elsewhere."""
    level = np.where(best == worst, best, -1)
    home = (level >= 0) & (level <= LEVELS.index("piped_deficient"))
    at_tap = (level == LEVELS.index("tap_in_reach")) | (level == LEVELS.index("tap_too_far"))
    good = (found["piped"] == "yes") & (found["connection"] == "tap") & (found["pressure"] == "ok")
    good &= np.isin(found["quantity"], ("short", "enough")) & (found["quality"] == "yes")
    return home, at_tap & good, at_tap & ~good


def _piped_litres(evidence: Evidence, demands: Demands) -> Floats:
    """Litres a person and day that arrive through the pipe: the balance, cut to what the pressure lets through."""
    litres = _balance_litres(evidence, demands)
    share = evidence.pressure.table["delivered_share"].to_numpy(dtype=float)
    verdict = evidence.pressure.table["verdict"].to_numpy(dtype=object)
    let_through = np.select([verdict == "ok", verdict != UNKNOWN], [1.0, np.clip(share, 0.0, 1.0)], np.nan)
    return litres * let_through


def _states(
    evidence: Evidence, demands: Demands, found: Mapping[str, NDArray[np.object_]], best: Ints, worst: Ints
) -> pd.DataFrame:
    """Findings and figures for the words of the reasons."""
    home, standpipe, tap = _in_use(found, best, worst)
    walks = evidence.walks.table
    return pd.DataFrame(
        {
            **{name: pd.Series(words, index=walks.index, dtype="str") for name, words in found.items()},
            "best": best,
            "worst": worst,
            "standpipe": standpipe,
            "litres": np.where(tap, evidence.number("tap_litres_per_person_day"), _piped_litres(evidence, demands)),
            "balance_litres": _balance_litres(evidence, demands),
            "need": demands.table["litres_per_person_day"].to_numpy(dtype=float),
            "head_m": evidence.pressure.table["head_m"].to_numpy(dtype=float),
            "service_head_m": demands.table["service_head_m"].to_numpy(dtype=float),
            "why": evidence.reach.table["why"].to_numpy(dtype=object),
            "source": evidence.reach.table["source"].to_numpy(dtype=object),
            "tap_name": evidence.names("tap_name"),
            **{name: walks[name].to_numpy(dtype=float) for name in ("round_min", "least_min", "level_m", "climb_m")},
            "by": walks["by"].to_numpy(dtype=object),
            "piped_use": home | standpipe,
            "tap_use": tap,
        },
        index=walks.index,
    )


def _balance_litres(evidence: Evidence, demands: Demands) -> Floats:
    people = demands.table["people"].to_numpy(dtype=float)
    got = evidence.supply.table["people_m3_per_day"].to_numpy(dtype=float)
    return np.divide(got * 1000.0, people, out=np.full(len(people), np.nan), where=people > 0)


def _table(
    evidence: Evidence,
    demands: Demands,
    states: pd.DataFrame,
    own: Grades,
    best: Ints,
    worst: Ints,
    texts: Texts,
) -> pd.DataFrame:
    pipe, tap = states["piped_use"].to_numpy(), states["tap_use"].to_numpy()
    words = np.array(LEVELS, dtype=object)
    columns = {
        "water_level": level_names(best, worst),
        "water_level_best": words[best],
        "water_level_worst": words[worst],
        "water_safe": own.safe,
        "water_reason": level_reasons(states, texts),
        "water_source": np.where(pipe, states["source"], np.where(tap, states["tap_name"], "")),
    }
    table = pd.DataFrame({name: pd.Series(values, index=states.index, dtype="str") for name, values in columns.items()})
    table["head_m"] = states["head_m"].where(states["piped_use"])
    table["litres_per_person_day"] = states["litres"].where(pipe | tap)
    table["tap"] = np.where(tap, evidence.walks.table["tap"], -1)
    table["walk_min"] = states["round_min"].where(tap)
    return table


def _all(word: str, like: Ints) -> NDArray[np.object_]:
    return np.full(len(like), word, dtype=object)


def _words(word: str, n: int) -> Range:
    return word_range(np.full(n, word, dtype=object))
