"""Trees over the corridors that join hamlets to sources: heuristic with a bound, or exact on small cases.

Mehlhorn's tree for each level of head, sources relieved where they give more than they have, branches moved while that
saves; small cases are solved exactly. Which hamlets are worth their pipe is decided later, by cost a person and budget.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from siteplan.network.ragged import Bools, Ints
from siteplan.water.extensions.ascent import dual_bound
from siteplan.water.extensions.exact import exact_layout, relaxed_size
from siteplan.water.extensions.forest import Forest
from siteplan.water.extensions.steiner import mehlhorn, nearest
from siteplan.water.extensions.task import Layout, LayoutTask, layout_of, rooted

Mode = Literal["auto", "heuristic", "exact"]
SMALL = 4_000
"""Variables up to which "auto" solves exactly."""


def lay_out(task: LayoutTask, *, mode: Mode = "auto", bounded: bool = True) -> Layout:
    """Trees that serve every hamlet that some source can, and where sources fall short as many people as they can.

    Hamlets that no source can reach or feed, or only at more than is allowed a person, have served_by -1. Lifted
    hamlets are joined last, each to the nearest tree: with them, and in mode "heuristic", the status is "heuristic".
    bounded=False leaves the bound at 0.
    """
    forest = Forest(task)
    _plant(task, forest)
    dear = forest.trim()
    dropped = forest.relieve()
    forest.improve()
    dear += forest.trim()
    # Moves may have made room: first for whom the way from a source costs least a person.
    away, _, _ = nearest(task.whole, np.unique(task.source_node))
    rows = np.array(dropped, dtype=np.int64)
    each = away[task.node[rows]] / np.maximum(task.people[rows], 1.0)
    for hamlet in rows[np.lexsort((rows, each))].tolist():
        forest.insert(hamlet)
    layout = layout_of(task, forest.edges(), forest.served_by())
    asked = _reachable(task) & ~task.lifted
    asked[dear] = False
    solved = False
    if asked.any() and (mode == "exact" or (mode == "auto" and relaxed_size(task) <= SMALL)):
        layout = exact_layout(task, asked, layout, thorough=mode == "exact")
        solved = layout.status == "optimal"
    lifted = np.flatnonzero(task.lifted)
    if len(lifted):
        layout = _with_lifted(task, layout, lifted)
        solved = False
    if bounded and not solved:
        served = layout.served_by >= 0
        bound = dual_bound(task.whole, np.unique(task.source_node), np.unique(task.node[served]))
        layout = replace(layout, bound=min(max(layout.bound, bound), layout.cost))
    return replace(layout, dear=tuple(sorted(k for k in set(dear) if layout.served_by[k] < 0)))


def _plant(task: LayoutTask, forest: Forest) -> None:
    """Mehlhorn's forest for each level, each hamlet at the level whose source is nearest to it."""
    n_levels = len(task.usable)
    sources = [np.flatnonzero(task.source_level == level) for level in range(n_levels)]
    distance = np.full((n_levels, len(task.node)), np.inf)
    for level, graph in enumerate(task.graphs):
        away, _, _ = nearest(graph, task.source_node[sources[level]])
        distance[level] = np.where(task.allowed[level] & ~task.lifted, away[task.node], np.inf)
    if not n_levels:
        return
    home = np.where(np.isfinite(distance.min(axis=0)), distance.argmin(axis=0), -1)
    for level, graph in enumerate(task.graphs):
        hamlets = np.flatnonzero(home == level)
        if not len(hamlets):
            continue
        edges = graph.edge[mehlhorn(graph, np.unique(task.source_node[sources[level]]), np.unique(task.node[hamlets]))]
        at: dict[int, list[int]] = {}
        for hamlet in hamlets.tolist():
            at.setdefault(int(task.node[hamlet]), []).append(hamlet)
        for source in sources[level].tolist():
            root = int(task.source_node[source])
            tree = rooted(task, edges.tolist(), root)
            nodes = [root, *(head for _, _, head in tree)]
            # Of two sources at one node the first takes the tree; the second relieves it.
            forest.plant(source, [edge for edge, _, _ in tree], {node: at.pop(node) for node in nodes if node in at})
            edges = np.setdiff1d(edges, [edge for edge, _, _ in tree])


def _with_lifted(task: LayoutTask, layout: Layout, lifted: Ints) -> Layout:
    forest = Forest(task)
    for source in range(len(task.source_node)):
        at: dict[int, list[int]] = {}
        for hamlet in np.flatnonzero(layout.served_by == source).tolist():
            at.setdefault(int(task.node[hamlet]), []).append(hamlet)
        forest.plant(source, layout.edge[layout.source == source].tolist(), at)
    away, _, _ = nearest(task.whole, np.unique(task.source_node))
    # Near ones first: what they build, the far ones share.
    for hamlet in lifted[np.lexsort((lifted, away[task.node[lifted]]))].tolist():
        forest.insert(hamlet)
    return layout_of(task, forest.edges(), forest.served_by(), bound=layout.bound)


def _reachable(task: LayoutTask) -> Bools:
    """Hamlets that some source of a level allowed to them reaches, (k,)."""
    reached = np.zeros(len(task.node), dtype=bool)
    for level, graph in enumerate(task.graphs):
        away, _, _ = nearest(graph, task.source_node[task.source_level == level])
        reached |= task.allowed[level] & np.isfinite(away[task.node])
    return reached
