"""The output folder: published whole or not at all, tidied after a kill, refused when it is not ours, held by one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from siteplan.errors import OutputLockedError, OutputWriteError, PlanError
from siteplan.outfolder import RECORD, output_folder, publishing, refused, write_record, writing

posix_only = pytest.mark.skipif(os.name == "nt", reason="links, permissions and kills as POSIX has them")


def fill(folder: Path, text: str) -> None:
    (folder / "map.html").write_text(text)
    (folder / "sites").mkdir()
    (folder / "sites" / "1.docx").write_text(text)
    (folder / "timing.json").write_text(text)
    write_record(folder, {"title": text})


def run(target: Path, text: str) -> None:
    with output_folder(target) as part:
        fill(part, text)


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An output folder with the results `one`."""
    run(tmp_path / "out", "one")
    return tmp_path / "out"


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of publishing."""
    if request.param == "two renames":
        monkeypatch.setattr(publishing, "exchanged", lambda one, other: False)
    elif sys.platform != "linux":
        pytest.skip("only Linux exchanges folders")
    return request.param


def test_the_record_lists_every_file_but_itself_and_the_clock(target: Path) -> None:
    record = json.loads((target / RECORD).read_text("utf-8"))
    digest = hashlib.sha256(b"one").hexdigest()
    assert record == {"title": "one", "outputs": {"map.html": digest, "sites/1.docx": digest}}


def test_results_are_replaced_whole_and_nothing_stays_beside(target: Path, way: str) -> None:
    (target / "~$tables.xlsx").write_text("left by Excel")
    (target / "sites" / ".DS_Store").write_text("left by a Mac")
    run(target, "two")
    assert tree(target)["sites/1.docx"] == "two"
    assert "~$tables.xlsx" not in tree(target)
    assert beside(target) == []


def test_a_first_run_makes_the_folders_above(tmp_path: Path) -> None:
    run(tmp_path / "a" / "b" / "out", "one")
    assert tree(tmp_path / "a" / "b" / "out")["map.html"] == "one"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_linux_exchanges_in_one_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert publishing.exchanged(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    with pytest.raises(FileNotFoundError):
        publishing.exchanged(tmp_path / "a", tmp_path / "missing")


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), PlanError("wrong")])
def test_a_run_that_fails_leaves_the_old_results_and_nothing_beside(target: Path, error: BaseException) -> None:
    old = tree(target)
    with pytest.raises(type(error)), output_folder(target) as part:
        fill(part, "two")
        raise error
    assert tree(target) == old
    assert beside(target) == []


@pytest.mark.parametrize("stopped", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_publishing_that_is_stopped_at_its_last_step_is_taken_back(
    target: Path, way: str, stopped: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, sync_folder = tree(target), publishing.sync_folder

    def broken(folder: Path) -> None:
        if folder == target.parent:
            raise stopped
        sync_folder(folder)

    monkeypatch.setattr(publishing, "sync_folder", broken)
    with pytest.raises((OutputWriteError, KeyboardInterrupt)) as told:
        run(target, "two")
    assert tree(target) == old
    assert beside(target) == []
    if isinstance(stopped, OSError):
        assert f"The earlier results in {target} are untouched" in str(told.value)


def test_the_first_results_are_taken_back_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"

    def broken(folder: Path) -> None:
        if folder == tmp_path:
            raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(publishing, "sync_folder", broken)
    with pytest.raises(OutputWriteError, match=r"broken .*MB free") as told:
        run(target, "one")
    assert list(tmp_path.iterdir()) == []
    assert "untouched" not in str(told.value)


def test_a_record_is_synced_after_every_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, sync_file = [], publishing._sync_file

    def listed(path: Path) -> None:
        synced.append(path.name)
        sync_file(path)

    monkeypatch.setattr(publishing, "_sync_file", listed)
    run(tmp_path / "out", "one")
    assert sorted(synced) == ["1.docx", "map.html", RECORD, "timing.json"]
    assert synced[-1] == RECORD


class TestTidying:
    """What a killed run left, and what the next start makes of it (here one that fails at once)."""

    def next_start(self, target: Path) -> None:
        with pytest.raises(PlanError), output_folder(target):
            raise PlanError("nothing to do")
        assert beside(target) == []

    def test_killed_while_writing(self, target: Path) -> None:
        old = tree(target)
        target.with_name(".out.part").mkdir()
        (target.with_name(".out.part") / "map.html").write_text("ha")
        target.with_name(".out.lock").touch()
        self.next_start(target)
        assert tree(target) == old

    def test_killed_after_the_exchange(self, target: Path) -> None:
        fill_part = target.with_name(".out.part")
        target.rename(fill_part)
        (fill_part / "map.html").unlink()
        target.mkdir()
        fill(target, "two")
        self.next_start(target)
        assert tree(target)["map.html"] == "two"

    def test_killed_between_two_renames(self, target: Path) -> None:
        old = tree(target)
        target.rename(target.with_name(".out.old"))
        target.with_name(".out.part").mkdir()
        fill(target.with_name(".out.part"), "two")
        self.next_start(target)
        assert tree(target) == old

    def test_killed_after_two_renames(self, target: Path) -> None:
        target.rename(target.with_name(".out.old"))
        target.mkdir()
        fill(target, "two")
        self.next_start(target)
        assert tree(target)["map.html"] == "two"

    @pytest.mark.parametrize("kind", ["file", pytest.param("link", marks=posix_only)])
    def test_what_siteplan_did_not_make_is_not_removed(self, target: Path, tmp_path: Path, kind: str) -> None:
        part = target.with_name(".out.part")
        if kind == "file":
            part.write_text("theirs")
        else:
            (tmp_path / "theirs").mkdir()
            part.symlink_to(tmp_path / "theirs")
        with pytest.raises(OutputWriteError, match="did not make it"):
            run(target, "two")
        assert part.exists()
        assert tree(target)["map.html"] == "one"


class TestForeignFolders:
    @pytest.mark.parametrize("name", ["notes.txt", "sites/notes.txt", "theirs/map.html"])
    def test_a_file_of_somebody_else(self, target: Path, name: str) -> None:
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text("keep me")
        with pytest.raises(PlanError, match="siteplan did not write"):
            run(target, "two")
        assert (target / name).read_text() == "keep me"
        assert beside(target) == []

    def test_a_file_that_comes_during_the_run(self, target: Path) -> None:
        with pytest.raises(PlanError, match=r"late\.txt"), output_folder(target) as part:
            fill(part, "two")
            (target / "late.txt").write_text("keep me")
        assert tree(target)["map.html"] == "one"
        assert (target / "late.txt").exists()

    @pytest.mark.parametrize("record", ["[]", "{}", '{"outputs": ["map.html"]}', "no json", '{"outputs": null}'])
    def test_a_record_that_is_not_ours(self, tmp_path: Path, record: str) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / RECORD).write_text(record)
        with pytest.raises(PlanError, match="not siteplan's"):
            run(tmp_path / "out", "two")
        assert (tmp_path / "out" / RECORD).read_text() == record

    def test_a_file_in_place_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("keep me")
        with pytest.raises(PlanError, match="is a file"):
            run(tmp_path / "out", "two")

    @posix_only
    @pytest.mark.parametrize("name", ["/", "/proc"])
    def test_a_disk_of_its_own(self, name: str) -> None:
        if not os.path.ismount(name):
            pytest.skip(f"{name} is no mount point here")
        with pytest.raises(PlanError, match="disk of its own"):
            run(Path(name), "two")

    def test_an_empty_folder_is_taken(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        run(tmp_path / "out", "one")
        assert tree(tmp_path / "out")["map.html"] == "one"


@posix_only
def test_a_link_stays_and_what_it_points_to_is_replaced(target: Path, tmp_path: Path, way: str) -> None:
    link = tmp_path / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(target)
    run(link, "two")
    assert link.is_symlink()
    assert tree(target)["map.html"] == "two"
    assert beside(link) == []


@posix_only
def test_a_link_to_itself_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises((OutputWriteError, PlanError)):
        run(tmp_path / "out", "one")


HOLD = """
import sys
from pathlib import Path
from siteplan.outfolder import output_folder
with output_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
    raise KeyboardInterrupt
"""


def test_one_run_at_a_time_and_a_dead_one_holds_nothing(target: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(target)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputLockedError, match="another run"):
            run(target, "two")
        assert sorted(beside(target)) == [".out.lock", ".out.part"]
        other.kill()
    assert beside(target) != []
    run(target, "two")
    assert tree(target)["map.html"] == "two"
    assert beside(target) == []


@posix_only
def test_a_child_that_outlives_its_run_does_not_keep_the_lock(target: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with output_folder(target) as part:
        child = subprocess.Popen(words, stdout=subprocess.PIPE, close_fds=False)
        assert child.stdout is not None
        child.stdout.readline()
        fill(part, "two")
    try:
        run(target, "three")
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert tree(target)["map.html"] == "three"


def test_a_lock_whose_file_was_removed_is_taken_anew(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run ended between our opening its lock file and locking it: what we hold then is a lock on nothing."""
    from siteplan.outfolder import lock

    file, locked, calls = target.with_name(".out.lock"), lock._locked, []

    def removed_first(handle: int) -> bool:
        if not calls:
            file.unlink()
        calls.append(handle)
        return locked(handle)

    if os.name == "nt":
        pytest.skip("Windows removes no open file")
    monkeypatch.setattr(lock, "_locked", removed_first)
    with lock.held(file, target):
        assert file.exists()
    assert len(calls) == 2


class TestWords:
    def test_path_reason_room_and_cure_are_told(self, tmp_path: Path) -> None:
        told = str(refused(tmp_path / "x", OSError(errno.ENOSPC, "No space left on device")))
        assert told.startswith(f"cannot write {tmp_path / 'x'}: No space left on device (")
        assert "MB free). Free some space" in told

    def test_a_file_that_is_open_elsewhere_is_to_be_closed(self, tmp_path: Path) -> None:
        with pytest.raises(OutputWriteError, match=r"tables\.xlsx: denied .*open in Excel or QGIS, close it"), writing(
            tmp_path
        ):  # fmt: skip
            raise PermissionError(errno.EACCES, "denied", str(tmp_path / "tables.xlsx"))

    def test_a_refusal_keeps_its_own_words(self, tmp_path: Path) -> None:
        with pytest.raises(OutputWriteError, match="^said before$"), writing(tmp_path):
            raise OutputWriteError("said before")

    def test_a_full_disk_elsewhere_is_told_by_its_own_path(self, target: Path, tmp_path: Path) -> None:
        with pytest.raises(OutputWriteError, match=r"elsewhere.tmp: full .*earlier results"), output_folder(target):
            raise OSError(errno.ENOSPC, "full", str(tmp_path / "elsewhere.tmp"))

    def test_a_file_that_cannot_be_read_is_not_blamed_on_the_output(self, target: Path) -> None:
        with pytest.raises(FileNotFoundError), output_folder(target):
            raise FileNotFoundError(errno.ENOENT, "no such file", "roads.shp")
