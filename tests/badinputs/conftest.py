"""The folder of faulty files and the port that nothing may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import Canary


@pytest.fixture(scope="session")
def badinputs(shared_data: Path) -> Path:
    return shared_data / "badinputs"


@pytest.fixture(scope="session")
def canary(badinputs: Path) -> Iterator[Canary]:
    manifest = json.loads((badinputs / "manifest.json").read_text("utf-8"))
    watch = Canary(manifest["canary"]["http_port"])
    yield watch
    watch.close()
