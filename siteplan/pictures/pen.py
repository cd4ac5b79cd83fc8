"""Writes and draws on the sheet at places in mm from its lower left corner; font sizes and line widths are points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from siteplan.pictures.drawing import Target
from siteplan.pictures.lettering import MM_PER_POINT, Lettering

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, GREY = "#1d2530", "#5d6673"
HALO_ID = "halo"
"""The id of the white text beneath a name."""
_DROP = 0.36
"""From the middle of a line of text down to its baseline, in parts of the size."""


class Pen:
    """A figure of a size in mm, and the lettering it is written in."""

    def __init__(self, figure: Figure, letters: Lettering) -> None:
        from matplotlib.transforms import Affine2D

        self.figure, self.letters = figure, letters
        self.mm = Affine2D().scale(1 / 25.4) + figure.dpi_scale_trans
        self.target = Target(figure.add_artist, self.mm)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
        align: Literal["left", "center", "right"] = "left",
        turned: bool = False,
        halo: bool = False,
        letters: Lettering | None = None,
        name: str = "",
    ) -> None:
        """One line whose middle is at height `y`; turned, it reads upwards and `y` is its middle along."""
        from matplotlib.patheffects import Stroke

        font = (letters or self.letters).properties(size, bold=bold)
        drop = size * _DROP * MM_PER_POINT
        place = (x, y) if turned else (x, y - drop)
        for below in (True, False) if halo else (False,):
            one = self.figure.text(
                *place,
                text,
                transform=self.mm,
                fontproperties=font,
                color="white" if below else colour,
                rotation=90 if turned else 0,
                parse_math=False,
                zorder=20 if below else 21,
                gid=HALO_ID if below else name or None,
                ha="right" if turned else align,
                va="center" if turned else "baseline",
            )
            if below:
                # As a text of its own: letters with an effect become outlines, which no reader of a PDF finds again.
                one.set_path_effects([Stroke(linewidth=2.4, foreground="white", alpha=0.92, joinstyle="round")])

    def line(self, xs: Sequence[float], ys: Sequence[float], width: float, *, colour: str = INK) -> None:
        """A line through places."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(
            Line2D(xs, ys, transform=self.mm, color=colour, linewidth=width, solid_capstyle="butt", zorder=10)
        )

    def polygon(
        self, corners: Sequence[tuple[float, float]], *, fill: str, edge: str = INK, width: float = 0.6
    ) -> None:
        """A filled polygon."""
        from matplotlib.patches import Polygon

        self.figure.add_artist(
            Polygon(corners, transform=self.mm, facecolor=fill, edgecolor=edge, linewidth=width, zorder=10)
        )
