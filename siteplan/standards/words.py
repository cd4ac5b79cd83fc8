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


@dataclass(frozen=True)
class InferredSurfaces:
    """What a surface is taken for where none is written: by track grade, then by class; names of the word tables.

    rules: rows for the outputs: rule id, value, unit, clause, source, confidence.
    """

    by_tracktype: Mapping[str, str]
    by_class: Mapping[str, str]
    rules: tuple[Mapping[str, str], ...]


@cache
def load_inferred_surfaces() -> InferredSurfaces:
    """The table of inferred surfaces of the rule pack."""
    data = tomllib.loads(resources.files(__package__).joinpath("roads/inferred.toml").read_text("utf-8"))
    rules = tuple(
        {
            "rule": f"inferred.{by}",
            "value": "; ".join(f"{word} = {surface}" for word, surface in table["surface"].items()),
            "unit": "",
            **{name: table[name] for name in ("clause", "source", "confidence")},
        }
        for by, table in data.items()
    )
    return InferredSurfaces(data["tracktype"]["surface"], data["class"]["surface"], rules)
