"""India's PMGSY data as it is published."""

from __future__ import annotations

import zipfile

import geopandas as gpd
import pytest
import shapely

from siteplan.layers.guessing import guess_plan
from siteplan.layers.reading import read_layers
from siteplan.plan import plan_from_files


def test_ladakh_reads_whole(shared_data):
    folder = shared_data / "ladakh"
    plan = plan_from_files(
        villages=folder / "Habitation.zip", roads=folder / "Road_DRRP.zip", centres=folder / "Facilities.zip",
        boundaries=folder / "Bound_Block.zip",
    )  # fmt: skip
    result = read_layers(plan)
    assert result.crs.to_epsg() == 32643
    counts = {name: layer.counts.kept for name, layer in result.layers.items()}
    assert counts == {"villages": 729, "roads": 1015, "centres": 1003, "boundaries": 31}
    assert result.layers["villages"].source.columns_matched["people"] == "TOT_POPULA"
    assert result.layers["roads"].source.columns_matched["road_class"] == "RoadCatego"
    assert result.table("roads").length.sum() / 1000 == pytest.approx(6275, rel=0.01)
    # ER_ID names a road, and a road may be several lines: the later ones get a number of their own.
    assert set(result.findings["code"]) == {"layers.id_duplicate", "layers.invalid_polygon"}


def test_ladakh_is_guessed(shared_data):
    text = guess_plan(shared_data / "ladakh")
    for line in ('path = "Habitation.zip"', 'path = "Road_DRRP.zip"', "road_class <- RoadCatego"):
        assert line in text


def test_ladakh_is_the_same_from_every_format(shared_data, tmp_path):
    """Shapefile (zip, unpacked, in a folder), GeoPackage and GeoParquet: the same rows, texts and places."""
    results = []
    zips = {"villages": "Habitation.zip", "roads": "Road_DRRP.zip"}
    for ending in (".zip", ".shp", "", ".gpkg", ".parquet"):
        paths = {}
        for layer, name in zips.items():
            source = shared_data / "ladakh" / name
            paths[layer] = tmp_path / f"{layer}{ending}"
            if ending == ".zip":
                paths[layer] = source
            elif ending in (".shp", ""):
                folder = tmp_path / layer
                with zipfile.ZipFile(source) as archive:
                    archive.extractall(folder)
                paths[layer] = next(folder.rglob("*.shp"))
                if ending == "":
                    paths[layer] = paths[layer].parent
            else:
                table = gpd.read_file(source, engine="pyogrio")
                write = table.to_parquet if ending == ".parquet" else table.to_file
                write(paths[layer])
        results.append(read_layers(plan_from_files(**paths)))
    first = results[0]
    for other in results[1:]:
        assert other.crs == first.crs
        for layer in zips:
            one, two = first.table(layer), other.table(layer)
            assert one.drop(columns="geometry").equals(two.drop(columns="geometry")[list(one.columns[:-1])])
            assert shapely.equals_exact(one.geometry.to_numpy(), two.geometry.to_numpy(), tolerance=1e-6).all()
