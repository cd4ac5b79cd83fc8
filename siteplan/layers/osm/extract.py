"""An OpenStreetMap extract read once: objects by the tag rules, lines as they run, areas assembled by osmium.

Everything is one pass (two where osmium first looks up the members of multipolygons). The objects no rule takes never
reach Python: osmium's own filters hold them back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import osmium
import shapely
from osmium.osm.types import Area, Node, OSMEntity, Relation, Way

from siteplan.errors import LayerError, PlanError
from siteplan.layers.osm.rules import Rule, TagRules, tag_rules
from siteplan.layers.osm.tables import Feature, OsmExtract, extract_of
from siteplan.layers.osm.tally import Tally

Box = tuple[float, float, float, float]
ByTag = Mapping[tuple[str, str], tuple[Rule, ...]]

_AREA_RELATIONS = ("multipolygon", "boundary")


def read_osm(path: Path, bbox: Box | None = None) -> OsmExtract:
    """The layers of an OpenStreetMap extract in PBF format, WGS 84 degrees (EPSG:4326).

    Parameters
    ----------
    path
        The `.osm.pbf` file.
    bbox
        West, south, east, north in degrees. Points are kept where they lie inside; lines and areas that meet the box
        are kept whole, so that no road ends at the box's edge that goes on in the world. Draw the box wider than the
        county: what leads to a hamlet from outside must be in it too.

    Returns
    -------
    OsmExtract
        `tables` by layer name (only layers with rows; `villages` and `roads` always), `counts` of every layer, the
        extract's date.

    Raises
    ------
    LayerError
        The file is no PBF, is damaged, or holds no settlement or no road (in the box).
    PlanError
        The box is none.
    """
    box = None if bbox is None else _checked_box(bbox)
    if not path.is_file():
        raise LayerError(f"{path}: there is no such file; give an OpenStreetMap extract (.osm.pbf)")
    rules = tag_rules()
    reader = _Reader(rules)
    processor, timestamp = _processor(path, rules)
    for thing in _objects(processor, path):
        reader.take(thing)
    reader.finish()
    extract = extract_of(reader.features, reader.tally, rules, box=box, timestamp=timestamp)
    where = "" if bbox is None else f" in the box {', '.join(f'{side:g}' for side in bbox)} (west, south, east, north)"
    for layer, what in (("villages", "settlement (place=village, hamlet, ...)"), ("roads", "road (highway=...)")):
        if layer not in extract.tables:
            raise LayerError(f"{layer}: {path.name} holds no {what}{where}; give another extract or a wider box")
    return extract


def _checked_box(bbox: Box) -> shapely.Polygon:
    west, south, east, north = bbox
    fit = all(math.isfinite(side) for side in bbox) and -180 <= west < east <= 180 and -90 <= south < north <= 90
    if not fit:
        raise PlanError(
            f"bbox: found {', '.join(f'{side:g}' for side in bbox)}; expected west,south,east,north in degrees, "
            "west less than east (a box over the 180th meridian is two boxes) and south less than north"
        )
    return shapely.box(west, south, east, north)


def _processor(path: Path, rules: TagRules) -> tuple[osmium.FileProcessor, str]:
    """The pass over the file with its filters, and the date in the file's header ("" where it has none)."""
    kinds = osmium.osm
    closed = list(rules.by_tag(["point", "area"]))
    keys = sorted({rule.key for rule in rules.rules} | {key for _, key in rules.left_out})
    try:
        processor = osmium.FileProcessor(osmium.io.File(str(path), "pbf"))
        header = processor.header
    except RuntimeError as error:
        raise _damaged(path, error) from error
    if header.has_multiple_object_versions:
        raise LayerError(
            f"{path.name}: a history file, in which every object stands once for each version; give an extract of the "
            "present state (.osm.pbf)"
        )
    processor.with_locations().with_areas(osmium.filter.TagFilter(*closed))
    # Ways are looked at by key: values that no rule takes (footways, cliffs) are counted.
    for of, wanted in (
        (kinds.NODE, osmium.filter.TagFilter(*rules.by_tag(["point"]))),
        (kinds.WAY, osmium.filter.KeyFilter(*keys)),
        (kinds.RELATION | kinds.AREA, osmium.filter.TagFilter(*closed)),
    ):
        wanted.enable_for(of)
        processor.with_filter(wanted)
    return processor, header.get("osmosis_replication_timestamp", "")


def _objects(processor: osmium.FileProcessor, path: Path) -> Iterator[OSMEntity]:
    """The objects of the pass; osmium's words on a broken file become ours, faults in our own code do not."""
    objects = iter(processor)
    while True:
        try:
            thing = next(objects, None)
        except RuntimeError as error:
            raise _damaged(path, error) from error
        if thing is None:
            return
        yield thing


def _damaged(path: Path, error: RuntimeError) -> LayerError:
    return LayerError(
        f"{path.name}: not a whole OpenStreetMap extract in PBF format ({error}); "
        "give a .osm.pbf file, or fetch this one again"
    )


class _Reader:
    """Takes the objects of a pass into features, and counts what it cannot take."""

    def __init__(self, rules: TagRules) -> None:
        self.features: list[Feature] = []
        self.tally = Tally()
        self._rules = rules
        self._points = rules.by_tag(["point"])
        self._lines = rules.by_tag(["line"])
        self._closed = rules.by_tag(["point", "area"])
        self._wkb = osmium.geom.WKBFactory()
        # An area comes when its last way was read: before its relation, after its closed way, or never.
        self._wanted: dict[str, list[Rule]] = {}
        self._built: set[str] = set()

    def take(self, thing: OSMEntity) -> None:
        """One object of the file, or one area built from it."""
        if isinstance(thing, Node):
            self._node(thing)
        elif isinstance(thing, Way):
            self._way(thing)
        elif isinstance(thing, Area):
            self._area(thing)
        elif isinstance(thing, Relation):
            self._relation(thing)

    def finish(self) -> None:
        """Counts the areas that ought to have come and did not."""
        for own, rules in self._wanted.items():
            if own not in self._built:
                for rule in rules:
                    self.tally.drop(rule.layer, "no_area")

    def _node(self, node: Node) -> None:
        tags = dict(node.tags)
        for rule in self._counted(self._points, tags):
            if not node.location.valid():
                self.tally.drop(rule.layer, "no_location")
                continue
            self.features.append(Feature(rule, f"n{node.id}", tags, self._wkb.create_point(node)))

    def _way(self, way: Way) -> None:
        tags = dict(way.tags)
        rules = self._counted(self._lines, tags)
        for rule in rules:
            if tags.get("area") == "yes":
                self.tally.drop(rule.layer, "area_not_line")
            else:
                self._line(way, rule, tags)
        if len(way.nodes) and way.is_closed():
            self._wanted[f"w{way.id}"] = self._counted(self._closed, tags)
        else:
            for rule in self._counted(self._closed, tags, outlines=False):
                self.tally.drop(rule.layer, "not_closed")
        if not rules:
            self._count_left_out(tags)

    def _line(self, way: Way, rule: Rule, tags: Mapping[str, str]) -> None:
        if len(way.nodes) < 2:
            self.tally.drop(rule.layer, "no_line")
            return
        # Only roads need their nodes' numbers, to be split where they join; see `tables`.
        refs = np.array([node.ref for node in way.nodes], dtype=np.int64) if rule.layer == "roads" else None
        try:
            shape = self._wkb.create_linestring(way, osmium.geom.ALL)
        except osmium.InvalidLocationError:
            self._cut_line(way, rule, tags)
        else:
            self.features.append(Feature(rule, f"w{way.id}", tags, shape, refs))

    def _cut_line(self, way: Way, rule: Rule, tags: Mapping[str, str]) -> None:
        """A way of which the extract lacks nodes: its stretches of two nodes and more, never joined across the gap."""
        there = np.array([node.location.valid() for node in way.nodes], dtype=bool)
        refs = np.array([node.ref for node in way.nodes], dtype=np.int64)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
        runs = [(first, last) for first, last in edges.reshape(-1, 2).tolist() if last - first >= 2]
        if not runs:
            self.tally.drop(rule.layer, "no_line")
            return
        self.tally.mend(rule.layer, "cut")
        nodes = list(way.nodes)
        for number, (first, last) in enumerate(runs):
            shape = shapely.linestrings([(node.lon, node.lat) for node in nodes[first:last]])
            hexed = shapely.to_wkb(shape, hex=True)
            self.features.append(Feature(rule, f"w{way.id}", tags, hexed, refs[first:last], part=number))

    def _relation(self, relation: Relation) -> None:
        tags = dict(relation.tags)
        rules = self._counted(self._closed, tags)
        if tags.get("type") in _AREA_RELATIONS:
            self._wanted[f"r{relation.id}"] = rules
        else:
            for rule in rules:
                self.tally.drop(rule.layer, "other_relation")

    def _area(self, area: Area) -> None:
        own = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        outer, _ = area.num_rings()
        # An area without rings is osmium's way to say that it could not be built.
        if not outer:
            return
        tags = dict(area.tags)
        rules = _fitting(_met(self._closed, tags), tags)
        if rules:
            self._built.add(own)
            shape = self._wkb.create_multipolygon(area)
            self.features += [Feature(rule, own, tags, shape) for rule in rules.values()]

    def _counted(self, by_tag: ByTag, tags: Mapping[str, str], *, outlines: bool = True) -> list[Rule]:
        """The rules an object meets whole, one a layer; it counts as seen by layers it meets by one tag already."""
        met = [rule for rule in _met(by_tag, tags) if outlines or not rule.outline]
        fitting = _fitting(met, tags)
        for layer in sorted({rule.layer for rule in met}):
            self.tally.see(layer)
            if layer not in fitting:
                self.tally.drop(layer, "other_use")
        return list(fitting.values())

    def _count_left_out(self, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            layer = self._rules.counted_only(key, value)
            if layer is not None and (key, value) not in self._lines:
                self.tally.leave_out(layer, f"{key}={value}")


def _met(by_tag: ByTag, tags: Mapping[str, str]) -> list[Rule]:
    """The rules whose key and value an object has, in order."""
    return sorted((rule for tag in tags.items() for rule in by_tag.get(tag, ())), key=lambda rule: rule.order)


def _fitting(met: list[Rule], tags: Mapping[str, str]) -> dict[str, Rule]:
    """Layer -> the first of these rules that an object meets whole."""
    fitting: dict[str, Rule] = {}
    for rule in met:
        if rule.layer not in fitting and rule.fits(tags):
            fitting[rule.layer] = rule
    return fitting
