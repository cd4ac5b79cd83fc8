"""What the system refuses to write, told to planners: which path, why, how much room is left, what helps."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from siteplan.errors import OutputWriteError

_HINTS = {
    errno.ENOSPC: "Free some space or take a folder on another disk",
    errno.EDQUOT: "Free some space or take a folder on another disk",
    errno.EROFS: "The disk can only be read: take a folder on another disk",
    errno.EIO: "The disk itself failed: check it, or take a folder on another disk",
    errno.EACCES: "If one of its files is open in Excel or QGIS, close it; else take a folder you may write to",
    errno.EPERM: "If one of its files is open in Excel or QGIS, close it; else take a folder you may write to",
}
_OTHER_HINT = "Take another folder"


def refused(path: Path, why: OSError | str) -> OutputWriteError:
    """The error for a path that could not be written: `why` as the system or a library said it."""
    if isinstance(why, OSError):
        # A failing write names no file, a failing open or rename does.
        named = why.filename if isinstance(why.filename, (str, os.PathLike)) else None
        path = path if named is None else Path(named)
        reason, hint = why.strerror or str(why), _HINTS.get(why.errno or 0, _OTHER_HINT)
    else:
        reason, hint = why, _HINTS[errno.ENOSPC]
    return OutputWriteError(f"cannot write {path}: {reason} ({_free(path)}). {hint}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within it nothing but writing `path` happens: whatever the system refuses is an error for planners.

    Raises
    ------
    OutputWriteError
        In place of any other OSError.
    """
    try:
        yield
    except OutputWriteError:
        raise
    except OSError as error:
        raise refused(path, error) from error


def _free(path: Path) -> str:
    """The room left on the disk of `path`, in words; the disk that just failed may not answer."""
    there = next((folder for folder in path.absolute().parents if folder.is_dir()), Path.cwd())
    try:
        return f"{shutil.disk_usage(there).free / 1e6:.0f} MB free"
    except OSError as error:
        return f"free MB unknown: {error.strerror}"
