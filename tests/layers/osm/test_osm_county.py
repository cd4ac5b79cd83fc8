"""An extract as a county: files written, the plan runs unedited, and says what a planner must know."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pyogrio
import pytest
from drawn_extract import Drawing

from siteplan import workflow
from siteplan.errors import OutputWriteError, PlanError
from siteplan.layers.osm import OsmExtract, read_osm, write_osm_county
from siteplan.plan import load_plan

HAMLETS = {"A": (1.500, 42.0), "B": (1.520, 42.0), "C": (1.540, 42.0)}


def county(names: dict[str, str] | None = None) -> Drawing:
    """A town, a primary road, and three hamlets: on asphalt, behind a track, on a road without a surface."""
    names = names or {name: name for name in HAMLETS}
    drawing = Drawing()
    joint = [drawing.node((east, 41.99)) for east, _ in HAMLETS.values()]
    drawing.way(joint, {"highway": "primary", "surface": "asphalt", "name": names["A"]})
    for (name, place), foot, tags in zip(
        HAMLETS.items(),
        joint,
        [
            {"highway": "unclassified", "surface": "asphalt"},
            {"highway": "track", "tracktype": "grade3"},
            {"highway": "track", "tracktype": "grade1"},
        ],
        strict=True,
    ):
        drawing.way([foot, place], {**tags, "name": names[name]})
        drawing.node(place, place="hamlet", name=names[name])
    drawing.node((1.5, 41.99), place="town", name="Town")
    drawing.ring(1.6, 42.0, 0.001, {"natural": "water", "water": "lake"})
    drawing.way([(1.6, 42.0), (1.61, 42.0)], {"waterway": "river"})
    return drawing


def mended_in_reading(result: workflow.RunResult) -> list[str]:
    """Codes of what the reader of layers had to drop or repair: the import must leave it nothing."""
    found = result.findings
    return found["code"][found["code"].str.startswith("layers.") & (found["action"] != "noted")].tolist()


@pytest.fixture
def extract(tmp_path: Path) -> OsmExtract:
    return read_osm(county().write(tmp_path / "drawn.osm.pbf", date="2026-02-03T00:00:00Z"))


def test_the_plan_runs_unedited(extract: OsmExtract, tmp_path: Path) -> None:
    plan = write_osm_county(extract, tmp_path / "county", source_name="drawn.osm.pbf")
    assert sorted(path.name for path in plan.parent.iterdir()) == ["osm.gpkg", "plan.toml"]
    result = workflow.run(load_plan(plan), tmp_path / "out")
    assert result.map.stat().st_size > 10_000
    assert "© OpenStreetMap contributors" in result.map.read_text("utf-8")
    villages = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="villages").set_index("name")
    wanted = {"A": "hardened", "B": "unhardened", "C": "unhardened", "Town": "hardened"}
    assert villages["road_status"].to_dict() == wanted
    roads = pyogrio.read_dataframe(tmp_path / "out" / "results.gpkg", layer="roads")
    assert set(roads["surface_from"]) == {"tagged", "unknown"}
    assert mended_in_reading(result) == []


def test_the_plan_tells_licence_date_and_counts(extract: OsmExtract, tmp_path: Path) -> None:
    plan = write_osm_county(extract, tmp_path / "Ord ino", source_name="drawn.osm.pbf")
    text = plan.read_text("utf-8")
    assert "© OpenStreetMap contributors, ODbL 1.0" in text
    assert "# Date of the data: 2026-02-03T00:00:00Z." in text
    assert "# hamlets: 4 rows of 4 objects (place=hamlet 3, place=town 1)" in text
    # 0.04 degrees of longitude and 0.01 of latitude are tagged, twice 0.01 of latitude are not.
    assert "# Here 67 % of 7 km have a surface." in text
    assert "# water points: none" in text
    data = tomllib.loads(text)
    assert data["plan"]["name"] == "Ord_ino"
    assert data["plan"]["language"] == "en"
    assert data["roads"] == {"profile": "osm"}
    assert list(data["layers"]) == ["villages", "roads", "centres", "rivers"]


def test_what_is_dropped_stands_in_the_plan(tmp_path: Path) -> None:
    drawing = county()
    drawing.way([(1.7, 42.0), (1.71, 42.0)], {"natural": "scree"})
    drawing.way([(1.7, 42.0), (1.71, 42.0)], {"highway": "path"})
    drawing.node((1.7, 42.0), place="hamlet", name="X", population="some\n")
    extract = read_osm(drawing.write(tmp_path / "drawn.osm.pbf"))
    text = write_osm_county(extract, tmp_path / "county", source_name="drawn\n.osm.pbf").read_text("utf-8")
    assert "# hazard zones: 1 seen, none kept\n#   left out, 1: open ways where an area is wanted" in text
    assert "#   ways that are none of this layer: highway=path 1" in text
    assert "#   column people: 1 values could not be read and are unknown" in text
    assert tomllib.loads(text)["plan"]["title"].startswith("drawn")


def test_chinese_names_make_a_chinese_plan(tmp_path: Path) -> None:
    for names, language in (
        ({"A": "上坝", "B": "下坝", "C": "石板寨"}, "zh"),
        ({"A": "上坝", "B": "Lower", "C": "Stone"}, "en"),
        ({"A": "上野", "B": "のぼり", "C": "石坂"}, "en"),
    ):
        extract = read_osm(county(names).write(tmp_path / f"{names['B']}.osm.pbf"))
        plan = write_osm_county(extract, tmp_path / names["B"], source_name="x.osm.pbf")
        assert load_plan(plan).language == language


@pytest.mark.parametrize("there", ["plan.toml", "osm.gpkg"])
def test_nothing_is_overwritten(extract: OsmExtract, tmp_path: Path, there: str) -> None:
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / there).write_text("mine", "utf-8")
    with pytest.raises(PlanError, match="exists already"):
        write_osm_county(extract, folder, source_name="drawn.osm.pbf")
    assert [path.name for path in folder.iterdir()] == [there]
    assert (folder / there).read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_told(extract: OsmExtract, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OutputWriteError):
        write_osm_county(extract, tmp_path / "file" / "county", source_name="drawn.osm.pbf")


def test_the_same_extract_gives_the_same_files(tmp_path: Path) -> None:
    path = county().write(tmp_path / "drawn.osm.pbf")
    first, second = (
        write_osm_county(read_osm(path), tmp_path / name / "county", source_name="drawn.osm.pbf") for name in "ab"
    )
    for name in ("plan.toml", "osm.gpkg"):
        assert (first.parent / name).read_bytes() == (second.parent / name).read_bytes()


def test_andorra_from_extract_to_map(shared_data: Path, tmp_path: Path) -> None:
    """61 villages and hamlets drawn as nodes and 15 settlements more: who is not on a paved road, by today's tags."""
    name = "andorra-latest.osm.pbf"
    plan = write_osm_county(read_osm(shared_data / "andorra" / name), tmp_path / "andorra", source_name=name)
    result = workflow.run(load_plan(plan), tmp_path / "out")
    assert result.map.exists()
    assert result.headline["hamlets"] == 76
    assert (result.headline["served"], result.headline["no_road"]) == (72, 1)
    assert result.headline["road_km"] == pytest.approx(881.1, abs=0.2)
    assert mended_in_reading(result) == []
