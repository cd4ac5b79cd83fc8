"""Centres: seats of county, townships and villages; schools, clinics and markets beside them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from siteplan.sample.grid import rounded_mm
from siteplan.sample.layers import layer
from siteplan.sample.mesh import Mesh
from siteplan.sample.names import COUNTY, TOWNSHIPS
from siteplan.sample.settlements import Settlements


def make_centres(placed: Settlements, mesh: Mesh, rivers: list[shapely.LineString], seed: int) -> gpd.GeoDataFrame:
    """Centres as points, each 15 to 60 m from the mesh point of its village's or township's seat."""
    random = np.random.Generator(np.random.PCG64([seed, 9]))
    tree = shapely.STRtree(rivers)
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Point] = []

    def add(point: int, kind: str, name: str, name_en: str, township: int, village: int) -> None:
        rows.append({
            "id": f"P{len(rows) + 1:03d}", "name": name, "name_en": name_en, "kind": kind,
            "township": TOWNSHIPS[township][0],
            "village": placed.village_names[village][0] if village >= 0 else "",
        })  # fmt: skip
        shapes.append(_beside(point, mesh, tree, random))

    add(placed.county_seat, "county", f"{COUNTY[0]}人民政府", f"{COUNTY[1]} Government", 4, -1)
    for t, seat in enumerate(placed.seats):
        name, name_en = TOWNSHIPS[t]
        own = placed.village_seats.index(seat)
        add(seat, "township", f"{name}人民政府", f"{name_en} Government", t, own)
        add(seat, "school", f"{name[:-1]}中学", f"{name_en.split()[0]} Middle School", t, own)
        add(seat, "clinic", f"{name}卫生院", f"{name_en} Health Centre", t, own)
        add(seat, "market", f"{name[:-1]}农贸市场", f"{name_en.split()[0]} Market", t, own)
    for v, seat in enumerate(placed.village_seats):
        t, (name, name_en) = placed.village_township[v], placed.village_names[v]
        add(seat, "village", f"{name}村委会" if name.endswith("社区") else f"{name}委会", f"{name_en} Committee", t, v)
        draw = random.random()
        if draw < 0.55:
            add(seat, "school", f"{name[:2]}小学", f"{name_en.split()[0]} Primary School", t, v)
        if draw < 0.8:
            add(seat, "clinic", f"{name}卫生室", f"{name_en} Clinic", t, v)
        if 0.1 < draw < 0.18:
            add(seat, "market", f"{name[:2]}集市", f"{name_en.split()[0]} Market", t, v)
    return layer(rows, shapes)


def _beside(point: int, mesh: Mesh, rivers: shapely.STRtree, random: np.random.Generator) -> shapely.Point:
    for _ in range(60):
        dx, dy = (2.0 * random.random() - 1.0) * 60.0, (2.0 * random.random() - 1.0) * 60.0
        place = rounded_mm(np.array([float(mesh.x[point]) + dx, float(mesh.y[point]) + dy]))
        leg = shapely.LineString([(float(mesh.x[point]), float(mesh.y[point])), tuple(place)])
        if 15.0 < leg.length < 60.0 and rivers.query(leg, predicate="dwithin", distance=12.0).size == 0:
            return shapely.Point(place)
    return shapely.Point(float(mesh.x[point]), float(mesh.y[point]))
