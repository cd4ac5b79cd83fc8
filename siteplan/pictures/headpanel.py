"""One head profile in its frame: ground filled, grade line, head at rest, flags at nodes, the service head at the end.

Places are mm from the sheet's lower left corner, font sizes points; along the line metres, heights metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from siteplan.language import Texts
from siteplan.pictures.lettering import MM_PER_POINT, Lettering, plain_text
from siteplan.pictures.pen import GREY, INK, Pen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from siteplan.pictures.headprofile import HeadProfile

Floats = NDArray[np.float64]

GROUND, GROUND_EDGE, GRADE, STATIC, BELOW = "#D9CDBA", "#7A6248", "#0B5FA5", "#3F8FBF", "#C8102E"
STATIC_DASHES = (0.0, (5.0, 2.5))
_EXACT_M = 0.05
"""Heads that round to the same figure are the same."""
SEEN_M = 0.1
"""Heights are told to the decimetre: a head that is less below the ground is at the ground."""
LONG_M = 2_000.0
"""From this length on distances are in km."""
_TEXTS = "pictures.headprofile"
_TITLE, _LEAST_TITLE, _LINE_SIZE, _SMALL, _NEED = 10.0, 7.0, 7.5, 6.5, 7.0
_LEADING = 1.45 * MM_PER_POINT
_FLAG_MM, _MOST_ROWS, _LONGEST_FLAG_MM = 3.4, 4, 42.0
_LEFT_MM, _TICKS_MM, _AFTER_MM = 14.0, 5.0, 3.5
_MOST_LINES = 4
"""Of words beneath the title."""
_BRACKET_MM, _NEED_MM = 1.6, 4.4
"""From the frame to the bracket of the service head, and to its text."""
_LEAST_SPAN_M = 10.0
_SHAPES = {"source": "v", "tank": "s", "pump": "o", "valve": "D", "tap": "p", "hamlet": "^"}


@dataclass(frozen=True)
class Box:
    """Left, bottom, width, height."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Scale:
    """Metres along and up -> mm on the sheet, in the frame `box`."""

    box: Box
    length: float
    low: float
    high: float

    def x(self, station: float) -> float:
        """Where a station stands."""
        return self.box.left + station / self.length * self.box.width

    def y(self, height: float) -> float:
        """Where a height stands."""
        return self.box.bottom + (height - self.low) / (self.high - self.low) * self.box.height


def below_ground(station: Floats, ground: Floats, grade: Floats) -> list[Floats]:
    """Stretches where the grade line lies under the ground, by at least `SEEN_M` somewhere.

    Returns
    -------
    One array (k, 3) a stretch: station, ground, grade; it begins and ends where the two lines cross, or where one of
    them is not known.
    """
    runs: list[list[tuple[float, float, float]]] = [[]]
    last: tuple[float, float, float] | None = None
    for here in zip(station.tolist(), ground.tolist(), grade.tolist(), strict=True):
        depth = here[1] - here[2]
        if not np.isfinite(depth):
            last = None
            runs.append([])
            continue
        before = last[1] - last[2] if last else 0.0
        if last and (depth > 0) != (before > 0):
            share = before / (before - depth)
            cross = tuple(a + share * (b - a) for a, b in zip(last, here, strict=True))
            runs[-1].append((cross[0], cross[1], cross[2]))
            if depth <= 0:
                runs.append([])
        if depth > 0:
            runs[-1].append(here)
        last = here
    found = [np.array(run, dtype=np.float64).reshape(-1, 3) for run in runs if run]
    return [run for run in found if (run[:, 1] - run[:, 2]).max() >= SEEN_M]


def flag_rows(xs: Sequence[float], widths: Sequence[float]) -> list[int]:
    """The row of each flag, 0 lowest; `xs` rising. A flag reaches from its pole to the right.

    It hangs above every flag whose pole stands beneath it, so that no pole runs through a text.
    """
    rows = [0] * len(xs)
    for one in range(len(xs) - 1, -1, -1):
        under = [rows[other] for other in range(one + 1, len(xs)) if xs[other] < xs[one] + widths[one]]
        rows[one] = max(under, default=-1) + 1
    return rows


def figure_of(value: float, unit: str = "m") -> str:
    """A length or height with its unit, to the decimetre."""
    text = f"{value:.1f}".removesuffix(".0")
    return f"{'0' if text == '-0' else text} {unit}"


class Panel:
    """A profile made ready to be drawn: its numbers as arrays, its words cleaned."""

    def __init__(self, profile: HeadProfile, texts: Texts, letters: Lettering) -> None:
        self.profile, self.texts, self.letters = profile, texts, letters
        self.station, self.ground, self.grade, self.static = (
            profile.table[name].to_numpy(np.float64, na_value=np.nan)
            for name in ("station_m", "ground_m", "grade_m", "static_m")
        )
        self.below = below_ground(self.station, self.ground, self.grade)
        self.marks = sorted(
            ((float(at), plain_text(label), kind) for at, label, kind in profile.marks), key=lambda one: one[0]
        )

    def gutter_mm(self) -> float:
        """Room at the right of the frame: for the service head and the unit of the distance."""
        along = self.letters.width(self._say(self._along), _SMALL) + _AFTER_MM
        return max(_NEED_MM + self.letters.width(self._need()[0], _NEED), along) + 0.5

    def draw(self, pen: Pen, box: Box, gutter: float) -> None:
        """Draw it into `box`, the frame ending `gutter` mm before its right side."""
        frame_left, frame_width = box.left + _LEFT_MM, box.width - _LEFT_MM - gutter
        length = max(self.profile.length_m, 1.0)
        named, rows = self._flags(frame_left, frame_width, length, box.left + box.width)
        top = self._words(pen, box, unnamed=len(self.marks) - len(named))
        flags_mm = (max(rows, default=-1) + 1) * _FLAG_MM + (1.0 if rows else 0.0)
        frame = Box(frame_left, box.bottom + _TICKS_MM, frame_width, top - flags_mm - box.bottom - _TICKS_MM)
        scale = Scale(frame, length, *self._heights())
        axes = self._frame(pen, scale)
        self._lines(axes, scale)
        self._draw_below(axes, pen, scale)
        self._draw_flags(axes, pen, scale, named, rows)
        self._draw_need(pen, scale)
        self._draw_unknown(pen, scale)

    @property
    def _along(self) -> str:
        return "along_km" if self.profile.length_m >= LONG_M else "along_m"

    def _say(self, key: str, **values: object) -> str:
        return self.texts(f"{_TEXTS}.{key}", **values)

    def _told(self, value: float) -> str:
        return figure_of(value) if np.isfinite(value) else self._say("unknown")

    def _need(self) -> tuple[str, str]:
        """The words at the service head, and their colour: red where the head is too low."""
        need, head = self.profile.needed_m, self.profile.head_m
        return self._say("need", need=self._told(need), head=self._told(head)), BELOW if head < need - _EXACT_M else INK

    def _heights(self) -> tuple[float, float]:
        """Lowest and highest height in the frame, m, with room for the ground's fill below."""
        end = [self.ground[-1] + self.profile.needed_m] if len(self.ground) else []
        shown = np.concatenate([self.ground, self.grade, self.static, end])
        shown = shown[np.isfinite(shown)]
        if not len(shown):
            return 0.0, _LEAST_SPAN_M
        low, high = float(shown.min()), float(shown.max())
        lacking = max(_LEAST_SPAN_M - (high - low), 0.0) / 2
        low, high = low - lacking, high + lacking
        span = high - low
        return low - 0.14 * span, high + 0.05 * span

    def _words(self, pen: Pen, box: Box, *, unnamed: int) -> float:
        """Title and the line beneath it; gives the height that is free below them."""
        y, size, title = box.bottom + box.height, _TITLE, plain_text(self.profile.title)
        while size > _LEAST_TITLE and self.letters.width(title, size, bold=True) > box.width:
            size -= 0.5
        line = self.letters.cut(title, size, box.width, bold=True)
        pen.write(box.left, y - size * _LEADING / 2, line, size, bold=True, name="title")
        y -= size * _LEADING
        long = self.profile.length_m
        length = f"{long:.0f} m" if long < LONG_M else f"{long / 1000:.2f} km"
        said = [self._say("line", length=length, head=self._told(self.profile.head_m))]
        if self.below:
            deepest = max(float((run[:, 1] - run[:, 2]).max()) for run in self.below)
            said.append(self._say("below_at", n=len(self.below), depth=figure_of(deepest)))
        said.append(self.profile.verdict)
        if any(np.isnan(one).any() for one in (self.ground, self.grade, self.static)):
            said.append(self._say("gaps"))
        if unnamed:
            said.append(self._say("unnamed", n=unnamed))
        for line in self._packed([plain_text(one) for one in said], box.width):
            pen.write(box.left, y - _LINE_SIZE * _LEADING / 2, line, _LINE_SIZE, colour=GREY, name="line")
            y -= _LINE_SIZE * _LEADING
        return y - 1.0

    def _packed(self, parts: Sequence[str], width: float) -> list[str]:
        """The parts in as few lines as hold them whole; one that is longer than a line is broken."""
        lines: list[str] = []
        for part in parts:
            joined = self._say("join").join([*lines[-1:], part])
            if lines and self.letters.width(joined, _LINE_SIZE) <= width:
                lines[-1] = joined
            else:
                lines += self.letters.lines(part, _LINE_SIZE, width, _MOST_LINES)
        if len(lines) <= _MOST_LINES:
            return lines
        return [*lines[: _MOST_LINES - 1], self.letters.cut(lines[_MOST_LINES - 1] + "…", _LINE_SIZE, width)]

    def _frame(self, pen: Pen, scale: Scale) -> Axes:
        from matplotlib.ticker import MaxNLocator

        box, (wide, tall) = scale.box, (pen.figure.get_size_inches() * 25.4).tolist()
        place = (box.left / wide, box.bottom / tall, box.width / wide, box.height / tall)
        axes = pen.figure.add_axes(place, gid="profile")
        axes.set_xlim(0.0, scale.length)
        axes.set_ylim(scale.low, scale.high)
        unit = 1000.0 if self._along == "along_km" else 1.0
        across = np.asarray(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, scale.length / unit))
        across = across[(across >= 0) & (across * unit <= self.profile.length_m)]
        heights = np.asarray(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(scale.low, scale.high))
        heights = heights[(heights >= scale.low) & (heights <= scale.high)]
        font = self.letters.properties(_SMALL)
        axes.set_xticks(across * unit, [f"{one:g}" for one in across.tolist()], fontproperties=font, color=GREY)
        axes.set_yticks(heights, [f"{one:g}" for one in heights.tolist()], fontproperties=font, color=GREY)
        axes.tick_params(length=2.0, width=0.5, pad=2.0, color=GREY)
        axes.grid(True, axis="y", color="#E4E7EB", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_linewidth(0.6)
            spine.set_color(GREY)
        right, below = box.left + box.width + _AFTER_MM, box.bottom - 2.7
        pen.write(right, below, self._say(self._along), _SMALL, colour=GREY, name="along")
        pen.write(
            box.left - _LEFT_MM + 2.6, box.bottom + box.height / 2, self._say("elevation"), _SMALL, colour=GREY,
            turned=True, name="elevation",
        )  # fmt: skip
        return axes

    def _lines(self, axes: Axes, scale: Scale) -> None:
        """What is not known stays a gap; a known value between unknown ones, which no line would show, is a dot."""
        known = np.isfinite(self.ground)
        axes.fill_between(
            self.station, self.ground, scale.low, where=known, color=GROUND, linewidth=0.0, zorder=1, gid="ground"
        )
        looks: list[tuple[str, Floats, dict[str, Any]]] = [
            ("ground-line", self.ground, {"color": GROUND_EDGE, "linewidth": 1.0, "zorder": 3}),
            ("static", self.static, {"color": STATIC, "linewidth": 1.1, "linestyle": STATIC_DASHES, "zorder": 4}),
            ("grade", self.grade, {"color": GRADE, "linewidth": 1.8, "zorder": 5}),
        ]
        for name, values, look in looks:
            axes.plot(self.station, values, gid=name, solid_joinstyle="round", clip_on=False, **look)
            alone = np.isfinite(values) & ~_beside(np.isfinite(values))
            if alone.any():
                axes.plot(
                    self.station[alone], values[alone], gid=f"{name}-alone", linestyle="none", marker="o",
                    markersize=3.2, markeredgewidth=0.0, color=look["color"], zorder=6, clip_on=False,
                )  # fmt: skip

    def _draw_below(self, axes: Axes, pen: Pen, scale: Scale) -> None:
        """Red over the grade line and up to the ground, with the greatest depth written beneath."""
        taken: list[tuple[float, float]] = []
        for run in sorted(self.below, key=lambda one: -float((one[:, 1] - one[:, 2]).max())):
            station, ground, grade = run.T
            axes.fill_between(
                station, grade, ground, color=BELOW, alpha=0.22, linewidth=0.0, zorder=2, gid="below-field"
            )
            axes.plot(station, grade, color=BELOW, linewidth=2.2, zorder=7, gid="below")
            worst = int(np.argmax(ground - grade))
            text = figure_of(float(grade[worst] - ground[worst]))
            half = self.letters.width(text, _SMALL) / 2
            box = scale.box
            # To the side on which the line stands higher.
            aside = -half if grade[0] >= grade[-1] else half
            x = scale.x(float(station[worst])) + aside
            x = min(max(x, box.left + half + 1), box.left + box.width - half - 1)
            # The deepest first; one that would stand on another's figure is told by its colour alone.
            if all(x + half + 1 < left or x - half - 1 > right for left, right in taken):
                taken.append((x - half, x + half))
                y = min(self._line_mm(scale, one) for one in (x - half, x, x + half)) - 2.2
                pen.write(x, max(y, box.bottom + 1.4), text, _SMALL, colour=BELOW, align="center", name="depth")

    def _line_mm(self, scale: Scale, x: float) -> float:
        """Height of the grade line on the sheet at `x` mm, the frame's lower edge where it is not known."""
        grade = float(np.interp((x - scale.box.left) / scale.box.width * scale.length, self.station, self.grade))
        return scale.y(grade) if np.isfinite(grade) else scale.box.bottom

    def _flags(
        self, left: float, width: float, length: float, right: float
    ) -> tuple[list[tuple[float, str, str, float]], list[int]]:
        """Marks that get a flag (station, text, kind, x) and the rows of their flags."""
        shown = list(self.marks)
        while True:
            xs = [left + min(max(at / length, 0.0), 1.0) * width for at, _, _ in shown]
            labels = [
                self.letters.cut(label, _SMALL, max(min(_LONGEST_FLAG_MM, right - x - 1.0), 8.0))
                for x, (_, label, _) in zip(xs, shown, strict=True)
            ]
            rows = flag_rows(xs, [self.letters.width(label, _SMALL) + 2.0 for label in labels])
            spare = self._to_spare(shown, rows)
            if spare is None:
                flags = [(at, text, kind, x) for (at, _, kind), text, x in zip(shown, labels, xs, strict=True)]
                return flags, rows
            del shown[spare]

    def _to_spare(self, shown: list[tuple[float, str, str]], rows: list[int]) -> int | None:
        """Which flag to leave out where they stand too high: what the line only passes; never its two ends."""
        if max(rows, default=0) < _MOST_ROWS or len(shown) <= 2:
            return None
        inner = range(1, len(shown) - 1)
        worth = {"hamlet": 0, "valve": 1, "tap": 1}
        return min(inner, key=lambda one: (worth.get(shown[one][2], 2), -rows[one], -one))

    def _draw_flags(
        self, axes: Axes, pen: Pen, scale: Scale, named: list[tuple[float, str, str, float]], rows: list[int]
    ) -> None:
        top = scale.box.bottom + scale.box.height
        for (at, text, kind, x), row in zip(named, rows, strict=True):
            y = top + 1.0 + (row + 0.5) * _FLAG_MM
            ground = self._ground_at(at)
            foot = scale.low if np.isnan(ground) else ground
            axes.plot([at, at], [foot, scale.high], color=GREY, linewidth=0.5, linestyle=(0, (1, 1.5)), zorder=2.5,
                      gid="pole")  # fmt: skip
            pen.line([x, x], [top, y + _FLAG_MM / 2 - 0.4], 0.5, colour=GREY)
            pen.write(x + 0.9, y, text, _SMALL, name=f"mark-{kind}")
        for at, _, kind in self.marks:
            ground = self._ground_at(at)
            if np.isfinite(ground):
                axes.plot(
                    [at], [ground], marker=_SHAPES.get(kind, "o"), markersize=5.0, markeredgewidth=0.7, zorder=8,
                    markerfacecolor="#111827" if kind == "hamlet" else "white", markeredgecolor=INK, clip_on=False,
                    gid=f"at-{kind}",
                )  # fmt: skip

    def _ground_at(self, station: float) -> float:
        """The ground at a station, m; NaN where it, or a neighbour it would be taken from, is not known."""
        at = np.flatnonzero(np.isclose(self.station, station, rtol=0.0, atol=1e-6))
        if len(at):
            return float(self.ground[at[-1]])
        return float(np.interp(station, self.station, self.ground)) if len(self.station) else float("nan")

    def _draw_need(self, pen: Pen, scale: Scale) -> None:
        """A bracket from the ground at the end up to the head the hamlet needs, and both figures in words."""
        text, colour = self._need()
        right = scale.box.left + scale.box.width
        need, foot = self.profile.needed_m, self.ground[-1] if len(self.ground) else np.nan
        y = scale.box.bottom + scale.box.height / 2
        if np.isfinite(foot):
            y = scale.y(float(foot))
        if np.isfinite(foot) and np.isfinite(need):
            low, high = scale.y(float(foot)), scale.y(float(foot) + need)
            from matplotlib.lines import Line2D

            post, arm = right + _BRACKET_MM + 1.2, right + _BRACKET_MM
            pen.figure.add_artist(
                Line2D([arm, post, post, arm], [low, low, high, high], transform=pen.mm, color=colour, linewidth=1.0,
                       solid_joinstyle="miter", zorder=10, gid="service-head")
            )  # fmt: skip
            y = (low + high) / 2
        pen.write(right + _NEED_MM, y, text, _NEED, colour=colour, name="need")

    def _draw_unknown(self, pen: Pen, scale: Scale) -> None:
        """No head at peak hour, or no line at all, is said in words where the lines would be."""
        if not len(self.station):
            key = "no_way"
        elif np.isfinite(self.grade).any():
            return
        else:
            key = "no_grade" if np.isfinite(self.static).any() else "no_heads"
        box = scale.box
        lines = self.letters.lines(self._say(key), _LINE_SIZE + 1.5, box.width - 8.0, 2)
        for n, line in enumerate(lines):
            y = box.bottom + box.height * 0.82 - n * (_LINE_SIZE + 1.5) * _LEADING
            pen.write(
                box.left + box.width / 2, y, line, _LINE_SIZE + 1.5, colour=BELOW, align="center", halo=True, name=key
            )


def _beside(known: Any) -> Any:
    """Whether a neighbour is known, (n,)."""
    padded = np.concatenate([[False], known, [False]])
    return padded[:-2] | padded[2:]
