"""A slow, independent oracle for road access: plain Python, numpy, shapely and networkx.

It imports nothing from ``siteplan`` and was written without reading it. It follows the definitions ("The verdict on
one hamlet", "The best way", "Joining lines"): every pair of lines is looked at, every pair of segments whose boxes
meet is intersected (orientation signs in exact fractions), and ways are found by a Dijkstra on tuples of whole
micrometres (not-hardened, length), so that no sum hangs on the order of its terms.

Words: a *cut* is a measure on a line; cuts nearer than ``MERGE`` on one line are one node; *pieces* are what lies
between two nodes of a line, and the *legs*, the straight gaps over which an end was carried (pieces of their own line).

Deliberately broken readings, for the tests of the tests, are chosen by ``broken``:
``no_snap`` (no end is carried), ``snap_nodes`` (ends and hamlets go to nodes instead of the nearest point),
``bridges_join`` (bridge, tunnel, layer ignored), ``no_crossings``, ``one_crossing`` (the first joint of a pair only),
``hardness_ignored`` (everything is hardened), ``no_leg_length`` (carried ends cost nothing).
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction

import networkx as nx
import numpy as np

MERGE = 1e-3  # nodes nearer than this are one; ends nearer than this touch
TOUCH = 1e-3  # an interior vertex nearer than this to another line touches it: a millimetre, as for ends
NAN = float("nan")
BROKEN = {"no_snap", "snap_nodes", "bridges_join", "no_crossings", "one_crossing", "hardness_ignored", "no_leg_length"}
WORSE = {"hardened": 0, "unhardened": 1, "hardened_island": 2, "road_island": 3, "no_road": 4}  # rank, better first


@dataclass
class Verdict:
    status: str
    access_dist_m: float = NAN
    to_harden_m: float = NAN
    unknown_m: float = NAN
    to_build_m: float = NAN
    way_m: float = NAN
    anchor_km: float = NAN  # along the way, the built gap included, the access leg not
    break_xy: tuple[float, float] | None = None
    start_road: int | None = None  # road index of the piece on which the way starts
    gap_tie: bool = False  # the island has several equally short gaps: figures and break hang on an undefined choice


# ---------------------------------------------------------------- plain geometry


class Line:
    """A polyline without repeated vertices, its measures and its box."""

    def __init__(self, coords):
        pts = []
        for c in coords:
            p = (float(c[0]), float(c[1]))
            if not pts or p != pts[-1]:
                pts.append(p)
        self.xy = np.array(pts, dtype=float).reshape(-1, 2)
        steps = np.hypot(*np.diff(self.xy, axis=0).T) if len(pts) > 1 else np.zeros(0)
        self.at = np.concatenate([[0.0], np.cumsum(steps)])
        self.length = float(self.at[-1])
        if len(pts):
            self.lo, self.hi = self.xy.min(axis=0), self.xy.max(axis=0)
            self.box = (*self.lo.tolist(), *self.hi.tolist())

    def point(self, m):
        m = min(max(m, 0.0), self.length)
        k = int(np.searchsorted(self.at, m, side="right")) - 1
        if k >= len(self.xy) - 1:
            return tuple(self.xy[-1])
        t = (m - self.at[k]) / (self.at[k + 1] - self.at[k])
        return tuple(self.xy[k] + t * (self.xy[k + 1] - self.xy[k]))

    def nearest(self, p):
        """(distance, measure) of the point of this line nearest to p; the lower measure on a tie."""
        a, b = self.xy[:-1], self.xy[1:]
        ab = b - a
        t = np.clip(((np.asarray(p) - a) * ab).sum(axis=1) / (ab * ab).sum(axis=1), 0.0, 1.0)
        d = np.hypot(*(a + t[:, None] * ab - np.asarray(p)).T)
        k = int(np.argmin(d))
        if t[k] == 0.0:
            return float(d[k]), float(self.at[k])
        if t[k] == 1.0:
            return float(d[k]), float(self.at[k + 1])
        return float(d[k]), float(self.at[k] + t[k] * (self.at[k + 1] - self.at[k]))

    def part(self, m0, m1):
        inside = [tuple(self.xy[k]) for k in np.nonzero((self.at > m0) & (self.at < m1))[0]]
        return Line([self.point(m0), *inside, self.point(m1)])

    def box_gap(self, p):
        x0, y0, x1, y1 = self.box
        return math.hypot(max(0.0, x0 - p[0], p[0] - x1), max(0.0, y0 - p[1], p[1] - y1))


def box_gap(a: Line, b: Line) -> float:
    return float(np.hypot(*np.maximum(0.0, np.maximum(a.lo - b.hi, b.lo - a.hi))))


def _side(a, b, p):
    """The exact sign of the turn a -> b -> p."""
    ax, ay, bx, by, px, py = map(Fraction, (*map(float, a), *map(float, b), *map(float, p)))
    v = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (v > 0) - (v < 0)


def _on_segment(p, a, b):
    """(distance, parameter) of p's nearest point on segment ab."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = min(1.0, max(0.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)))
    return math.hypot(a[0] + t * dx - p[0], a[1] + t * dy - p[1]), t


def _proper(a, b, c, d):
    """Parameters (t on ab, u on cd) of a proper crossing, or None."""
    if _side(a, b, c) * _side(a, b, d) >= 0 or _side(c, d, a) * _side(c, d, b) >= 0:
        return None
    ax, ay, bx, by, cx, cy, dx, dy = map(Fraction, (*map(float, a), *map(float, b), *map(float, c), *map(float, d)))
    den = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / den
    u = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / den
    return float(t), float(u)


def joints(A: Line, B: Line, same: bool) -> list[tuple[float, float]]:
    """Measures (on A, on B) of every crossing, touch and shared vertex; ends of collinear overlaps are touches."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = A.box, B.box
    if u0 > x1 + TOUCH or x0 > u1 + TOUCH or v0 > y1 + TOUCH or y0 > v1 + TOUCH:
        return []
    lo, hi = np.maximum(A.lo, B.lo) - TOUCH, np.minimum(A.hi, B.hi) + TOUCH

    def clip(L):
        s, e = np.minimum(L.xy[:-1], L.xy[1:]), np.maximum(L.xy[:-1], L.xy[1:])
        k = np.nonzero(((s <= hi) & (e >= lo)).all(axis=1))[0]
        return k, s[k], e[k]

    ka, sa, ea = clip(A)
    kb, sb, eb = clip(B)
    out = []
    rows = max(1, 1_000_000 // max(1, len(kb)))
    for f in range(0, len(ka), rows):  # segment pairs whose boxes meet
        s, e = sa[f : f + rows, None] - TOUCH, ea[f : f + rows, None] + TOUCH
        meet = (sb[:, 0] <= e[..., 0]) & (eb[:, 0] >= s[..., 0]) & (sb[:, 1] <= e[..., 1]) & (eb[:, 1] >= s[..., 1])
        for r, c in np.argwhere(meet):
            i, j = ka[f + r], kb[c]
            if same and j <= i + 1:
                if j <= i:
                    continue
                # neighbours on one line share a vertex; they meet elsewhere only when the line turns back on itself
                a, b, d = A.xy[i], A.xy[i + 1], A.xy[i + 2]
                if (b[0] - a[0]) * (d[0] - b[0]) + (b[1] - a[1]) * (d[1] - b[1]) < 0 and _side(a, b, d) == 0:
                    for p, m, (q0, q1, n0, n1) in (
                        (a, A.at[i], (b, d, A.at[i + 1], A.at[i + 2])),
                        (d, A.at[i + 2], (a, b, A.at[i], A.at[i + 1])),
                    ):
                        g, t = _on_segment(p, q0, q1)
                        if g <= TOUCH:
                            out.append((float(m), float(n0 + t * (n1 - n0))))
                continue
            a, b, c, d = A.xy[i], A.xy[i + 1], B.xy[j], B.xy[j + 1]
            la, lb = A.at[i + 1] - A.at[i], B.at[j + 1] - B.at[j]
            for p, m in ((a, A.at[i]), (b, A.at[i + 1])):
                g, t = _on_segment(p, c, d)
                if g <= TOUCH:
                    out.append((float(m), float(B.at[j] + t * lb)))
            for p, m in ((c, B.at[j]), (d, B.at[j + 1])):
                g, t = _on_segment(p, a, b)
                if g <= TOUCH:
                    out.append((float(A.at[i] + t * la), float(m)))
            x = _proper(a, b, c, d)
            if x:
                out.append((float(A.at[i] + x[0] * la), float(B.at[j] + x[1] * lb)))
    return sorted(set(out))


def closest(A: Line, B: Line) -> list[tuple[float, float, float]]:
    """(distance, measure on A, measure on B) of the shortest straight lines between two polylines: all that are equally
    short (within TOUCH) and start or end at a vertex, or every crossing and touch."""
    met = joints(A, B, False)
    if met:
        return [(0.0, ma, mb) for ma, mb in met]
    found, best = [], math.inf
    for X, Y, swap in ((A, B, False), (B, A, True)):
        for k, p in enumerate(X.xy):
            if Y.box_gap(p) <= best + TOUCH:
                d, m = Y.nearest(p)
                found.append((d, m, float(X.at[k])) if swap else (d, float(X.at[k]), m))
                best = min(best, d)
    return [f for f in found if f[0] <= best + TOUCH]


# ---------------------------------------------------------------- the noded graph


@dataclass
class Piece:
    road: int
    u: int
    v: int
    length: float
    hard: bool
    unknown: bool
    anchor: bool
    connects: bool
    leg: bool
    line: Line
    feet: list[float] = field(default_factory=list)  # offsets of centres that stand on it


def um(metres: float) -> int:
    return round(metres * 1e6)


class Network:
    def __init__(self, roads, *, snap_m, unknown_is_hardened=False, extra_legs=(), broken=()):
        self.broken = set(broken)
        assert self.broken <= BROKEN, self.broken - BROKEN
        self.roads = roads
        self.snap_m = -1.0 if "no_snap" in self.broken else snap_m
        self.lines = [Line(r["coords"]) for r in roads]
        self.ok = [len(L.xy) > 1 and L.length > MERGE for L in self.lines]
        self.joins = [o and r.get("connects", True) for o, r in zip(self.ok, roads)]
        self.sep = [bool(r.get("separated", False)) and "bridges_join" not in self.broken for r in roads]
        self.hardness = [1 if "hardness_ignored" in self.broken else r["hard"] for r in roads]
        self.unknown_is_hardened = unknown_is_hardened
        self.cuts = [[0.0, L.length] for L in self.lines]
        self.same = []  # ((line, measure), (line, measure)): one node
        self.legs = []  # (line, end measure, other line, its measure, length)
        self._cross()
        self._carry()
        for road, end, x, y in extra_legs:
            self._extra(road, end, (x, y))
        self._build()

    def is_hard(self, i):
        return self.hardness[i] == 1 or (self.hardness[i] == -1 and self.unknown_is_hardened)

    def join_point(self, j, p):
        """(distance, measure) at which something may join line j from p: its ends only if it is separated."""
        L = self.lines[j]
        if self.sep[j] or "snap_nodes" in self.broken:
            return min((math.dist(p, L.xy[0]), 0.0), (math.dist(p, L.xy[-1]), L.length))
        return L.nearest(p)

    def _weld(self, i, mi, j, mj):
        self.cuts[i].append(mi)
        self.cuts[j].append(mj)
        self.same.append(((i, mi), (j, mj)))

    def _cross(self):
        n = len(self.lines)
        for i in range(n):
            if not self.ok[i]:
                continue
            A = self.lines[i]
            # on itself: crossings and touches of an ordinary line; of a separated one only its two ends
            if math.dist(A.xy[0], A.xy[-1]) <= MERGE and A.length > 2 * MERGE:
                self._weld(i, 0.0, i, A.length)
            if not self.sep[i]:
                for ma, mb in joints(A, A, True):
                    self._weld(i, ma, i, mb)
                for m, p, rest, base in (
                    (0.0, A.xy[0], (2 * MERGE, A.length), 2 * MERGE),
                    (A.length, A.xy[-1], (0.0, A.length - 2 * MERGE), 0.0),
                ):
                    if A.length > 4 * MERGE:
                        d, at = A.part(*rest).nearest(p)
                        if d <= MERGE:
                            self._weld(i, m, i, base + at)
            if not self.joins[i] or self.sep[i] or "no_crossings" in self.broken:
                continue
            for j in range(i + 1, n):
                if self.joins[j] and not self.sep[j]:
                    for ma, mb in joints(A, self.lines[j], False):
                        self._weld(i, ma, j, mb)
                        if "one_crossing" in self.broken:
                            break

    def _carry(self):
        for i, A in enumerate(self.lines):
            if not self.joins[i]:
                continue
            for m, p in ((0.0, A.xy[0]), (A.length, A.xy[-1])):
                for j, B in enumerate(self.lines):
                    reach = max(self.snap_m, MERGE)
                    if j == i or not self.joins[j] or B.box_gap(p) > reach:
                        continue
                    d, mj = self.join_point(j, p)
                    if d <= MERGE:
                        self._weld(i, m, j, mj)
                    elif d <= self.snap_m:
                        self._leg(i, m, j, mj, d)

    def _leg(self, i, m, j, mj, d):
        self.cuts[j].append(mj)
        self.legs.append((i, m, j, mj, d))

    def _extra(self, i, end, p):
        A = self.lines[i]
        m, e = (0.0, A.xy[0]) if end == "start" else (A.length, A.xy[-1])
        d, mj, j = min((*self.join_point(j, p), j) for j in range(len(self.lines)) if j != i and self.joins[j])
        if d > 0.01:
            raise ValueError(f"the closing point {p} lies on no other line (nearest {d} m)")
        self._leg(i, m, j, mj, math.dist(e, self.lines[j].point(mj)))

    def _build(self):
        # nodes: cuts of one line in order, those within MERGE of the one kept before are the same
        number, kept = {}, []
        ends = nx.utils.UnionFind()
        count = 0
        for i in range(len(self.lines)):
            here = []
            if self.ok[i]:
                for m in sorted(set(self.cuts[i])):
                    if not here or m - here[-1][0] > MERGE:
                        here.append((m, count))
                        ends[count]
                        count += 1
                    number[i, m] = here[-1][1]
            kept.append(here)
        for a, b in self.same:
            ends.union(number[a], number[b])
        self.pieces: list[Piece] = []

        def add(i, u, v, line, length, leg):
            r = self.roads[i]
            self.pieces.append(
                Piece(
                    i,
                    ends[u],
                    ends[v],
                    length,
                    self.is_hard(i),
                    self.hardness[i] == -1 and not self.unknown_is_hardened,
                    bool(r.get("anchor", False)) and self.joins[i],
                    self.joins[i],
                    leg,
                    line,
                )
            )

        for i, here in enumerate(kept):
            for (m0, u), (m1, v) in itertools.pairwise(here):
                add(i, u, v, self.lines[i].part(m0, m1), m1 - m0, False)
        for i, m, j, mj, d in self.legs:
            line = Line([self.lines[i].point(m), self.lines[j].point(mj)])
            add(i, number[i, m], number[j, mj], line, 0.0 if "no_leg_length" in self.broken else d, True)
        self.end_node = {
            (i, e): ends[number[i, m]]
            for i, L in enumerate(self.lines)
            if self.ok[i]
            for e, m in (("start", 0.0), ("end", L.length))
        }
        self.at_node: dict[int, list[int]] = {}
        for k, p in enumerate(self.pieces):
            self.at_node.setdefault(p.u, []).append(k)
            self.at_node.setdefault(p.v, []).append(k)
        self.lo = np.array([p.line.lo for p in self.pieces]).reshape(-1, 2)
        self.hi = np.array([p.line.hi for p in self.pieces]).reshape(-1, 2)
        self.comp = self._components(lambda p: True)
        self.hard_comp = self._components(lambda p: p.hard)

    def _components(self, keep):
        g = nx.MultiGraph()
        for p in self.pieces:
            if keep(p):
                g.add_edge(p.u, p.v)
        return {n: c for c, nodes in enumerate(nx.connected_components(g)) for n in nodes}

    def components(self) -> int:
        return len(set(self.comp.values()))

    def around(self, p, reach):
        """Numbers of the pieces whose boxes lie within reach of p."""
        d = np.maximum(0.0, np.maximum(self.lo - np.asarray(p), np.asarray(p) - self.hi))
        return [int(k) for k in np.nonzero(np.hypot(d[:, 0], d[:, 1]) <= reach)[0]] if len(d) else []

    # ------------------------------------------------------------ ways

    def spread(self, pieces=(), feet=()):
        """Best (not-hardened, length) in micrometres from every node to whole `pieces` or to `feet` [(piece, offset)],
        with the step that leads there: node -> (cost, piece, from offset, to offset, next node or None)."""
        best, heap, tick = {}, [], 0

        def offer(node, cost, step):
            nonlocal tick
            if node not in best or cost < best[node][0]:
                best[node] = (cost, *step)
                tick += 1
                heapq.heappush(heap, (cost, tick, node))

        for k in pieces:
            offer(self.pieces[k].u, (0, 0), (None, 0.0, 0.0, None))
            offer(self.pieces[k].v, (0, 0), (None, 0.0, 0.0, None))
        for k, o in feet:
            p = self.pieces[k]
            offer(p.u, self.cost(k, 0.0, o), (k, 0.0, o, None))
            offer(p.v, self.cost(k, p.length, o), (k, p.length, o, None))
        while heap:
            cost, _, n = heapq.heappop(heap)
            if cost != best[n][0]:
                continue
            for k in self.at_node[n]:
                p = self.pieces[k]
                c = self.cost(k, 0.0, p.length)
                new = (cost[0] + c[0], cost[1] + c[1])
                if p.u == n:
                    offer(p.v, new, (k, p.length, 0.0, n))
                if p.v == n:
                    offer(p.u, new, (k, 0.0, p.length, n))
        return Spread(self, best, set(pieces), list(feet))

    def cost(self, k, a, b):
        d = um(abs(b - a))
        return (0 if self.pieces[k].hard else d, d)


class Spread:
    def __init__(self, net, best, whole, feet):
        self.net, self.best, self.whole = net, best, whole
        self.feet = {}
        for k, o in feet:
            self.feet.setdefault(k, []).append(o)

    def way(self, k, s):
        """(cost, [(piece, from, to)]) of the best way from offset s of piece k; None if there is none."""
        net, p = self.net, self.net.pieces[k]
        if k in self.whole:
            return (0, 0), []
        found = []
        for o in self.feet.get(k, []):
            found.append((net.cost(k, s, o), 0, [(k, s, o)], None))
        for o, n in ((0.0, p.u), (p.length, p.v)):
            if n in self.best:
                c, d = net.cost(k, s, o), self.best[n][0]
                found.append(((c[0] + d[0], c[1] + d[1]), 1, [(k, s, o)], n))
        if not found:
            return None
        cost, _, steps, n = min(found, key=lambda f: f[:2])
        while n is not None:
            _, q, a, b, n = self.best[n]
            if q is not None:
                steps.append((q, a, b))
        return cost, steps


def _point(p: Piece, offset):
    return p.line.point(offset if p.length else 0.0)


def _sums(net, steps):
    hard = unknown = total = 0.0
    for k, a, b in steps:
        p, d = net.pieces[k], abs(b - a)
        total += d
        hard += 0.0 if p.hard else d
        unknown += d if p.unknown else 0.0
    return hard, unknown, total


# ---------------------------------------------------------------- the verdicts


def judge(
    villages,
    roads,
    centres,
    *,
    access_m,
    anchor_m,
    snap_m,
    anchor_none=False,
    unknown_is_hardened=False,
    extra_legs=(),
    split_at_centres=False,
    broken=(),
    network=None,
) -> dict[str, Verdict]:
    """`split_at_centres`: a centre's foot cuts the piece also for nearness (two pieces, two nearest points)."""
    net = network or Network(
        roads, snap_m=snap_m, unknown_is_hardened=unknown_is_hardened, extra_legs=extra_legs, broken=broken
    )
    P = net.pieces
    for p in P:
        p.feet = []

    # what is an anchor
    whole, feet = set(), []
    if anchor_none:
        whole = {k for k, p in enumerate(P) if p.connects and p.hard}
    elif not centres and not any(r.get("anchor", False) for r in roads):
        length, first = {}, {}
        for p in P:
            if p.connects:
                c = net.comp[p.u]
                length[c] = length.get(c, 0.0) + p.length
                first[c] = min(first.get(c, p.road), p.road)
        if length:
            main = min(length, key=lambda c: (-round(length[c], 6), first[c]))
            whole = {k for k, p in enumerate(P) if p.connects and net.comp[p.u] == main}
    else:
        whole = {k for k, p in enumerate(P) if p.anchor}
        for _, x, y in centres:
            for k, p in enumerate(P):
                if p.connects and p.line.box_gap((x, y)) <= anchor_m:
                    d, o = p.line.nearest((x, y))
                    if d <= anchor_m:
                        feet.append((k, o))
                        p.feet.append(o)
    anchored = {net.comp[P[k].u] for k in whole} | {net.comp[P[k].u] for k, _ in feet}
    anchored_hard = {net.hard_comp[P[k].u] for k in [*whole, *(k for k, _ in feet)] if P[k].hard}
    reaches = [net.comp[p.u] in anchored for p in P]
    main = net.spread(whole, feet)

    def stretches(p):
        """The parts of a piece whose nearest points are starts: the piece, or its parts between centres' feet."""
        stops = [0.0, *sorted(p.feet), p.length] if split_at_centres else [0.0, p.length]
        return [(a, b) for a, b in itertools.pairwise(stops) if b - a > MERGE or len(stops) == 2]

    islands = {}  # component -> (gap length, island spread, anchored piece, offset, point there, tie)

    def island(c):
        if c not in islands:
            mine = [k for k, p in enumerate(P) if net.comp[p.u] == c]
            short, found = math.inf, []
            pairs = (
                sorted((box_gap(P[a].line, P[b].line), a, b) for a in mine for b in range(len(P)) if reaches[b])
                if len(mine) * len(P) < 400_000
                else _near_pairs(P, mine, reaches)
            )
            for g, a, b in pairs:
                if g > short + TOUCH:
                    break
                for d, ma, mb in closest(P[a].line, P[b].line):
                    short = min(short, d)
                    found.append((d, a, ma, b, mb))
            # equally short gaps: the better way beyond, then the lower coordinates (flagged as gap_tie)
            found = [
                (main.way(b, mb)[0], *np.round(_point(P[b], mb), 3), *np.round(_point(P[a], ma), 3), d, a, ma, b, mb)
                for d, a, ma, b, mb in found
                if d <= short + TOUCH
            ]
            first = min(found)
            tie = any(max(abs(f[n] - first[n]) for n in (1, 2, 3, 4)) > 2 * MERGE for f in found)
            d, a, ma, b, mb = first[5:]
            islands[c] = (d, net.spread(feet=[(a, ma)]), b, mb, _point(P[b], mb), tie)
        return islands[c]

    out = {}
    for vid, x, y in villages:
        if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
            out[vid] = Verdict("unknown")
            continue
        h = (float(x), float(y))
        near = []  # (piece, distance, offset)
        for k in net.around(h, access_m):
            p = P[k]
            for a, b in stretches(p):
                d, o = (p.line if (a, b) == (0.0, p.length) else p.line.part(a, b)).nearest(h)
                o += a
                if d <= access_m:
                    if "snap_nodes" in net.broken:
                        o = 0.0 if math.dist(h, p.line.xy[0]) <= math.dist(h, p.line.xy[-1]) else p.length
                        d = math.dist(h, _point(p, o))
                    near.append((k, d, o))
        if any(P[k].hard and net.hard_comp[P[k].u] in anchored_hard for k, _, _ in near):
            status = "hardened"
        elif any(reaches[k] for k, _, _ in near):
            status = "unhardened"
        elif any(P[k].hard for k, _, _ in near):
            status = "hardened_island"
        elif near:
            status = "road_island"
        else:
            status = "no_road"
        v = out[vid] = Verdict(status)

        if status in ("hardened", "unhardened"):
            ways = [(*main.way(k, o), d, k, o) for k, d, o in near if reaches[k]]
            cost, steps, d, k, o = min(ways, key=lambda w: (w[0], P[w[3]].road, w[2]))
            v.access_dist_m, v.to_build_m, v.start_road = d, 0.0, P[k].road
            v.to_harden_m, v.unknown_m, v.way_m = _sums(net, steps)
            if status == "unhardened":
                soft = [(q, b) for q, a, b in reversed(steps) if not P[q].hard and abs(b - a) > 0]
                end = soft[0] if soft else ((steps[-1][0], steps[-1][2]) if steps else (k, o))
                v.break_xy = _point(P[end[0]], end[1])
        elif status in ("hardened_island", "road_island"):
            v.access_dist_m = min(d for _, d, _ in near)
            if anchored:
                ways = []
                for k, d, o in near:
                    gap, spread, b, mb, at, tie = island(net.comp[P[k].u])
                    beyond_cost, beyond = main.way(b, mb)
                    cost, steps = spread.way(k, o)
                    ways.append(
                        (
                            (um(gap) + cost[0] + beyond_cost[0], cost[1] + beyond_cost[1], P[k].road),
                            d,
                            gap,
                            steps + beyond,
                            at,
                            P[k].road,
                            tie,
                        )
                    )
                _, v.access_dist_m, v.to_build_m, steps, v.break_xy, v.start_road, v.gap_tie = min(
                    ways, key=lambda w: w[:2]
                )
                v.to_harden_m, v.unknown_m, v.way_m = _sums(net, steps)
        elif anchored:
            best = None
            for k, p in enumerate(P):
                if reaches[k] and (best is None or p.line.box_gap(h) <= best[0] / 1e6 + MERGE):
                    d, o = p.line.nearest(h)
                    cost, steps = main.way(k, o)
                    if best is None or (um(d), cost) < best[:2]:
                        best = (um(d), cost, d, steps, _point(p, o), p.road)
            _, _, v.to_build_m, steps, v.break_xy, v.start_road = best
            v.to_harden_m, v.unknown_m, v.way_m = _sums(net, steps)
        v.anchor_km = (v.way_m + v.to_build_m) / 1000.0
    return out


def _near_pairs(P, mine, reaches):
    """As above for large networks: pairs by the distance of their boxes, only those that can hold the shortest."""
    there = [b for b in range(len(P)) if reaches[b]]
    lo, hi = np.array([P[b].line.lo for b in there]), np.array([P[b].line.hi for b in there])
    first = np.array([P[b].line.xy[0] for b in there])
    out, bound = [], math.inf
    for a in mine:
        L = P[a].line
        bound = min(bound, float(np.hypot(*(first - L.xy[0]).T).min()))
        gaps = np.hypot(*np.maximum(0.0, np.maximum(lo - L.hi, L.lo - hi)).T)
        out += [(float(gaps[q]), a, there[q]) for q in np.nonzero(gaps <= bound)[0]]
    return sorted(out)


# ---------------------------------------------------------------- suspected gaps


def suspected_gaps(roads, *, snap_m, suspect_m, unknown_is_hardened=False, broken=()) -> list[dict]:
    """Ends that join nothing, the nearest other line between snap_m and suspect_m, whose closing would join different
    components. One dict each: road, end, x, y, to_road, to_x, to_y, length, joins_all, joins_hard."""
    net = Network(roads, snap_m=snap_m, unknown_is_hardened=unknown_is_hardened, broken=broken)
    out = []
    for (i, end), node in net.end_node.items():
        if not net.joins[i] or len(net.at_node[node]) != 1:
            continue
        p = tuple(net.lines[i].xy[0 if end == "start" else -1])
        others = [
            (*net.join_point(j, p), j)
            for j in range(len(roads))
            if j != i and net.joins[j] and net.lines[j].box_gap(p) <= suspect_m
        ]
        if not others:
            continue
        d, m, j = min(others, key=lambda o: (o[0], o[2]))
        if not snap_m < d <= suspect_m:
            continue
        q = net.lines[j].point(m)
        closed = Network(
            roads, snap_m=snap_m, unknown_is_hardened=unknown_is_hardened, broken=broken, extra_legs=[(i, end, *q)]
        )
        all_ = closed.components() < net.components()
        hard = net.is_hard(i) and len(set(closed.hard_comp.values())) < len(set(net.hard_comp.values()))
        if all_ or hard:
            out.append(
                {
                    "road": i,
                    "end": end,
                    "x": p[0],
                    "y": p[1],
                    "to_road": j,
                    "to_x": q[0],
                    "to_y": q[1],
                    "length": d,
                    "joins_all": all_,
                    "joins_hard": hard,
                }
            )
    return sorted(out, key=lambda g: (g["road"], g["end"] != "start"))


def changed_by(gap, villages, roads, centres, **kw) -> dict[str, tuple[str, str]]:
    """Hamlets whose verdict a full rerun with this one gap closed changes: id -> (before, after)."""
    before = judge(villages, roads, centres, **kw)
    after = judge(villages, roads, centres, extra_legs=[(gap["road"], gap["end"], gap["to_x"], gap["to_y"])], **kw)
    return {v: (before[v].status, after[v].status) for v in before if before[v].status != after[v].status}
