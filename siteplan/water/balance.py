"""Quantity: what working sources give on a dry day against what hamlets want, by siteplan's own mass balance.

EPANET's reservoirs never run dry, so quantity is never asked of it. Here:

- a source gives its dry-season yield without a break; a tank holds its volume, is full at the start, and spills what
  comes when it is full; an empty tank passes on what comes in and no more (units and their order: `balance_units`);
- people draw by the hour (`hourly_factors`), and a stretch without a tank has nothing to draw on but the yield of that
  hour: its night water spills;
- people come before livestock: what people get is worked out as if there were no livestock. Troughs hold a day's
  water, so livestock gets, by the day, what people left to spill;
- a shortage is shared within a stretch in proportion to what is wanted; what has a tank that still holds water waits;
- the answer is the one that lasts: that of the day that repeats itself. What a tank held at the start is no supply.

A yield, volume or number of people that is not known counts as nothing in the run; whoever would not be served without
it is unknown; so is whoever lies beyond a pump of which it is not known what it lifts; and where people are not known
nobody who shares the sources with them is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from siteplan.errors import PlanError
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.balance_findings import balance_findings
from siteplan.water.balance_flow import HOURS_A_DAY, Passing, Run
from siteplan.water.balance_units import Units, build_units
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.tracing import Reach

STATES = ("enough", "short", "unknown", "not_reached", "not_connected")
"""What people of a hamlet get: all they want, less, not known, nothing as no water comes, nothing as not connected."""
LIMITS = ("", "source", "tank", "no_tank", "yield_unknown", "volume_unknown", "pump_unknown", "people_unknown")
"""What limits: nothing; the yield of sources; the volume of a tank; that there is no tank; or what is not known."""
_ENOUGH = 1 - 1e-9


@dataclass(frozen=True)
class Balance:
    """Quantity of every hamlet and of every unit of the network.

    hamlets : index of `network.connections`. unit (row of `units`, -1 none), state (`STATES`),
        people_wanted_m3_per_day, people_got_m3_per_day, people_share (of what is wanted; 1 where nothing is),
        litres_per_person_day (got), livestock_wanted_m3_per_day, livestock_got_m3_per_day, livestock_share, limit
        (`LIMITS`), limited_by (ids of sources or tanks, joined by ";"). All m3 where the water is used; NaN is not
        known.
    units : sources, tanks (ids joined by ";"), part (units of one number are joined), hamlets (number),
        yield_m3_per_day, volume_m3 (NaN where one of several is not known), people_wanted_m3_per_day,
        livestock_wanted_m3_per_day; and of the run over `hours`, at the source's side of losses: run_wanted_m3,
        run_got_m3, run_spilled_m3, least_m3, end_m3 (in the tank).
    figures : hamlets by state, m3 a day wanted and got. parameters : as given.
    findings : rows as `siteplan.layers.findings`.
    """

    hamlets: pd.DataFrame
    units: pd.DataFrame
    figures: Mapping[str, float]
    parameters: Mapping[str, object]
    findings: pd.DataFrame


def water_balance(
    network: WaterNetwork,
    demands: Demands,
    reach: Reach,
    *,
    hourly_factors: Sequence[float],
    hours: int = 48,
    day_factor: float = 1.0,
    losses_percent: float = 0.0,
    filled: float = 1.0,
    hamlet_ids: Sequence[str] | None = None,
) -> Balance:
    """The mass balance of every reached part of the network.

    Parameters
    ----------
    hourly_factors
        What people draw in each hour from midnight, in parts of the mean hour: 24 numbers, mean 1.
    hours
        Length of the run whose sums stand in `units`.
    day_factor, losses_percent
        The day's demand in parts of the average day; losses in percent of what is used.
    filled
        Share of the tanks that is full at the start.
    hamlet_ids
        Ids for findings; default the labels of `network.connections`.

    Raises
    ------
    PlanError
        Hourly factors that are not 24 numbers of mean 1, none negative; hours, factor, losses or share out of range.
    """
    factors = _checked(hourly_factors, hours, day_factor, losses_percent, filled)
    table = demands.table.reindex(network.connections.index)
    node = network.connections["node"].to_numpy(np.int64)
    joined = (node >= 0) & ~(table["connection"] == "none").to_numpy()
    used = np.zeros(len(network.nodes), dtype=bool)
    used[node[joined]] = True
    units = build_units(network, reach, used)
    passing = Passing(units)
    gross = 1 + losses_percent / 100
    people = table["people_m3_per_day"].to_numpy(np.float64) * day_factor
    herd = table["livestock_m3_per_day"].to_numpy(np.float64) * day_factor
    unit = np.full(len(node), -1, dtype=np.int64)
    unit[joined] = units.of_node[node[joined]]
    on = unit >= 0
    wanted, herd_wanted = (_summed(values, unit, len(units)) for values in (people, herd))
    run = passing.run(wanted * gross, factors, hours=hours, start=units.volume * filled)
    share, lasting, herd_share = _lasting(passing, wanted * gross, herd_wanted * gross, factors)
    unknown = _unknown(units, unit, people, herd, _beyond_unknown_pumps(network, reach, units))
    state, limit = _states(units, unit, joined, share, lasting, unknown)
    own = np.where(state == "unknown", np.nan, _taken(share, unit))
    herd_own = _taken(herd_share, unit)
    herd_own[on & ((state == "unknown") | unknown["herd"] | (unknown["supply"] & (herd_own < _ENOUGH)))] = np.nan
    # Nothing wanted is nothing got; what is wanted without a way for it is nothing got either.
    got, herd_got = (np.where(on, values * part, 0.0) for values, part in ((people, own), (herd, herd_own)))
    head = table["people"].to_numpy(np.float64)
    hamlets = pd.DataFrame(
        {
            "unit": unit,
            "state": state,
            "people_wanted_m3_per_day": people,
            "people_got_m3_per_day": got,
            "people_share": own,
            "litres_per_person_day": np.divide(got * 1000, head, out=np.full(len(got), np.nan), where=head > 0),
            "livestock_wanted_m3_per_day": herd,
            "livestock_got_m3_per_day": herd_got,
            "livestock_share": herd_own,
            "limit": limit,
            "limited_by": _limited_by(network, reach, units, unit, limit),
        },
        index=network.connections.index,
    )
    unit_table = _unit_table(network, units, unit, wanted, herd_wanted, run)
    return Balance(
        hamlets=hamlets,
        units=unit_table,
        figures=_figures(hamlets),
        parameters={
            "hourly_factors": tuple(factors.tolist()),
            "hours": hours,
            "day_factor": day_factor,
            "losses_percent": losses_percent,
            "filled": filled,
        },
        findings=balance_findings(network, reach, hamlets, hamlet_ids),
    )


def _checked(given: Sequence[float], hours: int, day_factor: float, losses_percent: float, filled: float) -> Floats:
    factors = np.asarray(given, dtype=np.float64)
    faults = []
    if factors.shape != (HOURS_A_DAY,) or not np.isfinite(factors).all() or (factors < 0).any():
        faults.append(f"hourly_factors: found {len(factors)} values; expected 24 numbers, none negative")
    elif abs(factors.mean() - 1) > 1e-6:
        faults.append(f"hourly_factors: their mean is {factors.mean():.4f}; expected 1")
    for name, value, good, expected in (
        ("hours", hours, hours >= 1, "at least 1"),
        ("day_factor", day_factor, 0 < day_factor < np.inf, "more than 0"),
        ("losses_percent", losses_percent, 0 <= losses_percent < np.inf, "0 or more"),
        ("filled", filled, 0 <= filled <= 1, "0 to 1"),
    ):
        if not good:
            faults.append(f"{name}: found {value}; expected {expected}")
    if faults:
        raise PlanError("\n".join(faults))
    return factors


def _summed(values: Floats, unit: Ints, n: int) -> Floats:
    """Known values of hamlets by unit."""
    known = (unit >= 0) & np.isfinite(values)
    return np.bincount(unit[known], values[known], n).astype(np.float64)


def _taken(values: Floats, unit: Ints) -> Floats:
    """Each hamlet's value of its unit, 0 without one."""
    on = unit >= 0
    out = np.zeros(len(unit))
    out[on] = values[unit[on]]
    return out


def _lasting(passing: Passing, wanted: Floats, herd: Floats, factors: Floats) -> tuple[Floats, Floats, Floats]:
    """Shares by unit: of people, of people by the yields alone, of livestock."""

    def share(got: Floats, of: Floats) -> Floats:
        return np.divide(got, of, out=np.ones(len(of)), where=of > 0)

    steady = passing.steady(passing.units.supply, wanted)
    day, repeats = passing.lasting_day(wanted, factors)
    by_yield, people = share(steady.got, wanted), share(day.got, wanted)
    people = np.where(repeats, people, np.minimum(people, by_yield))
    spilled = np.where(repeats, day.spilled, np.minimum(day.spilled, steady.spilled))
    return people, by_yield, share(passing.steady(spilled, herd).got, herd)


def _beyond_unknown_pumps(network: WaterNetwork, reach: Reach, units: Units) -> Bools:
    """Units that water comes to through a pump of which it is not known what it lifts, (u,)."""
    links = network.links
    blind = (links["kind"] == "pump").to_numpy() & reach.links["reached"].to_numpy(dtype=bool)
    blind &= ~(links["pump_power_kw"] > 0).to_numpy()
    blind &= ~((links["pump_head_m"] > 0) & (links["pump_flow_lps"] > 0)).to_numpy()
    beyond = np.zeros(len(units), dtype=bool)
    at = units.of_node[links["end"].to_numpy(np.int64)[blind]]
    beyond[at[at >= 0]] = True
    # Arcs come by the parent's depth.
    for parent, child in zip(units.parent.tolist(), units.child.tolist(), strict=True):
        beyond[child] |= beyond[parent]
    return beyond


def _unknown(units: Units, unit: Ints, people: Floats, herd: Floats, beyond: Bools) -> dict[str, Bools]:
    """Hamlets that share sources with something not known: yield, volume, pump, any of them (supply), people, herd."""
    part = units.part[np.maximum(unit, 0)] if len(units) else np.zeros(len(unit), dtype=np.int64)
    n = int(units.part.max(initial=-1)) + 1

    def shared(parts: Ints) -> Bools:
        marked = np.zeros(max(n, 1), dtype=bool)
        marked[parts] = True
        return marked[part] & (unit >= 0)

    found = {
        "yield": shared(units.part[units.supply_unknown]),
        "volume": shared(units.part[units.volume_unknown]),
        "pump": (unit >= 0) & beyond[np.maximum(unit, 0)] if len(units) else np.zeros(len(unit), dtype=bool),
        "people": shared(part[(unit >= 0) & np.isnan(people)]),
        "herd": shared(part[(unit >= 0) & np.isnan(herd)]),
    }
    return {**found, "supply": found["yield"] | found["volume"] | found["pump"]}


def _states(
    units: Units, unit: Ints, joined: Bools, share: Floats, lasting: Floats, unknown: dict[str, Bools]
) -> tuple[np.ndarray, np.ndarray]:
    on, at = unit >= 0, np.maximum(unit, 0)
    own, forever = _taken(share, unit), _taken(lasting, unit)
    stored = _nearest_storage(units)
    with_tank = on & (stored[at] >= 0 if len(stored) else False)
    state = np.where(own >= _ENOUGH, "enough", "short").astype(object)
    limit = np.where(own >= _ENOUGH, "", np.where(forever < _ENOUGH, "source", "tank")).astype(object)
    limit[(limit == "tank") & ~with_tank] = "no_tank"
    short = on & (own < _ENOUGH)
    for which, name in ((short & unknown["volume"], "volume"), (short & unknown["yield"], "yield")):
        state[which], limit[which] = "unknown", f"{name}_unknown"
    state[unknown["pump"]], limit[unknown["pump"]] = "unknown", "pump_unknown"
    state[unknown["people"]], limit[unknown["people"]] = "unknown", "people_unknown"
    state[~on], limit[~on] = "not_reached", ""
    state[~joined] = "not_connected"
    return state, limit


def _nearest_storage(units: Units) -> Ints:
    """The nearest unit with a tank on the way to the source, itself first; -1 none."""
    nearest = np.where(units.volume > 0, np.arange(len(units)), -1)
    first = units.rank == 0
    for depth in range(1, int(units.depth.max(initial=-1)) + 1):
        arcs = first & (units.depth[units.child] == depth)
        child, parent = units.child[arcs], units.parent[arcs]
        nearest[child] = np.where(nearest[child] >= 0, nearest[child], nearest[parent])
    return nearest


def _held(network: WaterNetwork, units: Units, kind: str) -> list[list[int]]:
    """Rows of the working sources or tanks of each unit."""
    nodes = network.nodes
    chosen = (nodes["kind"] == kind).to_numpy() & nodes["works"].to_numpy(dtype=bool) & (units.of_node >= 0)
    of_unit: list[list[int]] = [[] for _ in range(len(units))]
    for row in np.flatnonzero(chosen).tolist():
        of_unit[units.of_node[row]].append(row)
    return of_unit


def _told(network: WaterNetwork, rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Ids joined by ";"."""
    ids = network.nodes["node"].to_numpy()
    return np.array([";".join(str(ids[row]) for row in one) for one in rows], dtype=object)


def _limited_by(network: WaterNetwork, reach: Reach, units: Units, unit: Ints, limit: np.ndarray) -> np.ndarray:
    out = np.where(limit == "yield_unknown", reach.hamlets["sources"].to_numpy(), "").astype(object)
    by_source, by_tank = np.isin(limit, ("source", "no_tank")), limit == "tank"
    if by_source.any():
        above = [set(rows) for rows in _held(network, units, "source")]
        # Arcs come by the parent's depth: what is above a parent is complete when its arcs come.
        for parent, child in zip(units.parent.tolist(), units.child.tolist(), strict=True):
            above[child] |= above[parent]
        out[by_source] = _told(network, [sorted(above[number]) for number in unit[by_source].tolist()])
    if by_tank.any():
        out[by_tank] = _told(network, _held(network, units, "tank"))[_nearest_storage(units)[unit[by_tank]]]
    return out


def _unit_table(
    network: WaterNetwork, units: Units, unit: Ints, wanted: Floats, herd_wanted: Floats, run: Run
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sources": _told(network, _held(network, units, "source")),
            "tanks": _told(network, _held(network, units, "tank")),
            "part": units.part,
            "hamlets": np.bincount(unit[unit >= 0], minlength=len(units)),
            "yield_m3_per_day": np.where(units.supply_unknown, np.nan, units.supply),
            "volume_m3": np.where(units.volume_unknown, np.nan, units.volume),
            "people_wanted_m3_per_day": wanted,
            "livestock_wanted_m3_per_day": herd_wanted,
            "run_wanted_m3": run.wanted,
            "run_got_m3": run.got,
            "run_spilled_m3": run.spilled,
            "least_m3": run.least,
            "end_m3": run.end,
        }
    )


def _figures(hamlets: pd.DataFrame) -> dict[str, float]:
    counts = hamlets["state"].value_counts()
    figures: dict[str, float] = {state: int(counts.get(state, 0)) for state in STATES}
    for column in ("people_wanted", "people_got", "livestock_wanted", "livestock_got"):
        values = hamlets[f"{column}_m3_per_day"]
        figures[f"{column}_m3_per_day"] = float(values.sum())
        figures[f"{column}_unknown"] = int(values.isna().sum())
    return figures
