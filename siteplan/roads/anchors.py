"""Anchors: what a hamlet must reach for its road to count, placed on the network."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from siteplan.network.graph import Origin, RoadNetwork, components
from siteplan.network.lines import TOUCH_M
from siteplan.network.nearest import NearPieces, pieces_near
from siteplan.network.ragged import Bools, Floats, Ints


@dataclass(frozen=True)
class Surfaces:
    """What an analysis needs to know of every road of the layer, (n,): see `RoadClasses`.

    hard: counts as hardened in this analysis (unknown as the plan says); unknown: of unknown surface; inferred: its
    surface was not written but inferred (None: no road's was).
    """

    hard: Bools
    unknown: Bools
    anchor: Bools
    connects: Bools
    kmh: Floats
    inferred: Bools | None = None


@dataclass(frozen=True)
class Anchored:
    """A network with its anchors.

    network: split where centres stand; whole, origin: the network before that, for what is near a hamlet (a centre does
    not cut the piece a hamlet is near to), and how its pieces were cut; node_centre: row of the centre that stands on a
    node, -1 none, (nodes,); centre, centre_node: every centre with every node it stands on, (k,);
    piece_anchor: the piece is an anchor along its length, (pieces,); rule: "centres",
    "classes", "both", "largest component" or "none"; connects: open all year, hard_surface: hardened, hard: both,
    (pieces,); hard_label: component of each node over hardened connecting pieces; component_anchored, hard_anchored: by
    component of all and of hardened pieces.
    """

    network: RoadNetwork
    whole: RoadNetwork
    origin: Origin
    node_centre: Ints
    centre: Ints
    centre_node: Ints
    piece_anchor: Bools
    rule: str
    connects: Bools
    hard_surface: Bools
    hard: Bools
    hard_label: Ints
    component_anchored: Bools
    hard_anchored: Bools

    @property
    def reaches(self) -> Bools:
        """Pieces that reach an anchor, (pieces,)."""
        return self.component_anchored[self.network.component]

    @property
    def reaches_hard(self) -> Bools:
        """Hardened pieces that reach an anchor over hardened pieces only, (pieces,)."""
        return self.hard & self.hard_anchored[self.hard_label[self.network.u]]

    @property
    def anchor_nodes(self) -> Ints:
        """Nodes that are anchors: where a centre stands, or on an anchor piece."""
        net = self.network
        on_piece = np.concatenate([net.u[self.piece_anchor], net.v[self.piece_anchor]])
        return np.unique(np.concatenate([np.flatnonzero(self.node_centre >= 0), on_piece]))


def place_anchors(
    network: RoadNetwork,
    tree: shapely.STRtree,
    surfaces: Surfaces,
    centres: gpd.GeoDataFrame,
    *,
    anchor_m: float,
    anchor_none: bool = False,
) -> Anchored:
    """Place centres (points, already of the kinds that count) and anchor roads on the network.

    A centre stands on every connecting piece within `anchor_m`, at the piece's nearest point. With neither centres nor
    anchor roads, and unless `anchor_none` (every hardened piece is an anchor), the connecting component of the
    greatest length is the anchor; ties go to the lowest road id.
    """
    whole = network
    network, centre, centre_node, origin = _stand_on(network, tree, surfaces, centres, anchor_m)
    node_centre = _first_centre(network.n_nodes, centres, centre, centre_node)
    parent = network.parent
    connects, hard = surfaces.connects[parent], surfaces.hard[parent]
    piece_anchor = surfaces.anchor[parent] & connects
    if anchor_none:
        piece_anchor, rule = hard & connects, "none"
    elif len(centres) and surfaces.anchor.any():
        rule = "both"
    elif surfaces.anchor.any():
        rule = "classes"
    elif len(centres):
        rule = "centres"
    else:
        rule = "largest component"
        piece_anchor = network.component == largest_component(network, connects)
    hard_connects = hard & connects
    hard_label = components(network.n_nodes, network.u[hard_connects], network.v[hard_connects])
    component_anchored = np.zeros(int(network.node_component.max(initial=-1)) + 1, dtype=bool)
    component_anchored[network.component[piece_anchor]] = True
    component_anchored[network.node_component[node_centre >= 0]] = True
    hard_anchored = np.zeros(int(hard_label.max(initial=-1)) + 1, dtype=bool)
    hard_anchored[hard_label[network.u[piece_anchor & hard]]] = True
    hard_anchored[hard_label[node_centre >= 0]] = True
    return Anchored(
        network=network,
        whole=whole,
        origin=origin,
        node_centre=node_centre,
        centre=centre,
        centre_node=centre_node,
        piece_anchor=piece_anchor,
        rule=rule,
        connects=connects,
        hard_surface=hard,
        hard=hard & connects,
        hard_label=hard_label,
        component_anchored=component_anchored,
        hard_anchored=hard_anchored,
    )


def near_hamlets(anchored: Anchored, tree: shapely.STRtree, xy: Floats, *, distance_m: float) -> NearPieces:
    """Pieces near hamlets, found on the network before centres were put on it, as pieces of the network after."""
    near = pieces_near(anchored.whole, tree, xy, distance_m=distance_m)
    piece, along = anchored.origin.locate(near.piece, near.along_m)
    return NearPieces(near.point, piece, near.distance_m, along)


def largest_component(network: RoadNetwork, connects: Bools) -> int:
    """The component of connecting pieces with the greatest length (tie: lowest road id); -1 where there is none."""
    if not connects.any():
        return -1
    length = np.bincount(network.component[connects], weights=network.length[connects])
    # Sums of the same lengths in another order differ in the last bits: a micrometre decides nothing.
    best = np.flatnonzero(length >= length.max() - 1e-6)
    if len(best) == 1:
        return int(best[0])
    among = connects & np.isin(network.component, best)
    return int(network.component[among][np.argmin(network.rank[among])])


def _stand_on(
    network: RoadNetwork, tree: shapely.STRtree, surfaces: Surfaces, centres: gpd.GeoDataFrame, anchor_m: float
) -> tuple[RoadNetwork, Ints, Ints, Origin]:
    """Split where centres stand: (network, every centre, with every node it stands on, where pieces went)."""
    if not len(centres):
        none = np.zeros(0, dtype=np.int64)
        same, _, origin = network.split(none, np.zeros(0))
        return same, none, none, origin
    xy = shapely.get_coordinates(centres.geometry.to_numpy())
    near = pieces_near(network, tree, xy, distance_m=anchor_m)
    kept = surfaces.connects[network.parent[near.piece]]
    point, piece, along = near.point[kept], near.piece[kept], near.along_m[kept]
    at_u, at_v = along <= TOUCH_M, along >= network.length[piece] - TOUCH_M
    inside = ~at_u & ~at_v
    split, new, origin = network.split(piece[inside], along[inside])
    node = np.concatenate([network.u[piece[at_u]], network.v[piece[at_v & ~at_u]], new])
    of = np.concatenate([point[at_u], point[at_v & ~at_u], point[inside]])
    return split, of, node, origin


def _first_centre(n_nodes: int, centres: gpd.GeoDataFrame, centre: Ints, node: Ints) -> Ints:
    """Row of the centre that names each node, -1 where none stands: of several the first by id."""
    by_id: Ints = np.lexsort((centres["row"].to_numpy(), centres["id"].to_numpy(dtype=str)))
    order = np.empty(len(centres), dtype=np.int64)
    order[by_id] = np.arange(len(centres))
    first = np.full(n_nodes, len(centres), dtype=np.int64)
    np.minimum.at(first, node, order[centre])
    found = first < len(centres)
    named = np.full(n_nodes, -1, dtype=np.int64)
    named[found] = by_id[first[found]]
    return named
