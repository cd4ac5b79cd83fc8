"""Power, from layers to what is said of every hamlet: which lines are fed, who lies within reach of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.plan import Plan
from siteplan.power import PowerReach, power_coverage, power_reach
from siteplan.power.checks import line_findings
from siteplan.power.reach import reworded
from siteplan.standards import load_power_profile
from siteplan.standards.power_profile import PowerProfile
from siteplan.workflow.recording import plain_figures

VILLAGE_COLUMNS = ("power_status", "power_line", "power_line_m", "power_reason")
LINE_COLUMNS = ("id", "name", "voltage_kv")


@dataclass(frozen=True)
class PowerAnswer:
    """Everything said of power: the profile, the verdicts, the county by township, and what was found."""

    profile: PowerProfile
    reach: PowerReach
    coverage: pd.DataFrame
    findings: pd.DataFrame

    @property
    def rules(self) -> pd.DataFrame:
        """Every rule used: rule, value, unit, clause, source, confidence."""
        return self.reach.rules

    @property
    def notes(self) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """What is to be said of the whole: (catalogue key, values)."""
        return self.reach.notes

    def record(self) -> dict[str, object]:
        """What a run records of it."""
        return {
            "profile": self.profile.id,
            "parameters": plain_figures(self.reach.parameters),
            "headline": plain_figures(self.reach.headline),
            "rules": self.rules.to_dict("records"),
        }

    def worded(self, texts: Texts) -> PowerAnswer:
        """The same answer with its reasons in the language of `texts`."""
        return replace(self, reach=reworded(self.reach, texts))

    def on_villages(self, villages: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The village table with the columns `VILLAGE_COLUMNS` beside its own."""
        return villages.assign(**{name: self.reach.villages[name].to_numpy() for name in VILLAGE_COLUMNS})

    def on_lines(self, lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The lines with what was found of each: id, name, voltage_kv, supplies, component, fed, state.

        The source's further columns are left out: they may have the same names.
        """
        own = lines[[*LINE_COLUMNS, lines.geometry.name]]
        return own.assign(
            **{name: self.reach.lines[name].to_numpy() for name in ("supplies", "component", "fed", "state")}
        )


def power_answer(
    plan: Plan, layers: LayerSet, texts: Texts, *, step: Callable[[str], None] = lambda key: None
) -> PowerAnswer | None:
    """Judge the power supply of every hamlet; None where the plan has no power lines.

    No layer of a plan holds substations: what stands in for them is said in the notes.

    Raises
    ------
    PlanError
        If the profile is at fault.
    """
    lines, villages = layers.table("power_lines"), layers.table("villages")
    if not len(lines):
        return None
    step("power.step.reach")
    profile = load_power_profile(root=plan.root)
    reach = power_reach(villages, lines, profile, texts)
    return PowerAnswer(profile, reach, power_coverage(villages, reach), line_findings(lines, reach))
