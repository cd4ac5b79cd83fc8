"""What the water room passes from step to step: the network, the demands, and the answers, as plain frozen tables.

SI throughout: metres, cubic metres a day, litres a second where a name says `lps`. NaN is "not known", never a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd

NodeKind = Literal["junction", "source", "tank", "tap"]
LinkKind = Literal["pipe", "pump", "valve"]
LinkState = Literal["open", "closed", "planned", "broken"]
Known = Literal["yes", "no", "unknown"]

LEVELS = ("piped_adequate", "piped_deficient", "tap_in_reach", "tap_too_far", "unserved", "unknown")
"""Service levels of a hamlet from better to worse; unknown stands apart and is never served."""


@dataclass(frozen=True)
class WaterNetwork:
    """Pipes and points joined into one network, in the run's metric CRS.

    nodes : points, index 0..n-1.
        node (unique ASCII id of at most 20 characters: J1, S1, T1, P1), kind (`NodeKind`), point_id (id in
        `water_points`, "" for a node of pipes only), name, z_m (ground or surveyed elevation), z_from ("surveyed",
        "dem", ""), head_m (free water surface of a source), yield_m3_per_day (dry season), floor_m, max_level_m,
        volume_m3 (tanks), quality (`Known`), works (bool: its status does not say that it is out of use),
        flow_l_per_min, hours (taps), component (number of the connected part through links of any state).
    links : lines from node `start` to node `end`, index 0..m-1.
        link (unique ASCII id: L1, ...), line_id (id in `water_lines`), name, kind (`LinkKind`), start, end (row numbers
        of nodes), length_m (on the ground where heights are known, else on the plane), plan_m, dn_mm, inner_mm,
        roughness_c (Hazen-Williams), pn_m (pressure class, metres of water), state (`LinkState`), pump_head_m,
        pump_flow_lps (one point of the curve), pump_power_kw, component.
    connections : one row a hamlet, the index of `villages`.
        node (row number, -1 where no pipe is near), link (row number, -1), away_m (straight distance to the pipe).
    findings : rows as `siteplan.layers.findings`.
    """

    nodes: gpd.GeoDataFrame
    links: gpd.GeoDataFrame
    connections: pd.DataFrame
    findings: pd.DataFrame


@dataclass(frozen=True)
class Demands:
    """What hamlets need, one row a hamlet (index of `villages`).

    table : people, livestock (NaN not known), litres_per_person_day (as the rule asks), people_m3_per_day,
        livestock_m3_per_day, peak_lps (peak hour of both, losses included), service_head_m (by storeys), storeys,
        connection ("house", "yard", "tap", "none", "unknown").
    rules : rule, value, unit, clause, source, confidence of every number used.
    """

    table: pd.DataFrame
    rules: pd.DataFrame
