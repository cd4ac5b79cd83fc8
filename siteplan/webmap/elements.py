"""The page's parts as folium and branca elements. Importing this module imports folium: do it late.

branca names elements by random numbers and reads what a macro wrote as a template once more. So every element here
gets a name of its own, and data never pass through a macro: `DataBlock` writes them as they are.
"""

from __future__ import annotations

from typing import Any, cast

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.map import Layer, LayerControl
from folium.template import Template
from markupsafe import escape

from siteplan.webmap.offline import content_security_policy, packaged_text, whole_characters


def _template(name: str) -> Template:
    return cast(Template, Template(packaged_text(f"templates/{name}")))


class OfflineFigure(Figure):
    """branca's page with a title that is escaped, a language, and a Content-Security-Policy ahead of everything."""

    def __init__(self, title: str, language_tag: str, picture_hosts: tuple[str, ...] = ()) -> None:
        super().__init__(title=title)
        self._page = _template("figure.html")
        self.language_tag = language_tag
        self.picture_hosts = picture_hosts

    def render(self, **kwargs: Any) -> str:
        """The page's text."""
        for child in self._children.values():
            child.render(**kwargs)
        header = self.header.render(**kwargs)
        script = self.script.render(**kwargs)
        policy = content_security_policy(header, f"<script>\n{script}\n</script>", pictures=self.picture_hosts)
        return self._page.render(
            title=str(escape(" ".join(whole_characters(str(self.title)).split()))),
            language_tag=self.language_tag,
            policy=policy,
            header=header,
            html=self.html.render(**kwargs),
            script=script,
        )


class OfflineMap(folium.Map):
    """folium's map without tiles and without any of its links."""

    def __init__(self) -> None:
        super().__init__(
            location=(0, 0),
            zoom_start=2,
            tiles=None,
            zoom_control="topleft",
            min_zoom=2,
            max_zoom=19,
            zoom_snap=0.25,
            wheel_px_per_zoom_level=90,
            attribution_control=False,
        )
        self.default_js, self.default_css = [], []
        self._name, self._id = "map", "siteplan"


class CanvasLayer(Layer):
    """A layer whose data stand in the data block `layer-KEY` and are drawn on the shared canvas."""

    def __init__(self, key: str, *, show: bool) -> None:
        super().__init__(name=key, overlay=True, show=show)
        self._name, self._id = "layer", key
        self._template = _template("canvas_layer.js")
        self.key = key


class Legend(LayerControl):
    """folium's layer control, which gathers the map's layers, as the page's legend: a switch, classes and counts."""

    def __init__(self) -> None:
        super().__init__()
        self._name, self._id = "legend", "siteplan"
        self._template = _template("legend.js")


class PageStart(MacroElement):
    """The last script: hands the map to `siteplan.start`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "page", "start"
        self._template = _template("page_start.js")


class DataBlock(Element):
    """JSON in a script element that no browser runs. `text` must come from `offline.json_for_html`."""

    def __init__(self, block_id: str, text: str) -> None:
        super().__init__()
        self._name, self._id = "data", block_id.replace("-", "_")
        self.block_id = block_id
        self.text = text

    def render(self, **kwargs: Any) -> str:
        """The element's text, data untouched."""
        return f'<script type="application/json" id="{self.block_id}">{self.text}</script>'


class Frame(Element):
    """The page's fixed markup: side bar, search box, tools, table, panel. Texts are filled in by the scripts."""

    def render(self, **kwargs: Any) -> str:
        """The markup."""
        return packaged_text("templates/frame.html")


def inlined_script(name: str, text: str) -> JavascriptLink:
    """A script that branca writes into the page (render with `embedded=True`)."""
    link = JavascriptLink(name)
    link.code = cast(bytes, text)  # branca writes bytes as b'...'
    return link


def inlined_style(name: str, text: str) -> CssLink:
    """A style sheet that branca writes into the page (render with `embedded=True`)."""
    link = CssLink(name)
    link.code = cast(bytes, text)  # branca writes bytes as b'...'
    return link
