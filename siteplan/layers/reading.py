"""Reading all layers of a plan: each file checked and read, one CRS for all, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from siteplan.errors import LayerError
from siteplan.layers import crs as crs_rules
from siteplan.layers.columns import conform
from siteplan.layers.contract import LayerContract, contracts
from siteplan.layers.extents import check_same_place, far_findings
from siteplan.layers.findings import finding, joined
from siteplan.layers.layerset import Counts, Layer, LayerSet, LayerSource
from siteplan.layers.rawlayer import RawLayer
from siteplan.layers.shapes import OUTSIDE_CRS, shaped, unusable
from siteplan.plan import LayerPlan, Plan

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".zip": "zipped Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".csv": "CSV",
    ".xlsx": "Excel",
}
"""File ending -> format that can be read."""

_CRS_CURE = "check the CRS of the file, or say it in the plan: [layers.{name}] crs"


def read_layers(plan: Plan, *, progress: Callable[[str], None] | None = None) -> LayerSet:
    """Read every layer the plan gives into one projected metric CRS.

    Parameters
    ----------
    plan
        The plan; its CRS is taken, or chosen from the villages where it says `auto`.
    progress
        Called with a layer's name before it is read.

    Raises
    ------
    LayerError
        A layer cannot be used as given; the message says what to do.
    PlanError
        The plan's CRS cannot serve.
    """
    target = None if plan.crs == "auto" else crs_rules.run_crs(plan.crs)
    raws: dict[str, RawLayer] = {}
    for name in contracts():
        layer_plan = plan.layer(name)
        if layer_plan is not None:
            if progress is not None:
                progress(name)
            raws[name] = _located(name, read_raw(name, plan.root / layer_plan.path, layer_plan), layer_plan)
    for name in ("villages", "roads"):
        if raws[name].table.empty:
            raise LayerError(
                f"{name}: no features: {plan.layer_path(name)} is empty (0 rows); give the file that holds them"
            )
        # Before a CRS is chosen by numbers that it could not hold.
        crs_rules.check_numbers(name, raws[name].table, cure=_CRS_CURE.format(name=name))
    check_same_place(raws["villages"].table, raws["roads"].table)
    if target is None:
        longitude, latitude = crs_rules.centre_in_degrees(raws["villages"].table)
        chinese = plan.country == "CN" or crs_rules.first_chinese(raw.table for raw in raws.values())
        target = crs_rules.auto_crs(longitude, latitude, chinese=chinese)
    layers: dict[str, Layer] = {}
    findings: list[pd.DataFrame] = []
    for name, raw in raws.items():
        layer_plan = plan.layer(name)
        assert layer_plan is not None
        layers[name], notes = _clean(contracts()[name], raw, layer_plan, target)
        findings += notes
    if layers["villages"].counts.kept == 0:
        raise LayerError("villages: no feature has a usable place; check the coordinates and the CRS")
    if layers["roads"].counts.kept == 0:
        raise LayerError("roads: no feature is a usable line; check the file")
    findings.append(far_findings(layers["villages"].table, layers["roads"].table))
    absent = tuple(name for name in contracts() if name not in layers)
    return LayerSet(layers, target, joined(findings), absent)


def read_raw(name: str, path: Path, plan: LayerPlan) -> RawLayer:
    """One layer as it stands in its file, the file checked.

    Raises
    ------
    LayerError
        The file cannot be read whole, or its format is not known.
    """
    # Each format's reader is imported when a file of it is met: a run pays for what it reads.
    ending = path.suffix.lower()
    needs_place = "None" not in contracts()[name].geometry
    if ending not in FORMATS:
        raise LayerError(f"{name}: {path.name} has the unknown format {ending!r}; expected one of {', '.join(FORMATS)}")
    try:
        if ending == ".gpkg":
            from siteplan.layers.geopackages import read_geopackage

            return read_geopackage(name, path, plan.layer)
        if ending == ".shp":
            from siteplan.layers.shapefiles import read_shapefile

            return read_shapefile(name, path, plan.encoding)
        if ending == ".zip":
            from siteplan.layers.archives import read_zip

            return read_zip(name, path, plan.layer, plan.encoding)
        if ending in (".geojson", ".json"):
            from siteplan.layers.geojson import read_geojson

            return read_geojson(name, path, plan.encoding)
        from siteplan.layers.sheets import read_csv, read_xlsx

        read_sheet = read_csv if ending == ".csv" else read_xlsx
        return read_sheet(name, path, plan, needs_place=needs_place)
    except PermissionError as error:
        raise LayerError(f"{name}: permission denied for {path}; make the file readable") from error
    except OSError as error:
        if isinstance(error, LayerError):
            raise
        raise LayerError(f"{name}: {path} cannot be read: {error}") from error


def _located(name: str, raw: RawLayer, plan: LayerPlan) -> RawLayer:
    """The layer with a CRS: the file's, or the plan's word where the file is silent."""
    table = raw.table
    if table.crs is not None:
        if plan.crs is None:
            return raw
        wanted = crs_rules.crs_from(plan.crs, key=f"layers.{name}.crs")
        if pyproj.CRS(table.crs).equals(wanted, ignore_axis_order=True):
            return raw
        said = crs_rules.label(table.crs)
        return replace(
            raw, findings=[*raw.findings, finding(name, "layers.crs_differs", "noted", file=said, plan=plan.crs)]
        )
    if not table.geometry.notna().any() and "None" in contracts()[name].geometry:
        return raw
    if plan.crs is None:
        why = raw.crs_fault or "the file does not say which coordinate system (CRS) it is in"
        raise LayerError(f'{name}: {why}; say it in the plan: [layers.{name}] crs = "EPSG:n"')
    wanted = crs_rules.crs_from(plan.crs, key=f"layers.{name}.crs")
    return replace(raw, table=table.set_crs(wanted))


def _clean(
    layer: LayerContract, raw: RawLayer, plan: LayerPlan, target: pyproj.CRS
) -> tuple[Layer, list[pd.DataFrame]]:
    name = layer.name
    source = raw.table
    conformed = conform(layer, pd.DataFrame(source.drop(columns="geometry")), plan, raw.cells)
    shapes = source.geometry.to_numpy().copy()
    placeless, reasons = unusable(shapes, at_origin=_at_origin(layer))
    crs_found = ""
    if source.crs is not None:
        crs_found = crs_rules.label(source.crs)
        shapes[placeless] = None
        checked = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=source.crs))
        cure = _CRS_CURE.format(name=name)
        for row in np.flatnonzero(crs_rules.check_numbers(name, checked, cure=cure)).tolist():
            reasons[row] = OUTSIDE_CRS
            shapes[row] = None
        moved = gpd.GeoSeries(shapes, crs=source.crs)
        shapes = (moved if source.crs == target else moved.to_crs(target)).to_numpy().copy()
    result = shaped(layer, shapes, reasons, raw.closed_rings)
    table = gpd.GeoDataFrame(conformed.table, geometry=gpd.GeoSeries(result.shapes, crs=target))
    notes = _named(joined([*raw.findings, *conformed.findings, *result.findings]), table)
    dropped = int(result.dropped.sum())
    gone = set((np.flatnonzero(result.dropped) + 1).tolist())
    repaired = len(set(notes.loc[notes["action"] == "repaired", "row"].dropna().tolist()) - gone)
    if dropped and name != "villages":
        table = table[~result.dropped].reset_index(drop=True)
    where = LayerSource(
        path=str(plan.path), layer=raw.layer, driver=raw.driver, crs_found=crs_found, rows_read=len(source),
        sha256=raw.sha256, columns_matched=conformed.matched, columns_missing=conformed.missing,
    )  # fmt: skip
    counts = Counts(read=len(source), kept=len(source) - dropped, repaired=repaired, dropped=dropped)
    return Layer(name, table, where, counts), [notes]


def _at_origin(layer: LayerContract) -> bool:
    return "Point" in layer.geometry


def _named(findings: pd.DataFrame, table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Findings with the ids and places of the rows they speak of."""
    if findings.empty:
        return findings
    findings = findings.copy()
    has_row = findings["row"].notna().to_numpy()
    at = findings.loc[has_row, "row"].astype("int64").to_numpy() - 1
    findings.loc[has_row, "id"] = table["id"].to_numpy()[at]
    points = shapely.centroid(table.geometry.to_numpy()[at])
    findings.loc[has_row, "x"] = shapely.get_x(points)
    findings.loc[has_row, "y"] = shapely.get_y(points)
    return findings
