"""Geometry made fit for a layer's contract: two dimensions, right type, valid; every change listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from siteplan.errors import LayerError
from siteplan.layers.contract import LayerContract
from siteplan.layers.findings import findings_of

_POINT, _LINE, _POLYGON = "Point", "LineString", "Polygon"
OUTSIDE_CRS = "layers.outside_crs"
_LARGE = 100_000
"""A shape of more vertices than this is worth a word: it slows every map down."""
_FAMILIES = np.array([_POINT, _LINE, _LINE, _POLYGON, _POINT, _LINE, _POLYGON, "", ""], dtype=object)
"""GEOS type number -> family; the last one is no shape (-1)."""


@dataclass(frozen=True)
class Shaped:
    """`shapes`: geometry by source row, None where `dropped`; findings carry rows, not yet ids."""

    shapes: np.ndarray
    dropped: np.ndarray
    findings: list[pd.DataFrame]


def unusable(shapes: np.ndarray, *, at_origin: bool) -> tuple[np.ndarray, list[str]]:
    """Which shapes have no usable place in their own CRS, and the code of the finding that says why ("": none)."""
    why = np.full(len(shapes), "", dtype=object)
    why[shapely.is_empty(shapes) | shapely.is_missing(shapes)] = "layers.no_geometry"
    why[_not_finite(shapes)] = "layers.no_coordinates"
    if at_origin:
        points = np.flatnonzero((shapely.get_type_id(shapes) == 0) & (why == ""))
        at = shapely.get_coordinates(shapes[points])
        why[points[(np.abs(at) < 1e-9).all(axis=1)]] = "layers.at_origin"
    return why != "", why.tolist()


def shaped(layer: LayerContract, shapes: np.ndarray, why_not: list[str], closed_rings: tuple[int, ...] = ()) -> Shaped:
    """Shapes (in the run's CRS) as the contract wants them.

    Parameters
    ----------
    layer
        The contract.
    shapes
        One geometry or None a row.
    why_not
        The code of the finding that says why a row has no usable place ("" where it has).
    closed_rings
        Rows whose rings were closed in reading.

    Raises
    ------
    LayerError
        If every shape is of a wrong type.
    """
    name = layer.name
    shapes = shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes.copy()
    reasons = np.array(why_not, dtype=object)
    lost = _not_finite(shapes)
    reasons[lost] = np.where(reasons[lost] == "", OUTSIDE_CRS, reasons[lost])
    without_place_allowed = "None" in layer.geometry
    placeless = reasons != ""
    shapes[placeless] = None
    found: list[pd.DataFrame] = []
    if without_place_allowed:
        return Shaped(shapes, np.zeros(len(shapes), dtype=bool), found)
    for code in dict.fromkeys(reasons[placeless]):
        at = np.flatnonzero(reasons == code)
        found.append(findings_of(name, code, "dropped", n=len(at), rows=(at + 1).tolist(), field="geometry"))
    shapes, wrong, notes = _typed(layer, shapes)
    found += notes
    dropped = placeless | wrong
    if _LINE in layer.geometry:
        lengths = shapely.length(shapes)
        flat = ~dropped & (lengths == 0) & np.isin(shapely.get_type_id(shapes), [1, 2, 5])
        at = np.flatnonzero(flat)
        found.append(
            findings_of(name, "layers.no_length", "dropped", n=len(at), rows=(at + 1).tolist(), field="geometry")
        )
        dropped |= flat
    if _POLYGON in layer.geometry:
        collapsed, notes = _make_valid(name, shapes, dropped)
        found += notes
        dropped |= collapsed
        kept_rings = [i for i in closed_rings if not dropped[i]]
        found.append(
            findings_of(
                name, "layers.ring_closed", "repaired", n=len(kept_rings), rows=[i + 1 for i in kept_rings],
                field="geometry",
            )
        )  # fmt: skip
    shapes[dropped] = None
    points = shapely.get_num_coordinates(shapes)
    at = np.flatnonzero(points > _LARGE)
    each = [{"points": int(n)} for n in points[at]]
    found.append(
        findings_of(name, "layers.large_shape", "noted", n=len(at), rows=(at + 1).tolist(), field="geometry", each=each)
    )
    return Shaped(shapes, dropped, found)


def _not_finite(shapes: np.ndarray) -> np.ndarray:
    """Rows of shapes with a coordinate that is no number."""
    if np.isfinite(shapely.get_coordinates(shapes)).all():
        return np.empty(0, dtype=np.int64)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    return np.unique(owner[~np.isfinite(coordinates).all(axis=1)])


def _typed(layer: LayerContract, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[pd.DataFrame]]:
    name = layer.name
    types = shapely.get_type_id(shapes)
    there = types >= 0
    families = _FAMILIES[types]
    found = []
    if layer.geometry == (_POINT,):
        single = (types == 4) & (shapely.get_num_geometries(shapes) == 1)
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        odd = there & ~single & (types != 0)
        if name == "villages" and there.any() and odd[there].all() and families[odd][0] != _POINT:
            raise _wrong_type(layer, families[odd][0], odd)
        at = np.flatnonzero(odd)
        each = [{"type": shapely.GeometryType(int(types[i])).name.lower()} for i in at]
        shapes[odd] = shapely.point_on_surface(shapes[odd])
        found.append(
            findings_of(
                name,
                "layers.shape_to_point",
                "repaired",
                n=len(at),
                rows=(at + 1).tolist(),
                field="geometry",
                each=each,
            )
        )
        return shapes, np.zeros(len(shapes), dtype=bool), found
    single = (types == 4) & (shapely.get_num_geometries(shapes) == 1) if _POINT in layer.geometry else there & False
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    wrong = there & ~np.isin(families, list(layer.geometry))
    if wrong.any() and wrong[there].all():
        raise _wrong_type(layer, families[wrong][0] or "collection", wrong)
    at = np.flatnonzero(wrong)
    each = [{"type": shapely.GeometryType(int(types[i])).name.lower()} for i in at]
    found.append(
        findings_of(
            name, "layers.wrong_type", "dropped", n=len(at), rows=(at + 1).tolist(), field="geometry", each=each
        )
    )
    return shapes, wrong, found


def _make_valid(name: str, shapes: np.ndarray, dropped: np.ndarray) -> tuple[np.ndarray, list[pd.DataFrame]]:
    """Mend invalid polygons in place; the mask tells which collapse to nothing."""
    polygons = ~dropped & np.isin(shapely.get_type_id(shapes), [3, 6])
    at = np.flatnonzero(polygons & ~shapely.is_valid(shapes))
    collapsed = np.zeros(len(shapes), dtype=bool)
    if not len(at):
        return collapsed, []
    # A bow-tie is the sum of its wings: "linework" keeps every enclosed face, where buffer(0) would halve it.
    reasons = shapely.is_valid_reason(shapes[at])
    before = shapely.area(shapes[at])
    mended = np.array([_polygonal(shape) for shape in shapely.make_valid(shapes[at])], dtype=object)
    after = shapely.area(mended)
    empty = shapely.is_missing(mended) | (after == 0)
    shapes[at] = mended
    collapsed[at[empty]] = True
    each = [
        {"problem": why.split("[")[0].strip().lower(), "before_m2": round(float(b), 1), "after_m2": round(float(a), 1)}
        for why, b, a in zip(reasons, before, np.nan_to_num(after), strict=True)
    ]
    found = []
    for which, code, action in ((~empty, "layers.invalid_polygon", "repaired"), (empty, "layers.no_area", "dropped")):
        rows = (at[which] + 1).tolist()
        own = [each[i] for i in np.flatnonzero(which)]
        found.append(findings_of(name, code, action, n=len(rows), rows=rows, field="geometry", each=own))  # type: ignore[arg-type]
    return collapsed, found


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry | None:
    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == _POLYGON]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _wrong_type(layer: LayerContract, found: str, wrong: np.ndarray) -> LayerError:
    expected = " or ".join(layer.geometry)
    return LayerError(
        f"{layer.name}: all {int(wrong.sum())} features are {found.lower()}s; expected {expected.lower()}s; "
        f"give another file or layer for [layers.{layer.name}]"
    )
