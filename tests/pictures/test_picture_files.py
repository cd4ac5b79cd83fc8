"""The files: three formats, the same bytes each time, text to be read back, matplotlib left as it was."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import matplotlib
import pytest
from map_county import county
from picture_reading import EAST, NORTH, layer, page, points
from PIL import Image

from siteplan.cartography.page import MapPage
from siteplan.errors import LayerError, OutputWriteError, PlanError
from siteplan.pictures import PictureError, draw_picture

DRAWN = """
import hashlib, sys
from pathlib import Path
import siteplan.pictures
assert "matplotlib" not in sys.modules
from test_picture_files import english, small
for kind, shown in (("png", small()), ("svg", small()), ("pdf", english())):
    file = Path(sys.argv[1]) / f"again.{kind}"
    siteplan.pictures.draw_picture(shown, file, dpi=60)
    print(kind, hashlib.sha256(file.read_bytes()).hexdigest())
assert "matplotlib.pyplot" not in sys.modules
"""


def small() -> MapPage:
    """A page with points in two classes, names, dashes and Chinese words."""
    shown = county()
    keep = {"villages", "roads", "boundaries"}
    return MapPage("岚县", "", "en", tuple(one for one in shown.layers if one.key in keep))


def english() -> MapPage:
    """A page whose letters are matplotlib's own: a Chinese font takes seconds to be cut down for a PDF."""
    return page(layer("hamlets", points(20), title_column="id", label_zoom=3))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small page in each format; in the PDF there are the roads only."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind in ("png", "svg"):
        draw_picture(small(), folder / f"small.{kind}", dpi=60)
    draw_picture(small(), folder / "small.pdf", layers=("roads",))
    return folder


def test_another_process_gives_the_same_bytes_and_needs_no_pyplot(drawn: Path, tmp_path: Path) -> None:
    search = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai"}
    told = subprocess.run(
        [sys.executable, "-c", DRAWN, str(tmp_path)], capture_output=True, text=True, check=False, env=search
    )
    assert told.returncode == 0, told.stderr
    hashes = dict(line.split() for line in told.stdout.splitlines())
    draw_picture(english(), tmp_path / "english.pdf", dpi=60)
    for file in (drawn / "small.png", drawn / "small.svg", tmp_path / "english.pdf"):
        assert hashes[file.suffix[1:]] == hashlib.sha256(file.read_bytes()).hexdigest(), file.name


def test_no_file_holds_a_date(drawn: Path) -> None:
    for kind in ("png", "svg", "pdf"):
        content = (drawn / f"small.{kind}").read_bytes()
        assert b"CreationDate" not in content
        assert b"dc:date" not in content
        assert re.search(rb"20\d\d-\d\d-\d\d", content) is None
    with Image.open(drawn / "small.png") as picture:
        assert set(picture.info) <= {"Software", "Title", "dpi"}
        assert picture.info["Title"] == "岚县"


def test_sizes_are_those_asked_for(drawn: Path, tmp_path: Path) -> None:
    with Image.open(drawn / "small.png") as picture:
        assert picture.size == (int(250 / 25.4 * 60), int(180 / 25.4 * 60))
    draw_picture(page(layer("hamlets", points(2))), tmp_path / "A.SVG", width_mm=120, height_mm=110)
    root = ElementTree.parse(tmp_path / "A.SVG").getroot()
    size = [float(root.attrib[name].removesuffix("pt")) for name in ("width", "height")]
    assert size == pytest.approx([120 / 25.4 * 72, 110 / 25.4 * 72], abs=0.01)
    box = re.search(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", (drawn / "small.pdf").read_bytes())
    assert box is not None
    assert [float(one) for one in box.groups()] == pytest.approx([250 / 25.4 * 72, 180 / 25.4 * 72], abs=0.01)


def test_svg_text_is_outlines_that_show_without_the_font(drawn: Path) -> None:
    root = ElementTree.parse(drawn / "small.svg").getroot()
    tags = {element.tag.rsplit("}", 1)[-1] for element in root.iter()}
    assert "text" not in tags
    assert "path" in tags
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert {"villages-0", "roads-0", "legend-villages-0", "map"} <= set(ids)


def test_pdf_text_can_be_read_back(drawn: Path) -> None:
    """Each character's code is told in the font's table, which is what a reader copies text by."""
    content = (drawn / "small.pdf").read_bytes()
    streams = []
    for found in re.finditer(rb"stream\r?\n", content):
        try:
            streams.append(zlib.decompressobj().decompress(content[found.end() :]))
        except zlib.error:
            continue
    tables = b"".join(one for one in streams if b"begincmap" in one).lower()
    for one in "岚县未硬化道路乡镇0124":
        assert re.search(rb"<%04x>" % ord(one), tables) or _in_range(tables, ord(one)), one
    assert b"/Subtype /Type3" not in content or b"/FontFile" in content


def _in_range(tables: bytes, code: int) -> bool:
    rows = re.findall(rb"<([0-9a-f]{2,4})> <([0-9a-f]{2,4})> <([0-9a-f]{4})>", tables)
    return any(0 <= code - int(to, 16) <= int(last, 16) - int(first, 16) for first, last, to in rows)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not here")
def test_pdftotext_reads_the_legend(drawn: Path) -> None:
    told = subprocess.run(
        ["pdftotext", "-layout", str(drawn / "small.pdf"), "-"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    for row in (r"道路\s+40", r"未硬化\s+14", r"硬化\s+26", r"乡镇\s+2", "Working draft"):
        assert re.search(row, told), row


def test_matplotlib_is_left_as_it_was(tmp_path: Path) -> None:
    draw_picture(page(layer("hamlets", points(2))), tmp_path / "a.png", dpi=50)  # brings the scale bar's own keys
    matplotlib.rcParams["lines.scale_dashes"] = True
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 31.0, "text.usetex": True, "savefig.bbox": "tight"}):
        draw_picture(page(layer("hamlets", points(2))), tmp_path / "b.png", dpi=50)
        assert matplotlib.rcParams["font.size"] == 31.0
    assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.png.zip"])
def test_another_suffix_is_refused_and_the_three_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"expected one of \.png, \.svg, \.pdf") as told:
        draw_picture(small(), tmp_path / name)
    assert isinstance(told.value, PlanError)
    assert told.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"layers": ("roads", "road")}, r"no layer 'road' on this map; its layers are boundaries, roads, villages"),
        ({"theme": "water"}, r"theme 'water'; their themes are none"),
        ({"width_mm": 20.0}, r"width of 20 mm; expected 100 to 3000 mm"),
        ({"height_mm": float("nan")}, r"height of nan mm"),
        ({"dpi": 5}, r"5 dpi; expected 30 to 1200"),
        ({"width_mm": 3_000, "height_mm": 3_000, "dpi": 600}, r"million pixels; expected at most 200 million"),
        ({"extent": (EAST, NORTH, EAST - 1, NORTH + 1)}, r"west below east and south below north"),
        ({"extent": (EAST, NORTH, float("inf"), NORTH + 1)}, r"found the extent .*inf"),
        ({"extent": (EAST, NORTH, EAST + 9)}, r"expected west, south, east, north in metres"),
    ],
)
def test_calls_at_fault_say_what_is_expected(options: dict, told: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=told):
        draw_picture(small(), tmp_path / "a.png", **options)
    assert list(tmp_path.iterdir()) == []


def test_tables_that_cannot_be_placed_are_named(tmp_path: Path) -> None:
    lost = points(2).set_crs(None, allow_override=True)
    with pytest.raises(LayerError, match="map layer hamlets: the table has no CRS"):
        draw_picture(page(layer("hamlets", lost), layer("others", points(2))), tmp_path / "a.png")
    # Metres taken for degrees.
    wrong = points(2).set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(LayerError, match="map layer hamlets: some places have no coordinates in CGCS2000"):
        draw_picture(page(layer("hamlets", wrong), layer("others", points(2))), tmp_path / "a.png")


def test_a_file_that_cannot_be_written_is_told_and_an_old_one_replaced(tmp_path: Path) -> None:
    shown = page(layer("hamlets", points(2)))
    (tmp_path / "b.png").write_text("old")
    with pytest.raises(OutputWriteError, match="cannot write") as told:
        draw_picture(shown, tmp_path / "b.png" / "a.png", dpi=50)
    assert "b.png" in str(told.value)
    draw_picture(shown, tmp_path / "b.png", dpi=50)
    with Image.open(tmp_path / "b.png") as picture:
        assert picture.format == "PNG"
    assert [one.name for one in tmp_path.iterdir()] == ["b.png"]
