"""What each line of the water layer is: kind, state, diameter, bore, roughness, pressure class; and what is doubtful.

What is not known stays NaN. Only where a table of materials or the nominal diameter stands in for a measured value is
one taken, and the columns `inner_from` and `roughness_from` say so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats
from siteplan.standards import normalise_word
from siteplan.water.magnitudes import tell
from siteplan.water.notes import Notes, numbers, texts, written
from siteplan.water.words import told

METRES_PER_MPA = 101.97
"""Metres of water that a megapascal is."""
_WIDEST_BORE = 1.1
"""A bore of more than so many nominal diameters contradicts them."""
_CLASS_STEP = 0.03
"""A pressure class is one of the table if it differs from it by no more than this share."""


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("pipes.toml").read_text("utf-8"))


@cache
def _materials() -> Mapping[str, str]:
    """Normalised word -> name of the material."""
    table = _tables()["materials"]
    return {normalise_word(word): name for name, entry in table.items() for word in (name, *entry["words"])}


def pipe_sources() -> pd.DataFrame:
    """Where the numbers of the table of materials come from: rule, value, unit, clause, source, confidence."""
    rows = []
    for name, entry in _tables()["materials"].items():
        told_by = entry["source"]
        common = {"unit": "", "source": "siteplan/water/pipes.toml", "confidence": told_by["confidence"]}
        clause = told_by["roughness"]
        rows.append(
            {"rule": f"materials.{name}.roughness_c", "value": entry["roughness_c"], "clause": clause, **common}
        )
        for mpa, ratio in entry.get("sdr", {}).items():
            rows.append({"rule": f"materials.{name}.sdr.{mpa}", "value": ratio, "clause": told_by["sdr"], **common})
    return pd.DataFrame(rows, columns=["rule", "value", "unit", "clause", "source", "confidence"])


def pipe_values(lines: gpd.GeoDataFrame, notes: Notes) -> pd.DataFrame:
    """Kind, state and measures of every line.

    Parameters
    ----------
    lines
        With the columns of the `water_lines` contract; what it does not have is not known.
    notes
        Findings go here.

    Returns
    -------
    One row a line, RangeIndex: kind (`LinkKind`), state (`LinkState`), material (name in `pipes.toml`, "" unknown),
    dn_mm, inner_mm, inner_from ("given", "class" by the material's table, "dn", "" unknown), roughness_c,
    roughness_from ("given", "material", ""), pn_m, pump_head_m, pump_flow_lps, pump_power_kw.
    """
    kind = _kinds(lines, notes)
    state = states(lines, notes)
    word = texts(lines, "material")
    named = {one: _materials().get(normalise_word(one), "") for one in set(word.tolist())}
    material = np.array([named[one] for one in word.tolist()], dtype=object)
    notes.alike("water.material_unknown", "noted", (material == "") & (word != ""), word, field="material")
    pipe = kind == "pipe"
    dn = _told_by_size(lines, "dn_mm", "dn_mm", "mm", notes)
    _missing_diameters(lines, pipe, notes)
    pn = _pressure_classes(lines, notes)
    inner, inner_from = _bores(lines, dn, pn, material, word, pipe, notes)
    rough, rough_from = _roughness(lines, material, word, pipe, notes)
    head, flow, power = pump_values(lines)
    return pd.DataFrame(
        {
            "kind": kind, "state": state, "material": material, "dn_mm": dn, "inner_mm": inner,
            "inner_from": inner_from, "roughness_c": rough, "roughness_from": rough_from, "pn_m": pn,
            "pump_head_m": head, "pump_flow_lps": flow, "pump_power_kw": power,
        }
    )  # fmt: skip


def pump_values(table: gpd.GeoDataFrame) -> tuple[Floats, Floats, Floats]:
    """Head (m), flow (L/s) and power (kW) of pumps, (n,) each; NaN where nothing above 0 is written."""
    names = ("pump_head_m", "pump_flow_lps", "pump_flow_m3_per_h", "pump_power_kw")
    head, flow, hourly, power = (np.where(numbers(table, name) > 0.0, numbers(table, name), np.nan) for name in names)
    return head, np.where(np.isnan(flow), hourly / 3.6, flow), power


def states(table: gpd.GeoDataFrame, notes: Notes) -> NDArray[np.object_]:
    """What every feature can do today (`LinkState`), (n,).

    Nothing written is taken for open; a word that is not understood for closed, so that nothing counts as served by
    what may not run.
    """
    word = texts(table, "status")
    state = told(word, "state")
    notes.alike("water.state_blank", "defaulted", state == "", word, field="status")
    layer = np.full(len(table), notes.layer, dtype=object)
    notes.alike("water.state_unknown", "defaulted", state == "?", word, field="status", layer=layer)
    at = state == "repair"
    notes.each("water.needs_repair", "noted", at, field="status", word=word[at])
    state = np.where((state == "") | at, "open", state)
    return np.where(state == "?", "closed", state).astype(object)


def _kinds(lines: gpd.GeoDataFrame, notes: Notes) -> NDArray[np.object_]:
    raw = texts(lines, "kind")
    kind = told(raw, "line")
    notes.alike("water.line_kind_unknown", "defaulted", kind == "?", raw, field="kind")
    return np.where((kind == "") | (kind == "?"), "pipe", kind).astype(object)


def _told_by_size(table: gpd.GeoDataFrame, name: str, rules: str, own: str, notes: Notes) -> Floats:
    """The numbers of a column in its own unit, with a finding for each other unit and for what is no size."""
    given = numbers(table, name)
    found = tell(given, _tables()["units"][rules])
    units = np.full(len(given), own, dtype=object)
    other, wrong = (found.unit != "") & (found.unit != own), given <= 0.0
    word, taken = written(given, other | found.ambiguous | wrong), written(found.value, other, style=".5g")
    notes.alike("water.units", "repaired", other, word, field=name, unit=found.unit, taken=taken, own=units)
    notes.alike("water.units_ambiguous", "noted", found.ambiguous, word, field=name, own=units)
    notes.each("water.not_positive", "noted", wrong, field=name, word=word[wrong])
    return found.value


def _missing_diameters(lines: gpd.GeoDataFrame, pipe: Bools, notes: Notes) -> None:
    """A finding a pipe that says neither diameter nor bore; one for the layer where none does."""
    blank = pipe & np.isnan(numbers(lines, "dn_mm")) & np.isnan(numbers(lines, "inner_mm"))
    if blank.any() and blank[pipe].all():
        notes.whole("water.dn_nowhere", "noted", field="dn_mm", n=int(blank.sum()))
    else:
        notes.each("water.dn_missing", "noted", blank, field="dn_mm")


def _pressure_classes(lines: gpd.GeoDataFrame, notes: Notes) -> Floats:
    """Metres of water; a class in metres before one in MPa."""
    metres = _told_by_size(lines, "pn_m", "pn_m", "m", notes)
    return np.where(np.isnan(metres), _told_by_size(lines, "pn_mpa", "pn_mpa", "MPa", notes) * METRES_PER_MPA, metres)


def _bores(
    lines: gpd.GeoDataFrame, dn: Floats, pn: Floats, material: NDArray, word: NDArray, pipe: Bools, notes: Notes
) -> tuple[Floats, NDArray[np.object_]]:
    given = _told_by_size(lines, "inner_mm", "dn_mm", "mm", notes)
    wide = given > _WIDEST_BORE * dn
    notes.each(
        "water.bore_above_dn", "noted", wide, field="inner_mm", word=written(given[wide]), dn=written(dn[wide])
    )  # fmt: skip
    given[wide] = np.nan
    table = _tables()["materials"]
    ratio = np.full(len(dn), np.nan)
    for name in sorted(set(material) - {""}):
        for mpa, sdr in table[name].get("sdr", {}).items():
            metres = float(mpa) * METRES_PER_MPA
            ratio[(material == name) & (np.abs(pn - metres) <= _CLASS_STEP * metres)] = sdr
    by_class = dn * (1.0 - 2.0 / ratio)
    inner = np.where(np.isnan(given), np.where(np.isnan(by_class), dn, by_class), given)
    origin = np.where(np.isnan(by_class), "dn", "class").astype(object)
    origin[~np.isnan(given)] = "given"
    origin[np.isnan(inner)] = ""
    near = np.array([name != "" and table[name]["dn"] == "bore" for name in material], dtype=bool)
    stands_in = pipe & (origin == "dn")
    notes.alike("water.bore_near_dn", "defaulted", stands_in & near, word, field="inner_mm")
    notes.alike("water.bore_unknown_wall", "defaulted", stands_in & ~near, word, field="inner_mm")
    notes.alike("water.bore_by_class", "defaulted", pipe & (origin == "class"), word, field="inner_mm")
    return inner, origin


def _roughness(
    lines: gpd.GeoDataFrame, material: NDArray, word: NDArray, pipe: Bools, notes: Notes
) -> tuple[Floats, NDArray[np.object_]]:
    given = _told_by_size(lines, "roughness_c", "roughness_c", "Hazen-Williams", notes)
    table = _tables()["materials"]
    by_material = np.array([table[name]["roughness_c"] if name else np.nan for name in material], dtype=np.float64)
    rough = np.where(np.isnan(given), by_material, given)
    origin = np.where(np.isnan(given), "material", "given").astype(object)
    origin[np.isnan(rough)] = ""
    by_table, none = pipe & (origin == "material"), pipe & (origin == "")
    notes.alike(
        "water.roughness_by_material", "defaulted", by_table, word, field="roughness_c", c=written(rough, by_table)
    )  # fmt: skip
    notes.alike("water.roughness_unknown", "noted", none, word, field="roughness_c")
    return rough, origin
