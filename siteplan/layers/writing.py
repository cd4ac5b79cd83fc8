"""Tables to files: GeoPackages with QGIS styles inside, and CSV that a spreadsheet opens without harm.

The same tables give the same bytes: dates inside the files are fixed, rows and layers keep the order given.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from siteplan.errors import OutputWriteError
from siteplan.layers.cells import CONTROL, DEFUSED, CellChanges, without_control
from siteplan.layers.gpkgcheck import missing_parts
from siteplan.outfolder import refused, writing

FIXED_DATE = "2000-01-01T00:00:00.000Z"
"""The date of change written into every GeoPackage, so that equal layers are equal bytes."""

_GDAL_OPTIONS = {
    "OGR_CURRENT_DATE": FIXED_DATE,
    # The workflow syncs and publishes whole folders; a sync for each transaction would only cost time.
    "OGR_SQLITE_SYNCHRONOUS": "OFF",
    "OGR_SQLITE_JOURNAL": "DELETE",
}

_STYLES_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)
"""

_RISKY_CELL = re.compile(r"^(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
_PLAIN_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?$")


def write_gpkg(
    path: str | Path,
    layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    styles: Mapping[str, str] | None = None,
) -> None:
    """Write tables as the layers of one new GeoPackage (an existing file of that name is replaced).

    Parameters
    ----------
    path
        The `.gpkg` to write; its folder exists.
    layers
        Layer name -> table, written in this order. GeoDataFrames become feature layers (lines and polygons as
        multi-parts where both kinds occur), plain DataFrames attribute tables. The index is not written.
    styles
        Layer name -> QML text, stored as the layer's default QGIS style.

    Raises
    ------
    OutputWriteError
        When the file cannot be written, or SQLite finds it damaged afterwards.
    """
    target = Path(path)
    try:
        for stale in (target, *(target.with_name(target.name + tail) for tail in ("-wal", "-shm", "-journal"))):
            stale.unlink(missing_ok=True)
        with _gdal_options(_GDAL_OPTIONS):
            for name, table in layers.items():
                _write_layer(target, name, table)
        _finish(target, layers, styles or {})
    except (OSError, sqlite3.Error, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        if isinstance(error, OutputWriteError):
            raise
        raise refused(target, error if isinstance(error, OSError) else str(error)) from error


def write_csv(path: str | Path, table: pd.DataFrame) -> CellChanges:
    """Write a table as CSV that Excel opens with Chinese intact: UTF-8 with BOM, CRLF, no index, no geometry.

    Text that a spreadsheet would run as a formula gets a leading `'`; numbers, negative ones too, stay as they are.
    Control characters are replaced. Returns the cells that were changed so.

    Raises
    ------
    OutputWriteError
        When the file cannot be written.
    """
    target = Path(path)
    plain = table.drop(columns=[name for name in table.columns if isinstance(table[name], gpd.GeoSeries)])
    changes = CellChanges(target.name)
    safe = pd.DataFrame(
        {name: _safe_cells(plain[name], changes) for name in plain.columns}, index=plain.index, columns=plain.columns
    )
    safe.columns = pd.Index([_safe_cell(str(name), changes, row=1, column=str(name)) for name in plain.columns])
    with writing(target), target.open("w", encoding="utf-8-sig", newline="") as file:
        safe.to_csv(file, index=False, lineterminator="\r\n")
    return changes


def _write_layer(path: Path, name: str, table: gpd.GeoDataFrame | pd.DataFrame) -> None:
    plain = _writable(table)
    if isinstance(plain, gpd.GeoDataFrame):
        kind, multi = _geometry_type(plain)
        pyogrio.write_dataframe(
            plain, path, layer=name, driver="GPKG", geometry_type=kind, promote_to_multi=multi, use_arrow=True
        )
    else:
        pyogrio.write_dataframe(plain, path, layer=name, driver="GPKG", use_arrow=True)


def _writable(table: gpd.GeoDataFrame | pd.DataFrame) -> gpd.GeoDataFrame | pd.DataFrame:
    """The table with columns of one clear type each: Arrow cannot write a column of nothing or of mixed objects."""
    plain = _named_apart(table.reset_index(drop=True))
    active = plain.geometry.name if isinstance(plain, gpd.GeoDataFrame) else None
    for name in plain.columns:
        column = plain[name]
        if name == active or pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
            continue
        if pd.api.types.is_datetime64_any_dtype(column):
            continue
        if isinstance(column, gpd.GeoSeries):
            column = pd.Series(column.to_wkt(), index=plain.index)
        missing = column.isna()
        texts = column.astype("object").map(lambda value: value if isinstance(value, str) else str(value))
        plain[name] = texts.mask(missing, None).astype("string")
    return plain


def _named_apart(table: gpd.GeoDataFrame | pd.DataFrame) -> gpd.GeoDataFrame | pd.DataFrame:
    """The table with column names that SQLite tells apart: it knows no case, and `fid` and `geom` are its own."""
    used = {"fid", "geom"}
    names: dict[object, str] = {}
    for column in table.columns:
        name, n = str(column), 2
        while name.casefold() in used:
            name, n = f"{column}_{n}", n + 1
        used.add(name.casefold())
        names[column] = name
    return table.rename(columns={old: new for old, new in names.items() if old != new})


def _geometry_type(table: gpd.GeoDataFrame) -> tuple[str, bool]:
    """The layer's geometry type, and whether single parts are to be promoted to it."""
    kinds = set(table.geometry.dropna().geom_type.unique())
    has_z = bool(np.any(shapely.has_z(table.geometry.to_numpy()))) if len(table) else False
    suffix = " Z" if has_z else ""
    if not kinds:
        return "Unknown", False
    if len(kinds) == 1:
        return kinds.pop() + suffix, False
    singles = {kind.removeprefix("Multi") for kind in kinds}
    if len(singles) == 1:
        return "Multi" + singles.pop() + suffix, True
    return "Unknown", False


def _finish(path: Path, layers: Mapping[str, pd.DataFrame], styles: Mapping[str, str]) -> None:
    """Add the styles, leave no journal beside the file, let SQLite check it, and look whether all is there."""
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA synchronous=OFF")
        mode = base.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        if styles:
            _write_styles(base, {name: styles[name] for name in layers if name in styles})
        report = base.execute("PRAGMA integrity_check").fetchone()[0]
        if report != "ok" or mode != "delete":
            raise refused(path, f"SQLite finds the written file damaged: {report}")
        lost = missing_parts(base, layers)
        if lost:
            raise refused(path, f"GDAL left out {', '.join(lost[:3])}{' …' if len(lost) > 3 else ''}")


def _write_styles(base: sqlite3.Connection, styles: Mapping[str, str]) -> None:
    with base:
        base.execute(_STYLES_TABLE)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (FIXED_DATE,),
        )
        has_counts = base.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_ogr_contents'").fetchone()[0]
        if has_counts:
            base.execute("INSERT INTO gpkg_ogr_contents VALUES ('layer_styles', ?)", (len(styles),))
        geometry_columns = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
        base.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
            " VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', NULL, ?)",
            [(name, geometry_columns.get(name, ""), name, qml, FIXED_DATE) for name, qml in styles.items()],
        )


@contextmanager
def _gdal_options(options: Mapping[str, str]) -> Iterator[None]:
    """GDAL options for the time of the block; what stood before comes back."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(dict(options))
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _safe_cells(column: pd.Series, changes: CellChanges) -> pd.Series:
    kinds = pd.api.types
    if kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column) or kinds.is_datetime64_any_dtype(column):
        return column
    safe = [
        _safe_cell(cell, changes, row=row, column=str(column.name)) if isinstance(cell, str) else cell
        for row, cell in enumerate(column, start=2)
    ]
    return pd.Series(safe, index=column.index, dtype="object")


def _safe_cell(cell: str, changes: CellChanges, *, row: int, column: str) -> str:
    """The cell without what harms or breaks a spreadsheet; a change is listed."""
    clean = without_control(cell)
    if clean != cell:
        changes.note(CONTROL, row=row, column=column)
    if _RISKY_CELL.match(clean) and not _PLAIN_NUMBER.match(clean):
        changes.note(DEFUSED, row=row, column=column)
        return f"'{clean}"
    return clean
