"""Which projects a budget buys: most people served, by integer program or, where there are very many, by rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack

from siteplan.network.ragged import Floats

MANY = 3_000
"""Offers up to which the choice is exact."""
SECONDS = 60.0


@dataclass(frozen=True)
class Offer:
    """One way to build a project: people served and cost."""

    people: float
    cost: float


@dataclass(frozen=True)
class Choice:
    """The offer taken of each project, -1 for none; status "all", "optimal", "time_limit" or "greedy"; people; the most
    that any choice could serve (bound); gap, the share of the bound left open."""

    taken: tuple[int, ...]
    status: str
    people: float
    bound: float

    @property
    def gap(self) -> float:
        """0..1."""
        return max(self.bound - self.people, 0.0) / self.bound if self.bound > 0 else 0.0


def choose(projects: Sequence[Sequence[Offer]], budget: float | None, *, exact: bool | None = None) -> Choice:
    """At most one offer of each project within the budget, so that most people are served, then at least cost.

    The first offer of a project is the whole of it. By rank (exact=False, or very many offers): whole projects from the
    cheapest a person on, each that still fits, or the one largest that fits, whichever serves more; that is at least
    half of the optimum, and like the optimum never serves fewer with a larger budget.
    """
    whole = [offers[0] for offers in projects]
    if budget is None or sum(offer.cost for offer in whole) <= budget:
        people = float(sum(offer.people for offer in whole))
        return Choice((0,) * len(whole), "all", people, people)
    rows = [
        (p, k, offer) for p, offers in enumerate(projects) for k, offer in enumerate(offers) if offer.cost <= budget
    ]
    nobody = (-1,) * len(projects)
    if not rows:
        return Choice(nobody, "optimal", 0.0, 0.0)
    by_rank = _by_rank(whole, budget)
    if exact if exact is not None else len(rows) <= MANY:
        solved = _solve(rows, budget, len(projects), whole=True)
        if solved.x is not None:
            taken = list(nobody)
            for k in np.flatnonzero(solved.x > 0.5).tolist():
                taken[rows[k][0]] = rows[k][1]
            people = _people(projects, taken)
            bound = people if solved.status == 0 else max(-float(solved.mip_dual_bound), people)
            if people >= by_rank.people:
                return Choice(tuple(taken), "optimal" if solved.status == 0 else "time_limit", people, bound)
    relaxed = _solve(rows, budget, len(projects), whole=False)
    return Choice(by_rank.taken, "greedy", by_rank.people, max(-float(relaxed.fun), by_rank.people))


def _people(projects: Sequence[Sequence[Offer]], taken: Sequence[int]) -> float:
    return float(sum(offers[k].people for offers, k in zip(projects, taken, strict=True) if k >= 0))


def _by_rank(whole: Sequence[Offer], budget: float) -> Choice:
    each = np.array([offer.cost / offer.people if offer.people > 0 else np.inf for offer in whole])
    left, ranked = budget, [-1] * len(whole)
    # A larger budget never serves fewer: where it first takes one that the smaller could not pay, that one alone serves
    # more than all that the smaller has left could buy at the worse rates that follow.
    for k in np.argsort(each, kind="stable").tolist():
        if whole[k].cost <= left and np.isfinite(each[k]):
            ranked[k] = 0
            left -= whole[k].cost
    single = [-1] * len(whole)
    fitting = [k for k, offer in enumerate(whole) if offer.cost <= budget]
    if fitting:
        single[max(fitting, key=lambda k: (whole[k].people, -k))] = 0
    sums = [sum(whole[k].people for k, t in enumerate(taken) if t == 0) for taken in (ranked, single)]
    best = ranked if sums[0] >= sums[1] else single
    return Choice(tuple(best), "greedy", float(max(sums)), float(max(sums)))


def _solve(rows: Sequence[tuple[int, int, Offer]], budget: float, n_projects: int, *, whole: bool) -> Any:
    people = np.array([offer.people for _, _, offer in rows])
    cost = np.array([offer.cost for _, _, offer in rows])
    one = coo_array(
        (np.ones(len(rows)), ([p for p, _, _ in rows], np.arange(len(rows)))), shape=(n_projects, len(rows))
    )
    matrix = vstack([one.tocsr(), csr_array(cost[None, :])])
    limit = np.append(np.ones(n_projects), budget)
    solved = _milp(-people, matrix, np.full(n_projects + 1, -np.inf), limit, whole=whole)
    if not whole or solved.status != 0:
        return solved
    # Among the choices that serve as many, the cheapest.
    served = float(people[solved.x > 0.5].sum())
    matrix = vstack([matrix, csr_array(people[None, :])])
    low = np.append(np.full(n_projects + 1, -np.inf), served - 1e-6)
    cheaper = _milp(cost, matrix, low, np.append(limit, np.inf), whole=True)
    return cheaper if cheaper.status == 0 else solved


def _milp(objective: Floats, matrix: csr_array, low: Floats, high: Floats, *, whole: bool) -> Any:
    return milp(
        objective,
        integrality=np.full(len(objective), int(whole)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, low, high),
        options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
    )
