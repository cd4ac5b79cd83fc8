"""The page's data block decoded in plain Python, from the description alone: shares no code with siteplan."""

from __future__ import annotations

import html.parser
import json
from typing import Any

import shapely

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class _Blocks(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: dict[str, str] = {}
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._open = named["id"] if tag == "script" and named.get("type") == "application/json" else None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.blocks[self._open] = self.blocks.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._open = None


def data_blocks(page: str) -> dict[str, Any]:
    """Every JSON block of a page: id -> data."""
    parser = _Blocks()
    parser.feed(page)
    parser.close()
    return {key: json.loads(text) for key, text in parser.blocks.items()}


def numbers(text: str) -> list[int]:
    """Whole numbers, five bits a letter, least first; a letter's sixth bit says that another follows."""
    found, value, shift = [], 0, 0
    for letter in text:
        code = _LETTERS.index(letter)
        value |= (code & 31) << shift
        shift += 5
        if code < 32:
            found.append(value)
            value, shift = 0, 0
    return found


def vertices(geometry: dict[str, Any]) -> list[list[list[tuple[float, float]]]]:
    """Longitude and latitude by row, run and vertex."""
    unfolded = [-(n + 1) // 2 if n % 2 else n // 2 for n in numbers(geometry["xy"])]
    east = north = 0
    flat = []
    for dx, dy in zip(unfolded[::2], unfolded[1::2], strict=True):
        east, north = east + dx, north + dy
        flat.append((east / geometry["stepsPerDegree"], north / geometry["stepsPerDegree"]))
    sizes, rows, at = iter(numbers(geometry["sizes"])), [], 0
    for count in numbers(geometry["runs"]):
        row = []
        for _ in range(count):
            size = next(sizes)
            row.append(flat[at : at + size])
            at += size
        rows.append(row)
    assert at == len(flat)
    return rows


def lines(geometry: dict[str, Any]) -> list[shapely.MultiLineString]:
    """Every row as its runs, in degrees."""
    return [shapely.MultiLineString([run for run in row if len(run) > 1]) for row in vertices(geometry)]


def cells(block: dict[str, Any], column: str, language: str | None = None) -> list[Any]:
    """The values of one column, those of a language where it has its own."""
    own = block["words"][language]["columns"] if language else {}
    data = own.get(column) or block["columns"][column]
    if "numbers" in data:
        unfolded = iter([-(n + 1) // 2 if n % 2 else n // 2 for n in numbers(data["numbers"])])
        missing, at = set(), 0
        for gap in numbers(data["missing"]):
            at += gap
            missing.add(at)
        return [None if row in missing else next(unfolded) / data["scale"] for row in range(block["size"])]
    if "patterns" in data:
        parts, found = iter(numbers(data["parts"])), []
        for code in numbers(data["codes"]):
            first, *rest = data["patterns"][code].split("\x01")
            found.append(first + "".join(str(next(parts))[1:] + piece for piece in rest))
        return found
    if "codes" in data:
        return [data["values"][code] for code in numbers(data["codes"])]
    return list(data["values"])
