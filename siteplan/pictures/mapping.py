"""The map inside its frame: relief, layers from the ground up, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from siteplan.cartography.grounds import Terrain
from siteplan.pictures.content import DrawnLayer, Parts, within
from siteplan.pictures.drawing import Target, area_outlines, draw_areas, draw_lines, draw_points, line_runs
from siteplan.pictures.lettering import Lettering
from siteplan.pictures.looks import radius_px, width_factor
from siteplan.pictures.names import Frame, Name
from siteplan.pictures.pen import GREY, INK, Pen
from siteplan.pictures.terrain import relief

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAP_ID, NAME_ID = "map", "name"
_MANY, _MANY_VERTICES = 20_000, 300_000
"""Layers of more features or vertices become an image in PDF and SVG, which would be slow to open otherwise."""
_MOST_SEAMED, _MOST_SEAMED_VERTICES = 500, 200_000
_FINEST_RELIEF = 1_600
"""Columns and rows of the relief's image, at most."""


def add_map(pen: Pen, left: float, bottom: float, frame: Frame) -> Axes:
    """Axes of the frame's size with its lower left corner there (mm), in metres, without figures of their own."""
    axes = add_axes(pen, left, bottom, frame.width, frame.height)
    west, south, east, north = frame.box
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], gid=MAP_ID)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set(linewidth=0.8, edgecolor=INK, zorder=1e6)
    return axes


def add_axes(pen: Pen, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in mm."""
    across, up = pen.figure.get_size_inches() * 25.4
    return pen.figure.add_axes((left / across, bottom / up, width / across, height / up))


def draw_relief(axes: Axes, terrain: Terrain, crs: pyproj.CRS, frame: Frame, dpi: float) -> None:
    """The page's shaded relief beneath everything."""
    per_mm = min(dpi / 25.4, _FINEST_RELIEF / max(frame.width, frame.height))
    columns, rows = max(round(frame.width * per_mm), 2), max(round(frame.height * per_mm), 2)
    west, south, east, north = frame.box
    axes.imshow(
        relief(terrain, crs, frame.box, columns, rows),
        extent=(west, east, south, north),
        aspect="equal",
        interpolation="bilinear",
        zorder=0,
        gid="relief",
    )
    axes.set(xlim=(west, east), ylim=(south, north))


def draw_layers(axes: Axes, drawn: Sequence[DrawnLayer], frame: Frame) -> bool:
    """Layers in their order; in each the classes in theirs, areas under lines under points. Whether there were any."""
    height, any_drawn = 1, False
    for one in drawn:
        near = [within(parts, frame.box) for parts in one.parts]
        any_drawn = any_drawn or any(len(parts.row) for parts in near)
        many = sum(len(parts.row) for parts in near) > _MANY or sum(map(_vertices, near)) > _MANY_VERTICES
        target = Target(lambda artist: axes.add_collection(artist, autolim=False), axes.transData, rasterized=many)
        for n in range(len(one.classes)):
            _draw_class(target, one, n, near, frame.zoom, float(height + n))
        height += len(one.classes)
    return any_drawn


def _vertices(parts: Parts) -> int:
    return int(shapely.get_num_coordinates(parts.shapes).sum())


def _draw_class(target: Target, one: DrawnLayer, n: int, near: Sequence[Parts], zoom: float, zorder: float) -> None:
    look, name, widen = one.classes[n], f"{one.layer.key}-{n}", width_factor(zoom)
    points, lines, areas = (parts.shapes[one.class_of[parts.row] == n] for parts in near)
    if len(areas):
        seams = _seams(areas) if look.dash else None
        draw_areas(target, area_outlines(areas), look, widen=widen if seams is None else 0.0, zorder=zorder, name=name)
        if seams is not None:
            draw_lines(target, line_runs(seams), look, widen=widen, zorder=zorder + 0.1, name=f"{name}-outline")
    if len(lines):
        draw_lines(target, line_runs(lines), look, widen=widen, zorder=zorder + 0.3, name=name)
    if len(points):
        radius = radius_px(look, zoom)
        draw_points(target, shapely.get_coordinates(points), look, radius, zorder=zorder + 0.6, name=name)


def _seams(areas: np.ndarray) -> np.ndarray | None:
    """Outlines of a few areas, each stretch once: dashes drawn twice along a shared one would fill their gaps."""
    if len(areas) > _MOST_SEAMED or shapely.get_num_coordinates(areas).sum() > _MOST_SEAMED_VERTICES:
        return None
    edges = shapely.line_merge(shapely.union_all(shapely.boundary(areas)))
    return shapely.get_parts(edges)


def write_names(pen: Pen, left: float, bottom: float, names: Sequence[Name], letters: Lettering) -> None:
    """Names with their halo over the map whose frame has its lower left corner there (mm)."""
    for one in names:
        colour = INK if one.at_point and not one.beneath else GREY
        x, y = left + one.x, bottom + one.y
        pen.write(x, y, one.text, one.size, colour=colour, align="center", halo=True, letters=letters, name=NAME_ID)
