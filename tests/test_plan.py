"""The plan file: what it takes, and how it says what is wrong."""

from __future__ import annotations

import os

import pytest

from siteplan.errors import PlanError
from siteplan.plan import LAYER_NAMES, LayerPlan, Plan, load_plan, plan_from_files, plan_keys

GOOD = """
[plan]
name = "青岚县-1"
language = "en"
country = "CN"
[layers.villages]
path = "v.gpkg"
columns = { people = "人口" }
values = { name = { "a" = "b" } }
[layers.roads]
path = "r.gpkg"
[roads]
snap_m = 10
suspect_m = 40.5
anchor_classes = ["NH", "SH"]
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("v.gpkg", "r.gpkg"):
        (tmp_path / name).touch()
    return tmp_path


def _load(folder, text, name="plan.toml"):
    path = folder / name
    path.write_text(text, "utf-8")
    return load_plan(path)


def test_a_good_plan(folder):
    plan = _load(folder, GOOD)
    assert (plan.name, plan.title, plan.language, plan.country, plan.crs) == (
        "青岚县-1",
        "青岚县-1",
        "en",
        "CN",
        "auto",
    )
    assert plan.layer_path("villages") == folder / "v.gpkg"
    assert plan.layer_path("sites") is None
    assert plan.roads.snap_m == 10 and plan.roads.profile == "cn-hamlet" and plan.roads.use_verified
    with pytest.raises(KeyError):
        plan.layer("streets")


def test_the_name_defaults_to_the_files(folder):
    text = GOOD.replace('name = "青岚县-1"\n', "")
    assert _load(folder, text, "my plan.toml").name == "my_plan"


def test_every_fault_is_told_at_once(folder):
    text = (
        GOOD.replace("language", "langage").replace('"r.gpkg"', '"none.gpkg"').replace("snap_m = 10", "snap_m = 50")
        + 'access_m = "far"\nunknown_surface = "maybe"\n[layers.road]\npath = "x"\n[layers.sites]\n[extra]\n'
    )
    with pytest.raises(PlanError) as caught:
        _load(folder, text)
    message = str(caught.value)
    for line in (
        "plan.langage: unknown key; did you mean 'language'?",
        "layers.roads.path: file not found: 'none.gpkg'",
        "layers.road: unknown key; did you mean 'roads'?",
        "layers.sites.path: missing",
        "roads.access_m: found 'far'; expected a number",
        "roads.unknown_surface: found 'maybe'; expected one of 'not_hardened' or 'hardened'",
        "roads.suspect_m: found 40.5; expected at least snap_m, which is 50",
        "extra: unknown key",
    ):
        assert line in message
    assert "8 faults" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("snap_m = 10", "snap_m = true", "roads.snap_m: found True; expected a number"),
        ("snap_m = 10", "snap_m = 0", "roads.snap_m: found 0; expected a number greater than 0"),
        ("snap_m = 10", "snap_m = nan", "roads.snap_m"),
        ("suspect_m = 40.5", "suspect_m = 9", "roads.suspect_m: found 9; expected at least snap_m, which is 10"),
        ('["NH", "SH"]', '"NH"', "roads.anchor_classes: found 'NH'; expected a list of texts"),
        ('"青岚县-1"', '"a/b"', "plan.name: found 'a/b'"),
        ('"CN"', '"China"', "plan.country: found 'China'; expected two capital letters"),
        ('"en"', '"fr"', "plan.language: found 'fr'; expected one of 'zh' or 'en'"),
        ('"v.gpkg"', "7", "layers.villages.path: found 7; expected text in quotes"),
        ('"v.gpkg"', '"/vsicurl/http://x/y.gpkg"', "file not found"),
        ('path = "v.gpkg"', 'path = "v.gpkg"\ncrs = "4544"', "layers.villages.crs: found '4544'; expected \"EPSG:n\""),
        ('[layers.roads]\npath = "r.gpkg"\n', "", "layers.roads: missing"),
        ("[roads]", '[roads]\nprofile = "own.toml"', "roads.profile: file not found: 'own.toml'"),
        ("[plan]", 'root = "x"\n[plan]', "root: unknown key"),
    ],
)
def test_single_faults(folder, old, new, words):
    assert old in GOOD
    with pytest.raises(PlanError) as caught:
        _load(folder, GOOD.replace(old, new))
    assert words in str(caught.value)


def test_broken_toml_tells_the_line(folder):
    with pytest.raises(PlanError, match="line 2"):
        _load(folder, "[plan]\nname = \n")


def test_a_plan_that_cannot_be_read(folder):
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(folder / "none.toml")
    (folder / "gbk.toml").write_bytes('[plan]\nname = "青岚"'.encode("gbk"))
    with pytest.raises(PlanError, match="not UTF-8"):
        load_plan(folder / "gbk.toml")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(folder):
    (folder / "v.gpkg").chmod(0)
    with pytest.raises(PlanError, match="permission denied"):
        _load(folder, GOOD)


def test_a_plan_from_a_call(folder):
    plan = plan_from_files(villages=folder / "v.gpkg", roads=folder / "r.gpkg", sites=None, language="en")
    assert plan.layer_path("villages") == folder / "v.gpkg" and plan.language == "en"
    with pytest.raises(PlanError, match=r"(?s)layers.streets: unknown key.*layers.villages.path: file not found"):
        plan_from_files(villages="none.gpkg", roads=folder / "r.gpkg", streets="x")


def test_every_key_is_documented():
    keys = {doc.key: doc for doc in plan_keys()}
    assert all(doc.meaning and doc.takes for doc in keys.values())
    assert {f"layers.NAME.{name}" for name in LayerPlan.model_fields} <= set(keys)
    assert keys["roads.unknown_surface"].default == "not_hardened"
    assert set(LAYER_NAMES) == set(Plan.model_fields["layers"].annotation.model_fields)


KEY = "0123456789abcdef0123456789ABCDEF"


def test_online_maps_are_known_and_tianditus_have_a_key(folder):
    plan = _load(folder, GOOD + f'[map]\nbasemaps = ["osm", "tianditu"]\ntianditu_key = "{KEY}"\n')
    assert plan.map.basemaps == ["osm", "tianditu"] and plan.map.tianditu_key == KEY
    with pytest.raises(PlanError) as caught:
        _load(folder, GOOD + '[map]\nbasemaps = ["google", "osm", "baidu"]\n')
    said = str(caught.value)
    assert "2 faults" in said and "'google'" in said and "'baidu'" in said and "'gaode-satellite'" in said
    with pytest.raises(PlanError, match=r"map\.tianditu_key: missing.*console\.tianditu\.gov\.cn"):
        _load(folder, GOOD + '[map]\nbasemaps = ["tianditu-satellite"]\n')


@pytest.mark.parametrize(
    "key", ["x" * 32, KEY[:-1], KEY + "0", KEY + "\\n", KEY[:-4] + "&a=b", "{z}" + KEY[3:], KEY[:-1] + "１", ""]
)
def test_what_is_no_key_of_tianditus_is_refused_and_not_repeated(folder, key):
    with pytest.raises(PlanError, match=r"map\.tianditu_key: found \d+ characters; expected the 32") as caught:
        _load(folder, GOOD + f'[map]\nbasemaps = ["tianditu"]\ntianditu_key = "{key}"\n')
    assert not key or key.replace("\\n", "") not in str(caught.value)


def test_heights_are_a_file_or_a_list_of_them(folder):
    for given, paths in (('"v.gpkg"', ["v.gpkg"]), ('["v.gpkg", "r.gpkg"]', ["v.gpkg", "r.gpkg"])):
        plan = _load(folder, GOOD + f"[terrain]\ndem = {given}\n")
        assert plan.dem_paths() == tuple(folder / path for path in paths)
    with pytest.raises(PlanError) as caught:
        _load(folder, GOOD + "[terrain]\ndem = 5\n")
    assert "1 fault\n  terrain.dem: found 5; expected a file in quotes, or a list of such" in str(caught.value)
    with pytest.raises(PlanError, match=r"terrain\.dem: file not found: 'none.tif'"):
        _load(folder, GOOD + '[terrain]\ndem = ["v.gpkg", "none.tif"]\n')
