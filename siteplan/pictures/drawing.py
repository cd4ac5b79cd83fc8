"""Points, lines and areas of one class -> one matplotlib collection. Widths and sizes are points, places the target's.

The map and the legend's samples are drawn by the same functions: `Target` says where and in which coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from siteplan.cartography.page import Hatch, MapClass
from siteplan.pictures.looks import POINTS_PER_PIXEL, dashes, outline

if TYPE_CHECKING:
    from matplotlib.collections import Collection
    from matplotlib.path import Path as Outline
    from matplotlib.transforms import Transform

HALO = (1.0, 1.0, 1.0, 0.95)
_EDGE = (20 / 255, 25 / 255, 35 / 255, 0.75)
_HALO_PX, _EDGE_PX = 3.0, 0.9
_HATCHES: dict[Hatch, str] = {"": "", "lines": "///", "back": "\\\\\\", "cross": "xxx", "dots": "..."}


@dataclass(frozen=True)
class Target:
    """Where artists go, the coordinates their places are in, and whether many of them become an image in PDF, SVG."""

    add: Callable[[Any], Any]
    transform: Transform
    rasterized: bool = False


def draw_points(target: Target, xy: np.ndarray, look: MapClass, radius_px: float, *, zorder: float, name: str) -> None:
    """Symbols at places (n x 2), each with its white halo above the symbols before it."""
    from matplotlib.collections import PathCollection
    from matplotlib.transforms import IdentityTransform

    symbols = PathCollection(
        [outline(look.shape, radius_px * POINTS_PER_PIXEL)],
        sizes=[1.0],  # the outline is in points already
        # Each place twice: the colours go round in turns, so a halo lies above the symbol before and under its own.
        offsets=np.repeat(xy, 2, axis=0),
        offset_transform=target.transform,
        facecolors=[HALO, look.colour],
        edgecolors=[HALO, _EDGE],
        linewidths=[_HALO_PX * POINTS_PER_PIXEL, _EDGE_PX * POINTS_PER_PIXEL],
        joinstyle="round",
    )
    symbols.set_transform(IdentityTransform())
    _add(target, symbols, zorder, name)


def draw_lines(
    target: Target, lines: Sequence[np.ndarray], look: MapClass, *, widen: float, zorder: float, name: str
) -> None:
    """Lines (arrays of n x 2) in the weight and dashes of their class."""
    from matplotlib.collections import LineCollection

    strokes = LineCollection(
        lines,
        colors=[look.colour],
        linewidths=[look.weight * widen * POINTS_PER_PIXEL],
        linestyles=_line_style(look),
        capstyle="butt" if dashes(look) else "round",
        joinstyle="round",
    )
    strokes.set_transform(target.transform)
    _add(target, strokes, zorder, name)


def draw_areas(
    target: Target, areas: Sequence[Outline], look: MapClass, *, widen: float, zorder: float, name: str
) -> None:
    """Areas filled as thinly as their class says, hatched in its colour and outlined."""
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_rgba

    fields = PathCollection(
        areas,
        facecolors=[to_rgba(look.colour, look.fill_opacity)],
        edgecolors=[look.colour],
        linewidths=[look.weight * widen * POINTS_PER_PIXEL],
        linestyles=_line_style(look),
        joinstyle="round",
    )
    fields.set_transform(target.transform)
    _add(target, fields, zorder, name)
    if look.hatch:
        # Apart from the fill, whose opacity an SVG would give to the hatch too.
        strokes = PathCollection(
            areas, facecolors="none", edgecolors=[look.colour], linewidths=[0.0], hatch=_HATCHES[look.hatch]
        )
        strokes.set_transform(target.transform)
        _add(target, strokes, zorder + 0.05, f"{name}-hatch")


def line_runs(lines: np.ndarray) -> list[np.ndarray]:
    """The vertices (n x 2) of each line."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    return np.split(xy, np.flatnonzero(np.diff(of)) + 1) if len(xy) else []


def area_outlines(areas: np.ndarray) -> list[Outline]:
    """Each polygon as one path; holes run the other way round than the rings about them, so that they stay open."""
    from matplotlib.path import Path

    rings, of = shapely.get_rings(shapely.orient_polygons(areas), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return []
    codes = np.full(len(xy), Path.LINETO, dtype=Path.code_type)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], len(xy)) - 1] = Path.CLOSEPOLY
    cuts = np.flatnonzero(np.diff(of[ring])) + 1
    return [Path(points, code) for points, code in zip(np.split(xy, cuts), np.split(codes, cuts), strict=True)]


def _line_style(look: MapClass) -> Any:
    on_off = dashes(look)
    return [(0.0, on_off)] if on_off else "solid"


def _add(target: Target, collection: Collection, zorder: float, name: str) -> None:
    collection.set_zorder(zorder)
    collection.set_gid(name)
    collection.set_rasterized(target.rasterized)
    target.add(collection)
