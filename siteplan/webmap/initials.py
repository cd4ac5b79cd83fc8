"""Chinese characters -> the first letters of their readings in pinyin, so that 青岚 is found by "ql"."""

from __future__ import annotations

from collections.abc import Iterable

_FIRST, _LAST = "\u3400", "\U000323af"  # the unified ideographs, rare ones included


def pinyin_initials(characters: Iterable[str]) -> dict[str, str]:
    """Every Chinese one of the characters with the first letters of all its readings ("重": "cz"), in order.

    The readings are those of `pypinyin`; a character it does not know is left out.
    """
    chinese = sorted({one for one in characters if _FIRST <= one <= _LAST})
    if not chinese:
        return {}
    from pypinyin import Style, pinyin  # brings its dictionary, so only where there is Chinese

    found = {}
    for character in chinese:
        readings = pinyin(character, style=Style.FIRST_LETTER, heteronym=True, errors="ignore")
        letters = "".join(sorted({one for reading in readings for one in reading if one.isascii() and one.isalpha()}))
        if letters:
            found[character] = letters
    return found
