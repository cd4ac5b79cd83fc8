"""Excel workbooks: cells as they are stored, formulas told apart, never evaluated."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

from siteplan.errors import LayerError
from siteplan.layers.formats.archives import checked_entries
from siteplan.layers.formats.filelayer import (
    FileLayer,
    Note,
    Request,
    choose_layer,
    damaged,
    private_copy,
    refuse_document_type,
)
from siteplan.layers.formats.tabular import Row, from_rows

_BLANKS_BEFORE_END = 10_000
"""So many blank rows after the last filled one, and the rest of a sheet is taken to be blank."""

_WIDEST = 2_000
"""Cells further right belong to no table of hamlets: a stray one would make every row 16,384 cells wide."""


def read_xlsx(request: Request, folder: Path) -> FileLayer:
    """A sheet of an Excel workbook: cells as they are, points from its coordinate columns.

    Raises
    ------
    LayerError
        Not an .xlsx, several sheets and none named, no header, no coordinate columns.
    """
    copy, digest = _copied(request, folder)
    try:
        with _workbook(copy, values=True) as book:
            chosen = choose_layer(request.contract, request.told, _visible(book), request.layer)
            values, stray = _rows(book[chosen])
        formulas: dict[tuple[int, int], bool] = {}
        if _has_formulas(copy):
            with _workbook(copy, values=False) as book:
                formulas = _formulas(_rows(book[chosen])[0], values)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, TypeError, AttributeError, IndexError) as error:
        if isinstance(error, LayerError):
            raise
        raise damaged(request.contract, request.told, f"Excel's parts cannot be read: {error}") from error
    notes = [Note("layers.stray_cells", values={"first": stray})] if stray else []
    return from_rows(request, values, layer=chosen, driver="XLSX", sha256=digest, notes=notes, formulas=formulas)


def sheet_names(request: Request, folder: Path) -> list[str]:
    """The visible sheets of an .xlsx workbook, in order.

    Raises
    ------
    LayerError
        Not an .xlsx, or damaged.
    """
    copy, _ = _copied(request, folder)
    try:
        with _workbook(copy, values=True) as book:
            return _visible(book)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        raise damaged(request.contract, request.told, f"Excel's parts cannot be read: {error}") from error


def _copied(request: Request, folder: Path) -> tuple[Path, str]:
    """The private copy and its hash, once the archive inside is within limits and its XML is plain."""
    copy = folder / "layer.xlsx"
    digest = private_copy([(request.path, copy.name)], folder)
    if not zipfile.is_zipfile(copy):
        raise LayerError(
            f"{request.contract}: {request.told} is not an .xlsx workbook: it has the format of an old .xls, is "
            "protected by a password, or is damaged; open it in Excel and save it as .xlsx"
        )
    try:
        with zipfile.ZipFile(copy) as archive:
            for name, entry in checked_entries(request.contract, request.told, archive).items():
                if name.endswith((".xml", ".rels")):
                    with archive.open(entry) as part:
                        refuse_document_type(request.contract, request.told, part.read(4096))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise damaged(request.contract, request.told, f"it cannot be unpacked: {error}") from error
    return copy, digest


class _workbook:
    """An open workbook, read row by row; closed at the end."""

    def __init__(self, path: Path, *, values: bool) -> None:
        import openpyxl

        with warnings.catch_warnings():
            # Styles and validations that openpyxl does not know are no matter of the cells.
            warnings.simplefilter("ignore")
            self._book: Any = openpyxl.load_workbook(path, read_only=True, data_only=values, keep_links=False)

    def __enter__(self) -> Any:
        return self._book

    def __exit__(self, *_: object) -> None:
        self._book.close()


def _visible(book: Any) -> list[str]:
    return [str(sheet.title) for sheet in book.worksheets if sheet.sheet_state == "visible"]


def _rows(sheet: Any) -> tuple[list[Row], str]:
    """The rows down to the last filled one, and the address of a cell too far away to be read ("": none)."""
    rows: list[Row] = []
    stray = ""
    blank = 0
    said_rows, said_columns = sheet.max_row or 0, sheet.max_column or 0
    # A sheet that lies about its size, or says none, is read as it comes.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if len(cells) > _WIDEST and not stray:
            far = next((i for i in range(_WIDEST, len(cells)) if cells[i] is not None), None)
            stray = "" if far is None else f"{_letters(far)}{number}"
        row = list(cells[:_WIDEST])
        while row and row[-1] is None:
            row.pop()
        if not row:
            blank += 1
            if blank > _BLANKS_BEFORE_END:
                break
            continue
        blank = 0
        rows.append(Row(number, row))
    last = rows[-1].number if rows else 0
    if not stray and (said_columns > _WIDEST or said_rows > last + _BLANKS_BEFORE_END):
        stray = f"{_letters(said_columns - 1)}{said_rows}"
    return _with_gaps(rows), stray


def _with_gaps(rows: list[Row]) -> list[Row]:
    """The rows with the blank ones between them, so that they can be counted."""
    filled = {row.number: row for row in rows}
    return [filled.get(number, Row(number, [])) for number in range(1, (rows[-1].number if rows else 0) + 1)]


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(re.search(rb"<f[\s>/]", archive.read(name)) for name in sheets)


def _formulas(written: list[Row], values: list[Row]) -> dict[tuple[int, int], bool]:
    """(row number, column) of formula cells -> whether a value is stored."""
    stored = {row.number: row.cells for row in values}
    found = {}
    for row in written:
        for column, cell in enumerate(row.cells):
            if (isinstance(cell, str) and cell.startswith("=")) or type(cell).__name__ in (
                "ArrayFormula",
                "DataTableFormula",
            ):
                cells = stored.get(row.number, [])
                value = cells[column] if column < len(cells) else None
                # A text that begins with = is read the same both ways: it is no formula.
                if value != cell:
                    found[row.number, column] = value is not None
    return found
