"""Pressure: each hamlet's at peak hour against its service head, heads at rest against taps and pipe classes.

Two steady states: peak hour by EPANET (`epanet`), and rest (`hydraulics_static`). Heights from a terrain model err by
several metres, as much as the head that is asked for, so a verdict within that error is "marginal":

- "ok": the pressure keeps the service head even if the ground stands higher by the error;
- "marginal": it keeps it, or would if the ground stood lower by the error (worked out with EPANET, since pressure
  alone misleads where demand falls with it);
- "fail": it does not even then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from siteplan.errors import PlanError
from siteplan.network.ragged import Bools, Floats
from siteplan.water.epanet import LEAST_REQUIRED_M, Solved, solve
from siteplan.water.epanet_parts import PumpCurves
from siteplan.water.hydraulics_findings import hydraulics_findings
from siteplan.water.hydraulics_profile import high_points, lowest_ground
from siteplan.water.hydraulics_static import Rest, heads_at_rest
from siteplan.water.model import Demands, WaterNetwork
from siteplan.water.tracing import Reach

VERDICTS = ("ok", "marginal", "fail", "unknown")
"""Of a hamlet's pressure; of heads at rest against a limit "over" stands for "fail"."""
WHYS = (
    "",
    "not_reached",
    "not_connected",
    "no_head",
    "no_answer",
    "height",
    "service_head",
    "way",
    "demand",
    "source",
    "over_yield",
)
"""Why a verdict is unknown: water does not come; no known head on an unbroken line of known pipes; EPANET gave no
answer; height or service head of the hamlet not known; what its zone lacks (`epanet_parts.INCOMPLETE`); or the state
runs more through its zone than the source gives, so that heads are lower than they can be."""


@dataclass(frozen=True)
class Limits:
    """Numbers of the rule pack: highest head at rest at a tap (m), velocities a pipe should keep (m/s)."""

    static_tap_m: float
    velocity_low_mps: float
    velocity_high_mps: float


@dataclass(frozen=True)
class Hydraulics:
    """Heads, flows and verdicts.

    nodes : index of `network.nodes`. head_m, pressure_m, wanted_lps, supplied_lps (peak hour); static_head_m, static_m
        (at rest, over the ground).
    links : index of `network.links`. flow_lps (from start to end), velocity_mps, velocity ("ok", "low", "high",
        "still", "unknown", "" for pumps and valves and where water does not come), static_m (highest at rest, over the
        lowest ground), pipe_class ("ok", "marginal", "over", "unknown", "" as for velocity), fault (why EPANET was not
        given it).
    hamlets : index of `network.connections`. pressure_m, service_head_m, spare_m, verdict (`VERDICTS`), why (`WHYS`),
        static_m, static ("ok", "marginal", "over", "unknown"), delivered_share (of what is wanted at peak hour, as the
        pressure lets through).
    high_points : as `hydraulics_profile.high_points`, empty without profiles.
    figures : hamlets by verdict, pipes by class. parameters : as given. findings : as `siteplan.layers.findings`.
    """

    nodes: pd.DataFrame
    links: pd.DataFrame
    hamlets: pd.DataFrame
    high_points: pd.DataFrame
    figures: Mapping[str, int]
    parameters: Mapping[str, object]
    findings: pd.DataFrame


def run_hydraulics(
    network: WaterNetwork,
    demands: Demands,
    reach: Reach,
    *,
    limits: Limits,
    dem_error_m: float = 3.0,
    required_m: float | None = None,
    node_lps: Floats | None = None,
    tank_levels_m: Mapping[int, float] | None = None,
    pump_curves: PumpCurves | None = None,
    profiles: pd.DataFrame | None = None,
    hamlet_ids: Sequence[str] | None = None,
) -> Hydraulics:
    """Pressures of the reached network at peak hour and at rest.

    Parameters
    ----------
    dem_error_m
        How far a height that was not surveyed may be wrong. Free terrain models err by several metres (a public DEM
        against 959 junctions of Kentucky's ky4 by 1.1 m on average); 3 m is siteplan's default.
    required_m
        Pressure from which on everyone draws all they want. Default the lowest service head known: who asks for more
        draws in full earlier, which leaves others less, never more. (None known: in full from 0.1 m.)
    node_lps
        What nodes want at peak hour, (n,), in place of the hamlets' `peak_lps`.
    tank_levels_m, pump_curves
        As in `epanet.solve`.
    profiles
        Ground along pipes: link (row of links), station_m (from the pipe's start), ground_m.
    hamlet_ids
        Ids for findings; default the labels of `network.connections`.

    Raises
    ------
    PlanError, LayerError
        As `epanet.solve`; a negative or unknown `dem_error_m`.
    """
    if not 0 <= dem_error_m < np.inf:
        raise PlanError(f"dem_error_m: found {dem_error_m}; expected 0 or more")
    table = demands.table.reindex(network.connections.index)
    joined = (network.connections["node"] >= 0).to_numpy() & (table["connection"] != "none").to_numpy()
    wanted = peak_demand(network, demands) if node_lps is None else np.asarray(node_lps, dtype=np.float64)
    service = table["service_head_m"].to_numpy(np.float64)
    if required_m is None:
        known = service[joined & np.isfinite(service)]
        required_m = max(float(known.min(initial=np.inf)), LEAST_REQUIRED_M) if len(known) else LEAST_REQUIRED_M

    def state(of: WaterNetwork) -> Solved:
        return solve(of, reach, wanted, required_m=required_m, tank_levels_m=tank_levels_m, pump_curves=pump_curves)

    peak = state(network)
    rest = heads_at_rest(network, reach, peak.parts, pump_curves or {})
    ground = network.nodes["z_m"].to_numpy(np.float64)
    error = np.where((network.nodes["z_from"] == "surveyed").to_numpy(), 0.0, dem_error_m)
    nodes = peak.nodes.assign(static_head_m=rest.head_m, static_m=rest.head_m - ground)
    hamlets = _hamlets(network, reach, peak, rest, joined, service, error, limits, ground)
    hamlets["delivered_share"] = _delivered(peak, hamlets, required_m)
    undecided = (hamlets["why"] == "") & (hamlets["spare_m"] < 0) & (hamlets["spare_m"] >= -hamlets["error_m"])
    if (undecided & (hamlets["error_m"] > 0)).any():
        lower = state(replace(network, nodes=network.nodes.assign(z_m=ground - error)))
        spare = lower.nodes["pressure_m"].to_numpy()[hamlets["node"]] - service
        hamlets.loc[undecided & (spare >= 0), "verdict"] = "marginal"
    drained, beyond = over_yield(network, peak)
    for why, low in (("way", peak.parts.incomplete == "way"), ("over_yield", beyond)):
        # A pipe left out beside others, or too much water on the way, can only hold the head down: ok stays ok.
        open_question = (
            low[hamlets["node"]] & (hamlets["why"] == "").to_numpy() & (hamlets["verdict"] != "ok").to_numpy()
        )
        hamlets.loc[open_question, ["verdict", "why"]] = ["unknown", why]
    start, end = (network.links[name].to_numpy(np.int64) for name in ("start", "end"))
    near = beyond | np.isfinite(drained)
    too_full = near[start] | near[end]
    doubt = np.maximum(error[start], error[end])
    if profiles is not None:
        doubt[profiles["link"].to_numpy(np.int64)] = dem_error_m
    links = _links(network, reach, peak, rest, doubt, limits, lowest_ground(network, profiles), too_full)
    points = high_points(network, nodes, profiles, dem_error_m=dem_error_m, too_full=too_full)
    return Hydraulics(
        nodes=nodes,
        links=links,
        hamlets=hamlets.drop(columns=["error_m", "node"]),
        high_points=points,
        figures=_figures(hamlets, links),
        parameters={"dem_error_m": dem_error_m, "required_m": required_m, **asdict(limits)},
        findings=hydraulics_findings(network, reach, peak, rest, hamlets, links, points, limits, drained, hamlet_ids),
    )


def peak_demand(network: WaterNetwork, demands: Demands) -> Floats:
    """What each node wants at peak hour, L/s, (n,): its hamlets' sum, NaN where one of them is not known."""
    table = demands.table.reindex(network.connections.index)
    node = network.connections["node"].to_numpy(np.int64)
    on = (node >= 0) & (table["connection"] != "none").to_numpy()
    return np.bincount(node[on], table["peak_lps"].to_numpy(np.float64)[on], len(network.nodes)).astype(np.float64)


def over_yield(network: WaterNetwork, peak: Solved) -> tuple[Floats, Bools]:
    """What each source gives in this state where that is more than its yield, L/s, (n,) (NaN elsewhere); nodes whose
    zone it feeds, (n,). A line from a spring to a tank runs full in EPANET, and in life with what the spring has."""
    nodes, links, flow = network.nodes, network.links, peak.links["flow_lps"].to_numpy()
    n, given = len(nodes), np.flatnonzero(np.isfinite(flow))
    start, end = links["start"].to_numpy(np.int64)[given], links["end"].to_numpy(np.int64)[given]
    out = np.bincount(start, flow[given], n) - np.bincount(end, flow[given], n)
    can = nodes["yield_m3_per_day"].to_numpy(np.float64) / 86.4
    over = (nodes["kind"] == "source").to_numpy() & peak.parts.fixed & (out > can * 1.001 + 0.001)
    beside = np.concatenate([end[over[start]], start[over[end]]])
    zones = peak.parts.zone[beside]
    return np.where(over, out, np.nan), np.isin(peak.parts.zone, zones[zones >= 0])


def judged(spare: Floats, error: Floats, words: tuple[str, str, str] = ("ok", "marginal", "fail")) -> np.ndarray:
    """By what is to spare and how far it may be wrong: kept, in doubt, not kept; "unknown" where not known."""
    good, doubt, bad = words
    out = np.where(spare >= error, good, np.where(spare >= -error, doubt, bad)).astype(object)
    out[np.isnan(spare)] = "unknown"
    return out


def _delivered(peak: Solved, hamlets: pd.DataFrame, required_m: float) -> Floats:
    """Share of what is wanted that the pressure lets through; by Wagner's rule where nothing is wanted."""
    pressure = hamlets["pressure_m"].to_numpy()
    wanted, supplied = (peak.nodes[name].to_numpy()[hamlets["node"]] for name in ("wanted_lps", "supplied_lps"))
    by_rule = np.sqrt(np.clip(pressure / required_m, 0.0, 1.0))
    share = np.divide(supplied, wanted, out=by_rule.copy(), where=(wanted > 0) & np.isfinite(supplied))
    # EPANET's file holds single floats: a shade below 1 is all of it.
    share = np.where(share > 1 - 1e-4, 1.0, np.maximum(share, 0.0))
    return np.where(np.isnan(pressure), np.nan, share)


def _hamlets(
    network: WaterNetwork,
    reach: Reach,
    peak: Solved,
    rest: Rest,
    joined: Bools,
    service: Floats,
    error: Floats,
    limits: Limits,
    ground: Floats,
) -> pd.DataFrame:
    at = np.where(joined, network.connections["node"].to_numpy(np.int64), 0)
    reached = joined & reach.hamlets["reached"].to_numpy(dtype=bool)
    parts = peak.parts
    head = peak.nodes["head_m"].to_numpy()[at]
    pressure = np.where(reached, peak.nodes["pressure_m"].to_numpy()[at], np.nan)
    lacking = parts.incomplete[at]
    why = np.full(len(at), "", dtype=object)
    why[np.isin(lacking, ("demand", "source"))] = lacking[np.isin(lacking, ("demand", "source"))]
    why[np.isnan(service)] = "service_head"
    why[np.isnan(ground[at])] = "height"
    why[np.isnan(head)] = "no_answer"
    why[~parts.joined[at]] = "no_head"
    why[~reached] = "not_reached"
    why[(network.connections["node"] >= 0).to_numpy() & ~joined] = "not_connected"
    spare = pressure - service
    verdict = judged(spare, error[at], ("ok", "marginal", "fail"))
    # Below the service head "marginal" has to be shown by a run of its own.
    verdict[(verdict == "marginal") & (spare < 0)] = "fail"
    verdict[why != ""] = "unknown"
    static = np.where(reached, (rest.head_m - ground)[at], np.nan)
    over = judged(limits.static_tap_m - static, error[at], ("ok", "marginal", "over"))
    over[rest.at_least[at] & (over != "over")] = "unknown"
    return pd.DataFrame(
        {
            "node": at,
            "pressure_m": pressure,
            "service_head_m": service,
            "spare_m": spare,
            "error_m": error[at],
            "verdict": verdict,
            "why": why,
            "static_m": static,
            "static": over,
        },
        index=network.connections.index,
    )


def _links(
    network: WaterNetwork,
    reach: Reach,
    peak: Solved,
    rest: Rest,
    doubt: Floats,
    limits: Limits,
    lowest: Floats,
    too_full: Bools,
) -> pd.DataFrame:
    links = network.links
    start, end = links["start"].to_numpy(np.int64), links["end"].to_numpy(np.int64)
    pipe, pump = (links["kind"] == "pipe").to_numpy(), (links["kind"] == "pump").to_numpy()
    comes = reach.links["reached"].to_numpy(dtype=bool)
    speed, flow = peak.links["velocity_mps"].to_numpy(), peak.links["flow_lps"].to_numpy()
    velocity = np.where(
        speed < limits.velocity_low_mps, "low", np.where(speed > limits.velocity_high_mps, "high", "ok")
    )
    velocity = velocity.astype(object)
    velocity[np.abs(flow) < 1e-4] = "still"
    velocity[np.isnan(speed) | too_full] = "unknown"
    velocity[~pipe | ~comes] = ""
    # At rest a pipe stands at the higher of its ends: a tank's inlet is shut, the line before it bears the source.
    static = np.maximum(rest.head_m[start], rest.head_m[end]) - lowest
    static[pump | ~comes] = np.nan
    pipe_class = judged(links["pn_m"].to_numpy(np.float64) - static, doubt, ("ok", "marginal", "over"))
    pipe_class[(rest.at_least[start] | rest.at_least[end]) & (pipe_class != "over")] = "unknown"
    pipe_class[~pipe | ~comes] = ""
    return peak.links.assign(velocity=velocity, static_m=static, pipe_class=pipe_class, fault=peak.parts.fault)


def _figures(hamlets: pd.DataFrame, links: pd.DataFrame) -> dict[str, int]:
    counts = hamlets["verdict"].value_counts()
    classes, speeds = links["pipe_class"].value_counts(), links["velocity"].value_counts()
    return {
        **{verdict: int(counts.get(verdict, 0)) for verdict in VERDICTS},
        "taps_over": int((hamlets["static"] == "over").sum()),
        **{f"pipes_{name}": int(classes.get(name, 0)) for name in ("over", "marginal", "unknown")},
        **{f"pipes_{name}": int(speeds.get(name, 0)) for name in ("low", "high", "still")},
    }
