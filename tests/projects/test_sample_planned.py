"""The sample county now and when its projects are done: all found, counted, and the same as files edited by hand."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reading import read_layers
from siteplan.plan import load_plan
from siteplan.projects.applied import AppliedRoads, apply_road_projects
from siteplan.projects.comparison import Comparison, compare
from siteplan.projects.places import project_places
from siteplan.projects.stages import stage_findings
from siteplan.roads.analysis import RoadResult, analyse_roads
from siteplan.roads.hardness import hardness_of
from siteplan.roads.judgement import RoadChoices, RoadLayers
from siteplan.standards import load_road_profile

PROFILE = load_road_profile("cn-hamlet")


def layers_of(read: LayerSet) -> RoadLayers:
    return RoadLayers(**{name: read.table(name) for name in ("villages", "roads", "centres", "rivers", "boundaries")})


def judged(layers: RoadLayers) -> RoadResult:
    centres = ("county", "township", "village")
    choices = RoadChoices(access_m=100.0, anchor_m=100.0, anchor_centres=centres)
    return analyse_roads(layers, PROFILE, choices, Texts("zh"))


@pytest.fixture(scope="module")
def read(repository: Path) -> LayerSet:
    return read_layers(load_plan(repository / "data" / "plan.toml"))


@pytest.fixture(scope="module")
def done(read: LayerSet) -> AppliedRoads:
    word = Texts("zh")(f"projects.surface.{PROFILE.hardened.surface_of_works}")
    return apply_road_projects(
        read.table("roads"), read.table("projects"), hardened_surface=word, judge=lambda one: hardness_of(one, PROFILE)
    )


@pytest.fixture(scope="module")
def both(read: LayerSet, done: AppliedRoads) -> tuple[RoadResult, RoadResult]:
    now = layers_of(read)
    villages = now.villages.assign(verified_status="")
    return judged(now), judged(replace(now, roads=done.roads, villages=villages))


@pytest.fixture(scope="module")
def made(both: tuple[RoadResult, RoadResult]) -> Comparison:
    return compare(both[0].villages, both[1].villages)


def test_all_road_projects_and_planned_roads_are_found(read: LayerSet, done: AppliedRoads, repository: Path) -> None:
    raw = pd.read_csv(repository / "data" / "projects.csv", encoding="utf-8-sig", dtype=str)
    mine = raw[raw["kind"] == "道路硬化"]
    assert len(mine) == 18
    assert done.by_project[["project_id", "road_id"]].values.tolist() == mine[["id", "features"]].values.tolist()
    assert (done.by_project["hardness_was"] == "not_hardened").all()
    assert (done.by_project["hardness_becomes"] == "hardened").all()
    assert (done.by_project["becomes"] == "硬化").all()
    roads = read.table("roads")
    planned = (roads["status"] == "planned").to_numpy()
    assert planned.sum() == 4 and done.changed[planned].all()
    assert (done.roads.loc[planned, "status"] == "open").all()
    assert done.changed.sum() == 18 + 4


def test_findings_are_what_the_data_say(read: LayerSet, done: AppliedRoads) -> None:
    told = done.findings.groupby("code")["id"].agg(list).to_dict()
    projects, roads = read.table("projects"), read.table("roads")
    mine = projects[projects["layer"] == "roads"]
    built = mine["stage"].isin(["县级验收", "区级验收", "移交管护"])
    seasonal = roads.loc[roads["open_months"] < 12, "id"]
    assert told == {
        "projects.done_but_not_in_layer": mine.loc[built, "id"].tolist(),
        "projects.road_seasonal": mine.loc[mine["features"].isin(seasonal), "id"].tolist(),
    }
    assert [len(ids) for ids in told.values()] == [4, 1]
    assert len(stage_findings(projects)) == 0
    assert len(read.findings) == 0


def test_every_project_but_those_without_features_has_a_place(read: LayerSet) -> None:
    placed = project_places(read.table("projects"), {name: one.table for name, one in read.layers.items()})
    nowhere = placed["place_from"] == ""
    assert len(placed) == 55 and (placed.loc[nowhere, "kind"] == "电网改造").all() and nowhere.sum() == 8
    assert (placed["features_found"] == placed["features_named"]).all()
    assert placed.geom_type.value_counts().to_dict() == {"Point": 19, "MultiLineString": 18, "MultiPolygon": 10}
    assert "unknown" not in set(placed["stage_key"])


def test_figures_now_and_planned(made: Comparison, both: tuple[RoadResult, RoadResult]) -> None:
    told = made.headline
    assert (told["served_now"], told["served_planned"], told["gained"], told["lost"]) == (220, 243, 23, 0)
    assert (told["people_now"], told["people_planned"], told["people_unknown"]) == (31536, 34242, 0)
    assert (told["better"], told["worse"], told["unknown"]) == (4, 0, 0)
    for when, result in zip(("now", "planned"), both, strict=True):
        for name in ("hardened", "unhardened", "hardened_island", "road_island", "no_road", "unknown"):
            assert told[f"{when}_{name}"] == result.headline[name]
        cover = result.coverage[result.coverage["level"] == "township"].set_index("township")
        mine = made.townships.set_index("township").loc[cover.index]
        assert mine[f"served_{when}"].tolist() == cover["served"].tolist()
        assert mine[f"people_{when}"].tolist() == cover["people_served"].tolist()
        assert mine[f"households_{when}"].tolist() == cover["households_served"].tolist()


def test_gained_hamlets_counted_again(made: Comparison, both: tuple[RoadResult, RoadResult]) -> None:
    now, then = (one.villages[["id", "township", "people", "road_status"]] for one in both)
    merged = now.merge(then, on="id", suffixes=("", "_then"))
    gained = merged[(merged["road_status"] != "hardened") & (merged["road_status_then"] == "hardened")]
    assert sorted(gained["id"]) == sorted(made.villages.loc[made.villages["gained"], "id"])
    assert gained["people"].sum() == made.headline["people_gained"]
    by_town = gained.groupby("township").size()
    assert made.townships.set_index("township")["gained"].loc[by_town.index].tolist() == by_town.tolist()


def test_files_edited_by_hand_say_the_same(made: Comparison, repository: Path, tmp_path: Path) -> None:
    for file in (repository / "data").iterdir():
        shutil.copy(file, tmp_path)
    projects = pd.read_csv(tmp_path / "projects.csv", encoding="utf-8-sig", dtype=str)
    roads = gpd.read_file(tmp_path / "roads.gpkg")
    roads.loc[roads["id"].isin(projects.loc[projects["layer"] == "roads", "features"]), "surface"] = "水泥"
    roads.loc[roads["status"] == "规划", "status"] = "已建"
    (tmp_path / "roads.gpkg").unlink()
    roads.to_file(tmp_path / "roads.gpkg", layer="roads")
    result = judged(layers_of(read_layers(load_plan(tmp_path / "plan.toml"))))
    assert result.villages["road_status"].tolist() == made.villages["planned_status"].tolist()
    for name in ("to_harden_m", "to_build_m"):
        pd.testing.assert_series_equal(
            result.villages[name], made.villages[f"planned_{name}"], check_names=False, check_index=False
        )
