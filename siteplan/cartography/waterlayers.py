"""Water on the map: pipes by state, sources, tanks and taps, as the analysis joined them."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.cartography.page import DrawOrder, MapClass, MapLayer
from siteplan.language import Texts

LINK_FIELDS = (
    "line_id", "name", "state_text", "dn_mm", "inner_mm", "length_m", "flow_lps", "velocity_mps", "static_m", "pn_m",
)  # fmt: skip
NODE_FIELDS = (
    "point_id", "detail_text", "z_m", "head_m", "yield_m3_per_day", "volume_m3", "floor_m", "max_level_m", "pressure_m",
    "static_m",
)  # fmt: skip
STATES = (
    ("reached", "#1565C0", "", 2.4),
    ("dry", "#D55E00", "8 4", 2.4),
    ("broken", "#7A0019", "2 4", 2.4),
    ("closed", "#8E6C8A", "10 3 2 3", 2.0),
    ("planned", "#4C9A52", "10 6", 2.0),
)
"""Pipes: in service and water comes; in service, but none comes; the states that the layer says."""
POINTS = (
    ("source", "#0B3C6F", "triangle", 5.5),
    ("tank", "#00838F", "square", 5.0),
    ("tap", "#6D4C41", "diamond", 5.0),
)


def water_layers(
    nodes: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    reached: pd.DataFrame,
    heads: pd.DataFrame,
    flows: pd.DataFrame,
    texts: Texts,
) -> list[MapLayer]:
    """The network's links and its points of water.

    Parameters
    ----------
    nodes, links
        `WaterNetwork.nodes` and `links`.
    reached
        `Reach.links`; `heads` and `flows` are `Hydraulics.nodes` and `links`.
    """  # fmt: skip
    state = links["state"].to_numpy(dtype=object)
    shown = np.where(state != "open", state, np.where(reached["reached"].to_numpy(dtype=bool), "reached", "dry"))
    pipes = links.assign(
        shown_state=shown,
        state_text=[texts(f"webmap.water.state.{one}") for one in shown],
        **{name: flows[name].to_numpy() for name in ("flow_lps", "velocity_mps", "static_m")},
    ).reset_index(drop=True)
    classes = tuple(
        MapClass(key, texts(f"webmap.water.state.{key}"), colour, dash=dash, weight=weight)
        for key, colour, dash, weight in STATES
    )
    found = [
        MapLayer(
            key="water_network",
            title=texts("webmap.water.network"),
            table=pipes,
            classes=classes,
            class_column="shown_state",
            fields=_fields(pipes, LINK_FIELDS, texts),
            title_column="name",
            search_columns=("line_id",),
            z=DrawOrder.WATER,
        )
    ]
    kinds = [key for key, *_ in POINTS]
    at = nodes["kind"].isin(kinds).to_numpy()
    if at.any():
        detail = [texts.get(f"water.network.{one}", str(one)) for one in nodes["detail"][at]]
        points = nodes[at].assign(detail_text=detail, pressure_m=heads["pressure_m"].to_numpy()[at],
                                  static_m=heads["static_m"].to_numpy()[at]).reset_index(drop=True)  # fmt: skip
        found.append(
            MapLayer(
                key="water_nodes",
                title=texts("webmap.water.points"),
                table=points,
                classes=tuple(
                    MapClass(key, texts(f"water.network.{key}"), colour, shape=shape, size=size)  # type: ignore[arg-type]
                    for key, colour, shape, size in POINTS
                ),
                class_column="kind",
                fields=_fields(points, NODE_FIELDS, texts),
                title_column="name",
                search_columns=("name", "point_id"),
                z=DrawOrder.WATER + 1,
            )
        )
    return found


def _fields(table: pd.DataFrame, names: Sequence[str], texts: Texts) -> tuple[tuple[str, str], ...]:
    """The columns that hold anything, with their labels."""
    kept = [name for name in names if name in table.columns and (table[name].notna() & (table[name] != "")).any()]
    return tuple((name, texts(f"webmap.water.column.{name.removesuffix('_text')}")) for name in kept)
