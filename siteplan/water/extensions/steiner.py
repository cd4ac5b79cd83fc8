"""Steiner trees over a graph: Mehlhorn's tree by Voronoi cells, on csgraph.

K. Mehlhorn, A faster approximation algorithm for the Steiner problem in graphs, Information Processing Letters 27
(1988): at most twice the cheapest tree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree

from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups

NONE = -9999
"""What scipy writes for "no predecessor"."""


@dataclass(frozen=True)
class CostGraph:
    """An undirected graph without loops; of parallel edges the cheapest (ties: the lowest number) stays.

    n nodes; per edge (m,): u, v, cost > 0 and `edge`, its number in the caller's arrays. `matrix` holds both senses in
    CSR form and `slot` the row of these arrays that each of its entries comes from.
    """

    n: int
    u: Ints
    v: Ints
    cost: Floats
    edge: Ints
    matrix: csr_array
    slot: Ints

    @classmethod
    def of(cls, n: int, u: Ints, v: Ints, cost: Floats, usable: Bools | None = None) -> CostGraph:
        """The graph of n nodes over the usable edges u, v, cost, each (e,)."""
        edge = np.flatnonzero(u != v if usable is None else usable & (u != v))
        low, high = np.minimum(u[edge], v[edge]), np.maximum(u[edge], v[edge])
        order = np.lexsort((edge, cost[edge], high, low))
        edge, low, high = edge[order], low[order], high[order]
        one = first_of_groups(low * n + high)
        edge, low, high = edge[one], low[one], high[one]
        tail, head = np.concatenate([low, high]), np.concatenate([high, low])
        slot = np.tile(np.arange(len(edge)), 2)
        order = np.lexsort((head, tail))
        tail, head, slot = tail[order], head[order], slot[order]
        indptr = np.searchsorted(tail, np.arange(n + 1)).astype(np.int32)
        matrix = csr_array((cost[edge][slot], head.astype(np.int32), indptr), shape=(n, n))
        return cls(n, low, high, cost[edge], edge, matrix, slot)

    def between(self, tail: Ints, head: Ints) -> Ints:
        """Row of the edge between each pair of neighbours."""
        key = np.minimum(tail, head) * self.n + np.maximum(tail, head)
        return np.searchsorted(self.u * self.n + self.v, key)


def nearest(graph: CostGraph, starts: Ints) -> tuple[Floats, Ints, Ints]:
    """Least cost from every node to the nearest start, the next node towards it (`NONE` at starts) and that start."""
    if not len(starts):
        return np.full(graph.n, np.inf), np.full(graph.n, NONE), np.full(graph.n, NONE)
    distance, towards, start = dijkstra(
        graph.matrix, directed=True, indices=np.unique(starts), min_only=True, return_predecessors=True
    )
    return distance, towards.astype(np.int64), start.astype(np.int64)


def mehlhorn(graph: CostGraph, roots: Ints, terminals: Ints) -> Ints:
    """Rows of the edges of a forest that joins every terminal to some root; sorted.

    All roots count as joined. Terminals that no root reaches are left out.
    """
    if not len(roots) or not len(terminals):
        return np.zeros(0, dtype=np.int64)
    distance, towards, start = nearest(graph, np.concatenate([roots, terminals]))
    # Cells of roots are one: label 0. Cells of terminals follow.
    label = np.full(graph.n, -1)
    own = np.setdiff1d(terminals, roots)
    label[own] = np.arange(len(own)) + 1
    label[roots] = 0
    cell = np.where(start >= 0, label[np.where(start >= 0, start, 0)], -1)
    a, b = cell[graph.u], cell[graph.v]
    border = np.flatnonzero((a != b) & (a >= 0) & (b >= 0))
    over = distance[graph.u[border]] + graph.cost[border] + distance[graph.v[border]]
    bridge = border[_spanning(len(own) + 1, a[border], b[border], over)]
    taken = np.zeros(graph.n, dtype=bool)
    node = np.unique(np.concatenate([graph.u[bridge], graph.v[bridge]]))
    while len(node):
        taken[node] = True
        node = np.unique(towards[node])
        node = node[node >= 0]
        node = node[~taken[node]]
    return trimmed(graph, taken, roots, terminals)


def trimmed(graph: CostGraph, taken: Bools, roots: Ints, terminals: Ints) -> Ints:
    """Rows of a spanning forest of the taken nodes, cheapest first, cut back to what joins terminals to roots.

    Roots count as joined, so that every tree holds one; parts without a root are left out. Sorted.
    """
    taken = taken.copy()
    taken[roots] = True
    inner = np.flatnonzero(taken[graph.u] & taken[graph.v])
    name = np.arange(graph.n)
    name[roots] = roots[0]
    a, b = name[graph.u[inner]], name[graph.v[inner]]
    inner = inner[_spanning(graph.n, a, b, graph.cost[inner])]
    a, b = name[graph.u[inner]], name[graph.v[inner]]
    ones = np.ones(len(inner), dtype=np.int8)
    _, part = connected_components(csr_array((ones, (a, b)), shape=(graph.n, graph.n)), directed=False)
    inner = inner[part[a] == part[roots[0]]]
    kept = np.zeros(graph.n, dtype=bool)
    kept[terminals] = kept[roots] = True
    while True:
        a, b = graph.u[inner], graph.v[inner]
        degree = np.bincount(np.concatenate([a, b]), minlength=graph.n)
        bare = (degree == 1) & ~kept
        bare_edge = bare[a] | bare[b]
        if not bare_edge.any():
            return np.sort(inner)
        inner = inner[~bare_edge]


def _spanning(n: int, a: Ints, b: Ints, cost: Floats) -> Ints:
    """Rows of a minimum spanning forest over edges a-b (loops and parallels allowed); ties by row."""
    rank = np.empty(len(cost), dtype=np.int64)
    order = np.lexsort((np.arange(len(cost)), cost))
    rank[order] = np.arange(len(cost))
    low, high = np.minimum(a, b), np.maximum(a, b)
    rows = np.flatnonzero(low != high)
    rows = rows[np.lexsort((rank[rows], high[rows], low[rows]))]
    rows = rows[first_of_groups(low[rows] * n + high[rows])]
    # Ranks from 1 in place of costs: scipy drops zeros, and equal costs would leave the choice to it.
    matrix = csr_array((rank[rows] + 1.0, (low[rows], high[rows])), shape=(n, n))
    chosen = minimum_spanning_tree(matrix).data.astype(np.int64) - 1
    return np.sort(order[chosen])
