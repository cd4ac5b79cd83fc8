"""A tiny county, run again and again on one output folder, killed or hindered; and what must be true afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
from shapely.geometry import LineString, Point

from siteplan.outfolder import RECORD, output_folder

CLOCK = "timing.json"
KILLED = -signal.SIGKILL

PLAN = """
[plan]
name = "tiny"
title = "{title}"
language = "en"
country = "CN"
[layers]
villages = {{ path = "villages.gpkg" }}
roads = {{ path = "roads.gpkg" }}
"""


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (`KILLED` when killed) and what it said."""

    code: int
    said: str


class Warmstart:
    """The process that forks warm runs, one at a time."""

    def __init__(self) -> None:
        words = [sys.executable, str(Path(__file__).with_name("warmstart.py"))]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, words: list[str], output: Path, *, wait: bool) -> int:
        """Start a run; its process id. With `wait` it stops itself before it begins."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([words, str(output), wait]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for the run; its exit code."""
        return self._answer()

    def close(self) -> None:
        self._process.communicate()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Stage:
    """The county's files, the output folder, and the ways to run the command line on them."""

    def __init__(self, folder: Path, warmstart: Warmstart, out: Path | None = None) -> None:
        self.folder, self.out, self.warmstart = folder, out or folder / "results" / "tiny", warmstart
        self.part = self.out.with_name(f".{self.out.name}.part")
        self.attempt = 0
        _write_county(folder)
        self._entitle()

    @property
    def title(self) -> str:
        """What the next run writes into its record: every run differs from all before."""
        return f"attempt {self.attempt:04d}"

    def words(self) -> list[str]:
        return ["run", str(self.folder / "plan.toml"), "--out", str(self.out), "--quiet"]

    def cold(self, *, kill_after: float | None = None) -> Ended:
        """The command line as a planner starts it."""
        run = subprocess.Popen(
            [sys.executable, "-m", "siteplan", *self.words()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            said, _ = run.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            run.kill()
            said, _ = run.communicate()
        return Ended(run.returncode, said)

    def warm(self, *, kill_after: float | None = None) -> Ended:
        """The same command line in a process that has everything imported."""
        pid = self._begin(wait=False)
        if kill_after is not None:
            time.sleep(kill_after)
            # It may have ended before, and be forgotten.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self._end()

    def traced(self, injections: Sequence[str], paths: Sequence[Path] = (), log: Path | None = None) -> Ended:
        """A warm run under strace, with faults injected (`fsync:error=EIO:when=2`), or without: then only logged.

        Only calls that touch one of `paths` count and are logged, if any are given.
        """
        pid = self._begin(wait=True)
        _until_stopped(pid)
        # Only the main thread, which does all writing: following the processes that read layers takes seconds.
        calls = ",".join(dict.fromkeys(one.split(":")[0] for one in injections))
        words = ["strace", "-y", "-p", str(pid), "-o", str(log or os.devnull), "-e", f"trace={calls}"]
        for one in injections:
            words += ["-e", f"inject={one}"] if ":" in one else []
        for path in paths:
            words += ["-P", str(path)]
        strace = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert strace.stderr is not None
        told = strace.stderr.readline()
        assert "attached" in told, told
        os.kill(pid, signal.SIGCONT)
        ended = self._end()
        strace.communicate(timeout=30)
        return ended

    def calls(self, call: str, paths: Sequence[Path] = ()) -> int:
        """How often an undisturbed run makes a system call (on one of `paths`)."""
        log = self.folder / "calls.log"
        self.fresh()
        assert self.traced([call], paths, log).code == 0
        return sum(line.startswith(f"{call}(") for line in log.read_text("utf-8", errors="replace").splitlines())

    def fresh(self) -> dict[str, bytes]:
        """Old results for the next run to replace, and that run's own title; gives the old results."""
        if not self.out.exists():
            assert self.warm().code == 0
        self.attempt += 1
        self._entitle()
        return self.published()

    def published(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.out.iterdir()}

    def beside(self) -> list[str]:
        """What stands beside the output folder."""
        return sorted(path.name for path in self.out.parent.iterdir() if path != self.out)

    def assert_old_or_new(self, old: dict[str, bytes]) -> str:
        """After a kill and the tidying of the next start: the old bytes, or a whole new record. Says which."""
        with suppress(_Abort), output_folder(self.out):
            raise _Abort
        assert self.beside() == []
        now = self.published()
        if now == old:
            return "old"
        record = json.loads(now[RECORD])
        assert record["title"] == self.title
        assert set(now) == {*record["outputs"], RECORD, CLOCK}
        for name, digest in record["outputs"].items():
            assert hashlib.sha256(now[name]).hexdigest() == digest, name
        return "new"

    def assert_untouched(self, old: dict[str, bytes]) -> None:
        """After a refusal: the old bytes, and nothing beside."""
        assert self.published() == old
        assert self.beside() == []

    def _entitle(self) -> None:
        (self.folder / "plan.toml").write_text(PLAN.format(title=self.title), "utf-8")

    def _begin(self, *, wait: bool) -> int:
        return self.warmstart.begin(self.words(), self.folder / "said.txt", wait=wait)

    def _end(self) -> Ended:
        code = self.warmstart.end()
        return Ended(code, (self.folder / "said.txt").read_text("utf-8", errors="replace"))


class _Abort(Exception):
    """Ends a start that is only to tidy."""


def _until_stopped(pid: int) -> None:
    for _ in range(1000):
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            return
        time.sleep(0.005)
    raise AssertionError("the run did not stop for strace")


def _write_county(folder: Path) -> None:
    east, north = 500_000, 2_700_000
    hamlets = {"id": ["v1", "v2", "v3"], "name": ["Upper", "Middle", "Lower"], "people": [10, 20, 30]}
    places = [Point(east + 10, north + 50), Point(east + 900, north + 600), Point(east + 4000, north + 4000)]
    gpd.GeoDataFrame(hamlets, geometry=places, crs="EPSG:4545").to_file(folder / "villages.gpkg", layer="villages")
    roads = {"id": ["r1", "r2"], "class": ["county", "village"], "surface": ["asphalt", "earth"]}
    lines = [
        LineString([(east - 1000, north), (east + 2000, north)]),
        LineString([(east + 900, north), (east + 900, north + 550)]),
    ]
    gpd.GeoDataFrame(roads, geometry=lines, crs="EPSG:4545").to_file(folder / "roads.gpkg", layer="roads")
