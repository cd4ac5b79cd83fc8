"""The synonym tables of road words and codes, and the assumed speeds."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal


def normalise_word(word: str) -> str:
    """A word as the tables hold it: full-width forms narrowed, trimmed, lower case."""
    return unicodedata.normalize("NFKC", word).strip().lower()


@cache
def road_words(kind: Literal["surface", "class"]) -> Mapping[str, str]:
    """Synonyms met in road files: normalised word or code -> the one name siteplan uses (itself included)."""
    table = tomllib.loads(resources.files(__package__).joinpath("roads/words.toml").read_text("utf-8"))[kind]
    names = {normalise_word(word): name for name, words in table.items() for word in words}
    return {**{name: name for name in table}, **names}


@dataclass(frozen=True)
class Speeds:
    """Assumed speeds, km/h: (class name) -> (hardened, other); with source and confidence."""

    kmh: Mapping[str, tuple[float, float]]
    source: str
    clause: str
    confidence: str


@cache
def load_speeds() -> Speeds:
    """The speed table of the rule pack."""
    table = tomllib.loads(resources.files(__package__).joinpath("roads/speeds.toml").read_text("utf-8"))
    kmh = {name: (float(row["hardened"]), float(row["other"])) for name, row in table["kmh"].items()}
    return Speeds(kmh=kmh, source=table["source"], clause=table["clause"], confidence=table["confidence"])
