"""Small extracts drawn object by object, written as real PBF files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Relation, Way

Tags = Mapping[str, str]
Place = tuple[float, float]


class Drawing:
    """An extract being drawn; numbers are given in order, and told back."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._ways: list[Way] = []
        self._relations: list[Relation] = []
        self._missing = 900_000

    def node(self, at: Place, /, **tags: str) -> int:
        """A node; tags with a colon are given with `tagged`."""
        return self.tagged(at, tags)

    def tagged(self, place: Place, tags: Tags) -> int:
        """A node with these tags."""
        self._nodes.append(Node(id=len(self._nodes) + 1, location=place, tags=dict(tags), version=1))
        return len(self._nodes)

    def missing(self) -> int:
        """The number of a node the extract does not hold."""
        self._missing += 1
        return self._missing

    def way(self, nodes: Sequence[int | Place], tags: Tags) -> int:
        """A way over nodes (by number) and places (a node is made)."""
        refs = [node if isinstance(node, int) else self.node(node) for node in nodes]
        self._ways.append(Way(id=len(self._ways) + 1, nodes=refs, tags=dict(tags), version=1))
        return len(self._ways)

    def ring(self, west: float, south: float, size: float, tags: Tags) -> int:
        """A closed way: a square."""
        corners = [(west, south), (west + size, south), (west + size, south + size), (west, south + size)]
        refs = [self.node(corner) for corner in corners]
        return self.way([*refs, refs[0]], tags)

    def relation(self, members: Sequence[tuple[str, int, str]], tags: Tags) -> int:
        """A relation over (n, w or r; number; role)."""
        made = Relation(id=len(self._relations) + 1, members=list(members), tags=dict(tags), version=1)
        self._relations.append(made)
        return len(self._relations)

    def write(self, path: Path, *, date: str = "") -> Path:
        """The extract as a file."""
        header = osmium.io.Header()
        if date:
            header.set("osmosis_replication_timestamp", date)
        with osmium.SimpleWriter(str(path), header=header) as writer:
            for node in self._nodes:
                writer.add_node(node)
            for way in self._ways:
                writer.add_way(way)
            for relation in self._relations:
                writer.add_relation(relation)
        return path
