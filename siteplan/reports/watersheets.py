"""Water service in the tables: by township, by level, and every hamlet with its reason."""

from __future__ import annotations

import pandas as pd

from siteplan.language import Texts
from siteplan.reports.roadsheets import FORMATS
from siteplan.reports.workbook import Sheet

_HAMLET = ("id", "name", "township", "village", "households", "people", "livestock")


def water_sheets(
    villages: pd.DataFrame, service: pd.DataFrame, places: pd.DataFrame, levels: pd.DataFrame, texts: Texts
) -> list[Sheet]:
    """Sheets of water.

    Parameters
    ----------
    villages
        The village layer; `service` is `ServiceLevels.table` on its index.
    places, levels
        `WaterCoverage.places` and `levels`.
    """
    by_place = places[places["level"].isin(["county", "township"])].drop(columns=["village"])
    total = texts("reports.summary.total")
    by_place = by_place.assign(township=by_place["township"].where(by_place["level"] != "county", total))
    own = villages[[name for name in _HAMLET if name in villages.columns]].join(service.drop(columns=["tap"]))
    own = own.assign(water_level=[texts(f"water.level.{one}") for one in own["water_level"]])
    tables = {
        "water": by_place.drop(columns=["level"]),
        "water_levels": levels,
        "water_hamlets": own,
    }
    return [
        Sheet(
            texts(f"reports.sheet.{name}"),
            table.reset_index(drop=True),
            headings={column: _heading(column, texts) for column in table.columns},
            formats=FORMATS,
            wide=("water_reason",) if name == "water_hamlets" else (),
        )
        for name, table in tables.items()
    ]


def _heading(column: str, texts: Texts) -> str:
    for key in (f"water.column.{column}", f"roads.column.{column}", f"water.level.{column}"):
        if texts.has(key):
            return texts(key)
    return column
