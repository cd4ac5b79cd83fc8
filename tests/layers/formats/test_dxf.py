"""DXF drawings made here, small enough to count by eye: kinds of entity, encodings, blocks, and files that are cut."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import pytest
import shapely
from ezdxf.document import Drawing
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import LayerError
from siteplan.layers.formats import dxf_shapes
from siteplan.layers.formats.dxf import drawing_layers, read_dxf
from siteplan.layers.formats.dxf_shapes import TOLERANCE
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Request
from siteplan.layers.reader import Reader

ROAD = [(500_000, 2_900_000), (500_100, 2_900_000), (500_100, 2_900_050)]


def _read(path: Path, contract: str = "roads", **more: Any) -> FileLayer:
    with tempfile.TemporaryDirectory() as folder:
        return read_dxf(Request(contract=contract, path=path, **more), Path(folder))


def _shapes(layer: FileLayer) -> list[Any]:
    return list(shapely.from_wkb(layer.table[GEOMETRY].to_pylist()))


def _notes(layer: FileLayer) -> dict[str, dict[str, Any]]:
    return {note.code.removeprefix("layers."): note.values for note in layer.notes}


def _column(layer: FileLayer, name: str) -> list[Any]:
    return layer.table[name].to_pylist()


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    """Save a drawing that a function draws, and give its path."""

    def save(draw: Callable[[Drawing, Any], object], version: str = "R2010", units: int = 6) -> Path:
        drawing = ezdxf.new(version, units=units)
        draw(drawing, drawing.modelspace())
        path = tmp_path / "图.dxf"
        drawing.saveas(path)
        return path

    return save


def _every_kind(drawing: Drawing, space: Any) -> None:
    on = {"layer": "现状"}
    drawing.layers.add("现状", color=3, linetype="Continuous")
    space.add_line((0, 0, 10), (30, 40, 10), dxfattribs=on)
    space.add_lwpolyline(ROAD, dxfattribs={**on, "elevation": 1200.5})
    space.add_lwpolyline([(0, 0, 1), (10, 0, 0), (10, 5, 0)], format="xyb", dxfattribs=on)
    space.add_lwpolyline(ROAD, close=True, dxfattribs=on)
    space.add_polyline2d(ROAD, dxfattribs=on)
    space.add_polyline3d([(0, 0, 1), (1, 0, 2), (1, 1, 3)], dxfattribs=on)
    space.add_arc((0, 0), 100, 0, 90, dxfattribs=on)
    space.add_circle((5, 5), 50, dxfattribs=on)
    space.add_ellipse((0, 0), (100, 0), 0.5, 0, math.pi, dxfattribs=on)
    space.add_spline([(0, 0), (50, 20), (100, 0), (150, 30)], dxfattribs=on)
    space.add_open_spline([(0, 0), (50, 20), (100, 0), (150, 30)], dxfattribs=on)
    space.add_point((7, 8, 9), dxfattribs=on)
    space.add_text("石板寨", dxfattribs={**on, "insert": (20, 30)})
    space.add_mtext("羊场\\P二组", dxfattribs={**on, "insert": (40, 50)})
    space.add_hatch(dxfattribs=on)
    space.add_solid([(0, 0), (1, 0), (0, 1)], dxfattribs=on)
    space.add_3dface([(0, 0), (1, 0), (0, 1)], dxfattribs=on)
    space.add_line((0, 0), (1, 1), dxfattribs={"layer": "图框"})
    drawing.paperspace().add_line((0, 0), (1, 1))


def test_every_kind_of_line_is_read_and_the_rest_is_counted(drawn):
    path = drawn(_every_kind)
    layer = _read(path, layer="现状")
    assert len(layer.table) == 11
    notes = _notes(layer)
    assert notes["dxf_left_out"] == {"n": 6, "types": "3DFACE 1, HATCH 1, MTEXT 1, POINT 1, SOLID 1, TEXT 1"}
    assert notes["dxf_other_layers"] == {"n": 1, "layers": 1}
    assert notes["dxf_paper"] == {"n": 1}
    assert notes["dxf_flattened"]["n"] == 6
    assert set(notes) == {"dxf_left_out", "dxf_other_layers", "dxf_paper", "dxf_flattened"}
    shapes = _shapes(layer)
    assert {shape.geom_type for shape in shapes} == {"LineString"}
    assert list(shapes[0].coords) == [(0, 0, 10), (30, 40, 10)]
    assert list(shapes[1].coords) == [(*corner, 1200.5) for corner in ROAD]
    assert shapes[2].length == pytest.approx(5 * math.pi + 5, rel=0.003)
    assert shapes[2].bounds == pytest.approx((0, -5, 10, 5), abs=TOLERANCE)  # a plus bulge turns left: below
    assert shapes[3].is_ring and len(shapes[3].coords) == 4
    assert list(shapes[5].coords) == [(0, 0, 1), (1, 0, 2), (1, 1, 3)]
    assert shapes[6].length == pytest.approx(50 * math.pi, rel=1e-3)
    assert shapes[7].is_ring
    assert shapely.distance(shapely.Point(155, 0), shapes[8]) == pytest.approx(55, abs=2 * TOLERANCE)
    assert shapes[9].coords[0] == pytest.approx((0, 0, 0)) and shapes[9].coords[-1] == pytest.approx((150, 30, 0))
    for fit in [(50, 20), (100, 0)]:
        assert shapes[9].distance(shapely.Point(fit)) < TOLERANCE
    assert layer.crs is None and layer.driver == "DXF" and layer.layer == "现状"
    assert set(_column(layer, "cad_color")) == {"3"} and set(_column(layer, "cad_linetype")) == {"Continuous"}
    assert _column(layer, "cad_type")[:3] == ["LINE", "LWPOLYLINE", "LWPOLYLINE"]
    assert len(set(_column(layer, "cad_handle"))) == 11


def test_points_and_their_words(drawn):
    layer = _read(drawn(_every_kind), "villages", layer="现状")
    assert _column(layer, "cad_type") == ["POINT", "TEXT", "MTEXT"]
    assert _column(layer, "name") == [None, "石板寨", "羊场\n二组"]
    assert [shape.coords[0] for shape in _shapes(layer)] == [(7, 8, 9), (20, 30, 0), (40, 50, 0)]
    notes = _notes(layer)
    assert notes["dxf_left_out"]["n"] == 14
    assert notes["dxf_texts_and_points"] == {"texts": 2, "points": 1}


def test_closed_lines_are_polygons_where_polygons_are_wanted(drawn):
    layer = _read(drawn(_every_kind), "hazards", layer="现状")
    assert _column(layer, "cad_type") == ["LWPOLYLINE", "CIRCLE"]
    lot, circle = _shapes(layer)
    assert lot.geom_type == "Polygon" and lot.area == 2500
    assert circle.area == pytest.approx(math.pi * 2500, rel=1e-3)
    assert _notes(layer)["dxf_left_out"]["n"] == 15
    both = _read(drawn(_every_kind), "rivers", layer="现状")
    kinds = [shape.geom_type for shape in _shapes(both)]
    assert (kinds.count("Polygon"), kinds.count("LineString")) == (2, 9)


def test_ends_that_meet_close_a_line(drawn):
    corners = [(0, 0), (10, 0), (10, 10), (0, 0)]
    path = drawn(lambda _, space: (space.add_lwpolyline(corners), space.add_polyline2d(corners)))
    assert [shape.area for shape in _shapes(_read(path, "farmland"))] == [50, 50]


@pytest.mark.parametrize("version", ["R12", "R2000", "R2004"])
def test_before_2007_by_the_code_page(drawn, version):
    def draw(drawing, space):
        drawing.encoding = "gbk"
        space.add_text("上坝村民小组", dxfattribs={"layer": "自然村"})

    path = drawn(draw, version)
    assert "上坝村民小组".encode("gbk") in path.read_bytes()
    layer = _read(path, "villages")
    assert _column(layer, "name") == ["上坝村民小组"] and layer.layer == "自然村" and layer.notes == []


@pytest.mark.parametrize(
    ("version", "said", "written", "guessed"),
    [
        ("R2000", "gbk", "utf-8", "utf-8"),
        ("R2000", "cp1252", "gbk", "gb18030"),
        ("R2010", "gbk", "gbk", "gb18030"),
        ("R2010", "gbk", "utf-8", None),
    ],
)
def test_a_header_that_lies_about_the_text(drawn, version, said, written, guessed):
    def draw(drawing, space):
        drawing.encoding = said
        space.add_text("NAME", dxfattribs={"layer": "0"})

    path = drawn(draw, version)
    path.write_bytes(path.read_bytes().replace(b"NAME", "新村石板寨二组".encode(written)))
    layer = _read(path, "villages")
    assert _column(layer, "name") == ["新村石板寨二组"]
    assert _notes(layer).get("encoding_guessed", {}).get("encoding") == guessed
    assert _column(_read(path, "villages", encoding=written), "name") == ["新村石板寨二组"]
    with pytest.raises(LayerError, match="encoding 'ascii'"):
        _read(path, "villages", encoding="ascii")
    with pytest.raises(LayerError, match="encoding 'klingon'"):
        _read(path, "villages", encoding="klingon")


def test_accents_under_a_western_code_page_stay(drawn):
    path = drawn(lambda _, space: space.add_text("Café à Genève", dxfattribs={"layer": "0"}), "R2000")
    layer = _read(path, "villages")
    assert _column(layer, "name") == ["Café à Genève"] and layer.notes == []


def test_escaped_letters(drawn):
    text, layer_name = "\\U+77F3\\M+5D5AF%%d\\U+000A\\U+D800", "\\U+81EA\\U+7136\\U+6751"
    path = drawn(lambda _, space: space.add_text(text, dxfattribs={"layer": layer_name}), "R2000")
    layer = _read(path, "villages", layer="自然村")
    assert _column(layer, "name") == ["石寨°\\U+000A\\U+D800"]


def _with_blocks(drawing: Drawing, space: Any) -> None:
    inner = drawing.blocks.new("弯道")
    inner.add_arc((0, 0), 10, 0, 180, dxfattribs={"layer": "0"})
    inner.add_text("弯", dxfattribs={"layer": "0"})
    outer = drawing.blocks.new("路段")
    outer.add_line((0, 0), (100, 0), dxfattribs={"layer": "0"})
    outer.add_line((0, 5), (100, 5), dxfattribs={"layer": "其他"})
    outer.add_blockref("弯道", (100, 0))
    house = drawing.blocks.new("村", base_point=(1, 1))
    house.add_circle((0, 0), 3)
    insert = space.add_blockref("路段", (1000, 2000), dxfattribs={"layer": "公路", "rotation": 90})
    insert.add_attrib("编号", "C001")
    village = space.add_blockref("村", (300, 400, 5), dxfattribs={"layer": "村点", "xscale": 2})
    village.add_attrib("名称", "下坝")
    village.add_attrib("人口", "128")
    space.add_text("上坝", dxfattribs={"layer": "村点", "insert": (310, 410)})


def test_blocks_are_points_with_attributes(drawn):
    layer = _read(drawn(_with_blocks), "villages", layer="村点")
    assert _column(layer, "名称") == ["下坝", "上坝"]
    assert _column(layer, "人口") == ["128", None] and _column(layer, "cad_block") == ["村", None]
    assert _shapes(layer)[0].coords[0] == (300, 400, 5)


def test_blocks_are_opened_where_lines_are_wanted(drawn):
    path = drawn(_with_blocks)
    layer = _read(path, layer="公路")
    line, arc = _shapes(layer)
    assert line.coords[1] == pytest.approx((1000, 2100, 0))
    assert arc.length == pytest.approx(10 * math.pi, rel=0.003)
    assert _column(layer, "编号") == ["C001", "C001"]
    notes = _notes(layer)
    assert notes["dxf_blocks_opened"] == {"n": 1, "lines": 2}
    assert notes["dxf_left_out"] == {"n": 1, "types": "TEXT (in a block) 1"}
    assert _shapes(_read(path, layer="其他"))[0].coords[0] == pytest.approx((995, 2000, 0))


def test_rows_and_columns_of_blocks(drawn):
    def draw(drawing, space):
        drawing.blocks.new("桩").add_line((0, 0), (1, 0))
        grid = {"column_count": 3, "row_count": 2, "column_spacing": 10, "row_spacing": 20}
        space.add_blockref("桩", (0, 0), dxfattribs=grid)

    assert len(_read(drawn(draw)).table) == 6
    places = {shape.coords[0][:2] for shape in _shapes(_read(drawn(draw), "villages"))}
    assert places == {(x, y) for x in (0, 10, 20) for y in (0, 20)}


def test_blocks_that_grow_without_measure_or_hold_themselves(drawn, monkeypatch):
    def bomb(drawing, space):
        for depth in range(12):
            block = drawing.blocks.new(f"b{depth}")
            for _ in range(10):
                if depth:
                    block.add_blockref(f"b{depth - 1}", (0, 0))
                else:
                    block.add_line((0, 0), (1, 1))
        grid = {"column_count": 30_000, "row_count": 30_000, "column_spacing": 1, "row_spacing": 1}
        space.add_blockref("b0", (0, 0), dxfattribs=grid)
        space.add_blockref("b11", (0, 0))

    with pytest.raises(LayerError, match="without measure"):
        _read(drawn(bomb), "villages")

    def nested(drawing, space):
        bomb(drawing, space)
        space.delete_entity(space[0])

    assert len(_read(drawn(nested), "villages").table) == 1
    monkeypatch.setattr(dxf_shapes, "_MOST_STEPS", 5000)
    with pytest.raises(LayerError, match="without measure"):
        _read(drawn(nested))

    def ring(drawing, space):
        block = drawing.blocks.new("a")
        block.add_line((0, 0), (1, 1))
        block.add_blockref("a", (5, 5))
        space.add_blockref("a", (0, 0))
        space.add_blockref("nowhere", (0, 0))

    layer = _read(drawn(ring))
    assert len(layer.table) == 1
    types = "INSERT (block missing) 1, INSERT (block within itself) 1"
    assert _notes(layer)["dxf_left_out"] == {"n": 2, "types": types}


def test_drawings_outside_the_file_are_not_followed(drawn, tmp_path):
    other = ezdxf.new()
    other.modelspace().add_line((0, 0), (9, 9))
    other.saveas(tmp_path / "other.dxf")

    def draw(drawing, space):
        drawing.add_xref_def(str(tmp_path / "other.dxf"), "other")
        space.add_blockref("other", (0, 0))
        space.add_line((0, 0), (1, 1))

    layer = _read(drawn(draw))
    assert len(layer.table) == 1
    assert _notes(layer)["dxf_left_out"] == {"n": 1, "types": "INSERT (external drawing) 1"}


def test_mirrored_entities_stand_where_they_are_drawn(drawn):
    def draw(_, space):
        down = {"extrusion": (0, 0, -1)}
        space.add_lwpolyline([(1, 2), (3, 4)], dxfattribs=down)
        space.add_arc((5, 0), 1, 0, 90, dxfattribs=down)

    line, arc = _shapes(_read(drawn(draw)))
    assert [corner[:2] for corner in line.coords] == [(-1, 2), (-3, 4)]
    assert arc.bounds == pytest.approx((-6, 0, -5, 1), abs=TOLERANCE)


def test_which_cad_layer(drawn):
    path = drawn(_every_kind)
    with pytest.raises(LayerError, match=r"现状 \(11 lines, 3 points\), 图框 \(1 lines, 0 points\)"):
        _read(path)
    with pytest.raises(LayerError, match="nothing drawn on a CAD layer '道路'.*现状"):
        _read(path, layer="道路")
    with pytest.raises(LayerError, match=r"'图框' .* holds nothing of geometry Point; it holds: LINE 1"):
        _read(path, "villages", layer="图框")
    with tempfile.TemporaryDirectory() as folder:
        assert drawing_layers(Request("projects", path), Path(folder)) == ["现状", "图框"]

    def named(_, space):
        space.add_line((0, 0), (1, 0), dxfattribs={"layer": "图框"})
        space.add_line((0, 0), (2, 0), dxfattribs={"layer": "农村公路"})
        space.add_line((0, 0), (3, 0), dxfattribs={"layer": "ROADS_old"})

    assert _shapes(_read(drawn(named)))[0].length == 2
    assert _read(drawn(named), layer="roads_OLD").layer == "ROADS_old"


def test_an_empty_drawing(drawn):
    with pytest.raises(LayerError, match="empty"):
        _read(drawn(lambda *_: None))


def test_units(drawn):
    millimetres = [(x * 1000, y * 1000) for x, y in ROAD]
    with pytest.raises(LayerError, match=r"too large for metres \(its header says: Millimeters\)"):
        _read(drawn(lambda _, space: space.add_lwpolyline(millimetres), units=4))
    layer = _read(drawn(lambda _, space: space.add_lwpolyline(ROAD), units=4))
    assert _notes(layer) == {"dxf_unit": {"unit": "Millimeters"}}
    assert _notes(_read(drawn(lambda _, space: space.add_lwpolyline(ROAD), units=0))) == {}


def test_numbers_that_give_no_shape_keep_their_row(drawn):
    def draw(_, space):
        space.add_line((0, 0), (1, 1))
        space.add_spline()
        space.add_polyline2d([(5, 5)])
        space.add_polyline2d([])

    layer = _read(drawn(draw))
    shapes = _shapes(layer)
    assert shapes[1] is None and shapes[2].length == 0 and shapes[3] is None
    [note] = [note for note in layer.notes if note.code == "layers.dxf_shape_unreadable"]
    assert note.rows == [2] and note.each[0]["type"] == "SPLINE"


@pytest.mark.parametrize("version", ["R12", "R2010"])
def test_a_file_cut_anywhere_is_damaged(drawn, version):
    def draw(_, space):
        for i in range(20):
            space.add_lwpolyline([(i, 0), (i, 5)]) if version != "R12" else space.add_polyline2d([(i, 0), (i, 5)])

    path = drawn(draw, version)
    whole = path.read_bytes()
    assert len(_read(path).table) == 20
    for part in range(1, 40):
        path.write_bytes(whole[: len(whole) * part // 40])
        with pytest.raises(LayerError, match="damaged or incomplete"):
            _read(path)
    path.write_bytes(whole.rstrip()[:-3])
    with pytest.raises(LayerError, match="damaged or incomplete"):
        _read(path)
    # A whole entity and its line pairs lost in the middle leave a valid file; a lost end of section does not.
    path.write_bytes(whole.replace(b"ENDSEC", b"ENDSEX"))
    with pytest.raises(LayerError, match="damaged or incomplete"):
        _read(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"hello\nworld\n", b"0\nEOF\n", b"0\nSECTION\n0\nENDSEC\n0\nEOF\n"])
def test_what_is_no_drawing(tmp_path, content):
    path = tmp_path / "a.dxf"
    path.write_bytes(content)
    with pytest.raises(LayerError):
        _read(path)


def test_a_number_that_is_none_is_damage(drawn):
    path = drawn(lambda _, space: space.add_line((1.25, 0), (1, 1)))
    path.write_bytes(path.read_bytes().replace(b"\n1.25\n", b"\n1,25\n"))
    with pytest.raises(LayerError, match="damaged or incomplete"):
        _read(path)


def test_a_binary_drawing_is_refused(tmp_path):
    drawing = ezdxf.new()
    drawing.modelspace().add_line((0, 0), (1, 1))
    drawing.saveas(tmp_path / "b.dxf", fmt="bin")
    with pytest.raises(LayerError, match="binary DXF; save it as an ASCII"):
        _read(tmp_path / "b.dxf")


numbers = st.floats(-1e7, 1e7, allow_nan=False)
lines = st.lists(st.lists(st.tuples(numbers, numbers, numbers), min_size=2, max_size=8), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(given_lines=lines)
def test_lines_come_back_as_they_were_drawn(given_lines):
    drawing = ezdxf.new("R2010")
    for corners in given_lines:
        drawing.modelspace().add_polyline3d(corners)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.dxf"
        drawing.saveas(path)
        layer = _read(path)
    assert [list(shape.coords) for shape in _shapes(layer)] == given_lines


def test_through_the_reading_process(drawn):
    path = drawn(_every_kind)
    with Reader([path]) as reader:
        layer = reader.read(Request("roads", path, layer="现状"))
        assert reader.layers_in(Request("projects", path)) == ["现状", "图框"]
    assert layer == _read(path, layer="现状")
