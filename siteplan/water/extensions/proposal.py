"""From a county's layers to its extension projects: who asks, where water is to spare, which corridors, what to build.

The water of one connected part may be offered at several places. Where projects from different places of a part ask for
more than it has, the part keeps the place that serves most people; and all projects chosen are put into EPANET together
with the old network: where somebody served before would lose, or the head reckoned with is not there, the part's places
on its lines are withdrawn. The design is then made anew, until it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.layers.terrain.sampling import Surface
from siteplan.network.ragged import Floats, Ints
from siteplan.water.demand import HamletDemands
from siteplan.water.extensions.catalogue import Catalogue
from siteplan.water.extensions.county import CountyCorridors, county_corridors
from siteplan.water.extensions.design import ExtensionDesign, NoGravity, design_extensions
from siteplan.water.extensions.offers import HELD_M, Offers, drawn, held, spare_water
from siteplan.water.hydraulics import Hydraulics
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach

ASKED_COLUMNS = ("peak_lps", "people", "service_head_m")


@dataclass(frozen=True)
class Proposal:
    """The projects, and what they rest on.

    asked : index id; peak_lps, people, service_head_m, node (of the corridors, -1 none).
    offers : what was offered in the end; withdrawn : ids of places withdrawn on the way, for flow or for head.
    county : the corridors. design : the projects.
    network_check : "holds" (all projects chosen, drawn together at peak hour, leave the old network as it was, and its
        places have the heads reckoned with), or "not_needed" (none starts from it).
    """

    asked: pd.DataFrame
    offers: Offers
    withdrawn: tuple[str, ...]
    county: CountyCorridors
    design: ExtensionDesign
    network_check: str


@dataclass(frozen=True)
class Works:
    """The old network and its answers; tap_lps (n,): what is fetched from its taps at the peak hour, None: nothing."""

    network: WaterNetwork
    demands: HamletDemands
    reach: Reach
    hydraulics: Hydraulics
    tap_lps: Floats | None = None


def propose_extensions(
    works: Works,
    asked: gpd.GeoDataFrame,
    roads: NDArray[np.object_],
    surface: Surface,
    catalogue: Catalogue,
    *,
    peak_factor: float,
    rivers: NDArray[np.object_] | None = None,
    budget: float | None = None,
    most_per_person: float | None = None,
    where_no_gravity: NoGravity = "pump",
) -> Proposal:
    """Design what it takes to serve who asks.

    Parameters
    ----------
    works
        The network as it is; may be without any link.
    asked
        Points (empty where not known), index id: peak_lps, people, service_head_m; NaN is unknown.
    roads, rivers
        Lines in the run's metric CRS: roads that exist; what costs to cross.
    peak_factor
        Peak hour over the mean hour of the highest day, as in peak_lps.
    budget, most_per_person, where_no_gravity
        As `design_extensions`.

    Raises
    ------
    LayerError
        As `design_extensions`.
    """
    points = asked.geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).astype(np.float64).reshape(-1, 2)
    placed = np.isfinite(xy).all(axis=1)
    offers = spare_water(
        works.network,
        works.demands,
        works.reach,
        works.hydraulics,
        peak_factor=peak_factor,
        least_head_m=catalogue.limits.line_head_m,
        storage_share=catalogue.limits.storage_share,
        asked=xy[placed],
        tap_lps=works.tap_lps,
    )
    nodes, links = works.network.nodes, works.network.links
    at = nodes.geometry.to_numpy()[offers.table["row"].to_numpy()]
    places = np.concatenate([xy, np.column_stack([shapely.get_x(at), shapely.get_y(at)]).reshape(-1, 2)])
    laid = (links["kind"] == "pipe").to_numpy() & (links["state"] != "planned").to_numpy()
    county = county_corridors(
        roads, links.geometry.to_numpy()[laid], places, surface, catalogue.trench, spacing_m=surface.spacing_m,
        rivers=rivers,
    )  # fmt: skip
    hamlets = pd.DataFrame(asked[list(ASKED_COLUMNS)]).assign(node=county.place[: len(asked)])
    sources = offers.table.assign(node=county.place[len(asked) :])
    withdrawn: list[str] = []
    while True:
        design = design_extensions(
            county.corridors,
            sources,
            hamlets,
            catalogue=catalogue,
            budget=budget,
            most_per_person=most_per_person,
            where_no_gravity=where_no_gravity,
        )
        beyond = _beyond(works, design, sources, offers.part_of_node)
        if not beyond:
            break
        withdrawn += beyond
        sources = sources.drop(index=beyond)
    kept = replace(offers, table=sources)
    check = "holds" if design.projects["chosen"].any() else "not_needed"
    return Proposal(hamlets, kept, tuple(withdrawn), county, design, check)


def _beyond(works: Works, design: ExtensionDesign, sources: pd.DataFrame, part_of_node: Ints) -> list[str]:
    """Places to withdraw: of parts whose projects ask together for more than there is, or that do not hold."""
    chosen = design.projects[design.projects["chosen"]]
    if not len(chosen):
        return []
    taken = chosen.groupby("source").agg(lps=("lps", "sum"), people=("people", "sum"))
    used = sources.loc[taken.index].assign(lps=taken["lps"], people=taken["people"])
    room = used.groupby("part")["spare_lps"].max()
    load = used.groupby("part")["lps"].sum()
    over = load.index[load > room + 1e-6]
    crowd = used[used["part"].isin(over)].reset_index()
    best = crowd.sort_values(["people", "lps", "id"], ascending=[False, False, True]).groupby("part")["id"].first()
    crowded = set(sources.index[sources["part"].isin(over)]) - set(best)
    used = used[~used["part"].isin(over)]
    flows = dict(zip(used["row"].tolist(), used["lps"].tolist(), strict=True))
    state = drawn(works.network, works.demands, works.reach, works.hydraulics, flows, works.tap_lps)
    holds = held(works.network, works.demands, works.hydraulics, state, part_of_node)
    head = state.nodes["head_m"].to_numpy()[used["row"].to_numpy()]
    on_lines = (used["kind"] == "junction").to_numpy()
    short = on_lines & ~(head >= used["head_m"].to_numpy() - HELD_M)
    bad = set(used["part"][short]) | {part for part in used["part"][on_lines] if not holds[int(part)]}
    low = sources.index[sources["part"].isin(bad) & (sources["kind"] == "junction")]
    return sorted(crowded | set(low))
