"""A plan file, or a call without one, -> the model; every fault told at once, with its key."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from siteplan.errors import PlanError
from siteplan.plan.model import LAYER_NAMES, Plan, is_database, suspect_fault

_NAME = re.compile(r"[\w-]{1,80}")


def load_plan(path: str | Path) -> Plan:
    """Read a plan file.

    Raises
    ------
    PlanError
        Listing every fault: key path, what was found, what was expected; for broken TOML the line.
    """
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise PlanError(
            f"{file}: the plan file cannot be read ({error.strerror}); give the path of a TOML file"
        ) from error
    except UnicodeDecodeError as error:
        raise PlanError(
            f"{file}: the plan file is not UTF-8 (byte {error.start}); save it with encoding UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{file}: not valid TOML: {error}") from error
    return _checked(data, root=file.resolve().parent, stem=file.stem, told=str(file))


def plan_from_files(
    *,
    villages: str | Path,
    roads: str | Path,
    sites: str | Path | None = None,
    water_lines: str | Path | None = None,
    centres: str | Path | None = None,
    language: str = "zh",
    name: str = "plan",
    title: str | None = None,
    country: str | None = None,
    crs: str = "auto",
    profile: str | None = None,
    **further: str | Path | None,
) -> Plan:
    """The plan of a call without a plan file: layer files by name, relative to the working folder.

    `further` takes the other layers (`boundaries=...`, `rivers=...`).

    Raises
    ------
    PlanError
        As `load_plan`.
    """
    files = {"villages": villages, "roads": roads, "sites": sites, "water_lines": water_lines, "centres": centres}
    header = {"name": name, "title": title, "language": language, "country": country, "crs": crs}
    data: dict[str, Any] = {
        # A table of repairs that happens to lie where the call is made is not this call's.
        "plan": {key: value for key, value in header.items() if value is not None} | {"repairs": None},
        "layers": {key: {"path": str(file)} for key, file in {**files, **further}.items() if file is not None},
    }
    if profile is not None:
        data["roads"] = {"profile": profile}
    return _checked(data, root=Path.cwd(), stem=name, told="the call")


def _checked(data: dict[str, Any], *, root: Path, stem: str, told: str) -> Plan:
    faults: list[str] = []
    if "root" in data:
        faults.append(_unknown(("root",)))
    model: Plan | None = None
    try:
        model = Plan.model_validate({**data, "root": root})
    except ValidationError as error:
        told_once = dict.fromkeys(_fault(details) for details in error.errors(include_url=False))
        faults += told_once
    faults += [fault for fault in _distance_faults(data) if fault not in faults]
    faults += _name_faults(data) + _file_faults(data, root)
    if faults or model is None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise PlanError("\n".join([f"{told}: {count}", *(f"  {fault}" for fault in faults)]))
    if model.plan.name is None:
        name = re.sub(r"[^\w-]", "_", stem)[:80] or "plan"
        model = model.model_copy(update={"plan": model.plan.model_copy(update={"name": name})})
    return model


def _fault(details: Mapping[str, Any]) -> str:
    # A key that takes a text or a list of texts is told of once for each.
    path = tuple(str(part) for part in details["loc"] if part not in ("[key]", "str", "list[str]"))
    kind, found, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path)
    key = ".".join(path)
    if kind == "missing":
        return f"{key}: missing; expected {_expected_when_missing(path)}"
    if kind == "value_error":
        return f"{key}.{context['error']}"
    expected = {
        "string_type": "text in quotes",
        "float_type": "a number",
        "bool_type": "true or false",
        "dict_type": 'a table of name = "text"',
        "model_type": "a table",
        "list_type": "a list of texts",
        "literal_error": f"one of {context.get('expected', '')}",
        "greater_than": f"a number greater than {context.get('gt', 0):g}",
        "finite_number": "a finite number",
        "string_too_short": "text that is not empty",
    }.get(kind)
    if kind == "string_pattern_mismatch":
        expected = {
            "country": 'two capital letters such as "CN"',
            "tianditu_key": "the 32 digits and letters a to f that console.tianditu.gov.cn shows",
        }.get(path[-1], '"auto" or "EPSG:n"' if path[0] == "plan" else '"EPSG:n", a number of 4 to 6 digits')
    if path[-1] == "tianditu_key":
        # what was given is not repeated: it may be half a key
        return f"{key}: found {len(str(found))} characters; expected {expected or details['msg']}"
    if path == ("terrain", "dem"):
        expected = "a file in quotes, or a list of such"
    return f"{key}: found {_shown(found)}; expected {expected or details['msg']}"


def _unknown(path: tuple[str, ...]) -> str:
    known = _known_keys(path[:-1])
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
    return f"{'.'.join(path)}: unknown key; {hint}"


def _known_keys(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Plan
    for part in path:
        annotation = model.model_fields[part].annotation
        options = (annotation, *get_args(annotation))
        model = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return [name for name in model.model_fields if not (model is Plan and name == "root")]


def _expected_when_missing(path: tuple[str, ...]) -> str:
    if path == ("layers",):
        return "the tables [layers.villages] and [layers.roads]"
    if path[0] == "layers" and len(path) == 2:
        return f'a table [{".".join(path)}] with path = "FILE" (villages and roads are compulsory)'
    return "text: the file, relative to the plan file"


def _name_faults(data: Mapping[str, Any]) -> list[str]:
    header = data.get("plan")
    name = header.get("name") if isinstance(header, dict) else None
    if isinstance(name, str) and not _NAME.fullmatch(name):
        return [f"plan.name: found {_shown(name)}; expected 1 to 80 letters (Chinese too), digits, - or _ only"]
    return []


def _distance_faults(data: Mapping[str, Any]) -> list[str]:
    # The model says so too, but stays silent when another distance is at fault.
    roads = data.get("roads")
    snap, suspect = (roads.get("snap_m"), roads.get("suspect_m")) if isinstance(roads, dict) else (None, None)
    both = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (snap, suspect))
    return [f"roads.{suspect_fault(snap, suspect)}"] if both and suspect < snap else []  # type: ignore[operator]


def _file_faults(data: Mapping[str, Any], root: Path) -> list[str]:
    faults: list[str] = []
    layers = data.get("layers")
    for name, entry in layers.items() if isinstance(layers, dict) else ():
        path = entry.get("path") if isinstance(entry, dict) else None
        if name in LAYER_NAMES and isinstance(path, str) and path and not is_database(path):
            faults += _file_fault(f"layers.{name}.path", path, root)
    terrain, own_map = data.get("terrain"), data.get("map")
    dem = terrain.get("dem") if isinstance(terrain, dict) else None
    for path in [dem] if isinstance(dem, str) else dem if isinstance(dem, list) else ():
        if isinstance(path, str) and path:
            faults += _file_fault("terrain.dem", path, root)
    tiles = own_map.get("tiles") if isinstance(own_map, dict) else None
    if isinstance(tiles, str) and tiles:
        faults += _file_fault("map.tiles", tiles, root)
    roads = data.get("roads")
    profile = roads.get("profile") if isinstance(roads, dict) else None
    if isinstance(profile, str) and profile.endswith(".toml"):
        faults += _file_fault("roads.profile", profile, root)
    return faults


def _file_fault(key: str, path: str, root: Path) -> Iterable[str]:
    try:
        full = root / path
        if full.is_dir() and not key.startswith("layers."):
            yield f"{key}: found the folder {_shown(path)}; expected a file"
        elif full.is_dir():
            return
        elif not full.exists():
            yield (
                f"{key}: file not found: {_shown(path)} (looked for {_shown(str(full))}); "
                "expected the path of an existing file"
            )
        elif not full.is_file():
            yield f"{key}: found {_shown(path)}, which is no ordinary file; expected a file"
        elif not os.access(full, os.R_OK):
            yield f"{key}: permission denied for {_shown(path)}; expected a file that may be read"
    except (OSError, ValueError) as error:
        yield f"{key}: {_shown(path)} is no usable path ({error}); expected the path of an existing file"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
