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
_LONGEST = 32
_GAP_MM = 0.7
_SMALL_MM = 6.0
"""Lines and areas smaller than this are named like points."""
_HALF_NAME_MM = 7.0
_SPOTS = 9
"""A name inside an area is tried at so many places across and up."""

Box = tuple[float, float, float, float]
_Place = tuple[tuple[tuple[float, float], ...], float, bool]
"""Spots, radius and whether the name stands beside them, as of `Candidate`."""


@dataclass(frozen=True)
class Candidate:
    """A name that may be written, in mm from the frame's lower left.

    `spots` are where it belongs: the middle of its symbol, `radius` wide, or places inside its area, the best first.
    `sure`: at this scale the web map shows it, so it may cover symbols of other layers where it cannot keep off them.
    """

    text: str
    spots: tuple[tuple[float, float], ...]
    radius: float
    at_point: bool
    beneath: bool
    sure: bool

    @property
    def size(self) -> float:
        """Of the letters, in points."""
        return POINT_SIZE if self.at_point else AREA_SIZE

    @property
    def symbol(self) -> Box:
        """The box about its symbol."""
        (x, y), r = self.spots[0], self.radius
        return x - r, y - r, x + r, y + r


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

    box: Box
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
    taken: list[Box] = field(default_factory=list)

    def best(self, boxes: list[Box], *, over_symbols: bool) -> Box | None:
        """The box that is free and covers the fewest symbols (none, unless `over_symbols`); the first of equals."""
        taken = np.array(self.taken).reshape(-1, 4)
        free = [box for box in boxes if not _meeting(taken, box)]
        if not free:
            return None
        covered = [_meeting(self.symbols, box) for box in free]
        fewest = min(covered)
        return free[covered.index(fewest)] if over_symbols or not fewest else None


def _meeting(boxes: np.ndarray, box: Box) -> int:
    """How many of the boxes meet this one."""
    x0, y0, x1, y1 = box
    return int(((x0 < boxes[:, 2]) & (x1 > boxes[:, 0]) & (y0 < boxes[:, 3]) & (y1 > boxes[:, 1])).sum())


def candidates(drawn: Sequence[DrawnLayer], frame: Frame) -> list[Candidate]:
    """Names of layers that have any at some zoom, most important first, where the frame holds not too many."""
    found: list[Candidate] = []
    for one in sorted(drawn, key=lambda each: -each.layer.z):
        column = one.layer.label_column or one.layer.title_column
        if one.layer.label_zoom is None or column is None:
            continue
        places = _places(one, frame)
        sure = one.layer.label_zoom <= frame.zoom
        if len(places) > _MOST or (len(places) >= _MOST_CLOSE and not sure):
            continue
        texts = one.layer.table[column]
        for row in sorted(places, key=lambda row: (-int(one.class_of[row]), row)):
            text = _written(texts.iloc[row])
            if text:
                spots, radius, at_point = places[row]
                found.append(Candidate(text, spots, radius, at_point, one.beneath, sure))
    return sorted(found, key=lambda one: not one.sure)


def _places(one: DrawnLayer, frame: Frame) -> dict[int, _Place]:
    """By row that has a place in the frame: where its name belongs. A row of several parts is named once."""
    points, lines, areas = (within(parts, frame.box) for parts in one.parts)
    found: dict[int, _Place] = {}
    xy = frame.to_mm(shapely.get_coordinates(points.shapes))
    inside = (xy >= 0).all(axis=1) & (xy <= (frame.width, frame.height)).all(axis=1)
    radii = [radius_px(look, frame.zoom) * MM_PER_PIXEL for look in one.classes]
    for row, (x, y) in zip(points.row[inside].tolist(), xy[inside].tolist(), strict=True):
        found.setdefault(row, (((x, y),), radii[one.class_of[row]], True))
    for parts in (lines, areas):
        if len(parts.row) > _MOST:
            # Too many to be named in any case: counted, not looked at.
            found |= dict.fromkeys(parts.row.tolist(), (((0.0, 0.0),), 0.0, False))
            continue
        seen = shapely.clip_by_rect(shapely.make_valid(parts.shapes), *frame.box)
        for row, shape in zip(parts.row.tolist(), seen, strict=True):
            if not shapely.is_empty(shape):
                found.setdefault(row, _place_in(shape, frame))
    return found


def _place_in(shape: shapely.Geometry, frame: Frame) -> _Place:
    """Spots inside a line or area; one so small that no name finds room in it is named like a point."""
    corners = frame.to_mm(shapely.bounds(shape).reshape(2, 2))
    across, up = np.ptp(corners, axis=0)
    if max(across, up) < _SMALL_MM:
        x, y = corners.mean(axis=0).tolist()
        return ((x, y),), max(across, up) / 2, True
    middle = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
    west, south, east, north = shapely.bounds(shape).tolist()
    grid = np.meshgrid(np.linspace(west, east, _SPOTS + 2)[1:-1], np.linspace(south, north, _SPOTS + 2)[1:-1])
    spots = np.column_stack([grid[0].ravel(), grid[1].ravel()])
    # A name that reaches into the next area would seem to be of that one.
    half = _HALF_NAME_MM * (frame.box[2] - frame.box[0]) / frame.width
    for aside in (-half, 0.0, half):
        spots = spots[shapely.contains_xy(shape, spots[:, 0] + aside, spots[:, 1])]
    near = np.argsort(((spots - middle) ** 2).sum(axis=1), kind="stable")
    places = frame.to_mm(np.vstack([middle, spots[near]]))
    return tuple((x, y) for x, y in places.tolist()), 0.0, False


def _written(value: object) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):  # type: ignore[call-overload]
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = plain_text(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def placed(found: Sequence[Candidate], drawn: Sequence[DrawnLayer], frame: Frame, letters: Lettering) -> list[Name]:
    """Those of the candidates that find room; none lies over another or leaves the frame."""
    # A name covers no symbol of a named place: which of them it belongs to could not be told.
    room = _Room(_symbols(drawn, frame), [one.symbol for one in found if one.at_point])
    names = []
    for one in found:
        width, height = letters.width(one.text, one.size) + 0.6, one.size * 1.15 * MM_PER_POINT
        boxes = [
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            for x, y in _middles(one, width, height)
            if width / 2 <= x <= frame.width - width / 2 and height / 2 <= y <= frame.height - height / 2
        ]
        box = room.best(boxes, over_symbols=one.sure)
        if box is not None:
            room.taken.append(box)
            names.append(
                Name(one.text, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, one.size, one.at_point, one.beneath)
            )
    return names


def _middles(one: Candidate, width: float, height: float) -> list[tuple[float, float]]:
    """Where the middle of a name may be, the best first: beside its symbol, or at its spots."""
    if not one.at_point:
        return list(one.spots)
    (x, y) = one.spots[0]
    away, aslant = one.radius + _GAP_MM, one.radius * 0.7 + _GAP_MM / 2
    beside, above = away + width / 2, away + height / 2
    right, up = aslant + width / 2, aslant + height / 2
    shifts = [(beside, 0.0), (-beside, 0.0), (0.0, above), (0.0, -above)]
    shifts += [(right, up), (right, -up), (-right, up), (-right, -up)]
    return [(x + dx, y + dy) for dx, dy in shifts]


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
