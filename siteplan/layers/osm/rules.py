"""`tags.toml` as typed rules: which object becomes a row of which layer, and which tag fills which column."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Shape = Literal["point", "line", "area"]
Reading = Literal["text", "number", "metres", "millimetres", "kilovolts", "flag", "closed", "seasonal"]

NOT_SAID = ""
ANY = "*"


@dataclass(frozen=True)
class Rule:
    """One key of one layer.

    order: place in the file, lower comes first; values: value -> kind; need: every one of these tags has one of its
    values ("" stands for a tag that is not there); without: tags that must not say more than "no"; constants: columns
    of fixed content; outline: open ways that say this are sides of a relation.
    """

    order: int
    layer: str
    shape: Shape
    key: str
    values: Mapping[str, str]
    need: Mapping[str, frozenset[str]]
    without: tuple[str, ...]
    constants: Mapping[str, str]
    outline: bool

    def fits(self, tags: Mapping[str, str]) -> bool:
        """Whether an object that says `key = value` says the rest too."""
        if any(tags.get(tag, NOT_SAID) not in wanted for tag, wanted in self.need.items()):
            return False
        return all(tags.get(tag, "no") == "no" for tag in self.without)


@dataclass(frozen=True)
class ColumnSource:
    """Where a column's content comes from: the first of `tags` an object has, read as `reading` says."""

    name: str
    tags: tuple[str, ...]
    reading: Reading
    false: frozenset[str]
    default: float | None


@dataclass(frozen=True)
class TagRules:
    """Everything `tags.toml` says. left_out: (layer, key) -> values that are only counted."""

    rules: tuple[Rule, ...]
    left_out: Mapping[tuple[str, str], frozenset[str]]
    columns: Mapping[str, tuple[ColumnSource, ...]]
    kind_column: Mapping[str, str]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that OpenStreetMap can fill, in the file's order."""
        return tuple(self.kind_column)

    def by_tag(self, shapes: Iterable[Shape]) -> dict[tuple[str, str], tuple[Rule, ...]]:
        """(key, value) -> rules of these shapes, in order."""
        found: dict[tuple[str, str], tuple[Rule, ...]] = {}
        for rule in self.rules:
            if rule.shape in shapes:
                for value in rule.values:
                    found[rule.key, value] = (*found.get((rule.key, value), ()), rule)
        return found

    def counted_only(self, key: str, value: str) -> str | None:
        """The layer that a way with this tag, which no rule takes, would have been looked for in."""
        for (layer, left_key), values in self.left_out.items():
            if left_key == key and (value in values or ANY in values):
                return layer
        return None


@cache
def tag_rules() -> TagRules:
    """The rules as they come with siteplan."""
    data = tomllib.loads(resources.files(__package__).joinpath("tags.toml").read_text("utf-8"))
    lists: Mapping[str, list[str]] = data["lists"]
    return TagRules(
        rules=tuple(_rule(order, entry, lists) for order, entry in enumerate(data["rule"])),
        left_out={(entry["layer"], entry["key"]): frozenset(entry["values"]) for entry in data["left_out"]},
        columns={
            layer: tuple(_column(name, entry) for name, entry in columns.items())
            for layer, columns in data["columns"].items()
        },
        kind_column=data["kind"],
    )


def _rule(order: int, entry: Mapping[str, Any], lists: Mapping[str, list[str]]) -> Rule:
    values = entry["values"]
    if isinstance(values, str):
        values = lists[values]
    if isinstance(values, list):
        values = {value: value for value in values}
    return Rule(
        order=order,
        layer=entry["layer"],
        shape=entry["shape"],
        key=entry["key"],
        values=values,
        need={tag: frozenset(wanted) for tag, wanted in entry.get("need", {}).items()},
        without=tuple(entry.get("without", ())),
        constants=entry.get("set", {}),
        outline=entry.get("outline", False),
    )


def _column(name: str, entry: Mapping[str, Any]) -> ColumnSource:
    return ColumnSource(
        name=name,
        tags=tuple(entry["tags"]),
        reading=entry.get("as", "text"),
        false=frozenset(entry.get("false", ())),
        default=entry.get("default"),
    )
