"""A run, from plan to published results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from siteplan.language import Texts
from siteplan.layers.findings import joined, with_messages
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reading import read_layers
from siteplan.layers.repairs import Decisions
from siteplan.layers.writing import write_csv, write_gpkg
from siteplan.outfolder import output_folder, write_record, writing
from siteplan.plan import Plan
from siteplan.reports.plannedsheets import planned_sheet
from siteplan.reports.powersheets import power_sheets
from siteplan.reports.roadsheets import column_headings, road_sheets, without_hardened_road
from siteplan.reports.styles import road_styles
from siteplan.reports.workbook import write_workbook
from siteplan.roads.analysis import RoadResult, analyse_roads
from siteplan.webmap import render
from siteplan.workflow.extending import extension_answer
from siteplan.workflow.grounds import read_grounds
from siteplan.workflow.judging import decisions_of, road_question
from siteplan.workflow.mapping import Answers, map_page, worded
from siteplan.workflow.planned import PlannedCounty, planned_county
from siteplan.workflow.powering import power_answer
from siteplan.workflow.recording import grounds_used, record_of, repairs_used, road_record, write_json
from siteplan.workflow.waterfiles import (
    extension_sheets,
    extension_tables,
    water_sheets,
    water_tables,
    write_inp,
    write_profiles,
)
from siteplan.workflow.watering import water_answer

MAP, GEOPACKAGE, WORKBOOK = "map.html", "results.gpkg", "tables.xlsx"
EPANET, PROFILES = "water.inp", "water_profiles.pdf"
PROFILES_IN_RUN = 6
"""Profiles that a run draws, the worst, and as many of new lines; `siteplan water` draws more."""
WITHOUT, TIMING = "villages_without_hardened_road.csv", "timing.json"

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


class Clock:
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
    clock = Clock(texts, step)
    with output_folder(folder) as part:
        clock.step("reports.step.reading")
        decisions = decisions_of(plan)
        layers = read_layers(plan, decisions)
        answers = answer(plan, layers, decisions, texts, step=clock.step)
        result, planned = answers.roads, answers.planned
        found = [layers.findings, result.findings, answers.project_findings]
        if answers.water is not None:
            found.append(answers.water.findings)
        if answers.power is not None:
            found.append(answers.power.findings)
        findings = with_messages(joined(found), texts)
        notes = worded(answers.notes, texts)
        clock.step("reports.step.writing")
        with writing(part):
            tables = _geopackage(result, findings, layers, planned)
            if answers.water is not None:
                tables |= water_tables(answers.water, result.villages)
            if answers.extensions is not None:
                tables |= extension_tables(answers.extensions, tables["villages"], texts)
            if answers.power is not None:
                tables["villages"] = answers.power.on_villages(tables["villages"])
                tables["power_lines"] = answers.power.on_lines(layers.table("power_lines"))
            write_gpkg(part / GEOPACKAGE, tables, styles=road_styles(texts))
            ruled = replace(result, rules=_all_rules(answers))
            sheets = road_sheets(ruled, layers, findings, notes, texts)
            if planned is not None:
                sheets.insert(2, planned_sheet(planned.comparison.townships, texts))
            if answers.water is not None:
                sheets[-2:-2] = water_sheets(answers.water, layers, texts)
                write_inp(part / EPANET, answers.water)
                write_profiles(
                    part / PROFILES, answers.water, answers.extensions, layers, texts, title=plan.title,
                    most=PROFILES_IN_RUN,
                )  # fmt: skip
            if answers.extensions is not None:
                sheets[-2:-2] = extension_sheets(answers.extensions, texts)
            if answers.power is not None:
                power = answers.power
                sheets[-2:-2] = power_sheets(layers.table("villages"), power.reach.villages, power.coverage, texts)
            in_book = write_workbook(part / WORKBOOK, sheets)
            without = without_hardened_road(result, texts)
            in_csv = write_csv(part / WITHOUT, without.rename(columns=column_headings(texts, list(without.columns))))
        clock.step("reports.step.map")
        page = render(map_page(plan, answers))
        with writing(part / MAP):
            (part / MAP).write_text(page, encoding="utf-8", newline="\n")
        clock.step("")
        # The clock is the one output that differs between two runs; it is no part of the record.
        record = record_of(plan, layers, findings, notes) | road_record(result)
        record["grounds"] = grounds_used(plan)
        if answers.water is not None:
            record["water"] = answers.water.record()
        if answers.extensions is not None:
            record["water_extensions"] = answers.extensions.record()
        if answers.power is not None:
            record["power"] = answers.power.record()
        record["repairs"] = repairs_used(plan, decisions)
        record["changed_cells"] = [*in_book.listed(), *in_csv.listed()]
        with writing(part):
            write_json(part / TIMING, clock.seconds)
            write_record(part, record)
    return RunResult(folder, dict(result.headline), findings, notes)


def _all_rules(answers: Answers) -> pd.DataFrame:
    others = [one.rules for one in (answers.water, answers.extensions, answers.power) if one is not None]
    return pd.concat([answers.roads.rules, *others], ignore_index=True)


def answer(plan: Plan, layers: LayerSet, decisions: Decisions, texts: Texts, *, step: Callable[[str], None]) -> Answers:
    """All analyses of a plan's layers, in their order; `step` is told the catalogue key of each as it begins."""
    # First what may be at fault: the analyses take their time.
    grounds = read_grounds(plan, layers)
    question = road_question(plan, layers, decisions)
    result = analyse_roads(question.layers, question.profile, question.choices, texts, step=step)
    step("reports.step.planned")
    planned, of_projects = planned_county(question, result, layers, texts)
    water = water_answer(plan, layers, result.access.network, texts, step=step)
    extensions = None if water is None else extension_answer(plan, layers, water, step=step)
    power = power_answer(plan, layers, texts, step=step)
    return Answers(layers, question, result, planned, water, extensions, power, grounds, of_projects)


def findings_layer(findings: pd.DataFrame, crs: object) -> gpd.GeoDataFrame:
    """Findings as points, those without a place without a geometry."""
    places = gpd.points_from_xy(findings["x"], findings["y"])
    points = gpd.GeoSeries(places, crs=crs).where(findings["x"].notna().to_numpy(), None)
    rows = findings.drop(columns=["x", "y"]).assign(row=findings["row"].astype("float64"))
    return gpd.GeoDataFrame(rows, geometry=points, crs=crs)


def _geopackage(
    result: RoadResult, findings: pd.DataFrame, layers: LayerSet, planned: PlannedCounty | None
) -> dict[str, pd.DataFrame]:
    return {
        "villages": result.villages,
        "roads": result.roads,
        "ways": result.ways,
        "breaks": result.breaks,
        "gaps": result.gaps,
        "works": result.works,
        "findings": findings_layer(findings, layers.crs),
        "coverage": result.coverage,
        **({} if planned is None else {"planned": planned.comparison.villages}),
    }
