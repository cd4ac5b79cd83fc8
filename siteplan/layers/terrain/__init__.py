"""Digital elevation models -> shaded relief for a map: the ground that roads and pipes run over, as a small PNG.

Slopes are Horn's (Hill shading and the reflectance map, Proceedings of the IEEE 69, 1981: weights 1, 2, 1), on the
ground: a pixel of Web Mercator is smaller there than its nominal metres, by the cosine of the latitude and the
ellipsoid's radii. The light is Lambert's, from one direction and without shadows cast.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers.terrain.demfiles import LAYER, Box, common
from siteplan.layers.terrain.heights import RADIUS_M, Grid, mercator, read_heights

__all__ = ["GREYS", "Relief", "read_relief"]

GREYS = tuple(round(200 + 55 * level / 23) for level in range(24))
"""The picture's greys, dark to light: light enough that lines and labels upon them can be read."""

_VOID = len(GREYS)
_DARKEST = 0.2
"""Light, as a share of the full one, below which all is the darkest grey: faces turned away do not run black."""
_GENTLE = 0.25
"""Where nine tenths of the ground are less steep than this (rise over run), heights are exaggerated up to it, ..."""
_MOST_EXAGGERATION = 3.0
_ECCENTRICITY_2 = 0.006_694_379_990_141
"""Of the WGS 84 ellipsoid."""


@dataclass(frozen=True)
class Relief:
    """Shaded relief as a PNG of greys, rows even in Web Mercator; its edges in WGS 84 degrees.

    void_share: of the map's area, the share that has no height and is transparent or outside the picture;
    exaggeration: what heights were multiplied by; pixel_m: a pixel's side on the ground in the middle; unused: names
    of files that do not touch the map.
    """

    png: bytes = field(repr=False)
    west: float
    south: float
    east: float
    north: float
    void_share: float
    exaggeration: float
    pixel_m: float
    unused: tuple[str, ...]


def read_relief(
    paths: Sequence[Path],
    bounds_wgs84: Box,
    *,
    most_pixels: int = 900_000,
    azimuth_deg: float = 315.0,
    altitude_deg: float = 45.0,
    exaggeration: float | None = None,
) -> Relief | None:
    """The relief of a map from one or several files of heights; None where there are no files.

    Parameters
    ----------
    paths
        GeoTIFF, `.hgt`, `.asc`, `.img`; later ones fill the voids of earlier ones. Heights are taken as metres, by the
        scale the file gives; heights in feet are not told from metres, and look three times as steep.
    bounds_wgs84
        The map: west, south, east, north in degrees.
    most_pixels
        The picture's largest size; its pixels are no finer than the finest file's cells.
    azimuth_deg, altitude_deg
        Where the light comes from: clockwise from north, and above the horizon.
    exaggeration
        What heights are multiplied by; None: 1, and up to 3 for gentle ground.

    Raises
    ------
    LayerError
        Listing the files that cannot be used, and why; or no file touches the map, or there is no height on it.
    """
    if not paths:
        return None
    heights = read_heights(paths, bounds_wgs84, most_pixels=most_pixels)
    if not heights.known.any():
        raise LayerError(
            f"{LAYER}: {', '.join(path.name for path in paths)}: there is no height on the map, all is void (nodata); "
            "expected heights in metres; give tiles that hold some, or check the nodata value in your GIS"
        )
    grid = heights.grid
    east, north = _slopes(heights.metres, grid)
    if exaggeration is None:
        exaggeration = _exaggeration(np.hypot(east, north)[heights.known])
    light = _light(exaggeration * east, exaggeration * north, azimuth_deg, altitude_deg)
    level = np.clip((light - _DARKEST) / (1 - _DARKEST), 0, 1) * (len(GREYS) - 1)
    shown = np.where(heights.known, np.rint(np.where(heights.known, level, 0)), _VOID).astype(np.uint8)
    west, top = _degrees(grid.west, grid.north)
    right, south = _degrees(grid.west + grid.columns * grid.pixel, grid.north - grid.rows * grid.pixel)
    return Relief(
        png=_png(shown),
        west=west,
        south=south,
        east=right,
        north=top,
        void_share=_void_share(heights.known, grid, bounds_wgs84),
        exaggeration=exaggeration,
        pixel_m=grid.pixel * math.cos(math.radians((south + top) / 2)),
        unused=heights.unused,
    )


def _void_share(known: np.ndarray, grid: Grid, bounds: Box) -> float:
    """What share of the map has no height; pixels that reach beyond the map count with the part that lies on it."""
    within = common(bounds, bounds)
    assert within is not None
    (west, south), (east, north) = mercator(*within[:2]), mercator(*within[2:])
    widths = np.diff(np.clip(grid.west + np.arange(grid.columns + 1) * grid.pixel, west, east))
    heights = -np.diff(np.clip(grid.north - np.arange(grid.rows + 1) * grid.pixel, south, north))
    share = heights @ known.astype(float) @ widths / ((east - west) * (north - south))
    # Rounding may leave a whole map a little less or more than whole.
    return float(np.clip(np.round(1.0 - share, 9), 0.0, 1.0))


def _slopes(metres: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rise over run towards east and towards north, by Horn; shape (rows, columns) from one with a ring around it."""
    middle = metres[1:-1, 1:-1]
    rows, columns = middle.shape

    def shifted(down: int, right: int) -> np.ndarray:
        part = metres[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        # Lone heights in wide voids have neighbours that nothing is known of.
        return np.where(np.isnan(part), middle, part)

    ne, e, se = shifted(-1, 1), shifted(0, 1), shifted(1, 1)
    nw, w, sw = shifted(-1, -1), shifted(0, -1), shifted(1, -1)
    n, s = shifted(-1, 0), shifted(1, 0)
    along_parallel, along_meridian = _pixel_on_the_ground(grid)
    east = ((ne + 2 * e + se) - (nw + 2 * w + sw)) / (8 * along_parallel)
    north = ((nw + 2 * n + ne) - (sw + 2 * s + se)) / (8 * along_meridian)
    return east, north


def _pixel_on_the_ground(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """A pixel's width and height on the WGS 84 ellipsoid in metres, by row; shape (rows, 1)."""
    y = grid.north - (np.arange(grid.rows) + 0.5) * grid.pixel
    latitude = np.arcsin(np.tanh(y / RADIUS_M))[:, None]
    squash = 1 - _ECCENTRICITY_2 * np.sin(latitude) ** 2
    along_parallel = np.cos(latitude) / np.sqrt(squash)
    along_meridian = np.cos(latitude) * (1 - _ECCENTRICITY_2) / squash**1.5
    return grid.pixel * along_parallel, grid.pixel * along_meridian


def _exaggeration(steepness: np.ndarray) -> float:
    """What makes gentle ground be seen: 1 where it is steep, at most 3 where it is flat; to a tenth."""
    steep = float(np.quantile(steepness, 0.9))
    return 1.0 if steep >= _GENTLE else round(min(_GENTLE / max(steep, 1e-6), _MOST_EXAGGERATION), 1)


def _light(east: np.ndarray, north: np.ndarray, azimuth_deg: float, altitude_deg: float) -> np.ndarray:
    """How much of the full light ground of some slope gets, 0 to 1: the cosine between its normal and the light."""
    azimuth, altitude = math.radians(azimuth_deg), math.radians(altitude_deg)
    towards = -(east * math.sin(azimuth) + north * math.cos(azimuth)) * math.cos(altitude) + math.sin(altitude)
    return np.maximum(towards / np.sqrt(1 + east**2 + north**2), 0.0)


def _png(levels: np.ndarray) -> bytes:
    """A palette PNG of grey levels; `_VOID` is transparent. The same bytes for the same levels and zlib."""
    from PIL import Image

    picture = Image.frombytes("P", (levels.shape[1], levels.shape[0]), levels.tobytes())
    picture.putpalette([value for grey in (*GREYS, 255) for value in (grey, grey, grey)])
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True, transparency=_VOID)
    return out.getvalue()


def _degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of metres of EPSG:3857."""
    return math.degrees(x / RADIUS_M), math.degrees(math.asin(math.tanh(y / RADIUS_M)))
