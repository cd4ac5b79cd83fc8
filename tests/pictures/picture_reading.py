"""Small pages to draw, and what can be read back from a sheet: texts, places, pixels."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from map_county import county
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from siteplan.cartography.page import MapClass, MapLayer, MapPage
from siteplan.pictures import draw_picture
from siteplan.pictures.files import settled
from siteplan.pictures.sheet import Sheet, compose

CRS = "EPSG:4545"
EAST, NORTH = 500_000.0, 2_700_000.0
WIDTH, HEIGHT, DPI = 250.0, 180.0, 100


def points(count: int, *, step: float = 1_000.0, **columns: Any) -> gpd.GeoDataFrame:
    """Points in rows of ten."""
    places = [shapely.Point(EAST + step * (n % 10), NORTH + step * (n // 10)) for n in range(count)]
    return gpd.GeoDataFrame({"id": [f"P{n}" for n in range(count)], **columns}, geometry=places, crs=CRS)


def page(*layers: MapLayer, **options: Any) -> MapPage:
    """An English page of these layers."""
    return MapPage("County", "Roads", "en", layers, **options)


def layer(key: str, table: gpd.GeoDataFrame, *classes: MapClass, **options: Any) -> MapLayer:
    """A layer titled by its key."""
    return MapLayer(key, key.title(), table, classes or (MapClass("a", key.title(), "#aa0000"),), **options)


def sheet_of(shown: MapPage, *, width: float = WIDTH, height: float = HEIGHT, **options: Any) -> Figure:
    """The figure; it is drawn when its pixels or the boxes of its texts are asked for."""
    with settled():
        figure = compose(shown, Sheet(width, height, DPI), **options)
    FigureCanvasAgg(figure)
    return figure


def draw(figure: Figure) -> None:
    """Draw it, once."""
    if not hasattr(figure.canvas, "renderer"):
        with settled():
            figure.canvas.draw()


@functools.cache
def county_sheet() -> Figure:
    """The drawn county of the map's tests, with everything it shows at first."""
    return sheet_of(county())


def seen(figure: Figure) -> np.ndarray:
    """The pixels of a figure of `sheet_of` as rows x columns x RGB."""
    draw(figure)
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]


def pixels(shown: MapPage, folder: Path, **options: Any) -> np.ndarray:
    """The picture as rows x columns x RGB."""
    file = folder / "picture.png"
    draw_picture(shown, file, dpi=DPI, **options)
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


def count_colour(picture: np.ndarray, colour: str) -> int:
    """Pixels of exactly this colour."""
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((picture == rgb).all(axis=2).sum())


def axes_of(figure: Figure, gid: str) -> Axes:
    """The axes of that id."""
    return next(axes for axes in figure.axes if axes.get_gid() == gid)


def collections_of(figure: Figure, gid: str) -> list[Any]:
    """What is drawn on the map under that id."""
    return [one for one in axes_of(figure, "map").collections if one.get_gid() == gid]


def texts_of(figure: Figure, gid: str) -> list[str]:
    """Texts of that id, in the order they were written."""
    return [text.get_text() for text in figure.texts if text.get_gid() == gid]


def box_of(figure: Figure, text: Any) -> tuple[float, float, float, float]:
    """Where a text stands, in mm from the sheet's lower left."""
    draw(figure)
    found = text.get_window_extent().extents / figure.dpi * 25.4
    return tuple(found.tolist())


def pixel_at(figure: Figure, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place in metres."""
    picture = seen(figure)
    across, up = axes_of(figure, "map").transData.transform((x, y))
    return tuple(picture[picture.shape[0] - 1 - int(up), int(across)].tolist())


def m_per_pixel(figure: Figure) -> float:
    """Metres on the ground in one pixel of the picture."""
    axes = axes_of(figure, "map")
    return float(np.ptp(axes.get_xlim()) / axes.bbox.width)
