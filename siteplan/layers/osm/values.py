"""Tag values as column values: numbers with their units, flags, and whether a road is closed or seasonal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from siteplan.layers.numbers import number_from
from siteplan.layers.osm.rules import ColumnSource

_LENGTH = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>mm|cm|m|km|ft|in|'|\")?", re.IGNORECASE)
_FEET_AND_INCHES = re.compile(r"(?P<feet>\d+)\s*'\s*(?P<inches>\d+(?:\.\d+)?)\s*\"")
_METRES = {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "ft": 0.3048, "'": 0.3048, "in": 0.0254, '"': 0.0254}
_FALSE = frozenset({"", "no", "false", "0"})

Value = str | float | bool


def read_column(source: ColumnSource, objects: Sequence[Mapping[str, str]]) -> tuple[list[Value], int]:
    """The content of a column for the tags of each object, and how many tags were there that could not be read.

    Text is "" and a number NaN (or the column's default) where nothing is said or nothing can be read. Each word is
    read once, however many objects say it.
    """
    told = _told_yes(source.tags, objects) if source.reading == "seasonal" else _told(source.tags, objects)
    known = {word: _read(source, word) for word in set(told)}
    return [known[word][0] for word in told], sum(known[word][1] for word in told)


def _told(names: Sequence[str], objects: Sequence[Mapping[str, str]]) -> list[str]:
    """What the first of these tags says that an object has; "" where it has none."""
    first, *further = names
    told = [tags.get(first, "").strip() for tags in objects]
    if not further:
        return told
    return [
        own or next((tags[name].strip() for name in further if tags.get(name, "").strip()), "")
        for own, tags in zip(told, objects, strict=True)
    ]


def _told_yes(names: Sequence[str], objects: Sequence[Mapping[str, str]]) -> list[str]:
    """What the first of these tags says that says more than no."""
    return [next((tags[name] for name in names if tags.get(name, "") not in _FALSE), "") for tags in objects]


def _read(source: ColumnSource, told: str) -> tuple[Value, bool]:
    if source.reading == "text":
        return told, False
    if source.reading == "flag":
        return told not in _FALSE and told not in source.false, False
    if source.reading == "closed":
        return "closed" if told == "no" else "", False
    if source.reading == "seasonal":
        # 0 for a road that is there in some seasons only; nothing in the tags says of a road that it is there in all.
        return 0.0 if told else math.nan, False
    number = _number(source.reading, told) if told else math.nan
    unread = bool(told) and math.isnan(number)
    if math.isnan(number) and source.default is not None:
        return float(source.default), unread
    return number, unread


def length_m(text: str, *, unit: str) -> float:
    """Metres of a length as OpenStreetMap writes it (`3.5`, `3,5 m`, `12 ft`, `7'6"`); NaN if it is none.

    `unit` is what a bare number is in.
    """
    both = _FEET_AND_INCHES.fullmatch(text)
    if both:
        return float(both["feet"]) * _METRES["ft"] + float(both["inches"]) * _METRES["in"]
    one = _LENGTH.fullmatch(text)
    if one is None:
        return math.nan
    return float(one["number"].replace(",", ".")) * _METRES[(one["unit"] or unit).lower()]


def _number(reading: str, text: str) -> float:
    if reading == "metres":
        return round(length_m(text, unit="m"), 3)
    if reading == "millimetres":
        return round(length_m(text, unit="mm") * 1000, 1)
    if reading == "kilovolts":
        volts = [number_from(part)[0] for part in text.split(";") if part.strip()]
        return max((value / 1000 for value in volts if not math.isnan(value)), default=math.nan)
    return number_from(text)[0]
