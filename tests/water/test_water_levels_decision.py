"""The decision table over every state: each has a level, better findings never worsen it, unknown never helps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from siteplan.water.decision import ALSO, INPUTS, RULES, decide, deciding, level_names, level_of, values_of
from siteplan.water.model import LEVELS

NAMES = tuple(INPUTS)
KNOWN = [dict(zip(NAMES, words, strict=True)) for words in itertools.product(*INPUTS.values())]
EVERY = [dict(zip(NAMES, words, strict=True)) for words in itertools.product(*(values_of(name) for name in NAMES))]
MEANS = {("pressure", "marginal"): ("fail", "ok"), ("tap", "some"): ("too_far", "in_reach")}


def told(states: list[dict[str, str]]) -> dict[str, np.ndarray]:
    return {name: np.array([state[name] for state in states], dtype=object) for name in NAMES}


def meant(name: str, word: str) -> tuple[str, ...]:
    if word in INPUTS[name]:
        return (word,)
    return MEANS.get((name, word), INPUTS[name])


@pytest.fixture(scope="module")
def ends() -> tuple[np.ndarray, np.ndarray]:
    return decide(told(EVERY))


def test_there_are_as_many_states_as_words_allow() -> None:
    assert len(KNOWN) == 2 * 3 * 3 * 2 * 2 * 3 * 2
    assert len(EVERY) == 3 * 4 * 4 * 4 * 3 * 5 * 3


def test_every_known_state_has_one_level_and_every_level_but_unknown_is_met() -> None:
    best, worst = decide(told(KNOWN))
    assert (best == worst).all()
    names = level_names(best, worst).tolist()
    assert names == [level_of(**state) for state in KNOWN]
    assert set(names) == set(LEVELS) - {"unknown"}


def test_every_rule_decides_some_state() -> None:
    first = {
        next(
            number
            for number, (_, asked) in enumerate(RULES)
            if all(state[name] in words for name, words in asked.items())
        )
        for state in KNOWN
    }  # fmt: skip
    assert first == set(range(len(RULES)))


def by_hand(state: dict[str, str]) -> str:
    """The same in other words."""
    water = state["quantity"] != "none"
    if state["piped"] == "yes" and state["connection"] == "home" and water:
        fine = (state["quantity"], state["pressure"], state["quality"]) == ("enough", "ok", "yes")
        return "piped_adequate" if fine else "piped_deficient"
    standpipe = state["piped"] == "yes" and state["connection"] == "tap" and water
    if standpipe and state["pressure"] == "ok" and state["quality"] == "yes":
        return "tap_in_reach"
    if state["tap"] != "none" and state["tap_quality"] == "yes":
        return "tap_in_reach" if state["tap"] == "in_reach" else "tap_too_far"
    return "unserved"


def test_the_table_says_what_the_prose_says() -> None:
    for state in KNOWN:
        assert level_of(**state) == by_hand(state), state


@pytest.mark.parametrize("name", NAMES)
def test_a_better_finding_never_worsens_the_level(name: str, ends: tuple[np.ndarray, np.ndarray]) -> None:
    best, worst = ends
    place = {tuple(state.values()): at for at, state in enumerate(EVERY)}
    compared = 0
    for state in EVERY:
        if state[name] not in INPUTS[name][:-1]:
            continue
        better = {**state, name: INPUTS[name][INPUTS[name].index(state[name]) + 1]}
        here, there = place[tuple(state.values())], place[tuple(better.values())]
        assert best[there] <= best[here] and worst[there] <= worst[here], (state, better)
        compared += 1
    assert compared == len(EVERY) // len(values_of(name)) * (len(INPUTS[name]) - 1)


def test_unknown_leaves_exactly_what_its_values_leave(ends: tuple[np.ndarray, np.ndarray]) -> None:
    best, worst = ends
    level = {tuple(state.values()): LEVELS.index(level_of(**state)) for state in KNOWN}
    for at, state in enumerate(EVERY):
        left = [level[words] for words in itertools.product(*(meant(name, state[name]) for name in NAMES))]
        assert (best[at], worst[at]) == (min(left), max(left)), state


def test_unknown_is_never_better_than_the_worst_it_may_be(ends: tuple[np.ndarray, np.ndarray]) -> None:
    """A finding that becomes known never leaves a level worse than what was the worst, nor better than the best."""
    best, worst = ends
    place = {tuple(state.values()): at for at, state in enumerate(EVERY)}
    for at, state in enumerate(EVERY):
        for name in NAMES:
            if state[name] in INPUTS[name]:
                continue
            for word in meant(name, state[name]):
                known = place[tuple({**state, name: word}.values())]
                assert best[at] <= best[known] and worst[known] <= worst[at]


@pytest.mark.parametrize("name", ["quantity", "pressure", "quality", "connection", "piped"])
def test_adequate_needs_every_finding_to_be_known(name: str, ends: tuple[np.ndarray, np.ndarray]) -> None:
    names = level_names(*ends)
    for state, level in zip(EVERY, names, strict=True):
        if level == "piped_adequate":
            assert state[name] == INPUTS[name][-1]


def test_a_head_within_the_error_of_heights_is_open() -> None:
    state = {"piped": "yes", "connection": "home", "quantity": "enough", "quality": "yes", "tap": "none",
             "tap_quality": "unknown", "pressure": "marginal"}  # fmt: skip
    assert level_names(*decide(told([state]))).tolist() == ["unknown"]
    short = {**state, "quantity": "short"}
    assert level_names(*decide(told([short]))).tolist() == ["piped_deficient"]
    assert ALSO["pressure"] == ("marginal",)


def test_deciding_names_the_unknown_that_matter_and_only_those(ends: tuple[np.ndarray, np.ndarray]) -> None:
    open_ = deciding(told(EVERY))
    best, worst = ends
    level = {tuple(state.values()): level_of(**state) for state in KNOWN}
    for at in range(0, len(EVERY), 11):
        state = EVERY[at]
        for number, name in enumerate(NAMES):
            others = [meant(other, state[other]) for other in NAMES if other != name]
            hangs = any(
                len({level[(*rest[:number], word, *rest[number:])] for word in meant(name, state[name])}) > 1
                for rest in itertools.product(*others)
            )
            assert open_[name][at] == hangs, (state, name)
    assert (np.any(list(open_.values()), axis=0) == (best != worst)).all()


def test_words_that_are_none_are_refused() -> None:
    state = told(KNOWN[:2])
    with pytest.raises(ValueError, match="pressure: found None, low"):
        decide({**state, "pressure": np.array(["low", None], dtype=object)})
    with pytest.raises(ValueError, match="tap: missing"):
        decide({name: words for name, words in state.items() if name != "tap"})
