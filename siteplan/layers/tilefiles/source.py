"""What both formats of tile files share: how tiles are asked for, the limits, the faults, and text made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Protocol

from siteplan.errors import LayerError

LAYER = "tiles"
"""The layer's name in messages."""

Address = tuple[int, int, int]
"""Zoom, column from the west, row from the north."""

MOST_TILE_BYTES = 2_000_000
MOST_ZOOM = 22
MOST_SECONDS = 60.0
_MOST_TEXT = 300
RASTER_HINT = (
    "expected tiles that are pictures (PNG, JPEG or WebP); make such a file in QGIS: Processing, Generate XYZ tiles "
    "(MBTiles)"
)


class TileSource(Protocol):
    """A tile file of either format."""

    @property
    def title(self) -> object:
        """What the file calls the map, as it stands there."""

    @property
    def attribution(self) -> object:
        """Whom the file thanks, as it stands there."""

    def zooms(self) -> list[int]:
        """The zooms it has tiles of, rising."""

    def tiles(self, zoom: int, columns: range, rows: range) -> Iterator[tuple[Address, bytes | None]]:
        """The tiles there, read one by one as they are asked for; None for one larger than a tile may be."""


def damaged(told: str, what: str) -> LayerError:
    """The error of a file that is cut or broken."""
    return LayerError(
        f"{LAYER}: {told} is damaged or incomplete: {what}; copy the file again from where it was made, or make it "
        "again"
    )


def too_long(told: str) -> LayerError:
    """The error of a file that keeps its reader busy."""
    return LayerError(
        f"{LAYER}: reading {told} took over {MOST_SECONDS:.0f} s and was stopped; the file is damaged or made to "
        "harm, or has no index; make it again"
    )


def vector(told: str) -> LayerError:
    """The error of a file of vector tiles."""
    return LayerError(f"{LAYER}: {told} holds vector tiles (pbf, MVT), which this map cannot draw; {RASTER_HINT}")


def plain_text(html: object) -> str:
    """The text of a piece of HTML on one line: without tags, scripts and control characters, at most 300 characters.

    What comes out is still text and no HTML: `&lt;b&gt;` gives `<b>`.
    """
    parser = _Stripper()
    parser.feed(str(html)[: 20 * _MOST_TEXT])
    parser.close()
    shown = "".join(one if one.isprintable() else " " for one in "".join(parser.parts))
    return re.sub(r"\s+", " ", shown).strip()[:_MOST_TEXT]


class _Stripper(HTMLParser):
    """Gathers what stands between tags, but for scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
