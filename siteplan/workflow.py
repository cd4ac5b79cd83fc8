"""The order of a run, from plan to published results; the only place that names output files."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from siteplan import __version__
from siteplan.language import Texts
from siteplan.layers.findings import joined, with_messages
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reading import read_layers
from siteplan.layers.writing import write_csv, write_gpkg
from siteplan.outfolder import RECORD, output_folder, writing
from siteplan.plan import Plan
from siteplan.reports.roadsheets import MAP_FIGURES, column_headings, figure_rows, road_sheets, without_hardened_road
from siteplan.reports.styles import road_styles
from siteplan.reports.workbook import write_workbook
from siteplan.roads.analysis import RoadChoices, RoadLayers, RoadResult, analyse_roads
from siteplan.standards import load_road_profile

MAP, GEOPACKAGE, WORKBOOK = "map.html", "results.gpkg", "tables.xlsx"
WITHOUT, TIMING = "villages_without_hardened_road.csv", "timing.json"
LIBRARIES = ("geopandas", "shapely", "pyogrio", "pyproj", "numpy", "scipy", "pandas", "networkx", "folium")

Step = Callable[[str], None]
"""Told, in the run's language, what begins."""


@dataclass(frozen=True)
class RunResult:
    """What a run gives back: where it wrote, the headline figures, the findings with their messages, the notes."""

    folder: Path
    headline: dict[str, float | int | str]
    findings: pd.DataFrame
    notes: list[str]

    @property
    def map(self) -> Path:
        """The map."""
        return self.folder / MAP


class _Clock:
    """Seconds of each step, by name."""

    def __init__(self, texts: Texts, told: Step) -> None:
        self.texts, self.told = texts, told
        self.seconds: dict[str, float] = {}
        self._begun = time.perf_counter()
        self._name = ""

    def step(self, key: str) -> None:
        """A step begins; the one before it ends."""
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + now - self._begun, 3)
        self._begun, self._name = now, key
        if key:
            self.told(self.texts(key))


def run(plan: Plan, folder: Path, *, step: Step = lambda text: None) -> RunResult:
    """Read the plan's layers, analyse them and publish all results in `folder`.

    Raises
    ------
    PlanError, LayerError
        If the plan or the data are at fault.
    OutputLockedError, OutputWriteError
        If the folder is held by another run, or cannot be written.
    """
    texts = Texts(plan.language)
    clock = _Clock(texts, step)
    with output_folder(folder) as part:
        clock.step("reports.step.reading")
        layers = read_layers(plan)
        result = _roads(plan, layers, texts, clock.step)
        findings = with_messages(joined([layers.findings, result.findings]), texts)
        notes = _notes(layers, result, texts)
        clock.step("reports.step.writing")
        write_gpkg(part / GEOPACKAGE, _geopackage(result, findings, layers), styles=road_styles(texts))
        write_workbook(part / WORKBOOK, road_sheets(result, layers, findings, notes, texts))
        without = without_hardened_road(result, texts)
        write_csv(part / WITHOUT, without.rename(columns=column_headings(texts, list(without.columns))))
        clock.step("reports.step.map")
        (part / MAP).write_text(_map(plan, layers, result, notes, texts), encoding="utf-8", newline="\n")
        clock.step("")
        # The clock is the one output that differs between two runs; it is no part of the record.
        _write_json(part / TIMING, clock.seconds)
        record = _record(plan, layers, result, findings, notes)
        record["outputs"] = {name: _sha256(part / name) for name in (GEOPACKAGE, WORKBOOK, WITHOUT, MAP)}
        _write_json(part / RECORD, record)
    return RunResult(folder, dict(result.headline), findings, notes)


def check(plan: Plan, report: Path | None = None) -> tuple[LayerSet, pd.DataFrame]:
    """Read the plan's layers and say what was found; writes nothing but `report` (JSON), if asked for.

    Returns the layers and all findings, those of joining the roads among them, with their messages.
    """
    texts = Texts(plan.language)
    layers = read_layers(plan)
    result = _roads(plan, layers, texts, lambda key: None)
    findings = with_messages(joined([layers.findings, result.findings]), texts)
    if report is not None:
        with writing(report):
            report.parent.mkdir(parents=True, exist_ok=True)
            _write_json(report, {"layers": _counts(layers), "findings": _finding_rows(findings)})
    return layers, findings


def _roads(plan: Plan, layers: LayerSet, texts: Texts, step: Step) -> RoadResult:
    own = plan.roads
    choices = RoadChoices(
        access_m=own.access_m,
        anchor_m=own.anchor_m,
        snap_m=own.snap_m,
        suspect_m=own.suspect_m,
        anchor_classes=None if own.anchor_classes is None else tuple(own.anchor_classes),
        anchor_centres=None if own.anchor_centres is None else tuple(own.anchor_centres),
        unknown_hardened=own.unknown_surface == "hardened",
        use_verified=own.use_verified,
    )
    tables = RoadLayers(
        **{name: layers.table(name) for name in ("villages", "roads", "centres", "rivers", "boundaries")}
    )
    profile = load_road_profile(own.profile, root=plan.root)
    return analyse_roads(tables, profile, choices, texts, step=step)


def _notes(layers: LayerSet, result: RoadResult, texts: Texts) -> list[str]:
    return [texts(key, **values) for key, values in result.notes]


def _geopackage(result: RoadResult, findings: pd.DataFrame, layers: LayerSet) -> dict[str, pd.DataFrame]:
    import geopandas as gpd

    places = gpd.points_from_xy(findings["x"], findings["y"])
    nowhere = findings["x"].isna().to_numpy()
    points = gpd.GeoSeries(places, crs=layers.crs).where(~nowhere, None)
    rows = findings.drop(columns=["x", "y"]).assign(row=findings["row"].astype("float64"))
    return {
        "villages": result.villages,
        "roads": result.roads,
        "ways": result.ways,
        "breaks": result.breaks,
        "gaps": result.gaps,
        "works": result.works,
        "findings": gpd.GeoDataFrame(rows, geometry=points, crs=layers.crs),
        "coverage": result.coverage,
    }


def _map(plan: Plan, layers: LayerSet, result: RoadResult, notes: list[str], texts: Texts) -> str:
    from siteplan.webmap import render
    from siteplan.webmap.countypage import county_page

    headlines = figure_rows(result, texts, only=MAP_FIGURES)
    return render(county_page(result, layers, texts, title=plan.title, headlines=headlines, notes=notes))


def _record(
    plan: Plan, layers: LayerSet, result: RoadResult, findings: pd.DataFrame, notes: list[str]
) -> dict[str, object]:
    return {
        "siteplan": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "plan": plan.name,
        "title": plan.title,
        "language": plan.language,
        "crs": f"EPSG:{layers.crs.to_epsg()}",
        "crs_name": layers.crs.name,
        "profile": result.parameters["profile"],
        "parameters": dict(result.parameters),
        "headline": {name: _plain(value) for name, value in result.headline.items()},
        "notes": notes,
        "inputs": {
            name: {
                "file": Path(layer.source.path).name,
                "layer": layer.source.layer,
                "driver": layer.source.driver,
                "crs": layer.source.crs_found,
                "sha256": layer.source.sha256,
                "columns": layer.source.columns_matched,
                "columns_missing": list(layer.source.columns_missing),
            }
            for name, layer in layers.layers.items()
        },
        "layers": _counts(layers),
        "layers_absent": list(layers.absent),
        "rules": result.rules.to_dict("records"),
        "findings": _finding_rows(findings),
    }


def _counts(layers: LayerSet) -> dict[str, dict[str, int]]:
    return {
        name: {word: int(getattr(layer.counts, word)) for word in ("read", "kept", "repaired", "dropped")}
        for name, layer in layers.layers.items()
    }


def _finding_rows(findings: pd.DataFrame) -> list[dict[str, object]]:
    columns = ["layer", "row", "id", "field", "code", "action", "message"]
    rows = [None if pd.isna(row) else int(row) for row in findings["row"]]
    parts = (rows if name == "row" else findings[name].tolist() for name in columns)
    return [dict(zip(columns, row, strict=True)) for row in zip(*parts, strict=True)]


def _plain(value: object) -> object:
    """Numbers JSON knows; a figure that is not known is null, never NaN."""
    if isinstance(value, (float, np.floating)):
        return None if not np.isfinite(value) else round(float(value), 6)
    return int(value) if isinstance(value, np.integer) else value


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, data: object) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
