"""The sample county: made once for all tests here, and as it stands in data/."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import rasterio
from samplecounty import DATA, County

from siteplan.sample.county import SEED, county_layers
from siteplan.sample.files import COUNTY_LAYERS
from siteplan.sample.world import World, make_world


@pytest.fixture(scope="session")
def world() -> World:
    """The county made anew in memory."""
    return make_world(SEED)


@pytest.fixture(scope="session")
def made(world: World) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """All layers made anew."""
    return county_layers(world)


@pytest.fixture(scope="session")
def county() -> County:
    """The county as committed."""
    layers: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {
        "villages": gpd.read_file(DATA / "villages.gpkg"),
        "roads": gpd.read_file(DATA / "roads.gpkg"),
    }
    layers |= {name: gpd.read_file(DATA / "county.gpkg", layer=name) for name in COUNTY_LAYERS}
    layers |= {name: pd.read_csv(DATA / f"{name}.csv", encoding="utf-8-sig") for name in ("projects", "planted")}
    with rasterio.open(DATA / "dem.tif") as source:
        return County(layers, source.read(1).astype(float), source.transform)
