"""Trees of pipes that can be changed: branches moved to where they cost less, sources relieved, hamlets put in.

Moving a branch is the key-path exchange of Steiner tree heuristics (E. Uchoa and R. F. Werneck, Fast local search for
the Steiner problem in graphs, ACM Journal of Experimental Algorithmics 17, 2012), with room at the sources kept.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import dijkstra

from siteplan.network.ragged import Ints
from siteplan.water.extensions.steiner import CostGraph, nearest
from siteplan.water.extensions.task import LayoutTask, rooted

LESS = 1e-9
"""A change must save more than this share of what it replaces."""
FEW = 60
"""Starts of a search with a limit, up to which a heap of our own is quicker than scipy over the whole graph."""
LIFT = -1
"""In place of a level: any edge that a pump may feed, any source."""


@dataclass(frozen=True)
class _Way:
    """A way from a branch to a tree: its cost, the source whose tree it meets, nodes from the branch to the tree."""

    cost: float
    source: int
    nodes: list[int]
    edges: list[int]


@dataclass(frozen=True)
class _Branch:
    """A branch taken off a tree: its top node, its nodes' edges, hamlets and flow; the way that joined it."""

    source: int
    top: int
    nodes: list[int]
    edges: list[int]
    hamlets: list[int]
    lps: float
    path: list[tuple[int, int, int]]
    cost: float


class Forest:
    """One tree for each source. `up[s]`: node -> (node towards the source, edge); the source's own node is not in it.

    `here[s]`: node -> hamlets served there; `load[s]`: L/s given. Every leaf of a tree serves a hamlet.
    """

    def __init__(self, task: LayoutTask) -> None:
        n_sources = len(task.source_node)
        self.task = task
        self.up: list[dict[int, tuple[int, int]]] = [{} for _ in range(n_sources)]
        self.kids: list[dict[int, list[int]]] = [{} for _ in range(n_sources)]
        self.here: list[dict[int, list[int]]] = [{} for _ in range(n_sources)]
        self.load = [0.0] * n_sources
        self.root = task.source_node.tolist()
        self._owners: dict[int, set[int]] = {}
        for source, node in enumerate(self.root):
            self._owners.setdefault(node, set()).add(source)
        self._near: list[list[tuple[int, int, float]]] = [[] for _ in range(task.n_nodes)]
        for edge, (u, v, cost) in enumerate(zip(task.u.tolist(), task.v.tolist(), task.cost.tolist(), strict=True)):
            if u != v:
                self._near[u].append((v, edge, cost))
                self._near[v].append((u, edge, cost))
        self._level = task.source_level.tolist()
        self._usable = [*task.usable.tolist(), task.liftable.tolist()]
        self._cost = task.cost.tolist()

    def plant(self, source: int, edges: Iterable[int], hamlets: dict[int, list[int]]) -> None:
        """Set the tree of a source: its edges, and the hamlets at its nodes."""
        for edge, tail, head in rooted(self.task, list(edges), self.root[source]):
            self._join(source, head, tail, edge)
        for node, names in hamlets.items():
            self.here[source][node] = list(names)
            self.load[source] += float(self.task.lps[names].sum())

    def edges(self) -> list[list[int]]:
        """Edges of each source's tree."""
        return [sorted(edge for _, edge in up.values()) for up in self.up]

    def served_by(self) -> Ints:
        """Source of each hamlet, -1 where it has none, (k,)."""
        served = np.full(len(self.task.node), -1)
        for source, here in enumerate(self.here):
            for names in here.values():
                served[names] = source
        return served

    def insert(self, hamlet: int) -> bool:
        """Join a hamlet to the nearest tree or source with room; False where there is none."""
        lifted = bool(self.task.lifted[hamlet])
        levels = [LIFT] if lifted else np.flatnonzero(self.task.allowed[:, hamlet]).tolist()
        node, lps = int(self.task.node[hamlet]), float(self.task.lps[hamlet])
        best: _Way | None = None
        for level in levels:
            way = self._search([node], level, lps, np.inf if best is None else best.cost)
            best = way or best
        if best is None or best.cost > self.task.most_per_person * max(float(self.task.people[hamlet]), 1.0):
            return False
        self._follow(best)
        self.here[best.source].setdefault(node, []).append(hamlet)
        self.load[best.source] += lps
        return True

    def cost(self) -> float:
        """Sum of the costs of all edges used."""
        return math.fsum(self._cost[edge] for up in self.up for _, edge in up.values())

    def improve(self, passes: int = 6, worth: float = 0.002) -> None:
        """Move branches while a pass over all of them saves more than this share; at most so many passes."""
        for _ in range(passes):
            before = self.cost()
            for source in range(len(self.root)):
                for node in self.key_nodes(source):
                    # An earlier move of this pass may have taken the node away or made it a plain one.
                    if self._is_key(source, node):
                        self._move(source, node)
            if before - self.cost() <= worth * before:
                return

    def relieve(self) -> list[int]:
        """Move branches, then drop hamlets, until no source gives more than it has; the hamlets dropped.

        Those go first whose pipe costs most a person: people served for each L/s hardly differ, the way to them does.
        """
        dropped: list[int] = []
        for source in range(len(self.root)):
            while not self.task.fits(source, 0.0, self.load[source]):
                # Where all others together have less room than is too much here, somebody has to go.
                over = self.load[source] - float(self.task.spare_lps[source])
                others = sum(max(float(s) - x, 0.0) for s, x in zip(self.task.spare_lps, self.load, strict=True))
                if over > others or not self._move_away(source):
                    name, _ = self._dearest(source)
                    self._drop(source, name)
                    dropped.append(name)
        return dropped

    def trim(self) -> list[int]:
        """Drop hamlets whose end of pipe costs more a person than is allowed, dearest first; the hamlets dropped."""
        dropped: list[int] = []
        if math.isfinite(self.task.most_per_person):
            for source in range(len(self.root)):
                while self.here[source]:
                    name, each = self._dearest(source)
                    if each <= self.task.most_per_person:
                        break
                    self._drop(source, name)
                    dropped.append(name)
        return dropped

    def _dearest(self, source: int) -> tuple[int, float]:
        """The hamlet of a tree whose end of pipe costs most a person, and how much; hamlets that others lie beyond cost
        nothing."""
        names: list[int] = []
        saved: list[float] = []
        for node, here in self.here[source].items():
            end = node in self.up[source] and not self.kids[source].get(node)
            names += here
            saved += [self._path_cost(source, node) / len(here) if end else 0.0] * len(here)
        at = np.array(names, dtype=np.int64)
        people = self.task.people[at]
        dear = np.array(saved) / np.maximum(people, 1.0)
        worth = people / np.maximum(self.task.lps[at], 1e-12)
        first = int(np.lexsort((at, worth, -dear))[0])
        return int(at[first]), float(dear[first])

    def key_nodes(self, source: int) -> list[int]:
        """Nodes of a tree, its source left out, that serve hamlets or where it divides; rising."""
        return sorted(node for node in self.up[source] if self._is_key(source, node))

    def _is_key(self, source: int, node: int) -> bool:
        return node in self.up[source] and (node in self.here[source] or len(self.kids[source].get(node, ())) > 1)

    def _join(self, source: int, node: int, towards: int, edge: int) -> None:
        if node in self.up[source]:
            raise AssertionError(f"node {node} is in the tree of source {source} already")
        self.up[source][node] = (towards, edge)
        self.kids[source].setdefault(towards, []).append(node)
        self._owners.setdefault(node, set()).add(source)

    def _part(self, source: int, node: int) -> tuple[int, int]:
        towards, edge = self.up[source].pop(node)
        self.kids[source][towards].remove(node)
        if not self.kids[source][towards]:
            del self.kids[source][towards]
        if self.root[source] != node:
            self._owners[node].discard(source)
        return towards, edge

    def _detach(self, source: int, top: int) -> _Branch:
        """Take a branch off with the way up to the next key node or the source."""
        nodes, edges = [top], []
        for node in nodes:
            for kid in self.kids[source].get(node, ()):
                nodes.append(kid)
                edges.append(self.up[source][kid][1])
        hamlets = [name for node in nodes for name in self.here[source].pop(node, ())]
        path, node = [], top
        while True:
            towards, edge = self._part(source, node)
            path.append((node, towards, edge))
            node = towards
            # What is left below a plain node after the cut is nothing.
            if node == self.root[source] or node in self.here[source] or self.kids[source].get(node):
                break
        for node in nodes[1:]:
            self._part(source, node)
        lps = float(self.task.lps[hamlets].sum())
        self.load[source] -= lps
        return _Branch(source, top, nodes, edges, hamlets, lps, path, sum(self._cost[edge] for _, _, edge in path))

    def _attach(self, branch: _Branch, source: int, at: int) -> None:
        """Hang a branch's own edges on a tree that already holds its node `at`; where both run side by side the tree's
        own pipe serves."""
        up, root = self.up[source], self.root[source]
        for edge, tail, head in rooted(self.task, branch.edges, at):
            if head not in up and head != root:
                self._join(source, head, tail, edge)
        for name in branch.hamlets:
            self.here[source].setdefault(int(self.task.node[name]), []).append(name)
        self.load[source] += branch.lps
        # Ends that led to what the tree reaches by its own pipe.
        for node in reversed(branch.nodes):
            while node in up and node not in self.here[source] and not self.kids[source].get(node):
                node, _ = self._part(source, node)

    def _restore(self, branch: _Branch) -> None:
        for node, towards, edge in reversed(branch.path):
            self._join(branch.source, node, towards, edge)
        self._attach(branch, branch.source, branch.top)

    def _follow(self, way: _Way) -> None:
        for k in range(len(way.edges) - 1, -1, -1):
            self._join(way.source, way.nodes[k], way.nodes[k + 1], way.edges[k])

    def _levels(self, branch: _Branch) -> list[int]:
        """Levels whose water may take a branch over, its own first."""
        own = self._level[branch.source]
        others = [
            level
            for level in sorted(set(self._level) - {own})
            if self.task.allowed[level, branch.hamlets].all() and self.task.usable[level, branch.edges].all()
        ]
        return [own, *others]

    def _move(self, source: int, top: int) -> None:
        branch = self._detach(source, top)
        best: _Way | None = None
        limit = branch.cost * (1.0 - LESS)
        for level in self._levels(branch):
            way = self._search(branch.nodes, level, branch.lps, limit if best is None else best.cost)
            best = way or best
        if best is None:
            self._restore(branch)
            return
        self._follow(best)
        self._attach(branch, best.source, best.nodes[0])

    def _move_away(self, source: int) -> bool:
        """Move the branch to another source that costs least for each L/s that it relieves; False where none can go.

        One search a level, from all trees with room: a branch whose nearest tree has too little for it stays.
        """
        task, up = self.task, self.up[source]
        over = self.load[source] - float(task.spare_lps[source])
        order = [self.root[source]]
        for node in order:
            order.extend(self.kids[source].get(node, ()))
        lps = {node: float(task.lps[self.here[source].get(node, [])].sum()) for node in order}
        for node in order[:0:-1]:
            lps[up[node][0]] += lps[node]
        best: tuple[float, int, _Way] | None = None
        for level in sorted(set(self._level)):
            room = {
                other
                for other in range(len(self.root))
                if other != source
                and self._level[other] == level
                and task.fits(other, float(task.lps[task.lps > 0].min()), self.load[other])
            }
            if not room:
                continue
            graph = task.graphs[level]
            distance, towards, _ = nearest(graph, np.array(self._nodes_of(room)))
            near = {node: (float(distance[node]), node) for node in order}
            may = {node: bool(task.allowed[level, self.here[source].get(node, [])].all()) for node in order}
            for node in order[:0:-1]:
                above, edge = up[node]
                near[above] = min(near[above], near[node])
                # A branch goes with its own edges, not with the one above it.
                may[above] &= may[node] and self._usable[level][edge]
            for top in order[1:]:
                cost, start = near[top]
                if not self._is_key(source, top) or not may[top] or not math.isfinite(cost):
                    continue
                nodes = [start]
                while towards[nodes[-1]] >= 0:
                    nodes.append(int(towards[nodes[-1]]))
                takers = [s for s in sorted(room & self._at(nodes[-1])) if task.fits(s, lps[top], self.load[s])]
                if takers:
                    each = (cost - self._path_cost(source, top)) / min(lps[top], over)
                    if best is None or each < best[0]:
                        best = each, top, self._way(graph, nodes, cost, takers[0])
        if best is None:
            return False
        branch = self._detach(source, best[1])
        self._follow(best[2])
        self._attach(branch, best[2].source, best[2].nodes[0])
        return True

    def _path_cost(self, source: int, top: int) -> float:
        """Cost of the way from a branch up to the next key node or the source."""
        total, node = 0.0, top
        while True:
            node, edge = self.up[source][node]
            total += self._cost[edge]
            if node == self.root[source] or self._is_key(source, node):
                return total

    def _at(self, node: int) -> set[int]:
        return self._owners.get(node, set())

    def _nodes_of(self, sources: Iterable[int]) -> list[int]:
        return sorted({node for source in sources for node in (self.root[source], *self.up[source])})

    def _way(self, graph: CostGraph, nodes: list[int], cost: float, source: int) -> _Way:
        way = np.array(nodes, dtype=np.int64)
        return _Way(cost, source, nodes, graph.edge[graph.between(way[:-1], way[1:])].tolist())

    def _drop(self, source: int, hamlet: int) -> None:
        node = int(self.task.node[hamlet])
        self.here[source][node].remove(hamlet)
        self.load[source] -= float(self.task.lps[hamlet])
        if self.here[source][node]:
            return
        del self.here[source][node]
        while node in self.up[source] and node not in self.here[source] and not self.kids[source].get(node):
            node, _ = self._part(source, node)

    def _search(self, starts: list[int], level: int, lps: float, limit: float) -> _Way | None:
        """The cheapest way, under the limit, from any start to a tree of that level with room for so much."""
        open_ = {
            source
            for source in range(len(self.root))
            if (level == LIFT or self._level[source] == level) and self.task.fits(source, lps, self.load[source])
        }
        search = self._search_far if len(starts) > FEW or math.isinf(limit) else self._search_near
        return search(starts, level, limit, open_) if open_ else None

    def _search_near(self, starts: list[int], level: int, limit: float, open_: set[int]) -> _Way | None:
        """By a heap that stops at the first tree met."""
        reached = dict.fromkeys(starts, 0.0)
        back: dict[int, tuple[int, int]] = {}
        done: set[int] = set()
        queue = [(0.0, node) for node in sorted(starts)]
        usable, owners, near = self._usable[level], self._owners, self._near
        while queue:
            cost, node = heapq.heappop(queue)
            if node in done:
                continue
            done.add(node)
            if owners.get(node) and not open_.isdisjoint(owners[node]):
                nodes, edges = [node], []
                while nodes[-1] in back:
                    towards, edge = back[nodes[-1]]
                    nodes.append(towards)
                    edges.append(edge)
                return _Way(cost, min(open_ & owners[node]), nodes[::-1], edges[::-1])
            for other, edge, length in near[node]:
                total = cost + length
                if usable[edge] and total < limit and total < reached.get(other, math.inf):
                    reached[other] = total
                    back[other] = (node, edge)
                    heapq.heappush(queue, (total, other))
        return None

    def _search_far(self, starts: list[int], level: int, limit: float, open_: set[int]) -> _Way | None:
        """By scipy, from all starts over the whole graph: quicker where the branch is large."""
        graph = self._graph(level)
        distance, towards, _ = dijkstra(
            graph.matrix, directed=True, indices=np.sort(starts), min_only=True, return_predecessors=True, limit=limit
        )
        targets = np.array(self._nodes_of(open_))
        target = int(targets[np.argmin(distance[targets])])
        if not distance[target] < limit:
            return None
        nodes = [target]
        while towards[nodes[-1]] >= 0:
            nodes.append(int(towards[nodes[-1]]))
        return self._way(graph, nodes[::-1], float(distance[target]), min(open_ & self._at(target)))

    def _graph(self, level: int) -> CostGraph:
        return self.task.whole if level == LIFT else self.task.graphs[level]
