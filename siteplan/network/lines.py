"""A line layer as flat arrays: single parts, two dimensions, no repeated vertex, measures along each part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from siteplan.network.ragged import Bools, Floats, Ints, offsets_of

TOUCH_M = 1e-3
"""Lines nearer than this touch. A millimetre: above the noise of reprojection (1e-7 m), far below any survey."""

_LINESTRING = 1
"""shapely's type number."""


@dataclass(frozen=True)
class LineArrays:
    """Lines as flat arrays (metres).

    parts: geometry of each single part, shape (n,); parent: row of the layer it comes from, (n,); xy: vertices laid
    end to end, (p, 2); first: where each part's vertices begin, (n + 1,); measure: distance along its part, (p,);
    separated: the part joins at its ends only (bridge, tunnel, other level), (n,); connects: False for parts that
    join nothing (closed, seasonal), (n,); rank: order of the parts by their road's id, for ties, (n,);
    dropped_m: length of parts too short to keep.
    """

    parts: NDArray[np.object_]
    parent: Ints
    xy: Floats
    first: Ints
    measure: Floats
    separated: Bools
    connects: Bools
    rank: Ints
    dropped_m: float

    @classmethod
    def from_geometry(
        cls,
        geometry: NDArray[np.object_],
        *,
        separated: Bools | None = None,
        connects: Bools | None = None,
        rank: Ints | None = None,
    ) -> LineArrays:
        """Explode, flatten and measure lines; None and empty geometries give no part.

        The arguments beside `geometry` have one entry a row of the layer, and default to: nothing separated,
        everything connects, rank = row number.
        """
        n_rows = len(geometry)
        if shapely.has_z(geometry).any():
            geometry = shapely.force_2d(geometry)
        if (shapely.get_type_id(geometry) == _LINESTRING).all():
            parts, parent = geometry, np.arange(n_rows)
        else:
            parts, parent = shapely.get_parts(geometry, return_index=True)
        lengths = shapely.length(parts)
        kept = lengths > TOUCH_M
        dropped_m = float(lengths[~kept].sum())
        if not kept.all():
            parts, parent = parts[kept], parent[kept]
        xy, of_part = shapely.get_coordinates(parts, return_index=True)
        step = np.zeros(len(xy))
        if len(xy):
            step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
            step[1:][of_part[1:] != of_part[:-1]] = 0.0
            repeated = step == 0.0
            repeated[0] = False
            repeated[1:] &= of_part[1:] == of_part[:-1]
            if repeated.any():
                xy, of_part, step = xy[~repeated], of_part[~repeated], step[~repeated]
        first = offsets_of(np.bincount(of_part, minlength=len(parts)).astype(np.int64))
        along = np.cumsum(step)
        measure = along - np.repeat(along[first[:-1]], np.diff(first)) if len(xy) else along
        ones = np.ones(n_rows, dtype=bool)
        return cls(
            parts=parts,
            parent=parent.astype(np.int64),
            xy=np.ascontiguousarray(xy),
            first=first,
            measure=measure,
            separated=(~ones if separated is None else np.asarray(separated, dtype=bool))[parent],
            connects=(ones if connects is None else np.asarray(connects, dtype=bool))[parent],
            rank=(np.arange(n_rows) if rank is None else np.asarray(rank, dtype=np.int64))[parent],
            dropped_m=dropped_m,
        )

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def length(self) -> Floats:
        """Length of each part, m, shape (n,)."""
        return self.measure[self.first[1:] - 1] if len(self) else np.zeros(0)

    @property
    def base(self) -> Floats:
        """Where each part begins on one long axis of measures that leaves a metre between parts, shape (n,)."""
        lengths = self.length + 1.0
        return np.cumsum(lengths) - lengths

    def place(self, part: Ints, at: Floats) -> Floats:
        """The points at the given measures of the given parts, shape (k, 2)."""
        base = self.base
        axis = self.measure + np.repeat(base, np.diff(self.first))
        before = np.searchsorted(axis, base[part] + at, side="right") - 1
        before = np.clip(before, self.first[part], self.first[part + 1] - 2)
        run = self.measure[before + 1] - self.measure[before]
        share = np.clip((at - self.measure[before]) / run, 0.0, 1.0)[:, None]
        return self.xy[before] * (1.0 - share) + self.xy[before + 1] * share
