"""What became of every object of an extract that says it belongs to a layer: nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

REASONS = {
    "area_not_line": "areas tagged as roads (area=yes), which no line stands for",
    "no_area": "closed ways and relations that make no valid area (members missing, rings open or crossing)",
    "no_line": "ways with fewer than two located nodes, or of no length",
    "no_location": "nodes without a location",
    "not_closed": "open ways where an area is wanted",
    "other_relation": "relations that are no multipolygon",
    "other_use": "further tags that say it is something else (not for water, in a tunnel, no road for vehicles)",
    "outside_box": "outside the box",
    "same_as_node": "areas that hold a node of the same kind and name, which stands for them",
    "twice": "lines of objects that are there as an area too",
}
"""Why an object makes no row: code -> words for the comments of a plan."""

MENDED = {
    "cut": "ways whose missing nodes were left out: each stretch between is a row of its own",
    "split": "bridges, tunnels and roads on other levels split where roads join them midway",
}
"""What was done to objects that were kept: code -> words."""


@dataclass(frozen=True)
class OsmCounts:
    """The accounting of one layer: `seen == kept + sum(dropped)`, in objects.

    rows: rows of the table (an object may be several); dropped, mended: by code of `REASONS`, `MENDED`; unread: tags
    that could not be read, by column (unknown there); left_out: ways with tags that fit no layer, by tag.
    """

    layer: str
    seen: int
    kept: int
    rows: int
    dropped: Mapping[str, int]
    mended: Mapping[str, int]
    unread: Mapping[str, int]
    left_out: Mapping[str, int]


class Tally:
    """Counts while an extract is read."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._dropped: dict[str, Counter[str]] = {}
        self._mended: dict[str, Counter[str]] = {}
        self._unread: dict[str, Counter[str]] = {}
        self._left_out: dict[str, Counter[str]] = {}

    def see(self, layer: str) -> None:
        """An object says it belongs to a layer."""
        self._seen[layer] += 1

    def drop(self, layer: str, reason: str, n: int = 1) -> None:
        """Objects that were seen make no row."""
        _add(self._dropped, layer, reason, n)

    def mend(self, layer: str, what: str, n: int = 1) -> None:
        """Objects were changed and kept."""
        _add(self._mended, layer, what, n)

    def misread(self, layer: str, column: str, n: int) -> None:
        """Tags were there that say nothing we can read."""
        _add(self._unread, layer, column, n)

    def leave_out(self, layer: str, tag: str) -> None:
        """A way has a tag of the layer's key that no rule takes."""
        _add(self._left_out, layer, tag, 1)

    def counts(self, layer: str, *, kept: int, rows: int) -> OsmCounts:
        """The accounting of a layer whose table has `rows` rows of `kept` objects."""
        return OsmCounts(
            layer=layer,
            seen=self._seen[layer],
            kept=kept,
            rows=rows,
            dropped=_sorted(self._dropped.get(layer)),
            mended=_sorted(self._mended.get(layer)),
            unread=_sorted(self._unread.get(layer)),
            left_out=_sorted(self._left_out.get(layer)),
        )


def _add(counters: dict[str, Counter[str]], layer: str, name: str, n: int) -> None:
    if n:
        counters.setdefault(layer, Counter())[name] += n


def _sorted(counter: Counter[str] | None) -> dict[str, int]:
    """Most frequent first, then by name."""
    return dict(sorted((counter or {}).items(), key=lambda item: (-item[1], item[0])))
