"""What rule packs say, over products of facts: against the text of each rule, and never safe by not knowing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from siteplan.standards import WaterProfile, load_water_profile
from siteplan.standards.water_profile import FACTS, WORD_FACTS
from siteplan.water.grades import Grades, Water, grade, known_range, nothing_known, within_reach, word_range
from siteplan.water.model import LEVELS

PACKS = ("cn-2004-547", "cn-t-ches-18-2018", "jmp", "sphere")
NAN = float("nan")
VALUES: dict[str, tuple[object, ...]] = {
    # From worse to better, unknown last.
    "litres_per_person_day": (10.0, 30.0, 45.0, 65.0, NAN),
    "quality": ("no", "yes", "unknown"),
    "on_premises": ("no", "yes"),
    "round_min": (40.0, 15.0, 5.0, NAN),
    "level_m": (900.0, 450.0, NAN),
    "climb_m": (90.0, 30.0, NAN),
    "outage_days": (60.0, 30.0, 10.0, NAN),
    "hours_per_day": (6.0, 20.0, NAN),
    "people_per_tap": (400.0, 100.0, NAN),
}


def ranges(columns: dict[str, np.ndarray]) -> dict:
    n = len(next(iter(columns.values())))
    facts = {**nothing_known(n), "improved": word_range(np.full(n, "yes", dtype=object))}
    facts["tap_l_per_min"] = known_range(np.full(n, 7.5))
    for name, values in columns.items():
        facts[name] = word_range(values) if name in WORD_FACTS else known_range(values.astype(float))
    if "round_min" in columns:
        facts["collect_min"] = tuple(end + 10.0 for end in facts["round_min"])
    if "outage_days" in columns:
        days = columns["outage_days"].astype(float)
        facts["reliability_pct"] = known_range(100 * (1 - days / 365), high=np.full(n, 100.0))
    assert set(facts) == set(FACTS)
    return facts


def product(values: dict[str, tuple[object, ...]]) -> dict[str, np.ndarray]:
    rows = list(itertools.product(*values.values()))
    return {name: np.array(column, dtype=object) for name, column in zip(values, zip(*rows, strict=True), strict=True)}


def graded(profile: WaterProfile, columns: dict[str, np.ndarray], level: str = "piped_adequate", **options) -> Grades:
    n = len(next(iter(columns.values())))
    at = np.full(n, LEVELS.index(level))
    return grade(profile, [Water(ranges(columns), at, at)], at == at, **{"water_short": False, **options})


def ches(row: dict) -> str:
    """T/CHES 18-2018 in other words; every fact known."""
    litres = 2 if row["litres_per_person_day"] >= 60 else 1 if row["litres_per_person_day"] >= 35 else 0
    quality = 2 if row["quality"] == "yes" else 0
    near = (
        2 if row["on_premises"] == "yes" or row["round_min"] <= 10 or (row["level_m"] <= 400 and row["climb_m"] <= 40)
        else 1 if row["round_min"] <= 20 or (row["level_m"] <= 800 and row["climb_m"] <= 80)
        else 0
    )  # fmt: skip
    sure = 2 if row["outage_days"] <= 18 else 1 if row["outage_days"] <= 36 else 0
    return ("fail", "basic", "full")[min(litres, quality, near, sure)]


def older(row: dict) -> str:
    """水农〔2004〕547号; litres between the ends of a range are not told by the region, so not known."""
    litres = row["litres_per_person_day"]
    low = 2 if litres >= 60 else 1 if litres >= 40 else 0
    high = 2 if litres >= 40 else 1 if litres >= 20 else 0
    quality = 2 if row["quality"] == "yes" else 0
    near = (
        2 if row["on_premises"] == "yes" or row["round_min"] <= 10
        else 1 if row["round_min"] <= 20 or (row["level_m"] <= 800 and row["climb_m"] <= 80)
        else 0
    )  # fmt: skip
    sure = 2 if row["outage_days"] <= 0.05 * 365 else 1 if row["outage_days"] <= 0.1 * 365 else 0
    low, high = min(low, quality, near, sure), min(high, quality, near, sure)
    return ("unsafe", "basic", "safe")[low] if low == high or low >= 1 else "unknown"


def jmp(row: dict) -> str:
    if row["on_premises"] == "yes":
        return "safely_managed" if row["hours_per_day"] >= 12 and row["quality"] == "yes" else "basic"
    return "basic" if row["round_min"] + 10 <= 30 else "limited"


def sphere(row: dict) -> str:
    near = row["on_premises"] == "yes" or (row["level_m"] <= 500 and row["people_per_tap"] <= 250)
    return "meets" if row["litres_per_person_day"] >= 15 and near else "fails"


@pytest.mark.parametrize(("name", "told"), list(zip(PACKS, (older, ches, jmp, sphere), strict=True)), ids=PACKS)
def test_known_facts_give_what_the_rule_says(name: str, told) -> None:
    known = {fact: tuple(one for one in values if one == one and one != "unknown") for fact, values in VALUES.items()}
    columns = product(known)
    found = graded(load_water_profile(name), columns)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert found.level.tolist() == [told(row) for row in rows]
    assert len(set(found.level.tolist())) >= 2


@pytest.fixture(scope="module")
def every() -> dict[str, np.ndarray]:
    return product(VALUES)


@pytest.mark.parametrize("name", PACKS)
def test_unknown_facts_are_safe_only_if_all_their_values_are(name: str, every: dict[str, np.ndarray]) -> None:
    found = graded(load_water_profile(name), every)
    shape = [len(values) for values in VALUES.values()]
    verdict = found.safe.reshape(shape)
    for axis, (fact, values) in enumerate(VALUES.items()):
        if values[-1] not in ("unknown",) and values[-1] == values[-1]:
            continue
        known = np.take(verdict, range(len(values) - 1), axis=axis)
        blank = np.take(verdict, len(values) - 1, axis=axis)
        yes, no = (known == "yes").all(axis=axis), (known == "no").all(axis=axis)
        assert (blank[~yes] != "yes").all() and (blank[~no] != "no").all(), fact
        # And where all its values agree, not knowing it is no excuse.
        assert (blank[yes] == "yes").all() and (blank[no] == "no").all(), fact


@pytest.mark.parametrize("name", PACKS)
def test_a_better_fact_never_makes_it_worse(name: str, every: dict[str, np.ndarray]) -> None:
    profile = load_water_profile(name)
    found = graded(profile, every)
    shape = [len(values) for values in VALUES.values()]
    order = {level: at for at, level in enumerate(profile.level_names)}
    rank = np.array([order.get(level, -1) for level in found.level]).reshape(shape)
    for axis, values in enumerate(VALUES.values()):
        known = [at for at, one in enumerate(values) if one == one and one != "unknown"]
        for worse, better in itertools.pairwise(known):
            one, other = np.take(rank, worse, axis=axis), np.take(rank, better, axis=axis)
            both = (one >= 0) & (other >= 0)
            assert (other[both] <= one[both]).all()


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("level", LEVELS[:-1])
def test_no_level_is_graded_above_what_the_pack_maps_it_to(name: str, level: str, every: dict[str, np.ndarray]) -> None:
    profile = load_water_profile(name)
    found = graded(profile, every, level)
    cap = profile.level_names.index(profile.service.best[level])
    ranks = [profile.level_names.index(one) for one in found.level if one != "unknown"]
    assert ranks and min(ranks) >= cap
    if cap > profile.level_names.index(profile.overall.safe_from):
        assert (found.safe == "no").all()
        assert all(found.open.tolist())


@pytest.mark.parametrize("name", PACKS)
def test_an_unknown_level_is_never_safe(name: str, every: dict[str, np.ndarray]) -> None:
    profile = load_water_profile(name)
    every = {fact: values[::13] for fact, values in every.items()}
    n = len(every["quality"])
    for best, worst in itertools.combinations(range(len(LEVELS) - 1), 2):
        water = Water(ranges(every), np.full(n, best), np.full(n, worst))
        found = grade(profile, [water], np.zeros(n, dtype=bool), water_short=False)
        assert (found.safe != "yes").all()
        # It may still fail, by what is known of its facts or by the best that it may be.
        last = profile.level_names[-1]
        assert set(found.level) <= {last, "unknown"} and (found.open != "").all()
        if profile.service.best[LEVELS[best]] == last:
            assert set(found.level) == {last} and set(found.safe) == {"no"}
        else:
            assert (found.safe[found.level == "unknown"] != "yes").all() and "unknown" in set(found.level)


@pytest.mark.parametrize("name", ["cn-2004-547", "cn-t-ches-18-2018"])
def test_water_of_unknown_quality_yield_or_reliability_is_never_safe(name: str, every: dict[str, np.ndarray]) -> None:
    found = graded(load_water_profile(name), every)
    blank = (every["quality"] == "unknown") | np.isnan(every["litres_per_person_day"].astype(float))
    blank |= np.isnan(every["outage_days"].astype(float))
    assert (found.safe[blank] != "yes").all()
    assert (found.safe[~blank] == "yes").any()


@pytest.mark.parametrize("name", PACKS)
def test_the_better_of_two_waters_counts(name: str, every: dict[str, np.ndarray]) -> None:
    profile = load_water_profile(name)
    rng = np.random.default_rng(5)
    every = {fact: values[::7] for fact, values in every.items()}
    n = len(every["quality"])
    known, at = np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64)
    one = Water(ranges(every), at, at)
    order = rng.permutation(n)
    other = Water(ranges({fact: values[order] for fact, values in every.items()}), at, at)
    first, second, both = (
        grade(profile, waters, known, water_short=False) for waters in ([one], [other], [one, other])
    )
    verdicts = [first.safe, second.safe]
    yes, no = ((np.array(verdicts) == word) for word in ("yes", "no"))
    assert (both.safe == np.where(yes.any(axis=0), "yes", np.where(no.all(axis=0), "no", "unknown"))).all()
    assert ((both.open == "") == (both.safe == "yes")).all()


def test_what_is_open_names_the_indicators() -> None:
    row = {"litres_per_person_day": 65.0, "quality": "yes", "on_premises": "yes", "round_min": 0.0, "level_m": 0.0,
           "climb_m": 0.0, "outage_days": 10.0, "hours_per_day": 24.0, "people_per_tap": NAN}  # fmt: skip

    def one(**other: object) -> tuple[str, str, str]:
        columns = {name: np.array([value], dtype=object) for name, value in {**row, **other}.items()}
        found = graded(load_water_profile("cn-t-ches-18-2018"), columns)
        return found.level[0], found.safe[0], found.open[0]

    assert one() == ("full", "yes", "")
    assert one(quality="unknown", outage_days=NAN) == ("unknown", "unknown", "quality,reliability")
    # One that fails decides, whatever is not known of the others.
    assert one(quality="no", outage_days=NAN) == ("fail", "no", "quality")
    assert one(litres_per_person_day=34.9, quality="no") == ("fail", "no", "quantity,quality")
    # Safe, though it is not known whether met or basically met: the walk may be 15 min, or nothing.
    assert one(on_premises="no", round_min=15.0, level_m=NAN, climb_m=30.0) == ("basic", "yes", "")


def test_where_water_is_short_less_is_asked() -> None:
    profile = load_water_profile("cn-t-ches-18-2018")
    columns = {name: np.array([values[0]], dtype=object) for name, values in VALUES.items()}
    columns |= {"quality": np.array(["yes"], dtype=object), "on_premises": np.array(["yes"], dtype=object)}
    columns["outage_days"] = np.array([0.0])
    levels = [
        [graded(profile, {**columns, "litres_per_person_day": np.array([litres])}, water_short=short).level[0]
         for litres in (19.0, 20.0, 35.0, 40.0, 60.0)]
        for short in (False, True)
    ]  # fmt: skip
    assert levels == [["fail", "fail", "basic", "basic", "full"], ["fail", "basic", "basic", "full", "full"]]


@pytest.mark.parametrize(
    ("name", "low", "high", "level", "climb", "near"),
    [
        ("cn-t-ches-18-2018", 19.0, 19.0, NAN, NAN, "in_reach"),
        ("cn-t-ches-18-2018", 21.0, 21.0, 790.0, 79.0, "in_reach"),
        # Far off on the level is not near, however little it climbs; high above is not near, however close.
        ("cn-t-ches-18-2018", 60.0, 60.0, 3000.0, 5.0, "too_far"),
        ("cn-t-ches-18-2018", 30.0, 30.0, 300.0, 100.0, "too_far"),
        ("cn-t-ches-18-2018", 5.0, np.inf, 700.0, NAN, "some"),
        ("cn-t-ches-18-2018", 21.0, np.inf, 900.0, NAN, "too_far"),
        ("cn-2004-547", 15.0, 15.0, 900.0, 90.0, "in_reach"),
        ("jmp", 20.0, 20.0, 900.0, 90.0, "in_reach"),
        ("jmp", 21.0, 21.0, 10.0, 0.0, "too_far"),
        ("sphere", 5.0, 5.0, 501.0, 0.0, "too_far"),
        ("sphere", 90.0, 90.0, 500.0, 300.0, "in_reach"),
        ("sphere", 0.0, np.inf, NAN, NAN, "some"),
    ],
)
def test_how_far_a_tap_may_be(name: str, low: float, high: float, level: float, climb: float, near: str) -> None:
    facts = {**nothing_known(1), "on_premises": word_range(np.array(["no"], dtype=object)),
             "improved": word_range(np.array(["yes"], dtype=object))}  # fmt: skip
    facts |= {"round_min": (np.array([low]), np.array([high])),
              "collect_min": (np.array([low + 10]), np.array([high + 10])),
              "level_m": known_range(np.array([level])), "climb_m": known_range(np.array([climb]))}  # fmt: skip
    assert within_reach(load_water_profile(name), facts, water_short=False).tolist() == [near]
