"""File Geodatabases (folders that end in .gdb): read only, layer by layer."""

from __future__ import annotations

from pathlib import Path

from siteplan.errors import LayerError
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Request, choose_layer, damaged, private_copy


def read_filegdb(request: Request, folder: Path) -> FileLayer:
    """One feature class of a File Geodatabase.

    Raises
    ------
    LayerError
        Not a File Geodatabase, damaged, or several feature classes and none named.
    """
    copy, digest = _copied(request, folder)
    names = gdal.layers_in(request.contract, copy, told=request.told)
    chosen = choose_layer(request.contract, request.told, names, request.layer)
    promised = gdal.feature_count(request.contract, copy, told=request.told, layer=chosen)
    table, crs = gdal.read(request.contract, copy, told=request.told, driver="OpenFileGDB", layer=chosen)
    if promised != len(table):
        raise damaged(request.contract, request.told, f"it holds {promised} rows but {len(table)} can be read")
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
