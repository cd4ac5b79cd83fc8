"""`render`: a `MapPage` -> the text of one HTML file."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from siteplan.cartography.basemaps import hosts
from siteplan.cartography.page import MapLayer, MapLink, MapPage
from siteplan.language import Language, catalogue
from siteplan.webmap.encoding import encode_layer
from siteplan.webmap.initials import pinyin_initials
from siteplan.webmap.offline import (
    SCRIPTS,
    forbid_addresses,
    json_for_html,
    leaflet_script,
    leaflet_style,
    packaged_text,
)
from siteplan.webmap.values import MISSING_TEXT

_LANGUAGE_TAGS: dict[Language, str] = {"zh": "zh-Hans", "en": "en"}
_TEXTS = "webmap.page."


def render(page: MapPage) -> str:
    """The page as one HTML text, the same bytes for the same input.

    Everything it needs stands in it: it asks for no file and, unless the page has online basemaps, for no host.
    Geometry is within 1 m of the data, in WGS84.

    Raises
    ------
    LayerError
        If a layer's table has no CRS, or its places have no longitude and latitude.
    """
    from siteplan.webmap import elements  # brings folium, 0.4 s

    figure = elements.OfflineFigure(page.title, _LANGUAGE_TAGS[page.language], hosts(page.basemaps))
    figure.header.add_child(elements.inlined_style("leaflet.css", leaflet_style()), name="leaflet_css")
    figure.header.add_child(elements.inlined_style("page.css", packaged_text("browser/page.css")), name="page_css")
    figure.header.add_child(elements.inlined_style("print.css", packaged_text("browser/print.css")), name="print_css")
    figure.header.add_child(elements.inlined_script("leaflet.js", leaflet_script()), name="leaflet_js")
    for name in SCRIPTS:
        figure.header.add_child(elements.inlined_script(name, packaged_text(f"browser/{name}")), name=name)

    figure.html.add_child(elements.Frame(), name="frame")
    for block_id, data in _blocks(page).items():
        figure.html.add_child(elements.DataBlock(block_id, json_for_html(data)), name=block_id)

    the_map = elements.OfflineMap()
    figure.add_child(the_map)
    for layer in page.layers:
        the_map.add_child(elements.CanvasLayer(layer.key, show=layer.shown))
    the_map.add_child(elements.Legend())
    the_map.add_child(elements.PageStart())

    html = str(figure.render(embedded=True))
    forbid_addresses(html)
    return html


def _blocks(page: MapPage) -> dict[str, dict[str, Any]]:
    other = page.translation
    blocks = {"page": _page_data(page)}
    for n, layer in enumerate(page.layers):
        told = None if other is None else (other.layers[n], other.language)
        blocks[f"layer-{layer.key}"] = encode_layer(layer, page.language, told, _link_columns(page, layer))
    if page.terrain is not None:
        land = page.terrain
        blocks["terrain"] = {
            "png": base64.b64encode(land.png).decode("ascii"),
            "box": [land.west, land.south, land.east, land.north],
        }
    if page.tiles is not None:
        blocks["tiles"] = {
            "mime": page.tiles.mime,
            "attribution": page.tiles.attribution,
            "tiles": {
                "/".join(map(str, place)): base64.b64encode(picture).decode("ascii")
                for place, picture in page.tiles.tiles.items()
            },
        }
    return blocks


def _page_data(page: MapPage) -> dict[str, Any]:
    pages = [page] if page.translation is None else [page, page.translation]
    link = MapLink(*page.link) if page.link is not None else None
    return {
        "languages": [one.language for one in pages],
        "words": {one.language: _page_words(one) for one in pages},
        "link": link and {"points": link.points, "lines": link.lines, "id": link.id_column, "breaks": link.breaks},
        "missing": MISSING_TEXT,
        "grid": page.grid and asdict(page.grid),
        "initials": pinyin_initials(_searched(pages)),
        "basemaps": [asdict(one) for one in page.basemaps],
    }


def _page_words(page: MapPage) -> dict[str, Any]:
    return {
        "tag": _LANGUAGE_TAGS[page.language],
        "title": page.title,
        "subtitle": page.subtitle,
        "headlines": [list(pair) for pair in page.headlines],
        "notes": list(page.notes),
        "crsName": page.crs_name,
        "source": page.source,
        "places": dict(page.place_names),
        "tiles": page.tiles.title if page.tiles else "",
        "basemaps": [one.title for one in page.basemaps],
        "texts": {
            key.removeprefix(_TEXTS): text for key, text in catalogue(page.language).items() if key.startswith(_TEXTS)
        },
    }


def _searched(pages: list[MapPage]) -> set[str]:
    """Every character of the texts that the search box looks into."""
    found: set[str] = set()
    for page in pages:
        for layer in page.layers:
            for name in layer.search_columns:
                found |= set("".join(value for value in layer.table[name].tolist() if isinstance(value, str)))
    return found


def _link_columns(page: MapPage, layer: MapLayer) -> tuple[str, ...]:
    """The column by which this layer is linked, if it is: the page needs it even if no reader sees it."""
    if page.link is None:
        return ()
    link = MapLink(*page.link)
    linked = layer.key in (link.points, link.lines, link.breaks, f"{link.points}_planned")
    return (link.id_column,) if linked and link.id_column in layer.table.columns else ()
