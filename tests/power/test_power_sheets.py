"""Power in the tables: townships add up to the county, and every hamlet that is not supplied has its reason."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from drawn_grid import grid, hamlets

from siteplan.language import LANGUAGES, Language, Texts
from siteplan.power import STATUSES, PowerReach, power_coverage, power_reach
from siteplan.reports.powersheets import power_sheets
from siteplan.reports.workbook import Sheet, write_workbook
from siteplan.standards import load_power_profile


def judged(language: Language) -> PowerReach:
    return power_reach(hamlets(), grid(), load_power_profile(), Texts(language))


def sheets(language: Language) -> list[Sheet]:
    reach = judged(language)
    return power_sheets(hamlets(), reach.villages, power_coverage(hamlets(), reach), Texts(language))


def test_townships_add_up_to_the_county() -> None:
    places = sheets("en")[0].table
    assert places["township"].tolist() == [Texts("en")("reports.summary.total"), "乙", "甲"]
    counted = [name for name in places.columns if name != "township" and not name.endswith("rate")]
    for name in counted:
        assert places[name].iloc[1:].sum() == places[name].iloc[0], name
    assert {"hamlets", *STATUSES, "rate", "households_rate", "people_rate"} <= set(places.columns)
    assert places["rate"].tolist() == pytest.approx([2 / 5, 0, 2 / 3])
    # Of the people whose number is known.
    assert places["people_rate"].iloc[0] == pytest.approx(120 / 166)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hamlets_that_are_not_supplied_worst_first(language: Language) -> None:
    texts, table = Texts(language), sheets(language)[1].table
    assert table["id"].tolist() == ["V5", "V4", "V3"]
    assert table["power_status"].tolist() == [
        texts(f"power.status.{one}") for one in ("unknown", "out_of_reach", "cut_off")
    ]
    reasons = judged(language).villages["power_reason"]
    assert table["power_reason"].tolist() == reasons.iloc[[4, 3, 2]].tolist()
    assert table["nearest_line_m"].tolist() == pytest.approx([100, 2500, 300])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_has_its_heading_and_the_workbook_holds_it(language: Language, tmp_path: Path) -> None:
    own = sheets(language)
    for sheet in own:
        assert list(sheet.headings) == list(sheet.table.columns)
        heads = list(sheet.headings.values())
        assert len(set(heads)) == len(heads)
        if language == "zh":
            assert not any(name.isascii() for name in heads)
    assert write_workbook(tmp_path / "power.xlsx", own).listed() == []
    book = openpyxl.load_workbook(tmp_path / "power.xlsx")
    assert book.sheetnames == [sheet.title for sheet in own]
    assert [sheet.max_row for sheet in book] == [4, 4]
    rate = own[0].headings["rate"]
    head = [cell.value for cell in book.worksheets[0][1]]
    assert book.worksheets[0].cell(2, head.index(rate) + 1).number_format == "0.0%"


def test_another_index_is_refused() -> None:
    reach = judged("en")
    with pytest.raises(ValueError, match="same index"):
        power_sheets(hamlets().iloc[::-1], reach.villages, power_coverage(hamlets(), reach), Texts("en"))
