"""Hostile files: nothing outside is read or asked, the source stays as it is, nothing is left behind, the next is read.

Disguised files name a port that listens here; a connection fails the test.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import Request
from siteplan.layers.reader import Limits, Reader, _environment, drivers

GOOD = "name,lon,lat\n上坝,104.90,26.50\n下坝,104.92,26.51\n"
SECRET = "the-neighbour's-secret"
PLACEMARK = "<Placemark><name>a</name><Point><coordinates>104.9,26.5</coordinates></Point></Placemark>"
KML = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{PLACEMARK}</Document></kml>'
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process with a signal")


@pytest.fixture
def canary() -> Iterator[int]:
    """A port that nothing may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for temporary files, empty again at the end of all readers."""
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder
    assert list(folder.rglob("*")) == []


@pytest.fixture(scope="module")
def shared_reader(scratch: Path) -> Iterator[Reader]:
    with Reader([]) as reading:
        yield reading


@pytest.fixture
def reader(shared_reader: Reader) -> Iterator[Reader]:
    """One reading process for all tests; what it copied or unpacked for a file is gone after each."""
    yield shared_reader
    assert list(Path(shared_reader._folder.name).glob("*.part")) == []


@pytest.fixture
def mortal_reader(scratch: Path) -> Iterator[Reader]:
    """A reading process that may be killed: what it leaves goes when its reader ends."""
    with Reader([]) as reading:
        yield reading


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The folder of sources, in which nothing may change but what the test itself wrote."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "secret.csv").write_text(f"name,lon,lat\n{SECRET},1,2\n", "utf-8")
    return folder


@pytest.fixture
def refused(reader: Reader, sources: Path) -> Callable[[Path, str], None]:
    """A file is refused with the layer's and the file's name, unchanged; a good one after it is read."""

    def check(path: Path, words: str) -> None:
        before = _hashes(sources)
        with pytest.raises(LayerError, match=rf"^villages: (?s:.)*{words}") as raised:
            reader.read(Request("villages", path))
        assert path.name in str(raised.value) and SECRET not in str(raised.value)
        assert _hashes(sources) == before
        _check_good_is_read(reader, sources)

    return check


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _check_good_is_read(reader: Reader, folder: Path) -> None:
    good = folder / "good.csv"
    good.write_text(GOOD, "utf-8")
    assert reader.read(Request("villages", good)).table["name"].to_pylist() == ["上坝", "下坝"]
    good.unlink()


def _vrt(sources: Path, port: int) -> str:
    named = (str(sources / "secret.csv"), f"/vsicurl/http://127.0.0.1:{port}/layer.csv")
    layers = "".join(
        f'<OGRVRTLayer name="l{i}"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
        for i, source in enumerate(named)
    )
    return f"<OGRVRTDataSource>{layers}</OGRVRTDataSource>"


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".kml", ".fgb", ".parquet", ".dxf", ".xlsx"])
def test_a_virtual_file_under_another_ending_is_refused(refused, sources, canary, ending):
    path = sources / f"v{ending}"
    path.write_text(_vrt(sources, canary), "utf-8")
    if ending == ".shp":
        (sources / "v.dbf").write_bytes(b"")
    refused(path, "v")


def test_a_virtual_file_as_csv_is_no_more_than_text(reader, sources, canary):
    path = sources / "v.csv"
    path.write_text(_vrt(sources, canary), "utf-8")
    with pytest.raises(LayerError, match=r"^villages: v\.csv"):
        reader.read(Request("villages", path))


@pytest.mark.parametrize(
    "name",
    ["/vsicurl/http://127.0.0.1:{port}/v.geojson", "http://127.0.0.1:{port}/v.geojson", "http://127.0.0.1:{port}/v.shp",
     "/vsizip//vsicurl/http://127.0.0.1:{port}/v.zip/v.gpkg", "/vsicurl/http://127.0.0.1:{port}/v.fgb",
     '{{"type":"FeatureCollection","features":[]}}.geojson', "<OGRVRTDataSource></OGRVRTDataSource>.kml"],
)  # fmt: skip
def test_a_path_is_no_more_than_a_path(refused, canary, name):
    refused(Path(name.format(port=canary)), "cannot be read")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("link.json", '"http://127.0.0.1:{port}/layer.geojson"'),
        ("topology.geojson", '{{"type":"Topology","href":"http://127.0.0.1:{port}/","objects":{{}},"arcs":[]}}'),
        ("service.geojson", '{{"conformsTo":[],"links":[{{"rel":"data","href":"http://127.0.0.1:{port}/"}}]}}'),
    ],
)
def test_json_that_names_an_address_is_refused(refused, sources, canary, name, text):
    (sources / name).write_text(text.format(port=canary), "utf-8")
    refused(sources / name, name)


def test_a_geojson_property_or_member_with_an_address_is_plain_text(reader, sources, canary):
    address = f"http://127.0.0.1:{canary}/x"
    feature = {"type": "Feature", "properties": {"name": address}, "geometry": None}
    path = sources / "v.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "$ref": address, "features": [feature]}), "utf-8")
    assert reader.read(Request("villages", path)).table["name"].to_pylist() == [address]


def test_a_kml_network_link_is_not_followed(reader, sources, canary):
    link = f"<NetworkLink><Link><href>http://127.0.0.1:{canary}/x.kml</href></Link></NetworkLink>"
    style = f"<styleUrl>http://127.0.0.1:{canary}/s.kml#a</styleUrl>"
    text = KML.replace("<Placemark>", f"{link}<Placemark>{style}")
    path = sources / "v.kml"
    path.write_text(text, "utf-8")
    assert reader.read(Request("villages", path)).table["Name"].to_pylist() == ["a"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_kml_with_a_document_type_is_refused_in_any_encoding(refused, sources, codec):
    path = sources / "v.kml"
    entity = f'<!DOCTYPE kml [<!ENTITY e SYSTEM "{(sources / "secret.csv").as_uri()}">]>'
    path.write_bytes((entity + KML.replace(">a<", ">&e;<")).encode(codec))
    refused(path, "document type" if codec == "utf-8" else "UTF-16")


@pytest.mark.parametrize("entry", ["../outside.kml", "/outside.kml", "a/../../outside.kml", "C:\\outside.kml"])
@pytest.mark.parametrize("ending", [".zip", ".kmz"])
def test_entries_that_lead_elsewhere_are_refused(refused, sources, entry, ending):
    path = sources / f"v{ending}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", KML)
        archive.writestr(zipfile.ZipInfo(entry), KML)
    refused(path, "unsafe path")


@pytest.mark.parametrize("ending", [".zip", ".kmz", ".xlsx"])
def test_archives_packed_too_tightly_or_of_too_many_parts_are_refused(refused, sources, ending):
    path = sources / f"tight{ending}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", b"\x00" * 20_000_000)
    refused(path, "more than is safe")
    path = sources / f"many{ending}"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(1_001):
            archive.writestr(f"{i}.kml", b"")
    refused(path, "more than is safe")


@pytest.mark.parametrize("ending", [".zip", ".kmz"])
def test_an_archive_that_lies_about_a_size_is_refused(refused, sources, ending):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", KML + " " * 20_000_000)
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, 22, 500)
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 500)
    path = sources / f"v{ending}"
    path.write_bytes(bytes(data))
    refused(path, "damaged")


def test_a_workbook_with_a_document_type_is_refused(refused, sources):
    path, buffer = sources / "v.xlsx", BytesIO()
    openpyxl.Workbook().save(buffer)
    with zipfile.ZipFile(buffer) as plain, zipfile.ZipFile(path, "w") as archive:
        for name in plain.namelist():
            text = plain.read(name)
            harmful = b'<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + text
            archive.writestr(name, harmful if name == "xl/workbook.xml" else text)
    refused(path, "document type")


def test_the_process_holds_the_allowed_drivers_only():
    ask = "import json; from siteplan.layers.formats import gdal; print(json.dumps(gdal.drivers()))"
    told = subprocess.run([sys.executable, "-c", ask], env=_environment(()), capture_output=True, check=True).stdout
    loaded = set(json.loads(told))
    assert set(drivers.DRIVERS) <= loaded <= set(drivers.DRIVERS) | {"MEM", "Memory"}


def test_a_driver_that_is_not_known_here_is_sent_away(scratch, sources, monkeypatch):
    others = tuple(name for name in drivers._KNOWN_OTHERS if name != "OGR_VRT")
    monkeypatch.setattr(drivers, "_KNOWN_OTHERS", others)
    with Reader([]) as reading:
        _check_good_is_read(reading, sources)
        assert reading._skipped == ("OGR_VRT",)


def test_settings_of_the_caller_do_not_reach_gdal(monkeypatch):
    for name in ("GDAL_DRIVER_PATH", "OGR_ENABLE_PARTIAL_REPROJECTION", "CPL_LOG", "VSI_CACHE"):
        monkeypatch.setenv(name, "/tmp")
    given = _environment(())
    assert not {"GDAL_DRIVER_PATH", "OGR_ENABLE_PARTIAL_REPROJECTION", "CPL_LOG", "VSI_CACHE"} & set(given)
    assert given["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] == "none"


def _signalled(reading: Reader, what: int) -> threading.Thread:
    """A thread that sends the reading process a signal as soon as it has begun on a file."""

    def wait_and_send() -> None:
        until = time.monotonic() + 30
        while not list(Path(reading._folder.name).glob("*.part")) and time.monotonic() < until:
            time.sleep(0.001)
        assert reading._process is not None
        os.kill(reading._process.pid, what)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    return thread


@needs_signals
def test_a_reader_killed_while_it_reads_names_the_layer_and_is_started_anew(mortal_reader, sources):
    path = sources / "v.csv"
    path.write_text(GOOD + "a,104.9,26.5\n" * 200_000, "utf-8")
    thread = _signalled(mortal_reader, signal.SIGKILL)
    with pytest.raises(LayerError, match=r"^villages: reading v\.csv "):
        mortal_reader.read(Request("villages", path))
    thread.join()
    _check_good_is_read(mortal_reader, sources)


@needs_signals
def test_a_reader_that_crashes_is_told_as_damage_of_the_file(mortal_reader, sources):
    path = sources / "v.csv"
    path.write_text(GOOD + "a,104.9,26.5\n" * 200_000, "utf-8")
    thread = _signalled(mortal_reader, signal.SIGSEGV)
    with pytest.raises(LayerError, match=r"^villages: reading v\.csv stopped the reading process \(code -11\)"):
        mortal_reader.read(Request("villages", path))
    thread.join()
    _check_good_is_read(mortal_reader, sources)


@needs_signals
def test_a_reader_that_hangs_is_stopped_after_its_time(scratch, sources):
    path = sources / "v.csv"
    path.write_text(GOOD, "utf-8")
    with Reader([path], Limits(seconds=5)) as reading:
        thread = _signalled(reading, signal.SIGSTOP)
        with pytest.raises(LayerError, match=r"^villages: reading v\.csv took over 5 s.*\[reading\] seconds"):
            reading.read(Request("villages", path))
        thread.join()
        _check_good_is_read(reading, sources)


def test_a_reader_that_wants_too_much_memory_names_the_layer_and_the_limit(scratch, sources):
    path = sources / "v.csv"
    path.write_text(GOOD + "a,104.9,26.5\n" * 1_500_000, "utf-8")
    with Reader([path], Limits(memory_mb=250)) as reading:
        with pytest.raises(LayerError, match=r"^villages: reading v\.csv needs more memory than the 250 MB"):
            reading.read(Request("villages", path))
        _check_good_is_read(reading, sources)


def test_a_good_file_leaves_nothing_behind_but_its_table(scratch, sources):
    table = gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([104.9], [26.5]), crs=4326)
    table.to_file(sources / "v.gpkg", engine="pyogrio")
    before = _hashes(sources)
    with Reader([]) as reading:
        reading.read(Request("villages", sources / "v.gpkg"))
        assert {entry.name for entry in Path(reading._folder.name).iterdir()} == {"1.arrow", "1.arrow.shapes"}
    assert _hashes(sources) == before
