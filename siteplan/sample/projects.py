"""The county's project table: what is to be done, how much is done, whose money, which stage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.projects.stages import STAGES
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.world import World

STAGE_WORDS = ("立项批复", "勘察设计", "公示", "招标", "开工", "县级验收", "区级验收", "移交管护")
"""How this county writes `STAGES`; each stage has a date column, empty until it is reached."""
SOURCES = ("central", "provincial", "county", "self_raised")
"""Who pays; each with columns planned, arrived and paid, in units of 10,000 yuan."""


def make_projects(world: World, made: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> pd.DataFrame:
    """Projects: id, name, name_en, kind, township, stage, layer and features worked on, unit, plan, done, funds, dates.

    Works on roads stand for sections not yet hardened, on water for systems in need of repair, on resettlement for
    the chosen sites.
    """
    random = np.random.Generator(np.random.PCG64([world.seed, 14]))
    rows: list[dict[str, object]] = []

    def add(kind: str, name: str, name_en: str, township: str, layer: str, feature: str, unit: str, plan: float,
            price: float) -> None:  # fmt: skip
        stage = min(len(STAGES) - 1, int(random.random() * 7.6))
        part = 0.0 if stage < 4 else 1.0 if stage > 4 else 0.1 + 0.85 * random.random()
        done = round(plan * part, 3) if unit == "km" else float(int(plan * part))
        rows.append({
            "id": f"XM{len(rows) + 1:03d}", "name": name, "name_en": name_en, "kind": kind, "township": township,
            "stage": STAGE_WORDS[stage], "layer": layer, "features": feature, "unit": unit, "plan": plan, "done": done,
            **_funds(plan * price, part, random), **_dates(stage, random),
        })  # fmt: skip

    sites = made["sites"]
    for site in sites[sites["chosen"]].to_dict("records"):
        add("易地搬迁", f"{site['name']}建设", f"{site['name_en']}", site["township"], "sites", site["id"], "户",
            float(site["capacity_households"]), 11.0)  # fmt: skip
    roads = made["roads"]
    soft = roads[roads["surface"].isin(["砂石", "土路"]) & (roads["status"] == "已建") & (roads.length > 900.0)]
    boundaries = made["boundaries"].iloc[1:]
    for road in soft.iloc[::2].to_dict("records"):
        middle = road["geometry"].interpolate(0.5, normalized=True)
        town = str(boundaries["name"].iloc[int(np.argmin(boundaries.geometry.distance(middle)))])
        add("道路硬化", f"{road['name']}硬化", f"{road['name_en']} paving", town, "roads", road["id"], "km",
            round(road["geometry"].length / 1000.0, 3), 62.0)  # fmt: skip
    points = made["water_points"]
    for point in points[points["kind"] == "tank"].iloc[::2].to_dict("records"):
        add("安全饮水", f"{point['name']}改造", f"{point['name_en']} works", str(point["township"]), "water_points",
            point["id"], "m3", float(point["volume_m3"]), 0.12)  # fmt: skip
    for town, town_en in TOWNSHIPS:
        add("电网改造", f"{town[:-1]}农网改造", f"{town_en.split()[0]} rural grid", town, "power_lines", "", "km",
            round(6.0 + 14.0 * random.random(), 1), 9.5)  # fmt: skip
    return pd.DataFrame(rows)


def _funds(total: float, part: float, random: np.random.Generator) -> dict[str, float]:
    """Planned, arrived and paid by source: paid never above arrived, arrived never above planned."""
    shares = np.array([0.5, 0.25, 0.17, 0.08]) * (0.8 + 0.4 * random.random(4))
    funds: dict[str, float] = {}
    for source, share in zip(SOURCES, shares / (shares[0] + shares[1] + shares[2] + shares[3]), strict=True):
        planned = round(total * float(share), 2)
        arrived = round(planned * min(1.0, part + 0.5 * random.random()), 2)
        funds[f"{source}_planned"] = planned
        funds[f"{source}_arrived"] = arrived
        funds[f"{source}_paid"] = round(arrived * min(1.0, part * (0.75 + 0.25 * random.random())), 2)
    return funds


def _dates(stage: int, random: np.random.Generator) -> dict[str, str]:
    day = date(2024, 1, 8) + timedelta(days=int(random.random() * 300))
    dates = {}
    for n, name in enumerate(STAGES):
        dates[f"{name}_date"] = day.isoformat() if n <= stage else ""
        day += timedelta(days=20 + int(random.random() * 70))
    return dates
