"""Drawn layers, small enough to count by eye, and the plan that reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from siteplan.language import LANGUAGES, Texts
from siteplan.layers import guessing, reading
from siteplan.layers.findings import with_messages
from siteplan.layers.layerset import LayerSet
from siteplan.layers.reader import Reader
from siteplan.layers.reading import read_layers
from siteplan.plan import Plan


@pytest.fixture(scope="session")
def one_reader() -> Iterator[Reader]:
    """One reading process for all tests that are not about the process."""
    with Reader([]) as reader:
        yield reader


@pytest.fixture(autouse=True)
def _read_in_one_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process a test would take longer than the tests themselves; started when the first file is read."""

    def shared(*_: object) -> AbstractContextManager[Reader]:
        return nullcontext(request.getfixturevalue("one_reader"))

    for room in (reading, guessing):
        monkeypatch.setattr(room, "Reader", shared)


PLACES = [(104.90, 26.50), (104.92, 26.50), (104.94, 26.51), (104.96, 26.52)]


@pytest.fixture
def villages() -> gpd.GeoDataFrame:
    """Four hamlets in WGS 84."""
    columns = {"id": ["a", "b", "c", "d"], "name": ["上坝", "下坝", "石板寨", "羊场"], "people": [10, 20, 30, 40]}
    return gpd.GeoDataFrame(columns, geometry=[Point(place) for place in PLACES], crs="EPSG:4326")


@pytest.fixture
def roads() -> gpd.GeoDataFrame:
    """Three roads that join the hamlets, in WGS 84."""
    lines = [LineString(pair) for pair in pairwise(PLACES)]
    columns = {"id": ["R1", "R2", "R3"], "surface": ["asphalt", "12.0", "gravel"]}
    return gpd.GeoDataFrame(columns, geometry=lines, crs="EPSG:4326")


class County:
    """A folder of layers and a call that reads them."""

    def __init__(self, folder: Path, villages: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> None:
        self.folder = folder
        self.put("villages.geojson", villages)
        self.put("roads.geojson", roads)

    def put(self, name: str, table: gpd.GeoDataFrame | str | bytes) -> Path:
        """Write a layer (by the ending) or raw text into the folder."""
        path = self.folder / name
        if isinstance(table, bytes):
            path.write_bytes(table)
        elif isinstance(table, str):
            path.write_text(table, "utf-8")
        else:
            table.to_file(path, engine="pyogrio")
        return path

    def plan(self, *, header: dict[str, Any] | None = None, **layers: Any) -> Plan:
        """A plan over the folder's files; a layer is a file name or the keys of its table."""
        files: dict[str, Any] = {"villages": "villages.geojson", "roads": "roads.geojson", **layers}
        tables = {name: {"path": keys} if isinstance(keys, str) else keys for name, keys in files.items()}
        return Plan.model_validate({"plan": header or {}, "layers": tables, "root": self.folder})

    def read(self, *, header: dict[str, Any] | None = None, **layers: Any) -> LayerSet:
        """Read the folder's files; whatever comes, the accounting must close and every finding have its words."""
        result = read_layers(self.plan(header=header, **layers))
        for layer in result.layers.values():
            counts = layer.counts
            assert counts.read == counts.kept + counts.dropped == layer.source.rows_read
            unplaced = layer.table.geometry.isna().sum() if layer.name == "villages" else 0
            assert counts.kept == len(layer.table) - unplaced
            if counts.people is not None:
                assert counts.people.read == counts.people.kept + counts.people.dropped
            assert layer.table["id"].is_unique
            assert layer.table.crs == result.crs
        for language in LANGUAGES:
            with_messages(result.findings, Texts(language))
        return result


@pytest.fixture
def county(tmp_path: Path, villages: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> County:
    """The drawn county as GeoJSON files in a folder of its own."""
    return County(tmp_path, villages, roads)


@pytest.fixture
def said() -> Callable[[LayerSet], list[tuple[str, int | None, str]]]:
    """Findings as (code without its room, row, action)."""

    def shorten(result: LayerSet) -> list[tuple[str, int | None, str]]:
        table = result.findings
        return [
            (code.removeprefix("layers."), None if pd.isna(row) else int(row), action)
            for code, row, action in zip(table["code"], table["row"], table["action"], strict=True)
        ]

    return shorten
