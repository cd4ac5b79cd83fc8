"""The pipe catalogue: what pipes, pumps, tanks and taps cost, and the limits of a line; with Hazen-Williams' formula.

Read from `standards/water/pipes.toml` or from the county's own file of the same form.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from siteplan.network.ragged import Floats
from siteplan.standards.reading import pack_text, packed_text, validated

LOSS_EXPONENT = 1.852
DIAMETER_EXPONENT = 4.871
LOSS_FACTOR = 4.727 * 0.3048 ** (DIAMETER_EXPONENT - 3 * LOSS_EXPONENT)
"""Hazen-Williams in SI: loss = factor q^1.852 / (C^1.852 d^4.871) a metre; 4.727 for feet, as EPANET 2.2 computes it
(Rossman, EPANET 2.2 User Manual, table 3.1)."""
GRAVITY = 9.81
SHUT_OFF = 4.0 / 3.0
"""Head at no flow over head at the working point, of a pump given by one point (EPANET's one-point curve)."""


@dataclass(frozen=True)
class Pipes:
    """The pipes on offer; arrays of shape (k,), in the order of the file.

    material; dn_mm nominal size; inner_mm; pn_m head at rest that the pipe bears; price_per_m laid, without the trench;
    roughness_c Hazen-Williams C.
    """

    material: tuple[str, ...]
    dn_mm: Floats
    inner_mm: Floats
    pn_m: Floats
    price_per_m: Floats
    roughness_c: Floats

    def __len__(self) -> int:
        return len(self.material)

    def loss_per_m(self, lps: Floats) -> Floats:
        """Head loss in metres a metre of each pipe at each flow (m,) in L/s: shape (m, k)."""
        return loss_per_m(np.asarray(lps)[:, None], self.inner_mm, self.roughness_c)

    def velocity(self, lps: Floats) -> Floats:
        """Velocity in m/s of each flow (m,) in L/s in each pipe: shape (m, k)."""
        return np.asarray(lps)[:, None] / 1000.0 / (np.pi / 4.0 * (self.inner_mm / 1000.0) ** 2)


def loss_per_m(lps: Floats | float, inner_mm: Floats | float, roughness_c: Floats | float) -> Floats:
    """Hazen-Williams head loss in metres of water a metre of pipe; lps L/s, inner_mm mm."""
    flow, diameter = np.asarray(lps) / 1000.0, np.asarray(inner_mm) / 1000.0
    return LOSS_FACTOR * flow**LOSS_EXPONENT / (np.asarray(roughness_c) ** LOSS_EXPONENT * diameter**DIAMETER_EXPONENT)


@dataclass(frozen=True)
class Limits:
    """Limits of a line. Velocities m/s (the lower one only marks), heads and lengths m, shares 1.

    line_head_m holds at every point of a gravity line, but for the first run (`first_run` of the head at rest must
    remain there); tap_head_m, tap_walk_m, tap_climb_m: a public tap; friction_allowance: slope taken before sizes are
    known; height_error_m: gravity with less to spare is marginal; no piece shorter than shortest_piece_m; a stretch of
    lower pressure class shorter than shortest_class_m is not made; storage_share: of a day's water that a tank must
    hold to even out the hours.
    """

    velocity_high: float
    velocity_low: float
    line_head_m: float
    first_run: float
    tap_head_m: float
    tap_walk_m: float
    tap_climb_m: float
    friction_allowance: float
    height_error_m: float
    shortest_piece_m: float
    shortest_class_m: float
    storage_share: float


@dataclass(frozen=True)
class Prices:
    """What works cost: a pump station and its kW (whole efficiency, highest lift m), a break-pressure tank, a tap."""

    pump_station: float
    pump_per_kw: float
    pump_efficiency: float
    pump_highest_m: float
    tank: float
    tank_depth_m: float
    tap: float

    def pump_kw(self, lps: float, head_m: float) -> float:
        """Power at the shaft of the motor, kW, that lifts so many L/s by so many metres."""
        return GRAVITY * lps * head_m / 1000.0 / self.pump_efficiency


@dataclass(frozen=True)
class Trench:
    """What a metre of trench costs: beside roads, beside old pipes, over level ground; slope_factor: how much more, in
    parts, on a slope of 1; river_crossing: each; furthest_m: how far open ground is crossed at most (straight)."""

    road_per_m: float
    pipe_per_m: float
    ground_per_m: float
    slope_factor: float
    river_crossing: float
    furthest_m: float


@dataclass(frozen=True)
class Catalogue:
    """Pipes, trench, limits and prices of works; every rule a row (rule, value, unit, clause, source, confidence)."""

    pipes: Pipes
    trench: Trench
    limits: Limits
    prices: Prices
    currency: str
    rules: tuple[dict[str, str], ...]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: str
    source: str
    confidence: Literal["source read", "unofficial page", "unverified"]


class _Value(_Rule):
    value: float = Field(gt=0)
    unit: str


class _Roughness(_Rule):
    c: dict[str, float]


class _Trench(_Rule):
    road_per_m: float = Field(ge=0)
    pipe_per_m: float = Field(ge=0)
    ground_per_m: float = Field(ge=0)
    slope_factor: float = Field(ge=0)
    river_crossing: float = Field(ge=0)
    furthest_m: float = Field(gt=0)


class _Pump(_Rule):
    efficiency: float = Field(gt=0, le=1)
    per_kw: float = Field(ge=0)
    station: float = Field(ge=0)
    highest_head_m: float = Field(gt=0)


class _Tank(_Rule):
    depth_m: float = Field(ge=0)
    price: float = Field(ge=0)


class _Tap(_Rule):
    price: float = Field(ge=0)


class _Pipe(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    material: str
    dn_mm: float = Field(gt=0)
    # Metres given for millimetres make a network that looks perfect: no water main is under 10 mm or over 3 m wide.
    inner_mm: float = Field(ge=10, le=3000)
    pn_m: float = Field(gt=0)
    price_per_m: float = Field(gt=0)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str
    dimensions: _Rule
    steel: _Rule
    prices: _Rule
    roughness: _Roughness
    velocity_high: _Value
    velocity_low: _Value
    line_head: _Value
    first_run: _Value
    tap_head: _Value
    tap_walk: _Value
    tap_climb: _Value
    friction_allowance: _Value
    height_error: _Value
    shortest_piece: _Value
    shortest_class: _Value
    storage: _Value
    trench: _Trench
    pump: _Pump
    break_tank: _Tank
    tap: _Tap
    pipe: tuple[_Pipe, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> _File:
        nameless = sorted({pipe.material for pipe in self.pipe} - set(self.roughness.c))
        if nameless:
            raise ValueError(f"roughness.c has no value for {', '.join(nameless)}")
        if self.velocity_low.value >= self.velocity_high.value:
            raise ValueError("velocity_low must be less than velocity_high")
        if self.first_run.value >= 1:
            raise ValueError("first_run must be less than 1: some head is lost on the way")
        return self


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue that comes with siteplan, or the one of a TOML file of the same form.

    Raises
    ------
    PlanError
        If the file is missing or faulty: all faults, each with its key's path.
    """
    if path is None:
        return _packed()
    return _catalogue(pack_text("water.pipes", str(path), folder="water", known=(), root=None), str(path))


@cache
def _packed() -> Catalogue:
    return _catalogue(packed_text("water", "pipes"), "water/pipes.toml")


def _catalogue(text: str, name: str) -> Catalogue:
    file = validated(_File, f"pipe catalogue {name}", text)

    def column(key: str) -> Floats:
        return np.array([float(getattr(pipe, key)) for pipe in file.pipe])

    pipes = Pipes(
        material=tuple(pipe.material for pipe in file.pipe),
        dn_mm=column("dn_mm"),
        inner_mm=column("inner_mm"),
        pn_m=column("pn_m"),
        price_per_m=column("price_per_m"),
        roughness_c=np.array([file.roughness.c[pipe.material] for pipe in file.pipe]),
    )
    limits = Limits(
        velocity_high=file.velocity_high.value,
        velocity_low=file.velocity_low.value,
        line_head_m=file.line_head.value,
        first_run=file.first_run.value,
        tap_head_m=file.tap_head.value,
        tap_walk_m=file.tap_walk.value,
        tap_climb_m=file.tap_climb.value,
        friction_allowance=file.friction_allowance.value,
        height_error_m=file.height_error.value,
        shortest_piece_m=file.shortest_piece.value,
        shortest_class_m=file.shortest_class.value,
        storage_share=file.storage.value,
    )
    prices = Prices(
        pump_station=file.pump.station,
        pump_per_kw=file.pump.per_kw,
        pump_efficiency=file.pump.efficiency,
        pump_highest_m=file.pump.highest_head_m,
        tank=file.break_tank.price,
        tank_depth_m=file.break_tank.depth_m,
        tap=file.tap.price,
    )
    trench = Trench(**{one.name: getattr(file.trench, one.name) for one in fields(Trench)})
    return Catalogue(pipes, trench, limits, prices, file.currency, tuple(_rows(file)))


def _rows(file: _File) -> list[dict[str, str]]:
    rows = []
    for name in type(file).model_fields:
        rule = getattr(file, name)
        if not isinstance(rule, _Rule):
            continue
        if isinstance(rule, _Value):
            value, unit = f"{rule.value:g}", rule.unit
        else:
            shown = rule.model_dump(exclude={"clause", "source", "confidence", "unit"})
            value, unit = "; ".join(f"{key} = {item}" for key, item in shown.items()), ""
        rows.append(
            {
                "rule": f"water.pipes.{name}",
                "value": value,
                "unit": unit,
                "clause": rule.clause,
                "source": rule.source,
                "confidence": rule.confidence,
            }
        )
    return rows
