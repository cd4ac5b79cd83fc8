"""File Geodatabases (folders that end in .gdb): read only, layer by layer."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers.contract import folded
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Request, choose_layer, damaged, private_copy

_CATALOG = "GDB_SystemCatalog"
_SHORT_IDS, _LONG_IDS = 3, 4
"""Versions of a table: object ids of 32 bits, as nearly always, and of 64."""
_BLOCK = 1024
"""Rows whose places are kept in one block."""


def read_filegdb(request: Request, folder: Path) -> FileLayer:
    """One feature class of a File Geodatabase.

    GDAL takes a feature class whose table it cannot open for an empty one, so the rows are counted in the table's own
    header and list of places, and compared.

    Raises
    ------
    LayerError
        Not a File Geodatabase, damaged, or several feature classes and none named.
    """
    name, told = request.contract, request.told
    copy, digest = _copied(request, folder)
    names = gdal.layers_in(name, copy, told=told)
    chosen = choose_layer(name, told, names, request.layer)
    held = _rows_held(request, copy, chosen)
    table, crs = gdal.read(name, copy, told=told, driver="OpenFileGDB", layer=chosen)
    if held != len(table):
        raise damaged(name, told, f"it holds {held} rows but {len(table)} can be read")
    return FileLayer(table, chosen, "OpenFileGDB", crs, digest)


def table_names(request: Request, folder: Path) -> list[str]:
    """The feature classes and tables of a File Geodatabase.

    Raises
    ------
    LayerError
        As `read_filegdb`.
    """
    copy, _ = _copied(request, folder)
    return gdal.layers_in(request.contract, copy, told=request.told)


def _rows_held(request: Request, database: Path, layer: str) -> int:
    """How many rows a layer's table says it holds."""
    name, told = request.contract, request.told
    catalog, _ = gdal.read(
        name, database, told=told, driver="OpenFileGDB", layer=_CATALOG, return_fids=True, LIST_ALL_TABLES="YES"
    )
    tables = dict(zip(catalog["Name"].to_pylist(), catalog["ID"].to_pylist(), strict=True))
    number = tables.get(layer) or next((n for known, n in tables.items() if folded(known or "") == folded(layer)), None)
    if number is None:
        raise damaged(name, told, f"its catalogue has no table of the layer {layer!r}")
    # On a file system that minds the case, the names may have come in capitals.
    files = {entry.name.lower(): entry for entry in database.iterdir()}
    parts = [files.get(f"a{number:08x}{ending}") for ending in (".gdbtable", ".gdbtablx")]
    if parts[0] is None or parts[1] is None:
        raise damaged(name, told, f"the files a{number:08x}.gdbtable and .gdbtablx of {layer!r} are not both there")
    content, places = parts[0].read_bytes(), parts[1].read_bytes()
    if len(content) < 40 or len(places) < 16:
        raise damaged(name, told, f"the table of {layer!r} is cut")
    version, rows = struct.unpack_from("<II", content)
    if version == _LONG_IDS:
        return int(struct.unpack_from("<Q", content, 16)[0])
    if version != _SHORT_IDS:
        raise damaged(name, told, f"the table of {layer!r} is of the unknown version {version}")
    placed = _rows_placed(places, len(content))
    if placed != rows:
        raise damaged(name, told, f"the table of {layer!r} promises {rows} rows and has places for {placed}")
    return int(rows)


def _rows_placed(places: bytes, size: int) -> int:
    """How many rows have a place inside a table of so many bytes; -1 where the list itself is cut."""
    blocks, _, width = struct.unpack_from("<III", places, 4)
    end = 16 + blocks * _BLOCK * width
    if not 4 <= width <= 6 or end > len(places):
        return -1 if blocks else 0
    entries = np.frombuffer(places[16:end], dtype=np.uint8).reshape(-1, width).astype(np.int64)
    offsets = (entries << (8 * np.arange(width))).sum(axis=1)
    return int(((offsets > 0) & (offsets < size)).sum())


def _copied(request: Request, folder: Path) -> tuple[Path, str]:
    if not request.path.is_dir():
        raise LayerError(
            f"{request.contract}: {request.told} is a file; a File Geodatabase is a folder that ends in .gdb: "
            "unpack it, or name the .zip it came in"
        )
    files = sorted(entry for entry in request.path.iterdir() if entry.is_file() and not entry.name.endswith(".lock"))
    if not any(entry.name.lower() == "gdb" or entry.suffix == ".gdbtable" for entry in files):
        raise damaged(request.contract, request.told, "there are no tables (.gdbtable) in the folder")
    copy = folder / "layer.gdb"
    copy.mkdir()
    return copy, private_copy([(entry, entry.name) for entry in files], copy)
