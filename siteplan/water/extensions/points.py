"""The points of one tree of pipes, from its source outwards: ground, flow, heads and the head that must remain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.catalogue import SHUT_OFF, Limits
from siteplan.water.extensions.corridors import Corridors


@dataclass(frozen=True)
class Points:
    """A tree as points, each with the straight piece of ground that leads to it; point 0 is the source. All shape (p,).

    parent: the point upstream, -1 at the source, always a lower number. step_m: length from there. z_m: ground. edge:
    the corridor edge of that piece; from_m, to_m: its ends as metres from the edge's u, upstream one first. node: the
    corridor node, -1 between nodes. lps: flow in the piece, L/s. service_m: head asked by who is served here, NaN.
    trench_per_m: what a metre of trench costs. head_m, rest_m: head of the source at peak flow and at rest.
    """

    parent: Ints
    step_m: Floats
    z_m: Floats
    edge: Ints
    from_m: Floats
    to_m: Floats
    node: Ints
    lps: Floats
    service_m: Floats
    trench_per_m: Floats
    head_m: float
    rest_m: float

    def __len__(self) -> int:
        return len(self.parent)

    @cached_property
    def n_kids(self) -> Ints:
        """Number of pieces that begin at each point, (p,)."""
        return np.bincount(self.parent[1:], minlength=len(self)).astype(np.int64)

    @cached_property
    def served(self) -> Bools:
        """Points that serve somebody, (p,)."""
        return np.isfinite(self.service_m)

    @cached_property
    def away_m(self) -> Floats:
        """Length of the way from the source, m, (p,)."""
        out, parent, step = [0.0] * len(self), self.parent.tolist(), self.step_m.tolist()
        for k in range(1, len(self)):
            out[k] = out[parent[k]] + step[k]
        return np.array(out)

    @cached_property
    def _walk(self) -> tuple[Ints, Ints, Ints]:
        """Points in an order in which what lies beyond a point follows it at once; each point's place, and how many
        points lie beyond it, itself counted."""
        parent, n = self.parent.tolist(), len(self)
        size = [1] * n
        for k in range(n - 1, 0, -1):
            size[parent[k]] += size[k]
        place, free = [0] * n, [1] * n
        for k in range(1, n):
            up = parent[k]
            place[k] = place[up] + free[up]
            free[up] += size[k]
        order = np.empty(n, dtype=np.int64)
        order[place] = np.arange(n)
        return order, np.array(place), np.array(size)

    def below(self, point: int, ends: Bools) -> Ints:
        """Points beyond a point, up to and with those that `ends` (p,) marks."""
        order, place, size = self._walk
        inside = order[place[point] + 1 : place[point] + size[point]]
        kept = np.ones(len(inside), dtype=bool)
        for end in inside[ends[inside]].tolist():
            at = place[end] - place[point] - 1
            kept[at + 1 : at + size[end]] = False
        return inside[kept]


@dataclass(frozen=True)
class Works:
    """What a tree needs besides pipes; shape (p,).

    pump_at: a pump at the upstream end of the piece that leads to this point; pump_head_m: what it lifts at peak, 0
    elsewhere. tank_at: a break-pressure tank at this point; depth_m: its water over the ground.
    """

    pump_at: Bools
    pump_head_m: Floats
    tank_at: Bools
    depth_m: float

    @classmethod
    def none(cls, points: Points, depth_m: float) -> Works:
        """No works at all."""
        no = np.zeros(len(points), dtype=bool)
        return cls(no, np.zeros(len(points)), no.copy(), depth_m)


def tree_points(
    corridors: Corridors,
    arcs: Sequence[tuple[int, int, int]],
    root: int,
    lps_at: Mapping[int, float],
    service_at: Mapping[int, float],
    *,
    head_m: float,
    rest_m: float,
) -> Points:
    """The points of a tree of arcs (edge, tail, head), parents first; lps_at, service_at: asked at nodes."""
    number = {root: 0}
    parent, step, z, edge_of = [-1], [0.0], [float(corridors.z_m[root])], [-1]
    begin, finish, node_of = [0.0], [0.0], [root]
    for edge, tail, head in arcs:
        station, height = corridors.profile(edge)
        if tail != corridors.u[edge]:
            station, height = station[::-1], height[::-1]
        at = number[tail]
        for k in range(1, len(station)):
            parent.append(at)
            at = len(parent) - 1
            step.append(abs(float(station[k] - station[k - 1])))
            z.append(float(height[k]))
            edge_of.append(edge)
            begin.append(float(station[k - 1]))
            finish.append(float(station[k]))
            node_of.append(-1)
        node_of[at] = head
        number[head] = at
    lps = np.zeros(len(parent))
    service = np.full(len(parent), np.nan)
    for node, flow in lps_at.items():
        lps[number[node]] += flow
        service[number[node]] = service_at[node]
    for k in range(len(parent) - 1, 0, -1):
        lps[parent[k]] += lps[k]
    edges = np.array(edge_of, dtype=np.int64)
    return Points(
        parent=np.array(parent, dtype=np.int64),
        step_m=np.array(step),
        z_m=np.array(z),
        edge=edges,
        from_m=np.array(begin),
        to_m=np.array(finish),
        node=np.array(node_of, dtype=np.int64),
        lps=lps,
        service_m=service,
        trench_per_m=np.where(edges >= 0, corridors.trench_per_m[edges] if corridors.n_edges else 0.0, 0.0),
        head_m=head_m,
        rest_m=rest_m,
    )


def heads(points: Points, loss_per_m: Floats, works: Works) -> Floats:
    """Head at peak flow at each point (upstream of a tank there), m; loss_per_m (p,) of the piece that leads to it."""
    parent, z, tank = points.parent.tolist(), points.z_m.tolist(), works.tank_at.tolist()
    drop = (works.pump_head_m - loss_per_m * points.step_m).tolist()
    out = [points.head_m] * len(points)
    for k in range(1, len(points)):
        up = parent[k]
        out[k] = (z[up] + works.depth_m if tank[up] else out[up]) + drop[k]
    return np.array(out)


def at_rest(points: Points, works: Works) -> Floats:
    """Head of water at rest over the lower end of the piece that leads to each point, m; NaN at the source.

    A pump is taken at the head of its curve at no flow.
    """
    parent, z, tank = points.parent.tolist(), points.z_m.tolist(), works.tank_at.tolist()
    lift = (works.pump_head_m * SHUT_OFF).tolist()
    level = [points.rest_m] * len(points)
    out = np.full(len(points), np.nan)
    for k in range(1, len(points)):
        up = parent[k]
        level[k] = (z[up] + works.depth_m if tank[up] else level[up]) + lift[k]
        out[k] = level[k] - min(z[k], z[up])
    return out


def needed_heads(points: Points, works: Works, limits: Limits) -> tuple[Floats, Bools]:
    """Head that must remain over the ground at each point, metres (0 at the source), and whether it is in a first run.

    The limit of the line holds everywhere but on the first run from the source or a break-pressure tank, where that
    share of the head at rest must remain which `Limits.first_run` gives: never less than nothing. A point that serves
    keeps what it is asked for; where it is the end of a branch and asks for less than the line's limit, so do the
    last points on the climb to it.
    """
    parent, z = points.parent.tolist(), points.z_m.tolist()
    tank, pump = works.tank_at.tolist(), works.pump_at.tolist()
    level, run = [points.head_m] * len(points), [True] * len(points)
    need = np.zeros(len(points))
    for k in range(1, len(points)):
        up = parent[k]
        level[k], run[k] = (z[up] + works.depth_m, True) if tank[up] else (level[up], run[up])
        over = level[k] - z[k]
        run[k] = run[k] and not pump[k] and limits.first_run * over < limits.line_head_m
        need[k] = limits.first_run * max(over, 0.0) if run[k] else limits.line_head_m
    kids, served, asked = points.n_kids.tolist(), points.served.tolist(), points.service_m.tolist()
    goal = [np.nan] * len(points)
    for k in range(len(points) - 1, 0, -1):
        up = parent[k]
        if served[k]:
            need[k] = asked[k] if kids[k] == 0 else max(need[k], asked[k])
            goal[k] = z[k] + asked[k] if kids[k] == 0 else np.nan
        elif not np.isnan(goal[k]):
            need[k] = min(need[k], asked[k])
        if kids[up] == 1 and not served[up] and goal[k] - limits.line_head_m < z[up] <= goal[k] - asked[k]:
            goal[up], asked[up] = goal[k], asked[k]
    return need, np.array(run)
