"""New water projects on the map: pipes by what becomes of their project, and the works on them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.cartography.page import DrawOrder, MapClass, MapLayer
from siteplan.language import Texts

PIPE_FIELDS = (
    "project", "rank", "source", "state_text", "people", "project_cost", "cost_per_person", "material", "dn_mm",
    "length_m", "lps", "velocity_ms", "least_m", "rest_m", "corridor_text",
)  # fmt: skip
WORK_FIELDS = ("project", "source", "z_m", "lps", "head_m", "kw", "cost")
FATES = (
    ("failed", "#7A0019", "2 5", 3.0),
    ("not_chosen", "#8A8D91", "9 5", 3.0),
    ("marginal", "#00A6A6", "12 4 3 4", 4.0),
    ("sound", "#1B9E77", "", 4.0),
)
"""Of a project: EPANET or gravity refuses it; beyond the budget or too dear; chosen, with less head to spare than
heights may err; chosen."""
WORKS = (
    ("pump", "#B8005C", "star", 7.0),
    ("tank", "#00838F", "square", 6.0),
    ("tap", "#6D4C41", "diamond", 6.0),
)


def fates(table: pd.DataFrame) -> np.ndarray:
    """Which of `FATES` each row's project has; columns state and chosen."""
    state = table["state"].to_numpy(dtype=object)
    return np.where(state == "failed", "failed", np.where(table["chosen"].to_numpy(dtype=bool), state, "not_chosen"))


def extension_layers(pipes: gpd.GeoDataFrame, works: gpd.GeoDataFrame, texts: Texts) -> list[MapLayer]:
    """`drawn_pipes` and `drawn_works`, sources by name; none where nothing is proposed."""
    found = []
    if len(pipes):
        shown = pipes.assign(
            fate=fates(pipes),
            state_text=[texts(f"webmap.extension.fate.{one}") for one in fates(pipes)],
            corridor_text=[texts(f"water.extension.corridor.{one}") for one in pipes["corridor"]],
            **{name: pipes[name].round() for name in ("project_cost", "cost_per_person")},
        ).reset_index(drop=True)
        classes = tuple(
            MapClass(key, texts(f"webmap.extension.fate.{key}"), colour, dash=dash, weight=weight)
            for key, colour, dash, weight in FATES
        )
        found.append(
            MapLayer(
                key="water_extensions",
                title=texts("webmap.extension.pipes"),
                table=shown,
                classes=classes,
                class_column="fate",
                fields=_fields(PIPE_FIELDS, texts),
                title_column="project",
                search_columns=("project", "source"),
                z=DrawOrder.WAYS + 2,
            )
        )
    if len(works):
        found.append(
            MapLayer(
                key="water_extension_works",
                title=texts("webmap.extension.works"),
                table=works.assign(cost=works["cost"].round()).reset_index(drop=True),
                classes=tuple(
                    MapClass(key, texts(f"water.extension.kind.{key}"), colour, shape=shape, size=size)  # type: ignore[arg-type]
                    for key, colour, shape, size in WORKS
                ),
                class_column="kind",
                fields=_fields(WORK_FIELDS, texts),
                title_column="project",
                search_columns=("project",),
                z=DrawOrder.WAYS + 3,
            )
        )
    return found


def _fields(names: tuple[str, ...], texts: Texts) -> tuple[tuple[str, str], ...]:
    return tuple((name, texts(f"water.extension.column.{name.removesuffix('_text')}")) for name in names)
