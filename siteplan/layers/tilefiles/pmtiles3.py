"""PMTiles 3 (https://github.com/protomaps/PMTiles, spec/v3): tiles along a Hilbert curve behind packed directories.

The package `pmtiles` knows the header and the curve. Its reader of directories unpacks without a limit and reads the
root anew for every tile, so directories are read here.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from siteplan.errors import LayerError
from siteplan.layers.tilefiles.source import (
    LAYER,
    MOST_SECONDS,
    MOST_TILE_BYTES,
    MOST_ZOOM,
    RASTER_HINT,
    Address,
    damaged,
    too_long,
    vector,
)

_MOST_METADATA = 1_000_000
_MOST_DIRECTORY = 4_000_000
_MOST_ENTRIES = 200_000
"""Entries of one directory; those that tools write have at most some 20,000."""


class PmTiles:
    """The tiles of a PMTiles file.

    Parameters
    ----------
    told
        The file's name for messages.
    file
        Open for reading; it must stay open as long as tiles are read.

    Raises
    ------
    LayerError
        Here and in reading tiles: damaged, another version, packed in a way that is not known, vector tiles.
    """

    def __init__(self, told: str, file: BinaryIO) -> None:
        from pmtiles.tile import Compression, SpecVersionUnsupported, TileType, deserialize_header

        self._told, self._file = told, file
        self._until = time.monotonic() + MOST_SECONDS
        self._size = os.fstat(file.fileno()).st_size
        try:
            self._header = deserialize_header(self._bytes(0, 127))
        except SpecVersionUnsupported as error:
            raise LayerError(
                f"{LAYER}: {told} is PMTiles of another version; expected version 3; convert it with `pmtiles convert`"
            ) from error
        except ValueError as error:
            raise damaged(told, f"its header says what PMTiles does not know ({error})") from error
        kind = self._header["tile_type"]
        if kind in (TileType.MVT, TileType.MLT):
            raise vector(told)
        for key in ("internal_compression", "tile_compression"):
            packed = self._header[key]
            if packed not in (Compression.NONE, Compression.GZIP, Compression.UNKNOWN):
                raise LayerError(
                    f"{LAYER}: {told} is packed with {packed.name.lower()}; expected gzip or nothing; {RASTER_HINT}"
                )
        said = self._metadata()
        self.title, self.attribution = said.get("name") or "", said.get("attribution") or ""

    def zooms(self) -> list[int]:
        return list(range(self._header["min_zoom"], min(self._header["max_zoom"], MOST_ZOOM) + 1))

    def tiles(self, zoom: int, columns: range, rows: range) -> Iterator[tuple[Address, bytes | None]]:
        from pmtiles.tile import Compression, zxy_to_tileid

        wanted = {zxy_to_tileid(zoom, column, row): (zoom, column, row) for column in columns for row in rows}
        ids = np.array(sorted(wanted), dtype=np.int64)
        for one, offset, length in self._entries(ids, self._header["root_offset"], self._header["root_length"], 0):
            if length > MOST_TILE_BYTES:
                yield wanted[one], None
                continue
            data = self._bytes(self._header["tile_data_offset"] + offset, length)
            if self._header["tile_compression"] == Compression.GZIP:
                yield wanted[one], _unpacked(data, MOST_TILE_BYTES)
            else:
                yield wanted[one], data

    def _entries(self, ids: np.ndarray, offset: int, length: int, depth: int) -> Iterator[tuple[int, int, int]]:
        """Tile id, offset and length of those of some rising ids that the file holds, through its leaf directories."""
        first, runs, lengths, offsets = self._directory(offset, length)
        at = np.searchsorted(first, ids, side="right") - 1
        here = at >= 0
        ids, at = ids[here], at[here]
        for entry in np.unique(at):
            mine = ids[at == entry]
            if runs[entry]:
                for one in mine[mine - first[entry] < runs[entry]]:
                    yield int(one), int(offsets[entry]), int(lengths[entry])
            elif depth == 3:
                raise damaged(self._told, "its directories lie more than four deep")
            else:
                start = self._header["leaf_directory_offset"] + int(offsets[entry])
                yield from self._entries(mine, start, int(lengths[entry]), depth + 1)

    def _directory(self, offset: int, length: int) -> tuple[np.ndarray, ...]:
        """First id, run length (0: a leaf directory), length and offset of a directory's entries, rising by id."""
        if time.monotonic() > self._until:
            raise too_long(self._told)
        numbers = _varints(self._plain(offset, length, _MOST_DIRECTORY))
        count = int(numbers[0]) if len(numbers) else 0
        if not 0 < count <= _MOST_ENTRIES or len(numbers) < 1 + 4 * count:
            raise damaged(self._told, "a directory of it is cut or far too long")
        steps, runs, lengths, given = numbers[1 : 1 + 4 * count].reshape(4, count)
        offsets = given - 1
        for entry in np.flatnonzero(given == 0):
            # 0 means: right behind the one before.
            offsets[entry] = offsets[entry - 1] + lengths[entry - 1] if entry else 0
        return np.cumsum(steps), runs, lengths, offsets

    def _metadata(self) -> dict[str, object]:
        """What is said of the map; nothing where it cannot be read, for the pictures do not need it."""
        try:
            said = json.loads(
                self._plain(self._header["metadata_offset"], self._header["metadata_length"], _MOST_METADATA)
            )
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    def _plain(self, offset: int, length: int, most: int) -> bytes:
        """Some bytes of the file, unpacked where it says that they are packed."""
        from pmtiles.tile import Compression

        if length > most:
            raise damaged(self._told, "a part of it is said to be far too long")
        data = self._bytes(offset, length)
        if self._header["internal_compression"] == Compression.NONE:
            return data
        plain = _unpacked(data, most)
        if plain is None:
            raise damaged(self._told, "a packed part of it cannot be unpacked, or is far too long")
        return plain

    def _bytes(self, offset: int, length: int) -> bytes:
        if offset + length > self._size or min(offset, length) < 0:
            raise damaged(self._told, "it ends before what it points at")
        self._file.seek(offset)
        return self._file.read(length)


def _unpacked(data: bytes, most: int) -> bytes | None:
    """What was packed with gzip; None where it is cut, none, or longer than it may be."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(data, most)
    except zlib.error:
        return None
    return plain if unpacking.eof else None


def _varints(data: bytes) -> np.ndarray:
    """The unsigned LEB128 numbers that bytes hold one after the other, as 64-bit integers; an unfinished one is left
    out, one of over nine bytes (63 bits) ends them."""
    raw = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    long = np.flatnonzero(ends - starts >= 9)
    if len(long):
        starts, ends = starts[: long[0]], ends[: long[0]]
    if not len(ends):
        return np.empty(0, dtype=np.int64)
    used = ends[-1] + 1
    place = np.arange(used) - np.repeat(starts, ends - starts + 1)
    return np.add.reduceat((raw[:used] & 0x7F).astype(np.int64) << (7 * place), starts)
