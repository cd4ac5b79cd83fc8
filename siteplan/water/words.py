"""Words of water files -> what siteplan calls them; the tables stand in `words.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siteplan.standards import normalise_word

WordKind = Literal["state", "line", "point"]

SOURCES = ("spring", "stream", "well", "reservoir", "town_main", "source")
"""Kinds of points that give water; `source` where the file says no more."""


@cache
def water_words(kind: WordKind) -> Mapping[str, str]:
    """Normalised word -> canonical word, the canonical words themselves included."""
    table = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8"))[kind]
    return {normalise_word(word): name for name, words in table.items() for word in (name, *words)}


def told(words: NDArray[np.object_], kind: WordKind) -> NDArray[np.object_]:
    """The canonical word of each text, (n,): "" where nothing is written, "?" where it is not understood."""
    known = {word: _one(str(word), kind) for word in set(words.tolist())}
    return np.array([known[word] for word in words.tolist()], dtype=object)


def _one(word: str, kind: WordKind) -> str:
    plain, known = normalise_word(word), water_words(kind)
    if not plain:
        return ""
    if plain in known:
        return known[plain]
    if kind == "point" and not plain.isascii():
        # The head of a Chinese noun stands last.
        ends = [end for end in known if not end.isascii() and plain.endswith(end)]
        if ends:
            return known[max(ends, key=lambda end: (len(end), end))]
    return "?"
