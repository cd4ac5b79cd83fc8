"""What reading gives: clean layers in one projected metric CRS, where they came from, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from siteplan.layers.contract import LayerContract, contract
from siteplan.layers.repairs import Repair


@dataclass(frozen=True)
class People:
    """People of a layer's rows: `read == kept + dropped`; rows whose number is unknown are counted apart."""

    read: float
    kept: float
    dropped: float
    unknown_rows: int


@dataclass(frozen=True)
class Counts:
    """The accounting of one layer: `read == kept + dropped`, always. `repaired` rows are among the kept."""

    read: int
    kept: int
    repaired: int
    dropped: int
    people: People | None = None
    """None where the layer has no numbers of people"""


@dataclass(frozen=True)
class LayerSource:
    """Where a layer came from and how it was understood."""

    path: str
    layer: str
    driver: str
    crs_found: str
    """What the coordinates were taken to be in: `EPSG:n`, or the CRS's name."""
    rows_read: int
    sha256: str
    columns_matched: dict[str, str]
    """contract column -> source column"""
    columns_missing: tuple[str, ...] = ()
    """contract columns the file does not have (a note, not a fault)"""


@dataclass(frozen=True)
class Layer:
    """One clean layer.

    `table`: id (unique text), row (source row from 1), the contract's columns in order, further source columns,
    geometry (the run's CRS). Villages without a usable place stay, with geometry None, and count as dropped.
    """

    name: str
    table: gpd.GeoDataFrame
    source: LayerSource
    counts: Counts


@dataclass(frozen=True)
class LayerSet:
    """All layers of a run in its CRS, and the findings (columns: `siteplan.layers.findings.COLUMNS`)."""

    layers: dict[str, Layer]
    crs: pyproj.CRS
    findings: pd.DataFrame
    absent: tuple[str, ...]
    """layers the plan does not give"""
    proposals: tuple[Repair, ...] = ()
    """repairs that a planner may accept"""

    def table(self, name: str) -> gpd.GeoDataFrame:
        """The table of one layer; contract-shaped and empty where the plan does not give the layer.

        Raises
        ------
        KeyError
            If no layer is called so.
        """
        found = self.layers.get(name)
        return empty_table(contract(name), self.crs) if found is None else found.table


def empty_table(layer: LayerContract, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """A table of no rows with a layer's columns and types."""
    columns: dict[str, pd.Series] = {"id": pd.Series([], dtype="str"), "row": pd.Series([], dtype="int64")}
    for name, column in layer.columns.items():
        if name != "id":
            columns[name] = missing_values(column.type, 0, column.default)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)


def missing_values(type_: str, n: int, default: float | None = None) -> pd.Series:
    """`n` missing values of a column type: "" for text, NaN (or the default) for numbers, False for bool."""
    if type_ == "bool":
        return pd.Series(np.zeros(n, dtype=bool))
    if type_ in ("number", "tristate"):
        return pd.Series(np.full(n, np.nan if default is None else float(default)))
    return pd.Series([""] * n, dtype="str")
