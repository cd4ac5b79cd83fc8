"""How the verdicts move with the tolerances, so that nobody signs a number that hangs on one unseen."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.network.build import build_network
from siteplan.network.graph import RoadNetwork
from siteplan.network.nearest import NearPieces
from siteplan.network.ragged import Floats, Ints
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess, placed, points_of
from siteplan.roads.anchors import Anchored, Surfaces, near_hamlets, place_anchors

SNAP_M = (1.0, 10.0, 30.0)
ACCESS_M = (100.0, 250.0, 500.0, 1000.0)


def statuses(
    network: RoadNetwork,
    tree: shapely.STRtree,
    surfaces: Surfaces,
    villages: gpd.GeoDataFrame,
    centres: gpd.GeoDataFrame,
    options: AccessOptions,
    *,
    access_m: tuple[float, ...],
) -> dict[float, Ints]:
    """Verdicts only, for several `access_m` on one network: access_m -> status numbers, (n,).

    `tree` is over the parts of the network's lines; `options.access_m` is not used.
    """
    anchored = place_anchors(
        network, tree, surfaces, centres, anchor_m=options.anchor_m, anchor_none=options.anchor_none
    )
    xy = points_of(villages)
    near = near_hamlets(anchored, tree, xy, distance_m=max(access_m))
    return _judged(anchored, near, xy, options, access_m)


def _judged(
    anchored: Anchored, near: NearPieces, xy: Floats, options: AccessOptions, access_m: tuple[float, ...]
) -> dict[float, Ints]:
    found = {}
    for distance in access_m:
        status = verdict.judge(anchored, near.within(distance), placed(xy))
        if options.neighbours_connect:
            via = verdict.connected_neighbours(xy, status, access_m=distance)
            status = np.where(via >= 0, verdict.HARDENED, status)
        found[distance] = status
    return found


def sensitivity(access: RoadAccess, villages: gpd.GeoDataFrame, centres: gpd.GeoDataFrame) -> pd.DataFrame:
    """Counts of each verdict over a grid of tolerances; the run's own values are among them.

    `access` was made with `near_m` of at least the largest of `ACCESS_M`, from joins that reach 30 m. Returns columns
    snap_m, access_m, used (the run's own), components, and one a status.
    """
    joins, options = access.joins, access.options
    rows = []
    reach = sorted({*ACCESS_M, options.access_m})
    for snap_m in sorted({*SNAP_M, options.snap_m}):
        if snap_m > joins.reach_m:
            continue
        if snap_m == options.snap_m:
            network = access.network
            judged = _judged(access.anchored, access.near, access.xy, options, tuple(reach))
        else:
            network = build_network(joins, snap_m=snap_m, extra_legs=access.closed)
            judged = statuses(network, joins.tree, access.surfaces, villages, centres, options, access_m=tuple(reach))
        for access_m, status in judged.items():
            counts = np.bincount(status, minlength=len(verdict.STATUSES))
            rows.append(
                {
                    "snap_m": snap_m,
                    "access_m": access_m,
                    "used": snap_m == options.snap_m and access_m == options.access_m,
                    "components": int(network.node_component.max(initial=-1)) + 1,
                    **dict(zip(verdict.STATUSES, counts.tolist(), strict=True)),
                }
            )
    return pd.DataFrame(rows)
