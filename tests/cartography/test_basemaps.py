"""Online basemaps: what addresses they give."""

from __future__ import annotations

import re
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from siteplan.cartography.basemaps import BASEMAPS, hosts, online_basemaps
from siteplan.cartography.grounds import Basemap
from siteplan.language import LANGUAGES, Texts, catalogue
from siteplan.plan import BasemapName

KEY = "0123456789abcdef0123456789ABCDEF"


def every(key: str | None = KEY) -> dict[str, Basemap]:
    return {one.key: one for one in online_basemaps(tuple(BASEMAPS), tianditu_key=key, texts=Texts("en"))}


def test_every_basemap_a_plan_may_name_is_there() -> None:
    assert set(every()) == set(get_args(BasemapName))


@pytest.mark.parametrize("name", BASEMAPS)
def test_an_address_is_https_with_the_three_places_of_a_tile(name: str) -> None:
    one = every()[name]
    for url in filter(None, (one.url, one.overlay_url)):
        assert urlsplit(url).scheme == "https"
        places = set(re.findall(r"\{(\w+)\}", url))
        assert places == {"x", "y", "z"} | ({"s"} if one.subdomains else set())
    assert one.attribution and not re.search("[<>&]", one.attribution)
    assert 17 < one.max_zoom < 24


def test_datums() -> None:
    assert {one.key for one in every().values() if one.datum == "gcj02"} == {"gaode", "gaode-satellite"}


def test_tianditu_asks_for_the_layer_and_for_its_names() -> None:
    for name, layer, labels in (("tianditu", "vec", "cva"), ("tianditu-satellite", "img", "cia")):
        one = every()[name]
        for url, wanted in ((one.url, layer), (one.overlay_url, labels)):
            parts = urlsplit(url.format(s="3", x=101, y=57, z=7))
            assert (parts.netloc, parts.path) == ("t3.tianditu.gov.cn", f"/{wanted}_w/wmts")
            asked = {key: value for key, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
            assert asked == {
                "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": wanted, "STYLE": "default",
                "TILEMATRIXSET": "w", "FORMAT": "tiles", "TILEMATRIX": "7", "TILEROW": "57", "TILECOL": "101",
                "tk": KEY,
            }  # fmt: skip


def test_the_key_is_not_shown_with_the_record() -> None:
    assert KEY not in repr(every()["tianditu"])


def test_hosts_write_subdomains_out() -> None:
    known = every()
    assert hosts([known["osm"]]) == ("https://tile.openstreetmap.org",)
    assert hosts([known["tianditu"], known["tianditu-satellite"]]) == tuple(
        f"https://t{n}.tianditu.gov.cn" for n in range(8)
    )
    assert hosts(known.values()) == tuple(sorted(hosts(known.values())))
    assert len(hosts(known.values())) == 8 + 1 + 2
    assert hosts([]) == ()


def test_hosts_know_the_overlays_own() -> None:
    one = Basemap("k", "t", "https://a.example/{z}", "", 18, overlay_url="https://b.example/{z}")
    assert hosts([one]) == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "url",
    ["http://a.example/{z}", "https://a.example;script-src *@b/{z}", "https://u:p@a.example/", "data:x", "https:///"],
)
def test_an_address_that_could_change_the_policy_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https address"):
        hosts([Basemap("k", "t", url, "", 18)])


def test_no_key_is_wanted_where_no_map_needs_one() -> None:
    assert [one.key for one in online_basemaps(["osm", "gaode", "osm"], tianditu_key=None, texts=Texts("en"))] == [
        "osm",
        "gaode",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_are_in_the_plans_language(language: str) -> None:
    texts = Texts(language)  # type: ignore[arg-type]
    for one in online_basemaps(tuple(BASEMAPS), tianditu_key=KEY, texts=texts):
        assert one.title == catalogue(texts.language)[f"cartography.basemap.{one.key}"]
    assert "GCJ-02" in texts("webmap.page.gcj02_notice")
