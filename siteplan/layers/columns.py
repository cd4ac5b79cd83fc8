"""Source columns to contract columns: matched by name and alias, values read by type, each change listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from siteplan.errors import LayerError
from siteplan.layers.contract import FALSE_WORDS, TRUE_WORDS, Column, LayerContract, folded, match_columns
from siteplan.layers.findings import Action, findings_of
from siteplan.layers.layerset import missing_values
from siteplan.layers.numbers import code_from, number_from, text_from
from siteplan.plan import LayerPlan

_MAX_SAFE = 2**53
"""Beyond it a float no longer holds every whole number, so ids read as numbers have lost digits."""


_SUMMED = ("people", "households", "head")
"""Units that are added up: a blank among them makes every sum too small, so it is told."""


@dataclass(frozen=True)
class Conformed:
    """`table`: id, row, contract columns, extra columns; findings carry rows but not yet ids and places."""

    table: pd.DataFrame
    matched: dict[str, str]
    missing: tuple[str, ...]
    findings: list[pd.DataFrame]


def conform(
    layer: LayerContract,
    source: pd.DataFrame,
    plan: LayerPlan,
    cells: Mapping[str, Mapping[int, str]] | None = None,
    taken: Mapping[str, Mapping[str, str]] | None = None,
) -> Conformed:
    """A source table (no geometry, RangeIndex) in the layer's contract.

    Parameters
    ----------
    layer
        The contract.
    source
        Source columns as read.
    plan
        Column and value maps.
    cells
        source column -> row (from 0) -> what truly stands in cells that the reader could not hold as numbers.
    taken
        contract column -> text in the file -> what a planner decided to take for it; each cell is a finding.

    Raises
    ------
    LayerError
        A mapped column is not there, a required one is not found, a value map names an unknown canonical word, or
        ids have lost digits.
    """
    _check_plan(layer, list(source.columns), plan)
    by_plan = dict(plan.columns)
    free = [name for name in source.columns if name not in by_plan.values()]
    by_name, rivals = match_columns(layer, free)
    matched = {
        name: by_plan.get(name, by_name.get(name, "")) for name in layer.columns if name in by_plan or name in by_name
    }
    _check_required(layer, source, matched)
    found = [
        findings_of(
            layer.name, "layers.rival_columns", "noted", n=1, field=name,
            values={"taken": matched[name], "others": ", ".join(others)},
        )
        for name, others in rivals.items()
        if name not in by_plan
    ]  # fmt: skip
    n = len(source)
    columns: dict[str, pd.Series] = {}
    for name, column in layer.columns.items():
        if name not in matched:
            columns[name] = missing_values(column.type, n, column.default)
            continue
        raw = source[matched[name]].reset_index(drop=True)
        true_cells = (cells or {}).get(matched[name], {})
        words, decided = plan.values.get(name, {}), (taken or {}).get(name, {})
        columns[name], notes = _read_column(layer.name, column, raw, true_cells, words, decided)
        found += notes
    rows = pd.Series(np.arange(1, n + 1, dtype="int64"))
    ids, notes = _unique_ids(layer.name, columns["id"], rows, given="id" in matched)
    found += notes
    table = pd.DataFrame({"id": ids, "row": rows, **{name: c for name, c in columns.items() if name != "id"}})
    used = {folded(name) for name in (*table.columns, "geometry")}
    extra = {name: source[name].reset_index(drop=True) for name in source.columns
             if name not in matched.values() and folded(name) not in used}  # fmt: skip
    if extra:
        table = pd.concat([table, pd.DataFrame(extra)], axis=1)
    missing = tuple(name for name in layer.columns if name not in matched)
    return Conformed(table, matched, missing, found)


def _check_plan(layer: LayerContract, source: list[str], plan: LayerPlan) -> None:
    faults = []
    for key, given in (("columns", plan.columns), ("values", plan.values)):
        for name in given:
            if name not in layer.columns:
                known = ", ".join(layer.columns)
                faults.append(f"layers.{layer.name}.{key}.{name}: unknown column; expected one of {known}")
    for name, column in plan.columns.items():
        if column not in source:
            there = ", ".join(map(str, source)) or "none"
            faults.append(f"layers.{layer.name}.columns.{name}: no column {column!r} in the file; it has: {there}")
    for name, words in plan.values.items():
        contract_column = layer.columns.get(name)
        if contract_column is None or contract_column.type != "category":
            continue
        for raw, word in words.items():
            if word and word not in contract_column.canonical:
                expected = ", ".join(contract_column.canonical)
                faults.append(f"layers.{layer.name}.values.{name}.{raw}: found {word!r}; expected one of {expected}")
    if faults:
        raise LayerError("\n".join(faults))


def _check_required(layer: LayerContract, source: pd.DataFrame, matched: Mapping[str, str]) -> None:
    there = ", ".join(map(str, source.columns)) or "none"
    cure = f'name it in the plan: [layers.{layer.name}] columns = {{ COLUMN = "source column" }}'
    for name, column in layer.columns.items():
        if column.required and name not in matched:
            aliases = ", ".join(column.aliases[:6])
            raise LayerError(
                f"{layer.name}: no column for the required {name!r} (also known as {aliases}, ...); "
                f"the file has: {there}; {cure}"
            )
    if layer.required_any and not any(name in matched for name in layer.required_any):
        raise LayerError(
            f"{layer.name}: none of the columns {', '.join(layer.required_any)} is there, and one is required; "
            f"the file has: {there}; {cure}"
        )


def _read_column(
    layer: str, column: Column, raw: pd.Series, true_cells: Mapping[int, str], words: Mapping[str, str],
    decided: Mapping[str, str],
) -> tuple[pd.Series, list[pd.DataFrame]]:  # fmt: skip
    if column.type == "number" and pd.api.types.is_numeric_dtype(raw) and not (true_cells or words or decided):
        return _bounded(layer, column, raw.astype("float64"), raw)
    if column.name == "id":
        _check_digits(layer, raw)
    texts = _texts(raw)
    for row, cell in true_cells.items():
        texts.iloc[row] = cell
    found = []
    if decided:
        which = texts.isin(list(decided))
        after = texts.where(~which, texts.map(decided))
        found = [_cells(layer, column, "layers.done_take_value", "repaired", which, texts, after)]
        texts = after
    if words:
        mapped = {folded(word): canonical for word, canonical in words.items()}
        texts = _by_word(texts, lambda text: mapped.get(folded(text), text))
    if column.type == "text":
        return texts, found
    if column.type == "code":
        return _by_word(texts, code_from), found
    read = {"number": _numbers, "category": _categories}.get(column.type, _truths)
    values, notes = read(layer, column, texts)
    return values, found + notes


def _texts(raw: pd.Series) -> pd.Series:
    """A column as text, under its own name: whole numbers without a decimal point, nothing as ""."""
    if pd.api.types.is_integer_dtype(raw) and not raw.hasnans:
        return raw.astype("str")
    if pd.api.types.is_string_dtype(raw):
        return raw.fillna("").astype("str").str.strip()
    values = [text_from(None if missing else value) for value, missing in zip(raw.tolist(), raw.isna(), strict=True)]
    return pd.Series(values, dtype="str", name=raw.name)


def _by_word(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Each text changed, worked out once a distinct word."""
    return texts.map({word: change(word) for word in texts.unique()}).astype("str")


_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{2,}")
"""A long code as spreadsheets show and save it: its last digits are gone."""


def _check_digits(layer: str, raw: pd.Series) -> None:
    if pd.api.types.is_float_dtype(raw):
        lost = np.flatnonzero(raw.abs().to_numpy(dtype="float64") >= _MAX_SAFE)
    elif pd.api.types.is_string_dtype(raw):
        lost = np.flatnonzero(raw.str.strip().str.fullmatch(_SHORTENED.pattern).fillna(False).to_numpy(dtype=bool))
    else:
        return
    if len(lost):
        raise LayerError(
            f"{layer}: {len(lost)} ids (first in row {lost[0] + 1}) have more digits than a number can hold, so their "
            "precision is lost; store the id column as text"
        )


def _numbers(layer: str, column: Column, texts: pd.Series) -> tuple[pd.Series, list[pd.DataFrame]]:
    parsed = {text: number_from(text) for text in texts.unique() if text}
    values = texts.map({text: value for text, (value, _) in parsed.items()}).astype("float64")
    tidied = texts.isin([text for text, (_, tidy) in parsed.items() if tidy])
    unread = tidied & values.isna()
    found = [
        _cells(layer, column, "layers.number_unreadable", "noted", unread, texts),
        _cells(layer, column, "layers.number_tidied", "repaired", tidied & ~unread, texts, values),
    ]
    bounded, notes = _bounded(layer, column, values, texts)
    return bounded, found + notes


def _bounded(layer: str, column: Column, values: pd.Series, raw: pd.Series) -> tuple[pd.Series, list[pd.DataFrame]]:
    values = values.where(np.isfinite(values.to_numpy(dtype="float64")), np.nan)
    found = []
    for code, limit, beyond in (
        ("layers.number_too_small", column.minimum, values.lt),
        ("layers.number_too_large", column.maximum, values.gt),
    ):
        if limit is not None:
            found.append(_cells(layer, column, code, "noted", beyond(limit), raw, limit=limit))
            values = values.mask(beyond(limit), np.nan)
    if column.unit in _SUMMED:
        found.append(_blank_cells(layer, column, raw))
    if column.default is not None:
        values = values.fillna(column.default)
    return values.reset_index(drop=True), found


def _blank_cells(layer: str, column: Column, raw: pd.Series) -> pd.DataFrame:
    """One finding for all cells of a column that say nothing, with the first row."""
    blank = (raw.isna() | (raw.astype("str").str.strip() == "")).to_numpy()
    at = np.flatnonzero(blank)
    # A column that says nothing anywhere is a column that is not there.
    n = 0 if len(at) in (0, len(raw)) else 1
    values = {"column": str(raw.name), "n": len(at), "rows": len(raw)}
    return findings_of(
        layer, "layers.number_blank", "noted", n=n, rows=(at[:n] + 1).tolist(), field=column.name, values=values
    )


def _categories(layer: str, column: Column, texts: pd.Series) -> tuple[pd.Series, list[pd.DataFrame]]:
    values = _by_word(texts, lambda text: column.values.get(folded(text), column.other) if text else "")
    strange = (texts != "") & ~texts.map({text: folded(text) in column.values for text in texts.unique()}).astype(bool)
    return values, _strange_words(layer, column, texts, strange)


def _truths(layer: str, column: Column, texts: pd.Series) -> tuple[pd.Series, list[pd.DataFrame]]:
    def truth(text: str) -> float:
        word = folded(code_from(text))
        return 1.0 if word in TRUE_WORDS else 0.0 if word in FALSE_WORDS else np.nan

    values = texts.map({text: truth(text) for text in texts.unique()}).astype("float64")
    found = _strange_words(layer, column, texts, (texts != "") & values.isna())
    return (values == 1.0 if column.type == "bool" else values), found


def _strange_words(layer: str, column: Column, texts: pd.Series, strange: pd.Series) -> list[pd.DataFrame]:
    """One finding a distinct word, with its count and first row: a thousand rows of one odd word are one question."""
    counts = texts[strange].value_counts(sort=False)
    if counts.empty:
        return []
    first = {word: int(texts.index[(texts == word) & strange][0]) + 1 for word in counts.index}
    taken = column.other or ("false" if column.type == "bool" else "")
    return [
        findings_of(
            layer, "layers.word_unknown", "noted", n=len(counts), field=column.name, rows=first.values(),
            values={"column": str(texts.name)},
            each=[{"old": word, "n": int(n), "new": taken} for word, n in counts.items()],
        )
    ]  # fmt: skip


def _cells(
    layer: str, column: Column, code: str, action: Action, which: pd.Series, old: pd.Series,
    new: pd.Series | None = None, limit: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    at = np.flatnonzero(which.to_numpy())
    before = [text_from(value) for value in old.iloc[at].tolist()]
    each = [{"old": value} for value in before]
    if new is not None:
        each = [{"old": b, "new": text_from(a)} for b, a in zip(before, new.iloc[at].tolist(), strict=True)]
    return findings_of(
        layer, code, action, n=len(at), rows=(at + 1).tolist(), field=column.name,
        values={"column": str(old.name)} | ({} if limit is None else {"limit": f"{limit:g}"}), each=each,
    )  # fmt: skip


def _unique_ids(layer: str, ids: pd.Series, rows: pd.Series, *, given: bool) -> tuple[pd.Series, list[pd.DataFrame]]:
    if not given:
        return rows.astype("str"), []
    ids = ids.copy()
    found = []
    empty = ids == ""
    if empty.any():
        at = np.flatnonzero(empty.to_numpy())
        ids = ids.mask(empty, "row-" + rows.astype("str"))
        found.append(
            findings_of(
                layer, "layers.id_empty", "defaulted", n=len(at), rows=(at + 1).tolist(), field="id",
                each=[{"new": ids.iloc[i]} for i in at],
            )
        )  # fmt: skip
    again = ids.duplicated()
    if again.any():
        first = {word: row for row, word in zip(rows[~again], ids[~again], strict=True)}
        taken = set(ids)
        nth: dict[str, int] = {}
        at, each, new = np.flatnonzero(again.to_numpy()), [], ids.tolist()
        for i in at.tolist():
            word = new[i]
            nth[word] = nth.get(word, 1) + 1
            while f"{word}#{nth[word]}" in taken:
                nth[word] += 1
            new[i] = f"{word}#{nth[word]}"
            taken.add(new[i])
            each.append({"old": word, "new": new[i], "first": first[word]})
        ids = pd.Series(new, dtype="str")
        found.append(
            findings_of(
                layer, "layers.id_duplicate", "defaulted", n=len(at), rows=(at + 1).tolist(), field="id", each=each
            )
        )
    return ids, found
