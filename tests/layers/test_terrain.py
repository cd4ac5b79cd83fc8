"""Relief of drawn ground against the hillshade of the textbooks, its voids and seams, and files made to harm."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.transform import Affine

from siteplan.errors import LayerError
from siteplan.layers.terrain import GREYS, Relief, pieces, read_relief
from siteplan.layers.terrain.heights import read_heights

GAUSS = "EPSG:4545"
"""CGCS2000, zone of 108 E: on its central meridian, x = 500,000 m, grid north is north and a metre a metre."""
WEB = "EPSG:3857"
RADIUS_M = 6_378_137.0
Surface = Callable[[np.ndarray, np.ndarray], np.ndarray]


def write(path: Path, metres: np.ndarray, transform: Affine, crs: Any = GAUSS, **more: Any) -> Path:
    """A GeoTIFF of heights, 32-bit floats unless said otherwise."""
    array = np.asarray(metres, dtype=more.pop("dtype", "float32"))
    scale = more.pop("scale", None)
    with rasterio.open(
        path, "w", driver="GTiff", width=array.shape[1], height=array.shape[0], count=1, dtype=array.dtype, crs=crs,
        transform=transform, **more,
    ) as target:  # fmt: skip
        target.write(array, 1)
        if scale is not None:
            target.scales, target.offsets = (scale[0],), (scale[1],)
    return path


def cells(transform: Affine, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the middles of all cells."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    return places(transform, columns, rows)


def north_up(west: float, north: float, cell: float) -> Affine:
    """As rasterio's `from_origin`, which affine 3 warns of."""
    return Affine(cell, 0, west, 0, -cell, north)


def places(transform: Affine, columns: Any, rows: Any) -> tuple[Any, Any]:
    """As `transform * (columns, rows)`, which affine 2 and 3 write in different ways."""
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * columns + b * rows + c, d * columns + e * rows + f


def drawn(path: Path, surface: Surface, *, cell: float = 20.0, size: int = 200, **more: Any) -> Path:
    """Ground around the middle of the Gauss-Krueger zone at 26.5 N; `surface` of metres east and north of there."""
    transform = north_up(500_000 - size / 2 * cell, 2_932_000 + size / 2 * cell, cell)
    x, y = cells(transform, (size, size))
    return write(path, surface(x - 500_000, y - 2_932_000), transform, **more)


def levels(relief: Relief) -> np.ndarray:
    """The picture as grey levels 0 to 23; -1 where it is transparent."""
    with Image.open(io.BytesIO(relief.png)) as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
        grey = np.asarray(image.convert("RGB"))[..., 0]
    found = np.searchsorted(GREYS, grey)
    assert (np.asarray(GREYS)[found] == grey).all()
    assert set(np.unique(alpha)) <= {0, 255}
    return np.where(alpha == 0, -1, found)


def textbook(slope: Any, aspect_deg: Any, azimuth_deg: float = 315.0, altitude_deg: float = 45.0) -> np.ndarray:
    """Hillshade as manuals of GIS have it, on the relief's scale of greys: slope as rise over run, aspect clockwise
    from north, downhill."""
    zenith, steep = np.radians(90 - altitude_deg), np.arctan(slope)
    turn = np.radians(azimuth_deg - np.asarray(aspect_deg))
    shade = np.cos(zenith) * np.cos(steep) + np.sin(zenith) * np.sin(steep) * np.cos(turn)
    return np.clip((shade - 0.2) / 0.8, 0, 1) * 23


def relief_of(
    paths: Path | Sequence[Path], bounds: tuple[float, float, float, float] = (-180, -90, 180, 90), **more: Any
) -> Relief:
    found = read_relief([paths] if isinstance(paths, Path) else paths, bounds, **more)
    assert found is not None
    return found


def plane(slope: float, aspect_deg: float) -> Surface:
    """Ground that falls towards an aspect."""
    turn = np.radians(aspect_deg)
    return lambda east, north: 3000 - slope * (east * np.sin(turn) + north * np.cos(turn))


def inner(found: np.ndarray, rim: int = 6) -> np.ndarray:
    return found[rim:-rim, rim:-rim]


# Light and slope


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.8])
def test_a_plane_is_lit_as_the_textbooks_say(tmp_path: Path, slope: float) -> None:
    for aspect in range(0, 360, 45):
        path = drawn(tmp_path / "a.tif", plane(slope, aspect), size=60)
        found = inner(levels(relief_of(path, exaggeration=1.0)))
        assert np.abs(found - textbook(slope, aspect)).max() <= 0.51
        assert np.unique(found).size <= 2


def test_ground_that_faces_the_light_is_brightest(tmp_path: Path) -> None:
    for azimuth in (315, 105):
        seen = {}
        for aspect in range(0, 360, 15):
            path = drawn(tmp_path / "a.tif", plane(0.5, aspect), size=40)
            seen[aspect] = inner(levels(relief_of(path, azimuth_deg=azimuth, altitude_deg=45.0))).mean()
        assert seen[azimuth] == max(seen.values())
        assert seen[(azimuth + 180) % 360] == min(seen.values())
        assert seen[azimuth] - seen[(azimuth + 90) % 360] > 5 < seen[azimuth] - seen[(azimuth - 90) % 360]


@pytest.mark.parametrize("latitude", [-55.0, 0.0, 26.0, 70.0])
def test_a_slope_is_the_grounds_at_every_latitude(tmp_path: Path, latitude: float) -> None:
    """Web Mercator draws a pixel at 70 degrees three times as wide as it is: slopes would be a third."""
    crs = f"+proj=tmerc +lat_0={latitude} +lon_0=30 +ellps=WGS84 +units=m"
    transform = north_up(-600, 600, 20)
    for aspect in (0, 135, 270):
        path = write(tmp_path / "a.tif", plane(0.4, aspect)(*cells(transform, (60, 60))), transform, crs)
        found = inner(levels(relief_of(path, exaggeration=1.0)))
        assert np.abs(found - textbook(0.4, aspect)).max() <= 0.6


def cone(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    return 3000 - 0.5 * np.hypot(east, north)


def in_degrees(path: Path, surface: Surface, *, step: float = 1 / 4800, size: int = 200) -> Path:
    """The same ground as `drawn`, on a grid of degrees: its heights by pyproj, not by what is tested."""
    transform = north_up(108.0 - size / 2 * step, 26.5 + size / 2 * step, step)
    longitude, latitude = cells(transform, (size, size))
    x, y = pyproj.Transformer.from_crs("EPSG:4326", GAUSS, always_xy=True).transform(longitude, latitude)
    return write(path, surface(x - 500_000, y - 2_932_000), transform, "EPSG:4326")


def test_a_cone_is_lit_as_the_textbooks_say_and_the_same_from_both_kinds_of_grid(tmp_path: Path) -> None:
    bounds = (107.985, 26.487, 108.015, 26.515)
    both = []
    for path in (drawn(tmp_path / "metres.tif", cone), in_degrees(tmp_path / "degrees.tif", cone)):
        relief = relief_of(path, bounds, most_pixels=10_000)
        found = levels(relief)
        assert (found >= 0).all()
        rows, columns = found.shape
        x = np.radians(relief.west) + (np.arange(columns) + 0.5) / columns * np.radians(relief.east - relief.west)
        top, bottom = (np.arctanh(np.sin(np.radians(one))) for one in (relief.north, relief.south))
        y = top - (np.arange(rows) + 0.5) / rows * (top - bottom)
        longitude, latitude = np.meshgrid(np.degrees(x), np.degrees(np.arcsin(np.tanh(y))))
        east, north = pyproj.Transformer.from_crs("EPSG:4326", GAUSS, always_xy=True).transform(longitude, latitude)
        aspect = np.degrees(np.arctan2(east - 500_000, north - 2_932_000))
        off = np.abs(found - textbook(0.5, aspect))
        # The summit is a point to the formula and a few cells to any grid.
        off[np.hypot(east - 500_000, north - 2_932_000) < 120] = 0
        assert off.max() <= 1.0
        both.append(found)
    assert both[0].shape == both[1].shape
    assert np.abs(both[0] - both[1]).max() <= 1
    assert (both[0] == both[1]).mean() > 0.9


def test_real_ground_against_the_textbook_on_its_own_grid(repository: Path) -> None:
    path = repository / "data" / "dem.tif"
    with rasterio.open(path) as source:
        metres, transform, crs = source.read(1).astype(float), source.transform, source.crs
    north, east = np.gradient(metres, -80.0, 80.0)
    wanted = textbook(np.hypot(east, north), np.degrees(np.arctan2(-east, -north)))
    relief = relief_of(path)
    found = levels(relief)
    rng = np.random.default_rng(3)
    rows, columns = rng.integers(20, np.array(metres.shape)[:, None] - 20, (2, 4000))
    x, y = places(transform, columns + 0.5, rows + 0.5)
    longitude, latitude = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    at_y, top, bottom = (np.arctanh(np.sin(np.radians(one))) for one in (latitude, relief.north, relief.south))
    shown = found[
        ((top - at_y) / (top - bottom) * found.shape[0]).astype(int),
        ((longitude - relief.west) / (relief.east - relief.west) * found.shape[1]).astype(int),
    ]
    assert (shown >= 0).all()
    assert np.corrcoef(shown, wanted[rows, columns])[0, 1] > 0.9
    assert np.abs(shown - wanted[rows, columns]).mean() < 2


def test_gentle_ground_is_exaggerated_and_steep_ground_is_not(tmp_path: Path) -> None:
    def given(slope: float) -> float:
        return relief_of(drawn(tmp_path / "a.tif", plane(slope, 90))).exaggeration

    assert [given(slope) for slope in (0.6, 0.25, 0.125, 0.02, 0.0)] == [1.0, 1.0, 2.0, 3.0, 3.0]
    raised = relief_of(drawn(tmp_path / "a.tif", plane(0.125, 90)))
    assert np.abs(inner(levels(raised)) - textbook(0.25, 90)).max() <= 0.6


# The picture


def test_the_picture_is_small_soft_and_the_same_each_time(repository: Path) -> None:
    path, bounds = repository / "data" / "dem.tif", (107.47, 26.27, 107.89, 26.69)
    one, two = relief_of(path, bounds), relief_of(path, bounds)
    assert one == two and len(one.png) < 400_000
    with Image.open(io.BytesIO(one.png)) as image:
        assert image.mode == "P"
        colours = {value[:3] for _, value in image.convert("RGBA").getcolors() or ()}
    assert len(colours) <= 25
    assert all(red == green == blue and 200 <= red <= 255 for red, green, blue in colours)
    assert (one.void_share, one.unused, one.exaggeration) == (0.0, (), 1.0)
    # 80 m cells are not made finer.
    assert one.pixel_m == pytest.approx(80, abs=0.5)


def test_the_edges_are_those_of_the_map_where_the_file_reaches_further(repository: Path) -> None:
    bounds = (107.5, 26.3, 107.7, 26.5)
    relief = relief_of(repository / "data" / "dem.tif", bounds)
    assert (relief.west, relief.north) == pytest.approx((107.5, 26.5), abs=1e-9)
    # East and south may reach beyond by a part of a pixel, 80 m.
    assert 0 <= relief.east - 107.7 < 0.0009 and 0 <= 26.3 - relief.south < 0.0009


@pytest.mark.parametrize("most", [1, 10, 997, 20_000])
def test_no_more_pixels_than_allowed(repository: Path, most: int) -> None:
    found = levels(relief_of(repository / "data" / "dem.tif", most_pixels=most))
    assert most / 3 <= found.size <= most


def test_no_files_no_relief() -> None:
    assert read_relief([], (0, 0, 1, 1)) is None


def test_the_andorran_srtm_tile(shared_data: Path) -> None:
    """Real ground with real voids, in the zip that such tiles come in."""
    relief = relief_of(shared_data / "andorra" / "N42E001.hgt.zip", (1.40, 42.42, 1.80, 42.67))
    found = levels(relief)
    assert relief.void_share == pytest.approx((found == -1).mean(), rel=0.05) and 0.001 < relief.void_share < 0.005
    assert len(relief.png) < 400_000
    assert found.std() > 3
    whole = relief_of(shared_data / "andorra" / "N42E001.hgt.zip", (1.0, 42.0, 2.0, 43.0))
    assert 0.001 < whole.void_share < 0.02
    assert len(whole.png) < 400_000


# Voids


def in_web_mercator(metres: np.ndarray, path: Path, **more: Any) -> Path:
    """Cells that are the picture's pixels one by one, at the equator."""
    return write(path, metres, north_up(0, 100.0 * metres.shape[0] / 2, 100), WEB, **more)


def sloping(shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    """A plane of two whole numbers a cell, so that 16 bits hold it too."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return 500.0 + 20 * rows + 10 * columns


HOLES = np.zeros((60, 80), bool)
HOLES[10:20, 30:33] = HOLES[40, 50] = HOLES[0:4, 0:9] = HOLES[30:, 70:] = HOLES[50, 5:40] = True


@pytest.mark.parametrize(
    ("void", "more"),
    [
        (np.nan, {}),
        (-9999, {"nodata": -9999}),
        (0, {"nodata": 0}),
        (-32768, {"dtype": "int16"}),
        (32767, {"dtype": "int16"}),
        (-32768, {"dtype": "int16", "nodata": -32768}),
        (3.4e38, {}),
        (-np.inf, {}),
        (-431, {}),
        (8851, {}),
    ],
)
def test_voids_are_transparent_and_the_ground_beside_them_is_as_it_was(
    tmp_path: Path, void: float, more: dict[str, Any]
) -> None:
    whole = levels(relief_of(in_web_mercator(sloping(), tmp_path / "whole.tif")))
    found = levels(relief_of(in_web_mercator(np.where(HOLES, void, sloping()), tmp_path / "a.tif", **more)))
    assert found.shape == HOLES.shape
    assert ((found == -1) == HOLES).all()
    assert (found[~HOLES] == whole[~HOLES]).all()


def test_the_lowest_and_highest_ground_are_none(tmp_path: Path) -> None:
    metres = np.linspace(-429, 8849, 4800).reshape(60, 80)
    assert (levels(relief_of(in_web_mercator(metres, tmp_path / "a.tif"))) >= 0).all()


def test_a_mask_in_the_file_is_a_void(tmp_path: Path) -> None:
    path = in_web_mercator(sloping(), tmp_path / "a.tif")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        target.write_mask(~HOLES)
    assert ((levels(relief_of(path)) == -1) == HOLES).all()


def test_the_share_of_voids_is_the_maps(tmp_path: Path) -> None:
    path = in_web_mercator(np.where(HOLES, np.nan, sloping()), tmp_path / "a.tif")
    degree = np.degrees(100 / RADIUS_M)
    file = (0.0, -30 * degree, 80 * degree, 30 * degree)
    assert relief_of(path, file).void_share == pytest.approx(HOLES.mean(), abs=1e-4)
    twice = (0.0, -30 * degree, 160 * degree, 30 * degree)
    assert relief_of(path, twice).void_share == pytest.approx((1 + HOLES.mean()) / 2, abs=1e-4)


def test_a_lone_height_is_flat_and_shown(tmp_path: Path) -> None:
    metres = np.full((60, 80), np.nan)
    metres[20, 30] = 700
    found = levels(relief_of(in_web_mercator(metres, tmp_path / "a.tif")))
    assert (found >= 0).sum() == 1
    assert abs(found[20, 30] - textbook(0, 0)) <= 0.5


# Several files


def hills(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Round hills, some 45 degrees steep."""
    return 900 + 150 * np.sin(east / 300) * np.cos(north / 260) + 60 * np.sin((east + 2 * north) / 130)


@pytest.mark.parametrize("overlap", [0, 1, 17])
@pytest.mark.parametrize("most", [900_000, 3_000])
def test_tiles_of_one_grid_leave_no_seam(tmp_path: Path, overlap: int, most: int) -> None:
    """Cut in four, as they come or sharing cells as SRTM's do, the ground gives the picture of the whole."""
    whole = drawn(tmp_path / "whole.tif", hills)
    tiles = []
    with rasterio.open(whole) as source:
        metres, transform = source.read(1), source.transform
    for row in (0, 101):
        for column in (0, 77):
            part = metres[row : 101 + overlap if row == 0 else None, column : 77 + overlap if column == 0 else None]
            at = north_up(*places(transform, column, row), 20)
            tiles.append(write(tmp_path / f"{row}-{column}.tif", part, at))
    found, wanted = (levels(relief_of(paths, most_pixels=most)) for paths in (tiles[::-1], whole))
    assert found.shape == wanted.shape and np.abs(found - wanted).max() <= 1
    # The edge of four files is not that of one by some micrometres; averaged, cells that two tiles share count twice.
    assert (found == wanted).mean() > (0.999 if most == 900_000 or overlap == 0 else 0.9)


def srtm(folder: Path, south: int, west: int, surface: Surface) -> Path:
    """A tile as NASA ships it: 1,201 x 1,201 big-endian 16-bit numbers, the first and last on whole degrees."""
    rows, columns = np.mgrid[:1201, :1201]
    metres = surface(west + columns / 1200, south + 1 - rows / 1200)
    path = folder / f"N{south:02d}E{west:03d}.hgt"
    metres.round().astype(">i2").tofile(path)
    return path


def test_srtm_tiles_meet_without_a_seam(tmp_path: Path) -> None:
    def ramp(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        # 48 and 24 m a cell of 3", so that rounding to whole metres changes nothing.
        return 57_600 * (longitude - 107.98) + 28_800 * (latitude - 25.98) + 1000

    tiles = [srtm(tmp_path, south, west, ramp) for south in (25, 26) for west in (107, 108)]
    # Only around the corner where four meet are the heights of this earth.
    found = levels(relief_of(tiles, (107.97, 25.97, 108.03, 26.03), exaggeration=1.0))
    east_m, north_m = np.pi / 180 * 6_378_137 * 0.8994, np.pi / 180 * 6_351_000
    slope = np.hypot(57_600 / east_m, 28_800 / north_m)
    aspect = np.degrees(np.arctan2(-57_600 / east_m, -28_800 / north_m))
    assert np.abs(found - textbook(slope, aspect)).max() <= 1.0
    assert np.unique(found).size <= 2


def test_later_files_fill_the_voids_of_earlier_ones_and_nothing_else(tmp_path: Path) -> None:
    low = in_web_mercator(np.where(HOLES, np.nan, 100.0), tmp_path / "low.tif")
    high = in_web_mercator(np.where(HOLES.T[:60, :60].repeat(2, 1)[:, :80], np.nan, 300.0), tmp_path / "high.tif")
    void = ~np.isfinite(rasterio.open(high).read(1))
    for paths, first, second in (((low, high), (~HOLES, 100.0), 300.0), ((high, low), (~void, 300.0), 100.0)):
        heights = read_heights(paths, (-1, -1, 1, 1), most_pixels=900_000)
        metres = np.where(heights.known, heights.metres[1:-1, 1:-1], np.nan)
        known, own = first
        # The spline softens the step where files meet, over two cells.
        near = np.abs(metres - np.where(known, own, second)) < 1
        assert (np.isnan(metres) == (HOLES & void)).all()
        assert near[~np.isnan(metres)].mean() > 0.7
        assert set(np.unique(metres[near].round())) == {100.0, 300.0}


def test_a_coarse_file_on_another_grid_fills_in_and_no_more(tmp_path: Path) -> None:
    fine = drawn(tmp_path / "fine.tif", lambda e, n: np.where(np.hypot(e, n) < 600, np.nan, plane(0.4, 30)(e, n)))
    coarse = in_degrees(tmp_path / "coarse.tif", plane(0.4, 30), step=1 / 1200, size=60)
    west, south, east, north = bounds = (107.985, 26.485, 108.015, 26.515)
    alone, both = relief_of(fine, bounds), relief_of([fine, coarse], bounds)
    area, _ = pyproj.Geod(ellps="WGS84").polygon_area_perimeter([west, east, east, west], [south, south, north, north])
    assert alone.void_share == pytest.approx(np.pi * 600**2 / area, rel=0.02)
    assert both.void_share == 0
    assert np.abs(levels(both) - textbook(0.4, 30)).max() <= 1
    # Coarse ground that lies wholly otherwise shows in the hole and nowhere else, but for a pixel at its edge.
    other = levels(relief_of([fine, in_degrees(coarse, plane(0.4, 150), step=1 / 1200, size=60)], bounds))
    hole = levels(alone) == -1
    changed = np.abs(other - levels(both)) > 1
    beside = np.array([np.roll(hole, move, (0, 1)) for move in np.ndindex(3, 3)]).any(axis=0)
    beside = np.roll(beside, (-1, -1), (0, 1))
    assert changed[hole].mean() > 0.9 and not changed[~beside].any()


def test_files_elsewhere_are_named_and_do_no_harm(tmp_path: Path, repository: Path) -> None:
    near, far = repository / "data" / "dem.tif", in_web_mercator(sloping(), tmp_path / "far.tif")
    bounds = (107.5, 26.3, 107.7, 26.5)
    relief = relief_of([far, near], bounds)
    assert relief.unused == ("far.tif",)
    assert relief.png == relief_of(near, bounds).png


# Kinds of files


def test_every_kind_of_file_gives_the_same_picture(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.tif", hills, nodata=-9999)
    wanted = levels(relief_of(path))
    for driver, name in (("AAIGrid", "b.asc"), ("HFA", "c.img"), ("COG", "d.tif")):
        rasterio.shutil.copy(path, tmp_path / name, driver=driver)
        assert np.abs(levels(relief_of(tmp_path / name)) - wanted).max() <= 1


def test_numbers_with_a_scale_and_rows_from_the_south(tmp_path: Path) -> None:
    metres = sloping()
    wanted = relief_of(in_web_mercator(metres, tmp_path / "a.tif"))
    packed = in_web_mercator((metres - 100) * 10, tmp_path / "b.tif", dtype="int16", scale=(0.1, 100.0))
    assert (levels(relief_of(packed)) == levels(wanted)).all()
    turned = write(tmp_path / "c.tif", metres[::-1], Affine(100, 0, 0, 0, 100, -3000), WEB)
    assert (levels(relief_of(turned)) == levels(wanted)).all()


def test_a_turned_raster(tmp_path: Path) -> None:
    # 50 m cells turned by 30 degrees around the middle.
    a, b = 50 * np.cos(np.pi / 6), 50 * np.sin(np.pi / 6)
    transform = Affine(a, b, 500_000 - 100 * (a + b), b, -a, 2_932_000 - 100 * (b - a))
    x, y = cells(transform, (200, 200))
    path = write(tmp_path / "a.tif", plane(0.4, 200)(x - 500_000, y - 2_932_000), transform)
    found = levels(relief_of(path, (107.97, 26.48, 108.03, 26.52), exaggeration=1.0))
    assert np.abs(found - textbook(0.4, 200)).max() <= 0.6


def test_a_name_with_all_that_addresses_know_is_still_a_file(tmp_path: Path) -> None:
    path = drawn(tmp_path / "\u5929 a?b#c%41!&;.tif", hills)
    assert (levels(relief_of(path)) >= 0).any()


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.tif", hills)
    before = path.read_bytes()
    relief_of(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tif"] and path.read_bytes() == before


# Faults, in words for planners


def refused(paths: Path | Sequence[Path], bounds: tuple[float, float, float, float] = (107, 26, 109, 27)) -> str:
    with pytest.raises(LayerError) as caught:
        read_relief([paths] if isinstance(paths, Path) else paths, bounds)
    said = str(caught.value)
    for line in said.splitlines():
        assert line.startswith("dem: ") and ("; expected " in line or "damaged" in line), line
    return said


def test_what_is_no_raster_of_heights(tmp_path: Path, repository: Path) -> None:
    assert "is not there" in refused(tmp_path / "none.tif")
    assert "is not there" in refused(tmp_path)
    (tmp_path / "a.tif").write_text("x,y\n1,2\n")
    assert "a.tif cannot be opened" in refused(tmp_path / "a.tif")
    (tmp_path / "N26E107.hgt").write_bytes(b"\0" * 1000)
    assert "cannot be opened" in refused(tmp_path / "N26E107.hgt")
    assert "cannot be opened" in refused(repository / "data" / "villages.gpkg")
    Image.new("RGB", (9, 9)).save(tmp_path / "b.tif")
    assert "3 bands of uint8: a picture" in refused(tmp_path / "b.tif")
    drawn(tmp_path / "c.tif", hills, dtype="complex64")
    assert "bands of complex64" in refused(tmp_path / "c.tif")


@pytest.mark.parametrize("name", ["a.tif", "a.vrt", "N26E107.hgt"])
def test_a_file_that_names_other_files_is_not_followed(tmp_path: Path, repository: Path, name: str) -> None:
    """A VRT is XML that can name any file and any address: no driver of it is let in."""
    dem = repository / "data" / "dem.tif"
    (tmp_path / name).write_text(
        '<VRTDataset rasterXSize="550" rasterYSize="612"><SRS>EPSG:4545</SRS><GeoTransform>446000,80,0,2954000,0,-80'
        '</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename relativeToVRT="0">'
        f"{dem}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with rasterio.open(tmp_path / name) as source:
        assert source.driver == "VRT"
    assert "cannot be opened" in refused(tmp_path / name)


def test_a_raster_without_a_crs(tmp_path: Path) -> None:
    drawn(tmp_path / "a.tif", hills, crs=None)
    assert "a.tif does not say its CRS; expected" in refused(tmp_path / "a.tif")
    drawn(tmp_path / "b.tif", hills)
    rasterio.shutil.copy(tmp_path / "b.tif", tmp_path / "b.asc", driver="AAIGrid")
    (tmp_path / "b.prj").unlink()
    assert "put the .prj file back" in refused(tmp_path / "b.asc")


def test_a_raster_under_the_wrong_crs(tmp_path: Path) -> None:
    for crs in ("EPSG:4326", "EPSG:4490"):
        said = refused(drawn(tmp_path / "a.tif", hills, crs=crs))
        assert "(498000 to 502000, 2930000 to 2934000) lie outside what its CRS can hold" in said and crs in said
    said = refused(drawn(tmp_path / "a.tif", hills, crs="EPSG:4539"))
    assert "a.tif lies at 89.98 to 90.02 E" in said and "107.00 to 109.00 E" in said


def test_a_raster_that_lies_nowhere(tmp_path: Path) -> None:
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write(tmp_path / "a.tif", sloping(), Affine.identity())
    assert "does not say where it lies" in refused(tmp_path / "a.tif")


def test_ground_elsewhere_and_ground_unknown(tmp_path: Path, repository: Path) -> None:
    said = refused(repository / "data" / "dem.tif", (1.4, 42.4, 1.8, 42.7))
    assert "dem.tif lies at 107.46 to 107.90 E, 26.25 to 26.70 N" in said and "1.40 to 1.80 E" in said
    void = drawn(tmp_path / "a.tif", lambda east, north: np.full(east.shape, -32768))
    assert "all is void" in refused(void)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = refused(
        [tmp_path / "none.tif", drawn(tmp_path / "a.tif", hills, crs=None), drawn(tmp_path / "b.tif", hills)]
    )
    assert len(said.splitlines()) == 2 and "none.tif" in said and "a.tif" in said


def test_a_cut_file_is_damaged(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.tif", hills, compress="deflate")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "a.tif" in refused(path)


def test_mutated_files_end_in_a_picture_or_in_words(tmp_path: Path, repository: Path) -> None:
    whole = (repository / "data" / "dem.tif").read_bytes()
    rng = np.random.default_rng(11)
    told = 0
    for turn in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, 2000 if turn % 2 else len(data), 3 + turn):
            data[at] = rng.integers(256)
        (tmp_path / "a.tif").write_bytes(data)
        try:
            read_relief([tmp_path / "a.tif"], (107.5, 26.3, 107.6, 26.4), most_pixels=5_000)
        except LayerError as error:
            told += 1
            assert str(error).startswith("dem: a.tif")
    assert told > 5


# Size


MEASURE = """
import json, resource, sys, time
from pathlib import Path
import numpy, PIL.Image, rasterio.warp
from siteplan.layers.terrain import read_relief
start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
relief = read_relief([Path(sys.argv[1])], tuple(map(float, sys.argv[2].split(","))))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([time.monotonic() - start, grown / 1000, relief.void_share, relief.pixel_m]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the module resource")
@pytest.mark.parametrize(("tiled", "share"), [(True, 1.0), (False, 1.0), (False, 0.01)])
def test_a_raster_of_ten_thousand_million_cells_takes_little_memory(tmp_path: Path, tiled: bool, share: float) -> None:
    """A file of a few megabytes that claims 10 GB: no block of it is there."""
    path = tmp_path / "huge.tif"
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512} if tiled else {"tiled": False}
    with rasterio.open(
        path, "w", driver="GTiff", width=100_000, height=100_000, count=1, dtype="uint8", crs="EPSG:4326",
        transform=north_up(100, 30, 1e-4), SPARSE_OK="TRUE", BIGTIFF="YES", **layout,
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 4_000_000
    bounds = f"100,{30 - 10 * share},{100 + 10 * share},30"
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), bounds], capture_output=True, text=True, check=True
    )
    seconds, megabytes, void_share, pixel_m = json.loads(done.stdout)
    assert megabytes < 350
    assert seconds < 60
    assert void_share == pytest.approx(0, abs=1e-3)
    assert pixel_m == pytest.approx(1050 if share == 1 else 10.9, rel=0.1)


def test_one_block_of_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=16_384, height=16_384, count=1, dtype="float32", crs="EPSG:4326",
        transform=north_up(107, 27, 1e-4), SPARSE_OK="TRUE", tiled=True, blockxsize=16_384, blockysize=16_384,
    ):  # fmt: skip
        pass
    assert "can only be read in blocks of" in refused(path)


def test_pieces_change_nothing_and_samples_little(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = repository / "data" / "dem.tif"
    wanted = relief_of(path, most_pixels=3_000)
    monkeypatch.setattr(pieces, "_PIECE", 50)
    assert relief_of(path, most_pixels=3_000) == wanted
    monkeypatch.setattr(pieces, "_MOST_SAMPLES", 20_000)
    sampled = levels(relief_of(path, most_pixels=3_000))
    assert np.corrcoef(inner(sampled, 2).ravel(), inner(levels(wanted), 2).ravel())[0, 1] > 0.8


def test_reading_that_does_not_end_is_stopped(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siteplan.layers.terrain.heights.MOST_SECONDS", -1.0)
    assert "was stopped; expected a raster of the county's size" in refused(repository / "data" / "dem.tif")


def test_a_zip_that_is_no_tile(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "N26E107.hgt.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("N26E107.hgt", b"\0" * 50_000_000)
    assert "cannot be opened" in refused(tmp_path / "N26E107.hgt.zip")
