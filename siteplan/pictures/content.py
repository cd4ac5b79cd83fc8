"""What of a page a picture shows: its layers in classes, in one CRS in metres, in drawing order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyproj
import shapely

from siteplan.cartography.page import OTHER_CLASS, MapClass, MapLayer, MapPage, MapTheme
from siteplan.errors import LayerError
from siteplan.pictures.faults import PictureError
from siteplan.pictures.looks import muted
from siteplan.pictures.planes import drawing_crs

GROUND = ("boundaries", "rivers", "seats")
"""Layers drawn muted beneath the others where they are not among these themselves."""


@dataclass(frozen=True)
class Parts:
    """Points, lines or areas of one class, without collections; `row` is the table's row each belongs to."""

    shapes: np.ndarray
    row: np.ndarray


@dataclass(frozen=True)
class DrawnLayer:
    """One layer as a picture shows it.

    `classes` are in drawing order, as they look here (muted beneath others), with a class for what is in none of them
    where there is such a row; `class_of` says by row which; `shapes` are in the CRS of the drawing, None without place.
    """

    layer: MapLayer
    theme: MapTheme
    beneath: bool
    classes: tuple[MapClass, ...]
    class_of: np.ndarray
    shapes: np.ndarray

    @cached_property
    def parts(self) -> tuple[Parts, Parts, Parts]:
        """Points, lines and areas, collections taken apart."""
        shapes, row = shapely.get_parts(self.shapes, return_index=True)
        while (shapely.get_type_id(shapes) >= 4).any():  # collections inside collections
            shapes, nested = shapely.get_parts(shapes, return_index=True)
            row = row[nested]
        rings = shapely.get_type_id(shapes) == 2
        if rings.any():
            xy, of = shapely.get_coordinates(shapes[rings], return_index=True)
            shapes[rings] = shapely.linestrings(xy, indices=of)
        dimension = shapely.get_dimensions(shapes)
        some = ~shapely.is_empty(shapes)
        point, line, area = (Parts(shapes[some & (dimension == n)], row[some & (dimension == n)]) for n in range(3))
        return point, line, area

    @property
    def counts(self) -> np.ndarray:
        """Rows by class, those without a place too."""
        return np.bincount(self.class_of, minlength=len(self.classes))

    @property
    def without_place(self) -> int:
        """Rows that cannot be drawn."""
        return int(shapely.is_missing(self.shapes).sum())

    @property
    def bounds(self) -> np.ndarray:
        """West, south, east and north in metres; NaN without any place."""
        return np.array(shapely.total_bounds(self.shapes)) if len(self.shapes) else np.full(4, np.nan)


def drawn_layers(page: MapPage, keys: Sequence[str], theme: str | None) -> tuple[pyproj.CRS, list[DrawnLayer]]:
    """The layers a picture shows, from the ground up, and the CRS they are drawn in.

    Raises
    ------
    PictureError
        If the page has no layer of a key, or none of the layers a theme of that key.
    LayerError
        If a table has no CRS, or places without coordinates in the CRS of the drawing.
    """
    chosen = _chosen(page, keys)
    _check_theme(chosen, theme)
    shown = {layer.key for layer in chosen}
    ground = [layer for layer in page.layers if layer.key in GROUND and layer.key not in shown]
    # Sorting is stable: equal z stays in the page's order.
    order = [(layer, True) for layer in sorted(ground, key=lambda one: one.z)]
    order += [(layer, False) for layer in sorted(chosen, key=lambda one: one.z)]
    # Layers that are not drawn are asked last: a plane of theirs is better than one made up.
    crs = drawing_crs([layer.table for layer, _ in order] + [layer.table for layer in page.layers])
    return crs, [_drawn(layer, _theme_of(layer, theme), beneath, crs) for layer, beneath in order]


def _chosen(page: MapPage, keys: Sequence[str]) -> list[MapLayer]:
    if not keys:
        return [layer for layer in page.layers if layer.shown and layer.side != "planned"]
    known = [layer.key for layer in page.layers]
    strange = [key for key in keys if key not in known]
    if strange:
        raise PictureError(
            f"picture: no layer {', '.join(repr(key) for key in strange)} on this map; "
            f"its layers are {', '.join(known) or 'none'}"
        )
    return [layer for layer in page.layers if layer.key in keys]


def _check_theme(chosen: Sequence[MapLayer], theme: str | None) -> None:
    known = dict.fromkeys(one.key for layer in chosen if layer.more_themes for one in layer.themes)
    if theme is not None and not any(theme == one.key for layer in chosen for one in layer.themes):
        raise PictureError(
            f"picture: none of the layers drawn has a theme {theme!r}; their themes are {', '.join(known) or 'none'}"
        )


def _theme_of(layer: MapLayer, key: str | None) -> MapTheme:
    return next((theme for theme in layer.themes if theme.key == key), layer.themes[0])


def _drawn(layer: MapLayer, theme: MapTheme, beneath: bool, crs: pyproj.CRS) -> DrawnLayer:
    class_of = theme.class_numbers(layer.table)
    classes = theme.classes
    if (class_of == len(classes)).any():
        classes = (*classes, OTHER_CLASS)
    if beneath:
        classes = tuple(muted(look) for look in classes)
    return DrawnLayer(layer, theme, beneath, classes, class_of, _placed(layer, crs))


def _placed(layer: MapLayer, crs: pyproj.CRS) -> np.ndarray:
    """Shapes in the CRS of the drawing, flat; None where there is no place."""
    shapes = np.array(layer.table.geometry.array, dtype=object)  # a copy
    shapes[shapely.is_empty(shapes)] = None
    if shapely.is_missing(shapes).all():
        return shapes
    own = layer.table.crs
    if own is None:
        raise LayerError(f"map layer {layer.key}: the table has no CRS, so it cannot be placed on the map; set one")
    shapes = shapely.force_2d(shapes)
    if own != crs:
        change = pyproj.Transformer.from_crs(own, crs, always_xy=True)
        shapes = shapely.transform(shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise LayerError(
            f"map layer {layer.key}: some places have no coordinates in {crs.name}; "
            "check the layer's CRS and the order of its axes"
        )
    return shapes


def within(parts: Parts, box: tuple[float, float, float, float]) -> Parts:
    """Those whose bounds meet the box; the others would only be clipped away."""
    west, south, east, north = box
    bounds = shapely.bounds(parts.shapes)
    near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return replace(parts, shapes=parts.shapes[near], row=parts.row[near])
