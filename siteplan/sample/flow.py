"""Where water runs on a raster: filling of depressions, D8 receivers, drained area.

Python loops run over cells in order of height: a depression can only be filled, and water only be passed on, one
cell after another; at this size they take about a second.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from siteplan.sample.grid import Bools, Floats, Ints

NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True)
class Flow:
    """Per cell: `receiver` (flat index of the cell it drains into, itself at an outlet), `cells` drained (itself
    included) and `order`, flat indices from low to high."""

    receiver: Ints
    cells: Ints
    order: Ints


def filled(heights: Floats, outlets: Bools, step: float | Floats) -> Floats:
    """Heights raised until every cell runs down to an outlet, by at least `step` (a number, or one a cell)."""
    rows, cols = heights.shape
    width = cols + 2
    padded = np.pad(heights, 1, constant_values=np.inf)
    level: list[float] = padded.ravel().tolist()
    done: list[bool] = np.pad(np.zeros(heights.shape, dtype=bool), 1, constant_values=True).ravel().tolist()
    steps: list[float] = np.pad(np.broadcast_to(step, heights.shape), 1).ravel().tolist()
    offsets = [dr * width + dc for dr, dc in NEIGHBOURS]
    heap: list[tuple[float, int]] = []
    for row, col in np.argwhere(outlets).tolist():
        at = (row + 1) * width + col + 1
        heap.append((level[at], at))
        done[at] = True
    heapq.heapify(heap)
    while heap:
        height, at = heapq.heappop(heap)
        for offset in offsets:
            other = at + offset
            if not done[other]:
                done[other] = True
                floor = height + steps[other]
                level[other] = max(level[other], floor)
                heapq.heappush(heap, (level[other], other))
    return np.array(level).reshape(rows + 2, width)[1:-1, 1:-1]


def flow_of(heights: Floats, outlets: Bools) -> Flow:
    """Steepest-descent (D8) flow on heights without depressions (see `filled`)."""
    rows, cols = heights.shape
    padded = np.pad(heights, 1, constant_values=np.inf)
    best = np.zeros(heights.shape)
    receiver = np.arange(rows * cols, dtype=np.int64).reshape(rows, cols)
    own = receiver.copy()
    for dr, dc in NEIGHBOURS:
        drop = heights - padded[1 + dr : 1 + dr + rows, 1 + dc : 1 + dc + cols]
        if dr and dc:
            drop = drop * 0.7071067811865476
        steeper = drop > best
        best = np.where(steeper, drop, best)
        receiver = np.where(steeper, own + dr * cols + dc, receiver)
    receiver = np.where(outlets, own, receiver)
    order = np.argsort(heights.ravel(), kind="stable")
    cells = [1] * (rows * cols)
    into: list[int] = receiver.ravel().tolist()
    for at in order[::-1].tolist():
        to = into[at]
        if to != at:
            cells[to] += cells[at]
    return Flow(receiver.ravel(), np.array(cells, dtype=np.int64), order)
