"""What the roads are made of: sections with surface, width, months open, a name and a number each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import shapely

from siteplan.sample.grid import Floats
from siteplan.sample.mesh import Mesh
from siteplan.sample.names import TOWNSHIPS
from siteplan.sample.roads import COUNTY, HAMLET, NATIONAL, PROVINCIAL, TOWNSHIP, VILLAGE, Road, RoadPlan
from siteplan.sample.settlements import Settlements

SECTION_M = 2_600.0
"""Main and township roads are cut at junctions about this far apart, as road inventories do."""

ASPHALT, CEMENT, GRAVEL, EARTH, STONE = "沥青", "水泥", "砂石", "土路", "弹石"

_MIX = {
    NATIONAL: ((ASPHALT, 1.0),),
    PROVINCIAL: ((ASPHALT, 1.0),),
    COUNTY: ((ASPHALT, 0.7), (CEMENT, 1.0)),
    TOWNSHIP: ((ASPHALT, 0.2), (CEMENT, 0.9), (GRAVEL, 1.0)),
    VILLAGE: ((CEMENT, 0.68), (STONE, 0.75), (GRAVEL, 0.92), (EARTH, 1.0)),
    HAMLET: ((CEMENT, 0.52), (STONE, 0.57), (GRAVEL, 0.76), (EARTH, 1.0)),
}
_WIDTHS = {
    NATIONAL: (8.5, 7.5), PROVINCIAL: (7.0, 7.5), COUNTY: (6.0, 6.5), TOWNSHIP: (4.5, 5.0), VILLAGE: (3.5, 4.5),
    HAMLET: (3.0, 3.5),
}  # fmt: skip
_LETTER = {NATIONAL: "G", PROVINCIAL: "S", COUNTY: "X", TOWNSHIP: "Y", VILLAGE: "C", HAMLET: "W"}
_WORD = {
    NATIONAL: ("过境国道", "National Road"),
    PROVINCIAL: ("过境省道", "Provincial Road"),
    COUNTY: ("公路", "County Road"),
    TOWNSHIP: ("公路", "Township Road"),
    VILLAGE: ("通村路", "Village Road"),
    HAMLET: ("通组路", "Hamlet Road"),
}


@dataclass
class Section:
    """One row of the roads layer. `points`: mesh points (empty for what is not a way over the mesh); `xy`: the line."""

    id: str
    points: tuple[int, ...]
    xy: Floats
    road_class: str
    surface: str
    status: str
    open_months: int
    width_m: float
    subgrade_m: float
    name: str
    name_en: str
    island: bool
    bridge: bool = False
    level: int = 0

    @property
    def line(self) -> shapely.LineString:
        """The row's line."""
        return shapely.LineString(self.xy)


def make_sections(plan: RoadPlan, mesh: Mesh, placed: Settlements, seed: int) -> list[Section]:
    """The road plan as rows, class by class; a section keeps the point it shares with the next."""
    random = np.random.Generator(np.random.PCG64([seed, 7]))
    ends = Counter(point for road in plan.roads for point in (road.points[0], road.points[-1]))
    sections: list[Section] = []
    numbers: Counter[str] = Counter()
    for road in plan.roads:
        numbers[road.road_class] += 1
        first = road.points[0]
        name, name_en = _name(road, numbers[road.road_class], first, mesh, placed)
        for part in _parts(road, ends, mesh, random):
            width = _WIDTHS[road.road_class][int(random.random() * 2)]
            sections.append(
                Section(
                    f"{_LETTER[road.road_class]}{len(sections) + 1:04d}", part.points,
                    np.column_stack([mesh.x[list(part.points)], mesh.y[list(part.points)]]), part.road_class,
                    part.surface, part.status, part.open_months, width,
                    width + (1.0 if width < 5.0 else 1.5), name, name_en, part.island,
                )
            )  # fmt: skip
    return sections


def _name(road: Road, number: int, first: int, mesh: Mesh, placed: Settlements) -> tuple[str, str]:
    """From the place at its far end: a seat, or the nearest hamlet."""
    word, word_en = _WORD[road.road_class]
    if road.road_class in (NATIONAL, PROVINCIAL):
        return word, word_en
    if road.road_class in (COUNTY, TOWNSHIP):
        seats = placed.seats if road.road_class == COUNTY else placed.village_seats
        near = int(np.argmin((mesh.x[seats] - mesh.x[first]) ** 2 + (mesh.y[seats] - mesh.y[first]) ** 2))
        place, place_en = TOWNSHIPS[near] if road.road_class == COUNTY else placed.village_names[near]
    else:
        xs, ys = np.array([h.x for h in placed.hamlets]), np.array([h.y for h in placed.hamlets])
        hamlet = placed.hamlets[int(np.argmin((xs - mesh.x[first]) ** 2 + (ys - mesh.y[first]) ** 2))]
        place, place_en = hamlet.name, hamlet.name_en
    return f"{place}{word}{number}" if road.road_class == COUNTY else f"{place}{word}", f"{place_en} {word_en}"


def _parts(road: Road, ends: Counter[int], mesh: Mesh, random: np.random.Generator) -> list[Road]:
    """The road cut at junctions into sections, each with its surface."""
    if road.surface:
        return [road]
    parts: list[Road] = []
    if road.road_class in (VILLAGE, HAMLET):
        surface = _drawn(road.road_class, random)
        months = 8 if surface == EARTH and random.random() < 0.16 else 12
        half = len(road.points) // 2
        if surface == EARTH and len(road.points) > 12 and random.random() < 0.5:
            # Paved from the network's end as far as the money went.
            far = replace(road, points=road.points[: half + 1], surface=surface, open_months=months)
            return [far, replace(road, points=road.points[half:], surface=CEMENT)]
        return [replace(road, surface=surface, open_months=months)]
    start = 0
    length = 0.0
    for n in range(1, len(road.points)):
        a, b = road.points[n - 1], road.points[n]
        length += float(np.sqrt((mesh.x[a] - mesh.x[b]) ** 2 + (mesh.y[a] - mesh.y[b]) ** 2))
        last = n == len(road.points) - 1
        if last or (length > SECTION_M and ends[b] and n < len(road.points) - 6):
            parts.append(replace(road, points=road.points[start : n + 1], surface=_drawn(road.road_class, random)))
            start, length = n, 0.0
    return parts


def _drawn(road_class: str, random: np.random.Generator) -> str:
    draw = random.random()
    return next(surface for surface, upto in _MIX[road_class] if draw < upto)
