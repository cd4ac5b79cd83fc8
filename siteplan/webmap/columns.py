"""A table's column -> the shortest of a few forms that the page's scripts read back (`browser/decode.js`).

`{"values": [...]}`: as they are. `{"values": distinct, "codes": varints}`: where values repeat. `{"numbers": signed
varints, "scale": s, "missing": gaps}`: decimal numbers times `scale`; `missing` counts the rows from one missing value
to the next. `{"patterns": [...], "codes": varints, "parts": varints}`: texts that differ in their numbers only, as the
reasons do; in a pattern the mark U+0001 stands for the next number, written with a 1 before it so that 007 survives.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.webmap.values import Plain, plain, rounded_figures
from siteplan.webmap.varints import encode_signed, encode_unsigned

_MARK = "\x01"
_DIGITS = re.compile("[0-9]{1,14}")
_SCALES = (1, 10, 100)
_LARGEST = 2**52


def encode_column(column: pd.Series) -> dict[str, Any]:
    """One column in its shortest form."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        numbers = _numbers(column)
        if numbers is not None:
            return numbers
    values = [plain(value) for value in column.tolist()]
    number: dict[tuple[type, Plain], int] = {}
    codes = [number.setdefault((type(value), value), len(number)) for value in values]
    if len(number) * 2 <= len(values):
        return {"values": [value for _, value in number], "codes": encode_unsigned(np.array(codes, dtype=np.int64))}
    return _patterns(values) or {"values": values}


def _numbers(column: pd.Series) -> dict[str, Any] | None:
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    known = np.isfinite(values)
    shown = rounded_figures(values[known])
    if shown.size and np.abs(shown).max() * _SCALES[-1] >= _LARGEST:
        return None
    for scale in _SCALES:
        steps = np.rint(shown * scale)
        if np.array_equal(steps / scale, shown):
            gaps = np.diff(np.flatnonzero(~known), prepend=0)
            return {
                "numbers": encode_signed(steps.astype(np.int64)),
                "scale": scale,
                "missing": encode_unsigned(gaps.astype(np.int64)),
            }
    return None


def _patterns(values: list[Plain]) -> dict[str, Any] | None:
    if not all(isinstance(value, str) and _MARK not in value for value in values):
        return None
    texts = [str(value) for value in values]
    stripped = [_DIGITS.sub(_MARK, text) for text in texts]
    number: dict[str, int] = {}
    codes = np.array([number.setdefault(text, len(number)) for text in stripped], dtype=np.int64)
    if len(number) * 3 > len(values):
        return None
    parts: NDArray[np.int64] = np.array(
        [int("1" + digits) for text in texts for digits in _DIGITS.findall(text)], dtype=np.int64
    )
    return {"patterns": list(number), "codes": encode_unsigned(codes), "parts": encode_unsigned(parts)}
