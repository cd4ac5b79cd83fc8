"""The service level of a hamlet from seven findings: an ordered table over what is known, and what unknown ones leave.

An unknown finding stands for all its values: the level is known only where every one of them gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Ints
from siteplan.water.model import LEVELS

UNKNOWN = "unknown"
INPUTS: Mapping[str, tuple[str, ...]] = {
    "piped": ("no", "yes"),
    "connection": ("none", "tap", "home"),
    "quantity": ("none", "short", "enough"),
    "pressure": ("fail", "ok"),
    "quality": ("no", "yes"),
    "tap": ("none", "too_far", "in_reach"),
    "tap_quality": ("no", "yes"),
}
"""The findings, each with its values from worse to better. piped: an open pipe leads to the hamlet from a source that
works; connection: what the hamlet has of it (house or yard is home; tap is a standpipe in the hamlet); quantity: what
arrives against what is asked; pressure: service head at the peak hour; quality: the piped water is good; tap, tap
quality: the public tap on foot, and its water."""
ALSO: Mapping[str, tuple[str, ...]] = {"pressure": ("marginal",), "tap": ("some",)}
"""Findings beside `unknown` that stand for several values: a head within the error of the heights may be ok or fail; a
tap there is, of which it is not known whether it is in reach."""
_MEANS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("pressure", "marginal"): ("fail", "ok"),
    ("tap", "some"): ("too_far", "in_reach"),
}

Rule = tuple[str, Mapping[str, tuple[str, ...]]]
_WATER = ("short", "enough")
RULES: tuple[Rule, ...] = (
    (
        "piped_adequate",
        {"piped": ("yes",), "connection": ("home",), "quantity": ("enough",), "pressure": ("ok",), "quality": ("yes",)},
    ),
    ("piped_deficient", {"piped": ("yes",), "connection": ("home",), "quantity": _WATER}),
    (
        "tap_in_reach",
        {"piped": ("yes",), "connection": ("tap",), "quantity": _WATER, "pressure": ("ok",), "quality": ("yes",)},
    ),
    ("tap_in_reach", {"tap": ("in_reach",), "tap_quality": ("yes",)}),
    ("tap_too_far", {"tap": ("too_far",), "tap_quality": ("yes",)}),
    ("unserved", {}),
)
"""The first rule whose findings all hold gives the level. A pipe that brings no water, a standpipe without head or with
bad water, and a tap with bad water serve nobody."""


def values_of(name: str) -> tuple[str, ...]:
    """Every word a finding may be: known values, those of `ALSO`, unknown."""
    return (*INPUTS[name], *ALSO.get(name, ()), UNKNOWN)


def level_of(**known: str) -> str:
    """The level of one hamlet all of whose findings are known."""
    return next(level for level, asked in RULES if all(known[name] in words for name, words in asked.items()))


def decide(findings: Mapping[str, NDArray[np.object_]]) -> tuple[Ints, Ints]:
    """Best and worst level that the findings leave, as places in `LEVELS`, (n,) each.

    findings : the words of each of `INPUTS`, (n,).

    Raises
    ------
    ValueError
        A finding is missing, or a word is none of `values_of`.
    """
    at = _codes(findings)
    tables = _tables()
    return tables.best[at], tables.worst[at]


def level_names(best: Ints, worst: Ints) -> NDArray[np.object_]:
    """The level where best and worst are one, else unknown, (n,)."""
    words = np.array(LEVELS, dtype=object)
    return np.where(best == worst, words[best], UNKNOWN)


def deciding(findings: Mapping[str, NDArray[np.object_]]) -> dict[str, Bools]:
    """Which unknown findings keep the level open, (n,) each: for some values of the other ones it hangs on them."""
    at = _codes(findings)
    return {name: table[at] for name, table in _tables().hangs_on.items()}


@dataclass(frozen=True)
class _Tables:
    """By the codes of all findings: best and worst level, and whether the level hangs on each finding."""

    best: Ints
    worst: Ints
    hangs_on: Mapping[str, Bools]


@cache
def _tables() -> _Tables:
    known = np.empty([len(words) for words in INPUTS.values()], dtype=np.int64)
    for at in np.ndindex(known.shape):
        words = {name: INPUTS[name][place] for name, place in zip(INPUTS, at, strict=True)}
        known[at] = LEVELS.index(level_of(**words))
    hangs_on = {}
    for own in INPUTS:
        # How far the level moves with this finding, then whether it does so for any values of the others.
        moves = _spread(known, own, np.max) > _spread(known, own, np.min)
        for name in INPUTS:
            moves = moves if name == own else _spread(moves, name, np.max)
        hangs_on[own] = moves.astype(bool)
    best, worst = known, known
    for name in INPUTS:
        best, worst = _spread(best, name, np.min), _spread(worst, name, np.max)
    return _Tables(best, worst, hangs_on)


def _spread(table: NDArray[Any], name: str, over: Callable[..., NDArray[Any]]) -> NDArray[Any]:
    """A table by known values of a finding as one by all its words, those that stand for several taken together."""
    axis, known = list(INPUTS).index(name), INPUTS[name]
    groups = [[known.index(one) for one in _MEANS.get((name, word), known if word == UNKNOWN else (word,))]
              for word in values_of(name)]  # fmt: skip
    return np.stack([over(table.take(group, axis=axis), axis=axis) for group in groups], axis=axis)


def _codes(findings: Mapping[str, NDArray[np.object_]]) -> tuple[Ints, ...]:
    """The place of each word in `values_of` its finding."""
    codes = []
    for name in INPUTS:
        words = values_of(name)
        if name not in findings:
            raise ValueError(f"{name}: missing; expected one of {', '.join(words)} for each hamlet")
        told = np.asarray(findings[name], dtype=object)
        code = np.full(len(told), -1)
        for number, word in enumerate(words):
            code[told == word] = number
        if (code < 0).any():
            strange = sorted({str(word) for word in told[code < 0]})
            raise ValueError(f"{name}: found {', '.join(strange)}; expected one of {', '.join(words)}")
        codes.append(code)
    return tuple(codes)
