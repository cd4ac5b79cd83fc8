"""The life of an output folder during a run: checked, locked, written beside, published or left as it was."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from siteplan.errors import OutputWriteError
from siteplan.outfolder.lock import held
from siteplan.outfolder.publishing import publish, recover, sync_folder, sync_tree
from siteplan.outfolder.record import RECORD, refuse_foreign
from siteplan.outfolder.refusals import refused, writing

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def output_folder(target: Path) -> Iterator[Path]:
    """A part folder to write into, `run.json` last; when the block ends well it takes the place of `target`.

    When the block fails the part folder is removed and `target` stays as it was. Where `target` is a symbolic link,
    the folder it points to is replaced and the link stays.

    Raises
    ------
    OutputLockedError
        If another run holds the folder.
    OutputWriteError
        If nothing can be written there: read-only, disk full.
    PlanError
        If the folder holds files that are not siteplan's.
    """
    target = Path(os.path.realpath(target))
    with writing(target):
        # Before the lock, so that a refused call leaves nothing behind.
        refuse_foreign(target)
        _make_with_parents(target.parent)
    part, old = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.old")
    with held(target.with_name(f".{target.name}.lock"), target):
        with writing(target):
            recover(part, target, old)
            refuse_foreign(target)
            part.mkdir()
        earlier = target.stat() if target.exists() else None
        try:
            with _told_when_full(part):
                yield part
            with writing(target):
                # Again: a run takes minutes, and somebody may have put a file there meanwhile.
                refuse_foreign(target)
                sync_tree(part, last=RECORD)
                publish(part, target, old)
        except OutputWriteError as error:
            if earlier is not None and target.exists() and os.path.samestat(earlier, target.stat()):
                raise OutputWriteError(f"{error}. The earlier results in {target} are untouched") from error
            raise
        finally:
            # Gone when published. A rest that cannot be removed must not hide the error; the next start removes it.
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _told_when_full(part: Path) -> Iterator[None]:
    """A full disk is told as such wherever in the run it shows, be it in the folder for temporary files."""
    try:
        yield
    except OutputWriteError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise refused(part, error) from error
        raise


def _make_with_parents(folder: Path) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)
