"""What of the network EPANET can be given: parts joined to a known head by links whose every number is known.

A missing number never becomes a default (WNTR's would be 304.8 m of pipe, 0.3048 m wide), and NaN never reaches
EPANET: the link is left out, and with it what hangs on it alone. What that does to the answer of those that stay is
told by zone: the stretch between water surfaces (sources, tanks), beyond which nothing acts on its pressures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach, spread

INNER_MM = (5.0, 4000.0)
"""Inner diameters a pipe can have; beyond, millimetres were taken for metres or the other way round."""
ROUGHNESS_C = (10.0, 250.0)
"""Hazen-Williams coefficients a pipe can have."""
TANK_LOW_M = 0.1
"""Water in a tank at peak hour, nearly empty. EPANET lets nothing out of a tank at its lowest level."""
FAULTS = ("", "loop", "length", "diameter", "roughness", "pump_curve")
"""Why a link is left out: it ends where it begins; its length, inner diameter or roughness is not known or cannot be;
a pump without curve and power. A valve needs no measures: open, it has no loss."""
INCOMPLETE = ("", "way", "demand", "source")
"""What a zone's answer lacks: nothing; a link between two nodes that stayed (heads are too low, if anything); demand
that was left out or is not known; a source or tank whose level is not known."""

PumpCurves = Mapping[int, tuple[tuple[float, float], ...]]
"""Row of a pump in links -> points of its curve (L/s, m), by rising flow, in place of the one point of its columns."""


@dataclass(frozen=True)
class Parts:
    """The choice.

    Nodes, (n,): joined (head to be computed or given), fixed (a water surface of known level), floor_m (of fixed tanks,
    as given or below the surface given), head_m (of fixed ones, else NaN), z_m (heights, those not known set to the
    lowest known of the zone), zone (-1 at water surfaces and where no source reaches), incomplete (`INCOMPLETE`).
    Links, (m,): given (to EPANET), fault (`FAULTS`), part (number of the joined part, -1).
    """

    joined: Bools
    fixed: Bools
    floor_m: Floats
    head_m: Floats
    z_m: Floats
    zone: Ints
    incomplete: np.ndarray
    given: Bools
    fault: np.ndarray
    part: Ints


def choose_parts(
    network: WaterNetwork,
    reach: Reach,
    node_lps: Floats,
    *,
    tank_levels_m: Mapping[int, float],
    pump_curves: PumpCurves,
) -> Parts:
    """Choose what EPANET is given; `node_lps` is what nodes want, NaN where not known.

    `tank_levels_m`: water over the floor by row of nodes, in place of `TANK_LOW_M`.
    """
    nodes, links = network.nodes, network.links
    n = len(nodes)
    start, end = links["start"].to_numpy(np.int64), links["end"].to_numpy(np.int64)
    pump = (links["kind"] == "pump").to_numpy()
    kind, works = nodes["kind"].to_numpy(), nodes["works"].to_numpy(dtype=bool)
    reached = reach.nodes["reached"].to_numpy(dtype=bool)
    within = reach.links["reached"].to_numpy(dtype=bool)
    fault = link_faults(network, pump_curves)
    source, tank = (kind == "source") & works & reached, (kind == "tank") & reached
    level = np.full(n, TANK_LOW_M)
    level[list(tank_levels_m)] = list(tank_levels_m.values())
    surface_m, floor = nodes["head_m"].to_numpy(np.float64), nodes["floor_m"].to_numpy(np.float64)
    # A tank of which only the water's surface is known stands at it.
    head = np.where(source, surface_m, np.where(tank, np.where(np.isnan(floor), surface_m, floor + level), np.nan))
    fixed = (source | tank) & np.isfinite(head)
    headless_tank = tank & ~fixed
    usable = within & (fault == "") & ~headless_tank[start] & ~headless_tank[end]
    joined = spread(n, start[usable], end[usable], pump[usable], np.flatnonzero(fixed))
    given = usable & joined[start] & joined[end]
    surface = fixed | headless_tank
    zone = _zones(n, start[within], end[within], reached, surface)
    label = components(n, start[given], end[given]) if n else np.zeros(0, np.int64)
    incomplete = _incomplete(
        zone,
        way=(within & (fault != "") & (fault != "loop") & joined[start] & joined[end], start, end),
        demand=(reached & ~surface & np.where(joined, np.isnan(node_lps), ~(node_lps == 0))),
        source=(source & ~fixed) | _beside(n, start[within], end[within], headless_tank),
    )
    return Parts(
        joined=joined,
        fixed=fixed,
        floor_m=np.where(tank, head - level, np.nan),
        head_m=np.where(fixed, head, np.nan),
        z_m=_heights(nodes["z_m"].to_numpy(np.float64), zone, head[fixed]),
        zone=zone,
        incomplete=incomplete,
        given=given,
        fault=np.where(within, fault, ""),
        part=np.where(given, label[start], -1),
    )


def link_faults(network: WaterNetwork, pump_curves: PumpCurves) -> np.ndarray:
    """Why EPANET cannot be given a link (`FAULTS`), (m,)."""
    links = network.links
    kind = links["kind"].to_numpy()
    inner, rough, length = (links[column].to_numpy(np.float64) for column in ("inner_mm", "roughness_c", "length_m"))
    pump, pipe = kind == "pump", kind == "pipe"
    curve = (links["pump_head_m"] > 0).to_numpy() & (links["pump_flow_lps"] > 0).to_numpy()
    curve |= (links["pump_power_kw"] > 0).to_numpy()
    curve[list(pump_curves)] = True
    fault = np.full(len(links), "", dtype=object)
    # The first fault has the last word. Comparing with NaN is false: a number that is not known fails every test.
    fault[pump & ~curve] = "pump_curve"
    fault[pipe & ~((rough >= ROUGHNESS_C[0]) & (rough <= ROUGHNESS_C[1]))] = "roughness"
    fault[pipe & ~((inner >= INNER_MM[0]) & (inner <= INNER_MM[1]))] = "diameter"
    fault[pipe & ~((length > 0) & np.isfinite(length))] = "length"
    fault[(links["start"] == links["end"]).to_numpy()] = "loop"
    return fault


def _zones(n: int, start: Ints, end: Ints, reached: Bools, surface: Bools) -> Ints:
    """Connected stretches between water surfaces, through all links that are open and reached; -1 elsewhere."""
    inner = ~surface[start] & ~surface[end]
    label = components(n, start[inner], end[inner]) if n else np.zeros(0, np.int64)
    return np.where(reached & ~surface, label, -1)


def _beside(n: int, start: Ints, end: Ints, which: Bools) -> Bools:
    """Nodes one link away from the given ones."""
    beside = np.zeros(n, dtype=bool)
    beside[end[which[start]]] = True
    beside[start[which[end]]] = True
    return beside


def _incomplete(zone: Ints, *, way: tuple[Bools, Ints, Ints], demand: Bools, source: Bools) -> np.ndarray:
    links, start, end = way
    lacking = np.zeros(int(zone.max(initial=-1)) + 2, dtype=np.int64)
    for rank, at in ((1, np.concatenate([zone[start[links]], zone[end[links]]])), (2, zone[demand]), (3, zone[source])):
        # The last place takes what has no zone.
        lacking[at] = np.maximum(lacking[at], rank)
    lacking[-1] = 0
    return np.array(INCOMPLETE, dtype=object)[lacking[zone]]


def _heights(z: Floats, zone: Ints, heads: Floats) -> Floats:
    """Heights with the lowest known of the zone (or else the lowest water surface) where one is not known.

    Only where demand drops with pressure does a node's height act on its neighbours: so low, it draws no less than it
    would. Its own pressure is not reported.
    """
    if not len(heads):
        return z
    lowest = np.full(int(zone.max(initial=-1)) + 2, np.inf)
    known = np.isfinite(z)
    np.minimum.at(lowest, zone[known], z[known])
    lowest[~np.isfinite(lowest)] = heads.min()
    return np.where(known, z, lowest[zone])
