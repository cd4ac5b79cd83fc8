"""Whether gravity serves a tree at every point of its profile, and what it needs where it does not.

With the widest pipes on offer the heads are the best that can be had: what fails then fails with any sizes. Such
branches get a pump; where the head at rest passes the strongest pipe, a break-pressure tank.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.points import Points, Works, at_rest, heads, needed_heads

EASY_MS = 1.0
"""Velocity of a rising main in a first guess of the most head a pump may need; the sizing chooses freely below it."""
GUESS = 1.5
"""Margin of that guess on friction: a stronger pipe of the same size is narrower."""
EXACT = 1e-6
"""Metres of head that a solver's tolerance may cost."""


@dataclass(frozen=True)
class Feasibility:
    """How a tree can work.

    works: pumps (with the most head each may be given) and break-pressure tanks. need_m (p,): head over the ground
    that must remain. class_m (p,): the pressure class asked of the piece that leads to each point. rest_m (p,): most
    head at rest there. failure: "" or why no sizes can work: "flow_too_large", "pump_too_high", "no_class", "no_head".
    spare_m: least head left over by the widest pipes where gravity serves (NaN where it serves nobody).
    """

    works: Works
    need_m: Floats
    class_m: Floats
    rest_m: Floats
    failure: str
    spare_m: float


def widest_loss(points: Points, catalogue: Catalogue, class_m: Floats | None = None) -> Floats:
    """Least head loss a metre that any pipe allows in the piece to each point, (p,); NaN where no pipe is allowed."""
    loss = np.where(allowed_pipes(points, catalogue, class_m), catalogue.pipes.loss_per_m(points.lps), np.inf)
    least = loss.min(axis=1)
    return np.where(np.isfinite(least), least, np.nan)


def allowed_pipes(points: Points, catalogue: Catalogue, class_m: Floats | None = None) -> Bools:
    """Pipes that carry each piece's flow slowly enough and bear its pressure class, (p, k)."""
    allowed = catalogue.pipes.velocity(points.lps) <= catalogue.limits.velocity_high
    return allowed if class_m is None else allowed & (catalogue.pipes.pn_m >= class_m[:, None])


def feasibility(points: Points, catalogue: Catalogue) -> Feasibility:
    """What a tree needs so that every point keeps its head at peak flow, by the widest pipes on offer."""
    works = Works.none(points, catalogue.prices.tank_depth_m)
    need, _ = needed_heads(points, works, catalogue.limits)
    loss = widest_loss(points, catalogue)
    loss[0] = 0.0
    if np.isnan(loss).any():
        nothing = np.full(len(points), np.nan)
        return Feasibility(works, need, nothing, at_rest(points, works), "flow_too_large", np.nan)
    short = heads(points, loss, works) - points.z_m - need < EXACT
    # Who lives at the source itself cannot be helped by a pump on a pipe.
    short[0] = False
    works = _pumps(points, works, short)
    if not works.pump_at.any():
        return _with_works(points, catalogue, works)
    # A pump may give more head than narrow pipes need. Where no class bears that, it may give just what wide ones need.
    for guess in (_easy_loss(points, catalogue), loss):
        answer = _with_works(points, catalogue, _lifts(points, catalogue, works, guess))
        if not answer.failure:
            break
    return answer


def _with_works(points: Points, catalogue: Catalogue, works: Works) -> Feasibility:
    works, borne = break_tanks(points, catalogue, works)
    need, run = needed_heads(points, works, catalogue.limits)
    rest = at_rest(points, works)
    class_m = _classes(points, catalogue, rest)
    loss = widest_loss(points, catalogue, class_m)
    loss[0] = 0.0
    if not borne or np.isnan(loss).any():
        return Feasibility(works, need, class_m, rest, "no_class", np.nan)
    left = heads(points, loss, works) - points.z_m - need
    left[0] = points.head_m - points.z_m[0] - points.service_m[0] if points.served[0] else np.inf
    judged = ~_below(points, works.pump_at) & (~run | points.served)
    spare = float(left[judged].min()) if judged.any() else np.nan
    # Half of what was asked of it before: sums in another order.
    least = np.where(np.arange(len(points)) > 0, EXACT / 2, 0.0)
    failure = ""
    if (left < least).any():
        lifted = works.pump_head_m >= catalogue.prices.pump_highest_m - EXACT
        failure = "pump_too_high" if lifted.any() else "no_head"
    return Feasibility(works, need, class_m, rest, failure, spare)


def classes_after(points: Points, catalogue: Catalogue, works: Works) -> tuple[Floats, Floats]:
    """Head at rest and pressure class of each piece once the pumps' heads are known, (p,) each."""
    rest = at_rest(points, works)
    return rest, _classes(points, catalogue, rest)


def _below(points: Points, marked: Bools) -> Bools:
    """Points whose way from the source passes a marked piece, its own end included, (p,)."""
    below = marked.copy()
    for k in range(1, len(points)):
        below[k] |= below[points.parent[k]]
    return below


def _pumps(points: Points, works: Works, short: Bools) -> Works:
    """A pump before each branch in which nobody can be served by gravity."""
    behind = _below(points, short)
    every, poor = points.served.astype(np.int64), (points.served & behind).astype(np.int64)
    for k in range(len(points) - 1, 0, -1):
        every[points.parent[k]] += every[k]
        poor[points.parent[k]] += poor[k]
    dry = (every > 0) & (poor == every)
    up = points.parent
    return replace(works, pump_at=dry & (up >= 0) & ((up == 0) | ~dry[up]))


def _easy_loss(points: Points, catalogue: Catalogue) -> Floats:
    """Head loss a metre at an easy velocity, with a margin, (p,)."""
    loss = catalogue.pipes.loss_per_m(points.lps)
    easy = catalogue.pipes.velocity(points.lps) <= EASY_MS
    guess = np.where(easy, loss, 0.0).max(axis=1)
    return GUESS * np.where(easy.any(axis=1), guess, loss.min(axis=1))


def _lifts(points: Points, catalogue: Catalogue, works: Works, loss_per_m: Floats) -> Works:
    """The most head that each pump may need with so much loss, if it takes in no more than what must remain there."""
    need, _ = needed_heads(points, works, catalogue.limits)
    n = len(points)
    lift, pump, sunk = np.zeros(n), np.full(n, -1), np.zeros(n)
    for k in range(1, n):
        up = points.parent[k]
        pump[k], sunk[k] = (k, 0.0) if works.pump_at[k] else (pump[up], sunk[up])
        sunk[k] += loss_per_m[k] * points.step_m[k]
        if pump[k] >= 0:
            before = points.parent[pump[k]]
            inflow = points.head_m if before == 0 else points.z_m[before] + need[before]
            lift[pump[k]] = max(lift[pump[k]], points.z_m[k] + need[k] + sunk[k] - inflow + EXACT)
    return replace(works, pump_head_m=np.minimum(lift, catalogue.prices.pump_highest_m))


def break_tanks(points: Points, catalogue: Catalogue, works: Works) -> tuple[Works, bool]:
    """Works with break-pressure tanks where the head at rest passes every class; False where no place serves.

    Each stands as low as it may: so near above the place that asks for it, and so high, that gravity still serves all
    below it with the friction allowance. The fewest tanks on a way down.
    """
    strongest = float(catalogue.pipes.pn_m.max())
    while True:
        over = np.flatnonzero(at_rest(points, works)[1:] > strongest) + 1
        if not len(over):
            return works, True
        place = _tank_place(points, catalogue, works, int(over[0]), strongest)
        if place < 0:
            return works, False
        tank_at = works.tank_at.copy()
        tank_at[place] = True
        works = replace(works, tank_at=tank_at)


def _tank_place(points: Points, catalogue: Catalogue, works: Works, low: int, strongest: float) -> int:
    parent, z = points.parent, points.z_m
    floor = min(z[low], z[parent[low]])
    above: list[int] = []
    k = low
    while not works.pump_at[k] and parent[k] > 0 and not works.tank_at[parent[k]]:
        k = int(parent[k])
        above.append(k)
    for slope in (catalogue.limits.friction_allowance, 0.0):
        for place in above:
            level = z[place] + works.depth_m
            if level - floor <= strongest and _serves(points, catalogue, works, place, slope):
                return place
    return -1


def _serves(points: Points, catalogue: Catalogue, works: Works, place: int, slope: float) -> bool:
    """Whether a tank at this point keeps every point below it served, friction taken as a slope."""
    ahead = points.below(place, works.tank_at)
    if not works.pump_at.any():
        # Whatever run a point is in, it needs no less and no more than these: most places are decided here.
        limits = catalogue.limits
        over = points.z_m[place] + works.depth_m - points.z_m[ahead]
        left = over - slope * (points.away_m[ahead] - points.away_m[place])
        asked = np.nan_to_num(points.service_m[ahead])
        most = np.maximum(limits.line_head_m, asked)
        served = points.served[ahead]
        line = limits.line_head_m if not served.any() else min(limits.line_head_m, float(asked[served].min()))
        least = np.where(served, asked, np.minimum(line, limits.first_run * np.maximum(over, 0.0)))
        if (left < least - EXACT).any():
            return False
        if (left >= most + EXACT).all():
            return True
    tank_at = works.tank_at.copy()
    tank_at[place] = True
    tried = replace(works, tank_at=tank_at)
    need, _ = needed_heads(points, tried, catalogue.limits)
    level = heads(points, np.full(len(points), slope), tried)
    return bool((level - points.z_m >= need)[ahead].all())


def _classes(points: Points, catalogue: Catalogue, rest: Floats) -> Floats:
    """The weakest class on offer that bears each piece's head at rest; short weaker stretches are made stronger."""
    on_offer = np.unique(catalogue.pipes.pn_m)
    place = np.searchsorted(on_offer, np.nan_to_num(rest) - EXACT)
    place = np.minimum(place, len(on_offer) - 1)
    for reach in _reaches(points):
        _closed(place, reach, points.step_m, catalogue.limits.shortest_class_m)
    return on_offer[place]


def _reaches(points: Points) -> list[Ints]:
    """Points of each unbranched piece of tree between places where flow changes, in the sense of flow."""
    reaches: list[list[int]] = []
    of = np.full(len(points), -1)
    for k in range(1, len(points)):
        up = int(points.parent[k])
        if up == 0 or points.n_kids[up] > 1 or points.served[up]:
            of[k] = len(reaches)
            reaches.append([k])
        else:
            of[k] = of[up]
            reaches[of[k]].append(k)
    return [np.array(reach) for reach in reaches]


def _closed(place: Ints, reach: Ints, step_m: Floats, shortest_m: float) -> None:
    """Raise, in place, the short stretches of a reach to the weaker of their neighbours, where both are stronger."""
    while True:
        values = place[reach]
        start = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        stop = np.append(start[1:], len(reach))
        changed = False
        for k, (a, b) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
            beside = [int(values[start[j]]) for j in (k - 1, k + 1) if 0 <= j < len(start)]
            if beside and min(beside) > values[a] and step_m[reach[a:b]].sum() < shortest_m:
                place[reach[a:b]] = min(beside)
                changed = True
                break
        if not changed:
            return
