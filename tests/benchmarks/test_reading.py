"""Benchmarks of reading: every check, the process of its own and the private copy against the bare library.

Each side runs in a process of its own, so that its time and the greatest memory of its processes are its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from province import made_province

SIZES = [2_000, pytest.param(100_000, marks=pytest.mark.sweep), pytest.param(1_000_000, marks=pytest.mark.sweep)]

BARE = """
import pyogrio
tables = [pyogrio.read_dataframe(f"{folder}/{name}.gpkg", use_arrow=True) for name in ("villages", "roads")]
rows = [len(table) for table in tables]
"""
CHECKED = """
from siteplan.layers.reading import read_layers
from siteplan.plan import plan_from_files
plan = plan_from_files(villages=f"{folder}/villages.gpkg", roads=f"{folder}/roads.gpkg")
layers = read_layers(plan)
rows = [layers.layers[name].counts.kept for name in ("villages", "roads")]
"""
MEASURED = """
import json, resource, sys, time
folder = sys.argv[1]
import geopandas, pyogrio, siteplan.layers.reading, siteplan.plan
began = time.perf_counter()
{work}
seconds = time.perf_counter() - began
peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({{"rows": rows, "seconds": seconds, "peak_mb": max(peaks), "both_mb": sum(peaks)}}))
"""


def measured(work: str, folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(work=work), str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("size", SIZES)
def test_checked_reading(size: int, benchmark, tmp_path: Path) -> None:
    """`read_layers` of a made province against `pyogrio.read_dataframe(use_arrow=True)` of the same files."""
    province = made_province(size)
    roads = province.roads.assign(surface=np.where(province.roads["hard"], "asphalt", "gravel")).drop(columns="hard")
    pyogrio.write_dataframe(roads, tmp_path / "roads.gpkg")
    pyogrio.write_dataframe(province.hamlets.assign(people=100), tmp_path / "villages.gpkg")
    bare = measured(BARE, tmp_path)
    checked = benchmark.pedantic(measured, args=(CHECKED, tmp_path), rounds=1, iterations=1)
    assert checked["rows"] == bare["rows"]
    if benchmark.stats is not None:
        ratio, memory = checked["seconds"] / bare["seconds"], checked["both_mb"] / bare["peak_mb"]
        benchmark.extra_info.update(bare=bare, checked=checked, ratio=round(ratio, 2), memory=round(memory, 2))
        sides = (f"{side['seconds']:.2f} s, {side['both_mb']:.0f} MB" for side in (bare, checked))
        print(f"\n{size} roads: bare {', checked '.join(sides)}: {ratio:.1f} times, memory {memory:.1f} times")


def test_a_polygon_of_460_000_points(benchmark, tmp_path: Path) -> None:
    """Reading one huge polygon beside two small ones, whole and checked."""
    import geopandas as gpd

    from siteplan.layers.reading import read_layers
    from siteplan.plan import plan_from_files

    province = made_province(200)
    turn = np.linspace(0, 2 * np.pi, 460_000, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * (2000 + 20 * np.sin(997 * turn))[:, None]
    shapes = [shapely.Polygon(ring + np.array([303_000, 3_003_000])), shapely.box(3e5, 3e6, 3e5 + 100, 3e6 + 100)]
    sites = gpd.GeoDataFrame({"id": ["S1", "S2"]}, geometry=shapes, crs=province.roads.crs)
    roads = province.roads.assign(surface="asphalt").drop(columns="hard")
    for name, table in (("roads", roads), ("villages", province.hamlets), ("sites", sites)):
        pyogrio.write_dataframe(table, tmp_path / f"{name}.gpkg")
    plan = plan_from_files(**{name: tmp_path / f"{name}.gpkg" for name in ("villages", "roads", "sites")})
    layers = benchmark.pedantic(read_layers, args=(plan,), rounds=1, iterations=1)
    assert shapely.get_num_coordinates(layers.table("sites").geometry.iloc[0]) == 460_001
    assert "layers.large_shape" in set(layers.findings["code"])
