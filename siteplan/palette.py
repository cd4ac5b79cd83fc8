"""The colours and shapes of verdicts and roads, one table for map, GeoPackage styles and pictures.

Colours are told apart by colour-blind eyes and differ in lightness for grey printing; shapes differ too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WAY_COLOUR = "#111111"
GAP_COLOUR = "#CC00AA"


@dataclass(frozen=True)
class PointLook:
    """How hamlets of one verdict look: colour, shape on the map, shape in QGIS."""

    key: str
    colour: str
    shape: Literal["circle", "square", "triangle", "diamond", "cross", "star"]
    qgis_shape: str


@dataclass(frozen=True)
class LineLook:
    """How roads of one state look: colour, width on paper, on screen, dashes (pixels or points)."""

    key: str
    colour: str
    width_mm: float
    width_px: float
    dash: str = ""


VERDICTS = (
    PointLook("hardened", "#0072B2", "circle", "circle"),
    PointLook("unhardened", "#E69F00", "triangle", "triangle"),
    PointLook("hardened_island", "#56B4E9", "square", "square"),
    PointLook("road_island", "#D55E00", "diamond", "diamond"),
    PointLook("no_road", "#7A0019", "star", "star"),
    PointLook("unknown", "#777777", "cross", "cross2"),
)
ROAD_STATES = (
    LineLook("hardened", "#2F4858", 0.7, 2.6),
    LineLook("not_hardened", "#C98A2B", 0.6, 2.2, "8 4"),
    LineLook("unknown", "#8E6C8A", 0.6, 2.2, "2 4"),
    LineLook("cut_off", "#D55E00", 0.8, 2.8, "6 3"),
    LineLook("closed", "#999999", 0.5, 2.0, "2 5"),
    LineLook("planned", "#4C9A52", 0.5, 2.0, "10 6"),
)
MISSING = (
    PointLook("none", "#4D7EA8", "circle", "circle"),
    PointLook("harden", "#E69F00", "triangle", "triangle"),
    PointLook("build", "#D55E00", "diamond", "diamond"),
    PointLook("nowhere", "#7A0019", "star", "star"),
    PointLook("see_reason", "#56B4E9", "square", "square"),
    PointLook("unknown", "#777777", "cross", "cross2"),
)
"""What a hamlet lacks to have a hardened road."""
WATER_LEVELS = (
    PointLook("piped_adequate", "#08519C", "circle", "circle"),
    PointLook("piped_deficient", "#4292C6", "square", "square"),
    PointLook("tap_in_reach", "#41AB5D", "triangle", "triangle"),
    PointLook("tap_too_far", "#E69F00", "diamond", "diamond"),
    PointLook("unserved", "#7A0019", "star", "star"),
    PointLook("unknown", "#777777", "cross", "cross2"),
)
"""Water service of a hamlet, from better to worse; unknown stands apart."""
POWER_STATUSES = (
    PointLook("served", "#4D7EA8", "circle", "circle"),
    PointLook("cut_off", "#E69F00", "triangle", "triangle"),
    PointLook("out_of_reach", "#7A0019", "star", "star"),
    PointLook("unknown", "#777777", "cross", "cross2"),
)
"""Power supply of a hamlet."""
SHARES = (
    ("under_50", 0.5, "#54278F"),
    ("under_70", 0.7, "#807DBA"),
    ("under_90", 0.9, "#BCBDDC"),
    ("under_100", 1.0, "#DADAEB"),
    ("all", float("inf"), "#F2F0F7"),
)
"""Shares served: key, upper end (not included), colour: the fewer served the darker, in colour and in grey."""
STAGES = (
    PointLook("approval", "#F7D13D", "circle", "circle"),
    PointLook("survey", "#FBA40A", "circle", "circle"),
    PointLook("public_notice", "#F57D15", "circle", "circle"),
    PointLook("tender", "#D44842", "diamond", "diamond"),
    PointLook("start", "#AE305C", "triangle", "triangle"),
    PointLook("county_acceptance", "#65156E", "square", "square"),
    PointLook("regional_acceptance", "#3B0F70", "square", "square"),
    PointLook("upkeep", "#0D0829", "star", "star"),
    PointLook("unknown", "#777777", "cross", "cross2"),
)
"""Projects by stage, from light to dark as they go on."""
EXCLUSIONS = (
    ("hazards", "#B2182B", "lines"),
    ("farmland", "#4D7C0F", "dots"),
    ("redline", "#00695C", "back"),
)
"""Ground that may not be built on: layer, colour, hatch."""
WORDS = ("#1B6CA8", "#C98A2B", "#3E7D44", "#8E6C8A", "#B5523B", "#5F6B73", "#2AA198", "#A0522D")
"""For classes that come as words in the data: lines and points take these in turn, the commonest word first."""
