"""GeoJSON: its bytes checked for encoding, nesting and completeness before GDAL reads them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers import gdal
from siteplan.layers.findings import finding
from siteplan.layers.rawlayer import RawLayer, damaged, sha256_of

_MAX_DEPTH = 200
_FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')
_CRS_MEMBER = re.compile(rb'"crs"\s*:\s*\{')


def read_geojson(contract_name: str, path: Path, encoding: str | None) -> RawLayer:
    """The features of a GeoJSON file.

    Raises
    ------
    LayerError
        Not UTF-8, not JSON, nested beyond reason, or cut.
    """
    data = path.read_bytes()
    text_fault = f'[layers.{contract_name}] encoding = "gb18030", or save the file with encoding UTF-8'
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:200]:
        raise LayerError(f"{contract_name}: {path.name} has encoding UTF-16; save it with encoding UTF-8")
    digest = sha256_of([path])
    if encoding is not None and encoding.lower().replace("-", "") not in ("utf8", "utf8sig"):
        return _read_recoded(contract_name, path, data, encoding, digest)
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise LayerError(
                f"{contract_name}: {path.name} is not UTF-8 (byte {error.start}), so its encoding must be said: "
                f"{text_fault}"
            ) from error
    return _read(contract_name, path, path, data, digest)


def _read_recoded(contract_name: str, path: Path, data: bytes, encoding: str, digest: str) -> RawLayer:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise LayerError(f"{contract_name}: {path.name} cannot be read with encoding {encoding!r}: {error}") from error
    with tempfile.TemporaryDirectory(prefix="siteplan-") as folder:
        copy = Path(folder) / "layer.geojson"
        copy.write_text(text, "utf-8")
        return _read(contract_name, copy, path, text.encode(), digest)


def _read(contract_name: str, path: Path, told: Path, data: bytes, digest: str) -> RawLayer:
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        raise LayerError(f"{contract_name}: {told.name} is not GeoJSON: it does not begin with an object")
    depth = _depth(data)
    if depth > _MAX_DEPTH:
        raise LayerError(
            f"{contract_name}: {told.name} is JSON nested {depth} deep; expected at most {_MAX_DEPTH}; "
            "GeoJSON needs no more than 10"
        )
    table, closed = gdal.read(contract_name, path, told=told)
    features = len(_FEATURE.findall(data))
    if features != len(table):
        features = _counted(contract_name, told, data)
        if features != len(table):
            raise damaged(contract_name, told, f"it holds {features} features but {len(table)} can be read")
    found = []
    if _CRS_MEMBER.search(data) and table.crs is not None and table.crs.to_epsg() not in (4326, None):
        found.append(finding(contract_name, "layers.crs_member", "noted", crs=f"EPSG:{table.crs.to_epsg()}"))
    return RawLayer(table, told.stem, "GeoJSON", digest, found, {}, closed)


def _counted(contract_name: str, path: Path, data: bytes) -> int:
    try:
        content = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise damaged(contract_name, path, f"it is not valid JSON: {error}") from error
    if content.get("type") == "FeatureCollection":
        return len(content.get("features") or [])
    return 1


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
