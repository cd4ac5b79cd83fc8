"""Map tiles of a local file, MBTiles or PMTiles, as the pictures that touch the map: what a page can carry inside.

Which format a file has is told by how it begins. What comes out counts rows from the north, as Web Mercator tiles do
everywhere but in MBTiles.

Files come from anywhere: directories, metadata and tiles are unpacked only up to a limit, SQLite may neither write nor
run long, and a tile is taken only if its own header says that it is a picture of a map tile's size.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from siteplan.errors import LayerError
from siteplan.layers.tilefiles.mbtiles import MbTiles, opened
from siteplan.layers.tilefiles.pictures import Mime, kind_of
from siteplan.layers.tilefiles.pmtiles3 import PmTiles
from siteplan.layers.tilefiles.source import LAYER, RASTER_HINT, Address, TileSource, damaged, plain_text, too_long

__all__ = ["Tiles", "plain_text", "read_tiles"]

Box = tuple[float, float, float, float]

_MOST_TILES = 100_000
"""Tiles of one zoom within the map above which the zoom is left out unread: no page carries as many."""


@dataclass(frozen=True)
class Tiles:
    """The tiles of a file that touch the map.

    title, attribution: plain text, for `textContent` only; tiles: (zoom, column, row from the north) -> picture, in
    that order; left_out_zooms: the file's further zooms, from the first that would have been too large;
    left_out_tiles: tiles of the zooms taken that were no pictures of this kind, or too large.
    """

    title: str
    attribution: str
    mime: Mime
    tiles: Mapping[Address, bytes] = field(repr=False)
    min_zoom: int
    max_zoom: int
    left_out_zooms: tuple[int, ...] = ()
    left_out_tiles: int = 0


def read_tiles(path: Path, bounds_wgs84: Box, *, most_bytes: int = 20_000_000) -> Tiles:
    """The tiles of an MBTiles or PMTiles file that touch a box.

    Parameters
    ----------
    path
        The file; nothing is written beside it.
    bounds_wgs84
        West, south, east, north in degrees, west < east.
    most_bytes
        Zooms are taken whole, from the least on, until the next one would bring all pictures to more than this.

    Raises
    ------
    LayerError
        If the file cannot be read, is of another format, holds vector tiles, no tile here, no pictures, or already its
        least zoom is too large.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
            if start.startswith(b"PMTiles"):
                return _taken(PmTiles(path.name, file), path, bounds_wgs84, most_bytes)
    except OSError as error:
        raise LayerError(f"{LAYER}: {path.name} cannot be read ({error.strerror}); give the path of a file") from error
    if start == b"SQLite format 3\x00":
        try:
            with closing(opened(path)) as base:
                return _taken(MbTiles(path.name, base), path, bounds_wgs84, most_bytes)
        except sqlite3.Error as error:
            stopped = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
            raise too_long(path.name) if stopped else damaged(path.name, str(error)) from error
    raise LayerError(
        f"{LAYER}: {path.name} is neither MBTiles nor PMTiles: it begins with {start[:8]!r}; {RASTER_HINT}"
    )


def _taken(source: TileSource, path: Path, bounds: Box, most_bytes: int) -> Tiles:
    """The tiles of a source, whole zooms of them, until they are too many."""
    kinds: dict[Address, Mime] = {}
    found: dict[Address, bytes] = {}
    used, others, left_out = 0, 0, []
    zooms = source.zooms()
    for zoom in zooms:
        columns, rows = _touching(bounds, zoom)
        own: dict[Address, bytes] = {}
        size = strange = 0
        fits = len(columns) * len(rows) <= _MOST_TILES
        for address, data in source.tiles(zoom, columns, rows) if fits else ():
            kind = None if data is None else kind_of(data)
            if data is None or kind is None:
                strange += 1
            elif address not in own:
                own[address], kinds[address] = data, kind
                size += len(data)
            if used + size > most_bytes:
                fits = False
                break
        if not fits:
            left_out = [other for other in zooms if other >= zoom]
            break
        found.update(own)
        used += size
        others += strange
    if not found:
        raise _nothing(path.name, left_out, others, most_bytes)
    # What the file says of its pictures is often wrong, and a few may be of another kind: the many decide.
    mime = Counter(kinds[address] for address in sorted(found)).most_common(1)[0][0]
    tiles = {address: found[address] for address in sorted(found) if kinds[address] == mime}
    return Tiles(
        title=plain_text(source.title) or path.stem,
        attribution=plain_text(source.attribution),
        mime=mime,
        tiles=tiles,
        min_zoom=min(zoom for zoom, _, _ in tiles),
        max_zoom=max(zoom for zoom, _, _ in tiles),
        left_out_zooms=tuple(left_out),
        left_out_tiles=others + len(found) - len(tiles),
    )


def _nothing(told: str, left_out: list[int], others: int, most_bytes: int) -> LayerError:
    if others:
        return LayerError(f"{LAYER}: {told}: none of its {others} tiles here is a picture; {RASTER_HINT}")
    if left_out:
        return LayerError(
            f"{LAYER}: {told}: already the tiles of zoom {left_out[0]} that touch the map are more than the "
            f"{most_bytes / 1e6:g} MB, or {_MOST_TILES:,} tiles, that the map may carry; expected a file that begins "
            "at a lesser zoom; make it again with a lesser minimum zoom"
        )
    return LayerError(
        f"{LAYER}: {told} has no tile that touches the map; expected tiles of this county; give another file, or make "
        "it again with the county's extent"
    )


def _touching(bounds: Box, zoom: int) -> tuple[range, range]:
    """Columns and rows (from the north) of the Web Mercator tiles that share ground with a box in degrees."""
    west, south, east, north = bounds
    count = 2**zoom

    def across(first: float, last: float) -> range:
        start = min(max(math.floor(first * count), 0), count - 1)
        return range(start, min(max(math.ceil(last * count), start + 1), count))

    def down(latitude: float) -> float:
        sine = math.sin(math.radians(min(max(latitude, -85.06), 85.06)))
        return 0.5 - math.atanh(sine) / (2 * math.pi)

    return across((west + 180) / 360, (east + 180) / 360), across(down(north), down(south))
