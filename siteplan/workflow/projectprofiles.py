"""Head profiles of proposed lines: from the place where a project starts to its hamlet with least head to spare."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.pictures.headprofile import COLUMNS, HeadProfile
from siteplan.water.extensions.catalogue import SHUT_OFF
from siteplan.water.extensions.corridors import Corridors
from siteplan.water.extensions.proposal import Proposal
from siteplan.workflow.extending import ExtensionAnswer

_TEXTS = "pictures.headprofile"
_AT_M = 1e-3
Piece = dict[Hashable, Any]
"""A row of `ExtensionDesign.pipes`."""
Place = tuple[int, float]
"""A node as (node, -1), a place on an edge as (edge, metres from its u)."""


def project_profiles(extensions: ExtensionAnswer, texts: Texts, *, most: int) -> list[HeadProfile]:
    """The lines of the chosen projects, by rank, at most so many."""
    proposal = extensions.proposal
    if proposal is None:
        return []
    projects = extensions.projects
    chosen = projects[projects["chosen"] & (projects["length_m"] > 0)].head(most)
    return [_profile(extensions, proposal, row, texts) for _, row in chosen.iterrows()]


def _profile(extensions: ExtensionAnswer, proposal: Proposal, project: pd.Series, texts: Texts) -> HeadProfile:
    design, corridors = proposal.design, proposal.county.corridors
    answer = extensions.hamlets
    mine = answer[(answer["project"] == project["project"]) & answer["served"]]
    spare = mine["head_m"] - mine["service_head_m"].where(mine["service"] != "tap", 0.0)
    hamlet = mine.loc[spare.sort_values(kind="stable").index[0]]
    row = int(hamlet.name)
    end: Place = (int(proposal.asked["node"].iloc[row]), -1.0)
    if hamlet["service"] == "tap":
        own = design.hamlets.iloc[row]
        end = _place(corridors, int(own["tap_edge"]), float(own["tap_station_m"]))
    pieces = _way(design.pipes[design.pipes["project"] == project["project"]], corridors, end)
    offer = proposal.offers.table.loc[design.projects.loc[project["project"], "source"]]
    level, depth = float(offer["rest_head_m"]), extensions.catalogue.prices.tank_depth_m
    rows, marks, at = [], [(0.0, str(project["source"]), "source")], 0.0
    works = _works(design.works[design.works["project"] == project["project"]], corridors)
    for piece in pieces:
        before, after = (_place(corridors, int(piece["edge"]), float(piece[name])) for name in ("from_m", "to_m"))
        for kind, lift in works.get(before, ()):
            # A tank begins a level of its own; a pump lifts at rest as its curve does at no flow.
            level = float(piece["z_start_m"]) + depth if kind == "tank" else level
            level += SHUT_OFF * lift if kind == "pump" else 0.0
        rows += _along(piece, corridors, at, level)
        at += float(piece["length_m"])
        marks += [(at, texts(f"water.extension.kind.{kind}"), kind) for kind, _ in works.get(after, ())]
    marks.append((at, str(hamlet["name"] or hamlet["id"]), "hamlet"))
    sizes = " + ".join(dict.fromkeys(f"{piece['material']} DN{piece['dn_mm']:g}" for piece in pieces))
    cost = f"{project['cost']:,.0f} {extensions.catalogue.currency}"
    checked = texts(f"water.extension.recheck.{project['recheck']}")
    return HeadProfile(
        title=texts(f"{_TEXTS}.project", project=project["project"], source=project["source"],
                    hamlet=hamlet["name"] or hamlet["id"], id=hamlet["id"]),
        table=pd.DataFrame(rows, columns=list(COLUMNS)),
        marks=marks,
        needed_m=float(hamlet["service_head_m"]) if hamlet["service"] == "piped" else float("nan"),
        verdict=texts(f"{_TEXTS}.project_told", sizes=sizes, cost=cost, checked=checked),
    )  # fmt: skip


def _place(corridors: Corridors, edge: int, along: float) -> Place:
    if along <= _AT_M:
        return int(corridors.u[edge]), -1.0
    if along >= float(corridors.length_m[edge]) - _AT_M:
        return int(corridors.v[edge]), -1.0
    return edge, round(along, 2)


def _way(pipes: pd.DataFrame, corridors: Corridors, end: Place) -> list[Piece]:
    """The pieces from the source to a place, in the sense of flow."""
    into = {_place(corridors, int(one["edge"]), float(one["to_m"])): one for one in pipes.to_dict("records")}
    way: list[Piece] = []
    while end in into and len(way) <= len(into):
        piece = into[end]
        way.append(piece)
        end = _place(corridors, int(piece["edge"]), float(piece["from_m"]))
    return way[::-1]


def _works(works: pd.DataFrame, corridors: Corridors) -> dict[Place, list[tuple[str, float]]]:
    """Kind and, of a pump, its lift (m), by place."""
    found: dict[Place, list[tuple[str, float]]] = {}
    for edge, station, node, kind, head in works[["edge", "station_m", "node", "kind", "head_m"]].itertuples(
        index=False
    ):
        place = (int(node), -1.0) if node >= 0 else _place(corridors, int(edge), float(station))
        found.setdefault(place, []).append((str(kind), float(head)))
    return found


def _along(piece: Piece, corridors: Corridors, at: float, rest: float) -> list[tuple[float, float, float, float]]:
    """Rows of a piece: its ends, and the ground between them; `rest` is the level at rest."""
    start, stop, length = (float(piece[name]) for name in ("from_m", "to_m", "length_m"))
    station, height = corridors.profile(int(piece["edge"]))
    low, high = min(start, stop), max(start, stop)
    inside = (station > low + _AT_M) & (station < high - _AT_M)
    share = np.abs(station[inside] - start) / max(high - low, _AT_M)
    order = np.argsort(share)
    share = np.concatenate([[0.0], share[order], [1.0]])
    z_start, z_stop = float(piece["z_start_m"]), float(piece["z_stop_m"])
    ground = np.concatenate([[z_start], height[inside][order], [z_stop]])
    head_start, head_stop = float(piece["head_start_m"]), float(piece["head_stop_m"])
    grade = head_start + share * (head_stop - head_start)
    return list(zip((at + share * length).tolist(), ground.tolist(), grade.tolist(), [rest] * len(share), strict=True))
