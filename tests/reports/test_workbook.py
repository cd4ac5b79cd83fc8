"""Workbooks: text stays text, what a cell cannot hold is listed, nothing is dropped in silence."""

from __future__ import annotations

import gc
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter.worksheet

from siteplan.errors import OutputWriteError
from siteplan.layers.cells import CONTROL, LEFT_OUT, SHORTENED, UNFRAMED
from siteplan.reports import workbook
from siteplan.reports.workbook import CELL_LIMIT, Sheet, write_workbook


def written(folder: Path, *texts: object):
    path = folder / "t.xlsx"
    changes = write_workbook(path, [Sheet("one", pd.DataFrame({"a": texts}, dtype="object"), {"a": "A"})])
    page = openpyxl.load_workbook(path)["one"]
    return [cell for (cell,) in page.iter_rows(min_row=2)], changes.listed()


@pytest.mark.parametrize("text", ["=1+1", "@x", "+1", "-1", "http://a.b", "{=1}", "007", "a & <b>"])
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    (cell,), changes = written(tmp_path, text)
    assert (cell.data_type, cell.value) == ("s", text)
    assert cell.hyperlink is None
    assert changes == []
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_text_that_reads_as_a_code_for_a_letter(tmp_path: Path) -> None:
    """Excel reads `_x0041_` as A, unless the underscore is itself written as a code."""
    written(tmp_path, "_x0041_")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        assert b"<t>_x005F_x0041_</t>" in book.read("xl/sharedStrings.xml")


def test_missing_values_are_empty(tmp_path: Path) -> None:
    cells, changes = written(tmp_path, None, float("nan"), float("inf"), pd.NA, pd.NaT, "", "end")
    assert [cell.value for cell in cells] == [None] * 6 + ["end"]
    assert changes == []


def test_control_characters_are_replaced_and_listed(tmp_path: Path) -> None:
    cells, changes = written(tmp_path, "ok", "a\x00\x1fb", "\ud800")
    assert [cell.value for cell in cells] == ["ok", "a\ufffd\ufffdb", "\ufffd"]
    assert changes == [{"file": "t.xlsx", "sheet": "one", "column": "a", "change": CONTROL, "rows": [3, 4]}]


@pytest.mark.parametrize("letter", ["x", "坝", "𠮷"])
def test_long_texts_are_shortened_and_listed(tmp_path: Path, letter: str) -> None:
    fits = CELL_LIMIT // (len(letter.encode("utf-16-le")) // 2)
    cells, changes = written(tmp_path, letter * fits, letter * (fits + 1))
    assert cells[0].value == letter * fits
    assert cells[1].value.endswith(letter + "…")
    assert len(cells[1].value.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert [(entry["change"], entry["rows"]) for entry in changes] == [(SHORTENED, [3])]


def test_a_text_that_looks_like_the_writers_own_markup(tmp_path: Path) -> None:
    (cell,), changes = written(tmp_path, "<r><t>injected</t></r>")
    assert cell.value == "<r><t>injected</t></r> "
    assert [entry["change"] for entry in changes] == [UNFRAMED]


def test_rows_past_the_last_are_left_out_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROW_LIMIT", 3)
    cells, changes = written(tmp_path, "a", "b", "c")
    assert [cell.value for cell in cells] == ["a", "b"]
    assert changes == [{"file": "t.xlsx", "sheet": "one", "column": "", "change": LEFT_OUT, "rows": [4]}]


def test_a_cell_the_writer_drops_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsxwriter.worksheet.Worksheet, "write_string", lambda *_: -1)
    with pytest.raises(ValueError, match="refused a cell"):
        written(tmp_path, "a")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputWriteError, match="missing"):
        write_workbook(tmp_path / "missing" / "t.xlsx", [])
    # What XlsxWriter abandoned then is collected without a word (pytest fails on one).
    gc.collect()


def test_equal_tables_are_equal_bytes_and_leave_no_other_file(tmp_path: Path) -> None:
    written(tmp_path, "a")
    first = (tmp_path / "t.xlsx").read_bytes()
    written(tmp_path, "a")
    assert (tmp_path / "t.xlsx").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["t.xlsx"]
