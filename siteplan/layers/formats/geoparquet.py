"""GeoParquet: shapes as well-known binary, the CRS from its own metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from siteplan.errors import LayerError
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Request, damaged, private_copy


def read_geoparquet(request: Request, folder: Path) -> FileLayer:
    """All rows of a GeoParquet file (or of a Parquet file without shapes).

    The format's default CRS, where the metadata name none, is longitude and latitude (OGC:CRS84).

    Raises
    ------
    LayerError
        Not Parquet, damaged, or shapes in an encoding that is not read.
    """
    name, told = request.contract, request.told
    copy = folder / "layer.parquet"
    digest = private_copy([(request.path, copy.name)], folder)
    try:
        with pq.ParquetFile(copy) as file:
            promised = file.metadata.num_rows
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, told, f"it is no whole Parquet file: {error}") from error
    if len(table) != promised:
        raise damaged(name, told, f"it promises {promised} rows and {len(table)} can be read")
    described = _metadata(request, table)
    if described is None:
        return FileLayer(gdal.plain_table(table, None), request.path.stem, "Parquet", None, digest)
    column, details = described
    if details.get("encoding") != "WKB":
        raise LayerError(
            f"{name}: {told} keeps its shapes as {details.get('encoding')!r}; save it with the encoding WKB"
        )
    if column not in table.column_names:
        raise damaged(name, told, f"its metadata speak of a column {column!r} that is not there")
    shapes = _checked_shapes(request, table[column])
    plain = gdal.plain_table(table.set_column(table.column_names.index(column), column, shapes), column)
    crs, fault = _crs(details)
    return FileLayer(plain, request.path.stem, "GeoParquet", crs, digest, crs_fault=fault)


def _metadata(request: Request, table: pa.Table) -> tuple[str, dict[str, Any]] | None:
    """The column of shapes and what the file says of it, None where it is plain Parquet."""
    raw = (table.schema.metadata or {}).get(b"geo")
    if raw is None:
        return None
    try:
        geo = json.loads(raw)
        column = geo["primary_column"]
        return str(column), dict(geo["columns"][column])
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise damaged(request.contract, request.told, "its description of the shapes cannot be read") from error


def _checked_shapes(request: Request, column: pa.ChunkedArray) -> pa.Array:
    """The shapes as WKB that GEOS wrote itself: what the file holds is decoded here, where a crash does no harm.

    Shapes that GEOS refuses (a line of one point) go on as they are and are told later.
    """
    given = column.to_numpy(zero_copy_only=False)
    missing = np.array([value is None for value in given])
    shapes = shapely.from_wkb(given, on_invalid="ignore")
    unread = shapely.is_missing(shapes) & ~missing
    if unread.any() and unread.sum() == (~missing).sum():
        raise damaged(request.contract, request.told, "none of its shapes can be decoded")
    encoded = shapely.to_wkb(shapes, include_srid=False)
    encoded[unread] = given[unread]
    return pa.array(encoded, type=pa.binary())


def _crs(details: dict[str, Any]) -> tuple[str | None, str]:
    """The CRS as WKT, and why it cannot be understood ("" where it can)."""
    if "crs" not in details:
        return "OGC:CRS84", ""
    if details["crs"] is None:
        return None, ""
    try:
        return pyproj.CRS.from_json_dict(details["crs"]).to_wkt(), ""
    except (pyproj.exceptions.CRSError, TypeError, AttributeError):
        return None, "the coordinate system (CRS) in its metadata cannot be understood"
