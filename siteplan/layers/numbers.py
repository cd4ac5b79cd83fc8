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


_DMS = re.compile(
    r"(?P<before>[NSEW东西南北])?[经纬]?\s*[:：]?\s*(?P<sign>[+-])?(?P<d>\d{1,3}(?:\.\d+)?)\s*(?:[°º˚度:]|d|deg|\s|(?=[NSEW]$))\s*"
    r"(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:['′’分:]|\s)?\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')?)?)?\s*"
    r"(?P<after>[NSEW])?",
    re.IGNORECASE,
)

_LETTER_FIRST = re.compile(r"^((?:[NSEW]|[东西]经|[南北]纬)\s*[:：]?\s*\d{1,3}(?:\.\d+)?)$", re.IGNORECASE)
"""Degrees without a sign of degrees: `E104.9`."""


def degrees_from(text: str) -> float:
    """Degrees from a number or from degrees, minutes and seconds, as people write them; NaN where it is neither.

    `104.5`, `104°30'00"E`, `东经104度30分`, `E104°30.5′`, `26 30 15 N` are read; south and west are negative; 60
    minutes or seconds or more are no angle.
    """
    value, _ = number_from(text)
    if math.isfinite(value):
        return value
    # Compatibility forms would break the signs for minutes and seconds into others.
    plain = text.strip().translate(_FULL_WIDTH)
    written = _DMS.fullmatch(plain) or _DMS.fullmatch(_LETTER_FIRST.sub(r"\1°", plain))
    if written is None:
        return math.nan
    d, m, s = (float(written[part] or 0) for part in ("d", "m", "s"))
    side = (written["before"] or written["after"] or "").upper()
    if m >= 60 or s >= 60 or (written["before"] and written["after"]) or (written["m"] and "." in written["d"]):
        return math.nan
    angle = d + m / 60 + s / 3600
    return -angle if side in ("S", "W", "南", "西") or written["sign"] == "-" else angle


_FULL_WIDTH = {0xFF10 + i: str(i) for i in range(10)} | {0xFF0E: ".", 0xFF0D: "-", 0x2212: "-", 0x3000: " "}
"""Full-width digits, point, minus and space."""


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
