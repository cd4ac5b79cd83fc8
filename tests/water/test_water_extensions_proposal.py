"""From layers to projects: drawn schemes, and the sample county, with an EPANET model of old and new pipes together.

The model is put together here from the tables alone: the design's own model holds each project by itself.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
import wntr
from drawn_pipes import pipe, point, spring
from drawn_scheme import PEAK, Ground, asking, road, scheme

from siteplan import workflow
from siteplan.language import Texts
from siteplan.layers.reading import read_layers
from siteplan.plan import load_plan
from siteplan.roads.judgement import judge_hamlets
from siteplan.water.extensions import load_catalogue
from siteplan.water.extensions.proposal import Proposal, Works, propose_extensions
from siteplan.water.hydraulics import peak_demand
from siteplan.workflow.extending import ExtensionAnswer, extension_answer
from siteplan.workflow.judging import decisions_of, road_question
from siteplan.workflow.projectprofiles import project_profiles
from siteplan.workflow.watering import WaterAnswer, water_answer

CATALOGUE = load_catalogue()
ALONG = road((0, 30), (1500, 30), (1500, 1500), (3000, 1500))


def proposed(works: Works, asked: gpd.GeoDataFrame, roads: np.ndarray = ALONG, **options) -> Proposal:
    return propose_extensions(works, asked, roads, Ground(), CATALOGUE, peak_factor=PEAK, **options)


def together(works: Works, proposal: Proposal, folder: Path) -> tuple[pd.Series, pd.Series]:
    """Heads of EPANET for the old network with all chosen projects on it: (of hamlets that asked, of old nodes).

    Demands are drawn in full whatever the pressure, so that a shortfall shows as a head too low.
    """
    net, nodes, links = works.network, works.network.nodes, works.network.links
    model = wntr.network.WaterNetworkModel()
    model.options.hydraulic.inpfile_units = "LPS"
    model.options.hydraulic.headloss = "H-W"
    model.options.hydraulic.accuracy = 1e-6
    model.options.time.duration = 0
    demand, reached = np.nan_to_num(peak_demand(net, works.demands)), works.reach.nodes["reached"].to_numpy()
    heads = works.hydraulics.nodes["head_m"].to_numpy()
    fixed = nodes["kind"].isin(["source", "tank"]).to_numpy()
    for row in np.flatnonzero(reached):
        name = nodes["node"].iloc[row]
        if fixed[row]:
            # A tank stands at its lowest, as siteplan takes it at the peak.
            model.add_reservoir(name, base_head=float(heads[row]))
        else:
            model.add_junction(name, base_demand=demand[row] / 1000, elevation=float(nodes["z_m"].iloc[row]))
    for row in np.flatnonzero(works.reach.links["reached"].to_numpy()):
        one = links.iloc[row]
        ends = (nodes["node"].iloc[one["start"]], nodes["node"].iloc[one["end"]])
        model.add_pipe(one["link"], *ends, one["length_m"], one["inner_mm"] / 1000, one["roughness_c"])
    graph, design = proposal.county.corridors, proposal.design
    chosen = design.projects.index[design.projects["chosen"]]
    place: dict[tuple, str] = {}

    def spot(project: str, edge: int, along: float, z: float) -> str:
        # An end of the corridor is its node; every project has its own pipe in the trench.
        end = graph.u[edge] if along < 1e-3 else graph.v[edge] if along > graph.length_m[edge] - 1e-3 else -1
        key = (project, "node", int(end)) if end >= 0 else (project, edge, round(along, 3))
        root = proposal.offers.table.loc[design.projects.loc[project, "source"]]
        if end >= 0 and int(end) == int(root["node"]):
            return str(nodes["node"].iloc[int(root["row"])])
        if key not in place:
            place[key] = f"X{len(place)}"
            model.add_junction(place[key], base_demand=0.0, elevation=z)
        return place[key]

    assert not design.works[design.works["project"].isin(chosen)]["kind"].isin(["pump"]).any()
    tanks = design.works[(design.works["kind"] == "tank") & design.works["project"].isin(chosen)]
    for number, one in enumerate(design.pipes[design.pipes["project"].isin(chosen)].itertuples()):
        a = spot(one.project, one.edge, one.from_m, one.z_start_m)
        b = spot(one.project, one.edge, one.to_m, one.z_stop_m)
        model.add_pipe(f"E{number}", a, b, one.length_m, one.inner_mm / 1000, one.roughness_c)
    assert not len(tanks), "break-pressure tanks are checked in the design's own model"
    asked = proposal.asked[proposal.design.hamlets["served"].to_numpy()]
    answer = proposal.design.hamlets.loc[asked.index]
    at = []
    for name, project in answer["project"].items():
        node = place[project, "node", int(asked.loc[name, "node"])]
        model.get_node(node).demand_timeseries_list[0].base_value += asked.loc[name, "peak_lps"] / 1000
        at.append(node)
    found = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(folder / "all")).node["head"].iloc[0]
    return pd.Series(found[at].to_numpy(), index=asked.index), found


def test_two_hamlets_get_water_and_the_old_one_keeps_its_own(tmp_path: Path) -> None:
    works = scheme()
    asked = asking(("B", 1480, 800, 60), ("C", 2600, 1480, 80))
    found = proposed(works, asked)
    design = found.design
    assert design.hamlets["served"].all()
    assert found.network_check == "holds"
    heads, old = together(works, found, tmp_path)
    ground = Ground()(np.array([[1480.0, 800.0], [2600.0, 1480.0]]))
    assert (heads.to_numpy() - ground >= asked["service_head_m"].to_numpy() - 0.05).all()
    # The design leaves the heads that EPANET finds in the whole, or has reckoned with less.
    assert (heads.to_numpy() - ground >= design.hamlets["head_m"].to_numpy() - 0.06).all()
    own = works.network.nodes["node"].iloc[works.network.connections["node"].iloc[0]]
    z, service = 540.0, works.demands.table["service_head_m"].iloc[0]
    assert old[own] - z >= service - 0.05


def test_nothing_flows_uphill_without_a_pump() -> None:
    works = scheme()
    high = asking(("B", -600, 40, 60))
    up = proposed(works, high, road((-900, 30), (1500, 30)))
    assert up.design.projects["needs"].tolist() == ["pump"]
    tap = proposed(works, high, road((-900, 30), (1500, 30)), where_no_gravity="tap")
    assert tap.design.hamlets["service"].tolist() == ["tap"]
    assert tap.design.hamlets["tap_walk_m"].iloc[0] < 1000


def test_water_that_one_spring_has_is_not_sold_twice() -> None:
    """Six hamlets of 60 at both ends: the spring can feed some of them, from whichever place."""
    works = scheme(yield_m3=16.0)
    asked = asking(*((f"H{k}", 1530 if k % 2 else 100, 200 + 150 * k, 60) for k in range(6)))
    roads = np.concatenate([ALONG, road((100, 30), (100, 1500))])
    found = proposed(works, asked, roads)
    served = found.design.hamlets["served"].to_numpy()
    spare = 16.0 - float(works.demands.table["source_m3_per_day"].iloc[0])
    day = asked["peak_lps"].to_numpy()[served].sum() * 86.4 / PEAK
    assert 0 < served.sum() < 6
    assert day <= spare + 1e-6
    # One more would be too much.
    assert day + asked["peak_lps"].min() * 86.4 / PEAK > spare
    assert set(found.design.hamlets["reason"][~served]) == {"no_spare_flow"}


def test_a_spring_apart_from_the_network_serves_by_itself(tmp_path: Path) -> None:
    own = [spring("Q1", 0, 0, head_m=600.0, yield_m3_per_day=4.0), spring("Q2", 1600, 900, head_m=560.0,
           yield_m3_per_day=30.0), point("T9", "tank", 1600, 910, volume_m3=0.0)]  # fmt: skip
    works = scheme(lines=[pipe("P1", (0, 0), (1500, 0))], points=own)
    found = proposed(works, asking(("C", 2600, 1480, 50)))
    source = found.offers.table.loc[found.design.projects["source"].iloc[0]]
    assert works.network.nodes["point_id"].iloc[int(source["row"])] == "Q2"
    assert found.design.hamlets["served"].all()
    # No road leads there: the way from the spring is over the ground.
    assert "ground" in set(found.county.kind[found.design.pipes["edge"]])
    heads, _ = together(works, found, tmp_path)
    assert heads.iloc[0] - Ground()(np.array([[2600.0, 1480.0]]))[0] >= 9.95


def test_budget_and_price_a_person_decide_what_is_chosen() -> None:
    works = scheme()
    asked = asking(("B", 1480, 800, 60), ("C", 2600, 1480, 20))
    free = proposed(works, asked).design
    each = proposed(works, asked, most_per_person=float(free.projects["cost"].sum()) / 100).design
    poor = proposed(works, asked, budget=float(free.projects["cost"].sum()) * 0.7).design
    assert free.hamlets["served"].tolist() == [True, True]
    assert poor.hamlets["served"].tolist() == [True, False]
    assert poor.figures["cost"] <= poor.figures["budget"]
    assert each.hamlets.loc["C", "reason"] == "dear"
    assert proposed(works, asked, budget=1.0).design.figures["hamlets_served"] == 0


def test_without_offers_or_heights_there_is_a_reason_for_everyone() -> None:
    asked = asking(("B", 1480, 800, 60))
    nothing = proposed(scheme(yield_m3=3.0), asked)
    assert nothing.design.hamlets["reason"].tolist() == ["no_spare_flow"]
    assert nothing.network_check == "not_needed"
    far = proposed(scheme(), asking(("B", 60_000, 60_000, 60)))
    assert far.design.hamlets["reason"].tolist() == ["no_corridor"]


@pytest.fixture(scope="module")
def sample(repository: Path) -> tuple[WaterAnswer, ExtensionAnswer]:
    plan, texts = load_plan(repository / "data" / "plan.toml"), Texts("zh")
    decisions = decisions_of(plan)
    layers = read_layers(plan, decisions)
    question = road_question(plan, layers, decisions)
    roads = judge_hamlets(question.layers, question.profile, question.choices, texts).access.network
    water = water_answer(plan, layers, roads, texts)
    assert water is not None
    found = extension_answer(plan, layers, water)
    assert found is not None
    return water, found


def test_the_samples_projects_survive_epanet(sample: tuple[WaterAnswer, ExtensionAnswer], repository: Path) -> None:
    water, found = sample
    proposal = found.proposal
    assert proposal is not None
    projects = proposal.design.projects
    assert projects["chosen"].sum() >= 2
    assert (projects["recheck"] == "agrees").all()
    assert projects.loc[projects["chosen"], "cost"].sum() <= 2_000_000
    assert (projects.loc[projects["chosen"], "cost_per_person"] <= 15_000).all()
    assert proposal.network_check == "holds"
    levels = water.service.table["water_level"].to_numpy()
    rows = found.asked["row"][found.asked["kind"] == "hamlet"].to_numpy()
    assert (levels[rows] == "unserved").all()
    # Hamlets that move whole ask at their sites.
    villages = gpd.read_file(repository / "data" / "villages.gpkg")
    moves = (villages["relocate_people"].fillna(0) >= villages["people"]).to_numpy()
    assert sorted(rows) == np.flatnonzero((levels == "unserved") & ~moves).tolist()
    assert (found.asked["kind"] == "site").sum() == 10


def test_the_samples_projects_are_drawn_where_corridors_lie(sample: tuple[WaterAnswer, ExtensionAnswer]) -> None:
    _, found = sample
    pipes, works = found.pipes, found.works
    lines = shapely.STRtree(found.proposal.county.lines)
    spots = shapely.points(shapely.get_coordinates(shapely.segmentize(pipes.geometry.to_numpy(), 50.0)))
    for points in (spots, works.geometry.to_numpy()):
        assert lines.query_nearest(points, return_distance=True, all_matches=False)[1].max() < 0.01
    # Drawn on the plane, designed over the ground.
    assert (pipes.length <= pipes["length_m"] + 1e-6).all()
    assert pipes.length.sum() > 0.9 * pipes["length_m"].sum()
    by_project = pipes.groupby("project")[["pipe_cost", "trench_cost"]].sum().sum(axis=1)
    told = found.projects.set_index("project")
    assert (told["pipe_cost"] + told["trench_cost"]).loc[by_project.index].to_numpy() == pytest.approx(by_project)


def test_profiles_of_projects_begin_and_end_with_the_designs_heads(
    sample: tuple[WaterAnswer, ExtensionAnswer],
) -> None:
    _, found = sample
    proposal, profiles = found.proposal, project_profiles(found, Texts("zh"), most=9)
    chosen = found.projects[found.projects["chosen"]]
    assert len(profiles) == len(chosen)
    for profile, (_, project) in zip(profiles, chosen.iterrows(), strict=True):
        table = profile.table
        offer = proposal.offers.table.loc[proposal.design.projects.loc[project["project"], "source"]]
        mine = found.hamlets[(found.hamlets["project"] == project["project"]) & found.hamlets["served"]]
        worst = (mine["head_m"] - mine["service_head_m"]).min()
        assert table["station_m"].is_monotonic_increasing
        assert table["grade_m"].iloc[0] == pytest.approx(offer["head_m"], abs=0.01)
        assert table["static_m"].iloc[0] == pytest.approx(offer["rest_head_m"])
        assert profile.head_m - profile.needed_m == pytest.approx(worst, abs=0.01)
        assert profile.length_m <= project["length_m"] + 0.1
        # Gravity: the grade falls from tank to tank and stays above the ground.
        steps = {at for at, _, kind in profile.marks if kind == "tank"}
        fall = table["grade_m"].diff().dropna()
        assert (fall > 1e-6).sum() <= len(steps)
        assert (table["grade_m"] > table["ground_m"]).all()


def test_the_run_tells_of_them(repository: Path, tmp_path: Path) -> None:
    workflow.water(load_plan(repository / "data" / "plan.toml"), tmp_path / "out")
    layer = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="water_extensions")
    villages = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="villages")
    chosen = set(layer.loc[layer["chosen"], "project"])
    served = villages[villages["water_project"].isin(chosen) & (villages["water_project_reason"].fillna("") == "")]
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    rows = list(book["新建供水受益村寨"].iter_rows(values_only=True))
    heads = list(rows[0])
    texts = Texts("zh")
    kind, given = (heads.index(texts(f"water.extension.column.{name}")) for name in ("kind", "served"))
    mine = [row for row in rows[1:] if row[kind] == "村寨" and row[given] == "是"]
    assert sorted(row[heads.index("编号")] for row in mine) == sorted(served["id"])
    assert (villages.loc[villages["water_level"] == "unserved", "water_project"].notna()).all()
