"""Reading in a process of its own, with limits on time and memory, so that no file can take the program down.

The process is started once a run and reads layer after layer. Sources are copied to a private folder before any
library opens them; what comes back is JSON and Arrow files, never objects. A reader that crashes, hangs or grows
beyond its memory ends with an error that names the layer.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from siteplan.errors import LayerError, PlanError
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Note, Request
from siteplan.layers.reader.drivers import gdal_environment

if TYPE_CHECKING:
    from siteplan.layers.osm import OsmExtract

_MB = 1_000_000
_START_S = 120.0
"""Longest time the process may take to start, on a slow disk with a virus scanner."""
_LOOK_S = 0.2
"""How often the process's memory is looked at where the system does not hold it down itself."""


@dataclass(frozen=True)
class Limits:
    """What the reading process may use.

    seconds: for one layer; memory_mb: in all. None: by the size of the file, see `of`.
    """

    seconds: float | None = None
    memory_mb: float | None = None

    def of(self, size_bytes: int) -> tuple[float, int]:
        """Seconds for a file of a size, and bytes of memory."""
        seconds = self.seconds or 120 + 60 * size_bytes / (100 * _MB)
        return seconds, self.memory(size_bytes)

    def memory(self, size_bytes: int) -> int:
        """Bytes of memory: 1.5 GB and ten times the size of the largest file, at most four fifths of the machine's."""
        if self.memory_mb is not None:
            return int(self.memory_mb * _MB)
        return int(min(1_500 * _MB + 10 * size_bytes, 0.8 * psutil.virtual_memory().total))


class Reader:
    """The reading process of one run; a context manager.

    Parameters
    ----------
    sources
        All files it will be asked for: the largest decides how much memory it may take.
    limits
        What the plan says of time and memory.
    """

    def __init__(self, sources: list[Path], limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._memory = self._limits.memory(max((size_of(path) for path in sources), default=0))
        self._skipped: tuple[str, ...] = ()
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._greeted = False
        self._count = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="siteplan-", ignore_cleanup_errors=True)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._folder.cleanup()

    def read(self, request: Request) -> FileLayer:
        """One layer, read whole.

        Raises
        ------
        LayerError
            Whatever the format's reader found, or the process died, hung, or wanted too much memory.
        """
        self._count += 1
        target = Path(self._folder.name) / f"{self._count}.arrow"
        answer = self._ask("read", request, table=str(target))
        return FileLayer(
            table=_opened(target),
            layer=answer["layer"],
            driver=answer["driver"],
            crs=answer["crs"],
            sha256=answer["sha256"],
            notes=[Note(**note) for note in answer["notes"]],
            cells={name: {int(row): text for row, text in cells.items()} for name, cells in answer["cells"].items()},
            crs_fault=answer["crs_fault"],
        )

    def layers_in(self, request: Request) -> list[str]:
        """The layers, sheets or members of a file; one empty name where it holds one layer only.

        Raises
        ------
        LayerError
            As `read`.
        """
        return [str(name) for name in self._ask("layers_in", request)["layers"]]

    def read_osm(self, path: Path, bbox: tuple[float, float, float, float] | None) -> OsmExtract:
        """The layers of an OpenStreetMap extract; see `siteplan.layers.osm.read_osm`.

        Raises
        ------
        LayerError
            As `read`, or the extract holds no settlements or roads.
        PlanError
            If the box is none.
        """
        import geopandas as gpd
        import shapely

        from siteplan.layers.osm import OsmCounts, OsmExtract

        self._count += 1
        target = Path(self._folder.name) / f"{self._count}.arrow"
        answer = self._ask("osm", Request("osm", path), table=str(target), bbox=bbox)
        if "plan_fault" in answer:
            raise PlanError(answer["plan_fault"])
        tables = {}
        for layer in answer["layers"]:
            table = _opened(Path(f"{target}.{layer}"))
            shapes = shapely.from_wkb(table[GEOMETRY].to_numpy(zero_copy_only=False))
            tables[layer] = gpd.GeoDataFrame(
                table.drop_columns([GEOMETRY]).to_pandas(), geometry=gpd.GeoSeries(shapes, crs="EPSG:4326")
            )
        return OsmExtract(tables, tuple(OsmCounts(**own) for own in answer["counts"]), answer["timestamp"])

    def _ask(self, task: str, request: Request, **more: object) -> Mapping[str, Any]:
        self._count += 1
        folder = str(Path(self._folder.name) / f"{self._count}.part")
        asked = {
            "task": task,
            "request": {**asdict(request), "path": str(request.path.absolute())},
            "folder": folder,
            **more,
        }
        seconds, _ = self._limits.of(size_of(request.path))
        process = self._greet()
        assert process.stdin is not None
        # A process that has just died is told by the answer that does not come.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
        answer = json.loads(self._answer(request, seconds))
        if answer.get("memory"):
            raise self._too_much_memory(request)
        if "fault" in answer:
            raise LayerError(answer["fault"])
        if "broken" in answer:
            raise LayerError(
                f"{request.contract}: {request.told} is damaged or of a kind that cannot be read: {answer['broken']}; "
                "open it in the program that made it and save it again"
            ) from RuntimeError(answer["trace"])
        return dict(answer)

    def _answer(self, request: Request, seconds: float) -> str:
        """The next line the process writes; an error for planners when none comes."""
        process = self._process
        assert process is not None
        until = time.monotonic() + seconds
        while True:
            try:
                line = self._answers.get(timeout=_LOOK_S)
            except queue.Empty:
                if self._grown(process):
                    self._stop()
                    raise self._too_much_memory(request) from None
                if time.monotonic() > until:
                    self._stop()
                    raise LayerError(
                        f"{request.contract}: reading {request.told} took over {seconds:.0f} s and was stopped; the "
                        "file is damaged or made to harm, or far too large; a larger limit can be set in the plan: "
                        "[reading] seconds"
                    ) from None
                continue
            if line is not None:
                return line
            code = process.wait()
            self._stop()
            if code in (-9, -6, 137, 134):
                raise self._too_much_memory(request)
            raise LayerError(
                f"{request.contract}: reading {request.told} stopped the reading process (code {code}); the file is "
                "damaged; open it in the program that made it and save it again"
            )

    def _grown(self, process: subprocess.Popen[str]) -> bool:
        try:
            return bool(psutil.Process(process.pid).memory_info().rss > 1.2 * self._memory)
        except psutil.NoSuchProcess:
            return False

    def _too_much_memory(self, request: Request) -> LayerError:
        return LayerError(
            f"{request.contract}: reading {request.told} needs more memory than the {self._memory / _MB:.0f} MB it is "
            "given; the file is damaged or made to harm, or far too large; a larger limit can be set in the plan: "
            "[reading] memory_mb"
        )

    def _start(self) -> None:
        """Start the process; it greets while the caller goes on."""
        self._answers = queue.Queue()
        self._greeted = False
        command = [sys.executable, "-m", "siteplan.layers.reader.child", str(self._memory)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            encoding="utf-8", env=_environment(self._skipped), cwd=self._folder.name,
        )  # fmt: skip
        threading.Thread(target=_listen, args=(self._process, self._answers), daemon=True).start()

    def _greet(self) -> subprocess.Popen[str]:
        """The running process, once it has said that it holds the allowed drivers only.

        A newer GDAL may bring drivers along that are not known here: the process is then started anew without them.
        """
        for _ in range(2):
            if self._process is None:
                self._start()
            process = self._process
            assert process is not None
            if self._greeted:
                return process
            hello = self._answers.get(timeout=_START_S)
            if hello is None:
                raise LayerError("the reading process cannot be started: is siteplan installed whole?")
            extra = tuple(json.loads(hello)["unexpected"])
            if not extra:
                self._greeted = True
                return process
            self._skipped = extra
            self._stop()
        raise LayerError(f"GDAL insists on drivers that may not open files here: {', '.join(self._skipped)}")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # What was still to be written has no reader any more.
                with contextlib.suppress(OSError):
                    pipe.close()


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; 0 where there is nothing to be measured."""
    try:
        if path.is_dir():
            return sum(entry.stat().st_size for entry in path.iterdir() if entry.is_file())
        return path.stat().st_size
    except OSError:
        return 0


def _listen(process: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    # The pipe is closed under this thread when the process is stopped.
    with contextlib.suppress(ValueError, OSError):
        for line in process.stdout:
            answers.put(line)
    answers.put(None)


def _environment(skipped: tuple[str, ...]) -> dict[str, str]:
    """The caller's environment without settings of GDAL's, and with those that hold it to the allowed drivers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL_", "OGR_", "CPL_", "VSI_"))}
    package = str(Path(__file__).resolve().parents[3])
    paths = [package, *filter(None, own.get("PYTHONPATH", "").split(os.pathsep))]
    return {**own, **gdal_environment(skipped), "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}


def _opened(path: Path) -> Any:
    """The table a reader wrote: attributes in memory, shapes mapped from the file until they are decoded."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    shapes = pa.ipc.open_file(pa.memory_map(f"{path}.shapes")).read_all()
    return table.append_column(GEOMETRY, shapes[GEOMETRY])
