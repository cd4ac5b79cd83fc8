"""Names on the map: those that find room, layers from the top down, later classes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from siteplan.pictures.content import DrawnLayer, within
from siteplan.pictures.lettering import MM_PER_POINT, Lettering, plain_text
from siteplan.pictures.looks import MM_PER_PIXEL, radius_px

POINT_SIZE, AREA_SIZE = 7.5, 9.0
"""Of names at points, and of areas and lines, in points."""
_MOST, _MOST_CLOSE = 300, 60
"""Names of a layer in the frame: so many where the web map would show them at this scale, fewer where only closer."""
_MOST_OBSTACLES = 4_000
_LONGEST = 24
_GAP_MM = 0.7


@dataclass(frozen=True)
class Candidate:
    """A name that may be written: its anchor in mm from the frame's lower left, the radius of its symbol in mm."""

    text: str
    x: float
    y: float
    radius: float
    at_point: bool
    beneath: bool
    sure: bool

    @property
    def size(self) -> float:
        """Of the letters, in points."""
        return POINT_SIZE if self.at_point else AREA_SIZE


@dataclass(frozen=True)
class Name:
    """A name that found room: the middle of its box, in mm from the frame's lower left."""

    text: str
    x: float
    y: float
    size: float
    at_point: bool
    beneath: bool


@dataclass(frozen=True)
class Frame:
    """The map's frame: its box in metres, its width and height in mm, and the web map's zoom of that scale."""

    box: tuple[float, float, float, float]
    width: float
    height: float
    zoom: float

    def to_mm(self, xy: np.ndarray) -> np.ndarray:
        """Places in metres -> mm from the frame's lower left."""
        west, south, east, north = self.box
        return (xy - (west, south)) * (self.width / (east - west), self.height / (north - south))


@dataclass
class _Room:
    """Boxes already taken, and symbols that names keep off where they can."""

    symbols: np.ndarray
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def free(self, box: tuple[float, float, float, float], *, of_symbols: bool) -> bool:
        return not _meets(np.array(self.taken).reshape(-1, 4), box) and not (of_symbols and _meets(self.symbols, box))


def _meets(boxes: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = box
    return bool(((x0 < boxes[:, 2]) & (x1 > boxes[:, 0]) & (y0 < boxes[:, 3]) & (y1 > boxes[:, 1])).any())


def candidates(drawn: Sequence[DrawnLayer], frame: Frame) -> list[Candidate]:
    """Names of layers that have any at some zoom, most important first, where the frame holds not too many."""
    found: list[Candidate] = []
    for one in sorted(drawn, key=lambda each: -each.layer.z):
        column = one.layer.label_column or one.layer.title_column
        if one.layer.label_zoom is None or column is None:
            continue
        rows, xy, at_point = _anchors(one, frame)
        sure = one.layer.label_zoom <= frame.zoom
        if len(rows) > _MOST or (len(rows) >= _MOST_CLOSE and not sure):
            continue
        by_class = np.argsort(-one.class_of[rows], kind="stable")
        values = one.layer.table[column].iloc[rows].tolist()
        for n in by_class:
            text = _written(values[n])
            if text:
                look = one.classes[one.class_of[rows[n]]]
                radius = radius_px(look, frame.zoom) * MM_PER_PIXEL if at_point[n] else 0.0
                found.append(
                    Candidate(text, float(xy[n, 0]), float(xy[n, 1]), radius, bool(at_point[n]), one.beneath, sure)
                )
    return found


def _anchors(one: DrawnLayer, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with a place in the frame, where their names belong (mm), and whether that is at a point."""
    points, lines, areas = (within(parts, frame.box) for parts in one.parts)
    rows, spots, at_point = [points.row], [shapely.get_coordinates(points.shapes)], [np.ones(len(points.row), bool)]
    for parts in (lines, areas):
        if not len(parts.row) or len(parts.row) > _MOST:
            rows.append(parts.row)
            spots.append(np.zeros((len(parts.row), 2)))
        else:
            seen = shapely.clip_by_rect(shapely.make_valid(parts.shapes), *frame.box)
            some = ~(shapely.is_empty(seen) | shapely.is_missing(seen))
            rows.append(parts.row[some])
            spots.append(shapely.get_coordinates(shapely.point_on_surface(seen[some])))
        at_point.append(np.zeros(len(rows[-1]), bool))
    row, place, point = np.concatenate(rows), frame.to_mm(np.concatenate(spots)), np.concatenate(at_point)
    inside = (place >= 0).all(axis=1) & (place <= (frame.width, frame.height)).all(axis=1)
    row, place, point = row[inside], place[inside], point[inside]
    _, first = np.unique(row, return_index=True)  # a row of several parts is named once
    return row[first], place[first], point[first]


def _written(value: object) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):  # type: ignore[call-overload]
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = plain_text(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def placed(found: Sequence[Candidate], drawn: Sequence[DrawnLayer], frame: Frame, letters: Lettering) -> list[Name]:
    """Those of the candidates that find room; none lies over another or leaves the frame."""
    room = _Room(_symbols(drawn, frame))
    # A name covers no symbol of a named place: which of them it belongs to could not be told.
    room.taken += [(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in found if c.at_point]
    names = []
    for one in found:
        width, height = letters.width(one.text, one.size), one.size * 1.15 * MM_PER_POINT
        for box in _free_boxes(one, room, frame, width + 0.6, height):
            room.taken.append(box)
            middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            names.append(Name(one.text, *middle, one.size, one.at_point, one.beneath))
            break
    return names


def _free_boxes(
    one: Candidate, room: _Room, frame: Frame, width: float, height: float
) -> list[tuple[float, float, float, float]]:
    """Boxes with room, the best first; over symbols only for names that the map shows at this scale in any case."""
    away, half, aslant = one.radius + _GAP_MM, height / 2, one.radius * 0.7 + _GAP_MM / 2
    if one.at_point:
        right, left = away + width / 2, -away - width / 2
        up, down = away + half, -away - half
        beside, above = aslant + width / 2, aslant + half
        shifts = [(right, 0.0), (left, 0.0), (0.0, up), (0.0, down)]
        shifts += [(beside, above), (beside, -above), (-beside, above), (-beside, -above)]
    else:
        shifts = [(0.0, n * height) for n in (0, 1, -1, 2, -2, 3, -3)]
    boxes = [
        (one.x + dx - width / 2, one.y + dy - half, one.x + dx + width / 2, one.y + dy + half) for dx, dy in shifts
    ]
    inside = [box for box in boxes if box[0] >= 0 and box[1] >= 0 and box[2] <= frame.width and box[3] <= frame.height]
    for of_symbols in (True, False) if one.sure else (True,):
        free = [box for box in inside if room.free(box, of_symbols=of_symbols)]
        if free:
            return free
    return []


def _symbols(drawn: Sequence[DrawnLayer], frame: Frame) -> np.ndarray:
    """Boxes (mm) of all point symbols in the frame; none where there are so many that no name would keep off them."""
    boxes = [np.empty((0, 4))]
    for one in drawn:
        points = within(one.parts[0], frame.box)
        radii = np.array([radius_px(look, frame.zoom) * MM_PER_PIXEL for look in one.classes])
        xy, r = frame.to_mm(shapely.get_coordinates(points.shapes)), radii[one.class_of[points.row]][:, None]
        boxes.append(np.hstack([xy - r, xy + r]))
    found = np.concatenate(boxes)
    return found if len(found) <= _MOST_OBSTACLES else found[:0]
