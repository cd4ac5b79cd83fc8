"""Makes the pictures in maps/ anew: `make pictures`. Runs the sample county and photographs its map in Chromium."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
MAPS = REPOSITORY / "maps"


def kept(picture: bytes, name: str) -> None:
    """A picture small enough for a repository: each channel in steps of 8, which no eye sees and PNG packs well."""
    steps = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    Image.fromarray(np.minimum((steps + 4) // 8 * 8, 255).astype(np.uint8)).save(MAPS / name, optimize=True)


def settled(page: Page) -> None:
    page.wait_for_function("() => !siteplan.map._animatingZoom && !siteplan.map._panAnim?._inProgress")
    page.wait_for_timeout(600)


def hamlet(page: Page) -> None:
    page.select_option("#sp-township", "云坪乡")
    page.select_option("#sp-group", "group:without")
    page.click("#sp-tool-table")
    page.locator("#sp-table tbody tr[data-row]").nth(2).click()


def compared(page: Page) -> None:
    page.click("#sp-language")
    page.select_option("[data-layer=roads] .sp-theme select", "surface")
    page.click("#sp-tool-compare")


def phone(page: Page) -> None:
    page.fill("#sp-query", "lzb")
    page.press("#sp-query", "Enter")


def water(page: Page) -> None:
    page.select_option("#sp-theme-villages", "water_level")
    page.fill("#sp-query", "E3")
    page.press("#sp-query", "ArrowDown")
    page.press("#sp-query", "Enter")


LOOKS = (
    ("county.png", (1366, 768), lambda page: None),
    ("hamlet.png", (1366, 768), hamlet),
    ("water.png", (1366, 768), water),
    ("compared.png", (1366, 768), compared),
    ("phone.png", (390, 800), phone),
)


def main() -> None:
    """Run the county and take every picture."""
    siteplan = [sys.executable, "-m", "siteplan"]
    plan = REPOSITORY / "data" / "plan.toml"
    chromium = next(path for name in ("chromium", "google-chrome") if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        out = Path(folder) / "sample"
        subprocess.run([*siteplan, "run", str(plan), "--out", str(out), "--quiet"], check=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height), act in LOOKS:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto((out / "map.html").as_uri())
            page.wait_for_selector("html[data-ready=yes]")
            act(page)
            settled(page)
            kept(page.screenshot(), name)
        page = browser.new_page(viewport={"width": 1366, "height": 940})
        page.goto((out / "map.html").as_uri())
        page.wait_for_selector("html[data-ready=yes]")
        page.click("#sp-tool-print")
        page.select_option("#sp-print-extent", "all")
        settled(page)
        kept(page.locator(".sp-sheet").screenshot(), "sheet.png")
        browser.close()
        drawn = Path(folder) / "picture.png"
        words = ["--layer", "villages", "--layer", "roads", "--theme", "missing", "--dpi", "110", "--quiet"]
        subprocess.run([*siteplan, "picture", str(plan), "--out", str(drawn), *words], check=True)
        kept(drawn.read_bytes(), "picture.png")


if __name__ == "__main__":
    main()
