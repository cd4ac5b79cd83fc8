"""Whether the hamlets stand shifted in common against the roads, as GCJ-02 beside WGS 84 does.

Three kinds of guess are tried on a sample of hamlets: that the hamlets are in a Chinese map datum, that the roads are,
and that there is any common shift of 100 to 1,500 m. The last is a vote: each hamlet votes for every offset that would
put it on a road, and the offset with most votes is made exact by least squares on the distances left (point-to-line
registration; Chen and Medioni 1992). A guess is believed only when it puts most hamlets
beside a road that were not, and no offset over 200 m from it does nearly as well (or it puts nearly all hamlets right
onto a road). Hamlets that lie off their roads this way and that agree on no offset, and hamlets that all lie on one
side of roads that run one way agree on a whole row of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyproj
import shapely
from pyproj.enums import TransformDirection

from siteplan.layers.datums import MapDatum, from_wgs84, in_china, to_wgs84
from siteplan.layers.diagnosis import to_degrees
from siteplan.layers.findings import findings_of, no_findings

BESIDE_M = 60.0
"""A hamlet so near a road counts as beside it."""
SHORTEST_M, LONGEST_M = 100.0, 1500.0
"""Common shifts looked for: a shorter one is within what maps leave open."""
_WELL_SHARE = 0.4
"""With so many hamlets beside a road as they are, nothing needs explaining."""
_RIVAL_M = 200.0
"""An offset so far from the guess is another answer: a road that puts a hamlet right for both is no witness."""
_RIVAL_LEAD, _RIVAL_ERRORS = 0.15, 2.5
"""By how much a guess must lead its rivals: as a share of hamlets, and in standard errors of that lead."""
_ONTO_M, _ONTO_SHARE = 10.0, 0.8
"""So many hamlets right on a road after one common move: no ridge of one-sided hamlets is as sharp as that."""
_LEAST_SHARE, _LEAST_GAIN, _LEAST_VOTERS = 0.5, 0.25, 8
_SAMPLE, _THIN_M = 300, 500.0
"""Hamlets asked, and the cell that gives one of them at most: neighbours share their road, so they are one witness."""
_CELL_M, _REACH_M = 25.0, 1600.0
_SEGMENTS = 600_000
"""Pieces of road looked at in all, which bounds the time where roads are dense."""


@dataclass(frozen=True)
class Shift:
    """What the hamlets' distances to the roads say of a common shift."""

    suspected: bool
    dx_m: float
    """metres by which the hamlets stand east of where the roads want them; 0 unless suspected"""
    dy_m: float
    """the same, north"""
    before_m: float
    """median distance to a road of the hamlets asked, as they are; NaN when none has a road in reach"""
    after_m: float
    """the same without the shift; NaN unless suspected"""
    datum: MapDatum | Literal[""]
    """the map datum that explains the shift about as well as any shift does; "" for none"""
    layer: Literal["villages", "roads", ""]
    """the layer that would be in that datum"""
    asked: int
    """hamlets asked that have a road in reach"""

    @property
    def metres(self) -> float:
        """The length of the shift."""
        return float(np.hypot(self.dx_m, self.dy_m))


@dataclass(frozen=True)
class _Guess:
    """One way to move the hamlets asked: the vector of each, and the distances to a road it leaves (metres)."""

    moves: np.ndarray
    left: np.ndarray
    datum: MapDatum | Literal[""] = ""
    layer: Literal["villages", "roads", ""] = ""

    @property
    def beside(self) -> np.ndarray:
        return self.left <= BESIDE_M


def common_shift(
    points: np.ndarray, lines: np.ndarray, crs: pyproj.CRS, *, tree: shapely.STRtree | None = None
) -> Shift:
    """Look for a common shift of hamlets against roads.

    Parameters
    ----------
    points
        Hamlets, shape (n, 2), in a projected CRS in metres; NaN rows are passed over.
    lines
        Roads in the same CRS, shape (m,), without missing ones.
    crs
        That CRS: the map datums are defined on its degrees.
    tree
        A tree of `lines` where there is one already.

    Returns
    -------
    Shift
        The sample is the same for the same input. Fewer than eight hamlets with a road in reach say nothing.
    """
    tree = shapely.STRtree(lines) if tree is None else tree
    asked = _asked(np.asarray(points, dtype=float))
    before = _distances(asked, tree, lines)
    in_reach = np.isfinite(before)
    asked, before = asked[in_reach], before[in_reach]
    nothing = Shift(
        False, 0.0, 0.0, float(np.median(before)) if len(before) else float("nan"), float("nan"), "", "", len(before)
    )
    if len(asked) < _LEAST_VOTERS or np.mean(before <= BESIDE_M) >= _WELL_SHARE:
        return nothing
    shares = _vote(asked, lines, tree)
    move = _refined(asked, _peak(shares), lines, tree)
    free = _Guess(np.tile(move, (len(asked), 1)), _distances(asked + move, tree, lines))
    named = _named(asked, crs, lines, tree)
    # A datum that does as well as the best of all shifts is the better story: it is one of four, not one of thousands.
    likely = [
        guess for guess in named
        if guess.beside.mean() >= free.beside.mean() - 0.1 and np.median(guess.left) <= np.median(free.left) + 25
    ]  # fmt: skip
    for guess in [*likely, free]:
        if _believed(guess, before, shares):
            east, north = -guess.moves.mean(axis=0)
            after = float(np.median(guess.left))
            return Shift(True, float(east), float(north), nothing.before_m, after, guess.datum, guess.layer, len(asked))
    return nothing


def shift_finding(shift: Shift) -> pd.DataFrame:
    """The suspicion as a finding for the whole layer of villages; no rows when there is none."""
    if not shift.suspected:
        return no_findings()
    values: dict[str, object] = {
        "metres": round(shift.metres), "east": round(shift.dx_m), "north": round(shift.dy_m),
        "before": round(shift.before_m), "after": round(shift.after_m), "asked": shift.asked,
    }  # fmt: skip
    if shift.datum:
        values |= {"datum": shift.datum, "of": shift.layer}
    code = "layers.datum_shift" if shift.datum else "layers.common_shift"
    return findings_of("villages", code, "noted", n=1, field="geometry", values=values)


def _asked(points: np.ndarray) -> np.ndarray:
    """The hamlets to ask: one of each cell of `_THIN_M`, at most `_SAMPLE` drawn by a fixed seed."""
    points = points[np.isfinite(points).all(axis=1)]
    # Draw first where there are many: of 200,000 hamlets nearly all cells of the draw are different ones.
    rng = np.random.default_rng(0)
    drawn = points[np.sort(rng.permutation(len(points))[: 4 * _SAMPLE])]
    cells = np.unique(np.floor(drawn / _THIN_M), axis=0, return_index=True)[1]
    return drawn[np.sort(rng.permutation(np.sort(cells))[:_SAMPLE])]


def _distances(points: np.ndarray, tree: shapely.STRtree, lines: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest line (metres), infinite beyond `_REACH_M`."""
    found = np.full(len(points), np.inf)
    pairs, away = tree.query_nearest(
        shapely.points(points), max_distance=_REACH_M, return_distance=True, all_matches=False
    )
    found[pairs[0]] = away
    return found


def _named(asked: np.ndarray, crs: pyproj.CRS, lines: np.ndarray, tree: shapely.STRtree) -> list[_Guess]:
    """The hamlets, or the roads, in GCJ-02 or BD-09; the guess that leaves least first. None outside China."""
    plane = to_degrees(crs)
    degrees = np.column_stack(plane.transform(asked[:, 0], asked[:, 1]))
    if not in_china(np.median(degrees, axis=0, keepdims=True))[0]:
        return []
    guesses = []
    datums: tuple[MapDatum, ...] = ("gcj02", "bd09")
    for datum in datums:
        # Roads in a map datum stand where hamlets would, were they in it too.
        for layer, there in (("villages", to_wgs84(degrees, datum)), ("roads", from_wgs84(degrees, datum))):
            moved = np.column_stack(plane.transform(there[:, 0], there[:, 1], direction=TransformDirection.INVERSE))
            guesses.append(_Guess(moved - asked, _distances(moved, tree, lines), datum, layer))  # type: ignore[arg-type]
    return sorted(guesses, key=lambda guess: (float(np.median(guess.left)), -float(guess.beside.mean())))


def _believed(guess: _Guess, before: np.ndarray, shares: np.ndarray) -> bool:
    """Whether a guess puts right what was wrong, and better than its rivals in the vote (`shares`).

    The best of all rivals is what chance makes of the best among as many offsets: no other test of chance is needed.
    """
    was, now = before <= BESIDE_M, guess.beside
    share = float(now.mean())
    move = guess.moves.mean(axis=0)
    if not SHORTEST_M <= np.hypot(*move) <= LONGEST_M * (1 + bool(guess.datum)):
        return False
    if share < _LEAST_SHARE or share < was.mean() + _LEAST_GAIN or np.median(guess.left) > np.median(before) / 2:
        return False
    centres = _centres(len(shares))
    rival = float(shares[np.hypot(centres[:, None] - move[1], centres - move[0]) >= _RIVAL_M].max())
    error = np.sqrt((share * (1 - rival) + rival * (1 - share)) / len(now))
    leads = share - rival >= max(_RIVAL_LEAD, _RIVAL_ERRORS * error)
    return bool(leads or np.mean(guess.left <= _ONTO_M) >= _ONTO_SHARE)


def _vote(asked: np.ndarray, lines: np.ndarray, tree: shapely.STRtree) -> np.ndarray:
    """The share of hamlets that each offset puts beside a road: shape (k, k), rows north, columns east, cells of
    `_CELL_M` from `-_REACH_M` on."""
    boxes = shapely.box(*(asked - _REACH_M).T, *(asked + _REACH_M).T)
    voter, line = tree.query(boxes)
    order = np.lexsort((line, voter))
    voter, line = voter[order], line[order]
    used, line = np.unique(line, return_inverse=True)
    start, end, first, count = _segments(lines[used])
    enough = np.cumsum(count[line]) <= _SEGMENTS
    if not enough.all():
        # Whole voters only, and never too few to say anything.
        last = max(int(voter[np.argmin(enough)]), _LEAST_VOTERS)
        voter, line = voter[voter < last], line[voter < last]
        asked = asked[:last]
    which, at = _expanded(first[line], count[line])
    near = _pieces_in_reach(start[at] - asked[voter[which]], end[at] - asked[voter[which]], voter[which])
    k = int(2 * _REACH_M / _CELL_M)
    marks = np.zeros((len(asked), k, k), dtype=bool)
    marks[near[0], near[2], near[1]] = True
    # Two cells to each side: beside a road means within some 60 m.
    for axis in (1, 2):
        marks = _widened(_widened(marks, axis), axis)
    return marks.mean(axis=0)


def _segments(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The straight pieces of lines: starts and ends, shape (s, 2), and by line its first piece and how many it has."""
    coordinates, part = shapely.get_coordinates(lines, return_index=True)
    owner = part
    if (shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING).any():
        parts, line_of_part = shapely.get_parts(lines, return_index=True)
        coordinates, part = shapely.get_coordinates(parts, return_index=True)
        owner = line_of_part[part]
    pieces = np.flatnonzero(part[1:] == part[:-1])
    count = np.bincount(owner[pieces], minlength=len(lines))
    return coordinates[pieces], coordinates[pieces + 1], np.cumsum(count) - count, count


def _expanded(first: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For runs `first[i] ... first[i] + count[i] - 1`: the run of each member, and the member."""
    which = np.repeat(np.arange(len(count)), count)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(count) - count - first, count)


def _pieces_in_reach(
    start: np.ndarray, end: np.ndarray, voter: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voter, column and row of the cells that pieces of road (relative to their voter, metres) run through, cut to
    the square of `_REACH_M` (Liang and Barsky) and sampled every `_CELL_M`."""
    along = end - start
    with np.errstate(divide="ignore", invalid="ignore"):
        cuts = np.sort(np.stack([(-_REACH_M - start) / along, (_REACH_M - start) / along]), axis=0)
    level = along == 0
    inside = np.abs(start) < _REACH_M
    enter = np.where(level, np.where(inside, 0.0, np.inf), cuts[0]).max(axis=1).clip(min=0)
    leave = np.where(level, np.where(inside, 1.0, -np.inf), cuts[1]).min(axis=1).clip(max=1)
    kept = np.flatnonzero(leave >= enter)
    enter, leave = enter[kept], leave[kept]
    steps = np.ceil((leave - enter) * np.hypot(*along[kept].T) / _CELL_M).astype(int) + 1
    which, step = _expanded(np.zeros(len(kept), dtype=int), steps)
    t = enter[which] + (leave - enter)[which] * step / np.maximum(steps - 1, 1)[which]
    offset = start[kept][which] + t[:, None] * along[kept][which]
    last = int(2 * _REACH_M / _CELL_M) - 1
    column, row = np.floor((offset + _REACH_M) / _CELL_M).astype(int).clip(0, last).T
    return voter[kept][which], column, row


def _widened(marks: np.ndarray, axis: int) -> np.ndarray:
    """Marks spread to the neighbour cells along one axis."""
    result = marks.copy()
    ahead, behind = [slice(None)] * marks.ndim, [slice(None)] * marks.ndim
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    result[tuple(ahead)] |= marks[tuple(behind)]
    result[tuple(behind)] |= marks[tuple(ahead)]
    return result


def _peak(shares: np.ndarray) -> np.ndarray:
    """The offset (east, north; metres) with most votes, of equal ones that with most about it."""
    about = np.zeros_like(shares)
    for rows in range(-2, 3):
        for columns in range(-2, 3):
            about += np.roll(shares, (rows, columns), axis=(0, 1))
    centres = _centres(len(shares))
    length = np.hypot(centres[:, None], centres[None, :])
    score = np.where((length >= SHORTEST_M) & (length <= LONGEST_M), shares + about / 1e4, -1.0)
    row, column = np.unravel_index(np.argmax(score), score.shape)
    return np.array([centres[column], centres[row]])


def _centres(cells: int) -> np.ndarray:
    """The middles (metres) of the vote's cells along one axis."""
    return (np.arange(cells) + 0.5) * _CELL_M - _REACH_M


def _refined(asked: np.ndarray, move: np.ndarray, lines: np.ndarray, tree: shapely.STRtree) -> np.ndarray:
    """A move (east, north) made exact: least squares on the distances left, of the hamlets that it puts near a road."""
    for _ in range(10):
        moved = shapely.points(asked + move)
        near, line = tree.query_nearest(moved, max_distance=2 * BESIDE_M, all_matches=False)
        if not len(near):
            break
        ends = shapely.get_coordinates(shapely.shortest_line(moved[near], lines[line])).reshape(-1, 2, 2)
        left = ends[:, 1] - ends[:, 0]
        length = np.hypot(*left.T)
        off = length > 1e-6
        normal = left[off] / length[off, None]
        # The little on the diagonal keeps still what no road tells, as along a single straight one.
        step = np.linalg.solve(normal.T @ normal + 1e-3 * len(near) * np.eye(2), normal.T @ length[off])
        move = move + step
        if np.hypot(*step) < 0.1:
            break
    return move
