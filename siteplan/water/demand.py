"""What hamlets need: people and livestock times litres, factors, losses, service heads; numbers from rule packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.errors import PlanError
from siteplan.network.ragged import Bools, Floats
from siteplan.standards import (
    WaterDesign,
    WaterProfile,
    connection_words,
    load_water_design,
    normalise_word,
)
from siteplan.standards.water_profile import rule_row
from siteplan.water.model import Demands

Note = tuple[str, Mapping[str, object]]
"""Catalogue key and the values of its places."""
CONNECTIONS = ("house", "yard", "tap", "none", "unknown")
_SECONDS = 86_400.0
_LARGE = "large"
_RULE = "water.rule"


@dataclass(frozen=True)
class HamletDemands(Demands):
    """Demands with what was assumed on the way.

    table : the columns of `Demands`, and source_m3_per_day (what the source must give on the highest day, losses
        included; NaN where people, or livestock that counts, is not known), storeys_from and connection_from ("layer",
        "assumed", "" not known). people_m3_per_day and livestock_m3_per_day are needs of an average day where the
        water is used, without losses.
    parameters : as given. notes : (catalogue key, values).
    """

    parameters: Mapping[str, object]
    notes: tuple[Note, ...]


def demands(
    villages: gpd.GeoDataFrame,
    profile: WaterProfile,
    *,
    design: WaterDesign | None = None,
    litres_per_person_day: float | None = None,
    level: str = "",
    water_short: bool = False,
    supply: Literal["all_day", "timed"] = "all_day",
    livestock: Literal["needed", "where_known", "left_out"] = "needed",
    assume_storeys: int | None = 1,
    assume_connection: Literal["house", "yard", "tap", "none"] | None = None,
) -> HamletDemands:
    """Each hamlet's demand. The input is not changed; unknown people give NaN, never 0.

    Parameters
    ----------
    villages
        Columns people, livestock (head); where they are there, storeys (number), connection (words, see
        `standards/water/words.toml`) and livestock_SPECIES (head; SPECIES as in the design figures: cattle, pig, ...).
        A hamlet with any number by species is reckoned by species, an unknown one of them makes its livestock unknown;
        otherwise its `livestock` counts as large animals of unknown kind.
    design
        Design figures; default those the profile names, as they come with siteplan.
    litres_per_person_day
        In place of the profile's; needed where the profile says nothing of litres (JMP).
    level, water_short
        Whose litres: a level of the profile (default: from which on water is safe), and whether water is short.
    supply
        "timed" takes the peak factor of supplies that run some hours a day.
    livestock
        "needed": a hamlet whose livestock is not known has no known peak; "where_known": its peak and source demand
        are those of its people alone, and a note says of how many hamlets; "left_out": no livestock counts.
    assume_storeys, assume_connection
        What a hamlet is taken for where nothing is written, told by a note; None leaves it unknown.

    Raises
    ------
    PlanError
        No litres are to be had; a negative or zero number of litres or storeys.
    """
    if assume_storeys is not None and assume_storeys < 1:
        raise PlanError(f"assume_storeys: found {assume_storeys}; expected a whole number of at least 1, or none")
    figures = design if design is not None else load_water_design(profile.design)
    litres, rows = _litres(profile, litres_per_person_day, level, water_short)
    people = villages["people"].to_numpy(dtype=float)
    head, herd_m3, herd_rows, by_species = _livestock(villages, figures)
    heads, storeys, storeys_from, head_rows = _heads(villages, figures, assume_storeys)
    connection, connection_from, strange = _connections(villages, assume_connection)
    people_m3 = people * litres / 1000.0
    counted = _counted(herd_m3, livestock)
    peak_name: Literal["peak_hour", "peak_hour_timed"] = "peak_hour" if supply == "all_day" else "peak_hour_timed"
    source_m3 = (people_m3 + counted) * figures.factors["max_day"].use * (1 + figures.factors["losses"].use / 100)
    table = pd.DataFrame(
        {
            "people": people,
            "livestock": head,
            "litres_per_person_day": np.full(len(people), litres),
            "people_m3_per_day": people_m3,
            "livestock_m3_per_day": herd_m3,
            "source_m3_per_day": source_m3,
            "peak_lps": source_m3 * figures.factors[peak_name].use * 1000.0 / _SECONDS,
            "service_head_m": heads,
            "storeys": storeys,
            "storeys_from": pd.Series(storeys_from, index=villages.index, dtype="str"),
            "connection": pd.Series(connection, index=villages.index, dtype="str"),
            "connection_from": pd.Series(connection_from, index=villages.index, dtype="str"),
        },
        index=villages.index,
    )
    rows += [figures.row("factors", name) for name in ("max_day", peak_name, "losses")]
    rows += [] if livestock == "left_out" else herd_rows
    return HamletDemands(
        table=table,
        rules=pd.DataFrame([*rows, *head_rows], dtype="str"),
        parameters={
            "litres_per_person_day": litres,
            "level": level or profile.overall.safe_from,
            "water_short": water_short,
            "supply": supply,
            "livestock": livestock,
            "assume_storeys": assume_storeys,
            "assume_connection": assume_connection or "",
        },
        notes=(*_notes(table, by_species, figures, livestock, litres_per_person_day), *strange),
    )


def _litres(
    profile: WaterProfile, given: float | None, level: str, water_short: bool
) -> tuple[float, list[dict[str, str]]]:
    """Litres a person and day, and the row of their rule."""
    if given is not None:
        if not given > 0:
            raise PlanError(f"litres_per_person_day: found {given:g}; expected more than 0")
        row = {"rule": "litres_per_person_day", "value": f"{given:g}", "unit": "L/person/day", "clause": ""}
        return float(given), [{**row, "source": "the plan", "confidence": "unverified"}]
    if level and level not in profile.level_names:
        raise PlanError(f"level: {profile.id} has no level '{level}'; it has {', '.join(profile.level_names)}")
    found = profile.litres(level=level, water_short=water_short)
    if found is None:
        raise PlanError(f"litres_per_person_day: profile {profile.id} says nothing of litres here; give them")
    litres, rule = found
    name = ".".join(part for part in (profile.id, rule.indicator, rule.level, rule.where) if part)
    return litres, [rule_row(name, *rule.told(), rule)]


def _livestock(villages: gpd.GeoDataFrame, figures: WaterDesign) -> tuple[Floats, Floats, list[dict[str, str]], Bools]:
    """Head and m3 a day of each hamlet (NaN not known), the rules used, and which hamlets are reckoned by species."""
    told = _numbers(villages, "livestock")
    species = [name for name in figures.livestock if name != _LARGE and f"livestock_{name}" in villages.columns]
    each = villages[[f"livestock_{name}" for name in species]].to_numpy(dtype=float)
    by_species = np.isfinite(each).any(axis=1) if species else np.zeros(len(villages), dtype=bool)
    litres = np.array([figures.livestock[name].use for name in species])
    head = np.where(by_species, each.sum(axis=1), told)
    m3 = np.where(by_species, each @ litres, told * figures.livestock[_LARGE].use) / 1000.0
    used = [name for name in species if by_species.any()]
    used += [_LARGE] if np.isfinite(told[~by_species]).any() else []
    return head, m3, [figures.row("livestock", name) for name in used], by_species


def _counted(herd_m3: Floats, how: str) -> Floats:
    """The livestock that adds to peak and source demand, m3 a day."""
    if how == "left_out":
        return np.zeros(len(herd_m3))
    return np.nan_to_num(herd_m3, nan=0.0) if how == "where_known" else herd_m3


def _heads(
    villages: gpd.GeoDataFrame, figures: WaterDesign, assumed: int | None
) -> tuple[Floats, Floats, list[str], list[dict[str, str]]]:
    """Service head (m), storeys, where the storeys come from, the rules used."""
    told = _numbers(villages, "storeys")
    written = np.isfinite(told) & (told >= 1)
    storeys = np.where(written, np.ceil(told), np.nan if assumed is None else float(assumed))
    one, two, more = (figures.service_head[name].use for name in ("storeys_1", "storeys_2", "each_more"))
    heads = np.where(storeys <= 1, one, two + more * np.maximum(storeys - 2, 0))
    heads[np.isnan(storeys)] = np.nan
    known = storeys[np.isfinite(storeys)]
    used = [("storeys_1", known <= 1), ("storeys_2", known >= 2), ("each_more", known > 2)]
    origin = np.where(written, "layer", "" if assumed is None else "assumed")
    return heads, storeys, origin.tolist(), [figures.row("service_head", name) for name, of in used if of.any()]


def _connections(villages: gpd.GeoDataFrame, assumed: str | None) -> tuple[list[str], list[str], tuple[Note, ...]]:
    """Connection (`CONNECTIONS`), where it comes from, and a note of words not understood, which say nothing."""
    words = connection_words()
    told = villages["connection"] if "connection" in villages.columns else pd.Series("", index=villages.index)
    said = [normalise_word(word) if isinstance(word, str) else "" for word in told]
    found = [words.get(word, "") for word in said]
    origin = ["layer" if word else "assumed" if assumed else "" for word in found]
    strange = sorted({word for word in said if word and word not in words})
    n = sum(word in strange for word in said)
    note = ((f"{_RULE}.connection_not_understood", {"n": n, "words": ", ".join(strange)}),) if strange else ()
    return [word or assumed or "unknown" for word in found], origin, note


def _numbers(villages: gpd.GeoDataFrame, column: str) -> Floats:
    """A column of numbers, all NaN where the layer has none of that name."""
    there = column in villages.columns
    return villages[column].to_numpy(dtype=float) if there else np.full(len(villages), np.nan)


def _notes(
    table: pd.DataFrame, by_species: Bools, figures: WaterDesign, livestock: str, given: float | None
) -> tuple[Note, ...]:
    """What was assumed or is not known, with the number of hamlets."""
    large = np.isfinite(table["livestock"].to_numpy()) & ~by_species & (table["livestock"].to_numpy() > 0)
    counts = {
        "people_unknown": table["people"].isna(),
        "storeys_assumed": table["storeys_from"] == "assumed",
        "storeys_unknown": table["storeys"].isna(),
        "connection_assumed": table["connection_from"] == "assumed",
        "connection_unknown": table["connection"] == "unknown",
        "livestock_large": large if livestock != "left_out" else np.zeros(len(table), dtype=bool),
        f"livestock_{livestock}": table["livestock_m3_per_day"].isna(),
    }
    more: dict[str, dict[str, object]] = {
        "storeys_assumed": {"storeys": f"{table['storeys'].where(table['storeys_from'] == 'assumed').max():.0f}"},
        "connection_assumed": {
            "connection": next(iter(table["connection"][table["connection_from"] == "assumed"]), "")
        },
        "livestock_large": {"litres": f"{figures.livestock[_LARGE].use:g}"},
    }
    notes: list[Note] = []
    for name, which in counts.items():
        n = int(np.asarray(which).sum())
        if name == "livestock_left_out":
            notes.append((f"{_RULE}.{name}", {}))
        elif n:
            notes.append((f"{_RULE}.{name}", {"n": n, "of": len(table), **more.get(name, {})}))
    if given is not None:
        notes.append((f"{_RULE}.litres_given", {"litres": f"{given:g}"}))
    return tuple(notes)
