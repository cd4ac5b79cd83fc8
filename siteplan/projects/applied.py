"""The road layer as it will be when the planned projects are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siteplan.layers.findings import findings_at, findings_of, joined
from siteplan.network.ragged import Bools, Ints
from siteplan.projects.kinds import hardens
from siteplan.projects.naming import named_features
from siteplan.projects.stages import done, stage_of
from siteplan.standards import normalise_word, road_words

Judge = Callable[[gpd.GeoDataFrame], NDArray[np.int64]]
"""Roads of the contract -> 1 hardened, 0 not, -1 unknown, (n,): `siteplan.roads.hardness.hardness_of` under a profile.
It is handed in, for the rooms do not know each other and only the profile may say what is hardened."""

_HARDENED, _UNKNOWN = 1, -1
_WORDS = np.array(["unknown", "not_hardened", "hardened"], dtype=object)
_MONTHS = 12


@dataclass(frozen=True)
class AppliedRoads:
    """The roads when all is done.

    roads: the layer with surface, status and open_months as they will be; index, columns and order of rows as given;
    changed: roads that differ from the layer, (n,); by_project: one row for every road that a road project names:
    project_id, stage (canonical), done (the table says it is built), road_id, length_m, was and becomes (surface as
    written), status_was and status_becomes, hardness_was and hardness_becomes (hardened, not_hardened, unknown), in
    order of project; findings: rows as `siteplan.layers.findings`.
    """

    roads: gpd.GeoDataFrame
    changed: Bools
    by_project: pd.DataFrame
    findings: pd.DataFrame


def apply_road_projects(
    roads: gpd.GeoDataFrame, projects: gpd.GeoDataFrame, *, hardened_surface: str, judge: Judge
) -> AppliedRoads:
    """Apply all projects on roads, whatever their stage, and open the planned roads. Inputs are not changed.

    Planned roads are there and open afterwards, named or not: the layer itself says that they are planned. A road that
    a project names takes the project's own `surface`, if that is understood; else, if the project's kind hardens
    roads, `hardened_surface`. What is hardened already keeps its surface, unless the project has one of its own that is
    hardened too. Closed roads stay closed, seasonal ones seasonal. Of several projects on one road the one counts that
    hardens it, then the one with a surface of its own, then the lowest id.

    Parameters
    ----------
    roads, projects
        Layers with the columns of their contracts, in one CRS.
    hardened_surface
        A surface word that the profile judges hardened (see `HardenedRule.surface_of_works`), "" where the profile
        judges by class: then no works on the surface can change its verdict, and a finding says so.
    judge
        The profile's word on each road.
    """
    mine = projects[(projects["layer"] == "roads").to_numpy()].reset_index(drop=True)
    was = judge(roads)
    named = named_features(mine, roads)
    pairs = _pairs(named[named["at"] >= 0], mine, roads, hardened_surface)
    at = pairs["at"].to_numpy(dtype=np.int64)
    pairs["hardness"] = _judged_with(roads, at, pairs["word"].to_numpy(dtype=object), judge)
    # A surface that would take the verdict away from a hardened road is no plan for it: the finding asks.
    worse = (was[at] == _HARDENED) & (pairs["hardness"] != _HARDENED).to_numpy()
    same = _same_surface(roads["surface"].to_numpy(dtype=object)[at], pairs["word"].to_numpy(dtype=object))
    idle = worse | same | ((was[at] == _HARDENED) & ~pairs["own"].to_numpy())
    pairs["takes"] = (pairs["word"] != "").to_numpy() & ~idle

    after = _with_surfaces(roads, _best(pairs))
    planned = (roads["status"] == "planned").to_numpy(dtype=bool)
    after["status"] = after["status"].mask(planned, "open")
    # A road that is not there yet is passable 0 months a year: that is not known of it when it is built.
    months = roads["open_months"].to_numpy(dtype=float)
    after["open_months"] = after["open_months"].mask(planned & (months == 0))
    becomes = judge(after)
    changed = (after["surface"] != roads["surface"]).to_numpy(dtype=bool) | planned
    table = _by_project(pairs, mine, roads, after, was, becomes)
    return AppliedRoads(
        roads=after,
        changed=changed,
        by_project=table,
        findings=joined(
            [
                *_about_projects(projects, mine, named, pairs, roads, hardened_surface),
                *_about_roads(pairs, table, mine, roads, after, hardened_surface, worse),
                _named_twice(pairs, roads),
                _surface_unknown(roads, planned, becomes),
            ]
        ),
    )


def _pairs(found: pd.DataFrame, mine: pd.DataFrame, roads: gpd.GeoDataFrame, hardened_surface: str) -> pd.DataFrame:
    """Every road that a project names: project, at (positions), word (surface to take, "" none), own, hardens, id."""
    own_word = mine["surface"].astype("str").to_numpy(dtype=object)
    own = np.array([normalise_word(word) in road_words("surface") for word in own_word], dtype=bool)
    hard = hardens(mine["kind"])
    word = np.where(own, own_word, np.where(hard, hardened_surface, ""))
    project = found["project"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "project": project,
            "at": found["at"].to_numpy(dtype=np.int64),
            "word": word[project],
            "own": own[project],
            "hardens": hard[project],
            "id": mine["id"].to_numpy(dtype=object)[project],
        }
    )


def _judged_with(roads: gpd.GeoDataFrame, at: Ints, words: NDArray[np.object_], judge: Judge) -> Ints:
    """What the profile says of these roads with these surfaces ("": their own)."""
    if not len(at):
        return np.zeros(0, dtype=np.int64)
    tried = roads.iloc[at].reset_index(drop=True)
    own = tried["surface"].to_numpy(dtype=object)
    tried["surface"] = pd.Series(np.where(words == "", own, words), dtype="str")
    return judge(tried)


def _same_surface(now: NDArray[np.object_], word: NDArray[np.object_]) -> Bools:
    """Whether two surfaces mean the same by the word table (水泥 and cement concrete do)."""
    known = road_words("surface")
    a, b = ([known.get(normalise_word(str(one)), str(one)) for one in words] for words in (now, word))
    return np.array(a, dtype=object) == np.array(b, dtype=object)


def _best(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pair that counts for each road that takes a surface."""
    takes = pairs[pairs["takes"]]
    order = takes.assign(soft=takes["hardness"] != _HARDENED, given=~takes["own"])
    return order.sort_values(["at", "soft", "given", "id", "project"], kind="stable").drop_duplicates("at")


def _with_surfaces(roads: gpd.GeoDataFrame, best: pd.DataFrame) -> gpd.GeoDataFrame:
    after = roads.copy()
    surface = roads["surface"].to_numpy(dtype=object).copy()
    surface[best["at"].to_numpy(dtype=np.int64)] = best["word"].to_numpy(dtype=object)
    after["surface"] = pd.Series(surface, index=roads.index, dtype=roads["surface"].dtype)
    return after


def _by_project(
    pairs: pd.DataFrame, mine: pd.DataFrame, roads: gpd.GeoDataFrame, after: gpd.GeoDataFrame, was: Ints, becomes: Ints
) -> pd.DataFrame:
    at, project = pairs["at"].to_numpy(dtype=np.int64), pairs["project"].to_numpy(dtype=np.int64)
    stage = stage_of(mine["stage"])[project]
    now, then = roads.iloc[at], after.iloc[at]
    return pd.DataFrame(
        {
            "project_id": pairs["id"],
            "stage": stage,
            "done": done(stage),
            "road_id": now["id"].to_numpy(dtype=object),
            "length_m": now.geometry.length.to_numpy().round(2),
            "was": now["surface"].to_numpy(dtype=object),
            "becomes": then["surface"].to_numpy(dtype=object),
            "status_was": now["status"].to_numpy(dtype=object),
            "status_becomes": then["status"].to_numpy(dtype=object),
            "hardness_was": _WORDS[was[at] + 1],
            "hardness_becomes": _WORDS[becomes[at] + 1],
        }
    )


def _about_projects(
    projects: gpd.GeoDataFrame,
    mine: pd.DataFrame,
    named: pd.DataFrame,
    pairs: pd.DataFrame,
    roads: gpd.GeoDataFrame,
    hardened_surface: str,
) -> list[pd.DataFrame]:
    """What is odd of a project itself: no layer, no features, features that are not there, words not understood."""
    nowhere = projects[((projects["layer"] == "") & hardens(projects["kind"])).to_numpy()]
    blank = mine[(mine["features"].str.strip() == "").to_numpy()]
    lost = named[(named["at"] < 0).to_numpy()]
    losers = mine.iloc[lost["project"].to_numpy(dtype=np.int64)]
    words = mine["surface"].astype("str")
    known = words.map(normalise_word).isin(list(road_words("surface"))).to_numpy()
    strange = mine[((words.str.strip() != "").to_numpy() & ~known)]
    # A project that neither hardens nor names a surface does something to its roads that no verdict knows of, unless
    # it builds one.
    builds = pairs.loc[(roads["status"] == "planned").to_numpy()[pairs["at"]], "project"]
    hard = hardens(mine["kind"])
    told = (words.str.strip() != "") | (mine["features"].str.strip() == "")
    idle = mine[~told.to_numpy() & ~hard & ~mine.index.isin(builds)]
    class_rule = mine[hard & (hardened_surface == "")]
    return [
        _of(nowhere, "layer_missing", "layer", [{"kind": kind} for kind in nowhere["kind"]]),
        _of(blank, "no_features", "features", [{"kind": kind} for kind in blank["kind"]]),
        _of(losers, "feature_not_found", "features", [{"feature": one} for one in lost["feature"]]),
        _of(strange, "surface_not_understood", "surface", [{"word": word} for word in strange["surface"]]),
        _of(idle, "kind_without_effect", "kind", [{"kind": kind} for kind in idle["kind"]]),
        _of(class_rule, "class_decides", "kind", [{"kind": kind} for kind in class_rule["kind"]]),
    ]


def _about_roads(
    pairs: pd.DataFrame,
    table: pd.DataFrame,
    mine: pd.DataFrame,
    roads: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    hardened_surface: str,
    worse: Bools,
) -> list[pd.DataFrame]:
    """Where the table of projects and the road layer contradict each other, or works would not serve."""
    at = pairs["at"].to_numpy(dtype=np.int64)
    hard = pairs["hardens"].to_numpy() | pairs["own"].to_numpy()
    built = table["done"].to_numpy()
    planned, closed = ((table["status_was"] == word).to_numpy() for word in ("planned", "closed"))
    was_hard, is_hard = ((table[f"hardness_{when}"] == "hardened").to_numpy() for when in ("was", "becomes"))
    judged = hardened_surface != ""
    seasonal = after["open_months"].to_numpy(dtype=float)[at] < _MONTHS
    # What works do to a hardened road that is accepted is in the layer already: as it should be.
    without = hard & was_hard & ~built & ~planned & ~worse & (table["was"] == table["becomes"]).to_numpy()
    checks: list[tuple[str, Bools, str]] = [
        ("done_but_not_in_layer", hard & built & ~was_hard & ~planned & judged, "stage"),
        ("done_but_still_planned", built & planned, "stage"),
        ("already_hardened", without, "features"),
        ("surface_worse", worse & pairs["own"].to_numpy(), "surface"),
        ("still_not_hardened", hard & ~is_hard & judged, "features"),
        ("road_closed", hard & closed, "features"),
        ("road_seasonal", hard & ~closed & seasonal, "features"),
    ]
    owners = mine.iloc[pairs["project"].to_numpy(dtype=np.int64)]
    road, was, becomes = (table[name].to_numpy(dtype=object) for name in ("road_id", "was", "becomes"))
    wished, stage = pairs["word"].to_numpy(dtype=object), owners["stage"].to_numpy(dtype=object)
    months = after["open_months"].to_numpy(dtype=float)[at]
    found = []
    for name, which, field in checks:
        rows = np.flatnonzero(which)
        each: list[dict[str, object]] = [
            {
                "road": road[row],
                "surface": was[row] or "—",
                "becomes": (wished[row] if name == "surface_worse" else becomes[row]) or "—",
                "stage": stage[row],
                "months": f"{months[row]:g}",
            }
            for row in rows
        ]
        found.append(_of(owners.iloc[rows], name, field, each, roads.geometry.iloc[at[rows]].representative_point()))
    return found


def _named_twice(pairs: pd.DataFrame, roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Roads that several projects name: works counted twice, or one road for another."""
    several = pairs[pairs.duplicated("at", keep=False)].sort_values(["at", "id"], kind="stable")
    ids = several.groupby("at")["id"].agg(", ".join)
    at = ids.index.to_numpy(dtype=np.int64)
    each = [{"projects": text} for text in ids]
    return findings_at("roads", roads, at, "projects.road_named_twice", "noted", field="id", each=each)


def _surface_unknown(roads: gpd.GeoDataFrame, planned: Bools, becomes: Ints) -> pd.DataFrame:
    """Planned roads of which nobody says what they will be surfaced with: they serve no hamlet when built."""
    at = np.flatnonzero(planned & (becomes == _UNKNOWN))
    return findings_at("roads", roads, at, "projects.planned_surface_unknown", "noted", field="surface")


def _of(
    rows: pd.DataFrame,
    name: str,
    field: str,
    each: list[dict[str, object]],
    places: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """Findings `projects.NAME` on these rows of the projects layer."""
    xs, ys = (None, None) if places is None else (places.x, places.y)
    return findings_of(
        "projects",
        f"projects.{name}",
        "noted",
        n=len(rows),
        rows=rows["row"],
        ids=rows["id"],
        field=field,
        xs=xs,
        ys=ys,
        each=each,
    )
