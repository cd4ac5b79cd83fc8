"""Every rule pack that comes with siteplan, of whatever room: what it is and its rules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from siteplan.errors import PlanError
from siteplan.standards.power_profile import load_power_profile, power_profile_names
from siteplan.standards.roads_profile import load_road_profile, road_profile_names
from siteplan.standards.water_profile import (
    load_walking,
    load_water_design,
    load_water_profile,
    water_design_names,
    water_profile_names,
)

Room = Literal["roads", "water", "water design", "power"]


@dataclass(frozen=True)
class Pack:
    """A rule pack: the room it serves, its name, what it is, and its rules (rule, value, unit, clause, source,
    confidence)."""

    room: Room
    name: str
    title: str
    rules: tuple[dict[str, str], ...]


def packs() -> list[Pack]:
    """All of them, room by room."""
    loaders = (
        ("roads", road_profile_names, load_road_profile),
        ("water", water_profile_names, load_water_profile),
        ("water design", water_design_names, load_water_design),
        ("power", power_profile_names, load_power_profile),
    )
    found = []
    for room, names, load in loaders:
        for name in names():
            own = load(name)  # type: ignore[operator]
            title = f"{own.title['zh']} / {own.title['en']} ({own.based_on})"
            walking = load_walking().rules() if room == "water" else []
            found.append(Pack(room, name, title, (*own.rules(), *walking)))  # type: ignore[arg-type]
    return found


def pack_named(name: str) -> Pack:
    """One of them, or a TOML file of the same form (told by its keys; roads where nothing tells).

    Raises
    ------
    PlanError
        If none is called so, or the file is faulty.
    """
    if name.endswith(".toml"):
        return _own_file(name)
    every = packs()
    for pack in every:
        if pack.name == name:
            return pack
    raise PlanError(
        f"no rule pack '{name}'; there are {', '.join(pack.name for pack in every)}, pipes, or a .toml path"
    )


def _own_file(name: str) -> Pack:
    try:
        keys = set(tomllib.loads(Path(name).read_bytes().decode("utf-8-sig")))
    except (OSError, ValueError):
        # The loader below tells what is wrong with it.
        keys = set()
    loaders = (
        ("water", "levels", load_water_profile),
        ("water design", "service_head", load_water_design),
        ("power", "serving_kv_max", load_power_profile),
    )
    room, load = next(((room, load) for room, key, load in loaders if key in keys), ("roads", load_road_profile))
    own = load(name)  # type: ignore[operator]
    return Pack(room, name, own.title["en"], tuple(own.rules()))  # type: ignore[arg-type]
