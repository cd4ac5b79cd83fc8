"""What a run and a check say of themselves in JSON: versions, inputs, rules, counts, findings."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from siteplan import __version__
from siteplan.layers.formats.filelayer import sha256_of
from siteplan.layers.layerset import LayerSet
from siteplan.layers.repairs import Decisions
from siteplan.plan import Plan
from siteplan.roads.analysis import RoadResult

LIBRARIES = ("geopandas", "shapely", "pyogrio", "pyproj", "numpy", "scipy", "pandas", "networkx", "folium")


def record_of(plan: Plan, layers: LayerSet, findings: pd.DataFrame, notes: list[str]) -> dict[str, object]:
    """What every run records: versions, plan, inputs with their hashes, accounting, findings."""
    return {
        "siteplan": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "plan": plan.name,
        "title": plan.title,
        "language": plan.language,
        "crs": f"EPSG:{layers.crs.to_epsg()}",
        "crs_name": layers.crs.name,
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
        "layers": counts_of(layers),
        "layers_absent": list(layers.absent),
        "findings": finding_rows(findings),
    }


def grounds_used(plan: Plan) -> list[dict[str, object]]:
    """The files that lie beneath the map: height files and tiles, with their hashes."""
    tiles = [] if plan.map.tiles is None else [("tiles", plan.root / plan.map.tiles)]
    files = [*(("dem", path) for path in plan.dem_paths()), *tiles]
    return [{"kind": kind, "file": path.name, "sha256": sha256_of(path)} for kind, path in files]


def road_record(result: RoadResult) -> dict[str, object]:
    """What the road analysis adds: profile, parameters, headline figures, rules."""
    return {
        "profile": result.parameters["profile"],
        "parameters": dict(result.parameters),
        "headline": plain_figures(result.headline),
        "rules": result.rules.to_dict("records"),
    }


def plain_figures(figures: Mapping[str, object]) -> dict[str, object]:
    """Figures as JSON knows them; what is not known is null."""
    return {str(name): _plain(value) for name, value in figures.items()}


def repairs_used(plan: Plan, decisions: Decisions) -> dict[str, object] | None:
    """Which table of repairs a run obeyed."""
    path = plan.repairs_path()
    if path is None or not path.is_file():
        return None
    accepted = sum(one.accepted is True for one in decisions.by_key.values())
    return {"file": path.name, "sha256": sha256_of(path), "accepted": accepted}


def counts_of(layers: LayerSet) -> dict[str, dict[str, object]]:
    """The accounting of each layer: features read, kept, repaired, dropped, and people where it has them."""
    found: dict[str, dict[str, object]] = {}
    for name, layer in layers.layers.items():
        counts = layer.counts
        found[name] = {word: int(getattr(counts, word)) for word in ("read", "kept", "repaired", "dropped")}
        if counts.people is not None:
            found[name]["people"] = {word: _plain(value) for word, value in asdict(counts.people).items()}
    return found


def finding_rows(findings: pd.DataFrame) -> list[dict[str, object]]:
    """Findings with their messages as rows for JSON."""
    columns = ["layer", "row", "id", "field", "code", "action", "message"]
    rows = [None if pd.isna(row) else int(row) for row in findings["row"]]
    parts = (rows if name == "row" else findings[name].tolist() for name in columns)
    return [dict(zip(columns, row, strict=True)) for row in zip(*parts, strict=True)]


def _plain(value: object) -> object:
    """Numbers JSON knows; a figure that is not known is null, never NaN."""
    if isinstance(value, (float, np.floating)):
        return None if not np.isfinite(value) else round(float(value), 6)
    return int(value) if isinstance(value, np.integer) else value


def write_json(path: Path, data: object) -> None:
    """A JSON file that people can read too."""
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
