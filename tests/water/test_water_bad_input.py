"""Water layers as they come: each fault has its finding in words, and the run goes on with what holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import wntr
from typer.testing import CliRunner

from siteplan.cli import app

CRS = "EPSG:4545"
X, Y = 476_000.0, 2_900_000.0
LONG = "青岚县枫香镇金桥村龙坝自然村农村饮水安全巩固提升工程输水主管道"


def line(*xy: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(xy)


@dataclass
class County:
    """A spring above its tank, a line past hamlets A and B, hamlet C far off; the ground falls to the east."""

    lines: list[dict] = field(
        default_factory=lambda: [
            {"id": "P1", "name": "干管", "dn_mm": 63.0, "inner_mm": 55.0, "material": "PE", "status": "正常",
             "geometry": line((0, 0), (500, 0))},
            {"id": "P2", "name": "支管", "dn_mm": 63.0, "inner_mm": 55.0, "material": "PE", "status": "正常",
             "geometry": line((500, 0), (1500, 0), (2000, 0))},
        ]
    )  # fmt: skip
    points: list[dict] = field(
        default_factory=lambda: [
            {"id": "Q1", "name": "泉", "kind": "spring", "head_m": 600.0, "yield_m3_per_day": 60.0, "status": "正常",
             "geometry": shapely.Point(0, 0)},
            {"id": "T1", "name": "水池", "kind": "tank", "floor_m": 580.0, "max_level_m": 583.0, "volume_m3": 20.0,
             "status": "正常", "geometry": shapely.Point(500, 0)},
        ]
    )  # fmt: skip
    dem: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda x, y: 600.0 - 0.04 * x

    def run(self, folder: Path) -> tuple[dict, gpd.GeoDataFrame]:
        """`siteplan water` on it: what it recorded, and the villages."""
        hamlets = [(name, x, y) for name, x, y in (("A", 1500, 20), ("B", 2000, 10), ("C", 1500, 3000))]
        villages = [
            {"id": name, "name": f"寨{name}", "people": 60.0, "households": 15.0, "geometry": shapely.Point(x, y)}
            for name, x, y in hamlets
        ]
        roads = [{"id": "R1", "surface": "水泥", "geometry": line((0, 60), (2500, 60))}]
        for name, rows in (("villages", villages), ("roads", roads), ("lines", self.lines), ("points", self.points)):
            shapes = [shapely.transform(row["geometry"], lambda xy: xy + np.array([X, Y])) for row in rows]
            table = pd.DataFrame([{key: row[key] for key in row if key != "geometry"} for row in rows])
            gpd.GeoDataFrame(table, geometry=shapes, crs=CRS).to_file(folder / f"{name}.gpkg", layer=name)
        self._write_dem(folder / "dem.asc")
        (folder / "plan.toml").write_text(
            '[plan]\nname = "bad"\ncrs = "EPSG:4545"\n[water]\nquality_decides = false\n[terrain]\ndem = "dem.asc"\n'
            '[layers]\nvillages = { path = "villages.gpkg" }\nroads = { path = "roads.gpkg" }\n'
            'water_lines = { path = "lines.gpkg" }\nwater_points = { path = "points.gpkg" }\n',
            "utf-8",
        )
        done = CliRunner().invoke(app, ["water", str(folder / "plan.toml"), "--out", str(folder / "out")])
        assert done.exit_code == 0, done.output
        assert "Traceback" not in done.output
        record = json.loads((folder / "out" / "run.json").read_text("utf-8"))
        return record, gpd.read_file(folder / "out" / "results.gpkg", layer="villages").set_index("id")

    def _write_dem(self, path: Path) -> None:
        size, cell = 120, 40.0
        at = (np.arange(size) + 0.5) * cell - 1000
        x, y = np.meshgrid(at, at[::-1])
        rows = "\n".join(" ".join(f"{z:.2f}" for z in row) for row in np.nan_to_num(self.dem(x, y), nan=-9999.0))
        head = f"ncols {size}\nnrows {size}\nxllcorner {X - 1000}\nyllcorner {Y - 1000}\ncellsize {cell}\n"
        path.write_text(f"{head}NODATA_value -9999\n{rows}\n")
        path.with_suffix(".prj").write_text(pyproj.CRS(CRS).to_wkt("WKT1_ESRI"))


def told(record: dict, code: str) -> list[str]:
    """Messages of one kind of finding."""
    return [row["message"] for row in record["findings"] if row["code"] == code]


def codes(record: dict) -> set[str]:
    return {row["code"] for row in record["findings"]}


SOUND = {"A": "piped_adequate", "B": "piped_adequate", "C": "unserved"}


def test_as_it_should_be(tmp_path: Path) -> None:
    record, villages = County().run(tmp_path)
    assert villages["water_level"].to_dict() == SOUND
    # Only what follows from the figures is told, and what was taken where the layer is silent.
    assert {code for code in codes(record) if not code.startswith("water.hydraulics.")} == {
        "water.roughness_by_material"
    }
    assert record["water_extensions"]["figures"]["hamlets_asked"] == 1


def test_no_source(tmp_path: Path) -> None:
    county = County()
    county.points = county.points[1:]
    record, villages = county.run(tmp_path)
    assert "water.no_source" in codes(record)
    assert (villages["water_level"] == "unserved").all()
    assert "没有连到水源" in villages.loc["A", "water_reason"]
    assert not (tmp_path / "out" / "water.inp").exists()


def test_no_pipe_near_any_hamlet(tmp_path: Path) -> None:
    county = County()
    for row in county.lines + county.points:
        row["geometry"] = shapely.transform(row["geometry"], lambda xy: xy - np.array([0, 800]))
    record, villages = county.run(tmp_path)
    assert len(told(record, "water.no_hamlet_near")) == 1
    assert (villages["water_level"] == "unserved").all()
    assert "附近没有管道" in villages.loc["A", "water_reason"]
    # What the network cannot spare it offers: new pipes are designed from it.
    assert record["water_extensions"]["figures"]["hamlets_asked"] == 3


def test_names_of_more_bytes_than_epanet_holds(tmp_path: Path) -> None:
    county = County()
    for row in (county.lines[0], county.points[0]):
        row |= {"id": LONG, "name": LONG}
    _, villages = county.run(tmp_path)
    assert villages["water_level"].to_dict() == SOUND
    assert villages.loc["A", "water_source"] == LONG
    model = wntr.network.WaterNetworkModel(str(tmp_path / "out" / "water.inp"))
    assert all(len(name.encode()) <= 31 for name in (*model.node_name_list, *model.link_name_list))


def test_loops_of_no_length(tmp_path: Path) -> None:
    county = County()
    again = {**county.lines[0], "id": "P3", "geometry": line((700, 0), (700, 0))}
    folded = {**county.lines[0], "id": "P4", "geometry": line((900, 0), (900, 0.001), (900, 0))}
    county.lines += [again, folded]
    record, villages = county.run(tmp_path)
    assert [row["id"] for row in record["findings"] if row["code"] == "layers.no_length"] == ["P3"]
    assert villages["water_level"].to_dict() == SOUND


def test_a_tank_below_its_outlet(tmp_path: Path) -> None:
    county = County()
    county.points[1] |= {"floor_m": 590.0, "max_level_m": 580.0}
    record, villages = county.run(tmp_path)
    (row,) = (row for row in record["findings"] if row["code"] == "water.level_below_floor")
    assert (row["layer"], row["id"]) == ("water_points", "T1")
    assert "580" in row["message"]
    assert "590" in row["message"]
    assert villages["water_level"].to_dict() == SOUND


def test_a_pump_without_curve(tmp_path: Path) -> None:
    county = County()
    county.lines[0] |= {"kind": "pump"}
    record, villages = county.run(tmp_path)
    assert {"water.pump_unknown", "water.hydraulics.no_pump_curve"} <= codes(record)
    assert villages["water_level"].to_dict() == {"A": "unknown", "B": "unknown", "C": "unserved"}
    assert "水泵" in villages.loc["A", "water_reason"]


def test_units_mixed_in_one_file(tmp_path: Path) -> None:
    county = County()
    county.lines[0] |= {"inner_mm": 0.055}
    county.lines[1] |= {"inner_mm": 2.2}
    record, villages = county.run(tmp_path)
    messages = told(record, "water.units")
    assert len(messages) == 2
    assert "55 mm" in messages[0]
    # 2.2 is no bore in any unit that fits its nominal size: it is not taken.
    assert [row["id"] for row in record["findings"] if row["code"] == "water.bore_above_dn"] == ["P2"]
    pipes = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="water_network")
    assert pipes.loc[pipes["line_id"] == "P1", "inner_mm"].tolist() == pytest.approx([55.0])
    assert (pipes.loc[pipes["line_id"] == "P2", "inner_mm"] <= 63.0).all()
    assert villages["water_level"].to_dict() == SOUND


@pytest.mark.parametrize(("known", "missing"), [(lambda x: abs(x - 1500) > 100, 1), (lambda x: x < -1e9, 3)])
def test_heights_with_voids_or_elsewhere(known: Callable, missing: int, tmp_path: Path) -> None:
    county = County()
    county.dem = lambda x, y: np.where(known(x), 600.0 - 0.04 * x, np.nan)
    record, villages = county.run(tmp_path)
    (message,) = told(record, "water.heights_missing")
    assert f"{missing} 个" in message
    assert villages.loc["A", "water_level"] == "unknown"
    assert "水头" in villages.loc["A", "water_reason"]
    assert villages.loc["B", "water_level"] == ("piped_adequate" if missing == 1 else "unknown")
