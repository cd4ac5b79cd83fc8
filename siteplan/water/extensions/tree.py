"""One tree from end to end: what it needs, its sizes, and the pieces of pipe that are laid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from siteplan.network.ragged import Floats
from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.corridors import Corridors
from siteplan.water.extensions.feasibility import EXACT, Feasibility, classes_after, feasibility
from siteplan.water.extensions.points import Points, Works, tree_points
from siteplan.water.extensions.sizing import Sizing, rounded, size_tree

SNAP_M = 1e-4
"""A change of diameter nearer than this to a point of the profile is at that point."""
Arc = tuple[int, int, int]
"""(edge, tail, head) in the sense of flow."""


@dataclass(frozen=True)
class Branch:
    """What is to be built as one project: arcs from the node `root`, parents first; hamlets (rows) and, for each, its
    node, L/s and head; head_m, rest_m of the source at peak flow and at rest."""

    source: int
    root: int
    arcs: tuple[Arc, ...]
    hamlets: tuple[int, ...]
    node: tuple[int, ...]
    lps: tuple[float, ...]
    service_m: tuple[float, ...]
    head_m: float
    rest_m: float

    def of(self, hamlets: Sequence[int]) -> Branch:
        """The part of the branch that serves these of its hamlets."""
        kept = [k for k, hamlet in enumerate(self.hamlets) if hamlet in set(hamlets)]
        nodes = {self.node[k] for k in kept}
        arcs = []
        for arc in reversed(self.arcs):
            if arc[2] in nodes:
                nodes.add(arc[1])
                arcs.append(arc)
        return replace(
            self,
            arcs=tuple(reversed(arcs)),
            hamlets=tuple(self.hamlets[k] for k in kept),
            node=tuple(self.node[k] for k in kept),
            lps=tuple(self.lps[k] for k in kept),
            service_m=tuple(self.service_m[k] for k in kept),
        )

    def points(self, corridors: Corridors) -> Points:
        """Its points."""
        lps: dict[int, float] = {}
        service: dict[int, float] = {}
        for node, flow, head in zip(self.node, self.lps, self.service_m, strict=True):
            lps[node] = lps.get(node, 0.0) + flow
            service[node] = max(service.get(node, 0.0), head)
        return tree_points(corridors, self.arcs, self.root, lps, service, head_m=self.head_m, rest_m=self.rest_m)


@dataclass(frozen=True)
class Piece:
    """A pipe of one size on one edge, in the sense of flow.

    start, stop: its ends, numbers within the tree (those of points where it ends at one); from_m, to_m: metres from the
    edge's u; z: ground; head_m: at peak; least_m: least head over the ground; rest_m: most head at rest; pipe: row of
    the catalogue; lps; trench: cost of its trench.
    """

    start: int
    stop: int
    first_point: int
    edge: int
    from_m: float
    to_m: float
    pipe: int
    lps: float
    z_start_m: float
    z_stop_m: float
    head_start_m: float
    head_stop_m: float
    least_m: float
    rest_m: float
    trench: float

    @property
    def length_m(self) -> float:
        """Length on the ground, m."""
        return abs(self.to_m - self.from_m)


@dataclass(frozen=True)
class Tree:
    """A branch with its design. failure: "" or why there is none (as `Feasibility.failure`); then no pieces.

    works: pumps with the heads chosen; pipe_cost, trench_cost, works_cost; bound: what any sizes cost at least on these
    corridors with these works.
    """

    branch: Branch
    points: Points
    feasible: Feasibility
    works: Works
    sizing: Sizing
    pieces: tuple[Piece, ...]
    failure: str
    pipe_cost: float
    trench_cost: float
    works_cost: float
    bound: float

    @property
    def cost(self) -> float:
        """All of it."""
        return self.pipe_cost + self.trench_cost + self.works_cost


def design_tree(corridors: Corridors, branch: Branch, catalogue: Catalogue) -> Tree:
    """Pumps, tanks and sizes of a branch.

    A pump's class of pipe is first taken for the most head it may be given, then for the head chosen.
    """
    points = branch.points(corridors)
    feasible = feasibility(points, catalogue)
    if feasible.failure:
        return _failed(branch, points, feasible, feasible.failure)
    works, class_m, rest = feasible.works, feasible.class_m, feasible.rest_m
    sizing = size_tree(points, catalogue, works, feasible.need_m, class_m)
    if sizing.runs and works.pump_at.any():
        known = replace(works, pump_head_m=np.minimum(sizing.pump_head_m + EXACT * works.pump_at, works.pump_head_m))
        lighter_rest, lighter = classes_after(points, catalogue, known)
        again = size_tree(points, catalogue, known, feasible.need_m, lighter)
        if again.runs and again.cost <= sizing.cost:
            sizing, class_m, rest = again, lighter, lighter_rest
    if not sizing.runs and len(points) > 1:
        return _failed(branch, points, feasible, f"sizing_{sizing.status}")
    sizing = rounded(points, catalogue, works, sizing)
    works = replace(works, pump_head_m=sizing.pump_head_m)
    pieces = tuple(_pieces(points, catalogue, works, sizing, rest))
    prices = catalogue.prices
    power = sum(
        prices.pump_kw(float(points.lps[k]), float(works.pump_head_m[k])) for k in np.flatnonzero(works.pump_at)
    )
    fixed = prices.pump_station * int(works.pump_at.sum()) + prices.tank * int(works.tank_at.sum())
    pipe_cost = sum(piece.length_m * float(catalogue.pipes.price_per_m[piece.pipe]) for piece in pieces)
    trench_cost = sum(piece.trench for piece in pieces)
    return Tree(
        branch=branch,
        points=points,
        feasible=replace(feasible, class_m=class_m, rest_m=rest),
        works=works,
        sizing=sizing,
        pieces=pieces,
        failure="",
        pipe_cost=pipe_cost,
        trench_cost=trench_cost,
        works_cost=fixed + power * prices.pump_per_kw,
        # Not over the cost: what was snapped to points of the profile is worth less than a cent.
        bound=min(sizing.bound, pipe_cost + power * prices.pump_per_kw) + trench_cost + fixed,
    )


def _failed(branch: Branch, points: Points, feasible: Feasibility, failure: str) -> Tree:
    unknown = np.full(len(points), np.nan)
    sizing = Sizing("infeasible", np.nan, np.nan, (), feasible.works.pump_head_m, unknown, unknown)
    return Tree(branch, points, feasible, feasible.works, sizing, (), failure, np.nan, np.nan, np.nan, np.nan)


def _pieces(points: Points, catalogue: Catalogue, works: Works, sizing: Sizing, rest: Floats) -> list[Piece]:
    pieces: list[Piece] = []
    cuts = len(points)
    for run in sizing.runs:
        lost = catalogue.pipes.loss_per_m(points.lps[run.points[:1]])[0]
        head = _entry(points, works, sizing, int(run.points[0]))
        border = np.cumsum([length for _, length in run.pieces])
        laid, at, start = 0, 0.0, int(points.parent[run.points[0]])
        part: Piece | None = None
        for k in run.points.tolist():
            done, step = 0.0, float(points.step_m[k])
            sense = 1.0 if points.to_m[k] > points.from_m[k] else -1.0
            ground = float(points.z_m[points.parent[k]]), float(points.z_m[k])
            while True:
                # The last piece ends with the run, whatever rounding says.
                left = np.inf if laid == len(run.pieces) - 1 else float(border[laid]) - at
                if left < SNAP_M:
                    laid += 1
                    continue
                ends = left > step - done - SNAP_M
                going = step - done if ends else left
                pipe = run.pieces[laid][0]
                z = ground[1] if ends else ground[0] + (ground[1] - ground[0]) * (done + going) / step
                z_start = ground[0] + (ground[1] - ground[0]) * done / step
                stop = k if ends else cuts
                cuts += not ends
                fallen = head - float(lost[pipe]) * going
                new = Piece(
                    start=start,
                    stop=stop,
                    first_point=k,
                    edge=int(points.edge[k]),
                    from_m=float(points.from_m[k]) + sense * done,
                    to_m=float(points.to_m[k]) if ends else float(points.from_m[k]) + sense * (done + going),
                    pipe=pipe,
                    lps=float(points.lps[k]),
                    z_start_m=z_start,
                    z_stop_m=z,
                    head_start_m=head,
                    head_stop_m=fallen,
                    least_m=min(head - z_start, fallen - z),
                    rest_m=float(rest[k]),
                    trench=going * float(points.trench_per_m[k]),
                )
                if part is not None and part.edge == new.edge and part.pipe == pipe:
                    part = _joined(part, new)
                else:
                    pieces += [] if part is None else [part]
                    part = new
                head, start, done, at = fallen, stop, done + going, at + going
                if ends:
                    break
                laid += 1
        pieces += [] if part is None else [part]
    return pieces


def _entry(points: Points, works: Works, sizing: Sizing, point: int) -> float:
    """Head at the upstream end of the piece that leads to a point, behind a tank or a pump there."""
    up = int(points.parent[point])
    head = float(points.z_m[up]) + works.depth_m if works.tank_at[up] else float(sizing.head_m[up])
    return (points.head_m if up == 0 else head) + float(works.pump_head_m[point])


def _joined(a: Piece, b: Piece) -> Piece:
    return replace(
        a,
        stop=b.stop,
        to_m=b.to_m,
        z_stop_m=b.z_stop_m,
        head_stop_m=b.head_stop_m,
        least_m=min(a.least_m, b.least_m),
        rest_m=max(a.rest_m, b.rest_m),
        trench=a.trench + b.trench,
    )


def stripped(branch: Branch, cost: Floats, people: Mapping[int, float], most: int) -> list[tuple[int, ...]]:
    """Smaller and smaller parts of a branch, as hamlets: each time the end goes that costs most a person it serves.

    cost (e,): of each edge, as the layout weighs it. At most so many, spread evenly from nearly all to a single place.
    """
    up = {head: (tail, edge) for edge, tail, head in branch.arcs}
    here: dict[int, list[int]] = {}
    for hamlet, node in zip(branch.hamlets, branch.node, strict=True):
        here.setdefault(node, []).append(hamlet)
    parts: list[tuple[int, ...]] = []
    while len(here) > 1:
        kids: dict[int, int] = {}
        for tail, _ in up.values():
            kids[tail] = kids.get(tail, 0) + 1
        worst: tuple[float, int, list[int]] | None = None
        for node in sorted(here):
            if kids.get(node) or node not in up:
                continue
            total, path, at = 0.0, [], node
            while at in up and (at == node or (at not in here and kids[at] == 1)):
                path.append(at)
                at, edge = up[at]
                total += float(cost[edge])
            served = sum(people.get(hamlet, 0.0) for hamlet in here[node])
            each = total / served if served > 0 else np.inf
            if worst is None or each > worst[0]:
                worst = each, node, path
        if worst is None:
            break
        del here[worst[1]]
        for node in worst[2]:
            del up[node]
        parts.append(tuple(sorted(hamlet for hamlets in here.values() for hamlet in hamlets)))
    if len(parts) <= most:
        return parts
    return [parts[k] for k in np.unique(np.linspace(0, len(parts) - 1, most).round().astype(np.int64)).tolist()]
