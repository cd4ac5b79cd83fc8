"""`siteplan water`: the water of a plan without the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from siteplan.errors import PlanError
from siteplan.language import Texts
from siteplan.layers.findings import joined, with_messages
from siteplan.layers.reading import read_layers
from siteplan.layers.writing import write_gpkg
from siteplan.outfolder import output_folder, write_record, writing
from siteplan.plan import Plan
from siteplan.reports.roadsheets import record_sheets
from siteplan.reports.workbook import write_workbook
from siteplan.roads.judgement import judge_hamlets
from siteplan.workflow.extending import extension_answer
from siteplan.workflow.judging import decisions_of, road_question
from siteplan.workflow.mapping import worded
from siteplan.workflow.recording import record_of, write_json
from siteplan.workflow.running import EPANET, GEOPACKAGE, PROFILES, TIMING, WORKBOOK, Clock, RunResult, findings_layer
from siteplan.workflow.waterfiles import (
    extension_sheets,
    extension_tables,
    water_sheets,
    water_tables,
    write_inp,
    write_profiles,
)
from siteplan.workflow.watering import water_answer
from siteplan.workflow.waterprofiles import MOST


def water(plan: Plan, folder: Path, *, step: Callable[[str], None] = lambda text: None) -> RunResult:
    """Judge the water of every hamlet and publish GeoPackage, tables and EPANET file in `folder`.

    The roads are joined, for people walk on them to a tap, but not judged.

    Raises
    ------
    PlanError, LayerError
        If the plan or the data are at fault, or the plan has neither pipes nor water points.
    OutputLockedError, OutputWriteError
        If the folder is held by another run, or cannot be written.
    """
    texts = Texts(plan.language)
    clock = Clock(texts, step)
    with output_folder(folder) as part:
        clock.step("reports.step.reading")
        decisions = decisions_of(plan)
        layers = read_layers(plan, decisions)
        clock.step("roads.step.network")
        question = road_question(plan, layers, decisions)
        roads = judge_hamlets(question.layers, question.profile, question.choices, texts).access.network
        found = water_answer(plan, layers, roads, texts, step=clock.step)
        if found is None:
            raise PlanError("the plan has no water: give [layers.water_lines] or [layers.water_points] with features")
        findings = with_messages(joined([layers.findings, found.findings]), texts)
        extensions = extension_answer(plan, layers, found, step=clock.step)
        told = [*found.demands.notes, *(() if extensions is None else extensions.notes)]
        notes = worded(told, texts)
        clock.step("reports.step.writing")
        with writing(part):
            tables = water_tables(found, layers.table("villages"))
            sheets, rules = water_sheets(found, layers, texts), found.rules
            if extensions is not None:
                tables |= extension_tables(extensions, tables["villages"], texts)
                sheets += extension_sheets(extensions, texts)
                rules = pd.concat([rules, extensions.rules], ignore_index=True)
            sheets += record_sheets(findings, rules, texts)
            write_gpkg(part / GEOPACKAGE, tables | {"findings": findings_layer(findings, layers.crs)}, styles={})
            changed = write_workbook(part / WORKBOOK, sheets)
            write_inp(part / EPANET, found)
            write_profiles(part / PROFILES, found, extensions, layers, texts, title=plan.title, most=MOST)
        clock.step("")
        record = record_of(plan, layers, findings, notes) | {"water": found.record()}
        if extensions is not None:
            record["water_extensions"] = extensions.record()
        record["changed_cells"] = changed.listed()
        with writing(part):
            write_json(part / TIMING, clock.seconds)
            write_record(part, record)
    return RunResult(folder, dict(found.coverage.headline), findings, notes)
