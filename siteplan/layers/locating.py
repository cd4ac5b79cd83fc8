"""Where layers lie: the CRS of each, what the plan says against the file, and whether the layers agree.

What contradicts itself is an error that names what the numbers look like; nothing is moved, swapped or converted but on
the plan's word or an accepted repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pyproj

from siteplan.errors import LayerError
from siteplan.language import Texts
from siteplan.layers import crs as crs_rules
from siteplan.layers.contract import contracts
from siteplan.layers.datums import converted
from siteplan.layers.diagnosis import Box, Contradiction, contradiction, crs_candidates, named
from siteplan.layers.findings import finding
from siteplan.layers.rawlayer import RawLayer
from siteplan.layers.repairs import Decisions, Repair, no_longer_there
from siteplan.layers.strays import axes_swapped, degrees_box, places
from siteplan.plan import LayerPlan, Plan

_TRUSTED = ("roads", "villages", "boundaries", "centres", "water_lines", "sites")
"""Which layer's place others are held against: the first of these that is another."""


@dataclass(frozen=True)
class Located:
    """Layers with their CRS, and where those lie that others are held against (degrees, features astray left out)."""

    raws: dict[str, RawLayer]
    boxes: dict[str, Box]


def located(raws: Mapping[str, RawLayer], plan: Plan, decisions: Decisions) -> Located:
    """The layers with the CRS they are in, after what the plan and accepted repairs say of swaps and datums.

    Parameters
    ----------
    raws
        Layers as read; a layer without CRS gets the plan's.
    plan
        Its layers' `crs`, `crs_wins`, `swap_xy` and `datum`.
    decisions
        Accepted `swap_axes` of whole layers.

    Raises
    ------
    LayerError
        Every fault of every layer: no CRS, numbers that contradict the CRS, layers in different places. Carries the
        swaps that would mend it.
    """
    faults: list[LayerError] = []
    known: dict[str, RawLayer] = {}
    silent: dict[str, RawLayer] = {}
    chinese = plan.country == "CN" or crs_rules.first_chinese(raw.table for raw in raws.values())
    for name, raw in raws.items():
        layer_plan = _layer_plan(plan, name)
        try:
            found = _with_crs(name, raw, layer_plan)
        except LayerError as error:
            faults.append(error)
            continue
        if found is None:
            silent[name] = raw
        else:
            known[name] = _turned(name, found) if layer_plan.swap_xy else found
    known = _swapped(known, decisions, chinese=chinese)
    known = {name: _on_wgs84(name, raw, _layer_plan(plan, name)) for name, raw in known.items()}
    boxes = _boxes(known)
    for name, raw in silent.items():
        faults.append(_no_crs(name, raw, reference_for(name, boxes), chinese=chinese))
    for name, reference in _judged(known, boxes, chinese=chinese):
        against = _against(known[name], reference, chinese=chinese)
        if against is not None:
            faults.append(_contradicted(name, known[name], against))
    if faults:
        message = "\n".join(str(fault) for fault in faults)
        raise LayerError(message, proposals=[one for fault in faults for one in fault.proposals])
    return Located(known, boxes)


def _layer_plan(plan: Plan, name: str) -> LayerPlan:
    found = plan.layer(name)
    assert found is not None
    return found


def _with_crs(name: str, raw: RawLayer, plan: LayerPlan) -> RawLayer | None:
    """The layer with the file's CRS or the plan's; None where neither says one and the layer needs it."""
    table = raw.table
    if table.crs is not None:
        if plan.crs is None:
            return raw
        wanted = crs_rules.crs_from(plan.crs, key=f"layers.{name}.crs")
        if pyproj.CRS(table.crs).equals(wanted, ignore_axis_order=True):
            return raw
        said = crs_rules.label(table.crs)
        if plan.crs_wins:
            table = table.set_crs(wanted, allow_override=True)
            note = finding(name, "layers.crs_overruled", "repaired", file=said, plan=plan.crs)
        else:
            note = finding(name, "layers.crs_differs", "noted", file=said, plan=plan.crs)
        return replace(raw, table=table, findings=[*raw.findings, note])
    if plan.crs is not None:
        wanted = crs_rules.crs_from(plan.crs, key=f"layers.{name}.crs")
        return replace(raw, table=table.set_crs(wanted))
    if not table.geometry.notna().any() and "None" in contracts()[name].geometry:
        return raw
    return None


def _turned(name: str, raw: RawLayer) -> RawLayer:
    """The layer with its axes swapped."""
    shapes = axes_swapped(raw.table.geometry.to_numpy())
    table = raw.table.set_geometry(gpd.GeoSeries(shapes, index=raw.table.index, crs=raw.table.crs))
    note = finding(name, "layers.done_swap_axes", "repaired", field="geometry", old="", new="")
    return replace(raw, table=table, findings=[*raw.findings, note])


def _swapped(known: Mapping[str, RawLayer], decisions: Decisions, *, chinese: bool) -> dict[str, RawLayer]:
    """The layers, those swapped whose swap was accepted; where it is not needed any more, that is told instead."""
    accepted = [name for name in known if decisions.accepts(_swap(name))]
    turned = {**known, **{name: _turned(name, known[name]) for name in accepted}}
    boxes = _boxes(turned)
    out = dict(turned)
    for name in accepted:
        raw, reference = known[name], reference_for(name, boxes)
        against = _against(raw, reference, chinese=chinese)
        if against is None or not _asks_for_swap(against, crs_rules.label(pyproj.CRS(raw.table.crs))):
            gone = no_longer_there(name, [_swap(name).key])
            out[name] = replace(raw, findings=[*raw.findings, gone])
    return out


def _on_wgs84(name: str, raw: RawLayer, plan: LayerPlan) -> RawLayer:
    """The layer with its map datum converted, where the plan says so."""
    if plan.datum is None:
        return raw
    try:
        table = converted(raw.table, plan.datum)
    except LayerError as error:
        raise LayerError(f"{name}: {error}") from error
    note = finding(name, "layers.datum_converted", "repaired", field="geometry", datum=plan.datum)
    return replace(raw, table=table, findings=[*raw.findings, note])


def _asks_for_swap(against: Contradiction, said: str) -> bool:
    """Whether swapped axes are what mends a contradiction with the CRS that a layer says."""
    best = against.candidates[0] if against.candidates else None
    return against.code == "layers.axes_swapped" or (best is not None and best.swapped and best.crs == said)


def _swap(name: str) -> Repair:
    return Repair("swap_axes", name)


def _boxes(known: Mapping[str, RawLayer]) -> dict[str, Box]:
    """Where the layers lie that others are held against, in degrees, features astray left out."""
    boxes = {}
    for name in _TRUSTED:
        if name in known and known[name].table.crs is not None:
            box = degrees_box(known[name].table.geometry.to_numpy(), pyproj.CRS(known[name].table.crs))
            if box is not None:
                boxes[name] = box
    return boxes


def reference_for(name: str, boxes: Mapping[str, Box], *, leaving: str = "") -> Box | None:
    """What a layer is held against: the first of the trusted layers that is another; None where it stands alone."""
    return next((box for other, box in boxes.items() if other not in (name, leaving)), None)


def _against(raw: RawLayer, reference: Box | None, *, chinese: bool) -> Contradiction | None:
    if raw.table.crs is None:
        return None
    points = places(raw.table.geometry.to_numpy())
    return contradiction(points, pyproj.CRS(raw.table.crs), reference=reference, chinese=chinese)


def _judged(known: Mapping[str, RawLayer], boxes: Mapping[str, Box], *, chinese: bool) -> list[tuple[str, Box | None]]:
    """Which layers are to be judged, and by the place of what.

    Hamlets are held against the roads, and the other layers too; the roads, which may reach far beyond the hamlets,
    against nothing. Where hamlets and roads contradict each other both are suspects: a third layer that agrees with
    the hamlets clears them and lays it on the roads. The others, held against roads at fault, are not judged then.
    """
    if not {"villages", "roads"} <= set(known):
        return [(name, reference_for(name, boxes)) for name in known]
    if _against(known["villages"], boxes.get("roads"), chinese=chinese) is None:
        return [(name, None if name == "roads" else reference_for(name, boxes)) for name in known]
    third = reference_for("villages", boxes, leaving="roads")
    if third is not None and _against(known["villages"], third, chinese=chinese) is None:
        return [("roads", third)]
    return [("villages", boxes.get("roads")), ("roads", None)]


def _contradicted(name: str, raw: RawLayer, against: Contradiction) -> LayerError:
    said = crs_rules.label(pyproj.CRS(raw.table.crs))
    text = Texts("en")(f"layers.finding.{against.code.removeprefix('layers.')}", **against.values(said))
    best = against.candidates[0] if against.candidates else None
    proposals = []
    if _asks_for_swap(against, said):
        proposals = [replace(_swap(name), values={"n": against.n, "of": against.of, "example": against.example})]
        cure = f"to swap them: [layers.{name}] swap_xy = true, or accept the repair in repairs.csv (siteplan check)"
    elif best is not None and best.crs:
        turned = "swap_xy = true, " if best.swapped else ""
        cure = f'if that is right, say so in the plan: [layers.{name}] {turned}crs = "{best.crs}", crs_wins = true'
    else:
        cure = (
            f"check the CRS of the file and that it is of the same county as the others, or say the CRS in the plan: "
            f'[layers.{name}] crs = "EPSG:n", crs_wins = true'
        )
    return LayerError(f"{name}: {text}; {cure}", proposals=proposals)


def _no_crs(name: str, raw: RawLayer, reference: Box | None, *, chinese: bool) -> LayerError:
    why = raw.crs_fault or "the file does not say which coordinate system (CRS) it is in"
    points = places(raw.table.geometry.to_numpy())
    points = points[np.isfinite(points).all(axis=1)]
    likely = crs_candidates(points, reference=reference, chinese=chinese) if len(points) else []
    words = f"; the numbers look like {named(likely)}" if likely else ""
    best = next((one.crs for one in likely if one.crs and not one.swapped), "EPSG:n")
    return LayerError(f'{name}: {why}{words}; say it in the plan: [layers.{name}] crs = "{best}"')
