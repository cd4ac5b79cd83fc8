"""The network at peak hour as an EPANET input file, in L/s, for engineers who go on from here.

The file holds what our own run is given (`epanet.wntr_model`): reading it back gives the same pressures. Ids are those
of our tables; names stand as tags and, whole, in comments, in ASCII: Chinese in pinyin, the rest without accents or
as code points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import shapely

from siteplan.errors import LayerError, OutputWriteError
from siteplan.network.ragged import Floats
from siteplan.water.epanet import peak_model
from siteplan.water.epanet_parts import PumpCurves
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach

_LONGEST_TAG = 31
_LONGEST_LINE = 200


def write_inp(
    network: WaterNetwork,
    reach: Reach,
    node_lps: Floats,
    path: Path,
    *,
    required_m: float,
    tank_levels_m: Mapping[int, float] | None = None,
    pump_curves: PumpCurves | None = None,
) -> None:
    """Write the parts that EPANET can compute; arguments as in `epanet.solve`.

    Raises
    ------
    LayerError
        Nothing to compute: no source or tank of known level with a pipe of known measures.
    OutputWriteError
        The file cannot be written.
    PlanError
        As `epanet.solve`.
    """
    import wntr

    parts, model = peak_model(
        network, reach, node_lps, required_m=required_m, tank_levels_m=tank_levels_m, pump_curves=pump_curves
    )
    if not parts.given.any():
        raise LayerError(
            "water network: nothing to write to an EPANET file: no source or tank of known level is joined to a pipe "
            "of known length, diameter and roughness"
        )
    names = _tag(model, network)
    rows = np.flatnonzero(parts.given)
    for link, line in zip(network.links["link"].astype(str).iloc[rows], network.links.geometry.iloc[rows], strict=True):
        # The ends are the nodes' own places.
        model.get_link(link).vertices = [(float(x), float(y)) for x, y in shapely.get_coordinates(line)[1:-1]]
    model.title = [
        "Written by siteplan: peak hour, pressure-driven; L/s, m, mm.",
        "Left out: links whose measures are not known.",
        "A reservoir never runs dry here: siteplan's balance tells whether it does.",
    ]
    try:
        wntr.network.write_inpfile(model, str(path), units="LPS")
        path.write_text("".join(f"; {line}\n" for line in names) + path.read_text("ascii"), "ascii")
    except OSError as error:
        raise OutputWriteError(f"{path}: cannot be written ({error.strerror})") from error


def _tag(model: object, network: WaterNetwork) -> list[str]:
    """Give nodes and links their names as tags; the lines of comment that tell all of them whole."""
    lines = []
    for table, column, get in (
        (network.nodes, "node", "get_node"),
        (network.links, "link", "get_link"),
    ):
        known = set(getattr(model, f"{column}_name_list"))
        for one, name in zip(table[column].astype(str), table["name"], strict=True):
            safe = ascii_name(name) if isinstance(name, str) else ""
            if safe and one in known:
                getattr(model, get)(one).tag = safe[:_LONGEST_TAG]
                lines.append(f"{one} = {safe}"[:_LONGEST_LINE])
    return lines


def ascii_name(name: str) -> str:
    """A name in letters, digits, "_", "-" and "."; Chinese in pinyin, what has no like in ASCII as its code point."""
    from pypinyin import lazy_pinyin

    spelt = "_".join(lazy_pinyin(name, errors=lambda text: text))
    plain = unicodedata.normalize("NFKD", spelt)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    coded = "".join(letter if letter.isascii() else f"u{ord(letter):04X}" for letter in plain)
    return re.sub(r"[^A-Za-z0-9.-]+", "_", coded).strip("_")
