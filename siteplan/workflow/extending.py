"""What it takes to give water to those who have none: who asks, which projects, and their tables and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.plan import Plan
from siteplan.standards.water_profile import WaterDesign
from siteplan.water.demand import demands
from siteplan.water.extensions.catalogue import Catalogue, load_catalogue
from siteplan.water.extensions.drawing import drawn_pipes, drawn_works
from siteplan.water.extensions.proposal import ASKED_COLUMNS, Proposal, Works, propose_extensions
from siteplan.workflow.recording import plain_figures
from siteplan.workflow.watering import WaterAnswer

ASKING = ("unserved", "tap_too_far")
"""Levels of hamlets that ask for water."""
MOST_ROADS = 60_000
"""Roads up to which a design is made in one go; beyond, townships are to be designed one by one."""
Note = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class ExtensionAnswer:
    """The projects; or, where there is no `proposal`, the notes that say why.

    asked : index id; kind ("hamlet", "site"), row (of its layer), name, township, and the columns of `Proposal.asked`.
    source_names : id of a place -> how people call it.
    """

    proposal: Proposal | None
    catalogue: Catalogue
    asked: gpd.GeoDataFrame
    source_names: dict[str, str]
    notes: tuple[Note, ...]

    @property
    def rules(self) -> pd.DataFrame:
        """Every rule and price used: rule, value, unit, clause, source, confidence."""
        return pd.DataFrame(list(self.catalogue.rules))

    @property
    def pipes(self) -> gpd.GeoDataFrame:
        """Pipes as lines; empty where nothing is proposed."""
        if self.proposal is None:
            return gpd.GeoDataFrame({"project": []}, geometry=[], crs=self.asked.crs)
        table = drawn_pipes(self.proposal.design, self.proposal.county, self.asked.crs)
        return table.assign(source=self._named(table["source"]))

    @property
    def works(self) -> gpd.GeoDataFrame:
        """Pumps, tanks and taps as points."""
        if self.proposal is None:
            return gpd.GeoDataFrame({"project": []}, geometry=[], crs=self.asked.crs)
        table = drawn_works(self.proposal.design, self.proposal.county, self.asked.crs)
        return table.assign(source=self._named(table["source"]))

    @property
    def projects(self) -> pd.DataFrame:
        """Projects by rank, sources by name."""
        if self.proposal is None:
            return pd.DataFrame({"project": []})
        table = self.proposal.design.projects.reset_index()
        return table.assign(source=self._named(table["source"]))

    @property
    def hamlets(self) -> pd.DataFrame:
        """Who asked, with what is proposed or why not."""
        own = pd.DataFrame(self.asked.drop(columns=["geometry", "row"])).rename_axis("id").reset_index()
        if self.proposal is None:
            return own
        answer = self.proposal.design.hamlets.drop(columns=["tap_edge", "tap_station_m"]).reset_index(drop=True)
        return pd.concat([own, answer.assign(source=self._named(answer["source"]))], axis=1)

    def on_villages(self, villages: gpd.GeoDataFrame, texts: Texts) -> gpd.GeoDataFrame:
        """The village table with water_project (id, "" none) and water_project_reason (why it is not served; "" where
        it is, or did not ask) beside its own."""
        project, why = (np.full(len(villages), "", dtype=object) for _ in range(2))
        if self.proposal is not None:
            mine, answer = (self.asked["kind"] == "hamlet").to_numpy(), self.proposal.design.hamlets
            row = self.asked["row"].to_numpy(dtype=np.int64)[mine]
            project[row] = answer["project"].to_numpy(dtype=object)[mine]
            why[row] = [texts(f"water.extension.reason.{key}") if key else "" for key in answer["reason"][mine]]
        return villages.assign(water_project=project, water_project_reason=why)

    def record(self) -> dict[str, object]:
        """What a run records of it."""
        if self.proposal is None:
            return {"notes": [key for key, _ in self.notes]}
        design = self.proposal.design
        return {
            "figures": plain_figures(design.figures),
            "parameters": plain_figures(dict(design.parameters)),
            "network_check": self.proposal.network_check,
            "withdrawn": list(self.proposal.withdrawn),
            "offers": len(self.proposal.offers.table),
            "rules": [dict(rule) for rule in design.rules],
        }

    def _named(self, ids: pd.Series) -> list[str]:
        return [self.source_names.get(one, one) for one in ids.tolist()]


def extension_answer(
    plan: Plan,
    layers: LayerSet,
    water: WaterAnswer,
    *,
    step: Callable[[str], None] = lambda key: None,
) -> ExtensionAnswer | None:
    """Design extensions for hamlets without water and for chosen resettlement sites; None where the plan wants none or
    nobody asks.

    Raises
    ------
    PlanError
        If the pipe catalogue is at fault.
    """
    own = plan.water
    if not own.extensions:
        return None
    catalogue = load_catalogue(None if own.pipes is None else plan.root / own.pipes)
    asked = _asked(layers, water)
    if not len(asked):
        return None
    names = _source_names(water)
    roads = layers.table("roads")
    if water.surface is None:
        return ExtensionAnswer(None, catalogue, asked, names, (("water.extension.note.no_heights", {}),))
    if len(roads) > MOST_ROADS:
        told: Note = ("water.extension.note.too_large", {"n": len(roads), "most": MOST_ROADS})
        return ExtensionAnswer(None, catalogue, asked, names, (told,))
    step("reports.step.extensions")
    built = (roads["status"] != "planned").to_numpy()
    rivers = layers.table("rivers")
    proposal = propose_extensions(
        Works(water.network, water.demands, water.reach, water.hydraulics, _fetched(water)),
        asked,
        roads.geometry.to_numpy()[built],
        water.surface,
        catalogue,
        peak_factor=water.design.factors["peak_hour"].use,
        rivers=rivers.geometry.to_numpy() if len(rivers) else None,
        budget=own.budget,
        most_per_person=own.most_per_person,
        where_no_gravity=own.no_gravity,
    )
    notes: list[Note] = [(f"water.extension.note.{key}", {}) for key in proposal.design.notes]
    if proposal.offers.parts_unfit:
        notes.insert(0, ("water.extension.note.unfit", {"n": proposal.offers.parts_unfit}))
    if proposal.offers.quality_unknown:
        notes.insert(0, ("water.extension.note.untested", {}))
    if not len(proposal.offers.table) and not proposal.withdrawn:
        values: dict[str, object] = {"n": proposal.offers.parts_short, "unknown": proposal.offers.parts_unknown}
        notes.insert(0, ("water.extension.note.nothing_to_spare", values))
    return ExtensionAnswer(proposal, catalogue, asked, names, tuple(notes))


def _fetched(water: WaterAnswer) -> np.ndarray:
    """What hamlets that live by a tap fetch there at the peak hour, by node of the network, L/s."""
    nodes = water.network.nodes
    taps = np.flatnonzero((nodes["kind"] == "tap").to_numpy() & nodes["works"].to_numpy(dtype=bool))
    tap = water.walks.table["tap"].to_numpy(dtype=np.int64)
    by_tap = (water.service.table["water_level"] == "tap_in_reach").to_numpy() & (tap >= 0)
    need = np.nan_to_num(water.demands.table["peak_lps"].to_numpy(dtype=np.float64))
    return np.bincount(taps[tap[by_tap]], need[by_tap], len(nodes)).astype(np.float64)


def _asked(layers: LayerSet, water: WaterAnswer) -> gpd.GeoDataFrame:
    """Hamlets without water, then chosen sites, with what they would draw. Where sites are chosen, people who move are
    asked for there and not in their hamlets."""
    villages, sites = layers.table("villages"), layers.table("sites")
    rows = np.flatnonzero(water.service.table["water_level"].isin(ASKING).to_numpy())
    parts = [_rows(villages, rows, "hamlet", water.demands.table)]
    chosen = np.zeros(0, dtype=np.int64)
    if len(sites) and "chosen" in sites.columns:
        chosen = np.flatnonzero((sites["chosen"] == True).fillna(False).to_numpy(dtype=bool))  # noqa: E712
        if len(chosen):
            parts[0] = _who_stay(villages, parts[0])
            parts.append(_rows(sites, chosen, "site", _site_demands(villages, sites, water.design, water)))
    table = pd.concat(parts)
    # Ids of two layers may be alike.
    taken, names = set(table.index[table["kind"] == "hamlet"]), []
    for own, kind in zip(table.index, table["kind"], strict=True):
        name = own
        while kind == "site" and name in taken:
            name = f"site {name}"
        taken.add(name)
        names.append(name)
    table.index = pd.Index(names, name="id")
    return gpd.GeoDataFrame(table, geometry="geometry", crs=layers.crs)


def _who_stay(villages: gpd.GeoDataFrame, asked: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Hamlets with those who stay; without the hamlets that move whole."""
    if "relocate_people" not in villages.columns:
        return asked
    moving = np.nan_to_num(
        villages["relocate_people"].to_numpy(dtype=np.float64)[asked["row"].to_numpy(dtype=np.int64)]
    )
    people = asked["people"].to_numpy(dtype=np.float64)
    share = np.clip(1.0 - np.divide(moving, people, out=np.zeros(len(people)), where=people > 0), 0.0, 1.0)
    stay = asked.assign(people=people * share, peak_lps=asked["peak_lps"] * share)
    return stay[share > 0]


def _rows(layer: gpd.GeoDataFrame, rows: np.ndarray, kind: str, need: pd.DataFrame) -> gpd.GeoDataFrame:
    own = layer.iloc[rows]
    columns = {name: need[name].to_numpy(dtype=np.float64)[rows] for name in ASKED_COLUMNS}
    text = {
        name: own[name].fillna("").astype("str").to_numpy(dtype=object) if name in own.columns else ""
        for name in ("name", "township")
    }
    return gpd.GeoDataFrame(
        {"kind": kind, "row": rows, **text, **columns},
        geometry=own.geometry.representative_point().to_numpy(),
        index=pd.Index(own["id"].astype("str").to_numpy(dtype=object), name="id"),
        crs=layer.crs,
    )


def _site_demands(
    villages: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, design: WaterDesign, water: WaterAnswer
) -> pd.DataFrame:
    """What the households that a site can take would draw: as many people each as the county's households have."""
    both = villages["people"].notna() & villages["households"].notna()
    households = float(villages.loc[both, "households"].sum())
    size = float(villages.loc[both, "people"].sum()) / households if households > 0 else np.nan
    made = gpd.GeoDataFrame(
        {"people": np.round(sites["capacity_households"].to_numpy(dtype=np.float64) * size), "livestock": np.nan},
        geometry=sites.geometry.to_numpy(),
        crs=sites.crs,
    )
    found = demands(
        made, water.profile, design=design, livestock="left_out", assume_connection="house",
        water_short=bool(water.service.parameters.get("water_short", False)),
    )  # fmt: skip
    return found.table


def _source_names(water: WaterAnswer) -> dict[str, str]:
    """Sources and tanks by the name of their layer; places on lines by their pipe's name and their own id."""
    nodes, links = water.network.nodes, water.network.links
    pipe = dict(zip(links["end"].tolist(), links["name"], strict=True))
    pipe = dict(zip(links["start"].tolist(), links["name"], strict=True)) | pipe
    return {
        node: name or point or f"{pipe.get(row, '')} {node}".strip()
        for row, node, name, point in zip(
            range(len(nodes)), nodes["node"], nodes["name"], nodes["point_id"], strict=True
        )
    }
