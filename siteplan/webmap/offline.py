"""What keeps a page to itself: files inlined, a strict Content-Security-Policy, and a gate against remote addresses."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Any

SCRIPTS = (
    "decode.js",
    "language.js",
    "plane.js",
    "datum.js",
    "symbols.js",
    "labels.js",
    "ground.js",
    "sheet.js",
    "hits.js",
    "filter.js",
    "selection.js",
    "panel.js",
    "legend.js",
    "search.js",
    "table.js",
    "measure.js",
    "compare.js",
    "export.js",
    "print.js",
    "link.js",
    "start.js",
)
"""Our own scripts in `browser/`, in the order they are loaded."""

_LEAFLET = "vendor/leaflet-1.9.4"
_ADDRESS_ATTRIBUTES = {"src", "href", "srcset", "action", "formaction", "poster", "data", "background", "xlink:href"}
_CSS_ADDRESS = re.compile(r"url\(\s*['\"]?(?!data:)[^)]*\)|@import[^;]*;?", re.IGNORECASE)
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_UNSAFE_IN_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@functools.cache
def packaged_text(path: str) -> str:
    """A text file of this package, with line ends as an HTML parser will see them (hashes depend on it)."""
    text = resources.files(__package__).joinpath(path).read_text("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@functools.cache
def leaflet_script() -> str:
    """Leaflet as vendored, without the source map's address and with a neutral attribution prefix."""
    text = packaged_text(f"{_LEAFLET}/leaflet.js")
    text = re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", text)
    start, end = text.index("prefix:'<a href="), text.index('Leaflet</a>"')
    return text[:start] + 'prefix:"Leaflet"' + text[end + len('Leaflet</a>"') :]


@functools.cache
def leaflet_style() -> str:
    """Leaflet's style sheet without its image files: no control or marker that needs them is used."""
    text = packaged_text(f"{_LEAFLET}/leaflet.css")
    text = re.sub(r"\n\s*behavior:[^;]*;", "", text)
    return _CSS_ADDRESS.sub("none", text)


def json_for_html(data: Any) -> str:
    """JSON that can stand inside a script element: no `<`, `>`, `&`, no half characters, no NaN."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, written in _UNSAFE_IN_HTML.items():  # a replacement each: ten times as fast as str.translate
        text = text.replace(character, written)
    return whole_characters(text)


def whole_characters(text: str) -> str:
    """The text with half characters (lone surrogates, which no file can hold) replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def content_security_policy(*markup: str, pictures: tuple[str, ...] = ()) -> str:
    """A policy that runs the inline scripts and styles found in `markup`, by their hashes, and nothing else.

    Pictures may come from the page itself and from the hosts in `pictures` (those of online basemaps).
    """
    found: dict[str, list[str]] = {"script": [], "style": []}
    for text in markup:
        for tag, content in _INLINE.findall(text):
            digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
            found[tag].append(f"'sha256-{digest}'")
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["img-src data:", *pictures]),
            "script-src " + " ".join(dict.fromkeys(found["script"])),
            "style-src " + " ".join(dict.fromkeys(found["style"])),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


class _Addresses(HTMLParser):
    """Gathers what a page would ask for: addresses in attributes and in style sheets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            text = (value or "").strip()
            if name in _ADDRESS_ATTRIBUTES and not text.startswith(("#", "data:")):
                self.found.append(f'<{tag} {name}="{text[:80]}">')
            if name == "style":
                self.found += _CSS_ADDRESS.findall(text)

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _CSS_ADDRESS.findall(data)


def forbid_addresses(html: str) -> None:
    """Hold that a page asks for no other file or host.

    Raises
    ------
    RuntimeError
        If it would: the message lists the places. Only a fault in siteplan or a changed folium can cause it.
    """
    gate = _Addresses()
    gate.feed(html)
    gate.close()
    if gate.found:
        shown = ", ".join(gate.found[:5])
        raise RuntimeError(f"the map page would load {len(gate.found)} outside files: {shown}; inline or remove them")
