"""A run killed at any moment leaves the old results or the new, never half, and the next run tidies up."""

from __future__ import annotations

import random
import time

import pytest
from stage import KILLED, Stage

NO_EXCHANGE = "renameat2:error=ENOSYS"
OUTPUTS = ("results.gpkg", "results.gpkg-journal", "tables.xlsx", "map.html", "run.json", "timing.json")


def kill_at(stage: Stage, call: str, number: int, *others: str, in_part: bool = False) -> str:
    """Kill a run as it makes a system call for the `number`-th time, then look; says what was found."""
    old = stage.fresh()
    names = (*OUTPUTS, "villages_without_hardened_road.csv")
    paths = [stage.part, *(stage.part / name for name in names)] if in_part else []
    ended = stage.traced([f"{call}:signal=KILL:when={number}", *others], paths)
    assert ended.code == KILLED, (call, number, ended)
    # Two renames are the one way by which, until the next start, nothing may be there.
    assert stage.out.exists() or others
    return stage.assert_old_or_new(old)


def kills_at_random(stage: Stage, number: int, *, warm: bool) -> dict[str, int]:
    chance = random.Random(number)
    run = stage.warm if warm else stage.cold
    stage.fresh()
    began = time.perf_counter()
    assert run().code == 0
    whole_s = time.perf_counter() - began
    found = {"old": 0, "new": 0}
    for _ in range(number):
        old = stage.fresh()
        # A little longer than a run takes, so that some come in time and some kill nothing.
        ended = run(kill_after=chance.uniform(0.1, 1.1) * whole_s)
        assert ended.code in (0, KILLED), ended
        found[stage.assert_old_or_new(old)] += 1
    assert run().code == 0
    assert stage.beside() == []
    return found


def test_kills_at_random_times(stage: Stage) -> None:
    found = kills_at_random(stage, 10, warm=True)
    assert found["old"] > 0


@pytest.mark.sweep
def test_60_kills_of_the_real_command_at_random_times(stage: Stage) -> None:
    found = kills_at_random(stage, 60, warm=False)
    assert found["old"] > 0


@pytest.mark.usefixtures("strace")
def test_a_kill_at_the_exchange_leaves_the_old_and_one_after_it_the_new(stage: Stage) -> None:
    assert kill_at(stage, "renameat2", 1) == "old"
    syncs = len(stage.published()) + 2  # each file, the part folder, and its parent after the exchange
    assert kill_at(stage, "fsync", syncs - 1) == "old"
    assert kill_at(stage, "fsync", syncs) == "new"
    # After the exchange the earlier results stand in the part folder and are removed from there.
    assert kill_at(stage, "unlinkat", 2, in_part=True) == "new"


@pytest.mark.usefixtures("strace")
def test_a_kill_between_two_renames_is_undone_by_the_next_start(stage: Stage) -> None:
    assert kill_at(stage, "rename", 1, NO_EXCHANGE) == "old"
    assert kill_at(stage, "rename", 2, NO_EXCHANGE) == "old"
    syncs = len(stage.published()) + 2
    assert kill_at(stage, "fsync", syncs, NO_EXCHANGE) == "new"


@pytest.mark.sweep
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("others", [(), (NO_EXCHANGE,)], ids=["exchange", "two renames"])
def test_a_kill_at_every_sync_rename_and_removal(stage: Stage, others: tuple[str, ...]) -> None:
    for call in ("fsync", "rename" if others else "renameat2", "unlinkat"):
        for number in range(1, stage.calls(call) + 1 if call != "rename" else 3):
            kill_at(stage, call, number, *others)
    assert stage.warm().code == 0
    assert stage.beside() == []


@pytest.mark.sweep
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("call", ["write", "pwrite64", "openat", "ftruncate", "unlink"])
def test_a_kill_at_every_write(stage: Stage, call: str) -> None:
    paths = [stage.part / name for name in (*OUTPUTS, "villages_without_hardened_road.csv")]
    number = stage.calls(call, paths)
    for at in range(1, number + 1, max(1, number // 40)):
        assert kill_at(stage, call, at, in_part=True) == "old"
    assert stage.warm().code == 0
