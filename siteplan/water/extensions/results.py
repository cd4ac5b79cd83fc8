"""The tables of a design: projects, pipes, works and hamlets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from siteplan.network.ragged import Bools, Ints
from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.corridors import SplitCorridors
from siteplan.water.extensions.points import Points
from siteplan.water.extensions.reach import Taps
from siteplan.water.extensions.recheck import Check
from siteplan.water.extensions.tables import Hamlets
from siteplan.water.extensions.tree import Tree

PROJECT_COLUMNS = {
    "source": "object", "state": "object", "chosen": "bool", "part": "bool", "hamlets": "int64", "people": "float64",
    "people_unknown": "int64", "cost": "float64", "cost_per_person": "float64", "pipe_cost": "float64",
    "trench_cost": "float64", "works_cost": "float64", "length_m": "float64", "lps": "float64", "needs": "object",
    "pumps": "int64", "pump_head_m": "float64", "pump_kw": "float64", "tanks": "int64", "taps": "int64",
    "spare_m": "float64", "status": "object", "bound": "float64", "gap": "float64", "failure": "object",
    "recheck": "object", "recheck_m": "float64", "recheck_message": "object", "shared_m": "float64",
}  # fmt: skip
PIPE_COLUMNS = {
    "project": "object", "edge": "int64", "from_m": "float64", "to_m": "float64", "material": "object",
    "dn_mm": "float64", "inner_mm": "float64", "pn_m": "float64", "roughness_c": "float64", "length_m": "float64",
    "pipe_cost": "float64", "trench_cost": "float64", "lps": "float64", "velocity_ms": "float64", "slow": "bool",
    "head_start_m": "float64", "head_stop_m": "float64", "z_start_m": "float64", "z_stop_m": "float64",
    "least_m": "float64", "rest_m": "float64",
}  # fmt: skip
WORKS_COLUMNS = {
    "project": "object", "kind": "object", "edge": "int64", "station_m": "float64", "node": "int64", "z_m": "float64",
    "lps": "float64", "head_m": "float64", "kw": "float64", "cost": "float64",
}  # fmt: skip
HAMLET_COLUMNS = {
    "project": "object", "served": "bool", "service": "object", "reason": "object", "source": "object",
    "head_m": "float64", "rest_m": "float64", "pump_head_m": "float64", "tap_edge": "int64", "tap_station_m": "float64",
    "tap_walk_m": "float64", "tap_climb_m": "float64",
}  # fmt: skip
"""Columns of the tables and their types, the same where a table is empty."""


@dataclass(frozen=True)
class Option:
    """One way to build a project: the whole of it or a part, with EPANET's word on it."""

    tree: Tree
    whole: bool
    check: Check = field(default_factory=lambda: Check("not_run", np.nan))

    @property
    def buildable(self) -> bool:
        """Designed, and not refuted by EPANET."""
        return not self.tree.failure and self.check.status in ("agrees", "not_run")

    def taps(self, tapped: Bools) -> list[int]:
        """Nodes where it puts public taps."""
        branch = self.tree.branch
        return sorted({node for hamlet, node in zip(branch.hamlets, branch.node, strict=True) if tapped[hamlet]})

    def cost(self, catalogue: Catalogue, tapped: Bools) -> float:
        """All of it, taps included."""
        return self.tree.cost + catalogue.prices.tap * len(self.taps(tapped))


@dataclass(frozen=True)
class Built:
    """A project by its number: the option shown, whether it is chosen, the hamlets that it leaves out, and whether it
    costs too much a person however it is built."""

    id: str
    option: Option
    chosen: bool
    left_out: tuple[int, ...]
    dear: bool = False

    @property
    def tree(self) -> Tree:
        """Its design."""
        return self.option.tree


def project_table(
    built: Sequence[Built], people: Hamlets, catalogue: Catalogue, sources: Sequence[str], tapped: Bools
) -> pd.DataFrame:
    """Projects by cost a person (unknown last), then by number."""
    users: dict[int, int] = {}
    for one in built:
        for edge, _, _ in one.tree.branch.arcs:
            users[edge] = users.get(edge, 0) + 1
    rows = [_project_row(one, people, catalogue, sources, tapped, users) for one in built]
    table = _table(rows, {"project": "object", **PROJECT_COLUMNS})
    each = table["cost_per_person"].to_numpy(dtype=np.float64)
    order = np.lexsort((np.arange(len(table)), np.where(np.isfinite(each), each, np.inf)))
    return table.iloc[order].set_index("project")


def _table(rows: list[dict[str, object]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _project_row(
    one: Built, people: Hamlets, catalogue: Catalogue, sources: Sequence[str], tapped: Bools, users: dict[int, int]
) -> dict[str, object]:
    tree, check = one.tree, one.option.check
    served = np.array(tree.branch.hamlets, dtype=np.int64)
    persons = float(np.nansum(people.people[served]))
    cost, bound = one.option.cost(catalogue, tapped), tree.bound + one.option.cost(catalogue, tapped) - tree.cost
    pumps = np.flatnonzero(tree.works.pump_at).tolist()
    lift, lps = tree.works.pump_head_m, tree.points.lps
    taps, tanks = len(one.option.taps(tapped)), int(tree.works.tank_at.sum())
    needs = [kind for kind, count in (("pump", len(pumps)), ("tank", tanks), ("tap", taps)) if count]
    marginal = not pumps and not tree.feasible.spare_m >= catalogue.limits.height_error_m
    if tree.failure or check.status in ("differs", "failed"):
        state = "failed"
    else:
        state = "marginal" if marginal and tree.pieces else "sound"
    return {
        "project": one.id,
        "source": sources[tree.branch.source],
        "state": state,
        "chosen": one.chosen,
        "part": bool(one.left_out),
        "hamlets": len(served),
        "people": persons,
        "people_unknown": int(np.isnan(people.people[served]).sum()),
        "cost": cost,
        "cost_per_person": cost / persons if persons > 0 else np.nan,
        "pipe_cost": tree.pipe_cost,
        "trench_cost": tree.trench_cost,
        "works_cost": max(round(cost - tree.pipe_cost - tree.trench_cost, 6), 0.0),
        "length_m": float(tree.points.step_m.sum()),
        "lps": float(sum(tree.branch.lps)),
        "needs": "+".join(needs),
        "pumps": len(pumps),
        "pump_head_m": float(lift[pumps].max()) if pumps else np.nan,
        "pump_kw": sum(catalogue.prices.pump_kw(float(lps[k]), float(lift[k])) for k in pumps) if pumps else 0.0,
        "tanks": tanks,
        "taps": taps,
        "spare_m": tree.feasible.spare_m,
        "status": tree.sizing.status if tree.pieces or tree.failure else "optimal",
        "bound": bound,
        "gap": max(cost - bound, 0.0) / cost if cost > 0 else 0.0,
        "failure": tree.failure,
        "recheck": check.status,
        "recheck_m": check.worst_m,
        "recheck_message": check.message,
        "shared_m": float(
            sum(tree.points.step_m[k] for k in range(1, len(lps)) if users[int(tree.points.edge[k])] > 1)
        ),
    }


def pipe_table(built: Sequence[Built], split: SplitCorridors, catalogue: Catalogue) -> pd.DataFrame:
    """Pieces of all projects, in the order of projects and of flow."""
    pipes = catalogue.pipes
    rows = []
    for one in built:
        for piece in one.tree.pieces:
            velocity = float(pipes.velocity(np.array([piece.lps]))[0, piece.pipe])
            offset = float(split.offset_m[piece.edge])
            rows.append(
                {
                    "project": one.id,
                    "edge": int(split.origin[piece.edge]),
                    "from_m": piece.from_m + offset,
                    "to_m": piece.to_m + offset,
                    "material": pipes.material[piece.pipe],
                    "dn_mm": float(pipes.dn_mm[piece.pipe]),
                    "inner_mm": float(pipes.inner_mm[piece.pipe]),
                    "pn_m": float(pipes.pn_m[piece.pipe]),
                    "roughness_c": float(pipes.roughness_c[piece.pipe]),
                    "length_m": piece.length_m,
                    "pipe_cost": piece.length_m * float(pipes.price_per_m[piece.pipe]),
                    "trench_cost": piece.trench,
                    "lps": piece.lps,
                    "velocity_ms": velocity,
                    "slow": velocity < catalogue.limits.velocity_low,
                    "head_start_m": piece.head_start_m,
                    "head_stop_m": piece.head_stop_m,
                    "z_start_m": piece.z_start_m,
                    "z_stop_m": piece.z_stop_m,
                    "least_m": piece.least_m,
                    "rest_m": piece.rest_m,
                }
            )
    return _table(rows, PIPE_COLUMNS)


def works_table(
    built: Sequence[Built], split: SplitCorridors, catalogue: Catalogue, people: Hamlets, tapped: Bools
) -> pd.DataFrame:
    """Pumps, tanks and taps of all projects."""
    prices, rows = catalogue.prices, []
    for one in built:
        points, works = one.tree.points, one.tree.works
        if one.tree.failure:
            continue
        for k in np.flatnonzero(works.pump_at).tolist():
            lps, lift = float(points.lps[k]), float(works.pump_head_m[k])
            kw = prices.pump_kw(lps, lift)
            price = prices.pump_station + kw * prices.pump_per_kw
            start = float(points.from_m[k])
            rows.append(_work(one.id, "pump", points, k, int(points.parent[k]), start, split, lps, lift, kw, price))
        for k in np.flatnonzero(works.tank_at).tolist():
            end, price = float(points.to_m[k]), prices.tank
            rows.append(_work(one.id, "tank", points, k, k, end, split, float(points.lps[k]), np.nan, np.nan, price))
        for node in one.option.taps(tapped):
            k = int(np.flatnonzero(points.node == node)[0])
            end, head = float(points.to_m[k]), _head(one.tree, k) - float(points.z_m[k])
            used = zip(one.tree.branch.hamlets, one.tree.branch.node, strict=True)
            lps = float(sum(people.lps[hamlet] for hamlet, at in used if at == node))
            rows.append(_work(one.id, "tap", points, k, k, end, split, lps, head, np.nan, prices.tap))
    return _table(rows, WORKS_COLUMNS)


def _work(
    project: str,
    kind: str,
    points: Points,
    segment: int,
    point: int,
    along: float,
    split: SplitCorridors,
    lps: float,
    head: float,
    kw: float,
    cost: float,
) -> dict[str, object]:
    edge, node = int(points.edge[segment]), int(points.node[point])
    return {
        "project": project,
        "kind": kind,
        "edge": int(split.origin[edge]) if edge >= 0 else -1,
        "station_m": along + float(split.offset_m[edge]) if edge >= 0 else np.nan,
        "node": node if node < split.old_nodes else -1,
        "z_m": float(points.z_m[point]),
        "lps": lps,
        "head_m": head,
        "kw": kw,
        "cost": cost,
    }


def _head(tree: Tree, point: int) -> float:
    return tree.points.head_m if point == 0 else float(tree.sizing.head_m[point])


def hamlet_table(
    table: pd.DataFrame,
    people: Hamlets,
    built: Sequence[Built],
    reasons: Sequence[str],
    tapped: Bools,
    beyond: Ints,
    taps: Taps,
    sources: Sequence[str],
) -> pd.DataFrame:
    """A row a hamlet, in the caller's order."""
    n = len(people.id)
    columns: dict[str, list[object]] = {
        "project": [""] * n,
        "served": [False] * n,
        "service": [""] * n,
        "reason": list(reasons),
        "source": [""] * n,
        **{name: [np.nan] * n for name in ("head_m", "rest_m", "pump_head_m")},
    }
    for one in built:
        tree, points = one.tree, one.tree.points
        unmet = "dear" if one.dear else "budget"
        why = tree.failure or ("recheck" if not one.option.buildable else "" if one.chosen else unmet)
        for hamlet, node in zip(tree.branch.hamlets, tree.branch.node, strict=True):
            columns["project"][hamlet] = one.id
            columns["source"][hamlet] = sources[tree.branch.source]
            columns["served"][hamlet] = one.chosen
            columns["reason"][hamlet] = why
            columns["service"][hamlet] = ("tap" if tapped[hamlet] else "piped") if one.chosen else ""
            if not tree.failure:
                k = int(np.flatnonzero(points.node == node)[0])
                columns["head_m"][hamlet] = _head(tree, k) - float(points.z_m[k])
                columns["rest_m"][hamlet] = _rest(tree, k)
                columns["pump_head_m"][hamlet] = _lift(tree, k)
        for hamlet in one.left_out:
            columns["project"][hamlet] = one.id
            columns["reason"][hamlet] = "left_out"
    edge, station, walk, climb = np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    edge[beyond], station[beyond], walk[beyond], climb[beyond] = taps.edge, taps.station_m, taps.walk_m, taps.climb_m
    answer = pd.DataFrame(columns)
    answer["tap_edge"], answer["tap_station_m"], answer["tap_walk_m"], answer["tap_climb_m"] = (
        edge,
        station,
        walk,
        climb,
    )
    back = np.empty(n, dtype=np.int64)
    back[people.row] = np.arange(n)
    answer = answer.iloc[back]
    answer.index = table.index
    return answer[list(HAMLET_COLUMNS)].astype(HAMLET_COLUMNS)


def _rest(tree: Tree, point: int) -> float:
    """Head at rest over the ground of a point, m."""
    z, up = tree.points.z_m, int(tree.points.parent[point])
    if point == 0:
        return float(tree.points.rest_m - z[0])
    # `rest_m` stands over the lower end of the piece that leads there.
    return float(tree.feasible.rest_m[point] + min(z[point], z[up]) - z[point])


def _lift(tree: Tree, point: int) -> float:
    """Head of the pump on the way to a point, m; NaN where gravity serves it."""
    while point > 0:
        if tree.works.pump_at[point]:
            return float(tree.works.pump_head_m[point])
        point = int(tree.points.parent[point])
    return np.nan
