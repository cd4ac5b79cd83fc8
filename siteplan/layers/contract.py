"""The layers siteplan knows, their columns, units, words and aliases: `contract.toml` as typed data."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

ColumnType = Literal["text", "code", "number", "bool", "tristate", "category"]

TRUE_WORDS = frozenset({"1", "true", "t", "yes", "y", "是", "有", "真", "√", "对", "viaduct", "building_passage"})
FALSE_WORDS = frozenset({"0", "false", "f", "no", "n", "否", "无", "假", "×", "非", "没有", "不是"})


@dataclass(frozen=True)
class Column:
    """One contract column: its type, unit, words and the source names it goes by."""

    name: str
    type: ColumnType
    unit: str
    required: bool
    minimum: float | None
    default: float | None
    other: str
    aliases: tuple[str, ...]
    values: Mapping[str, str]
    """Folded source word -> canonical word (category columns)."""
    zh: str
    en: str

    @property
    def canonical(self) -> tuple[str, ...]:
        """The canonical words of a category column, in declared order."""
        return tuple(dict.fromkeys(self.values.values()))


@dataclass(frozen=True)
class LayerContract:
    """One layer: what geometry its features have and which columns, in order."""

    name: str
    required: bool
    geometry: tuple[str, ...]
    zh: str
    en: str
    about_zh: str
    about_en: str
    names: tuple[str, ...]
    required_any: tuple[str, ...]
    """At least one of these columns must be there (empty: nothing is asked)."""
    columns: Mapping[str, Column]


@cache
def contracts() -> Mapping[str, LayerContract]:
    """All layer contracts by name, in declared order."""
    text = resources.files(__package__).joinpath("contract.toml").read_text("utf-8")
    return {name: _layer(name, entry) for name, entry in tomllib.loads(text).items()}


def contract(layer: str) -> LayerContract:
    """The contract of one layer.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    return contracts()[layer]


def folded(text: object) -> str:
    """A name or word as it is compared: compatibility-normalised, trimmed, in one case."""
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def match_columns(layer: LayerContract, source: list[str]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Which source column each contract column is taken from.

    The exact contract name beats an alias; among aliases the first declared wins. A source column serves one
    contract column only: exact names first, then the contract's order.

    Returns
    -------
    matched
        contract column -> source column.
    rivals
        contract column -> further source columns that also fitted (only where there are any).
    """
    by_folded: dict[str, list[str]] = {}
    for source_name in source:
        by_folded.setdefault(folded(source_name), []).append(source_name)
    taken = {found for name in layer.columns for found in by_folded.get(folded(name), [])}
    matched: dict[str, str] = {}
    rivals: dict[str, tuple[str, ...]] = {}
    for name, column in layer.columns.items():
        exact = by_folded.get(folded(name), [])
        exact = [found for found in exact if found == name] + [found for found in exact if found != name]
        by_alias = [
            found for alias in column.aliases for found in by_folded.get(folded(alias), []) if found not in taken
        ]
        candidates = list(dict.fromkeys(exact + by_alias))
        if candidates:
            matched[name] = candidates[0]
            taken.update(candidates)
            if len(candidates) > 1:
                rivals[name] = tuple(candidates[1:])
    return matched, rivals


def _layer(name: str, entry: Mapping[str, Any]) -> LayerContract:
    return LayerContract(
        name=name,
        required=entry["required"],
        geometry=tuple(entry["geometry"]),
        zh=entry["zh"],
        en=entry["en"],
        about_zh=entry["about_zh"],
        about_en=entry["about_en"],
        names=tuple(entry["names"]),
        required_any=tuple(entry.get("required_any", ())),
        columns={
            column: _column(column, details, entry.get("words", {}).get(column, {}))
            for column, details in entry["columns"].items()
        },
    )


def _column(name: str, entry: Mapping[str, Any], words: Mapping[str, list[str]]) -> Column:
    values = {folded(word): canonical for canonical, met in words.items() for word in (canonical, *met)}
    return Column(
        name=name,
        type=entry["type"],
        unit=entry.get("unit", ""),
        required=entry.get("required", False),
        minimum=entry.get("min"),
        default=entry.get("default"),
        other=entry.get("other", ""),
        aliases=tuple(entry["aliases"]),
        values=values,
        zh=entry["zh"],
        en=entry["en"],
    )
