"""Shaded relief of a page -> an image in the CRS of the drawing: its rows are even in Web Mercator, not in metres."""

from __future__ import annotations

import io

import numpy as np
import pyproj

from siteplan.cartography.grounds import Terrain
from siteplan.pictures.planes import in_degrees

_STRENGTH = 0.45
"""Opacity of the relief: it lies beneath what the picture is about."""
_COARSE = 33
"""Places a side that are projected exactly; those between them are interpolated, metres off in a county."""


def relief(
    terrain: Terrain, crs: pyproj.CRS, box: tuple[float, float, float, float], columns: int, rows: int
) -> np.ndarray:
    """The relief over a box (metres in `crs`) as rows x columns x RGBA of bytes, north first; clear where it has none.

    The box must be a plane's: width and height above 0.
    """
    from PIL import Image
    from scipy.ndimage import map_coordinates

    with Image.open(io.BytesIO(terrain.png)) as picture:
        source = np.asarray(picture.convert("RGBA"), dtype=np.float32)
    west, south, east, north = box
    x, y = np.meshgrid(np.linspace(west, east, _COARSE), np.linspace(north, south, _COARSE))
    longitude, latitude = in_degrees(crs, x, y)
    top, bottom = _mercator(np.array([terrain.north, terrain.south]))
    across = (longitude - terrain.west) / (terrain.east - terrain.west) * source.shape[1] - 0.5
    down = (top - _mercator(latitude)) / (top - bottom) * source.shape[0] - 0.5
    fine = np.meshgrid(np.linspace(0, _COARSE - 1, rows), np.linspace(0, _COARSE - 1, columns), indexing="ij")
    at = [map_coordinates(one, fine, order=1, mode="nearest") for one in (down, across)]
    source[..., :3] *= source[..., 3:] / 255  # what is clear has no colour to mix in
    found = np.stack([map_coordinates(source[..., n], at, order=1, cval=0.0) for n in range(4)], axis=-1)
    cover = np.maximum(found[..., 3:], 1e-6) / 255
    found[..., :3] = np.where(found[..., 3:] > 0, found[..., :3] / cover, 0)
    found[..., 3] *= _STRENGTH
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)


def _mercator(latitude: np.ndarray) -> np.ndarray:
    return np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2))
