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
from siteplan.layers.contract import contracts, folded, match_columns, names_of
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
_SUBTOTALS = frozenset({"小计", "subtotal", "subtotals"})
_TOTAL_OF = re.compile(r"(?:合计|总计|共计|小计)(?:[（(\d].*)?|.{1,12}(?:合计|总计|共计|小计)")
"""Totals that say of what: `青岩镇小计`, `合计：12个村`."""
_REMARK = re.compile(
    r"^\s*(备注|注[:：\d]|说明|填表|制表|审核|单位负责|负责人|填报|数据来源|资料来源|来源[:：]|remarks?\b|notes?\b|source\b|"
    r"prepared by\b)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r".+[:：].*")
_NUMBERED = re.compile(r"[（(]?[一二三四五六七八九十百]+[)）、.．]\s*\S.*")
"""A heading of a section: `一、青岩镇`, `（二）高坡乡`."""
_OF_MANY = re.compile(r".*(?:镇|乡|街道|办事处|行政村|村委会)")
_UNIT = re.compile(
    r"[（(]?(?:单位[:：]?)?(?:人|户|口|头|亩|个|米|公里|千米|平方米|公顷|元|万元|度|年|m|km|mm|m2|m²|㎡|°|%|persons?|hh|deg)[)）]?",
    re.IGNORECASE,
)
_LETTERED = "甲乙丙丁戊"

_CODES = {
    "total": "layers.total_row", "subtotal": "layers.total_row", "remark": "layers.remark_row",
    "title": "layers.title_row", "units": "layers.units_row", "heading": "layers.heading_row",
}  # fmt: skip
"""Kind of a row that is no data -> the code of the finding that tells of it."""

_ADDED_UP = frozenset({"people", "households", "head", "m2", "m3", "m3/day", ""})
"""Units of the contract whose columns a total may be of; a mean height is none."""


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


@dataclass(frozen=True)
class _Places:
    """Which columns (from 0) hold the name and the coordinates of a row; None where none does."""

    name: int | None
    pair: tuple[int, int] | None
    crs: str | None
    """the CRS that the names of the coordinate columns imply"""


@dataclass(frozen=True)
class _Aside:
    """A row that is no data: what kind it is (a key of `_CODES`), and how many rows of data stand above it."""

    row: Row
    kind: str
    above: int


def from_rows(
    request: Request, rows: Sequence[Row], *, layer: str, driver: str, sha256: str, notes: list[Note],
    formulas: dict[tuple[int, int], bool] | None = None,
) -> FileLayer:  # fmt: skip
    """The layer that a sheet's rows hold.

    Every row is a feature, the header, or told in a note as what it is: title, units, section heading, total, remark;
    blank rows down to the last filled one are counted.

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
        No header, two columns of one name, a row of a text file longer than the header, no coordinate columns where
        they are needed.
    """
    name, told = request.contract, request.told
    header = _find_header(request, rows)
    if header is None:
        raise LayerError(f"{name}: {told} is empty: expected a row with column names")
    under = header.first + header.height
    where = _where(request, header.names)
    data, aside = _sorted_out(header, where, rows[under:])
    names = _column_names(request, header.names, data, widen=driver != "CSV")
    data = [Row(row.number, (row.cells + [None] * len(names))[: len(names)]) for row in data]
    notes = [*notes, *_header_notes(rows, header), *_titles(rows[: header.first])]
    blank = _blank_rows(rows)
    if blank:
        notes.append(Note("layers.blank_rows", values={"n": blank}))
    notes += [
        Note(_CODES[one.kind], values={"sheet_row": one.row.number, "text": _shown(one.row.cells)}) for one in aside
    ]
    columns = list(zip(*(row.cells for row in data), strict=True)) if data else [() for _ in names]
    notes += _total_faults(_summed(request, names, where), names, columns, aside)
    notes += _formula_notes(names, data, formulas or {})
    texts = {column: pa.array([_text(cell) for cell in cells], type=pa.string())
             for column, cells in zip(names, columns, strict=True)}  # fmt: skip
    shapes, crs, said = _shapes(request, names, columns, where)
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

    def hits(names: list[str]) -> int:
        return sum(bool(name) and folded(name) in known for name in names)

    best = -1
    found: _Header | None = None
    for i, row in enumerate(rows[:_HEADER_WITHIN]):
        single = _headings(row.cells)
        if not any(single):
            continue
        if hits(single) > best:
            best, found = hits(single), _Header(single, i, 1)
        if i + 1 < len(rows) and rows[i + 1].number == row.number + 1:
            lower = _headings(rows[i + 1].cells)
            both = _merged(single, lower, known)
            # A pair must name more than either of its rows alone: a title over a header, or data under it, names none.
            if hits(both) > max(best, hits(single), hits(lower)):
                best, found = hits(both), _Header(both, i, 2)
    if found is None:
        return None
    names = list(found.names)
    while names and not names[-1]:
        names.pop()
    return _Header(names, found.first, found.height)


def _headings(cells: list[Any]) -> list[str]:
    """Cells as names of columns: on one line; numbers and dates name nothing."""
    texts = ["" if _is_number(cell) else text_from(cell) for cell in cells]
    return [re.sub(r"\s+", " ", re.sub(r"(?<=[\u3400-\u9fff])\s*\n\s*", "", text)) for text in texts]


def _merged(upper: list[str], lower: list[str], known: frozenset[str]) -> list[str]:
    """Names of a header of two rows: the lower cell where it is filled, else the upper one.

    A heading merged over several columns stands in the first of them only. Where the two together are a known name
    (户数 over 总 and 搬迁: 总户数, 搬迁户数), or where a lower name is there twice, the column is called by both.
    """
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    over, names = "", []
    for heading, name in zip(above, below, strict=True):
        over = heading or (over if name else "")
        if not name or not over or over == name or folded(name) in known:
            names.append(name or heading)
            continue
        both = [f"{name}{over}", f"{over}{name}", *([over] if name in _WHOLE else [])]
        twice = below.count(name) > 1
        names.append(next((one for one in both if folded(one) in known), f"{over}{name}" if twice else name))
    return names


_WHOLE = ("总", "总数", "合计", "小计", "计", "total")
"""What stands under a heading for all of it."""


def _column_names(request: Request, given: list[str], data: list[Row], *, widen: bool) -> list[str]:
    """A name for every column, those without a heading by their number.

    Where a row of data is longer than the header, a sheet has columns without heading; a text file has a row with a
    separator too many.
    """
    width = len(given)
    for row in data:
        reach = max((i + 1 for i, cell in enumerate(row.cells) if text_from(cell)), default=0)
        if reach > len(given) and not widen:
            raise LayerError(
                f"{request.contract}: {request.told} row {row.number} has more cells than the {len(given)} columns of "
                "the header; a cell with the separator in it needs quotes"
            )
        width = max(width, reach)
    names = [name or f"column_{i + 1}" for i, name in enumerate([*given, *[""] * (width - len(given))])]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LayerError(
            f"{request.contract}: {request.told} has columns of the same name: {', '.join(twice)}; rename one"
        )
    return names


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float, dt.date, dt.datetime)) and not isinstance(cell, bool)


def _header_notes(rows: Sequence[Row], header: _Header) -> list[Note]:
    """Where the header stands, unless it is the first row alone."""
    first = rows[header.first].number
    last = first + header.height - 1
    return [] if last == 1 else [Note("layers.header_rows", values={"first": first, "last": last})]


def _titles(rows: Sequence[Row]) -> list[Note]:
    filled = [row for row in rows if any(text_from(cell) for cell in row.cells)]
    return [Note("layers.title_row", values={"sheet_row": row.number, "text": _shown(row.cells)}) for row in filled]


def _blank_rows(rows: Sequence[Row]) -> int:
    """How many rows above the last filled one are blank; those after it say nothing."""
    blank = [not any(text_from(cell) for cell in row.cells) for row in rows]
    while blank and blank[-1]:
        blank.pop()
    return sum(blank)


def _sorted_out(header: _Header, where: _Places, rows: Sequence[Row]) -> tuple[list[Row], list[_Aside]]:
    """The rows of data under the header, and the filled rows that are none."""
    data: list[Row] = []
    aside: list[_Aside] = []
    for row in rows:
        texts = [text_from(cell) for cell in row.cells]
        if not any(texts):
            continue
        kind = _kind_of(texts, header, where, first=not data and not aside)
        if kind == "data":
            data.append(row)
        else:
            aside.append(_Aside(row, kind, len(data)))
    return data, aside


def _kind_of(texts: list[str], header: _Header, where: _Places, *, first: bool) -> str:
    """What a filled row is: data or a key of `_CODES`. `first`: it is the first one under the header."""
    filled = [text for text in texts if text]
    words = [re.sub(r"[\s:：]", "", text).casefold() for text in filled[:3]]
    if any(word in _TOTALS for word in words):
        return "total"
    if any(word in _SUBTOTALS for word in words):
        return "subtotal"
    if first and _says_units(filled):
        return "units"
    if where.pair is not None and all(i < len(texts) and texts[i] for i in where.pair):
        # Whatever has a place is a feature.
        return "title" if _is_header_again(texts, header) else "data"
    if any(_TOTAL_OF.fullmatch(word) for word in words):
        return "subtotal"
    if _REMARK.match(filled[0]) and (len(filled) <= 2 or all(map(_LABELLED.fullmatch, filled))):
        return "remark"
    if _is_header_again(texts, header):
        return "title"
    return "heading" if _is_section(texts, filled, header, where) else "data"


def _is_header_again(texts: list[str], header: _Header) -> bool:
    """Whether a row repeats the header, as at the top of each printed page."""
    same = [text == name for text, name in zip(_headings(list(texts)), header.names, strict=False) if text]
    return len(same) > 1 and all(same)


def _says_units(filled: list[str]) -> bool:
    """Whether the cells under a header are units, or the numbers of the columns."""
    if all(map(_UNIT.fullmatch, filled)):
        return True
    marks = [text.strip("（）()[]") for text in filled]
    letters = next((i for i, mark in enumerate(marks) if i >= len(_LETTERED) or mark != _LETTERED[i]), len(marks))
    numbers = [str(i) for i in range(1, len(marks) - letters + 1)]
    return len(marks) >= 4 and marks[letters:] == numbers


def _is_section(texts: list[str], filled: list[str], header: _Header, where: _Places) -> bool:
    """Whether a row without a place heads a section (一、青岩镇), or holds nothing but a number or a township."""
    at = next(i for i, text in enumerate(texts) if text)
    named = where.name is not None and where.name < len(texts) and bool(texts[where.name])
    if _NUMBERED.fullmatch(filled[0]) and (not named or where.name == at):
        return where.pair is not None or len(filled) == 1
    if len(filled) > 1 or len(header.names) < 3 or where.name is None:
        return False
    return where.name != at or bool(_OF_MANY.fullmatch(filled[0]))


def _summed(request: Request, names: list[str], where: _Places) -> list[bool]:
    """Which columns a total may be of."""
    layer = contracts()[request.contract]
    matched, _ = match_columns(layer, names)
    units = {source: layer.columns[name].unit for name, source in {**matched, **request.columns}.items()
             if name in layer.columns}  # fmt: skip
    return [i not in (where.pair or ()) and units.get(name, "") in _ADDED_UP for i, name in enumerate(names)]


def _total_faults(
    summed: list[bool], names: list[str], columns: Sequence[Sequence[Any]], aside: list[_Aside]
) -> list[Note]:
    """Totals that their rows do not add up to.

    The only total of a sheet is of all its rows. Any other may be of the rows above it or below it, from one total or
    section heading to another.
    """
    bounds = sorted({0, len(columns[0]) if columns else 0, *(one.above for one in aside if one.kind in _BOUNDS)})
    grand = sum(one.kind == "total" for one in aside) == 1
    notes = []
    for own, name, cells in zip(summed, names, columns, strict=True):
        values = np.array([number_from(text_from(cell))[0] for cell in cells], dtype="float64")
        if not own or not np.isfinite(values).any():
            continue
        upto = np.concatenate([[0.0], np.nancumsum(values)])
        column = names.index(name)
        for one in aside:
            said = text_from(one.row.cells[column]) if column < len(one.row.cells) else ""
            total = number_from(said)[0] if said else float("nan")
            if one.kind not in ("total", "subtotal") or not np.isfinite(total):
                continue
            at = upto[one.above]
            above = [at - upto[bound] for bound in reversed(bounds) if bound < one.above]
            below = [upto[bound] - at for bound in bounds if bound > one.above]
            sums = [upto[-1]] if grand and one.kind == "total" else [*above, *below, upto[-1]]
            if min(abs(added - total) for added in sums) > 1e-6 * max(1.0, abs(total)):
                notes.append(
                    Note("layers.total_differs",
                         values={"column": name, "said": said, "added": text_from(round(float(sums[0]), 6)),
                                 "sheet_row": one.row.number})
                )  # fmt: skip
    return notes


_BOUNDS = ("total", "subtotal", "heading")
"""Kinds of rows at which what a total is of may begin or end."""


def _formula_notes(names: list[str], data: list[Row], formulas: dict[tuple[int, int], bool]) -> list[Note]:
    at = {row.number: i + 1 for i, row in enumerate(data)}
    notes = []
    for column, name in enumerate(names):
        own = {at[n]: stored for (n, c), stored in formulas.items() if c == column and n in at}
        lost = sorted(row for row, stored in own.items() if not stored)
        if len(own) > len(lost):
            notes.append(Note("layers.formula_value", values={"column": name, "n": len(own) - len(lost)}))
        if lost:
            notes.append(Note("layers.formula_without_value", rows=lost, field=name, values={"column": name}))
    return notes


def _where(request: Request, names: list[str]) -> _Places:
    matched, _ = match_columns(contracts()[request.contract], [name for name in dict.fromkeys(names) if name])
    name = request.columns.get("name", matched.get("name", ""))
    by_folded = {folded(name): i for i, name in reversed(list(enumerate(names))) if name}
    pair, crs = _coordinate_columns(request, names, by_folded)
    return _Places(names.index(name) if name and name in names else None, pair, crs)


def _shapes(
    request: Request, header: list[str], columns: Sequence[Sequence[Any]], where: _Places
) -> tuple[pa.Array, str | None, list[Note]]:
    """Shapes as WKB from coordinate columns or a column of well-known text, the CRS these imply, and what to tell."""
    n = len(columns[0]) if columns else 0
    pair, crs = where.pair, where.crs
    if pair is None:
        by_folded = {folded(name): i for i, name in reversed(list(enumerate(header)))}
        wkt = next((by_folded[folded(word)] for word in _WKT if folded(word) in by_folded), None)
        if wkt is not None:
            return _from_wkt(request, header[wkt], columns[wkt])
        if request.needs_place:
            raise LayerError(
                f"{request.contract}: {request.told} has no coordinate columns (lon and lat, or x and y); it has: "
                f'{", ".join(header)}; name them in the plan: [layers.{request.contract}] x = "...", y = "..."'
            )
        return pa.nulls(n, pa.binary()), None, []
    reader = degrees_from if crs is not None else _plane_or_signed
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


def _plane_or_signed(text: str) -> float:
    """A number, or an angle where the signs of degrees say so: a planner may name columns of any heading."""
    return degrees_from(text) if re.search("[°º˚度]", text) else number_from(text)[0]


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
