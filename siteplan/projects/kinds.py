"""Which projects harden a road, by the words of their kind."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import pandas as pd

from siteplan.network.ragged import Bools
from siteplan.standards import normalise_word


def hardens(kinds: pd.Series) -> Bools:
    """Whether projects of these kinds (as written) harden the roads they name, (n,)."""
    return kinds.map({kind: _hardens(str(kind)) for kind in kinds.unique()}).to_numpy(dtype=bool)


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads(resources.files(__package__).joinpath("kinds.toml").read_text("utf-8"))["hardens"]
    return {name: tuple(normalise_word(word) for word in words) for name, words in table.items()}


def _hardens(kind: str) -> bool:
    table, word = _table(), normalise_word(kind)
    if any(never in word for never in table["never"]):
        return False
    if any(inside in word for inside in table["within"]):
        return True
    bare = word
    for ending in table["endings"]:
        bare = bare.removesuffix(ending).strip()
    return word in table["words"] or bare in table["words"]
