"""GeoPackages: checked as the SQLite files they are, then read; never opened where reading would write."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from siteplan.layers import gdal
from siteplan.layers.findings import finding
from siteplan.layers.rawlayer import RawLayer, choose_layer, damaged, sha256_of

_SIDECARS = ("-wal", "-shm", "-journal")
_WHOLE = frozenset({"INT", "INTEGER", "TINYINT", "SMALLINT", "MEDIUMINT", "BIGINT", "BOOLEAN", "BOOL"})
_NUMBERS = _WHOLE | {"REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL"}
_OWN_TRIGGERS = ("rtree_", "trigger_insert_feature_count_", "trigger_delete_feature_count_", "gpkg_")


def read_geopackage(contract_name: str, path: Path, wanted: str | None) -> RawLayer:
    """One layer of a GeoPackage.

    Text in a number column, which GDAL would read as some number, is given apart in `cells`.

    Raises
    ------
    LayerError
        Not a GeoPackage, damaged, or several layers and none named.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if header[:16] != b"SQLite format 3\x00" or len(header) < 100:
        raise damaged(contract_name, path, "it does not begin as a GeoPackage (SQLite) does")
    page, in_wal_mode = struct.unpack(">H", header[16:18])[0], header[18] == 2 or header[19] == 2
    pages, changed, valid_for = (struct.unpack(">I", header[i : i + 4])[0] for i in (28, 24, 92))
    size = path.stat().st_size
    if changed == valid_for and size < pages * (65536 if page == 1 else page):
        raise damaged(contract_name, path, f"it is cut short: {size} bytes of {pages * page}")
    beside = [path.with_name(path.name + tail) for tail in _SIDECARS]
    beside = [sidecar for sidecar in beside if sidecar.exists()]
    digest = sha256_of([path, *(sidecar for sidecar in beside if not sidecar.name.endswith("-shm"))])
    found = []
    if in_wal_mode and not any(sidecar.name.endswith("-wal") for sidecar in beside):
        found.append(finding(contract_name, "layers.wal_lost", "noted", file=path.name))
    if not beside and not in_wal_mode:
        return _read(contract_name, path, path, wanted, digest, found)
    # SQLite writes beside a file it finds a journal with, so it gets a copy of its own.
    with tempfile.TemporaryDirectory(prefix="siteplan-") as folder:
        copy = Path(folder) / "layer.gpkg"
        shutil.copyfile(path, copy)
        for sidecar in beside:
            shutil.copyfile(sidecar, copy.with_name(copy.name + sidecar.name.removeprefix(path.name)))
        return _read(contract_name, copy, path, wanted, digest, found, private=True)


def layer_names(path: Path) -> list[str]:
    """The feature and attribute layers of a GeoPackage, in the order it lists them (styles and the like left out)."""
    with closing(_opened(path, private=False)) as base:
        return _layer_names(base)


def _read(
    contract_name: str, path: Path, told: Path, wanted: str | None, digest: str, found: list[pd.DataFrame],
    *, private: bool = False,
) -> RawLayer:  # fmt: skip
    try:
        with closing(_opened(path, private=private)) as base:
            report = base.execute("PRAGMA quick_check(1)").fetchone()[0]
            if report != "ok":
                raise damaged(contract_name, told, report)
            layer = choose_layer(contract_name, told, _layer_names(base), wanted)
            rows = base.execute(f"SELECT count(*) FROM {_quoted(layer)}").fetchone()[0]
            cells = _strange_cells(base, layer)
            triggers = _foreign_triggers(base)
    except sqlite3.Error as error:
        raise damaged(contract_name, told, str(error)) from error
    if triggers:
        found.append(
            finding(contract_name, "layers.triggers", "noted", file=told.name, triggers=", ".join(triggers[:5]))
        )
    table, closed = gdal.read(contract_name, path, told=told, layer=layer)
    if len(table) != rows:
        raise damaged(contract_name, told, f"it holds {rows} rows but {len(table)} can be read")
    return RawLayer(table, layer, "GPKG", digest, found, cells, closed)


def _opened(path: Path, *, private: bool) -> sqlite3.Connection:
    # immutable: no lock and no shared-memory file beside the source; wrong only where a -wal must be read too.
    options = "" if private else "?mode=ro&immutable=1"
    base = sqlite3.connect(path.resolve().as_uri() + options, uri=True)
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
