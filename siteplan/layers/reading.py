"""Reading all layers of a plan: each file checked and read, one CRS for all, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import shapely

from siteplan.errors import LayerError
from siteplan.layers import crs as crs_rules
from siteplan.layers.cleaning import clean
from siteplan.layers.contract import contracts
from siteplan.layers.findings import joined
from siteplan.layers.formats.filelayer import Request
from siteplan.layers.formats.postgis import is_address, shown
from siteplan.layers.layerset import Layer, LayerSet
from siteplan.layers.locating import located, reference_for
from siteplan.layers.rawlayer import RawLayer, decoded
from siteplan.layers.reader import Limits, Reader
from siteplan.layers.repairs import Decisions, Repair
from siteplan.layers.shifts import common_shift, shift_finding
from siteplan.plan import LayerPlan, Plan


def read_layers(
    plan: Plan, decisions: Decisions | None = None, *, progress: Callable[[str], None] | None = None
) -> LayerSet:
    """Read every layer the plan gives into one projected metric CRS.

    Parameters
    ----------
    plan
        The plan; its CRS is taken, or chosen from the villages where it says `auto`.
    decisions
        What a planner decided on proposed repairs; without, nothing is repaired that the plan does not say.
    progress
        Called with a layer's name before it is read.

    Raises
    ------
    LayerError
        Layers cannot be used as given; the message says for each what to do.
    PlanError
        The plan's CRS cannot serve.
    """
    decided = decisions or Decisions()
    target = None if plan.crs == "auto" else crs_rules.run_crs(plan.crs)
    raws = _raw_layers(plan, progress)
    for name in ("villages", "roads"):
        if raws[name].table.empty:
            raise LayerError(
                f"{name}: no features: {plan.layer_path(name)} is empty (0 rows); give the file that holds them"
            )
    there = located(raws, plan, decided)
    raws = there.raws
    if target is None:
        longitude, latitude = crs_rules.centre_in_degrees(raws["villages"].table)
        chinese = plan.country == "CN" or crs_rules.first_chinese(raw.table for raw in raws.values())
        target = crs_rules.auto_crs(longitude, latitude, chinese=chinese)
    layers: dict[str, Layer] = {}
    findings: list[pd.DataFrame] = []
    proposals: list[Repair] = []
    for name, raw in raws.items():
        layer_plan = plan.layer(name)
        assert layer_plan is not None
        cleaned = clean(contracts()[name], raw, layer_plan, target, decided, reference=reference_for(name, there.boxes))
        layers[name] = cleaned.layer
        findings.append(cleaned.findings)
        proposals += cleaned.proposals
    if layers["villages"].counts.kept == 0:
        raise LayerError("villages: no feature has a usable place; check the coordinates and the CRS")
    if layers["roads"].counts.kept == 0:
        raise LayerError("roads: no feature is a usable line; check the file")
    findings.append(_shift(layers, target))
    absent = tuple(name for name in contracts() if name not in layers)
    return LayerSet(layers, target, joined(findings), absent, tuple(proposals))


def _shift(layers: dict[str, Layer], crs: pyproj.CRS) -> pd.DataFrame:
    """The suspicion that villages stand shifted against the roads, as a finding."""
    points = layers["villages"].table.geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return shift_finding(common_shift(xy, layers["roads"].table.geometry.to_numpy(), crs))


def _raw_layers(plan: Plan, progress: Callable[[str], None] | None) -> dict[str, RawLayer]:
    """Every layer of the plan as its file has it; what is wrong with any of them is told together."""
    given = {name: layer for name in contracts() if (layer := plan.layer(name)) is not None}
    requests = {name: request_for(name, layer, plan.root) for name, layer in given.items()}
    raws: dict[str, RawLayer] = {}
    faults: list[str] = []
    with Reader([request.path for request in requests.values()], Limits(**plan.reading.model_dump())) as reader:
        for name, request in requests.items():
            if progress is not None:
                progress(name)
            try:
                raws[name] = decoded(name, reader.read(request))
            except LayerError as error:
                faults.append(str(error))
    if faults:
        raise LayerError("\n".join(faults))
    return raws


def request_for(name: str, plan: LayerPlan, root: Path) -> Request:
    """What the reading process is asked for a layer of a plan."""
    database = is_address(plan.path)
    return Request(
        contract=name,
        path=Path(name) if database else root / plan.path,
        address=plan.path if database else "",
        name=shown(plan.path) if database else "",
        layer=plan.layer,
        crs=plan.crs,
        encoding=plan.encoding,
        x=plan.x,
        y=plan.y,
        query=plan.query,
        columns=dict(plan.columns),
        needs_place="None" not in contracts()[name].geometry,
    )
