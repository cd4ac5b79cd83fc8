"""What the service level of a hamlet is told from: small tables, one row a hamlet, that the other steps fill.

Every table has the index of `villages`; NaN and "unknown" are not known, and nothing is taken for granted in their
place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats
from siteplan.water.balance import Balance
from siteplan.water.hydraulics import Hydraulics
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach
from siteplan.water.walking import Walks

KNOWN = ("yes", "no", "unknown")
PRESSURES = ("ok", "marginal", "fail", "unknown")


@dataclass(frozen=True)
class PipeReach:
    """Tracing. table : reached (`Known`: an open pipe leads from a source that works to the hamlet; unknown where the
    hamlet has no place), why (a word of `tracing.WHYS`: why not), source (ids in `water_points`, "" none)."""

    table: pd.DataFrame


@dataclass(frozen=True)
class Supply:
    """Balance. table : people_m3_per_day (what arrives for people on a dry day, people before livestock; 0 none)."""

    table: pd.DataFrame


@dataclass(frozen=True)
class Pressure:
    """Hydraulics. table : verdict ("ok", "marginal": within the error of the heights, "fail", "unknown"), head_m
    (pressure head at the hamlet at the peak hour, m of water), delivered_share (of what is asked, at the peak hour, as
    the pressure allows: 0 to 1). Where the head fails and the share is not known, the litres are not known;
    a share beside an unknown verdict is not believed."""

    table: pd.DataFrame


@dataclass(frozen=True)
class WaterKnown:
    """What layers or people say besides; columns that are not there are not known.

    table : quality (`Known`, piped water), tap_quality (`Known`, water of the tap in `Walks`), outage_days (days a year
        without the water in use), hours_per_day (of supply), and the columns of `walking.tap_shares`: people_per_tap,
        tap_l_per_min, tap_litres_per_person_day; tap_name.
    """

    table: pd.DataFrame


@dataclass(frozen=True)
class Evidence:
    """All of it, as `levels.service_levels` takes it."""

    reach: PipeReach
    supply: Supply
    pressure: Pressure
    walks: Walks
    known: WaterKnown

    def checked(self, index: pd.Index) -> Evidence:
        """Itself, if every table has this index, its columns and its words.

        Raises
        ------
        ValueError
            All faults, a line each.
        """
        asked: Mapping[str, tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]] = {
            "reach": (self.reach.table, {"reached": KNOWN, "why": (), "source": ()}),
            "supply": (self.supply.table, {"people_m3_per_day": ()}),
            "pressure": (self.pressure.table, {"verdict": PRESSURES, "head_m": (), "delivered_share": ()}),
            "walks": (self.walks.table, {"by": (), "round_min": (), "least_min": (), "level_m": (), "climb_m": ()}),
            "known": (self.known.table, {}),
        }
        faults: list[str] = []
        for name, (table, columns) in asked.items():
            if not table.index.equals(index):
                faults.append(f"{name}: found another index than that of villages")
            for column, words in columns.items():
                if column not in table.columns:
                    faults.append(f"{name}: no column {column}")
                elif words and not table[column].isin(words).all():
                    strange = ", ".join(sorted({str(word) for word in table[column][~table[column].isin(words)]}))
                    faults.append(f"{name}.{column}: found {strange}; expected one of {', '.join(words)}")
        for column in ("quality", "tap_quality"):
            if column in self.known.table.columns and not self.known.table[column].isin(KNOWN).all():
                faults.append(f"known.{column}: expected one of {', '.join(KNOWN)}")
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def number(self, column: str) -> Floats:
        """A column of `known`, NaN where it is not there."""
        table = self.known.table
        there = column in table.columns
        return table[column].to_numpy(dtype=float) if there else np.full(len(table), np.nan)

    def words(self, column: str) -> NDArray[np.object_]:
        """A yes-or-no column of `known`, unknown where it is not there."""
        table = self.known.table
        there = column in table.columns
        return table[column].to_numpy(dtype=object) if there else np.full(len(table), "unknown", dtype=object)

    def names(self, column: str) -> NDArray[np.object_]:
        """A column of texts of `known`, "" where it is not there."""
        table = self.known.table
        there = column in table.columns
        blank = pd.Series("", index=table.index)
        return (table[column] if there else blank).fillna("").astype("str").to_numpy(dtype=object)


def gathered(
    reach: Reach, balance: Balance, hydraulics: Hydraulics, walks: Walks, known: WaterKnown, *, placed: Bools
) -> Evidence:
    """What the other steps found, as `levels.service_levels` takes it; all of them by hamlet, with one index.

    placed : whether each hamlet has a place; of those without, it is not known whether a pipe comes by. What the
    balance gives for a day of another demand than the average one is brought back to an average day, share by share.
    """
    found, quantity, pressure = reach.hamlets, balance.hamlets, hydraulics.hamlets
    reached = np.where(placed, np.where(found["reached"], "yes", "no"), "unknown")
    pipe = pd.DataFrame(
        {
            "reached": pd.Series(reached, index=found.index, dtype="str"),
            "why": found["why"],
            "source": found["sources"],
        }
    )
    got = quantity["people_got_m3_per_day"] / float(str(balance.parameters["day_factor"]))
    heads = pressure[["verdict", "delivered_share"]].assign(head_m=pressure["pressure_m"])
    supply = pd.DataFrame({"people_m3_per_day": got.where(placed)})
    return Evidence(PipeReach(pipe), Supply(supply), Pressure(heads), walks, known)


def piped_quality(network: WaterNetwork, reach: Reach) -> pd.Series:
    """The quality of what comes through the pipes to each hamlet (`Known`): that of the worst of its sources."""
    told = dict(zip(network.nodes["node"], network.nodes["quality"], strict=True))
    worst = []
    for sources in reach.hamlets["sources"]:
        words = [told[source] for source in str(sources).split(";") if source]
        worst.append(next((word for word in ("no", "unknown", "yes") if word in words), "unknown"))
    return pd.Series(worst, index=reach.hamlets.index, dtype="str")
