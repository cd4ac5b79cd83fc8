"""One run at a time on an output folder, by a lock of the operating system: it ends with the process that holds it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from siteplan.errors import OutputLockedError
from siteplan.outfolder.refusals import writing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


@contextmanager
def held(file: Path, target: Path) -> Iterator[None]:
    """Hold the lock on `file` for the time of the block. A file left behind by a killed run locks nothing.

    Raises
    ------
    OutputLockedError
        If another process holds it; `target` is named.
    OutputWriteError
        If the file cannot be made, or its file system knows no locks.
    """
    with writing(file):
        handle = _open_locked(file)
    if handle is None:
        raise OutputLockedError(
            f"another run holds the output folder {target}; wait for it, or give another folder with --out"
        )
    try:
        yield
    finally:
        _release(handle, file)


def _open_locked(file: Path) -> int | None:
    """A locked descriptor of the file that stands at `file`; None if another process holds it."""
    while True:
        # Python opens without inheritance, so a child that outlives a killed run does not keep its lock.
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if not _locked(handle):
                os.close(handle)
                return None
            if _stands_at(handle, file):
                return handle
        except BaseException:
            os.close(handle)
            raise
        # The holder removed the file between our opening and locking it: this lock guards nothing.
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _stands_at(handle: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False


def _release(handle: int, file: Path) -> None:
    # A lock file that cannot be removed (on Windows: another run is just trying it) does no harm: only locks count.
    if sys.platform == "win32":
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        os.close(handle)
        with suppress(OSError):
            file.unlink(missing_ok=True)
    else:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        os.close(handle)
