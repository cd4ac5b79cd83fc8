"""Pipes and cables: lines that join where their ends meet, not where one runs over another.

Ends within a tolerance are one joint, an end beside another line is a branch of it, and two lines that cross without
a common vertex do not know each other. No joint adds a piece: ends are put on it, and lengths stay as they were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from siteplan.network.build import build_network
from siteplan.network.clusters import AT_TOLERANCE_M, cluster_spots
from siteplan.network.crossings import Touches
from siteplan.network.graph import RoadNetwork, components
from siteplan.network.joining import Joins, Reach, find_joins, number_nodes
from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups

_FOLD = 4.0
"""Places of one line that are nearer along it than so many tolerances are never put on one joint."""
_BESIDE_M = 0.5
"""How far from a common vertex two lines are looked at to tell whether they run on together."""


@dataclass(frozen=True)
class Conduits:
    """Lines joined at their ends.

    network: pieces between nodes, without carried legs, metres as drawn; carried: ends that were put on another line or
    end, with the gap; crossings: places where lines cross without a common vertex, not joined; alongside: places where
    lines run on each other, not joined there; near: free ends and the nearest other line that they do not reach (or
    that they run along), with the gap; joins: as `find_joins` gave them.
    """

    network: RoadNetwork
    joins: Joins
    carried: Reach
    crossings: Touches
    alongside: Touches
    near: Reach


def join_conduits(lines: LineArrays, *, snap_m: float, suspect_m: float, crs: object = None) -> Conduits:
    """Join lines at their ends.

    Parameters
    ----------
    lines
        `rank` decides ties; `separated` lines join at both their ends only and are no target on their way.
    snap_m
        How far an end may be from what it is joined to, m.
    suspect_m
        How far free ends look for what they may have been meant to reach, m.

    Raises
    ------
    ValueError
        If not 0 < `snap_m` <= `suspect_m`.
    """
    if not 0.0 < snap_m <= suspect_m:
        raise ValueError(f"snap_m is {snap_m}, suspect_m is {suspect_m}; expected 0 < snap_m <= suspect_m")
    joins = find_joins(lines, reach_m=suspect_m)
    kept, crossings, alongside = _sorted_touches(lines, joins.touches)
    spots = _Spots.of(lines, kept)
    folds = spots.folds(_FOLD * snap_m)
    label = cluster_spots(spots.xy, folds, ~spots.loose, spots.drawn, snap_m=snap_m)
    ends = _joined_ends(lines, spots, label)
    branches = _branches(joins, spots, label, ends, snap_m)
    legs = Reach.concat([ends, branches])
    built = build_network(replace(joins, touches=kept, reach=legs, reach_m=np.inf), snap_m=np.inf, crs=crs)
    network = replace(_without_legs(built, lines, branches), snap_m=snap_m)
    crossings = crossings.where(~_explained(crossings, branches, 2.0 * snap_m))
    near = _near_misses(joins, kept, network, spots, label, branches, snap_m)
    return Conduits(network, joins, legs, crossings, alongside, near)


def _sorted_touches(lines: LineArrays, touches: Touches) -> tuple[Touches, Touches, Touches]:
    """Touches that join (an end is there, or a common vertex), crossings, and places of running alongside."""
    at_end = _at_end(lines, touches.part_a, touches.measure_a) | _at_end(lines, touches.part_b, touches.measure_b)
    inner = np.flatnonzero(~at_end)
    rest = touches.where(np.isin(np.arange(len(at_end)), inner))
    beside = _run_together(lines, rest)
    common = _at_vertex(lines, rest.part_a, rest.measure_a) & _at_vertex(lines, rest.part_b, rest.measure_b)
    joined = at_end.copy()
    joined[inner] = common & ~beside
    apart = ~common & ~beside & (rest.part_a != rest.part_b)
    return touches.where(joined), rest.where(apart), rest.where(beside & (rest.part_a != rest.part_b))


def _at_end(lines: LineArrays, part: Ints, measure: Floats) -> Bools:
    return (measure <= 2 * TOUCH_M) | (measure >= lines.length[part] - 2 * TOUCH_M)


def _at_vertex(lines: LineArrays, part: Ints, measure: Floats) -> Bools:
    axis = lines.measure + np.repeat(lines.base, np.diff(lines.first))
    at = lines.base[part] + measure
    if not len(at):
        return np.zeros(0, dtype=bool)
    after = np.clip(np.searchsorted(axis, at), 1, len(axis) - 1)
    return (np.abs(axis[after] - at) <= 2 * TOUCH_M) | (np.abs(axis[after - 1] - at) <= 2 * TOUCH_M)


def _run_together(lines: LineArrays, touches: Touches) -> Bools:
    """Whether two lines that touch lie on each other a little further on, either way."""
    together = np.zeros(len(touches.part_a), dtype=bool)
    if not len(together):
        return together
    ahead = {}
    for side, part, measure in (("a", touches.part_a, touches.measure_a), ("b", touches.part_b, touches.measure_b)):
        for step in (-_BESIDE_M, _BESIDE_M):
            ahead[side, step] = lines.place(part, np.clip(measure + step, 0.0, lines.length[part]))
    for step in (-_BESIDE_M, _BESIDE_M):
        for other in (-_BESIDE_M, _BESIDE_M):
            together |= np.hypot(*(ahead["a", step] - ahead["b", other]).T) <= 2 * TOUCH_M
    # A line that turns back on itself is one line all the same.
    return together & (touches.part_a != touches.part_b)


@dataclass(frozen=True)
class _Spots:
    """Distinct places where ends of lines are, (s,).

    xy: (s, 2); of_end: the spot of each end, numbered 2 * part + (0 start, 1 end); loose: nothing but one end is there;
    drawn: the part of the network as drawn; part, measure, at: places of lines that are at a spot, in order along the
    lines, and that spot.
    """

    xy: Floats
    of_end: Ints
    loose: Bools
    drawn: Ints
    part: Ints
    measure: Floats
    at: Ints

    @staticmethod
    def of(lines: LineArrays, touches: Touches) -> _Spots:
        none = np.zeros(0, dtype=np.int64)
        nodes = number_nodes(lines, touches, Reach(none, none, none, np.zeros(0), np.zeros(0)))
        first = np.flatnonzero(first_of_groups(nodes.part)) if len(nodes.part) else none
        last = np.append(first[1:], len(nodes.part))[: len(first)] - 1
        end_node = np.stack([nodes.node[first], nodes.node[last]], axis=1).ravel()
        node, of_end = np.unique(end_node, return_inverse=True)
        same = nodes.part[1:] == nodes.part[:-1]
        drawn = components(len(nodes.xy), nodes.node[:-1][same], nodes.node[1:][same])
        loose = np.bincount(nodes.node, minlength=len(nodes.xy))[node] == 1
        of_node = np.full(len(nodes.xy), -1)
        of_node[node] = np.arange(len(node))
        here = np.flatnonzero(of_node[nodes.node] >= 0)
        places = (nodes.part[here], nodes.measure[here], of_node[nodes.node[here]])
        return _Spots(nodes.xy[node], of_end.ravel().astype(np.int64), loose, drawn[node], *places)

    def folds(self, within_m: float) -> list[frozenset[int]]:
        """For each spot the stretches of lines on it: runs of places that follow each other within so many metres."""
        found: list[set[int]] = [set() for _ in range(len(self.xy))]
        near = (self.part[1:] == self.part[:-1]) & (np.diff(self.measure) <= within_m)
        run = np.concatenate([[0], np.cumsum(~near)]) if len(self.part) else self.part
        shared = np.bincount(run)[run] > 1 if len(run) else np.zeros(0, dtype=bool)
        for spot, stretch in zip(self.at[shared].tolist(), run[shared].tolist(), strict=True):
            found[spot].add(stretch)
        return [frozenset(stretches) for stretches in found]


def _joined_ends(lines: LineArrays, spots: _Spots, label: Ints) -> Reach:
    """One leg from every spot of a cluster but one to that one: a fixed spot where there is one."""
    spot_end = np.zeros(len(spots.xy), dtype=np.int64)
    spot_end[spots.of_end[::-1]] = np.arange(len(spots.of_end))[::-1]
    order = np.lexsort((np.arange(len(label)), spots.loose, label))
    chief = np.zeros(len(label), dtype=np.int64)
    heads = order[first_of_groups(label[order])] if len(order) else order
    chief[label[heads]] = heads
    moved = np.flatnonzero(chief[label] != np.arange(len(label)))
    own, target = spot_end[moved], spot_end[chief[label[moved]]]
    to_measure = np.where(target % 2 == 0, 0.0, lines.length[target // 2])
    gap = np.hypot(*(spots.xy[moved] - spots.xy[chief[label[moved]]]).T)
    return Reach(own // 2, own % 2, target // 2, to_measure, gap)


def _branches(joins: Joins, spots: _Spots, label: Ints, ends: Reach, snap_m: float) -> Reach:
    """The line each free joint is put on, on its way: one a joint, the nearest."""
    lines, reach = joins.lines, joins.reach
    spot = spots.of_end[2 * reach.part + reach.at_end]
    free = np.ones(len(label), dtype=bool)
    free[label[~spots.loose]] = False
    mate = np.full(len(label), np.inf)
    np.minimum.at(mate, label[spots.of_end[2 * ends.part + ends.at_end]], ends.gap_m)
    inside = (reach.to_measure > 2 * TOUCH_M) & (reach.to_measure < lines.length[reach.to_part] - 2 * TOUCH_M)
    kept = inside & free[label[spot]] & (reach.gap_m <= np.minimum(snap_m + AT_TOLERANCE_M, mate[label[spot]]))
    # Not onto a line that ends in the joint itself.
    joint = label[spots.of_end].reshape(-1, 2)
    kept &= (joint[reach.to_part] != label[spot][:, None]).all(axis=1)
    rows = np.flatnonzero(kept)
    rows = rows[~_runs_along(lines, spots, label, reach.where(rows), snap_m)]
    order = rows[np.lexsort((reach.to_part[rows], np.round(reach.gap_m[rows], 6), label[spot[rows]]))]
    return reach.where(order[first_of_groups(label[spot[order]])] if len(order) else order)


def _runs_along(lines: LineArrays, spots: _Spots, label: Ints, reach: Reach, snap_m: float) -> Bools:
    """Ends of lines that leave a line and run beside it: put back on it they would close a loop that is not there."""
    joint = label[spots.of_end].reshape(-1, 2)
    far = spots.xy[spots.of_end[2 * reach.part + (1 - reach.at_end)]]
    target = lines.parts[reach.to_part]
    on_it = (joint[reach.to_part] == joint[reach.part, 1 - reach.at_end][:, None]).any(axis=1)
    on_it |= shapely.distance(shapely.points(far), target) <= snap_m + AT_TOLERANCE_M
    along = np.zeros(len(on_it), dtype=bool)
    for row in np.flatnonzero(on_it).tolist():
        part = int(reach.part[row])
        vertices = shapely.points(lines.xy[lines.first[part] : lines.first[part + 1]])
        along[row] = bool((shapely.distance(vertices, target[row]) <= 2.0 * snap_m).all())
    return along


def _without_legs(network: RoadNetwork, lines: LineArrays, branches: Reach) -> RoadNetwork:
    """The two sides of every leg as one node, and the legs gone; the node stands where lines meet as drawn, or where a
    branch meets its line, else in the middle of the ends."""
    legs, own = np.flatnonzero(network.leg), ~network.leg
    group = components(network.n_nodes, network.u[legs], network.v[legs])
    firm = np.zeros(network.n_nodes, dtype=bool)
    own_ends = np.concatenate([network.u[own], network.v[own]])
    firm[np.bincount(own_ends, minlength=network.n_nodes) > 1] = True
    n_groups = int(group.max(initial=-1)) + 1
    any_firm = np.zeros(n_groups, dtype=bool)
    any_firm[group[firm]] = True
    weight = np.where(any_firm[group], firm, True).astype(np.float64)
    total = np.bincount(group, weight, n_groups)
    xy = np.stack([np.bincount(group, weight * axis, n_groups) / total for axis in network.node_xy.T], axis=1)
    alone = np.bincount(group, minlength=n_groups)[group] == 1
    xy[group[alone]] = network.node_xy[alone]
    columns = {
        name: getattr(network, name)[own] for name in ("length", "part", "start_m", "end_m", "leg", "low", "high")
    }
    length = columns["length"]
    return replace(
        network, node_xy=xy, u=group[network.u[own]], v=group[network.v[own]],
        ledger=replace(network.ledger, legs_m=0.0, pieces_m=float(length.sum())), **columns,
    )  # fmt: skip


def _explained(crossings: Touches, branches: Reach, within_m: float) -> Bools:
    """Crossings where a line runs a little over the line that its end was put on."""
    known = np.zeros(len(crossings.part_a), dtype=bool)
    if not len(branches.part) or not len(known):
        return known
    n = int(max(crossings.part_a.max(), crossings.part_b.max(), branches.part.max(), branches.to_part.max())) + 1
    order = np.argsort(branches.part * n + branches.to_part, kind="stable")
    key = (branches.part * n + branches.to_part)[order]
    for own, other, at in (
        (crossings.part_a, crossings.part_b, crossings.measure_b),
        (crossings.part_b, crossings.part_a, crossings.measure_a),
    ):
        for side in (0, 1):
            # A line may have been put on the other with both its ends.
            place = np.searchsorted(key, own * n + other, side="left") + side
            found = np.minimum(place, len(key) - 1)
            same = (key[found] == own * n + other) & (place < len(key))
            known |= same & (np.abs(branches.to_measure[order][found] - at) <= within_m)
    return known


def _near_misses(
    joins: Joins, kept: Touches, network: RoadNetwork, spots: _Spots, label: Ints, branches: Reach, snap_m: float
) -> Reach:
    """Free ends with the nearest line of another part of the network, or one in reach that they run along."""
    reach, lines = joins.reach, joins.lines
    alone = spots.loose & (np.bincount(label, minlength=len(label))[label] == 1)
    alone[spots.of_end[2 * branches.part + branches.at_end]] = False
    component = np.zeros(len(lines), dtype=np.int64)
    component[network.part] = network.component
    apart = component[reach.part] != component[reach.to_part]
    # Within the tolerance: not joined because it runs along the line, unless that is where it comes from.
    beside = (reach.gap_m <= snap_m + AT_TOLERANCE_M) & ~_comes_from(lines, kept, reach, _FOLD * snap_m)
    rows = np.flatnonzero(alone[spots.of_end[2 * reach.part + reach.at_end]] & (apart | beside))
    end = 2 * reach.part + reach.at_end
    order = rows[
        np.lexsort((reach.to_part[rows], lines.rank[reach.to_part[rows]], np.round(reach.gap_m[rows], 6), end[rows]))
    ]
    return reach.where(order[first_of_groups(end[order])] if len(order) else order)


def _comes_from(lines: LineArrays, touches: Touches, reach: Reach, within_m: float) -> Bools:
    """Ends that, a little way up their own line, are on the other line already."""
    n = len(lines)
    keys = []
    for own, at, other in (
        (touches.part_a, touches.measure_a, touches.part_b),
        (touches.part_b, touches.measure_b, touches.part_a),
    ):
        start, end = at <= within_m, at >= lines.length[own] - within_m
        keys += [(2 * own[start]) * n + other[start], (2 * own[end] + 1) * n + other[end]]
    on_it: Bools = np.isin((2 * reach.part + reach.at_end) * n + reach.to_part, np.concatenate(keys))
    return on_it | (lines.length[reach.part] <= within_m)
