"""A drawn county for map tests: hamlets in six classes, roads, ways, breaks, a river and townships."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.language import Language
from siteplan.webmap import DrawOrder, MapClass, MapLayer, MapLink, MapPage

CRS = "EPSG:4545"  # CGCS2000, 3-degree zone, central meridian 108 E
EAST, NORTH = 500_000.0, 2_700_000.0

STATUS = {
    "hardened": ("通硬化路", "#0072b2", "circle"),
    "unhardened": ("通路未硬化", "#e69f00", "triangle"),
    "hardened_island": ("硬化孤段", "#cc79a7", "diamond"),
    "road_island": ("孤立路段", "#6a3d9a", "square"),
    "no_road": ("无路", "#d1350f", "cross"),
    "unknown": ("位置不明", "#6b6b6b", "star"),
}
FIELDS = (
    ("id", "编号"),
    ("township", "乡镇"),
    ("people", "人口"),
    ("road_status", "判定"),
    ("to_harden_m", "需硬化（米）"),
    ("in_scope", "在范围内"),
    ("verified_status", "核定"),
)


def winding(start: tuple[float, float], end: tuple[float, float], vertices: int, seed: int) -> shapely.LineString:
    """A road from start to end that bends like one in the hills."""
    noise = np.random.default_rng(seed)
    along = np.linspace(0, 1, vertices)[:, None]
    way = np.array(end) - np.array(start)
    aside = np.array([-way[1], way[0]])
    bends = sum(noise.normal() * 0.05 / k * np.sin(np.pi * k * along) for k in (1, 2, 5, 9, 17))
    return shapely.LineString(np.array(start) + way * along + bends * aside)


def hamlets(count: int = 50) -> gpd.GeoDataFrame:
    """Hamlets on a loose grid; the last one has no place, one figure in five is missing."""
    noise = np.random.default_rng(11)
    rows, places = [], []
    for n in range(count):
        unplaced = n == count - 1
        status = "unknown" if unplaced else list(STATUS)[n % 5]
        rows.append(
            {
                "id": f"H{n + 1:03d}",
                "name": f"{'龙虎石青白'[n % 5]}{'山水岭塘湾'[n // 5 % 5]}屯{n + 1}",
                "township": ("清溪镇", "大坪乡")[n % 2],
                "people": float("nan") if n % 5 == 3 else float(20 + 7 * n),
                "road_status": status,
                "to_harden_m": float("nan") if unplaced else round(float(noise.uniform(0, 4000)), 1),
                "in_scope": n % 3 > 0,
                "verified_status": "" if n % 4 else "hardened",
            }
        )
        x, y = EAST + 1500 * (n % 10) + noise.uniform(-300, 300), NORTH + 1500 * (n // 10) + noise.uniform(-300, 300)
        places.append(None if unplaced else shapely.Point(x, y))
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=places, crs=CRS)


def roads(count: int = 40, vertices: int = 80) -> gpd.GeoDataFrame:
    """Winding roads in two classes."""
    noise = np.random.default_rng(5)
    lines = []
    for n in range(count):
        x, y = EAST + noise.uniform(0, 14_000), NORTH + noise.uniform(0, 6_000)
        lines.append(winding((x, y), (x + noise.uniform(-3000, 3000), y + noise.uniform(800, 3000)), vertices, n))
    frame = {"id": [f"R{n:03d}" for n in range(count)], "state": ["hard" if n % 3 else "soft" for n in range(count)]}
    return gpd.GeoDataFrame(frame, geometry=lines, crs=CRS)


def county(language: Language = "zh", villages: gpd.GeoDataFrame | None = None) -> MapPage:
    """The page with everything on it."""
    villages = hamlets() if villages is None else villages
    placed = villages[villages.geometry.notna()]
    centre = (EAST + 7000, NORTH + 3000)
    ways = gpd.GeoDataFrame(
        {"id": placed["id"].to_list()},
        geometry=[winding((p.x, p.y), centre, 60, n) for n, p in enumerate(placed.geometry)],
        crs=CRS,
    )
    breaks = ways.set_geometry(ways.geometry.interpolate(0.5, normalized=True))
    towns = gpd.GeoDataFrame(
        {"name": ["清溪镇", "大坪乡"]},
        geometry=[
            shapely.box(EAST - 2000, NORTH - 2000, EAST + 7000, NORTH + 9000),
            shapely.box(EAST + 7000, NORTH - 2000, EAST + 17_000, NORTH + 9000),
        ],
        crs=CRS,
    )
    river = gpd.GeoDataFrame(
        {"name": ["清水河"]}, geometry=[winding((EAST, NORTH), (EAST + 15_000, NORTH + 7000), 200, 3)], crs=CRS
    )
    layers = (
        MapLayer(
            "boundaries", "乡镇", towns, (MapClass("t", "乡镇", "#8a8f98", weight=1.2, fill_opacity=0.0),),
            title_column="name", z=DrawOrder.BOUNDARIES, label_zoom=9,
        ),
        MapLayer("rivers", "河流", river, (MapClass("r", "河流", "#7fb4d6"),), z=DrawOrder.WATER),
        MapLayer(
            "roads", "道路", roads(),
            (MapClass("soft", "未硬化", "#b98a5a", dash="6 4"), MapClass("hard", "硬化", "#555f6d", weight=2.5)),
            class_column="state", fields=(("id", "编号"),), search_columns=("id",), z=DrawOrder.ROADS,
        ),
        MapLayer(
            "ways", "最佳路线", ways, (MapClass("w", "路线", "#222222"),), fields=(("id", "编号"),),
            z=DrawOrder.WAYS, shown=False,
        ),
        MapLayer(
            "breaks", "首个断点", breaks, (MapClass("b", "断点", "#c1121f", shape="cross", size=4),),
            z=DrawOrder.POINTS - 1, shown=False,
        ),
        MapLayer(
            "villages", "自然村", villages,
            tuple(MapClass(key, label, colour, shape) for key, (label, colour, shape) in STATUS.items()),  # type: ignore[arg-type]
            class_column="road_status", fields=FIELDS, title_column="name", search_columns=("name", "id"),
            z=DrawOrder.POINTS, label_zoom=12,
        ),
    )  # fmt: skip
    return MapPage(
        "清溪县通硬化路", "工作底图", language, layers,
        headlines=(("自然村", str(len(villages))), ("通硬化路", "10")),
        notes=("规则 RD-03 待核",),
        crs_name="CGCS2000 / 3-degree Gauss-Kruger CM 108E",
        link=MapLink("villages", "ways", "id", "breaks"),
    )  # fmt: skip
