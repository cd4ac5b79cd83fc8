"""Zip archives of shapefiles: unpacked within limits into a private folder, names as they were meant."""

from __future__ import annotations

import dataclasses
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from siteplan.errors import LayerError
from siteplan.layers.rawlayer import RawLayer, choose_layer, damaged, sha256_of
from siteplan.layers.shapefiles import read_shapefile

_MAX_ENTRIES, _MAX_BYTES, _MAX_RATIO = 1_000, 2_000_000_000, 200
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def read_zip(contract_name: str, path: Path, wanted: str | None, encoding: str | None) -> RawLayer:
    """The one shapefile in a zip (or the one the plan names).

    Raises
    ------
    LayerError
        Unsafe paths, too large, damaged, no shapefile, or several and none named.
    """
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="siteplan-") as folder:
            entries = _checked(contract_name, path, archive)
            shapes = sorted(name.removesuffix(_ending(name)) for name in entries if _ending(name).lower() == ".shp")
            if not shapes:
                listed = ", ".join(list(entries)[:10]) or "nothing"
                raise LayerError(f"{contract_name}: {path.name} holds no shapefile (.shp); it holds: {listed}")
            by_name = {PurePosixPath(stem).name: stem for stem in shapes}
            names = list(by_name) if len(by_name) == len(shapes) else shapes
            chosen = choose_layer(contract_name, path, names, wanted)
            stem = by_name.get(chosen, chosen)
            for name, entry in entries.items():
                if name.removesuffix(_ending(name)) == stem and _ending(name).lower() in _PARTS:
                    (Path(folder) / f"layer{_ending(name).lower()}").write_bytes(archive.read(entry))
            told = Path(f"{path.name}/{chosen}.shp")
            raw = read_shapefile(contract_name, Path(folder) / "layer.shp", encoding, told)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise damaged(contract_name, path, f"it cannot be unpacked: {error}") from error
    return dataclasses.replace(raw, layer=chosen, sha256=sha256_of([path]))


def shapefile_names(path: Path) -> list[str]:
    """The shapefiles in a zip, by name.

    Raises
    ------
    LayerError
        As `read_zip`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked("zip", path, archive)
    except zipfile.BadZipFile as error:
        raise damaged("zip", path, str(error)) from error
    return sorted(PurePosixPath(name).stem for name in entries if _ending(name).lower() == ".shp")


def _checked(contract_name: str, path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Entries by name (no folders, no macOS shadows), after the limits."""
    entries = archive.infolist()
    total, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if len(entries) > _MAX_ENTRIES or total > _MAX_BYTES or total > _MAX_RATIO * max(packed, 1_000):
        raise LayerError(
            f"{contract_name}: {path.name} unpacks to {len(entries)} files and {total / 1e6:.0f} MB, more than is "
            "safe; unpack it by hand and name the .shp"
        )
    named: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _name(entry)
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or ":" in name or stat.S_ISLNK(entry.external_attr >> 16):
            raise LayerError(f"{contract_name}: {path.name} has an entry with an unsafe path: {name!r}")
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
