"""The layers siteplan knows, their columns, units, words and aliases: `contract.toml` as typed data."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

ColumnType = Literal["text", "code", "number", "bool", "tristate", "category"]

TRUE_WORDS = frozenset(
    {"1", "true", "t", "yes", "y", "是", "有", "真", "√", "对", "达标", "合格", "可用", "viaduct", "building_passage"}
)
FALSE_WORDS = frozenset(
    {"0", "false", "f", "no", "n", "否", "无", "假", "×", "非", "没有", "不是", "不达标", "不合格", "不可用"}
)


@dataclass(frozen=True)
class Column:
    """One contract column: its type, unit, words and the source names it goes by."""

    name: str
    type: ColumnType
    unit: str
    required: bool
    minimum: float | None
    maximum: float | None
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


_INNER_SPACE = re.compile(r"(?<=[\u3400-\u9fff)])\s+(?=[\u3400-\u9fff(])")
_IN_BRACKETS = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]")


@cache
def folded(text: object) -> str:
    """A name or word as it is compared: compatibility-normalised, trimmed, in one case, Chinese without spaces."""
    plain = unicodedata.normalize("NFKC", str(text)).strip().casefold()
    return _INNER_SPACE.sub("", plain) if not plain.isascii() else plain


def without_unit(name: str, column: Column) -> str:
    """A folded column name without its unit in brackets, where that is the unit the contract has; else the name.

    `人口（人）` is people; `人口（万人）` stays what it is, since its numbers are others.
    """
    parts = _IN_BRACKETS.fullmatch(name)
    return parts[1] if parts and parts[2] in _UNITS.get(column.unit, ()) else name


_UNITS = {
    "people": ("人", "person", "persons", "people"),
    "households": ("户", "hh", "households"),
    "head": ("头", "head", "头只"),
    "m": ("米", "m", "metre", "metres", "meters"),
    "mm": ("毫米", "mm"),
    "m2": ("平方米", "m2", "㎡", "m²"),
    "m3": ("立方米", "m3", "方"),
    "m3/day": ("立方米/日", "立方米/天", "m3/d", "m3/day", "方/天"),
    "kV": ("千伏", "kv"),
    "km": ("公里", "千米", "km"),
    "months a year": ("月", "个月"),
}
"""Contract unit -> how it is written behind a column's name."""


def names_of(layer: LayerContract) -> frozenset[str]:
    """Every folded name that a column of the layer goes by."""
    return frozenset(folded(name) for column in layer.columns.values() for name in (column.name, *column.aliases))


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
    bracketed = [name for name in source if _IN_BRACKETS.fullmatch(folded(name))]
    taken = {found for name in layer.columns for found in by_folded.get(folded(name), [])}
    matched: dict[str, str] = {}
    rivals: dict[str, tuple[str, ...]] = {}
    for name, column in layer.columns.items():
        exact = by_folded.get(folded(name), [])
        exact = [found for found in exact if found == name] + [found for found in exact if found != name]
        by_alias = [
            found for alias in column.aliases for found in by_folded.get(folded(alias), []) if found not in taken
        ]
        own = {folded(word) for word in (name, *column.aliases)}
        by_unit = [found for found in bracketed if found not in taken and without_unit(folded(found), column) in own]
        candidates = list(dict.fromkeys(exact + by_alias + by_unit))
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
        maximum=entry.get("max"),
        default=entry.get("default"),
        other=entry.get("other", ""),
        aliases=tuple(entry["aliases"]),
        values=values,
        zh=entry["zh"],
        en=entry["en"],
    )
