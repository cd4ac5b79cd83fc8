"""Features of an extract as tables in the layers' contracts, each object accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.layers.osm.joints import split_at_joints
from siteplan.layers.osm.rules import Rule, TagRules
from siteplan.layers.osm.tally import OsmCounts, Tally
from siteplan.layers.osm.values import read_column

CRS = "EPSG:4326"
_DERIVED = {"township": "township", "village": "village"}
"""Columns of villages and centres taken from the boundary of that kind around them."""

_NO_REFS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Feature:
    """One object for one layer: `id` as n1, w1 or r1; `wkb` in hex; `refs`: numbers of a road's nodes."""

    rule: Rule
    id: str
    tags: Mapping[str, str]
    wkb: str
    refs: NDArray[np.int64] | None = None
    part: int = 0


@dataclass(frozen=True)
class OsmExtract:
    """What an extract holds for siteplan.

    tables: layer -> table in EPSG:4326 (only layers with rows). Columns: id (n, w or r and the object's number; rows
    of one object .1, .2, ...), osm_tag (the tag that decided), the contract's columns that OpenStreetMap can fill, and
    further tags as they stand there (tracktype, smoothness, access, ...); rows by object kind and number.
    counts: every layer OpenStreetMap can fill; timestamp: the data's date as the header says, "" where it is silent.
    """

    tables: Mapping[str, gpd.GeoDataFrame]
    counts: tuple[OsmCounts, ...]
    timestamp: str


def extract_of(
    features: list[Feature], tally: Tally, rules: TagRules, *, box: shapely.Polygon | None, timestamp: str
) -> OsmExtract:
    """Features as tables; drops what lies outside the box, and areas and lines that stand there twice."""
    by_layer: dict[str, list[Feature]] = {layer: [] for layer in rules.layers}
    for feature in features:
        by_layer[feature.rule.layer].append(feature)
    tables: dict[str, gpd.GeoDataFrame] = {}
    counts = []
    for layer, own in by_layer.items():
        kept = _kept(layer, own, tally, box)
        if kept:
            tables[layer] = _table(layer, kept, tally, rules)
        objects = len({feature.id for feature, _ in kept})
        counts.append(tally.counts(layer, kept=objects, rows=len(tables[layer]) if kept else 0))
    if "boundaries" in tables:
        for layer in ("villages", "centres"):
            if layer in tables:
                _name_boundaries(tables[layer], tables["boundaries"])
    return OsmExtract(tables, tuple(counts), timestamp)


def _kept(
    layer: str, features: list[Feature], tally: Tally, box: shapely.Polygon | None
) -> list[tuple[Feature, shapely.Geometry]]:
    """The features of a layer that make rows, with the geometry the layer wants, by object kind and number."""
    features = sorted(features, key=lambda feature: (feature.id[0], int(feature.id[1:]), feature.part))
    shapes = _without_lone_parts(shapely.from_wkb(np.array([feature.wkb for feature in features], dtype=object)))
    wants_point = np.array([feature.rule.shape == "point" for feature in features], dtype=bool)
    areas = shapely.get_dimensions(shapes) == 2
    inside = wants_point & areas
    keep = np.ones(len(features), dtype=bool)
    keep &= ~_dropped(layer, "same_as_node", _same_as_node(features, shapes, inside), keep, features, tally)
    shapes[inside] = shapely.point_on_surface(shapes[inside])
    flat = (shapely.get_dimensions(shapes) == 1) & (shapely.length(shapes) == 0)
    keep &= ~_dropped(layer, "no_line", flat, keep, features, tally)
    keep &= ~_dropped(layer, "twice", _lines_of_areas(features, areas), keep, features, tally)
    if box is not None:
        shapely.prepare(box)
        ids = np.array([feature.id for feature in features], dtype=str)
        # Of a way in several stretches all are kept where one meets the box.
        outside = ~np.isin(ids, ids[shapely.intersects(box, shapes)])
        keep &= ~_dropped(layer, "outside_box", outside, keep, features, tally)
    return [(features[i], shapes[i]) for i in np.flatnonzero(keep)]


def _table(layer: str, kept: list[tuple[Feature, shapely.Geometry]], tally: Tally, rules: TagRules) -> gpd.GeoDataFrame:
    """The rows of one layer."""
    features = [feature for feature, _ in kept]
    shapes = np.array([shape for _, shape in kept], dtype=object)
    table = _columns(layer, features, tally, rules)
    if layer == "roads":
        lifted = (table["bridge"] | table["tunnel"] | (table["level"] != 0)).to_numpy(dtype=bool)
        refs = [_NO_REFS if feature.refs is None else feature.refs for feature in features]
        shapes, parent = split_at_joints(shapes, refs, lifted)
        tally.mend(layer, "split", int((np.bincount(parent) > 1).sum()))
        table = table.iloc[parent].reset_index(drop=True)
    # Nodes at the same place twice in a row were needed to count them; the line is the same without.
    shapes = shapely.remove_repeated_points(shapes)
    table["id"] = _numbered(table["id"])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=CRS), crs=CRS)


def _without_lone_parts(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Multipolygons of one part as polygons."""
    one = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    shapes[one] = shapely.get_geometry(shapes[one], 0)
    return shapes


def _dropped(
    layer: str,
    reason: str,
    mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    features: list[Feature],
    tally: Tally,
) -> NDArray[np.bool_]:
    """The mask; counts the objects of which nothing is left by it."""
    gone = {features[i].id for i in np.flatnonzero(mask & keep)}
    tally.drop(layer, reason, len(gone - {features[i].id for i in np.flatnonzero(~mask & keep)}))
    return mask


def _same_as_node(features: list[Feature], shapes: NDArray[np.object_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Areas for which a node inside them stands: same kind, and the same name unless one of them has none."""
    same = np.zeros(len(features), dtype=bool)
    if not inside.any():
        return same
    nodes = np.flatnonzero(~inside)
    at = np.flatnonzero(inside)
    for i, j in shapely.STRtree(shapes[nodes]).query(shapes[at], predicate="contains").T:
        area, node = features[at[i]], features[nodes[j]]
        names = {name for name in (area.tags.get("name", ""), node.tags.get("name", "")) if name}
        same[at[i]] |= _kind(area) == _kind(node) and len(names) < 2
    return same


def _lines_of_areas(features: list[Feature], areas: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines of objects that are in the layer as an area too."""
    ids = np.array([feature.id for feature in features], dtype=object)
    return ~areas & np.isin(ids.astype(str), ids[areas].astype(str))


def _columns(layer: str, features: list[Feature], tally: Tally, rules: TagRules) -> pd.DataFrame:
    kind_column = rules.kind_column[layer]
    columns: dict[str, list[object]] = {"id": [feature.id for feature in features]}
    tags = [feature.tags for feature in features]
    for source in rules.columns[layer]:
        values, unread = read_column(source, tags)
        columns[source.name] = list(values)
        tally.misread(layer, source.name, unread)
    columns[kind_column] = [_kind(feature) for feature in features]
    for name in sorted({name for feature in features for name in feature.rule.constants}):
        own = columns.get(name, [""] * len(features))
        columns[name] = [feature.rule.constants.get(name, value) for feature, value in zip(features, own, strict=True)]
    columns["osm_tag"] = [f"{feature.rule.key}={feature.tags[feature.rule.key]}" for feature in features]
    return pd.DataFrame(columns)


def _kind(feature: Feature) -> str:
    return feature.rule.values[feature.tags[feature.rule.key]]


def _numbered(objects: pd.Series) -> pd.Series:
    """Ids of rows: the object's, with .1, .2, ... where it has several rows."""
    several = objects.duplicated(keep=False)
    number = (objects.groupby(objects).cumcount() + 1).astype("str")
    return objects.where(~several, objects.astype("str") + "." + number)


def _name_boundaries(places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> None:
    """Fills the columns township and village with the name of the smallest boundary of that kind around each place."""
    for column, kind in _DERIVED.items():
        own = boundaries[(boundaries["kind"] == kind) & (boundaries["name"] != "")]
        # Degrees squared will do to tell a small area from a larger one that holds it.
        own = own.iloc[np.argsort(shapely.area(own.geometry.to_numpy()), kind="stable")]
        place, around = shapely.STRtree(own.geometry.to_numpy()).query(places.geometry.to_numpy(), predicate="within")
        order = np.lexsort((around, place))
        first, at = np.unique(place[order], return_index=True)
        names = np.full(len(places), "", dtype=object)
        names[first] = own["name"].to_numpy(dtype=object)[around[order][at]]
        places[column] = names
