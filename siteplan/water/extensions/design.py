"""What it takes to serve the rest: from corridors, sources and hamlets to ranked projects within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.budget import Choice, Offer, choose
from siteplan.water.extensions.catalogue import Catalogue, load_catalogue
from siteplan.water.extensions.corridors import Corridors, SplitCorridors
from siteplan.water.extensions.feasibility import feasibility
from siteplan.water.extensions.layout import Mode, lay_out
from siteplan.water.extensions.reach import Reach, Taps, gravity_reach, nearest_taps
from siteplan.water.extensions.recheck import recheck
from siteplan.water.extensions.results import Built, Option, hamlet_table, pipe_table, project_table, works_table
from siteplan.water.extensions.steiner import CostGraph, nearest
from siteplan.water.extensions.tables import Hamlets, Sources, read_hamlets, read_sources
from siteplan.water.extensions.task import ROOM, Layout, LayoutTask
from siteplan.water.extensions.tree import Arc, Branch, Tree, design_tree, stripped

NoGravity = Literal["pump", "tap"]
EASY_MS = 1.0
"""Velocity of the pipe whose price the layout takes for every pipe."""
MOST_PARTS = 8
"""Smaller ways to build a project that a tight budget may choose among."""


@dataclass(frozen=True)
class ExtensionDesign:
    """Projects that serve hamlets that have no water, each one connected tree from a source.

    projects : a row a project, by rank (cost a person, then id), index project. source, state ("sound", "marginal":
        gravity has less to spare than heights may err, "failed"), chosen (bool), part (bool: hamlets were left out for
        the budget), hamlets (number), people (known), people_unknown (hamlets), cost, cost_per_person, pipe_cost,
        trench_cost, works_cost, length_m, lps, needs ("pump", "tank", "tap", joined by "+"), pumps, pump_head_m (the
        highest), pump_kw, tanks, taps, spare_m, status ("optimal", "rounded", "time_limit": of the sizes on this tree),
        bound (no sizes cost less on this tree), gap, failure, recheck ("agrees", "differs", "failed", "not_run"),
        recheck_m, recheck_message, shared_m (trench counted here and in another project too).
    pipes : a row a pipe of one size on one edge, in the sense of flow: project, edge, from_m, to_m (metres from the
        edge's u), material, dn_mm, inner_mm, pn_m, roughness_c, length_m, pipe_cost, trench_cost, lps, velocity_ms,
        slow (bool: under the lower limit), head_start_m, head_stop_m, z_start_m, z_stop_m, least_m (least head over the
        ground at its ends and the points between), rest_m (most head at rest).
    works : pumps, break-pressure tanks and taps: project, kind, edge, station_m, node (-1 between nodes), z_m, lps,
        head_m (lift of a pump; at a tap over the ground), kw, cost.
    hamlets : the index of the caller's table. project ("" none), served (bool: its project is chosen), service
        ("piped", "tap", ""), reason why not served ("" where served), source, head_m (over the ground at peak), rest_m
        (at rest), pump_head_m, and where gravity does not reach: tap_edge, tap_station_m, tap_walk_m, tap_climb_m.
    figures : hamlets_asked, hamlets_served, people_served, people_asked, cost, cost_per_person, layout_status,
        layout_cost, layout_bound, layout_gap, budget, budget_status, budget_gap, sources_left_out, edges_unknown.
    parameters : as called. rules : as `Catalogue.rules`. notes : keys of `water.extension.note`.
    """

    projects: pd.DataFrame
    pipes: pd.DataFrame
    works: pd.DataFrame
    hamlets: pd.DataFrame
    figures: Mapping[str, float | int | str]
    parameters: Mapping[str, object]
    rules: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]


def design_extensions(
    corridors: Corridors,
    sources: pd.DataFrame,
    hamlets: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    budget: float | None = None,
    most_per_person: float | None = None,
    where_no_gravity: NoGravity = "pump",
    layout: Mode = "auto",
    check: bool = True,
) -> ExtensionDesign:
    """Design, cost, re-check and rank what it takes to serve hamlets over corridors from sources with water to spare.

    Parameters
    ----------
    sources : index id; node, head_m (water level or head, metres over the same datum as the ground, at peak flow),
        spare_lps; optional rest_head_m (at rest, default head_m).
    hamlets : index id; node (-1: no corridor near), peak_lps, people, service_head_m. NaN is unknown.
    budget : in the catalogue's currency; None: no limit.
    most_per_person : projects that cost more a person are shown, never chosen; None: no limit.
    where_no_gravity : a hamlet that gravity does not reach gets a pump, or ("tap") a public tap where one is in reach
        on foot, else a pump. Its nearest tap is told in either case.
    layout : "auto" solves small cases exactly, "heuristic", "exact".
    check : run EPANET. A project whose heads differ, or that EPANET cannot solve, is "failed" and never chosen.

    Raises
    ------
    LayerError
        If corridors or tables are faulty.
    """
    catalogue = load_catalogue() if catalogue is None else catalogue
    corridors.check()
    limits = catalogue.limits
    water, left_out = read_sources(sources, corridors)
    people = read_hamlets(hamlets, corridors)
    reach = gravity_reach(corridors, _edge_cost(corridors, people, catalogue), water.node, water.head_m, limits)
    place = np.maximum(people.node, 0)
    by_gravity = people.known & reach.serves(corridors, place, people.service_m, limits).any(axis=0)
    beyond = np.flatnonzero(people.known & ~by_gravity)
    taps = nearest_taps(corridors, reach, people.node[beyond], limits)
    tapped = np.zeros(len(people.id), dtype=bool)
    split = _unsplit(corridors)
    if where_no_gravity == "tap":
        in_reach = (taps.walk_m <= limits.tap_walk_m) & (np.abs(taps.climb_m) <= limits.tap_climb_m)
        tapped[beyond[in_reach]] = True
        split, people = _at_taps(corridors, people, beyond[in_reach], taps, in_reach, limits.tap_head_m)
        # New nodes: the ways over them are looked for again.
        cost = _edge_cost(split.corridors, people, catalogue)
        reach = gravity_reach(split.corridors, cost, water.node, water.head_m, limits)
    cost = _edge_cost(split.corridors, people, catalogue)
    task = _task(split.corridors, water, people, reach, catalogue, cost, most_per_person)
    trees = lay_out(task, mode=layout)
    reasons = _reasons(people, task, trees)
    options = []
    for branch in _branches(task, water, people, trees):
        sound = _sound(split.corridors, branch, catalogue, reasons)
        if sound.hamlets:
            options.append([Option(design_tree(split.corridors, sound, catalogue), whole=True)])
    options = _checked(options, catalogue, check=check)
    terms = _Terms(catalogue, np.nan_to_num(people.people), tapped, budget, most_per_person)
    tight = budget is not None and sum(terms.cost(g[0]) for g in options if terms.takes(g[0])) > budget
    smaller = [
        _parts(group[0].tree, split.corridors, catalogue, cost, people) if tight or not terms.takes(group[0]) else []
        for group in options
    ]
    more = _checked(smaller, catalogue, check=check)
    options = [[*group, *parts] for group, parts in zip(options, more, strict=True)]
    built, choice = _choose(options, terms)
    projects = project_table(built, people, catalogue, water.id, tapped)
    served = int(sum(len(one.tree.branch.hamlets) for one in built if one.chosen))
    total = float(projects.loc[projects["chosen"], "cost"].sum())
    persons = float(projects.loc[projects["chosen"], "people"].sum())
    unknown_edges = int((~corridors.known).sum())
    notes = _notes(projects, catalogue, unknown_edges, left_out, trees, people, checked=check)
    return ExtensionDesign(
        projects=projects,
        pipes=pipe_table(built, split, catalogue),
        works=works_table(built, split, catalogue, people, tapped),
        hamlets=hamlet_table(hamlets, people, built, reasons, tapped, beyond, taps, water.id),
        figures={
            "hamlets_asked": len(people.id),
            "hamlets_served": served,
            "people_asked": float(np.nansum(people.people)),
            "people_served": persons,
            "cost": total,
            "cost_per_person": total / persons if persons > 0 else float("nan"),
            "layout_status": trees.status,
            "layout_cost": trees.cost,
            "layout_bound": trees.bound,
            "layout_gap": trees.gap,
            "budget": float("nan") if budget is None else float(budget),
            "budget_status": choice.status,
            "budget_gap": choice.gap,
            "sources_left_out": left_out,
            "edges_unknown": unknown_edges,
        },
        parameters={
            "budget": budget,
            "most_per_person": most_per_person,
            "where_no_gravity": where_no_gravity,
            "layout": layout,
            "check": check,
            "currency": catalogue.currency,
        },
        rules=catalogue.rules,
        notes=notes,
    )


def _edge_cost(corridors: Corridors, people: Hamlets, catalogue: Catalogue) -> Floats:
    """What the layout takes a corridor to cost: its trench, and one pipe for all: the cheapest that carries the median
    hamlet easily."""
    known = people.lps[people.known]
    pipes = catalogue.pipes
    price = float(pipes.price_per_m.min())
    if len(known):
        easy = pipes.velocity(np.array([np.median(known)]))[0] <= EASY_MS
        price = float(pipes.price_per_m[easy].min()) if easy.any() else float(pipes.price_per_m.max())
    return corridors.length_m * (corridors.trench_per_m + price)


def _unsplit(corridors: Corridors) -> SplitCorridors:
    nothing = np.zeros(0, dtype=np.int64)
    return SplitCorridors(
        corridors, corridors.n_nodes, nothing, np.arange(corridors.n_edges), np.zeros(corridors.n_edges)
    )


def _at_taps(
    corridors: Corridors, people: Hamlets, hamlet: Ints, taps: Taps, chosen: Bools, head_m: float
) -> tuple[SplitCorridors, Hamlets]:
    """Corridors with nodes where these hamlets' taps stand, and the hamlets moved there."""
    edge, station = taps.edge[chosen], taps.station_m[chosen]
    inside = (station > 0) & (station < corridors.length_m[edge])
    split = corridors.split(edge[inside], station[inside])
    at = np.where(station <= 0, corridors.u[edge], corridors.v[edge])
    at[inside] = split.node
    node, service = people.node.copy(), people.service_m.copy()
    node[hamlet], service[hamlet] = at, head_m
    return split, replace(people, node=node, service_m=service)


def _task(
    corridors: Corridors,
    water: Sources,
    people: Hamlets,
    reach: Reach,
    catalogue: Catalogue,
    cost: Floats,
    most_per_person: float | None,
) -> LayoutTask:
    # Who asks for more than any source has is in nobody's tree.
    known = people.known & (people.lps <= water.spare_lps.max(initial=0.0) + ROOM)
    place = np.maximum(people.node, 0)
    allowed = reach.serves(corridors, place, people.service_m, catalogue.limits) & known
    return LayoutTask(
        n_nodes=corridors.n_nodes,
        u=corridors.u,
        v=corridors.v,
        cost=cost,
        usable=reach.usable,
        allowed=allowed,
        source_node=water.node,
        source_level=reach.source_level,
        spare_lps=water.spare_lps,
        node=place,
        lps=np.where(known, people.lps, 0.0),
        people=np.nan_to_num(people.people),
        lifted=known & ~allowed.any(axis=0),
        liftable=corridors.known,
        most_per_person=np.inf if most_per_person is None else most_per_person,
    )


def _reasons(people: Hamlets, task: LayoutTask, trees: Layout) -> list[str]:
    """Why each hamlet is in no tree; "" where it is in one."""
    reasons = list(people.reason)
    anywhere = CostGraph.of(task.n_nodes, task.u, task.v, task.cost, task.liftable)
    joined = np.isfinite(nearest(anywhere, task.source_node)[0])
    for k in np.flatnonzero(people.known & (trees.served_by < 0)).tolist():
        if k in trees.dear:
            reasons[k] = "dear"
            continue
        reasons[k] = "no_spare_flow" if joined[task.node[k]] or not len(task.source_node) else "no_corridor"
    return reasons


def _branches(task: LayoutTask, water: Sources, people: Hamlets, trees: Layout) -> list[Branch]:
    """The trees cut at their sources: each way out of a source is a project of its own, and so is what stands there."""
    branches = []
    for source in range(len(water.id)):
        root = int(water.node[source])
        rows = np.flatnonzero(trees.source == source)
        arcs: list[Arc] = [(int(trees.edge[k]), int(trees.tail[k]), int(trees.head[k])) for k in rows]
        top: dict[int, int] = {}
        for _, tail, head in arcs:
            top[head] = head if tail == root else top[tail]
        mine = np.flatnonzero(trees.served_by == source).tolist()
        for first in [root, *sorted(set(top.values()))]:
            hamlets = [k for k in mine if top.get(int(task.node[k]), root) == first]
            if hamlets:
                branches.append(
                    Branch(
                        source=source,
                        root=root,
                        arcs=tuple(arc for arc in arcs if top[arc[2]] == first),
                        hamlets=tuple(hamlets),
                        node=tuple(int(task.node[k]) for k in hamlets),
                        lps=tuple(float(people.lps[k]) for k in hamlets),
                        service_m=tuple(float(people.service_m[k]) for k in hamlets),
                        head_m=float(water.head_m[source]),
                        rest_m=float(water.rest_m[source]),
                    )
                )
    return branches


def _sound(corridors: Corridors, branch: Branch, catalogue: Catalogue, reasons: list[str]) -> Branch:
    """The branch without hamlets that cannot be served even alone; their reasons are written down."""
    if not feasibility(branch.points(corridors), catalogue).failure:
        return branch
    kept = []
    for hamlet in branch.hamlets:
        failure = feasibility(branch.of([hamlet]).points(corridors), catalogue).failure
        if failure:
            reasons[hamlet] = failure
        else:
            kept.append(hamlet)
    return branch.of(kept)


def _parts(tree: Tree, corridors: Corridors, catalogue: Catalogue, cost: Floats, people: Hamlets) -> list[Option]:
    """Smaller ways to build a project, where the whole cannot be built or the budget does not reach for all."""
    count = {k: float(value) for k, value in enumerate(np.nan_to_num(people.people))}
    parts = stripped(tree.branch, cost, count, MOST_PARTS)
    return [Option(design_tree(corridors, tree.branch.of(part), catalogue), whole=False) for part in parts]


def _checked(options: list[list[Option]], catalogue: Catalogue, *, check: bool) -> list[list[Option]]:
    if not check:
        return options
    answers = iter(recheck([option.tree for group in options for option in group], catalogue))
    return [[replace(option, check=next(answers)) for option in group] for group in options]


@dataclass(frozen=True)
class _Terms:
    """On what terms projects are chosen; people (k,), 0 where not known."""

    catalogue: Catalogue
    people: Floats
    tapped: Bools
    budget: float | None
    most_per_person: float | None

    def cost(self, option: Option) -> float:
        return option.cost(self.catalogue, self.tapped)

    def served(self, option: Option) -> float:
        return float(self.people[list(option.tree.branch.hamlets)].sum())

    def takes(self, option: Option) -> bool:
        """Whether it can be built at all, and is worth it."""
        most = np.inf if self.most_per_person is None else self.most_per_person * self.served(option)
        return option.buildable and self.cost(option) <= most


def _choose(options: Sequence[Sequence[Option]], terms: _Terms) -> tuple[list[Built], Choice]:
    """The option of each project that is built or, where none is, shown; in the order of project numbers."""
    offers, place = [], []
    for number, group in enumerate(options):
        good = [k for k, option in enumerate(group) if terms.takes(option)]
        if good:
            offers.append([Offer(terms.served(group[k]), terms.cost(group[k])) for k in good])
            place.append((number, good))
    choice = choose(offers, terms.budget)
    taken = {number: good[k] for (number, good), k in zip(place, choice.taken, strict=True) if k >= 0}
    built = []
    for number, group in enumerate(options):
        fallback = next((k for k, option in enumerate(group) if option.buildable), 0)
        shown = taken.get(number, fallback)
        left = set(group[0].tree.branch.hamlets) - set(group[shown].tree.branch.hamlets)
        dear = not any(terms.takes(option) for option in group)
        built.append(Built(f"E{number + 1}", group[shown], number in taken, tuple(sorted(left)), dear))
    return built, choice


def _notes(
    projects: pd.DataFrame,
    catalogue: Catalogue,
    unknown_edges: int,
    left_out: int,
    trees: Layout,
    people: Hamlets,
    *,
    checked: bool,
) -> tuple[str, ...]:
    told = {
        "prices_invented": any("invented" in rule["source"] for rule in catalogue.rules),
        "edges_unknown": unknown_edges > 0,
        "sources_left_out": left_out > 0,
        "layout_heuristic": trees.status != "optimal" and len(trees.edge) > 0,
        "not_checked": not checked or bool((projects["recheck"] == "not_run").any()),
        "check_failed": bool(projects["recheck"].isin(["differs", "failed"]).any()),
        "people_unknown": bool(np.isnan(people.people[people.known]).any()),
        "trench_shared": bool((projects["shared_m"] > 0).any()),
    }
    return tuple(key for key, holds in told.items() if holds)
