"""Surfaces nobody wrote: unknown by default, inferred only if the plan says so, and then marked everywhere."""

from __future__ import annotations

from pathlib import Path

import pyogrio
import pytest
from test_osm_county import county

from siteplan import workflow
from siteplan.layers.osm import read_osm, write_osm_county
from siteplan.plan import load_plan
from siteplan.standards import load_inferred_surfaces, road_words
from siteplan.workflow import RunResult

FROM = {"A": "tagged", "B": "inferred", "C": "inferred"}


def run(folder: Path, *, infer: bool, profile: str = "osm") -> RunResult:
    extract = read_osm(county().write(folder / "drawn.osm.pbf"))
    plan = write_osm_county(extract, folder / "county", source_name="drawn.osm.pbf")
    text = plan.read_text("utf-8").replace('profile = "osm"', f'profile = "{profile}"')
    plan.write_text(text.replace("# infer_surface = true", f"infer_surface = {str(infer).lower()}"), "utf-8")
    return workflow.run(load_plan(plan), folder / "out")


def test_by_default_an_unwritten_surface_is_unknown(tmp_path: Path) -> None:
    result = run(tmp_path, infer=False)
    assert result.headline["served"] == 2
    assert "hardened_inferred_km" not in result.headline
    assert (result.findings["code"] == "roads.surface_missing").sum() == 2
    assert not (result.findings["code"] == "roads.surface_inferred").any()
    villages = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="villages")
    assert (villages["inferred_m"] == 0).all()


def test_an_inferred_surface_counts_and_is_marked(tmp_path: Path) -> None:
    """grade1 is taken as paved, grade3 as not: C becomes served, and everything says on what ground."""
    result = run(tmp_path, infer=True)
    assert (result.headline["served"], result.headline["served_inferred"]) == (3, 1)
    assert result.headline["hardened_inferred_km"] == pytest.approx(1.11, abs=0.01)
    found = result.findings[result.findings["code"] == "roads.surface_inferred"]
    assert found["action"].tolist() == ["defaulted"] * 2
    assert any("2 roads (2.2 km)" in note and "inferred" in note for note in result.notes)
    roads = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="roads")
    own = roads[roads["road_class"] != "primary"].drop_duplicates("name").set_index("name")
    assert own["surface_from"].to_dict() == FROM
    # What was written stays what was written.
    assert own.loc["C", "surface"] in ("", None)
    by_name = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="villages").set_index("name")
    assert by_name.loc["C", "inferred_m"] == pytest.approx(1111, abs=2)
    assert "inferred" in by_name.loc["C", "reason"]
    record = (tmp_path / "out" / "run.json").read_text("utf-8")
    assert '"infer_surface": true' in record
    assert '"rule": "inferred.class"' in record


def test_the_table_speaks_of_known_words_only() -> None:
    table = load_inferred_surfaces()
    surfaces, classes = set(road_words("surface").values()), set(road_words("class").values())
    assert {*table.by_tracktype.values(), *table.by_class.values()} <= surfaces
    assert set(table.by_class) <= classes
    # Where hamlets lack roads these may be paved or not: no guess.
    assert not {"township", "village", "special", "hamlet"} & set(table.by_class)
    assert all(rule["confidence"] == "unverified" and rule["source"] for rule in table.rules)
