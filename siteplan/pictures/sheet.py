"""The sheet: title above, the map in its frame, the legend with arrow and scale bar at its right, a line at the foot.

Places on the sheet are mm from its lower left corner, font sizes points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyproj

from siteplan.cartography.page import MapPage
from siteplan.language import Texts
from siteplan.pictures.content import DrawnLayer, drawn_layers
from siteplan.pictures.frame import Extent, framed, reaches_beyond, shown_extent
from siteplan.pictures.legend import fit_legend, legend_sections
from siteplan.pictures.lettering import MM_PER_POINT, Lettering, chosen_lettering, plain_text
from siteplan.pictures.mapping import add_map, draw_layers, draw_relief, write_names
from siteplan.pictures.marginalia import draw_arrow, draw_grid, draw_scale, in_km
from siteplan.pictures.names import Frame, candidates, placed
from siteplan.pictures.pen import GREY, Pen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EDGE_MM, _FOOT_LOW_MM = 8.0, 7.0
_TICKS_MM = 4.5
"""Room for figures at the frame's left and foot."""
_COLUMN_GAP_MM = 5.0
_BLOCK_MM = 17.0
"""Height of arrow and scale bar below the legend."""
_LEGEND_SHARE = 0.42
"""Of the sheet's width, at most."""
_TITLE, _LEAST_TITLE, _SUBTITLE, _FOOT, _MARK = 15.0, 10.0, 9.0, 6.5, 8.0
_MOST_FOOT_LINES = 3
_TITLE_GAP_MM, _FOOT_GAP_MM, _ARROW_MM = 2.0, 1.5, 9.0
_NO_ZOOM = 12.0
"""For the legend's samples where there is no map."""
_LINE = 1.45 * MM_PER_POINT
"""Height of a line of text, in mm a point."""


@dataclass(frozen=True)
class Sheet:
    """Size in mm, and dots an inch of what is drawn as an image."""

    width: float
    height: float
    dpi: int


@dataclass(frozen=True)
class _Words:
    """What stands about the map, cleaned."""

    title: str
    subtitle: str
    foot: tuple[str, ...]
    units: tuple[str, str]
    mark: str
    north: str
    nothing: str

    @classmethod
    def of(cls, page: MapPage, title: str | None, crs: pyproj.CRS, texts: Texts, sheet: Sheet) -> _Words:
        own_crs = any(layer.table.crs == crs for layer in page.layers)
        foot = [texts("pictures.foot.crs", crs=page.crs_name if page.crs_name and own_crs else crs.name)]
        if page.grid is not None:
            foot.append(texts("pictures.foot.meridian", degrees=f"{page.grid.central_meridian:g}"))
        if page.source:
            foot.append(texts("pictures.foot.source", source=page.source))
        foot.append(texts("pictures.foot.size", width=f"{sheet.width:g}", height=f"{sheet.height:g}"))
        return cls(
            plain_text(page.title if title is None else title),
            plain_text(page.subtitle),
            tuple(plain_text(one) for one in foot),
            (texts("pictures.foot.unit_km"), texts("pictures.foot.unit_m")),
            texts("pictures.sheet.mark"),
            texts("pictures.sheet.north"),
            texts("pictures.sheet.nothing"),
        )


def compose(
    page: MapPage,
    sheet: Sheet,
    *,
    layers: Sequence[str] = (),
    theme: str | None = None,
    font: Path | None = None,
    extent: Extent | None = None,
    title: str | None = None,
) -> Figure:
    """The figure of a whole sheet; parameters and errors as of `draw_picture`. To be called within `settled()`."""
    from matplotlib.figure import Figure

    texts = Texts(page.language)
    crs, drawn = drawn_layers(page, layers, theme)
    wanted = shown_extent(drawn, extent)
    words = _Words.of(page, title, crs, texts, sheet)
    sections = legend_sections(drawn, texts, beyond=extent is not None and reaches_beyond(drawn, extent))
    in_legend = [text for one in sections for row in one.rows for text in (row.label, row.count)]
    around = [
        words.title,
        words.subtitle,
        *words.foot,
        *words.units,
        words.mark,
        words.north,
        words.nothing,
        *in_legend,
    ]
    letters = chosen_lettering([*around, texts("pictures.legend.more", n=0), "0123456789 km 1:,…"], font)

    figure = Figure(figsize=(sheet.width / 25.4, sheet.height / 25.4), dpi=sheet.dpi, facecolor="white")
    pen = Pen(figure, letters)
    top = _draw_title(pen, words, sheet)
    bottom = _foot_height(pen, words, sheet) + _TICKS_MM
    left, right = _EDGE_MM + _TICKS_MM, sheet.width - _EDGE_MM
    legend = fit_legend(
        sections, letters, texts, height=top - bottom - _BLOCK_MM, most_width=sheet.width * _LEGEND_SHARE
    )
    column = right - legend.width
    width, height = column - _COLUMN_GAP_MM - left, top - bottom
    if wanted is None:
        corners = [(left, bottom), (left + width, bottom), (left + width, top), (left, top)]
        pen.polygon(corners, fill="white", width=0.8)
        _write_nothing(pen, left, bottom, width, height, words.nothing)
        legend.draw(pen, column, top, _NO_ZOOM)
        _draw_foot(pen, words, sheet, words.foot)
        return figure
    frame = framed(wanted, crs, width, height)
    axes = add_map(pen, left, bottom, frame)
    if page.terrain is not None:
        draw_relief(axes, page.terrain, crs, frame, sheet.dpi)
    if not draw_layers(axes, drawn, frame):
        _write_nothing(pen, left, bottom, width, height, words.nothing)
    _name_places(pen, left, bottom, drawn, frame, font)
    draw_grid(pen, left, bottom, frame)
    legend.draw(pen, column, top, frame.zoom)
    draw_arrow(pen, column, bottom, words.north)
    draw_scale(pen, column + _ARROW_MM, bottom, legend.width - _ARROW_MM, frame)
    _draw_foot(pen, words, sheet, (*words.foot, words.units[0 if in_km(frame) else 1]))
    return figure


def _name_places(
    pen: Pen, left: float, bottom: float, drawn: Sequence[DrawnLayer], frame: Frame, font: Path | None
) -> None:
    """Names on the map, in the sheet's lettering where that has their characters."""
    found = candidates(drawn, frame)
    written = [one.text for one in found]
    letters = pen.letters if pen.letters.covers(written) else chosen_lettering(written, font)
    write_names(pen, left, bottom, placed(found, drawn, frame, letters), letters)


def _draw_title(pen: Pen, words: _Words, sheet: Sheet) -> float:
    """Title and, smaller, subtitle in the upper left; gives the height that is free below them."""
    width, y = sheet.width - 2 * _EDGE_MM, sheet.height - _EDGE_MM
    if words.title:
        size = _TITLE
        while size > _LEAST_TITLE and pen.letters.width(words.title, size, bold=True) > width:
            size -= 0.5
        for line in pen.letters.lines(words.title, size, width, 2, bold=True):
            pen.write(_EDGE_MM, y - size * _LINE / 2, line, size, bold=True, name="title")
            y -= size * _LINE
    if words.subtitle:
        line = pen.letters.cut(words.subtitle, _SUBTITLE, width)
        pen.write(_EDGE_MM, y - _SUBTITLE * _LINE / 2, line, _SUBTITLE, colour=GREY, name="subtitle")
        y -= _SUBTITLE * _LINE
    return y - _TITLE_GAP_MM


def _foot_height(pen: Pen, words: _Words, sheet: Sheet) -> float:
    """The height that is free above the foot, whichever unit it names."""
    most = max(len(_foot_lines(pen, words, sheet, (*words.foot, unit))) for unit in words.units)
    return _FOOT_LOW_MM + max(_MARK, most * _FOOT) * _LINE + _FOOT_GAP_MM


def _foot_lines(pen: Pen, words: _Words, sheet: Sheet, parts: Sequence[str]) -> list[str]:
    return _filled(parts, pen.letters, sheet.width - 2 * _EDGE_MM - _mark_width(pen, words) - 4.0)


def _mark_width(pen: Pen, words: _Words) -> float:
    return pen.letters.width(words.mark, _MARK, bold=True) + 2.4


def _draw_foot(pen: Pen, words: _Words, sheet: Sheet, parts: Sequence[str]) -> None:
    """The foot lines and, boxed at their right, the mark."""
    right, low, tall = sheet.width - _EDGE_MM, _FOOT_LOW_MM, _MARK * _LINE
    left = right - _mark_width(pen, words)
    pen.polygon([(left, low), (right, low), (right, low + tall), (left, low + tall)], fill="white", width=0.8)
    pen.write((left + right) / 2, low + tall / 2, words.mark, _MARK, bold=True, align="center", name="mark")
    lines = _foot_lines(pen, words, sheet, parts)
    start = low + max(tall - len(lines) * _FOOT * _LINE, 0.0) / 2  # a single line stands level with the mark
    for n, line in enumerate(reversed(lines)):
        pen.write(_EDGE_MM, start + (n + 0.5) * _FOOT * _LINE, line, _FOOT, colour=GREY, name="foot")


def _filled(parts: Sequence[str], letters: Lettering, width: float) -> list[str]:
    """The parts in as few lines as hold them; one that is longer than a line is broken."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}    {part}" if lines else part
        if lines and letters.width(joined, _FOOT) <= width:
            lines[-1] = joined
        else:
            lines += letters.lines(part, _FOOT, width, _MOST_FOOT_LINES)
    if len(lines) <= _MOST_FOOT_LINES:
        return lines
    return [*lines[: _MOST_FOOT_LINES - 1], letters.cut(lines[_MOST_FOOT_LINES - 1] + "…", _FOOT, width)]


def _write_nothing(pen: Pen, left: float, bottom: float, width: float, height: float, text: str) -> None:
    """An empty map says so."""
    size = 11.0
    lines = pen.letters.lines(text, size, width - 8, 3)
    for n, line in enumerate(lines):
        y = bottom + height / 2 - (n - (len(lines) - 1) / 2) * size * _LINE
        pen.write(left + width / 2, y, line, size, colour=GREY, align="center", name="nothing")
