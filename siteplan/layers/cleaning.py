"""One layer from what its file holds to its contract: columns, shapes, places, counts; every change is a finding."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from siteplan.layers import crs as crs_rules
from siteplan.layers.columns import Conformed, conform
from siteplan.layers.contract import LayerContract, folded
from siteplan.layers.diagnosis import Box
from siteplan.layers.findings import findings_of, joined
from siteplan.layers.layerset import Counts, Layer, LayerSource, People
from siteplan.layers.rawlayer import RawLayer
from siteplan.layers.repairs import DONE, Decisions, Repair, done, no_longer_there, with_degrees
from siteplan.layers.shapes import OUTSIDE_CRS, shaped, unusable
from siteplan.layers.strays import axes_swapped, odd_places, place_findings, places
from siteplan.plan import LayerPlan
from siteplan.standards import road_words


@dataclass(frozen=True)
class Cleaned:
    """The clean layer, its findings with ids and places, and the repairs proposed for it."""

    layer: Layer
    findings: pd.DataFrame
    proposals: list[Repair]


def clean(
    layer: LayerContract, raw: RawLayer, plan: LayerPlan, target: pyproj.CRS, decisions: Decisions, *,
    reference: Box | None,
) -> Cleaned:  # fmt: skip
    """A located layer in its contract and in the run's CRS.

    Parameters
    ----------
    layer, raw, plan
        The contract, the layer with its CRS, and what the plan says of it.
    target
        The run's CRS.
    decisions
        Accepted repairs are done: swapped axes of single features, replaced values, dropped duplicates.
    reference
        Where the other layers lie (degrees), for features astray.

    Raises
    ------
    LayerError
        As `conform` and `shaped`.
    """
    name, source = layer.name, raw.table
    taken = decisions.values(name)
    conformed = conform(layer, pd.DataFrame(source.drop(columns="geometry")), plan, raw.cells, taken)
    ids = conformed.table["id"].to_numpy()
    shapes = source.geometry.to_numpy().copy()
    placeless, reasons = unusable(shapes, at_origin="Point" in layer.geometry)
    found: list[pd.DataFrame] = [*raw.findings, *conformed.findings]
    by_row = _named_by_row(conformed)
    swaps: list[Repair] = []
    crs_found = ""
    if source.crs is not None:
        crs = pyproj.CRS(source.crs)
        crs_found = crs_rules.label(crs)
        shapes[placeless] = None
        odd = odd_places(places(shapes), crs, reference=reference)
        swaps = _marked(
            [Repair("swap_axes", name, id=str(ids[i]), row=int(i) + 1) for i in odd.swapped], source, by_row
        )
        accepted = np.array([r.row for r in swaps if r.row and decisions.accepts(r)], dtype=np.int64) - 1
        shapes[accepted] = axes_swapped(shapes[accepted])
        found += [done(repair) for repair in swaps if decisions.accepts(repair)]
        for row in np.setdiff1d(_outside(shapes, crs), accepted).tolist():
            reasons[row] = OUTSIDE_CRS
            shapes[row] = None
        left = replace(odd, swapped=np.setdiff1d(odd.swapped, accepted))
        found.append(place_findings(name, left))
        moved = gpd.GeoSeries(shapes, crs=crs)
        shapes = (moved if crs == target else moved.to_crs(target)).to_numpy().copy()
    result = shaped(layer, shapes, reasons, raw.closed_rings)
    table = gpd.GeoDataFrame(conformed.table, geometry=gpd.GeoSeries(result.shapes, crs=target))
    twice, copies = _duplicates(layer, table, by_row)
    twice = _marked(twice, source, by_row)
    removed = np.array([r.row for r in twice if r.row and decisions.accepts(r)], dtype=np.int64) - 1
    found += [done(repair) for repair in twice if decisions.accepts(repair)]
    found.append(copies[~copies["row"].isin(removed + 1)])
    proposals = [*swaps, *twice, *_values(layer, conformed.findings, table)]
    found.append(_gone(name, decisions, proposals))
    notes = _named(joined([*found, *result.findings]), table)
    proposals = _placed(proposals, table, target)
    gone = result.dropped.copy()
    gone[removed] = True
    # A hamlet without a place stays in the table, as unknown; a hamlet that was there twice does not.
    out = np.zeros(len(table), dtype=bool) if name == "villages" else gone.copy()
    out[removed] = True
    told = notes.loc[notes["action"] == "repaired", "row"].dropna().astype("int64").to_numpy() - 1
    counts = Counts(
        read=len(source), kept=int((~gone).sum()), repaired=len(np.setdiff1d(told, np.flatnonzero(gone))),
        dropped=int(gone.sum()), people=_people(conformed.table, gone, conformed.matched),
    )  # fmt: skip
    where = LayerSource(
        path=str(plan.path), layer=raw.layer, driver=raw.driver, crs_found=crs_found, rows_read=len(source),
        sha256=raw.sha256, columns_matched=conformed.matched, columns_missing=conformed.missing,
    )  # fmt: skip
    kept = table if not out.any() else table[~out].reset_index(drop=True)
    return Cleaned(Layer(name, kept, where, counts), notes, proposals)


def _outside(shapes: np.ndarray, crs: pyproj.CRS) -> np.ndarray:
    """Rows of shapes beyond 180 or 90 degrees, where the CRS is one of degrees."""
    if not crs.is_geographic:
        return np.empty(0, dtype=np.int64)
    bounds = np.abs(shapely.bounds(shapes))
    beyond = (bounds[:, [0, 2]] > 180).any(axis=1) | (bounds[:, [1, 3]] > 90).any(axis=1)
    return np.flatnonzero(beyond)


def _people(table: pd.DataFrame, gone: np.ndarray, matched: Mapping[str, str]) -> People | None:
    """People read, kept and dropped; None where the layer has no numbers of people."""
    if "people" not in matched or "people" not in table.columns:
        return None
    people = table["people"].to_numpy(dtype="float64")
    known = np.isfinite(people)
    # Summed without rounding errors, so that read equals kept and dropped to the last digit.
    total, kept, dropped = (math.fsum(people[known & rows]) for rows in (known, ~gone, gone))
    return People(read=total, kept=kept, dropped=dropped, unknown_rows=int((~known).sum()))


def _named_by_row(conformed: Conformed) -> np.ndarray:
    """Which rows (mask) have an id that another order of the rows would change: made up, or told from its like."""
    if "id" not in conformed.matched:
        return np.ones(len(conformed.table), dtype=bool)
    made = np.zeros(len(conformed.table), dtype=bool)
    notes = joined(conformed.findings)
    rows = notes.loc[notes["code"].isin(["layers.id_empty", "layers.id_duplicate"]), "row"]
    made[rows.astype("int64").to_numpy() - 1] = True
    return made


def _marked(repairs: list[Repair], source: gpd.GeoDataFrame, by_row: np.ndarray) -> list[Repair]:
    """The repairs of rows; those whose id would change with the order of the rows are known by what the row says."""
    nth: dict[str, int] = {}
    out = []
    for repair in repairs:
        at = (repair.row or 0) - 1
        if not by_row[at]:
            out.append(repair)
            continue
        row = source.iloc[at]
        said = "\x1f".join(f"{name}={value}" for name, value in row.drop("geometry").items())
        mark = hashlib.sha256(said.encode() + shapely.to_wkb(row["geometry"])).hexdigest()[:12]
        nth[mark] = nth.get(mark, 0) + 1
        out.append(replace(repair, mark=f"~{mark}.{nth[mark]}"))
    return out


def _duplicates(layer: LayerContract, table: gpd.GeoDataFrame, by_row: np.ndarray) -> tuple[list[Repair], pd.DataFrame]:
    """Rows that say the same as another, but for the id and the row, at the same place: counted twice.

    The first by id is the one that stays, whatever the order of the rows.
    """
    nothing = Repair("drop_duplicate", layer.name)
    # Roads that lie on each other are found where they are joined.
    if "LineString" in layer.geometry or "None" in layer.geometry or len(table) < 2:
        return [], _copies(layer.name, [], [])
    shapes = table.geometry.to_numpy()
    # Most rows share their place with none: only those that do are compared whole.
    bounds = pd.DataFrame(shapely.bounds(shapes))
    at = np.flatnonzero(bounds.duplicated(keep=False).to_numpy() & ~shapely.is_missing(shapes))
    columns = [name for name in table.columns if name not in ("id", "row", "geometry")]
    marks = table[columns].iloc[at].astype("str").assign(_shape=shapely.to_wkb(shapes[at], hex=True))
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, mark in zip(at.tolist(), marks.itertuples(index=False, name=None), strict=True):
        alike.setdefault(mark, []).append(i)
    ids = table["id"].to_numpy()
    stays = {
        i: min(group, key=lambda j: (by_row[j], "" if by_row[j] else ids[j], j))
        for group in alike.values() if len(group) > 1 for i in group
    }  # fmt: skip
    rows = [i + 1 for i in sorted(stays) if stays[i] != i]
    firsts = [stays[row - 1] + 1 for row in rows]
    repairs = [
        replace(nothing, id=str(ids[row - 1]), row=row, values={"first": one})
        for row, one in zip(rows, firsts, strict=True)
    ]
    return repairs, _copies(layer.name, rows, firsts)


def _copies(name: str, rows: list[int], firsts: list[int]) -> pd.DataFrame:
    each = [{"first": first} for first in firsts]
    return findings_of(name, "layers.row_duplicate", "noted", n=len(rows), rows=rows, field="geometry", each=each)


_NUMBER_IN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def _values(layer: LayerContract, findings: list[pd.DataFrame], table: gpd.GeoDataFrame) -> list[Repair]:
    """Values to take for texts that are no number but hold one, and for words that are nearly a known one."""
    proposals: dict[str, Repair] = {}
    notes = joined(findings)
    for code, field, row, values in zip(notes["code"], notes["field"], notes["row"], notes["values"], strict=True):
        if code not in ("layers.number_unreadable", "layers.word_unknown", DONE["take_value"]):
            continue
        told = json.loads(values)
        old = str(told["old"])
        if code == DONE["take_value"]:
            # What was accepted stays in the table of repairs.
            new = str(told["new"])
        else:
            unread = code == "layers.number_unreadable"
            new = _number_in(old) if unread else _near(old, layer.columns[field].values)
        if new:
            one = Repair(
                "take_value", layer.name, field=field, row=None if pd.isna(row) else int(row), old=old, new=new
            )
            proposals.setdefault(one.key, one)
    if layer.name == "roads":
        known = road_words("surface")
        for word in sorted(set(table["surface"].unique()) - {""}):
            if folded(word) not in known and (near := _near(word, {key: key for key in known})):
                one = Repair("take_value", "roads", field="surface", old=str(word), new=near)
                proposals.setdefault(one.key, one)
    return list(proposals.values())


def _number_in(text: str) -> str:
    """The one number that a text like `约1200` or `1200左右` holds, "" where there is none or several."""
    found = _NUMBER_IN.findall(unicodedata.normalize("NFKC", text))
    return found[0].replace(",", "") if len(found) == 1 and "万" not in text and "-" not in text else ""


def _near(word: str, known: Mapping[str, str]) -> str:
    """The canonical word of the known word most like this one, "" where none is."""
    near = difflib.get_close_matches(folded(word), list(known), n=1, cutoff=0.75)
    return known[near[0]] if near else ""


def _gone(name: str, decisions: Decisions, proposals: list[Repair]) -> pd.DataFrame:
    """Findings for accepted repairs of rows and words that fit none any more."""
    there = {repair.key for repair in proposals}
    keys = [
        key for what in ("swap_axes", "drop_duplicate", "take_value")
        for key, one in decisions.accepted(what, name).items()
        if key not in there and (one.id or what == "take_value")
    ]  # fmt: skip
    return no_longer_there(name, keys)


def _placed(proposals: list[Repair], table: gpd.GeoDataFrame, crs: pyproj.CRS) -> list[Repair]:
    """The proposals with the places of their rows as longitude and latitude."""
    shapes = table.geometry.to_numpy()
    middle = shapely.centroid([shapes[repair.row - 1] if repair.row else None for repair in proposals])
    return with_degrees(proposals, shapely.get_x(middle), shapely.get_y(middle), crs)


def _named(findings: pd.DataFrame, table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Findings with the ids and places of the rows they speak of."""
    if findings.empty:
        return findings
    findings = findings.copy()
    has_row = findings["row"].notna().to_numpy()
    at = findings.loc[has_row, "row"].astype("int64").to_numpy() - 1
    findings.loc[has_row, "id"] = table["id"].to_numpy()[at]
    points = shapely.centroid(table.geometry.to_numpy()[at])
    findings.loc[has_row, "x"] = shapely.get_x(points)
    findings.loc[has_row, "y"] = shapely.get_y(points)
    return findings
