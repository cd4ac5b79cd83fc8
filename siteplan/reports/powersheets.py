"""Power supply in the tables: by township, and the hamlets that are not supplied, each with its reason."""

from __future__ import annotations

import pandas as pd

from siteplan.language import Texts
from siteplan.reports.roadsheets import FORMATS
from siteplan.reports.workbook import Sheet

_HAMLET = ("id", "name", "village", "township", "households", "people")
_VERDICT = ("power_status", "power_reason", "power_line", "power_line_m", "nearest_line_m")
_WORST = ("unknown", "out_of_reach", "cut_off")
_FORMATS = FORMATS | {"power_line_m": "0.0", "nearest_line_m": "0.0"}


def power_sheets(
    villages: pd.DataFrame, reach_villages: pd.DataFrame, coverage: pd.DataFrame, texts: Texts
) -> list[Sheet]:
    """Sheets of power: places (county, then townships) and hamlets not supplied.

    Parameters
    ----------
    villages
        The village layer; `reach_villages` is `PowerReach.villages` on its index, worded in the language of `texts`.
    coverage
        The table of `power_coverage`.

    Raises
    ------
    ValueError
        If villages and reach have not the same index.
    """
    if not villages.index.equals(reach_villages.index):
        raise ValueError("villages and power reach have not the same index")
    places = coverage[coverage["level"].isin(["county", "township"])]
    total = texts("reports.summary.total")
    places = places.assign(township=places["township"].where(places["level"] != "county", total))
    tables = {
        "places": places.drop(columns=["level", "village"]),
        "not_supplied": _not_supplied(villages, reach_villages, texts),
    }
    return [
        Sheet(
            texts(f"power.sheet.{name}"),
            table.reset_index(drop=True),
            headings={column: _heading(column, texts) for column in table.columns},
            formats=_formats(table),
            wide=("power_reason",) if name == "not_supplied" else (),
        )
        for name, table in tables.items()
    ]


def _not_supplied(villages: pd.DataFrame, reach_villages: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Hamlets that are not supplied, or not known to be: worst first, then by township, village and id."""
    own = villages[list(_HAMLET)].join(reach_villages[list(_VERDICT)])
    own = own[own["power_status"].isin(_WORST)]
    worst = own["power_status"].map({name: at for at, name in enumerate(_WORST)})
    own = own.assign(_worst=worst).sort_values(["_worst", "township", "village", "id"], kind="stable")
    words = [texts(f"power.status.{one}") for one in own["power_status"]]
    return own.drop(columns="_worst").assign(power_status=words)


def _formats(table: pd.DataFrame) -> dict[str, str]:
    counts = {name: "0" for name in table.columns if name.startswith(("households", "people"))}
    return counts | _FORMATS


def _heading(column: str, texts: Texts) -> str:
    return texts.get(f"power.column.{column}", texts.get(f"roads.column.{column}", column))
