"""Pipe sizes of a tree by linear programming with split pipes.

For given flows the loss of head is linear in the length laid of each size, so that sizes of least cost are a linear
program (E. Alperovits and U. Shamir, Design of optimal water distribution systems, Water Resources Research 13, 1977;
P. R. Bhave, Analysis of flow in water distribution networks, 1991). Heads are held at the ends of runs; wider pipes lie
upstream, which is best for every point between; a point that still falls short becomes an end of its own, and the
program is solved again. What comes out is the optimum under all points of the profile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.feasibility import EXACT, allowed_pipes
from siteplan.water.extensions.points import Points, Works, heads

NOTHING = 1e-6
"""A piece shorter than this, in metres, is rounding of the solver."""
SECONDS = 60.0


@dataclass(frozen=True)
class Run:
    """Points in a row that share flow and pressure class, in the sense of flow, and the pipes laid there.

    pieces: (row of the catalogue, metres), wider pipes upstream; their lengths add up to the run's.
    """

    points: Ints
    length_m: float
    pieces: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Sizing:
    """Sizes of a tree.

    status "optimal", "rounded", "time_limit" or "infeasible" (no runs then); cost of the pipes and of the pumps' power;
    bound of the same; runs; pump_head_m (p,); head_m (p,) at peak, upstream of a tank; loss_per_m (p,) mean over the
    piece to each point.
    """

    status: str
    cost: float
    bound: float
    runs: tuple[Run, ...]
    pump_head_m: Floats
    head_m: Floats
    loss_per_m: Floats


@dataclass(frozen=True)
class _Program:
    """What does not change while points become ends: runs, the pipes each may have, losses and prices."""

    points: Points
    catalogue: Catalogue
    works: Works
    need_m: Floats
    runs: list[Ints]
    pipes: list[Ints]
    loss: list[Floats]
    per_lift: Floats


def size_tree(
    points: Points, catalogue: Catalogue, works: Works, need_m: Floats, class_m: Floats, *, split: bool = True
) -> Sizing:
    """The cheapest pipes that keep the head needed at every point.

    Parameters
    ----------
    works, need_m, class_m : as `feasibility` gives them; a pump's head is at most `works.pump_head_m`, chosen with the
        pipes against its price a kW.
    split : False lays one size in each run (integer program).
    """
    if len(points) == 1:
        return Sizing("optimal", 0.0, 0.0, (), np.zeros(1), np.array([points.head_m]), np.zeros(1))
    allowed = allowed_pipes(points, catalogue, class_m)
    runs = _runs(points, works, class_m)
    pipes, loss = [], []
    for run in runs:
        choice, lost = _choices(catalogue, allowed[run[0]], float(points.lps[run[0]]))
        pipes.append(choice)
        loss.append(lost)
    if any(not len(choice) for choice in pipes):
        return _nothing(points, works, "infeasible")
    per_lift = np.where(
        works.pump_at, catalogue.prices.pump_per_kw * catalogue.prices.pump_kw(1.0, 1.0) * points.lps, 0.0
    )
    program = _Program(points, catalogue, works, need_m, runs, pipes, loss, per_lift)
    ends = np.zeros(len(points), dtype=bool)
    ends[[run[-1] for run in runs]] = True
    while True:
        answer = _solve(program, ends, split=split)
        short = np.where(ends, -np.inf, points.z_m + need_m - answer.head_m)
        fresh = [run[np.argmax(short[run])] for run in runs if short[run].max() > EXACT]
        if not answer.runs or not fresh:
            return answer
        ends[fresh] = True


def laid_losses(points: Points, catalogue: Catalogue, runs: tuple[Run, ...]) -> Floats:
    """Mean loss a metre in the piece to each point, with the pipes of each run laid in their order, (p,)."""
    mean = np.zeros(len(points))
    for run in runs:
        lost = catalogue.pipes.loss_per_m(points.lps[run.points[:1]])[0]
        step = points.step_m[run.points]
        at = np.concatenate([[0.0], np.cumsum(step)])
        border = np.concatenate([[0.0], np.cumsum([length for _, length in run.pieces])])
        fallen = np.concatenate([[0.0], np.cumsum([lost[pipe] * length for pipe, length in run.pieces])])
        mean[run.points] = np.diff(np.interp(at, border, fallen)) / step
    return mean


def _nothing(points: Points, works: Works, status: str) -> Sizing:
    unknown = np.full(len(points), np.nan)
    return Sizing(status, np.nan, np.nan, (), works.pump_head_m, unknown, unknown)


def _runs(points: Points, works: Works, class_m: Floats) -> list[Ints]:
    runs: list[list[int]] = []
    of = np.full(len(points), -1)
    for k in range(1, len(points)):
        up = int(points.parent[k])
        goes_on = (
            up > 0
            and points.n_kids[up] == 1
            and not points.served[up]
            and not works.tank_at[up]
            and not works.pump_at[k]
            and class_m[up] == class_m[k]
        )
        if not goes_on:
            of[k] = len(runs)
            runs.append([])
        else:
            of[k] = of[up]
        runs[of[k]].append(k)
    return [np.array(run, dtype=np.int64) for run in runs]


def _choices(catalogue: Catalogue, allowed: Bools, lps: float) -> tuple[Ints, Floats]:
    """Pipes worth laying: each loses less head than all that cost no more; with their losses a metre. Widest first."""
    loss = catalogue.pipes.loss_per_m(np.array([lps]))[0]
    order = np.lexsort((loss, catalogue.pipes.price_per_m))
    order = order[allowed[order]]
    if not len(order):
        return order, loss[order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(loss[order])[:-1]])
    kept = order[loss[order] < before]
    kept = kept[np.argsort(loss[kept], kind="stable")]
    return kept, loss[kept]


def _solve(program: _Program, ends: Bools, *, split: bool) -> Sizing:
    """One program: a column for each cell (part of a run between two ends) and pipe, in metres, or for each run and
    pipe, 0 or 1; one for the head at each end, over the source's; one for each pump's head."""
    points, works = program.points, program.works
    cells = _cells(program, ends)
    n_cells = len(cells)
    n_pipes = np.array([len(choice) for choice in program.pipes])
    width = n_pipes[[run for run, _, _ in cells]] if split else n_pipes
    first = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
    pumps = np.flatnonzero(works.pump_at)
    head_of = {0: -1} | {points_of[-1]: first[-1] + c for c, (_, _, points_of) in enumerate(cells)}
    lift_of = {int(k): first[-1] + n_cells + j for j, k in enumerate(pumps)}
    n_columns = int(first[-1]) + n_cells + len(pumps)
    base = points.head_m
    cost, low, high = np.zeros(n_columns), np.zeros(n_columns), np.full(n_columns, np.inf)
    rows, columns, values, right = [], [], [], []

    def put(row: int, column: int, value: float) -> None:
        rows.append(row)
        columns.append(column)
        values.append(value)

    for c, (run, length, inside) in enumerate(cells):
        block = c if split else run
        start, choice = int(first[block]), program.pipes[run]
        per = 1.0 if split else length
        for j, pipe in enumerate(choice.tolist()):
            put(c, start + j, program.loss[run][j] * per)
            cost[start + j] += program.catalogue.pipes.price_per_m[pipe] * per
            if split:
                put(n_cells + c, start + j, 1.0)
        end, up = inside[-1], int(points.parent[inside[0]])
        put(c, head_of[end], 1.0)
        known = 0.0
        if works.tank_at[up]:
            known = float(points.z_m[up]) + works.depth_m - base
        elif up > 0:
            put(c, head_of[up], -1.0)
        if works.pump_at[inside[0]]:
            put(c, lift_of[inside[0]], -1.0)
        right.append(known)
        low[head_of[end]] = points.z_m[end] + program.need_m[end] - base
    if split:
        right += [length for _, length, _ in cells]
    else:
        for run in range(len(program.runs)):
            for j in range(n_pipes[run]):
                put(n_cells + run, int(first[run]) + j, 1.0)
        right += [1.0] * len(program.runs)
        high[: first[-1]] = 1.0
    for k, column in lift_of.items():
        high[column] = works.pump_head_m[k]
        cost[column] = program.per_lift[k]
    matrix = coo_array((values, (rows, columns)), shape=(len(right), n_columns)).tocsr()
    whole = np.zeros(n_columns)
    whole[: first[-1]] = 0.0 if split else 1.0
    solved = milp(
        cost,
        integrality=whole,
        bounds=Bounds(low, high),
        constraints=LinearConstraint(matrix, right, right),
        options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
    )
    if solved.x is None:
        return _nothing(points, works, "time_limit" if solved.status == 1 else "infeasible")
    laid = [np.zeros(n) for n in n_pipes]
    for c, (run, length, _) in enumerate(cells):
        block = c if split else run
        laid[run] += solved.x[first[block] : first[block + 1]] * (1.0 if split else length)
    lift = np.zeros(len(points))
    for k, column in lift_of.items():
        lift[k] = solved.x[column]
    status = "optimal" if solved.status == 0 else "time_limit"
    # A linear program that was not solved to its end bounds nothing.
    bound = (solved.fun if status == "optimal" else 0.0) if split else solved.mip_dual_bound
    return _answer(program, laid, lift, float(solved.fun), float(bound), status)


def _cells(program: _Program, ends: Bools) -> list[tuple[int, float, list[int]]]:
    """(run, length, points) of each part of a run between ends."""
    cells = []
    for number, run in enumerate(program.runs):
        part: list[int] = []
        for k in run.tolist():
            part.append(k)
            if ends[k]:
                cells.append((number, float(program.points.step_m[part].sum()), part))
                part = []
    return cells


def _answer(program: _Program, laid: list[Floats], lift: Floats, cost: float, bound: float, status: str) -> Sizing:
    points = program.points
    runs = []
    for run, choice, lengths in zip(program.runs, program.pipes, laid, strict=True):
        total = float(points.step_m[run].sum())
        lengths = np.where(lengths > NOTHING, lengths, 0.0)
        lengths *= total / lengths.sum()
        pieces = tuple((int(choice[j]), float(lengths[j])) for j in np.flatnonzero(lengths))
        runs.append(Run(run, total, pieces))
    mean = laid_losses(points, program.catalogue, tuple(runs))
    works = replace(program.works, pump_head_m=lift)
    return Sizing(status, cost, bound, tuple(runs), lift, heads(points, mean, works), mean)


def rounded(points: Points, catalogue: Catalogue, works: Works, sizing: Sizing) -> Sizing:
    """Sizes without changes of diameter for less than the shortest piece; status "rounded" where that cost something.

    A short piece gets the wider pipe beside it, the widest one is made long enough: no head falls anywhere.
    """
    shortest, price = catalogue.limits.shortest_piece_m, catalogue.pipes.price_per_m
    runs, more = [], 0.0
    for run in sizing.runs:
        pieces = [list(piece) for piece in run.pieces]
        k = len(pieces) - 1
        while k > 0:
            if pieces[k][1] < shortest:
                pieces[k - 1][1] += pieces[k][1]
                del pieces[k]
            k -= 1
        if len(pieces) > 1 and pieces[0][1] < shortest:
            taken = shortest - pieces[0][1]
            if pieces[1][1] - taken < shortest:
                taken = pieces[1][1]
            pieces[0][1] += taken
            pieces[1][1] -= taken
            pieces = [piece for piece in pieces if piece[1] > 0.0]
        laid = tuple((int(pipe), float(length)) for pipe, length in pieces)
        more += sum(price[pipe] * m for pipe, m in laid) - sum(price[pipe] * m for pipe, m in run.pieces)
        runs.append(replace(run, pieces=laid))
    if more <= 0.0:
        return sizing
    mean = laid_losses(points, catalogue, tuple(runs))
    lifted = replace(works, pump_head_m=sizing.pump_head_m)
    status = "rounded" if sizing.status == "optimal" else sizing.status
    return replace(
        sizing,
        status=status,
        cost=sizing.cost + more,
        runs=tuple(runs),
        head_m=heads(points, mean, lifted),
        loss_per_m=mean,
    )
