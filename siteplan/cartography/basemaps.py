"""The online maps a plan may lay beneath its layers: where their tiles are, in which datum, and whom to thank.

OpenStreetMap and Gaode are described by xyzservices. Tianditu is not among them; its address is the tile form of its
WMTS as its own manual has it (lbs.tianditu.gov.cn, 地图API, 球面墨卡托投影 "w"): Web Mercator, CGCS2000, zoom 1 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from siteplan.cartography.grounds import Basemap, Datum
from siteplan.language import Texts
from siteplan.layers.tilefiles import plain_text
from siteplan.plan import BasemapName

_TIANDITU_URL = (
    "https://t{s}.tianditu.gov.cn/LAYER_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=LAYER&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=KEY"
)
_TIANDITU_HOSTS = "01234567"
_TIANDITU_ZOOM = 18


def online_basemaps(names: Sequence[BasemapName], *, tianditu_key: str | None, texts: Texts) -> tuple[Basemap, ...]:
    """The online maps of these names, in their order, each once.

    Parameters
    ----------
    names, tianditu_key
        As the plan has checked them: a key stands there where one of Tianditu's maps does.
    texts
        The language of the titles.
    """
    return tuple(
        BASEMAPS[name](name, texts(f"cartography.basemap.{name}"), tianditu_key) for name in dict.fromkeys(names)
    )


def hosts(basemaps: Iterable[Basemap]) -> tuple[str, ...]:
    """The origins that tiles come from, for a Content-Security-Policy's `img-src`: subdomains written out, each once,
    sorted.

    Raises
    ------
    ValueError
        If an address is not https, or its host could be read as anything but a host.
    """
    found = set()
    for one in basemaps:
        for url in filter(None, (one.url, one.overlay_url)):
            # str.split would leave nothing of a map without subdomains.
            for subdomain in one.subdomains or " ":
                parts = urlsplit(url.replace("{s}", subdomain.strip()))
                if parts.scheme != "https" or not re.fullmatch(r"[a-z0-9.-]+(:\d+)?", parts.netloc):
                    raise ValueError(f"basemap {one.key}: no https address of a host: {parts.scheme}://{parts.netloc}")
                found.add(f"https://{parts.netloc}")
    return tuple(sorted(found))


def _listed(provider: str, *, datum: Datum = "wgs84") -> Callable[[str, str, str | None], Basemap]:
    """A basemap as xyzservices describes it."""

    def make(name: str, title: str, _: str | None) -> Basemap:
        import xyzservices.providers

        known = xyzservices.providers.query_name(provider)
        return Basemap(
            key=name,
            title=title,
            url=re.sub("^http:", "https:", known["url"]),
            attribution=plain_text(known["html_attribution"]),
            max_zoom=int(known["max_zoom"]),
            subdomains=str(known.get("subdomains", "")),
            datum=datum,
        )

    return make


def _tianditu(layer: str, labels: str) -> Callable[[str, str, str | None], Basemap]:
    """A map of Tianditu's with the layer that names its places."""

    def make(name: str, title: str, key: str | None) -> Basemap:
        assert key is not None  # the plan has looked at it
        url, overlay = (
            _TIANDITU_URL.replace("LAYER_w", f"{one}_w").replace("LAYER=LAYER", f"LAYER={one}")
            for one in (layer, labels)
        )
        return Basemap(
            key=name,
            title=title,
            url=url.replace("tk=KEY", f"tk={key}"),
            attribution="© 天地图 Tianditu",
            max_zoom=_TIANDITU_ZOOM,
            subdomains=_TIANDITU_HOSTS,
            overlay_url=overlay.replace("tk=KEY", f"tk={key}"),
        )

    return make


BASEMAPS: dict[BasemapName, Callable[[str, str, str | None], Basemap]] = {
    "osm": _listed("OpenStreetMap.Mapnik"),
    "gaode": _listed("Gaode.Normal", datum="gcj02"),
    "gaode-satellite": _listed("Gaode.Satellite", datum="gcj02"),
    "tianditu": _tianditu("vec", "cva"),
    "tianditu-satellite": _tianditu("img", "cia"),
}
"""Name in the plan -> what makes its record of (name, title, key)."""
