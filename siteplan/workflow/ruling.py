"""`siteplan rules`: every rule pack, the pipe catalogue among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siteplan.standards.packs import pack_named, packs
from siteplan.water.extensions import load_catalogue

PIPES = "pipes"


def rule_packs() -> list[tuple[str, str, str]]:
    """Room, name and title of every pack."""
    found = [(pack.room, pack.name, pack.title) for pack in packs()]
    return [
        *found,
        ("water design", PIPES, "新建供水管道的管材、价格与限值 / Pipes, prices and limits of new water lines"),
    ]


def rules_of(name: str) -> Sequence[dict[str, str]]:
    """Every rule of a pack: rule, value, unit, clause, source, confidence.

    Raises
    ------
    PlanError
        If none is called so.
    """
    if name == PIPES:
        return load_catalogue().rules
    path = Path(name)
    if path.suffix == ".toml" and path.is_file() and b"[[pipe]]" in path.read_bytes():
        return load_catalogue(path).rules
    return pack_named(name).rules
