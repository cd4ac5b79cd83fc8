"""KML and KMZ: checked as XML, counted, then read by GDAL's LIBKML driver; a folder of placemarks is a layer."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc

from siteplan.layers.formats import gdal
from siteplan.layers.formats.archives import UNPACKING_FAULTS, checked_entries, unpack
from siteplan.layers.formats.filelayer import (
    GEOMETRY,
    FileLayer,
    Note,
    Request,
    choose_layer,
    damaged,
    private_copy,
    refuse_document_type,
)

_DRIVERS_OWN = {
    "timestamp": None, "begin": None, "end": None, "altitudeMode": None, "tessellate": -1, "extrude": 0,
    "visibility": -1, "drawOrder": None, "icon": None, "snippet": None, "description": "", "gx_id": None,
}  # fmt: skip
"""Columns the driver adds to every layer -> what they hold when the file says nothing of them."""


def read_kml(request: Request, folder: Path) -> FileLayer:
    """The placemarks of one folder of a KML or KMZ file, with the fields of their extended data.

    Raises
    ------
    LayerError
        Not well-formed, with a document type, damaged, or several folders and none named.
    """
    name, told = request.contract, request.told
    copy, digest, data = _checked(request, folder)
    counted, fields = _counted(name, told, data)
    layers = gdal.layers_in(name, copy, told=told)
    holding = {}
    for layer in layers:
        table, crs = gdal.read(name, copy, told=told, driver="LIBKML", layer=layer)
        if len(table):
            holding[layer] = table, crs
    total = sum(len(table) for table, _ in holding.values())
    if total != counted:
        raise damaged(name, told, f"it holds {counted} placemarks but {total} can be read")
    chosen = choose_layer(name, told, list(holding) or layers[:1], request.layer)
    table, crs = holding.get(chosen) or gdal.read(name, copy, told=told, driver="LIBKML", layer=chosen)
    table = _tidied(table)
    notes = []
    lost = sorted(fields - set(table.column_names) - {field for t, _ in holding.values() for field in t.column_names})
    if lost:
        notes.append(Note("layers.kml_fields_lost", values={"fields": ", ".join(lost)}))
    return FileLayer(table, chosen, "KML", crs or "EPSG:4326", digest, notes)


def folder_names(request: Request, folder: Path) -> list[str]:
    """The folders of placemarks in a KML or KMZ file.

    Raises
    ------
    LayerError
        As `read_kml`.
    """
    copy, _, _ = _checked(request, folder)
    return gdal.layers_in(request.contract, copy, told=request.told)


def _checked(request: Request, folder: Path) -> tuple[Path, str, bytes]:
    """A private plain .kml, the hash of the source, and the bytes, known to be well-formed without entities."""
    name, told = request.contract, request.told
    copy = folder / "layer.kml"
    if request.path.suffix.lower() == ".kmz":
        packed = folder / "layer.kmz"
        digest = private_copy([(request.path, packed.name)], folder)
        try:
            with zipfile.ZipFile(packed) as archive:
                entries = checked_entries(name, told, archive)
                documents = [entry for entry in entries if entry.lower().endswith(".kml")]
                # The first one is the document, as the format says; the others are what it links to.
                main = next(
                    (entry for entry in documents if entry.lower() == "doc.kml"), documents[0] if documents else None
                )
                if main is None:
                    raise damaged(name, told, "there is no .kml inside")
                unpack(name, told, archive, entries[main], copy)
        except UNPACKING_FAULTS as error:
            raise damaged(name, told, f"it cannot be unpacked: {error}") from error
        # GDAL must not take it for an archive again.
        packed.unlink()
    else:
        digest = private_copy([(request.path, copy.name)], folder)
    data = copy.read_bytes()
    refuse_document_type(name, told, data)
    return copy, digest, data


def _counted(contract_name: str, told: str, data: bytes) -> tuple[int, set[str]]:
    """How many placemarks a file holds, and the names of the fields in their extended data."""
    placemarks, fields = [0], set[str]()

    def begin(tag: str, attributes: dict[str, Any]) -> None:
        local = tag.rpartition(":")[2]
        if local == "Placemark":
            placemarks[0] += 1
        elif local in ("Data", "SimpleData") and attributes.get("name"):
            fields.add(attributes["name"])

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        # An encoding that nobody knows is a LookupError.
        raise damaged(contract_name, told, f"its XML is malformed: {error}") from error
    return placemarks[0], fields


def _tidied(table: pa.Table) -> pa.Table:
    """The table without the driver's own columns that say nothing."""
    kept = []
    for name in table.column_names:
        # A field of the file's own may have such a name: the driver numbers its copy.
        if name in _DRIVERS_OWN and _says_nothing(table[name], _DRIVERS_OWN[name]):
            continue
        kept.append(name)
    table = table.select(kept)
    if "id2" in kept and "id" in kept and _says_nothing(table["id2"], None):
        table = table.drop_columns(["id2"])
    return table.select([name for name in table.column_names if name == GEOMETRY or not _empty(table[name])])


def _says_nothing(column: pa.ChunkedArray, default: object) -> bool:
    if default is None:
        return _empty(column)
    value = pa.scalar(default, type=column.type) if not pa.types.is_string(column.type) else pa.scalar(default)
    return bool(pc.all(pc.or_kleene(pc.is_null(column), pc.equal(column, value))).as_py() in (True, None))


def _empty(column: pa.ChunkedArray) -> bool:
    return gdal.count_nulls(column) == len(column)
