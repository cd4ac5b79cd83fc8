"""Best ways from anchors: least weighted metres first, least length second, lowest road id third.

scipy's Dijkstra knows one number a piece. The two costs are kept apart exactly by two passes: the first over the
graph whose weightless pieces are contracted, the second, by length, over the pieces that lie on a first-pass best way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups

TIE_M = 1e-6
"""Two sums of lengths nearer than this are equal."""


@dataclass(frozen=True)
class WayTree:
    """The best way from every node to a source, as a forest; all shape (n,).

    weighted_m: metres that count in the first place (not hardened), inf where no source is reached; way_m: length;
    towards: the next node on the way to the source, -1 at sources and where unreached; by: the piece that leads there.
    """

    weighted_m: Floats
    way_m: Floats
    towards: Ints
    by: Ints

    @property
    def reached(self) -> Bools:
        """Nodes that reach a source."""
        return np.isfinite(self.way_m)

    @cached_property
    def source(self) -> Ints:
        """The source each node's way ends at, -1 where unreached."""
        return np.where(self.reached, self._root(self.towards), -1)

    @cached_property
    def step_m(self) -> Floats:
        """Metres from each node to the next one on its way, (n,); 0 at sources and unreached nodes."""
        step = np.zeros(len(self.towards))
        inner = self.towards >= 0
        step[inner] = self.way_m[inner] - self.way_m[self.towards[inner]]
        return step

    def sum_along(self, per_m: Floats) -> Floats:
        """Sum of a value a metre (one a piece) over each node's way, (n,); 0 at sources and unreached nodes."""
        total = np.zeros(len(self.towards))
        inner = self.towards >= 0
        total[inner] = self.step_m[inner] * per_m[self.by[inner]]
        jump = np.where(inner, self.towards, np.arange(len(self.towards)))
        while True:
            further = jump[jump]
            if np.array_equal(further, jump):
                return total
            # Roots add nothing: their own total is 0.
            total = total + total[jump]
            jump = further

    def first_weighted(self) -> Ints:
        """The node at the source's side of the first weighted piece met when travelling from the source, (n,).

        -1 where the way has none.
        """
        inner = (self.towards >= 0) & (self.weighted_m > TIE_M)
        before = inner & (self.weighted_m[np.maximum(self.towards, 0)] > TIE_M)
        top = self._root(np.where(before, self.towards, -1))
        return np.where(inner, self.towards[top], -1)

    def trace(self, start: Ints) -> tuple[Ints, Ints, Ints]:
        """The nodes left on the way of each start node: (index into start, step number, node), in walking order."""
        index, node = np.flatnonzero(start >= 0), start[start >= 0]
        rows: list[tuple[Ints, Ints, Ints]] = []
        step = 0
        while True:
            going = self.towards[node] >= 0
            index, node = index[going], node[going]
            if not len(index):
                break
            rows.append((index, np.full(len(index), step), node))
            node = self.towards[node]
            step += 1
        if not rows:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty
        index, number, node = (np.concatenate(column) for column in zip(*rows, strict=True))
        order = np.lexsort((number, index))
        return index[order], number[order], node[order]

    def _root(self, towards: Ints) -> Ints:
        jump = np.where(towards >= 0, towards, np.arange(len(towards)))
        while True:
            further = jump[jump]
            if np.array_equal(further, jump):
                return jump
            jump = further


def best_ways(n_nodes: int, u: Ints, v: Ints, length: Floats, weightless: Bools, rank: Ints, sources: Ints) -> WayTree:
    """The forest of best ways from all nodes to the nearest of `sources`.

    Parameters
    ----------
    u, v, length, weightless, rank : per piece, (e,): its nodes, metres, whether its metres count for nothing in the
        first place, and the order of its road's id. Lengths are positive; loops are never used.
    sources : node numbers, may repeat.
    """
    sources = np.unique(sources)
    if not len(sources) or not n_nodes:
        inf, none = np.full(n_nodes, np.inf), np.full(n_nodes, -1)
        return WayTree(inf, inf.copy(), none, none.copy())
    weighted = _weighted_metres(n_nodes, u, v, length, weightless, sources)
    counted = np.where(weightless, 0.0, length)
    # Both directions of every piece that lies on a best way by the first cost.
    tail, head = np.concatenate([u, v]), np.concatenate([v, u])
    piece = np.concatenate([np.arange(len(u)), np.arange(len(u))])
    with np.errstate(invalid="ignore"):
        tight = weighted[tail] + counted[piece] <= weighted[head] + TIE_M
    tight &= np.isfinite(weighted[tail]) & (tail != head)
    tail, head, piece = tail[tight], head[tight], piece[tight]
    run = length[piece]
    way = dijkstra(_least(n_nodes, tail, head, run), directed=True, indices=sources, min_only=True)
    with np.errstate(invalid="ignore"):
        taken = np.abs(way[tail] + run - way[head]) <= TIE_M
    taken &= np.isfinite(way[tail]) & (way[tail] < way[head])
    tail, head, piece = tail[taken], head[taken], piece[taken]
    order = np.lexsort((piece, rank[piece], head))
    head, tail, piece = head[order], tail[order], piece[order]
    first = first_of_groups(head)
    towards, by = np.full(n_nodes, -1), np.full(n_nodes, -1)
    towards[head[first]], by[head[first]] = tail[first], piece[first]
    towards[sources], by[sources] = -1, -1
    return WayTree(weighted, way, towards, by)


def _weighted_metres(n_nodes: int, u: Ints, v: Ints, length: Floats, weightless: Bools, sources: Ints) -> Floats:
    if weightless.all():
        label, heavy = components(n_nodes, u, v), np.zeros(0, dtype=np.int64)
    else:
        label, heavy = components(n_nodes, u[weightless], v[weightless]), np.flatnonzero(~weightless)
    n_groups = int(label.max()) + 1
    tail, head = label[u[heavy]], label[v[heavy]]
    other = tail != head
    tail, head, run = tail[other], head[other], length[heavy][other]
    graph = _least(n_groups, np.concatenate([tail, head]), np.concatenate([head, tail]), np.concatenate([run, run]))
    distance = dijkstra(graph, directed=True, indices=np.unique(label[sources]), min_only=True)
    return distance[label]


def _least(n: int, tail: Ints, head: Ints, weight: Floats) -> csr_array:
    """Directed graph as CSR; of parallel edges the least stays (scipy would add them up)."""
    order = np.lexsort((weight, head, tail))
    tail, head, weight = tail[order], head[order], weight[order]
    first = first_of_groups(tail * n + head)
    tail, head, weight = tail[first], head[first], weight[first]
    indptr = np.searchsorted(tail, np.arange(n + 1))
    return csr_array((weight, head.astype(np.int32), indptr.astype(np.int32)), shape=(n, n))
