"""Made anew from its seed, the county equals what is committed under data/."""

from __future__ import annotations

import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from samplecounty import DATA, County

from siteplan.sample import files
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.world import World

GOLDEN = Path(__file__).parents[3] / "shared" / "seed" / "golden.json"
MOVING = [(43, 234), (33, 161), (9, 45), (11, 48), (80, 396), (37, 196), (7, 31), (73, 208)]
LAYERS = ("villages", "roads", *files.COUNTY_LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_layer_is_what_is_committed(name: str, made: dict[str, gpd.GeoDataFrame], county: County) -> None:
    fresh, kept = made[name], county.layers[name]
    assert fresh.crs == kept.crs
    columns = [column for column in fresh.columns if column != "geometry"]
    assert columns == [column for column in kept.columns if column != "geometry"]
    for column in columns:
        a, b = fresh[column].reset_index(drop=True), kept[column].reset_index(drop=True)
        pd.testing.assert_series_equal(a, b, check_dtype=False, rtol=0, atol=0.0101)
    ours, theirs = np.asarray(fresh.geometry), shapely.get_parts(np.asarray(kept.geometry))
    assert len(ours) == len(theirs)
    assert shapely.get_num_coordinates(ours).tolist() == shapely.get_num_coordinates(theirs).tolist()
    within = 1e-3 if kept.crs.is_projected else 1e-8
    np.testing.assert_allclose(shapely.get_coordinates(ours), shapely.get_coordinates(theirs), rtol=0, atol=within)


@pytest.mark.parametrize("name", ["projects", "planted"])
def test_table_is_what_is_committed(name: str, made: dict[str, pd.DataFrame], county: County) -> None:
    text = io.StringIO(made[name].to_csv(index=False))
    pd.testing.assert_frame_equal(pd.read_csv(text), county.layers[name], rtol=0, atol=0.0101)


def test_dem_is_what_is_committed(world: World, county: County) -> None:
    assert float(np.abs(world.terrain.heights_m - county.heights_m).max()) <= 0.0101
    assert 400 < county.heights_m.min() < 450
    assert 1700 < county.heights_m.max() <= 1800


def test_plan_is_what_is_committed() -> None:
    assert (DATA / "plan.toml").read_text("utf-8") == files.plan_text()


def test_written_files_are_the_same_bytes_twice(tmp_path: Path, world: World) -> None:
    for name in ("a.tif", "b.tif"):
        files.write_dem(tmp_path / name, world.terrain.heights_m, world.terrain.grid)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_data_stays_small() -> None:
    assert sum(file.stat().st_size for file in DATA.iterdir()) < 8_000_000


def test_relocation_by_township_is_the_reports(county: County) -> None:
    villages = county.layers["villages"]
    sums = villages.groupby("township")[["relocate_households", "relocate_people"]].sum()
    assert [tuple(sums.loc[name].astype(int)) for name, _ in TOWNSHIPS] == MOVING
    assert (villages["relocate_households"] <= villages["households"]).all()
    assert (villages["relocate_people"] <= villages["people"]).all()
    assert ((villages["relocate_people"] > 0) == (villages["relocate_households"] > 0)).all()


@pytest.mark.skipif(not GOLDEN.is_file(), reason=f"{GOLDEN} is not here: the reports' figures cannot be compared")
def test_relocation_by_township_is_golden() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))["relocation_by_township"]
    assert list(zip(golden["households"], golden["people"], strict=True)) == MOVING


def test_hamlets_are_as_a_county_has_them(county: County) -> None:
    villages = county.layers["villages"]
    assert len(villages) == 350
    assert villages["households"].between(8, 90).all()
    assert (villages["people"] / villages["households"]).between(3.0, 5.5).all()
    assert villages.groupby("village").size().between(4, 9).all()
    assert not villages.duplicated(["village", "name"]).any()
    points = villages.to_crs(county.layers["roads"].crs).geometry
    near = points.sindex.nearest(points, exclusive=True, return_distance=True)[1]
    assert near.min() >= 300.0


def test_ids_are_unique_and_shapes_valid(county: County) -> None:
    for name in LAYERS:
        table = county.layers[name]
        assert not table["id"].duplicated().any(), name
        assert table.geometry.is_valid.all() and not table.geometry.is_empty.any(), name


def test_townships_tile_the_county(county: County) -> None:
    boundaries = county.layers["boundaries"]
    whole = boundaries.geometry[boundaries["kind"] == "county"].item()
    towns = np.asarray(boundaries.geometry[boundaries["kind"] == "township"])
    assert shapely.coverage_is_valid(towns)
    assert shapely.area(towns).sum() == pytest.approx(whole.area, abs=1.0)
    assert shapely.symmetric_difference(shapely.union_all(towns), whole).area < 1.0
    hamlets = county.layers["villages"].to_crs(boundaries.crs)
    placed = hamlets.sjoin(boundaries[boundaries["kind"] == "township"][["name", "geometry"]], predicate="within")
    assert (placed["township"] == placed["name_right"]).mean() > 0.99


def test_sites_take_all_who_move_and_chosen_ones_are_clear(county: County) -> None:
    sites = county.layers["sites"]
    chosen = sites[sites["chosen"].astype(bool)]
    assert (len(chosen), len(sites)) == (10, 25)
    places = chosen.groupby("township")["capacity_households"].sum()
    assert all(places[name] >= households for (name, _), (households, _) in zip(TOWNSHIPS, MOVING, strict=True))
    for name in ("hazards", "farmland", "redline"):
        assert not chosen.intersects(county.layers[name].union_all()).any(), name


def test_projects_close(county: County) -> None:
    projects = county.layers["projects"]
    assert (projects["done"] <= projects["plan"]).all()
    for source in ("central", "provincial", "county", "self_raised"):
        assert (projects[f"{source}_paid"] <= projects[f"{source}_arrived"]).all()
        assert (projects[f"{source}_arrived"] <= projects[f"{source}_planned"]).all()
