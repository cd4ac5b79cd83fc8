"""Is a written GeoPackage all there? GDAL makes indexes, extents, counts and triggers last, and when the disk fails it
then, it says nothing; the file is sound to SQLite but opens without its index or with a count of 0.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd


def missing_parts(base: sqlite3.Connection, layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> list[str]:
    """What a GeoPackage lacks of the layers written to it, in words; empty when it is whole.

    Raises
    ------
    sqlite3.Error
        If the file cannot be read.
    """
    kinds = dict(base.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
    lost = [f"layer {name}" for name in layers if name not in kinds]
    found = {name: table for name, table in layers.items() if name in kinds}
    for name, table in found.items():
        lost += _missing_rows(base, name, len(table))
        if isinstance(table, gpd.GeoDataFrame):
            lost += _missing_index(base, name, shapes=int((~(table.geometry.isna() | table.geometry.is_empty)).sum()))
    # Layers of one kind have the same triggers and extensions: what one has, all must have. A layer may
    # be the only one of its kind; the triggers that count rows belong to every layer.
    companions = {name: _companions(base, name) for name in found}
    for name, own in companions.items():
        others = [companions[other] for other in found if kinds[other] == kinds[name]]
        lost += sorted(f"{part} of layer {name}" for part in _COUNTING.union(*others) - own)
    return lost


_COUNTING = frozenset(f"trigger trigger_{event}_feature_count_*" for event in ("insert", "delete"))


def _missing_rows(base: sqlite3.Connection, name: str, rows: int) -> list[str]:
    written = _number(base, f"SELECT count(*) FROM {_quoted(name)}")
    counted = _number(base, "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", name)
    return [
        *([f"{rows - (written or 0)} rows of layer {name}"] if written != rows else []),
        *([f"the count of layer {name}"] if counted != rows else []),
    ]


def _missing_index(base: sqlite3.Connection, name: str, *, shapes: int) -> list[str]:
    column = base.execute("SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", [name]).fetchone()
    if column is None:
        return [f"the geometry of layer {name}"]
    index = f"rtree_{name}_{column[0]}_rowid"
    exists = _number(base, "SELECT count(*) FROM sqlite_master WHERE name = ?", index)
    indexed = _number(base, f"SELECT count(*) FROM {_quoted(index)}") if exists else None
    bounded = _number(base, "SELECT count(*) FROM gpkg_contents WHERE table_name = ? AND min_x NOTNULL", name)
    return [
        *([f"the index of layer {name}"] if indexed != shapes else []),
        *([f"the extent of layer {name}"] if shapes and not bounded else []),
    ]


def _companions(base: sqlite3.Connection, name: str) -> set[str]:
    """Names of a layer's triggers and extensions, without its own name in them."""
    triggers = base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [name])
    extensions = base.execute("SELECT extension_name FROM gpkg_extensions WHERE table_name = ?", [name])
    return {f"trigger {row[0].replace(name, '*')}" for row in triggers} | {f"extension {row[0]}" for row in extensions}


def _number(base: sqlite3.Connection, query: str, *values: str) -> int | None:
    row = base.execute(query, values).fetchone()
    return None if row is None else row[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
