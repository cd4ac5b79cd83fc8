"""CSV files and Excel sheets with coordinate columns."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.errors import LayerError
from siteplan.layers.contract import folded
from siteplan.layers.findings import finding, findings_of
from siteplan.layers.numbers import number_from, text_from
from siteplan.layers.rawlayer import RawLayer, choose_layer, damaged, sha256_of
from siteplan.plan import LayerPlan

_DEGREES = (
    ("lon", "lng", "long", "longitude", "经度", "东经", "经度(°)", "经度(度)", "gps经度"),
    ("lat", "latitude", "纬度", "北纬", "纬度(°)", "纬度(度)", "gps纬度"),
)
_PLANE = (
    ("x", "easting", "east", "x_coord", "point_x", "东坐标", "横坐标", "x坐标"),
    ("y", "northing", "north", "y_coord", "point_y", "北坐标", "纵坐标", "y坐标"),
)
_ENCODINGS = ("utf-8-sig", "gb18030")
_BLANKS_BEFORE_END = 10_000
"""So many blank rows after the last filled one, and the rest of a sheet is taken to be blank."""


def read_csv(contract_name: str, path: Path, plan: LayerPlan, *, needs_place: bool) -> RawLayer:
    """A CSV file: text cells, points from its coordinate columns.

    Raises
    ------
    LayerError
        No encoding fits, rows of uneven length, no coordinate columns, or plane coordinates without `crs` in the plan.
    """
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:400]:
        raise LayerError(f"{contract_name}: {path.name} has encoding UTF-16; save it as CSV with encoding UTF-8")
    text = _decoded(contract_name, path, data, plan.encoding)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows: list[list[Any]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise damaged(contract_name, path, f"it is no valid CSV: {error}") from error
    return _from_rows(contract_name, path, plan, iter(rows), path.stem, "CSV", [], needs_place)


def read_xlsx(contract_name: str, path: Path, plan: LayerPlan, *, needs_place: bool) -> RawLayer:
    """A sheet of an Excel workbook: cells as they are, points from its coordinate columns.

    Raises
    ------
    LayerError
        Not an .xlsx, several sheets and none named, no header, no coordinate columns.
    """
    if not zipfile.is_zipfile(path):
        raise LayerError(
            f"{contract_name}: {path.name} is not an .xlsx workbook: it has the format of an old .xls, is protected by "
            "a password, or is damaged; open it in Excel and save it as .xlsx"
        )
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(path, read_only=True) if _has_formulas(path) else None
        names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        chosen = choose_layer(contract_name, path, names, plan.layer)
        rows = _sheet_rows(book[chosen])
        found: list[pd.DataFrame] = []
        if formulas is not None:
            values, written = list(rows), list(_sheet_rows(formulas[chosen]))
            found = _formula_findings(contract_name, values, written)
            rows = iter(values)
            formulas.close()
        else:
            rows = iter(list(rows))
        book.close()
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, LayerError):
            raise
        raise damaged(contract_name, path, f"Excel's parts cannot be read: {error}") from error
    return _from_rows(contract_name, path, plan, rows, chosen, "XLSX", found, needs_place)


def sheet_names(path: Path) -> list[str]:
    """The visible sheets of an .xlsx workbook, in order."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True)
    names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    book.close()
    return names


def _decoded(contract_name: str, path: Path, data: bytes, wanted: str | None) -> str:
    tries = (wanted,) if wanted else _ENCODINGS
    for codec in tries:
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    raise LayerError(
        f"{contract_name}: {path.name} is in no encoding tried ({', '.join(tries)}); "
        f'name it in the plan: [layers.{contract_name}] encoding = "..."'
    )


def _sheet_rows(sheet: Any) -> Iterator[list[Any]]:
    """Rows as wide as the header: a stray cell far away would make every row 16,384 cells wide."""
    header = next(sheet.iter_rows(min_row=1, max_row=1, values_only=True), ())
    width = max((i + 1 for i, cell in enumerate(header) if cell is not None), default=0)
    if not width:
        return
    blank = 0
    for row in sheet.iter_rows(max_col=width, values_only=True):
        blank = 0 if any(cell is not None for cell in row) else blank + 1
        if blank > _BLANKS_BEFORE_END:
            return
        yield list(row)


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(b"<f" in archive.read(name) for name in sheets)


def _formula_findings(contract_name: str, values: list[list[Any]], written: list[list[Any]]) -> list[pd.DataFrame]:
    header = [text_from(cell) for cell in values[0]] if values else []
    found = []
    for i, name in enumerate(header):
        at = [row for row in range(1, len(values)) if isinstance(written[row][i], str) and written[row][i][:1] == "="]
        lost = [row for row in at if values[row][i] is None]
        if len(at) > len(lost):
            found.append(finding(contract_name, "layers.formula_value", "noted", column=name, n=len(at) - len(lost)))
        if lost:
            found.append(
                findings_of(
                    contract_name, "layers.formula_without_value", "noted", n=len(lost), rows=lost,
                    values={"column": name},
                )
            )  # fmt: skip
    return found


def _from_rows(
    contract_name: str, path: Path, plan: LayerPlan, rows: Iterator[list[Any]], layer: str, driver: str,
    found: list[pd.DataFrame], needs_place: bool,
) -> RawLayer:  # fmt: skip
    header = [text_from(cell) for cell in next(rows, [])]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise LayerError(f"{contract_name}: {path.name} is empty: expected a first row with column names")
    header = [name or f"column_{i + 1}" for i, name in enumerate(header)]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise LayerError(f"{contract_name}: {path.name} has columns of the same name: {', '.join(twice)}; rename one")
    body, blank = [], 0
    for number, row in enumerate(rows, start=1):
        if not any(text_from(cell) for cell in row):
            blank += 1
            continue
        if any(text_from(cell) for cell in row[len(header) :]):
            raise LayerError(
                f"{contract_name}: {path.name} row {number} has more cells than the {len(header)} columns of the "
                "header; a cell with the separator in it needs quotes"
            )
        body.append((row + [None] * len(header))[: len(header)])
    if blank:
        found.append(finding(contract_name, "layers.blank_rows", "noted", n=blank))
    table = pd.DataFrame(body, columns=header, dtype="object")
    place, crs = _coordinate_columns(contract_name, path, plan, header, needed=needs_place)
    if place is None:
        points = gpd.GeoSeries([None] * len(table))
    else:
        x, y = (_coordinates(table[name]) for name in place)
        points = gpd.GeoSeries(gpd.points_from_xy(x, y))
        points[~(np.isfinite(x) & np.isfinite(y))] = None
        if crs is not None and plan.crs is None:
            found.append(finding(contract_name, "layers.degrees_assumed", "noted", lon=place[0], lat=place[1]))
    geometry = points.set_crs(crs if plan.crs is None else None)
    frame = gpd.GeoDataFrame(table, geometry=geometry)
    return RawLayer(frame, layer, driver, sha256_of([path]), found)


def _coordinate_columns(
    contract_name: str, path: Path, plan: LayerPlan, header: list[str], *, needed: bool
) -> tuple[tuple[str, str] | None, str | None]:
    by_folded = {folded(name): name for name in reversed(header)}
    if plan.x or plan.y:
        chosen = []
        for key, name in (("x", plan.x), ("y", plan.y)):
            if name is None or folded(name) not in by_folded:
                raise LayerError(
                    f"{contract_name}: [layers.{contract_name}] {key} = {name!r} is no column of {path.name}; "
                    f"it has: {', '.join(header)}"
                )
            chosen.append(by_folded[folded(name)])
        named_degrees = all(folded(n) in map(folded, words) for n, words in zip(chosen, _DEGREES, strict=True))
        return (chosen[0], chosen[1]), "EPSG:4326" if named_degrees else None
    for words, crs in ((_DEGREES, "EPSG:4326"), (_PLANE, None)):
        pair = [next((by_folded[folded(w)] for w in axis if folded(w) in by_folded), None) for axis in words]
        if pair[0] is not None and pair[1] is not None:
            return (pair[0], pair[1]), crs
    if needed:
        raise LayerError(
            f"{contract_name}: {path.name} has no coordinate columns (lon and lat, or x and y); it has: "
            f'{", ".join(header)}; name them in the plan: [layers.{contract_name}] x = "...", y = "..."'
        )
    return None, None


def _coordinates(cells: pd.Series) -> np.ndarray:
    return np.array([number_from(text_from(cell))[0] if text_from(cell) else np.nan for cell in cells], dtype="float64")
