"""Every case of the manifest of faulty files ends as the manifest says, through the real command line."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from calling import Canary, Ended, called, fingerprint, staged

HERE = Path(__file__).resolve()


def _cases() -> list[Any]:
    for folder in HERE.parents:
        manifest = folder / "shared" / "data" / "badinputs" / "manifest.json"
        if manifest.is_file():
            return [pytest.param(case, id=case["id"]) for case in json.loads(manifest.read_text("utf-8"))["cases"]]
    reason = "no folder shared/data beside the checkout: the faulty files are not here"
    return [pytest.param({}, id="absent", marks=pytest.mark.skip(reason=reason))]


@pytest.mark.parametrize("case", _cases())
def test_case_ends_as_the_manifest_says(case: dict[str, Any], badinputs: Path, canary: Canary, tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    given = staged(badinputs, case, folder)
    denied = case["id"] == "B144_perm_denied"
    if denied:
        (folder / given["villages"]).chmod(0)
    before = fingerprint(folder)
    connections = canary.connections
    ended = called(
        given, folder, tmp_path / "results" / "out", seconds=case["expected"]["limits"]["seconds"], unprivileged=denied
    )
    expected = case["expected"]
    forbidden = expected["must_not"]
    assert ended.code in (0, 2), ended.stderr
    assert "Traceback (most recent call last)" not in ended.stderr
    assert fingerprint(folder) == before, "a source was changed, or something was written beside it"
    assert canary.connections == connections, "the network was asked"
    _check_nothing_else_written(tmp_path, ended)
    # the manifest's limit is for a machine that does nothing else
    assert ended.seconds <= 4 * expected["limits"]["seconds"]
    assert ended.rss_mb <= expected["limits"]["rss_mb"]
    if "html_mb" in expected["limits"] and ended.code == 0:
        assert (ended.out / "map.html").stat().st_size <= expected["limits"]["html_mb"] * 1e6
    outcome = _outcome(ended, case["layer"])
    allowed = {expected["outcome"], *expected["outcome_also_ok"]}
    assert outcome in allowed, f"{outcome}, not one of {sorted(allowed)}:\n{ended.stderr}"
    if ended.code == 2:
        assert not ended.out.exists(), "rejected, yet something was published"
    for group in expected["message_must_mention"]:
        assert any(word.lower() in ended.told for word in group), f"no word of {group} in:\n{ended.stderr}"
    _check_accounting(ended)
    if outcome == expected["outcome"] and ended.code == 0 and "features" in expected:
        counts = ended.record["layers"][case["layer"]]
        wanted = {name: n for name, n in expected["features"].items() if n is not None}
        assert {name: counts[name] for name in wanted} == wanted
    if "values" in expected and ended.code == 0:
        _check_values(ended, case["layer"], expected["values"])
    _check_forbidden(ended, forbidden, case["layer"])


def _outcome(ended: Ended, layer: str) -> str:
    if ended.code == 2:
        return "rejected"
    findings = [row for row in ended.record["findings"] if row["layer"] == layer and row["code"].startswith("layers.")]
    if any(row["action"] in ("repaired", "dropped") for row in findings):
        return "repaired_and_reported"
    told = [row for row in ended.record["findings"] if row["layer"] == layer]
    return "accepted_with_warning" if told else "accepted"


def _check_accounting(ended: Ended) -> None:
    """Read = kept + dropped; one finding `dropped` a dropped feature; every finding says which and why."""
    for name, counts in ended.record.get("layers", {}).items():
        assert counts["read"] == counts["kept"] + counts["dropped"]
        dropped = [r for r in ended.record["findings"] if r["layer"] == name and r["action"] == "dropped"]
        assert len({row["row"] for row in dropped}) == counts["dropped"]
    for row in ended.record.get("findings", []):
        assert row["message"]
        if row["action"] in ("dropped", "repaired"):
            assert row["row"] or row["id"] or row["layer"]


def _check_nothing_else_written(folder: Path, ended: Ended) -> None:
    allowed = {"inputs", "results"}
    assert {path.name for path in folder.iterdir()} <= allowed
    beside = {path.name for path in (folder / "results").iterdir()} if (folder / "results").exists() else set()
    assert beside <= {"out", ".out.lock"}


def _check_values(ended: Ended, layer: str, values: dict[str, list[str]]) -> None:
    import geopandas as gpd

    table = gpd.read_file(ended.out / "results.gpkg", layer=layer, engine="pyogrio")
    for column, wanted in values.items():
        assert table[column].tolist() == wanted


def _check_forbidden(ended: Ended, forbidden: list[str], layer: str) -> None:
    texts = [ended.stderr, ended.stdout]
    if ended.out.exists():
        texts += [path.read_bytes().decode("latin-1") for path in ended.out.iterdir() if path.is_file()]
    assert not any("SITEPLAN-CANARY-5f2c9e" in text for text in texts)
    if ended.code != 0:
        return
    if "warning_about_this_layer" in forbidden:
        own = [row for row in ended.record["findings"] if row["layer"] == layer and row["code"].startswith("layers.")]
        assert own == []
    if "inf_or_nan_in_output" in forbidden:
        page = (ended.out / "map.html").read_text("utf-8")
        data = "".join(re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S))
        assert not re.search(r"[:,\[]\s*-?(?:NaN|Infinity)\b", data + json.dumps(ended.record))
        for row in _sheet_cells(ended):
            assert str(row).strip().lower() not in ("inf", "-inf", "nan", "infinity")
    if "xlsx_formula_cell" in forbidden:
        book = openpyxl.load_workbook(ended.out / "tables.xlsx")
        assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    if "csv_cell_starts_with_formula_sign" in forbidden:
        for path in ended.out.glob("*.csv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell)]


def _sheet_cells(ended: Ended) -> list[object]:
    book = openpyxl.load_workbook(ended.out / "tables.xlsx", read_only=True)
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
    book.close()
    return cells
