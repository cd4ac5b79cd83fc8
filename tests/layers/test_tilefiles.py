"""Tile files made here: both formats give the same pictures in the same places, and files made to harm do none."""

from __future__ import annotations

import gzip
import io
import math
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from siteplan.errors import LayerError
from siteplan.layers.tilefiles import plain_text, pmtiles3, read_tiles, source

Address = tuple[int, int, int]
COUNTY = (107.46, 26.25, 107.90, 26.70)
"""West, south, east, north of the sample county."""


def picture(address: Address, kind: str = "PNG", pixels: int = 64) -> bytes:
    """A tile that tells which one it is by its colour."""
    zoom, column, row = address
    image = Image.new("RGB", (pixels, pixels), (zoom, column % 256, row % 256))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def address_in(data: bytes) -> tuple[int, int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").getpixel((3, 3))  # type: ignore[return-value]


def place_to_tile(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Column and row from the north, as the OpenStreetMap wiki has it (Slippy map tilenames)."""
    phi = math.radians(latitude)
    n = 2**zoom
    return int(n * (longitude + 180) / 360), int(n * (1 - math.log(math.tan(phi) + 1 / math.cos(phi)) / math.pi) / 2)


def tiles_around(box: tuple[float, float, float, float], zooms: range, *, kind: str = "PNG") -> dict[Address, bytes]:
    """Every tile of a box and two rings of neighbours around it."""
    west, south, east, north = box
    made = {}
    for zoom in zooms:
        x0, y0 = place_to_tile(west, north, zoom)
        x1, y1 = place_to_tile(east, south, zoom)
        for column in range(max(x0 - 2, 0), min(x1 + 3, 2**zoom)):
            for row in range(max(y0 - 2, 0), min(y1 + 3, 2**zoom)):
                made[zoom, column, row] = picture((zoom, column, row), kind)
    return made


def write_mbtiles(path: Path, tiles: Mapping[Address, bytes], **metadata: str) -> Path:
    """As the specification has it: rows from the south."""
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE metadata (name text, value text)")
        base.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        base.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        base.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
        rows = [(z, x, 2**z - 1 - y, data) for (z, x, y), data in tiles.items()]
        base.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    return path


def write_pmtiles(
    path: Path, tiles: Mapping[Address, bytes], *, kind: TileType = TileType.PNG,
    packed: Compression = Compression.NONE, **metadata: object,
) -> Path:  # fmt: skip
    with path.open("wb") as file:
        writer = Writer(file)
        for address in sorted(tiles, key=lambda one: zxy_to_tileid(*one)):
            writer.write_tile(zxy_to_tileid(*address), tiles[address])
        writer.finalize({"tile_type": kind, "tile_compression": packed}, metadata)
    return path


WRITERS: dict[str, Callable[..., Path]] = {"mbtiles": write_mbtiles, "pmtiles": write_pmtiles}


@pytest.fixture(params=sorted(WRITERS))
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of one format, then the other; the name says nothing of the format."""

    def made(tiles: Mapping[Address, bytes], **metadata: str) -> Path:
        (tmp_path / "map.tiles").unlink(missing_ok=True)
        return WRITERS[request.param](tmp_path / "map.tiles", tiles, **metadata)

    return made


def test_the_tiles_that_touch_the_map_are_taken_and_no_others(write: Callable[..., Path]) -> None:
    given = tiles_around(COUNTY, range(12))
    found = read_tiles(write(given, name="底图", attribution="us"), COUNTY)
    west, south, east, north = COUNTY
    for zoom in range(12):
        columns, rows = zip(*((x, y) for z, x, y in found.tiles if z == zoom), strict=True)
        x0, y0 = place_to_tile(west, north, zoom)
        x1, y1 = place_to_tile(east, south, zoom)
        assert (min(columns), max(columns), min(rows), max(rows)) == (x0, x1, y0, y1)
        assert len(columns) == (x1 - x0 + 1) * (y1 - y0 + 1)
    for (zoom, column, row), data in found.tiles.items():
        assert address_in(data) == (zoom, column % 256, row % 256)
    assert (found.title, found.attribution, found.mime) == ("底图", "us", "image/png")
    assert (found.min_zoom, found.max_zoom, found.left_out_zooms, found.left_out_tiles) == (0, 11, (), 0)
    assert list(found.tiles) == sorted(found.tiles)


def test_both_formats_give_the_same(tmp_path: Path) -> None:
    given = tiles_around(COUNTY, range(3, 12), kind="JPEG")
    both = [
        read_tiles(write(tmp_path / name, given, name="one", attribution="two"), COUNTY)
        for name, write in WRITERS.items()
    ]
    assert both[0] == both[1]
    assert both[0].mime == "image/jpeg"


def test_a_row_in_mbtiles_counts_from_the_south(tmp_path: Path) -> None:
    # Zoom 1, column 1: China lies in the northern one of two rows, which MBTiles calls row 1.
    path = tmp_path / "a.mbtiles"
    write_mbtiles(path, {})
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("INSERT INTO tiles VALUES (1, 1, 1, ?)", [picture((1, 1, 0))])
        base.execute("INSERT INTO tiles VALUES (1, 1, 0, ?)", [picture((1, 1, 1))])
    assert list(read_tiles(path, COUNTY).tiles.items()) == [((1, 1, 0), picture((1, 1, 0)))]


def test_whole_zooms_are_taken_until_they_are_too_many(write: Callable[..., Path]) -> None:
    path = write(tiles_around(COUNTY, range(12)))
    every = read_tiles(path, COUNTY)
    upto = sum(len(data) for (zoom, _, _), data in every.tiles.items() if zoom <= 9)
    just = read_tiles(path, COUNTY, most_bytes=upto)
    assert (just.max_zoom, just.left_out_zooms) == (9, (10, 11))
    assert just.tiles == {address: data for address, data in every.tiles.items() if address[0] <= 9}
    one_less = read_tiles(path, COUNTY, most_bytes=upto - 1)
    assert (one_less.max_zoom, one_less.left_out_zooms) == (8, (9, 10, 11))


def test_a_first_zoom_that_is_too_large_is_an_error(write: Callable[..., Path]) -> None:
    with pytest.raises(LayerError, match=r"^tiles: map\.tiles: already the tiles of zoom 11 .* lesser minimum zoom"):
        read_tiles(write(tiles_around(COUNTY, range(11, 13))), COUNTY, most_bytes=300)


def test_a_zoom_of_more_tiles_than_any_page_carries_is_not_even_looked_at(write: Callable[..., Path]) -> None:
    path = write(tiles_around(COUNTY, range(8, 10)) | {(20, 840_000, 440_000): picture((20, 0, 0))})
    found = read_tiles(path, COUNTY)
    assert found.max_zoom == 9 and 20 in found.left_out_zooms


def test_a_box_within_one_tile_takes_that_tile(write: Callable[..., Path]) -> None:
    found = read_tiles(write(tiles_around(COUNTY, range(10, 11))), (108.600001, 26.4, 108.600002, 26.400001))
    assert list(found.tiles) == [(10, *place_to_tile(108.600001, 26.4, 10))]


def test_no_tile_here(write: Callable[..., Path]) -> None:
    path = write(tiles_around(COUNTY, range(8, 11)))
    with pytest.raises(LayerError, match=r"^tiles: map\.tiles has no tile that touches the map; expected .*; give"):
        read_tiles(path, (1.4, 42.4, 1.8, 42.7))


def test_metadata_is_plain_text_and_may_be_missing(write: Callable[..., Path]) -> None:
    given = tiles_around(COUNTY, range(5, 6))
    html = (
        '<a href="https://x.example" onclick="bad()">\u00a9 People</a> &amp;<script>bad()</script> <b>others</b>\n2024'
    )
    found = read_tiles(write(given, name="<img src=x onerror=bad()>A\u202eB" + "x" * 9999, attribution=html), COUNTY)
    assert found.attribution == "\u00a9 People & others 2024"
    assert found.title.startswith("A B") and len(found.title) == 300
    bare = read_tiles(write(given), COUNTY)
    assert (bare.title, bare.attribution) == ("map", "")


def test_plain_text_is_text() -> None:
    assert plain_text("&lt;b&gt;") == "<b>"
    assert plain_text("<style>p {}</style>a<!-- c -->b") == "ab"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_kind_of_picture_is_told_by_the_pictures(write: Callable[..., Path], kind: str) -> None:
    found = read_tiles(write(tiles_around(COUNTY, range(5, 7), kind=kind), format="png"), COUNTY)
    assert found.mime == f"image/{kind.lower()}"


def test_tiles_that_are_no_such_picture_are_left_out_and_counted(write: Callable[..., Path]) -> None:
    given = tiles_around(COUNTY, range(9, 12))
    bomb = bytearray(picture((0, 0, 0)))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))
    strange = [
        b"<html>not found</html>", b"", b"\x89PNG\r\n\x1a\n", bytes(bomb), picture((0, 0, 0), pixels=8),
        picture((1, 1, 1), "JPEG"), picture((2, 2, 2)) + b"\0" * 2_000_000,
    ]  # fmt: skip
    places = [address for address in read_tiles(write(given), COUNTY).tiles if address[0] == 11][: len(strange)]
    found = read_tiles(write(given | dict(zip(places, strange, strict=True)), format="png"), COUNTY)
    assert found.left_out_tiles == len(strange)
    assert not set(places) & set(found.tiles)
    assert len(found.tiles) == len(read_tiles(write(given), COUNTY).tiles) - len(strange)


def test_no_picture_at_all_is_an_error(write: Callable[..., Path]) -> None:
    given = dict.fromkeys(tiles_around(COUNTY, range(7, 8)), b"<svg/>")
    with pytest.raises(LayerError, match=r"none of its \d+ tiles here is a picture; expected .*QGIS"):
        read_tiles(write(given), COUNTY)


def test_vector_tiles_are_told_as_such(tmp_path: Path) -> None:
    protobuf = b"\x1a\x0c\x0a\x05roads"
    places = tiles_around(COUNTY, range(7, 8))
    for name, data, metadata in (
        ("said", b"x", {"format": "pbf"}), ("packed", gzip.compress(protobuf), {}), ("plain", protobuf, {}),
    ):  # fmt: skip
        path = write_mbtiles(tmp_path / f"{name}.mbtiles", dict.fromkeys(places, data), **metadata)
        with pytest.raises(LayerError, match=r"holds vector tiles .*expected tiles that are pictures.*QGIS"):
            read_tiles(path, COUNTY)
    path = write_pmtiles(tmp_path / "v.pmtiles", dict.fromkeys(places, gzip.compress(protobuf)), kind=TileType.MVT)
    with pytest.raises(LayerError, match="holds vector tiles"):
        read_tiles(path, COUNTY)


def test_a_name_with_all_that_addresses_know_is_still_a_file(tmp_path: Path) -> None:
    given = tiles_around(COUNTY, range(5, 6))
    for name, write in WRITERS.items():
        path = write(tmp_path / f"\u5929 ?mode=rwc#%41&a.{name}", given)
        assert len(read_tiles(path, COUNTY).tiles) == 1


def test_reading_leaves_no_trace(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(tiles_around(COUNTY, range(5, 6)))
    before = path.read_bytes()
    read_tiles(path, COUNTY)
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.tiles"]
    assert path.read_bytes() == before


def test_files_that_are_something_else(tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("zip", b"PK\x03\x04" * 10), ("old", b"PM\x02\x00" * 99)):
        path = tmp_path / f"{name}.mbtiles"
        path.write_bytes(data)
        with pytest.raises(LayerError, match=rf"tiles: {name}\.mbtiles is neither MBTiles nor PMTiles.*expected"):
            read_tiles(path, COUNTY)
    for missing in (tmp_path / "no.mbtiles", tmp_path):
        with pytest.raises(LayerError, match="cannot be read"):
            read_tiles(missing, COUNTY)


# MBTiles


def test_sqlite_that_is_no_mbtiles_tells_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE gpkg_contents (a)")
    with pytest.raises(LayerError, match=r"SQLite but not MBTiles .*it has: gpkg_contents"):
        read_tiles(path, COUNTY)


def test_a_log_beside_mbtiles_is_not_passed_over(tmp_path: Path) -> None:
    path = write_mbtiles(tmp_path / "a.mbtiles", tiles_around(COUNTY, range(5, 6)))
    (tmp_path / "a.mbtiles-wal").write_bytes(b"rows")
    with pytest.raises(LayerError, match=r"not closed there \(a\.mbtiles-wal"):
        read_tiles(path, COUNTY)


def test_tiles_as_a_view_and_rows_twice(tmp_path: Path) -> None:
    """As tools write that keep equal pictures once (map and images)."""
    given = tiles_around(COUNTY, range(5, 9))
    path = tmp_path / "a.mbtiles"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE map (z, x, y, id)")
        base.execute("CREATE TABLE images (id, data)")
        for number, ((z, x, y), data) in enumerate(given.items()):
            base.executemany("INSERT INTO map VALUES (?, ?, ?, ?)", 2 * [(z, x, 2**z - 1 - y, number)])
            base.execute("INSERT INTO images VALUES (?, ?)", (number, data))
        base.execute("INSERT INTO map VALUES (8, 'text', -1, 0), (-1, 0, 0, 0), (99, 0, 0, 0), (NULL, 1, 1, 1)")
        base.execute(
            "CREATE VIEW tiles AS SELECT z zoom_level, x tile_column, y tile_row, data tile_data FROM map JOIN images "
            "USING (id)"
        )
    found = read_tiles(path, COUNTY)
    assert dict(found.tiles) == {address: given[address] for address in found.tiles}
    assert found.max_zoom == 8 and found.left_out_tiles == 0


@pytest.mark.parametrize(
    "rows",
    [
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i FROM n) SELECT i AS i, i, i FROM n WHERE i > 0",
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT 0 AS i, 0, zeroblob(1999999) FROM n",
    ],
)
def test_a_view_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str) -> None:
    monkeypatch.setattr("siteplan.layers.tilefiles.mbtiles.MOST_SECONDS", 0.5)
    path = tmp_path / "a.mbtiles"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(f"CREATE VIEW tiles(zoom_level, tile_column, tile_row, tile_data) AS SELECT 0, * FROM ({rows})")
    start = time.monotonic()
    with pytest.raises(LayerError, match="was stopped"):
        read_tiles(path, COUNTY)
    assert time.monotonic() - start < 5


def test_a_view_may_not_call_what_its_maker_likes(tmp_path: Path) -> None:
    path = tmp_path / "a.mbtiles"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE VIEW tiles AS SELECT 0 zoom_level, 0 tile_column, 0 tile_row, load_extension('x') tile_data"
        )
    with pytest.raises(LayerError, match="unsafe use of load_extension"):
        read_tiles(path, COUNTY)


# PMTiles


def test_leaf_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pmtiles import writer

    given = tiles_around(COUNTY, range(12))
    plain = read_tiles(write_pmtiles(tmp_path / "a.pmtiles", given), COUNTY)
    monkeypatch.setattr(writer, "optimize_directories", lambda entries, _: writer.build_roots_leaves(entries, 7))
    leaves = read_tiles(write_pmtiles(tmp_path / "b.pmtiles", given), COUNTY)
    assert leaves.tiles == plain.tiles and len(plain.tiles) > 20


def test_equal_tiles_in_a_run(tmp_path: Path) -> None:
    sea = picture((1, 2, 3))
    given = {(4, column, row): sea for column in range(16) for row in range(16)}
    path = write_pmtiles(tmp_path / "a.pmtiles", given)
    assert path.stat().st_size < 3 * len(sea) + 500
    found = read_tiles(path, (-179.9, -85, 179.9, 85))
    assert dict(found.tiles) == given
    # Each tile is carried by itself, so each counts.
    with pytest.raises(LayerError, match="already the tiles of zoom 4"):
        read_tiles(path, (-179.9, -85, 179.9, 85), most_bytes=255 * len(sea))


def test_packed_pictures(tmp_path: Path) -> None:
    given = tiles_around(COUNTY, range(5, 9))
    column, row = place_to_tile(107.6, 26.5, 8)
    packed = {address: gzip.compress(data) for address, data in given.items()}
    packed[8, column, row] = gzip.compress(b"\x89PNG\r\n\x1a\n" + b"\0" * 50_000_000)
    found = read_tiles(write_pmtiles(tmp_path / "a.pmtiles", packed, packed=Compression.GZIP), COUNTY)
    assert found.left_out_tiles == 1
    assert dict(found.tiles) == {address: given[address] for address in found.tiles}
    with pytest.raises(LayerError, match="packed with brotli; expected gzip"):
        read_tiles(write_pmtiles(tmp_path / "b.pmtiles", given, packed=Compression.BROTLI), COUNTY)


def hostile(tmp_path: Path, directory: bytes, *, metadata: bytes = b"{}", **header: int) -> Path:
    """A PMTiles file of zoom 0 with a root directory of one's own."""
    root, said = gzip.compress(directory), gzip.compress(metadata)
    numbers = {
        "root": 127, "root_length": len(root), "metadata": 127 + len(root), "metadata_length": len(said),
        "leaves": 127, "leaves_length": len(root), "data": 0, "data_length": 127,
    } | header  # fmt: skip
    start = b"PMTiles\x03" + struct.pack("<8Q", *numbers.values()) + bytes(24)
    start += bytes([1, 2, 1, 2, 0, 3]) + bytes(25)
    path = tmp_path / "hostile.pmtiles"
    path.write_bytes(start + root + said)
    return path


def varints(*numbers: int) -> bytes:
    out = bytearray()
    for number in numbers:
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return bytes(out)


HOSTILE = {
    "a hundred megabytes of nothing": (bytes(100_000_000), {}),
    "a number without end": (b"\xff" * 3_000_000, {}),
    "a number of more than 63 bits": (b"\xff" * 9 + b"\x01", {}),
    "more entries than there are": (varints(2**40, 0, 1, 5, 1), {}),
    "an empty directory": (varints(0), {}),
    "nothing": (b"", {}),
    "a leaf that is cut": (varints(1, 0, 0, 30, 1), {"leaves_length": 99}),
    "a tile behind the end": (varints(1, 0, 1, 500, 100_000), {}),
    "a tile before the start": (varints(1, 0, 1, 500, 2**63 - 1), {}),
    "a root behind the end": (varints(1, 0, 1, 5, 1), {"root": 2**63}),
    "a root of exabytes": (varints(1, 0, 1, 5, 1), {"root_length": 2**62}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_directories_made_to_harm(tmp_path: Path, name: str) -> None:
    directory, header = HOSTILE[name]
    start = time.monotonic()
    with pytest.raises(LayerError, match=r"hostile\.pmtiles is damaged or incomplete: .*; copy the file again"):
        read_tiles(hostile(tmp_path, directory, **header), COUNTY)
    assert time.monotonic() - start < 2


def test_a_leaf_that_is_its_own_root_ends(tmp_path: Path) -> None:
    root = varints(1, 0, 0, len(gzip.compress(varints(1, 0, 0, 25, 1))), 1)
    with pytest.raises(LayerError, match="more than four deep"):
        read_tiles(hostile(tmp_path, root), COUNTY)


def test_a_directory_that_opens_thousands_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pmtiles3, "MOST_SECONDS", 0.0)
    with pytest.raises(LayerError, match="was stopped"):
        read_tiles(hostile(tmp_path, varints(1, 0, 1, 5, 1)), COUNTY)


@pytest.mark.parametrize("metadata", [b"[" * 100_000, b"\xff", b"[]", b'{"name": null}', b'{"name": [{}]}'])
def test_metadata_that_says_nothing_does_no_harm(tmp_path: Path, metadata: bytes) -> None:
    with pytest.raises(LayerError, match="none of its 1 tiles here is a picture"):
        read_tiles(hostile(tmp_path, varints(1, 0, 1, 100, 1), metadata=metadata), COUNTY)


def test_a_newer_version_is_told(tmp_path: Path) -> None:
    path = write_pmtiles(tmp_path / "a.pmtiles", tiles_around(COUNTY, range(5, 6)))
    data = bytearray(path.read_bytes())
    data[7] = 4
    path.write_bytes(data)
    with pytest.raises(LayerError, match="another version; expected version 3"):
        read_tiles(path, COUNTY)


def test_cut_and_mutated_files_end_in_tiles_or_in_words(write: Callable[..., Path], tmp_path: Path) -> None:
    import random

    whole = write(tiles_around(COUNTY, range(10)), name="n").read_bytes()
    rng = random.Random(7)
    path, told = tmp_path / "broken", 0
    for turn in range(250):
        data = bytearray(whole)
        if turn % 2:
            del data[rng.randrange(16, len(data)) :]
        else:
            for _ in range(rng.choice([1, 10, 200])):
                data[rng.randrange(16 if turn % 4 else 8, min(len(data), rng.choice([200, 3000, len(data)])))] = (
                    rng.randrange(256)
                )
        path.write_bytes(data)
        try:
            found = read_tiles(path, COUNTY)
        except LayerError as error:
            told += 1
            assert str(error).startswith("tiles: broken")
        else:
            assert all(len(data) <= source.MOST_TILE_BYTES for data in found.tiles.values())
    assert 20 < told < 250
