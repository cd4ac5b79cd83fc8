"""Where lines touch or cross: a cell index over two-point segments, in arrays throughout.

Every pair of segments that comes within `TOUCH_M` gives a touch on both of its lines, so that shared vertices, ends
on a line, crossings at grade, several crossings of one pair, self-crossings and overlaps are all found by one rule.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from siteplan.network.lines import TOUCH_M, LineArrays
from siteplan.network.ragged import Bools, Floats, Ints, ranges

PARALLEL_SINE = 1e-4
"""Below this sine of their angle two segments are compared end by end: their crossing is not well defined."""


@dataclass(frozen=True)
class Touches:
    """Pairs of places where lines touch: part and measure on the one and on the other line, each shape (k,)."""

    part_a: Ints
    measure_a: Floats
    part_b: Ints
    measure_b: Floats

    def where(self, kept: Bools) -> Touches:
        """The chosen rows."""
        return Touches(self.part_a[kept], self.measure_a[kept], self.part_b[kept], self.measure_b[kept])


def find_touches(lines: LineArrays, *, workers: int = 2) -> tuple[Touches, Touches]:
    """All touches and crossings between the lines, and of lines with themselves: (at grade, not at grade).

    Lines that do not connect touch themselves only. A separated line takes part with its ends only: where it runs over
    or under another line, the touch is in the second table and joins nothing.
    """
    start, part = _segments(lines)
    if len(start) < 2:
        none, flat = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Touches(none, flat, none, flat), Touches(none, flat, none, flat)
    a, b = _near_pairs(lines, start, part, workers)
    return _touches_of_pairs(lines, start, part, a, b)


def _segments(lines: LineArrays) -> tuple[Ints, Ints]:
    """First vertex and part of every two-point segment."""
    part_of_vertex = np.repeat(np.arange(len(lines)), np.diff(lines.first))
    keep = np.ones(len(part_of_vertex), dtype=bool)
    keep[lines.first[1:] - 1] = False
    start = np.flatnonzero(keep)
    return start, part_of_vertex[start]


def _near_pairs(lines: LineArrays, start: Ints, part: Ints, workers: int) -> tuple[Ints, Ints]:
    """Pairs of segments whose boxes meet, neighbours along one line left out; each pair once, a < b."""
    low, high = [], []
    for axis in range(2):
        column = np.ascontiguousarray(lines.xy[:, axis])
        column -= column.min() - 1.0
        one, other = column[start], column[start + 1]
        low.append(np.minimum(one, other) - TOUCH_M)
        high.append(np.maximum(one, other) + TOUCH_M)
    extent = np.maximum(high[0] - low[0], high[1] - low[1])
    last_of_part = np.append(part[1:] != part[:-1], True)
    # A cell near the usual box of a segment: about two entries a segment, few strangers in a cell. Where a few
    # segments are far longer than most, the cell grows until the entries are bounded.
    cell = max(float(np.percentile(extent, 75)), 1.0)
    while True:
        cells_low = [(column / cell).astype(np.int32) for column in low]
        spans = [(column / cell).astype(np.int32) - first + 1 for column, first in zip(high, cells_low, strict=True)]
        counts = spans[0].astype(np.int64) * spans[1]
        if counts.sum() <= 6 * len(start) + 1000:
            break
        cell *= 1.5
    segment = np.repeat(np.arange(len(start), dtype=np.int32), counts)
    nth = ranges(np.zeros(len(start), dtype=np.int64), counts).astype(np.int32)
    width = spans[0][segment]
    ix = cells_low[0][segment] + nth % width
    iy = cells_low[1][segment] + nth // width
    # Cells are told apart by a hash into a table of a bounded size: counting sort, and strangers fall out below.
    size = 1 << max(int(len(segment) - 1).bit_length(), 4)
    slot = _slot(ix, iy, size)
    del nth, width, ix, iy
    entry = np.arange(len(segment) + 1, dtype=np.int32)
    grouped = csr_array((np.ones(len(segment), dtype=np.int8), slot, entry), shape=(len(segment), size))
    by_slot = grouped.tocsc()
    order, first = by_slot.indices, by_slot.indptr.astype(np.int64)
    segment = segment[order]
    slot = np.repeat(np.arange(size, dtype=np.int32), np.diff(first))
    # Row i of a cell is paired with the rows after it.
    left = np.repeat(first[1:], np.diff(first)) - np.arange(len(segment)) - 1
    rows = np.flatnonzero(left > 0)
    bounds = np.linspace(0, len(rows), max(workers, 1) * max(len(rows) // 4_000_000, 1) + 1).astype(np.int64)

    def pairs_in(chunk: int) -> tuple[Ints, Ints]:
        mine = rows[bounds[chunk] : bounds[chunk + 1]]
        one = np.repeat(mine, left[mine])
        other = ranges(mine + 1, left[mine])
        # Entries of a slot stand in the order of their segments, so the first is the lower. Most pairs are neighbours
        # along one line: they go first. Strangers that share a slot by their hash alone fall out by their boxes.
        a, b = segment[one], segment[other]
        kept = (b - a > 1) | ((b - a == 1) & last_of_part[a])
        one, a, b = one[kept], a[kept], b[kept]
        for axis in range(2):
            kept = np.maximum(low[axis][a], low[axis][b]) <= np.minimum(high[axis][a], high[axis][b])
            one, a, b = one[kept], a[kept], b[kept]
        # A pair that shares several cells is kept in the one that holds the low corner of the common box.
        corner_x, corner_y = ((np.maximum(column[a], column[b]) / cell).astype(np.int32) for column in low)
        kept = _slot(corner_x, corner_y, size) == slot[one]
        a, b = a[kept], b[kept]
        return a.astype(np.int64), b.astype(np.int64)

    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        found = list(pool.map(pairs_in, range(len(bounds) - 1)))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _slot(ix: NDArray[np.int32], iy: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Hash of cells into a table whose size is a power of two; overflow is part of the hash."""
    with np.errstate(over="ignore"):
        return (ix * np.int32(73856093) ^ iy * np.int32(19349663)) & np.int32(size - 1)


def _touches_of_pairs(lines: LineArrays, start: Ints, part: Ints, a: Ints, b: Ints) -> tuple[Touches, Touches]:
    p, q = lines.xy[start[a]], lines.xy[start[b]]
    r, s = lines.xy[start[a] + 1] - p, lines.xy[start[b] + 1] - q
    length_a, length_b = np.hypot(r[:, 0], r[:, 1]), np.hypot(s[:, 0], s[:, 1])
    between = q - p
    cross = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    slanted = np.abs(cross) > PARALLEL_SINE * length_a * length_b
    safe = np.where(slanted, cross, 1.0)
    along_a = (between[:, 0] * s[:, 1] - between[:, 1] * s[:, 0]) / safe * length_a
    along_b = (between[:, 0] * r[:, 1] - between[:, 1] * r[:, 0]) / safe * length_b
    # An end that stops a hair short of the other line is off by that hair measured across, more measured along.
    slack = TOUCH_M / np.maximum(np.abs(cross) / (length_a * length_b), PARALLEL_SINE)
    hit = slanted & (along_a >= -slack) & (along_a <= length_a + slack)
    hit &= (along_b >= -slack) & (along_b <= length_b + slack)
    at_a, at_b = np.clip(along_a, 0.0, length_a), np.clip(along_b, 0.0, length_b)
    apart = (p + r * (at_a / length_a)[:, None]) - (q + s * (at_b / length_b)[:, None])
    hit &= np.hypot(apart[:, 0], apart[:, 1]) <= TOUCH_M
    found = [(a[hit], at_a[hit], b[hit], at_b[hit])]
    # Nearly parallel, or slanted and missed by the clipping: each end against the other segment.
    rest = np.flatnonzero(~hit)
    for end in range(4):
        own, foe = (a[rest], b[rest]) if end < 2 else (b[rest], a[rest])
        point = lines.xy[start[own] + end % 2]
        base, vector = lines.xy[start[foe]], lines.xy[start[foe] + 1] - lines.xy[start[foe]]
        run = np.hypot(vector[:, 0], vector[:, 1])
        on_foe = np.clip(((point - base) * vector).sum(axis=1) / run, 0.0, run)
        apart = point - base - vector * (on_foe / run)[:, None]
        near = np.hypot(apart[:, 0], apart[:, 1]) <= TOUCH_M
        step = lines.xy[start[own] + 1] - lines.xy[start[own]]
        on_own = np.hypot(step[:, 0], step[:, 1]) * (end % 2)
        if end < 2:
            found.append((own[near], on_own[near], foe[near], on_foe[near]))
        else:
            found.append((foe[near], on_foe[near], own[near], on_own[near]))
    seg_a, at_a, seg_b, at_b = (np.concatenate(column) for column in zip(*found, strict=True))
    touches = Touches(part[seg_a], lines.measure[start[seg_a]] + at_a, part[seg_b], lines.measure[start[seg_b]] + at_b)
    own = touches.part_a == touches.part_b
    touches = touches.where(own | (lines.connects[touches.part_a] & lines.connects[touches.part_b]))
    over = _not_at_grade(lines, touches)
    return touches.where(~over), touches.where(over)


def _not_at_grade(lines: LineArrays, touches: Touches) -> Bools:
    """Touches of separated lines anywhere but at their own ends."""
    length = lines.length
    apart = np.zeros(len(touches.part_a), dtype=bool)
    for part, at in ((touches.part_a, touches.measure_a), (touches.part_b, touches.measure_b)):
        inside = (at > 2 * TOUCH_M) & (at < length[part] - 2 * TOUCH_M)
        apart |= lines.separated[part] & inside
    return apart
