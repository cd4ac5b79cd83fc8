"""The road result of a made province, without the analysis: what a map of its size has to carry."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.language import Texts
from siteplan.layers.findings import no_findings
from siteplan.layers.layerset import LayerSet
from siteplan.roads import verdict
from siteplan.roads.analysis import RoadResult

CRS = "EPSG:4545"
EAST, NORTH, SIDE = 400_000.0, 2_700_000.0, 180_000.0


def made_result(hamlets: int, roads: int, *, seed: int = 5) -> tuple[RoadResult, LayerSet]:
    """`hamlets` points and `roads` lines of 10 vertices in a square of 180 km, in clusters as settlements are."""
    noise = np.random.default_rng(seed)
    texts = Texts("zh")
    middles = noise.uniform(0, SIDE, (max(1, hamlets // 60), 2))
    at = middles[noise.integers(0, len(middles), hamlets)] + noise.normal(0, 1500, (hamlets, 2)) + (EAST, NORTH)
    status = noise.choice(len(verdict.STATUSES) - 1, hamlets, p=[0.6, 0.25, 0.05, 0.04, 0.06])
    names = np.array(verdict.STATUSES, dtype=object)[status]
    build = np.where(status >= 2, noise.integers(20, 3000, hamlets), 0).astype(float)
    harden = np.where(status >= 1, noise.integers(20, 9000, hamlets), 0).astype(float)
    km = noise.uniform(0.2, 30, hamlets).round(3)
    town = [f"{'清大石双云'[n % 5]}{'溪坪垭河岭'[n // 5 % 5]}镇{n // 25 or ''}" for n in range(400)]
    cell = (np.clip((at - (EAST, NORTH)) / SIDE, 0, 0.999) * 20).astype(int)
    anchor = [f"{town[n]}人民政府" for n in cell[:, 0] * 20 + cell[:, 1]]
    villages = gpd.GeoDataFrame(
        {
            "id": [f"H{n:06d}" for n in range(hamlets)],
            "row": np.arange(1, hamlets + 1),
            "name": [
                f"{'龙虎石青白'[n % 5]}{'山水岭塘湾'[n // 5 % 5]}{'坝寨沟坪冲'[n // 25 % 5]}" for n in range(hamlets)
            ],
            "name_en": "",
            "village": [f"第{n // 20}村" for n in range(hamlets)],
            "township": [town[n] for n in cell[:, 0] * 20 + cell[:, 1]],
            "households": noise.integers(5, 90, hamlets).astype(float),
            "people": noise.integers(15, 400, hamlets).astype(float),
            "road_status": names,
            "road_status_computed": names,
            "verified_status": "",
            "reason": [
                texts("roads.reason.unhardened", anchor=a, km=f"{k:.1f}", harden=f"{h:.0f}")
                for a, k, h in zip(anchor, km, harden, strict=True)
            ],
            "access_dist_m": noise.uniform(0, 900, hamlets).round(2),
            "road_id": [f"R{n:05d}" for n in noise.integers(0, roads, hamlets)],
            "to_harden_m": harden,
            "unknown_m": 0.0,
            "to_build_m": build,
            "way_m": km * 1000,
            "inferred_m": 0.0,
            "anchor": anchor,
            "anchor_km": km,
            "anchor_min": (km * 2.4).round(1),
            "in_scope": "yes",
            "may_connect_outside": False,
        },
        geometry=shapely.points(at),
        crs=CRS,
    )
    start = noise.uniform(0, SIDE, (roads, 1, 2)) + np.array([EAST, NORTH])
    steps = np.cumsum(noise.normal(0, 1, (roads, 1, 2)) * 60 + noise.normal(0, 30, (roads, 9, 2)), axis=1)
    lines = shapely.linestrings(np.concatenate([start, start + steps], axis=1))
    states = np.array(["hardened", "not_hardened", "cut_off"], dtype=object)[noise.choice(3, roads, p=[0.6, 0.3, 0.1])]
    road_table = gpd.GeoDataFrame(
        {
            "road_id": [f"R{n:05d}" for n in range(roads)],
            "name": "",
            "surface": np.array(["水泥", "沥青", "砂石"], dtype=object)[noise.integers(0, 3, roads)],
            "road_class": "村道",
            "state": states,
            "length_m": shapely.length(lines).round(2),
        },
        geometry=lines,
        crs=CRS,
    )
    far = status >= 1
    breaks = villages.loc[far, ["id", "geometry"]].reset_index(drop=True)
    none = gpd.GeoDataFrame({"id": []}, geometry=[], crs=CRS)
    ways = gpd.GeoDataFrame(
        {"id": villages["id"].iloc[:500]}, geometry=lines[np.arange(500) % max(roads, 1)], crs=CRS
    ).reset_index(drop=True)
    result = RoadResult(
        villages=villages,
        roads=road_table,
        ways=ways,
        breaks=breaks,
        gaps=none.assign(road_id=[], other_id=[], length_m=[], hamlets=[], hamlet_ids=[]),
        works=none.assign(road_id=[], surface=[], length_m=[], name=[]),
        coverage=pd.DataFrame({"level": [], "township": []}),
        lengths=pd.DataFrame(),
        sensitivity=pd.DataFrame(),
        seats=pd.DataFrame(),
        headline={},
        parameters={"profile": "made"},
        rules=pd.DataFrame(),
        notes=(),
        findings=no_findings(),
        access=None,  # type: ignore[arg-type]
        anchors=none,
    )
    layers = LayerSet({}, villages.crs, no_findings(), ())
    return result, layers
