"""The map against what folium and geopandas make of the same hamlets: build, size, ready in Chromium, pan and zoom.

Every page is opened from a file with the network off; explore's scripts are inlined (Leaflet as ours is; the others,
which its points do not need, left empty). Ratios of one run; no timed assertion.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import pytest
from made_results import made_result
from playwright.sync_api import Browser

from siteplan import workflow
from siteplan.cartography.countypage import county_page
from siteplan.language import Texts
from siteplan.plan import load_plan
from siteplan.webmap import render
from siteplan.webmap.offline import leaflet_script, leaflet_style

SIZES = [(1_000, 500), pytest.param((100_000, 50_000), marks=pytest.mark.sweep)]
LIMIT_MS = 600_000
STUB = "window.$ = window.jQuery = () => new Proxy({}, { get: (_, name) => name === 'length' ? 0 : () => window.$() });"
MARK = """<script>requestAnimationFrame(() => requestAnimationFrame(() => {
  document.documentElement.dataset.ready = "yes"; }));</script>"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def ready_s(browser: Browser, file: Path, times: int) -> float:
    """Median seconds from the address to the second frame after the page says that it is ready."""
    taken = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.set_offline(True)
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        began = time.perf_counter()
        page.goto(file.as_uri(), timeout=LIMIT_MS)
        page.wait_for_selector("html[data-ready=yes]", timeout=LIMIT_MS)
        page.evaluate(DRAWN)
        taken.append(time.perf_counter() - began)
        context.close()
    return statistics.median(taken)


def moves_ms(browser: Browser, file: Path) -> dict[str, float]:
    """Milliseconds of a pan, a zoom in and a zoom out until drawn; the median of three each."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]", timeout=LIMIT_MS)
    script = """([move]) => new Promise(done => {
      const map = siteplan.map, began = performance.now();
      if (move === "pan") map.panBy([180, 90], { animate: false });
      else map.setZoom(map.getZoom() + (move === "zoom in" ? 1 : -1), { animate: false });
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
    })"""
    taken: dict[str, list[float]] = {"pan": [], "zoom in": [], "zoom out": []}
    for _ in range(3):
        for move, own in taken.items():
            own.append(page.evaluate(script, [move]))
    context.close()
    return {move: round(statistics.median(own)) for move, own in taken.items()}


def explore_text(hamlets: gpd.GeoDataFrame, column: str | None) -> str:
    """explore's page with every script inlined."""
    page = hamlets.explore(column=column, tiles=None, prefer_canvas=True, tooltip=False, popup=["id", "name"])
    figure = page.get_root()
    text = figure.render()
    head, rest = text.split("</head>", 1)
    lines = []
    for line in head.split("\n"):
        if 'src="http' in line or 'rel="stylesheet"' in line:
            continue
        lines.append(line)
    inlined = f"<script>{STUB}</script><style>{leaflet_style()}</style><script>{leaflet_script()}</script>"
    at = next(n for n, line in enumerate(lines) if "<head>" in line)
    lines.insert(at + 1, inlined)
    return "\n".join(lines) + "</head>" + rest.replace("</html>", MARK + "</html>")


@pytest.mark.parametrize("size", SIZES, ids=["1000", "100000"])
def test_a_province(
    size: tuple[int, int], browser: Browser, benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # explore asks for it, and uses it for numbers only
    stand_in = ModuleType("mapclassify")
    stand_in.classify = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mapclassify", stand_in)
    result, layers = made_result(*size)

    def build() -> str:
        page = county_page(result, layers, Texts("zh"), title="省", headlines=[], notes=[])
        return render(page)

    build()  # imports folium
    text = benchmark.pedantic(build, rounds=3 if size[0] < 10_000 else 1, iterations=1)
    own = tmp_path / "own.html"
    own.write_text(text, encoding="utf-8")
    hamlets = result.villages[["id", "name", "road_status", "geometry"]]
    files, built = {}, {}
    for name, column in (("classes", "road_status"), ("constant", None)):
        began = time.perf_counter()
        made = explore_text(hamlets, column)
        built[name] = time.perf_counter() - began
        files[name] = tmp_path / f"{name}.html"
        files[name].write_text(made, encoding="utf-8")
    assert own.stat().st_size < files["classes"].stat().st_size or size[0] < 10_000
    ready = {"own": ready_s(browser, own, 3), "constant": ready_s(browser, files["constant"], 3)}
    ready["classes"] = ready_s(browser, files["classes"], 3)
    moves = moves_ms(browser, own)
    assert all(value > 0 for value in (*ready.values(), *moves.values()))
    if benchmark.stats is not None:
        took = benchmark.stats.stats.median
        benchmark.extra_info.update(ready={k: round(v, 2) for k, v in ready.items()}, moves=moves)
        mb = {name: file.stat().st_size / 1e6 for name, file in {"own": own, **files}.items()}
        faster = {name: ready[name] / ready["own"] for name in files}
        print(f"\n{size[0]} hamlets, {size[1]} roads: {mb['own']:.1f} MB (explore {mb['classes']:.1f})")
        print(f"  build {took:.2f} s, explore {built['classes']:.2f} s: 1/{built['classes'] / took:.1f}")
        print(f"  ready {ready['own']:.2f} s, explore by column {ready['classes']:.1f} s: 1/{faster['classes']:.1f}")
        print(f"  explore with one style {ready['constant']:.2f} s: 1/{faster['constant']:.1f}; ms: {moves}")


def leaflet_text(hamlets: gpd.GeoDataFrame) -> str:
    """A plain Leaflet page with a circle marker a hamlet on canvas."""
    places = [[round(point.y, 6), round(point.x, 6)] for point in hamlets.to_crs(4326).geometry if point is not None]
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><style>{leaflet_style()}
html, body, #map {{ height: 100%; margin: 0 }}</style><script>{leaflet_script()}</script></head>
<body><div id="map"></div><script>
const map = L.map("map", {{ preferCanvas: true }}), places = {json.dumps(places)};
map.fitBounds(places);
for (const place of places) L.circleMarker(place, {{ radius: 5 }}).addTo(map);
</script>{MARK}</body></html>"""


def test_ladakh_against_plain_leaflet(ladakh_plan: Path, browser: Browser, benchmark, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    workflow.run(load_plan(ladakh_plan), folder)
    villages = gpd.read_file(folder / "results.gpkg", layer="villages")
    plain = tmp_path / "plain.html"
    plain.write_text(leaflet_text(villages), encoding="utf-8")
    # in turns, so that what else the machine does falls on both
    own, theirs = [], []
    for _ in range(5):
        own.append(ready_s(browser, folder / "map.html", 1))
        theirs.append(ready_s(browser, plain, 1))
    benchmark.pedantic(ready_s, args=(browser, folder / "map.html", 1), rounds=1, iterations=1)
    size = (folder / "map.html").stat().st_size / 1e6
    assert size < 4
    if benchmark.stats is not None:
        ratio = statistics.median(own) / statistics.median(theirs)
        benchmark.extra_info.update(ratio=round(ratio, 2), mb=round(size, 2))
        print(
            f"\nLadakh: {size:.1f} MB, ready {statistics.median(own):.2f} s, plain Leaflet"
            f" {statistics.median(theirs):.2f} s with {len(villages)} points, ratio {ratio:.2f}"
        )
