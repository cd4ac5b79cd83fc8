"""Power lines on the map: fed, cut off, passing by, of unknown voltage."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.cartography.names import SHOWN_NAME, name_columns, with_shown_name
from siteplan.cartography.page import DrawOrder, MapClass, MapLayer
from siteplan.language import Texts

LINE_FIELDS = ("id", "voltage_kv", "state_text", "supplies_text", "fed_text", "length_m")
STATES = (
    ("high_voltage", "#3D1F6B", "14 2 2 2", 2.2),
    ("fed", "#7B2CBF", "12 2 2 2", 1.6),
    ("unknown", "#9A9A1F", "1 4", 1.8),
    ("cut_off", "#F06292", "6 4", 2.0),
)
"""Key, colour, dash, width: lines that pass hamlets by; fed ones that supply, or may, for their voltage is not known;
lines that are not fed. Dash-dotted as on printed maps: roads and pipes in use are whole."""


def line_states(reach_lines: pd.DataFrame) -> np.ndarray:
    """Key of `STATES` for each line of `PowerReach.lines`."""
    supplies = reach_lines["supplies"].to_numpy(dtype=object)
    fed = reach_lines["fed"].to_numpy(dtype=bool)
    # A line of high voltage supplies nobody, fed or not; of one that is not fed the voltage does not matter.
    return np.select([supplies == "no", ~fed, supplies == "unknown"], ["high_voltage", "cut_off", "unknown"], "fed")


def power_layers(lines: gpd.GeoDataFrame, reach_lines: pd.DataFrame, texts: Texts) -> list[MapLayer]:
    """The power lines by state, not shown at first; nothing where no line has a place.

    Parameters
    ----------
    lines
        The layer of power lines; `reach_lines` is `PowerReach.lines` on its index.

    Raises
    ------
    ValueError
        If the two have not the same index.
    """
    if not lines.index.equals(reach_lines.index):
        raise ValueError("power lines and power reach have not the same index")
    table = with_shown_name(lines, texts)
    state, fed = line_states(reach_lines), reach_lines["fed"].to_numpy(dtype=bool)
    table = table.assign(
        shown_state=state,
        state_text=[texts(f"power.map.state.{one}") for one in state],
        supplies_text=[texts(f"power.answer.{one}") for one in reach_lines["supplies"]],
        fed_text=[texts(f"power.answer.{'yes' if one else 'no'}") for one in fed],
        length_m=table.geometry.length,
    )
    table = table[(reach_lines["component"] >= 0).to_numpy()].reset_index(drop=True)
    if not len(table):
        return []
    return [
        MapLayer(
            key="power_lines",
            title=texts("power.map.lines"),
            table=table,
            classes=tuple(
                MapClass(key, texts(f"power.map.state.{key}"), colour, dash=dash, weight=weight)
                for key, colour, dash, weight in STATES
            ),
            class_column="shown_state",
            theme_title=texts("power.map.by_state"),
            fields=_fields(table, LINE_FIELDS, texts),
            title_column=SHOWN_NAME,
            search_columns=name_columns(table),
            shown=False,
            z=DrawOrder.WATER,
        )
    ]


def _fields(table: pd.DataFrame, names: Sequence[str], texts: Texts) -> tuple[tuple[str, str], ...]:
    """The columns that hold anything, with their labels; `X_text` has the label of the column it words."""
    kept = [name for name in names if (table[name].notna() & (table[name].astype("object") != "")).any()]
    return tuple((name, texts(f"power.column.{name.removesuffix('_text')}")) for name in kept)
