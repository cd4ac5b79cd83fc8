"""One bulk read through GDAL, with geometry that shapely refuses told apart from geometry that is not there."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio

from siteplan.errors import LayerError
from siteplan.layers.rawlayer import damaged


def read(
    contract_name: str, path: Path, *, told: Path, layer: str | None = None, encoding: str | None = None
) -> tuple[gpd.GeoDataFrame, tuple[int, ...]]:
    """All rows of one layer, in order, and the rows (from 0) whose rings had to be closed.

    Raises
    ------
    LayerError
        When GDAL cannot read the file.
    """
    try:
        with warnings.catch_warnings():
            # Invalid and missing shapes are counted and listed by us; GDAL's own words would reach the planner.
            warnings.simplefilter("ignore")
            table = _frame(path, layer, encoding, "ignore")
            empty = np.flatnonzero(table.geometry.isna().to_numpy())
            closed: tuple[int, ...] = ()
            if len(empty):
                mended = _frame(path, layer, encoding, "fix").geometry
                at = [int(i) for i in empty if mended.iloc[i] is not None and "Polygon" in mended.iloc[i].geom_type]
                if at:
                    shapes = table.geometry.to_numpy().copy()
                    shapes[at] = mended.to_numpy()[at]
                    table = table.set_geometry(gpd.GeoSeries(shapes, crs=table.crs))
                    closed = tuple(at)
    except UnicodeDecodeError as error:
        raise LayerError(
            f"{contract_name}: the text in {told.name} is not in the encoding it says; "
            f'name it in the plan: [layers.{contract_name}] encoding = "gb18030"'
        ) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        words = re.sub(re.escape(str(path)), told.name, str(error))
        raise damaged(contract_name, told, words) from error
    return table.reset_index(drop=True), closed


def _frame(path: Path, layer: str | None, encoding: str | None, on_invalid: str) -> gpd.GeoDataFrame:
    options = {} if encoding is None else {"encoding": encoding}
    table = pyogrio.read_dataframe(path, layer=layer, use_arrow=True, on_invalid=on_invalid, **options)
    if not isinstance(table, gpd.GeoDataFrame):
        table = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([None] * len(table)))
    if table.geometry.name != "geometry":
        table = table.rename_geometry("geometry")
    return table
