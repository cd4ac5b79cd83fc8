"""A layer as a format's reader gives it: an Arrow table, its CRS, and what there is to tell of the file.

The readers run in a process of their own (`siteplan.layers.reader`), so nothing here knows pandas or the contract's
types, and everything can cross to the other process as JSON and an Arrow file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from siteplan.errors import LayerError
from siteplan.layers.contract import folded

GEOMETRY = "geometry"
"""The column of an Arrow table that holds the shapes as WKB, null where there is none."""


@dataclass(frozen=True)
class Request:
    """Which file is read for which layer, and what the plan says of it (see `siteplan.plan.LayerPlan`)."""

    contract: str
    path: Path
    address: str = ""
    """a database's address in place of a path"""
    name: str = ""
    """what planners know the file by, where it is not its own name"""
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    x: str | None = None
    y: str | None = None
    query: str | None = None
    columns: dict[str, str] = dataclasses.field(default_factory=dict)
    needs_place: bool = True

    @property
    def told(self) -> str:
        """The file's name for messages."""
        return self.name or self.path.name


@dataclass(frozen=True)
class Note:
    """One thing, or one kind of thing, that reading found: `siteplan.layers.findings.findings_of` by keyword.

    rows: source rows from 1, None for the whole layer; values: the places of the text; each: one mapping a row.
    """

    code: str
    action: Literal["dropped", "repaired", "defaulted", "noted"] = "noted"
    rows: list[int] | None = None
    field: str = ""
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    each: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class FileLayer:
    """What a reader gives.

    `table`: the source's columns, rows in the file's order, shapes as WKB in the column `GEOMETRY`; `crs`: what the
    file says, as WKT or `EPSG:n`, None where it says nothing; `cells`: source column -> row (from 0) -> the text that
    truly stands in a cell which the table could not hold; `crs_fault`: why the file's CRS could not be understood.
    """

    table: pa.Table
    layer: str
    driver: str
    crs: str | None
    sha256: str
    notes: list[Note] = dataclasses.field(default_factory=list)
    cells: dict[str, dict[int, str]] = dataclasses.field(default_factory=dict)
    crs_fault: str = ""


def choose_layer(contract_name: str, told: str, names: list[str], wanted: str | None) -> str:
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
            f"{contract_name}: {told} has no layer {wanted!r}; it has: {listed}; "
            f"mend [layers.{contract_name}] layer in the plan"
        )
    if len(names) == 1:
        return names[0]
    for name in names:
        if folded(name) == contract_name:
            return name
    if not names:
        raise LayerError(f"{contract_name}: {told} holds no layer that can be read (it is empty)")
    raise LayerError(
        f"{contract_name}: {told} holds several layers: {listed}; "
        f'say which in the plan: [layers.{contract_name}] layer = "{names[0]}"'
    )


def private_copy(parts: Iterable[tuple[Path, str]], folder: Path, hashed: Iterable[Path] = ()) -> str:
    """Copy files into the reader's own folder under clean names and give the SHA-256 of what was copied.

    What is hashed is what is read, whatever happens to the source meanwhile; and GDAL, which may write beside what it
    opens or see more in a path than a path, never meets the source.

    Parameters
    ----------
    parts
        Source file -> name in `folder`.
    hashed
        Sources that count for the hash; all of them when empty.
    """
    given = list(parts)
    counted = set(hashed) or {source for source, _ in given}
    digests = []
    for source, name in given:
        target = folder / name
        shutil.copyfile(source, target)
        if source in counted:
            digests.append(sha256_of(target))
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(contract_name: str, told: str, what: str) -> LayerError:
    """The error of a file that is cut or broken."""
    return LayerError(
        f"{contract_name}: {told} is damaged or incomplete: {what}; copy the file again from where it was made"
    )


def refuse_document_type(contract_name: str, told: str, data: bytes) -> None:
    """Refuse XML with a document type: entities can blow a small file up to fill the memory, or name other files.

    Raises
    ------
    LayerError
        If there is one, in any encoding an XML file can begin with.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:100]:
        raise LayerError(f"{contract_name}: {told} has encoding UTF-16; save it with encoding UTF-8")
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise LayerError(
            f"{contract_name}: {told} is XML with a document type (DTD, entities), which map files do not need and "
            "harmful files use; save it anew from the program that made it"
        )
