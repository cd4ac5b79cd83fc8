"""Rows of cells to a layer: the header found, titles, totals and remarks set aside, points from coordinate columns."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from siteplan.errors import LayerError
from siteplan.layers.contract import contracts, folded, names_of
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Note, Request
from siteplan.layers.numbers import degrees_from, number_from, text_from

DEGREES = (
    ("lon", "lng", "long", "longitude", "经度", "东经", "经度(°)", "经度(度)", "gps经度"),
    ("lat", "latitude", "纬度", "北纬", "纬度(°)", "纬度(度)", "gps纬度"),
)
PLANE = (
    ("x", "easting", "east", "x_coord", "point_x", "东坐标", "横坐标", "x坐标"),
    ("y", "northing", "north", "y_coord", "point_y", "北坐标", "纵坐标", "y坐标"),
)
_WKT = ("wkt", "geometry", "geom", "the_geom", "wkt_geom", "几何")

_HEADER_WITHIN = 20
"""A header stands in the first so many rows, under titles and notes."""

_TOTALS = frozenset({"合计", "总计", "共计", "总和", "全县合计", "total", "totals", "sum", "grandtotal"})
_SUBTOTALS = frozenset({"小计", "subtotal"})
_REMARK = re.compile(
    r"^\s*(备注|注[:：\d]|说明|填表|制表|审核|单位负责|负责人|填报|数据来源|资料来源|来源[:：]|remarks?\b|notes?\b|source\b|"
    r"prepared by\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Row:
    """One row of a sheet: its number there (from 1) and its cells."""

    number: int
    cells: list[Any]


@dataclass(frozen=True)
class _Header:
    names: list[str]
    first: int
    """index of its first row"""
    height: int


def from_rows(
    request: Request, rows: Sequence[Row], *, layer: str, driver: str, sha256: str, notes: list[Note],
    formulas: dict[tuple[int, int], bool] | None = None,
) -> FileLayer:  # fmt: skip
    """The layer that a sheet's rows hold.

    Parameters
    ----------
    request
        What is asked for; its contract's names tell the header from titles.
    rows
        All rows from the top.
    layer, driver, sha256, notes
        As `FileLayer`.
    formulas
        (row number, column from 0) of cells that hold a formula -> whether its value is stored.

    Raises
    ------
    LayerError
        No header, two columns of one name, a row longer than the header, no coordinate columns where they are needed.
    """
    name, told = request.contract, request.told
    header = _find_header(request, rows)
    if header is None:
        raise LayerError(f"{name}: {told} is empty: expected a row with column names")
    notes = [*notes, *_titles(rows[: header.first])]
    data, blank, aside = _sorted_out(request, header, rows[header.first + header.height :])
    if blank:
        notes.append(Note("layers.blank_rows", values={"n": blank}))
    notes += [
        Note("layers.remark_row" if kind == "remark" else "layers.total_row",
             values={"sheet_row": row.number, "text": _shown(row.cells)})
        for row, kind in aside
    ]  # fmt: skip
    columns = list(zip(*(row.cells for row in data), strict=True)) if data else [() for _ in header.names]
    notes += _total_faults(header, columns, [row for row, kind in aside if kind == "total"])
    notes += _formula_notes(header, data, formulas or {})
    texts = {column: pa.array([_text(cell) for cell in cells], type=pa.string())
             for column, cells in zip(header.names, columns, strict=True)}  # fmt: skip
    shapes, crs, said = _places(request, header.names, columns)
    table = pa.table({**{_free(column): array for column, array in texts.items()}, GEOMETRY: shapes})
    return FileLayer(table, layer, driver, crs, sha256, notes + said)


def _free(column: str) -> str:
    return f"{GEOMETRY}_text" if column == GEOMETRY else column


def _find_header(request: Request, rows: Sequence[Row]) -> _Header | None:
    """The row, or pair of rows under merged headings, that names most columns of the contract; else the first filled.

    Columns the plan names count as known.
    """
    known = names_of(contracts()[request.contract]) | {folded(w) for side in (*DEGREES, *PLANE, _WKT) for w in side}
    known |= {folded(word) for word in (request.x, request.y, *request.columns.values()) if word}
    best: tuple[int, int, int] | None = None
    found: _Header | None = None
    for i, row in enumerate(rows[:_HEADER_WITHIN]):
        single = [text_from(cell) if not _is_number(cell) else "" for cell in row.cells]
        if not any(single):
            continue
        choices = [(single, 1)]
        if i + 1 < len(rows) and rows[i + 1].number == row.number + 1:
            choices.append((_merged(single, rows[i + 1].cells), 2))
        for names, height in choices:
            hits = sum(bool(name) and folded(name) in known for name in names)
            # A pair must name more than its upper row alone: data under a header names nothing.
            rank = (hits, -i, -height)
            if best is None or (hits, -i, -height) > best:
                if height == 2 and hits <= sum(bool(n) and folded(n) in known for n in single) + 0:
                    continue
                best, found = rank, _Header(names, i, height)
    if found is None:
        return None
    names = list(found.names)
    while names and not names[-1]:
        names.pop()
    names = [name or f"column_{i + 1}" for i, name in enumerate(names)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LayerError(
            f"{request.contract}: {request.told} has columns of the same name: {', '.join(twice)}; rename one"
        )
    return _Header(names, found.first, found.height)


def _merged(upper: list[str], lower: list[Any]) -> list[str]:
    """Names of a header of two rows: the lower cell where it is filled, else the upper one.

    A heading merged over several columns stands in the first of them only; where two lower names are the same, the
    heading above tells them apart.
    """
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [text_from(cell) if not _is_number(cell) else "" for cell in [*lower, *[None] * (width - len(lower))]]
    over, spread = "", []
    for heading, name in zip(above, below, strict=True):
        over = heading or (over if name else "")
        spread.append(over)
    names = [name or heading for name, heading in zip(below, above, strict=True)]
    return [
        f"{over}{name}" if name and names.count(name) > 1 and over != name else name
        for name, over in zip(names, spread, strict=True)
    ]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float, dt.date, dt.datetime)) and not isinstance(cell, bool)


def _titles(rows: Sequence[Row]) -> list[Note]:
    filled = [row for row in rows if any(text_from(cell) for cell in row.cells)]
    return [Note("layers.title_row", values={"sheet_row": row.number, "text": _shown(row.cells)}) for row in filled]


def _sorted_out(request: Request, header: _Header, rows: Sequence[Row]) -> tuple[list[Row], int, list[tuple[Row, str]]]:
    """Rows of data as wide as the header, how many rows were blank, and rows that are totals or remarks."""
    width = len(header.names)
    data: list[Row] = []
    aside: list[tuple[Row, str]] = []
    blank = 0
    last_filled = 0
    for row in rows:
        texts = [text_from(cell) for cell in row.cells]
        filled = [text for text in texts if text]
        if not filled:
            blank += 1
            continue
        last_filled = row.number
        if any(texts[width:]):
            raise LayerError(
                f"{request.contract}: {request.told} row {row.number} has more cells than the {width} columns of the "
                "header; a cell with the separator in it needs quotes"
            )
        kind = _kind_of(filled)
        if kind == "data":
            data.append(Row(row.number, (row.cells + [None] * width)[:width]))
        elif kind == "subtotal":
            aside.append((row, "subtotal"))
        else:
            aside.append((row, kind))
    # Blank rows after the last filled one say nothing.
    blank -= sum(row.number > last_filled for row in rows)
    return data, blank, aside


def _kind_of(filled: list[str]) -> str:
    for text in filled[:3]:
        word = re.sub(r"[\s:：]", "", text).casefold()
        if word in _TOTALS:
            return "total"
        if word in _SUBTOTALS:
            return "subtotal"
    if len(filled) <= 2 and _REMARK.match(filled[0]):
        return "remark"
    return "data"


def _total_faults(header: _Header, columns: Sequence[Sequence[Any]], totals: list[Row]) -> list[Note]:
    """Totals that their rows do not add up to."""
    notes = []
    for row in totals:
        for name, cells, said in zip(header.names, columns, row.cells, strict=False):
            total = number_from(text_from(said))[0] if text_from(said) else float("nan")
            values = np.array([number_from(text)[0] for text in map(text_from, cells) if text], dtype="float64")
            if not np.isfinite(total) or not len(values) or not np.isfinite(values).any():
                continue
            added = float(np.nansum(values))
            if abs(added - total) > 1e-6 * max(1.0, abs(total)):
                notes.append(
                    Note("layers.total_differs",
                         values={"column": name, "said": text_from(total), "added": text_from(round(added, 6)),
                                 "sheet_row": row.number})
                )  # fmt: skip
    return notes


def _formula_notes(header: _Header, data: list[Row], formulas: dict[tuple[int, int], bool]) -> list[Note]:
    at = {row.number: i + 1 for i, row in enumerate(data)}
    notes = []
    for column, name in enumerate(header.names):
        own = {at[n]: stored for (n, c), stored in formulas.items() if c == column and n in at}
        lost = sorted(row for row, stored in own.items() if not stored)
        if len(own) > len(lost):
            notes.append(Note("layers.formula_value", values={"column": name, "n": len(own) - len(lost)}))
        if lost:
            notes.append(Note("layers.formula_without_value", rows=lost, field=name, values={"column": name}))
    return notes


def _places(
    request: Request, header: list[str], columns: Sequence[Sequence[Any]]
) -> tuple[pa.Array, str | None, list[Note]]:
    """Shapes as WKB from coordinate columns or a column of well-known text, the CRS these imply, and what to tell."""
    n = len(columns[0]) if columns else 0
    by_folded = {folded(name): i for i, name in reversed(list(enumerate(header)))}
    pair, crs = _coordinate_columns(request, header, by_folded)
    if pair is None:
        wkt = next((by_folded[folded(word)] for word in _WKT if folded(word) in by_folded), None)
        if wkt is not None and not request.x:
            return _from_wkt(request, header[wkt], columns[wkt])
        if request.needs_place:
            raise LayerError(
                f"{request.contract}: {request.told} has no coordinate columns (lon and lat, or x and y); it has: "
                f'{", ".join(header)}; name them in the plan: [layers.{request.contract}] x = "...", y = "..."'
            )
        return pa.nulls(n, pa.binary()), None, []
    reader = degrees_from if crs is not None else lambda text: number_from(text)[0]
    x, y = (np.array([reader(text) if text else np.nan for text in map(text_from, columns[i])], dtype="float64")
            for i in pair)  # fmt: skip
    notes = []
    for i, values in zip(pair, (x, y), strict=True):
        odd = [row for row, cell in enumerate(columns[i]) if text_from(cell) and not np.isfinite(values[row])]
        if odd:
            each = [{"old": text_from(columns[i][row])} for row in odd]
            notes.append(
                Note("layers.coordinate_unreadable", rows=[row + 1 for row in odd], field=header[i],
                     values={"column": header[i]}, each=each)
            )  # fmt: skip
    if crs is not None and request.crs is None:
        notes.append(Note("layers.degrees_assumed", values={"lon": header[pair[0]], "lat": header[pair[1]]}))
    shapes = shapely.points(x, y)
    shapes[~(np.isfinite(x) & np.isfinite(y))] = None
    return pa.array(shapely.to_wkb(shapes), type=pa.binary()), crs if request.crs is None else None, notes


def _coordinate_columns(
    request: Request, header: list[str], by_folded: dict[str, int]
) -> tuple[tuple[int, int] | None, str | None]:
    if request.x or request.y:
        chosen = []
        for key, name in (("x", request.x), ("y", request.y)):
            if name is None or folded(name) not in by_folded:
                raise LayerError(
                    f"{request.contract}: [layers.{request.contract}] {key} = {name!r} is no column of "
                    f"{request.told}; it has: {', '.join(header)}"
                )
            chosen.append(by_folded[folded(name)])
        named_degrees = all(folded(header[i]) in map(folded, words) for i, words in zip(chosen, DEGREES, strict=True))
        return (chosen[0], chosen[1]), "EPSG:4326" if named_degrees else None
    for words, crs in ((DEGREES, "EPSG:4326"), (PLANE, None)):
        found = [next((by_folded[folded(w)] for w in axis if folded(w) in by_folded), None) for axis in words]
        if found[0] is not None and found[1] is not None:
            return (found[0], found[1]), crs
    return None, None


def _from_wkt(request: Request, name: str, cells: Sequence[Any]) -> tuple[pa.Array, str | None, list[Note]]:
    texts = [re.sub(r"^SRID=\d+;", "", text_from(cell)) or None for cell in cells]
    shapes = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
    odd = [row for row, text in enumerate(texts) if text and shapes[row] is None]
    notes = []
    if odd:
        each = [{"old": str(texts[row])[:80]} for row in odd]
        rows = [row + 1 for row in odd]
        notes.append(Note("layers.coordinate_unreadable", rows=rows, field=name, values={"column": name}, each=each))
    return pa.array(shapely.to_wkb(shapes), type=pa.binary()), None, notes


def _text(cell: Any) -> str:
    """A cell as text. A number of more than 15 digits has lost some already in Excel: it stays visibly a float."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, int) and abs(cell) >= 10**15:
        return repr(float(cell)) if abs(cell) >= 1e16 else f"{float(cell):.14e}"
    if isinstance(cell, float) and abs(cell) >= 1e15:
        return f"{cell:.14e}"
    if isinstance(cell, (dt.datetime, dt.date)):
        return cell.isoformat().removesuffix("T00:00:00")
    return text_from(cell)


def _shown(cells: list[Any]) -> str:
    text = " | ".join(text for text in map(text_from, cells) if text)
    return text if len(text) <= 120 else f"{text[:120]}…"
