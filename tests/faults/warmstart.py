"""Starts the command line again and again without the seconds that Python takes to load what it imports.

Run as a program it imports everything once; for each line of JSON on its standard input, `[words, output, wait]`, it
forks a child that calls the command line with `words`, both of its outputs going to the file `output`. It answers with
two lines: the child's process id, and how it ended (`-9` when killed). With `wait` the child stops itself before it
begins, so that strace can be put on it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import NoReturn

import fiona  # noqa: F401
import folium  # noqa: F401
import openpyxl  # noqa: F401
import pandas as pd
import pyarrow as pa  # noqa: F401
import pyogrio  # noqa: F401
import rich.console  # noqa: F401
import scipy.spatial  # noqa: F401
import xlsxwriter  # noqa: F401

import siteplan.cartography.countypage
import siteplan.plan
import siteplan.workflow  # noqa: F401
from siteplan import cli

ANY_PROCESS, SET_PTRACER = ctypes.c_ulong(-1), 0x59616D61


def child(words: list[str], output: str, wait: bool) -> NoReturn:
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.argv = ["siteplan", *words]
    if wait:
        # Where a process may only trace its own children, this one says that strace may.
        ctypes.CDLL(None).prctl(SET_PTRACER, ANY_PROCESS, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    code: object = 1
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def serve() -> None:
    for line in sys.stdin:
        words, output, wait = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(words, output, wait)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    pd.DataFrame({"a": [1]}).to_csv(os.devnull)
    serve()
