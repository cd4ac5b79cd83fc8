"""Heads at rest: nothing drawn, tanks full with their inlets shut, pumps at their highest head.

At rest a stretch of pipes stands at the highest water surface it touches, so no solver is needed: EPANET's own state
without demand gives the same heads where its tanks shut (a test holds both together), and none for a pump of constant
power, whose head at no flow has no bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats
from siteplan.water.epanet_parts import Parts, PumpCurves
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach


@dataclass(frozen=True)
class Rest:
    """Heads at rest, (n,): head_m (NaN not known), at_least (a tank's depth is not known: water may stand higher)."""

    head_m: Floats
    at_least: Bools


def heads_at_rest(network: WaterNetwork, reach: Reach, parts: Parts, pump_curves: PumpCurves) -> Rest:
    """The highest head of each reached node at rest, through every open link, those EPANET was not given included."""
    nodes, links = network.nodes, network.links
    n = len(nodes)
    row = np.flatnonzero(reach.links["reached"].to_numpy(dtype=bool))
    start, end = links["start"].to_numpy(np.int64)[row], links["end"].to_numpy(np.int64)[row]
    pump = (links["kind"] == "pump").to_numpy()[row]
    reached, tank = reach.nodes["reached"].to_numpy(dtype=bool), (nodes["kind"] == "tank").to_numpy()
    source = (nodes["kind"] == "source").to_numpy() & nodes["works"].to_numpy(dtype=bool)
    surface = reached & (parts.fixed | tank)
    top, shallow = _tops(network, parts, surface & tank)
    inner = ~pump & ~surface[start] & ~surface[end]
    zone = components(n, start[inner], end[inner]) if n else np.zeros(0, np.int64)
    n_zones = int(zone.max(initial=-1)) + 1
    head, unknown, at_least = np.full(n_zones, -np.inf), np.zeros(n_zones, dtype=bool), np.zeros(n_zones, dtype=bool)
    for near, far in ((start, end), (end, start)):
        # From a water surface into the stretch beside it.
        rim = ~pump & surface[near] & ~surface[far]
        at, level = zone[far[rim]], top[near[rim]]
        unknown[at[np.isnan(level)]] = True
        at_least[at[shallow[near[rim]]]] = True
        np.fmax.at(head, at, level)
    unknown[zone[source & reached & ~parts.fixed]] = True
    lift = shutoff_heads(network, pump_curves)[row[pump]]
    _pump(start[pump], end[pump], lift, surface, zone, (top, head, unknown, at_least, shallow))
    at_node = np.where(unknown | ~np.isfinite(head), np.nan, head)[zone]
    return Rest(
        head_m=np.where(reached, np.where(surface, top, at_node), np.nan),
        at_least=reached & np.where(surface, shallow, at_least[zone]),
    )


def _tops(network: WaterNetwork, parts: Parts, tank: Bools) -> tuple[Floats, Bools]:
    """Highest surface of sources and tanks, m; tanks whose highest level is not known, which count as filled now."""
    highest, given = (network.nodes[name].to_numpy(np.float64) for name in ("max_level_m", "head_m"))
    highest = np.where(np.isnan(highest), given, highest)
    # fmax: a level that is not known leaves the present one.
    return np.where(tank, np.fmax(highest, parts.head_m), parts.head_m), tank & np.isnan(highest)


def shutoff_heads(network: WaterNetwork, pump_curves: PumpCurves) -> Floats:
    """Head of each pump at no flow, m, (m,): 4/3 of its one point's head (EPANET's curve through one point), a curve's
    own (drawn on from its first two points where it begins later); NaN for constant power and for other links."""
    links = network.links
    rise, rate = (links[name].to_numpy(np.float64) for name in ("pump_head_m", "pump_flow_lps"))
    head = np.where((links["kind"] == "pump").to_numpy() & (rate > 0) & (rise > 0), rise * 4 / 3, np.nan)
    for row, points in pump_curves.items():
        (flow, first), *more = points
        if not more:
            head[row] = first * 4 / 3
        else:
            (further, second), *_ = more
            head[row] = first + flow * (first - second) / (further - flow)
    return head


def _pump(
    start: np.ndarray,
    end: np.ndarray,
    lift: Floats,
    surface: Bools,
    zone: np.ndarray,
    states: tuple[Floats, Floats, Bools, Bools, Bools],
) -> None:
    """Carry heads at rest through pumps into the stretches behind them, as often as pumps stand in a row."""
    top, head, unknown, at_least, shallow = states
    into = ~surface[end]
    start, to, lift = start[into], zone[end[into]], lift[into]
    for turn in range(2 * len(to) + 1):
        before = unknown.copy(), at_least.copy()
        given = np.where(surface[start], top[start], head[zone[start]]) + lift
        doubt = np.isnan(given) | (~surface[start] & unknown[zone[start]])
        rises = given > head[to] + 1e-9
        np.fmax.at(head, to, np.where(np.isneginf(given), np.nan, given))
        unknown[to[doubt]] = True
        at_least[to[np.where(surface[start], shallow[start], at_least[zone[start]])]] = True
        if turn >= len(to):
            # Pumps in a ring would lift for ever.
            unknown[to[rises]] = True
        if not rises.any() and np.array_equal(before[0], unknown) and np.array_equal(before[1], at_least):
            return
