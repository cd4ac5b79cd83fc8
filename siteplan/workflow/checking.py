"""A check of the layers: what is wrong, where, and which repairs are proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from siteplan.cartography.checkpage import check_page, faults_page
from siteplan.errors import LayerError
from siteplan.language import Texts
from siteplan.layers.findings import joined, no_findings, with_messages
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reading import read_layers
from siteplan.layers.repairs import Decisions, Repair, gone_keys, with_degrees, write_repairs
from siteplan.outfolder import writing
from siteplan.plan import Plan
from siteplan.roads.analysis import RoadResult, analyse_roads
from siteplan.workflow.judging import decisions_of, road_question
from siteplan.workflow.recording import counts_of, finding_rows, write_json

CHECK, REPAIRS = "check.html", "repairs.csv"


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
    decisions = decisions_of(plan)
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
    question = road_question(plan, layers, decisions)
    result = analyse_roads(question.layers, question.profile, question.choices, texts)
    layers = replace(layers, proposals=(*layers.proposals, *_gap_repairs(result, layers)))
    found = joined([layers.findings, result.findings])
    findings = with_messages(found, texts)
    from siteplan.webmap import render

    counts = counts_of(layers)
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
            write_json(report, {"layers": counts, "findings": finding_rows(findings)})
    return CheckResult(layers, findings, count, page, table)


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
