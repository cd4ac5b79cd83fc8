"""The network cut at its tanks and pumps into units that pass water on: what the mass balance counts with.

A unit is a stretch of pipes (and the tank or tanks that float on it) within which water is shared; it passes water on
to units behind tanks and pumps. Who stands above whom:

- water goes from a stretch with a source over its tanks to the stretches behind them (fewest tanks first), through a
  pump in its direction only;
- a stretch whose sources all stand below a tank's floor draws from that tank and never fills it;
- a tank with nothing behind it floats on the stretches it touches: they and it are one unit;
- tanks joined by a pipe, and neighbours equally near to sources, are one unit;
- a stretch without tank and source that is fed from one unit belongs to it, and a stretch without users and tank that
  feeds one unit only belongs to that: neither changes what anyone gets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach


@dataclass(frozen=True)
class Units:
    """Units of the reached network; shape (u,) unless said.

    of_node : unit of each node, -1 where no source reaches, (n,). supply : m3/day of its known sources; volume : m3 of
    its known tanks. supply_unknown, volume_unknown : a source or tank of its has no number. part : connected part of
    units, from 0. depth : most steps from a unit without parents. parent, child : arcs, (a,), sorted by the parent's
    depth, then rank; rank : 0 for the child's first parent (shallowest, then lowest number).
    """

    of_node: Ints
    supply: Floats
    volume: Floats
    supply_unknown: Bools
    volume_unknown: Bools
    part: Ints
    depth: Ints
    parent: Ints
    child: Ints
    rank: Ints

    def __len__(self) -> int:
        return len(self.supply)


def build_units(network: WaterNetwork, reach: Reach, used: Bools) -> Units:
    """Cut the reached network into units; `used`: nodes that users draw from, (n,)."""
    nodes, links = network.nodes, network.links
    n = len(nodes)
    kind, works = nodes["kind"].to_numpy(), nodes["works"].to_numpy(dtype=bool)
    reached = reach.nodes["reached"].to_numpy(dtype=bool)
    if not reached.any():
        nothing = np.zeros(0, dtype=np.int64)
        return _ordered(network, np.full(n, -1), 0, nothing, nothing, reached, reached)
    row = np.flatnonzero(reach.links["reached"].to_numpy(dtype=bool))
    start, end = links["start"].to_numpy(np.int64)[row], links["end"].to_numpy(np.int64)[row]
    pump = (links["kind"] == "pump").to_numpy()[row]
    tank, source = (kind == "tank") & reached, (kind == "source") & works & reached
    within = ~pump & ~tank[start] & ~tank[end]
    first = _numbered(components(n, start[within], end[within]), reached)
    cell_tank, cell_source = _marked(first, tank), _marked(first, source)
    a, b = first[start], first[end]
    passes = a != b
    two_way = passes & ~pump
    tail = np.concatenate([a[passes & pump], a[two_way], b[two_way]])
    head = np.concatenate([b[passes & pump], b[two_way], a[two_way]])
    pumped = np.arange(len(tail)) < (passes & pump).sum()
    top = _highest(network, "head_m", first, source, len(cell_tank), otherwise=np.inf)
    floor = _highest(network, "floor_m", first, tank, len(cell_tank), otherwise=np.nan)
    below = _stands_below(tail, head, pumped, cell_tank, top, floor)
    tail, head = tail[~below], head[~below]
    merged = _merged(len(cell_tank), tail, head, cell_tank, cell_source)
    of_node = np.where(first >= 0, merged[np.maximum(first, 0)], -1)
    tail, head = merged[tail], merged[head]
    has_source = np.zeros(int(merged.max(initial=-1)) + 1, dtype=bool)
    has_source[merged[cell_source]] = True
    parent, child = _arcs(len(has_source), tail, head, has_source)
    fixed = _marked(of_node, tank & (nodes["volume_m3"] != 0).to_numpy())
    gives = _marked(of_node, source & (nodes["yield_m3_per_day"] != 0).to_numpy())
    final = _contracted(parent, child, fixed, gives, _marked(of_node, used & reached))
    of_node = np.where(of_node >= 0, final[np.maximum(of_node, 0)], -1)
    parent, child = _distinct(final[parent], final[child])
    return _ordered(network, of_node, int(final.max(initial=-1)) + 1, parent, child, tank, source)


def _numbered(label: Ints, chosen: Bools) -> Ints:
    """Labels renumbered from 0 in order of first node among the chosen; -1 elsewhere."""
    out = np.full(len(label), -1, dtype=np.int64)
    _, first, inverse = np.unique(label[chosen], return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    out[chosen] = place[inverse]
    return out


def _marked(cell: Ints, node: Bools) -> Bools:
    """Cells with a marked node; nodes of cell -1 count nowhere."""
    node = node & (cell >= 0)
    marked = np.zeros(int(cell.max(initial=-1)) + 1, dtype=bool)
    marked[cell[node]] = True
    return marked


def _highest(network: WaterNetwork, column: str, cell: Ints, chosen: Bools, n: int, *, otherwise: float) -> Floats:
    """Highest value of a column among the chosen nodes of each cell, `otherwise` for one not known; NaN without any."""
    given = network.nodes[column].to_numpy(np.float64)[chosen]
    highest = np.full(n, np.nan)
    np.fmax.at(highest, cell[chosen], np.where(np.isnan(given), otherwise, given))
    return highest


def _stands_below(tail: Ints, head: Ints, pumped: Bools, cell_tank: Bools, top: Floats, floor: Floats) -> Bools:
    """Arcs into a tank from a stretch whose sources all stand below its floor, where something else fills the tank.

    A source without a head may stand high, and a stretch that is pumped into may have any head: no statement. A tank
    that nothing else fills keeps its arc: heights err more often than a line leads nowhere.
    """
    lifted = np.zeros(len(cell_tank), dtype=bool)
    lifted[head[pumped]] = True
    into = cell_tank[head] & ~pumped & ~cell_tank[tail] & ~lifted[tail]
    with np.errstate(invalid="ignore"):
        low = into & (top[tail] < floor[head])
    filled = np.zeros(len(cell_tank), dtype=bool)
    filled[head[(cell_tank[head] & pumped) | (into & ~low & ~np.isnan(top[tail]))]] = True
    return low & filled[head]


def _levels(n: int, tail: Ints, head: Ints, has_source: Bools) -> tuple[Ints, Floats]:
    """(strong part of each unit, steps within it from a source or from where water enters it)."""
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n)).tocsr()
    _, strong = connected_components(graph, directed=True, connection="strong")
    across = strong[tail] != strong[head]
    entry = has_source.copy()
    entry[head[across]] = True
    inner = coo_array((np.ones((~across).sum()), (tail[~across], head[~across])), shape=(n, n)).tocsr()
    steps = dijkstra(inner, directed=True, indices=np.flatnonzero(entry), min_only=True, unweighted=True)
    return strong.astype(np.int64), steps


def _arcs(n: int, tail: Ints, head: Ints, has_source: Bools) -> tuple[Ints, Ints]:
    """Arcs that lead away from sources, each once: between strong parts, and one step further within one."""
    other = tail != head
    tail, head = tail[other], head[other]
    if not n or not len(tail):
        return tail[:0], head[:0]
    strong, steps = _levels(n, tail, head, has_source)
    away = (strong[tail] != strong[head]) | (steps[head] == steps[tail] + 1)
    key = np.unique(tail[away] * n + head[away])
    return key // n, key % n


def _merged(n: int, tail: Ints, head: Ints, cell_tank: Bools, cell_source: Bools) -> Ints:
    """Unit number of each cell: neighbours equally near, and tanks with nothing behind them, become one."""
    if not n or not len(tail):
        return np.arange(n)
    strong, steps = _levels(n, tail, head, cell_source)
    equal = (strong[tail] == strong[head]) & (steps[tail] == steps[head])
    label = components(n, tail[equal], head[equal])
    has_source = np.zeros(int(label.max()) + 1, dtype=bool)
    has_source[label[cell_source]] = True
    parent, child = _arcs(len(has_source), label[tail], label[head], has_source)
    ends = np.ones(len(has_source), dtype=bool)
    ends[parent] = False
    only_tank = np.ones(len(has_source), dtype=bool)
    only_tank[label[~cell_tank]] = False
    strong_of = np.zeros(len(has_source), dtype=np.int64)
    strong_of[label] = strong
    floats = (ends & only_tank)[child] & (strong_of[parent] == strong_of[child])
    joined = components(len(has_source), parent[floats], child[floats])
    return _numbered(joined[label], np.ones(n, dtype=bool))


def _distinct(parent: Ints, child: Ints) -> tuple[Ints, Ints]:
    """Arcs between two units, each once."""
    other = parent != child
    n = int(max(parent.max(initial=0), child.max(initial=0))) + 1
    key = np.unique(parent[other] * n + child[other])
    return key // n, key % n


def _contracted(parent: Ints, child: Ints, tank: Bools, source: Bools, used: Bools) -> Ints:
    """New number of each unit when stretches that only pass water on have joined what feeds them or what they feed."""
    number = np.arange(len(tank))
    while True:
        n = len(tank)
        fed, feeds = np.bincount(child, minlength=n), np.bincount(parent, minlength=n)
        joins = (fed == 1)[child] & ~(tank | source)[child]
        if not joins.any():
            joins = (feeds == 1)[parent] & ~(tank | used)[parent]
        if not joins.any():
            return number
        label = _numbered(components(n, parent[joins], child[joins]), np.ones(n, dtype=bool))
        tank, source, used = (_marked(label, which) for which in (tank, source, used))
        parent, child = _distinct(label[parent], label[child])
        number = label[number]


def _ordered(
    network: WaterNetwork, of_node: Ints, n: int, parent: Ints, child: Ints, tank: Bools, source: Bools
) -> Units:
    depth = np.zeros(n, dtype=np.int64)
    while True:
        deeper = depth.copy()
        np.maximum.at(deeper, child, depth[parent] + 1)
        if np.array_equal(deeper, depth):
            break
        depth = deeper
    order = np.lexsort((parent, depth[parent], child))
    parent, child = parent[order], child[order]
    begins = np.flatnonzero(first_of_groups(child))
    rank = np.arange(len(child)) - np.repeat(begins, np.diff(np.append(begins, len(child))))
    order = np.lexsort((child, parent, rank, depth[parent]))
    supply, supply_unknown = _summed(network, "yield_m3_per_day", of_node, source, n)
    volume, volume_unknown = _summed(network, "volume_m3", of_node, tank, n)
    return Units(
        of_node=of_node,
        supply=supply,
        volume=volume,
        supply_unknown=supply_unknown,
        volume_unknown=volume_unknown,
        part=components(n, parent, child) if n else depth,
        depth=depth,
        parent=parent[order],
        child=child[order],
        rank=rank[order],
    )


def _summed(network: WaterNetwork, column: str, of_node: Ints, chosen: Bools, n: int) -> tuple[Floats, Bools]:
    values = network.nodes[column].to_numpy(np.float64)[chosen]
    unit = of_node[chosen]
    known = np.isfinite(values)
    unknown = np.zeros(n, dtype=bool)
    unknown[unit[~known]] = True
    return np.bincount(unit[known], values[known], n).astype(np.float64), unknown
