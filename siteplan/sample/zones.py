"""Areas: county and townships, hazard zones, protected farmland, ecological redline."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from scipy import ndimage

from siteplan.sample.grid import Bools, Ints
from siteplan.sample.layers import layer
from siteplan.sample.mesh import Mesh
from siteplan.sample.names import COUNTY, TOWNSHIPS
from siteplan.sample.rivers import River
from siteplan.sample.settlements import Settlements
from siteplan.sample.terrain import Terrain

FARMLAND_CELLS, REDLINE_CELLS = 12, 140


def regions(labels: Ints, mesh: Mesh, simplify_m: float) -> list[tuple[int, shapely.Polygon]]:
    """The areas of equal label (0 and more) as polygons that share their borders, corners on the mesh."""
    from rasterio import features
    from rasterio.transform import IDENTITY

    found = features.shapes(labels.astype(np.int32), mask=labels >= 0, connectivity=4, transform=IDENTITY)
    values, polygons = [], []
    for geometry, value in found:
        # Every corner on the way, not only the turns: neighbours must move alike when the corners do.
        polygon = shapely.segmentize(shapely.geometry.shape(geometry), 1.0)
        values.append(int(value))
        polygons.append(shapely.transform(polygon, lambda at: _corners(at, mesh)))
    simple = shapely.coverage_simplify(np.asarray(polygons), simplify_m)
    return list(zip(values, simple.tolist(), strict=True))


def _corners(at: np.ndarray, mesh: Mesh) -> np.ndarray:
    index = np.rint(at).astype(np.int64)
    point = index[:, 1] * mesh.columns + index[:, 0]
    return np.column_stack([mesh.x[point], mesh.y[point]])


def make_boundaries(placed: Settlements, mesh: Mesh) -> gpd.GeoDataFrame:
    """The county and its townships; the townships tile the county."""
    towns = sorted(regions(placed.township_cells, mesh, 90.0), key=lambda pair: pair[0])
    shapes = [shapely.union_all([polygon for _, polygon in towns]), *(polygon for _, polygon in towns)]
    rows = [{"id": "B00", "name": COUNTY[0], "name_en": COUNTY[1], "kind": "county"}]
    rows += [{"id": f"B{t + 1:02d}", "name": TOWNSHIPS[t][0], "name_en": TOWNSHIPS[t][1], "kind": "township"}
             for t, _ in towns]  # fmt: skip
    return layer(rows, shapes)


def make_farmland(
    terrain: Terrain, placed: Settlements, mesh: Mesh, roads: list[shapely.LineString]
) -> gpd.GeoDataFrame:
    """Protected farmland on flats and terraces, clear of houses and roads (id, name, kind)."""
    county = ndimage.binary_erosion(placed.county, iterations=4)
    flat = (terrain.slope < 0.17) & (terrain.above_river_m < 110.0) & county
    flat &= ~_near(terrain, [shapely.Point(h.x, h.y) for h in placed.hamlets], 110.0)
    flat &= ~_near(terrain, roads, 45.0)
    flat = ndimage.binary_opening(flat, structure=np.ones((2, 2), dtype=bool))
    return _areas(flat, FARMLAND_CELLS, mesh, "F", ("水田", "旱地"), "永久基本农田", terrain)


def make_redline(terrain: Terrain, placed: Settlements, mesh: Mesh) -> gpd.GeoDataFrame:
    """Ecological redline: the high forest, and what lies about it without a hamlet (id, name, kind)."""
    county = ndimage.binary_erosion(placed.county, iterations=2)
    high = ndimage.uniform_filter(terrain.heights_m, 15) > 1060.0
    high &= county & ~_near(terrain, [shapely.Point(h.x, h.y) for h in placed.hamlets], 420.0)
    high = ndimage.binary_opening(high, structure=np.ones((5, 5), dtype=bool))
    return _areas(high, REDLINE_CELLS, mesh, "E", ("水源涵养", "水土保持"), "生态保护红线", terrain)


def _near(terrain: Terrain, shapes: list[shapely.Geometry], within_m: float) -> Bools:
    """Cells whose centre lies within `within_m` of a shape."""
    grid = terrain.grid
    x, y = np.meshgrid(grid.x(np.arange(grid.cols, dtype=float) + 0.5), grid.y(np.arange(grid.rows, dtype=float) + 0.5))
    tree = shapely.STRtree(shapes)
    hit = tree.query(shapely.points(x.ravel(), y.ravel()), predicate="dwithin", distance=within_m)[0]
    near = np.zeros(x.size, dtype=bool)
    near[hit] = True
    return near.reshape(grid.shape)


def _areas(
    cells: Bools, least: int, mesh: Mesh, letter: str, kinds: tuple[str, str], name: str, terrain: Terrain
) -> gpd.GeoDataFrame:
    """Patches of at least `least` cells as one polygon each; the second kind is the one higher above the rivers."""
    patches, n = ndimage.label(cells)
    sizes = np.bincount(patches.ravel(), minlength=n + 1)[1:]
    kept = [i + 1 for i in range(n) if sizes[i] >= least]
    labels = np.full(cells.shape, -1, dtype=np.int64)
    for serial, patch in enumerate(kept):
        labels[patches == patch] = serial
    above = ndimage.mean(terrain.above_river_m, labels, range(len(kept)))
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Polygon] = []
    for serial, polygon in sorted(regions(labels, mesh, 45.0), key=lambda pair: (pair[0], -pair[1].area)):
        if rows and rows[-1]["serial"] == serial:
            continue
        rows.append({"id": f"{letter}{len(rows) + 1:03d}", "name": f"{name}{len(rows) + 1}号",
                     "kind": kinds[int(above[serial] > 25.0)], "serial": serial})  # fmt: skip
        shapes.append(polygon)
    return layer(rows, shapes).drop(columns="serial")


def make_hazards(terrain: Terrain, placed: Settlements, mesh: Mesh, rivers: list[River], seed: int) -> gpd.GeoDataFrame:
    """Landslides and rock falls on steep ground near hamlets, debris fans at gully mouths, floods along big rivers."""
    random = np.random.Generator(np.random.PCG64([seed, 10]))
    rows: list[dict[str, object]] = []
    shapes: list[shapely.Polygon] = []

    def add(kind: str, name: str, shape: shapely.Polygon) -> None:
        rows.append({"id": f"Z{len(rows) + 1:03d}", "name": f"{name}{kind}", "kind": kind})
        shapes.append(shape)

    steep = np.asarray(terrain.grid.sampled(terrain.slope, mesh.x, mesh.y)) > 0.42
    free = np.flatnonzero(steep & mesh.inside)
    for i in np.argsort(random.random(len(placed.hamlets)), kind="stable")[:34].tolist():
        h = placed.hamlets[i]
        away = (mesh.x[free] - h.x) ** 2 + (mesh.y[free] - h.y) ** 2
        at = int(free[np.argmin(np.abs(away - (90.0 + 420.0 * random.random()) ** 2))])
        kind = "滑坡" if random.random() < 0.7 else "崩塌"
        blob = _blob(float(mesh.x[at]), float(mesh.y[at]), 40.0 + 110.0 * random.random(), random)
        if all(not blob.intersects(other) for other in shapes):
            add(kind, h.name, blob)
    for n, river in enumerate(rivers):
        if len(river.cells) > 25 and random.random() < 0.12 and river.drained_km2[-1] < 25.0:
            x, y = river.line.coords[-2]
            blob = _blob(x, y, 90.0 + 80.0 * random.random(), random)
            if all(not blob.intersects(other) for other in shapes):
                add("泥石流", f"{n + 1}号沟", blob)
    for river in rivers:
        if float(river.drained_km2[-1]) >= 100.0:
            low = [c for c, km2 in zip(river.line.coords, river.drained_km2, strict=True) if km2 >= 60.0]
            for start in range(0, len(low) - 30, 60):
                reach = shapely.LineString(low[start : start + 30]).simplify(20.0).buffer(75.0, quad_segs=4)
                if all(not reach.intersects(other) for other in shapes):
                    add("洪水淹没", "河段", reach)
    return layer(rows, shapes)


def _blob(x: float, y: float, radius_m: float, random: np.random.Generator) -> shapely.Polygon:
    """A rounded, uneven patch."""
    ring = shapely.get_coordinates(shapely.Point(x, y).buffer(1.0, quad_segs=4))[:-1]
    uneven = radius_m * (0.7 + 0.6 * random.random(len(ring)))
    stretch = np.array([0.7 + 0.6 * random.random(), 0.7 + 0.6 * random.random()])
    return shapely.Polygon(np.array([x, y]) + _ring_offsets(ring, x, y) * uneven[:, None] * stretch)


def _ring_offsets(ring: np.ndarray, x: float, y: float) -> np.ndarray:
    """A unit ring's points relative to its middle."""
    return ring - np.array([x, y])
