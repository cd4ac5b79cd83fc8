"""What lies around the answers: townships by share served, boundaries, water, power, exclusions, sites, projects."""

from __future__ import annotations

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.cartography.names import SHOWN_NAME, name_columns, placed, with_shown_name, word_classes
from siteplan.cartography.page import DrawOrder, MapClass, MapLayer, MapTheme
from siteplan.cartography.roadlayers import fields_of
from siteplan.language import Texts
from siteplan.layers.contract import contract
from siteplan.layers.layerset import LayerSet
from siteplan.palette import EXCLUSIONS, SHARES, STAGES

TOWNSHIP_FIELDS = (
    "hamlets", "served", "not_served", "unknown", "rate_text", "households", "households_served", "people",
    "people_served", "to_harden_m", "to_build_m",
)  # fmt: skip


def ground_layers(
    layers: LayerSet,
    coverage: pd.DataFrame,
    projects: gpd.GeoDataFrame | None,
    texts: Texts,
    *,
    planned: pd.DataFrame | None,
) -> list[MapLayer]:
    """Every layer that is not the road analysis's own, from the ground up; those without a place are left out.

    `coverage` is the analysis's, `planned` the townships when the projects are done (`Comparison.townships`).
    """
    shown = _townships(layers, coverage, planned, texts)
    for name, colour, hatch in EXCLUSIONS:
        look = MapClass(name, _title(name, texts), colour, fill_opacity=0.12, weight=1.2, hatch=hatch)  # type: ignore[arg-type]
        shown += _plain(layers, name, texts, look, order=DrawOrder.AREAS + 1, on=False)
    shown += _plain(layers, "rivers", texts, MapClass("rivers", _title("rivers", texts), "#6BAED6", weight=1.6,
                    fill_opacity=0.35), order=DrawOrder.AREAS)  # fmt: skip
    shown += _plain(layers, "power_lines", texts, MapClass("power_lines", _title("power_lines", texts), "#7B5EA7",
                    weight=1.2, dash="10 3 2 3"), order=DrawOrder.WATER, on=False)  # fmt: skip
    shown += _worded(layers, "water_lines", "status", texts, DrawOrder.WATER, key="word", weight=1.8)
    shown += _worded(layers, "water_points", "kind", texts, DrawOrder.WATER + 1, key="water_points_kind", size=4.0)
    shown += _sites(layers, texts)
    shown += _projects(projects, texts)
    shown += _centres(layers, texts)
    return shown


def _title(name: str, texts: Texts) -> str:
    return texts(f"webmap.county.{name}")


def contract_fields(name: str, table: pd.DataFrame, texts: Texts) -> tuple[tuple[str, str], ...]:
    """The columns of a layer's contract that hold anything, with the labels its manual has."""
    columns = contract(name).columns
    return tuple(
        (column, _SHORT.split(own.en if texts.language == "en" else own.zh)[0])
        for column, own in columns.items()
        if column in table.columns and column not in ("name", "name_en") and _holds_any(table[column])
    )


_SHORT = re.compile("[，,：:；;（(]")
"""What a manual says of a column goes on; its first words are the column's label."""


def place_names(layers: LayerSet, texts: Texts) -> tuple[tuple[str, str], ...]:
    """Names of places as the tables write them, and as the page's language does where the boundaries know it."""
    table = layers.table("boundaries")
    if texts.language != "en" or "name_en" not in table.columns:
        return ()
    known = table[(table["name"] != "") & (table["name_en"].fillna("") != "")]
    return tuple(zip(known["name"], known["name_en"], strict=True))


def _holds_any(column: pd.Series) -> bool:
    return bool((column.notna() & (column.astype("object") != "")).any())


def _townships(layers: LayerSet, coverage: pd.DataFrame, planned: pd.DataFrame | None, texts: Texts) -> list[MapLayer]:
    table = placed(layers.table("boundaries"))
    if not len(table):
        return []
    towns = coverage[coverage["level"] == "township"].set_index("township")
    shaded = table["name"].isin(towns.index) & ~table["kind"].isin(["county", "village"])
    found = []
    if shaded.any():
        own = table[shaded].reset_index(drop=True)
        now = _shaded(own, towns, texts)
        found.append(now if planned is None else replace(now, side="now"))
        if planned is not None:
            title = _title("townships_planned", texts)
            then = replace(
                _shaded(own, _when_done(planned), texts), key="townships_planned", title=title, side="planned"
            )
            found.append(replace(then, search_columns=()))
    if (~shaded).any():
        rest = with_shown_name(table[~shaded].reset_index(drop=True), texts)
        title = _title("boundaries", texts)
        look = MapClass("boundaries", title, "#3A3F47", weight=1.8, fill_opacity=0.0, dash="10 3 2 3")
        found.append(MapLayer("boundaries", title, rest, (look,), title_column=SHOWN_NAME, z=DrawOrder.BOUNDARIES + 1))
    return found


def _when_done(planned: pd.DataFrame) -> pd.DataFrame:
    """The townships when the projects are done, under the names that the analysis's coverage has."""
    table = planned.set_index("township")
    served = table["served_planned"]
    return pd.DataFrame(
        {
            "hamlets": table["hamlets"],
            "served": served,
            "not_served": table["hamlets"] - served - table["unknown"],
            "unknown": table["unknown"],
            "rate": served / table["hamlets"],
            "households": table["households"],
            "households_served": table["households_planned"],
            "people": table["people"],
            "people_served": table["people_planned"],
        }
    )


def _shaded(table: gpd.GeoDataFrame, towns: pd.DataFrame, texts: Texts) -> MapLayer:
    own = towns.reindex(table["name"]).reset_index(drop=True)
    table = with_shown_name(table, texts).assign(**{name: own[name] for name in TOWNSHIP_FIELDS if name in own.columns})
    rate = own["rate"].to_numpy(dtype=float)
    edges = np.array([top for _, top, _ in SHARES])
    keys = np.array([key for key, _, _ in SHARES], dtype=object)[np.searchsorted(edges[:-1], rate, side="right")]
    table = table.assign(
        share=np.where(np.isnan(rate), "", keys),
        rate_text=[texts("webmap.county.unknown_share") if np.isnan(one) else f"{100 * one:.1f} %" for one in rate],
        shown_count=[
            texts("webmap.county.without_label", name=name, n=int(n))
            for name, n in zip(table[SHOWN_NAME], own["not_served"], strict=True)
        ],
    )
    title = _title("townships", texts)
    classes = tuple(
        MapClass(key, texts(f"webmap.county.share.{key}"), colour, weight=1.2, fill_opacity=0.36, dash="6 4")
        for key, _, colour in SHARES
    )
    plain = MapClass("plain", title, "#6B7280", weight=1.2, fill_opacity=0.0, dash="6 4")
    shown = [name for name in TOWNSHIP_FIELDS if name in table.columns]
    fields = tuple((name, texts(f"roads.column.{name.removesuffix('_text')}")) for name in shown)
    return MapLayer(
        key="townships",
        title=title,
        table=table,
        classes=classes,
        class_column="share",
        theme_title=texts("webmap.county.by_share"),
        more_themes=(MapTheme("plain", texts("webmap.county.by_outline"), None, (plain,)),),
        fields=fields,
        title_column=SHOWN_NAME,
        label_column="shown_count",
        search_columns=name_columns(table),
        z=DrawOrder.BOUNDARIES,
        label_zoom=8.5,
    )


def _plain(layers: LayerSet, name: str, texts: Texts, look: MapClass, *, order: int, on: bool = True) -> list[MapLayer]:
    """A layer in one class, with the columns of its contract."""
    if name not in layers.layers:
        return []
    table = with_shown_name(placed(layers.table(name)), texts)
    if not len(table):
        return []
    return [
        MapLayer(
            key=name,
            title=_title(name, texts),
            table=table,
            classes=(look,),
            fields=contract_fields(name, table, texts),
            title_column=SHOWN_NAME,
            search_columns=name_columns(table),
            shown=on,
            z=order,
        )
    ]


def _worded(
    layers: LayerSet,
    name: str,
    column: str,
    texts: Texts,
    order: int,
    *,
    key: str,
    weight: float = 3.0,
    size: float = 6.0,
) -> list[MapLayer]:
    """A layer sorted by the words of a column."""
    found = _plain(layers, name, texts, MapClass(name, "", "#1B9AAA"), order=order)
    if not found:
        return []
    table = found[0].table
    classes = word_classes(table[column], texts, key=f"webmap.county.{key}", weight=weight, size=size)
    return [
        MapLayer(
            key=name,
            title=found[0].title,
            table=table,
            classes=classes,
            class_column=column,
            fields=found[0].fields,
            title_column=SHOWN_NAME,
            search_columns=found[0].search_columns,
            shown=False,
            z=order,
        )
    ]


def _sites(layers: LayerSet, texts: Texts) -> list[MapLayer]:
    look = MapClass("sites", "", "#7A3E9D")
    found = _plain(layers, "sites", texts, look, order=DrawOrder.WATER + 2)
    if not found:
        return []
    table = found[0].table
    table = table.assign(choice=np.where(table["chosen"].fillna(False).astype(bool), "chosen", "candidate"))
    look = MapClass("candidate", texts("webmap.county.site.candidate"), "#9B72B8", "triangle", "", 1.8, 0.4, 6.0)
    chosen = texts("webmap.county.site.chosen")
    classes = (look, replace(look, key="chosen", label=chosen, colour="#5B1A86", shape="square", hatch="cross"))
    return [
        MapLayer(
            key="sites",
            title=found[0].title,
            table=table,
            classes=classes,
            class_column="choice",
            fields=found[0].fields,
            title_column=SHOWN_NAME,
            search_columns=found[0].search_columns,
            township_column="township" if _holds_any(table["township"]) else None,
            z=DrawOrder.WATER + 2,
            label_zoom=13,
        )
    ]


def _projects(projects: gpd.GeoDataFrame | None, texts: Texts) -> list[MapLayer]:
    if projects is None or not len(projects):
        return []
    table = with_shown_name(projects.reset_index(drop=True), texts)
    classes = tuple(
        MapClass(one.key, texts(f"projects.stage.{one.key}"), one.colour, shape=one.shape, size=5.5, weight=4.0,
                 fill_opacity=0.5)
        for one in STAGES
    )  # fmt: skip
    return [
        MapLayer(
            key="projects",
            title=_title("projects", texts),
            table=table,
            classes=classes,
            class_column="stage_key",
            theme_title=texts("webmap.county.by_stage"),
            fields=contract_fields("projects", table, texts),
            title_column=SHOWN_NAME,
            search_columns=name_columns(table),
            township_column="township" if _holds_any(table["township"]) else None,
            shown=False,
            z=DrawOrder.WAYS + 2,
        )
    ]


def _centres(layers: LayerSet, texts: Texts) -> list[MapLayer]:
    """Seats of county and townships with their names from afar; other centres apart, not shown at first."""
    table = with_shown_name(placed(layers.table("centres")), texts)
    kinds = [texts.get(f"webmap.county.centre_kind.{kind}", str(kind)) for kind in table["kind"]]
    table = table.assign(kind_text=pd.Series(kinds, index=table.index, dtype="object"))
    seat = table["kind"].isin(["county", "township"])
    found = []
    for key, rows, size, zoom in (("seats", table[seat], 6.0, 10.5), ("centres", table[~seat], 4.0, 13)):
        if len(rows):
            title = _title(key, texts)
            found.append(
                MapLayer(
                    key=key,
                    title=title,
                    table=rows.reset_index(drop=True),
                    classes=(MapClass(key, title, "#111111", shape="square", size=size, fill_opacity=0.9),),
                    fields=fields_of(texts, ("id", "kind_text", "township")),
                    title_column=SHOWN_NAME,
                    search_columns=name_columns(rows),
                    shown=key == "seats",
                    z=DrawOrder.POINTS + 2,
                    label_zoom=zoom,
                )
            )
    return found
