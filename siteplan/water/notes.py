"""Findings of one layer as they come up: one a feature, or one for all features that say the same; and its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.layers.findings import Action, findings_of
from siteplan.network.ragged import Bools, Floats, Ints


def numbers(table: gpd.GeoDataFrame, name: str) -> Floats:
    """A column of numbers, (n,); NaN where nothing is written or the layer does not have it."""
    if name not in table.columns:
        return np.full(len(table), np.nan)
    column = table[name]
    if column.dtype == np.float64:
        return column.to_numpy(copy=True)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def texts(table: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """A column of texts, (n,); "" where nothing is written or the layer does not have it."""
    out = np.full(len(table), "", dtype=object)
    if name in table.columns:
        column = table[name]
        at = np.flatnonzero(column.notna().to_numpy())
        out[at] = [str(value).strip() for value in column.to_numpy(object)[at].tolist()]
    return out


def written(values: Floats, at: Bools | None = None, *, style: str = "g") -> NDArray[np.object_]:
    """Numbers as a finding shows them, "" where `at` does not ask for them, (n,)."""
    out = np.full(len(values), "", dtype=object)
    rows = np.arange(len(values)) if at is None else np.flatnonzero(at)
    out[rows] = [format(value, style) for value in values[rows].tolist()]
    return out


@dataclass(frozen=True)
class _Entry:
    """Findings of one code, one entry a finding."""

    code: str
    action: Action
    field: str
    rows: list[int | None]
    ids: list[str]
    xs: Floats
    ys: Floats
    values: list[dict[str, object]]


class Notes:
    """Gathers the findings of a layer. `table` has the columns id, row and a geometry."""

    def __init__(self, layer: str, table: gpd.GeoDataFrame) -> None:
        self.layer, self._table = layer, table
        # On the feature itself, not in the middle of a bend.
        middle = table.geometry.representative_point()
        self._x, self._y = middle.x.to_numpy(dtype=float), middle.y.to_numpy(dtype=float)
        self._found: list[_Entry] = []

    def each(
        self, code: str, action: Action, at: Bools | Ints, *, field: str = "", xy: Floats | None = None, **values: Any
    ) -> None:
        """A finding a feature.

        Parameters
        ----------
        at
            Which features: a mask, or row numbers (several findings of one feature are allowed).
        xy
            Where each finding is, (k, 2); default: on the feature.
        values
            For the text; one for all, or an array with one entry a finding.
        """
        rows: Ints = np.flatnonzero(at) if at.dtype == bool else np.asarray(at, dtype=np.int64)
        single = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
        own = {name: value.tolist() for name, value in values.items() if isinstance(value, np.ndarray)}
        xs, ys = (self._x[rows], self._y[rows]) if xy is None else (xy[:, 0], xy[:, 1])
        each = [dict(zip(own, entry, strict=True)) for entry in zip(*own.values(), strict=True)] if own else None
        self._append(code, action, rows, field, xs, ys, single, each)

    def alike(
        self, code: str, action: Action, at: Bools, by: NDArray[np.object_], *, field: str = "", **values: NDArray
    ) -> None:
        """One finding for all features of which `by` (n,) says the same: `word` and their number `n`, at the first one.

        `values` have one entry a feature of the layer; the first one's is told.
        """
        rows = np.flatnonzero(at)
        if not len(rows):
            return
        groups = pd.Series(rows).groupby(by[rows].astype(str), sort=True)
        first = groups.min().to_numpy()
        each = [{"word": word, "n": int(n)} for word, n in groups.size().items()]
        for name, value in values.items():
            each = [{**entry, name: value[row]} for entry, row in zip(each, first, strict=True)]
        self._append(code, action, first, field, self._x[first], self._y[first], {}, each)

    def whole(self, code: str, action: Action, *, field: str = "", **values: object) -> None:
        """One finding for the layer."""
        nowhere = np.full(1, np.nan)
        self._found.append(_Entry(code, action, field, [None], [""], nowhere, nowhere, [values]))

    def _append(
        self, code: str, action: Action, rows: Ints, field: str, xs: Floats, ys: Floats, values: dict[str, object],
        each: list[dict[str, object]] | None,
    ) -> None:  # fmt: skip
        if not len(rows):
            return
        source, ids = self._table["row"].to_numpy()[rows], self._table["id"].to_numpy(object)[rows]
        told = [values] * len(rows) if each is None else [{**values, **own} for own in each]
        self._found.append(_Entry(code, action, field, source.tolist(), ids.tolist(), xs, ys, told))

    @property
    def tables(self) -> list[pd.DataFrame]:
        """All findings so far, in the order they came up: one table, or none where there are none."""
        if not self._found:
            return []
        counts = [len(entry.rows) for entry in self._found]
        rows = [row for entry in self._found for row in entry.rows]
        found = findings_of(
            self.layer, "", "noted", n=len(rows), ids=[one for entry in self._found for one in entry.ids],
            xs=np.concatenate([entry.xs for entry in self._found]).tolist(),
            ys=np.concatenate([entry.ys for entry in self._found]).tolist(),
            each=[values for entry in self._found for values in entry.values],
        )  # fmt: skip
        found["row"] = pd.array(rows, dtype="Int64")
        for name in ("code", "action", "field"):
            found[name] = np.repeat(np.array([getattr(entry, name) for entry in self._found], dtype=object), counts)
        return [found]
