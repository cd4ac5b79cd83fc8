"""What the finished network lacks: sources, hamlets, heights, what pumps need to be known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.layers.findings import findings_of
from siteplan.network.ragged import Bools
from siteplan.water.assembly import Tables
from siteplan.water.notes import Notes


def content_findings(
    tables: Tables, connections: pd.DataFrame, lines: gpd.GeoDataFrame, points: gpd.GeoDataFrame, line_notes: Notes,
    point_notes: Notes, *, heights_given: bool,
) -> list[pd.DataFrame]:  # fmt: skip
    """Findings of the network as a whole; those of single pumps go to the notes of their layer."""
    _pumps(tables, lines, points, line_notes, point_notes)
    return [*_sources(tables), *_hamlets(tables, connections), *_heights(tables, heights_given=heights_given)]


def _pumps(
    tables: Tables, lines: gpd.GeoDataFrame, points: gpd.GeoDataFrame, line_notes: Notes, point_notes: Notes
) -> None:
    links = tables.links
    pump = (links["kind"] == "pump").to_numpy()
    curve = links[["pump_head_m", "pump_flow_lps"]].notna().all(axis=1).to_numpy()
    bare = pump & ~curve & links["pump_power_kw"].isna().to_numpy()
    device = np.arange(len(links)) >= len(tables.piece)
    for notes, table, own in ((line_notes, lines, ~device), (point_notes, points, device)):
        for code, action, which in (
            ("water.pump_unknown", "noted", bare),
            ("water.pump_turned", "repaired", tables.turned),
            ("water.pump_direction", "defaulted", tables.unsure),
        ):
            if not (which & own).any():
                continue
            rows = np.unique(links["row"].to_numpy()[which & own])
            notes.each(code, action, np.isin(table["row"].to_numpy(), rows), field="kind")  # type: ignore[arg-type]


def _sources(tables: Tables) -> list[pd.DataFrame]:
    """No source at all; or parts of the network that have none, each at its first pipe."""
    nodes, links = tables.nodes, tables.links
    if not len(links):
        return []
    if not (nodes["kind"] == "source").any():
        return [findings_of("water_points", "water.no_source", "noted", n=1, field="kind")]
    wet = nodes.loc[nodes["kind"] == "source", "component"].unique()
    part = links["component"].to_numpy()
    rows = np.flatnonzero(~np.isin(part, wet))
    if not len(rows):
        return []
    _, first, of = np.unique(part[rows], return_index=True, return_inverse=True)
    m = np.bincount(of.ravel(), links["plan_m"].to_numpy()[rows])
    n = pd.Series(links["line_id"].to_numpy()[rows]).groupby(of.ravel()).nunique()
    at = links.iloc[rows[first]]
    xy = nodes.geometry.iloc[at["start"]]
    found = findings_of(
        "water_lines", "water.part_without_source", "noted", n=len(at), rows=at["row"], ids=at["line_id"],
        field="geometry", xs=xy.x, ys=xy.y,
        each=[{"n": int(k), "m": f"{k_m:.0f}"} for k, k_m in zip(n, m, strict=True)],
    )  # fmt: skip
    return [found]


def _hamlets(tables: Tables, connections: pd.DataFrame) -> list[pd.DataFrame]:
    if not len(connections) or not len(tables.links) or (connections["node"] >= 0).any():
        return []
    return [findings_of("water_lines", "water.no_hamlet_near", "noted", n=1, field="geometry")]


def _heights(tables: Tables, *, heights_given: bool) -> list[pd.DataFrame]:
    """One finding for all nodes whose height nothing tells, at the first of them."""
    missing: Bools = tables.nodes["z_m"].isna().to_numpy()
    n = int(missing.sum())
    if not n:
        return []
    spot = tables.nodes.geometry.iloc[int(np.argmax(missing))]
    code = "water.heights_missing" if heights_given else "water.no_heights"
    found = findings_of(
        "water_lines",
        code,
        "noted",
        n=1,
        field="geometry",
        xs=[spot.x],
        ys=[spot.y],
        values={"n": n, "of": len(missing)},
    )
    return [found]
