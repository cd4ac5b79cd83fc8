"""Table values -> what stands in the page's data and what a reader sees.

A figure is shown with at most two decimals (three significant digits below 0.01), without separators, so that it is
the figure of the tables; a missing or infinite one is shown as a dash, never as NaN or 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.language import Language, Texts

MISSING_TEXT = "—"
"""What the panel shows for a missing value, in every language."""

_EXACT_IN_BROWSER = 2**53
_SMALLEST = 1e-6  # below it a browser would write an exponent

Plain = str | int | float | bool | None


def plain(value: Any) -> Plain:
    """One table value as the page carries it: text, number, bool or None for missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        number = int(value)
        return number if abs(number) < _EXACT_IN_BROWSER else str(number)
    if isinstance(value, (float, np.floating)):
        return _plain_float(float(value))
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return str(value) or None


def _plain_float(number: float) -> Plain:
    if not math.isfinite(number):
        return None
    size = abs(number)
    number = 0.0 if size < _SMALLEST else float(f"{number:.3g}") if size < 0.01 else round(number, 2)
    if number.is_integer():
        return int(number) if size < _EXACT_IN_BROWSER else str(int(number))
    return number


def shown_text(value: Any, language: Language) -> str:
    """The text that the panel shows for a table value (class keys excepted: the panel shows the class's label)."""
    simple = plain(value)
    if simple is None:
        return MISSING_TEXT
    if isinstance(simple, bool):
        return Texts(language)("webmap.page.yes" if simple else "webmap.page.no")
    if isinstance(simple, float):
        return np.format_float_positional(simple, trim="-")
    return str(simple)


def rounded_figures(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Finite numbers, (n,), rounded as `plain` rounds one."""
    size = np.abs(numbers)
    shown = np.round(numbers, 2)
    # numpy rounds a binary neighbour of a tie the other way now and then: those few go through `plain`.
    hundredths = size * 100.0
    doubtful = np.abs(hundredths - np.floor(hundredths) - 0.5) < 1e-6 * np.maximum(hundredths, 1.0)
    doubtful |= size < 0.01
    doubtful &= size > 0.0
    at = np.flatnonzero(doubtful)
    shown[at] = [float(plain(number) or 0.0) for number in numbers[at].tolist()]
    return shown + 0.0  # no negative zero
