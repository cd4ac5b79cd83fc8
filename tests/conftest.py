"""Fixtures shared by all tests: where the real data lie, and whether long sweeps are asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).resolve()
REPOSITORY = HERE.parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the long sweeps and full-size benchmarks too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--sweep"):
        return
    skip = pytest.mark.skip(reason="a long sweep: run with --sweep")
    for item in items:
        if "sweep" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it are skipped where it is absent."""
    for folder in HERE.parents:
        if (folder / "shared" / "data").is_dir():
            return folder / "shared" / "data"
    pytest.skip("no folder shared/data beside the checkout: the real data are not here")


@pytest.fixture(scope="session")
def ladakh_plan(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Ladakh plan of the tests, pointed at the real data."""
    folder = tmp_path_factory.mktemp("ladakh")
    text = (HERE.parent / "data" / "ladakh.toml").read_text("utf-8")
    (folder / "plan.toml").write_text(text.replace("LADAKH", (shared_data / "ladakh").as_posix()), "utf-8")
    profile = (HERE.parent / "data" / "ladakh-profile.toml").read_text("utf-8")
    (folder / "ladakh-profile.toml").write_text(profile, "utf-8")
    return folder / "plan.toml"


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the sample county wrote, for all tests that only read it."""
    from siteplan import workflow
    from siteplan.plan import load_plan

    folder = tmp_path_factory.mktemp("sample-run") / "sample"
    workflow.run(load_plan(REPOSITORY / "data" / "plan.toml"), folder)
    return folder


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, one for all tests of a process.

    Without one on the path the tests that need it are skipped with the reason, except in CI (environment `CI=true`),
    where they fail: a map that nobody opened is not tested.
    """
    from playwright.sync_api import sync_playwright

    path = next((found for found in map(shutil.which, CHROMIUM) if found), None)
    if path is None:
        reason = f"no Chromium found (looked for {', '.join(CHROMIUM)} on PATH)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
