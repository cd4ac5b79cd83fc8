"""Small random counties for both the oracle and siteplan: crossings, near ends, bridges, closed roads, islands."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from siteplan.network import LineArrays, find_joins
from siteplan.roads.access import AccessOptions, RoadAccess, road_access
from siteplan.roads.anchors import Surfaces

CRS = "EPSG:32643"


@dataclass
class County:
    """Roads as the oracle takes them, hamlets and centres as (id, x, y)."""

    roads: list[dict]
    hamlets: list[tuple[str, float, float]]
    centres: list[tuple[str, float, float]]
    distances: dict[str, float]
    anchor_none: bool
    unknown_is_hardened: bool


def random_county(seed: int) -> County:
    """A county of 4 to 14 roads in a 2 km square, drawn so that every rule comes into play."""
    rng = np.random.default_rng(seed)
    roads, ends = [], []
    with_classes, with_centres = rng.random() < 0.4, rng.random() < 0.6
    for _ in range(int(rng.integers(4, 15))):
        start = rng.uniform(0, 2000, 2)
        if ends and rng.random() < 0.6:
            # Begin at, or a few metres beside, an end or a middle of an earlier road.
            start = ends[int(rng.integers(len(ends)))] + rng.choice([0.0, 1.0]) * rng.uniform(-14, 14, 2)
        steps = rng.normal(0, 350, (int(rng.integers(1, 4)), 2))
        xy = np.vstack([start, start + np.cumsum(steps, axis=0)])
        if len(xy) > 2 and rng.random() < 0.2:
            xy = np.vstack([xy, xy[0]])
        ends += [xy[0], xy[-1], (xy[0] + xy[1]) / 2]
        roads.append(
            {
                "coords": [tuple(map(float, point)) for point in xy],
                "hard": int(rng.choice([1, 1, 0, -1])),
                "anchor": bool(with_classes and rng.random() < 0.3),
                "separated": bool(rng.random() < 0.12),
                "connects": bool(rng.random() < 0.9),
            }
        )
    hamlets = [(f"h{i:02d}", *map(float, rng.uniform(-300, 2300, 2))) for i in range(12)]
    centres = [(f"c{i}", *map(float, rng.uniform(0, 2000, 2))) for i in range(2)] if with_centres else []
    distances = {
        "access_m": float(rng.choice([80.0, 200.0])),
        "anchor_m": float(rng.choice([60.0, 150.0])),
        "snap_m": float(rng.choice([1.0, 10.0])),
    }
    return County(roads, hamlets, centres, distances, bool(rng.random() < 0.1), bool(rng.random() < 0.3))


def county_layers(county: County) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Hamlets and centres as layers."""
    tables = []
    for rows in (county.hamlets, county.centres):
        points = gpd.points_from_xy([row[1] for row in rows], [row[2] for row in rows])
        table = {"id": [row[0] for row in rows], "row": range(1, len(rows) + 1), "name": [row[0] for row in rows]}
        tables.append(gpd.GeoDataFrame(table, geometry=points, crs=CRS))
    return tables[0], tables[1]


def county_access(county: County, *, suspect_m: float = 60.0, **more: object) -> RoadAccess:
    """siteplan's own answer for a county."""
    lines = np.array([shapely.LineString(road["coords"]) for road in county.roads], dtype=object)
    hard = np.array([road["hard"] for road in county.roads])
    connects = np.array([road["connects"] for road in county.roads], dtype=bool)
    arrays = LineArrays.from_geometry(
        lines, separated=np.array([road["separated"] for road in county.roads], dtype=bool), connects=connects
    )
    surfaces = Surfaces(
        hard=(hard == 1) | ((hard == -1) & county.unknown_is_hardened),
        unknown=hard == -1,
        anchor=np.array([road["anchor"] for road in county.roads], dtype=bool),
        connects=connects,
        kmh=np.full(len(hard), 20.0),
    )
    hamlets, centres = county_layers(county)
    options = AccessOptions(
        **county.distances,
        suspect_m=suspect_m,
        anchor_none=county.anchor_none,
        unknown_hardened=county.unknown_is_hardened,
    )
    joins = find_joins(arrays, reach_m=county.distances["snap_m"])
    return road_access(joins, surfaces, hamlets, centres.iloc[:0] if county.anchor_none else centres, options, **more)
