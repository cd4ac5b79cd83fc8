"""What a CSV cell may not hold is replaced or made harmless, and listed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from siteplan.layers.cells import CONTROL, DEFUSED, CellChanges, without_control
from siteplan.layers.writing import write_csv


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x0b", "\x1f", "\x7f", "\x9b", "\ud800", "\uffff"])
def test_what_is_no_text_is_replaced_one_for_one(bad: str) -> None:
    assert without_control(f"上{bad}坝{bad}") == "上\ufffd坝\ufffd"


@pytest.mark.parametrize("good", ["", "a\tb\r\nc", "上坝 𠮷 é", "\u00a0", "\u0085"])
def test_text_stays(good: str) -> None:
    assert without_control(good) == good


def test_rows_of_one_kind_of_change_are_listed_together() -> None:
    changes = CellChanges("t.csv")
    for row in (2, 5):
        changes.note(CONTROL, row=row, column="na\x01me")
    assert changes.listed() == [
        {"file": "t.csv", "sheet": "", "column": "na\ufffdme", "change": CONTROL, "rows": [2, 5]}
    ]


def test_csv_lists_what_it_changed(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["a\x00b", "=1+1", None, "\x01=2", "-3"], "n": [1, 2, 3, 4, 5]})
    changes = write_csv(tmp_path / "t.csv", table)
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8-sig")
    assert text == "name,n\r\na\ufffdb,1\r\n'=1+1,2\r\n,3\r\n\ufffd=2,4\r\n-3,5\r\n"
    assert [(entry["change"], entry["rows"]) for entry in changes.listed()] == [(CONTROL, [2, 5]), (DEFUSED, [3])]


def test_a_heading_is_a_cell_too(tmp_path: Path) -> None:
    changes = write_csv(tmp_path / "t.csv", pd.DataFrame({"=x": [1]}))
    assert (tmp_path / "t.csv").read_bytes().decode("utf-8-sig").startswith("'=x\r\n")
    assert [entry["rows"] for entry in changes.listed()] == [[1]]


def test_clean_tables_list_nothing_and_keep_their_types(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"day": pd.to_datetime(["2026-01-02"]), "yes": [True], "x": [-1.5], "kind": pd.Categorical(["a"])}
    )
    assert write_csv(tmp_path / "t.csv", table).listed() == []
    assert (tmp_path / "t.csv").read_bytes().decode("utf-8-sig") == "day,yes,x,kind\r\n2026-01-02,True,-1.5,a\r\n"
