"""Texts and fonts: every character is shown or its lack is told; nothing in a text is taken for a command."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
from map_county import county
from map_hostile import HOSTILE, hostile_page
from matplotlib.font_manager import get_font
from picture_reading import layer, page, points, sheet_of, texts_of

from siteplan.errors import SiteplanError
from siteplan.pictures import FontError, draw_picture, lettering
from siteplan.pictures.lettering import Face, chosen_lettering, plain_text

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
CHINESE = "青岚县：村寨 250 × 180"


@pytest.fixture
def chinese_faces() -> list[Face]:
    """The Chinese faces of this machine; tests that need one are skipped where there is none."""
    faces = [face for face in lettering.installed_faces() if face.family in lettering.FAMILIES or "CJK" in face.family]
    if not faces:
        pytest.skip("no Chinese font here: apt install fonts-noto-cjk")
    return faces


@pytest.fixture
def only_dejavu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with matplotlib's own fonts and no other."""
    own = [face for face in lettering.installed_faces() if "DejaVu" in face.family]
    monkeypatch.setattr(lettering, "installed_faces", lambda: own)
    monkeypatch.setattr(lettering, "faces_on_disk", list)
    return


@pytest.mark.usefixtures("only_dejavu")
def test_without_a_chinese_font_a_planner_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SiteplanError, match="fonts-noto-cjk") as told:
        draw_picture(county(), tmp_path / "a.png")
    assert isinstance(told.value, FontError)
    assert told.value.exit_code == 2
    assert "Microsoft YaHei" in str(told.value)
    assert "--font FILE" in str(told.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("only_dejavu")
def test_texts_without_chinese_need_no_chinese_font(tmp_path: Path) -> None:
    draw_picture(page(layer("hamlets", points(2))), tmp_path / "a.png", dpi=50)
    assert (tmp_path / "a.png").is_file()


def test_a_font_installed_after_matplotlib_made_its_list_is_found(
    chinese_faces: list[Face], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [face for face in lettering.installed_faces() if "DejaVu" in face.family]
    path = chinese_faces[0].path
    monkeypatch.setattr(lettering, "installed_faces", lambda: own)
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(DEJAVU), "/no/such/font.ttf", path])
    assert chosen_lettering([CHINESE], None).regular.path == path


def test_the_font_found_has_every_character(chinese_faces: list[Face]) -> None:
    found = chosen_lettering([CHINESE], None)
    assert found.regular in chinese_faces
    assert found.covers([CHINESE])
    assert chosen_lettering(["plain × text"], None).regular.family == "DejaVu Sans"


def test_characters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # A font that says it is Chinese and holds no Chinese characters.
    face = Face(str(DEJAVU), 0, "Some CJK", 400)
    monkeypatch.setattr(lettering, "installed_faces", lambda: [face])
    with pytest.raises(
        FontError, match=r"Some CJK comes closest and lacks 2 characters: 县 \(U\+53BF\) 岚 \(U\+5C9A\)"
    ):
        chosen_lettering(["Qinglan 岚县"], None)


def test_a_font_given_is_used_for_every_text(chinese_faces: list[Face]) -> None:
    path = Path(chinese_faces[0].path)
    figure = sheet_of(page(layer("hamlets", points(9), title_column="id", label_zoom=3)), font=path)
    assert texts_of(figure, "name")
    assert {str(text.get_fontproperties().get_file()) for text in figure.texts} == {str(path)}


def test_a_font_given_that_lacks_characters_names_them(tmp_path: Path) -> None:
    with pytest.raises(FontError, match=r"lacks \d+ characters: .*U\+[0-9A-F]{4}.* …") as told:
        draw_picture(county(), tmp_path / "a.png", font=DEJAVU)
    assert str(DEJAVU) in str(told.value)
    # Also where only names on the map need them.
    named = page(layer("hamlets", points(1, name=["岚"]), title_column="name", label_zoom=3))
    with pytest.raises(FontError, match=r"lacks 1 character: 岚 \(U\+5C9A\)"):
        draw_picture(named, tmp_path / "a.png", font=DEJAVU)


def test_a_font_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_text("no font")
    for path in (broken, tmp_path / "absent.ttf", tmp_path):
        with pytest.raises(FontError, match=r"cannot be read as a font .*\.ttf, \.otf or \.ttc"):
            draw_picture(page(layer("hamlets", points(2))), tmp_path / "a.png", font=path)


def test_hostile_texts_stand_as_they_are(tmp_path: Path) -> None:
    figure = sheet_of(hostile_page())
    rows = texts_of(figure, "legend")
    for text in ("C:\\2019\\x", "`${window.__pwned=1}`", "{{ 7*7 }}{% raw %}{# x", "half ? character"):
        assert text in rows
    assert texts_of(figure, "name")
    assert not any(text.get_parse_math() for text in figure.texts)
    draw_picture(hostile_page(), tmp_path / "a.svg")
    ElementTree.parse(tmp_path / "a.svg")
    draw_picture(hostile_page(), tmp_path / "a.pdf")


@pytest.mark.parametrize("name", ["$\\frac{1}{0$", "a_b^c", "100 %", "\\alpha $x$ $", "#1 & ~2"])
def test_no_text_is_read_as_a_formula(name: str) -> None:
    hamlets = layer("hamlets", points(1, name=[name]), title_column="name", label_zoom=3)
    figure = sheet_of(page(hamlets), title=name)
    assert texts_of(figure, "title") == texts_of(figure, "name") == [name]


def test_plain_text() -> None:
    assert plain_text("a\tb\r\n\u2028c\x00d") == "a b c d"
    assert plain_text("half \ud800, own \ue000, lost \ufffd") == "half ?, own ?, lost ?"
    assert plain_text("\ufeff岚\u200b县\u3000东") == "岚县 东"
    assert plain_text(12) == "12"
    for text in HOSTILE:
        assert all(one.isprintable() for one in plain_text(text))


def test_lines_are_as_wide_as_measured_and_lose_nothing() -> None:
    letters = chosen_lettering(["abc"], None)
    words = "the county office of roads and bridges and of everything else that is on the map"
    for width in (20.0, 45.0):
        lines = letters.lines(words, 8.0, width, 20)
        assert " ".join(lines) == words
        assert max(letters.width(one, 8.0) for one in lines) <= width
    one = letters.lines("x" * 300, 8.0, 30.0, 20)
    assert "".join(one) == "x" * 300
    cut = letters.lines(words, 8.0, 20.0, 2)
    assert len(cut) == 2
    assert cut[-1].endswith("…")
    assert letters.width(cut[-1], 8.0) <= 20.0
    # Against the font's own measure of the whole line.
    font = get_font(letters.regular.path)
    font.set_size(100, 72)
    font.set_text(words)
    assert letters.width(words, 100.0) == pytest.approx(font.get_width_height()[0] / 64 * 25.4 / 72, rel=0.02)
