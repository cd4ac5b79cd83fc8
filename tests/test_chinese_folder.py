"""A county office's folder: GBK shapefiles and an Excel sheet with Chinese headings, by two commands, unedited."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely

ZONE = "EPSG:4544"
"""CGCS2000, 3-degree zone at 105 degrees east"""
EAST, NORTH = 480_000.0, 2_932_000.0
HAMLETS = [
    ("上坝", "青岩镇", 32, 139),
    ("下坝", "青岩镇", 20, 84),
    ("石板寨", "羊场乡", 15, 65),
    ("白岩脚", "羊场乡", 9, 41),
]


def command(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "siteplan", *(str(word) for word in words)]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)


def gbk(table: gpd.GeoDataFrame, path: Path) -> None:
    """A shapefile as old Chinese programs write it: GBK text and no .cpg that says so."""
    table.to_file(path, engine="pyogrio", encoding="gb18030")
    path.with_suffix(".cpg").unlink()


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Two roads that meet, one of cement and one of gravel, a township seat, and four hamlets in a sheet."""
    folder = tmp_path / "青岩县"
    folder.mkdir()
    lines = [[(0, 0), (4000, 0)], [(4000, 0), (8000, 300)]]
    shapes = [shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in lines]
    roads = {"K0101": ["C001520526", "C002520526"], "路线名称": ["坝上线", "石板线"], "K5104": ["12", "31"],
             "K0304": ["24", "30"]}  # fmt: skip
    gbk(gpd.GeoDataFrame(roads, geometry=shapes, crs=ZONE), folder / "农村公路.shp")
    seat = {"名称": ["青岩镇人民政府"], "类型": ["乡镇政府驻地"]}
    gbk(gpd.GeoDataFrame(seat, geometry=[shapely.Point(EAST, NORTH + 50)], crs=ZONE), folder / "乡镇驻地.shp")
    towns = {"乡镇名称": ["青岩镇", "羊场乡"]}
    boxes = [shapely.box(EAST - 1000, NORTH - 3000, EAST + 4100, NORTH + 3000),
             shapely.box(EAST + 4100, NORTH - 3000, EAST + 9000, NORTH + 3000)]  # fmt: skip
    gbk(gpd.GeoDataFrame(towns, geometry=boxes, crs=ZONE), folder / "乡镇界.shp")
    places = gpd.GeoSeries([shapely.Point(EAST + x, NORTH + 100) for x in (1000, 3000, 6000, 7900)], crs=ZONE).to_crs(
        4490
    )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["青岩县自然村基本情况表"])
    sheet.merge_cells("A1:G1")
    sheet.append(["编码", "自然村名称", "乡镇", "户数", "人口", "经度", "纬度"])
    for n, ((name, town, households, people), place) in enumerate(zip(HAMLETS, places, strict=True)):
        sheet.append([f"52052610120720{n:04d}", name, town, households, people, place.x, place.y])
    sheet.append(["合计", None, None, 76, 329])
    book.save(folder / "自然村.xlsx")
    return folder


def test_it_runs_after_new_without_editing(office: Path) -> None:
    made = command("new", office, folder=office.parent)
    assert made.returncode == 0, made.stderr
    done = command("run", office / "plan.toml", "--out", office.parent / "成果", folder=office.parent)
    assert done.returncode == 0, done.stderr + (office / "plan.toml").read_text("utf-8")
    record = json.loads((office.parent / "成果" / "run.json").read_text("utf-8"))
    assert record["crs"] == ZONE
    kept = {name: counts["kept"] for name, counts in record["layers"].items()}
    assert kept == {"villages": 4, "roads": 2, "centres": 1, "boundaries": 2}
    assert record["layers"]["villages"]["people"] == {"read": 329, "kept": 329, "dropped": 0, "unknown_rows": 0}
    villages = gpd.read_file(office.parent / "成果" / "results.gpkg", layer="villages", engine="pyogrio")
    assert villages["id"].tolist() == [f"52052610120720{n:04d}" for n in range(4)]
    assert villages["name"].tolist() == [row[0] for row in HAMLETS]
    assert villages["road_status"].tolist() == ["hardened", "hardened", "unhardened", "unhardened"]
    codes = {row["code"] for row in record["findings"]}
    assert {"layers.title_row", "layers.total_row", "layers.encoding_guessed"} <= codes
    assert "layers.total_differs" not in codes
    assert gpd.read_file(office.parent / "成果" / "results.gpkg", layer="roads", engine="pyogrio")["name"].notna().all()


def test_new_writes_the_crs_that_the_other_layers_decide(office: Path) -> None:
    for part in office.glob("农村公路.prj"):
        part.unlink()
    made = command("new", office, folder=office.parent)
    assert made.returncode == 0, made.stderr
    text = (office / "plan.toml").read_text("utf-8")
    assert f'crs = "{ZONE}"' in text
    done = command("run", office / "plan.toml", "--out", office.parent / "成果", folder=office.parent)
    assert done.returncode == 0, done.stderr
