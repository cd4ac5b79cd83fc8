"""Where a county's network has water to spare for new pipes: sources, tanks and places on its lines, with their heads.

What a connected part can spare is a matter of the day: the dry-season yield of its sources less what its hamlets and
the users of its taps need on the highest day, losses included. Behind a tank that holds enough the day's spare water
may be drawn at the peak hour's rate; before it, or without one, no more than the yield of that very hour. A head is
offered only with the flow: that of a place on the lines is EPANET's while all of the spare is drawn there, and only
where everyone served before still is.

Where the way of the water is not plain, less is offered: in a part with several sources each gives only what it yields
beyond the whole part's needs, and at its own place; in a part with several tanks nothing is offered behind the first.
Sources of bad quality offer nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.epanet import Solved, solve
from siteplan.water.hydraulics import Hydraulics, peak_demand
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.tracing import Reach

MOST_PLACES = 6
"""Places on the lines of one part that are looked at: those nearest to most of who asks."""
LEAST_LPS = 0.01
"""Less to spare than this is nothing to spare: some 10 people's peak."""
SHARES = (1.0, 0.5)
"""Of the spare flow, tried at a place on the lines in this order."""
COLUMNS = ("row", "part", "kind", "head_m", "rest_head_m", "spare_lps", "spare_m3_per_day")
HELD_M = 0.05
"""Heads may fall so far below what was reckoned with: EPANET's accuracy."""


@dataclass(frozen=True)
class Offers:
    """table : index id (of the network's nodes); row of `network.nodes`, part (connected part that shares its spare
    water), kind ("source", "tank", "junction"), head_m (at peak, with spare_lps drawn), rest_head_m, spare_lps,
    spare_m3_per_day (of the part). part_of_node : part of each node, (n,), -1 where no water comes. parts_short,
    parts_unknown, parts_unfit : parts with nothing to spare; with a yield or a demand that is not known; with a source
    of bad quality. quality_unknown : some offer rests on water of unknown quality.
    """

    table: pd.DataFrame
    part_of_node: Ints
    parts_short: int
    parts_unknown: int
    parts_unfit: int
    quality_unknown: bool


@dataclass(frozen=True)
class _Parts:
    """Connected parts that water reaches.

    By node, (n,): of_node its part (-1 none), zone the stretch between tanks (-1 none, and at tanks), fed (its zone
    has a source). By part: spare m3 a day, what its users take, number of sources and tanks, storage (volume that all
    its tanks hold, 0 where one is not known), unfit, untested (quality of a source).
    """

    of_node: Ints
    zone: Ints
    fed: Bools
    spare_m3: Floats
    taken_m3: Floats
    sources: Ints
    tanks: Ints
    storage_m3: Floats
    unfit: Bools
    untested: Bools


def spare_water(
    network: WaterNetwork,
    demands: Demands,
    reach: Reach,
    hydraulics: Hydraulics,
    *,
    peak_factor: float,
    least_head_m: float,
    storage_share: float,
    asked: Floats,
    tap_lps: Floats | None = None,
) -> Offers:
    """Places to start new pipes from.

    Parameters
    ----------
    demands
        With source_m3_per_day.
    peak_factor
        Peak hour over mean hour of the highest day, as in the demands' peak_lps.
    least_head_m
        Head over the ground that a place on the lines must keep.
    storage_share
        Of a day's water that tanks must hold to even out the hours.
    asked
        (k, 2): where water is wanted; places on the lines are chosen near them.
    tap_lps
        What hamlets fetch from taps at the peak hour, by node, (n,).
    """
    nodes = network.nodes
    beside = np.zeros(len(nodes)) if tap_lps is None else np.nan_to_num(tap_lps)
    parts = _parts(network, demands, reach, beside * 86.4 / peak_factor)
    kind, works = nodes["kind"].to_numpy(dtype=object), nodes["works"].to_numpy(dtype=bool)
    if not len(parts.spare_m3):
        nothing = _table(network, parts, np.zeros(0, dtype=np.int64), "source", *(np.zeros(0) for _ in range(3)))
        return Offers(nothing, parts.of_node, 0, 0, 0, False)
    inside = np.maximum(parts.of_node, 0)
    unknown = np.isnan(parts.spare_m3)
    short = np.nan_to_num(parts.spare_m3) * 1000 / 86_400 < LEAST_LPS
    good = (parts.of_node >= 0) & works & ~(unknown | short | parts.unfit)[inside]
    # Before a tank a steady flow all day is what the tank does without; with no tank the old users draw their peak.
    before = np.where(parts.tanks > 0, parts.spare_m3, parts.spare_m3 + parts.taken_m3 * (1 - peak_factor)) / 86.4
    stored = np.minimum(parts.spare_m3, parts.storage_m3 / storage_share - parts.taken_m3)
    behind = np.maximum(stored / 86.4 * peak_factor, before)
    static = hydraulics.nodes["static_head_m"].to_numpy(np.float64)
    single = (parts.sources == 1)[inside]
    plain = single & (parts.tanks == 1)[inside]
    frames = [
        _sources(network, parts, before, good & (kind == "source"), peak_factor),
        _tanks(network, hydraulics, parts, behind, good & plain & (kind == "tank"), peak_factor, static),
    ]
    if len(asked):
        lps = np.where(parts.fed, before[inside], behind[inside])
        near = _near(network, parts, good & single & (parts.fed | plain) & (kind == "junction"), asked)
        frames.append(
            _on_lines(network, demands, reach, hydraulics, parts, lps, near, least_head_m, peak_factor, static, beside)
        )
    table = pd.concat(frames)
    return Offers(
        table=table[list(COLUMNS)],
        part_of_node=parts.of_node,
        parts_short=int((short & ~unknown & ~parts.unfit).sum()),
        parts_unknown=int((unknown & ~parts.unfit).sum()),
        parts_unfit=int(parts.unfit.sum()),
        quality_unknown=bool(parts.untested[table["part"].to_numpy(dtype=np.int64)].any()),
    )


def _parts(network: WaterNetwork, demands: Demands, reach: Reach, beside_m3: Floats) -> _Parts:
    nodes, links = network.nodes, network.links
    comes, opened = reach.links["reached"].to_numpy(dtype=bool), (links["state"] == "open").to_numpy()
    start, end = (links[name].to_numpy(np.int64)[comes & opened] for name in ("start", "end"))
    reached = reach.nodes["reached"].to_numpy(dtype=bool)
    label = np.where(reached, components(len(nodes), start, end), -1) if len(nodes) else np.zeros(0, dtype=np.int64)
    known, of_node = np.unique(label[reached], return_inverse=True)
    part = np.full(len(nodes), -1)
    part[reached] = of_node
    n = len(known)
    works = nodes["works"].to_numpy(dtype=bool) & reached
    source, tank = (works & (nodes["kind"] == kind).to_numpy() for kind in ("source", "tank"))
    between = ~tank[start] & ~tank[end]
    zone = components(len(nodes), start[between], end[between]) if len(nodes) else np.zeros(0, dtype=np.int64)
    with_source = np.isin(zone, zone[source])
    given = np.bincount(part[source], nodes["yield_m3_per_day"].to_numpy(np.float64)[source], n).astype(np.float64)
    table = demands.table.reindex(network.connections.index)
    at = network.connections["node"].to_numpy(np.int64)
    on = (at >= 0) & (table["connection"] != "none").to_numpy()
    on[on] = part[at[on]] >= 0
    taken = np.bincount(part[at[on]], table["source_m3_per_day"].to_numpy(np.float64)[on], n).astype(np.float64)
    taken += np.bincount(part[reached], beside_m3[reached], n)
    # A volume that is not known evens out nothing.
    volume = np.bincount(part[tank], nodes["volume_m3"].to_numpy(np.float64)[tank], n).astype(np.float64)
    quality = nodes["quality"].to_numpy(dtype=object)

    def some(which: Bools) -> Bools:
        return np.bincount(part[which], minlength=n) > 0

    return _Parts(
        of_node=part,
        zone=np.where(reached & ~tank, zone, -1),
        fed=with_source & ~tank,
        spare_m3=given - taken,
        taken_m3=taken,
        sources=np.bincount(part[source], minlength=n),
        tanks=np.bincount(part[tank], minlength=n),
        storage_m3=np.nan_to_num(volume),
        unfit=some(source & (quality == "no")),
        untested=some(source & (quality != "yes")),
    )


def _table(
    network: WaterNetwork, parts: _Parts, rows: Ints, kind: str, head: Floats, rest: Floats, lps: Floats
) -> pd.DataFrame:
    part = parts.of_node[rows]
    return pd.DataFrame(
        {
            "row": rows,
            "part": part,
            "kind": np.full(len(rows), kind, dtype=object),
            "head_m": head,
            "rest_head_m": np.fmax(rest, head),
            "spare_lps": lps,
            "spare_m3_per_day": parts.spare_m3[part],
        },
        index=pd.Index(network.nodes["node"].to_numpy(dtype=object)[rows], name="id"),
    )


def _sources(network: WaterNetwork, parts: _Parts, before: Floats, which: Bools, peak_factor: float) -> pd.DataFrame:
    """A source gives what it yields beyond the needs of its whole part; its surface is its head."""
    rows = np.flatnonzero(which)
    part = parts.of_node[rows]
    own = network.nodes["yield_m3_per_day"].to_numpy(np.float64)[rows]
    taken = np.where(parts.tanks[part] > 0, parts.taken_m3[part], parts.taken_m3[part] * peak_factor)
    flow = np.fmin(before[part], (own - taken) / 86.4)
    rows, flow = rows[flow >= LEAST_LPS], flow[flow >= LEAST_LPS]
    head = network.nodes["head_m"].to_numpy(np.float64)[rows]
    return _table(network, parts, rows, "source", head, head, flow)


def _tanks(
    network: WaterNetwork,
    hydraulics: Hydraulics,
    parts: _Parts,
    behind: Floats,
    which: Bools,
    peak_factor: float,
    static: Floats,
) -> pd.DataFrame:
    """A tank: its floor at peak, for it may be all but empty; what it fills to at rest. It gives no more over the day
    than the line from the source brings while it is low."""
    rows = np.flatnonzero(which)
    part = parts.of_node[rows]
    brought = _given(network, hydraulics.links["flow_lps"].to_numpy(), parts)[part] - parts.taken_m3[part] / 86.4
    flow = np.fmin(behind[part], brought * peak_factor)
    rows, flow = rows[flow >= LEAST_LPS], flow[flow >= LEAST_LPS]
    floor = network.nodes["floor_m"].to_numpy(np.float64)[rows]
    return _table(network, parts, rows, "tank", floor, static[rows], flow)


def _near(network: WaterNetwork, parts: _Parts, which: Bools, asked: Floats) -> list[Ints]:
    """Rows of places on the lines, by rounds: in each round at most one of a part."""
    rows = np.flatnonzero(which)
    if not len(rows):
        return []
    at = network.nodes.geometry.to_numpy()[rows]
    xy = np.array([(point.x, point.y) for point in at])
    picks = np.bincount(cKDTree(xy).query(asked)[1], minlength=len(rows))
    order = np.lexsort((rows, -picks, parts.of_node[rows]))
    order = order[picks[order] > 0]
    part = parts.of_node[rows[order]]
    number = np.arange(len(order)) - np.searchsorted(part, part)
    return [rows[order[number == k]] for k in range(min(MOST_PLACES, int(number.max(initial=-1)) + 1))]


def _on_lines(
    network: WaterNetwork,
    demands: Demands,
    reach: Reach,
    hydraulics: Hydraulics,
    parts: _Parts,
    lps: Floats,
    rounds: list[Ints],
    least_head_m: float,
    peak_factor: float,
    static: Floats,
    beside: Floats,
) -> pd.DataFrame:
    """Places on the lines whose head holds while the part's spare water, or half of it, is drawn there. Parts do not
    act on each other, so that one run tries a place of each."""
    found: list[tuple[Ints, Floats, Floats]] = []
    for rows in rounds:
        left = rows
        for share in SHARES:
            if not len(left):
                break
            flow = share * lps[left]
            left, flow = left[flow >= LEAST_LPS], flow[flow >= LEAST_LPS]
            more = dict(zip(left.tolist(), flow.tolist(), strict=True))
            state = drawn(network, demands, reach, hydraulics, more, beside)
            holds = held(network, demands, hydraulics, state, parts.of_node)
            carried = _carried(network, state, parts, left, np.where(parts.fed[left], flow, flow / peak_factor))
            pressure = state.nodes["pressure_m"].to_numpy()[left]
            good = holds[parts.of_node[left]] & carried & (pressure >= least_head_m)
            found.append((left[good], state.nodes["head_m"].to_numpy()[left[good]], flow[good]))
            left = left[~good]
    rows = np.concatenate([one[0] for one in found]) if found else np.zeros(0, dtype=np.int64)
    head, flow = (np.concatenate([one[k] for one in found]) if found else np.zeros(0) for k in (1, 2))
    return _table(network, parts, rows, "junction", head, static[rows], flow)


def drawn(
    network: WaterNetwork,
    demands: Demands,
    reach: Reach,
    hydraulics: Hydraulics,
    more: dict[int, float],
    beside: Floats | None = None,
) -> Solved:
    """The peak hour with so many L/s more drawn at rows of `network.nodes`, and `beside` (n,) fetched from taps."""
    wanted = np.nan_to_num(peak_demand(network, demands)) + (0.0 if beside is None else np.nan_to_num(beside))
    for row, lps in more.items():
        wanted[row] += lps
    required = float(hydraulics.parameters["required_m"])  # type: ignore[arg-type]
    return solve(network, reach, wanted, required_m=required)


def held(network: WaterNetwork, demands: Demands, before: Hydraulics, state: Solved, of_node: Ints) -> Bools:
    """Parts in which every hamlet keeps its service head, or at least what it had, and all is delivered, by part."""
    n = int(of_node.max(initial=-1)) + 1
    hamlets, nodes = before.hamlets, state.nodes
    at = network.connections["node"].to_numpy(np.int64)
    on = (at >= 0) & (demands.table.reindex(network.connections.index)["connection"] != "none").to_numpy()
    pressure = np.full(len(at), np.nan)
    pressure[on] = nodes["pressure_m"].to_numpy()[at[on]]
    floor = np.fmin(hamlets["service_head_m"].to_numpy(np.float64), hamlets["pressure_m"].to_numpy(np.float64))
    # Where nothing was known before, nothing is taken away.
    worse = on & (pressure < floor - HELD_M)
    bad = np.zeros(n, dtype=bool)
    bad[of_node[at[worse]]] = True
    wanted, got = nodes["wanted_lps"].to_numpy(), nodes["supplied_lps"].to_numpy()
    hungry = (wanted > 0) & np.isfinite(got) & (got < wanted * 0.999) & (of_node >= 0)
    served = np.zeros(len(wanted), dtype=bool)
    served[at[on]] = True
    # Hamlets that had too little before are judged by their pressure above.
    bad[of_node[hungry & ~served]] = True
    return ~bad


def _carried(network: WaterNetwork, state: Solved, parts: _Parts, rows: Ints, mean_lps: Floats) -> Bools:
    """Whether the line from the source brings the day's water, new and old, while the tank is low."""
    part = parts.of_node[rows]
    needed = parts.taken_m3[part] / 86.4 + mean_lps
    return np.asarray(_given(network, state.links["flow_lps"].to_numpy(), parts)[part] >= needed * 0.999)


def _given(network: WaterNetwork, flow_lps: Floats, parts: _Parts) -> Floats:
    """What the sources of each part give in a state, L/s."""
    links, flow, n = network.links, np.nan_to_num(flow_lps), len(network.nodes)
    out = np.bincount(links["start"], flow, n) - np.bincount(links["end"], flow, n)
    source = (network.nodes["kind"] == "source").to_numpy() & (parts.of_node >= 0)
    return np.bincount(parts.of_node[source], out[source], len(parts.spare_m3)).astype(np.float64)
