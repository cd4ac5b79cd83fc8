"""The made county as files in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siteplan.layers.writing import write_csv, write_gpkg
from siteplan.sample.grid import CRS, Floats, Grid


def write_dem(path: Path, heights_m: Floats, grid: Grid) -> None:
    """Heights in metres as a deflated GeoTIFF, one band of 32-bit floats."""
    import rasterio
    from rasterio.transform import Affine

    with rasterio.open(
        path, "w", driver="GTiff", width=grid.cols, height=grid.rows, count=1, dtype="float32", crs=CRS,
        transform=Affine(grid.cell_m, 0.0, grid.west, 0.0, -grid.cell_m, grid.north), compress="deflate", predictor=3,
        zlevel=9, tiled=True, blockxsize=256, blockysize=256, nodata=-9999.0,
    ) as target:  # fmt: skip
        target.write(heights_m.astype(np.float32), 1)
        target.set_band_unit(1, "m")


PLAN = """\
# The sample county: a run of everything siteplan knows.
[plan]
name = "sample"
title = "青岚县（示例）"
title_en = "Qinglan County (sample)"
language = "zh"
country = "CN"
crs = "auto"

[roads]
profile = "cn-hamlet"
access_m = 100.0
anchor_m = 100.0
anchor_centres = ["county", "township", "village"]

[layers]
villages = { path = "villages.gpkg" }
roads = { path = "roads.gpkg", values = { status = { "已建" = "open", "规划" = "planned", "封闭" = "closed" } } }
projects = { path = "projects.csv" }
"""

COUNTY_LAYERS = (
    "centres", "sites", "water_lines", "water_points", "boundaries", "power_lines", "hazards", "farmland", "redline",
    "rivers",
)  # fmt: skip

AROUND = """
[terrain]
dem = "dem.tif"

[water]
quality_decides = false
budget = 2000000
most_per_person = 15000

[map]
language = "both"
source = "siteplan 示例数据（虚构）"
"""


def plan_text() -> str:
    """The plan file of the county."""
    return PLAN + "".join(f'{name} = {{ path = "county.gpkg", layer = "{name}" }}\n' for name in COUNTY_LAYERS) + AROUND


__all__ = ["COUNTY_LAYERS", "plan_text", "write_csv", "write_dem", "write_gpkg"]
