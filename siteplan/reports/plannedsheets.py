"""The county now and when the planned projects are done, as a sheet and as headline figures."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from siteplan.language import Texts
from siteplan.reports.roadsheets import FORMATS, shown_figure
from siteplan.reports.workbook import Sheet

_FIGURES = ("served_planned", "rate_planned")


def planned_sheet(townships: pd.DataFrame, texts: Texts) -> Sheet:
    """One row a township: `siteplan.projects.comparison.Comparison.townships`."""
    headings = {name: texts.get(f"projects.column.{name}", name) for name in townships.columns}
    headings["township"] = texts("roads.column.township")
    return Sheet(texts("reports.sheet.planned"), townships, headings=headings, formats=FORMATS, wide=())


def planned_figures(headline: Mapping[str, float | int], texts: Texts) -> list[tuple[str, str]]:
    """What the map says of the projects when all are done."""
    return [
        (texts(f"projects.figure.{name}"), shown_figure("rate" if name.startswith("rate") else name, headline[name]))
        for name in _FIGURES
    ]
