"""Excel workbooks in which no cell becomes a formula or a link, and two runs give the same bytes."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from siteplan.layers.cells import CONTROL, LEFT_OUT, SHORTENED, UNFRAMED, CellChanges, without_control
from siteplan.outfolder import refused, writing

EPOCH = datetime.datetime(2000, 1, 1)
"""The date in the file's properties, so that two runs give the same bytes."""

CELL_LIMIT = 32_767
"""Most characters of a cell, in UTF-16 units as Excel counts: a rare Chinese character or an emoji takes two."""

ROW_LIMIT = 1_048_576
"""Most rows of a sheet, the headings among them."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, a table, and headings (column -> text) for it; `formats` names number formats by column."""

    title: str
    table: pd.DataFrame = field(repr=False)
    headings: Mapping[str, str]
    formats: Mapping[str, str] = field(default_factory=dict)
    wide: Sequence[str] = ()


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> CellChanges:
    """Write sheets in order. Missing values are empty cells; text is never read as a formula, a link or a number.

    Returns the cells that had to be changed: control characters replaced, long texts shortened, rows past what a sheet
    holds left out. The whole stands in `results.gpkg`.

    Raises
    ------
    OutputWriteError
        If the file cannot be written.
    ValueError
        If XlsxWriter refuses a cell for another reason (it reports this by a return code only).
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # The sheets on their way into the zip lie beside the file: the folder for temporary files may be small.
    zipped = _Buffer()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    book = xlsxwriter.Workbook(zipped, options)
    book.set_properties({"created": EPOCH, "title": "siteplan"})
    head = book.add_format({"bold": True, "bg_color": "#E7EDF3", "border": 1, "text_wrap": True, "valign": "top"})
    text = book.add_format({"valign": "top"})
    wrapped = book.add_format({"valign": "top", "text_wrap": True})
    numbers = {
        shape: book.add_format({"num_format": shape, "valign": "top"})
        for shape in ("0", "0.0", "0.00", "0.0%", "0.000")
    }
    changes = CellChanges(path.name)
    for sheet in sheets:
        page = _Page(book.add_worksheet(sheet.title[:31]), sheet.title, changes)
        page.sheet.freeze_panes(1, 0)
        columns = list(sheet.table.columns)
        rows = min(len(sheet.table), ROW_LIMIT - 1)
        if rows < len(sheet.table):
            changes.note(LEFT_OUT, row=ROW_LIMIT + 1, column="", sheet=sheet.title)
        for at, name in enumerate(columns):
            heading = sheet.headings.get(name, name)
            page.write(0, at, name, heading, head, head)
            values = sheet.table[name].iloc[:rows].tolist()
            shape = numbers.get(sheet.formats.get(name, ""), text)
            for row, value in enumerate(values, start=1):
                page.write(row, at, name, value, shape, wrapped if name in sheet.wide else text)
            page.sheet.set_column(at, at, _width(heading, values, name in sheet.wide))
        if rows and columns:
            page.sheet.autofilter(0, 0, rows, len(columns) - 1)
    try:
        book.close()
    except FileCreateError as error:
        cause = error.args[0]
        raise refused(path, cause if isinstance(cause, OSError) else str(error)) from error
    with writing(path):
        path.write_bytes(zipped.getvalue())
    return changes


class _Buffer(io.BytesIO):
    """Where the zip is made. XlsxWriter abandons its ZipFile when the disk is full, and that writes its end when it is
    collected: on the full disk, or into a buffer collected before it, this would fail and show a traceback.
    """

    def close(self) -> None:
        """Stays open; the memory is freed with the object."""


@dataclass(frozen=True)
class _Page:
    """A sheet being written, and where its changed cells are listed."""

    sheet: Any
    title: str
    changes: CellChanges

    def write(self, row: int, at: int, column: str, value: object, number: object, text: object) -> None:
        """One cell, a number in the format `number`, anything else in the format `text`."""
        if (
            value is None
            or value is pd.NA
            or value is pd.NaT
            or (isinstance(value, float) and not math.isfinite(value))
        ):
            return
        if isinstance(value, (bool, np.bool_)):
            code = self.sheet.write_boolean(row, at, bool(value), text)
        elif isinstance(value, (int, float, np.integer, np.floating)):
            code = self.sheet.write_number(row, at, value, number)
        else:
            shown = self._fitting(row, column, str(value))
            code = self.sheet.write_string(row, at, shown, text) if shown else 0
        if code:
            raise ValueError(f"sheet {self.title}, column {column}: XlsxWriter refused a cell (code {code})")

    def _fitting(self, row: int, column: str, value: str) -> str:
        """The text as a cell takes it; a change is listed."""
        clean = without_control(value)
        if clean != value:
            self._note(CONTROL, row, column)
        if clean.startswith("<r>") and clean.endswith("</r>"):
            # XlsxWriter takes a text framed like this for ready-made XML and writes it as it is.
            clean += " "
            self._note(UNFRAMED, row, column)
        short = _shortened(clean)
        if short != clean:
            self._note(SHORTENED, row, column)
        return short

    def _note(self, change: str, row: int, column: str) -> None:
        self.changes.note(change, row=row + 1, column=column, sheet=self.title)


def _shortened(text: str) -> str:
    """The text itself, or as much of it as a cell holds with an ellipsis at its end."""
    if 2 * len(text) <= CELL_LIMIT:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    # A pair cut in the middle is left out.
    return units[: 2 * (CELL_LIMIT - 1)].decode("utf-16-le", errors="ignore") + "…"


def _width(heading: str, values: list[object], wide: bool) -> float:
    if wide:
        return 60.0
    shown = [heading, *(str(value) for value in values[:200])]
    return min(max(6.0, 2.0 + max(_columns(one) for one in shown)), 36.0)


def _columns(text: str) -> float:
    """Width of a text in columns: a Chinese character takes two."""
    return sum(2.0 if ord(letter) > 0x2E7F else 1.0 for letter in text[:60])
