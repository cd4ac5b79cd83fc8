"""Findings: one row for every feature that was dropped, repaired, defaulted or deserves a look.

Rooms emit findings with a code and values; the words come from the language catalogue when a result is written, so
that no analysis knows a language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from siteplan.language import Texts

Action = Literal["dropped", "repaired", "defaulted", "noted"]

COLUMNS = ("layer", "row", "id", "field", "code", "action", "values", "x", "y")
"""layer: contract name; row: source row from 1 (NA for the whole layer); id: feature id or ""; field: contract
column or ""; code: `room.name`, its text is `ROOM.finding.NAME` in the catalogues; action; values: JSON of the
text's places; x, y: where, in the run's CRS (NaN when nowhere)."""


def finding(
    layer: str,
    code: str,
    action: Action,
    *,
    row: int | None = None,
    id: str = "",
    field: str = "",
    x: float = float("nan"),
    y: float = float("nan"),
    **values: object,
) -> pd.DataFrame:
    """One finding as a one-row table (columns: `COLUMNS`)."""
    rows = None if row is None else [row]
    return findings_of(layer, code, action, n=1, rows=rows, ids=[id], field=field, xs=[x], ys=[y], values=values)


def findings_of(
    layer: str,
    code: str,
    action: Action,
    *,
    n: int,
    rows: Iterable[int] | None = None,
    ids: Iterable[str] | None = None,
    field: str = "",
    xs: Iterable[float] | None = None,
    ys: Iterable[float] | None = None,
    values: Mapping[str, object] | None = None,
    each: Iterable[Mapping[str, object]] | None = None,
) -> pd.DataFrame:
    """`n` findings of one code as a table (columns: `COLUMNS`).

    `values` fills the text's places for all of them; `each`, one mapping a finding, adds to it.
    """
    common = dict(values or {})
    texts = [_json(common)] * n if each is None else [_json({**common, **own}) for own in each]
    table = pd.DataFrame(
        {
            "layer": [layer] * n,
            "row": pd.array([pd.NA] * n if rows is None else [int(r) for r in rows], dtype="Int64"),
            "id": [""] * n if ids is None else [str(i) for i in ids],
            "field": [field] * n,
            "code": [code] * n,
            "action": [action] * n,
            "values": texts,
            "x": [float("nan")] * n if xs is None else [float(x) for x in xs],
            "y": [float("nan")] * n if ys is None else [float(y) for y in ys],
        }
    )
    return table.astype({"row": "Int64", "x": "float64", "y": "float64"})


def findings_at(
    layer: str,
    table: gpd.GeoDataFrame,
    at: ArrayLike,
    code: str,
    action: Action,
    *,
    field: str,
    each: Iterable[Mapping[str, object]] | None = None,
) -> pd.DataFrame:
    """Findings of one code on features of a layer: those at these positions of its table, each where it stands."""
    features = table.iloc[np.asarray(at, dtype=np.int64)]
    place = features.geometry.representative_point()
    return findings_of(
        layer, code, action, n=len(features), rows=features["row"], ids=features["id"], field=field, xs=place.x,
        ys=place.y, each=each,
    )  # fmt: skip


def no_findings() -> pd.DataFrame:
    """An empty findings table with the right columns and types."""
    return findings_of("", "", "noted", n=0)


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several findings tables as one, in the order given."""
    kept = [table for table in tables if len(table)]
    return pd.concat(kept, ignore_index=True) if kept else no_findings()


def message_key(code: str) -> str:
    """The catalogue key of a finding's text: code `layers.no_place` has key `layers.finding.no_place`."""
    room, name = code.split(".", 1)
    return f"{room}.finding.{name}"


def with_messages(findings: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """The findings with a `message` column in the language of `texts` in place of `values`."""
    messages = [
        texts(message_key(code), **json.loads(values))
        for code, values in zip(findings["code"], findings["values"], strict=True)
    ]
    return findings.drop(columns="values").assign(message=pd.Series(messages, index=findings.index, dtype="object"))


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, default=str, sort_keys=True)
