"""GeoPackages: checked as the SQLite files they are, then read; never opened where reading would write."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import numpy as np

from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Note, Request, choose_layer, damaged, private_copy

_SIDECARS = ("-wal", "-shm", "-journal")
_WHOLE = frozenset({"INT", "INTEGER", "TINYINT", "SMALLINT", "MEDIUMINT", "BIGINT", "BOOLEAN", "BOOL"})
_NUMBERS = _WHOLE | {"REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL"}
_OWN_TRIGGERS = ("rtree_", "trigger_insert_feature_count_", "trigger_delete_feature_count_", "gpkg_")


def read_geopackage(request: Request, folder: Path) -> FileLayer:
    """One layer of a GeoPackage, read from a private copy that its journals were copied with.

    Text in a number column, which GDAL would read as some number, is given apart in `cells`. Rows are counted by
    SQLite and compared with the rows GDAL reads.

    Raises
    ------
    LayerError
        Not a GeoPackage, damaged, or several layers and none named.
    """
    name, told = request.contract, request.told
    copy, digest, in_wal_mode = _copied(request, folder)
    notes = []
    if in_wal_mode and not copy.with_name(copy.name + "-wal").exists():
        notes.append(Note("layers.wal_lost", values={"file": told}))
    try:
        with closing(_opened(copy)) as base:
            report = base.execute("PRAGMA quick_check(1)").fetchone()[0]
            if report != "ok":
                raise damaged(name, told, report)
            layer = choose_layer(name, told, _layer_names(base), request.layer)
            rows = base.execute(f"SELECT count(*) FROM {_quoted(layer)}").fetchone()[0]
            cells = _strange_cells(base, layer)
            key = _own_key(base, layer)
            triggers = _foreign_triggers(base)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damaged(name, told, str(error)) from error
    if triggers:
        notes.append(Note("layers.triggers", values={"file": told, "triggers": ", ".join(triggers[:5])}))
    table, crs = gdal.read(name, copy, told=told, driver="GPKG", layer=layer, return_fids=bool(key))
    if len(table) != rows:
        raise damaged(name, told, f"it holds {rows} rows but {len(table)} can be read")
    if key and key not in table.column_names and "OGC_FID" in table.column_names:
        table = table.rename_columns([key if n == "OGC_FID" else n for n in table.column_names])
    return FileLayer(table, layer, "GPKG", crs, digest, notes, cells)


def layer_names(request: Request, folder: Path) -> list[str]:
    """The feature and attribute layers of a GeoPackage, in the order it lists them (styles and the like left out).

    Raises
    ------
    LayerError
        Not a GeoPackage, or damaged.
    """
    copy, _, _ = _copied(request, folder)
    try:
        with closing(_opened(copy)) as base:
            return _layer_names(base)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damaged(request.contract, request.told, str(error)) from error


def _copied(request: Request, folder: Path) -> tuple[Path, str, bool]:
    """A private copy with its journals, its hash, and whether it was made in write-ahead mode."""
    path = request.path
    with path.open("rb") as file:
        header = file.read(100)
    if header[:16] != b"SQLite format 3\x00" or len(header) < 100:
        raise damaged(request.contract, request.told, "it does not begin as a GeoPackage (SQLite) does")
    page, in_wal_mode = struct.unpack(">H", header[16:18])[0], header[18] == 2 or header[19] == 2
    pages, changed, valid_for = (struct.unpack(">I", header[i : i + 4])[0] for i in (28, 24, 92))
    size = path.stat().st_size
    if changed == valid_for and size < pages * (65536 if page == 1 else page):
        raise damaged(request.contract, request.told, f"it is cut short: {size} bytes of {pages * page}")
    beside = [(path.with_name(path.name + tail), f"layer.gpkg{tail}") for tail in _SIDECARS]
    parts = [(path, "layer.gpkg"), *((source, name) for source, name in beside if source.exists())]
    digest = private_copy(parts, folder, hashed=[s for s, _ in parts if not s.name.endswith("-shm")])
    return folder / "layer.gpkg", digest, in_wal_mode


def _own_key(base: sqlite3.Connection, layer: str) -> str:
    """The primary key's name where it is a column planners may mean (not the driver's own), "" otherwise."""
    keys = [row[1] for row in base.execute(f"PRAGMA table_info({_quoted(layer)})") if row[5]]
    return keys[0] if len(keys) == 1 and keys[0].lower() not in ("fid", "ogc_fid", "rowid") else ""


def _opened(copy: Path) -> sqlite3.Connection:
    base = sqlite3.connect(copy)
    base.execute("PRAGMA trusted_schema=OFF")
    return base


def _layer_names(base: sqlite3.Connection) -> list[str]:
    rows = base.execute(
        "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
        " AND table_name <> 'layer_styles' ORDER BY rowid"
    )
    return [name for (name,) in rows]


def _strange_cells(base: sqlite3.Connection, layer: str) -> dict[str, dict[int, str]]:
    """Cells whose stored value is not of the column's kind: text in numbers, fractions in whole numbers."""
    details = base.execute(f"PRAGMA table_info({_quoted(layer)})").fetchall()
    kinds = {name: kind.upper().split("(")[0].strip() for _, name, kind, _, _, key in details if not key}
    numbers = [name for name, kind in kinds.items() if kind in _NUMBERS]
    tests = {
        name: f"typeof({_quoted(name)}) IN ('text', 'blob'" + (", 'real')" if kinds[name] in _WHOLE else ")")
        for name in numbers
    }
    if not tests:
        return {}
    columns = ", ".join(f"CASE WHEN {test} THEN CAST({_quoted(name)} AS TEXT) END" for name, test in tests.items())
    query = f"SELECT rowid, {columns} FROM {_quoted(layer)} WHERE {' OR '.join(tests.values())} ORDER BY rowid"
    hits = base.execute(query).fetchall()
    if not hits:
        return {}
    order = np.array([key for (key,) in base.execute(f"SELECT rowid FROM {_quoted(layer)} ORDER BY rowid")])
    cells: dict[str, dict[int, str]] = {}
    for key, *values in hits:
        row = int(np.searchsorted(order, key))
        for name, value in zip(tests, values, strict=True):
            if value is not None:
                cells.setdefault(name, {})[row] = value
    return cells


def _foreign_triggers(base: sqlite3.Connection) -> list[str]:
    names = base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [name for (name,) in names if not name.startswith(_OWN_TRIGGERS)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
