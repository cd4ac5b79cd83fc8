"""The verdict on every hamlet: one of six, from the pieces near it and what they reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from siteplan.network.joining import AT_TOLERANCE_M
from siteplan.network.nearest import NearPieces
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.roads.anchors import Anchored

STATUSES = ("hardened", "unhardened", "hardened_island", "road_island", "no_road", "unknown")
"""From better to worse; `unknown` (no usable place) stands apart."""

HARDENED, UNHARDENED, HARDENED_ISLAND, ROAD_ISLAND, NO_ROAD, UNKNOWN = range(6)


def judge(anchored: Anchored, near: NearPieces, placed: Bools) -> Ints:
    """Status number (index into `STATUSES`) of every hamlet.

    `near` are the pieces within `access_m` of the hamlets; `placed` marks hamlets with a usable place, (n,).
    """
    return status_of(
        placed,
        hard_reaching=_any(near.point, anchored.reaches_hard[near.piece], len(placed)),
        reaching=_any(near.point, anchored.reaches[near.piece], len(placed)),
        # A closed or seasonal hardened road is near and hardened; it only reaches nothing.
        hard=_any(near.point, anchored.hard_surface[near.piece], len(placed)),
        any_piece=_any(near.point, np.ones(len(near.point), dtype=bool), len(placed)),
    )


def status_of(placed: Bools, *, hard_reaching: Bools, reaching: Bools, hard: Bools, any_piece: Bools) -> Ints:
    """The verdict from what stands near: the definition itself, in one place."""
    status = np.full(len(placed), NO_ROAD)
    status[any_piece] = ROAD_ISLAND
    status[hard] = HARDENED_ISLAND
    status[reaching] = UNHARDENED
    status[hard_reaching] = HARDENED
    status[~placed] = UNKNOWN
    return status


def connected_neighbours(xy: Floats, status: Ints, *, access_m: float) -> Ints:
    """Hamlets that a connected neighbour connects (PMGSY), to a fixed point: each one's neighbour, or -1.

    A hamlet within `access_m` of a connected one is connected, and so on. The neighbour named is the nearest one
    that was connected a step earlier (tie: the lower row).
    """
    via = np.full(len(xy), -1, dtype=np.int64)
    rows = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(rows):
        return via
    # Only this profile rule needs it, and its import takes as long as judging a small county.
    from scipy.spatial import cKDTree

    pairs = cKDTree(xy[rows]).query_pairs(access_m + AT_TOLERANCE_M, output_type="ndarray")
    a, b = rows[pairs[:, 0]], rows[pairs[:, 1]]
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    gap = np.hypot(*(xy[tail] - xy[head]).T)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(xy), len(xy)))
    _, label = connected_components(graph, directed=False)
    alive = np.zeros(int(label.max(initial=0)) + 1, dtype=bool)
    alive[label[status == HARDENED]] = True
    served = status == HARDENED
    while True:
        reach = served[tail] & ~served[head] & alive[label[head]]
        if not reach.any():
            return via
        t, h, g = tail[reach], head[reach], gap[reach]
        order = np.lexsort((t, g, h))
        first = np.unique(h[order], return_index=True)[1]
        via[h[order][first]] = t[order][first]
        served = served | (via >= 0)


def names_of(status: Ints) -> NDArray[np.object_]:
    """Status numbers as words."""
    return np.array(STATUSES, dtype=object)[status]


def _any(point: Ints, flag: Bools, n: int) -> Bools:
    found = np.zeros(n, dtype=bool)
    found[point[flag]] = True
    return found
