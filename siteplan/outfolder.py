"""The output folder of a run: locked while in use, written beside, published by rename, so that it is never half."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from siteplan.errors import OutputLockedError, OutputWriteError, PlanError

RECORD = "run.json"
"""The file that marks a folder as siteplan's; it lists the folder's other files under `outputs`."""

ALWAYS_OURS = (RECORD, "timing.json")


@contextmanager
def output_folder(target: Path) -> Iterator[Path]:
    """A part folder to write into; when the block ends well it takes the place of `target`, else it is removed.

    The lock is the operating system's, on a file beside the folder, so that it ends with the process that holds it.

    Raises
    ------
    OutputLockedError
        If another run holds the folder.
    OutputWriteError
        If nothing can be written there: read-only, disk full.
    PlanError
        If the folder holds files that are not siteplan's.
    """
    target = target.absolute()
    part = target.with_name(f".{target.name}.part")
    old = target.with_name(f".{target.name}.old")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        with writing(target):
            lock.acquire(timeout=0)
    except Timeout:
        raise OutputLockedError(
            f"another run holds the output folder {target}; wait for it, or give another --out"
        ) from None
    try:
        with writing(target):
            _recover(target, old)
            _refuse_foreign(target)
            if part.exists():
                shutil.rmtree(part)
            part.mkdir()
            try:
                yield part
                _sync(part)
                _publish(part, target, old)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    finally:
        lock.release()
        lock_file = Path(lock.lock_file)
        if os.name == "nt":
            lock_file.unlink(missing_ok=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turns the system's refusals into an error for planners; anything else passes."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputWriteError) or error.errno not in _REFUSALS:
            raise
        free = ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            there = next(folder for folder in (target, *target.parents) if folder.exists())
            free = f" ({shutil.disk_usage(there).free / 1e6:.0f} MB free)"
        raise OutputWriteError(
            f"cannot write to {target}: {os.strerror(error.errno)}{free}; earlier results are untouched. "
            "Free some space or give another folder with --out"
        ) from error


_REFUSALS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EBUSY,
    errno.EXDEV,
    errno.ENAMETOOLONG,
    errno.ENOENT,
)


def _recover(target: Path, old: Path) -> None:
    """Undo what a run left that was stopped between its two renames."""
    if old.exists():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise PlanError(f"the output folder {target} is a file; give another folder with --out")
    found = sorted(entry.name for entry in target.iterdir())
    ours = set(ALWAYS_OURS)
    record = target / RECORD
    if record.is_file():
        try:
            ours |= set(json.loads(record.read_text("utf-8"))["outputs"])
        except (ValueError, KeyError, TypeError):
            raise PlanError(
                f"the output folder {target} holds a {RECORD} that is not siteplan's; give another folder with --out"
            ) from None
    foreign = [name for name in found if name not in ours and not _left_by_others(name, ours)]
    if foreign:
        raise PlanError(
            f"the output folder {target} holds files that siteplan did not write ({', '.join(foreign[:3])}"
            f"{', …' if len(foreign) > 3 else ''}); it would be replaced whole: give another folder with --out"
        )


def _left_by_others(name: str, ours: set[str]) -> bool:
    """What file managers, Excel, LibreOffice and QGIS leave beside files they only looked at."""
    if name in (".DS_Store", "Thumbs.db", "desktop.ini") or name.startswith(("~$", ".~lock.")):
        return True
    return any(name == f"{own}-{end}" for own in ours for end in ("wal", "shm", "journal"))


def _sync(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _publish(part: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    try:
        part.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
