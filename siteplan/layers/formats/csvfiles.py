"""CSV files, as programs and as Excel write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import FileLayer, Request, damaged, private_copy
from siteplan.layers.formats.tabular import Row, from_rows

_ENCODINGS = ("utf-8-sig", "gb18030")


def read_csv(request: Request, folder: Path) -> FileLayer:
    """A CSV file (comma, semicolon or tab): text cells, points from its coordinate columns.

    Raises
    ------
    LayerError
        No encoding fits, rows of uneven length, no coordinate columns.
    """
    copy = folder / "layer.csv"
    digest = private_copy([(request.path, copy.name)], copy.parent)
    data = copy.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:400]:
        raise LayerError(f"{request.contract}: {request.told} has encoding UTF-16; save it as CSV with encoding UTF-8")
    if b"\x00" in data:
        raise damaged(request.contract, request.told, "it holds zero bytes, which no text has")
    text = _decoded(request, data)
    lines = text.split("\n", 20)[:20]
    delimiter = max(",;\t", key=lambda mark: max((line.count(mark) for line in lines), default=0))
    csv.field_size_limit(10_000_000)
    try:
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise damaged(request.contract, request.told, f"it is no valid CSV: {error}") from error
    rows = [Row(number, [cell.strip() for cell in row]) for number, row in enumerate(cells, start=1)]
    return from_rows(request, rows, layer=request.path.stem, driver="CSV", sha256=digest, notes=[])


def _decoded(request: Request, data: bytes) -> str:
    tries = (request.encoding,) if request.encoding else _ENCODINGS
    for codec in tries:
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    raise LayerError(
        f"{request.contract}: {request.told} is in no encoding tried ({', '.join(tries)}); "
        f'name it in the plan: [layers.{request.contract}] encoding = "..."'
    )
