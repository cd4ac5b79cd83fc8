"""Which water lines are drawn as head profiles, and what stands on them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.pictures.headpanel import SEEN_M
from siteplan.pictures.headprofile import COLUMNS, HeadProfile
from siteplan.water.hydraulics_profile import head_profile
from siteplan.workflow.watering import WaterAnswer

MOST = 60
"""Profiles in one document: twenty pages."""
_MARKED = ("source", "tank", "tap")
_DEVICES = ("pump", "valve")
_TEXTS = "pictures.headprofile"


def water_profiles(
    water: WaterAnswer, villages: gpd.GeoDataFrame, ground: pd.DataFrame | None, texts: Texts, *, most: int = MOST
) -> list[HeadProfile]:
    """The lines to draw: to every piped hamlet that is deficient, and of each source to the one with least to spare.

    Parameters
    ----------
    villages
        The hamlets of `water`, same rows.
    ground
        Along pipes: link (row of links), station_m, ground_m; None: the heights of nodes alone are drawn.

    Returns
    -------
    At most `most`, the deficient first, each part with the least head to spare first, hamlets of unknown head last.
    """
    names = _Names(water, villages, texts)
    reasons = water.worded(texts).service.table["water_reason"].to_numpy(dtype=object)
    found = []
    for row in _chosen(water, villages)[:most]:
        node = int(water.reach.hamlets["node"].iloc[row])
        table = head_profile(water.network, water.reach, water.hydraulics, node, ground)
        if not len(table):
            continue
        source = names.of_node(names.rows[str(table["node"].iloc[0])])
        found.append(
            HeadProfile(
                title=texts(f"{_TEXTS}.title", source=source, hamlet=names.hamlets[row], id=villages["id"].iloc[row]),
                table=_with_steps(water, table, names)[list(COLUMNS)],
                marks=_marks(water, table, row, names),
                needed_m=float(water.demands.table["service_head_m"].iloc[row]),
                verdict=_verdict(water, table, row, str(reasons[row]), names, texts),
            )
        )
    return found


def _chosen(water: WaterAnswer, villages: gpd.GeoDataFrame) -> list[int]:
    """Rows of hamlets."""
    reach, hamlets = water.reach.hamlets, water.hydraulics.hamlets
    table = pd.DataFrame(
        {
            "id": villages["id"].astype(str).to_numpy(),
            "source": reach["sources"].to_numpy(dtype=object),
            "spare": hamlets["spare_m"].to_numpy(np.float64),
            "deficient": (water.service.table["water_level"] == "piped_deficient").to_numpy(),
        }
    )
    drawn = reach["reached"].to_numpy(dtype=bool) & (hamlets["why"] != "not_connected").to_numpy()
    table = table[drawn].sort_values(["spare", "id"], na_position="last", kind="stable")
    each = table.assign(source=table["source"].str.split(";")).explode("source").drop_duplicates("source")
    rows = dict.fromkeys([*table.index[table["deficient"]], *each.index])
    return [int(row) for row in rows]


class _Names:
    """What nodes, links and hamlets are called, in the language of `texts`."""

    def __init__(self, water: WaterAnswer, villages: gpd.GeoDataFrame, texts: Texts) -> None:
        self.water, self.texts = water, texts
        nodes, links = water.network.nodes, water.network.links
        self.rows = {str(one): row for row, one in enumerate(nodes["node"])}
        self.links = {str(one): row for row, one in enumerate(links["link"])}
        own = villages["name"].fillna("").astype(str)
        if texts.language == "en" and "name_en" in villages:
            english = villages["name_en"].fillna("").astype(str)
            own = english.where(english.str.strip() != "", own)
        self.hamlets = own.where(own.str.strip() != "", villages["id"].astype(str)).tolist()
        connected = (water.hydraulics.hamlets["why"] != "not_connected").to_numpy()
        self.at: dict[int, list[int]] = {}
        for row, node in enumerate(water.network.connections["node"].tolist()):
            if node >= 0 and connected[row]:
                self.at.setdefault(int(node), []).append(row)

    def of_node(self, row: int) -> str:
        """The name of a source, tank or tap; without one its kind and id."""
        node = self.water.network.nodes.iloc[row]
        return self._named(node["name"], str(node["kind"]), node["point_id"] or node["node"])

    def of_link(self, row: int) -> str:
        """The same of a pump or valve."""
        link = self.water.network.links.iloc[row]
        return self._named(link["name"], str(link["kind"]), link["line_id"] or link["link"])

    def _named(self, name: object, kind: str, own_id: object) -> str:
        if isinstance(name, str) and name.strip():
            return name
        return self.texts(f"{_TEXTS}.named", kind=self.texts(f"water.network.{kind}"), id=own_id)


def _marks(water: WaterAnswer, table: pd.DataFrame, hamlet: int, names: _Names) -> list[tuple[float, str, str]]:
    """(station_m, label, kind) of what stands on the way, in walking order, the hamlet itself last."""
    kinds, works = water.network.nodes["kind"].tolist(), water.network.nodes["works"].tolist()
    devices = water.network.links["kind"].tolist()
    marks = []
    at_nodes = table[table["node"] != ""]
    for station, name, link in zip(at_nodes["station_m"].tolist(), at_nodes["node"], at_nodes["link"], strict=True):
        node = names.rows[name]
        if link and devices[names.links[link]] in _DEVICES:
            marks.append((station, names.of_link(names.links[link]), devices[names.links[link]]))
        if kinds[node] in _MARKED and works[node]:
            marks.append((station, names.of_node(node), kinds[node]))
        marks += [(station, names.hamlets[row], "hamlet") for row in names.at.get(node, []) if row != hamlet]
    return [*marks, (float(table["station_m"].iloc[-1]), names.hamlets[hamlet], "hamlet")]


def _with_steps(water: WaterAnswer, table: pd.DataFrame, names: _Names) -> pd.DataFrame:
    """The profile with the head at rest level along each pipe: its fall at a tank is a step, not a slope.

    At rest a pipe stands at the higher of its ends, the inlet of a tank being shut.
    """
    kinds = water.network.links["kind"].tolist()
    rows = table.to_dict("records")
    stepped = rows[:1]
    before = rows[0] if rows else {}
    for row in rows[1:]:
        if kinds[names.links[row["link"]]] == "pipe" and row["node"]:
            rest = np.fmax(before["static_m"], row["static_m"])
            if before["static_m"] < rest:
                at = next(n for n in range(len(stepped) - 1, -1, -1) if stepped[n] is before)
                stepped.insert(at + 1, before | {"static_m": rest})
            if row["static_m"] < rest:
                stepped.append(row | {"static_m": rest})
        stepped.append(row)
        if row["node"]:
            before = row
    return pd.DataFrame(stepped, columns=table.columns)


def _verdict(water: WaterAnswer, table: pd.DataFrame, hamlet: int, reason: str, names: _Names, texts: Texts) -> str:
    """Pressure, what is wrong with the service or its level, and negative pressure on the way."""
    own, level = water.hydraulics.hamlets.iloc[hamlet], str(water.service.table["water_level"].iloc[hamlet])
    if own["verdict"] == "unknown":
        key = f"water.hydraulics.why.{own['why']}" if own["why"] else "water.hydraulics.verdict.unknown"
        said = [texts(f"{_TEXTS}.pressure_unknown", why=texts(key))]
    else:
        said = [texts(f"{_TEXTS}.pressure_{own['verdict']}")]
    deficient = level == "piped_deficient"
    said.append(reason if deficient else texts(f"{_TEXTS}.level", level=texts(f"water.level.{level}")))
    passed = {names.links[link] for link in table["link"] if link}
    points = water.hydraulics.high_points
    points = points[points["link"].isin(passed) & (points["above_m"] >= SEEN_M)]
    if (points["verdict"] == "negative").any():
        said.append(texts(f"{_TEXTS}.negative"))
    elif len(points):
        said.append(texts(f"{_TEXTS}.marginal"))
    return texts(f"{_TEXTS}.join").join(said)
