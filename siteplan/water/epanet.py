"""Heads and flows at one moment by EPANET 2.2 through WNTR: SI, pressure-driven, only parts with a known head.

Demand falls with pressure below `required_m` as its square root (Wagner's rule, EPANET 2.2's PDA) and stops at 0 m:
demand-driven mode would "deliver" at -198 m and is not used. A source is a surface that never runs dry: what it can
give is asked of `balance`, not here. One run holds every part; where it fails, parts run one by one, so that the
fault of one is not the silence of all. EPANET's answer is taken only where it keeps the balance at every node, Wagner's
rule at every demand and the Hazen-Williams loss along every pipe.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from siteplan.errors import LayerError, PlanError
from siteplan.network.ragged import Bools, Floats
from siteplan.water.epanet_parts import Parts, PumpCurves, choose_parts
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach

LEAST_REQUIRED_M = 0.1
"""EPANET's least step from no flow to full flow."""
_ID = re.compile(r"[A-Za-z0-9_.-]{1,31}")
_VALVE_M = 0.1
_HW = 10.667
"""Hazen-Williams in SI: loss = _HW * C**-1.852 * d**-4.871 * L * q**1.852 (EPANET's 4.727 in feet)."""


@dataclass(frozen=True)
class Solved:
    """One steady state.

    nodes : index of `network.nodes`. head_m, pressure_m (head less ground; NaN where the ground is not known),
        wanted_lps, supplied_lps.
    links : index of `network.links`. flow_lps (from start to end), velocity_mps.
    parts : what EPANET was given. failed : part number -> what EPANET said ("not_converged", or its error).
    """

    nodes: pd.DataFrame
    links: pd.DataFrame
    parts: Parts
    failed: Mapping[int, str]


def solve(
    network: WaterNetwork,
    reach: Reach,
    node_lps: Floats,
    *,
    required_m: float,
    tank_levels_m: Mapping[int, float] | None = None,
    pump_curves: PumpCurves | None = None,
) -> Solved:
    """The steady state in which nodes want `node_lps` (shape (n,), L/s; NaN not known, taken as 0 and told).

    Parameters
    ----------
    required_m
        Pressure from which on a node draws all it wants, m.
    tank_levels_m
        Water over a tank's floor by row of nodes, m; else `epanet_parts.TANK_LOW_M`.
    pump_curves
        Curves of several points by row of links; else the one point, or the power, of the pump's columns.

    Raises
    ------
    PlanError
        `required_m` below `LEAST_REQUIRED_M`; a demand below 0.
    LayerError
        Ids that EPANET cannot hold.
    """
    wanted = _checked(network, node_lps, required_m)
    curves = pump_curves or {}
    parts = choose_parts(network, reach, wanted, tank_levels_m=tank_levels_m or {}, pump_curves=curves)
    head, supplied, flow = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan), np.full(len(parts.given), np.nan)
    head[parts.fixed] = parts.head_m[parts.fixed]
    failed: dict[int, str] = {}

    def run(links: Bools) -> dict[int, str]:
        model = wntr_model(network, parts, wanted, links=links, required_m=required_m, pump_curves=curves)
        try:
            heads, demands, flows = _run(model)
        except _Failure as failure:
            return dict.fromkeys(np.unique(parts.part[links]).tolist(), str(failure))
        ids = network.nodes["node"].to_numpy()
        inside = heads.reindex(ids).to_numpy(np.float64)
        here = np.isfinite(inside) & ~parts.fixed
        head[here], supplied[here] = inside[here], 1000 * demands.reindex(ids).to_numpy(np.float64)[here]
        flow[links] = 1000 * flows.reindex(network.links["link"].to_numpy()[links]).to_numpy(np.float64)
        due = wanted * np.sqrt(np.clip((head - parts.z_m) / required_m, 0.0, 1.0))
        return _doubtful(network, parts, links, head, supplied, due, flow)

    if parts.given.any():
        failed = run(parts.given)
        if failed and len(np.unique(parts.part[parts.given])) > 1:
            failed = {key: why for part in failed for key, why in run(parts.part == part).items()}
    _forget(network, parts, failed, head, supplied, flow)
    return Solved(
        nodes=pd.DataFrame(
            {
                "head_m": head,
                "pressure_m": head - network.nodes["z_m"].to_numpy(np.float64),
                "wanted_lps": wanted,
                "supplied_lps": supplied,
            },
            index=network.nodes.index,
        ),
        links=pd.DataFrame({"flow_lps": flow, "velocity_mps": _velocity(network, flow)}, index=network.links.index),
        parts=parts,
        failed=failed,
    )


def peak_model(
    network: WaterNetwork,
    reach: Reach,
    node_lps: Floats,
    *,
    required_m: float,
    tank_levels_m: Mapping[int, float] | None = None,
    pump_curves: PumpCurves | None = None,
) -> tuple[Parts, Any]:
    """What `solve` gives EPANET, and the WNTR model that holds it; arguments and errors as there."""
    wanted = _checked(network, node_lps, required_m)
    curves = pump_curves or {}
    parts = choose_parts(network, reach, wanted, tank_levels_m=tank_levels_m or {}, pump_curves=curves)
    return parts, wntr_model(network, parts, wanted, links=parts.given, required_m=required_m, pump_curves=curves)


def _checked(network: WaterNetwork, node_lps: Floats, required_m: float) -> Floats:
    wanted = np.asarray(node_lps, dtype=np.float64)
    if not required_m >= LEAST_REQUIRED_M:
        raise PlanError(f"required_m: found {required_m:g}; expected at least {LEAST_REQUIRED_M:g}")
    if wanted.shape != (len(network.nodes),) or (wanted < 0).any():
        raise PlanError("node_lps: expected one number of 0 or more for each node (NaN where not known)")
    for what, ids in (("nodes", network.nodes["node"]), ("links", network.links["link"])):
        bad = [str(one) for one in ids if not _ID.fullmatch(str(one))]
        if bad or ids.duplicated().any():
            shown = ", ".join((bad or ids[ids.duplicated()].astype(str).tolist())[:5])
            raise LayerError(f"water {what}: ids EPANET cannot hold: {shown}; give unique ASCII ids of up to 31 bytes")
    return wanted


def wntr_model(
    network: WaterNetwork,
    parts: Parts,
    node_lps: Floats,
    *,
    links: Bools,
    required_m: float,
    pump_curves: PumpCurves,
) -> Any:
    """The chosen links and their nodes as a `wntr.network.WaterNetworkModel`, every number given, units L/s.

    A tank of known depth and volume is a tank, any other a surface of fixed level; valves are open throttle valves
    without loss.
    """
    import wntr

    model = wntr.network.WaterNetworkModel()
    hydraulic = model.options.hydraulic
    hydraulic.inpfile_units, hydraulic.headloss, hydraulic.demand_model = "LPS", "H-W", "PDA"
    hydraulic.minimum_pressure, hydraulic.required_pressure, hydraulic.pressure_exponent = 0.0, required_m, 0.5
    hydraulic.accuracy, hydraulic.trials, hydraulic.unbalanced = 1e-5, 200, "STOP"
    # Accuracy alone ends a tree's run after its first trial: flows start at full demand and do not change, whatever
    # the pressure. EPANET then "delivers" 2.0 L/s at 4.7 m where 10 m are required and 1.8 L/s at 8.4 m is right.
    hydraulic.flowchange = 1e-6
    model.options.time.duration = 0
    rows = np.flatnonzero(links)
    start, end = network.links["start"].to_numpy(np.int64), network.links["end"].to_numpy(np.int64)
    used = np.unique(np.concatenate([start[rows], end[rows]]))
    ids = network.nodes["node"].astype(str).tolist()
    x, y = network.nodes.geometry.x.to_numpy(), network.nodes.geometry.y.to_numpy()
    draw = np.nan_to_num(node_lps, nan=0.0) / 1000
    top, volume = (network.nodes[column].to_numpy(np.float64) for column in ("max_level_m", "volume_m3"))
    for row in used.tolist():
        place = (float(x[row]), float(y[row]))
        if not parts.fixed[row]:
            model.add_junction(ids[row], float(draw[row]), elevation=float(parts.z_m[row]), coordinates=place)
        elif parts.floor_m[row] < parts.head_m[row] < top[row] and volume[row] > 0:
            floor = float(parts.floor_m[row])
            level, depth = float(parts.head_m[row]) - floor, float(top[row]) - floor
            across = float(np.sqrt(4 * volume[row] / (np.pi * depth)))
            model.add_tank(ids[row], floor, level, 0.0, depth, across, coordinates=place)
        else:
            model.add_reservoir(ids[row], float(parts.head_m[row]), coordinates=place)
    _add_links(model, network, rows, ids, pump_curves)
    return model


def _add_links(model: Any, network: WaterNetwork, rows: np.ndarray, ids: list[str], pump_curves: PumpCurves) -> None:
    columns = ["link", "kind", "start", "end", "length_m", "inner_mm", "roughness_c"]
    pump_columns = ["pump_head_m", "pump_flow_lps", "pump_power_kw"]
    table = network.links[columns + pump_columns].iloc[rows]
    for row, (name, kind, start, end, length, inner, rough, rise, rate, power) in zip(
        rows.tolist(), table.itertuples(index=False, name=None), strict=True
    ):
        between = (str(name), ids[start], ids[end])
        if kind == "pipe":
            model.add_pipe(*between, float(length), inner / 1000, float(rough), 0.0)
        elif kind == "valve":
            # Without loss the bore decides nothing; EPANET wants one all the same.
            model.add_valve(*between, inner / 1000 if inner > 0 else _VALVE_M, "TCV", 0.0, 0.0)
        elif row in pump_curves or rise > 0:
            points = pump_curves.get(row, ((rate, rise),))
            model.add_curve(f"C{name}"[:31], "HEAD", [(lps / 1000, metres) for lps, metres in points])
            model.add_pump(*between, "HEAD", f"C{name}"[:31])
        else:
            model.add_pump(*between, "POWER", power * 1000)


class _Failure(Exception):
    """EPANET gave no answer."""


def _run(model: Any) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Heads (m), demands and flows (m3/s) by id. EPANET's files lie in a folder of their own that is removed."""
    import wntr

    # WNTR logs EPANET's warnings; without a handler Python would print them.
    logging.getLogger("wntr").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="siteplan-epanet-", ignore_cleanup_errors=True) as folder:
        simulator = wntr.sim.EpanetSimulator(model)
        try:
            results = simulator.run_sim(file_prefix=str(Path(folder) / "network"))
        except (wntr.epanet.exceptions.EpanetException, OSError, ValueError) as error:
            raise _Failure(str(error)) from error
    nodes, links = results.node, results.link
    return nodes["head"].iloc[0], nodes["demand"].iloc[0], links["flowrate"].iloc[0]


def _doubtful(
    network: WaterNetwork, parts: Parts, links: Bools, head: Floats, supplied: Floats, due: Floats, flow: Floats
) -> dict[int, str]:
    """Parts in which a node's balance, its draw (`due` by its pressure) or a pipe's loss does not hold."""
    rows = np.flatnonzero(links)
    table = network.links
    start, end = table["start"].to_numpy(np.int64)[rows], table["end"].to_numpy(np.int64)[rows]
    rate, n = flow[rows], len(head)
    through = np.bincount(end, np.abs(rate), n) + np.bincount(start, np.abs(rate), n)
    rest = np.bincount(end, rate, n) - np.bincount(start, rate, n) - np.nan_to_num(supplied, nan=0.0)
    node_bad = ~parts.fixed & ~(np.abs(rest) <= 1e-3 + 1e-3 * through)
    node_bad |= ~parts.fixed & (np.abs(np.nan_to_num(supplied - due, nan=0.0)) > 1e-3 + 1e-3 * np.nan_to_num(due))
    length, inner, rough = (table[name].to_numpy(np.float64)[rows] for name in ("length_m", "inner_mm", "roughness_c"))
    pipe = (table["kind"] == "pipe").to_numpy()[rows]
    with np.errstate(invalid="ignore"):
        loss = _HW * rough**-1.852 * (inner / 1000) ** -4.871 * length * (np.abs(rate) / 1000) ** 1.852
        drop = head[start] - head[end]
        bad = pipe & ~(np.abs(drop - np.sign(rate) * loss) <= 0.02 + 0.01 * loss)
    bad |= node_bad[start] | node_bad[end]
    return dict.fromkeys(np.unique(parts.part[rows[bad]]).tolist(), "not_converged")


def _forget(
    network: WaterNetwork, parts: Parts, failed: Mapping[int, str], head: Floats, supplied: Floats, flow: Floats
) -> None:
    """Take back what failed parts were given."""
    out = np.isin(parts.part, list(failed))
    flow[out] = np.nan
    at = np.zeros(len(head), dtype=bool)
    for ends in ("start", "end"):
        at[network.links[ends].to_numpy(np.int64)[out]] = True
    head[at & ~parts.fixed], supplied[at] = np.nan, np.nan


def _velocity(network: WaterNetwork, flow: Floats) -> Floats:
    inner = network.links["inner_mm"].to_numpy(np.float64) / 1000
    inner[(network.links["kind"] == "pump").to_numpy()] = np.nan
    return np.abs(flow) / 1000 / (np.pi / 4 * inner**2)
