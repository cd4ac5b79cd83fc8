"""How a rule pack is read: one of siteplan's own by name, or the user's TOML file; every fault told with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from siteplan.errors import PlanError

_Model = TypeVar("_Model", bound=BaseModel)


def packed_text(folder: str, name: str) -> str:
    """The text of a pack that comes with siteplan: `standards/FOLDER/NAME.toml`."""
    return resources.files(__package__).joinpath(f"{folder}/{name}.toml").read_text("utf-8")


def pack_text(key: str, name: str, *, folder: str, known: Sequence[str], root: Path | None, prefix: str = "") -> str:
    """The text of the pack `name`: one of `known` (its file's name begins with `prefix`), or a file whose name ends in
    `.toml`, relative to `root`. `key` is the plan's, for the messages.

    Raises
    ------
    PlanError
        If there is no such pack, or the file cannot be read as UTF-8.
    """
    if not name.endswith(".toml"):
        if name not in known:
            raise PlanError(f"{key}: nothing is named '{name}'; there are {', '.join(known)}, or a .toml path")
        return packed_text(folder, prefix + name)
    path = (root or Path()) / name
    if not path.is_file():
        raise PlanError(f"{key}: no file {path}")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlanError(f"{key}: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise PlanError(f"{key}: {path} is not UTF-8 text; save it as UTF-8") from None


def validated(model: type[_Model], what: str, text: str) -> _Model:
    """The pack as its model.

    Raises
    ------
    PlanError
        If it is not TOML, or faulty: all faults, each with its key's path.
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{what}: not valid TOML: {error}") from error
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        raise PlanError(f"{what}:\n" + "\n".join(f"  {fault}" for fault in faults)) from error
