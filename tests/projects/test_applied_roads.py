"""Projects applied to roads drawn by hand, judged by the real analysis; every finding of the room once."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from drawn_county import CN, MAIN, applied, county, hamlet, judged, planned, project, road, table, verdicts
from geopandas.testing import assert_geodataframe_equal
from test_stages_and_kinds import codes

from siteplan.language import Texts
from siteplan.layers.findings import with_messages
from siteplan.projects.applied import AppliedRoads, apply_road_projects
from siteplan.projects.comparison import STATUSES
from siteplan.projects.stages import stage_findings
from siteplan.roads.hardness import hardness_of
from siteplan.roads.judgement import RoadLayers
from siteplan.standards import RoadProfile, load_road_profile

SPUR = road("S", (1000, 0), (1000, 500), surface="砂石")
FAR = hamlet("H", 1000, 450)


def spur(**more: object) -> RoadLayers:
    """One hamlet at the end of one road."""
    return county([{**SPUR, **more}], [FAR])


def test_a_hamlet_on_gravel_gets_its_hardened_road() -> None:
    layers = spur()
    done = applied(layers, [project("P", "S")])
    assert verdicts(judged(layers)) == ["unhardened"]
    assert verdicts(planned(layers, done)) == ["hardened"]
    assert done.roads["surface"].tolist() == ["沥青", "paved"]
    assert done.changed.tolist() == [False, True]
    assert len(done.findings) == 0
    assert done.by_project.to_dict("records") == [
        {"project_id": "P", "stage": "tender", "done": False, "road_id": "S", "length_m": 500.0, "was": "砂石",
         "becomes": "paved", "status_was": "open", "status_becomes": "open", "hardness_was": "not_hardened",
         "hardness_becomes": "hardened"}
    ]  # fmt: skip


def test_the_projects_own_surface_comes_first() -> None:
    assert applied(spur(), [project("P", "S", surface="弹石")]).roads["surface"].tolist() == ["沥青", "弹石"]
    assert applied(spur(), [project("P", "S")], word="硬化").roads["surface"].tolist() == ["沥青", "硬化"]
    # A surface of its own counts whatever the kind is called.
    assert applied(spur(), [project("P", "S", kind="改建", surface="12")]).roads["surface"].tolist() == ["沥青", "12"]


def test_a_better_surface_for_a_hardened_road_is_taken_and_the_plain_word_is_not() -> None:
    layers = spur(surface="弹石")
    better = applied(layers, [project("P", "S", surface="沥青")])
    assert better.roads["surface"].tolist() == ["沥青", "沥青"] and len(better.findings) == 0
    plain = applied(layers, [project("P", "S")])
    assert plain.roads["surface"].tolist() == ["沥青", "弹石"] and not plain.changed.any()


def test_an_island_is_joined_by_a_planned_road_named_or_not() -> None:
    island = road("I", (2000, 300), (2000, 900))
    link = road("L", (2000, 0), (2000, 300), status="planned", open_months=0.0)
    layers = county([island, link], [hamlet("H", 2000, 800)])
    assert verdicts(judged(layers)) == ["hardened_island"]
    for projects in ([], [project("P", "L", kind="新建公路")]):
        done = applied(layers, projects)
        assert verdicts(planned(layers, done)) == ["hardened"]
        assert done.roads["status"].tolist() == ["open"] * 3
        assert done.changed.tolist() == [False, False, True]
        assert np.isnan(done.roads["open_months"].iloc[2])
        assert len(done.findings) == 0


def test_a_hamlet_without_a_road_gets_a_planned_one_that_is_hardened_too() -> None:
    layers = county([road("L", (2000, 0), (2000, 900), surface="", status="planned")], [hamlet("H", 2000, 800)])
    assert verdicts(judged(layers)) == ["no_road"]
    assert verdicts(planned(layers, applied(layers, []))) == ["unhardened"]
    assert verdicts(planned(layers, applied(layers, [project("P", "L")]))) == ["hardened"]


def test_a_closed_road_stays_closed() -> None:
    layers = spur(status="closed")
    done = applied(layers, [project("P", "S")])
    assert done.roads["status"].tolist() == ["open", "closed"]
    assert verdicts(judged(layers)) == ["road_island"]
    assert verdicts(planned(layers, done)) == ["hardened_island"]


def test_a_seasonal_road_stays_seasonal() -> None:
    done = applied(spur(open_months=8.0), [project("P", "S")])
    assert done.roads["open_months"].tolist()[1] == 8
    assert done.findings["code"].tolist() == ["projects.road_seasonal"]


def test_one_project_names_several_roads_in_any_punctuation() -> None:
    roads = [road(f"R{at}", (1000 * at, 0), (1000 * at, 500), surface="土路") for at in range(1, 8)]
    layers = county(roads, [FAR])
    done = applied(layers, [project("P", " R1;R2,r3，R4、 Ｒ5；R6  R7;R1；")])
    assert done.roads["surface"].tolist()[1:] == ["paved"] * 7
    assert done.by_project["road_id"].tolist() == [f"R{at}" for at in range(1, 8)]
    assert len(done.findings) == 0


def test_an_id_with_spaces_is_not_taken_apart_and_sections_of_one_code_are_all_meant() -> None:
    sections = [
        road(name, (2000, 200 * at), (2000, 200 * at + 200), surface="土")
        for at, name in enumerate(("Y1", "Y1#2", "Y1#3"))
    ]
    others = [road("VR 12", (1000, 0), (1000, 500), surface="土"), road("Z#9", (3000, 0), (3000, 500), surface="土")]
    roads = [*others, *sections]
    layers = county(roads, [FAR])
    done = applied(layers, [project("P", "VR 12"), project("Q", "Y1"), project("R", "Z")])
    assert done.by_project[["project_id", "road_id"]].values.tolist() == [
        ["P", "VR 12"], ["Q", "Y1"], ["Q", "Y1#2"], ["Q", "Y1#3"]
    ]  # fmt: skip
    assert done.findings["code"].tolist() == ["projects.feature_not_found"]


def test_of_two_projects_the_one_that_hardens_counts_then_the_one_that_says_with_what() -> None:
    gravel, plain, cement = (
        project("A", "S", surface="砂石"), project("B", "S"), project("D", "S", surface="水泥")
    )  # fmt: skip
    for projects, surface in (([gravel, plain], "paved"), ([plain, cement, gravel], "水泥"), ([cement, plain], "水泥")):
        done = applied(spur(surface="土路"), projects)
        assert done.roads["surface"].tolist() == ["沥青", surface]
        assert (done.by_project["becomes"] == surface).all()
        assert (done.findings["code"] == "projects.road_named_twice").sum() == 1


def test_the_inputs_are_left_alone_and_index_and_order_are_kept() -> None:
    roads = table("roads", [MAIN, SPUR, road("L", (5000, 0), (5000, 400), status="planned")])
    roads.index = [7, 3, 7]
    projects = table("projects", [project("P", "S"), project("Q", "L", layer="sites")])
    before, given = roads.copy(), projects.copy()
    done = apply_road_projects(roads, projects, hardened_surface="硬化", judge=lambda one: hardness_of(one, CN))
    assert_geodataframe_equal(roads, before)
    assert_geodataframe_equal(projects, given)
    assert done.roads.index.tolist() == [7, 3, 7]
    assert done.roads["id"].tolist() == ["M", "S", "L"]
    assert_geodataframe_equal(done.roads.drop(columns=["surface", "status"]), roads.drop(columns=["surface", "status"]))
    assert done.changed.tolist() == [False, True, True]


def test_no_projects_and_no_roads() -> None:
    layers = county([], [FAR])
    done = applied(layers, [])
    assert_geodataframe_equal(done.roads, layers.roads)
    assert len(done.by_project) == len(done.findings) == 0
    bare = apply_road_projects(
        layers.roads.iloc[:0], table("projects", [project("P", "S")]), hardened_surface="硬化",
        judge=lambda one: np.zeros(len(one), dtype=np.int64),
    )  # fmt: skip
    assert bare.findings["code"].tolist() == ["projects.feature_not_found"]


BY_CLASS = CN.model_copy(
    update={"hardened": CN.hardened.model_copy(update={"by": "class", "classes": ("county",), "surfaces": ()})}
)


def test_a_profile_that_judges_by_class_is_not_moved_by_works() -> None:
    layers = spur(road_class="村道")
    done = applied(layers, [project("P", "S"), project("Q", "S", stage="县级验收")], profile=BY_CLASS)
    assert verdicts(planned(layers, done, profile=BY_CLASS)) == ["unhardened"]
    assert not done.changed.any()
    assert done.findings["code"].tolist() == ["projects.class_decides"] * 2 + ["projects.road_named_twice"]


def narrow(projects: list[dict], **more: object) -> Callable[[], AppliedRoads]:
    profile = load_road_profile("cn-guangxi-exit")
    return lambda: applied(spur(surface="土路", width_m=2.5, **more), projects, profile=profile)


def one(*projects: dict, profile: RoadProfile = CN, **more: object) -> Callable[[], AppliedRoads]:
    return lambda: applied(spur(**more), list(projects), profile=profile)


CASES: dict[str, tuple[Callable[[], AppliedRoads], str, str]] = {
    "feature_not_found": (one(project("P", "S;X9")), "P", "X9"),
    "no_features": (one(project("P", " ")), "P", "names none"),
    "layer_missing": (one(project("P", "S", layer="")), "P", "道路硬化"),
    "surface_not_understood": (one(project("P", "S", surface="黑的")), "P", "黑的"),
    "kind_without_effect": (one(project("P", "S", kind="安防工程")), "P", "安防工程"),
    "class_decides": (one(project("P", "S"), profile=BY_CLASS), "P", "by class"),
    "done_but_not_in_layer": (one(project("P", "S", stage="县级验收")), "P", "县级验收"),
    "done_but_still_planned": (one(project("P", "S", stage="移交管护"), status="planned"), "P", "移交管护"),
    "already_hardened": (one(project("P", "S"), surface="水泥"), "P", "水泥"),
    "surface_worse": (one(project("P", "S", surface="砂石"), surface="水泥"), "P", "'砂石'"),
    "still_not_hardened": (narrow([project("P", "S")]), "P", "'paved'"),
    "road_closed": (one(project("P", "S"), status="closed"), "P", "closed"),
    "road_seasonal": (one(project("P", "S"), open_months=8.0), "P", "8 months"),
    "road_named_twice": (one(project("Q", "S"), project("P", "S")), "S", "P, Q"),
    "planned_surface_unknown": (one(surface="", status="planned"), "S", "unknown surface"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_each_finding(name: str) -> None:
    make, id_, words = CASES[name]
    found = with_messages(make().findings, Texts("en")).set_index("code")
    mine = found.loc[[f"projects.{name}"]]
    assert mine["id"].tolist() == [id_] and (mine["action"] == "noted").all()
    assert words in mine["message"].iloc[0]
    assert "{" not in mine["message"].iloc[0]
    assert len(found) == 1, found["message"].tolist()


def test_every_code_has_a_case() -> None:
    strange = stage_findings(pd.DataFrame({"row": [1], "stage": ["七成"]}))
    assert {f"projects.{name}" for name in CASES} | set(strange["code"]) == codes()


def test_a_project_done_and_in_the_layer_is_as_it_should_be() -> None:
    assert len(one(project("P", "S", stage="移交管护"), surface="水泥")().findings) == 0


def test_findings_stand_where_the_road_is() -> None:
    found = one(project("P", "S", stage="县级验收"))().findings
    assert found[["x", "y", "row"]].values.tolist() == [[1000, pytest.approx(250, abs=250), 1]]


def grid_county(random: np.random.Generator, n: int = 5) -> RoadLayers:
    """A grid of roads of random surface and status, and hamlets on and off them."""
    spots = np.arange(n) * 500.0
    lines = [((x, y), (x + 500, y)) for x in spots[:-1] for y in spots[1:]]
    lines += [((x, y), (x, y + 500)) for x in spots for y in spots[:-1]]
    surfaces, states = ["水泥", "砂石", "土路", "", "沥青"], ["open", "open", "open", "planned", "closed"]
    roads = [
        road(f"R{at}", *line, surface=str(random.choice(surfaces)), status=str(random.choice(states)))
        for at, line in enumerate(lines)
        if random.random() < 0.7
    ]
    places = random.uniform(-100, 2100, (30, 2))
    places[::2, 0] = places[::2, 0].round(-2) // 500 * 500
    return county(roads, [hamlet(f"H{at}", *place) for at, place in enumerate(places)])


def test_projects_never_worsen_a_verdict() -> None:
    better = 0
    for seed in range(6):
        random = np.random.default_rng(seed)
        layers = grid_county(random)
        ids = layers.roads["id"].tolist()[1:]
        projects = [
            project(f"P{at}", ";".join(random.choice(ids, 2)), surface=str(random.choice(["", "", "水泥", "砂石"])),
                    kind=str(random.choice(["道路硬化", "改建"])), stage=str(random.choice(["招标", "县级验收"])))
            for at in range(8)
        ]  # fmt: skip
        results = judged(layers), planned(layers, applied(layers, projects))
        now, then = (pd.Series(verdicts(one)).map(STATUSES.index) for one in results)
        assert (then <= now).all(), seed
        better += int((then < now).sum())
    assert better > 20


def test_rows_in_another_order_give_the_same_roads() -> None:
    random = np.random.default_rng(5)
    layers = grid_county(random)
    ids = layers.roads["id"].tolist()[1:]
    rows = [
        project(f"P{at}", ";".join(random.choice(ids, 3)), surface=str(random.choice(["", "弹石", "水泥"])))
        for at in range(9)
    ]
    one, two = applied(layers, rows), applied(layers, rows[::-1])
    assert_geodataframe_equal(one.roads, two.roads)
    shapes = gpd.GeoSeries(one.roads.geometry)
    assert shapely.equals_exact(shapes.to_numpy(), layers.roads.geometry.to_numpy()).all()
