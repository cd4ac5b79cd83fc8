"""DXF drawings: one CAD layer's lines, points and texts, each entity of model space read or counted as left out.

Columns: `cad_layer`, `cad_type`, `cad_handle`, `cad_block` (where there are block references), `cad_color` (AutoCAD
colour number or #rrggbb, the layer's where the entity follows it), `cad_linetype`, the words of texts (`name`, or the
block attribute that stands for it), and each attribute of the blocks. A drawing names no CRS; lengths are in its unit.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import shapely

from siteplan.errors import LayerError
from siteplan.layers.contract import contract, folded
from siteplan.layers.formats import gdal
from siteplan.layers.formats.dxf_shapes import (
    PIECES_OF_CIRCLE,
    TOLERANCE,
    Overgrown,
    Piece,
    pieces_of,
    shape_of,
)
from siteplan.layers.formats.dxf_text import decoded, entities_written
from siteplan.layers.formats.filelayer import FileLayer, Note, Request, damaged, private_copy

if TYPE_CHECKING:
    from ezdxf.document import Drawing

_BINARY = b"AutoCAD Binary DXF"
_SHAPE = "siteplan:shape"
_METRES, _UNITLESS = 6, 0
_NO_METRES = 1e8
"""No projected CRS has coordinates so large in metres, zone numbers before the easting included."""


def read_dxf(request: Request, folder: Path) -> FileLayer:
    """The entities of one CAD layer that have a shape the contract knows, in the drawing's order.

    Points are POINT, TEXT, MTEXT and INSERT; lines are LINE, ARC, polylines, SPLINE, open ELLIPSE; closed ones and
    CIRCLE are polygons where the contract wants polygons. Where it wants no points, block references stand for the
    lines in their blocks. Heights are kept as Z.

    Raises
    ------
    LayerError
        Damaged or cut, text in no encoding tried, several CAD layers and none named, nothing of the wanted geometry
        on it, or coordinates too large for metres.
    """
    name, told = request.contract, request.told
    drawing, digest, notes = _opened(request, folder)
    wanted = contract(name).geometry
    pieces = _pieces(request, drawing)
    layer = _chosen(request, pieces)
    here = [piece for piece in pieces if piece.layer == layer]
    kept = [piece for piece in here if _fits(piece, wanted)]
    left_out = Counter(piece.label for piece in here if not _fits(piece, wanted))
    if here and not kept:
        raise LayerError(
            f"{name}: the CAD layer {layer!r} of {told} holds nothing of geometry {' or '.join(wanted)}; "
            f"it holds: {_listed(left_out)}; mend [layers.{name}] layer in the plan"
        )
    shapes, faults = _shapes(kept, "Polygon" in wanted)
    _check_size(request, drawing, shapes)
    notes += _notes(drawing, pieces, kept, left_out, faults)
    with _library_faults(request):
        texts = _columns(request, drawing, kept)
    columns: dict[str, Any] = {**texts, _SHAPE: pa.array(shapely.to_wkb(shapes))}
    return FileLayer(gdal.plain_table(pa.table(columns), _SHAPE), layer, "DXF", None, digest, notes)


def drawing_layers(request: Request, folder: Path) -> list[str]:
    """The CAD layers with lines or points on them, in the order their first one is met.

    Raises
    ------
    LayerError
        Damaged or cut, or text in no encoding tried.
    """
    drawing, _, _ = _opened(request, folder)
    return list(_drawn(_pieces(request, drawing)))


def _opened(request: Request, folder: Path) -> tuple[Drawing, str, list[Note]]:
    """The drawing, after its entities were counted; the hash of the file; what is to be told of its text."""
    name, told = request.contract, request.told
    digest = private_copy([(request.path, "layer.dxf")], folder)
    data = (folder / "layer.dxf").read_bytes()
    if data.startswith(_BINARY):
        raise LayerError(f"{name}: {told} is a binary DXF; save it as an ASCII (text) DXF from the drawing program")
    text, notes = decoded(request, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    written = entities_written(request, text)
    with _unsettled(folder):
        from ezdxf.filemanagement import read as read_drawing
    with _library_faults(request):
        drawing = read_drawing(io.StringIO(text))
        read = sum(len(layout) for layout in (drawing.modelspace(), drawing.paperspace()))
    if read != written:
        raise damaged(name, told, f"it holds {written} entities but {read} can be read")
    return drawing, digest, notes


@contextmanager
def _library_faults(request: Request) -> Iterator[None]:
    """What the library meets in a broken file, it tells with whatever exception comes: the file is damaged."""
    from ezdxf.lldxf.const import DXFError

    try:
        yield
    except LayerError:
        raise
    except (DXFError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
        raise damaged(request.contract, request.told, str(error).strip() or type(error).__name__) from error


@contextmanager
def _unsettled(folder: Path) -> Iterator[None]:
    """Keep the library from scanning all fonts and from settings and caches in the user's home when it is loaded."""
    cache = folder / "ezdxf"
    cache.mkdir(exist_ok=True)
    fonts = {"version": 2, "font-faces": []}
    (cache / "font_manager_cache.json").write_text(json.dumps(fonts), "utf-8")
    own = {"XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "EZDXF_CONFIG_FILE": ""}
    before = {key: os.environ.get(key) for key in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _pieces(request: Request, drawing: Drawing) -> list[Piece]:
    wanted = contract(request.contract).geometry
    try:
        with _library_faults(request):
            return list(pieces_of(drawing, explode="Point" not in wanted))
    except (Overgrown, RecursionError) as error:
        raise LayerError(
            f"{request.contract}: the blocks of {request.told} repeat or nest without measure, as harmful files do; "
            "explode them in the drawing program and save it anew"
        ) from error


def _drawn(pieces: list[Piece]) -> dict[str, Counter[str]]:
    """CAD layer -> lines, points and others on it, for the layers that have lines or points."""
    counts: dict[str, Counter[str]] = {}
    for piece in pieces:
        counts.setdefault(piece.layer, Counter())["line" if piece.kind == "ring" else piece.kind] += 1
    return {layer: count for layer, count in counts.items() if count["line"] or count["point"]}


def _chosen(request: Request, pieces: list[Piece]) -> str:
    """The CAD layer that is meant: the plan's word, the only one drawn on, or the only one the contract names."""
    name, told, counts = request.contract, request.told, _drawn(pieces)
    listed = ", ".join(f"{layer} ({n['line']} lines, {n['point']} points)" for layer, n in counts.items()) or "none"
    if request.layer is not None:
        for layer in dict.fromkeys((*counts, *(piece.layer for piece in pieces))):
            if folded(layer) == folded(request.layer):
                return layer
        raise LayerError(
            f"{name}: {told} has nothing drawn on a CAD layer {request.layer!r}; drawn on are: {listed}; "
            f"mend [layers.{name}] layer in the plan"
        )
    if len(counts) == 1:
        return next(iter(counts))
    words = {folded(word) for word in (name, *contract(name).names)}
    named = [layer for layer in counts if folded(layer) in words]
    if len(named) == 1:
        return named[0]
    if not counts:
        raise LayerError(f"{name}: {told} has no lines and no points in its model space (it is empty)")
    raise LayerError(
        f"{name}: {told} has several CAD layers: {listed}; "
        f'say which in the plan: [layers.{name}] layer = "{next(iter(counts))}"'
    )


def _fits(piece: Piece, wanted: tuple[str, ...]) -> bool:
    if piece.kind == "ring":
        return "Polygon" in wanted or "LineString" in wanted
    return {"point": "Point", "line": "LineString", "other": "-"}[piece.kind] in wanted


def _shapes(kept: list[Piece], as_area: bool) -> tuple[list[shapely.Geometry | None], dict[int, str]]:
    """A shape for each, None where its numbers give none; row (from 1) -> why not."""
    from ezdxf.lldxf.const import DXFError

    shapes: list[shapely.Geometry | None] = []
    faults: dict[int, str] = {}
    for row, piece in enumerate(kept, start=1):
        try:
            shapes.append(shape_of(piece, as_area=as_area))
        except (DXFError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as error:
            # A spline without control points, a radius that is no number: the row stays, without a place.
            shapes.append(None)
            faults[row] = str(error).strip() or type(error).__name__
    return shapes, faults


def _check_size(request: Request, drawing: Drawing, shapes: list[shapely.Geometry | None]) -> None:
    """Refuse a drawing whose coordinates are millimetres, whatever its header says."""
    coordinates = shapely.get_coordinates(shapes)
    if len(coordinates) and float(abs(coordinates).max()) > _NO_METRES:
        raise LayerError(
            f"{request.contract}: the coordinates of {request.told} go up to {abs(coordinates).max():.6g}, too large "
            f"for metres (its header says: {_unit(drawing)}); scale the drawing to metres (SCALE by 0.001 where it is "
            "drawn in millimetres) and save it anew"
        )


def _notes(
    drawing: Drawing, pieces: list[Piece], kept: list[Piece], left_out: Counter[str], faults: dict[int, str]
) -> list[Note]:
    notes = []
    if left_out:
        values = {"n": sum(left_out.values()), "types": _listed(left_out)}
        notes.append(Note("layers.dxf_left_out", values=values))
    layer = kept[0].layer if kept else ""
    others = Counter(piece.layer for piece in pieces if piece.layer != layer)
    if others:
        notes.append(Note("layers.dxf_other_layers", values={"n": sum(others.values()), "layers": len(others)}))
    paper = len(drawing.paperspace())
    if paper:
        notes.append(Note("layers.dxf_paper", values={"n": paper}))
    curved = sum(piece.kind != "point" and piece.is_curved for piece in kept)
    if curved:
        values = {"n": curved, "tolerance": TOLERANCE, "pieces": PIECES_OF_CIRCLE}
        notes.append(Note("layers.dxf_flattened", values=values))
    opened = [piece for piece in kept if piece.entity is not piece.source and piece.source.dxftype() == "INSERT"]
    lines = [piece for piece in opened if piece.kind != "point"]
    if lines:
        values = {"n": len({id(piece.source) for piece in lines}), "lines": len(lines)}
        notes.append(Note("layers.dxf_blocks_opened", values=values))
    texts = sum(piece.is_text for piece in kept)
    marks = sum(piece.kind == "point" for piece in kept) - texts
    if texts and marks:
        notes.append(Note("layers.dxf_texts_and_points", values={"texts": texts, "points": marks}))
    if drawing.header.get("$INSUNITS", _UNITLESS) not in (_UNITLESS, _METRES):
        notes.append(Note("layers.dxf_unit", values={"unit": _unit(drawing)}))
    if faults:
        each = [{"type": kept[row - 1].label, "why": why} for row, why in faults.items()]
        notes.append(Note("layers.dxf_shape_unreadable", rows=list(faults), field="geometry", each=each))
    return notes


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items()))


def _unit(drawing: Drawing) -> str:
    from ezdxf import units

    code = drawing.header.get("$INSUNITS", _UNITLESS)
    return units.unit_name(code) if code else "-"


def _columns(request: Request, drawing: Drawing, kept: list[Piece]) -> dict[str, pa.Array]:
    rows: list[dict[str, str]] = []
    attributes = [_attributes(piece) for piece in kept]
    name = contract(request.contract).columns["name"]
    words = {folded(word) for word in (name.name, *name.aliases)}
    tags = list(dict.fromkeys(tag for found in attributes for tag in found))
    # Where the blocks bring a name of their own, texts beside them are names of the same kind.
    text_column = next((tag for tag in tags if folded(tag) in words), name.name)
    for piece, found in zip(kept, attributes, strict=True):
        entity = piece.entity
        row = {
            "cad_layer": piece.layer,
            "cad_type": entity.dxftype(),
            "cad_handle": str(piece.source.dxf.handle),
            "cad_color": _colour(drawing, piece),
            "cad_linetype": _linetype(drawing, piece),
            **found,
        }
        if piece.source.dxftype() == "INSERT":
            row["cad_block"] = str(piece.source.dxf.name)
        if piece.is_text:
            row[text_column] = entity.plain_text().strip()
        rows.append(row)
    fixed = ["cad_layer", "cad_type", "cad_handle", "cad_block", "cad_color", "cad_linetype"]
    there = {column for row in rows for column in row}
    ordered = [column for column in dict.fromkeys((*fixed, text_column, *tags)) if column in there or not rows]
    return {column: pa.array([row.get(column) for row in rows], type=pa.string()) for column in ordered}


def _attributes(piece: Piece) -> dict[str, str]:
    """The attributes of the block reference that a piece is or comes from: tag -> text; a tag met twice counts once."""
    if piece.source.dxftype() != "INSERT":
        return {}
    found: dict[str, str] = {}
    for attribute in piece.source.attribs:
        text = attribute.plain_mtext() if attribute.has_embedded_mtext_entity else attribute.plain_text()
        found.setdefault(str(attribute.dxf.tag).strip(), text.strip())
    return found


def _colour(drawing: Drawing, piece: Piece) -> str:
    for entity in (piece.entity, piece.source):
        if entity.rgb is not None:
            return "#{:02x}{:02x}{:02x}".format(*entity.rgb)
        number = int(entity.dxf.get("color", 256))
        if number == 256:
            layers = drawing.layers
            return str(layers.get(piece.layer).color) if piece.layer in layers else "7"
        if number:
            return str(number)
    return "7"


def _linetype(drawing: Drawing, piece: Piece) -> str:
    for entity in (piece.entity, piece.source):
        name = str(entity.dxf.get("linetype", "BYLAYER"))
        if name.upper() == "BYLAYER":
            layers = drawing.layers
            return str(layers.get(piece.layer).dxf.linetype) if piece.layer in layers else "Continuous"
        if name.upper() != "BYBLOCK":
            return name
    return "Continuous"
