"""The order of a run, from plan to published results; the only place that names output files."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj

from siteplan import __version__
from siteplan.cartography.checkpage import check_page, faults_page
from siteplan.errors import LayerError, PlanError
from siteplan.language import Texts
from siteplan.layers.findings import joined, no_findings, with_messages
from siteplan.layers.formats.filelayer import sha256_of
from siteplan.layers.guessing import guess_plan
from siteplan.layers.layerset import LayerSet
from siteplan.layers.osm import write_osm_county
from siteplan.layers.reader import Reader
from siteplan.layers.reading import read_layers
from siteplan.layers.repairs import Decisions, Repair, gone_keys, read_repairs, with_degrees, write_repairs
from siteplan.layers.writing import write_csv, write_gpkg
from siteplan.outfolder import output_folder, write_record, writing
from siteplan.plan import Plan
from siteplan.reports.roadsheets import MAP_FIGURES, column_headings, figure_rows, road_sheets, without_hardened_road
from siteplan.reports.styles import road_styles
from siteplan.reports.workbook import write_workbook
from siteplan.roads.analysis import RoadChoices, RoadLayers, RoadResult, analyse_roads
from siteplan.roads.gaps import ClosedGap
from siteplan.standards import load_road_profile

MAP, GEOPACKAGE, WORKBOOK = "map.html", "results.gpkg", "tables.xlsx"
WITHOUT, TIMING = "villages_without_hardened_road.csv", "timing.json"
CHECK, REPAIRS, PLAN = "check.html", "repairs.csv", "plan.toml"
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
        decisions = _decisions(plan)
        layers = read_layers(plan, decisions)
        result = _roads(plan, layers, decisions, texts, clock.step)
        findings = with_messages(joined([layers.findings, result.findings]), texts)
        notes = _notes(layers, result, texts)
        clock.step("reports.step.writing")
        with writing(part):
            write_gpkg(part / GEOPACKAGE, _geopackage(result, findings, layers), styles=road_styles(texts))
            in_book = write_workbook(part / WORKBOOK, road_sheets(result, layers, findings, notes, texts))
            without = without_hardened_road(result, texts)
            in_csv = write_csv(part / WITHOUT, without.rename(columns=column_headings(texts, list(without.columns))))
        clock.step("reports.step.map")
        page = _map(plan, layers, result, notes, texts)
        with writing(part / MAP):
            (part / MAP).write_text(page, encoding="utf-8", newline="\n")
        clock.step("")
        # The clock is the one output that differs between two runs; it is no part of the record.
        record = _record(plan, layers, result, findings, notes)
        record["repairs"] = _repairs_used(plan, decisions)
        record["changed_cells"] = [*in_book.listed(), *in_csv.listed()]
        with writing(part):
            _write_json(part / TIMING, clock.seconds)
            write_record(part, record)
    return RunResult(folder, dict(result.headline), findings, notes)


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the layers (None where they cannot be read: `fault` says why), the findings with their
    messages, how many repairs are proposed, and the files written."""

    layers: LayerSet | None
    findings: pd.DataFrame
    repairs: int
    page: Path
    table: Path
    fault: LayerError | None = None


def check(plan: Plan, folder: Path, report: Path | None = None) -> CheckResult:
    """Read and join the plan's layers, say what was found, and propose repairs; nothing of the layers is changed.

    Writes `check.html` and `repairs.csv` into `folder` (decisions already made in the plan's table of repairs are
    kept), and `report` (JSON), if asked for.

    Raises
    ------
    PlanError
        The plan or the table of repairs is at fault. A fault of the layers is in the result.
    OutputWriteError
        A file cannot be written.
    """
    texts = Texts(plan.language)
    decisions = _decisions(plan)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / CHECK, folder / REPAIRS
    title = texts("webmap.check.title", title=plan.title)
    try:
        layers = read_layers(plan, decisions)
    except LayerError as error:
        with writing(page):
            proposals = [one for one in error.proposals if isinstance(one, Repair)]
            count = _write_repairs(table, proposals, decisions, texts, gone=None)
            _replace(page, faults_page(str(error).split("\n"), texts, title=title))
        return CheckResult(None, with_messages(no_findings(), texts), count, page, table, error)
    result = _roads(plan, layers, decisions, texts, lambda key: None)
    layers = replace(layers, proposals=(*layers.proposals, *_gap_repairs(result, layers)))
    found = joined([layers.findings, result.findings])
    findings = with_messages(found, texts)
    from siteplan.webmap import render

    counts = _counts(layers)
    heads = [
        (texts("webmap.check.kept_of", layer=texts(f"layers.layer.{name}")), f"{own['kept']} / {own['read']}")
        for name, own in counts.items()
    ]
    drawn = render(check_page(layers, findings, texts, title=title, headlines=heads))
    with writing(page):
        count = _write_repairs(table, layers.proposals, decisions, texts, gone=gone_keys(found))
        _replace(page, drawn)
    if report is not None:
        with writing(report):
            report.parent.mkdir(parents=True, exist_ok=True)
            _write_json(report, {"layers": counts, "findings": _finding_rows(findings)})
    return CheckResult(layers, findings, count, page, table)


def new_from_files(folder: Path) -> Path:
    """Write a plan skeleton guessed from the files in a folder; returns its path.

    Raises
    ------
    PlanError
        If there is no such folder, or a plan in it.
    OutputWriteError
        If it cannot be written.
    """
    target = folder / PLAN
    if target.exists():
        raise PlanError(f"{target} exists already; it was not touched")
    text = guess_plan(folder)
    with writing(target):
        target.write_text(text, encoding="utf-8", newline="\n")
    return target


def new_from_osm(folder: Path, extract: Path, bbox: str | None) -> Path:
    """Make layers and a plan from an OpenStreetMap extract in a folder; returns the plan's path.

    Raises
    ------
    PlanError
        If the extract is not there, the box is no box, or the folder holds a plan already.
    LayerError
        If the extract cannot be read or holds no settlements or roads.
    OutputWriteError
        If it cannot be written.
    """
    if not extract.is_file():
        raise PlanError(f"--osm: file not found: {extract}")
    if (folder / PLAN).exists():
        raise PlanError(f"{folder / PLAN} exists already; it was not touched")
    with Reader([extract]) as reader:
        read = reader.read_osm(extract, _box(bbox))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return write_osm_county(read, folder, source_name=extract.name)


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise PlanError(f"--bbox: found {text!r}; expected four numbers: west,south,east,north in degrees") from None
    return west, south, east, north


def _decisions(plan: Plan) -> Decisions:
    path = plan.repairs_path()
    return read_repairs(path) if path is not None and path.is_file() else Decisions()


def _write_repairs(
    path: Path, repairs: Iterable[Repair], decisions: Decisions, texts: Texts, *, gone: frozenset[str] | None
) -> int:
    """Write the table of repairs in one step: a planner's decisions are in it."""
    part = path.with_name(f".{path.name}.part")
    count = write_repairs(part, repairs, decisions, texts, gone=gone)
    part.replace(path)
    return count


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def _gap_repairs(result: RoadResult, layers: LayerSet) -> list[Repair]:
    """Suspected gaps as repairs to accept; of two ends that face each other the first stands for both."""
    gaps = result.gaps
    facing: set[tuple[str, str, float]] = set()
    repairs, kept = [], []
    for i, (road, other, m, n) in enumerate(
        zip(gaps["road_id"], gaps["other_id"], gaps["length_m"], gaps["hamlets"], strict=True)
    ):
        if (str(other), str(road), round(m, 1)) in facing:
            continue
        facing.add((str(road), str(other), round(m, 1)))
        kept.append(i)
        repairs.append(
            Repair("close_gap", "roads", id=str(road), values={"other": str(other), "m": f"{m:.1f}", "n": int(n)})
        )
    return with_degrees(repairs, gaps["x"].iloc[kept], gaps["y"].iloc[kept], layers.crs)


def _closed_gaps(decisions: Decisions, layers: LayerSet) -> tuple[ClosedGap, ...]:
    accepted = decisions.accepted("close_gap", "roads")
    if not accepted:
        return ()
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", layers.crs, always_xy=True)
    return tuple(
        ClosedGap(one.id, *to_plane.transform(one.longitude, one.latitude), key) for key, one in accepted.items()
    )


def _repairs_used(plan: Plan, decisions: Decisions) -> dict[str, object] | None:
    """Which table of repairs a run obeyed."""
    path = plan.repairs_path()
    if path is None or not path.is_file():
        return None
    accepted = sum(one.accepted is True for one in decisions.by_key.values())
    return {"file": path.name, "sha256": sha256_of(path), "accepted": accepted}


def _roads(plan: Plan, layers: LayerSet, decisions: Decisions, texts: Texts, step: Step) -> RoadResult:
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
        infer_surface=own.infer_surface,
        closed_gaps=_closed_gaps(decisions, layers),
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
    from siteplan.cartography.countypage import county_page
    from siteplan.webmap import render

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


def _counts(layers: LayerSet) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, layer in layers.layers.items():
        counts = layer.counts
        found[name] = {word: int(getattr(counts, word)) for word in ("read", "kept", "repaired", "dropped")}
        if counts.people is not None:
            found[name]["people"] = {word: _plain(value) for word, value in asdict(counts.people).items()}
    return found


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


def _write_json(path: Path, data: object) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
