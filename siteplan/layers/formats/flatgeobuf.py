"""FlatGeobuf: the features counted by their own lengths, compared with the header's count and with what is read.

A file is a mark, a header (a flatbuffer), an index where there is one, and the features to the end, each behind its
length in four bytes. A header may leave the count open (0), and then no index follows.
"""

from __future__ import annotations

import struct
from pathlib import Path

from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Request, damaged, private_copy

_MAGIC = b"fgb\x03fgb"
_HEADER_AT = 12
_COUNT_FIELD, _NODE_SIZE_FIELD = 8, 9
_DEFAULT_NODE_SIZE = 16
_NODE_BYTES = 40


def read_flatgeobuf(request: Request, folder: Path) -> FileLayer:
    """The features of a FlatGeobuf file, in the order they stand in it.

    Raises
    ------
    LayerError
        Not a FlatGeobuf, damaged, or another number of features than promised or held.
    """
    name, told = request.contract, request.told
    copy = folder / "layer.fgb"
    digest = private_copy([(request.path, copy.name)], folder)
    data = copy.read_bytes()
    if not data.startswith(_MAGIC):
        raise damaged(name, told, "it does not begin as a FlatGeobuf does")
    try:
        promised, node_size, header_end = _header(data)
    except struct.error as error:
        raise damaged(name, told, "its header cannot be read") from error
    held = _features_from(request, data, header_end + _index_bytes(promised, node_size))
    if promised not in (0, held):
        raise damaged(name, told, f"it promises {promised} features and holds {held}")
    table, crs = gdal.read(name, copy, told=told, driver="FlatGeobuf")
    if len(table) != held:
        raise damaged(name, told, f"it holds {held} features but {len(table)} can be read")
    return FileLayer(table, request.path.stem, "FlatGeobuf", crs, digest)


def _header(data: bytes) -> tuple[int, int, int]:
    """The number of features promised (0: not said), the index's node size (0: no index), and where the header ends."""
    size = struct.unpack_from("<I", data, _HEADER_AT - 4)[0]
    header = data[_HEADER_AT : _HEADER_AT + size]
    table = struct.unpack_from("<I", header)[0]
    fields = table - struct.unpack_from("<i", header, table)[0]
    if fields < 0:
        raise struct.error("the list of fields begins before the header")
    fields_size = struct.unpack_from("<H", header, fields)[0]

    def value(field: int, kind: str, default: int) -> int:
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", header, fields + slot)[0] if slot < fields_size else 0
        return int(struct.unpack_from(kind, header, table + offset)[0]) if offset else default

    return value(_COUNT_FIELD, "<Q", 0), value(_NODE_SIZE_FIELD, "<H", _DEFAULT_NODE_SIZE), _HEADER_AT + size


def _index_bytes(count: int, node_size: int) -> int:
    """The size of the packed R-tree over so many features."""
    if not count or not node_size:
        return 0
    nodes = level = count
    while level > 1:
        level = -(-level // max(node_size, 2))
        nodes += level
    # One feature alone has a root above it too.
    return _NODE_BYTES * (nodes if count > 1 else 2)


def _features_from(request: Request, data: bytes, at: int) -> int:
    """How many features stand from a place on; their lengths must lead to the very end of the file."""
    count = 0
    while at < len(data):
        at += 4 + (struct.unpack_from("<I", data, at)[0] if at + 4 <= len(data) else len(data))
        count += 1
    if at != len(data):
        raise damaged(
            request.contract, request.told, f"its features do not end where the file does (feature {count} is cut)"
        )
    return count
