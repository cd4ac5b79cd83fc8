"""What pipes say of themselves: units told by size, bores, classes, roughness, words; never a silent default."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn_pipes import codes, network, pipe, spring, table, values

from siteplan.layers.contract import contract, match_columns
from siteplan.layers.findings import joined
from siteplan.water.notes import Notes
from siteplan.water.pipes import pipe_sources, pipe_values
from siteplan.water.words import water_words

NAN = float("nan")


def read(*lines: dict) -> tuple[pd.DataFrame, list[str]]:
    """What lines are taken for, and the codes of the findings."""
    layer = table("water_lines", [pipe(f"P{at:02}", (0, 0), (90, 0), **line) for at, line in enumerate(lines)])
    notes = Notes("water_lines", layer)
    return pipe_values(layer, notes), joined(notes.tables)["code"].tolist()


def diameters(*given: float) -> list[float]:
    """What a file with these diameters is read as, mm."""
    return read(*[{"dn_mm": dn, "inner_mm": NAN} for dn in given])[0]["dn_mm"].tolist()


@pytest.mark.parametrize(
    ("given", "mm"),
    [
        ([63, 110, 20, 315], [63, 110, 20, 315]),
        ([0.063, 0.11, 0.02], [63, 110, 20]),
        # A file may mix them.
        ([63, 0.063, 110], [63, 63, 110]),
        ([2, 4, 6], [50.8, 101.6, 152.4]),
        # Half a metre or half an inch: the rest of the file tells.
        ([0.5, 0.4, 0.3], [500, 400, 300]),
        ([0.5, 4, 6], [12.7, 101.6, 152.4]),
        ([0.5, 0.3, 4], [NAN, 300, 101.6]),
        ([0.5], [NAN]),
        ([2], [NAN]),
        ([1.0, 63], [NAN, 63]),
        # 20 inches beside inches only, 20 mm beside mm only, unknown beside both.
        ([20, 4, 6], [508, 101.6, 152.4]),
        ([20, 63, 32], [20, 63, 32]),
        ([20, 63, 4], [NAN, 63, 101.6]),
        ([25, 63, 4], [25, 63, 101.6]),
        # No such pipe.
        ([7.3, 63], [NAN, 63]),
        ([0.002, 63], [NAN, 63]),
        ([5000, 63], [NAN, 63]),
        ([0, -63, NAN, 63], [NAN, NAN, NAN, 63]),
    ],
)
def test_diameters_are_told_by_what_pipes_there_are(given: list[float], mm: list[float]) -> None:
    assert diameters(*given) == pytest.approx([float(one) for one in mm], nan_ok=True)
    # Neither does the order of the rows decide.
    assert diameters(*given[::-1]) == pytest.approx([float(one) for one in mm[::-1]], nan_ok=True)


def test_what_was_taken_is_told_once_a_size() -> None:
    lines = [pipe(f"P{i}", (0, 50.0 * i), (90, 50.0 * i), dn_mm=dn) for i, dn in enumerate([0.063, 0.063, 63, 4])]
    found = network(lines)
    assert values(found, "water.units") == [
        {"n": 2, "own": "mm", "taken": "63", "unit": "m", "word": "0.063"},
        {"n": 1, "own": "mm", "taken": "101.6", "unit": "in", "word": "4"},
    ]


@pytest.mark.parametrize(
    ("given", "metres"),
    [
        ({"pn_m": 100.0}, 100.0),
        ({"pn_m": 1.0}, 101.97),
        ({"pn_m": 1.6}, 163.15),
        ({"pn_m": 10.0}, 101.97),
        ({"pn_m": 16.0}, 163.15),
        ({"pn_m": 63.0}, 63.0),
        # 4 bar or 4 MPa, 2.5 bar or 2.5 MPa.
        ({"pn_m": 4.0}, NAN),
        ({"pn_m": 2.5}, NAN),
        ({"pn_mpa": 1.6}, 163.15),
        ({"pn_mpa": 0.6}, 61.18),
        ({"pn_mpa": 4.0}, 407.88),
        ({"pn_mpa": 16.0}, 163.15),
        ({"pn_mpa": 100.0}, 100.0),
        ({"pn_mpa": 5000.0}, NAN),
        ({"pn_mpa": 0.0}, NAN),
        ({"pn_m": 80.0, "pn_mpa": 1.6}, 80.0),
        ({}, NAN),
    ],
)
def test_pressure_classes_are_metres_of_water_whatever_they_are_written_in(given: dict, metres: float) -> None:
    found, _ = read({"pn_m": NAN, **given})
    assert found["pn_m"].tolist() == pytest.approx([metres], rel=1e-3, nan_ok=True)


def test_a_class_beside_classes_in_bar_is_ambiguous() -> None:
    found, told = read({"pn_m": NAN, "pn_mpa": 4.0}, {"pn_m": NAN, "pn_mpa": 16.0})
    assert found["pn_m"].tolist() == pytest.approx([NAN, 163.15], rel=1e-3, nan_ok=True)
    assert "water.units_ambiguous" in told


@pytest.mark.parametrize(
    ("name", "column"),
    [("公称压力", "pn_mpa"), ("公称压力（MPa）", "pn_mpa"), ("公称压力(mpa)", "pn_mpa"), ("PN", "pn_mpa"),
     ("承压水头", "pn_m"), ("管径", "dn_mm"), ("内径（毫米）", "inner_mm"), ("长度（米）", "length_m"),
     ("管材", "material"), ("状态", "status"), ("水泵流量(m³/h)", "pump_flow_m3_per_h"), ("扬程", "pump_head_m"), ("类型", "kind"),
     ("起点高程", "from_z_m")],
)  # fmt: skip
def test_aliases_of_water_lines(name: str, column: str) -> None:
    assert match_columns(contract("water_lines"), [name])[0] == {column: name}


@pytest.mark.parametrize(
    ("name", "column"),
    [("高程", "head_m"), ("地面高程", "elevation_m"), ("池底高程", "floor_m"), ("最高水位", "max_level_m"),
     ("水质达标", "quality_ok"), ("容积", "volume_m3"), ("供水小时", "hours"), ("是否可用", "functional")],
)  # fmt: skip
def test_aliases_of_water_points(name: str, column: str) -> None:
    assert match_columns(contract("water_points"), [name])[0] == {column: name}


@pytest.mark.parametrize(
    ("more", "inner", "origin"),
    [
        ({"inner_mm": 51.4}, 51.4, "given"),
        ({"inner_mm": 0.0514}, 51.4, "given"),
        ({"inner_mm": 80.0, "material": "PE100", "pn_mpa": 1.0, "pn_m": NAN}, 63 * (1 - 2 / 17), "class"),
        ({"material": "PE100", "pn_mpa": 1.6, "pn_m": NAN}, 63 * (1 - 2 / 11), "class"),
        ({"material": "PE80", "pn_mpa": 1.0, "pn_m": NAN}, 63 * (1 - 2 / 13.6), "class"),
        ({"material": "PE100", "pn_m": 160.0}, 63 * (1 - 2 / 11), "class"),
        # The grade is not told, the class is in no table, the material is no plastic.
        ({"material": "PE", "pn_mpa": 1.6}, 63.0, "dn"),
        ({"material": "PE100", "pn_m": 115.0}, 63.0, "dn"),
        ({"material": "镀锌钢管"}, 63.0, "dn"),
        ({"material": "竹管"}, 63.0, "dn"),
        ({"dn_mm": NAN, "material": "PE100", "pn_m": 160.0}, NAN, ""),
        ({"dn_mm": NAN, "inner_mm": 51.4}, 51.4, "given"),
    ],
)
def test_bores(more: dict, inner: float, origin: str) -> None:
    found, told = read({"inner_mm": NAN, **more})
    assert found["inner_mm"].tolist() == pytest.approx([inner], nan_ok=True)
    assert found["inner_from"].tolist() == [origin]
    stands_in = {"water.bore_near_dn", "water.bore_unknown_wall", "water.bore_by_class"} & set(told)
    assert bool(stands_in) == (origin in ("dn", "class"))


@pytest.mark.parametrize(
    ("more", "c", "origin"),
    [
        ({"roughness_c": 125.0}, 125.0, "given"),
        ({"roughness_c": 0.01, "material": "PE"}, 140.0, "material"),
        ({"roughness_c": 1.5, "material": ""}, NAN, ""),
        ({"roughness_c": NAN, "material": "聚乙烯"}, 140.0, "material"),
        ({"roughness_c": NAN, "material": "ＰＥ"}, 140.0, "material"),
        ({"roughness_c": NAN, "material": "铸铁管"}, 100.0, "material"),
        ({"roughness_c": NAN, "material": "竹管"}, NAN, ""),
    ],
)
def test_roughness_is_given_or_the_material_s_or_unknown(more: dict, c: float, origin: str) -> None:
    found, _ = read(more)
    assert found["roughness_c"].tolist() == pytest.approx([c], nan_ok=True)
    assert found["roughness_from"].tolist() == [origin]


def test_every_number_of_the_material_table_says_where_it_is_from() -> None:
    table = pipe_sources()
    assert (table["confidence"] == "unverified").all() and (table["clause"].str.len() > 10).all()
    assert {"materials.pe100.sdr.1.6", "materials.galvanised.roughness_c"} <= set(table["rule"])
    assert table["rule"].is_unique


STATES = {
    "正常": "open", "通水": "open", "需维修": "open", "损坏": "broken", "关闭": "closed", "废弃": "closed",
    "规划": "planned", "在建": "planned", "": "open", "Open": "open", "CLOSED ": "closed", "不正常": "closed", "待查": "closed",
}  # fmt: skip


def test_states() -> None:
    lines = [pipe(f"P{i:02}", (0, 90.0 * i), (90, 90.0 * i), status=word) for i, word in enumerate(STATES)]
    points = [spring(f"S{i:02}", 0, 90.0 * i, status=word) for i, word in enumerate(STATES)]
    found = network(lines, points)
    assert found.links["state"].tolist() == list(STATES.values())
    sources = found.nodes[found.nodes["kind"] == "source"]
    assert sources["works"].tolist() == [state == "open" for state in STATES.values()]
    told = values(found, "water.state_unknown")
    assert [(one["word"], one["layer"]) for one in told] == [
        (word, layer) for layer in ("water_lines", "water_points") for word in sorted(["不正常", "待查"])
    ]
    assert {one["word"] for one in values(found, "water.needs_repair")} == {"需维修"}


POINTS = {
    "泉": ("source", "spring"), "山泉水": ("source", "spring"), "枫香泉": ("source", "spring"),
    "水井": ("source", "well"), "水库": ("source", "reservoir"), "水源": ("source", "source"),
    "town_main": ("source", "town_main"), "取水口": ("source", "stream"), "高位水池": ("tank", "tank"),
    "枫香高位水池": ("tank", "tank"), "水塔": ("tank", "tank"), "取水点": ("tap", "tap"), "3号取水点": ("tap", "tap"), "Standpipe": ("tap", "tap"),
}  # fmt: skip
NO_POINTS = ("检查井", "污水池", "水表井", "神木", "", "大池子")
"""Some of them only sound like a point of supply."""


def test_kinds_of_points() -> None:
    words = [*POINTS, *NO_POINTS]
    lines = [pipe(f"P{i:02}", (0, 90.0 * i), (90, 90.0 * i)) for i in range(len(words))]
    found = network(lines, [spring(f"X{i:02}", 0, 90.0 * i, kind=word) for i, word in enumerate(words)])
    known = found.nodes[found.nodes["point_id"] != ""].sort_values("point_id")
    assert known[["kind", "detail"]].apply(tuple, axis=1).tolist() == list(POINTS.values())
    assert {one["word"] for one in values(found, "water.point_kind_unknown")} == {"神木", "", "大池子"}
    assert {one["word"] for one in values(found, "water.point_of_no_use")} == {"检查井", "污水池", "水表井"}


def test_words_mean_one_thing_each() -> None:
    import tomllib
    from importlib import resources

    from siteplan.standards import normalise_word

    kinds = tomllib.loads(resources.files("siteplan.water").joinpath("words.toml").read_text("utf-8"))
    for kind, names in kinds.items():
        every = [normalise_word(word) for words in names.values() for word in words]
        assert len(every) == len(set(every)), kind
        assert water_words(kind).keys() >= set(every)


def test_pipe_measures_are_those_of_their_line() -> None:
    found = network([pipe("A", (0, 0), (90, 0), dn_mm=90.0, inner_mm=79.0), pipe("B", (50, 0), (50, 80))])
    assert found.links[["line_id", "dn_mm"]].to_numpy().tolist() == [["A", 90.0], ["A", 90.0], ["B", 63.0]]
    assert np.array_equal(found.links["row"], [1, 1, 2])


def test_surveyed_lengths_are_kept_and_shared_out() -> None:
    found = network([pipe("A", (0, 0), (90, 0), length_m=99.0), pipe("B", (30, 0), (30, 80))])
    assert found.links["surveyed_m"].tolist() == pytest.approx([33.0, 66.0, NAN], nan_ok=True)
    assert found.links["plan_m"].tolist() == [30.0, 60.0, 80.0]
    assert "water.length_differs" not in codes(found)
