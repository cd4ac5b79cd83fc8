"""Shapefiles: parts checked against each other, text decoded as it truly is, then read."""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyproj

from siteplan.errors import LayerError
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Note, Request, choose_layer, damaged, private_copy

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_CHINESE_LANGUAGE_BYTE = 0x4D


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class _Dbf:
    fields: list[_Field]
    records: np.ndarray
    """uint8, one row a record that is not deleted"""
    deleted: int
    header: bytes
    language: int


def read_shapefile(request: Request, folder: Path) -> FileLayer:
    """The features of a shapefile, read from a private copy of its parts in `folder`.

    Raises
    ------
    LayerError
        A part is missing, cut, or disagrees with the others about the number of records.
    """
    path = request.path
    parts = {part.suffix.lower(): part for part in sorted(path.parent.iterdir())
             if part.stem == path.stem and part.suffix.lower() in PARTS}  # fmt: skip
    ordered = [(parts[kind], f"layer{kind}") for kind in PARTS if kind in parts]
    digest = private_copy(ordered, folder)
    return read_parts(request, folder, digest, told=path.name, layer=path.stem)


def read_folder(request: Request, folder: Path) -> FileLayer:
    """The one shapefile in a folder of shapefiles, or the one the plan names.

    Raises
    ------
    LayerError
        As `read_shapefile`; or the folder holds no shapefile, or several and none is named.
    """
    names = shapefiles_in(request.path)
    if not names:
        raise LayerError(
            f"{request.contract}: {request.told} is a folder and holds no shapefile (.shp); give the path of a file"
        )
    chosen = choose_layer(request.contract, f"the folder {request.told}", names, request.layer)
    return read_shapefile(replace(request, path=request.path / f"{chosen}.shp"), folder)


def shapefiles_in(folder: Path) -> list[str]:
    """The shapefiles in a folder, by name."""
    return sorted(path.stem for path in folder.iterdir() if path.suffix.lower() == ".shp")


def read_parts(request: Request, folder: Path, sha256: str, *, told: str, layer: str) -> FileLayer:
    """The shapefile whose parts stand in the private folder as `layer.shp` and so on; `told`: its name for planners.

    Raises
    ------
    LayerError
        As `read_shapefile`.
    """
    contract_name = request.contract
    parts = {kind: folder / f"layer{kind}" for kind in PARTS if (folder / f"layer{kind}").exists()}
    if ".dbf" not in parts:
        raise LayerError(
            f"{contract_name}: {told}: the .dbf with all names and figures is missing; copy {layer}.dbf beside"
        )
    notes: list[Note] = []
    shp = parts[".shp"].read_bytes()
    _check_shp(contract_name, told, shp)
    if ".shx" in parts:
        index = parts[".shx"].read_bytes()
    else:
        index = _rebuilt_index(contract_name, told, shp)
        (folder / "layer.shx").write_bytes(index)
        notes.append(Note("layers.index_rebuilt", values={"file": told}))
    shapes = _check_index(contract_name, told, shp, index)
    data = parts[".dbf"].read_bytes()
    dbf = _opened_dbf(contract_name, told, data)
    records = len(dbf.records) + dbf.deleted
    if shapes != records:
        raise damaged(contract_name, told, f"the .shp has {shapes} shapes but the .dbf {records} records")
    if dbf.deleted:
        notes.append(Note("layers.deleted_records", values={"n": dbf.deleted}))
    told_code = parts[".cpg"].read_text("latin-1").strip() if ".cpg" in parts else ""
    codec, cut, said = _text_encoding(contract_name, told, dbf, told_code, request.encoding)
    notes += said
    cells = _strange_numbers(dbf, codec)
    if cut:
        _write_mended(parts[".dbf"], data, dbf, cut)
    crs_fault = _crs_fault(parts[".prj"]) if ".prj" in parts else ""
    table, crs = gdal.read(contract_name, parts[".shp"], told=told, driver="ESRI Shapefile", encoding=codec)
    if len(table) != len(dbf.records):
        raise damaged(contract_name, told, f"it holds {len(dbf.records)} records but {len(table)} can be read")
    empty = _empty_shapes(shp, index)
    if dbf.deleted == 0 and gdal.count_nulls(table[GEOMETRY]) > empty:
        raise damaged(contract_name, told, f"{gdal.count_nulls(table[GEOMETRY]) - empty} shapes cannot be read")
    return FileLayer(table, layer, "ESRI Shapefile", crs, sha256, notes, cells, crs_fault)


def _empty_shapes(shp: bytes, index: bytes) -> int:
    """How many records say themselves that they have no shape."""
    entries = np.frombuffer(index[100 : 2 * struct.unpack(">I", index[24:28])[0]], dtype=">u4").reshape(-1, 2)
    starts = 2 * entries[:, 0].astype(np.int64)
    starts = starts[starts + 12 <= len(shp)]
    content = np.frombuffer(shp, dtype=np.uint8)
    kind = content[starts[:, None] + np.arange(8, 12)]
    short = np.zeros(len(starts), dtype=bool)
    # A point that is not a number, and a line without points, are empty to GDAL too.
    words = 2 * entries[: len(starts), 1].astype(np.int64)
    is_point = np.isin(kind[:, 0], [1, 11, 21]) & (words >= 20) & (starts + 28 <= len(shp))
    if is_point.any():
        spots = content[starts[is_point][:, None] + np.arange(12, 28)].copy().view("<f8")
        short[is_point] = ~np.isfinite(spots).all(axis=1)
    is_parts = np.isin(kind[:, 0], [3, 5, 13, 15, 23, 25]) & (starts + 52 <= len(shp))
    if is_parts.any():
        counts = content[starts[is_parts][:, None] + np.arange(44, 52)].copy().view("<i4")
        short[is_parts] = (counts <= 0).any(axis=1)
    return int(((kind == 0).all(axis=1) | short).sum())


def _crs_fault(prj: Path) -> str:
    """Why the .prj tells no CRS, "" where it does. The private copy is made one that GDAL does not refuse the file for.

    A Chinese program may name the CRS in its own encoding, of which GDAL understands nothing.
    """
    data = prj.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
        prj.write_text(text, "utf-8")
    try:
        if text.strip():
            pyproj.CRS.from_wkt(text.strip())
    except pyproj.exceptions.CRSError:
        prj.unlink()
        return f"the coordinate system (CRS) in the {prj.suffix} file cannot be understood"
    return ""


def _check_shp(contract_name: str, told: str, shp: bytes) -> None:
    if len(shp) < 100 or struct.unpack(">I", shp[:4])[0] != 9994:
        raise damaged(contract_name, told, "it does not begin as a .shp does")
    promised = 2 * struct.unpack(">I", shp[24:28])[0]
    if promised > len(shp):
        raise damaged(contract_name, told, f"the .shp is cut short: {len(shp)} bytes of {promised}")


def _rebuilt_index(contract_name: str, told: str, shp: bytes) -> bytes:
    """The .shx of a .shp, from its record headers."""
    entries = bytearray()
    at, end = 100, 2 * struct.unpack(">I", shp[24:28])[0]
    while at + 8 <= end:
        words = struct.unpack(">I", shp[at + 4 : at + 8])[0]
        if at + 8 + 2 * words > end:
            raise damaged(contract_name, told, f"the .shp is cut in record {len(entries) // 8 + 1}")
        entries += struct.pack(">II", at // 2, words)
        at += 8 + 2 * words
    header = bytearray(shp[:100])
    header[24:28] = struct.pack(">I", (100 + len(entries)) // 2)
    return bytes(header + entries)


def _check_index(contract_name: str, told: str, shp: bytes, index: bytes) -> int:
    """The number of shapes, after comparing every index entry with the record it points at."""
    if len(index) < 100 or 2 * struct.unpack(">I", index[24:28])[0] > len(index):
        raise damaged(contract_name, told, "the .shx is cut short")
    entries = np.frombuffer(index[100 : 2 * struct.unpack(">I", index[24:28])[0]], dtype=">u4")
    if len(entries) % 2:
        raise damaged(contract_name, told, "the .shx is cut in an entry")
    entries = entries.reshape(-1, 2).astype(np.int64)
    starts, words = 2 * entries[:, 0], entries[:, 1]
    content = np.frombuffer(shp, dtype=np.uint8)
    inside = (starts >= 100) & (starts + 8 + 2 * words <= len(content))
    if inside.all() and len(starts):
        places = starts[:, None] + np.arange(4, 8)
        written = (content[places].astype(np.int64) * (1 << np.array([24, 16, 8, 0]))).sum(axis=1)
        inside = written == words
    if not inside.all():
        bad = np.flatnonzero(~inside)
        raise damaged(contract_name, told, f".shx and .shp disagree in {len(bad)} records (first: record {bad[0] + 1})")
    return len(entries)


def _opened_dbf(contract_name: str, told: str, data: bytes) -> _Dbf:
    if len(data) < 33:
        raise damaged(contract_name, told, "the .dbf is cut short")
    count, start, width = struct.unpack("<IHH", data[4:12])
    fields, at, offset = [], 32, 1
    while at + 32 <= start and data[at] != 0x0D:
        name = data[at : at + 11].split(b"\x00")[0]
        fields.append(_Field(name, chr(data[at + 11]), offset, data[at + 16]))
        offset += data[at + 16]
        at += 32
    there = (len(data) - start) // width if width else 0
    if offset != width or there < count:
        raise damaged(contract_name, told, f"the .dbf promises {count} records of {width} bytes and holds {there}")
    block = np.frombuffer(data, dtype=np.uint8, count=count * width, offset=start).reshape(count, width)
    live = block[:, 0] != 0x2A if count else np.zeros(0, dtype=bool)
    return _Dbf(fields, block[live], int(count - live.sum()), data[:start], data[29])


def _text_encoding(
    contract_name: str, told: str, dbf: _Dbf, cpg: str, wanted: str | None
) -> tuple[str, dict[int, dict[int, bytes]], list[Note]]:
    """The codec that decodes all text, cells cut inside a character (field -> record -> mended bytes), findings."""
    blocks = {
        i: dbf.records[:, f.start : f.start + f.width].tobytes() for i, f in enumerate(dbf.fields) if f.kind == "C"
    }
    names = b"\n".join(field.name for field in dbf.fields)
    if names.isascii() and all(block.isascii() for block in blocks.values()):
        return "utf-8", {}, []
    told_by_file = _codec(cpg)
    named = _codec(wanted or "")
    if wanted is not None and named is None:
        raise LayerError(f'{contract_name}: [layers.{contract_name}] encoding = "{wanted}" is no known encoding')
    tries = [named] if named else [c for c in dict.fromkeys((told_by_file, "utf-8", "gb18030")) if c]
    for codec in tries:
        cut = _cut_cells(dbf, blocks, names, codec)
        if cut is None:
            continue
        found = []
        if codec == "gb18030" and not named and told_by_file != codec and dbf.language != _CHINESE_LANGUAGE_BYTE:
            found.append(Note("layers.encoding_guessed", values={"encoding": "GB18030", "said": cpg or "-"}))
        elif cpg and told_by_file != codec and not named:
            found.append(Note("layers.encoding_guessed", values={"encoding": codec, "said": cpg}))
        for i, cells in cut.items():
            name = dbf.fields[i].name.decode(codec, "replace")
            each = [{"column": name, "old": cells[row].decode(codec).strip()} for row in cells]
            rows = [row + 1 for row in cells]
            found.append(Note("layers.text_cut", rows=rows, field=name, each=each))
        return codec, cut, found
    raise LayerError(
        f"{contract_name}: the text of {told} is in no encoding tried ({', '.join(tries)}); "
        f"name it in the plan: [layers.{contract_name}] encoding"
    )


def _cut_cells(dbf: _Dbf, blocks: dict[int, bytes], names: bytes, codec: str) -> dict[int, dict[int, bytes]] | None:
    """Cells that end inside a character; None when the codec does not fit."""
    try:
        names.decode(codec)
    except UnicodeDecodeError:
        return None
    cut: dict[int, dict[int, bytes]] = {}
    for i, block in blocks.items():
        width = dbf.fields[i].width
        if block.isascii() or _decodes(block, width, codec):
            continue
        for row in range(len(dbf.records)):
            cell = block[row * width : (row + 1) * width]
            decoder = codecs.getincrementaldecoder(codec)()
            try:
                decoder.decode(cell)
            except UnicodeDecodeError:
                return None
            rest = decoder.getstate()[0]
            if rest:
                cut.setdefault(i, {})[row] = cell[: len(cell) - len(rest)] + b" " * len(rest)
    return cut


def _decodes(block: bytes, width: int, codec: str) -> bool:
    """Whether every cell of a column decodes whole: a line end after each cell breaks a character cut there."""
    cells = np.frombuffer(block, dtype=np.uint8).reshape(-1, width)
    ended = np.concatenate([cells, np.full((len(cells), 1), 0x0A, dtype=np.uint8)], axis=1)
    try:
        ended.tobytes().decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _codec(name: str) -> str | None:
    digits = re.sub(r"^(OEM|ANSI|CP|ISO)[\s_-]*", "", name.strip().upper()) if name else ""
    for guess in (name.strip(), {"65001": "utf-8", "936": "gb18030"}.get(digits, ""), f"cp{digits}"):
        if not guess:
            continue
        try:
            codec = codecs.lookup(guess).name
        except (LookupError, ValueError):
            # No codec has this name, or it holds zero bytes.
            continue
        return "gb18030" if codec in ("gbk", "gb2312", "cp936") else codec
    return None


def _strange_numbers(dbf: _Dbf, codec: str) -> dict[str, dict[int, str]]:
    """Number cells that hold no number (`*****` is dBASE's word for overflow), which GDAL reads as nothing or 0."""
    allowed = np.zeros(256, dtype=bool)
    allowed[list(b"0123456789+-.eE \x00")] = True
    cells: dict[str, dict[int, str]] = {}
    for field in dbf.fields:
        if field.kind not in "NF":
            continue
        block = dbf.records[:, field.start : field.start + field.width]
        for row in np.flatnonzero(~allowed[block].all(axis=1)).tolist():
            text = block[row].tobytes().decode(codec, "replace").strip()
            cells.setdefault(field.name.decode(codec), {})[row] = text
    return cells


def _write_mended(path: Path, data: bytes, dbf: _Dbf, cut: dict[int, dict[int, bytes]]) -> None:
    """Write the .dbf with cut characters blanked (a private copy; deleted records keep their place)."""
    mended = bytearray(data)
    count, start, width = struct.unpack("<IHH", data[4:12])
    live = [row for row in range(count) if data[start + row * width] != 0x2A]
    for i, cells in cut.items():
        for row, cell in cells.items():
            at = start + live[row] * width + dbf.fields[i].start
            mended[at : at + len(cell)] = cell
    path.write_bytes(bytes(mended))
