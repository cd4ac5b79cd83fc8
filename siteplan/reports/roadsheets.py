"""The road analysis as the sheets of `tables.xlsx`, and the list of hamlets without a hardened road."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.reports.workbook import Sheet
from siteplan.roads.analysis import RoadResult

WITHOUT_COLUMNS = (
    "id", "name", "village", "township", "households", "people", "road_status", "reason", "access_dist_m",
    "to_harden_m", "unknown_m", "to_build_m", "anchor", "anchor_km", "anchor_min", "verified_status", "in_scope",
    "may_connect_outside", "break_x", "break_y",
)  # fmt: skip
FORMATS = {
    "rate": "0.0%", "households_rate": "0.0%", "people_rate": "0.0%", "households": "0", "people": "0",
    "households_served": "0", "people_served": "0", "access_dist_m": "0.0", "to_harden_m": "0.0", "unknown_m": "0.0",
    "to_build_m": "0.0", "way_m": "0.0", "anchor_km": "0.00", "anchor_min": "0.0", "km": "0.00", "km_cut_off": "0.00",
    "break_x": "0.0", "break_y": "0.0", "x": "0.0", "y": "0.0", "length_m": "0.0",
}  # fmt: skip
MAP_FIGURES = (
    "hamlets",
    "served",
    "not_served",
    "rate",
    "scope_rate",
    "people",
    "people_rate",
    "to_harden_m",
    "seat_rate",
)
"""The figures shown on the map; all stand in the summary sheet."""

RATES = ("rate", "people_rate", "rai_straight", "rai_network", "seat_rate", "scope_rate")


def without_hardened_road(result: RoadResult, texts: Texts) -> pd.DataFrame:
    """The hamlets that are not served, worst first, then by township, village and id; verdicts in words.

    Columns `WITHOUT_COLUMNS`.
    """
    table = pd.DataFrame(result.villages.drop(columns="geometry"))
    table = table[table["road_status"] != "hardened"]
    worst = {name: at for at, name in enumerate(("unknown", "no_road", "road_island", "hardened_island", "unhardened"))}
    order = table.assign(_worst=table["road_status"].map(worst))
    order = order.sort_values(["_worst", "township", "village", "id"], kind="stable")
    table = order[list(WITHOUT_COLUMNS)].reset_index(drop=True)
    for column in ("road_status", "verified_status"):
        table[column] = [texts.get(f"roads.status.{word}", word) for word in table[column]]
    return table


def column_headings(texts: Texts, columns: list[str]) -> dict[str, str]:
    """Headings of columns in the run's language; a column the catalogue does not know keeps its name."""
    return {name: texts.get(f"roads.column.{name}", name) for name in columns}


def figure_rows(result: RoadResult, texts: Texts, *, only: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Headline figures (all, or `only` some) with their labels; unknown ones as a dash."""
    rows = []
    for name, value in result.headline.items():
        if texts.has(f"roads.figure.{name}") and (not only or name in only):
            rows.append((texts(f"roads.figure.{name}"), shown_figure(name, value)))
    return rows


def shown_figure(name: str, value: float | int | str) -> str:
    """A headline figure as text."""
    if isinstance(value, str):
        return value
    if value != value:
        return "—"
    if name in RATES:
        return f"{100 * value:.1f} %"
    if name.endswith("_km"):
        return f"{value:,.1f}"
    return f"{value:,.0f}"


def road_sheets(
    result: RoadResult, layers: LayerSet, findings: pd.DataFrame, notes: list[str], texts: Texts
) -> list[Sheet]:
    """All sheets in order. `findings` are the run's, with their `message`; `notes` are texts."""
    cover = result.coverage
    townships = cover[cover["level"].isin(["township", "county"])].drop(columns=["level", "village"])
    townships = townships.assign(
        township=np.where(
            cover.loc[townships.index, "level"] == "county", texts("reports.summary.total"), townships["township"]
        )
    )
    villages = cover[cover["level"] == "village"].drop(columns="level")
    gaps = pd.DataFrame(result.gaps.drop(columns="geometry"))
    tables: Mapping[str, tuple[pd.DataFrame, tuple[str, ...]]] = {
        "summary": (_summary(result, layers, notes, texts), ("value",)),
        "townships": (townships, ()),
        "villages": (villages, ()),
        "without": (without_hardened_road(result, texts), ("reason",)),
        "gaps": (gaps, ("hamlet_ids",)),
        "sensitivity": (result.sensitivity, ()),
        "lengths": (result.lengths, ()),
        "seats": (result.seats, ()),
    }
    own = [
        Sheet(
            title=texts(f"reports.sheet.{name}"),
            table=table,
            headings={"item": "", "value": ""} if name == "summary" else column_headings(texts, list(table.columns)),
            formats=FORMATS,
            wide=wide,
        )
        for name, (table, wide) in tables.items()
    ]
    return [*own, *record_sheets(findings, result.rules, texts)]


def record_sheets(findings: pd.DataFrame, rules: pd.DataFrame, texts: Texts) -> list[Sheet]:
    """What every run ends its tables with: findings with their `message`, and the rules used."""
    shown = findings.assign(action=[texts(f"reports.action.{word}") for word in findings["action"]])
    unverified = texts("reports.summary.unverified")
    marked = rules.assign(
        confidence=[word if word == "source read" else f"{unverified} ({word})" for word in rules["confidence"]]
    )
    return [
        Sheet(
            title=texts(f"reports.sheet.{name}"),
            table=table,
            headings=column_headings(texts, list(table.columns)),
            formats=FORMATS,
            wide=wide,
        )
        for name, table, wide in (
            ("findings", shown, ("message",)),
            ("rules", marked, ("value", "clause", "source")),
        )
    ]


def _summary(result: RoadResult, layers: LayerSet, notes: list[str], texts: Texts) -> pd.DataFrame:
    rows: list[tuple[str, object]] = [(f"【{texts('reports.summary.figures')}】", "")]
    rows += figure_rows(result, texts)
    rows.append((f"【{texts('reports.summary.notes')}】", ""))
    rows += [("", note) for note in notes]
    rows.append((f"【{texts('reports.summary.parameters')}】", ""))
    rows += [
        (name, ", ".join(value) if isinstance(value, list) else str(value)) for name, value in result.parameters.items()
    ]
    rows.append((f"【{texts('reports.summary.layers')}】", ""))
    rows.append((texts("reports.summary.crs"), f"EPSG:{layers.crs.to_epsg()} {layers.crs.name}"))
    for name, layer in layers.layers.items():
        counts = ", ".join(
            f"{texts(f'reports.summary.{word}')} {getattr(layer.counts, word)}"
            for word in ("read", "kept", "repaired", "dropped")
        )
        rows.append((name, counts))
    rows += [(name, texts("reports.summary.absent")) for name in layers.absent]
    return pd.DataFrame(rows, columns=["item", "value"])
