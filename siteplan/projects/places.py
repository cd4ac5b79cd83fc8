"""Where projects stand: their own geometry, else that of the features they name."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siteplan.network.ragged import Ints
from siteplan.projects.naming import named_features
from siteplan.projects.stages import stage_of

PLACE_COLUMNS = ("stage_key", "place_from", "features_named", "features_found")
"""What `projects` gains."""

_COLLECT = ((0, shapely.multipoints), (1, shapely.multilinestrings), (3, shapely.multipolygons))
"""GEOS type number of a part -> what makes one shape of several."""


def project_places(projects: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """The projects with a place each, where one can be told; none is dropped. Inputs are not changed.

    A project without geometry gets that of the features it names: of points the point (several: a MultiPoint), of lines
    a MultiLineString, of polygons a MultiPolygon (those that overlap as one), of a mixture a point on one of them.

    Parameters
    ----------
    projects
        The layer with the columns of its contract.
    layers
        Tables by the name of their layer, in the CRS of the projects; layers that are not there find nothing.

    Returns
    -------
    The columns given, then stage_key (canonical stage, or "unknown"), place_from ("own" geometry, "features", or "" for
    a project without a place), features_named and features_found (counts of ids). Index and order of rows as given.

    Raises
    ------
    ValueError
        If a layer's CRS is not that of the projects.
    """
    shapes = projects.geometry.to_numpy().copy()
    own = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    shapes[~own] = None
    named, found = np.zeros(len(projects), dtype=np.int64), np.zeros(len(projects), dtype=np.int64)
    # The ids of a layer that is not there are counted all the same: named, and not found.
    none = gpd.GeoDataFrame({"id": pd.Series([], dtype="str")}, geometry=gpd.GeoSeries([], crs=projects.crs))
    for name, rows in projects.reset_index(drop=True).groupby("layer").groups.items():
        at = np.asarray(rows, dtype=np.int64)
        layer = layers.get(str(name), none)
        if len(layer) and layer.crs != projects.crs:
            raise ValueError(f"layer {name} is in {layer.crs}, the projects are in {projects.crs}")
        pairs = named_features(projects.iloc[at], layer)
        named[at] = _counts(pairs.drop_duplicates(["project", "feature"])["project"], len(at))
        there = pairs[(pairs["at"] >= 0).to_numpy()]
        found[at] = _counts(there.drop_duplicates(["project", "feature"])["project"], len(at))
        wanted = there[~own[at][there["project"]]]
        features = layer.geometry.to_numpy()[wanted["at"].to_numpy(dtype=np.int64)]
        owners, made = _together(at[wanted["project"].to_numpy(dtype=np.int64)], features)
        shapes[owners] = made
    placed = ~shapely.is_missing(shapes)
    columns = {
        "stage_key": stage_of(projects["stage"]),
        "place_from": np.where(own, "own", np.where(placed, "features", "")),
        "features_named": named,
        "features_found": found,
    }
    return projects.assign(**columns).set_geometry(gpd.GeoSeries(shapes, index=projects.index, crs=projects.crs))


def _counts(project: pd.Series, n: int) -> Ints:
    return np.bincount(project.to_numpy(dtype=np.int64), minlength=n).astype(np.int64)


def _together(owner: Ints, shapes: NDArray[np.object_]) -> tuple[Ints, NDArray[np.object_]]:
    """One shape for each owner of shapes: owners that have one, ascending, and their shapes."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    # Collections inside collections.
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        of = of[inner]
    keep = ~shapely.is_empty(parts)
    parts, owner = parts[keep], owner[of[keep]]
    order = np.argsort(owner, kind="stable")
    parts, owner = parts[order], owner[order]
    families = np.where(shapely.get_type_id(parts) == 2, 1, shapely.get_type_id(parts))
    owners, group = np.unique(owner, return_inverse=True)
    kinds = pd.Series(families).groupby(group)
    least, most = kinds.min().to_numpy(dtype=np.int64), kinds.max().to_numpy(dtype=np.int64)
    out = np.full(len(owners), None, dtype=object)
    for family, collect in _COLLECT:
        mine = (least == family) & (most == family)
        if mine.any():
            rows = np.flatnonzero(mine[group])
            out[mine] = collect(parts[rows], indices=np.unique(group[rows], return_inverse=True)[1])
    single = (least == 0) & (most == 0) & (shapely.get_num_geometries(out) == 1)
    out[single] = shapely.get_geometry(out[single], 0)
    # Polygons that overlap are no valid whole: as one.
    broken = np.flatnonzero((least == 3) & ~shapely.is_valid(out))
    if len(broken):
        whole, of = shapely.get_parts(shapely.union_all(out[broken, None], axis=1), return_index=True)
        out[broken] = shapely.multipolygons(whole, indices=of)
    mixed = np.flatnonzero(least != most)
    first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, dtype=np.int64)
    out[mixed] = shapely.point_on_surface(parts[first[mixed]])
    return owners.astype(np.int64), out
