"""Every key of the plan file, for the manual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from siteplan.plan.model import (
    LayerPlan,
    MapSection,
    OutputSection,
    PlanSection,
    ReadingSection,
    RoadsSection,
    TerrainSection,
    WaterSection,
)


@dataclass(frozen=True)
class KeyDoc:
    """One key of the plan file, for the manual: dotted path, what it takes, its default and what it means."""

    key: str
    takes: str
    default: str
    meaning: str


def plan_keys() -> list[KeyDoc]:
    """Every key of the plan file in order; `layers.NAME.…` stands for each layer."""
    return [
        *_docs("plan", PlanSection),
        *_docs("layers.NAME", LayerPlan),
        *_docs("roads", RoadsSection),
        *_docs("water", WaterSection),
        *_docs("reading", ReadingSection),
        *_docs("terrain", TerrainSection),
        *_docs("map", MapSection),
        *_docs("output", OutputSection),
    ]


def _docs(prefix: str, section: type[BaseModel]) -> list[KeyDoc]:
    docs = []
    for name, field in section.model_fields.items():
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        shown = "" if default in (None, {}, []) else str(default).lower() if isinstance(default, bool) else str(default)
        docs.append(KeyDoc(f"{prefix}.{name}", _takes(field.annotation), shown, field.description or ""))
    return docs


def _takes(annotation: Any) -> str:
    names = {str: "text", float: "number", bool: "true or false"}
    if annotation in names:
        return names[annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(annotation))
    if get_origin(annotation) is list:
        own = get_args(annotation)[0]
        return "list of texts" if own is str else f"list of {_takes(own)}"
    if get_origin(annotation) is dict:
        return "table"
    # a union: what it may be beside nothing; Annotated[float, ...]: the number
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Annotated:
        return _takes(parts[0])
    return " or ".join(_takes(part) for part in parts)
