"""How far water is on foot: the way to a public tap over paths with slopes, there and back, or as the crow flies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.standards import Walking, load_walking
from siteplan.water.pathnetwork import PathNetwork

WAYS = ("network", "straight", "none", "no_place")
_LEAST_MIN = 1e-9
"""Legs of no length still cost something, so that sparse graphs keep them."""
_PAIRS = 2_000_000
"""Pairs of hamlet and tap reckoned in one go, to bound memory."""
_MIN_PER_M_AT_1_KMH = 60.0 / 1000.0


@dataclass(frozen=True)
class Walks:
    """The walk of each hamlet to its public tap.

    table : one row a hamlet. tap (row of the taps, -1 none), by ("network": along paths; "straight": as the crow flies,
        so the real walk is longer; "none": there is no tap; "no_place": the hamlet has no coordinates), level_m (way on
        the plane), climb_m (difference of the heights of hamlet and tap, without sign), there_min, back_min, round_min
        (their sum, by the same way), least_min (what the round trip to any tap takes at least, unknown heights taken
        for the fastest slope: equal to round_min where all heights are known). NaN is not known.
    parameters : as given. rules : rule, value, unit, clause, source, confidence.
    """

    table: pd.DataFrame
    parameters: Mapping[str, object]
    rules: pd.DataFrame


def tobler_kmh(slope: Floats, walking: Walking | None = None) -> Floats:
    """Walking speed on slopes (rise over run, downhill below 0), km/h on the plane; Tobler's hiking function.

    0 for walls (slopes of hundreds).
    """
    rule = walking or load_walking()
    return rule.fastest_kmh * np.exp(-rule.decay * np.abs(np.asarray(slope, dtype=float) + rule.offset))


def walk_to_taps(
    hamlets_xyz: Floats,
    taps_xyz: Floats,
    network: PathNetwork | None = None,
    *,
    reach_m: float = 200.0,
    round_trip: bool = True,
    walking: Walking | None = None,
    index: pd.Index | None = None,
) -> Walks:
    """The quickest tap of each hamlet.

    Parameters
    ----------
    hamlets_xyz, taps_xyz
        Places, (n, 3), metres; NaN coordinates have no place, a NaN height is not known. Taps that do not work are
        not to be given.
    network
        The paths; None: as the crow flies. Hamlets that reach no tap over paths go straight too, and `by` says so.
    reach_m
        How far one walks off the paths: from a place to every path so near, and straight to a tap so near. Whoever
        comes by may use these legs, so that paths near one place are joined there.
    round_trip
        Choose the tap by the time there and back; False: by the time there.
    index
        Of the table: that of the hamlets.

    The tap is chosen by time over ways whose heights are known, then by level distance. Off the paths one is free to
    go in zigzags: ground steeper than 1 / decay (16 degrees) takes the time of its rise at that slope, which is the
    quickest way up by Tobler's function. Nothing is said of rivers and cliffs that straight legs cross.
    """
    rule = walking or load_walking()
    hamlets, taps = _points(hamlets_xyz, "hamlets_xyz"), _points(taps_xyz, "taps_xyz")
    placed = np.asarray(np.isfinite(hamlets[:, :2]).all(axis=1), dtype=bool)
    usable = np.flatnonzero(np.isfinite(taps[:, :2]).all(axis=1))
    blank = {name: np.full(len(hamlets), np.nan) for name in ("level_m", "there_min", "back_min", "least_min")}
    way = _Way(np.full(len(hamlets), -1), **blank)
    by = np.where(placed, "none", "no_place").astype(object)
    if len(usable):
        if network is not None and len(network.start):
            way.take(_over_paths(hamlets, taps[usable], network, reach_m, round_trip, rule), placed)
            by[way.tap >= 0] = "network"
        left = placed & (way.tap < 0)
        way.take(_straight(hamlets, taps[usable], left, round_trip, rule), left)
        by[left] = "straight"
        way.tap[way.tap >= 0] = usable[way.tap[way.tap >= 0]]
    climb = np.full(len(hamlets), np.nan)
    found = way.tap >= 0
    climb[found] = np.abs(taps[way.tap[found], 2] - hamlets[found, 2])
    table = pd.DataFrame(
        {
            "tap": way.tap,
            "by": pd.Series(by, dtype="str").to_numpy(),
            "level_m": way.level_m,
            "climb_m": climb,
            "there_min": way.there_min,
            "back_min": way.back_min,
            "round_min": way.there_min + way.back_min,
            "least_min": way.least_min,
        },
        index=pd.RangeIndex(len(hamlets)) if index is None else index,
    )
    parameters = {"reach_m": reach_m, "round_trip": round_trip, "paths": 0 if network is None else len(network.start)}
    return Walks(table=table, parameters=parameters, rules=pd.DataFrame(rule.rules(), dtype="str"))


def tap_shares(walks: Walks, people: Floats, flow_l_per_min: Floats, hours: Floats) -> pd.DataFrame:
    """What each hamlet gets at its tap, all hamlets whose tap it is sharing it: index of the walks.

    Columns: people_per_tap (NaN where the people of one of them are not known), tap_l_per_min, hours_per_day (of the
    tap), tap_litres_per_person_day (flow times hours over people). `people` is given by hamlet, `flow_l_per_min` and
    `hours` by tap.
    """
    tap = walks.table["tap"].to_numpy()
    found = tap >= 0
    sums = np.zeros(len(flow_l_per_min))
    np.add.at(sums, tap[found], np.asarray(people, dtype=float)[found])
    columns = {"people_per_tap": sums, "tap_l_per_min": flow_l_per_min, "hours_per_day": hours}
    table = pd.DataFrame(index=walks.table.index)
    for name, values in columns.items():
        column = np.full(len(tap), np.nan)
        column[found] = np.asarray(values, dtype=float)[tap[found]]
        table[name] = column
    litres = table["tap_l_per_min"] * 60.0 * table["hours_per_day"] / table["people_per_tap"]
    return table.assign(tap_litres_per_person_day=litres.where(table["people_per_tap"] > 0))


@dataclass
class _Way:
    """One row a hamlet: the tap (row of the usable ones, -1 none) and the way to it."""

    tap: Ints
    level_m: Floats
    there_min: Floats
    back_min: Floats
    least_min: Floats

    def take(self, other: _Way, where: Bools) -> None:
        """Fill the rows `where` says from another."""
        for name in ("tap", "level_m", "there_min", "back_min", "least_min"):
            getattr(self, name)[where] = getattr(other, name)[where]


def _points(xyz: Floats, name: str) -> Floats:
    points = np.asarray(xyz, dtype=float).reshape(-1, 3) if np.size(xyz) == 0 else np.asarray(xyz, dtype=float)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"{name}: found shape {points.shape}; expected (n, 3): x, y, height in metres")
    return points


def _minutes(level_m: Floats, rise_m: Floats, rule: Walking, *, free: Bools | bool) -> Floats:
    """Time over straight stretches that rise so much: NaN where the rise is not known, inf up a wall.

    free : off the paths, so steep ground is climbed in zigzags.
    """
    run = np.where(free, np.fmax(level_m, np.abs(rise_m) * rule.decay), level_m)
    slope = np.divide(rise_m, run, out=np.where(np.isnan(rise_m), np.nan, 0.0), where=run > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return run * _MIN_PER_M_AT_1_KMH / tobler_kmh(slope, rule)


def _over_paths(
    hamlets: Floats, taps: Floats, paths: PathNetwork, reach_m: float, round_trip: bool, rule: Walking
) -> _Way:
    """The way over paths; tap -1 for hamlets that reach none."""
    network, places = paths.with_places(np.concatenate([hamlets, taps]), reach_m=reach_m)
    home, source = places[: len(hamlets)], places[len(hamlets) :]
    near_h, near_t = _pairs_within(hamlets, taps, reach_m)
    start = np.concatenate([network.start, home[near_h]])
    end = np.concatenate([network.end, source[near_t]])
    whole = PathNetwork(network.xyz, start, end)
    level = whole.level_m
    rise = whole.xyz[end, 2] - whole.xyz[start, 2]
    off = np.arange(len(start)) >= len(network.start)
    off |= start >= places[0]
    onward, backward = _minutes(level, rise, rule, free=off), _minutes(level, -rise, rule, free=off)
    # Arcs are searched from the taps outwards: the walk there goes against them, the walk back along them.
    arcs = _Arcs(
        tail=np.concatenate([start, end]),
        head=np.concatenate([end, start]),
        there=np.concatenate([backward, onward]),
        back=np.concatenate([onward, backward]),
        level=np.concatenate([level, level]),
    )
    n = len(whole.xyz)
    cost = arcs.there + arcs.back if round_trip else arcs.there
    timed = _from_taps(n, arcs, cost, source, home)
    known = ~np.isnan(arcs.there)
    if known.all():
        least = timed if round_trip else _from_taps(n, arcs, arcs.there + arcs.back, source, home)
        timed.least_min = least.there_min + least.back_min
        return timed
    fastest = arcs.level * _MIN_PER_M_AT_1_KMH * 2.0 / rule.fastest_kmh
    bound = _from_taps(n, arcs, np.where(known, arcs.there + arcs.back, fastest), source, home)
    timed.take(_from_taps(n, arcs, arcs.level, source, home), timed.tap < 0)
    timed.least_min = np.fmin(bound.least_min, timed.there_min + timed.back_min)
    return timed


@dataclass(frozen=True)
class _Arcs:
    tail: Ints
    head: Ints
    there: Floats
    back: Floats
    level: Floats


def _from_taps(n: int, arcs: _Arcs, cost: Floats, source: Ints, home: Ints) -> _Way:
    """The cheapest way from any of `source` to each of `home` over arcs of finite cost; `least_min` is that cost."""
    usable = np.flatnonzero(np.isfinite(cost))
    order = usable[np.lexsort((cost[usable], arcs.head[usable], arcs.tail[usable]))]
    key = arcs.tail[order] * n + arcs.head[order]
    arc = order[first_of_groups(key)]
    key = arcs.tail[arc] * n + arcs.head[arc]
    weight = np.maximum(cost[arc], _LEAST_MIN)
    pointer = np.searchsorted(arcs.tail[arc], np.arange(n + 1))
    graph = csr_array((weight, arcs.head[arc].astype(np.int32), pointer.astype(np.int32)), shape=(n, n))
    reached, before, root = dijkstra(graph, directed=True, indices=source, min_only=True, return_predecessors=True)
    inner = np.flatnonzero(before >= 0)
    towards = np.arange(n)
    towards[inner] = before[inner]
    by = arc[np.searchsorted(key, before[inner].astype(np.int64) * n + inner)]
    totals = []
    for values in (arcs.level, arcs.there, arcs.back):
        total = np.zeros(n)
        total[inner] = values[by]
        totals.append(total)
    while True:
        further = towards[towards]
        if np.array_equal(further, towards):
            break
        # Roots add nothing: their own total is 0.
        totals = [total + total[towards] for total in totals]
        towards = further
    ordinal = np.full(n, -1)
    ordinal[source] = np.arange(len(source))
    found = np.isfinite(reached[home])
    tap = np.where(found, ordinal[np.where(found, root[home], source[0])], -1)
    level, there, back = (np.where(found & np.isfinite(total[home]), total[home], np.nan) for total in totals)
    return _Way(tap, level, there, back, np.where(found, reached[home], np.nan))


def _pairs_within(hamlets: Floats, taps: Floats, reach_m: float) -> tuple[Ints, Ints]:
    """Hamlets and taps at most `reach_m` apart on the plane."""
    placed = np.flatnonzero(np.isfinite(hamlets[:, :2]).all(axis=1))
    which, tap = shapely.STRtree(shapely.points(taps[:, :2])).query(
        shapely.points(hamlets[placed, :2]), predicate="dwithin", distance=reach_m
    )
    return placed[which].astype(np.int64), tap.astype(np.int64)


def _straight(hamlets: Floats, taps: Floats, where: Bools, round_trip: bool, rule: Walking) -> _Way:
    """The way as the crow flies for the hamlets `where` says."""
    n = len(hamlets)
    way = _Way(np.full(n, -1), *(np.full(n, np.nan) for _ in range(4)))
    rows = np.flatnonzero(where)
    for chunk in np.array_split(rows, max(1, -(-len(rows) * len(taps) // _PAIRS))):
        if not len(chunk):
            continue
        step = taps[None, :, :] - hamlets[chunk][:, None, :]
        level = np.hypot(step[..., 0], step[..., 1])
        there, back = (_minutes(level, rise, rule, free=True) for rise in (step[..., 2], -step[..., 2]))
        cost = there + back if round_trip else there
        timed = np.asarray(np.isfinite(cost).any(axis=1), dtype=bool)
        # By time where heights are known, else by distance; argmin takes the first tap of equals.
        chosen = np.argmin(np.where(timed[:, None], np.where(np.isfinite(cost), cost, np.inf), level), axis=1)
        at = (np.arange(len(chunk)), chosen)
        way.tap[chunk], way.level_m[chunk] = chosen, level[at]
        way.there_min[chunk], way.back_min[chunk] = there[at], back[at]
        fastest = level * _MIN_PER_M_AT_1_KMH * 2.0 / rule.fastest_kmh
        way.least_min[chunk] = np.where(np.isfinite(there), there + back, fastest).min(axis=1)
    return way
