"""A page with hostile text in every place that takes text."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely
from map_county import CRS

from siteplan.webmap import MapClass, MapLayer, MapPage

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>window.__pwned=1</script>",
    "<!--<script>",
    "C:\\2019\\x",
    "`${window.__pwned=1}`",
    "{{ 7*7 }}{% raw %}{# x",
    "\"'&amp;&lt;",
    "\u2028\u2029\r\n\t\x01 end",
    "half \ud800 character",
    "]]>*/;window.__pwned=1//",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "__proto__",
)


def hostile_page() -> MapPage:
    """Ids are #00, #01, ...; names, kinds, titles, labels, notes and a column's name are hostile."""
    # as objects: pandas' own text columns refuse a half character, but files do hold them
    texts = pd.Series(HOSTILE, dtype=object)
    table = gpd.GeoDataFrame(
        {"id": [f"#{n:02d}" for n in range(len(texts))], "name": texts, "kind": texts, "<b>column</b>${1}": texts},
        geometry=[shapely.Point(500_000 + 900 * n, 2_700_000) for n in range(len(texts))],
        crs=CRS,
    )
    bad = " ".join(HOSTILE)
    layer = MapLayer(
        "points",
        bad,
        table,
        tuple(MapClass(text, text, "#aa0000") for text in HOSTILE[:-2]),
        class_column="kind",
        fields=(("id", bad), ("<b>column</b>${1}", bad)),
        title_column="name",
        search_columns=("id", "name"),
        label_zoom=3,
    )
    return MapPage(bad, bad, "en", (layer,), headlines=((bad, bad),), notes=(bad,), crs_name=bad)
