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


def cells(block: dict[str, Any], column: str) -> list[Any]:
    """The values of one column."""
    data = block["columns"][column]
    if "codes" in data:
        return [data["values"][code] for code in numbers(data["codes"])]
    return list(data["values"])
