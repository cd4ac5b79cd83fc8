"""GeoJSON: its bytes checked for encoding, nesting and completeness before GDAL reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyproj

from siteplan.errors import LayerError
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Note, Request, damaged, private_copy

_MAX_DEPTH = 200
_FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')
_SHAPE = re.compile(rb'"geometry"\s*:')
_CRS_MEMBER = re.compile(rb'"crs"\s*:\s*\{')


def read_geojson(request: Request, folder: Path) -> FileLayer:
    """The features of a GeoJSON file.

    Raises
    ------
    LayerError
        Not UTF-8, not JSON, nested beyond reason, or cut.
    """
    name, told, encoding = request.contract, request.told, request.encoding
    digest = private_copy([(request.path, "layer.geojson")], folder)
    copy = folder / "layer.geojson"
    data = copy.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:200]:
        raise LayerError(f"{name}: {told} has encoding UTF-16; save it with encoding UTF-8")
    if encoding is not None and encoding.lower().replace("-", "") not in ("utf8", "utf8sig"):
        data = _recoded(name, told, data, encoding)
        copy.write_bytes(data)
    elif not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise LayerError(
                f"{name}: {told} is not UTF-8 (byte {error.start}), so its encoding must be said: "
                f'[layers.{name}] encoding = "gb18030", or save the file with encoding UTF-8'
            ) from error
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        raise LayerError(f"{name}: {told} is not GeoJSON: it does not begin with an object")
    depth = _depth(data)
    if depth > _MAX_DEPTH:
        raise LayerError(
            f"{name}: {told} is JSON nested {depth} deep; expected at most {_MAX_DEPTH}; GeoJSON needs no more than 10"
        )
    table, crs = gdal.read(name, copy, told=told, driver="GeoJSON")
    features = len(_FEATURE.findall(data))
    # Where the two marks of a feature are not met equally often, one is damaged, or means something else here.
    if features != len(table) or features != len(_SHAPE.findall(data)):
        features = _counted(name, told, data)
        if features != len(table):
            raise damaged(name, told, f"it holds {features} features but {len(table)} can be read")
    notes = []
    if _CRS_MEMBER.search(data) and crs is not None:
        code = pyproj.CRS.from_user_input(crs).to_epsg()
        if code not in (4326, None):
            notes.append(Note("layers.crs_member", values={"crs": f"EPSG:{code}"}))
    return FileLayer(table, request.path.stem, "GeoJSON", crs, digest, notes)


def _recoded(contract_name: str, told: str, data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except (UnicodeDecodeError, LookupError) as error:
        raise LayerError(f"{contract_name}: {told} cannot be read with encoding {encoding!r}: {error}") from error


def _counted(contract_name: str, told: str, data: bytes) -> int:
    try:
        content = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise damaged(contract_name, told, f"it is not valid JSON: {error}") from error
    if content.get("type") != "FeatureCollection":
        if "features" in content:
            raise damaged(contract_name, told, f"it has features but is of type {content.get('type')!r}")
        return 1
    features = content.get("features")
    if not isinstance(features, list):
        raise damaged(contract_name, told, "it is a FeatureCollection without a list of features")
    return len(features)


def _depth(data: bytes) -> int:
    """The deepest nesting of brackets, counted a piece at a time (brackets in texts count too: they are few)."""
    level = deepest = 0
    for start in range(0, len(data), 1 << 22):
        piece = np.frombuffer(data, dtype=np.uint8, count=min(1 << 22, len(data) - start), offset=start)
        step = ((piece == 0x5B) | (piece == 0x7B)).astype(np.int8) - ((piece == 0x5D) | (piece == 0x7D)).astype(np.int8)
        steps = np.cumsum(step[step != 0], dtype=np.int64)
        if len(steps):
            deepest = max(deepest, level + int(steps.max()))
            level += int(steps[-1])
    return deepest
