"""Water, from layers to service levels: network, demands, balance, pressures, walks, verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.language import Texts
from siteplan.layers.findings import joined
from siteplan.layers.layerset import LayerSet
from siteplan.layers.terrain.sampling import Surface, profiles, read_surface
from siteplan.network.graph import RoadNetwork
from siteplan.plan import Plan
from siteplan.standards import load_water_design, load_water_profile
from siteplan.standards.water_profile import WaterDesign, WaterProfile
from siteplan.water.balance import Balance, water_balance
from siteplan.water.coverage import WaterCoverage, water_coverage
from siteplan.water.demand import HamletDemands, demands
from siteplan.water.evidence import Evidence, PipeReach, WaterKnown, gathered, piped_quality
from siteplan.water.hydraulics import Hydraulics, Limits, run_hydraulics
from siteplan.water.levels import ServiceLevels, reworded, service_levels
from siteplan.water.model import WaterNetwork
from siteplan.water.network import build_water_network
from siteplan.water.pathnetwork import PathNetwork
from siteplan.water.tracing import Reach, trace
from siteplan.water.walking import Walks, tap_shares, walk_to_taps
from siteplan.workflow.recording import plain_figures


@dataclass(frozen=True)
class WaterAnswer:
    """Everything said of water: each step's result, and what was found.

    surface : the ground, None where the plan has no heights. ground : along each pipe, link, station_m, ground_m.
    """

    profile: WaterProfile
    design: WaterDesign
    surface: Surface | None
    ground: pd.DataFrame | None
    network: WaterNetwork
    demands: HamletDemands
    reach: Reach
    balance: Balance
    hydraulics: Hydraulics
    walks: Walks
    service: ServiceLevels
    coverage: WaterCoverage
    findings: pd.DataFrame

    @property
    def rules(self) -> pd.DataFrame:
        """Every rule used: rule, value, unit, clause, source, confidence."""
        return pd.concat([self.service.rules, self.demands.rules], ignore_index=True).drop_duplicates()

    def record(self) -> dict[str, object]:
        """What a run records of it."""
        return {
            "profile": self.profile.id,
            "parameters": {
                "demands": dict(self.demands.parameters), "balance": dict(self.balance.parameters),
                "hydraulics": dict(self.hydraulics.parameters), "levels": dict(self.service.parameters),
            },
            "headline": plain_figures(self.coverage.headline),
            "balance": plain_figures(self.balance.figures),
            "pressures": plain_figures(self.hydraulics.figures),
            "rules": self.rules.to_dict("records"),
        }  # fmt: skip

    def worded(self, texts: Texts) -> WaterAnswer:
        """The same answer with its reasons in the language of `texts`."""
        return replace(self, service=reworded(self.service, texts))

    def on_villages(self, villages: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The village table with the water columns beside its own."""
        columns = ("water_level", "water_reason", "water_source", "head_m", "litres_per_person_day")
        return villages.assign(**{name: self.service.table[name].to_numpy() for name in columns})


def water_answer(
    plan: Plan, layers: LayerSet, roads: RoadNetwork, texts: Texts, *, step: Callable[[str], None] = lambda key: None
) -> WaterAnswer | None:
    """Judge the water of every hamlet; None where the plan has neither pipes nor water points.

    `roads` are the ways on which people walk to a tap.

    Raises
    ------
    PlanError, LayerError
        If the profile, the heights or the layers are at fault.
    """
    lines, points = layers.table("water_lines"), layers.table("water_points")
    if not len(lines) and not len(points):
        return None
    step("reports.step.water")
    villages, own = layers.table("villages"), plan.water
    profile = load_water_profile(own.profile, root=plan.root)
    design = load_water_design(profile.design, root=plan.root)
    surface = read_surface(plan.dem_paths(), layers.crs) if plan.dem_paths() else None
    network = build_water_network(
        lines,
        points,
        villages,
        snap_m=own.snap_m,
        suspect_m=max(own.suspect_m, own.snap_m),
        near_m=own.near_m,
        heights=surface,
        **({} if surface is None else {"spacing_m": surface.spacing_m}),
    )
    if not len(network.nodes):
        # Points of no known kind, and no pipes.
        return None
    need = demands(villages, profile, design=design, water_short=own.water_short, livestock="where_known",
                   assume_connection="yard")  # fmt: skip
    reach = trace(network)
    ids = villages["id"].tolist()
    losses = design.factors["losses"].use
    # Litres a person and day are asked of an average day; yields are those of the dry season.
    balance = water_balance(
        network, need, reach, hourly_factors=design.pattern.hours, losses_percent=losses,
        hamlet_ids=ids,
    )  # fmt: skip
    ground = _ground(network, surface)
    hydraulics = run_hydraulics(
        network, need, reach, limits=_limits(design), dem_error_m=own.dem_error_m, profiles=ground, hamlet_ids=ids
    )
    walks, known = _walks(network, villages, roads, surface)
    evidence = _evidence(network, villages, reach, balance, hydraulics, walks, known)
    service = service_levels(
        villages, evidence, need, profile, texts, water_short=own.water_short,
        quality="decides" if own.quality_decides else "beside",
    )  # fmt: skip
    return WaterAnswer(
        profile=profile,
        design=design,
        surface=surface,
        ground=ground,
        network=network,
        demands=need,
        reach=reach,
        balance=balance,
        hydraulics=hydraulics,
        walks=walks,
        service=service,
        coverage=water_coverage(villages, service),
        findings=joined([network.findings, balance.findings, hydraulics.findings]),
    )


def _limits(design: WaterDesign) -> Limits:
    return Limits(
        static_tap_m=design.service_head["static_max"].use,
        velocity_low_mps=design.gravity["velocity_min"].use,
        velocity_high_mps=design.gravity["velocity_max"].use,
    )


def _ground(network: WaterNetwork, surface: Surface | None) -> pd.DataFrame | None:
    """The ground along each pipe: link, station_m, ground_m."""
    pipes = np.flatnonzero((network.links["kind"] == "pipe").to_numpy())
    if surface is None or not len(pipes):
        return None
    found = profiles(network.links.geometry.to_numpy()[pipes], surface, spacing_m=surface.spacing_m)
    return pd.DataFrame({"link": pipes[found.line], "station_m": found.station_m, "ground_m": found.height_m})


def _walks(
    network: WaterNetwork, villages: gpd.GeoDataFrame, roads: RoadNetwork, surface: Surface | None
) -> tuple[Walks, pd.DataFrame]:
    """The walk of each hamlet to a tap that works, and what it gets there."""
    nodes = network.nodes
    taps = np.flatnonzero((nodes["kind"] == "tap").to_numpy() & nodes["works"].to_numpy(dtype=bool))

    def height(xy: np.ndarray) -> np.ndarray:
        return np.full(len(xy), np.nan) if surface is None else surface(xy)

    shapes = villages.geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    hamlets = np.column_stack([xy, height(xy)])
    at = nodes.geometry.to_numpy()[taps]
    places = np.column_stack([shapely.get_x(at), shapely.get_y(at), nodes["z_m"].to_numpy(dtype=float)[taps]])
    paths = PathNetwork.from_lines(roads, height) if len(taps) and roads.n_pieces else None
    walks = walk_to_taps(hamlets, places.reshape(-1, 3), paths, index=villages.index)
    people = villages["people"].to_numpy(dtype=float)
    flow, hours = (nodes[name].to_numpy(dtype=float)[taps] for name in ("flow_l_per_min", "hours"))
    shares = tap_shares(walks, people, flow, hours)
    tap = walks.table["tap"].to_numpy()
    quality, names = nodes["quality"].to_numpy(dtype=object)[taps], nodes["name"].to_numpy(dtype=object)[taps]
    has = tap >= 0
    row = np.where(has, tap, 0)
    shares = shares.assign(
        tap_quality=np.where(has, quality[row] if len(taps) else "unknown", "unknown"),
        tap_name=np.where(has, names[row] if len(taps) else "", ""),
    )
    return walks, shares


def _evidence(
    network: WaterNetwork,
    villages: gpd.GeoDataFrame,
    reach: Reach,
    balance: Balance,
    hydraulics: Hydraulics,
    walks: Walks,
    known: pd.DataFrame,
) -> Evidence:
    """What the steps found, with sources under the ids of their layer."""
    placed = (villages.geometry.notna() & ~villages.geometry.is_empty).to_numpy()
    besides = WaterKnown(known.assign(quality=piped_quality(network, reach)))
    found = gathered(reach, balance, hydraulics, walks, besides, placed=placed)
    ids = dict(zip(network.nodes["node"], network.nodes["point_id"], strict=True))
    names = ["; ".join(ids[one] for one in text.split(";") if one) for text in found.reach.table["source"]]
    return replace(found, reach=PipeReach(found.reach.table.assign(source=names)))
