"""Every tag rule by a drawn object: which layer it falls into, with which columns, and what is counted instead."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from drawn_extract import Drawing

from siteplan.errors import LayerError, PlanError
from siteplan.layers.contract import contract, contracts, match_columns
from siteplan.layers.osm import OsmCounts, OsmExtract, read_osm
from siteplan.layers.osm.rules import tag_rules
from siteplan.layers.osm.tally import MENDED, REASONS

TAKEN = [
    ("node", {"place": "hamlet", "name": "Upper", "name:en": "Up"}, "villages", {"name": "Upper", "name_en": "Up"}),
    ("node", {"place": "village", "name": "V", "population": "1,234"}, "villages", {"people": 1234.0}),
    ("node", {"place": "isolated_dwelling", "name": "One"}, "villages", {"place": "isolated_dwelling"}),
    ("ring", {"place": "hamlet", "name": "Drawn"}, "villages", {"name": "Drawn"}),
    ("node", {"place": "town", "name": "T", "population": "~ 900"}, "villages", {"place": "town", "people": math.nan}),
    ("node", {"place": "town", "name": "T"}, "centres", {"kind": "township"}),
    ("node", {"place": "city", "name": "C"}, "centres", {"kind": "county"}),
    ("ring", {"amenity": "townhall", "building": "yes"}, "centres", {"kind": "village"}),
    ("node", {"amenity": "kindergarten"}, "centres", {"kind": "school"}),
    ("relation", {"amenity": "school", "name": "S"}, "centres", {"kind": "school", "name": "S"}),
    ("node", {"amenity": "hospital", "healthcare": "hospital"}, "centres", {"kind": "clinic"}),
    ("node", {"healthcare": "centre"}, "centres", {"kind": "clinic"}),
    ("node", {"amenity": "marketplace"}, "centres", {"kind": "market"}),
    ("way", {"highway": "primary_link", "ref": "N 1"}, "roads", {"road_class": "primary_link", "name": "N 1"}),
    ("way", {"highway": "track", "tracktype": "grade2"}, "roads", {"road_class": "track", "tracktype": "grade2"}),
    ("way", {"highway": "residential", "surface": "asphalt", "width": "12'6\""}, "roads",
     {"surface": "asphalt", "width_m": 3.81}),
    ("way", {"highway": "service", "smoothness": "bad", "width": "3,5 m"}, "roads",
     {"smoothness": "bad", "width_m": 3.5}),
    ("way", {"highway": "unclassified", "bridge": "viaduct", "layer": "1"}, "roads", {"bridge": True, "level": 1.0}),
    ("way", {"highway": "tertiary", "tunnel": "yes", "layer": "-1"}, "roads", {"tunnel": True, "level": -1.0}),
    ("way", {"highway": "tertiary", "tunnel": "culvert", "bridge": "no"}, "roads", {"tunnel": False, "bridge": False}),
    ("way", {"highway": "track", "motor_vehicle": "no", "access": "yes"}, "roads", {"status": "closed"}),
    ("way", {"highway": "track", "access": "no", "motor_vehicle": "yes"}, "roads", {"status": "", "access": "no"}),
    ("way", {"highway": "service", "access": "private"}, "roads", {"status": "", "access": "private"}),
    ("way", {"highway": "road", "winter_road": "yes"}, "roads", {"all_weather": 0.0}),
    ("way", {"highway": "road", "seasonal": "no"}, "roads", {"all_weather": math.nan}),
    ("way", {"highway": "construction", "construction": "primary"}, "roads",
     {"status": "planned", "road_class": "primary"}),
    ("way", {"highway": "proposed", "proposed": "track", "access": "no"}, "roads",
     {"status": "planned", "road_class": "track"}),
    ("way", {"highway": "construction"}, "roads", {"status": "planned", "road_class": "road"}),
    ("way", {"highway": "secondary", "construction": "minor"}, "roads", {"status": "", "road_class": "secondary"}),
    ("ring", {"highway": "residential", "junction": "roundabout"}, "roads", {"road_class": "residential"}),
    ("node", {"natural": "spring", "ele": "1820"}, "water_points", {"kind": "spring", "head_m": 1820.0}),
    ("node", {"amenity": "drinking_water"}, "water_points", {"kind": "tap"}),
    ("node", {"man_made": "water_well", "pump": "manual"}, "water_points", {"kind": "well", "pump": "manual"}),
    ("ring", {"man_made": "reservoir_covered"}, "water_points", {"kind": "tank"}),
    ("node", {"man_made": "storage_tank", "content": "water", "volume": "50"}, "water_points",
     {"kind": "tank", "volume_m3": 50.0}),
    ("node", {"man_made": "storage_tank", "substance": "water"}, "water_points", {"kind": "tank"}),
    ("way", {"man_made": "pipeline", "substance": "water", "diameter": "110 mm"}, "water_lines", {"dn_mm": 110.0}),
    ("way", {"waterway": "stream", "name": "Brook"}, "rivers", {"kind": "stream", "name": "Brook"}),
    ("ring", {"waterway": "riverbank"}, "rivers", {"kind": "river"}),
    ("ring", {"natural": "water", "water": "lake"}, "rivers", {"kind": "lake"}),
    ("ring", {"natural": "water"}, "rivers", {"kind": "water"}),
    ("ring", {"landuse": "reservoir"}, "rivers", {"kind": "reservoir"}),
    ("relation", {"boundary": "administrative", "admin_level": "6", "name": "K"}, "boundaries",
     {"kind": "county", "osm_level": "6"}),
    ("relation", {"boundary": "administrative", "admin_level": "4"}, "boundaries", {"kind": "", "osm_level": "4"}),
    ("ring", {"landuse": "orchard", "trees": "apple_trees"}, "farmland", {"kind": "orchard", "crop": "apple_trees"}),
    ("relation", {"boundary": "protected_area", "protect_class": "2"}, "redline", {"protect_class": "2"}),
    ("ring", {"leisure": "nature_reserve"}, "redline", {"kind": "nature_reserve"}),
    ("ring", {"natural": "scree"}, "hazards", {"kind": "scree"}),
    ("ring", {"hazard": "rock_slide"}, "hazards", {"kind": "landslide"}),
    ("ring", {"flood_prone": "yes"}, "hazards", {"kind": "flood"}),
    ("way", {"power": "line", "voltage": "20000;110000"}, "power_lines",
     {"voltage_kv": 110.0, "osm_voltage": "20000;110000"}),
    ("way", {"power": "minor_line"}, "power_lines", {"voltage_kv": math.nan, "line_kind": "minor_line"}),
]  # fmt: skip
"""What is drawn, its tags, the layer it must be in, columns it must have there."""

NOT_TAKEN = [
    ("way", {"man_made": "pipeline", "substance": "gas"}, "water_lines", "other_use"),
    ("node", {"man_made": "storage_tank", "content": "fuel"}, "water_points", "other_use"),
    ("way", {"waterway": "stream", "tunnel": "culvert"}, "rivers", "other_use"),
    ("ring", {"natural": "water", "water": "pond"}, "rivers", "other_use"),
    ("way", {"natural": "scree"}, "hazards", "not_closed"),
    ("ring", {"highway": "service", "area": "yes"}, "roads", "area_not_line"),
    ("way", {"highway": "construction", "construction": "footway"}, "roads", "other_use"),
    ("lone", {"highway": "residential"}, "roads", "no_line"),
    ("twin", {"highway": "residential"}, "roads", "no_line"),
    ("empty", {"highway": "residential"}, "roads", "no_line"),
    ("site", {"amenity": "school"}, "centres", "other_relation"),
    ("torn", {"boundary": "administrative", "admin_level": "8"}, "boundaries", "no_area"),
    ("bow", {"landuse": "farmland"}, "farmland", "no_area"),
]
"""What is drawn, its tags, the layer it is looked for in, why it makes no row."""


def draw(drawing: Drawing, shape: str, tags: dict[str, str], west: float) -> str:
    """One object in its own place; its id."""
    south = 42.0
    if shape == "node":
        return f"n{drawing.tagged((west, south), tags)}"
    if shape == "way":
        return f"w{drawing.way([(west, south), (west + 0.001, south)], tags)}"
    if shape == "ring":
        return f"w{drawing.ring(west, south, 0.001, tags)}"
    if shape == "empty":
        return f"w{drawing.way([], tags)}"
    if shape == "lone":
        return f"w{drawing.way([(west, south)], tags)}"
    if shape == "twin":
        return f"w{drawing.way([(west, south), (west, south)], tags)}"
    if shape == "bow":
        a, b, c, d = (drawing.node((west + x, south + y)) for x, y in [(0, 0), (0.001, 0.001), (0.001, 0), (0, 0.001)])
        return f"w{drawing.way([a, b, c, d, a], tags)}"
    kind = "boundary" if "boundary" in tags else "multipolygon"
    if shape == "torn":
        side = drawing.way([(west, south), (west + 0.001, south)], {})
        return f"r{drawing.relation([('w', side, 'outer'), ('w', 777, 'outer')], {'type': kind, **tags})}"
    ring = drawing.ring(west, south, 0.001, {})
    kind = "site" if shape == "site" else kind
    return f"r{drawing.relation([('w', ring, 'outer')], {'type': kind, **tags})}"


def base() -> Drawing:
    """A village and a road, without which there is no county."""
    drawing = Drawing()
    drawing.node((0.0, 42.0), place="village", name="Base")
    drawing.way([(0.0, 42.0), (0.001, 42.0)], {"highway": "primary"})
    return drawing


def counts_of(extract: OsmExtract, layer: str) -> OsmCounts:
    return next(own for own in extract.counts if own.layer == layer)


def row_of(table: gpd.GeoDataFrame, own: str) -> dict[str, object]:
    return table.set_index("id").loc[own].to_dict()


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[OsmExtract, list[str]]:
    """All cases of TAKEN in one extract, and their ids."""
    drawing = base()
    ids = [draw(drawing, shape, tags, 0.1 + i / 100) for i, (shape, tags, _, _) in enumerate(TAKEN)]
    path = tmp_path_factory.mktemp("osm") / "taken.osm.pbf"
    return read_osm(drawing.write(path, date="2026-01-02T03:04:05Z")), ids


@pytest.mark.parametrize("case", range(len(TAKEN)), ids=lambda i: f"{i}-{'-'.join(TAKEN[i][1].values())}")
def test_an_object_falls_into_its_layer(taken: tuple[OsmExtract, list[str]], case: int) -> None:
    extract, ids = taken
    _, _, layer, wanted = TAKEN[case]
    row = row_of(extract.tables[layer], ids[case])
    for column, value in wanted.items():
        assert row[column] == pytest.approx(value, nan_ok=True), column


def test_nothing_but_what_was_drawn_is_there(taken: tuple[OsmExtract, list[str]]) -> None:
    extract, ids = taken
    drawn = {(layer, own) for (_, _, layer, _), own in zip(TAKEN, ids, strict=True)}
    # A town stands in two layers; the base is a village and a road.
    town = ids[[tags for _, tags, _, _ in TAKEN].index({"place": "town", "name": "T", "population": "~ 900"})]
    lone = ids[[tags for _, tags, _, _ in TAKEN].index({"place": "town", "name": "T"})]
    drawn |= {("centres", town), ("villages", lone), ("villages", "n1"), ("roads", "w1")}
    assert {(layer, own) for layer, table in extract.tables.items() for own in table["id"]} == drawn


def test_every_rule_has_a_case() -> None:
    """A rule nobody draws is a rule nobody tests."""
    rules = tag_rules()
    met = set()
    for _, tags, layer, _ in TAKEN:
        own = [rule for rule in rules.rules if rule.layer == layer and tags.get(rule.key) in rule.values]
        met.add(next(rule.order for rule in own if rule.fits(tags)))
    assert met == {rule.order for rule in rules.rules}


@pytest.mark.parametrize("case", range(len(NOT_TAKEN)), ids=lambda i: f"{NOT_TAKEN[i][0]}-{NOT_TAKEN[i][3]}")
def test_what_makes_no_row_is_counted_with_its_reason(tmp_path: Path, case: int) -> None:
    shape, tags, layer, reason = NOT_TAKEN[case]
    drawing = base()
    own = draw(drawing, shape, tags, 0.1)
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"))
    assert counts_of(extract, layer).dropped == {reason: 1}
    assert layer not in extract.tables or own not in set(extract.tables[layer]["id"])


def test_every_count_adds_up(taken: tuple[OsmExtract, list[str]]) -> None:
    for own in taken[0].counts:
        assert own.seen == own.kept + sum(own.dropped.values())
        assert own.dropped.keys() <= REASONS.keys()
        assert own.mended.keys() <= MENDED.keys()
    assert counts_of(taken[0], "villages").unread == {"people": 1}
    assert taken[0].timestamp == "2026-01-02T03:04:05Z"


def test_footpaths_and_cliffs_are_left_out_and_said(tmp_path: Path) -> None:
    drawing = base()
    for i, tags in enumerate([{"highway": "path"}, {"highway": "path"}, {"highway": "steps"}, {"natural": "cliff"}]):
        draw(drawing, "way", tags, 0.1 + i / 100)
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"))
    assert counts_of(extract, "roads").left_out == {"highway=path": 2, "highway=steps": 1}
    assert counts_of(extract, "hazards").left_out == {"natural=cliff": 1}
    assert extract.tables["roads"]["id"].tolist() == ["w1"]


def test_tables_fit_their_contracts(taken: tuple[OsmExtract, list[str]]) -> None:
    """Every layer can be filled, no extra column passes for a contract column, shapes are of the contract's types."""
    extract, _ = taken
    assert set(extract.tables) == set(contracts()) - {"sites", "projects"}
    for layer, table in extract.tables.items():
        columns = [name for name in table.columns if name != "geometry"]
        matched, rivals = match_columns(contract(layer), columns)
        assert all(name == source for name, source in matched.items()), layer
        assert not rivals, layer
        assert table["id"].is_unique
        assert {kind.removeprefix("Multi") for kind in table.geom_type} <= set(contract(layer).geometry)
        assert table.crs == "EPSG:4326"
        for name, column in contract(layer).columns.items():
            if column.type == "category" and name in table:
                assert set(table[name]) <= {*column.canonical, ""}, (layer, name)


def test_a_multipolygon_keeps_its_hole(tmp_path: Path) -> None:
    drawing = base()
    outer, inner = drawing.ring(0.1, 42.0, 0.010, {}), drawing.ring(0.102, 42.002, 0.004, {})
    tags = {"type": "multipolygon", "landuse": "farmland"}
    drawing.relation([("w", outer, "outer"), ("w", inner, "inner")], tags)
    table = read_osm(drawing.write(tmp_path / "x.osm.pbf")).tables["farmland"]
    assert table["id"].tolist() == ["r1"]
    shape = table.geometry.iloc[0]
    assert (shape.geom_type, len(shape.interiors)) == ("Polygon", 1)
    assert shape.area == pytest.approx(0.010**2 - 0.004**2)


def test_a_way_with_missing_nodes_is_never_joined_across_the_gap(tmp_path: Path) -> None:
    drawing = base()
    nodes = [(0.1, 42.0), (0.101, 42.0), drawing.missing(), (0.103, 42.0), drawing.missing(), (0.105, 42.0),
             (0.106, 42.0), (0.107, 42.0)]  # fmt: skip
    drawing.way(nodes, {"highway": "tertiary", "name": "Cut"})
    drawing.way([drawing.missing(), (0.2, 42.0)], {"highway": "tertiary"})
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"))
    roads = extract.tables["roads"].set_index("id")
    assert roads.index.tolist() == ["w1", "w2.1", "w2.2"]
    assert shapely.get_coordinates(roads.geometry["w2.1"])[:, 0] == pytest.approx([0.1, 0.101])
    assert shapely.get_coordinates(roads.geometry["w2.2"])[:, 0] == pytest.approx([0.105, 0.106, 0.107])
    own = counts_of(extract, "roads")
    assert (own.seen, own.kept, own.rows) == (3, 2, 3)
    assert (own.mended, own.dropped) == ({"cut": 1}, {"no_line": 1})


def test_a_road_that_joins_a_tunnel_midway_stays_joined(tmp_path: Path) -> None:
    """siteplan joins a lifted road at its ends only: it is split at its joints, and only there."""
    drawing = base()
    joint = drawing.node((0.102, 42.0))
    tunnel = {"highway": "primary", "tunnel": "yes", "layer": "-1"}
    drawing.way([(0.100, 42.0), (0.101, 42.0), joint, (0.103, 42.0)], tunnel)
    drawing.way([joint, (0.102, 42.001)], {"highway": "service", "tunnel": "yes"})
    # Not split: a road over the tunnel without a shared node, and two level roads that share a node midway.
    drawing.way([(0.1005, 41.999), (0.1005, 42.001)], {"highway": "tertiary"})
    middle = drawing.node((0.2, 42.0))
    drawing.way([(0.199, 42.0), middle, (0.201, 42.0)], {"highway": "tertiary"})
    drawing.way([(0.2, 41.999), middle, (0.2, 42.001)], {"highway": "tertiary"})
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"))
    roads = extract.tables["roads"].set_index("id")
    assert roads.index.tolist() == ["w1", "w2.1", "w2.2", "w3", "w4", "w5", "w6"]
    assert shapely.get_coordinates(roads.geometry["w2.1"])[:, 0] == pytest.approx([0.100, 0.101, 0.102])
    assert shapely.get_coordinates(roads.geometry["w2.2"])[:, 0] == pytest.approx([0.102, 0.103])
    assert counts_of(extract, "roads").mended == {"split": 1}


def test_a_school_drawn_twice_counts_once(tmp_path: Path) -> None:
    drawing = base()
    drawing.ring(0.1, 42.0, 0.01, {"amenity": "school", "name": "A"})
    same = drawing.node((0.105, 42.005), amenity="school", name="A")
    other = drawing.node((0.106, 42.005), amenity="clinic", name="A")
    drawing.ring(0.2, 42.0, 0.01, {"amenity": "school", "name": "B"})
    third = drawing.node((0.205, 42.005), amenity="school", name="C")
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"))
    assert extract.tables["centres"]["id"].tolist() == [f"n{same}", f"n{other}", f"n{third}", "w3"]
    assert counts_of(extract, "centres").dropped == {"same_as_node": 1}


def test_places_are_named_by_the_smallest_boundary_around_them(tmp_path: Path) -> None:
    drawing = base()
    place = drawing.node((0.105, 42.005), place="hamlet", name="In")
    for size, level, name in ((0.05, "7", "Wide"), (0.01, "8", "Narrow"), (0.01, "10", "Seat"), (0.05, "6", "Land")):
        ring = drawing.ring(0.1, 42.0, size, {})
        tags = {"type": "boundary", "boundary": "administrative", "admin_level": level, "name": name}
        drawing.relation([("w", ring, "outer")], tags)
    villages = read_osm(drawing.write(tmp_path / "x.osm.pbf")).tables["villages"].set_index("id")
    assert villages.loc[f"n{place}", ["township", "village"]].tolist() == ["Narrow", "Seat"]
    assert villages.loc["n1", ["township", "village"]].tolist() == ["", ""]


def test_a_box_keeps_points_inside_and_lines_whole(tmp_path: Path) -> None:
    drawing = base()
    inside = drawing.node((0.15, 42.0), place="hamlet", name="In")
    drawing.node((0.25, 42.0), place="hamlet", name="Out")
    drawing.way([(0.05, 42.0), (0.15, 42.0), (0.90, 42.0)], {"highway": "secondary"})
    drawing.way([(0.30, 42.0), (0.31, 42.0)], {"highway": "secondary"})
    drawing.ring(0.19, 42.0, 0.1, {"landuse": "farmland"})
    extract = read_osm(drawing.write(tmp_path / "x.osm.pbf"), (0.1, 41.9, 0.2, 42.1))
    assert extract.tables["villages"]["id"].tolist() == [f"n{inside}"]
    assert extract.tables["roads"]["id"].tolist() == ["w2"]
    assert extract.tables["roads"].total_bounds[[0, 2]].tolist() == [0.05, 0.90]
    assert shapely.area(extract.tables["farmland"].geometry.iloc[0]) == pytest.approx(0.01)
    assert counts_of(extract, "villages").dropped == {"outside_box": 2}
    assert counts_of(extract, "roads").dropped == {"outside_box": 2}


@pytest.mark.parametrize("box", [(2, 42, 1, 43), (1, 43, 2, 42), (1, 42, 200, 43), (math.nan, 42, 2, 43), (1, 1, 1, 2)])
def test_a_box_that_is_none_is_refused(tmp_path: Path, box: tuple[float, float, float, float]) -> None:
    path = base().write(tmp_path / "x.osm.pbf")
    with pytest.raises(PlanError, match="west,south,east,north"):
        read_osm(path, box)


def test_no_settlement_or_no_road_is_told(tmp_path: Path) -> None:
    path = base().write(tmp_path / "x.osm.pbf")
    with pytest.raises(LayerError, match=r"villages: x.osm.pbf holds no settlement .* in the box 5, 42, 6, 43"):
        read_osm(path, (5, 42, 6, 43))
    drawing = Drawing()
    drawing.node((0.0, 42.0), place="village", name="Alone")
    with pytest.raises(LayerError, match="roads: y.osm.pbf holds no road"):
        read_osm(drawing.write(tmp_path / "y.osm.pbf"))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x00\x00\x0d\x0a\x09OSMHeader"])
def test_what_is_no_extract_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(LayerError, match="not a whole OpenStreetMap extract"):
        read_osm(path)


def test_a_history_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="history file"):
        read_osm(base().write(tmp_path / "x.osh.pbf"))


def test_a_file_cut_anywhere_or_changed_is_told_or_reads_as_no_county(tmp_path: Path) -> None:
    whole = base().write(tmp_path / "x.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(LayerError):
            read_osm(path)
    with pytest.raises(LayerError, match="no such file"):
        read_osm(tmp_path / "none.osm.pbf")
