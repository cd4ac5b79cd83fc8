"""Repairs that a planner decides on: what is proposed, the file `repairs.csv` that carries the decisions, and them.

Nothing is mended because a program thinks so. `siteplan check` writes every proposed repair into a table; a planner
writes accept or reject beside it; a run does what was accepted, as findings of their own, and nothing else. Proposals
are worked out anew each time, so a decision on something that is no longer there changes nothing and is told.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyproj

from siteplan.errors import PlanError
from siteplan.language import LANGUAGES, Texts
from siteplan.layers.contract import folded
from siteplan.layers.findings import findings_of
from siteplan.layers.writing import write_csv

What = Literal["swap_axes", "drop_duplicate", "take_value", "close_gap"]
WHATS: tuple[What, ...] = ("swap_axes", "drop_duplicate", "take_value", "close_gap")

DONE: Mapping[What, str] = {
    "swap_axes": "layers.done_swap_axes",
    "drop_duplicate": "layers.done_drop_duplicate",
    "take_value": "layers.done_take_value",
    "close_gap": "layers.done_close_gap",
}
"""The code of the finding that a repair was carried out."""

GONE = "layers.repair_gone"
"""The code of the finding that an accepted repair fits nothing any more."""

COLUMNS = ("decision", "what", "layer", "row", "id", "field", "old", "new", "longitude", "latitude", "reason", "key")

_ACCEPT = frozenset({"accept", "accepted", "yes", "y", "1", "true", "ok", "接受", "同意", "采纳", "通过", "是", "√"})
_REJECT = frozenset(
    {"reject", "rejected", "no", "n", "0", "false", "拒绝", "不接受", "不同意", "不采纳", "驳回", "否", "×"}
)

_PLACE = re.compile(r"@-?\d+\.\d+,-?\d+\.\d+$")


@dataclass(frozen=True)
class Repair:
    """One proposed repair.

    what: see `WHATS`; layer, row (from 1, None for the whole layer or all rows of a word), id, field: what it is
    about; mark: what the row is known by where its id is only its place in the file; old, new: what stands there and
    what would; longitude, latitude: where (WGS 84, NaN when nowhere); values: the places of the reason's text
    `layers.repair.WHAT`.
    """

    what: What
    layer: str
    id: str = ""
    row: int | None = None
    field: str = ""
    old: str = ""
    new: str = ""
    mark: str = ""
    longitude: float = float("nan")
    latitude: float = float("nan")
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the decision is tied to: it stays the same while the fault does, wherever the row stands."""
        place = f"@{self.longitude:.6f},{self.latitude:.6f}" if self.what == "close_gap" else ""
        # The old value comes last and may hold anything; a colon in an id must not look like the end of it.
        known_by = (self.mark or self.id).replace("%", "%25").replace(":", "%3A")
        return f"{self.what}:{self.layer}:{known_by}{place}:{self.field}:{self.old}"


@dataclass(frozen=True)
class Decision:
    """What was decided on one repair. `new` is the planner's value, which may differ from the proposed one."""

    accepted: bool | None
    what: str
    layer: str
    id: str
    field: str
    old: str
    new: str
    longitude: float
    latitude: float


@dataclass(frozen=True)
class Decisions:
    """All decisions by key."""

    by_key: Mapping[str, Decision] = dataclasses.field(default_factory=dict)

    def accepts(self, repair: Repair) -> bool:
        """Whether this repair was accepted."""
        found = self.by_key.get(repair.key)
        return found is not None and found.accepted is True

    def accepted(self, what: What, layer: str) -> dict[str, Decision]:
        """The accepted decisions of one kind for one layer, by key."""
        return {k: d for k, d in self.by_key.items() if d.accepted and d.what == what and d.layer == layer}

    def values(self, layer: str) -> dict[str, dict[str, str]]:
        """Contract column -> text in the file -> text to take for it."""
        taken: dict[str, dict[str, str]] = {}
        for one in self.accepted("take_value", layer).values():
            taken.setdefault(one.field, {})[one.old] = one.new
        return taken


def no_longer_there(layer: str, keys: Iterable[str]) -> pd.DataFrame:
    """Findings for accepted repairs that fit nothing any more."""
    keys = list(keys)
    return findings_of(layer, GONE, "noted", n=len(keys), each=[{"key": key} for key in keys])


def gone_keys(findings: pd.DataFrame) -> frozenset[str]:
    """The keys of the accepted repairs that findings tell to fit nothing any more."""
    told = findings.loc[findings["code"] == GONE, "values"]
    return frozenset(str(json.loads(values)["key"]) for values in told)


def done(repair: Repair, *, x: float = float("nan"), y: float = float("nan")) -> pd.DataFrame:
    """The finding that an accepted repair was carried out."""
    action: Literal["dropped", "repaired"] = "dropped" if repair.what == "drop_duplicate" else "repaired"
    rows = None if repair.row is None else [repair.row]
    values = {"old": repair.old, "new": repair.new, **repair.values}
    return findings_of(
        repair.layer, DONE[repair.what], action, n=1, rows=rows, ids=[repair.id],
        field=repair.field or "geometry", xs=[x], ys=[y], values=values,
    )  # fmt: skip


def with_degrees(repairs: Iterable[Repair], xs: Iterable[float], ys: Iterable[float], crs: pyproj.CRS) -> list[Repair]:
    """The repairs with their places (in `crs`) as longitude and latitude."""
    given = list(repairs)
    if not given:
        return []
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(np.fromiter(xs, dtype=float), np.fromiter(ys, dtype=float))
    return [replace(one, longitude=float(x), latitude=float(y)) for one, x, y in zip(given, lon, lat, strict=True)]


def write_repairs(
    path: Path, repairs: Iterable[Repair], decisions: Decisions, texts: Texts, *, gone: Container[str] | None
) -> int:
    """Write the proposals as a table, decisions that were made kept; returns how many rows it has.

    Decisions that no longer fit stay in the table, so that nothing a planner wrote is lost. `gone`: the keys of the
    accepted ones among them that fit nothing any more (the others were carried out); None where the layers could not
    be read, so that nobody knows.
    """
    proposals = {repair.key: repair for repair in repairs}
    rows = [_row(repair, decisions.by_key.get(key), texts) for key, repair in proposals.items()]
    rows += [
        _kept_row(key, decision, texts, gone=gone is not None and (not decision.accepted or key in gone))
        for key, decision in decisions.by_key.items()
        if key not in proposals and decision.accepted is not None
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype("object")
    headings = {name: texts(f"layers.repairs.{name}") for name in COLUMNS}
    write_csv(path, table.rename(columns=headings))
    return len(rows)


def read_repairs(path: Path) -> Decisions:
    """The decisions in a repairs table, in either language, as Excel may have saved it (UTF-8 or GBK).

    Raises
    ------
    PlanError
        The file cannot be read, has other columns, or holds a decision that is neither accept nor reject, is tied to
        nothing, contradicts another, or accepts a value that is not there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path.name}: the table of repairs cannot be read ({error.strerror})") from error
    text = _decoded(path, data)
    # Excel writes a semicolon or a tab where the computer's settings or the kind of text file say so.
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    if not rows:
        return Decisions()
    names = _columns_of(path, rows[0])
    found: dict[str, Decision] = {}
    faults = []
    for number, cells in enumerate(rows[1:], start=2):
        row = {name: cells[i].strip() if i < len(cells) else "" for name, i in names.items()}
        if not row["key"] and not row["decision"]:
            continue
        fault = _fault_of(row)
        if fault:
            faults.append(f"row {number}: {fault}")
            continue
        key = _unguarded(row["key"])
        word = folded(row["decision"])
        decision = _decision(key, None if not word else word in _ACCEPT, _unguarded(row["new"]))
        before = found.setdefault(key, decision)
        if before.accepted is None:
            found[key] = decision
        elif decision.accepted is not None and (before.accepted, before.new) != (decision.accepted, decision.new):
            faults.append(f"row {number}: contradicts the decision on the same repair above it")
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise PlanError(f"{path.name}: {len(faults)} decisions cannot be used: {'; '.join(faults[:5])}{more}")
    return Decisions(found)


def _fault_of(row: Mapping[str, str]) -> str:
    """Why a row's decision cannot be used, "" where it can."""
    word = folded(row["decision"])
    if word and word not in _ACCEPT | _REJECT:
        return f"{row['decision']!r} is neither accept nor reject (接受 / 拒绝)"
    parts = _unguarded(row["key"]).split(":", 4)
    if len(parts) < 5 or parts[0] not in WHATS or (parts[0] == "close_gap" and not _PLACE.search(parts[2])):
        return f"its key {row['key']!r} is none that siteplan wrote; write the table anew with siteplan check"
    if word in _ACCEPT and parts[0] == "take_value" and not row["new"]:
        return "accepted, but no value to take is given"
    return ""


def _decision(key: str, accepted: bool | None, new: str) -> Decision:
    """A decision with what its key says: spreadsheets change cells (leading zeros, long codes), a key they leave."""
    what, layer, known_by, field, old = key.split(":", 4)
    longitude = latitude = float("nan")
    if what == "close_gap":
        known_by, _, place = known_by.rpartition("@")
        longitude, latitude = (float(part) for part in place.split(","))
    id_ = known_by.replace("%3A", ":").replace("%25", "%")
    return Decision(accepted, what, layer, id_, field, old, new, longitude, latitude)


def _row(repair: Repair, decision: Decision | None, texts: Texts) -> list[object]:
    word = "" if decision is None or decision.accepted is None else "accept" if decision.accepted else "reject"
    new = decision.new if decision is not None and decision.accepted else repair.new
    reason = texts(f"layers.repair.{repair.what}", old=repair.old, new=repair.new, **repair.values)
    return [
        texts(f"layers.repairs.{word}") if word else "", repair.what, repair.layer,
        "" if repair.row is None else repair.row, repair.id, repair.field, repair.old, new,
        _degrees(repair.longitude), _degrees(repair.latitude), reason, repair.key,
    ]  # fmt: skip


def _kept_row(key: str, decision: Decision, texts: Texts, *, gone: bool) -> list[object]:
    word = texts("layers.repairs.accept" if decision.accepted else "layers.repairs.reject")
    return [
        word, decision.what, decision.layer, "", decision.id, decision.field, decision.old, decision.new,
        _degrees(decision.longitude), _degrees(decision.latitude),
        texts(f"layers.repairs.{'gone' if gone else 'kept'}"), key,
    ]  # fmt: skip


def _degrees(value: float) -> object:
    return round(value, 6) if np.isfinite(value) else ""


def _decoded(path: Path, data: bytes) -> str:
    for codec in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    raise PlanError(f"{path.name}: the table of repairs is neither UTF-8 nor GBK text; save it as CSV UTF-8")


def _columns_of(path: Path, header: list[str]) -> dict[str, int]:
    words = {
        folded(word): name
        for name in COLUMNS
        for word in (name, *(Texts(own)(f"layers.repairs.{name}") for own in LANGUAGES))
    }
    found = {words[folded(cell)]: i for i, cell in enumerate(header) if folded(cell) in words}
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise PlanError(
            f"{path.name}: the table of repairs lacks the columns {', '.join(missing)}; "
            "write it anew with siteplan check"
        )
    return found


def _unguarded(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in ("=", "+", "-", "@") else cell
