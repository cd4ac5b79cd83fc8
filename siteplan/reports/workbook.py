"""Excel workbooks in which no cell becomes a formula or a link, and two runs give the same bytes."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

EPOCH = datetime.datetime(2000, 1, 1)
"""The date in the file's properties, so that two runs give the same bytes."""

CELL_LIMIT = 32_767
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, a table, and headings (column -> text) for it; `formats` names number formats by column."""

    title: str
    table: pd.DataFrame = field(repr=False)
    headings: Mapping[str, str]
    formats: Mapping[str, str] = field(default_factory=dict)
    wide: Sequence[str] = ()


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write sheets in order. Missing values are empty cells; text is never read as a formula, a link or a number.

    Raises
    ------
    ValueError
        If a cell cannot be written (XlsxWriter reports this by a return code only).
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"created": EPOCH, "title": "siteplan"})
    head = book.add_format({"bold": True, "bg_color": "#E7EDF3", "border": 1, "text_wrap": True, "valign": "top"})
    text = book.add_format({"valign": "top"})
    wrapped = book.add_format({"valign": "top", "text_wrap": True})
    numbers = {
        shape: book.add_format({"num_format": shape, "valign": "top"})
        for shape in ("0", "0.0", "0.00", "0.0%", "0.000")
    }
    for sheet in sheets:
        page = book.add_worksheet(sheet.title[:31])
        page.freeze_panes(1, 0)
        columns = list(sheet.table.columns)
        for at, name in enumerate(columns):
            _check(page.write_string(0, at, sheet.headings.get(name, name), head), sheet.title, name)
            values = sheet.table[name].tolist()
            shape = numbers.get(sheet.formats.get(name, ""), text)
            for row, value in enumerate(values, start=1):
                _check(_write(page, row, at, value, shape, wrapped if name in sheet.wide else text), sheet.title, name)
            page.set_column(at, at, _width(sheet.headings.get(name, name), values, name in sheet.wide))
        if len(sheet.table) and columns:
            page.autofilter(0, 0, len(sheet.table), len(columns) - 1)
    book.close()


def _write(page: object, row: int, column: int, value: object, number: object, text: object) -> int:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return 0
    if isinstance(value, (bool, np.bool_)):
        return page.write_boolean(row, column, bool(value), text)  # type: ignore[attr-defined, no-any-return]
    if isinstance(value, (int, float, np.integer, np.floating)):
        return page.write_number(row, column, value, number)  # type: ignore[attr-defined, no-any-return]
    shown = _CONTROL.sub(" ", str(value))
    if not shown:
        return 0
    if len(shown) > CELL_LIMIT:
        # The whole text stands in results.gpkg; a cell takes no more.
        shown = shown[: CELL_LIMIT - 1] + "…"
    return page.write_string(row, column, shown, text)  # type: ignore[attr-defined, no-any-return]


def _check(code: int, sheet: str, column: str) -> None:
    if code:
        raise ValueError(f"sheet {sheet}, column {column}: XlsxWriter refused a cell (code {code})")


def _width(heading: str, values: list[object], wide: bool) -> float:
    if wide:
        return 60.0
    shown = [heading, *(str(value) for value in values[:200])]
    return min(max(6.0, 2.0 + max(_columns(one) for one in shown)), 36.0)


def _columns(text: str) -> float:
    """Width of a text in columns: a Chinese character takes two."""
    return sum(2.0 if ord(letter) > 0x2E7F else 1.0 for letter in text[:60])
