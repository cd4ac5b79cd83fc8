"""Damaged files: bytes changed, ends cut, ends extended, by a seeded draw; no row may be lost without a word.

A damaged file is refused in words for planners, or read with as many rows as the good one, or with another number and
a note that tells of rows. Where a format's own records can be changed into others that are as good (a line end of a
CSV, see `Sample.own_count`), the rows must be those that the damaged bytes hold by an independent count.
"""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ezdxf
import geopandas as gpd
import numpy as np
import openpyxl
import pytest
from shapely.geometry import LineString, Point

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import FileLayer, Request
from siteplan.layers.reader import Limits, Reader

ROWS = 24
NAMES = ["上坝", "下坝", "石板寨", "羊场", "Baojiazhai", "马鞍山组"]
PLACES = [(104.9 + 0.01 * i, 26.5 + 0.003 * (i % 7)) for i in range(ROWS)]

TELL_OF_ROWS = {
    "layers.blank_rows", "layers.deleted_records", "layers.dxf_left_out", "layers.dxf_other_layers",
    "layers.dxf_paper", "layers.heading_row", "layers.remark_row", "layers.title_row", "layers.total_row",
    "layers.units_row",
}  # fmt: skip
"""The notes that say of rows that they are there and are no features of the layer."""


@dataclass(frozen=True)
class Sample:
    """A good file: how it is written into a folder and asked for, and which of its files are to be damaged.

    own_count: rows that damaged bytes hold, by other means than the reader's; None where the format counts itself.
    """

    file: str
    write: Callable[[Path], None]
    parts: tuple[str, ...]
    contract: str = "villages"
    own_count: Callable[[bytes], int] | None = None


def _villages() -> gpd.GeoDataFrame:
    columns = {
        "id": [f"52022200000000{i:04d}" for i in range(ROWS)],
        "name": [NAMES[i % len(NAMES)] + str(i) for i in range(ROWS)],
        "people": np.array([7 * i for i in range(ROWS)], dtype="int32"),
    }
    return gpd.GeoDataFrame(columns, geometry=[Point(place) for place in PLACES], crs="EPSG:4326")


def _roads() -> gpd.GeoDataFrame:
    lines = [LineString([(x, y), (x + 0.01, y), (x + 0.02, y + 0.01)]) for x, y in PLACES]
    return gpd.GeoDataFrame({"surface": ["asphalt", "砂石"] * (ROWS // 2)}, geometry=lines, crs="EPSG:4326")


def _by_gdal(driver: str, table: Callable[[], gpd.GeoDataFrame], **options: object) -> Callable[[Path], None]:
    return lambda path: table().to_file(path, driver=driver, engine="pyogrio", **options)


def _zipped_shapefile(path: Path) -> None:
    folder = path.parent / "plain"
    folder.mkdir()
    _villages().to_file(folder / "hamlets.shp", engine="pyogrio", encoding="UTF-8")
    _pack(path, folder)


def _kmz(path: Path) -> None:
    folder = path.parent / "plain"
    folder.mkdir()
    _villages().to_file(folder / "doc.kml", driver="LIBKML", engine="pyogrio")
    _pack(path, folder)


def _pack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)
    shutil.rmtree(folder)


def _drawing(path: Path) -> None:
    drawing = ezdxf.new("R2010")
    drawing.layers.add("自然村")
    space = drawing.modelspace()
    for i in range(ROWS):
        space.add_text(NAMES[i % len(NAMES)], dxfattribs={"layer": "自然村", "insert": (500_000 + 100 * i, 2_900_000)})
    drawing.saveas(path)


def _sheet_rows() -> list[list[object]]:
    table = _villages()
    cells = zip(table["id"], table["name"], table["people"], table.geometry.x, table.geometry.y, strict=True)
    return [["id", "name", "people", "lon", "lat"], *([*row] for row in cells)]


def _csv(path: Path) -> None:
    path.write_text("\n".join(",".join(map(str, row)) for row in _sheet_rows()) + "\n", "utf-8")


def _csv_rows(data: bytes) -> int:
    """Lines with anything in them, but for the header."""
    return sum(bool(line.strip(b" \t,;\x0b\x0c\x1c\x1d\x1e\x1f")) for line in data.splitlines()) - 1


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in _sheet_rows():
        book.active.append(row)
    book.save(path)


_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SAMPLES = {
    "points.shp": Sample("v.shp", _by_gdal("ESRI Shapefile", _villages, encoding="UTF-8"), _SHAPEFILE),
    "lines.shp": Sample("r.shp", _by_gdal("ESRI Shapefile", _roads, encoding="GBK"), _SHAPEFILE, "roads"),
    "zip": Sample("v.zip", _zipped_shapefile, ("",)),
    "gpkg": Sample("v.gpkg", _by_gdal("GPKG", _villages), ("",)),
    "geojson": Sample("v.geojson", _by_gdal("GeoJSON", _villages), ("",)),
    "kml": Sample("v.kml", _by_gdal("LIBKML", _villages), ("",)),
    "kmz": Sample("v.kmz", _kmz, ("",)),
    "indexed.fgb": Sample("v.fgb", _by_gdal("FlatGeobuf", _villages), ("",)),
    "plain.fgb": Sample("v.fgb", _by_gdal("FlatGeobuf", _villages, SPATIAL_INDEX="NO"), ("",)),
    "parquet": Sample("v.parquet", lambda path: _villages().to_parquet(path), ("",)),
    "dxf": Sample("v.dxf", _drawing, ("",)),
    "csv": Sample("v.csv", _csv, ("",), own_count=_csv_rows),
    "xlsx": Sample("v.xlsx", _workbook, ("",)),
    "gdb": Sample("v.gdb", _by_gdal("OpenFileGDB", _villages), ("*.gdbtable", "*.gdbtablx", "*.gdbindexes", "*.spx")),
}

CASES = [(name, part) for name, sample in SAMPLES.items() for part in sample.parts]


def flipped(data: bytes, draw: random.Random) -> bytes:
    """One bit of one byte another way."""
    changed = bytearray(data)
    if changed:
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flipped_in_front(data: bytes, draw: random.Random) -> bytes:
    """As `flipped`, in the first bytes, where headers are."""
    return flipped(data[:160], draw) + data[160:]


def changed_run(data: bytes, draw: random.Random) -> bytes:
    """A few bytes in a row replaced by any others."""
    start = draw.randrange(len(data) + 1)
    length = min(draw.randint(1, 16), len(data) - start)
    return data[:start] + draw.randbytes(length) + data[start + length :]


def cut(data: bytes, draw: random.Random) -> bytes:
    """The end missing."""
    return data[: draw.randrange(len(data) + 1)]


def extended(data: bytes, draw: random.Random) -> bytes:
    """More after the end: zeros, any bytes, or a piece of the file itself."""
    size = draw.randint(1, 300)
    start = draw.randrange(len(data) + 1)
    return data + draw.choice((bytes(size), draw.randbytes(size), data[start : start + size]))


MUTATIONS = (flipped, flipped, flipped_in_front, changed_run, cut, extended)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The good files, each in a folder of its own."""
    paths = {}
    for name, sample in SAMPLES.items():
        paths[name] = tmp_path_factory.mktemp("good") / sample.file
        sample.write(paths[name])
    return paths


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One reading process for all; a file may end it, and the next is read by another."""
    with Reader([], Limits(seconds=30, memory_mb=1_500)) as reading:
        yield reading


@pytest.mark.parametrize("name", SAMPLES)
def test_good_file_is_read_whole(reader: Reader, samples: dict[str, Path], name: str) -> None:
    read = reader.read(Request(SAMPLES[name].contract, samples[name]))
    assert (len(read.table), [note.code for note in read.notes if note.code in TELL_OF_ROWS]) == (ROWS, [])


@pytest.mark.parametrize(("name", "part"), CASES)
def test_damage_is_refused_or_costs_no_row(
    reader: Reader, samples: dict[str, Path], tmp_path: Path, name: str, part: str
) -> None:
    _damage_and_read(reader, samples[name], tmp_path, name, part, cases=14)


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "part"), CASES)
def test_much_damage_is_refused_or_costs_no_row(
    reader: Reader, samples: dict[str, Path], tmp_path: Path, name: str, part: str
) -> None:
    _damage_and_read(reader, samples[name], tmp_path, name, part, cases=400)


def _damage_and_read(reader: Reader, good: Path, folder: Path, name: str, part: str, *, cases: int) -> None:
    tried, faults = 0, []
    for seed in range(cases):
        # A text, not a tuple: hashes of tuples change from run to run.
        draw = random.Random(f"{name} {part} {seed}")
        damaged = _copied(good, folder / "copy")
        target = _target(damaged, part, draw)
        mutate = draw.choice(MUTATIONS)
        data = target.read_bytes()
        changed = mutate(data, draw)
        if changed == data:
            continue
        target.write_bytes(changed)
        sample = SAMPLES[name]
        expected = ROWS if sample.own_count is None else sample.own_count(changed)
        try:
            outcome = _judged(reader.read(Request(sample.contract, damaged)), expected)
        except LayerError as error:
            outcome = _refusal(str(error), sample)
        tried += 1
        if outcome not in FINE:
            faults.append(f"seed {seed}, {mutate.__name__} of {target.name}: {outcome}")
    assert faults == []
    assert tried >= cases // 2


FINE = {"as many rows", "rows told of", "refused"}


def _judged(read: FileLayer, expected: int) -> str:
    if len(read.table) == expected:
        return "as many rows"
    codes = {note.code for note in read.notes}
    return "rows told of" if codes & TELL_OF_ROWS else f"{len(read.table)} rows of {expected}, and not a word"


def _refusal(message: str, sample: Sample) -> str:
    if not message.startswith(f"{sample.contract}: ") or sample.file not in message:
        return f"refused without the layer's and the file's name: {message}"
    if "took over" in message:
        return f"hung: {message}"
    return "refused"


def _copied(good: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good.parent, folder)
    return folder / good.name


def _target(path: Path, part: str, draw: random.Random) -> Path:
    """The file to damage: the one itself, its part by ending, or one in the folder."""
    if part.startswith("*"):
        return draw.choice(sorted(path.glob(part)))
    return path.with_suffix(part) if part else path


def _refused(reader: Reader, path: Path, words: str) -> None:
    with pytest.raises(LayerError, match=f"^villages: {path.name} is damaged or incomplete: .*{words}"):
        reader.read(Request("villages", path))


def test_a_flatgeobuf_whose_header_promises_fewer_is_refused(reader, samples, tmp_path):
    path = _copied(samples["plain.fgb"], tmp_path / "copy")
    data = path.read_bytes()
    header = data[: 12 + int.from_bytes(data[8:12], "little")]
    at = header.index(ROWS.to_bytes(8, "little"))
    path.write_bytes(data[:at] + (3).to_bytes(8, "little") + data[at + 8 :])
    _refused(reader, path, f"promises 3 features and holds {ROWS}")


def test_a_geojson_feature_of_another_type_is_not_passed_over(reader, samples, tmp_path):
    path = _copied(samples["geojson"], tmp_path / "copy")
    path.write_bytes(path.read_bytes().replace(b'"Feature"', b'"Ffature"', 1))
    _refused(reader, path, f"holds {ROWS} features but {ROWS - 1} can be read")


def test_a_geodatabase_whose_table_cannot_be_opened_is_not_empty(reader, samples, tmp_path):
    path = _copied(samples["gdb"], tmp_path / "copy")
    places = max(path.glob("*.gdbtablx"))
    places.write_bytes(places.read_bytes()[:2000])
    _refused(reader, path, f"promises {ROWS} rows")


def test_two_entities_of_a_drawing_run_into_one_are_refused(reader, samples, tmp_path):
    path = _copied(samples["dxf"], tmp_path / "copy")
    text = path.read_text("utf-8")
    second = text.index("\nTEXT\n", text.index("\nTEXT\n", text.index("\nENTITIES\n")) + 1)
    code = text.rindex("0", 0, second)
    path.write_text(text[:code] + "1" + text[code + 1 :], "utf-8")
    _refused(reader, path, "two entities have run into one")
