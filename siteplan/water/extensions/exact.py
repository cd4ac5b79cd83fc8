"""The cheapest layout of a small case: a multicommodity flow model solved by HiGHS.

One commodity a hamlet; an edge is paid for in the tree of each source that uses it. The relaxation is the
directed cut formulation, which is tight on most small graphs (R. T. Wong 1984; T. L. Magnanti and L. A. Wolsey, Optimal
trees, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.steiner import CostGraph
from siteplan.water.extensions.task import ROOM, Layout, LayoutTask, layout_of, rooted

SECONDS = 120.0
"""Safety catch; the limit of nodes comes first, so that the answer does not hang on the machine."""
NODES = 20_000
"""Nodes of the search before it is cut off."""


@dataclass(frozen=True)
class _Group:
    """Sources whose trees share one set of pipes: their nodes, the graph, the hamlets (rows) that they may serve, and
    what they can give together."""

    roots: Ints
    graph: CostGraph
    hamlets: Ints
    spare_lps: float


@dataclass(frozen=True)
class _Model:
    """Columns and rows for HiGHS. assigned: (hamlet, group, column); arcs: (group, edge or -1 for a way into
    a source, column)."""

    cost: Floats
    integral: Ints
    matrix: coo_array
    low: Floats
    high: Floats
    n_asked: int
    assigned: list[tuple[int, int, int]]
    arcs: list[tuple[int, int, int]]


def relaxed_size(task: LayoutTask) -> int:
    """Number of variables of the model that makes one of all sources."""
    return 2 * len(task.whole.edge) * (1 + int((task.allowed.any(axis=0) & ~task.lifted).sum()))


def exact_layout(task: LayoutTask, asked: Bools, fallback: Layout, *, thorough: bool) -> Layout:
    """The cheapest layout for the hamlets asked for (k,), or where sources fall short for as many people as they allow.

    First as if all sources were one, without limits of head and room: often the answer keeps them all the same. Else
    each source by itself, if the search is to be thorough: that takes long where room is scarce. `fallback` comes back,
    with the better bound, where the search ends before.
    """
    together = _Group(
        np.unique(task.source_node), replace(task, lifted=~asked & task.lifted).whole, np.flatnonzero(asked), np.inf
    )
    model = _model(task, [together], asked)
    solved = _solve(model, model.cost)
    served_all = bool((fallback.served_by[asked] >= 0).all())
    if solved.x is not None and solved.status == 0:
        layout = _together(task, model, solved.x, asked)
        if layout is not None:
            return layout
    bound = _bound(solved) if served_all else 0.0
    if not thorough:
        return replace(fallback, bound=max(fallback.bound, min(bound, fallback.cost)))
    apart = [
        _Group(
            task.source_node[source : source + 1],
            task.graphs[level],
            np.flatnonzero(task.allowed[level] & asked),
            float(task.spare_lps[source]),
        )
        for source, level in enumerate(task.source_level.tolist())
    ]
    model = _model(task, apart, asked)
    solved = _solve(model, model.cost)
    if solved.x is None and solved.status == 2:
        # Not all fit: first as many people as possible (then hamlets), then the least cost for so many.
        worth = np.zeros(len(model.cost))
        for hamlet, _, column in model.assigned:
            worth[column] = task.people[hamlet] + 1e-3
        low = model.low.copy()
        low[len(low) - model.n_asked :] = 0.0
        model = replace(model, low=low)
        first = _solve(model, -worth)
        if first.x is None or first.status != 0:
            return replace(fallback, status="time_limit")
        most = float(worth @ np.round(first.x))
        model = replace(
            model,
            matrix=vstack([model.matrix, worth[None, :]]).tocoo(),
            low=np.append(model.low, most - 1e-4),
            high=np.append(model.high, np.inf),
        )
        solved = _solve(model, model.cost)
    bound = max(bound, _bound(solved) if served_all else 0.0)
    if solved.x is None:
        return replace(fallback, bound=max(fallback.bound, min(bound, fallback.cost)), status="time_limit")
    served_by = np.full(len(task.node), -1)
    for hamlet, group, column in model.assigned:
        if solved.x[column] > 0.5:
            served_by[hamlet] = group
    edges: list[list[int]] = [[] for _ in task.source_node]
    for group, edge, column in model.arcs:
        if edge >= 0 and solved.x[column] > 0.5:
            edges[group].append(edge)
    edges = [_pruned(task, tree, source, served_by) for source, tree in enumerate(edges)]
    done = solved.status == 0
    layout = layout_of(task, edges, served_by, bound=_bound(solved), status="optimal" if done else "time_limit")
    if not done and served_all and fallback.cost <= layout.cost:
        return replace(fallback, bound=max(fallback.bound, min(bound, fallback.cost)), status="time_limit")
    return layout


def _together(task: LayoutTask, model: _Model, x: Floats, asked: Bools) -> Layout | None:
    """The answer for all sources as one, turned into a layout; None where it breaks a limit of head or room."""
    chosen = {edge for _, edge, column in model.arcs if edge >= 0 and x[column] > 0.5}
    served_by = np.full(len(task.node), -1)
    edges: list[list[int]] = [[] for _ in task.source_node]
    for source in range(len(task.source_node)):
        root, level = int(task.source_node[source]), int(task.source_level[source])
        tree = rooted(task, list(chosen), root)
        nodes = {root, *(head for _, _, head in tree)}
        mine = [k for k in np.flatnonzero(asked & (served_by < 0)).tolist() if int(task.node[k]) in nodes]
        served_by[mine] = source
        edges[source] = _pruned(task, [edge for edge, _, _ in tree], source, served_by)
        chosen -= set(edges[source])
        fits = float(task.lps[mine].sum()) <= task.spare_lps[source] + ROOM
        if not (fits and task.allowed[level, mine].all() and task.usable[level, edges[source]].all()):
            return None
    if (served_by[asked] < 0).any():
        return None
    layout = layout_of(task, edges, served_by, status="optimal")
    return replace(layout, bound=layout.cost)


def _bound(solved: Any) -> float:
    return float(solved.mip_dual_bound) if solved.mip_dual_bound is not None else 0.0


def _solve(model: _Model, cost: Floats) -> Any:
    return milp(
        cost,
        integrality=model.integral,
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(model.matrix.tocsr(), model.low, model.high),
        options={"mip_rel_gap": 0.0, "time_limit": SECONDS, "node_limit": NODES},
    )


class _Rows:
    """Rows gathered block by block."""

    def __init__(self) -> None:
        self.n = 0
        self.row: list[Ints] = []
        self.column: list[Ints] = []
        self.value: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []

    def add(self, row: Ints, column: Ints, value: Floats, low: Floats, high: Floats) -> None:
        """A block: entries with rows counted from the block's first, and the limits of its rows."""
        self.row.append(row + self.n)
        self.column.append(column)
        self.value.append(value)
        self.low.append(low)
        self.high.append(high)
        self.n += len(low)


def _model(task: LayoutTask, groups: list[_Group], asked: Bools) -> _Model:
    """Columns: for each group its arcs, its assignments, its flows (hamlet by arc). A node more, from which water comes
    to all roots of a group over arcs that cost nothing."""
    rows = _Rows()
    cost: list[Floats] = []
    integral: list[Ints] = []
    assigned: list[tuple[int, int, int]] = []
    arcs: list[tuple[int, int, int]] = []
    n_columns, spring, n_nodes = 0, task.n_nodes, task.n_nodes + 1
    for number, group in enumerate(groups):
        graph, hamlets = group.graph, group.hamlets
        tail = np.concatenate([graph.u, graph.v, np.full(len(group.roots), spring)])
        head = np.concatenate([graph.v, graph.u, group.roots])
        edge = np.concatenate([graph.edge, graph.edge, np.full(len(group.roots), -1)])
        price = np.concatenate([graph.cost, graph.cost, np.zeros(len(group.roots))])
        n_arcs, n_hamlets = len(tail), len(hamlets)
        first_arc, first_pick = n_columns, n_columns + n_arcs
        first_flow = first_pick + n_hamlets
        n_flows = n_arcs * n_hamlets
        n_columns = first_flow + n_flows
        cost += [price, np.zeros(n_hamlets + n_flows)]
        integral += [np.ones(n_arcs + n_hamlets, dtype=np.int64), np.zeros(n_flows, dtype=np.int64)]
        arcs += [(number, int(edge[k]), first_arc + k) for k in range(n_arcs)]
        assigned += [(int(hamlet), number, first_pick + k) for k, hamlet in enumerate(hamlets)]
        flow, pick = first_flow + np.arange(n_flows), np.arange(n_hamlets)
        arc, k = np.tile(np.arange(n_arcs), n_hamlets), np.repeat(pick, n_arcs)
        # No flow over an arc that is not built.
        rows.add(
            np.tile(np.arange(n_flows), 2),
            np.concatenate([flow, first_arc + arc]),
            np.repeat([1.0, -1.0], n_flows),
            np.full(n_flows, -np.inf),
            np.zeros(n_flows),
        )
        # What flows in flows out, but for the hamlet itself (in) and the spring (out).
        balance = k * n_nodes
        rows.add(
            np.concatenate(
                [balance + head[arc], balance + tail[arc], pick * n_nodes + spring, pick * n_nodes + task.node[hamlets]]
            ),
            np.concatenate([flow, flow, first_pick + pick, first_pick + pick]),
            np.repeat([1.0, -1.0, 1.0, -1.0], [n_flows, n_flows, n_hamlets, n_hamlets]),
            np.zeros(n_hamlets * n_nodes),
            np.zeros(n_hamlets * n_nodes),
        )
        # One pipe into a node at most.
        rows.add(head, first_arc + np.arange(n_arcs), np.ones(n_arcs), np.full(n_nodes, -np.inf), np.ones(n_nodes))
        if np.isfinite(group.spare_lps):
            rows.add(
                np.zeros(n_hamlets, dtype=np.int64),
                first_pick + pick,
                task.lps[hamlets],
                np.array([-np.inf]),
                np.array([group.spare_lps + ROOM]),
            )
    place = np.cumsum(asked) - 1
    ones = np.ones(int(asked.sum()))
    picks = np.array(assigned, dtype=np.int64).reshape(-1, 3)
    rows.add(place[picks[:, 0]], picks[:, 2], np.ones(len(picks)), ones, ones)
    entries = (np.concatenate(rows.row), np.concatenate(rows.column))
    return _Model(
        cost=np.concatenate(cost),
        integral=np.concatenate(integral),
        matrix=coo_array((np.concatenate(rows.value), entries), shape=(rows.n, n_columns)),
        low=np.concatenate(rows.low),
        high=np.concatenate(rows.high),
        n_asked=len(ones),
        assigned=assigned,
        arcs=arcs,
    )


def _pruned(task: LayoutTask, tree: list[int], source: int, served_by: Ints) -> list[int]:
    """A tree without what leads nowhere: equal-cost loops and stubs that the solver may leave at its tolerance."""
    needed = set(task.node[served_by == source].tolist())
    kept = []
    for edge, tail, head in reversed(rooted(task, tree, int(task.source_node[source]))):
        if head in needed:
            needed.add(tail)
            kept.append(edge)
    return kept
