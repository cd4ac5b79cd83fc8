"""Putting a finished folder in the place of another so that a kill or a power cut leaves the old or the new.

Linux exchanges the two folders in one step. Elsewhere two renames do it: target to `old`, part to target. `recover`
tidies what any moment in between leaves.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What a kernel or a file system says that cannot exchange two folders."""

_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def sync_tree(folder: Path, *, last: str) -> None:
    """Bring every file and folder below `folder` to the disk, the file `last` after all others, then `folder` itself.

    Raises
    ------
    OSError
        If the disk does not take them.
    """
    for here, _, files in os.walk(folder, topdown=False, onerror=_raise):
        for name in sorted(files):
            if Path(here, name) != folder / last:
                _sync_file(Path(here, name))
        if Path(here) != folder:
            sync_folder(Path(here))
    _sync_file(folder / last)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk. Windows has no such call and writes it by itself.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    if sys.platform == "win32":
        return
    try:
        _sync_descriptor(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except OSError as error:
        # Some network and FUSE file systems do not know the call for folders; there is nothing else to ask of them.
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def publish(part: Path, target: Path, old: Path) -> None:
    """Put `part` in the place of `target`, then remove what stood there. Whatever stops it leaves `target` as it was.

    Raises
    ------
    OSError
        If the folders cannot be renamed, or the disk does not take it.
    """
    new = part.stat()
    try:
        if not target.exists():
            part.rename(target)
        elif not exchanged(part, target):
            target.rename(old)
            part.rename(target)
        sync_folder(target.parent)
    except BaseException:
        _take_back(part, target, old, new)
        raise
    try:
        # The results are out and on the disk; what cannot be removed now, the next start removes or complains about.
        for replaced in (part, old):
            shutil.rmtree(replaced, ignore_errors=True)
    except KeyboardInterrupt:
        # Too late to stop anything but this tidying: the run is done, and must not be reported as stopped.
        return


def recover(part: Path, target: Path, old: Path) -> None:
    """Tidy what a killed run left: restore `target` if it stopped between its two renames, remove everything else.

    Raises
    ------
    OSError
        If that cannot be done.
    """
    if old.exists():
        if target.exists():
            _remove(old)
        else:
            old.rename(target)
            sync_folder(target.parent)
    if os.path.lexists(part):
        _remove(part)


def exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False, and nothing done, where the system cannot.

    Raises
    ------
    OSError
        If it can but did not.
    """
    if sys.platform != "linux":
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE))
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _take_back(part: Path, target: Path, old: Path, new: os.stat_result) -> None:
    """Undo what `publish` did so far; which folder stands where is read off the disk, not remembered."""
    if target.exists() and os.path.samestat(target.stat(), new):
        if part.exists():
            exchanged(part, target)
        else:
            target.rename(part)
    if old.exists() and not target.exists():
        old.rename(target)


def _remove(folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        raise FileExistsError(errno.EEXIST, "this name is for unfinished results, and siteplan did not make it", folder)
    shutil.rmtree(folder)


def _sync_file(path: Path) -> None:
    # Windows syncs only what is open for writing.
    _sync_descriptor(os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY))


def _sync_descriptor(handle: int) -> None:
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise(error: OSError) -> None:
    raise error
