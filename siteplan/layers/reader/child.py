"""The reading process: takes requests as JSON lines on standard input, answers with JSON lines, tables as Arrow files.

It is started by `siteplan.layers.reader` with the drivers, time and memory it may use. What a hostile file breaks
here, it breaks alone: nothing but text, numbers and bytes goes back.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO


class _NotHere:
    """An import hook that says pandas is not installed: GDAL hands over Arrow, and loading pandas would double the
    time that a small file takes."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in ("pandas", "geopandas"):
            raise ModuleNotFoundError(f"{name} is not used in the reading process", name=name)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        answers.write(json.dumps(_answer(json.loads(line)), ensure_ascii=True) + "\n")
        answers.flush()


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    from siteplan.errors import LayerError

    folder = Path(asked["folder"])
    folder.mkdir()
    try:
        return _TASKS[asked["task"]](asked, folder)
    except LayerError as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"memory": True}
    except Exception as error:
        # What a broken file can raise in five libraries has no list: it goes back as the file's fault, and its trace.
        return {"broken": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from siteplan.layers.formats import read_file
    from siteplan.layers.formats.filelayer import FileLayer

    request = _request(asked["request"])
    if request.address:
        from siteplan.layers.formats.postgis import read_postgis

        read: FileLayer = read_postgis(request, request.address)
    else:
        read = read_file(request, folder)
    _write_table(read.table, asked["table"])
    answer = {name: getattr(read, name) for name in ("layer", "driver", "crs", "sha256", "cells", "crs_fault")}
    return {**answer, "notes": [asdict(note) for note in read.notes]}


def _layers_in(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    from siteplan.layers.formats import layers_in

    request = _request(asked["request"])
    return {"layers": layers_in(request, folder)}


def _osm(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Every layer of an OpenStreetMap extract: tables as `TABLE.LAYER`, their accounting in the answer."""
    # Assembling areas and naming hamlets by boundary takes tables: pandas is wanted here after all.
    sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, _NotHere)]
    from dataclasses import asdict

    import pyarrow as pa
    import shapely

    from siteplan.errors import PlanError
    from siteplan.layers.formats.filelayer import GEOMETRY, private_copy
    from siteplan.layers.osm import read_osm

    copy = folder / "extract.osm.pbf"
    private_copy([(Path(asked["request"]["path"]), copy.name)], folder)
    try:
        extract = read_osm(copy, None if asked["bbox"] is None else tuple(asked["bbox"]))
    except PlanError as error:
        return {"plan_fault": str(error)}
    for layer, table in extract.tables.items():
        plain = pa.Table.from_pandas(table.drop(columns="geometry"), preserve_index=False).replace_schema_metadata()
        shapes = pa.array(shapely.to_wkb(table.geometry.to_numpy()), type=pa.binary())
        _write_table(plain.append_column(GEOMETRY, shapes), f"{asked['table']}.{layer}")
    counts = [asdict(own) for own in extract.counts]
    return {"layers": list(extract.tables), "counts": counts, "timestamp": extract.timestamp}


_TASKS = {"read": _read, "layers_in": _layers_in, "osm": _osm}


def _request(given: dict[str, Any]) -> Any:
    from siteplan.layers.formats.filelayer import Request

    return Request(**{**given, "path": Path(given["path"])})


def _write_table(table: Any, path: str) -> None:
    """Two Arrow files: `path` with the attributes, `path` + `.shapes` with the shapes."""
    import pyarrow as pa

    from siteplan.layers.formats.filelayer import GEOMETRY

    for part, target in ((table.drop_columns([GEOMETRY]), path), (table.select([GEOMETRY]), f"{path}.shapes")):
        with pa.OSFile(target, "wb") as file, pa.ipc.new_file(file, part.schema) as writer:
            writer.write_table(part)


def _limit_memory(limit: int) -> None:
    """Where the system can, refuse this process more memory than it is meant to have; the parent watches as well."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _refuse_unexpected_drivers(answers: TextIO) -> None:
    from siteplan.layers.formats import gdal
    from siteplan.layers.reader.drivers import unexpected

    extra = unexpected(gdal.drivers())
    answers.write(json.dumps({"unexpected": extra}) + "\n")
    answers.flush()
    if extra:
        sys.exit(0)


def main() -> None:
    """Serve on the descriptors that were standard input and output; whatever libraries print goes to standard error."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.meta_path.insert(0, _NotHere())
    _limit_memory(int(sys.argv[1]))
    _refuse_unexpected_drivers(answers)
    serve(requests, answers)


if __name__ == "__main__":
    main()
