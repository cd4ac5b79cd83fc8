"""Where points stand on a joined network: on a node that is there, or on a new one that cuts a piece in two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from siteplan.network.graph import RoadNetwork
from siteplan.network.joining import AT_TOLERANCE_M
from siteplan.network.lines import TOUCH_M
from siteplan.network.nearest import pieces_near
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups

NODE_M = 1.0
"""A node within so far of a point takes it, though a pipe lies nearer; a node farther off at most twice the way to the
pipe."""
_CUT_M = 0.1
"""Pieces are not cut nearer than this to their ends."""


@dataclass(frozen=True)
class Placed:
    """Points on a network, (k,) each.

    network: cut where points stand on the way of a piece; node: -1 where the point is on none; away_m: distance to the
    nearest pipe (inf where none is in reach); taken_by: the point that has the node this one wanted, -1 otherwise.
    """

    network: RoadNetwork
    node: Ints
    away_m: Floats
    taken_by: Ints


def place_points(
    network: RoadNetwork, tree: shapely.STRtree, xy: Floats, *, reach_m: float, worth: Ints, alone: Bools, cut: Bools
) -> Placed:
    """Put points on the nearest node or piece within `reach_m`.

    Parameters
    ----------
    tree
        Over `network.lines.parts`.
    xy
        (k, 2), all finite.
    worth
        Order in which points choose, lowest first; all different.
    alone
        Points that share a node with no other such point: of two that want one, the lower `worth` has it, the other
        goes on the way of the piece if its foot is there, else on none.
    cut
        Pieces that may be cut, (e,).
    """
    if not network.n_pieces or not len(xy):
        return Placed(network, np.full(len(xy), -1), np.full(len(xy), np.inf), np.full(len(xy), -1))
    piece, along, foot_m = _nearest_pieces(network, tree, xy, reach_m, cut)
    node_m, node = cKDTree(network.node_xy).query(xy)
    on_node = (node_m <= reach_m + AT_TOLERANCE_M) & (node_m <= np.maximum(NODE_M, 2.0 * foot_m))
    chosen: Ints = np.where(on_node, node, -1).astype(np.int64)
    length = np.where(piece >= 0, network.length[np.maximum(piece, 0)], 0.0)
    on_way = (piece >= 0) & (along > _CUT_M) & (along < length - _CUT_M)
    # Feet at the end of a piece are its node.
    at_tip = ~on_node & (piece >= 0) & ~on_way
    tip = np.where(along <= length / 2.0, network.u[np.maximum(piece, 0)], network.v[np.maximum(piece, 0)])
    chosen = np.where(at_tip, tip, chosen)
    first, rival = _first_come(chosen, worth, alone)
    chosen = np.where(first, chosen, -1)
    cutting = np.flatnonzero((chosen < 0) & on_way)
    split, number, _ = network.split(piece[cutting], np.round(along[cutting], 3))
    chosen[cutting] = number
    again, second = _first_come(chosen, worth, alone)
    chosen = np.where(again, chosen, -1)
    taken_by = np.where(chosen >= 0, -1, np.where(second >= 0, second, rival))
    return Placed(split, chosen, np.minimum(foot_m, node_m), taken_by)


def _nearest_pieces(
    network: RoadNetwork, tree: shapely.STRtree, xy: Floats, reach_m: float, cut: Bools
) -> tuple[Ints, Floats, Floats]:
    """The nearest piece of each point that may be cut, the foot's place on it and its distance; -1, 0, inf if none."""
    piece, along, foot_m = np.full(len(xy), -1), np.zeros(len(xy)), np.full(len(xy), np.inf)
    near = pieces_near(network, tree, xy, distance_m=reach_m)
    rows = np.flatnonzero(cut[near.piece])
    order = rows[np.lexsort((near.piece[rows], np.round(near.distance_m[rows], 6), near.point[rows]))]
    best = order[first_of_groups(near.point[order])] if len(order) else order
    point = near.point[best]
    piece[point], along[point], foot_m[point] = near.piece[best], near.along_m[best], near.distance_m[best]
    return piece, along, foot_m


def _first_come(node: Ints, worth: Ints, alone: Bools) -> tuple[Bools, Ints]:
    """Which points have their node, and for those that do not, the point that has it."""
    has, rival = node >= 0, np.full(len(node), -1)
    rows = np.flatnonzero(alone & (node >= 0))
    order = rows[np.lexsort((worth[rows], node[rows]))]
    if not len(order):
        return has, rival
    first = first_of_groups(node[order])
    winner = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    has[order[~first]] = False
    rival[order[~first]] = winner[~first]
    return has, rival


@dataclass(frozen=True)
class Beside:
    """Hamlets on the network, (k,) each: the node they would draw from (-1 none), the line's part, the way there."""

    network: RoadNetwork
    node: Ints
    part: Ints
    away_m: Floats


def place_hamlets(
    network: RoadNetwork, tree: shapely.STRtree, xy: Floats, *, near_m: float, snap_m: float, order_of: Ints,
    usable: Bools, shut: Bools,
) -> Beside:  # fmt: skip
    """Put hamlets on the nearest piece within `near_m`: on its end if their foot is within `snap_m` of it, else on a
    new node.

    Parameters
    ----------
    xy
        (k, 2); NaN where a hamlet has no place.
    order_of
        Per piece, (e,): pieces of a lower number are taken before nearer ones (water runs in them).
    usable
        Pieces that hamlets may draw from, (e,).
    shut
        Nodes that nothing is drawn from (sources, tanks), (n,): the new node stands beside them.
    """
    k = len(xy)
    node, part, away = np.full(k, -1), np.full(k, -1), np.full(k, np.nan)
    if not network.n_pieces or not k:
        return Beside(network, node, part, away)
    near = pieces_near(network, tree, xy, distance_m=near_m)
    rows = np.flatnonzero(usable[near.piece])
    keys = (near.piece[rows], np.round(near.distance_m[rows], 3), order_of[near.piece[rows]], near.point[rows])
    order = rows[np.lexsort(keys)]
    best = order[first_of_groups(near.point[order])] if len(order) else order
    point, piece, along = near.point[best], near.piece[best], near.along_m[best]
    part[point], away[point] = network.part[piece], near.distance_m[best]
    u, v, length = network.u[piece], network.v[piece], network.length[piece]
    room = np.minimum(snap_m, length / 2.0)
    low = np.where(shut[u], room, 0.0)
    high = np.where(shut[v], length - room, length)
    at = np.clip(along, low, high)
    to_u = ~shut[u] & (at <= room) & (at <= length / 2.0)
    to_v = ~shut[v] & ~to_u & (length - at <= room)
    node[point[to_u]], node[point[to_v]] = u[to_u], v[to_v]
    cutting = ~(to_u | to_v)
    at = np.clip(np.round(at, 3), TOUCH_M, np.maximum(length - TOUCH_M, TOUCH_M))
    split, number, _ = network.split(piece[cutting], at[cutting])
    node[point[cutting]] = number
    return Beside(split, node, part, away)
