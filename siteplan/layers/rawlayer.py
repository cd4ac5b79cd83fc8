"""A layer as it stands in its file, before any contract: decoded from what the reading process gave."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from siteplan.layers.findings import findings_of
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Note


@dataclass(frozen=True)
class RawLayer:
    """`table` has the source's columns, RangeIndex, rows in the file's order; its CRS is what the file says (or None).

    `cells`: source column -> row (from 0) -> the text that truly stands in a cell which the table could not hold.
    """

    table: gpd.GeoDataFrame
    layer: str
    driver: str
    sha256: str
    findings: list[pd.DataFrame] = field(default_factory=list)
    cells: dict[str, dict[int, str]] = field(default_factory=dict)
    closed_rings: tuple[int, ...] = ()
    """rows (from 0) whose rings had to be closed"""
    crs_fault: str = ""
    """why the file's CRS could not be understood, where it has one"""


def decoded(contract_name: str, layer: FileLayer) -> RawLayer:
    """The layer as a GeoDataFrame. Shapes that cannot be built are None, unclosed rings are closed and told."""
    shapes, closed = _shapes(layer.table[GEOMETRY])
    attributes = layer.table.drop_columns([GEOMETRY]).to_pandas()
    crs, fault = _crs(layer)
    table = gpd.GeoDataFrame(attributes, geometry=gpd.GeoSeries(shapes, index=attributes.index, crs=crs))
    return RawLayer(
        table=table,
        layer=layer.layer,
        driver=layer.driver,
        sha256=layer.sha256,
        findings=[_table(contract_name, note) for note in layer.notes],
        cells=layer.cells,
        closed_rings=closed,
        crs_fault=fault,
    )


def _shapes(column: pa.ChunkedArray) -> tuple[np.ndarray, tuple[int, ...]]:
    given = column.to_numpy(zero_copy_only=False)
    shapes = shapely.from_wkb(given, on_invalid="ignore")
    refused = np.flatnonzero(shapely.is_missing(shapes))
    refused = refused[[given[i] is not None for i in refused]]
    if not len(refused):
        return shapes, ()
    mended = shapely.from_wkb(given[refused], on_invalid="fix")
    rings = np.isin(shapely.get_type_id(mended), [3, 6]) & ~shapely.is_empty(mended)
    shapes[refused[rings]] = mended[rings]
    return shapes, tuple(refused[rings].tolist())


def _crs(layer: FileLayer) -> tuple[pyproj.CRS | None, str]:
    if layer.crs is None or layer.crs_fault:
        return None, layer.crs_fault
    try:
        return pyproj.CRS.from_user_input(layer.crs), ""
    except pyproj.exceptions.CRSError:
        return None, "the coordinate system (CRS) in the file cannot be understood"


def _table(contract_name: str, note: Note) -> pd.DataFrame:
    n = len(note.rows) if note.rows is not None else len(note.each) if note.each is not None else 1
    return findings_of(
        contract_name, note.code, note.action, n=n, rows=note.rows, field=note.field, values=note.values, each=note.each
    )
