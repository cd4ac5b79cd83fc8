"""`render`: a `MapPage` -> the text of one HTML file."""

from __future__ import annotations

from typing import Any

from siteplan.cartography.page import MapLink, MapPage
from siteplan.language import Texts, catalogue
from siteplan.webmap.encoding import encode_layer
from siteplan.webmap.offline import (
    SCRIPTS,
    forbid_addresses,
    json_for_html,
    leaflet_script,
    leaflet_style,
    packaged_text,
)
from siteplan.webmap.values import MISSING_TEXT

_LANGUAGE_TAGS = {"zh": "zh-Hans", "en": "en"}
_TEXTS = "webmap.page."


def render(page: MapPage) -> str:
    """The page as one HTML text, the same bytes for the same input.

    Everything it needs stands in it: it asks for no file and no host. Geometry is within 1 m of the data, in WGS84.

    Raises
    ------
    LayerError
        If a layer's table has no CRS, or its places have no longitude and latitude.
    """
    from siteplan.webmap import elements  # brings folium, 0.4 s

    figure = elements.OfflineFigure(page.title, _LANGUAGE_TAGS[page.language])
    figure.header.add_child(elements.inlined_style("leaflet.css", leaflet_style()), name="leaflet_css")
    figure.header.add_child(elements.inlined_style("page.css", packaged_text("browser/page.css")), name="page_css")
    figure.header.add_child(elements.inlined_script("leaflet.js", leaflet_script()), name="leaflet_js")
    for name in SCRIPTS:
        figure.header.add_child(elements.inlined_script(name, packaged_text(f"browser/{name}")), name=name)

    figure.html.add_child(elements.Frame(), name="frame")
    blocks = {"page": _page_data(page)}
    other_label = Texts(page.language)("webmap.page.other_class")
    blocks.update(
        {
            f"layer-{layer.key}": encode_layer(layer, other_label, _link_columns(page, layer.key))
            for layer in page.layers
        }
    )
    for block_id, data in blocks.items():
        figure.html.add_child(elements.DataBlock(block_id, json_for_html(data)), name=block_id)

    the_map = elements.OfflineMap()
    figure.add_child(the_map)
    layers = [elements.CanvasLayer(layer.key, show=layer.shown) for layer in page.layers]
    for layer in layers:
        the_map.add_child(layer)
    the_map.add_child(elements.PageStart(layers))

    html = str(figure.render(embedded=True))
    forbid_addresses(html)
    return html


def _page_data(page: MapPage) -> dict[str, Any]:
    link = MapLink(*page.link) if page.link is not None else None
    return {
        "title": page.title,
        "subtitle": page.subtitle,
        "language": page.language,
        "headlines": [list(pair) for pair in page.headlines],
        "notes": list(page.notes),
        "crsName": page.crs_name,
        "link": link and {"points": link.points, "lines": link.lines, "id": link.id_column, "breaks": link.breaks},
        "missing": MISSING_TEXT,
        "texts": {
            key.removeprefix(_TEXTS): text for key, text in catalogue(page.language).items() if key.startswith(_TEXTS)
        },
    }


def _link_columns(page: MapPage, key: str) -> tuple[str, ...]:
    """The column by which this layer is linked, if it is: the page needs it even if no reader sees it."""
    link = MapLink(*page.link) if page.link is not None else None
    return (link.id_column,) if link is not None and key in (link.points, link.lines, link.breaks) else ()
