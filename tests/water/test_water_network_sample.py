"""The sample county's water: as its makers laid it, so the network is known."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from drawn_pipes import codes

from siteplan.layers.reading import read_layers
from siteplan.layers.terrain.sampling import read_surface
from siteplan.plan import load_plan
from siteplan.water.model import WaterNetwork
from siteplan.water.network import build_water_network

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def layers() -> dict[str, gpd.GeoDataFrame]:
    read = read_layers(load_plan(DATA / "plan.toml"))
    return {name: read.table(name) for name in ("water_lines", "water_points", "villages")}


@pytest.fixture(scope="module")
def found(layers: dict[str, gpd.GeoDataFrame]) -> WaterNetwork:
    surface = read_surface([DATA / "dem.tif"], layers["water_lines"].crs)
    assert surface.spacing_m == pytest.approx(80.0)
    return build_water_network(
        layers["water_lines"], layers["water_points"], layers["villages"], heights=surface, spacing_m=surface.spacing_m
    )


def test_every_system_is_one_part_with_its_spring_and_its_tank(found: WaterNetwork, layers: dict) -> None:
    system = layers["water_lines"].set_index("id")["system"]
    of_link = found.links["line_id"].map(system)
    assert found.links.groupby(of_link)["component"].nunique().eq(1).all()
    assert found.links["component"].nunique() == system.nunique() == 37
    points = found.nodes[found.nodes["point_id"] != ""]
    assert points["kind"].value_counts().to_dict() == {"source": 37, "tank": 37}
    of_point = layers["water_points"].set_index("id")["system"].loc[points["point_id"]]
    part = found.links.groupby(of_link)["component"].first()
    assert (points["component"].to_numpy() == part.loc[of_point].to_numpy()).all()


def test_hamlets_draw_from_the_pipe_that_feeds_them(found: WaterNetwork, layers: dict) -> None:
    feeds = layers["water_lines"].set_index("id")["feeds"].str.split(";")
    fed = set(feeds.explode())
    near = found.connections["node"] >= 0
    ids = layers["villages"]["id"]
    # Two hamlets lie beside the pipe of others.
    assert set(ids[near]) - fed == {"H0007", "H0234"} and fed <= set(ids[near])
    drawn = found.links["line_id"].iloc[found.connections["link"][near]].to_numpy()
    own = {hamlet: line for hamlet, line in zip(ids[near], drawn, strict=True) if hamlet in fed}
    wrong = [hamlet for hamlet, line in own.items() if hamlet not in feeds[line]]
    # Where a branch to others leaves nearer by, it is that one, of the same system.
    system = layers["water_lines"].set_index("id")["system"]
    assert len(own) == 68 and len(wrong) == 6
    for hamlet in wrong:
        assert system[own[hamlet]] in set(system[feeds.map(lambda names, one=hamlet: one in names)])


def test_no_metre_is_lost_and_heights_are_those_of_the_file(found: WaterNetwork, layers: dict) -> None:
    lines = layers["water_lines"]
    assert found.links["plan_m"].sum() == pytest.approx(lines.length.sum(), abs=1e-6)
    assert (found.links["length_m"] >= found.links["plan_m"]).all()
    first = found.links.groupby("line_id")["start"].first()
    given = lines.set_index("id")["from_z_m"].loc[first.index]
    assert found.nodes["z_m"].iloc[first].to_numpy() == pytest.approx(given.to_numpy(), abs=0.011)
    assert np.isfinite(found.nodes["z_m"]).all()
    # Made from the model: no surveyed height strays from it, no line crosses or misses another.
    assert set(codes(found)) == {
        "water.needs_repair", "water.bore_near_dn", "water.bore_unknown_wall", "water.roughness_by_material",
        "water.tank_by_head",
    }  # fmt: skip
