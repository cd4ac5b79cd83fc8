"""Road access of every hamlet: from clean layers and a profile to verdicts, best ways and figures."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from siteplan.network import LineArrays, RoadNetwork, build_network, find_joins
from siteplan.network.joining import Joins, Reach
from siteplan.network.nearest import NearPieces
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.roads import verdict
from siteplan.roads.anchors import Anchored, Surfaces, near_hamlets, place_anchors
from siteplan.roads.hardness import HARDENED, INFERRED, UNKNOWN, RoadClasses
from siteplan.roads.ways import Ways, find_ways


@dataclass(frozen=True)
class AccessOptions:
    """How hamlets are judged; metres. `unknown_hardened`: roads of unknown surface count as hardened."""

    access_m: float
    anchor_m: float
    snap_m: float
    suspect_m: float
    anchor_none: bool = False
    unknown_hardened: bool = False
    neighbours_connect: bool = False


@dataclass(frozen=True)
class RoadAccess:
    """What is known of every hamlet's road.

    joins, anchored, surfaces: the network and its anchors; near: pieces within `access_m`; status: index into
    `verdict.STATUSES`, (n,); status_alone: the same before neighbours connect each other
    (PMGSY); via: hamlet that connects it, -1 none; ways: best ways; xy: the hamlets.
    """

    options: AccessOptions
    joins: Joins
    anchored: Anchored
    surfaces: Surfaces
    near: NearPieces
    status: Ints
    status_alone: Ints
    via: Ints
    ways: Ways
    xy: Floats
    closed: Reach | None = None
    """gaps that were closed on a planner's word"""

    @property
    def network(self) -> RoadNetwork:
        """The network, split where centres stand."""
        return self.anchored.network


def surfaces_of(classes: RoadClasses, *, unknown_hardened: bool, hardness: Ints | None = None) -> Surfaces:
    """The classes of roads as an analysis takes them; `hardness` stands in place of the classes' own."""
    told = classes.hardness if hardness is None else hardness
    hard = (told == HARDENED) | ((told == UNKNOWN) & unknown_hardened)
    return Surfaces(
        hard=hard,
        unknown=told == UNKNOWN,
        anchor=classes.anchor,
        connects=classes.connects,
        kmh=classes.kmh,
        inferred=np.asarray(classes.surface_from == INFERRED, dtype=bool) & classes.exists,
    )


def road_joins(roads: gpd.GeoDataFrame, classes: RoadClasses, *, reach_m: float) -> Joins:
    """The joins of a road layer: planned roads left out, closed and seasonal ones joined to nothing."""
    geometry = roads.geometry.to_numpy().copy()
    geometry[~classes.exists] = None
    lines = LineArrays.from_geometry(
        geometry, separated=classes.separated, connects=classes.connects, rank=classes.rank
    )
    return find_joins(lines, reach_m=reach_m)


def placed(xy: Floats) -> Bools:
    """Marks the points that have a place, (n,)."""
    return np.asarray(np.isfinite(xy).all(axis=1), dtype=bool)


def points_of(layer: gpd.GeoDataFrame) -> Floats:
    """Coordinates of a point layer, (n, 2); NaN where there is no usable place."""
    return np.column_stack([shapely.get_x(layer.geometry.to_numpy()), shapely.get_y(layer.geometry.to_numpy())])


def road_access(
    joins: Joins,
    surfaces: Surfaces,
    villages: gpd.GeoDataFrame,
    centres: gpd.GeoDataFrame,
    options: AccessOptions,
    *,
    extra_legs: Reach | None = None,
    near_m: float | None = None,
) -> RoadAccess:
    """Judge every hamlet and find its best way.

    Parameters
    ----------
    joins : of the road layer, found with at least `snap_m`.
    surfaces : of the roads, in layer order.
    villages : points, or None where a hamlet has no usable place; index kept by all results.
    centres : points that count as anchors.
    extra_legs : suspected gaps to close.
    near_m : how far to look for pieces; default `access_m`.
    """
    network = build_network(joins, snap_m=options.snap_m, extra_legs=extra_legs, crs=villages.crs)
    anchored = place_anchors(
        network, joins.tree, surfaces, centres, anchor_m=options.anchor_m, anchor_none=options.anchor_none
    )
    xy = points_of(villages)
    near = near_hamlets(anchored, joins.tree, xy, distance_m=near_m or options.access_m)
    close = near.within(options.access_m)
    status = verdict.judge(anchored, close, placed(xy))
    ways = find_ways(anchored, surfaces, close, status, xy)
    alone, via = status, np.full(len(xy), -1, dtype=np.int64)
    if options.neighbours_connect:
        via = verdict.connected_neighbours(xy, status, access_m=options.access_m)
        status = np.where(via >= 0, verdict.HARDENED, status)
    return RoadAccess(options, joins, anchored, surfaces, near, status, alone, via, ways, xy, extra_legs)
