"""What stands in a drawing's model space, entity by entity, and the shape of each.

Shapes are computed from the entities' own numbers: straight parts keep their corners as drawn, arcs are cut by
`TOLERANCE`. Object coordinate systems (extrusions) are turned into the drawing's own coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import shapely

if TYPE_CHECKING:
    # Importing ezdxf is the reader's business: see `siteplan.layers.formats.dxf`.
    from ezdxf.document import Drawing

TOLERANCE = 0.01
"""The greatest distance between a curve and the straight pieces it is cut into, in drawing units."""

PIECES_OF_CIRCLE = 32
"""A full circle has at least so many pieces, however small it is (and where the unit is a degree)."""

Kind = Literal["point", "line", "ring", "other"]

_MOST_STEPS = 1_000_000
"""So many entities may come out of blocks."""
_DEEPEST = 50
_TEXTS = ("TEXT", "MTEXT")
_CURVES = ("ARC", "CIRCLE", "ELLIPSE", "SPLINE")
_FRAME_POINT = 16  # a vertex that only bends a fitted polyline and does not lie on it


class Overgrown(Exception):
    """Blocks within blocks come to more than any drawing of a county holds."""


@dataclass(frozen=True)
class Piece:
    """One entity, as it stands in model space or as a block brings it there.

    layer: the CAD layer it shows on; kind: what shape it can have; label: the type as counted; source: the entity of
    model space it comes from (itself, or the INSERT that brings it).
    """

    entity: Any
    layer: str
    kind: Kind
    label: str
    source: Any

    @property
    def is_text(self) -> bool:
        """Whether it is a piece of writing."""
        return self.entity.dxftype() in _TEXTS

    @property
    def is_curved(self) -> bool:
        """Whether its shape is cut from a curve."""
        kind = self.entity.dxftype()
        return kind in _CURVES or (kind in ("LWPOLYLINE", "POLYLINE") and bool(self.entity.has_arc))


def pieces_of(drawing: Drawing, *, explode: bool) -> Iterator[Piece]:
    """All entities of model space in their order.

    Parameters
    ----------
    drawing
        The drawing.
    explode
        Whether a block reference (INSERT) stands for the lines in the block, or for a point.

    Raises
    ------
    Overgrown
        If blocks repeat or nest without measure.
    """
    walk = _Walk(drawing, explode)
    for entity in drawing.modelspace():
        yield from walk.of(entity, entity, walk.layer_name(entity.dxf.layer), ())


class _Walk:
    """The way through model space and, where they are opened, its blocks."""

    def __init__(self, drawing: Drawing, explode: bool) -> None:
        self._drawing = drawing
        self._explode = explode
        self._steps = 0
        self._names: dict[str, str] = {}

    def layer_name(self, name: str) -> str:
        """A layer's name as the layer table spells it: CAD programs do not regard case."""
        if name not in self._names:
            layers = self._drawing.layers
            self._names[name] = str(layers.get(name).dxf.name) if name in layers else name
        return self._names[name]

    def of(self, entity: Any, source: Any, layer: str, trail: tuple[str, ...]) -> Iterator[Piece]:
        if trail:
            self._steps += 1
            self._check(0, len(trail))
        inside = " (in a block)" if trail else ""
        if entity.dxftype() != "INSERT":
            kind = _kind(entity)
            yield Piece(entity, layer, kind, entity.dxftype() + inside, source)
            return
        block = entity.block()
        fault = ""
        if block is not None and (block.block.is_xref or block.block.is_xref_overlay):
            fault = "INSERT (external drawing)"
        elif self._explode and block is None:
            fault = "INSERT (block missing)"
        elif self._explode and block.name.lower() in trail:
            fault = "INSERT (block within itself)"
        if fault:
            yield Piece(entity, layer, "other", fault, source)
            return
        self._check(entity.mcount, len(trail))
        singles = entity.multi_insert() if entity.mcount > 1 else (entity,)
        for single in singles:
            if not self._explode:
                self._steps += 1
                yield Piece(single, layer, "point", "INSERT", source)
                continue
            skipped: list[Any] = []
            parts = single.virtual_entities(skipped_entity_callback=_collector(skipped))
            for part in parts:
                # What a block holds on layer 0 shows on the layer that the block is placed on.
                own = layer if part.dxf.layer == "0" else self.layer_name(part.dxf.layer)
                yield from self.of(part, source, own, (*trail, block.name.lower()))
            for part in skipped:
                yield Piece(part, layer, "other", f"{part.dxftype()} (in a block)", source)

    def _check(self, more: int, depth: int) -> None:
        if self._steps + more > _MOST_STEPS or depth > _DEEPEST:
            raise Overgrown


def _collector(skipped: list[Any]) -> Callable[[Any, str], None]:
    def collect(entity: Any, _: str) -> None:
        skipped.append(entity)

    return collect


def _kind(entity: Any) -> Kind:
    name = entity.dxftype()
    if name in ("POINT", *_TEXTS):
        return "point"
    if name in ("LINE", "ARC"):
        return "line"
    if name == "CIRCLE":
        return "ring"
    if name == "LWPOLYLINE" or (name == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline)):
        return "ring" if entity.is_closed or _ends_meet(entity) else "line"
    if name == "ELLIPSE":
        turn = abs(entity.dxf.end_param - entity.dxf.start_param)
        return "ring" if math.isclose(turn, math.tau, rel_tol=1e-9) else "line"
    if name == "SPLINE":
        return "ring" if entity.closed else "line"
    return "other"


def _ends_meet(entity: Any) -> bool:
    """Whether a polyline that is not marked as closed ends where it began, round at least three corners."""
    if entity.dxftype() == "LWPOLYLINE":
        corners = [(x, y) for x, y in entity.get_points("xy")]
    else:
        corners = [tuple(vertex.dxf.location)[:2] for vertex in _vertices(entity)]
    return len(corners) > 3 and corners[0] == corners[-1]


def shape_of(piece: Piece, *, as_area: bool) -> shapely.Geometry | None:
    """The shape of a point, line or ring, in three dimensions; None for a line without a vertex.

    Parameters
    ----------
    piece
        Any but of kind `other`.
    as_area
        Whether a ring is a polygon.
    """
    entity = piece.entity
    if piece.kind == "point":
        return shapely.Point(_place(entity))
    corners = _corners(entity)
    if not corners:
        return None
    if len(corners) == 1:
        # A line without length, which is told as such further on.
        corners = corners * 2
    if piece.kind == "ring" and corners[0] != corners[-1]:
        corners.append(corners[0])
    if piece.kind == "ring" and as_area and len(corners) > 3:
        return shapely.Polygon(corners)
    return shapely.LineString(corners)


def _place(entity: Any) -> tuple[float, float, float]:
    name = entity.dxftype()
    if name == "POINT":
        return _xyz(entity.dxf.location)
    if name == "MTEXT":
        return _xyz(entity.dxf.insert)
    at = entity.get_placement()[1] if name == "TEXT" else entity.dxf.insert
    return _xyz(entity.ocs().to_wcs(at))


def _corners(entity: Any) -> list[tuple[float, float, float]]:
    name, dxf = entity.dxftype(), entity.dxf
    if name == "LINE":
        return [_xyz(dxf.start), _xyz(dxf.end)]
    if name in ("ARC", "CIRCLE"):
        start = math.radians(dxf.start_angle) if name == "ARC" else 0.0
        sweep = (math.radians(dxf.end_angle) - start) % math.tau or math.tau if name == "ARC" else math.tau
        x, y, z = _xyz(dxf.center)
        on_arc = _arc(x, y, abs(dxf.radius), start, sweep)
        return _in_world(entity, [(*corner, z) for corner in on_arc])
    if name in ("ELLIPSE", "SPLINE"):
        pieces = PIECES_OF_CIRCLE if name == "ELLIPSE" else 8
        corners = [_xyz(corner) for corner in entity.flattening(TOLERANCE, pieces)]
        return _without_repeats(corners)
    if name == "LWPOLYLINE":
        z = float(dxf.elevation)
        bent = _bent(entity.get_points("xyb"), closed=entity.is_closed)
        return _in_world(entity, [(x, y, z) for x, y in bent])
    vertices = _vertices(entity)
    if entity.is_3d_polyline:
        return [_xyz(vertex.dxf.location) for vertex in vertices]
    z = _xyz(dxf.elevation)[2] if dxf.hasattr("elevation") else 0.0
    # Older programs write the height of a flat polyline into its vertices.
    if not z and vertices:
        z = _xyz(vertices[0].dxf.location)[2]
    flat = [(*_xyz(vertex.dxf.location)[:2], float(vertex.dxf.get("bulge", 0.0))) for vertex in vertices]
    return _in_world(entity, [(x, y, z) for x, y in _bent(flat, closed=entity.is_closed)])


def _vertices(polyline: Any) -> list[Any]:
    return [vertex for vertex in polyline.vertices if not vertex.dxf.flags & _FRAME_POINT]


def _bent(corners: Iterable[tuple[float, float, float]], *, closed: bool) -> list[tuple[float, float]]:
    """A polyline of corners (x, y, bulge of the piece that follows) as corners only, closed where it is."""
    given = [(float(x), float(y), float(bulge)) for x, y, bulge in corners]
    if closed and given:
        given.append((given[0][0], given[0][1], 0.0))
    bent: list[tuple[float, float]] = []
    for i, (x, y, bulge) in enumerate(given):
        bent.append((x, y))
        if bulge and i + 1 < len(given):
            bent += _bulge(x, y, given[i + 1][0], given[i + 1][1], bulge)
    return bent


def _bulge(x0: float, y0: float, x1: float, y1: float, bulge: float) -> list[tuple[float, float]]:
    """The corners within an arc from one point to another; bulge: tangent of a quarter of its angle, left is plus."""
    chord = math.hypot(x1 - x0, y1 - y0)
    if not chord:
        return []
    aside = (1 - bulge * bulge) / (4 * bulge)
    x, y = (x0 + x1) / 2 - (y1 - y0) * aside, (y0 + y1) / 2 + (x1 - x0) * aside
    radius = chord * (1 + bulge * bulge) / (4 * abs(bulge))
    return _arc(x, y, radius, math.atan2(y0 - y, x0 - x), 4 * math.atan(bulge))[1:-1]


def _arc(x: float, y: float, radius: float, start: float, sweep: float) -> list[tuple[float, float]]:
    """Corners on an arc about a centre, both ends included; angles in radians."""
    step = math.tau / PIECES_OF_CIRCLE
    if radius > TOLERANCE:
        step = min(step, 2 * math.acos(1 - TOLERANCE / radius))
    pieces = max(math.ceil(abs(sweep) / step - 1e-9), 1)
    angles = [start + sweep * i / pieces for i in range(pieces + 1)]
    corners = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]
    if abs(sweep) == math.tau:
        corners[-1] = corners[0]
    return corners


def _in_world(entity: Any, corners: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    ocs = entity.ocs()
    if not ocs.transform:
        return corners
    return [_xyz(corner) for corner in ocs.points_to_wcs(corners)]


def _without_repeats(corners: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    return [corner for i, corner in enumerate(corners) if not i or corner != corners[i - 1]]


def _xyz(place: Any) -> tuple[float, float, float]:
    x, y, z = (*place, 0.0)[:3]
    return float(x), float(y), float(z)
