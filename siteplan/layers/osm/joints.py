"""Roads on bridges, in tunnels and on other levels, split where other roads join them.

In OpenStreetMap two roads join where they share a node, on whatever level they are; siteplan lets a road on another
level join at its ends only, since in other files a shared vertex there may be a mere crossing. Splitting at the shared
nodes keeps both right: a side road inside a tunnel stays joined, a bridge over a road does not become a junction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray


def split_at_joints(
    lines: NDArray[np.object_], refs: Sequence[NDArray[np.int64]], lifted: NDArray[np.bool_]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Split the lifted lines at nodes inside them that are used more than once.

    Parameters
    ----------
    lines
        LineStrings, (n,).
    refs
        The numbers of each line's nodes, one a vertex.
    lifted
        Which lines are on a bridge, in a tunnel or on another level.

    Returns
    -------
    pieces, parent
        LineStrings in the order of lines, and the line each is of.
    """
    pieces: list[shapely.LineString] = []
    parent: list[int] = []
    cuts = _cuts(refs, lifted)
    for i, line in enumerate(lines):
        at = cuts.get(i)
        if at is None:
            pieces.append(line)
            parent.append(i)
            continue
        points = shapely.get_coordinates(line)
        for first, last in zip([0, *at], [*at, len(points) - 1], strict=True):
            pieces.append(shapely.linestrings(points[first : last + 1]))
            parent.append(i)
    found = np.empty(len(pieces), dtype=object)
    found[:] = pieces
    return found, np.array(parent, dtype=np.int64)


def _cuts(refs: Sequence[NDArray[np.int64]], lifted: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Line -> positions of the vertices, its own ends aside, where it is to be split."""
    if not lifted.any():
        return {}
    flat = np.concatenate([np.asarray(own) for own in refs])
    size = np.array([len(own) for own in refs], dtype=np.int64)
    line = np.repeat(np.arange(len(size)), size)
    position = np.arange(len(flat)) - np.repeat(np.cumsum(size) - size, size)
    _, number, uses = np.unique(flat, return_inverse=True, return_counts=True)
    joint = lifted[line] & (uses[number] > 1) & (position > 0) & (position < size[line] - 1)
    cuts: dict[int, list[int]] = {}
    for i, at in zip(line[joint].tolist(), position[joint].tolist(), strict=True):
        cuts.setdefault(i, []).append(at)
    return cuts
