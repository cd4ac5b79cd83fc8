"""Power lines: 110 kV to the county seat, 35 kV between townships, 10 kV to villages and hamlets."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from siteplan.sample.grid import Floats
from siteplan.sample.layers import layer
from siteplan.sample.mesh import Mesh
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.settlements import Settlements

REACH_M = 5_200.0
"""Hamlets farther than this from the next served place have no line."""


def make_power_lines(placed: Settlements, mesh: Mesh, seed: int) -> gpd.GeoDataFrame:
    """Lines from tower to tower (id, name, voltage_kv)."""
    random = np.random.Generator(np.random.PCG64([seed, 11]))
    seats = np.column_stack([mesh.x[placed.seats], mesh.y[placed.seats]])
    county = np.array([mesh.x[placed.county_seat], mesh.y[placed.county_seat]])
    border = placed.outside[0]
    rows: list[dict[str, object]] = []
    shapes: list[shapely.LineString] = []

    def add(name: str, kv: float, a: Floats, b: Floats) -> None:
        rows.append({"id": f"L{len(rows) + 1:03d}", "name": name, "voltage_kv": kv})
        shapes.append(_towers(a, b, 900.0 if kv > 10 else 450.0, random))

    add("110千伏岚城进线", 110.0, np.array([mesh.x[border], mesh.y[border]]), county + 300.0)
    for a, b in _tree(seats):
        add(f"35千伏{TOWNSHIPS[a][0][:2]}{TOWNSHIPS[b][0][:2]}线", 35.0, seats[a], seats[b])
    for t, seat in enumerate(seats):
        own = [h for h in placed.hamlets if h.township == t]
        places = np.vstack([seat + 40.0, np.array([(h.x, h.y) for h in own]) + 15.0])
        for a, b in _tree(places):
            apart = float(np.sqrt(((places[a] - places[b]) ** 2).sum()))
            if apart < REACH_M and random.random() < 0.97:
                add(f"10千伏{TOWNSHIPS[t][0][:2]}{own[max(a, b) - 1].name}支线", 10.0, places[a], places[b])
    return layer(rows, shapes)


def _tree(places: Floats) -> list[tuple[int, int]]:
    """Pairs of the shortest tree that joins all places."""
    apart = np.rint(np.sqrt(((places[:, None] - places[None, :]) ** 2).sum(axis=2)) * 1000.0)
    tree = minimum_spanning_tree(csr_array(np.triu(apart, 1))).tocoo()
    return sorted(zip(tree.row.tolist(), tree.col.tolist(), strict=True))


def _towers(a: Floats, b: Floats, span_m: float, random: np.random.Generator) -> shapely.LineString:
    """A line with a tower every `span_m` or so, the ones between a little off the straight."""
    n = max(1, round(float(np.sqrt(((b - a) ** 2).sum())) / span_m))
    part = np.arange(n + 1)[:, None] / n
    off = (random.random((n + 1, 2)) - 0.5) * 70.0
    off[0] = off[-1] = 0.0
    return shapely.LineString(a + part * (b - a) + off)
