"""Sheets as county offices keep them: what is a feature, what is not, and that no row is lost between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siteplan.errors import LayerError
from siteplan.language import Texts
from siteplan.layers.findings import with_messages
from siteplan.layers.formats.filelayer import Note, Request
from siteplan.layers.formats.tabular import Row, from_rows
from siteplan.layers.layerset import LayerSet
from siteplan.layers.numbers import degrees_from, number_from

HEAD = ["序号", "自然村名称", "乡镇", "户数", "人口", "经度", "纬度"]
PLACES = [(104.90, 26.50), (104.92, 26.50), (104.94, 26.51)]


def hamlet(number: int, name: str, households: object = 10, people: object = 40) -> list[Any]:
    lon, lat = PLACES[(number - 1) % len(PLACES)]
    return [number, name, "青岩镇", households, people, lon, lat]


def book(folder: Path, rows: Iterable[Iterable[Any]], *, merged: Iterable[str] = ()) -> str:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "自然村"
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    made.save(folder / "v.xlsx")
    return "v.xlsx"


def told(result: LayerSet, code: str) -> list[dict[str, Any]]:
    rows = result.findings
    return [json.loads(values) for values in rows.loc[rows["code"] == f"layers.{code}", "values"]]


def sheet_rows(result: LayerSet, code: str) -> list[int]:
    return [values["sheet_row"] for values in told(result, code)]


def test_a_sheet_with_everything_around_its_table(county: Any) -> None:
    rows = [
        ["青岚县自然村基本情况表", None, None, None, None, None, None],
        ["填报单位：县交通运输局", None, None, None, "2025年6月30日"],
        [],
        HEAD,
        ["", "", "", "户", "人", "°", "°"],
        ["一、青岩镇"],
        hamlet(1, "上坝"),
        hamlet(2, "下坝"),
        ["", "小计", "", 20, 80],
        [],
        ["二、高坡乡"],
        hamlet(3, "石板寨"),
        ["", "小 计", "", 10, 40],
        ["合计：", "", "", 30, 120],
        ["注：人口为2024年末户籍人口。"],
        ["填表人：张三", "", "审核人：李四", "", "联系电话：0851-1"],
    ]
    result = county.read(villages=book(county.folder, rows, merged=["A1:G1", "A6:G6", "A11:G11"]))
    table = result.table("villages")
    assert table["name"].tolist() == ["上坝", "下坝", "石板寨"]
    assert table["people"].sum() == 120
    assert table.geometry.notna().all()
    assert sheet_rows(result, "title_row") == [1, 2]
    assert told(result, "header_rows") == [{"first": 4, "last": 4}]
    assert sheet_rows(result, "units_row") == [5]
    assert sheet_rows(result, "heading_row") == [6, 11]
    assert sheet_rows(result, "total_row") == [9, 13, 14]
    assert sheet_rows(result, "remark_row") == [15, 16]
    assert [values["n"] for values in told(result, "blank_rows")] == [2]
    assert told(result, "total_differs") == []
    words = with_messages(result.findings, Texts("zh"))["message"].tolist()
    assert "表格第 6 行是分组标题或没有数据，未作为数据读取：“一、青岩镇”" in words


@pytest.mark.parametrize(
    ("row", "said", "added"),
    [
        (["合计", "", "", 21, 80], "21", "20"),
        (["合计", "", "", 20, 40], "40", "80"),
        (["全县合计", "", "", 20, 81], "81", "80"),
    ],
)
def test_a_wrong_total_is_told(county: Any, row: list[Any], said: str, added: str) -> None:
    result = county.read(villages=book(county.folder, [HEAD, hamlet(1, "上坝"), hamlet(2, "下坝"), row]))
    [values] = told(result, "total_differs")
    assert (values["said"], values["added"], values["sheet_row"]) == (said, added, 4)
    assert len(result.table("villages")) == 2


def test_subtotals_may_stand_above_or_below_and_only_the_wrong_one_is_told(county: Any) -> None:
    rows = [
        HEAD,
        ["", "青岩镇小计", "", 20, 80],
        hamlet(1, "上坝"),
        hamlet(2, "下坝"),
        ["", "高坡乡小计", "", 10, 41],
        hamlet(3, "石板寨"),
        ["合计", "", "", 30, 120],
    ]
    [values] = told(county.read(villages=book(county.folder, rows)), "total_differs")
    assert (values["sheet_row"], values["said"]) == (5, "41")


def test_a_merged_title_right_above_the_header_is_no_part_of_it(county: Any) -> None:
    rows = [["青岚县自然村表"], HEAD, hamlet(1, "上坝")]
    result = county.read(villages=book(county.folder, rows, merged=["A1:G1"]))
    assert sheet_rows(result, "title_row") == [1]
    assert told(result, "header_rows") == [{"first": 2, "last": 2}]


def test_a_header_of_two_rows(county: Any) -> None:
    rows = [
        ["青岚县自然村表"],
        ["编号", "自然村\n名称", "户数", None, "人口", None, "坐标", None],
        [None, None, "总", "搬迁", "总", "搬迁", "经度", "纬度"],
        ["007", "上坝", 30, 5, 120, 21, 104.90, 26.50],
    ]
    merged = ["A1:H1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "G2:H2"]
    result = county.read(villages=book(county.folder, rows, merged=merged))
    [row] = result.table("villages").to_dict("records")
    assert (row["id"], row["name"]) == ("007", "上坝")
    figures = ("households", "relocate_households", "people", "relocate_people")
    assert [row[name] for name in figures] == [30, 5, 120, 21]
    assert told(result, "header_rows") == [{"first": 2, "last": 3}]


def test_a_township_or_number_alone_is_no_hamlet_but_a_name_alone_is(county: Any) -> None:
    rows = [HEAD, ["高坡乡"], hamlet(1, "上坝"), [2], [None, "羊场"], [None, "青岩镇"], HEAD, hamlet(3, "石板寨")]
    result = county.read(villages=book(county.folder, rows))
    assert result.table("villages")["name"].tolist() == ["上坝", "羊场", "石板寨"]
    assert sheet_rows(result, "heading_row") == [2, 4, 6]
    assert sheet_rows(result, "title_row") == [7], "the header repeated on the next page"
    assert result.layers["villages"].counts.dropped == 1, "a hamlet without a place is told as such"


def test_a_numbered_heading_with_sums_is_no_hamlet(county: Any) -> None:
    rows = [HEAD, [None, "（一）青岩镇", None, 10, 40], hamlet(1, "上坝")]
    result = county.read(villages=book(county.folder, rows))
    assert result.table("villages")["name"].tolist() == ["上坝"]
    assert sheet_rows(result, "heading_row") == [2]


def test_a_place_makes_a_hamlet_whatever_its_name(county: Any) -> None:
    names = ["一、上坝", "说明坝", "青岩镇", "小计坝", "备注"]
    result = county.read(villages=book(county.folder, [HEAD, *(hamlet(i, n) for i, n in enumerate(names, 1))]))
    assert result.table("villages")["name"].tolist() == names


def test_column_numbers_under_the_header(county: Any) -> None:
    rows = [HEAD, ["甲", "乙", "丙", 1, 2, 3, 4], hamlet(1, "上坝")]
    result = county.read(villages=book(county.folder, rows))
    assert sheet_rows(result, "units_row") == [2]
    assert len(result.table("villages")) == 1


def test_columns_without_a_heading_are_kept(county: Any) -> None:
    result = county.read(villages=book(county.folder, [HEAD, [*hamlet(1, "上坝"), "待核"], hamlet(2, "下坝")]))
    assert result.table("villages")["column_8"].tolist() == ["待核", ""]


def test_codes_of_18_digits_stay_text(county: Any) -> None:
    codes = ["520123200012345678", "052012320001234567"]
    rows = [["编号", *HEAD[1:]], *([code, *hamlet(i, "上坝")[1:]] for i, code in enumerate(codes, 1))]
    assert county.read(villages=book(county.folder, rows)).table("villages")["id"].tolist() == codes


@pytest.mark.parametrize("code", [520123200012345678, 520123200012345678.0, "5.20123E+17"])
def test_codes_of_18_digits_as_numbers_are_an_error(county: Any, code: object) -> None:
    with pytest.raises(LayerError, match=r"villages: 1 ids \(first in row 1\) have more digits .* store the id column"):
        county.read(villages=book(county.folder, [["编号", *HEAD[1:]], [code, *hamlet(1, "上坝")[1:]]]))


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("104°54′00″E", 104.9),
        ("104°54'0.0\"", 104.9),
        ("104°54’00”", 104.9),
        ("104°54'00''E", 104.9),
        ("E104°54′", 104.9),
        ("东经104度54分", 104.9),
        ("东经：104°54′00″", 104.9),
        ("东经 104度54分0秒", 104.9),
        ("１０４°５４′００″", 104.9),
        ("104.9°", 104.9),
        ("104.9E", 104.9),
        ("E104.9", 104.9),
        ("104:54:00", 104.9),
        ("W104°54′", -104.9),
    ],
)
def test_degrees_as_people_write_them(written: str, degrees: float) -> None:
    assert degrees_from(written) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("written", ["104°61′", "104.5°30′", "E104°W", "青岩", "104,9,1", "395000 26"])
def test_what_is_no_angle_is_not_guessed(written: str) -> None:
    assert np.isnan(degrees_from(written))


def test_places_in_degrees_minutes_and_seconds(county: Any) -> None:
    rows = [HEAD, [1, "上坝", "", 1, 1, "104°54′00″E", "北纬26度30分"], [2, "下坝", "", 1, 1, "约104°", "26°30′"]]
    result = county.read(villages=book(county.folder, rows), header={"crs": "EPSG:4544"})
    places = result.table("villages").geometry.to_crs(4326)
    assert (places.x[0], places.y[0]) == pytest.approx((104.9, 26.5), abs=1e-6)
    assert places.isna().tolist() == [False, True]
    assert [values["old"] for values in told(result, "coordinate_unreadable")] == ["约104°"]


def test_metres_with_the_crs_in_the_plan(county: Any, villages: Any) -> None:
    plane = villages.to_crs(4544)
    rows = [
        ["自然村", "人口", "X", "Y"],
        *zip(plane["name"], plane["people"], plane.geometry.x, plane.geometry.y, strict=True),
    ]
    layer = {"path": book(county.folder, rows), "crs": "EPSG:4544"}
    table = county.read(villages=layer, header={"crs": "EPSG:4544"}).table("villages")
    assert table.geometry.distance(plane.geometry.reset_index(drop=True)).max() < 1e-6
    with pytest.raises(LayerError, match="say it in the plan"):
        county.read(villages=layer["path"])


@pytest.mark.parametrize(
    ("written", "number", "tidied"),
    [
        ("1319", 1319, False),
        ("1,319人", 1319, True),
        ("1，319", 1319, True),
        ("１３１９", 1319, True),
        ("0.0268万", 268, True),
        ("56 户", 56, True),
        ("约1200", np.nan, True),
        ("1200-1300", np.nan, True),
        ("—", np.nan, True),
    ],
)
def test_numbers_as_people_write_them(written: str, number: float, tidied: bool) -> None:
    value, changed = number_from(written)
    assert changed is tidied
    assert value == pytest.approx(number, nan_ok=True)


def test_numbers_in_a_sheet_are_parsed_and_listed_or_unknown_and_listed(county: Any, said: Callable[..., Any]) -> None:
    written = ["1,319人", "０２６８", "0.0268万", "约1200", "—", None]
    rows = [HEAD, *(hamlet(i, f"寨{i}", people=text) for i, text in enumerate(written, 1))]
    result = county.read(villages=book(county.folder, rows))
    np.testing.assert_array_equal(result.table("villages")["people"], [1319, 268, 268, np.nan, np.nan, np.nan])
    listed = [entry for entry in said(result) if entry[0].startswith("number_")]
    assert sorted(listed) == [
        ("number_blank", 6, "noted"),
        ("number_tidied", 1, "repaired"),
        ("number_tidied", 2, "repaired"),
        ("number_tidied", 3, "repaired"),
        ("number_unreadable", 4, "noted"),
        ("number_unreadable", 5, "noted"),
    ]
    people = result.layers["villages"].counts.people
    assert people is not None
    assert (people.read, people.kept, people.unknown_rows) == (1855, 1855, 3)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_text_files_of_every_kind(county: Any, encoding: str, mark: str) -> None:
    rows = [["青岚县自然村表"], HEAD, hamlet(1, "上坝"), hamlet(2, "下坝"), [], ["合计", "", "", 20, 81]]
    text = "\r\n".join(mark.join(map(str, row)) for row in rows)
    county.put("v.csv", text.encode(encoding))
    result = county.read(villages="v.csv")
    assert result.table("villages")["name"].tolist() == ["上坝", "下坝"]
    assert sheet_rows(result, "title_row") == [1]
    assert sheet_rows(result, "total_row") == [6]
    assert [values["said"] for values in told(result, "total_differs")] == ["81"]
    assert [values["n"] for values in told(result, "blank_rows")] == [1]


def test_a_separator_too_many_names_the_row(county: Any) -> None:
    county.put("v.csv", "id,name,lon,lat\n1,上坝,寨子,104.9,26.5\n")
    with pytest.raises(LayerError, match=r"v\.csv row 2 has more cells than the 4 columns of the header"):
        county.read(villages="v.csv")


KINDS: dict[str, st.SearchStrategy[list[Any]]] = {
    "title": st.sampled_from([["青岚县自然村表"], ["单位：户、人", "", "2025年"], ["附件1"]]),
    "heading": st.sampled_from([["一、青岩镇"], ["", "（二）高坡乡"], ["三、云岭街道", "", "", 3, 4], ["高坡乡"]]),
    "total": st.sampled_from(
        [["合计", "", "", 1, 2], ["", "小 计", "", 5], ["", "青岩镇小计", "", 3, 9], ["总计：12个村"]]
    ),
    "remark": st.sampled_from([["注：数据为户籍人口"], ["填表人：张三", "", "审核：李四"], ["说明", "见附件"]]),
    "blank": st.sampled_from([[], ["", None, " "]]),
    "data": st.builds(
        hamlet,
        st.integers(1, 9),
        st.sampled_from(["上坝", "说明坝", "青岩镇", "合计坝", "一、组"]),
        st.sampled_from([1, "３", "约5", None]),
        st.sampled_from([7, "1,319人", "—", ""]),
    ),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    above=st.lists(st.sampled_from(["title", "blank"]), max_size=4),
    below=st.lists(st.sampled_from(["heading", "total", "remark", "blank", "data"]), min_size=1, max_size=25),
    two=st.booleans(),
    draw=st.data(),
)
def test_every_row_of_a_sheet_is_accounted_for(
    above: list[str], below: list[str], two: bool, draw: st.DataObject
) -> None:
    below = [*below, "data"]
    header = [[*HEAD[:5], "坐标", ""], ["", "", "", "", "", "经度", "纬度"]] if two else [HEAD]
    cells = [draw.draw(KINDS[kind]) for kind in above] + header + [draw.draw(KINDS[kind]) for kind in below]
    rows = [Row(number, list(row)) for number, row in enumerate(cells, start=1)]
    request = Request(contract="villages", path=Path("v.xlsx"))
    layer = from_rows(request, rows, layer="v", driver="XLSX", sha256="", notes=[])

    def counted(code: str) -> int:
        return sum(note.code == f"layers.{code}" for note in layer.notes)

    kinds = [*above, *below]
    assert layer.table.num_rows == kinds.count("data")
    assert counted("title_row") == kinds.count("title")
    assert counted("heading_row") == kinds.count("heading")
    assert counted("total_row") == kinds.count("total")
    assert counted("remark_row") == kinds.count("remark")
    assert _blanks(layer.notes) == kinds.count("blank")
    [(first, last)] = [
        (n.values["first"], n.values["last"]) for n in layer.notes if n.code == "layers.header_rows"
    ] or [(1, 1)]
    assert (first, last) == (len(above) + 1, len(above) + len(header))
    lines = [counted(code) for code in ("title_row", "heading_row", "total_row", "remark_row", "units_row")]
    assert layer.table.num_rows + sum(lines) + _blanks(layer.notes) + last - first + 1 == len(rows)


def _blanks(notes: list[Note]) -> int:
    return sum(note.values["n"] for note in notes if note.code == "layers.blank_rows")
