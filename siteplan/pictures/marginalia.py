"""What makes a drawing a map: figures of the grid at the frame, arrow to the north, scale bar."""

from __future__ import annotations

import math

import numpy as np

from siteplan.pictures.frame import round_length, round_step
from siteplan.pictures.mapping import add_axes
from siteplan.pictures.names import Frame
from siteplan.pictures.pen import GREY, INK, Pen

GRID_ID, SCALE_ID = "grid", "scale"
_FIGURES = 6.5
_TICK_MM = 1.4
_APART_MM, _CORNER_MM = 22.0, 4.0
"""Between two figures of the grid, and from a figure to the frame's corner, at least."""
_LONGEST_BAR_MM = 60.0
_KM = 1_000.0


def grid_step(frame: Frame) -> float:
    """Metres between two figures at the frame."""
    return round_step(m_per_mm(frame) * _APART_MM)


def in_km(frame: Frame) -> bool:
    """Whether the figures at the frame are kilometres, not metres."""
    return grid_step(frame) >= _KM


def m_per_mm(frame: Frame) -> float:
    """Metres on the ground in a millimetre of the sheet."""
    west, _, east, _ = frame.box
    return (east - west) / frame.width


def ratio_text(frame: Frame) -> str:
    """The scale as 1:n, n to three figures."""
    n = m_per_mm(frame) * 1_000
    digits = 2 - math.floor(math.log10(n))
    return f"1:{round(n, digits):,.0f}"


def draw_grid(pen: Pen, left: float, bottom: float, frame: Frame) -> None:
    """Ticks on all sides of the frame, eastings below and northings at the left."""
    west, south, east, north = frame.box
    step, unit = grid_step(frame), _KM if in_km(frame) else 1.0
    right, top = left + frame.width, bottom + frame.height
    for value in _multiples(west, east, step):
        x = left + (value - west) / m_per_mm(frame)
        if not left + _CORNER_MM < x < right - _CORNER_MM:
            continue
        pen.line([x, x], [bottom, bottom + _TICK_MM], 0.6)
        pen.line([x, x], [top, top - _TICK_MM], 0.6)
        pen.write(x, bottom - 2.2, f"{value / unit:.0f}", _FIGURES, colour=GREY, align="center", name=GRID_ID)
    for value in _multiples(south, north, step):
        y = bottom + (value - south) / m_per_mm(frame)
        if not bottom + _CORNER_MM < y < top - _CORNER_MM:
            continue
        pen.line([left, left + _TICK_MM], [y, y], 0.6)
        pen.line([right, right - _TICK_MM], [y, y], 0.6)
        pen.write(left - 1.0, y, f"{value / unit:.0f}", _FIGURES, colour=GREY, turned=True, name=GRID_ID)


def _multiples(low: float, high: float, step: float) -> list[float]:
    return (np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step).tolist()


def draw_arrow(pen: Pen, left: float, bottom: float, label: str) -> None:
    """An arrow to the north of the grid, 6 mm wide and 13 mm high with its letter."""
    middle, foot, tip = left + 3.0, bottom, bottom + 9.0
    notch = foot + 2.0
    pen.polygon([(middle, tip), (left + 0.6, foot), (middle, notch)], fill=INK)
    pen.polygon([(middle, tip), (left + 5.4, foot), (middle, notch)], fill="white")
    pen.write(middle, tip + 2.2, label, 8.5, bold=True, align="center")


def draw_scale(pen: Pen, left: float, bottom: float, width: float, frame: Frame) -> None:
    """A bar of a round length, at most `width` mm, and the scale as a ratio under it."""
    from matplotlib_scalebar.scalebar import ScaleBar

    width, height = min(width, _LONGEST_BAR_MM), 8.0
    axes = add_axes(pen, left, bottom + 4.0, width, height)
    axes.set(xlim=(0, width * m_per_mm(frame)), ylim=(0, height * m_per_mm(frame)), gid=SCALE_ID)
    axes.set_aspect("equal")
    axes.set_axis_off()
    length = round_length(width * m_per_mm(frame))
    value, unit = (length / _KM, "km") if length >= _KM else (length, "m")
    font = {"fname": pen.letters.properties(7.5).get_file(), "size": 7.5}
    bar = ScaleBar(
        1.0, "m", fixed_value=value, fixed_units=unit, width_fraction=0.12, location="lower left", frameon=False,
        color=INK, scale_loc="top", sep=2, pad=0, border_pad=0, font_properties=font,
        scale_formatter=lambda number, name: f"{number:g} {name}",
    )  # fmt: skip
    axes.add_artist(bar)
    pen.write(left, bottom + 1.4, ratio_text(frame), 7.5, colour=GREY, name=SCALE_ID)
