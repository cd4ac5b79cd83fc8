"""QGIS styles for the layers of `results.gpkg`, so that it opens with the map's colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from siteplan.language import Texts
from siteplan.palette import GAP_COLOUR, ROAD_STATES, VERDICTS, WAY_COLOUR


@dataclass(frozen=True)
class _Rule:
    value: str
    label: str
    symbol: str


def road_styles(texts: Texts) -> dict[str, str]:
    """QML text by layer: villages, roads, ways, breaks, gaps."""
    verdicts = [
        _Rule(one.key, texts(f"roads.status.{one.key}"), _marker(one.qgis_shape, one.colour, 2.6)) for one in VERDICTS
    ]
    states = [
        _Rule(one.key, texts(f"roads.state.{one.key}"), _line(one.colour, one.width_mm, one.dash))
        for one in ROAD_STATES
    ]
    return {
        "villages": _categorized("road_status", "marker", verdicts),
        "roads": _categorized("state", "line", states),
        "ways": _single("line", _line(WAY_COLOUR, 0.5, "4 3")),
        "breaks": _single("marker", _marker("cross2", "#000000", 3.0)),
        "gaps": _single("line", _line(GAP_COLOUR, 1.2, "")),
    }


def _option(name: str, value: str) -> str:
    return f'<Option name={quoteattr(name)} value={quoteattr(value)} type="QString"/>'


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _layer(kind: str, options: Mapping[str, str]) -> str:
    inside = "".join(_option(name, value) for name, value in options.items())
    return f'<layer class="{kind}" enabled="1" locked="0" pass="0"><Option type="Map">{inside}</Option></layer>'


def _marker(shape: str, colour: str, size: float) -> str:
    return _layer(
        "SimpleMarker",
        {
            "name": shape,
            "color": _rgb(colour),
            "outline_color": "40,40,40,255",
            "outline_width": "0.2",
            "size": f"{size}",
        },
    )


def _line(colour: str, width_mm: float, dash: str) -> str:
    options = {"line_color": _rgb(colour), "line_width": f"{width_mm}", "capstyle": "round", "joinstyle": "round"}
    if dash:
        options |= {"use_custom_dash": "1", "customdash": dash.replace(" ", ";"), "customdash_unit": "Point"}
    return _layer("SimpleLine", options)


def _symbol(name: str, kind: str, layer: str) -> str:
    return f'<symbol name={quoteattr(name)} type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">{layer}</symbol>'


def _qml(renderer: str) -> str:
    head = '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">'
    return f'{head}<qgis version="3.28" styleCategories="Symbology">{renderer}</qgis>'


def _single(kind: str, layer: str) -> str:
    return _qml(f'<renderer-v2 type="singleSymbol"><symbols>{_symbol("0", kind, layer)}</symbols></renderer-v2>')


def _categorized(column: str, kind: str, rules: list[_Rule]) -> str:
    categories = "".join(
        f'<category value={quoteattr(rule.value)} label={quoteattr(rule.label)} symbol="{at}" render="true"/>'
        for at, rule in enumerate(rules)
    )
    symbols = "".join(_symbol(str(at), kind, rule.symbol) for at, rule in enumerate(rules))
    return _qml(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)}>'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )
