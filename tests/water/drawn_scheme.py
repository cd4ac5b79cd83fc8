"""A spring, its tank and one hamlet on a slope, with hamlets beside the road that have no water: drawn by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from drawn_pipes import CRS, hamlet, pipe, point, spring, table

from siteplan.standards import load_water_design, load_water_profile
from siteplan.water.demand import demands
from siteplan.water.extensions.proposal import Works
from siteplan.water.hydraulics import Limits, run_hydraulics
from siteplan.water.network import build_water_network
from siteplan.water.tracing import trace

DESIGN = load_water_design("sl-310-2004")
PEAK = DESIGN.factors["peak_hour"].use
LIMITS = Limits(static_tap_m=40.0, velocity_low_mps=0.7, velocity_high_mps=3.0)


@dataclass(frozen=True)
class Ground:
    """A slope down to the east by 4 in 100, as a surface."""

    spacing_m: float = 30.0

    def __call__(self, xy: np.ndarray) -> np.ndarray:
        return 600.0 - 0.04 * xy[:, 0]


def scheme(
    *,
    yield_m3: float = 40.0,
    volume_m3: float = 20.0,
    people: float = 100.0,
    dn: dict[str, Any] | None = None,
    lines: list[dict] | None = None,
    points: list[dict] | None = None,
    hamlets: list[dict] | None = None,
) -> Works:
    """Spring at x = 0, tank at 500, hamlet A at 1500; all of it known."""
    bore = {"dn_mm": 63.0, "inner_mm": 55.0, **(dn or {})}
    drawn = [pipe("P1", (0, 0), (500, 0), **bore), pipe("P2", (500, 0), (1500, 0), **bore)] if lines is None else lines
    tank = {"floor_m": 580.0, "max_level_m": 583.0, "volume_m3": volume_m3}
    given = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=yield_m3, name="泉")]
    given += [point("T1", "tank", 500, 0, name="水池", **tank)] if volume_m3 else []
    villages = table("villages", hamlets or [hamlet("A", 1500, 0, people=people, livestock=0.0)])
    network = build_water_network(
        table("water_lines", drawn),
        table("water_points", given if points is None else points),
        villages,
        heights=Ground(),
        near_m=50.0,
        snap_m=5.0,
    )
    profile = load_water_profile("cn-t-ches-18-2018")
    need = demands(villages, profile, design=DESIGN, livestock="where_known", assume_connection="yard")
    reach = trace(network)
    return Works(network, need, reach, run_hydraulics(network, need, reach, limits=LIMITS))


def asking(*rows: tuple[str, float, float, float]) -> gpd.GeoDataFrame:
    """Hamlets without water: id, x, y, people; what they would draw follows from the rules."""
    villages = table("villages", [hamlet(name, x, y, people=people, livestock=0.0) for name, x, y, people in rows])
    profile = load_water_profile("cn-t-ches-18-2018")
    need = demands(villages, profile, design=DESIGN, livestock="where_known", assume_connection="yard").table
    return gpd.GeoDataFrame(
        {name: need[name].to_numpy() for name in ("peak_lps", "people", "service_head_m")},
        geometry=villages.geometry.to_numpy(),
        index=[name for name, *_ in rows],
        crs=CRS,
    )


def road(*xy: tuple[float, float]) -> np.ndarray:
    """One road as lines."""
    return np.array([shapely.LineString(xy)], dtype=object)
