"""Which features of a layer a project names: ids in one text, apart, and found in the layer's table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from siteplan.standards import normalise_word

_BETWEEN = r"[;,，、；\s]+"
"""What stands between two ids."""
_NTH = r"#\d+$"
"""What the reader adds to an id that stands in the file a second time."""


def named_features(projects: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Every id that a project names, and the rows of the layer that have it.

    Parameters
    ----------
    projects
        Projects on one layer, with the column `features`.
    table
        The layer, with the column `id`.

    Returns
    -------
    Columns: project (position in `projects`), feature (the id as named, once a project), at (position in `table`, -1
    where no feature has it); in order of project, then as named. An id that stands several times in the file (the
    reader made `Y1`, `Y1#2` of it) gives a row each. Ids are compared as they are, else without regard to case and
    full-width forms; a text that is an id as a whole is not taken apart.
    """
    keys = _keys(table["id"].astype("str").astype("object"))
    told = projects["features"].astype("str").astype("object").str.strip().reset_index(drop=True)
    whole = told.isin(keys.index)
    parts = told.where(whole, told.str.replace(_BETWEEN, "\n", regex=True).str.strip("\n")).str.split("\n")
    named = parts.explode().rename_axis("project").reset_index(name="feature")
    named = named[(named["feature"] != "").to_numpy()].drop_duplicates().reset_index(drop=True)
    found = _found(named, keys)
    missing = found["at"].isna().to_numpy()
    if missing.any():
        loose = _keys(table["id"].astype("str").map(normalise_word).astype("object"))
        left = named.loc[found.index[missing]]
        again = _found(left.assign(feature=left["feature"].map(normalise_word)), loose)
        again["feature"] = named["feature"].loc[again.index]
        found = pd.concat([found[~missing], again]).sort_index(kind="stable")
    found["at"] = found["at"].fillna(-1).astype("int64")
    again_named = (found["at"] >= 0) & found.duplicated(["project", "at"])
    return found.loc[~again_named, ["project", "feature", "at"]].reset_index(drop=True)


def _found(named: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    """`named` with the positions `at` that its features have among the keys, a row each, NaN where none; index kept."""
    return named.join(keys.to_frame("at"), on="feature")


def _keys(ids: pd.Series) -> pd.Series:
    """Position in the table by what a feature may be named as: its id, and the id it shares in the file."""
    ids = ids.reset_index(drop=True)
    shared = ids.str.replace(_NTH, "", regex=True)
    twice = np.flatnonzero((shared != ids).to_numpy())
    twice = twice[shared.iloc[twice].isin(ids).to_numpy()]
    names = np.concatenate([ids.to_numpy(dtype=object), shared.to_numpy(dtype=object)[twice]])
    at = np.concatenate([np.arange(len(ids)), twice])
    return pd.Series(at, index=names, name="at")
