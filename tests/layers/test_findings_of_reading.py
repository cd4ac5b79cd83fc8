"""Each fault of a layer: one drawn case that ends in the finding or the error meant for it."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, MultiPoint, Point, Polygon

from siteplan.errors import LayerError, PlanError


def test_a_good_county_has_no_findings(county, said):
    result = county.read()
    assert said(result) == []
    assert result.crs.to_epsg() == 32648
    assert result.table("roads")["surface"].tolist() == ["asphalt", "12", "gravel"]
    assert len(result.table("sites")) == 0 and "chosen" in result.table("sites")
    assert "sites" in result.absent


def test_country_or_datum_takes_the_cgcs2000_zone(county, villages):
    assert county.read(header={"country": "CN"}).crs.to_epsg() == 4544
    county.put("v.gpkg", villages.to_crs(4490))
    assert county.read(villages="v.gpkg").crs.to_epsg() == 4544


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:3857", "EPSG:3395", "EPSG:2277", "EPSG:9999"])
def test_a_run_crs_without_true_metres_is_refused(county, code):
    with pytest.raises(PlanError, match="plan.crs"):
        county.read(header={"crs": code})


def test_ids_missing_empty_and_twice(county, villages, said):
    county.put("v.geojson", villages.assign(id=["a", "", "a", "a"]))
    result = county.read(villages="v.geojson")
    assert result.table("villages")["id"].tolist() == ["a", "row-2", "a#2", "a#3"]
    assert said(result) == [
        ("id_empty", 2, "defaulted"),
        ("id_duplicate", 3, "defaulted"),
        ("id_duplicate", 4, "defaulted"),
    ]
    assert result.layers["villages"].counts.repaired == 0
    county.put("w.geojson", villages.drop(columns="id"))
    assert county.read(villages="w.geojson").table("villages")["id"].tolist() == ["1", "2", "3", "4"]


def test_numbers_as_people_write_them(county, villages, said):
    written = ["1,319人", "８４２", "约1200", "-5"]
    county.put("v.geojson", villages.assign(people=written))
    result = county.read(villages="v.geojson")
    people = result.table("villages")["people"].to_numpy()
    np.testing.assert_array_equal(people, [1319, 842, np.nan, np.nan])
    assert sorted(said(result)) == [
        ("number_tidied", 1, "repaired"), ("number_tidied", 2, "repaired"),
        ("number_too_small", 4, "noted"), ("number_unreadable", 3, "noted"),
    ]  # fmt: skip


def test_words_of_categories_and_truths(county, roads, said):
    table = roads.assign(status=["通车", "在建", "??"], bridge=["是", "no", "perhaps"], K0174=["1", "否", None])
    county.put("r.geojson", table)
    result = county.read(roads="r.geojson")
    clean = result.table("roads")
    assert clean["status"].tolist() == ["open", "planned", ""]
    assert clean["bridge"].tolist() == [True, False, False]
    np.testing.assert_array_equal(clean["all_weather"], [1, 0, np.nan])
    assert said(result) == [("word_unknown", 3, "noted")] * 2


def test_columns_by_alias_by_plan_and_rivals(county, villages, said):
    table = villages.rename(columns={"people": "总人口", "name": "自然村"}).assign(村名="云岭村", 人口=1)
    county.put("v.geojson", table)
    result = county.read(villages="v.geojson")
    clean = result.table("villages")
    assert clean["village"].eq("云岭村").all() and clean["name"].tolist()[0] == "上坝"
    assert said(result) == [("rival_columns", None, "noted")]
    assert clean["people"].tolist() == [1, 1, 1, 1], "the alias declared first wins"
    planned = county.read(villages={"path": "v.geojson", "columns": {"people": "总人口"}})
    assert planned.table("villages")["people"].tolist() == [10, 20, 30, 40]


def test_faults_of_the_plans_columns_are_told_together(county):
    layer = {"path": "villages.geojson", "columns": {"people": "nope", "ppl": "people"}}
    with pytest.raises(LayerError, match=r"(?s)ppl: unknown column.*no column 'nope'"):
        county.read(villages=layer)


def test_required_columns(county, villages, roads):
    county.put("v.geojson", villages.drop(columns="name"))
    with pytest.raises(LayerError, match="required 'name'"):
        county.read(villages="v.geojson")
    county.put("r.geojson", roads.drop(columns="surface"))
    with pytest.raises(LayerError, match="none of the columns surface, road_class"):
        county.read(roads="r.geojson")


def test_hamlets_without_a_place_keep_their_row(county, villages, said):
    shapes = [None, Point(0, 0), Point(), Point(104.96, 26.52)]
    county.put("v.gpkg", villages.set_geometry(gpd.GeoSeries(shapes, crs=4326)))
    result = county.read(villages="v.gpkg")
    assert result.table("villages").geometry.isna().tolist() == [True, True, True, False]
    assert result.layers["villages"].counts.dropped == 3
    assert {row for _, row, action in said(result) if action == "dropped"} == {1, 2, 3}


def test_nan_coordinates(county, said):
    features = json.loads((county.folder / "villages.geojson").read_text("utf-8"))
    features["features"][1]["geometry"]["coordinates"] = [float("nan"), 26.5]
    county.put("v.geojson", json.dumps(features))
    result = county.read(villages="v.geojson")
    assert [row for _, row, action in said(result) if action == "dropped"] == [2]


def test_roads_without_length_or_shape_are_dropped(county, roads, said):
    shapes = [LineString([(104.9, 26.5), (104.9, 26.5)]), None, roads.geometry.iloc[2]]
    county.put("r.gpkg", roads.set_geometry(gpd.GeoSeries(shapes, crs=4326)))
    result = county.read(roads="r.gpkg")
    assert result.table("roads")["id"].tolist() == ["R3"] and result.table("roads")["row"].tolist() == [3]
    assert sorted(said(result)) == [("no_geometry", 2, "dropped"), ("no_length", 1, "dropped")]


def test_bow_tie_keeps_both_wings(county, said):
    tie = Polygon([(104.90, 26.50), (104.91, 26.51), (104.91, 26.50), (104.90, 26.51)])
    site = gpd.GeoDataFrame({"id": ["S1"], "name": ["x"]}, geometry=[tie], crs=4326)
    county.put("s.geojson", site)
    result = county.read(sites="s.geojson")
    wings = site.to_crs(result.crs).geometry.iloc[0].envelope.area / 2
    assert result.table("sites").area.iloc[0] == pytest.approx(wings, rel=0.02)
    assert said(result) == [("invalid_polygon", 1, "repaired")]
    words = json.loads(result.findings["values"].iloc[0])
    assert words["before_m2"] == pytest.approx(0, abs=50) and words["after_m2"] > 500_000


def test_unclosed_ring(county, said):
    ring = [[104.90, 26.50], [104.91, 26.50], [104.91, 26.51], [104.90, 26.51]]
    feature = {"type": "Feature", "properties": {"id": "S1"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    county.put("s.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    result = county.read(sites="s.geojson")
    assert said(result) == [("ring_closed", 1, "repaired")]


def test_wrong_types(county, villages, roads, said):
    mixed = [*roads.geometry[:2], Point(104.9, 26.5)]
    county.put("r.gpkg", roads.set_geometry(gpd.GeoSeries(mixed, crs=4326)))
    assert said(county.read(roads="r.gpkg")) == [("wrong_type", 3, "dropped")]
    county.put("p.gpkg", villages.assign(surface="x"))
    with pytest.raises(LayerError, match="roads: all 4 features are points"):
        county.read(roads="p.gpkg")
    shapes = [MultiPoint([PLACE]) for PLACE in [(104.9, 26.5), (104.92, 26.5), (104.94, 26.5)]]
    odd = [*shapes, Point(104.96, 26.52).buffer(0.001)]
    county.put("v.gpkg", villages.set_geometry(gpd.GeoSeries(odd, crs=4326)))
    result = county.read(villages="v.gpkg")
    assert said(result) == [("shape_to_point", 4, "repaired")]
    assert set(result.table("villages").geom_type) == {"Point"}


def test_z_is_dropped(county, villages):
    raised = gpd.points_from_xy(villages.geometry.x, villages.geometry.y, z=[1, 2, 3, 4])
    county.put("v.gpkg", villages.set_geometry(gpd.GeoSeries(raised, crs=4326)))
    assert not county.read(villages="v.gpkg").table("villages").has_z.any()


def test_metres_called_degrees_and_degrees_called_metres(county, villages):
    county.put("m.gpkg", villages.to_crs(4544).set_crs(4326, allow_override=True))
    with pytest.raises(LayerError, match="outside the degrees of EPSG:4326"):
        county.read(villages="m.gpkg")
    with pytest.raises(LayerError, match="outside the degrees of EPSG:4326"):
        county.read(villages="m.gpkg", header={"crs": "EPSG:4544"})
    county.put("d.gpkg", villages.set_crs(4544, allow_override=True))
    with pytest.raises(LayerError, match="look like degrees"):
        county.read(villages="d.gpkg")


def test_no_crs(county, villages):
    villages.to_file(county.folder / "v.shp", engine="pyogrio")
    (county.folder / "v.prj").unlink()
    with pytest.raises(LayerError, match="coordinate system"):
        county.read(villages="v.shp")
    assert county.read(villages={"path": "v.shp", "crs": "EPSG:4326"}).layers["villages"].counts.kept == 4


def test_a_declared_crs_is_not_overridden(county, said):
    result = county.read(villages={"path": "villages.geojson", "crs": "EPSG:4544"})
    assert said(result) == [("crs_differs", None, "noted")]


def test_swapped_axes(county, villages):
    # A western county, where both numbers are legal either way round.
    west = gpd.points_from_xy(villages.geometry.x - 25, villages.geometry.y + 10)
    turned = gpd.points_from_xy(villages.geometry.y + 10, villages.geometry.x - 25)
    lines = gpd.GeoSeries([LineString(west)], crs=4326)
    county.put("r.geojson", gpd.GeoDataFrame({"surface": ["x"]}, geometry=lines))
    county.put("v.geojson", villages.set_geometry(gpd.GeoSeries(turned, crs=4326)))
    with pytest.raises(LayerError, match="swapped in 4 of 4 features.*swap_xy = true"):
        county.read(villages="v.geojson", roads="r.geojson")


def test_one_hamlet_far_off_is_noted(county, villages, said):
    shapes = [*villages.geometry[:3], Point(105.5, 26.5)]
    county.put("v.geojson", villages.set_geometry(gpd.GeoSeries(shapes, crs=4326)))
    assert said(county.read(villages="v.geojson")) == [("far_from_rest", 4, "noted")]


def test_no_features(county):
    county.put("v.geojson", '{"type": "FeatureCollection", "features": []}')
    with pytest.raises(LayerError, match="villages: no features"):
        county.read(villages="v.geojson")


def test_values_of_the_plan(county):
    layer = {"path": "roads.geojson", "values": {"surface": {"gravel": "砂石", "12": "12"}}}
    assert county.read(roads=layer).table("roads")["surface"].tolist() == ["asphalt", "12", "砂石"]
    wrong = {
        "path": "villages.geojson",
        "columns": {"verified_status": "name"},
        "values": {"verified_status": {"上坝": "fine"}},
    }
    with pytest.raises(LayerError, match="found 'fine'; expected one of hardened"):
        county.read(villages=wrong)


def test_inputs_are_not_changed_and_nothing_appears_beside_them(county, villages):
    county.put("v.gpkg", villages)
    villages.to_file(county.folder / "w.shp", engine="pyogrio")
    (county.folder / "w.shx").unlink()
    before = {path.name: path.read_bytes() for path in county.folder.iterdir()}
    county.read(villages="v.gpkg")
    county.read(villages="w.shp")
    assert {path.name: path.read_bytes() for path in county.folder.iterdir()} == before
