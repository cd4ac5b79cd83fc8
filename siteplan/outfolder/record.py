"""The record of a run, `run.json`: it lists the run's files with their SHA-256, and tells our folders from others'."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from siteplan.errors import PlanError

RECORD = "run.json"
"""The file that marks a folder as siteplan's; it lists the folder's other files under `outputs`."""

UNLISTED = (RECORD, "timing.json")
"""Ours without standing in the record: itself, and the clock, which differs between two runs that agree in all else."""


def write_record(folder: Path, content: Mapping[str, object]) -> None:
    """Write the record of a finished folder: `content`, and under `outputs` the SHA-256 of each file by its path.

    To be called when every other file is written.

    Raises
    ------
    OSError
        If a file cannot be read or the record cannot be written.
    ValueError
        If `content` holds what JSON does not know.
    """
    names = (name for name, is_folder in _entries(folder) if not is_folder and name not in UNLISTED)
    record = {**content, "outputs": {name: _sha256(folder / name) for name in sorted(names)}}
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8", newline="\n")


def refuse_foreign(target: Path) -> None:
    """Let only a folder pass that can be replaced whole: none yet, or one that holds nothing but our own files.

    Raises
    ------
    PlanError
        If `target` is a file, a mount point, or holds files that are not siteplan's.
    OSError
        If it cannot be read.
    """
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise PlanError(f"the output folder {target} is a file; give another folder with --out")
    if os.path.ismount(target):
        raise PlanError(f"the output folder {target} is a disk of its own; give a folder inside it with --out")
    ours = _recorded(target)
    parents = {str(parent) for name in ours for parent in PurePosixPath(name).parents}
    foreign = [
        name
        for name, is_folder in _entries(target)
        if (name not in parents if is_folder else name not in ours and not _left_by_others(name, ours))
    ]
    if foreign:
        raise PlanError(
            f"the output folder {target} holds files that siteplan did not write ({', '.join(sorted(foreign)[:3])}"
            f"{', …' if len(foreign) > 3 else ''}); it would be replaced whole: give another folder with --out"
        )


def _recorded(target: Path) -> set[str]:
    """The names of our files in the folder, by its record."""
    record = target / RECORD
    if not record.is_file():
        return set(UNLISTED)
    try:
        outputs = json.loads(record.read_text("utf-8"))["outputs"]
        if not isinstance(outputs, dict):
            raise TypeError("outputs is no table")
    except (ValueError, KeyError, TypeError):
        raise PlanError(
            f"the output folder {target} holds a {RECORD} that is not siteplan's; give another folder with --out"
        ) from None
    return {*UNLISTED, *outputs}


def _left_by_others(name: str, ours: set[str]) -> bool:
    """What file managers, Excel, LibreOffice and QGIS leave beside files they only looked at."""
    last = PurePosixPath(name).name
    if last in (".DS_Store", "Thumbs.db", "desktop.ini") or last.startswith(("~$", ".~lock.")):
        return True
    return any(name == f"{own}-{end}" for own in ours for end in ("wal", "shm", "journal"))


def _entries(folder: Path) -> Iterator[tuple[str, bool]]:
    """Everything in the folder at any depth: its path from there, and whether it is a folder (a link is not)."""
    for entry in sorted(folder.iterdir()):
        is_folder = entry.is_dir() and not entry.is_symlink()
        yield entry.name, is_folder
        if is_folder:
            yield from ((f"{entry.name}/{name}", inner) for name, inner in _entries(entry))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
