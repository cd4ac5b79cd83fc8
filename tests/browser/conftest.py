"""Pages in headless Chromium that can reach nothing but files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

sys.path.insert(0, str(Path(__file__).parents[1] / "webmap"))


@dataclass
class OfflinePage:
    """A page with the network off, and everything it should not have done."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def open(self, file: Path) -> Page:
        """Open a map file and wait until it says that it is ready."""
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        return self.page


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., OfflinePage]]:
    """Makes offline pages (`width`, `height`, `touch`); at the end any console error, dialog, page error, or request
    other than for a file fails the test."""
    made: list[OfflinePage] = []

    def make(width: int = 1366, height: int = 768, *, touch: bool = False) -> OfflinePage:
        context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
        context.set_offline(True)
        one = OfflinePage(context.new_page())

        def guard(route: Route) -> None:
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                one.faults.append(f"request: {route.request.url}")
                route.abort()

        context.route("**/*", guard)
        one.page.on("pageerror", lambda error: one.faults.append(f"page error: {error}"))
        one.page.on("dialog", lambda dialog: (one.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        one.page.on(
            "console",
            lambda said: one.faults.append(f"console: {said.text}") if said.type in ("error", "warning") else None,
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.page.context.close()
        assert one.faults == []


@pytest.fixture
def offline_page(new_page: Callable[..., OfflinePage]) -> OfflinePage:
    """One offline page of a laptop's size."""
    return new_page()
