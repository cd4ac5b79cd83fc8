"""A county whose every text is hostile, through the real run: nothing runs, everything is shown as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from map_hostile import HOSTILE

from siteplan import workflow
from siteplan.plan import load_plan

NewPage = Callable[..., Any]
TEXTS = [
    *(text for text in HOSTILE if "\ud800" not in text and "\x01" not in text),
    "=HYPERLINK(\"http://x\",\"y\")", "@SUM(1)", "+1+1", "-1+1", "' onmouseover=alert(1) x='", "${alert(1)}", "{{7*7}}",
    "%0a<script>alert(1)</script>", "\"></title><script>alert(1)</script>", "\\u003cscript\\u003e", "&#60;b&#62;",
    "a\\", "`", "</style><style>*{display:none}", "--><script>alert(1)</script>", "constructor", "toString",
]  # fmt: skip
PLAN = """
[plan]
name = "bad"
title = {title}
title_en = {title}
country = "CN"
[roads]
profile = "cn-hamlet"
[map]
language = "both"
source = {title}
[layers]
"""
NAMES = ("villages", "roads", "centres", "sites", "water_points", "water_lines", "boundaries", "projects", "hazards")


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def write_county(folder: Path) -> Path:
    """Every text column of every layer takes the hostile texts in turn; ids are those texts with a number."""
    n = len(TEXTS)
    x = [104.90 + 0.002 * i for i in range(n)]
    texts = [TEXTS[i % n] for i in range(n)]
    turned = [TEXTS[(i + 5) % n] for i in range(n)]
    points = gpd.points_from_xy(x, [26.501] * n)
    lines = [shapely.LineString([(a, 26.5), (a + 0.002, 26.5)]) for a in x]
    areas = [shapely.box(a, 26.49, a + 0.002, 26.51) for a in x]
    ids = [f"{text} #{i:02d}" for i, text in enumerate(texts)]
    columns = {"id": ids, "name": texts, "name_en": turned, "<b>extra</b>${1}": texts}
    made = {
        "villages": ({"village": turned, "township": texts, "people": range(n)}, points),
        "roads": ({"surface": turned, "road_class": texts}, lines),
        "centres": ({"kind": ["township"] * n, "township": texts}, points),
        "sites": ({"township": texts, "stage": turned}, areas),
        "water_points": ({"kind": texts, "status": turned}, points),
        "water_lines": ({"material": texts, "status": turned}, lines),
        "boundaries": ({"kind": ["township"] * n}, areas),
        "projects": ({"kind": texts, "stage": turned, "township": texts}, points),
        "hazards": ({"kind": texts}, areas),
    }
    plan = PLAN.replace("{title}", quoted(" ".join(TEXTS[:6])))
    for name in NAMES:
        own, shapes = made[name]
        gpd.GeoDataFrame({**columns, **own}, geometry=shapes, crs=4326).to_file(folder / f"{name}.gpkg", layer=name)
        plan += f'{name} = {{ path = "{name}.gpkg" }}\n'
    (folder / "plan.toml").write_text(plan, encoding="utf-8")
    return folder / "plan.toml"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    workflow.run(load_plan(write_county(folder)), folder / "out")
    return folder / "out"


def unharmed(page: Any) -> None:
    assert page.evaluate("() => window.__pwned") is None
    assert page.locator("body img, body iframe, body object, body svg, body b:not(.sp-key b)").count() == 0
    assert page.locator("body script:not([type='application/json'])").count() == 1  # the page's own


def test_nothing_runs_and_every_text_is_shown(hostile: Path, new_page: NewPage) -> None:
    villages = gpd.read_file(hostile / "results.gpkg", layer="villages")
    page = new_page().open(hostile / "map.html")
    for language in ("zh", "en"):
        if language == "en":
            page.click("#sp-language")
        name = "name" if language == "zh" else "name_en"
        for number, row in list(villages.iterrows())[::3]:
            page.fill("#sp-query", f"#{number:02d}")
            page.locator("#sp-hits li").first.wait_for()
            script = """id => {
              const data = siteplan.find("villages");
              siteplan.panel.visit({ data, f: data.cells.id.indexOf(id) });
            }"""
            page.evaluate(script, row["id"])
            text = page.text_content("#sp-panel")
            assert page.text_content("#sp-panel h2") == row[name]
            assert row["id"] in text and row["township"] in text
            unharmed(page)
        towns = page.locator("#sp-township option").all_text_contents()
        assert len(towns) == 1 + villages["township"].nunique()
        page.select_option("#sp-township", villages["township"].iloc[1])
        assert page.inner_text("#sp-filtered").count("1") >= 1
        page.press("#sp-query", "Escape")
        page.click("#sp-filter-off")
    for layer in page.locator("#sp-legend .sp-layer-row input").all():
        layer.check()
    page.click("#sp-tool-table")
    for layer in page.locator("#sp-table-layer option").evaluate_all("all => all.map(one => one.value)"):
        page.select_option("#sp-table-layer", layer)
        assert page.locator("#sp-table tbody tr[data-row]").count() > 0
    page.mouse.move(700, 200)
    page.click("#sp-tool-print")
    page.check("#sp-print-list")
    assert all(text.strip() in page.text_content(".sp-list") for text in TEXTS if "\u2028" not in text)
    unharmed(page)


def test_the_export_holds_no_formula(hostile: Path, new_page: NewPage) -> None:
    page = new_page().open(hostile / "map.html")
    rows = list(csv.reader(io.StringIO(page.evaluate("() => siteplan.exporting.csv()").lstrip("\ufeff"))))
    assert len(rows) == 1 + len(TEXTS)
    assert len({len(row) for row in rows}) == 1
    for row in rows[1:]:
        for cell in row:
            try:
                float(cell)
            except ValueError:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
