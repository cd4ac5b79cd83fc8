"""From lines and their joins to the noded graph."""

from __future__ import annotations

import numpy as np

from siteplan.network.graph import LengthLedger, RoadNetwork
from siteplan.network.joining import AT_TOLERANCE_M, Joins, Nodes, Reach, number_nodes
from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Floats, Ints, offsets_of, ranges


def build_network(joins: Joins, *, snap_m: float, extra_legs: Reach | None = None, crs: object = None) -> RoadNetwork:
    """The network at one tolerance.

    Parameters
    ----------
    joins : from `find_joins` with `reach_m >= snap_m`.
    snap_m : ends within this distance of another line are carried to it, m.
    extra_legs : ends to carry over besides, beyond `snap_m` (suspected gaps, closed).

    Raises
    ------
    ValueError
        If `snap_m` is beyond what `joins` was made for.
    """
    if snap_m > joins.reach_m + AT_TOLERANCE_M:
        raise ValueError(f"joins were found up to {joins.reach_m} m, snap_m is {snap_m} m")
    legs = joins.reach.where(joins.reach.gap_m <= snap_m + AT_TOLERANCE_M)
    if extra_legs is not None:
        legs = Reach.concat([legs, extra_legs.where(extra_legs.gap_m > snap_m + AT_TOLERANCE_M)])
    lines = joins.lines
    nodes = number_nodes(lines, joins.touches, legs)
    return _assemble(lines, nodes, legs, snap_m, crs)


def _assemble(lines: LineArrays, nodes: Nodes, legs: Reach, snap_m: float, crs: object) -> RoadNetwork:
    same = nodes.part[1:] == nodes.part[:-1]
    here = np.flatnonzero(same)
    part, start_m, end_m = nodes.part[here], nodes.measure[here], nodes.measure[here + 1]
    u, v = nodes.node[here], nodes.node[here + 1]
    length = end_m - start_m
    # Pieces whose two ends touch each other within a millimetre are points, not roads.
    kept = (u != v) | (length > 2 * TOUCH_M)
    lost_m = float(length[~kept].sum())
    part, start_m, end_m, u, v, length = (column[kept] for column in (part, start_m, end_m, u, v, length))
    # A leg whose two sides fell on one node (its foot touches the end by another way) adds nothing.
    real = nodes.leg_from != nodes.leg_to
    legs, leg_u, leg_v = legs.where(real), nodes.leg_from[real], nodes.leg_to[real]
    xy, low, high = _piece_vertices(lines, nodes.xy, part, start_m, end_m, u, v)
    leg_low = len(xy) + 2 * np.arange(len(leg_u))
    leg_xy = np.stack([nodes.xy[leg_u], nodes.xy[leg_v]], axis=1).reshape(-1, 2)
    own_end = np.where(legs.at_end == 0, 0.0, lines.length[legs.part])
    beyond = np.where(legs.at_end == 0, -legs.gap_m, own_end + legs.gap_m)
    ledger = LengthLedger(
        lines_m=float(lines.length.sum()) + lines.dropped_m,
        legs_m=float(legs.gap_m.sum()),
        dropped_m=lines.dropped_m + lost_m + _merged_m(nodes, lines),
        pieces_m=float(length.sum() + legs.gap_m.sum()),
    )
    return RoadNetwork(
        lines=lines,
        node_xy=nodes.xy,
        u=np.concatenate([u, leg_u]),
        v=np.concatenate([v, leg_v]),
        length=np.concatenate([length, legs.gap_m]),
        part=np.concatenate([part, legs.part]),
        start_m=np.concatenate([start_m, own_end]),
        end_m=np.concatenate([end_m, beyond]),
        leg=np.concatenate([np.zeros(len(u), dtype=bool), np.ones(len(leg_u), dtype=bool)]),
        low=np.concatenate([low, leg_low]),
        high=np.concatenate([high, leg_low + 2]),
        xy=np.concatenate([xy, leg_xy]),
        snap_m=snap_m,
        ledger=ledger,
        crs=crs,
    )


def _merged_m(nodes: Nodes, lines: LineArrays) -> float:
    """Metres lost where places less than a millimetre apart became one at the ends of lines."""
    if not len(nodes.part):
        return 0.0
    first = np.flatnonzero(np.append(True, nodes.part[1:] != nodes.part[:-1]))
    last = np.append(first[1:] - 1, len(nodes.part) - 1)
    whole = lines.length[nodes.part[first]]
    return float(((whole - nodes.measure[last]) + nodes.measure[first]).sum())


def _piece_vertices(
    lines: LineArrays, node_xy: Floats, part: Ints, start_m: Floats, end_m: Floats, u: Ints, v: Ints
) -> tuple[Floats, Ints, Ints]:
    """Vertices of the pieces laid end to end: node u, the line's own vertices between, node v; (xy, low, high)."""
    base = lines.base
    axis = lines.measure + np.repeat(base, np.diff(lines.first))
    after = np.searchsorted(axis, base[part] + start_m + TOUCH_M / 2, side="right")
    until = np.maximum(np.searchsorted(axis, base[part] + end_m - TOUCH_M / 2, side="left"), after)
    counts = until - after + 2
    offsets = offsets_of(counts)
    xy = np.empty((offsets[-1], 2))
    inner = np.ones(offsets[-1], dtype=bool)
    inner[offsets[:-1]] = False
    inner[offsets[1:] - 1] = False
    xy[inner] = lines.xy[ranges(after, until - after)]
    xy[offsets[:-1]] = node_xy[u]
    xy[offsets[1:] - 1] = node_xy[v]
    return xy, offsets[:-1], offsets[1:]
