"""Geometry of a map layer -> runs of vertices as varint text, in WGS84 (`browser/decode.js` is the other half).

Places stand on a grid of 1e-6 degree (0.11 m). Lines and areas are thinned first; thinning and grid together move no
place by more than 1 m.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from siteplan.cartography.page import MapLayer
from siteplan.errors import LayerError
from siteplan.webmap.varints import encode_signed, encode_unsigned

STEPS_PER_DEGREE = 1_000_000
THINNING_M = 0.85
_LONG = 2_000
"""Shapes with more vertices than this are thinned a piece of so many vertices at a time."""
_LARGEST_METRES_PER_DEGREE = 111_700.0
_MAX_LATITUDE = 85.05  # Web Mercator ends here
_KIND_BY_DIMENSION = {0: "point", 1: "line", 2: "area"}


def encode_geometry(layer: MapLayer) -> dict[str, Any]:
    """Geometry of a layer as runs of vertices.

    Keys: `kinds` (one of point, line, area, or a list with one a row), `runs` (how many each row has; 0 is a row
    without a place), `sizes` (vertices a run), `xy` (longitude and latitude in turns, in grid steps, each as the
    difference from the vertex before, through the whole layer), `stepsPerDegree`. All but the first and last are
    varint text, `xy` signed. A ring is a run that ends where it began; holes are rings like the others and are told
    by the even-odd rule.
    """
    shapes = np.array(layer.table.geometry.array, dtype=object)  # a copy
    shapes[shapely.is_empty(shapes)] = None
    if shapely.has_z(shapes).any():
        shapes = shapely.force_2d(shapes)
    dimension = shapely.get_dimensions(shapes)
    present = np.unique(dimension[dimension >= 0])
    kinds: str | list[str] = "point" if len(present) == 0 else _KIND_BY_DIMENSION[int(present[0])]
    if len(present) > 1:
        kinds = [_KIND_BY_DIMENSION.get(int(one), "point") for one in dimension]

    runs, owner = _runs(_thinned(shapes, _tolerance(layer)))
    sizes = shapely.get_num_coordinates(runs).astype(np.int64)
    steps = np.rint(_in_degrees(shapely.get_coordinates(runs), layer) * STEPS_PER_DEGREE).astype(np.int64)
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return {
        "kinds": kinds,
        "stepsPerDegree": STEPS_PER_DEGREE,
        "runs": encode_unsigned(np.bincount(owner, minlength=len(shapes)).astype(np.int64)),
        "sizes": encode_unsigned(sizes),
        "xy": encode_signed(deltas.ravel()),
    }


def _runs(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Points, lines and rings of all shapes, and the row each belongs to."""
    kinds = shapely.get_type_id(shapes)
    if ((kinds == -1) | (kinds == 0) | (kinds == 1)).all():  # points and lines as they are: nothing to take apart
        owner = np.flatnonzero(kinds >= 0)
        return shapes[owner], owner
    parts, owner = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) >= 4).any():  # collections inside collections
        parts, nested = shapely.get_parts(parts, return_index=True)
        owner = owner[nested]
    areas = shapely.get_type_id(parts) == 3
    if not areas.any():
        return parts, owner
    rings, of_area = shapely.get_rings(parts[areas], return_index=True)
    runs = np.concatenate([parts[~areas], rings])
    owners = np.concatenate([owner[~areas], owner[areas][of_area]])
    order = np.argsort(owners, kind="stable")
    return runs[order], owners[order]


def _tolerance(layer: MapLayer) -> float:
    """How far thinning may move a line, in the units of the layer's CRS."""
    crs = layer.table.crs
    if crs is None:
        raise LayerError(f"map layer {layer.key}: the table has no CRS, so it cannot be placed on the map; set one")
    if crs.is_projected:
        return float(THINNING_M / crs.axis_info[0].unit_conversion_factor)
    return THINNING_M / _LARGEST_METRES_PER_DEGREE


def _in_degrees(coordinates: NDArray[np.float64], layer: MapLayer) -> NDArray[np.float64]:
    """Coordinates of the layer's CRS, (n, 2), as WGS84 longitude and latitude, held where Web Mercator ends."""
    crs = layer.table.crs
    if not (crs.is_geographic and str(crs) in ("EPSG:4326", "OGC:CRS84")) and len(coordinates):
        change = _transformer(crs.to_wkt())
        coordinates = np.column_stack(change.transform(coordinates[:, 0], coordinates[:, 1]))
    if not np.isfinite(coordinates).all():
        raise LayerError(
            f"map layer {layer.key}: some places have no longitude and latitude in {crs.name}; "
            "check the layer's CRS and the order of its axes"
        )
    return np.column_stack([coordinates[:, 0], np.clip(coordinates[:, 1], -_MAX_LATITUDE, _MAX_LATITUDE)])


def _thinned(shapes: NDArray[np.object_], tolerance: float) -> NDArray[np.object_]:
    """Lines and areas with fewer vertices, none of the dropped ones farther than `tolerance` from the new line."""
    result = shapes.copy()
    dimension = shapely.get_dimensions(shapes)
    # GEOS calls itself once a vertex on smooth lines: a ring of some hundred thousand overruns the stack.
    long = shapely.get_num_coordinates(shapes) > _LONG
    lines, areas = (dimension == 1) & ~long, (dimension == 2) & ~long
    result[lines] = shapely.simplify(shapes[lines], tolerance, preserve_topology=False)
    result[areas] = shapely.simplify(shapes[areas], tolerance, preserve_topology=True)
    for i in np.flatnonzero(long & (dimension > 0)):
        result[i] = _thinned_by_pieces(shapes[i], tolerance)
    return result


def _thinned_by_pieces(shape: Any, tolerance: float) -> Any:
    """One long line or area, thinned a piece at a time; the ends of the pieces stay where they are."""
    if shape.geom_type == "Polygon":
        rings = [_thinned_run(shapely.get_coordinates(ring), tolerance) for ring in shapely.get_rings(shape)]
        closed = [ring for ring in rings if len(ring) >= 4]
        outer, *holes = [shapely.linearrings(ring) for ring in closed] or [None]
        return shape if outer is None else shapely.polygons(outer, holes or None)
    if shape.geom_type in ("LineString", "LinearRing"):
        return shapely.linestrings(_thinned_run(shapely.get_coordinates(shape), tolerance))
    return shapely.geometrycollections([_thinned_by_pieces(part, tolerance) for part in shapely.get_parts(shape)])


def _thinned_run(xy: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    cuts = [*range(0, len(xy) - 1, _LONG), len(xy) - 1]
    pieces = shapely.simplify(
        [shapely.linestrings(xy[a : b + 1]) for a, b in pairwise(cuts)], tolerance, preserve_topology=False
    )
    kept = [shapely.get_coordinates(piece)[:-1] for piece in pieces]
    return np.concatenate([*kept, xy[-1:]])


@functools.lru_cache(maxsize=8)
def _transformer(wkt: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(wkt, "EPSG:4326", always_xy=True)
