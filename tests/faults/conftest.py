"""The stage that the tests of kills and refusals share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest
from stage import Stage, Warmstart


@pytest.fixture(scope="session")
def warmstart() -> Iterator[Warmstart]:
    if sys.platform != "linux":
        pytest.skip("forks, signals and strace as Linux has them")
    made = Warmstart()
    yield made
    made.close()


@pytest.fixture(scope="session")
def stage(warmstart: Warmstart, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"), warmstart)


@pytest.fixture
def strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not here: it is Linux's tool for injecting faults into system calls")
