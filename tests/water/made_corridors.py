"""A made valley for the tests of extensions: hills by formula, corridors on a grid, springs above, hamlets below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from siteplan.water.extensions import Corridors

STEP_M = 60.0
"""Distance between the points of a profile."""


@dataclass(frozen=True)
class Valley:
    """What a design is called with."""

    corridors: Corridors
    sources: pd.DataFrame
    hamlets: pd.DataFrame


def ground(x: np.ndarray, y: np.ndarray, rough: float) -> np.ndarray:
    """A slope down to the east, with ridges across it."""
    return 900.0 - 0.05 * x + rough * 25.0 * np.sin(x / 700.0) * np.cos(y / 900.0) + rough * 8.0 * np.sin(y / 230.0)


def made_valley(
    seed: int, *, side: int = 6, spacing: float = 400.0, hamlets: int = 8, sources: int = 2, rough: float = 1.0
) -> Valley:
    """A grid of side x side nodes, some edges left out; springs in the west, hamlets anywhere else."""
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    x, y = column * spacing, row * spacing
    pairs = [(k, k + 1) for k in range(side * side) if (k + 1) % side]
    pairs += [(k, k + side) for k in range(side * (side - 1))]
    kept = [pair for k, pair in enumerate(pairs) if k % 7 != int(rng.integers(0, 7))]
    edges, profiles = [], []
    for a, b in kept:
        length = float(np.hypot(x[a] - x[b], y[a] - y[b])) * 1.05
        station = np.arange(STEP_M, length - 1.0, STEP_M)
        share = station / length
        height = ground(x[a] * (1 - share) + x[b] * share, y[a] * (1 - share) + y[b] * share, rough)
        edges.append((a, b, length, float(rng.integers(20, 60))))
        profiles.append(list(zip(station.tolist(), height.tolist(), strict=True)))
    z = ground(x, y, rough)
    corridors = Corridors.from_profiles(list(zip(x, y, z, strict=True)), edges, profiles)
    west = np.flatnonzero(column == 0)
    spring = rng.choice(west, sources, replace=False)
    place = rng.choice(np.flatnonzero(column > 0), hamlets, replace=False)
    return Valley(
        corridors,
        pd.DataFrame(
            {"node": spring, "head_m": z[spring] + 4.0, "spare_lps": rng.uniform(2.0, 6.0, sources)},
            index=[f"S{k}" for k in range(sources)],
        ),
        pd.DataFrame(
            {
                "node": place,
                "peak_lps": rng.uniform(0.1, 0.9, hamlets),
                "people": rng.integers(30, 400, hamlets).astype(float),
                "service_head_m": rng.choice([10.0, 12.0, 15.5], hamlets),
            },
            index=[f"H{k:02d}" for k in range(hamlets)],
        ),
    )
