"""How a class looks on paper: the web map's shapes and sizes in points, one pixel of the screen being 0.75 point."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siteplan.cartography.page import MapClass, Shape

if TYPE_CHECKING:
    from matplotlib.path import Path as Outline

POINTS_PER_PIXEL = 0.75
MM_PER_PIXEL = 25.4 / 96
_EQUATOR_M_PER_PIXEL = 156_543.034
"""Of web maps at zoom 0."""


def zoom_of(m_per_mm: float, latitude: float) -> float:
    """The web map's zoom that shows as many metres a pixel."""
    return math.log2(_EQUATOR_M_PER_PIXEL * math.cos(math.radians(latitude)) / (m_per_mm * MM_PER_PIXEL))


def radius_px(look: MapClass, zoom: float) -> float:
    """Radius of a point in pixels: smaller from afar, as on the web map."""
    factor = 0.62 if zoom < 9.5 else 0.8 if zoom < 11 else 1.0 if zoom < 13 else 1.2
    return round(look.size * factor * 2) / 2


def width_factor(zoom: float) -> float:
    """What line widths are multiplied with at this zoom."""
    return 0.7 if zoom < 10 else 1.0 if zoom < 14 else 1.35


def muted(look: MapClass) -> MapClass:
    """The look of a class that lies beneath the ones a picture is about."""
    red, green, blue = (int(look.colour[at : at + 2], 16) for at in (1, 3, 5))
    pale = "#" + "".join(f"{round(part + (255 - part) * 0.4):02x}" for part in (red, green, blue))
    return replace(
        look,
        colour=pale,
        weight=look.weight * 0.75,
        fill_opacity=look.fill_opacity * 0.6,
        size=look.size * 0.75,
        hatch="",
    )


def dashes(look: MapClass) -> tuple[float, ...]:
    """Points on and off; empty for a whole line."""
    parts = tuple(float(part) * POINTS_PER_PIXEL for part in look.dash.split())
    # An odd list of dashes goes round twice, as on a canvas; all-zero ones are no dashes.
    parts = parts if len(parts) % 2 == 0 else parts * 2
    return parts if sum(parts) > 0 else ()


def outline(shape: Shape, radius: float) -> Outline:
    """A point symbol around (0, 0), y upwards, in the unit of `radius`."""
    from matplotlib.path import Path

    r = radius
    if shape == "circle":
        circle = Path.unit_circle()
        return Path(np.asarray(circle.vertices, dtype=float) * r, circle.codes)
    if shape == "square":
        h = r * 0.88
        corners = np.array([(-h, -h), (h, -h), (h, h), (-h, h)])
    elif shape == "triangle":
        corners = _polygon(3, r * 1.2, r * 1.2) - (0.0, r * 0.18)
    elif shape == "diamond":
        corners = _polygon(4, r * 1.18, r * 1.18)
    elif shape == "star":
        corners = _polygon(10, r * 1.3, r * 0.58)
    else:
        a, b = r * 0.4, r * 1.02
        plus = [
            (-a, -b),
            (a, -b),
            (a, -a),
            (b, -a),
            (b, a),
            (a, a),
            (a, b),
            (-a, b),
            (-a, a),
            (-b, a),
            (-b, -a),
            (-a, -a),
        ]
        corners = np.array([((x - y) * math.sqrt(0.5), (x + y) * math.sqrt(0.5)) for x, y in plus])
    return Path(np.vstack([corners, corners[:1]]), closed=True)


def _polygon(corners: int, outer: float, inner: float) -> np.ndarray:
    angles = math.pi / 2 + np.arange(corners) * 2 * math.pi / corners
    reach = np.where(np.arange(corners) % 2, inner, outer)
    return np.column_stack([reach * np.cos(angles), reach * np.sin(angles)])
