"""FlatGeobuf: the count its header promises compared with what is read."""

from __future__ import annotations

from pathlib import Path

from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Request, damaged, private_copy

_MAGIC = b"fgb\x03fgb"


def read_flatgeobuf(request: Request, folder: Path) -> FileLayer:
    """The features of a FlatGeobuf file, in the order they stand in it.

    Raises
    ------
    LayerError
        Not a FlatGeobuf, damaged, or fewer features than promised.
    """
    copy = folder / "layer.fgb"
    digest = private_copy([(request.path, copy.name)], folder)
    with copy.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise damaged(request.contract, request.told, "it does not begin as a FlatGeobuf does")
    promised = gdal.feature_count(request.contract, copy, told=request.told)
    table, crs = gdal.read(request.contract, copy, told=request.told, driver="FlatGeobuf")
    if promised != len(table):
        raise damaged(request.contract, request.told, f"it promises {promised} features and {len(table)} can be read")
    return FileLayer(table, request.path.stem, "FlatGeobuf", crs, digest)
