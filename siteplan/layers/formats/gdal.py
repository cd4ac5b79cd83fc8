"""One bulk read through GDAL into Arrow, by a driver that must be the one the file's format asks for."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import GEOMETRY, damaged
from siteplan.layers.reader.drivers import DRIVERS


def read(
    contract_name: str, path: Path, *, told: str, driver: str, layer: str | None = None, encoding: str | None = None,
    **options: Any,
) -> tuple[pa.Table, str | None]:  # fmt: skip
    """All rows of one layer in order, and its CRS (WKT or `EPSG:n`, None where the file says none).

    Parameters
    ----------
    contract_name, told
        The layer and the file's name, for messages.
    path
        The private copy.
    driver
        GDAL's name of the only driver that may open it.
    layer, encoding, options
        As pyogrio takes them.

    Raises
    ------
    LayerError
        When GDAL cannot read the file, or would read it as another format.
    """
    raw = _pyogrio()
    keywords = {} if encoding is None else {"encoding": encoding}
    try:
        with warnings.catch_warnings():
            # Missing and odd shapes are counted and listed by us; GDAL's own words would reach the planner.
            warnings.simplefilter("ignore")
            opened = raw.read_info(path, layer=layer, **keywords)["driver"]
            if opened != driver:
                raise damaged(contract_name, told, f"it is no {DRIVERS[driver]} file inside, but {opened}")
            meta, table = raw.read_arrow(path, layer=layer, **keywords, **options)
    except UnicodeDecodeError as error:
        raise LayerError(
            f"{contract_name}: the text in {told} is not in the encoding it says; "
            f'name it in the plan: [layers.{contract_name}] encoding = "gb18030"'
        ) from error
    except (*raw.faults, pa.ArrowException) as error:
        raise _damaged(contract_name, path, told, error) from error
    shape = meta["geometry_name"] or "wkb_geometry"
    return plain_table(table, shape), meta["crs"]


def layers_in(contract_name: str, path: Path, *, told: str) -> list[str]:
    """The layers of a file by name, in its order.

    Raises
    ------
    LayerError
        When GDAL cannot open it.
    """
    raw = _pyogrio()
    try:
        return [str(name) for name in raw.list_layers(path)[:, 0]]
    except raw.faults as error:
        raise _damaged(contract_name, path, told, error) from error


def _damaged(contract_name: str, path: Path, told: str, error: Exception) -> LayerError:
    # A file in which GDAL finds no layer at all is an IndexError of pyogrio's.
    words = "no layer can be found in it" if isinstance(error, IndexError) else str(error).replace(str(path), told)
    return damaged(contract_name, told, words)


def drivers() -> list[str]:
    """The vector drivers that are loaded."""
    return list(_pyogrio().list_drivers())


def plain_table(table: pa.Table, shape: str | None) -> pa.Table:
    """A table of texts, numbers and truths, its shapes (WKB) in the column `GEOMETRY`; null shapes where it has none.

    Dates become ISO text, lists and structures JSON-like text, bytes hexadecimal text; a source column that is itself
    called `geometry` but holds no shapes keeps its content under `geometry_text`.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    shapes = pa.nulls(len(table), pa.binary()) if shape is None or shape not in table.column_names else None
    for name, column in zip(table.column_names, table.columns, strict=True):
        if shapes is None and name == shape and GEOMETRY not in columns:
            columns[GEOMETRY] = column if pa.types.is_binary(column.type) else column.cast(pa.binary())
        else:
            columns[f"{GEOMETRY}_text" if name == GEOMETRY else name] = _plain(column)
    if shapes is not None:
        columns[GEOMETRY] = shapes
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_floating(kind):
        return column
    if pa.types.is_integer(kind):
        return column.cast(pa.int64()) if kind != pa.uint64() else column
    if pa.types.is_large_string(kind) or pa.types.is_temporal(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_null(kind):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.chunked_array([[None if v is None else v.hex() for v in column.to_pylist()]], type=pa.string())
    return pa.chunked_array([[None if v is None else str(v) for v in column.to_pylist()]], type=pa.string())


def is_text(column: pa.ChunkedArray) -> bool:
    """Whether a column of a plain table holds text."""
    return bool(pa.types.is_string(column.type))


def count_nulls(column: pa.ChunkedArray) -> int:
    """How many cells hold nothing."""
    return int(pc.sum(pc.cast(pc.is_null(column), pa.int64())).as_py() or 0)


class _Pyogrio:
    """What is used of pyogrio, imported when a file of GDAL's is met."""

    def __init__(self) -> None:
        import pyogrio
        import pyogrio.errors
        import pyogrio.raw

        # The driver's own way to Arrow reads past its buffer at a feature without a shape; the common way does not.
        pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": True})
        self.read_arrow = pyogrio.raw.read_arrow
        self.read_info = pyogrio.read_info
        self.list_layers = pyogrio.list_layers
        self.list_drivers = pyogrio.list_drivers
        self.faults: tuple[type[Exception], ...] = (
            pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, IndexError,
            UnicodeDecodeError,
        )  # fmt: skip


_loaded: list[_Pyogrio] = []


def _pyogrio() -> _Pyogrio:
    if not _loaded:
        _loaded.append(_Pyogrio())
    return _loaded[0]
