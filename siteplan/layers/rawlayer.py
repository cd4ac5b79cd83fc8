"""A layer as it stands in its file, before any contract."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from siteplan.errors import LayerError
from siteplan.layers.contract import folded


@dataclass(frozen=True)
class RawLayer:
    """`table` has the source's columns, RangeIndex, rows in the file's order; its CRS is what the file says (or None).

    `cells`: source column -> row (from 0) -> the text that truly stands in a cell which GDAL would read otherwise.
    """

    table: gpd.GeoDataFrame
    layer: str
    driver: str
    sha256: str
    findings: list[pd.DataFrame] = field(default_factory=list)
    cells: dict[str, dict[int, str]] = field(default_factory=dict)
    closed_rings: tuple[int, ...] = ()
    """rows (from 0) whose rings had to be closed"""
    crs_fault: str = ""
    """why the file's CRS could not be understood, where it has one"""


def choose_layer(contract_name: str, path: Path, names: list[str], wanted: str | None) -> str:
    """Which of a file's layers, sheets or members is meant: the plan's word, the only one, or the contract's name.

    Raises
    ------
    LayerError
        Listing them, where that decides nothing.
    """
    listed = ", ".join(names) or "none"
    if wanted is not None:
        for name in names:
            if name == wanted or folded(name) == folded(wanted):
                return name
        raise LayerError(
            f"{contract_name}: {path.name} has no layer {wanted!r}; it has: {listed}; "
            f"mend [layers.{contract_name}] layer in the plan"
        )
    if len(names) == 1:
        return names[0]
    for name in names:
        if folded(name) == contract_name:
            return name
    if not names:
        raise LayerError(f"{contract_name}: {path.name} holds no layer that can be read (it is empty)")
    raise LayerError(
        f"{contract_name}: {path.name} holds several layers: {listed}; "
        f'say which in the plan: [layers.{contract_name}] layer = "{names[0]}"'
    )


def sha256_of(paths: Iterable[Path]) -> str:
    """The SHA-256 of a file, or of several parts one after the other (each part's own hash, in order)."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def damaged(contract_name: str, path: Path, what: str) -> LayerError:
    """The error of a file that is cut or broken."""
    return LayerError(
        f"{contract_name}: {path.name} is damaged or incomplete: {what}; copy the file again from where it was made"
    )
