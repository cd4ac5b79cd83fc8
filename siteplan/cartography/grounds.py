"""What lies beneath a map's layers, and the plane grid its coordinates are read in, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyproj

Datum = Literal["wgs84", "gcj02"]


@dataclass(frozen=True)
class Terrain:
    """Shaded relief as a PNG whose rows are even in Web Mercator; its edges in WGS84 degrees.

    Pixels without a height are transparent: a void is not flat ground.
    """

    png: bytes = field(repr=False)
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Basemap:
    """An online map of square tiles: `url` with {z}, {x}, {y} (and {s}), shown only where the plan asks for it.

    `datum` is what its tiles are drawn in; where that is GCJ-02, layers are shifted to fit. `overlay_url`: tiles of the
    same grid, hosts and datum that lie on the map (its place names), "" where the map has its own.
    """

    key: str
    title: str
    url: str = field(repr=False)
    attribution: str
    max_zoom: int
    subdomains: str = ""
    datum: Datum = "wgs84"
    overlay_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class TileSet:
    """Raster tiles of a local file, carried inside the page: (zoom, column, row from the north) -> picture."""

    title: str
    attribution: str
    mime: Literal["image/png", "image/jpeg", "image/webp"]
    tiles: Mapping[tuple[int, int, int], bytes] = field(repr=False)


@dataclass(frozen=True)
class PlaneGrid:
    """A transverse Mercator grid: name, central meridian (degrees), scale on it, false easting and northing (m), the
    ellipsoid's semi-major axis (m) and inverse flattening."""

    name: str
    central_meridian: float
    scale: float
    false_easting: float
    false_northing: float
    semi_major: float
    inverse_flattening: float
    origin_latitude: float = 0.0

    @classmethod
    def of(cls, crs: pyproj.CRS) -> PlaneGrid | None:
        """The grid of a projected CRS, None where it is no transverse Mercator one."""
        operation = crs.coordinate_operation
        if operation is None or "Transverse Mercator" not in operation.method_name or crs.ellipsoid is None:
            return None
        value = {one.name: float(one.value) for one in operation.params if isinstance(one.value, (int, float))}
        return cls(
            name=crs.name,
            central_meridian=value["Longitude of natural origin"],
            scale=value["Scale factor at natural origin"],
            false_easting=value["False easting"],
            false_northing=value["False northing"],
            semi_major=crs.ellipsoid.semi_major_metre,
            inverse_flattening=crs.ellipsoid.inverse_flattening,
            origin_latitude=value["Latitude of natural origin"],
        )
