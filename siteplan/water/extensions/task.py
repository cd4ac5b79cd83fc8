"""What a layout is asked for, and what it answers: arrays only, no tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.steiner import CostGraph

ROOM = 1e-9
"""Flows equal within this fit (L/s)."""


@dataclass(frozen=True)
class LayoutTask:
    """Which hamlets to join to which sources over which edges.

    Graph: n_nodes; per edge (e,): u, v, cost > 0. Heads come in levels (l): `usable` (l, e) says which edges water of
    that head can pass, `allowed` (l, k) which hamlets it can serve. Sources (s,): source_node, source_level (row of
    `usable`), spare_lps. Hamlets (k,): node, lps, people (0 where unknown), lifted (served by a pump, whatever the
    head, over any of the edges `liftable` (e,)). No hamlet's own end of pipe may cost over most_per_person a person.
    """

    n_nodes: int
    u: Ints
    v: Ints
    cost: Floats
    usable: Bools
    allowed: Bools
    source_node: Ints
    source_level: Ints
    spare_lps: Floats
    node: Ints
    lps: Floats
    people: Floats
    lifted: Bools
    liftable: Bools
    most_per_person: float = np.inf

    @cached_property
    def graphs(self) -> tuple[CostGraph, ...]:
        """The graph of each level."""
        return tuple(CostGraph.of(self.n_nodes, self.u, self.v, self.cost, usable) for usable in self.usable)

    @cached_property
    def whole(self) -> CostGraph:
        """The graph of all edges that some pipe may use: a relaxation."""
        some = self.usable.any(axis=0) | (self.liftable & self.lifted.any())
        return CostGraph.of(self.n_nodes, self.u, self.v, self.cost, some)

    def fits(self, source: int, lps: float, load: float) -> bool:
        """Whether a source that gives `load` already has so much more."""
        return load + lps <= self.spare_lps[source] + ROOM


@dataclass(frozen=True)
class Layout:
    """Trees that lead from sources to hamlets.

    Per edge used (t,): edge, tail, head (water flows from tail to head) and source (row), ordered so that a tree's
    edges come after the edge that feeds them. Per hamlet (k,): served_by, the row of its source or -1. Two trees may
    use one edge: each lays its own pipe. cost is the sum over the edges used; bound a lower bound for any forest that
    serves the same hamlets; status "optimal", "time_limit" (exact search cut off) or "heuristic". dear: hamlets left
    out because the way to them costs too much a person.
    """

    edge: Ints
    tail: Ints
    head: Ints
    source: Ints
    served_by: Ints
    cost: float
    bound: float
    status: str
    dear: tuple[int, ...] = ()

    @property
    def gap(self) -> float:
        """Share of the cost that the bound leaves open, 0..1."""
        return max(self.cost - self.bound, 0.0) / self.cost if self.cost > 0 else 0.0


def layout_of(
    task: LayoutTask, edges: list[list[int]], served_by: Ints, *, bound: float | None = None, status: str = "heuristic"
) -> Layout:
    """A layout from the edges of each source's tree, turned away from the source; bound None: no bound is known (0)."""
    rows: list[tuple[int, int, int, int]] = []
    for source, tree in enumerate(edges):
        rows += [(edge, tail, head, source) for edge, tail, head in rooted(task, tree, int(task.source_node[source]))]
    edge, tail, head, of = (np.array(c, dtype=np.int64) for c in (zip(*rows, strict=True) if rows else [()] * 4))
    cost = float(task.cost[edge].sum())
    return Layout(edge, tail, head, of, served_by, cost, min(bound or 0.0, cost), status)


def rooted(task: LayoutTask, tree: list[int], root: int) -> list[tuple[int, int, int]]:
    """Edges of a tree as (edge, tail, head) away from the root, parents first; neighbours in the order of edges."""
    near: dict[int, list[tuple[int, int]]] = {}
    for edge in sorted(tree):
        u, v = int(task.u[edge]), int(task.v[edge])
        near.setdefault(u, []).append((edge, v))
        near.setdefault(v, []).append((edge, u))
    rows, seen, queue = [], {root}, [root]
    for node in queue:
        for edge, other in near.get(node, ()):
            if other not in seen:
                seen.add(other)
                queue.append(other)
                rows.append((edge, node, other))
    return rows
