"""A table's column -> the shortest of a few forms that the page's scripts read back (`browser/decode.js`).

`{"values": [...]}`: as they are. `{"values": distinct, "codes": varints}`: where values repeat. `{"numbers": signed
varints, "scale": s, "missing": gaps}`: decimal numbers times `scale`; `missing` counts the rows from one missing value
to the next. `{"patterns": [...], "codes": varints, "parts": varints}`: texts that differ in their numbers only, as the
reasons do; in a pattern the mark U+0001 stands for the next number, written with a 1 before it so that 007 survives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from siteplan.webmap.values import Plain, plain, rounded_figures
from siteplan.webmap.varints import encode_signed, encode_unsigned

_MARK = "\x01"
_LONGEST = 14
"""Digits of a number that a browser holds exactly with a 1 before it."""
_SCALES = (1, 10, 100)
_LARGEST = 2**52


def encode_column(column: pd.Series) -> dict[str, Any]:
    """One column in its shortest form."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        numbers = _numbers(column)
        if numbers is not None:
            return numbers
    texts = _as_texts(column)
    if texts is not None:
        return _texts(texts)
    values = [plain(value) for value in column.tolist()]
    number: dict[tuple[type, Plain], int] = {}
    codes = [number.setdefault((type(value), value), len(number)) for value in values]
    if len(number) * 2 > len(values):
        return {"values": values}
    return {"values": [value for _, value in number], "codes": encode_unsigned(np.array(codes, dtype=np.int64))}


def _numbers(column: pd.Series) -> dict[str, Any] | None:
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    known = np.isfinite(values)
    if np.abs(values[known]).max(initial=0.0) >= _LARGEST / _SCALES[-1]:
        return None
    shown = rounded_figures(values[known])
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


def _as_texts(column: pd.Series) -> pa.Array | None:
    """The column as Arrow text where it holds nothing but whole texts and missing values."""
    if not (isinstance(column.dtype, pd.StringDtype) or column.dtype == object):
        return None
    try:
        texts = pa.array(column, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):  # other types among them, or half characters
        return None
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _texts(texts: pa.Array) -> dict[str, Any]:
    texts = pc.fill_null(texts, "")  # missing and empty are one thing to a reader
    coded = texts.dictionary_encode()
    distinct = [text or None for text in coded.dictionary.to_pylist()]
    if len(distinct) * 2 <= len(texts):
        return {"values": distinct, "codes": encode_unsigned(coded.indices.to_numpy().astype(np.int64))}
    return _patterns(texts) or {"values": [text or None for text in texts.to_pylist()]}


def _patterns(texts: pa.Array) -> dict[str, Any] | None:
    """Texts as patterns and the numbers in them, None where the patterns are too many to be worth it."""
    if pc.any(pc.or_(pc.equal(texts, ""), pc.match_substring(texts, _MARK))).as_py():
        return None
    stripped = pc.replace_substring_regex(texts, f"[0-9]{{1,{_LONGEST}}}", _MARK)
    coded = stripped.dictionary_encode()
    if len(coded.dictionary) * 3 > len(texts):
        return None
    return {
        "patterns": coded.dictionary.to_pylist(),
        "codes": encode_unsigned(coded.indices.to_numpy().astype(np.int64)),
        "parts": encode_unsigned(_parts(texts)),
    }


def _parts(texts: pa.Array) -> NDArray[np.int64]:
    """Every run of digits in the texts in turn, at most `_LONGEST` at a time, as a number with a 1 before it."""
    text = np.frombuffer(_MARK.join(texts.to_pylist()).encode("utf-8"), dtype=np.uint8)
    is_digit = (text >= ord("0")) & (text <= ord("9"))
    edge = np.diff(is_digit.astype(np.int8), prepend=0, append=0)
    first, end = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    pieces = -(-(end - first) // _LONGEST)
    at = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = np.repeat(first, pieces) + at * _LONGEST
    length = np.minimum(np.repeat(end, pieces) - start, _LONGEST)
    number = np.ones(len(start), dtype=np.int64)
    for n in range(int(length.max(initial=0))):
        more = length > n
        number[more] = number[more] * 10 + (text[start[more] + n] - ord("0"))
    return number
