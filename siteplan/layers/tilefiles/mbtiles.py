"""MBTiles 1.3 (https://github.com/mapbox/mbtiles-spec): SQLite, a row a tile, rows counted from the south."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from siteplan.errors import LayerError
from siteplan.layers.tilefiles.source import (
    LAYER,
    MOST_SECONDS,
    MOST_TILE_BYTES,
    MOST_ZOOM,
    RASTER_HINT,
    Address,
    plain_text,
    vector,
)


def opened(path: Path) -> sqlite3.Connection:
    """The database, to be read only, as it stands: no lock, no journal, no writing, no long queries.

    Raises
    ------
    LayerError
        If it was not closed: what stands in the log beside it would be missing.
    sqlite3.Error
        If it cannot be opened.
    """
    log = Path(f"{path}-wal")
    if log.is_file() and log.stat().st_size:
        raise LayerError(
            f"{LAYER}: {path.name} is open in another program or was not closed there ({log.name} lies beside it); "
            "expected a closed file; close that program and try again"
        )
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64_000_000)
    try:
        # A tile table may be a view, and a view may call what its maker likes.
        base.execute("PRAGMA trusted_schema = OFF")
        base.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        base.close()
        raise
    until = time.monotonic() + MOST_SECONDS
    base.set_progress_handler(lambda: int(time.monotonic() > until), 10_000)
    return base


class MbTiles:
    """The tiles of an MBTiles file.

    Parameters
    ----------
    told
        The file's name for messages.
    base
        From `opened`.

    Raises
    ------
    LayerError
        If the tables are not those of MBTiles, or the tiles are vector ones.
    sqlite3.Error
        Here and in reading tiles, if the database is damaged or a query takes too long.
    """

    def __init__(self, told: str, base: sqlite3.Connection) -> None:
        self._base = base
        try:
            base.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles LIMIT 0")
        except sqlite3.OperationalError as error:
            names = [plain_text(row[0]) for row in base.execute("SELECT name FROM sqlite_master LIMIT 20")]
            raise LayerError(
                f"{LAYER}: {told} is SQLite but not MBTiles ({error}); expected a table tiles with zoom_level, "
                f"tile_column, tile_row and tile_data; it has: {', '.join(names) or 'nothing'}; {RASTER_HINT}"
            ) from error
        said = self._metadata()
        self.title, self.attribution = said.get("name", ""), said.get("attribution", "")
        if said.get("format", "").lower() in ("pbf", "mvt") or self._first().startswith((b"\x1f\x8b", b"\x1a")):
            raise vector(told)

    def _metadata(self) -> dict[str, str]:
        """What is said of the map; nothing where the table is missing, for the pictures do not need it."""
        known = self._base.execute("SELECT 1 FROM sqlite_master WHERE lower(name) = 'metadata'").fetchone()
        if known is None:
            return {}
        rows = self._base.execute(
            "SELECT name, substr(value, 1, 5000) FROM metadata WHERE name IN ('name', 'attribution', 'format') "
            "AND value IS NOT NULL"
        )
        return {str(name): str(value) for name, value in rows}

    def _first(self) -> bytes:
        """How some tile begins: gzip, or the first field of a protocol buffer, tells vector tiles."""
        row = self._base.execute("SELECT substr(tile_data, 1, 8) FROM tiles LIMIT 1").fetchone()
        return row[0] if row is not None and isinstance(row[0], bytes) else b""

    def zooms(self) -> list[int]:
        query = "SELECT 1 FROM tiles WHERE zoom_level = ? LIMIT 1"
        return [zoom for zoom in range(MOST_ZOOM + 1) if self._base.execute(query, [zoom]).fetchone()]

    def tiles(self, zoom: int, columns: range, rows: range) -> Iterator[tuple[Address, bytes | None]]:
        last = 2**zoom - 1
        found = self._base.execute(
            "SELECT tile_column, tile_row, CASE WHEN length(tile_data) <= ? THEN tile_data END FROM tiles "
            "WHERE zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ? "
            "AND typeof(tile_column) = 'integer' AND typeof(tile_row) = 'integer'",
            [MOST_TILE_BYTES, zoom, columns[0], columns[-1], last - rows[-1], last - rows[0]],
        )
        for column, row, data in found:
            yield (zoom, column, last - row), data if isinstance(data, bytes) else None
