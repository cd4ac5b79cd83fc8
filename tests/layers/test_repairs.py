"""A planner's decisions in repairs.csv: proposed by check, obeyed by run, and nothing else is touched."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from siteplan.cli import app
from siteplan.errors import PlanError
from siteplan.layers.repairs import read_repairs

EAST, NORTH = 490_000.0, 2_932_000.0
PLAN = """
[plan]
name = "small"
language = "zh"
crs = "EPSG:4544"
[layers.villages]
path = "villages.geojson"
[layers.roads]
path = "roads.geojson"
[layers.centres]
path = "centres.geojson"
[roads]
profile = "cn-hamlet"
"""
WHATS = ["close_gap", "drop_duplicate", "swap_axes", "take_value"]
NAMES = ["上坝", "下坝", "下坝", "石板寨", "羊场"]
PEOPLE = ["100", "50", "50", "约1200", "30"]


def call(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def on_plane(*xy: tuple[float, float]) -> list[tuple[float, float]]:
    return [(EAST + x, NORTH + y) for x, y in xy]


def write(folder: Path, name: str, columns: dict[str, list[Any]], shapes: list[Any]) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4544").to_crs(4326)
    table.to_file(folder / f"{name}.geojson", engine="pyogrio", COORDINATE_PRECISION=9)
    return table


def write_roads(folder: Path, *, drawn_closed: bool = False) -> None:
    first = [(0, 0), (1000, 0), (1018, 0)] if drawn_closed else [(0, 0), (1000, 0)]
    lines = [shapely.LineString(on_plane(*pairs)) for pairs in (first, [(1018, 0), (2000, 0)])]
    write(folder, "roads", {"id": ["007", "R:2%"], "surface": ["水泥", "水泥"]}, lines)


def write_villages(folder: Path, *, swapped: bool = True, order: list[int] | None = None, ids: bool = True) -> None:
    places = on_plane((500, 10), (1500, 10), (1500, 10), (600, 20), (700, 30))
    table = write(
        folder, "villages", {"id": list("abcde"), "name": NAMES, "people": PEOPLE}, list(map(shapely.Point, places))
    )
    if swapped:
        table.loc[4, "geometry"] = shapely.Point(table.geometry[4].y, table.geometry[4].x)
    table = table if ids else table.drop(columns="id")
    table.iloc[order or range(5)].to_file(folder / "villages.geojson", engine="pyogrio", COORDINATE_PRECISION=9)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A road with a gap of 18 m, a hamlet twice, one with swapped axes, and `约1200` people."""
    write_roads(tmp_path)
    write_villages(tmp_path)
    write(tmp_path, "centres", {"name": ["县城"], "kind": ["county"]}, [shapely.Point(*on_plane((0, 0)))])
    (tmp_path / "plan.toml").write_text(PLAN, "utf-8")
    return tmp_path


def proposed(folder: Path) -> list[dict[str, str]]:
    """The table of repairs after a check, by the columns' own names."""
    result = call("check", folder / "plan.toml")
    assert result.exit_code == 0, result.output
    return table_of(folder)


def table_of(folder: Path) -> list[dict[str, str]]:
    names = ("decision", "what", "layer", "row", "id", "field", "old", "new", "longitude", "latitude", "reason", "key")
    rows = list(csv.reader(io.StringIO((folder / "repairs.csv").read_text("utf-8-sig"), newline="")))
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def decide(
    folder: Path, decisions: dict[str, str], *, values: dict[str, str] | None = None, encoding: str = "utf-8-sig"
) -> None:
    """Check, then write words beside the repairs of some kinds, and values to take."""
    proposed(folder)
    rows = list(csv.reader(io.StringIO((folder / "repairs.csv").read_text("utf-8-sig"), newline="")))
    for row in rows[1:]:
        row[0] = decisions.get(row[1], row[0])
        row[7] = (values or {}).get(row[1], row[7])
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    (folder / "repairs.csv").write_bytes(out.getvalue().encode(encoding))


def ran(folder: Path) -> dict[str, Any]:
    """The record of a run; its accounting must close."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    result = call("run", folder / "plan.toml", "--out", folder / "out")
    assert result.exit_code == 0, result.output
    record: dict[str, Any] = json.loads((folder / "out" / "run.json").read_text("utf-8"))
    for counts in record["layers"].values():
        assert counts["read"] == counts["kept"] + counts["dropped"]
    people = record["layers"]["villages"]["people"]
    assert people["read"] == people["kept"] + people["dropped"]
    return record


def verdicts(folder: Path) -> dict[str, str]:
    table = gpd.read_file(folder / "out" / "results.gpkg", layer="villages")
    return dict(zip(table["name"], table["road_status"], strict=True))


def codes(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The findings that a repair can change: (code, action, id)."""
    return sorted((row["code"], row["action"], row["id"]) for row in record["findings"] if row["code"][:6] == "layers")


def test_check_proposes_each_kind_and_shows_the_columns(small: Path) -> None:
    result = call("check", small / "plan.toml")
    assert "villages: columns id <- id, name <- name, people <- people" in result.output
    rows = table_of(small)
    assert sorted(row["what"] for row in rows) == WHATS
    by = {row["what"]: row for row in rows}
    assert (by["close_gap"]["id"], by["drop_duplicate"]["id"], by["swap_axes"]["id"]) == ("007", "c", "e")
    assert (by["take_value"]["old"], by["take_value"]["new"], by["take_value"]["row"]) == ("约1200", "1200", "4")
    assert all(row["decision"] == "" and row["reason"] for row in rows)
    assert (small / "check.html").is_file()


@pytest.mark.parametrize("word", ["", "reject", "不接受"])
def test_what_is_not_accepted_changes_nothing(small: Path, word: str) -> None:
    before = ran(small)
    decide(small, dict.fromkeys(WHATS, word))
    after = ran(small)
    assert after["repairs"]["accepted"] == 0
    assert codes(after) == codes(before)
    assert after["headline"] == before["headline"]


DONE = {
    "close_gap": ("layers.done_close_gap", "repaired", "007"),
    "drop_duplicate": ("layers.done_drop_duplicate", "dropped", "c"),
    "swap_axes": ("layers.done_swap_axes", "repaired", "e"),
    "take_value": ("layers.done_take_value", "repaired", "d"),
}
MENDED = {
    "close_gap": "",
    "drop_duplicate": "layers.row_duplicate",
    "swap_axes": "layers.place_swapped",
    "take_value": "layers.number_unreadable",
}


# Every kind of repair once, and every word and encoding once: what a word means does not hang on the kind.
@pytest.mark.parametrize(
    ("what", "word", "encoding"),
    [
        ("close_gap", "accept", "utf-8-sig"),
        ("drop_duplicate", "接受", "gbk"),
        ("swap_axes", "是", "gbk"),
        ("take_value", "OK", "utf-8"),
        ("close_gap", "接受", "gbk"),
    ],
)
def test_an_accepted_repair_is_done_and_nothing_else(small: Path, what: str, word: str, encoding: str) -> None:
    before = ran(small)
    decide(small, {what: word}, encoding=encoding)
    after = ran(small)
    gained = [entry for entry in codes(after) if entry not in codes(before)]
    lost = [entry[0] for entry in codes(before) if entry not in codes(after)]
    assert gained == [DONE[what]]
    assert set(lost) <= {MENDED[what], "layers.outside_crs"}
    assert MENDED[what] in {*lost, ""}
    people = after["layers"]["villages"]["people"]
    assert people["read"] == 230 + (1200 if what == "take_value" else 0)
    assert people["dropped"] == before["layers"]["villages"]["people"]["dropped"] + (
        50 if what == "drop_duplicate" else -30 if what == "swap_axes" else 0
    )
    assert after["repairs"]["accepted"] == 1


def test_a_closed_gap_gives_the_verdicts_of_a_road_drawn_closed(small: Path) -> None:
    ran(small)
    assert verdicts(small)["下坝"] != "hardened"
    decide(small, {"close_gap": "接受"})
    ran(small)
    closed = verdicts(small)
    assert closed["下坝"] == "hardened"
    write_roads(small, drawn_closed=True)
    (small / "repairs.csv").unlink()
    ran(small)
    assert verdicts(small) == closed


def test_a_planners_own_value_is_taken_and_kept_by_the_next_check(small: Path) -> None:
    decide(small, {"take_value": "接受"}, values={"take_value": "1250"})
    assert ran(small)["layers"]["villages"]["people"]["read"] == 230 + 1250
    [row] = [row for row in proposed(small) if row["what"] == "take_value"]
    assert (row["decision"], row["old"], row["new"], row["row"]) == ("接受", "约1200", "1250", "4")
    assert ran(small)["layers"]["villages"]["people"]["read"] == 230 + 1250


def test_a_second_check_keeps_every_decision_and_calls_none_gone(small: Path) -> None:
    words = {"close_gap": "接受", "drop_duplicate": "拒绝", "swap_axes": "接受", "take_value": "接受"}
    decide(small, words)
    for _ in range(2):
        rows = proposed(small)
        assert {row["what"]: row["decision"] for row in rows} == words
        assert not [row for row in rows if "不存在" in row["reason"]]


def test_an_accepted_repair_whose_fault_is_gone_is_told_and_not_applied(small: Path) -> None:
    decide(small, dict.fromkeys(WHATS, "accept"))
    write_roads(small, drawn_closed=True)
    write_villages(small, swapped=False)
    table = gpd.read_file(small / "villages.geojson")
    table["people"] = ["100", "50", "51", "1200", "30"]
    table.to_file(small / "villages.geojson", engine="pyogrio", COORDINATE_PRECISION=9)
    record = ran(small)
    told = [row for row in record["findings"] if row["code"].startswith("layers.")]
    assert [row["code"] for row in told] == ["layers.repair_gone"] * 4
    assert record["layers"]["villages"]["kept"] == 5
    rows = proposed(small)
    assert sorted(row["what"] for row in rows) == WHATS
    assert all("不存在" in row["reason"] for row in rows)


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
def test_the_order_of_the_rows_does_not_matter(small: Path, order: list[int], ids: bool) -> None:
    write_villages(small, ids=ids)
    decide(small, dict.fromkeys(WHATS, "accept"))
    first = ran(small)
    write_villages(small, order=order, ids=ids)
    second = ran(small)
    assert second["headline"] == first["headline"]
    assert sorted(row["code"] for row in second["findings"]) == sorted(row["code"] for row in first["findings"])
    assert "layers.repair_gone" not in {row["code"] for row in second["findings"]}
    if ids:
        table = gpd.read_file(small / "out" / "results.gpkg", layer="villages")
        assert sorted(table["id"]) == ["a", "b", "d", "e"]


def rewritten(folder: Path, change: Callable[[list[list[str]]], None]) -> Path:
    path = folder / "repairs.csv"
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    change(rows)
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    path.write_text(out.getvalue(), "utf-8-sig")
    return path


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        (0, "maybe", "row 2: 'maybe' is neither accept nor reject"),
        (11, "", "row 2: its key '' is none that siteplan wrote"),
        (11, "close_gap:roads:7::", "row 2: its key 'close_gap:roads:7::' is none that siteplan wrote"),
    ],
)
def test_a_bad_row_is_an_error_that_names_it(small: Path, column: int, cell: str, told: str) -> None:
    decide(small, dict.fromkeys(WHATS, "accept"))

    def spoil(rows: list[list[str]]) -> None:
        rows[1][column] = cell

    rewritten(small, spoil)
    for command in ("run", "check"):
        result = call(command, small / "plan.toml")
        assert result.exit_code == 2
        assert f"repairs.csv: 1 decisions cannot be used: {told}" in result.output


def test_accepting_no_value_and_deciding_twice_are_errors(small: Path) -> None:
    decide(small, {"take_value": "accept"}, values={"take_value": ""})
    with pytest.raises(PlanError, match=r"row \d: accepted, but no value to take"):
        read_repairs(small / "repairs.csv")
    (small / "repairs.csv").unlink()
    decide(small, {"swap_axes": "accept"})

    def twice(rows: list[list[str]]) -> None:
        [row] = [row for row in rows if row[1] == "swap_axes"]
        rows.append(["reject", *row[1:]])

    with pytest.raises(PlanError, match=r"row \d: contradicts the decision"):
        read_repairs(rewritten(small, twice))


def test_cells_that_a_spreadsheet_spoils_do_not_matter(small: Path) -> None:
    decide(small, dict.fromkeys(WHATS, "accept"))

    def spoil(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            # Leading zeros, long codes and decimals go; blank rows come.
            row[4], row[6], row[8], row[9] = row[4].lstrip("0"), "", "104.9", "26.5"
        rows.insert(2, [""] * 3)

    path = rewritten(small, spoil)
    for mark in (";", "\t"):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=mark).writerows(rows)
        (small / "other.csv").write_text(out.getvalue(), "gbk")
        assert repr(read_repairs(small / "other.csv")) == repr(read_repairs(path))
    record = ran(small)
    assert {row["code"] for row in record["findings"]} >= {done for done, _, _ in DONE.values()}


def test_a_layer_swapped_as_a_whole(small: Path) -> None:
    right = gpd.read_file(small / "villages.geojson")
    right.loc[4, "geometry"] = shapely.Point(right.geometry[4].y, right.geometry[4].x)
    turned = right.set_geometry(gpd.points_from_xy(right.geometry.y, right.geometry.x, crs=4326))
    turned.to_file(small / "villages.geojson", engine="pyogrio", COORDINATE_PRECISION=9)
    result = call("check", small / "plan.toml")
    assert result.exit_code == 2
    assert "x and y look swapped in 5 of 5 features" in result.output
    assert (small / "check.html").is_file()
    [row] = table_of(small)
    assert (row["what"], row["layer"], row["id"]) == ("swap_axes", "villages", "")
    assert call("run", small / "plan.toml", "--out", small / "out").exit_code == 2

    def accept(rows: list[list[str]]) -> None:
        rows[1][0] = "接受"

    rewritten(small, accept)
    record = ran(small)
    assert ("layers.done_swap_axes", "repaired", "") in codes(record)
    assert record["layers"]["villages"]["kept"] == 5
    [kept] = [row for row in proposed(small) if row["what"] == "swap_axes"]
    assert (kept["decision"], kept["reason"]) == ("接受", "先前的决定")
    right.to_file(small / "villages.geojson", engine="pyogrio", COORDINATE_PRECISION=9)
    record = ran(small)
    assert record["layers"]["villages"]["kept"] == 5, "what is right already is not swapped"
    assert ("layers.repair_gone", "noted", "") in codes(record)
