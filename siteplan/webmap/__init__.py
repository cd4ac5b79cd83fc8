"""Results -> one interactive HTML file that works with no network.

The room knows nothing of roads or water: it gets a `MapPage` (`siteplan.cartography`: plain tables with classes,
colours and labels) and gives the text of a page (`render`). The page is built through folium with Leaflet inlined;
data travel as compact JSON and are drawn on canvas by the scripts in `browser/`.
"""

from siteplan.cartography.page import DrawOrder, MapClass, MapLayer, MapLink, MapPage
from siteplan.webmap.rendering import render
from siteplan.webmap.values import MISSING_TEXT, shown_text

__all__ = ["MISSING_TEXT", "DrawOrder", "MapClass", "MapLayer", "MapLink", "MapPage", "render", "shown_text"]
