"""Points to the pieces near them: every piece within a distance, with the foot on it; never only the nearest node."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely

from siteplan.network.graph import RoadNetwork
from siteplan.network.joining import AT_TOLERANCE_M
from siteplan.network.ragged import Floats, Ints, offsets_of, ranges

CHUNK = 1_500_000
"""Vertices looked at in one go, to bound memory."""


@dataclass(frozen=True)
class NearPieces:
    """Pairs of a point and a piece near it, ordered by point, then piece; all shape (k,).

    point, piece: their numbers; distance_m: straight line; along_m: the foot's distance from the piece's u.
    """

    point: Ints
    piece: Ints
    distance_m: Floats
    along_m: Floats

    def within(self, distance_m: float) -> NearPieces:
        """The pairs at most so far apart."""
        kept = self.distance_m <= distance_m + AT_TOLERANCE_M
        return NearPieces(self.point[kept], self.piece[kept], self.distance_m[kept], self.along_m[kept])


def pieces_near(network: RoadNetwork, tree: shapely.STRtree, xy: Floats, *, distance_m: float) -> NearPieces:
    """Every piece within `distance_m` of each point.

    `tree` is the STRtree over `network.lines.parts`; `xy` are the points, (n, 2), rows of NaN have nothing near.
    """
    reach = distance_m + AT_TOLERANCE_M
    # Boxes only: the pieces of a line are cut down by their own boxes below, and measured last.
    placed = np.flatnonzero(np.isfinite(xy).all(axis=1))
    around = shapely.box(*(xy[placed] - reach).T, *(xy[placed] + reach).T)
    point, part = tree.query(around)
    point = placed[point]
    order = np.argsort(network.part, kind="stable")
    of_line = order[~network.leg[order]]
    per_part = np.bincount(network.part[of_line], minlength=len(network.lines))
    first = offsets_of(per_part)
    counts = per_part[part]
    pair_point = np.repeat(point, counts).astype(np.int64)
    pair_piece = of_line[ranges(first[part], counts)]
    # A long line has many pieces: most are out of reach by their box alone.
    low, high = network.bounds
    at = xy[pair_point]
    in_reach = ((at >= low[pair_piece] - reach) & (at <= high[pair_piece] + reach)).all(axis=1)
    pair_point, pair_piece = pair_point[in_reach], pair_piece[in_reach]
    legs = np.flatnonzero(network.leg)
    if len(legs):
        leg_point, leg = shapely.STRtree(network.geometry(legs)).query(around)
        pair_point = np.concatenate([pair_point, placed[leg_point]])
        pair_piece = np.concatenate([pair_piece, legs[leg]])
    order = np.lexsort((pair_piece, pair_point))
    pair_point, pair_piece = pair_point[order], pair_piece[order]
    distance, along = feet_on_pieces(network, xy[pair_point], pair_piece, cutoff_m=reach)
    return NearPieces(pair_point, pair_piece, distance, along).within(distance_m)


def feet_on_pieces(network: RoadNetwork, xy: Floats, piece: Ints, *, cutoff_m: float = np.inf) -> tuple[Floats, Floats]:
    """Distance of each point to its piece, and how far along the piece (from u) its foot stands, both (k,).

    Pairs whose segments are all farther than `cutoff_m` may get an infinite distance.
    """
    n_segments = network.high[piece] - network.low[piece] - 1
    distance, along = np.empty(len(piece)), np.empty(len(piece))
    bounds = np.searchsorted(np.cumsum(n_segments), np.arange(CHUNK, n_segments.sum() + CHUNK, CHUNK), side="right")
    stops = np.unique(np.append(bounds, len(piece)))

    def measure(chunk: slice) -> None:
        distance[chunk], along[chunk] = _feet(network, xy[chunk], piece[chunk], n_segments[chunk])

    begins = np.concatenate([[0], stops[:-1]])
    chunks = [slice(begin, stop) for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True) if stop > begin]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(measure, chunks))
    distance[distance > cutoff_m] = np.inf
    return distance, along


def _feet(network: RoadNetwork, xy: Floats, piece: Ints, n_segments: Ints) -> tuple[Floats, Floats]:
    first = offsets_of(n_segments)
    vertex = ranges(network.low[piece], n_segments)
    # By columns: arrays of pairs are several times slower.
    of = np.repeat(np.arange(len(piece)), n_segments)
    (base_x, base_y), (next_x, next_y) = network.xy[vertex].T, network.xy[vertex + 1].T
    step_x, step_y = next_x - base_x, next_y - base_y
    to_x, to_y = xy[:, 0][of] - base_x, xy[:, 1][of] - base_y
    run2 = step_x * step_x + step_y * step_y
    share = (to_x * step_x + to_y * step_y) / np.where(run2 > 0.0, run2, 1.0)
    np.clip(share, 0.0, 1.0, out=share)
    to_x -= step_x * share
    to_y -= step_y * share
    squared = to_x * to_x + to_y * to_y
    least = np.minimum.reduceat(squared, first[:-1])
    # The first segment that attains the least distance holds the foot.
    at_least = np.flatnonzero(squared <= least[of])
    _, pick = np.unique(of[at_least], return_index=True)
    chosen = at_least[pick]
    run = np.sqrt(run2)
    total = np.concatenate([[0.0], np.cumsum(run)])
    along = total[chosen] - total[first[:-1]] + share[chosen] * run[chosen]
    return np.sqrt(least), np.minimum(along, network.length[piece])
