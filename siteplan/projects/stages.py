"""The life of a project: its stages in order, the words they are met as, and from when on it counts as built."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from siteplan.layers.findings import findings_of
from siteplan.network.ragged import Bools
from siteplan.standards import normalise_word

STAGES = (
    "approval",
    "survey",
    "public_notice",
    "tender",
    "start",
    "county_acceptance",
    "regional_acceptance",
    "upkeep",
)
"""From first to last; their names stand in the catalogues as `projects.stage.NAME`."""
UNKNOWN = "unknown"
"""Not said, or said in a word that is not understood: not counted as built."""
BUILT_FROM = "county_acceptance"
"""From this stage on a project counts as built: what was accepted is there."""


@cache
def stage_words() -> Mapping[str, str]:
    """Normalised word -> canonical stage (itself, with spaces for its underscores too, included)."""
    table = tomllib.loads(resources.files(__package__).joinpath("stages.toml").read_text("utf-8"))
    words = {normalise_word(word): stage for stage, met in table.items() for word in met}
    own = {spelled: stage for stage in (*STAGES, UNKNOWN) for spelled in (stage, stage.replace("_", " "))}
    return {**words, **own}


def stage_of(column: pd.Series) -> NDArray[np.object_]:
    """The canonical stage of each word of a column `stage`, (n,): one of `STAGES`, or "unknown"."""
    known = stage_words()
    names = {word: known.get(normalise_word(str(word)), UNKNOWN) for word in column.dropna().unique()}
    return column.map(names).fillna(UNKNOWN).to_numpy(dtype=object)


def done(stages: ArrayLike) -> Bools:
    """Whether projects in these canonical stages count as built: from county acceptance on, (n,)."""
    built = STAGES[STAGES.index(BUILT_FROM) :]
    return np.isin(np.asarray(stages, dtype=str), built)


def stage_findings(projects: pd.DataFrame) -> pd.DataFrame:
    """One finding a distinct stage word that is not understood, with its count and first row.

    `projects` has the columns row and stage; a blank stage is unknown without a word about it.
    """
    words = projects["stage"].astype("str")
    known = words.map({word: normalise_word(word) in stage_words() for word in words.unique()})
    strange = (words.str.strip() != "").to_numpy() & ~known.to_numpy(dtype=bool)
    found = (
        pd.DataFrame({"word": words[strange], "row": projects.loc[strange, "row"]})
        .groupby("word", sort=False)["row"]
        .agg(["first", "size"])
    )
    return findings_of(
        "projects",
        "projects.stage_not_understood",
        "noted",
        n=len(found),
        rows=found["first"],
        field="stage",
        each=[{"word": word, "n": int(n)} for word, n in zip(found.index, found["size"], strict=True)],
    )
