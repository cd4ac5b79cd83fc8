"""A lower bound for Steiner trees by dual ascent.

R. T. Wong, A dual ascent approach for Steiner tree problems on a directed graph, Mathematical Programming 28 (1984).
"""

from __future__ import annotations

import heapq
import math

import numpy as np

from siteplan.network.ragged import Ints
from siteplan.water.extensions.steiner import CostGraph

ZERO = 1e-9
"""Reduced costs below this are spent."""


def dual_bound(graph: CostGraph, roots: Ints, terminals: Ints) -> float:
    """A lower bound for the cost of any forest that joins every terminal to some root.

    The value of a feasible dual of the directed cut formulation, so it holds whatever the order. Each step grows the
    cut around one terminal: a search backwards from it on the costs that are left, up to the nearest root or other
    terminal; the radius is gained, and is taken off each arc by as much as the ball passed over it. The smallest ball
    goes first. Terminals that no root reaches add what their own part is sure to cost.
    """
    own = np.setdiff1d(terminals, roots)
    if not len(own) or not len(roots):
        return 0.0
    first, ends, left = (a.tolist() for a in (graph.matrix.indptr, graph.matrix.indices, graph.matrix.data))
    root = np.isin(np.arange(graph.n), roots).tolist()
    cuts = {node: _Cut(node, first) for node in own.tolist()}
    leader = {node: node for node in own.tolist()}
    turns = [(0, node) for node in own.tolist()]
    bound = 0.0
    while turns:
        _, node = heapq.heappop(turns)
        cut = cuts[node]
        met = cut.spread(first, ends, left, root, leader)
        if met is not None:
            # The cut holds a root, or another terminal whose own cut is smaller: that one's way serves both.
            leader[node] = met
            continue
        radius, ball, at_root = cut.grown(first, ends, left, root, leader)
        if radius <= ZERO:
            continue
        for k in cut.border:
            left[k] = max(left[k] - ball.get(ends[k], radius), 0.0)
        for x, distance in ball.items():
            for k in range(first[x], first[x + 1]):
                y = ends[k]
                gain = (0.0 if y in cut.inside else ball.get(y, radius)) - distance
                if gain > 0.0:
                    left[k] = max(left[k] - gain, 0.0)
        bound += radius
        if not at_root:
            heapq.heappush(turns, (len(cut.inside) + len(ball), node))
    return bound


class _Cut:
    """The nodes that reach a terminal at no cost that is left (`inside`; it only grows) and the entries of the graph
    that lead out of them (`border`). Entry k of row x is the arc from ends[k] to x: searches run against the arcs.
    """

    def __init__(self, terminal: int, first: list[int]) -> None:
        self.terminal = terminal
        self.inside = {terminal}
        self.border = list(range(first[terminal], first[terminal + 1]))

    def spread(
        self, first: list[int], ends: list[int], left: list[float], root: list[bool], leader: dict[int, int]
    ) -> int | None:
        """Take in what is reached at no cost; stop at a root (its number) or at a terminal that does not follow this
        one (the terminal that it follows); None where the cut is closed."""
        border, inside = self.border, self.inside
        self.border = []
        # New entries join the list that is being read.
        for k in border:
            y = ends[k]
            if y in inside:
                continue
            if left[k] > ZERO:
                self.border.append(k)
                continue
            if root[y]:
                return y
            if y in leader:
                ahead = y
                while leader[ahead] in leader and leader[ahead] != ahead:
                    ahead = leader[ahead]
                if ahead != self.terminal:
                    return ahead
            inside.add(y)
            border.extend(range(first[y], first[y + 1]))
        self.border = [k for k in self.border if ends[k] not in inside]
        return None

    def grown(
        self, first: list[int], ends: list[int], left: list[float], root: list[bool], leader: dict[int, int]
    ) -> tuple[float, dict[int, float], bool]:
        """Distance to the nearest root or terminal outside (0 where there is none), the nodes nearer than that with
        their distances, and whether it is a root."""
        reached: dict[int, float] = {}
        queue: list[tuple[float, int]] = []
        inside = self.inside
        for k in self.border:
            y, total = ends[k], left[k]
            if total < reached.get(y, math.inf):
                reached[y] = total
                heapq.heappush(queue, (total, y))
        ball: dict[int, float] = {}
        while queue:
            distance, x = heapq.heappop(queue)
            if x in ball:
                continue
            if root[x] or x in leader:
                return distance, ball, root[x]
            ball[x] = distance
            for k in range(first[x], first[x + 1]):
                y, total = ends[k], distance + left[k]
                if total < reached.get(y, math.inf) and y not in inside:
                    reached[y] = total
                    heapq.heappush(queue, (total, y))
        return 0.0, {}, False
