"""Which nodes and hamlets water reaches from a working source through open links, and why not where it does not.

Water runs both ways through pipes and valves and one way through pumps (start to end, as drawn). A tank out of use
lets nothing through; a source or tap out of use is a plain node of its pipe. Whether the water suffices or arrives
with pressure is not asked here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.water.model import WaterNetwork

WHYS = (
    "",
    "no_pipe",
    "closed",
    "broken",
    "planned",
    "against_pump",
    "source_out_of_use",
    "no_source",
)
"""Why water does not come: reached; no pipe near; the first of closed, broken and planned links that, taken as open
too, would let it through; behind a pump that pumps the other way; sources, none of which works; no source at all."""


@dataclass(frozen=True)
class Reach:
    """What is reached from working sources.

    nodes : index of `network.nodes`. part (number of the connected part through open links, direction aside),
        reached (bool), sources (ids of the working sources that reach it, in the order of `network.nodes`, joined by
        ";"), why (`WHYS`).
    links : index of `network.links`. open (bool: state open, no tank out of use at an end), reached (bool: open, and
        water comes to it).
    hamlets : index of `network.connections`. node (row number, -1 none), part (-1 none), reached, sources, why.
    """

    nodes: pd.DataFrame
    links: pd.DataFrame
    hamlets: pd.DataFrame


def trace(network: WaterNetwork) -> Reach:
    """Follow open links from every working source (`scipy.sparse.csgraph`, linear in nodes and links)."""
    nodes, links = network.nodes, network.links
    n = len(nodes)
    start, end = links["start"].to_numpy(np.int64), links["end"].to_numpy(np.int64)
    pump = (links["kind"] == "pump").to_numpy()
    works = nodes["works"].to_numpy(dtype=bool)
    kind = nodes["kind"].to_numpy()
    dead_tank = (kind == "tank") & ~works
    state = np.where(
        (links["state"] == "open").to_numpy() & (dead_tank[start] | dead_tank[end]), "broken", links["state"].to_numpy()
    )
    is_open = state == "open"
    source = np.flatnonzero((kind == "source") & works)
    reached = spread(n, start[is_open], end[is_open], pump[is_open], source) & ~dead_tank
    part = components(n, start[is_open], end[is_open]) if n else np.zeros(0, np.int64)
    why = np.full(n, "", dtype=object)
    if not reached.all():
        everywhere = components(n, start, end)
        has_source, has_working = np.zeros((2, n), dtype=bool)
        has_source[everywhere[kind == "source"]] = True
        has_working[everywhere[source]] = True
        why = np.where(has_source[everywhere], "source_out_of_use", "no_source").astype(object)
        why[has_working[everywhere]] = "against_pump"
        # The worst first, so that the least mend has the last word.
        allowed = ["open", "closed", "broken", "planned"]
        for last in (3, 2, 1):
            may = np.isin(state, allowed[: last + 1])
            why[spread(n, start[may], end[may], pump[may], source)] = allowed[last]
        why[reached] = ""
    names = _source_names(network, start[is_open], end[is_open], pump[is_open], source)
    names[~reached] = ""
    node_table = pd.DataFrame({"part": part, "reached": reached, "sources": names, "why": why}, index=nodes.index)
    link_table = pd.DataFrame({"open": is_open, "reached": is_open & reached[start] & reached[end]}, index=links.index)
    return Reach(node_table, link_table, _hamlets(network, node_table))


def _hamlets(network: WaterNetwork, nodes: pd.DataFrame) -> pd.DataFrame:
    at = network.connections["node"].to_numpy(np.int64)
    near = at >= 0
    row = np.where(near, at, 0)

    def taken(column: str, otherwise: object, dtype: str) -> np.ndarray:
        values = np.full(len(at), otherwise, dtype=dtype)
        values[near] = nodes[column].to_numpy()[row[near]]
        return values

    return pd.DataFrame(
        {
            "node": at,
            "part": taken("part", -1, "int64"),
            "reached": taken("reached", False, "bool"),
            "sources": taken("sources", "", "object"),
            "why": taken("why", "no_pipe", "object"),
        },
        index=network.connections.index,
    )


def spread(n: int, start: Ints, end: Ints, one_way: Bools, seeds: Ints) -> Bools:
    """Nodes reached from `seeds` over links (start to end; back too unless `one_way`), seeds included, shape (n,)."""
    reached = np.zeros(n, dtype=bool)
    if not len(seeds):
        return reached
    # One more node leads to all seeds.
    tail = np.concatenate([start, end[~one_way], np.full(len(seeds), n)])
    head = np.concatenate([end, start[~one_way], seeds])
    order = np.argsort(tail, kind="stable")
    indptr = np.searchsorted(tail[order], np.arange(n + 2)).astype(np.int32)
    graph = csr_array((np.ones(len(tail), np.int8), head[order].astype(np.int32), indptr), shape=(n + 1, n + 1))
    found = breadth_first_order(graph, n, directed=True, return_predecessors=False)
    reached[found[found < n]] = True
    return reached


def _source_names(network: WaterNetwork, start: Ints, end: Ints, pump: Bools, source: Ints) -> np.ndarray:
    """Ids of the sources that reach each node, joined by ";", shape (n,)."""
    n = len(network.nodes)
    ids = network.nodes["node"].to_numpy()
    if not len(source):
        return np.full(n, "", dtype=object)
    group = components(n, start[~pump], end[~pump])
    of_group: dict[int, list[int]] = {}
    for row in source.tolist():
        of_group.setdefault(int(group[row]), []).append(row)
    if pump.any():
        touched, ends = np.unique(np.concatenate([group[start[pump]], group[end[pump]]]), return_inverse=True)
        tail, head = ends[: pump.sum()], ends[pump.sum() :]
        own = {place: of_group.get(int(group_number), []) for place, group_number in enumerate(touched)}
        every = np.ones(len(tail), dtype=bool)
        for place, rows in own.items():
            for further in np.flatnonzero(spread(len(touched), tail, head, every, np.array([place]))) if rows else ():
                if further != place:
                    of_group.setdefault(int(touched[further]), [])
                    of_group[int(touched[further])] = sorted({*of_group[int(touched[further])], *rows})
    text = np.full(int(group.max()) + 1, "", dtype=object)
    for number, rows in of_group.items():
        text[number] = ";".join(str(ids[row]) for row in rows)
    return text[group]


def supply_way(network: WaterNetwork, usable: Bools, node: int) -> tuple[Ints, Ints]:
    """The shortest way from a working source to a node over usable links: (nodes, links between them), source first.

    Pumps are passed in their own direction only. Of equal ways the one over lower row numbers. Both empty where no
    source reaches the node.
    """
    links = network.links
    row = np.flatnonzero(usable)
    start, end = links["start"].to_numpy(np.int64)[row], links["end"].to_numpy(np.int64)[row]
    both = (links["kind"] != "pump").to_numpy()[row]
    length = np.nan_to_num(links["length_m"].to_numpy(np.float64)[row], nan=0.0)
    # csgraph takes a stored zero for no edge.
    length = np.maximum(length, 1e-9)
    tail, head = np.concatenate([start, end[both]]), np.concatenate([end, start[both]])
    run, link = np.concatenate([length, length[both]]), np.concatenate([row, row[both]])
    n = len(network.nodes)
    order = np.lexsort((link, run, head, tail))
    tail, head, run, link = tail[order], head[order], run[order], link[order]
    first = first_of_groups(tail * n + head)
    tail, head, run, link = tail[first], head[first], run[first], link[first]
    seeds = np.flatnonzero((network.nodes["kind"] == "source").to_numpy() & network.nodes["works"].to_numpy(dtype=bool))
    none = np.zeros(0, dtype=np.int64)
    if not len(seeds):
        return none, none
    way_m = _way_m(n, tail, head, run, seeds)
    if not np.isfinite(way_m[node]):
        return none, none
    tight = np.isfinite(way_m[tail]) & (np.abs(way_m[tail] + run - way_m[head]) <= 1e-6) & (way_m[tail] < way_m[head])
    tail, head, link = tail[tight], head[tight], link[tight]
    order = np.lexsort((link, head))
    tail, head, link = tail[order], head[order], link[order]
    nodes, passed = [int(node)], []
    while way_m[nodes[-1]] > 0:
        at = int(np.searchsorted(head, nodes[-1]))
        nodes.append(int(tail[at]))
        passed.append(int(link[at]))
    return np.array(nodes[::-1], dtype=np.int64), np.array(passed[::-1], dtype=np.int64)


def _way_m(n: int, tail: Ints, head: Ints, run: Floats, seeds: Ints) -> Floats:
    indptr = np.searchsorted(tail, np.arange(n + 1)).astype(np.int32)
    graph = csr_array((run, head.astype(np.int32), indptr), shape=(n, n))
    return dijkstra(graph, directed=True, indices=seeds, min_only=True)
