"""Which picture a tile is, by its own first bytes."""

from __future__ import annotations

import io
import re
import warnings
from typing import Literal

Mime = Literal["image/png", "image/jpeg", "image/webp"]

_TILE_PIXELS = range(64, 1025)
_MIMES: dict[str, Mime] = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_MAGIC = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP", re.DOTALL)


def kind_of(data: bytes) -> Mime | None:
    """Which picture these bytes begin as, None where it is none of a tile's kinds and sizes.

    The size counts: two megabytes of PNG can unfold to gigabytes in the browser.
    """
    from PIL import Image

    if not _MAGIC.match(data):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(_MIMES)) as picture:
                if picture.width in _TILE_PIXELS and picture.height in _TILE_PIXELS:
                    return _MIMES[str(picture.format)]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return None
