"""The faults real road files have, planted one by one, each with what a run must say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely

from siteplan.sample.grid import Floats, rounded_mm
from siteplan.sample.roads import CLEAR_M, HAMLET, TOWNSHIP, VILLAGE
from siteplan.sample.settlements import Settlements
from siteplan.sample.surfaces import CEMENT, EARTH, GRAVEL, Section

CARRIED_M = (1.6, 3.0, 4.5, 6.2, 7.4, 8.6)
"""Gaps that a run closes by carrying the end to the line."""
SUSPECTED_M = (13.0, 18.5, 24.0, 33.0, 38.0)
"""Gaps that a run lists and leaves open."""
UNKNOWN_WORDS = ("", "待查", "见附表")
APART_M = 560.0
"""Hamlets behind a gap lie farther than this from all roads on its other side, so that the gap decides for them."""

COLUMNS = ("kind", "layer", "ids", "x", "y", "size_m", "report")


@dataclass(frozen=True)
class Fault:
    """One planted fault: `ids` of the rows it sits on, where, its size in metres (0: none) and what a run reports."""

    kind: str
    layer: str
    ids: tuple[str, ...]
    x: float
    y: float
    size_m: float
    report: str


@dataclass(frozen=True)
class _Branch:
    """A side road whose last point lies on another road (`stem`, at its vertex `at`), and all rows behind it."""

    row: int
    stem: int
    at: int
    behind: frozenset[int]
    hamlets: tuple[int, ...]


def plant(sections: list[Section], placed: Settlements, seed: int) -> tuple[list[Section], list[Fault]]:
    """The sections with faults in them, and the list of the faults."""
    random = np.random.Generator(np.random.PCG64([seed, 8]))
    rows = [replace(section) for section in sections]
    faults: list[Fault] = []
    touched: set[int] = set()
    deciding = [b for b in _branches(rows, placed) if b.hamlets]
    order = np.argsort(random.random(len(deciding)), kind="stable")
    queue = [deciding[int(i)] for i in order]
    for kind, size in [("gap_suspected", g) for g in SUSPECTED_M] + [("gap_carried", g) for g in CARRIED_M]:
        faults.append(_first(queue, touched, partial(_gap, rows, kind, size)))
    for _ in range(2):
        faults.append(_first(queue, touched, partial(_missing_junction, rows)))
    others = [b for b in _branches(rows, placed) if b.row not in touched]
    faults.append(_first(others, touched, partial(_bridge, rows)))
    faults += _unknown_surfaces(rows, touched)
    faults += _overlaps(rows, touched)
    faults.append(_duplicate(rows, touched))
    return rows, faults


def _first(queue: Iterable[_Branch], touched: set[int], attempt: Callable[[_Branch], Fault | None]) -> Fault:
    """The fault on the first branch where it can be planted; neither branch nor what hangs on it is used again."""
    for branch in queue:
        if touched & branch.behind or branch.stem in touched:
            continue
        fault = attempt(branch)
        if fault is not None:
            touched.update(branch.behind, [branch.stem])
            return fault
    raise AssertionError("no road is fit for a fault: another seed is needed")


def _branches(rows: list[Section], placed: Settlements) -> Iterator[_Branch]:
    """Side roads of the lower classes that are the only way to what lies behind them."""
    on: dict[int, set[int]] = {}
    for n, row in enumerate(rows):
        for point in row.points:
            on.setdefault(point, set()).add(n)
    lines = np.asarray([row.line for row in rows])
    places = shapely.points([(h.x, h.y) for h in placed.hamlets])
    seats = set(placed.village_seats)
    for n, row in enumerate(rows):
        if row.road_class not in (VILLAGE, HAMLET) or row.island or row.status != "已建" or len(row.points) < 4:
            continue
        joint = row.points[-1]
        stems = [m for m in sorted(on[joint] - {n}) if joint in rows[m].points[1:-1]]
        if len(stems) != 1 or len(on[joint]) != 2:
            continue
        behind = _behind(rows, on, n, joint)
        if stems[0] in behind or any(rows[m].status != "已建" for m in behind):
            continue
        hamlets = tuple(i for i, h in enumerate(placed.hamlets) if any(h.point in rows[m].points for m in behind))
        inside = seats & {point for m in behind for point in rows[m].points if point != joint}
        rest = np.delete(lines, sorted(behind))
        alone = tuple(i for i in hamlets if float(shapely.distance(rest, places[i]).min()) > APART_M)
        if inside or _near_seat(lines[sorted(behind)], placed, rows):
            alone = ()
        yield _Branch(n, stems[0], rows[stems[0]].points.index(joint), frozenset(behind), alone)


def _near_seat(lines: np.ndarray, placed: Settlements, rows: list[Section]) -> bool:
    """Whether a seat stands so close that it would make even a cut-off road count."""
    where = {point: row.xy[n] for row in rows for n, point in enumerate(row.points)}
    seats = shapely.points([where[seat] for seat in placed.village_seats if seat in where])
    return bool(shapely.distance(lines[:, None], seats[None, :]).min() < APART_M + 80.0)


def _behind(rows: list[Section], on: dict[int, set[int]], start: int, joint: int) -> set[int]:
    """The rows that can be reached from `start` without passing `joint`."""
    seen, todo = {start}, [start]
    while todo:
        for point in rows[todo.pop()].points:
            if point != joint:
                new = on[point] - seen
                seen |= new
                todo += sorted(new)
    return seen


def _others(rows: list[Section], branch: _Branch) -> np.ndarray:
    return np.asarray([row.line for n, row in enumerate(rows) if n not in branch.behind])


def _gap(rows: list[Section], kind: str, size_m: float, branch: _Branch) -> Fault | None:
    row = rows[branch.row]
    others = _others(rows, branch)
    before, joint = row.xy[-2], row.xy[-1]
    low, high = 0.0, 1.0
    if float(shapely.distance(others, shapely.Point(before)).min()) < size_m + 8.0:
        return None
    for _ in range(50):
        middle = (low + high) / 2.0
        at = shapely.Point(joint + (before - joint) * middle)
        low, high = (middle, high) if float(shapely.distance(others, at).min()) < size_m else (low, middle)
    end = rounded_mm(joint + (before - joint) * high)
    # The next line but the one it should meet must be well beyond, or a run could not tell which it is.
    stem = rows[branch.stem].line
    if abs(float(stem.distance(shapely.Point(end))) - size_m) > 0.002:
        return None
    row.xy = np.vstack([row.xy[:-1], end])
    row.points = row.points[:-1]
    told = "end carried to the line, joined" if kind == "gap_carried" else "suspected gap, left open, with its hamlets"
    return Fault(kind, "roads", (row.id, rows[branch.stem].id), float(end[0]), float(end[1]), size_m, told)


def _stem_ahead(rows: list[Section], branch: _Branch, steps: int) -> Iterator[Floats]:
    """The stem's vertices from the junction onwards, either way, where it goes on for `steps`."""
    xy = rows[branch.stem].xy
    if branch.at + steps < len(xy) - 1:
        yield xy[branch.at : branch.at + steps + 1]
    if branch.at - steps > 0:
        yield xy[branch.at - steps : branch.at + 1][::-1]


def _missing_junction(rows: list[Section], branch: _Branch) -> Fault | None:
    row, stem = rows[branch.row], rows[branch.stem]
    others = _others(rows, branch)
    before = row.xy[-2]
    for ahead in _stem_ahead(rows, branch, 1):
        cross = ahead[0] + 0.35 * (ahead[1] - ahead[0])
        way = cross - before
        end = rounded_mm(cross + way / float(np.sqrt((way * way).sum())) * 105.0)
        over = shapely.LineString([before, end])
        hits = shapely.intersects(others, over)
        if hits.sum() != 1 or float(shapely.distance(others, shapely.Point(end)).min()) < CLEAR_M:
            continue
        meet = stem.line.intersection(over)
        if meet.geom_type != "Point" or float(shapely.distance(shapely.MultiPoint(stem.xy), meet)) < 8.0:
            continue
        if float(shapely.distance(row.line.interpolate(0.6, normalized=True), over)) < 5.0 and len(row.points) < 6:
            continue
        row.xy = np.vstack([row.xy[:-1], end])
        row.points = row.points[:-1]
        return Fault("missing_junction", "roads", (row.id, stem.id), round(meet.x, 3), round(meet.y, 3), 0.0,
                     "lines cross at grade without a common vertex: joined at the crossing")  # fmt: skip
    return None


def _bridge(rows: list[Section], branch: _Branch) -> Fault | None:
    """The side road flies over the stem and comes back to it by a ramp on the other side."""
    row, stem = rows[branch.row], rows[branch.stem]
    others = _others(rows, branch)
    before = row.xy[-2]
    for ahead in _stem_ahead(rows, branch, 3):
        cross = ahead[0] + 0.5 * (ahead[1] - ahead[0])
        way = cross - before
        far = rounded_mm(cross + way / float(np.sqrt((way * way).sum())) * 45.0)
        over, ramp = shapely.LineString([before, far]), shapely.LineString([far, ahead[3]])
        meet = stem.line.intersection(over)
        if shapely.intersects(others, over).sum() != 1 or meet.geom_type != "Point":
            continue
        touch = others[shapely.intersects(others, ramp)]
        down = [shapely.intersection(line, ramp) for line in touch]
        if any(p.geom_type != "Point" or p.distance(shapely.Point(ahead[3])) > 1e-6 for p in down):
            continue
        if float(shapely.distance(others, shapely.Point(far)).min()) < 22.0:
            continue
        row.xy, row.points = row.xy[:-1], row.points[:-1]
        bridge = replace(row, id=f"{row.id}Q", points=(), xy=np.vstack([before, far]), bridge=True, level=1)
        down_row = replace(row, id=f"{row.id}R", points=(), xy=np.vstack([far, ahead[3]]))
        bridge.name, bridge.name_en = row.name + "跨线桥", row.name_en + " Overpass"
        down_row.name, down_row.name_en = row.name + "匝道", row.name_en + " Ramp"
        rows += [bridge, down_row]
        ids = (bridge.id, stem.id, down_row.id)
        told = "no join at the crossing: the bridge passes over; joined at its ends only"
        return Fault("bridge_over_road", "roads", ids, round(meet.x, 3), round(meet.y, 3), 0.0, told)
    return None


def _unknown_surfaces(rows: list[Section], touched: set[int]) -> list[Fault]:
    faults = []
    fit = [
        n
        for n, row in enumerate(rows)
        if row.road_class == HAMLET
        and row.surface in (EARTH, GRAVEL)
        and not row.island
        and n not in touched
        and row.open_months == 12
        and row.status == "已建"
        and row.points
    ]
    for word, n in zip(UNKNOWN_WORDS, fit[4::9], strict=False):
        rows[n].surface = word
        touched.add(n)
        x, y = _middle(rows[n])
        told = "surface unknown: empty" if not word else f"surface unknown: the word {word} is in no table"
        faults.append(Fault("unknown_surface", "roads", (rows[n].id,), x, y, 0.0, told))
    return faults


def _overlaps(rows: list[Section], touched: set[int]) -> list[Fault]:
    """A stretch drawn a second time, with a better surface: as when a paving project was added to the old file."""
    faults = []
    fit = [
        n
        for n, row in enumerate(rows)
        if row.road_class in (TOWNSHIP, VILLAGE)
        and row.surface == GRAVEL
        and n not in touched
        and len(row.points) > 12
        and row.status == "已建"
    ]
    for serial, n in enumerate(fit[:2]):
        base = rows[n]
        again = replace(base, id=f"{base.id}B", points=base.points[3 : 9 + serial], xy=base.xy[3 : 9 + serial])
        again.surface, again.name, again.name_en = CEMENT, base.name + "硬化段", base.name_en + " (paved section)"
        rows.append(again)
        touched.add(n)
        x, y = _middle(again)
        told = f"two lines on one course, {GRAVEL} and {CEMENT}: best known surface kept, listed"
        size_m = round(again.line.length, 3)
        faults.append(Fault("overlap", "roads", (base.id, again.id), x, y, size_m, told))
    return faults


def _duplicate(rows: list[Section], touched: set[int]) -> Fault:
    n = next(n for n, row in enumerate(rows) if row.road_class == VILLAGE and n not in touched and row.surface == CEMENT
             and row.status == "已建" and len(row.points) > 8)  # fmt: skip
    again = replace(rows[n], id=f"{rows[n].id}D")
    rows.append(again)
    x, y = _middle(again)
    return Fault("duplicate", "roads", (rows[n].id, again.id), x, y, round(again.line.length, 3),
                 "the same line twice: counted once")  # fmt: skip


def _middle(row: Section) -> tuple[float, float]:
    x, y = row.xy[len(row.xy) // 2]
    return float(x), float(y)
