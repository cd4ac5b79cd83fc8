"""A disk that is full, broken or read-only: exit code 4, the path and the free MB told, the old results whole."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Ended, Stage, Warmstart

CSV = "villages_without_hardened_road.csv"
PLAIN = ("tables.xlsx", "map.html", CSV, "run.json", "timing.json")
NO_EXCHANGE = "renameat2:error=ENOSYS"
SYNCS = 8
"""How often a run syncs: six files, the part folder, its parent."""


def assert_refused(ended: Ended, stage: Stage, old: dict[str, bytes]) -> None:
    assert ended.code == 4, ended
    assert "Traceback" not in ended.said
    assert "Exception ignored" not in ended.said
    assert str(stage.out.parent) in ended.said
    assert re.search(r"\(\d+ MB free\)", ended.said), ended.said
    stage.assert_untouched(old)


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("injections", "file"),
    [
        (["openat:error=EROFS"], "../.tiny.lock"),
        (["pwrite64:error=ENOSPC:when=40+"], "results.gpkg"),
        (["pwrite64:error=EIO:when=50"], "results.gpkg"),  # GDAL itself does not tell of this one
        (["write:error=ENOSPC:when=1+"], "tables.xlsx"),
        ([f"fsync:error=EIO:when={SYNCS}"], None),
        (["renameat2:error=EIO"], None),
        ([NO_EXCHANGE, "rename:error=EIO:when=2"], None),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else str(value),
)
def test_a_refusal_ends_with_4_and_the_old_results_whole(stage: Stage, injections: list[str], file: str | None) -> None:
    old = stage.fresh()
    paths = [] if file is None else [Path(os.path.normpath(stage.part / file))]
    ended = stage.traced(injections, paths)
    assert_refused(ended, stage, old)


@pytest.mark.sweep
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize(
    ("call", "file"),
    [
        ("pwrite64", "results.gpkg"),
        ("pwrite64", "results.gpkg-journal"),
        ("ftruncate", "results.gpkg"),
        *(("openat", file) for file in PLAIN),
        *(("write", file) for file in PLAIN),
        ("openat", "results.gpkg"),
        ("mkdir", ""),
        ("fsync", None),
        ("renameat2", None),
    ],
)  # fmt: skip
def test_one_failing_call_of_any_kind_at_any_place(stage: Stage, call: str, file: str | None, error: str) -> None:
    """A single failure that a library makes good (it tries again) may end well; then the results are the right ones."""
    paths = [] if file is None else [stage.part / file]
    number = stage.calls(call, paths)
    good = stage.published()
    for at in range(1, number + 1, max(1, number // 60)):
        stage.attempt -= 1
        old = stage.fresh()
        ended = stage.traced([f"{call}:error={error}:when={at}"], paths)
        if ended.code == 0:
            now = stage.published()
            assert {name: now[name] for name in now if name != "timing.json"} == {
                name: good[name] for name in good if name != "timing.json"
            }, (at, ended)
        else:
            assert_refused(ended, stage, old)


@pytest.mark.usefixtures("strace")
def test_a_file_system_without_locks(stage: Stage) -> None:
    old = stage.fresh()
    ended = stage.traced(["flock:error=ENOLCK"])
    assert ended.code == 4, ended
    assert "MB free" in ended.said
    assert stage.published() == old
    # Whether another run is at work cannot be known, so the lock file is not touched.
    stage.out.with_name(".tiny.lock").unlink()
    assert stage.beside() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill_and_run(stage: Stage, disk: Path, shares: tuple[float, ...]) -> None:
    """Runs with room for a share of what they write: each is refused, and once there is room one more succeeds."""
    old = stage.fresh()
    needed = sum(len(content) for content in old.values())
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    for share in shares:
        (disk / "ballast").write_bytes(b"x" * (free - int(needed * share)))
        ended = stage.warm()
        assert ended.code == 4, (share, ended)
        assert "Traceback" not in ended.said
        assert "Exception ignored" not in ended.said
        assert re.search(r"\([01] MB free\)", ended.said), ended.said
        assert stage.published() == old
        assert stage.beside() == ["ballast"]
        (disk / "ballast").unlink()
    assert stage.warm().code == 0


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path, warmstart: Warmstart) -> None:
    fill_and_run(Stage(tmp_path, warmstart, small_disk / "tiny"), small_disk, (0.6,))


@pytest.mark.sweep
def test_a_disk_that_is_really_full_at_many_places(small_disk: Path, tmp_path: Path, warmstart: Warmstart) -> None:
    shares = tuple(step / 16 for step in range(16))
    fill_and_run(Stage(tmp_path, warmstart, small_disk / "tiny"), small_disk, shares)


@pytest.mark.parametrize("out", ["/proc/siteplan/tiny", "/sys/siteplan"])
def test_places_where_nobody_may_write(tmp_path: Path, warmstart: Warmstart, out: str) -> None:
    ended = Stage(tmp_path, warmstart, Path(out)).warm()
    assert ended.code == 4, ended
    assert out.rsplit("/", 1)[0] in ended.said
    assert "Traceback" not in ended.said
