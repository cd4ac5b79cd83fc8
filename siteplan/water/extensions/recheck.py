"""The second opinion: designed trees as one EPANET model, heads compared with those of the design.

wntr is imported only here and only when asked. A break-pressure tank becomes a demand on one side and a reservoir on
the other, a pump its one-point curve.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.tree import Tree

AGREES_M = 0.05
"""Heads nearer than this agree."""


@dataclass(frozen=True)
class Check:
    """status "agrees", "differs", "failed" (EPANET gave no answer) or "not_run" (no EPANET here, or no design).

    worst_m: greatest difference of heads, NaN where there is none; message: what EPANET said.
    """

    status: str
    worst_m: float
    message: str = ""


def recheck(trees: Sequence[Tree], catalogue: Catalogue) -> list[Check]:
    """Each tree's heads by EPANET against its own. All in one model; one by one where that one fails."""
    built = [k for k, tree in enumerate(trees) if tree.pieces]
    checks = [Check("not_run", np.nan) if tree.failure else Check("agrees", 0.0) for tree in trees]
    if not built:
        return checks
    try:
        import wntr
    except (ImportError, OSError) as error:
        for k in built:
            checks[k] = Check("not_run", np.nan, str(error))
        return checks
    answers = _run(wntr, [trees[k] for k in built], catalogue)
    if isinstance(answers, str) and len(built) > 1:
        singly = [_run(wntr, [trees[k]], catalogue) for k in built]
        answers = [Check("failed", np.nan, one) if isinstance(one, str) else one[0] for one in singly]
    elif isinstance(answers, str):
        answers = [Check("failed", np.nan, answers)]
    for k, check in zip(built, answers, strict=True):
        checks[k] = check
    return checks


def _run(wntr: Any, trees: Sequence[Tree], catalogue: Catalogue) -> list[Check] | str:
    network = wntr.network.WaterNetworkModel()
    network.options.hydraulic.inpfile_units = "LPS"
    network.options.hydraulic.headloss = "H-W"
    network.options.hydraulic.demand_model = "DDA"
    network.options.hydraulic.accuracy = 1e-5
    network.options.time.duration = 0
    wanted = [_put(network, f"T{k}", tree, catalogue) for k, tree in enumerate(trees)]
    with tempfile.TemporaryDirectory(prefix="siteplan-water-") as folder:
        try:
            results = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=str(Path(folder) / "check"))
        except (wntr.epanet.exceptions.EpanetException, OSError, RuntimeError) as error:
            return f"{type(error).__name__}: {error}"
    found = results.node["head"].iloc[0]
    checks = []
    for heads in wanted:
        theirs = found.reindex(list(heads)).to_numpy(dtype=np.float64)
        difference = np.abs(theirs - np.array(list(heads.values())))
        worst = float(difference.max()) if len(difference) else 0.0
        checks.append(Check("agrees" if worst <= AGREES_M else "differs", worst))
    return checks


def _put(network: Any, name: str, tree: Tree, catalogue: Catalogue) -> dict[str, float]:
    """Put a tree into the model; the head that its design has at each junction. Ids are ASCII and short: EPANET's limit
    is 31 bytes."""
    points, works, pipes = tree.points, tree.works, catalogue.pipes
    n = len(points)
    draw = np.where(points.served, points.lps, 0.0)
    passed = np.zeros(n)
    np.add.at(passed, points.parent[1:], points.lps[1:])
    draw = np.where(points.served, points.lps - passed, 0.0)
    draw = np.where(works.tank_at, draw + passed, draw)
    network.add_reservoir(f"{name}R", base_head=points.head_m)
    heads: dict[str, float] = {}
    for k in np.flatnonzero(works.tank_at).tolist():
        network.add_reservoir(f"{name}B{k}", base_head=float(points.z_m[k]) + works.depth_m)
    for piece in tree.pieces:
        stop = f"{name}N{piece.stop}"
        flow = float(draw[piece.stop]) if piece.stop < n else 0.0
        network.add_junction(stop, base_demand=flow / 1000.0, elevation=piece.z_stop_m)
        heads[stop] = piece.head_stop_m
    for number, piece in enumerate(tree.pieces):
        start = f"{name}N{piece.start}"
        if piece.start == 0:
            start = f"{name}R"
        elif piece.start < n and works.tank_at[piece.start]:
            start = f"{name}B{piece.start}"
        point = piece.first_point
        if works.pump_at[point] and piece.start == points.parent[point]:
            lift, flow = float(works.pump_head_m[point]), piece.lps / 1000.0
            network.add_junction(f"{name}P{point}", base_demand=0.0, elevation=piece.z_start_m)
            network.add_curve(f"{name}C{point}", "HEAD", [(flow, lift)])
            network.add_pump(f"{name}L{point}", start, f"{name}P{point}", "HEAD", f"{name}C{point}")
            start = f"{name}P{point}"
            heads[start] = piece.head_start_m
        network.add_pipe(
            f"{name}E{number}",
            start,
            f"{name}N{piece.stop}",
            length=piece.length_m,
            diameter=float(pipes.inner_mm[piece.pipe]) / 1000.0,
            roughness=float(pipes.roughness_c[piece.pipe]),
            minor_loss=0.0,
        )
    return heads
