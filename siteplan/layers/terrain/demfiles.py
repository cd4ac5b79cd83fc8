"""Opening a file of heights: which kinds are let in, and what one must say of itself to be of use.

GDAL opens them with four drivers only, those of the files that planners have: GeoTIFF, SRTM `.hgt` (zipped too),
Arc/Info ASCII grid, Erdas Imagine.
"""

from __future__ import annotations

import math
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from siteplan.errors import LayerError

Box = tuple[float, float, float, float]
"""West, south, east, north."""

LAYER = "dem"
"""The layer's name in messages."""

OPTIONS = {"GDAL_CACHEMAX": 64_000_000, "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none", "GDAL_NUM_THREADS": "1"}
"""What GDAL is told while it reads: little memory, no network, the same on every machine."""

_DRIVERS = ["GTiff", "SRTMHGT", "AAIGrid", "HFA"]
_KINDS = "a GeoTIFF, .hgt, .asc or .img file of heights"
_MOST_BLOCK_BYTES = 256_000_000
_MERCATOR_LATITUDE = 85.05


@dataclass(frozen=True)
class Dem:
    """An opened file: `source` is rasterio's dataset, `box` where it lies in degrees of WGS 84."""

    name: str
    source: Any
    box: Box


def opened(path: Path, stack: ExitStack) -> Dem:
    """A file of heights, opened for as long as the stack lasts; within `rasterio.Env(**OPTIONS)`.

    Raises
    ------
    LayerError
        If it cannot be opened, holds no heights, or does not say where it lies.
    """
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import DatasetReader

    name = path.name
    if not path.is_file():
        raise LayerError(f"{LAYER}: {path} is not there, or is no file; expected {_KINDS}; mend the path in the plan")
    try:
        with warnings.catch_warnings():
            # Told below, in words for planners.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # `rasterio.open` takes one driver only; this is what it calls.
            source = stack.enter_context(DatasetReader(str(path.absolute()), driver=_DRIVERS, sharing=False))
            transform = source.transform
    except failures() as error:
        raise LayerError(
            f"{LAYER}: {name} cannot be opened ({_first_line(error)}); expected {_KINDS}, under the name it was given "
            "(an .hgt file is known by it); export it again from your GIS as a GeoTIFF"
        ) from error
    kind = np.dtype(source.dtypes[0])
    if source.count != 1 or kind.kind not in "iuf":
        raise LayerError(
            f"{LAYER}: {name} has {source.count} bands of {kind}: a picture, or more than heights; expected one band "
            "of numbers; give the elevation model itself, or export its band of heights"
        )
    block = kind.itemsize * math.prod(source.block_shapes[0])
    if block > _MOST_BLOCK_BYTES:
        raise LayerError(
            f"{LAYER}: {name} can only be read in blocks of {block / 1e6:,.0f} MB; expected a raster in tiles; export "
            "it again as a GeoTIFF with tiles (creation option TILED=YES)"
        )
    if not source.crs:
        raise LayerError(
            f"{LAYER}: {name} does not say its CRS; expected one that the file names itself; put the .prj file back "
            "beside it, or set the CRS in your GIS and export it as a GeoTIFF"
        )
    if transform.is_identity or transform.is_degenerate:
        raise LayerError(
            f"{LAYER}: {name} does not say where it lies (no corner, no cell size); expected a georeferenced raster; "
            "georeference it in your GIS and export it as a GeoTIFF"
        )
    return Dem(name, source, _box_of(name, source))


def places(transform: Any, columns: Any, rows: Any) -> tuple[Any, Any]:
    """What an affine transform makes of columns and rows, numbers or arrays: x and y; of x and y by its inverse."""
    t = transform
    return t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f


def common(one: Box, other: Box) -> Box | None:
    """What two boxes in degrees share as far as Web Mercator reaches, None where that is nothing or a line."""
    west, south = max(one[0], other[0]), max(one[1], other[1], -_MERCATOR_LATITUDE)
    east, north = min(one[2], other[2]), min(one[3], other[3], _MERCATOR_LATITUDE)
    return (west, south, east, north) if west < east and south < north else None


def failures() -> tuple[type[Exception], ...]:
    """What rasterio raises where GDAL fails."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    return (RasterioError, CPLE_BaseError, OSError)


def damaged(name: str, error: Exception | str) -> LayerError:
    """The error of a file, or several, that GDAL gave up on."""
    what = _first_line(error) if isinstance(error, Exception) else error
    return LayerError(f"{LAYER}: {name} is damaged or incomplete: {what}; copy the file again from where it was made")


def _box_of(name: str, source: Any) -> Box:
    """West, south, east, north of a raster in degrees, by points along its edge."""
    from rasterio import warp

    share = np.linspace(0, 1, 21)
    zero, one = np.zeros_like(share), np.ones_like(share)
    columns = np.concatenate([share, one, share, zero]) * source.width
    rows = np.concatenate([zero, share, one, share]) * source.height
    x, y = places(source.transform, columns, rows)
    try:
        longitude, latitude = (np.asarray(part) for part in warp.transform(source.crs, "EPSG:4326", x, y))
    except failures():
        longitude = latitude = np.full(len(x), np.inf)
    if not ((np.abs(longitude) <= 360) & (np.abs(latitude) <= 90.01)).all():
        code = source.crs.to_epsg()
        raise LayerError(
            f"{LAYER}: {name}: its coordinates ({x.min():.7g} to {x.max():.7g}, {y.min():.7g} to {y.max():.7g}) lie "
            f"outside what its CRS can hold ({f'EPSG:{code}' if code else source.crs.to_wkt()[:60]}); expected the CRS "
            "that the numbers are in; set the right CRS in your GIS and export it again"
        )
    return float(longitude.min()), float(latitude.min()), float(longitude.max()), float(latitude.max())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
