"""Head profiles of water lines -> pages of a PDF, or one picture; the same bytes for the same profiles.

Places on the sheet are mm from its lower left corner, font sizes points.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.language import Texts, catalogue
from siteplan.outfolder import writing
from siteplan.pictures.faults import PictureError
from siteplan.pictures.files import _drawn, picture_format, settled
from siteplan.pictures.headpanel import BELOW, GRADE, GROUND, GROUND_EDGE, STATIC, STATIC_DASHES, Box, Panel
from siteplan.pictures.lettering import MM_PER_POINT, Lettering, chosen_lettering, plain_text
from siteplan.pictures.pen import GREY, INK, Pen
from siteplan.pictures.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("station_m", "ground_m", "grade_m", "static_m")
A4, PICTURE = Sheet(210.0, 297.0, 200), Sheet(250.0, 120.0, 200)
A_PAGE = 3
"""Profiles on one page of a document."""
_TEXTS = "pictures.headprofile"
_EDGE_MM, _GAP_MM, _FOOT_MM = 8.0, 6.0, 5.0
_TITLE, _LEAST_TITLE, _LEGEND, _FOOT = 13.0, 8.0, 7.5, 7.0
_LINE = 1.45 * MM_PER_POINT
_SWATCH_MM = 8.0


@dataclass(frozen=True)
class HeadProfile:
    """One line from source to hamlet.

    title : source and hamlet. table : station_m (from the source, rising; one station twice is a step), ground_m,
    grade_m (head at peak hour), static_m (head at rest), NaN where not known. marks : (station_m, label, kind), kind
    "source", "tank", "pump", "valve", "tap" or "hamlet", the hamlet at the end last. needed_m : head the hamlet needs
    over its ground, NaN not known. verdict : words.
    """

    title: str
    table: pd.DataFrame
    marks: Sequence[tuple[float, str, str]]
    needed_m: float
    verdict: str

    @property
    def length_m(self) -> float:
        """Length of the line; 0 without rows."""
        return float(self.table["station_m"].max()) if len(self.table) else 0.0

    @property
    def head_m(self) -> float:
        """Head over the ground at the end, at peak hour; NaN not known."""
        if not len(self.table):
            return float("nan")
        return float(self.table["grade_m"].iloc[-1]) - float(self.table["ground_m"].iloc[-1])


def draw_head_profiles(
    out: Path, profiles: Sequence[HeadProfile], texts: Texts, *, title: str, font: Path | None = None
) -> None:
    """Draw profiles as an A4 document, three a page (.pdf), or the first as a picture of 250 x 120 mm (.png, .svg).

    Parameters
    ----------
    title
        Heads every page.
    font
        A font file for every text; None looks for a fitting one among the fonts of the system.

    Raises
    ------
    PictureError
        If the file is of another format, there is no profile, or a table lacks a column.
    FontError
        If no font shows the texts.
    OutputWriteError
        If the file cannot be written.
    """
    kind = picture_format(out)
    _check(profiles)
    with settled():
        if kind == "pdf":
            drawn = _document(head_profile_pages(profiles, texts, title=title, font=font), plain_text(title))
        else:
            figure = head_profile_page(profiles[:1], PICTURE, texts, title=title, font=font)
            drawn = _drawn(figure, kind, plain_text(title))
    part = out.with_name(f".{out.name}.part")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(drawn)
        part.replace(out)


def head_profile_pages(
    profiles: Sequence[HeadProfile], texts: Texts, *, title: str, font: Path | None = None
) -> list[Figure]:
    """The pages of a document. To be called within `settled()`."""
    letters = _letters(profiles, texts, title, font)
    pages = [profiles[at : at + A_PAGE] for at in range(0, len(profiles), A_PAGE)]
    return [
        _page(page, A4, texts, letters, title=title, foot=texts(f"{_TEXTS}.page", n=n, of=len(pages)), room=A_PAGE)
        for n, page in enumerate(pages, start=1)
    ]


def head_profile_page(
    profiles: Sequence[HeadProfile], sheet: Sheet, texts: Texts, *, title: str, font: Path | None = None
) -> Figure:
    """One sheet with profiles one below the other. To be called within `settled()`."""
    letters = _letters(profiles, texts, title, font)
    return _page(profiles, sheet, texts, letters, title=title, foot="", room=len(profiles))


def _check(profiles: Sequence[HeadProfile]) -> None:
    if not profiles:
        raise PictureError("head profiles: found none; expected at least one")
    for one in profiles:
        lacking = [name for name in COLUMNS if name not in one.table]
        if lacking:
            raise PictureError(f"head profile {one.title!r}: the table lacks {', '.join(lacking)}")


def _letters(profiles: Sequence[HeadProfile], texts: Texts, title: str, font: Path | None) -> Lettering:
    own = [text for key, text in catalogue(texts.language).items() if key.startswith(f"{_TEXTS}.")]
    said = [text for one in profiles for text in (one.title, one.verdict, *(label for _, label, _ in one.marks))]
    return chosen_lettering([*own, *map(plain_text, (title, *said)), "0123456789.,-…km"], font)


def _page(
    profiles: Sequence[HeadProfile],
    sheet: Sheet,
    texts: Texts,
    letters: Lettering,
    *,
    title: str,
    foot: str,
    room: int,
) -> Figure:
    """Title and legend above, `room` equal places for profiles, `foot` beneath."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(sheet.width / 25.4, sheet.height / 25.4), dpi=sheet.dpi, facecolor="white")
    pen = Pen(figure, letters)
    top = _heading(pen, plain_text(title), texts, sheet)
    bottom = _EDGE_MM
    if foot:
        pen.write(sheet.width / 2, bottom, foot, _FOOT, colour=GREY, align="center", name="foot")
        bottom += _FOOT_MM
    tall = (top - bottom - (room - 1) * _GAP_MM) / max(room, 1)
    panels = [Panel(one, texts, letters) for one in profiles]
    # One gutter for the sheet, so that the frames stand one below the other.
    gutter = max((panel.gutter_mm() for panel in panels), default=0.0)
    for n, panel in enumerate(panels):
        low = top - (n + 1) * tall - n * _GAP_MM
        panel.draw(pen, Box(_EDGE_MM, low, sheet.width - 2 * _EDGE_MM, tall), gutter)
    return figure


def _heading(pen: Pen, title: str, texts: Texts, sheet: Sheet) -> float:
    """The title and, beneath it, the legend; gives the height that is free below them."""
    width, y = sheet.width - 2 * _EDGE_MM, sheet.height - _EDGE_MM
    if title:
        size = _TITLE
        while size > _LEAST_TITLE and pen.letters.width(title, size, bold=True) > width:
            size -= 0.5
        line = pen.letters.cut(title, size, width, bold=True)
        pen.write(_EDGE_MM, y - size * _LINE / 2, line, size, bold=True, name="sheet-title")
        y -= size * _LINE + 1.0
    _legend(pen, texts, y - _LEGEND * _LINE / 2, width)
    return y - _LEGEND * _LINE - 2.5


def _legend(pen: Pen, texts: Texts, y: float, width: float) -> None:
    from matplotlib.lines import Line2D

    labels = {name: texts(f"{_TEXTS}.{name}") for name in ("ground", "grade", "static", "below")}
    size, between = _LEGEND, 6.0
    fixed = len(labels) * (_SWATCH_MM + 1.5) + (len(labels) - 1) * between
    while size > 5.0 and fixed + sum(pen.letters.width(one, size) for one in labels.values()) > width:
        size -= 0.25
    x = _EDGE_MM
    for name, label in labels.items():
        right = x + _SWATCH_MM
        if name == "ground":
            pen.polygon([(x, y - 1.2), (right, y - 1.2), (right, y + 0.6), (x, y + 0.6)], fill=GROUND, width=0.0)
            pen.line([x, right], [y + 0.6, y + 0.6], 1.0, colour=GROUND_EDGE)
        elif name == "static":
            dashed = Line2D([x, right], [y, y], transform=pen.mm, color=STATIC, linewidth=1.1, zorder=10)
            dashed.set_linestyle(STATIC_DASHES)
            pen.figure.add_artist(dashed)
        else:
            pen.line([x, right], [y, y], 1.8, colour=GRADE if name == "grade" else BELOW)
        pen.write(right + 1.5, y, label, size, colour=INK, name="legend")
        x = right + 1.5 + pen.letters.width(label, size) + between


def _document(pages: Sequence[Figure], title: str) -> bytes:
    from matplotlib.backends.backend_pdf import PdfPages

    stream = io.BytesIO()
    # A date would make each run's bytes its own.
    about = {"Creator": "siteplan", "Producer": "siteplan", "Title": title, "CreationDate": None}
    with PdfPages(stream, metadata=about) as document:
        for figure in pages:
            document.savefig(figure)
    return stream.getvalue()
