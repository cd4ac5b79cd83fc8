"""Heights at points and along lines, read from small rasters whose ground is known by formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from siteplan.errors import LayerError
from siteplan.layers.terrain import sampling
from siteplan.layers.terrain.sampling import ground_length, profile, profiles, read_surface, sample

CRS = "EPSG:32648"
WEST, NORTH, CELL = 500_000.0, 2_900_000.0, 10.0


def plane(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 300.0 + 0.2 * (x - WEST) - 0.1 * (NORTH - y)


def raster(
    path: Path, *, left: int = 0, top: int = 0, columns: int = 40, rows: int = 30, lift: float = 0.0, crs: str = CRS,
    void: list[tuple[int, int]] | None = None, **profile: object,
) -> Path:  # fmt: skip
    """A tile of the plane, its corner so many cells from the common one."""
    west, north = WEST + left * CELL, NORTH - top * CELL
    x, y = west + (np.arange(columns) + 0.5) * CELL, north - (np.arange(rows) + 0.5) * CELL
    heights = plane(*np.meshgrid(x, y)).astype(np.float32) + np.float32(lift)
    for row, column in void or []:
        heights[row, column] = -9999.0
    options = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": -9999.0, **profile}
    with rasterio.open(
        path, "w", width=columns, height=rows, crs=crs, transform=Affine(CELL, 0, west, 0, -CELL, north), **options
    ) as file:
        file.write(heights, 1)
    return path


def points(n: int = 500, *, columns: float = 40, rows: float = 30, margin: float = 0.5, seed: int = 4) -> np.ndarray:
    share = np.random.default_rng(seed).uniform(0, 1, (n, 2))
    x = WEST + (margin + share[:, 0] * (columns - 2 * margin)) * CELL
    return np.column_stack([x, NORTH - (margin + share[:, 1] * (rows - 2 * margin)) * CELL])


def test_a_plane_is_met_exactly(tmp_path: Path) -> None:
    at = points()
    assert sample([raster(tmp_path / "a.tif")], at, CRS) == pytest.approx(plane(*at.T), abs=1e-3)


def test_tiles_have_no_seam_between_them(tmp_path: Path) -> None:
    tiles = [raster(tmp_path / f"{i}.tif", left=left, columns=20) for i, left in enumerate((0, 20))]
    at = points()
    beside = np.abs(at[:, 0] - (WEST + 200)) < CELL
    assert beside.sum() > 10
    assert sample(tiles, at, CRS) == pytest.approx(plane(*at.T), abs=1e-3)


def test_later_files_fill_the_voids_of_earlier_ones_only(tmp_path: Path) -> None:
    holes = [(row, column) for row in range(5, 25) for column in range(10, 30)]
    first = raster(tmp_path / "a.tif", void=holes)
    shifted = raster(tmp_path / "b.tif", lift=50.0)
    middle = np.array([[WEST + 205, NORTH - 155], [WEST + 25, NORTH - 25]])
    assert sample([first, shifted], middle, CRS) - plane(*middle.T) == pytest.approx([50.0, 0.0], abs=1e-3)
    assert np.isnan(sample([first], middle, CRS)).tolist() == [True, False]


def test_a_place_in_a_void_has_no_height_and_one_beside_it_has(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", void=[(10, 10)])
    x, y = WEST + 105.0, NORTH - 105.0
    inside = np.array([[x, y], [x + 4.9, y], [x - 4.9, y - 4.9], [x + 4.0, y + 4.0]])
    assert np.isnan(sample([path], inside, CRS)).all()
    beside = np.array([[x + 5.1, y], [x - 5.1, y - 4.0], [x, y + 9.0]])
    found = sample([path], beside, CRS)
    # From the known cells around it, half a cell away at most.
    assert np.abs(found - plane(*beside.T)).max() < 1.6


def test_outside_there_is_no_height_and_the_edge_belongs_to_the_file(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif")
    outside = np.array([[WEST - 0.1, NORTH - 50], [WEST + 400.1, NORTH - 50], [WEST + 50, NORTH + 0.1], [0.0, 0.0],
                        [np.nan, NORTH]])  # fmt: skip
    assert np.isnan(sample([path], outside, CRS)).all()
    edge = np.array([[WEST, NORTH - 50], [WEST + 400, NORTH - 50], [WEST + 50, NORTH], [WEST + 50, NORTH - 300]])
    assert np.abs(sample([path], edge, CRS) - plane(*edge.T)).max() < 1.1


def test_points_and_file_may_be_in_other_crs(tmp_path: Path) -> None:
    at = points()
    to_degrees = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    degrees = np.column_stack(to_degrees.transform(*at.T))
    assert sample([raster(tmp_path / "a.tif")], degrees, "EPSG:4326") == pytest.approx(plane(*at.T), abs=1e-2)


def test_only_the_blocks_with_points_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = raster(tmp_path / "a.tif", columns=2100, rows=1600)
    windows = []
    real = sampling.averaged

    def watched(dems, window, step, until):
        windows.append(window)
        return real(dems, window, step, until)

    monkeypatch.setattr(sampling, "averaged", watched)
    at = np.array([[WEST + 50.0, NORTH - 50.0], [WEST + 60.0, NORTH - 70.0], [WEST + 20_900.0, NORTH - 15_900.0]])
    assert sample([path], at, CRS) == pytest.approx(plane(*at.T), abs=1e-2)
    assert len(windows) == 2
    assert max(window.columns * window.rows for window in windows) <= 520 * 520


def test_block_borders_leave_no_seam(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", columns=1100, rows=60)
    at = points(3000, columns=1100, rows=60)
    assert sample([path], at, CRS) == pytest.approx(plane(*at.T), abs=2e-3)


def test_whole_numbers_scale_and_offset_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", driver="GTiff", dtype="int16", count=1, width=2, height=2, crs=CRS, nodata=-1,
                       transform=Affine(CELL, 0, WEST, 0, -CELL, NORTH)) as file:  # fmt: skip
        file.write(np.full((2, 2), 2500, dtype=np.int16), 1)
        file.scales, file.offsets = (0.1,), (100.0,)
    assert sample([path], np.array([[WEST + 10, NORTH - 10]]), CRS) == pytest.approx([350.0])


def test_a_surface_knows_its_cells_and_answers_like_sample(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif")
    surface = read_surface([path], CRS)
    assert surface.spacing_m == pytest.approx(CELL)
    at = points(20)
    assert np.array_equal(surface(at), sample([path], at, CRS))


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"II*\x00 no raster")
    with pytest.raises(LayerError, match=r"bad\.tif"):
        read_surface([bad], CRS)
    with pytest.raises(LayerError, match=r"gone\.tif"):
        sample([tmp_path / "gone.tif"], points(3), CRS)
    with pytest.raises(LayerError, match="no files"):
        read_surface([], CRS)


def slope(xy: np.ndarray) -> np.ndarray:
    """30 m up on 40 m east."""
    return 0.75 * xy[:, 0]


def test_length_over_a_slope(tmp_path: Path) -> None:
    lines = np.array(
        [shapely.LineString([(0, 0), (40, 0)]), shapely.LineString([(0, 0), (0, 70), (7, 70)])], dtype=object
    )
    over, known = ground_length(lines, slope, spacing_m=9.0)
    assert over.tolist() == pytest.approx([50.0, 70.0 + 8.75]) and known.tolist() == [1.0, 1.0]


def test_a_ridge_between_the_vertices_counts_and_voids_are_plane() -> None:
    line = np.array([shapely.LineString([(0, 0), (80, 0)])], dtype=object)

    def ridge(xy: np.ndarray) -> np.ndarray:
        return 0.75 * (40.0 - np.abs(xy[:, 0] - 40.0))

    assert ground_length(line, ridge, spacing_m=20.0)[0].tolist() == pytest.approx([100.0])

    def half(xy: np.ndarray) -> np.ndarray:
        return np.where(xy[:, 0] <= 40.0, slope(xy), np.nan)

    over, known = ground_length(line, half, spacing_m=20.0)
    assert over.tolist() == pytest.approx([90.0]) and known.tolist() == [0.5]


def test_stations_stand_at_every_vertex_and_no_farther_apart_than_asked() -> None:
    line = shapely.LineString([(0, 0), (25, 0), (25, 7), (27, 7)])
    found = profile(line, slope, spacing_m=10.0)
    assert found.station_m.tolist() == pytest.approx([0, 25 / 3, 50 / 3, 25, 32, 34])
    assert found.height_m.tolist() == pytest.approx([0, 6.25, 12.5, 18.75, 18.75, 20.25])
    assert found.xy.tolist()[-2:] == [[25.0, 7.0], [27.0, 7.0]]
    two = profiles(np.array([line, line], dtype=object), slope, spacing_m=10.0)
    assert two.line.tolist() == [0] * 6 + [1] * 6 and np.array_equal(two.station_m[:6], two.station_m[6:])
    none = profiles(np.zeros(0, dtype=object), slope, spacing_m=10.0)
    assert len(none.line) == 0
    with pytest.raises(ValueError, match="spacing_m"):
        profile(line, slope, spacing_m=0.0)
