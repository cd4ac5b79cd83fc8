"""Power profiles: how far from a line a hamlet can be supplied, and which lines supply; each with its source."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from siteplan.standards.reading import pack_text, validated
from siteplan.standards.roads_profile import Rule


class PowerNumber(Rule):
    """One figure of a power profile."""

    value: float = Field(gt=0)
    unit: Literal["m", "kV"]


class PowerProfile(BaseModel):
    """A power rule pack as read from its TOML: radius_m, serving_kv_max, snap_m, substation_m."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: dict[Literal["zh", "en"], str]
    based_on: str
    radius_m: PowerNumber
    serving_kv_max: PowerNumber
    snap_m: PowerNumber
    substation_m: PowerNumber

    def rules(self) -> list[dict[str, str]]:
        """Every rule as a row: rule id, value, unit, clause, source, confidence."""
        rows = []
        for name in ("radius_m", "serving_kv_max", "snap_m", "substation_m"):
            rule: PowerNumber = getattr(self, name)
            rows.append(
                {
                    "rule": f"{self.id}.{name}",
                    "value": f"{rule.value:g}",
                    "unit": rule.unit,
                    "clause": rule.clause,
                    "source": rule.source,
                    "confidence": rule.confidence,
                }
            )
        return rows


def power_profile_names() -> tuple[str, ...]:
    """The power profiles that come with siteplan."""
    folder = resources.files(__package__).joinpath("power")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_power_profile(name: str = "cn-rural", *, root: Path | None = None) -> PowerProfile:
    """A profile by its name, or from the user's own TOML file (a name that ends in `.toml`, relative to `root`).

    Raises
    ------
    PlanError
        If there is no such profile, or the file is faulty: all faults, each with its key's path.
    """
    text = pack_text("power.profile", name, folder="power", known=power_profile_names(), root=root)
    return validated(PowerProfile, f"profile {name}", text)
