"""Ground and grade line: points of the ground above the line of heads, and the profile from source to hamlet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.network.ragged import Bools, Floats, Ints, first_of_groups
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach, supply_way

if TYPE_CHECKING:
    from siteplan.water.hydraulics import Hydraulics

LEAST_ABOVE_M = 0.1
"""Ground above the grade line by less is not told: lines begin at the surface of a tank or spring."""
COLUMNS = ("link", "station_m", "ground_m", "grade_m", "above_m", "verdict")


def lowest_ground(network: WaterNetwork, profiles: pd.DataFrame | None) -> Floats:
    """Lowest known ground along each link, m, (m,): of its ends, and of its profile where there is one."""
    z = network.nodes["z_m"].to_numpy(np.float64)
    ends = np.fmin(z[network.links["start"].to_numpy(np.int64)], z[network.links["end"].to_numpy(np.int64)])
    if profiles is not None and len(profiles):
        np.fmin.at(ends, profiles["link"].to_numpy(np.int64), profiles["ground_m"].to_numpy(np.float64))
    return ends


def high_points(
    network: WaterNetwork,
    nodes: pd.DataFrame,
    profiles: pd.DataFrame | None,
    *,
    dem_error_m: float,
    too_full: Bools | None = None,
) -> pd.DataFrame:
    """Links whose ground rises above the line of heads at peak hour: negative pressure, air, no flow.

    Parameters
    ----------
    nodes
        head_m and static_head_m by row of `network.nodes`.
    profiles
        link (row of links), station_m (from the pipe's start; the last is its end), ground_m. Heads between the ends
        follow the straight line a pipe of one diameter has.
    too_full
        Links that carry more in this state than the source gives: negative only where the ground is above the head at
        rest.

    Returns
    -------
    Columns `COLUMNS`, one row a link, at its worst point, by link: above_m (ground less grade line), verdict
    ("negative", or "marginal" within `dem_error_m`). Links without heads or profile are not in it.
    """
    if profiles is None or not len(profiles):
        return pd.DataFrame({name: pd.Series(dtype="object" if name == "verdict" else "float64") for name in COLUMNS})
    table = profiles.sort_values(["link", "station_m"], kind="stable")
    link = table["link"].to_numpy(np.int64)
    station, ground = table["station_m"].to_numpy(np.float64), table["ground_m"].to_numpy(np.float64)
    grade = _grade(network, nodes["head_m"].to_numpy(np.float64), link, station)
    above = ground - grade
    worst = np.lexsort((station, -np.nan_to_num(above, nan=-np.inf), link))
    worst = worst[first_of_groups(link[worst])]
    worst = worst[above[worst] > LEAST_ABOVE_M]
    sure = above[worst] > dem_error_m
    if too_full is not None:
        static, (start, end) = nodes["static_head_m"].to_numpy(np.float64), _ends(network, link[worst])
        sure &= ~too_full[link[worst]] | (ground[worst] - np.fmax(static[start], static[end]) > dem_error_m)
    return pd.DataFrame(
        {
            "link": link[worst],
            "station_m": station[worst],
            "ground_m": ground[worst],
            "grade_m": grade[worst],
            "above_m": above[worst],
            "verdict": np.where(sure, "negative", "marginal"),
        }
    )


def _ends(network: WaterNetwork, link: Ints) -> tuple[Ints, Ints]:
    start, end = (network.links[name].to_numpy(np.int64)[link] for name in ("start", "end"))
    return start, end


def _grade(network: WaterNetwork, head: Floats, link: Ints, station: Floats) -> Floats:
    """Heads at stations of links; stations sorted within each link."""
    length = np.zeros(len(network.links))
    np.maximum.at(length, link, station)
    share = np.divide(station, length[link], out=np.zeros(len(station)), where=length[link] > 0)
    start, end = _ends(network, link)
    return head[start] * (1 - share) + head[end] * share


def head_profile(
    network: WaterNetwork, reach: Reach, hydraulics: Hydraulics, node: int, profiles: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Ground and heads along the shortest open way from a working source to a node (row of `network.nodes`).

    Returns
    -------
    station_m (from the source), ground_m, grade_m (head at peak hour), static_m (head at rest), node (id, "" between
    nodes), link (id of the link that leads here, "" at the source); rows in walking order, those of `profiles` between
    nodes. Empty where no source reaches the node. NaN where not known; links without a length count as 0 m.
    """
    way, passed = supply_way(network, reach.links["reached"].to_numpy(dtype=bool), node)
    nodes, links, ids = network.nodes, network.links, network.nodes["node"].to_numpy()
    z, head = nodes["z_m"].to_numpy(np.float64), hydraulics.nodes["head_m"].to_numpy(np.float64)
    static = hydraulics.nodes["static_head_m"].to_numpy(np.float64)
    length = np.nan_to_num(links["length_m"].to_numpy(np.float64), nan=0.0)
    rows: list[tuple[float, float, float, float, str, str]] = []
    at = 0.0
    for step, here in enumerate(way.tolist()):
        name = ""
        if step:
            link = int(passed[step - 1])
            name = str(links["link"].iloc[link])
            ahead = int(links["start"].iloc[link]) == int(way[step - 1])
            rows += _between(
                hydraulics, profiles, link, ahead, (int(way[step - 1]), here), at, float(length[link]), name
            )
            at += float(length[link])
        rows.append((at, float(z[here]), float(head[here]), float(static[here]), str(ids[here]), name))
    return pd.DataFrame(rows, columns=["station_m", "ground_m", "grade_m", "static_m", "node", "link"])


def _between(
    hydraulics: Hydraulics,
    profiles: pd.DataFrame | None,
    link: int,
    ahead: bool,
    ends: tuple[int, int],
    at: float,
    length: float,
    name: str,
) -> list[tuple[float, float, float, float, str, str]]:
    """Rows of a link's profile between its ends, walked from the first of `ends` to the second."""
    if profiles is None:
        return []
    own = profiles[profiles["link"] == link].sort_values("station_m", kind="stable")
    if len(own) < 3:
        return []
    station = own["station_m"].to_numpy(np.float64)
    share = (station - station[0]) / (station[-1] - station[0])
    ground = own["ground_m"].to_numpy(np.float64)
    if not ahead:
        share, ground = 1 - share[::-1], ground[::-1]
    heads, rest = (hydraulics.nodes[column].to_numpy(np.float64)[list(ends)] for column in ("head_m", "static_head_m"))
    inner = (share > 0) & (share < 1)
    grade, static = heads[0] + share * (heads[1] - heads[0]), np.full(len(share), np.fmax(*rest))
    along = at + share[inner] * length
    return [
        (along_m, ground_m, grade_m, static_m, "", name)
        for along_m, ground_m, grade_m, static_m in zip(
            along.tolist(), ground[inner].tolist(), grade[inner].tolist(), static[inner].tolist(), strict=True
        )
    ]
