"""A plan to begin with: guessed from the files of a folder, or with layers made from OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

from siteplan.errors import PlanError
from siteplan.layers.guessing import guess_plan
from siteplan.layers.osm import write_osm_county
from siteplan.layers.reader import Reader
from siteplan.outfolder import writing

PLAN = "plan.toml"


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
