"""Zip archives: checked against limits, unpacked into a private folder, names as they were meant."""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

from siteplan.errors import LayerError
from siteplan.layers.formats import read_file
from siteplan.layers.formats.filelayer import FileLayer, Request, choose_layer, damaged, sha256_of
from siteplan.layers.formats.shapefiles import PARTS, read_parts

UNPACKING_FAULTS = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What the library raises on an archive that is damaged, locked, or packed in a way it does not know."""

MAX_ENTRIES, MAX_BYTES, MAX_RATIO = 1_000, 2_000_000_000, 200
_INSIDE = (".gpkg", ".geojson", ".json", ".kml", ".fgb", ".parquet", ".geoparquet", ".dxf", ".csv", ".xlsx")
"""Endings of single files that are read inside a zip."""


def read_zip(request: Request, folder: Path) -> FileLayer:
    """The one layer file in a zip (or the one the plan names): a shapefile, a File Geodatabase, or any other format.

    Raises
    ------
    LayerError
        Unsafe paths, too large, damaged, nothing that can be read, or several files and none named.
    """
    name, told = request.contract, request.told
    digest = sha256_of(request.path)
    try:
        with zipfile.ZipFile(request.path) as archive:
            entries = checked_entries(name, told, archive)
            there = _members(entries)
            if not there:
                listed = ", ".join(list(entries)[:10]) or "nothing"
                raise LayerError(f"{name}: {told} holds no shapefile (.shp) or other map file; it holds: {listed}")
            chosen = choose_layer(name, told, list(there), request.layer if len(there) > 1 else None)
            inner = folder / "unpacked"
            inner.mkdir()
            kind, parts = there[chosen]
            for entry_name, target in parts.items():
                unpack(name, told, archive, entries[entry_name], inner / target)
    except UNPACKING_FAULTS as error:
        raise damaged(name, told, f"it cannot be unpacked: {error}") from error
    if kind == ".shp":
        return read_parts(request, inner, digest, told=f"{told}/{chosen}.shp", layer=chosen)
    own = inner if kind == ".gdb" else inner / f"layer{kind}"
    within = request.layer if len(there) == 1 else None
    read = read_file(replace(request, path=own, layer=within, name=f"{told}/{chosen}"), private_folder(folder))
    return replace(read, sha256=digest)


def members(request: Request, folder: Path) -> list[str]:
    """The layer files in a zip, by name; the layers of a zip of one File Geodatabase or GeoPackage by theirs.

    Raises
    ------
    LayerError
        As `read_zip`.
    """
    try:
        with zipfile.ZipFile(request.path) as archive:
            return list(_members(checked_entries(request.contract, request.told, archive)))
    except UNPACKING_FAULTS as error:
        raise damaged(request.contract, request.told, f"it cannot be unpacked: {error}") from error


def private_folder(folder: Path) -> Path:
    """A new empty folder inside a private one."""
    inner = folder / "inner"
    inner.mkdir()
    return inner


def unpack(contract_name: str, told: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one entry to a file, never more of it than the archive's list promised.

    Raises
    ------
    LayerError
        When it holds more.
    """
    left = entry.file_size
    with archive.open(entry) as source, target.open("wb") as file:
        while piece := source.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise damaged(contract_name, told, f"{entry.filename!r} unpacks to more than it says")
            file.write(piece)


def _members(entries: dict[str, zipfile.ZipInfo]) -> dict[str, tuple[str, dict[str, str]]]:
    """Name to tell -> (ending, entry -> file name to unpack it under), of everything a reader knows."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for name in sorted(entries):
        path = PurePosixPath(name)
        ending = path.suffix.lower()
        database = next((part for part in path.parts[:-1] if part.lower().endswith(".gdb")), None)
        if database is not None:
            found.setdefault(database, (".gdb", {}))[1][name] = path.name
        elif ending == ".shp":
            stem = name.removesuffix(path.suffix)
            parts = {entry: f"layer{_ending(entry).lower()}" for entry in entries
                     if entry.removesuffix(_ending(entry)) == stem and _ending(entry).lower() in PARTS}  # fmt: skip
            found[path.stem if path.stem not in found else stem] = (ending, parts)
        elif ending in _INSIDE:
            found[path.name if path.name not in found else name] = (ending, {name: f"layer{ending}"})
    return found


def checked_entries(contract_name: str, told: str, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Entries by name (no folders, no macOS shadows), after the limits.

    Raises
    ------
    LayerError
        Too many entries, too much inside, packed too tightly to be honest, or a path that leads elsewhere.
    """
    entries = archive.infolist()
    total, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if len(entries) > MAX_ENTRIES or total > MAX_BYTES or total > MAX_RATIO * max(packed, 1_000):
        raise LayerError(
            f"{contract_name}: {told} unpacks to {len(entries)} files and {total / 1e6:.0f} MB, more than is "
            "safe; unpack it by hand and name the .shp"
        )
    named: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _name(entry)
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or ":" in name or stat.S_ISLNK(entry.external_attr >> 16):
            raise LayerError(f"{contract_name}: {told} has an entry with an unsafe path: {name!r}")
        if not entry.is_dir() and "__MACOSX" not in parts:
            named[name] = entry
    return named


def _name(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        # Windows writes names in the system's code page and zipfile takes them for cp437.
        return entry.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.filename


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix
