"""The legend: what is drawn, by layer and class, with counts; fitted into a column, or several, beside the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from siteplan.cartography.page import OTHER_CLASS, MapClass
from siteplan.language import Texts
from siteplan.pictures.content import DrawnLayer
from siteplan.pictures.drawing import draw_areas, draw_lines, draw_points
from siteplan.pictures.lettering import MM_PER_POINT, Lettering, plain_text
from siteplan.pictures.looks import MM_PER_PIXEL, radius_px, width_factor
from siteplan.pictures.pen import GREY, INK, Pen

Kind = Literal["point", "line", "area"]
_KINDS: tuple[Kind, ...] = ("point", "line", "area")

_SAMPLE_MM, _GAP_MM, _BETWEEN_MM = 7.5, 1.6, 5.0
_NARROWEST_MM, _WIDEST_MM = 32.0, 62.0
_LEADING, _SPACE = 1.55, 0.75
"""Height of a line and the space above a section, in parts of the font size."""
_MOST_LINES = 3
_TRIES = (
    *((1, size) for size in (8.5, 8.0, 7.5, 7.0)),
    *((2, size) for size in (8.0, 7.5, 7.0, 6.5, 6.0)),
    *((1, size) for size in (6.5, 6.0)),
    *((3, size) for size in (6.0, 5.5, 5.0)),
    *((2, size) for size in (5.5, 5.0)),
    *((1, size) for size in (5.5, 5.0)),
)
"""Columns and font sizes (points), the best first."""


@dataclass(frozen=True)
class Row:
    """One row: a heading, a class with its sample, or a note in grey."""

    label: str
    count: str = ""
    style: Literal["heading", "class", "note"] = "class"
    look: MapClass | None = None
    kind: Kind = "point"
    name: str = ""


@dataclass(frozen=True)
class Section:
    """Rows that belong together; the first may be their heading."""

    rows: tuple[Row, ...]


def legend_sections(drawn: Sequence[DrawnLayer], texts: Texts, *, beyond: bool) -> list[Section]:
    """The legend's rows, the layer on top first, what lies beneath in a section of its own at the end.

    Classes without a row are left out. `beyond`: some places lie outside the frame, so a note says what counts count.
    """
    sections = []
    for one in reversed([each for each in drawn if not each.beneath]):
        sections.append(Section((*_rows(one, texts), *_placeless(one, texts))))
    ground = [row for one in reversed([each for each in drawn if each.beneath]) for row in _rows(one, texts)]
    if ground:
        sections.append(Section((Row(texts("pictures.legend.ground"), style="heading"), *ground)))
    if beyond:
        sections.append(Section((Row(texts("pictures.legend.beyond"), style="note"),)))
    return sections


def _rows(one: DrawnLayer, texts: Texts) -> list[Row]:
    title = plain_text(one.layer.title)
    theme = plain_text(one.theme.title)
    heading = title if theme == title else texts("pictures.legend.theme", layer=title, theme=theme)
    kinds = _class_kinds(one)
    rows = [
        Row(_label(look, texts), str(count), look=look, kind=kinds[n], name=f"legend-{one.layer.key}-{n}")
        for n, (look, count) in enumerate(zip(one.classes, one.counts.tolist(), strict=True))
        if count
    ]
    if len(one.classes) == 1 and (rows and (rows[0].label == heading or one.beneath)):
        return [Row(heading, rows[0].count, look=rows[0].look, kind=rows[0].kind, name=rows[0].name)]
    return [Row(heading, str(len(one.layer.table)), style="heading"), *rows]


def _label(look: MapClass, texts: Texts) -> str:
    return texts("pictures.legend.other") if look.key == OTHER_CLASS.key else plain_text(look.label)


def _placeless(one: DrawnLayer, texts: Texts) -> list[Row]:
    n = one.without_place
    return [Row(texts("pictures.legend.without_place", n=n), style="note")] if n else []


def _class_kinds(one: DrawnLayer) -> list[Kind]:
    """What most parts of each class are; for classes without any place what most of the layer's are."""
    by_class = np.array([np.bincount(one.class_of[parts.row], minlength=len(one.classes)) for parts in one.parts])
    usual = int(by_class.sum(axis=1).argmax())
    return [_KINDS[int(own.argmax()) if own.any() else usual] for own in by_class.T]


_Broken = list[tuple[Row, list[str]]]


@dataclass(frozen=True)
class _Line:
    """One line of text at a height below the legend's top (mm, its middle) in a column."""

    row: Row
    text: str
    first: bool
    last: bool
    column: int
    down: float


@dataclass(frozen=True)
class FittedLegend:
    """A legend that fits: `width` in mm over all columns, font size in points."""

    width: float
    size: float
    column_width: float
    lines: tuple[_Line, ...] = field(repr=False)

    def draw(self, pen: Pen, left: float, top: float, zoom: float) -> None:
        """Draw it with its upper left corner there (mm); samples as large as on a map of this zoom."""
        for line in self.lines:
            x, y, row = left + line.column * (self.column_width + _BETWEEN_MM), top - line.down, line.row
            if row.style == "class" and line.first and row.look is not None:
                _sample(pen, row, x, y, self.size, zoom)
            bold, colour = row.style == "heading", GREY if row.style == "note" else INK
            start = 0.0 if row.style == "heading" else _SAMPLE_MM + _GAP_MM
            size = self.size if row.style != "note" else self.size * 0.9
            pen.write(x + start, y, line.text, size, bold=bold, colour=colour, name="legend")
            if line.last and row.count:
                pen.write(x + self.column_width, y, row.count, self.size, colour=GREY, align="right", name="legend")


def fit_legend(
    sections: Sequence[Section], letters: Lettering, texts: Texts, *, height: float, most_width: float
) -> FittedLegend:
    """The legend in letters as large, and columns as few, as fit into a height and a width (mm).

    Where even the smallest do not, the last line says how many rows are left out.
    """
    tries = [one for one in _TRIES if one[0] == 1 or _share(one[0], most_width) >= _NARROWEST_MM]
    for columns, size in tries:
        width = _column_width(sections, letters, size, _share(columns, most_width))
        broken = _broken(sections, letters, size, width)
        for part, whole in _evener(columns):
            lines = _arranged(broken, size, height * part, whole=whole)
            if not lines or lines[-1].column < columns:
                used = max((line.column for line in lines), default=0) + 1
                return FittedLegend(used * width + (used - 1) * _BETWEEN_MM, size, width, tuple(lines))
    columns, size = max(tries, key=lambda one: (one[0], -one[1]))
    width = _share(columns, most_width)
    lines = _arranged(_broken(sections, letters, size, width), size, height, whole=False)
    kept = [line for line in lines if line.column < columns][:-1]
    left_out = len({id(line.row) for line in lines} - {id(line.row) for line in kept})
    more = Row(texts("pictures.legend.more", n=left_out), style="note")
    down = kept[-1].down + size * _LEADING * MM_PER_POINT
    end = _Line(more, letters.cut(more.label, size * 0.9, width - _SAMPLE_MM - _GAP_MM), True, True, columns - 1, down)
    return FittedLegend(most_width, size, width, (*kept, end))


def _evener(columns: int) -> list[tuple[float, bool]]:
    """Parts of the height to try, and whether sections stay whole: columns of even length look best."""
    if columns == 1:
        return [(1.0, False)]
    return [(part / 10, whole) for whole in (True, False) for part in range(5, 11)]


def _share(columns: int, most_width: float) -> float:
    return (most_width - (columns - 1) * _BETWEEN_MM) / columns


def _column_width(sections: Sequence[Section], letters: Lettering, size: float, most: float) -> float:
    """As wide as the longest row, within bounds; notes are broken into lines."""
    rows = [row for one in sections for row in one.rows if row.style != "note"]
    widest = max((_row_width(row, letters, size) for row in rows), default=0.0)
    return min(max(widest, _NARROWEST_MM), _WIDEST_MM, most)


def _row_width(row: Row, letters: Lettering, size: float) -> float:
    bold = row.style == "heading"
    start = 0.0 if bold else _SAMPLE_MM + _GAP_MM
    return start + letters.width(row.label, size, bold=bold) + _count_width(row, letters, size) + 0.5


def _count_width(row: Row, letters: Lettering, size: float) -> float:
    return letters.width(row.count, size) + 2 * _GAP_MM if row.count else 0.0


def _arranged(broken: Sequence[_Broken], size: float, height: float, *, whole: bool) -> list[_Line]:
    """Lines from the top of the first column on, as many columns as it takes; no heading is left alone at a foot.

    `whole`: a section that a column could hold is not broken.
    """
    step, space = size * _LEADING * MM_PER_POINT, size * _SPACE * MM_PER_POINT
    lines: list[_Line] = []
    column, down = 0, 0.0
    for before, rows in zip((None, *broken), broken, strict=False):
        # Layers of a single row stand together like the classes of one.
        if down and not (before is not None and _is_single(before) and _is_single(rows)):
            down += space
        tall = sum(len(parts) for _, parts in rows) * step
        if whole and down and down + tall > height >= tall:
            column, down = column + 1, 0.0
        for n, (row, parts) in enumerate(rows):
            after = 1 if row.style == "heading" and n + 1 < len(rows) else 0
            if down and down + (len(parts) + after) * step > height:
                column, down = column + 1, 0.0
            for i, part in enumerate(parts):
                lines.append(_Line(row, part, i == 0, i == len(parts) - 1, column, down + step / 2))
                down += step
    return lines


def _is_single(rows: _Broken) -> bool:
    return len(rows) == 1 and rows[0][0].style == "class"


def _broken(sections: Sequence[Section], letters: Lettering, size: float, width: float) -> list[_Broken]:
    """Each section's rows with the lines their labels take in a column."""
    return [[(row, _row_lines(row, letters, size, width)) for row in section.rows] for section in sections]


def _row_lines(row: Row, letters: Lettering, size: float, width: float) -> list[str]:
    bold = row.style == "heading"
    room = width - (0.0 if bold else _SAMPLE_MM + _GAP_MM) - _count_width(row, letters, size)
    return letters.lines(row.label, size * 0.9 if row.style == "note" else size, room, _MOST_LINES, bold=bold)


def _sample(pen: Pen, row: Row, x: float, y: float, size: float, zoom: float) -> None:
    """A class's symbol, stroke or field, as on the map."""
    look = row.look
    assert look is not None
    half = size * _LEADING * MM_PER_POINT * 0.32
    if row.kind == "point":
        radius = min(radius_px(look, zoom), half * 1.1 / MM_PER_PIXEL)
        draw_points(pen.target, np.array([(x + _SAMPLE_MM / 2, y)]), look, radius, zorder=12, name=row.name)
    elif row.kind == "line":
        run = np.array([(x, y), (x + _SAMPLE_MM, y)])
        draw_lines(pen.target, [run], look, widen=width_factor(zoom), zorder=12, name=row.name)
    else:
        from matplotlib.path import Path

        corners = [(x, y - half), (x + _SAMPLE_MM, y - half), (x + _SAMPLE_MM, y + half), (x, y + half), (x, y - half)]
        draw_areas(pen.target, [Path(corners, closed=True)], look, widen=width_factor(zoom), zorder=12, name=row.name)
