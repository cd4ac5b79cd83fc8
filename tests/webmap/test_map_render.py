"""The page's text: the same bytes each time, nothing remote, hostile data harmless."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys

import geopandas as gpd
import pytest
import shapely
from map_county import county
from map_decoding import cells, data_blocks
from map_hostile import HOSTILE, hostile_page

from siteplan.errors import LayerError
from siteplan.webmap import MapClass, MapLayer, MapPage, render
from siteplan.webmap.offline import forbid_addresses


def test_same_input_gives_the_same_bytes() -> None:
    assert render(county()).encode("utf-8") == render(county()).encode("utf-8")


def test_another_process_gives_the_same_bytes() -> None:
    code = (
        "import hashlib; from map_county import county; from siteplan.webmap import render;"
        "print(hashlib.sha256(render(county()).encode()).hexdigest())"
    )
    search = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=search)
    assert told.stdout.strip() == hashlib.sha256(render(county()).encode()).hexdigest()


def test_page_names_no_remote_address() -> None:
    page = render(county())
    assert not re.findall(r"""(?:src|href|srcset)\s*=\s*["']?\s*(?:https?:)?//""", page)
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert "leaflet-pane" in styles
    assert not re.findall(r"url\(|@import", styles)
    assert "sourceMappingURL" not in page
    # a name space, and comments of Leaflet's
    comments = ("https://leafletjs.com", "https://bugs.chromium.org/", "https://bugzilla.mozilla.org/")
    for address in re.findall(r"""https?://[^\s"'<>)]*""", page):
        assert address == "http://www.w3.org/2000/svg" or address.startswith(comments)


@pytest.mark.parametrize(
    "fault",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<img src="images/marker.png">',
        "<style>a { background: url(images/x.png) }</style>",
        "<style>@import 'x.css';</style>",
        '<p style="background: url(http://x)">',
    ],
)
def test_the_gate_refuses_addresses(fault: str) -> None:
    with pytest.raises(RuntimeError, match="outside files"):
        forbid_addresses(f"<html><head></head><body>{fault}</body></html>")


def test_the_gate_does_not_take_data_for_markup() -> None:
    forbid_addresses('<script type="application/json">"\\u003cimg src=\\"http://x\\"\\u003e"</script>')


def test_the_policy_names_every_inline_script_and_style_and_nothing_looser() -> None:
    page = render(county())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert policy[1].startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    inline = re.findall(r"<(script|style)>(.*?)</\1>", page, re.DOTALL)
    assert len(inline) > 10
    for _, content in inline:
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy[1]
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_hostile_text_is_only_ever_data() -> None:
    page = render(hostile_page())
    blocks = data_blocks(page)
    shown = [text.replace("\ud800", "?") for text in HOSTILE]
    assert cells(blocks["layer-points"], "name") == shown
    assert blocks["page"]["words"]["en"]["notes"] == [" ".join(shown)]
    outside = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    outside = re.sub(r"<title>.*?</title>", "", outside)
    assert "__pwned" not in outside
    assert "alert(1)" not in outside
    title = re.search(r"<title>(.*?)</title>", page)
    assert title is not None and "<" not in title[1]


def test_texts_of_both_languages_reach_the_page() -> None:
    pages = {language: data_blocks(render(county(language)))["page"]["words"] for language in ("zh", "en")}
    zh, en = (pages[language][language]["texts"] for language in ("zh", "en"))
    assert zh.keys() == en.keys()
    assert zh["close"] == "关闭" and en["close"] == "Close"


def test_every_text_a_script_asks_for_is_in_the_catalogue() -> None:
    from siteplan.language import catalogue
    from siteplan.webmap.offline import SCRIPTS, packaged_text

    asked = set()
    for name in SCRIPTS:
        asked |= set(re.findall(r"\btexts\.([a-z0-9_]+)\b(?!\()", packaged_text(f"browser/{name}")))
    known = {key.removeprefix("webmap.page.") for key in catalogue("en") if key.startswith("webmap.page.")}
    assert asked <= known
    assert known - asked == {"other_class"}  # used by Python


def test_no_script_writes_markup() -> None:
    from siteplan.webmap.offline import SCRIPTS, packaged_text

    for name in SCRIPTS:
        text = packaged_text(f"browser/{name}")
        assert not re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|bindPopup", text
        )


def test_a_layer_without_crs_is_refused() -> None:
    table = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(1, 2)])
    page = MapPage("t", "", "en", (MapLayer("points", "p", table, (MapClass("a", "a", "#000000"),)),))
    with pytest.raises(LayerError, match="map layer points: the table has no CRS"):
        render(page)


def test_importing_webmap_does_not_import_folium() -> None:
    code = "import sys, siteplan.webmap; sys.exit('folium' in sys.modules)"
    search = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=search).returncode == 0
