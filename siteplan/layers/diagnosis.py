"""What a layer's numbers may be in, and where they contradict what the layer says.

This looks and tells; nothing is mended. A `Box` is west, south, east, north in degrees; points are x before y,
whatever a CRS's own order of axes.

The Chinese planes, as the EPSG register has them: CGCS2000 Gauss-Kruger in zones of 3 or 6 degrees, the false easting
500,000 m with or without the zone's number before it. Eastings of zone 35 with prefix are 35,xxx,xxx; 3-degree zones
of China are 25 to 45 and 6-degree zones 13 to 23, so a prefix tells the kind of zone too. Without a prefix only the
other layers can tell the zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pyproj

from siteplan.layers.datums import in_china

Box = tuple[float, float, float, float]
Reason = Literal["degrees", "cgcs2000_3", "cgcs2000_3_prefix", "cgcs2000_6", "cgcs2000_6_prefix", "utm", "web_mercator"]

ELSEWHERE_M = 50_000.0
"""A layer most of which lies so far outside the others is of another place, or not in the CRS it says."""
DEGREE_M = 111_320.0
"""About the metres of a degree of latitude: what is told here is told in kilometres."""
_SAMPLE = 400
_ZONES_3, _ZONES_6 = range(25, 46), range(13, 24)
_NORTHING_M = (300_000.0, 6_100_000.0)
"""From 3 to 55 degrees north: all of China with room to spare, and below every easting with a prefix."""
_WORDS: dict[Reason, str] = {
    "degrees": "degrees of longitude and latitude",
    "cgcs2000_3": "metres of a CGCS2000 3-degree zone without zone prefix",
    "cgcs2000_3_prefix": "CGCS2000 3-degree with zone prefix",
    "cgcs2000_6": "metres of a CGCS2000 6-degree zone without zone prefix",
    "cgcs2000_6_prefix": "CGCS2000 6-degree with zone prefix",
    "utm": "metres of a UTM zone on WGS 84",
    "web_mercator": "metres of Web Mercator",
}
_CHINESE_ORDER: tuple[Reason, ...] = tuple(_WORDS)
_ORDER: tuple[Reason, ...] = ("degrees", "utm", "cgcs2000_3_prefix", "cgcs2000_6_prefix", "web_mercator")


@dataclass(frozen=True)
class Candidate:
    """One CRS that a layer's numbers may be in."""

    crs: str
    """`EPSG:n`; "" where the numbers are of this kind but nothing tells the zone"""
    reason: Reason
    swapped: bool
    """whether the numbers fit with x and y swapped"""
    fit: float
    """from 0 to 1. With a reference: how near the places come to it (1: all inside; a place 50 km outside counts
    1/e). Without: 0.5 where the places would be in the expected country or cannot be told, else 0.25."""

    def __str__(self) -> str:
        zone = f" {_prefix_of(_crs(self.crs))}" if self.reason.endswith("_prefix") else ""
        swapped = ", x and y swapped" if self.swapped else ""
        return f"{_WORDS[self.reason]}{zone}{swapped}" + (f": {self.crs}" if self.crs else "")


@dataclass(frozen=True)
class Contradiction:
    """A layer's numbers against what the layer says: the finding's code, how many features, and what would fit."""

    code: str
    n: int
    of: int
    example: str
    """the first numbers that do not fit"""
    candidates: tuple[Candidate, ...]

    def values(self, crs: str) -> dict[str, object]:
        """What fills the places of the finding's text; `crs` is the label of the CRS the layer says."""
        likely = named(self.candidates) or "-"
        return {"crs": crs, "n": self.n, "of": self.of, "example": self.example, "likely": likely}


def crs_candidates(points: np.ndarray, *, reference: Box | None, chinese: bool) -> list[Candidate]:
    """What a layer's numbers may be in, the likeliest first.

    Parameters
    ----------
    points
        One place a feature, shape (n, 2), in the layer's own numbers; NaN and 0, 0 are passed over.
    reference
        Where the other layers lie; None when nothing is known of them.
    chinese
        Whether the plan's county is in China: the Chinese planes then go before UTM where both fit alike, and
        places in China are likelier.

    Returns
    -------
    list of Candidate
        Empty where the numbers are nothing known. With a reference, CRS that put the layer far from it are left out.
    """
    sample = _sample(points)
    order = _CHINESE_ORDER if chinese else _ORDER
    found = []
    for swapped in (False, True) if len(sample) else ():
        numbers = sample[:, ::-1] if swapped else sample
        for reason, code in _kinds(*np.median(numbers, axis=0), reference=reference, chinese=chinese):
            if reference is None and not code:
                fit = 0.5
            elif reference is None:
                at_home = not swapped
                if chinese:
                    at_home = bool(in_china(np.median(degrees_of(numbers, _crs(code)), axis=0, keepdims=True))[0])
                fit = 0.5 if at_home else 0.25
            else:
                away_m = outside_m(degrees_of(numbers, _crs(code)), reference)
                fit = float(np.mean(np.exp(-away_m / ELSEWHERE_M)))
            if fit >= 0.1 and reason in order:
                found.append(Candidate(code, reason, swapped, round(fit, 3)))
    return sorted(found, key=lambda one: (-round(one.fit, 1), one.swapped, order.index(one.reason), -one.fit))


def named(candidates: tuple[Candidate, ...] | list[Candidate]) -> str:
    """The candidates that fit about as well as the best, at most three, as words for a message; "" without any."""
    best = [one for one in candidates if one.fit >= candidates[0].fit - 0.1][:3]
    return " or ".join(str(one) for one in best)


def contradiction(points: np.ndarray, crs: pyproj.CRS, *, reference: Box | None, chinese: bool) -> Contradiction | None:
    """Where most of a layer's numbers cannot be in the CRS the layer says, or put it far from the other layers.

    Parameters
    ----------
    points
        One place a feature, shape (n, 2), in the layer's own numbers; NaN and 0, 0 are passed over.
    crs
        What the layer says it is in.
    reference, chinese
        As in `crs_candidates`.

    Returns
    -------
    Contradiction or None
        None when more than half of the features may be where they say.
    """
    usable = usable_places(points)
    if not len(usable):
        return None

    def told(code: str, at_fault: np.ndarray, *, swapped: bool | None) -> Contradiction | None:
        if 2 * int(at_fault.sum()) <= len(usable):
            return None
        example = ", ".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in usable[np.argmax(at_fault)])
        likely = crs_candidates(usable, reference=reference, chinese=chinese)
        kept = tuple(one for one in likely if swapped is None or one.swapped == swapped)
        return Contradiction(code, int(at_fault.sum()), len(usable), example, kept)

    x, y = usable.T
    legal = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    if crs.is_geographic:
        swappable = ~legal & (np.abs(x) <= 90) & (np.abs(y) <= 180)
        found = told("layers.axes_swapped", swappable, swapped=True)
        found = found or told("layers.metres_as_degrees", ~legal & ~swappable, swapped=None)
    else:
        found = told("layers.degrees_as_metres", legal, swapped=None)
        if found is None and _zone_easting(crs) is not None:
            said, prefix = _prefix_of(crs), _prefixes(x, y)
            turned = _is_plain(y, x) | (_prefixes(y, x) > 0)
            found = told("layers.axes_swapped", turned, swapped=True)
            if said:
                found = found or told("layers.zone_prefix_missing", _is_plain(x, y), swapped=False)
                found = found or told("layers.zone_differs", (prefix > 0) & (prefix != said), swapped=False)
            else:
                found = found or told("layers.zone_prefix_unexpected", prefix > 0, swapped=False)
    if found is not None or reference is None:
        return found
    away = outside_m(degrees_of(usable, crs), reference) > ELSEWHERE_M
    if 2 * int(away.sum()) <= len(usable):
        return None
    turned_away = outside_m(degrees_of(usable[:, ::-1], crs), reference) > ELSEWHERE_M
    found = told("layers.axes_swapped", away & ~turned_away, swapped=True)
    return found or told("layers.elsewhere", away, swapped=None)


def _kinds(x: float, y: float, *, reference: Box | None, chinese: bool) -> list[tuple[Reason, str]]:
    """The kinds of CRS in which a place (its numbers, x before y) can be: reason and `EPSG:n` (or "")."""
    found: list[tuple[Reason, str]] = []
    if abs(x) <= 180 and abs(y) <= 90:
        found.append(("degrees", "EPSG:4490" if chinese else "EPSG:4326"))
        return found
    prefix = int(_prefixes(np.array([x]), np.array([y]))[0])
    if prefix in _ZONES_3:
        found.append(("cgcs2000_3_prefix", f"EPSG:{4513 + prefix - 25}"))
    if prefix in _ZONES_6:
        found.append(("cgcs2000_6_prefix", f"EPSG:{4491 + prefix - 13}"))
    plain = bool(_is_plain(np.array([x]), np.array([y]))[0])
    if plain and chinese:
        found += [("cgcs2000_3", code) for code in _zone_codes(reference, 4534, 25, 45, 3)]
        found += [("cgcs2000_6", code) for code in _zone_codes(reference, 4502, 13, 23, 6)]
    if 100_000 <= x <= 900_000 and 0 <= y <= 10_000_000:
        south = reference is not None and reference[1] + reference[3] < 0
        found += [("utm", code) for code in _zone_codes(reference, 32701 if south else 32601, 1, 60, 6)]
    if max(abs(x), abs(y)) <= 20_037_509:
        found.append(("web_mercator", "EPSG:3857"))
    return found


def _zone_codes(reference: Box | None, first_code: int, first: int, last: int, width: int) -> list[str]:
    """The zones about the reference's middle meridian; one "" without a reference."""
    if reference is None:
        return [""]
    longitude = (reference[0] + reference[2]) / 2
    first_west = -180 if last == 60 else 0
    zone = round(longitude / 3) if width == 3 else int((longitude - first_west) // 6) + 1
    return [f"EPSG:{first_code + one - first}" for one in (zone, zone - 1, zone + 1) if first <= one <= last]


def _prefixes(easting: np.ndarray, northing: np.ndarray) -> np.ndarray:
    """The zone numbers before eastings (metres), 0 where there is none that China has."""
    zone = np.floor(easting / 1e6)
    rest = easting - zone * 1e6
    known = np.isin(zone, [*_ZONES_3, *_ZONES_6]) & (rest >= 100_000) & (rest <= 900_000)
    return np.where(known & (northing >= _NORTHING_M[0]) & (northing <= _NORTHING_M[1]), zone, 0).astype(int)


def _is_plain(easting: np.ndarray, northing: np.ndarray) -> np.ndarray:
    """Which pairs can be an easting without prefix and a northing in China, and not the other way round (mask)."""
    north = (northing > 1_000_000) & (northing <= _NORTHING_M[1])
    return (easting >= 100_000) & (easting <= 900_000) & north


def _zone_easting(crs: pyproj.CRS) -> float | None:
    """The false easting of a CRS of zones, 500,000 m with or without a prefix; None for a CRS of any other kind."""
    operation = crs.coordinate_operation
    if operation is None or "transverse mercator" not in operation.method_name.lower():
        return None
    eastings = [float(one.value) for one in operation.params if one.name == "False easting"]
    return eastings[0] if eastings and eastings[0] % 1e6 == 500_000 else None


def _prefix_of(crs: pyproj.CRS) -> int:
    """The zone number that a CRS writes before its eastings, 0 for none."""
    return int((_zone_easting(crs) or 0) // 1e6)


@cache
def _crs(code: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(code)


def degrees_of(numbers: np.ndarray, crs: pyproj.CRS) -> np.ndarray:
    """Longitudes and latitudes, shape (n, 2), of numbers under a CRS; infinite where it cannot hold them."""
    if crs.is_geographic:
        legal = (np.abs(numbers) <= [180, 90]).all(axis=1, keepdims=True)
        return np.where(legal, numbers, np.inf)
    return np.column_stack(to_degrees(crs).transform(numbers[:, 0], numbers[:, 1]))


@cache
def to_degrees(crs: pyproj.CRS) -> pyproj.Transformer:
    """From a CRS to the degrees of its own datum: datums differ by some hundred metres at most, which tells nothing
    here, and to look for the way between two of them takes pyproj some hundred times as long."""
    return pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)


def outside_m(degrees: np.ndarray, box: Box) -> np.ndarray:
    """About how many metres each place lies outside a box (0 inside, infinite where it has none)."""
    away = away_from(degrees, np.array(box)) * DEGREE_M
    away[:, 0] *= np.cos(np.radians((box[1] + box[3]) / 2))
    return np.hypot(away[:, 0], away[:, 1])


def away_from(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """How far each point lies outside a box along x and along y, in its own units, shape (n, 2): 0 inside."""
    return np.maximum(np.maximum(box[:2] - points, points - box[2:]), 0.0)


def at_origin(points: np.ndarray) -> np.ndarray:
    """Which points are 0, 0 (mask)."""
    return (np.abs(points) < 1e-9).all(axis=1)


def usable_places(points: np.ndarray) -> np.ndarray:
    """The points that say a place: neither NaN nor 0, 0."""
    points = np.asarray(points, dtype=float)
    return points[np.isfinite(points).all(axis=1) & ~at_origin(points)]


def _sample(points: np.ndarray) -> np.ndarray:
    """Some usable places, evenly over the rows: enough for a median and a fit."""
    usable = usable_places(points)
    return usable[np.unique(np.linspace(0, len(usable) - 1, _SAMPLE).astype(int))] if len(usable) else usable
