"""What hydraulics has to say of points, pipes and hamlets, as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siteplan.layers.findings import findings_of, joined, no_findings
from siteplan.network.ragged import Bools, Floats
from siteplan.water.epanet import Solved
from siteplan.water.hydraulics_static import Rest
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach

if TYPE_CHECKING:
    from siteplan.water.hydraulics import Limits

_FIELD = {"length": "length_m", "diameter": "dn_mm", "roughness": "material", "pump_curve": "pump_head_m", "loop": ""}

_NONE = no_findings()


def hydraulics_findings(
    network: WaterNetwork,
    reach: Reach,
    peak: Solved,
    rest: Rest,
    hamlets: pd.DataFrame,
    links: pd.DataFrame,
    points: pd.DataFrame,
    limits: Limits,
    drained: Floats,
    hamlet_ids: Sequence[str] | None,
) -> pd.DataFrame:
    """What was left out of EPANET and why, what it did not answer, and what lies beyond limits."""
    nodes, parts = network.nodes, peak.parts
    kind = nodes["kind"].to_numpy()
    no_head = reach.nodes["reached"].to_numpy(dtype=bool) & ~parts.fixed & nodes["works"].to_numpy(dtype=bool)
    no_depth = (kind == "tank") & parts.fixed & rest.at_least
    ids = np.array(network.connections.index.astype(str) if hamlet_ids is None else hamlet_ids, dtype=object)
    tap = {"limit": f"{limits.static_tap_m:g}"}
    return joined(
        [
            *(_left_out(network, links, fault) for fault in _FIELD),
            _points(network, no_head & (kind == "source"), "source_head", "head_m"),
            _points(network, no_head & (kind == "tank"), "tank_floor", "floor_m"),
            _points(network, no_depth, "tank_depth", "max_level_m"),
            _failures(network, peak),
            _drained(network, drained),
            *(_unknown(network, hamlets, ids, why) for why in ("no_head", "height", "service_head")),
            _taps(network, hamlets, ids, tap),
            *(_classes(network, links, name) for name in ("over", "marginal")),
            _speeds(network, links, "high", limits.velocity_high_mps),
            _speeds(network, links, "low", limits.velocity_low_mps),
            _high_points(network, points),
        ]
    )


def _on_links(
    network: WaterNetwork, which: Bools, name: str, field: str, each: Sequence[Mapping[str, object]] | None = None
) -> pd.DataFrame:
    if not which.any():
        return _NONE
    chosen = network.links[which]
    middle = shapely.line_interpolate_point(chosen.geometry.to_numpy(), 0.5, normalized=True)
    values = [{"link": link} for link in chosen["link"]]
    return findings_of(
        "water_lines",
        f"water.hydraulics.{name}",
        "noted",
        n=len(chosen),
        ids=chosen["line_id"],
        field=field,
        xs=shapely.get_x(middle),
        ys=shapely.get_y(middle),
        each=values if each is None else [{**own, **more} for own, more in zip(values, each, strict=True)],
    )


def _left_out(network: WaterNetwork, links: pd.DataFrame, fault: str) -> pd.DataFrame:
    which = (links["fault"] == fault).to_numpy()
    chosen = network.links[which]
    each = [
        {"length": _told(length), "inner": _told(inner), "roughness": _told(rough)}
        for length, inner, rough in zip(chosen["length_m"], chosen["inner_mm"], chosen["roughness_c"], strict=True)
    ]
    return _on_links(network, which, f"no_{fault}", _FIELD[fault], each)


def _told(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:g}"


def _points(
    network: WaterNetwork, which: Bools, name: str, field: str, each: Sequence[Mapping[str, object]] | None = None
) -> pd.DataFrame:
    if not which.any():
        return _NONE
    chosen = network.nodes[which]
    values = [{"node": node, "name": named} for node, named in zip(chosen["node"], chosen["name"], strict=True)]
    return findings_of(
        "water_points",
        f"water.hydraulics.{name}",
        "noted",
        n=len(chosen),
        ids=chosen["point_id"],
        field=field,
        xs=chosen.geometry.x,
        ys=chosen.geometry.y,
        each=values if each is None else [{**own, **more} for own, more in zip(values, each, strict=True)],
    )


def _drained(network: WaterNetwork, drained: Floats) -> pd.DataFrame:
    which = np.isfinite(drained)
    told = [
        {"flow": f"{lps:.2f}", "yield": f"{can / 86.4:.2f}"}
        for lps, can in zip(drained[which], network.nodes["yield_m3_per_day"][which], strict=True)
    ]
    return _points(network, which, "over_yield", "yield_m3_per_day", told)


def _failures(network: WaterNetwork, peak: Solved) -> pd.DataFrame:
    """One finding for each part EPANET gave no answer for, at one of its water surfaces."""
    if not peak.failed:
        return _NONE
    start = network.links["start"].to_numpy(np.int64)
    end = network.links["end"].to_numpy(np.int64)
    rows, firsts = [], []
    for part, said in sorted(peak.failed.items()):
        inside = peak.parts.part == part
        at = np.unique(np.concatenate([start[inside], end[inside]]))
        surfaces = at[peak.parts.fixed[at]]
        names = ";".join(network.nodes["node"].to_numpy()[surfaces])
        rows.append({"nodes": names, "n": len(at), "said": said})
        firsts.append(int(surfaces[0]))
    chosen = network.nodes.iloc[firsts]
    return findings_of(
        "water_points",
        "water.hydraulics.no_answer",
        "noted",
        n=len(rows),
        ids=chosen["point_id"],
        xs=chosen.geometry.x,
        ys=chosen.geometry.y,
        each=rows,
    )


def _on_hamlets(
    network: WaterNetwork, which: Bools, ids: np.ndarray, name: str, each: Sequence[Mapping[str, object]]
) -> pd.DataFrame:
    if not which.any():
        return _NONE
    at = network.nodes.geometry.iloc[network.connections["node"].to_numpy(np.int64)[which]]
    return findings_of(
        "villages",
        f"water.hydraulics.{name}",
        "noted",
        n=int(which.sum()),
        ids=ids[which],
        xs=at.x,
        ys=at.y,
        each=each,
    )


def _unknown(network: WaterNetwork, hamlets: pd.DataFrame, ids: np.ndarray, why: str) -> pd.DataFrame:
    which = (hamlets["why"] == why).to_numpy()
    return _on_hamlets(network, which, ids, f"hamlet_{why}", [{}] * int(which.sum()))


def _taps(network: WaterNetwork, hamlets: pd.DataFrame, ids: np.ndarray, tap: Mapping[str, object]) -> pd.DataFrame:
    which = (hamlets["static"] == "over").to_numpy()
    each = [{"static": f"{metres:.0f}", **tap} for metres in hamlets["static_m"][which]]
    return _on_hamlets(network, which, ids, "tap_static", each)


def _classes(network: WaterNetwork, links: pd.DataFrame, name: str) -> pd.DataFrame:
    which = (links["pipe_class"] == name).to_numpy()
    each = [
        {"static": f"{static:.0f}", "class_m": f"{pn:g}"}
        for static, pn in zip(links["static_m"][which], network.links["pn_m"][which], strict=True)
    ]
    return _on_links(network, which, f"pipe_{name}", "pn_m", each)


def _speeds(network: WaterNetwork, links: pd.DataFrame, name: str, limit: float) -> pd.DataFrame:
    which = (links["velocity"] == name).to_numpy()
    each = [{"velocity": f"{speed:.2f}", "limit": f"{limit:g}"} for speed in links["velocity_mps"][which]]
    return _on_links(network, which, f"velocity_{name}", "dn_mm", each)


def _high_points(network: WaterNetwork, points: pd.DataFrame) -> pd.DataFrame:
    each = [
        {"station": f"{station:.0f}", "above": f"{above:.1f}", "verdict": verdict}
        for station, above, verdict in zip(points["station_m"], points["above_m"], points["verdict"], strict=True)
    ]
    tables = []
    for verdict in ("negative", "marginal"):
        which = np.zeros(len(network.links), dtype=bool)
        of = (points["verdict"] == verdict).to_numpy()
        which[points["link"].to_numpy(np.int64)[of]] = True
        # Points come by link, as rows of links do.
        own = [one for one, taken in zip(each, of, strict=True) if taken]
        tables.append(_on_links(network, which, f"high_point_{verdict}", "", own))
    return joined(tables)
