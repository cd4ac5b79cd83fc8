"""Text for cells of CSV and Excel: characters no spreadsheet takes are replaced, and each change is listed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

REPLACEMENT = "\ufffd"
"""Stands for each character that was replaced, so that the reader sees that something was there."""

# Control characters but tab and line ends; halves of surrogate pairs and the two code points XML cannot hold.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

CONTROL = "control_characters_replaced"
SHORTENED = "shortened"
DEFUSED = "apostrophe_put_before"
UNFRAMED = "space_put_after"
LEFT_OUT = "rows_left_out"
"""From the row named on."""


def without_control(text: str) -> str:
    """The text with `REPLACEMENT` for every character that is no text."""
    return _NOT_TEXT.sub(REPLACEMENT, text)


@dataclass
class CellChanges:
    """What the cells of one file say other than the tables they come from."""

    file: str
    _rows: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def note(self, change: str, *, row: int, column: str, sheet: str = "") -> None:
        """A cell was changed; `row` as a spreadsheet counts it, the headings being row 1."""
        self._rows.setdefault((sheet, column, change), []).append(row)

    def listed(self) -> list[Mapping[str, object]]:
        """For the record: one entry by sheet, column and kind of change, with the rows."""
        return [
            {"file": self.file, "sheet": sheet, "column": without_control(column), "change": change, "rows": rows}
            for (sheet, column, change), rows in self._rows.items()
        ]
