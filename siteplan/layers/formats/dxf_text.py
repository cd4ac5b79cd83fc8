"""The text of a DXF file: in which encoding it is, and how many entities its lines hold."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import Note, Request, damaged

_PARTS = frozenset({"VERTEX", "SEQEND", "ATTRIB"})
"""What follows an entity as a part of it."""
_ENTITY_MARK = ("100", "AcDbEntity")
"""Met once in an entity from AutoCAD 2000 on."""
_CODE_PAGES = {"932": "cp932", "936": "gb18030", "949": "cp949", "950": "cp950", "1361": "johab", "GB2312": "gb18030"}
_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_UNICODE = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_TWO_BYTES = re.compile(r"\\M\+([1-5])([0-9A-Fa-f]{4})")
_TWO_BYTE_CODECS = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": "gb18030"}


def entities_written(request: Request, text: str) -> int:
    """How many entities the section ENTITIES holds, counted from the file's own lines.

    Raises
    ------
    LayerError
        If the file does not end as a DXF does, or two entities have run into one: what is cut would be read as if it
        were whole.
    """
    lines = text.split("\n")
    while lines and not lines[-1].strip(" \t\x1a\x00"):
        lines.pop()
    codes, values = lines[0::2], lines[1::2]
    starts = [i for i, code in enumerate(codes) if code.strip() == "0" and i < len(values)]
    marks = [i for i, value in enumerate(values) if (codes[i].strip(), value.strip()) == _ENTITY_MARK]
    merged = next((i for i, after in pairwise(marks) if bisect_left(starts, i) == bisect_left(starts, after)), None)
    if merged is not None:
        raise damaged(request.contract, request.told, f"two entities have run into one at line {2 * merged + 1}")
    count, inside, ended = 0, False, False
    for i in starts:
        mark = values[i].strip()
        if mark == "SECTION":
            inside, ended = i + 1 < len(values) and values[i + 1].strip() == "ENTITIES", False
        elif mark == "ENDSEC":
            inside, ended = False, True
        elif inside and mark not in _PARTS:
            count += 1
    if not starts:
        raise damaged(request.contract, request.told, "it does not begin as a DXF does")
    if values[starts[-1]].strip() != "EOF" or starts[-1] != len(codes) - 1 or not ended:
        raise damaged(
            request.contract, request.told, f"it is cut: its end (ENDSEC, EOF) is missing; {count} entities are there"
        )
    return count


def decoded(request: Request, data: bytes) -> tuple[str, list[Note]]:
    """The text of the file: by the plan's word, or the file's own, unless the bytes show that it is wrong.

    Letters that the code page lacks, written as `\\U+77F3` or `\\M+5CAAF`, are letters again, in names of layers too.

    Raises
    ------
    LayerError
        No encoding fits.
    """
    text, notes = _by_encoding(request, data)
    return _TWO_BYTES.sub(_by_two_bytes, _UNICODE.sub(_by_number, text)), notes


def _by_number(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    # A line end would make new lines of the file, half a pair no text.
    return letter if letter.isprintable() else found[0]


def _by_two_bytes(found: re.Match[str]) -> str:
    text = _strictly(bytes.fromhex(found[2]), _TWO_BYTE_CODECS[found[1]])
    return text if text is not None and text.isprintable() else found[0]


def _by_encoding(request: Request, data: bytes) -> tuple[str, list[Note]]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    name, told = request.contract, request.told
    if data.isascii():
        return data.decode("ascii"), []
    if request.encoding is not None:
        try:
            return data.decode(request.encoding), []
        except (UnicodeDecodeError, LookupError) as error:
            raise LayerError(f"{name}: {told} cannot be read with encoding {request.encoding!r}: {error}") from error
    said = _encoding_said(data)
    tries = list(dict.fromkeys((said, "utf-8", "gb18030")))
    texts = {codec: text for codec in tries if (text := _strictly(data, codec)) is not None}
    by_utf8 = "utf-8" in texts and (said == "utf-8" or _mostly_chinese(texts["utf-8"]))
    runs = _HIGH_RUN.findall(data)
    in_pairs = 10 * sum(len(run) % 2 == 0 for run in runs) >= 9 * len(runs)
    one_byte = said.startswith("cp12") or said == "cp874"
    if by_utf8:
        taken = "utf-8"
    elif "gb18030" in texts and (said not in texts or (one_byte and in_pairs and _mostly_chinese(texts["gb18030"]))):
        # Chinese written under a Western code page: letters with accents do not come in pairs throughout.
        taken = "gb18030"
    else:
        taken = said
    if taken not in texts:
        raise LayerError(
            f"{name}: the text of {told} is in no encoding tried ({', '.join(tries)}); "
            f"name it in the plan: [layers.{name}] encoding"
        )
    notes = [] if taken == said else [Note("layers.encoding_guessed", values={"encoding": taken, "said": said})]
    return texts[taken], notes


def _encoding_said(data: bytes) -> str:
    """What the header says: UTF-8 from AutoCAD 2007 on, its code page before."""
    header = data[: data.find(b"ENDSEC")] if b"ENDSEC" in data else data[:10_000]
    version = re.search(rb"\$ACADVER\s+1\s+AC(\d+)", header)
    if version and int(version[1]) >= 1021:
        return "utf-8"
    page = re.search(rb"\$DWGCODEPAGE\s+3\s+(\S+)", header)
    label = page[1].decode("ascii", "replace").upper().removeprefix("ANSI_").removeprefix("DOS") if page else "1252"
    codec = _CODE_PAGES.get(label, f"cp{label}")
    try:
        "".encode(codec)
    except LookupError:
        return "cp1252"
    return codec


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _mostly_chinese(text: str) -> bool:
    return 2 * len(_CHINESE.findall(text)) >= sum(not letter.isascii() for letter in text)
