"""Coverage: hamlets, households and people served, by township, administrative village and in total; road lengths."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.network.joining import AT_TOLERANCE_M
from siteplan.network.paths import best_ways
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.roads import verdict
from siteplan.roads.access import RoadAccess
from siteplan.roads.checks import Overlaps
from siteplan.roads.courses import shared_works
from siteplan.roads.hardness import HARDENED, NOT_HARDENED, RoadClasses

RURAL_ACCESS_M = 2000.0
"""Rural Access Index: within 2 km of an all-season road (SDG metadata 9.1.1)."""


def coverage(access: RoadAccess, villages: gpd.GeoDataFrame, status: Ints, in_scope: pd.Series) -> pd.DataFrame:
    """Served and not served by county (one row), township and administrative village.

    Parameters
    ----------
    status : the verdict that counts (field-verified where it overrides), index into `verdict.STATUSES`, (n,).
    in_scope : "yes", "no" or "unknown" for each hamlet.

    Returns
    -------
    Columns: level (county, township, village), township, village; hamlets, served, not_served, unknown, rate (of all
    hamlets, unknown among them, so unknown is never served); households, households_served, households_rate, people,
    people_served, people_rate, people_unknown (hamlets whose number is not known); one column a status; scope_hamlets,
    scope_served, scope_unknown (number not known);
    to_harden_m (stretches that ways share counted once), to_build_m (a gap of several hamlets once).
    """
    base = pd.DataFrame(
        {
            "township": villages["township"].to_numpy(),
            "village": villages["village"].to_numpy(),
            "hamlets": np.ones(len(status), dtype=np.int64),
            "served": status == verdict.HARDENED,
            "people_unknown": villages["people"].isna().to_numpy(),
            "scope_hamlets": (in_scope == "yes").to_numpy(),
            "scope_served": (in_scope == "yes").to_numpy() & (status == verdict.HARDENED),
            "scope_unknown": (in_scope == "unknown").to_numpy(),
        }
    )
    for column in ("households", "people"):
        number = villages[column].to_numpy(dtype=float)
        base[column] = number
        # What is not known is not 0: a hamlet without a number adds to neither sum.
        base[f"{column}_served"] = np.where(status == verdict.HARDENED, number, np.where(np.isnan(number), np.nan, 0.0))
    for number, name in enumerate(verdict.STATUSES):
        base[name] = status == number
    figures = [column for column in base.columns if column not in ("township", "village")]
    tables = []
    for level, keys in (("county", []), ("township", ["township"]), ("village", ["township", "village"])):
        if level != "county" and not (base[keys[-1]] != "").any():
            continue
        grouping = base[keys] if keys else base.assign(all=0)[["all"]]
        group = grouping.groupby(list(grouping.columns), sort=True).ngroup().to_numpy().astype(np.int64)
        table = base[figures].groupby(group).sum(min_count=1)
        first = base.groupby(group)[["township", "village"]].first()
        table.insert(0, "village", first["village"] if level == "village" else "")
        table.insert(0, "township", first["township"] if level != "county" else "")
        table.insert(0, "level", level)
        works = works_by_group(access, group, status)
        tables.append(table.join(works))
    return _rates(pd.concat(tables, ignore_index=True))


def works_by_group(access: RoadAccess, group: Ints, status: Ints) -> pd.DataFrame:
    """Metres to harden and to build for the hamlets not served, shared ones once; index: group number."""
    rows = np.flatnonzero((status != verdict.HARDENED) & np.isfinite(access.ways.to_harden_m))
    works = shared_works(access.anchored, access.ways, rows, group[rows])
    harden = (works["to_m"] - works["from_m"]).groupby(works["group"]).sum()
    course = access.ways.course
    # A gap is built once for all hamlets of its island; a hamlet without a road builds its own.
    island = np.full(len(status), -1)
    island[course.island_rows] = course.gaps.component[course.island_gap]
    build = pd.DataFrame(
        {
            "group": group[rows],
            "gap": np.where(island[rows] >= 0, island[rows], -1 - rows),
            "m": access.ways.to_build_m[rows],
        }
    ).drop_duplicates(["group", "gap"])
    built = build.groupby("group")["m"].sum()
    every = np.unique(group)
    return pd.DataFrame(
        {"to_harden_m": harden.reindex(every, fill_value=0.0), "to_build_m": built.reindex(every, fill_value=0.0)}
    )


def _rates(table: pd.DataFrame) -> pd.DataFrame:
    table["not_served"] = table["hamlets"] - table["served"] - table["unknown"]
    table["rate"] = table["served"] / table["hamlets"]
    for column in ("households", "people"):
        whole = table[column]
        table[f"{column}_rate"] = (table[f"{column}_served"] / whole).where(whole > 0)
    counts = [
        "hamlets",
        "served",
        "not_served",
        "unknown",
        "people_unknown",
        "scope_hamlets",
        "scope_served",
        "scope_unknown",
    ]
    table = table.astype(dict.fromkeys((*counts, *verdict.STATUSES), "int64"))
    order = ["level", "township", "village", "hamlets", "served", "not_served", "unknown", "rate"]
    order += ["households", "households_served", "households_rate", "people", "people_served", "people_rate"]
    order += ["people_unknown", "scope_hamlets", "scope_served", "scope_unknown", "to_harden_m", "to_build_m"]
    return table[[*order, *[name for name in verdict.STATUSES if name not in order]]]


def lengths_by_surface(access: RoadAccess, classes: RoadClasses, overlaps: Overlaps, duplicate: Bools) -> pd.DataFrame:
    """Road kilometres by surface: columns hardness, surface (name of the word table, "" unknown), surface_from (tagged,
    inferred, unknown), km, km_cut_off.

    Overlapping stretches and roads marked duplicate are counted once; carried ends count with their own road.
    """
    network = access.network
    counted = np.ones(network.n_pieces, dtype=bool)
    counted[overlaps.piece] = False
    counted &= ~duplicate[network.parent]
    parent = network.parent[counted]
    hardness = classes.hardness[parent]
    km = network.length[counted] / 1000.0
    table = pd.DataFrame(
        {
            "surface": classes.surface[parent],
            "surface_from": classes.surface_from[parent],
            "hardness": np.where(
                hardness == HARDENED, "hardened", np.where(hardness == NOT_HARDENED, "not_hardened", "unknown")
            ),
            "km": km,
            "km_cut_off": np.where(access.anchored.reaches[counted], 0.0, km),
        }
    )
    return table.groupby(["hardness", "surface", "surface_from"], as_index=False, sort=True)[["km", "km_cut_off"]].sum()


def rural_access(access: RoadAccess, villages: gpd.GeoDataFrame) -> Mapping[str, float]:
    """Rural Access Index: share of people within 2 km of a hardened road, by straight line and by network.

    By network: the straight leg to a road within `access_m`, then along roads to hardened ground, 2 km in all. Hamlets
    without a place or a number of people count as not reached, and as nothing, respectively. NaN without any people.
    """
    people = villages["people"].fillna(0.0).to_numpy(dtype=float)
    if not people.sum():
        return {"rai_straight": float("nan"), "rai_network": float("nan")}
    return {
        "rai_straight": float(people[_near_hardened(access)].sum() / people.sum()),
        "rai_network": float(people[_hardened_by_network(access)].sum() / people.sum()),
    }


def _near_hardened(access: RoadAccess) -> Bools:
    network, lines = access.network, access.joins.lines
    hard = access.surfaces.hard[lines.parent] & lines.connects
    shapes = lines.parts[hard]
    legs = np.flatnonzero(network.leg & access.anchored.hard)
    tree = shapely.STRtree(np.concatenate([shapes, network.geometry(legs)]))
    points = shapely.points(access.xy)
    points[~np.isfinite(access.xy).all(axis=1)] = None
    found = np.zeros(len(points), dtype=bool)
    found[tree.query(points, predicate="dwithin", distance=RURAL_ACCESS_M + AT_TOLERANCE_M)[0]] = True
    return found


def _hardened_by_network(access: RoadAccess) -> Bools:
    network, hard = access.network, access.anchored.hard
    usable = access.anchored.connects
    nodes = np.unique(np.concatenate([network.u[hard], network.v[hard]]))
    walk = best_ways(
        network.n_nodes,
        network.u[usable],
        network.v[usable],
        network.length[usable],
        np.ones(int(usable.sum()), dtype=bool),
        network.rank[usable],
        nodes,
    ).way_m
    near = access.near.within(access.options.access_m)
    kept = usable[near.piece]
    point, piece, leg, along = near.point[kept], near.piece[kept], near.distance_m[kept], near.along_m[kept]
    over_u = along + walk[network.u[piece]]
    over_v = network.length[piece] - along + walk[network.v[piece]]
    way: Floats = leg + np.where(hard[piece], 0.0, np.minimum(over_u, over_v))
    found = np.zeros(len(access.status), dtype=bool)
    found[point[way <= RURAL_ACCESS_M + AT_TOLERANCE_M]] = True
    return found
