"""A plan skeleton guessed from a folder of files: which file is which layer, told by names, geometry and columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import shapely

from siteplan.errors import PlanError, SiteplanError
from siteplan.layers import crs as crs_rules
from siteplan.layers.contract import LayerContract, contracts, folded, match_columns
from siteplan.layers.diagnosis import Box, crs_candidates, named
from siteplan.layers.formats import is_source
from siteplan.layers.formats.filelayer import Request
from siteplan.layers.rawlayer import RawLayer, decoded
from siteplan.layers.reader import Reader
from siteplan.layers.strays import degrees_box, places

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_FAMILIES = {"Point": "Point", "MultiPoint": "Point", "LineString": "LineString", "MultiLineString": "LineString",
             "Polygon": "Polygon", "MultiPolygon": "Polygon"}  # fmt: skip


_DECIDED = 0.9
"""How well a CRS must put a layer among the others to be written into the plan."""


@dataclass(frozen=True)
class _Candidate:
    path: Path
    layer: str | None
    raw: RawLayer
    family: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(folded(word) for word in (self.layer, self.path.stem) if word)


def guess_plan(folder: Path) -> str:
    """The text of a plan file for the layers found in a folder (not in folders beneath it).

    Every contract layer gets the file or layer whose name, geometry and columns fit best; comments tell what was
    matched, what was left over, and what could not be read and why.

    Raises
    ------
    PlanError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise PlanError(f"{folder} is not a folder; give the folder that holds the GIS files")
    candidates: list[_Candidate] = []
    unread: list[str] = []
    paths = [path for path in sorted(folder.iterdir(), key=lambda entry: entry.name) if is_source(path)]
    with Reader(paths) as reader:
        for path in paths:
            _look_into(path, reader, candidates, unread)
    chosen = _assigned(candidates)
    chinese = _is_chinese(chosen)
    reference = _reference(chosen)
    lines = [*_header(folder, chinese=chinese), ""]
    for name, layer in contracts().items():
        found = chosen.get(name)
        if found is not None:
            lines += [*_section(layer, found, reference, chinese=chinese), ""]
        elif layer.required:
            lines += [f"# No file was recognised as {layer.en} ({layer.zh}); this layer is compulsory.",
                      f"# [layers.{name}]", '# path = "FILE"', ""]  # fmt: skip
    lines += ["[roads]", 'profile = "cn-hamlet"', ""]
    taken = {id(candidate) for candidate in chosen.values()}
    spare = [_label(candidate) for candidate in candidates if id(candidate) not in taken]
    lines += [f"# Not used: {name}" for name in spare]
    lines += [f"# Not read: {fault}" for fault in unread]
    return "\n".join(lines).rstrip() + "\n"


def _look_into(path: Path, reader: Reader, candidates: list[_Candidate], unread: list[str]) -> None:
    # "projects" asks for no geometry, so that any table may be looked at.
    request = Request(contract="projects", path=path, needs_place=False)
    try:
        names = reader.layers_in(request)
    except SiteplanError as error:
        unread.append(f"{path.name}: {_one_line(error)}")
        return
    for name in names:
        try:
            raw = decoded("projects", reader.read(replace(request, layer=name or None)))
        except SiteplanError as error:
            unread.append(f"{path.name}: {_one_line(error)}")
            continue
        shapes = raw.table.geometry.to_numpy()
        kinds = [_FAMILIES.get(kind, "") for kind in raw.table.geometry[~shapely.is_missing(shapes)].geom_type.unique()]
        family = kinds[0] if len(set(kinds)) == 1 else "None" if not kinds else ""
        candidates.append(_Candidate(path, name if len(names) > 1 else None, raw, family))


def _assigned(candidates: list[_Candidate]) -> dict[str, _Candidate]:
    """The best pairs of layer and candidate, best first; each is used once (ties: the contract's and file order)."""
    scored = [
        (-_score(layer, candidate), i, j, layer.name)
        for i, layer in enumerate(contracts().values())
        for j, candidate in enumerate(candidates)
    ]
    chosen: dict[str, _Candidate] = {}
    used: set[int] = set()
    for score, _, j, name in sorted(scored):
        if score < 0 and name not in chosen and j not in used:
            chosen[name] = candidates[j]
            used.add(j)
    return chosen


def _score(layer: LayerContract, candidate: _Candidate) -> float:
    """How well a candidate fits a layer; 0 where it cannot be it."""
    if candidate.family not in layer.geometry:
        return 0.0
    columns = [str(name) for name in candidate.raw.table.columns if name != "geometry"]
    matched, _ = match_columns(layer, columns)
    if any(column.required and name not in matched for name, column in layer.columns.items()):
        return 0.0
    if layer.required_any and not any(name in matched for name in layer.required_any):
        return 0.0
    named = max((_name_score(layer, word) for word in candidate.words), default=0.0)
    told = len(set(matched) - {"id", "name", "name_en", "kind", "status", "township", "village"})
    if layer.name == "villages" and named == 0 and not {"people", "households"} & set(matched):
        return 0.0
    if layer.name not in ("villages", "roads") and named == 0:
        return 0.0
    return named + 0.5 * told + (1.0 if matched else 0.0)


def _name_score(layer: LayerContract, word: str) -> float:
    """10 for the layer's own name or a known word, less for a word that contains one (the longest counts)."""
    names = [folded(name) for name in (layer.name, *layer.names)]
    if word in names:
        return 10.0
    inside = [len(name) for name in names if name in word and (len(name) > 2 or _CHINESE.search(name))]
    return 2.0 + min(max(inside), 20) / 4 if inside else 0.0


def _header(folder: Path, *, chinese: bool) -> list[str]:
    name = re.sub(r"[^\w-]", "_", folder.resolve().name)[:80] or "plan"
    lines = ["# Guessed by `siteplan new`; check it, then: siteplan run plan.toml", "[plan]", f"name = {_quoted(name)}",
             'language = "zh"', 'crs = "auto"']  # fmt: skip
    return [*lines, 'country = "CN"'] if chinese else lines


def _is_chinese(chosen: dict[str, _Candidate]) -> bool:
    tables = [candidate.raw.table for candidate in chosen.values()]
    texts = [str(column) for table in tables for column in table.columns] + [_label(c) for c in chosen.values()]
    return crs_rules.first_chinese(tables) or any(_CHINESE.search(text) for text in texts)


def _reference(chosen: dict[str, _Candidate]) -> Box | None:
    """Where the layers lie whose CRS is known, in degrees: the first in the contract's order."""
    for name in contracts():
        table = chosen[name].raw.table if name in chosen else None
        if table is not None and table.crs is not None and (box := degrees_box(table.geometry.to_numpy(), table.crs)):
            return box
    return None


def _section(layer: LayerContract, candidate: _Candidate, reference: Box | None, *, chinese: bool) -> list[str]:
    table = candidate.raw.table
    columns = [str(name) for name in table.columns if name != "geometry"]
    matched, rivals = match_columns(layer, columns)
    lines = [f"# {layer.zh} / {layer.en}: {len(table)} rows", f"[layers.{layer.name}]",
             f"path = {_quoted(candidate.path.name)}"]  # fmt: skip
    if candidate.layer is not None:
        lines.append(f"layer = {_quoted(candidate.layer)}")
    if table.crs is None and candidate.family != "None":
        lines += _crs_lines(candidate, reference, chinese=chinese)
    shown = ", ".join(f"{name} <- {source}" for name, source in matched.items())
    lines.append(f"# columns matched: {_one_line(shown) or 'none'}")
    for name, others in rivals.items():
        lines.append(f"# {name} could also be: {_one_line(', '.join(others))}")
    spare = [name for name in columns if name not in matched.values() and not any(name in r for r in rivals.values())]
    if spare:
        lines.append(f"# columns kept as they are: {_one_line(', '.join(spare))}")
    return lines


def _crs_lines(candidate: _Candidate, reference: Box | None, *, chinese: bool) -> list[str]:
    """The CRS of a file that does not say one: written where the other layers' places decide it, else asked for."""
    points = places(candidate.raw.table.geometry.to_numpy())
    likely = crs_candidates(points, reference=reference, chinese=chinese)
    best = likely[0] if likely else None
    words = f"; the numbers look like {named(likely)}" if likely else ""
    if best is None or reference is None or not best.crs or best.swapped or best.fit < _DECIDED:
        return [f'# crs = "EPSG:n"  # the file does not say its CRS: write it here{words}']
    return [f'crs = "{best.crs}"  # the file does not say; told by its numbers and the other layers: check it']


def _label(candidate: _Candidate) -> str:
    return _one_line(f"{candidate.path.name}{f' layer {candidate.layer}' if candidate.layer else ''}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: object) -> str:
    """Text that stays within one comment: TOML allows no control characters there."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", str(text)).strip()
