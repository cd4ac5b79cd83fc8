"""Numbers and words as people write them, read without guessing."""

from __future__ import annotations

import math
import re
import unicodedata

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WRITTEN = re.compile(
    r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(?P<myriad>万)?\s*(?P<unit>人|户|口|头|名|个|米|公里|m|km|mm)?"
)


def number_from(text: str) -> tuple[float, bool]:
    """The number a cell's text says, and whether it had to be tidied to be one.

    `1319` is (1319.0, False); `1,319人`, full-width digits and `0.0268万` are tidied; what is no number (`约1200`,
    `—`) is (nan, True).
    """
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped) and stripped.isascii():
        value = float(stripped)
        return (value, False) if math.isfinite(value) else (math.nan, True)
    written = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", stripped))
    if written is None:
        return math.nan, True
    value = float(written["number"].replace(",", ""))
    return (round(value * 10_000, 6) if written["myriad"] else value), True


def text_from(value: object) -> str:
    """A cell as text: whole numbers without a decimal point, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def code_from(text: str) -> str:
    """A code as text: `12.0` is `12`."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text
