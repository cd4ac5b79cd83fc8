"""Faulty files staged in a folder of their own and run through the real command line."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Canary:
    """A port that nothing may connect to: hostile files name it."""

    def __init__(self, port: int) -> None:
        self.connections = 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        # accept() does not wake up for close(): a shutdown ends it.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@dataclass(frozen=True)
class Ended:
    """How one call ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    rss_mb: float
    out: Path
    record: dict[str, Any]

    @property
    def told(self) -> str:
        """All that the planner is told, in small letters."""
        return (self.stderr + self.stdout + json.dumps(self.record, ensure_ascii=False)).lower()


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with the SHA-256 of what it holds ("" where it may not be read)."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if os.access(path, os.R_OK) else ""
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def staged(badinputs: Path, case: dict[str, Any], folder: Path) -> dict[str, str]:
    """Copy a case's inputs (all of their folders) to `folder`; layer -> path as given on the command line."""
    folder.mkdir(parents=True)
    # A reading that follows a hostile file must find what it looks for.
    shutil.copytree(badinputs / "_canary", folder / "_canary")
    given = {}
    for layer, path in case["inputs"].items():
        if isinstance(path, dict):
            given[layer] = path["string"]
            continue
        top = path.split("/")[0]
        if not (folder / top).exists():
            shutil.copytree(badinputs / top, folder / top)
        given[layer] = path
    if "_good" in given.values():
        shutil.copytree(badinputs / "_good", folder / "_good", dirs_exist_ok=True)
    unpack = case.get("unpack") or {}
    if "xz" in unpack:
        packed = folder / unpack["xz"]
        packed.with_suffix("").write_bytes(lzma.decompress(packed.read_bytes()))
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return given


def called(given: dict[str, str], folder: Path, out: Path, *, seconds: float, unprivileged: bool = False) -> Ended:
    """`siteplan run` on single files, as a planner calls it; its time and the greatest memory of its processes."""
    command = [sys.executable, "-m", "siteplan", "run", "--out", str(out), "--language", "en"]
    for layer, path in given.items():
        command += [f"--{layer.replace('_', '-')}", path]
    if unprivileged and os.geteuid() == 0:
        # The superuser reads every file: without this capability it is held to the file's mode like anybody.
        without = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", *command]
    measure = ["/usr/bin/env", sys.executable, "-c", _MEASURE, *command]
    ended = subprocess.run(measure, cwd=folder, capture_output=True, text=True, timeout=seconds + 30, check=False)
    lines = ended.stderr.splitlines()
    measured = json.loads(lines[-1])
    report = out / "run.json"
    record = json.loads(report.read_text("utf-8")) if report.exists() else {}
    return Ended(
        code=measured["code"],
        stdout=ended.stdout,
        stderr="\n".join(lines[:-1]),
        seconds=measured["seconds"],
        rss_mb=measured["rss_mb"],
        out=out,
        record=record,
    )


_MEASURE = """
import json, resource, subprocess, sys, time
begun = time.monotonic()
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": code, "seconds": time.monotonic() - begun, "rss_mb": used / 1024}), file=sys.stderr)
"""
