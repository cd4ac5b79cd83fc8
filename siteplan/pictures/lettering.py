"""Texts made fit to be drawn, and the font that shows them: found among the system's or given as a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.pictures.faults import FontError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

MM_PER_POINT = 25.4 / 72
FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC", "Microsoft YaHei", "PingFang SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "Hiragino Sans GB", "DengXian", "SimHei", "STHeiti",
    "Noto Sans CJK JP", "Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "NSimSun", "Droid Sans Fallback",
)  # fmt: skip
"""Families with Chinese characters, those drawn for simplified Chinese and for screens first."""
_CURE = (
    "install one (Debian, Ubuntu: apt install fonts-noto-cjk; Windows: Microsoft YaHei is part of the system) "
    "or give a font file: --font FILE"
)
_UNSHOWABLE = {"Cs": "?", "Co": "?", "Cn": "?", "Cc": " ", "Zl": " ", "Zp": " ", "Cf": ""}
"""By Unicode category: halves of characters and such as only one font knows, controls and line ends, invisible ones."""
_MEASURED_AT = 100.0


def plain_text(value: object) -> str:
    """One line of text that every font engine can take; what no font can show becomes `?`, control becomes space."""
    text = str(value).replace("\ufffd", "?")
    return " ".join("".join(_UNSHOWABLE.get(unicodedata.category(one), one) for one in text).split())


@dataclass(frozen=True)
class Face:
    """One face of a font file; `index` counts the faces of a collection (.ttc)."""

    path: str
    index: int
    family: str
    weight: int
    upright: bool = True


@dataclass(frozen=True)
class Lettering:
    """The faces that texts are written in, and how wide they come out."""

    regular: Face
    bold: Face
    _widths: dict[tuple[bool, str], float] = field(default_factory=dict, repr=False, compare=False)

    def properties(self, size: float, *, bold: bool = False) -> FontProperties:
        """What matplotlib asks for; `size` in points."""
        from matplotlib.font_manager import FontProperties

        return FontProperties(fname=_file_of(self.bold if bold else self.regular), size=size)

    def covers(self, texts: Iterable[str]) -> bool:
        """Whether every character of the texts can be shown."""
        return not (_missing(self.regular, _characters(texts)) or _missing(self.bold, _characters(texts)))

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line in mm at a size in points, kerning left out."""
        return sum(self._em(one, bold) for one in text) * size * MM_PER_POINT

    def cut(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """The text, shortened with … where it is wider than `width` mm."""
        if self.width(text, size, bold=bold) <= width:
            return text
        end = self._fitting(text, size, width - self.width("…", size, bold=bold), bold)
        return text[:end].rstrip() + "…"

    def lines(self, text: str, size: float, width: float, most: int, *, bold: bool = False) -> list[str]:
        """The text in at most so many lines of `width` mm, broken at spaces or beside Chinese characters."""
        found: list[str] = []
        rest = text
        while rest and len(found) < most - 1 and self.width(rest, size, bold=bold) > width:
            end = self._break(rest, size, width, bold)
            found.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
        return [*found, self.cut(rest, size, width, bold=bold)]

    def _break(self, text: str, size: float, width: float, bold: bool) -> int:
        end = self._fitting(text, size, width, bold)
        # Within a Latin word the break moves back to its beginning, unless it is all the line holds.
        at = end
        while 0 < at < len(text) and _latin(text[at - 1]) and _latin(text[at]):
            at -= 1
        return max(at or end, 1)

    def _fitting(self, text: str, size: float, width: float, bold: bool) -> int:
        """How many characters fit into `width` mm."""
        used = 0.0
        for end, one in enumerate(text):
            used += self._em(one, bold) * size * MM_PER_POINT
            if used > width:
                return end
        return len(text)

    def _em(self, one: str, bold: bool) -> float:
        key = (bold, one)
        if key not in self._widths:
            font = _opened(self.bold if bold else self.regular)
            font.set_size(_MEASURED_AT, 72.0)
            self._widths[key] = font.load_char(ord(one)).linearHoriAdvance / 65536 / _MEASURED_AT
        return self._widths[key]


def _latin(one: str) -> bool:
    return one != " " and ord(one) < 0x2E80


def chosen_lettering(texts: Iterable[str], font: Path | None) -> Lettering:
    """A lettering in which every character of the texts can be shown.

    matplotlib's own DejaVu Sans serves where it holds them all; else a Chinese font of the system, or `font`.

    Raises
    ------
    FontError
        If there is none: the message names fonts to install or the characters that the best font lacks.
    """
    needed = _characters(texts)
    if font is not None:
        return _given(font, needed)
    own = _lettering([face for face in installed_faces() if face.family == "DejaVu Sans"], needed)
    if own is not None:
        return own
    by_family = _by_family(installed_faces()) or _by_family(faces_on_disk())
    for faces in by_family:
        found = _lettering(faces, needed)
        if found is not None:
            return found
    if not by_family:
        raise FontError(f"the picture has Chinese texts, and no font that holds them was found: {_CURE}")
    family, lacking = min(
        ((faces[0].family, _missing(_nearest(faces, 400), needed)) for faces in by_family), key=lambda one: len(one[1])
    )
    raise FontError(
        f"no font at hand shows every character of the picture's texts; {family} comes closest and lacks "
        f"{_told(lacking)}: {_CURE}"
    )


def installed_faces() -> list[Face]:
    """The faces matplotlib knows of."""
    from matplotlib.font_manager import fontManager, weight_dict

    return [
        Face(
            one.fname,
            int(getattr(one, "index", 0)),  # before matplotlib 3.11 only the first face of a collection is known
            one.name,
            one.weight if isinstance(one.weight, int) else int(weight_dict.get(one.weight, 400)),
            one.style == "normal",
        )
        for one in fontManager.ttflist
    ]


def faces_on_disk() -> list[Face]:
    """First faces of the system's font files that matplotlib has not heard of: its list is as old as its cache."""
    from matplotlib.font_manager import findSystemFonts, get_font

    known = {face.path for face in installed_faces()}
    found = []
    for path in sorted(set(findSystemFonts()) - known):
        try:
            font = get_font(path)
        except (OSError, RuntimeError):
            continue  # not a font that FreeType reads
        style = font.style_name.lower()
        found.append(Face(path, 0, font.family_name, 700 if "bold" in style else 400, "italic" not in style))
    return found


def _by_family(faces: list[Face]) -> list[list[Face]]:
    """Faces with Chinese characters by family, the best first."""
    families = {face.family for face in faces}
    others = sorted(
        (name for name in families - set(FAMILIES) if "CJK" in name), key=lambda name: ("Sans" not in name, name)
    )
    ordered = [name for name in (*FAMILIES, *others) if name in families]
    return [[face for face in faces if face.family == name] for name in ordered]


def _lettering(faces: list[Face], needed: set[str]) -> Lettering | None:
    whole = [face for face in faces if face.upright and not _missing(face, needed)]
    return Lettering(_nearest(whole, 400), _nearest(whole, 700)) if whole else None


def _nearest(faces: list[Face], weight: int) -> Face:
    return min(faces, key=lambda face: (abs(face.weight - weight), face.path, face.index))


def _given(font: Path, needed: set[str]) -> Lettering:
    face = Face(str(font), 0, font.stem, 400)
    try:
        lacking = _missing(face, needed)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FontError(
            f"--font {font}: cannot be read as a font ({reason}); expected a .ttf, .otf or .ttc file"
        ) from error
    if lacking:
        raise FontError(
            f"--font {font}: lacks {_told(lacking)}; take a font that holds them, for example Noto Sans CJK SC"
        )
    return Lettering(face, face)


def _characters(texts: Iterable[str]) -> set[str]:
    return {one for text in texts for one in text if not one.isspace()}


def _missing(face: Face, needed: set[str]) -> list[str]:
    font = _opened(face)
    return sorted(one for one in needed if not font.get_char_index(ord(one)))


def _told(lacking: list[str]) -> str:
    shown = " ".join(f"{one} (U+{ord(one):04X})" for one in lacking[:8])
    count = "1 character" if len(lacking) == 1 else f"{len(lacking)} characters"
    return f"{count}: {shown}" + (" …" if len(lacking) > 8 else "")


def _opened(face: Face) -> Any:
    from matplotlib.font_manager import get_font

    return get_font(_file_of(face))


def _file_of(face: Face) -> Any:
    if not face.index:
        return face.path
    from matplotlib.font_manager import FontPath

    return FontPath(face.path, face.index)
