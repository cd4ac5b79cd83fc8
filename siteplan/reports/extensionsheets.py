"""New water projects in the tables: in short, by project, their pipes and works, and everyone who asked."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from siteplan.language import Texts
from siteplan.reports.workbook import Sheet

_FORMATS = {
    "cost": "#,##0", "cost_per_person": "#,##0", "pipe_cost": "#,##0", "trench_cost": "#,##0", "works_cost": "#,##0",
    "bound": "#,##0", "project_cost": "#,##0", "length_m": "0", "lps": "0.000", "gap": "0.0%", "spare_m": "0.0",
    "pump_head_m": "0.0", "pump_kw": "0.0", "kw": "0.0", "head_m": "0.0", "rest_m": "0.0", "z_m": "0.0",
    "head_start_m": "0.0", "head_stop_m": "0.0", "z_start_m": "0.0", "z_stop_m": "0.0", "least_m": "0.0",
    "velocity_ms": "0.00", "recheck_m": "0.000", "shared_m": "0", "from_m": "0", "to_m": "0", "peak_lps": "0.000",
    "people": "0", "tap_walk_m": "0", "tap_climb_m": "0", "service_head_m": "0.0", "project_people": "0",
}  # fmt: skip
WORDED = {
    "state": "state", "status": "status", "recheck": "recheck", "service": "service", "reason": "reason",
    "failure": "reason", "corridor": "corridor", "kind": "kind",
}  # fmt: skip
"""Columns of keys, and the section of `water.extension` that has their words."""
_SHARES = ("layout_gap", "budget_gap")
_STATES = ("layout_status", "budget_status")


def extension_sheets(
    figures: Mapping[str, object],
    projects: pd.DataFrame,
    pipes: pd.DataFrame,
    works: pd.DataFrame,
    hamlets: pd.DataFrame,
    currency: str,
    texts: Texts,
) -> list[Sheet]:
    """Sheets of the projects: `ExtensionDesign.figures`, and its tables with sources by name (geometry is left out)."""
    rows = [(_label(name, texts), _value(name, value, texts)) for name, value in figures.items()]
    rows.append((texts("water.extension.sheet.currency"), currency))
    short = pd.DataFrame(rows, columns=["figure", "value"])
    heads = {"figure": texts("reports.summary.figures"), "value": texts("water.extension.sheet.value")}
    sheets = [Sheet(texts("reports.sheet.extension_figures"), short, headings=heads)]
    for name, table in (
        ("extension_projects", projects),
        ("extension_hamlets", hamlets),
        ("extension_pipes", pipes),
        ("extension_works", works),
    ):
        shown = worded(pd.DataFrame(table.drop(columns=["geometry"], errors="ignore")), texts)
        headings = {column: heading(column, texts) for column in shown.columns}
        title = texts(f"reports.sheet.{name}")
        sheets.append(Sheet(title, shown, headings=headings, formats=_FORMATS, wide=("recheck_message", "reason")))
    return sheets


def worded(table: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Keys as words: states, needs, reasons."""
    said = {
        column: [texts(f"water.extension.{section}.{key}") if key else "" for key in table[column]]
        for column, section in WORDED.items()
        if column in table.columns
    }
    if "needs" in table.columns:
        said["needs"] = [
            ", ".join(texts(f"water.extension.needs.{one}") for one in key.split("+") if one) for key in table["needs"]
        ]
    yes = {True: texts("water.extension.sheet.yes"), False: texts("water.extension.sheet.no")}
    for column in table.select_dtypes("bool").columns:
        said[column] = table[column].map(yes).tolist()
    return table.assign(**said)


def heading(column: str, texts: Texts) -> str:
    """What a column is called."""
    for key in (f"water.extension.column.{column}", f"water.column.{column}", f"roads.column.{column}"):
        if texts.has(key):
            return texts(key)
    return column


def _label(name: str, texts: Texts) -> str:
    return texts.get(f"water.extension.figure.{name}", name)


def _value(name: str, value: object, texts: Texts) -> object:
    if name in _STATES:
        return texts(f"water.extension.status.{value}")
    if isinstance(value, float) and value != value:
        return ""
    if name in _SHARES:
        return f"{float(value):.1%}"  # type: ignore[arg-type]
    return round(value, 1) if isinstance(value, float) else value
