"""How the sample county's map looks, held against pictures that were looked at.

Each screenshot is made smaller by four and compared with its reference: a change of layout, colour or symbol shows,
another font's edges do not. To take new references after a change that was meant: set SITEPLAN_NEW_REFERENCES=1, run
this file, look at the pictures, and commit them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

NewPage = Callable[..., Any]
REFERENCES = Path(__file__).parent / "references"
SHRUNK = 4
MEAN_OFF, FAR_OFF, SHARE_FAR_OFF = 4.0, 48, 0.03
"""Grey levels that pixels may differ by on average, and the share of them that may differ by more than FAR_OFF."""

LOOKS: dict[str, tuple[tuple[int, int, bool], Callable[[Any], None]]] = {}


def look(name: str, width: int, height: int, *, touch: bool = False) -> Callable[[Callable[[Any], None]], None]:
    def keep(act: Callable[[Any], None]) -> None:
        LOOKS[name] = ((width, height, touch), act)

    return keep


@look("county", 1366, 768)
def _(page: Any) -> None:
    """As it opens."""


@look("hamlet-english", 1366, 768)
def _(page: Any) -> None:
    page.click("#sp-language")
    page.select_option("#sp-township", "云坪乡")
    page.select_option("#sp-group", "group:without")
    page.click("#sp-tool-table")
    page.locator("#sp-table tbody tr[data-row]").nth(2).click()


@look("compared", 1366, 768)
def _(page: Any) -> None:
    page.select_option("[data-layer=roads] .sp-theme select", "surface")
    page.click("#sp-tool-compare")


@look("phone", 390, 800, touch=True)
def _(page: Any) -> None:
    page.fill("#sp-query", "H0097")
    page.press("#sp-query", "Enter")


@look("sheet", 1366, 1000)
def _(page: Any) -> None:
    page.evaluate("() => { Date.prototype.getFullYear = () => 2026; Date.prototype.getMonth = () => 0;"
                  " Date.prototype.getDate = () => 1; }")  # fmt: skip
    page.click("#sp-tool-print")
    page.select_option("#sp-print-extent", "all")


@pytest.fixture(scope="module")
def map_file(sample_run: Path) -> Path:
    return sample_run / "map.html"


@pytest.mark.parametrize("name", LOOKS)
def test_the_map_looks_as_it_did(name: str, map_file: Path, new_page: NewPage) -> None:
    (width, height, touch), act = LOOKS[name]
    page = new_page(width, height, touch=touch).open(map_file)
    act(page)
    page.wait_for_function("() => !siteplan.map._animatingZoom && !siteplan.map._panAnim?._inProgress")
    page.wait_for_timeout(600)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = shot.resize((width // SHRUNK, height // SHRUNK), Image.Resampling.BOX)
    reference = REFERENCES / f"{name}.png"
    if os.environ.get("SITEPLAN_NEW_REFERENCES"):
        REFERENCES.mkdir(exist_ok=True)
        small.save(reference, optimize=True)
    known = np.asarray(Image.open(reference).convert("RGB"), dtype=float)
    off = np.abs(np.asarray(small, dtype=float) - known).max(axis=2)
    assert off.mean() < MEAN_OFF, f"{name}: {off.mean():.1f} grey levels off on average"
    assert (off > FAR_OFF).mean() < SHARE_FAR_OFF, f"{name}: {(off > FAR_OFF).mean():.1%} of it looks different"


def test_a_change_of_layout_would_show() -> None:
    """The tolerance is narrow enough: the same map moved by a fortieth of the window is told apart."""
    known = np.asarray(Image.open(REFERENCES / "county.png").convert("RGB"), dtype=float)
    moved = np.roll(known, known.shape[1] // 40, axis=1)
    off = np.abs(moved - known).max(axis=2)
    assert (off > FAR_OFF).mean() > SHARE_FAR_OFF
