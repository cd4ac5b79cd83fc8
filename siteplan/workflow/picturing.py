"""A still picture of the county's map, for documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from siteplan.language import Texts
from siteplan.layers.reading import read_layers
from siteplan.pictures import draw_picture, picture_format
from siteplan.plan import Plan
from siteplan.workflow.judging import decisions_of
from siteplan.workflow.mapping import map_page
from siteplan.workflow.running import answer


def picture(
    plan: Plan,
    out: Path,
    *,
    layers: Sequence[str] = (),
    language: Literal["zh", "en"] | None = None,
    step: Callable[[str], None] = lambda text: None,
    **options: Any,
) -> Path:
    """Analyse the plan and draw layers of its map into a file; returns its path.

    Parameters
    ----------
    layers
        Keys of the map's layers (`villages`, `roads`, ...); none: what the map shows when it is opened.
    language
        Language of the picture; default the plan's.
    options
        As `siteplan.pictures.draw_picture` takes them: theme, width_mm, height_mm, dpi, font, extent, title.

    Raises
    ------
    PlanError, LayerError
        If the plan, the data, or the options are at fault.
    OutputWriteError
        If the file cannot be written.
    """
    picture_format(out)  # an answer of seconds should not end with a word about the file's name
    spoken = language or plan.language
    texts = Texts(plan.language)

    def told(key: str) -> None:
        step(texts(key))

    told("reports.step.reading")
    decisions = decisions_of(plan)
    answers = answer(plan, read_layers(plan, decisions), decisions, texts, step=told)
    told("reports.step.map")
    in_one = plan.model_copy(update={"map": plan.map.model_copy(update={"language": spoken})})
    page = replace(map_page(in_one, answers), translation=None)
    draw_picture(page, out, layers=layers, **options)
    return out
