"""Head profiles: gaps stay gaps, heads below the ground are red, words and pages are there, bytes are the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from picture_reading import box_of, texts_of
from PIL import Image

from siteplan.language import Texts
from siteplan.pictures import FontError, PictureError
from siteplan.pictures.files import settled
from siteplan.pictures.headpanel import BELOW, below_ground, figure_of, flag_rows
from siteplan.pictures.headprofile import (
    PICTURE,
    HeadProfile,
    draw_head_profiles,
    head_profile_page,
    head_profile_pages,
)

NAN = float("nan")
ZH, EN = Texts("zh"), Texts("en")
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not here")


def table(station: list[float], ground: list[float], grade: list[float], static: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"station_m": station, "ground_m": ground, "grade_m": grade, "static_m": static})


def profile(**changes: object) -> HeadProfile:
    """Spring, tank, hamlet; the grade line is 6 m below a hill at 300 m."""
    own = HeadProfile(
        "枫香泉 → 白果塘",
        table(
            [0.0, 300.0, 600.0, 600.0, 1000.0],
            [500.0, 496.0, 480.0, 480.0, 450.0],
            [500.0, 490.0, 480.0, 480.0, 468.3],
            [500.0, 500.0, 500.0, 480.0, 480.0],
        ),
        [(0.0, "枫香泉", "source"), (600.0, "高位水池", "tank"), (1000.0, "白果塘", "hamlet")],
        12.0,
        "水压足够。",
    )
    return replace(own, **changes)


def page_of(one: HeadProfile, texts: Texts = ZH) -> Figure:
    with settled():
        figure = head_profile_page([one], PICTURE, texts, title="青岚县")
        figure.canvas.draw()
    return figure


def frame(figure: Figure) -> Axes:
    return next(axes for axes in figure.axes if axes.get_gid() == "profile")


def drawn(figure: Figure, gid: str) -> list[np.ndarray]:
    """Places of the lines of that id, each (k, 2)."""
    return [line.get_xydata() for line in frame(figure).lines if line.get_gid() == gid]


def filled(figure: Figure, gid: str) -> list[np.ndarray]:
    """Outlines of the fills of that id."""
    return [
        path.vertices
        for one in frame(figure).collections
        if one.get_gid() == gid
        for path in one.get_paths()
        if len(path.vertices)
    ]


def read(pdf: Path) -> list[str]:
    """The text of each page."""
    told = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True)
    return told.stdout.decode("utf-8").split("\f")[:-1]


@needs_poppler
def test_a_document_has_three_profiles_a_page_and_its_words(tmp_path: Path) -> None:
    many = [profile(title=f"枫香泉 → 村{n}", needed_m=NAN if n == 3 else 12.0) for n in range(7)]
    draw_head_profiles(tmp_path / "new" / "heads.pdf", many, ZH, title="青岚县：水头剖面")
    pages = read(tmp_path / "new" / "heads.pdf")
    assert len(pages) == 3
    assert [len(re.findall(r"枫香泉 → 村\d", page)) for page in pages] == [3, 3, 1]
    assert all("青岚县：水头剖面" in page and "高峰时水头线" in page for page in pages)
    assert "第 2 页，共 3 页" in pages[1]
    first = pages[0]
    assert "需要 12 m / 有 18.3 m" in first and "需要 不明" in pages[1]
    assert "全长 1000 m，到村水头 18.3 m" in first and "水头低于地面 1 处，最多低 6 m" in first
    assert {"高位水池", "距水源（m）"} <= set(re.findall(r"\S+", first))
    assert list(tmp_path.joinpath("new").iterdir()) == [tmp_path / "new" / "heads.pdf"]


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts (poppler-utils) is not here")
def test_the_page_is_a4_upright_with_its_fonts_and_without_images(tmp_path: Path) -> None:
    pdf = tmp_path / "heads.pdf"
    draw_head_profiles(pdf, [profile()], ZH, title="青岚县")
    told = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    width, height = map(float, re.findall(r"Page size:\s+([\d.]+) x ([\d.]+)", told)[0])
    assert (width, height) == pytest.approx((210 / 25.4 * 72, 297 / 25.4 * 72), abs=0.2)
    assert "CreationDate" not in told
    fonts = subprocess.run(["pdffonts", str(pdf)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5] == "yes" for line in fonts)
    assert b"/Subtype /Image" not in pdf.read_bytes()


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_the_same_profiles_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw_head_profiles(tmp_path / f"{name}.{kind}", [profile()], ZH, title="青岚县")
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_picture_is_of_the_first_profile_in_its_size(tmp_path: Path) -> None:
    for name, more in (("one", []), ("two", [profile(title="another")])):
        draw_head_profiles(tmp_path / f"{name}.png", [profile(), *more], ZH, title="青岚县")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size == pytest.approx((250 / 25.4 * 200, 120 / 25.4 * 200), abs=1)
    draw_head_profiles(tmp_path / "one.svg", [profile()], EN, title="x")
    drawing = (tmp_path / "one.svg").read_text("utf-8")
    width, height = re.findall(r'width="([\d.]+)pt" height="([\d.]+)pt"', drawing)[0]
    assert (float(width), float(height)) == pytest.approx((250 / 25.4 * 72, 120 / 25.4 * 72), abs=0.1)


def test_unknown_values_are_gaps_and_never_zero() -> None:
    station = [0.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0]
    figure = page_of(
        profile(
            table=table(
                station,
                [500.0, 498.0, NAN, NAN, 470.0, 465.0, 460.0],
                [500.0, 499.0, 498.0, NAN, 485.0, NAN, NAN],
                [500.0, 500.0, 500.0, 500.0, 500.0, NAN, NAN],
            )
        )
    )
    (grade,) = drawn(figure, "grade")
    assert np.isnan(grade[:, 1]).tolist() == [False, False, False, True, False, True, True]
    # a head between unknown ones has no line: a dot shows it
    assert drawn(figure, "grade-alone")[0].tolist() == [[400.0, 485.0]]
    assert drawn(figure, "static-alone") == []
    fields = filled(figure, "ground")
    assert [(field[:, 0].min(), field[:, 0].max()) for field in fields] == [(0.0, 100.0), (400.0, 600.0)]
    low = frame(figure).get_ylim()[0]
    assert 440 < low < 460
    told = " ".join(texts_of(figure, "line"))
    assert "线条中断处不明" in told and "到村水头 不明" in told
    assert texts_of(figure, "need") == ["需要 12 m / 有 不明"]


def test_the_head_below_the_ground_is_red_from_crossing_to_crossing() -> None:
    figure = page_of(profile())
    (red,) = drawn(figure, "below")
    assert red[0] == pytest.approx([0.0, 500.0])
    assert red[-1] == pytest.approx([600.0, 480.0])
    line = next(one for one in frame(figure).lines if one.get_gid() == "below")
    assert to_hex(line.get_color()).upper() == BELOW
    assert line.get_zorder() > next(one for one in frame(figure).lines if one.get_gid() == "grade").get_zorder()
    assert texts_of(figure, "depth") == ["-6 m"]
    (field,) = filled(figure, "below-field")
    assert field[:, 0].max() == pytest.approx(600.0)


def test_stretches_below_the_ground() -> None:
    station = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    ground = np.array([5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0])
    grade = np.array([6.0, 4.0, 6.0, 4.95, np.nan, 4.0, 3.0])
    first, last = below_ground(station, ground, grade)
    assert first.tolist() == [[5.0, 5.0, 5.0], [10.0, 5.0, 4.0], [15.0, 5.0, 5.0]]
    assert last.tolist() == [[50.0, 5.0, 4.0], [60.0, 5.0, 3.0]]  # 0.05 m before the gap is none
    assert below_ground(station[:0], ground[:0], grade[:0]) == []


def test_no_red_where_the_head_stays_above() -> None:
    above = profile().table.assign(ground_m=[490.0, 480.0, 470.0, 470.0, 450.0])
    figure = page_of(profile(table=above))
    assert drawn(figure, "below") == [] and filled(figure, "below-field") == []
    assert "低于地面" not in " ".join(texts_of(figure, "line"))


@pytest.mark.parametrize(
    ("static", "key"), [([NAN] * 5, "no_heads"), ([500.0, 500.0, 500.0, 480.0, 480.0], "no_grade")]
)
def test_a_profile_without_heads_says_so(static: list[float], key: str) -> None:
    blank = profile().table.assign(grade_m=NAN, static_m=static)
    figure = page_of(profile(table=blank))
    assert texts_of(figure, key) == [ZH(f"pictures.headprofile.{key}")]
    assert filled(figure, "ground")
    assert texts_of(page_of(profile()), key) == []


def test_an_empty_profile_says_so() -> None:
    figure = page_of(profile(table=profile().table.iloc[:0], marks=[]))
    assert texts_of(figure, "no_way") == [ZH("pictures.headprofile.no_way")]
    assert texts_of(figure, "need") == ["需要 12 m / 有 不明"]


def test_the_bracket_spans_the_head_the_hamlet_needs() -> None:
    figure = page_of(profile())
    (bracket,) = [one for one in figure.artists + figure.lines if one.get_gid() == "service-head"]
    place = frame(figure).transData.inverted().transform(bracket.get_transform().transform(bracket.get_xydata()))
    assert [place[:, 1].min(), place[:, 1].max()] == pytest.approx([450.0, 462.0], abs=0.01)
    assert (place[:, 0] > 1000.0).all()
    need = next(text for text in figure.texts if text.get_gid() == "need")
    assert need.get_color() != BELOW
    short = page_of(profile(needed_m=20.0))
    assert next(text for text in short.texts if text.get_gid() == "need").get_color() == BELOW


def test_a_bracket_is_drawn_only_of_a_need_that_is_known() -> None:
    figure = page_of(profile(needed_m=NAN))
    assert [one for one in figure.artists + figure.lines if one.get_gid() == "service-head"] == []


def test_flags_do_not_overlap_nor_leave_the_sheet() -> None:
    names = [
        (0.0, "枫香泉", "source"),
        (8.0, "一号高位水池", "tank"),
        (20.0, "二级加压泵站", "pump"),
        (500.0, "村口公共取水点", "tap"),
        (990.0, "最后一个减压阀", "valve"),
        (1000.0, "名字很长很长的自然村", "hamlet"),
    ]
    figure = page_of(profile(marks=names))
    flags = [text for text in figure.texts if (text.get_gid() or "").startswith("mark-")]
    assert [text.get_text() for text in flags] == [name for _, name, _ in names]
    boxes = [box_of(figure, text) for text in flags]
    assert all(box[0] > 0 and box[2] < PICTURE.width for box in boxes)
    for n, (left, low, right, high) in enumerate(boxes):
        for other in boxes[n + 1 :]:
            assert right <= other[0] or other[2] <= left or high <= other[1] + 0.3 or other[3] <= low + 0.3


def test_flags_left_out_are_counted() -> None:
    passed = [(500.0 + n, f"村寨{n}", "hamlet") for n in range(12)]
    figure = page_of(profile(marks=[(0.0, "泉", "source"), *passed, (1000.0, "到达的村", "hamlet")]))
    shown = [text for text in figure.texts if (text.get_gid() or "").startswith("mark-")]
    assert {"泉", "到达的村"} <= {text.get_text() for text in shown}
    assert f"另有 {14 - len(shown)} 处未标名" in " ".join(texts_of(figure, "line"))
    assert 3 <= len(shown) < 14


def test_rows_of_flags() -> None:
    assert flag_rows([0.0, 5.0, 50.0], [10.0, 10.0, 10.0]) == [1, 0, 0]
    assert flag_rows([0.0, 0.0], [4.0, 4.0]) == [1, 0]
    assert flag_rows([], []) == []


def test_long_lines_are_in_km_and_lengths_read_well() -> None:
    far = profile().table.assign(station_m=[0.0, 3000.0, 6000.0, 6000.0, 10_000.0])
    figure = page_of(profile(table=far, marks=[]), EN)
    assert texts_of(figure, "along") == ["km from the source"]
    assert [label.get_text() for label in frame(figure).get_xticklabels()][-1] == "10"
    assert "10.00 km" in texts_of(figure, "line")[0]
    assert [figure_of(value) for value in (12.0, 18.34, -0.04, -0.1)] == ["12 m", "18.3 m", "0 m", "-0.1 m"]


def test_every_text_stays_on_the_sheet() -> None:
    long = profile(title="很长的名字" * 20, verdict="水压不足，" * 60, needed_m=1000.0)
    with settled():
        figures = [
            *head_profile_pages([long, profile(), long], EN, title="青岚县 " * 30),
            head_profile_page([long], PICTURE, ZH, title="青岚县 " * 30),
        ]
    for figure in figures:
        wide, tall = (figure.get_size_inches() * 25.4).tolist()
        with settled():
            figure.canvas.draw()
        for text in figure.texts:
            left, low, right, high = box_of(figure, text)
            assert left >= 0 and low >= 0 and right <= wide and high <= tall, text.get_text()


def test_faults_are_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="expected one of"):
        draw_head_profiles(tmp_path / "a.gif", [profile()], ZH, title="")
    with pytest.raises(PictureError, match="at least one"):
        draw_head_profiles(tmp_path / "a.pdf", [], ZH, title="")
    with pytest.raises(PictureError, match="lacks grade_m"):
        draw_head_profiles(tmp_path / "a.pdf", [profile(table=profile().table.drop(columns="grade_m"))], ZH, title="")
    with pytest.raises(FontError, match="no-such"):
        draw_head_profiles(tmp_path / "a.pdf", [profile()], ZH, title="", font=tmp_path / "no-such.ttf")
    assert list(tmp_path.iterdir()) == []
