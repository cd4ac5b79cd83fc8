"""Every text a planner reads, in Chinese and in English, from one catalogue per language and room.

`zh/ROOM.toml` and `en/ROOM.toml` hold the same keys; a key's dotted path begins with the room's name. Places for
values are `{name}` as in `str.format`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All texts of one language: dotted key -> template."""
    texts: dict[str, str] = {}
    folder = resources.files(__package__).joinpath(language)
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            room = file.name.removesuffix(".toml")
            _flatten(room, tomllib.loads(file.read_text("utf-8")), texts)
    return texts


def _flatten(path: str, node: object, into: dict[str, str]) -> None:
    if isinstance(node, dict):
        for key, child in node.items():
            _flatten(f"{path}.{key}", child, into)
    else:
        into[path] = str(node)


class Texts:
    """Looks texts up in one language: `texts("roads.status.hardened")`, `texts("layers.finding.no_place", n=3)`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key` with its places filled.

        Raises
        ------
        KeyError
            If the catalogue has no such key: a bug, held by a test that both languages have the same keys.
        """
        template = self._texts[key]
        return template.format(**values) if values else template

    def has(self, key: str) -> bool:
        """Whether the catalogue holds this key."""
        return key in self._texts

    def get(self, key: str, default: str) -> str:
        """The text of `key`, or `default` where the catalogue has none (names that come from data)."""
        return self._texts.get(key, default)
