"""`draw_picture`: a `MapPage` -> one PNG, SVG or PDF file, the same bytes for the same page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.cartography.page import MapPage
from siteplan.outfolder import writing
from siteplan.pictures.faults import PictureError
from siteplan.pictures.frame import Extent
from siteplan.pictures.lettering import plain_text
from siteplan.pictures.sheet import Sheet, compose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
_SETTINGS = {
    "lines.scale_dashes": False,  # dashes are points on paper, not multiples of the width
    "hatch.linewidth": 0.6,
    "pdf.fonttype": 42,  # whole outlines: Chinese text can be read back
    "svg.fonttype": "path",  # shows where the font is not installed
    "svg.hashsalt": "siteplan",  # else ids are random
    "text.hinting": "none",  # letters as wide as they were measured, at any number of dots
    "text.parse_math": False,
    "text.usetex": False,
}
_SMALLEST_MM, _LARGEST_MM = 100.0, 3_000.0
_LOWEST_DPI, _HIGHEST_DPI = 30, 1_200
_MOST_PIXELS = 200_000_000


def picture_format(out: Path) -> str:
    """The format that a file's suffix asks for: png, svg or pdf.

    Raises
    ------
    PictureError
        If it is none of them.
    """
    kind = out.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise PictureError(f"{out}: found the suffix {out.suffix!r}; expected one of .png, .svg, .pdf")
    return kind


def draw_picture(
    page: MapPage,
    out: Path,
    *,
    layers: Sequence[str] = (),
    theme: str | None = None,
    width_mm: float = 250.0,
    height_mm: float = 180.0,
    dpi: int = 200,
    font: Path | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> None:
    """Draw a page as a sheet: map, legend, scale bar, north arrow, title and a foot line.

    Parameters
    ----------
    page : MapPage
        What the map holds. It is drawn in the CRS of its tables, in metres.
    out : pathlib.Path
        The file; its suffix says the format: .png, .svg or .pdf.
    layers : sequence of str
        Keys of the layers to be drawn in full, in any order; none: those the page shows at first, what is planned left
        out. Boundaries, rivers, seats and the page's terrain are drawn beneath them, muted.
    theme : str or None
        Key of a theme of one of these layers, used instead of its first.
    width_mm, height_mm : float
        Size of the sheet.
    dpi : int
        Dots an inch of a PNG, and of what a PDF or SVG holds as an image (layers of over 20,000 features, terrain).
    font : pathlib.Path or None
        A .ttf, .otf or .ttc file for every text; None looks for a fitting one among the fonts of the system.
    extent : (west, south, east, north) or None
        Metres in the CRS of the tables; widened to the shape of the frame. None shows all of the layers.
    title : str or None
        Heads the sheet instead of the page's title.

    Raises
    ------
    PictureError
        If format, size, layers, theme or extent are not usable.
    FontError
        If no font shows the texts, or the one given does not.
    LayerError
        If a table has no CRS, or places that have no coordinates in the CRS of the drawing.
    OutputWriteError
        If the file cannot be written.
    """
    kind = picture_format(out)
    sheet = Sheet(_length("width", width_mm), _length("height", height_mm), _dots(dpi, width_mm, height_mm))
    with settled():
        figure = compose(page, sheet, layers=layers, theme=theme, font=font, extent=extent, title=title)
        drawn = _drawn(figure, kind, plain_text(page.title if title is None else title))
    part = out.with_name(f".{out.name}.part")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(drawn)
        part.replace(out)


@contextmanager
def settled() -> Iterator[None]:
    """Within it matplotlib has its own defaults and our settings, whatever the user's; afterwards it is as before."""
    from matplotlib import style

    with style.context(["default", _SETTINGS]):
        yield


def _drawn(figure: Figure, kind: str, title: str) -> bytes:
    # What is None is left out: a date would make each run's bytes its own.
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": "siteplan", "Title": title},
        "svg": {"Creator": "siteplan", "Title": title, "Date": None},
        "pdf": {"Creator": "siteplan", "Producer": "siteplan", "Title": title, "CreationDate": None},
    }
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata=metadata[kind])
    return stream.getvalue()


def _length(name: str, mm: float) -> float:
    if not _SMALLEST_MM <= mm <= _LARGEST_MM:
        raise PictureError(f"picture: found a {name} of {mm:g} mm; expected {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm")
    return float(mm)


def _dots(dpi: int, width_mm: float, height_mm: float) -> int:
    if not _LOWEST_DPI <= dpi <= _HIGHEST_DPI:
        raise PictureError(f"picture: found {dpi} dpi; expected {_LOWEST_DPI} to {_HIGHEST_DPI}")
    pixels = width_mm * height_mm * (dpi / 25.4) ** 2
    if pixels > _MOST_PIXELS:
        raise PictureError(
            f"picture: {width_mm:g} x {height_mm:g} mm at {dpi} dpi are {pixels / 1e6:.0f} million pixels; "
            f"expected at most {_MOST_PIXELS / 1e6:.0f} million: take fewer dots an inch or a smaller sheet"
        )
    return int(dpi)
