"""The two tables that a design reads, checked: sources with water to spare, and hamlets that have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from siteplan.errors import LayerError
from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.extensions.corridors import Corridors

SOURCE_COLUMNS = ("node", "head_m", "spare_lps")
HAMLET_COLUMNS = ("node", "peak_lps", "people", "service_head_m")


@dataclass(frozen=True)
class Sources:
    """Usable sources in the order of their ids, (s,): id, node, head_m at peak, rest_m at rest, spare_lps."""

    id: tuple[str, ...]
    node: Ints
    head_m: Floats
    rest_m: Floats
    spare_lps: Floats


@dataclass(frozen=True)
class Hamlets:
    """Hamlets in the order of their ids, (k,).

    id; row in the caller's table; node (-1 none); lps; people (NaN unknown); service_m; reason: "" or why a hamlet
    cannot be planned for ("no_place", "demand_unknown", "height_unknown").
    """

    id: tuple[str, ...]
    row: Ints
    node: Ints
    lps: Floats
    people: Floats
    service_m: Floats
    reason: tuple[str, ...]

    @property
    def known(self) -> Bools:
        """Hamlets that can be planned for, (k,)."""
        return np.array([not reason for reason in self.reason], dtype=bool)


def read_sources(table: pd.DataFrame, corridors: Corridors) -> tuple[Sources, int]:
    """Sources from a table indexed by id: node, head_m, spare_lps, and if it has it rest_head_m (default head_m).

    Returns the usable ones and the number of others (unknown head, spare flow, place or ground; nothing to spare).

    Raises
    ------
    LayerError
        Columns missing, ids twice, nodes that do not exist, head at rest under the head at peak.
    """
    _check(table, "sources", SOURCE_COLUMNS, corridors.n_nodes)
    head, spare = _numbers(table, "head_m"), _numbers(table, "spare_lps")
    rest = _numbers(table, "rest_head_m") if "rest_head_m" in table.columns else head
    rest = np.where(np.isfinite(rest), rest, head)
    under = np.flatnonzero(rest < head - 1e-6)
    if len(under):
        raise LayerError(f"sources: rest_head_m under head_m: {_first(table, under)}; water at rest stands higher")
    node = _nodes(table)
    ground = np.where(node >= 0, corridors.z_m[np.maximum(node, 0)], np.nan) if corridors.n_nodes else head * np.nan
    usable = np.isfinite(head) & (spare > 0) & (node >= 0) & np.isfinite(ground)
    order = _by_id(table)
    order = order[usable[order]]
    ids = tuple(str(table.index[k]) for k in order)
    return Sources(ids, node[order], head[order], rest[order], spare[order]), int((~usable).sum())


def read_hamlets(table: pd.DataFrame, corridors: Corridors) -> Hamlets:
    """Hamlets from a table indexed by id: node, peak_lps, people, service_head_m. NaN is unknown, node -1 no place.

    Raises
    ------
    LayerError
        Columns missing, ids twice, nodes that do not exist, negative people, flows or heads.
    """
    _check(table, "hamlets", HAMLET_COLUMNS, corridors.n_nodes)
    lps, people, service = (_numbers(table, name) for name in HAMLET_COLUMNS[1:])
    for name, values in (("peak_lps", lps), ("people", people), ("service_head_m", service)):
        bad = np.flatnonzero(values < 0)
        if len(bad):
            raise LayerError(f"hamlets: {name} is negative: {_first(table, bad)}")
    node = _nodes(table)
    order = _by_id(table)
    reason = []
    for k in order:
        if node[k] < 0:
            reason.append("no_place")
        elif not (lps[k] > 0 and np.isfinite(service[k])):
            reason.append("demand_unknown")
        elif not np.isfinite(corridors.z_m[node[k]]):
            reason.append("height_unknown")
        else:
            reason.append("")
    ids = tuple(str(table.index[k]) for k in order)
    return Hamlets(ids, order, node[order], lps[order], people[order], service[order], tuple(reason))


def _check(table: pd.DataFrame, name: str, columns: tuple[str, ...], n_nodes: int) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise LayerError(f"{name}: columns missing: {', '.join(missing)}")
    twice = np.flatnonzero(table.index.duplicated())
    if len(twice):
        raise LayerError(f"{name}: ids twice: {_first(table, twice)}")
    node = _nodes(table)
    bad = np.flatnonzero((node < -1) | (node >= n_nodes))
    if len(bad):
        raise LayerError(f"{name}: nodes that the corridors do not have: {_first(table, bad)}")


def _first(table: pd.DataFrame, rows: Ints) -> str:
    return f"{', '.join(str(table.index[k]) for k in rows[:3])} ({len(rows)} in all)"


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _nodes(table: pd.DataFrame) -> Ints:
    return np.nan_to_num(_numbers(table, "node"), nan=-1.0).astype(np.int64)


def _by_id(table: pd.DataFrame) -> Ints:
    return np.array(sorted(range(len(table)), key=lambda k: str(table.index[k])), dtype=np.int64)
