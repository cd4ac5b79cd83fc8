"""Fixtures shared by all tests: where the real data lie, and whether long sweeps are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

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
