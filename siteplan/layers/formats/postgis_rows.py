"""Rows of PostgreSQL through ADBC: one read-only, repeatable-read transaction, counted, hashed, errors without secrets.

Names of tables and columns come from the database's own catalogue and are quoted; the plan's words are compared with
them, never put into a statement. Only the plan's query is, in brackets, where it can be nothing but one SELECT.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from siteplan.errors import LayerError
from siteplan.layers.contract import contract, folded
from siteplan.layers.formats import gdal
from siteplan.layers.formats.filelayer import FileLayer, Note, Request
from siteplan.layers.formats.postgis import STATEMENT_TIMEOUT_S, connection_address, shown, without_secrets
from siteplan.layers.formats.rowhash import sha256_of_rows

_SHAPES = ("geometry", "geography")
_WHOLE = ("int2", "int4", "int8", "oid")
_TEXT_OF_NUMBER = ("numeric", "float4")
_AS_THEY_ARE = ("bool", "float8")
_SHAPE, _SRID, _CURVED, _KIND = "siteplan:shape", "siteplan:srid", "siteplan:curved", "siteplan:kind"
_EXACT = 2.0**53
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
_RELATIONS = r"""
SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid::int8 AS oid, pg_table_is_visible(c.oid) AS visible,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
       row_security_active(c.oid) AS hides_rows, c.relkind = 'r' AND c.relhassubclass AS has_heirs,
       EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND t.typname IN ('geometry', 'geography')) AS has_shapes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""
_KEY = """
SELECT a.attname::text AS name
FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = {oid} AND i.indisprimary ORDER BY k.place
"""


@dataclass(frozen=True)
class _Relation:
    """A table or view, as the catalogue tells of it."""

    schema: str
    name: str
    oid: int
    visible: bool
    readable: bool
    hides_rows: bool
    has_heirs: bool
    has_shapes: bool

    @property
    def told(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class _Source:
    """What rows come from. sql: after FROM; told: for messages; key: columns that order the rows, or none."""

    sql: str
    told: str
    key: list[str]
    in_order: bool
    relation: _Relation | None


def read(request: Request, address: str) -> FileLayer:
    """See `siteplan.layers.formats.postgis.read_postgis`."""
    name = request.contract
    if request.layer is not None and request.query is not None:
        raise LayerError(f"{name}: [layers.{name}] has a layer (table) and a query; give one of them")
    with _session(address, told=name) as base:
        source = _source(request, base, shown(address))
        kinds = _kinds(request, base, source)
        shapes = [column for column, kind in kinds.items() if kind in _SHAPES]
        if not shapes and request.needs_place:
            raise LayerError(
                f"{name}: {source.told} has no geometry column; it has: {', '.join(kinds)}; "
                f"tables with geometry: {_listed(base.relations())}"
            )
        shape = shapes[0] if shapes else None
        rows = base.table(_select(base, source, kinds, shape))
        count = base.table(f"SELECT count(*) AS n FROM {source.sql} AS q")["n"][0].as_py()
        if len(rows) != count:
            raise LayerError(f"{name}: {source.told} counts {count} rows, but {len(rows)} came; read it again")
        crs, crs_fault = _crs(request, base, source, rows)
    notes = _notes_of_source(source, shapes)
    if not source.in_order:
        rows = rows.sort_by([(column, "ascending") for column in rows.column_names])
        notes.append(Note("layers.pg_order", values={"source": source.told}))
    notes += _notes_of_shapes(rows)
    columns = {column: _numbers(rows[column]) if kinds[column] in _TEXT_OF_NUMBER else rows[column]
               for column in kinds if kinds[column] not in _SHAPES}  # fmt: skip
    if shape is not None:
        columns[_SHAPE] = rows[_SHAPE]
    table = gdal.plain_table(pa.table(columns), _SHAPE if shape is not None else None)
    return FileLayer(table, source.told, "PostgreSQL", crs, sha256_of_rows(table), notes, crs_fault=crs_fault)


def tables_with_geometry(address: str) -> list[str]:
    """See `siteplan.layers.formats.postgis.tables`."""
    with _session(address, told=shown(address)) as base:
        return [relation.told for relation in base.relations() if relation.has_shapes and relation.readable]


class _Base:
    """A database in a transaction."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._relations: list[_Relation] | None = None

    def table(self, statement: str) -> pa.Table:
        """The rows of one SELECT."""
        self._cursor.execute(statement)
        return self._cursor.fetch_arrow_table()

    def relations(self) -> list[_Relation]:
        """All tables and views but the database's own and those of its extensions."""
        if self._relations is None:
            self._relations = [_Relation(**row) for row in self.table(_RELATIONS).to_pylist()]
        return self._relations

    def postgis_schema(self) -> str:
        """The schema, quoted, that PostGIS is installed in; it need not be on the search path."""
        rows = self.table(
            "SELECT n.nspname::text AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
            "WHERE t.typname = 'geometry' AND t.typtype = 'b' ORDER BY 1"
        )
        return _quoted(rows["name"][0].as_py())


@contextmanager
def _session(address: str, *, told: str) -> Iterator[_Base]:
    """A read-only transaction that sees one state of the database; every error as one for planners."""
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql.dbapi
    except ImportError as error:
        raise LayerError(
            f'{told}: reading from PostgreSQL needs an extra that is not installed: pip install "siteplan[postgis]"'
        ) from error
    try:
        target = connection_address(address)
    except LayerError as error:
        raise LayerError(f"{told}: {error}") from None
    try:
        connection = adbc_driver_postgresql.dbapi.connect(target, autocommit=True)
    except adbc_driver_manager.Error as error:
        # Without the error it comes from: a traceback must not show what the library printed.
        raise _no_connection(told, shown(address), str(error)) from None
    with connection, connection.cursor() as cursor:
        base = _Base(cursor)
        try:
            cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield base
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise LayerError(f"{told}: {_words(error)}") from None
        finally:
            with suppress(adbc_driver_manager.Error):
                # A connection that is lost has nothing to roll back.
                cursor.execute("ROLLBACK")


def _no_connection(told: str, where: str, words: str) -> LayerError:
    said = " ".join(words.split("Failed to connect:")[-1].split())
    cure = ""
    if "password" in said:
        cure = (
            "; the password is taken from the environment (PGPASSWORD) or from a pgpass file, which only its owner may "
            "read (mode 600)"
        )
    return LayerError(without_secrets(f"{told}: no connection to {where}: {said}{cure}"))


def _words(error: Exception) -> str:
    """What the server says, without the statement it says it of, and what it means here."""
    said = str(error).split("\n\nQuery was:")[0].split("ERROR:")[-1]
    said = without_secrets(" ".join(re.split(r"\nLINE \d+:|\. SQLSTATE", said)[0].split()))
    meaning = {
        "25006": "the query tries to write; databases are only read here",
        "42501": "the role may not read it; ask for the right to SELECT",
        "42601": "the query is not one SELECT",
        "57014": f"the database took over {STATEMENT_TIMEOUT_S} s or was told to stop",
        "40001": "the database changed meanwhile; run again",
    }.get(getattr(error, "sqlstate", None) or "", "the database cannot give it")
    return f"{meaning}: {said}"


def _source(request: Request, base: _Base, where: str) -> _Source:
    if request.query is not None:
        query = request.query.strip().rstrip(";").rstrip()
        # The line ends keep a comment at the end of the query from swallowing the bracket.
        return _Source(f"(\n{query}\n)", "the query", [], bool(_ORDERED.search(query)), None)
    relation = _chosen(request, base.relations(), where)
    # A table's heirs are read with it, and its key does not bind them.
    key = [] if relation.has_heirs else base.table(_KEY.format(oid=relation.oid))["name"].to_pylist()
    sql = f"{_quoted(relation.schema)}.{_quoted(relation.name)}"
    return _Source(sql, relation.told, key, bool(key), relation)


def _chosen(request: Request, relations: list[_Relation], where: str) -> _Relation:
    """The table that is meant: the plan's word, the only one with geometry, or the only one the contract names."""
    name, wanted = request.contract, request.layer
    if wanted is None:
        usable = [relation for relation in relations if relation.has_shapes and relation.readable]
        words = {folded(word) for word in (name, *contract(name).names)}
        named = [relation for relation in usable if folded(relation.name) in words]
        for found in (usable, named):
            if len(found) == 1:
                return found[0]
        if not usable:
            raise LayerError(f"{name}: {where} has no table with geometry that the role may read")
        raise LayerError(
            f"{name}: {where} has several tables with geometry: {_listed(relations)}; "
            f'say which in the plan: [layers.{name}] layer = "schema.table"'
        )
    for same in (str, folded):
        whole = [relation for relation in relations if same(relation.told) == same(wanted)]
        bare = [relation for relation in relations if same(relation.name) == same(wanted)]
        for found in (whole, [relation for relation in bare if relation.visible], bare):
            if len(found) == 1 and not found[0].readable:
                raise LayerError(
                    f"{name}: the role may not read {found[0].told} in {where}; ask for the right to SELECT"
                )
            if len(found) == 1:
                return found[0]
        if bare:
            raise LayerError(
                f"{name}: {where} has several tables {wanted!r}: {', '.join(relation.told for relation in bare)}; "
                f"name one with its schema in [layers.{name}] layer"
            )
    raise LayerError(
        f"{name}: {where} has no table {wanted!r}; tables with geometry: {_listed(relations)}; "
        f"mend [layers.{name}] layer in the plan"
    )


def _listed(relations: list[_Relation]) -> str:
    return ", ".join(relation.told for relation in relations if relation.has_shapes and relation.readable) or "none"


def _kinds(request: Request, base: _Base, source: _Source) -> dict[str, str]:
    """Column -> PostgreSQL's name of its type, in order."""
    schema = base.table(f"SELECT * FROM {source.sql} AS q LIMIT 0").schema
    twice = [name for name, n in Counter(schema.names).items() if n > 1]
    if twice:
        raise LayerError(
            f"{request.contract}: {source.told} gives several columns the same name: {', '.join(twice)}; "
            "name them apart with AS"
        )
    kinds = {}
    for field in schema:
        told = field.metadata or {}
        kinds[field.name] = (told.get(b"POSTGRESQL:type") or told.get(b"ADBC:postgresql:typname", b"")).decode()
    return kinds


def _select(base: _Base, source: _Source, kinds: dict[str, str], shape: str | None) -> str:
    wanted = []
    for column, kind in kinds.items():
        place, alias = f"q.{_quoted(column)}", _quoted(column)
        if kind in _SHAPES:
            continue
        if kind in _WHOLE:
            place += "::int8"
        elif kind == "bytea":
            place = f"encode({place}, 'hex')"
        elif kind not in _AS_THEY_ARE:
            place += "::text"
        wanted.append(f"{place} AS {alias}")
    if shape is not None:
        own = base.postgis_schema()
        place = f"q.{_quoted(shape)}::{own}.geometry"
        kind = f"{own}.GeometryType({place})"
        surface = f"{kind} ~ '^(TIN|TRIANGLE|POLYHEDRALSURFACE)'"
        curved = f"({kind} ~ '^(CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE)'"
        curved += f" OR {own}.ST_HasArc({place}))"
        wanted += [
            f"CASE WHEN {surface} THEN NULL WHEN {curved} THEN {own}.ST_AsBinary({own}.ST_CurveToLine({place}))"
            f" ELSE {own}.ST_AsBinary({place}) END AS {_quoted(_SHAPE)}",
            f"{own}.ST_SRID({place}) AS {_quoted(_SRID)}",
            f"{curved} AS {_quoted(_CURVED)}",
            f"CASE WHEN {surface} THEN {kind} END AS {_quoted(_KIND)}",
        ]
    order = ", ".join(f"q.{_quoted(column)}" for column in source.key)
    return f"SELECT {', '.join(wanted)} FROM {source.sql} AS q" + (f" ORDER BY {order}" if order else "")


def _crs(request: Request, base: _Base, source: _Source, rows: pa.Table) -> tuple[str | None, str]:
    """The CRS of the shapes, None where they name none, and why it is not known."""
    if _SRID not in rows.column_names:
        return None, ""
    counts = {c["values"]: c["counts"] for c in pc.value_counts(rows[_SRID].drop_null()).to_pylist()}
    if len(counts) > 1:
        listed = ", ".join(f"{srid} ({n} rows)" for srid, n in sorted(counts.items()))
        raise LayerError(
            f"{request.contract}: the shapes of {source.told} are in several coordinate systems (SRID): {listed}; "
            "bring them into one with a query: ST_Transform, ST_SetSRID"
        )
    srid = next(iter(counts), 0)
    if not srid:
        return None, ""
    known = base.table(
        f"SELECT auth_name::text AS authority, auth_srid::int8 AS code, srtext::text AS wkt "
        f"FROM {base.postgis_schema()}.spatial_ref_sys WHERE srid = {int(srid)}"
    ).to_pylist()
    if not known:
        return None, f"the database does not know the coordinate system (SRID {srid}) its shapes name"
    if (known[0]["authority"] or "").upper() == "EPSG" and known[0]["code"]:
        return f"EPSG:{known[0]['code']}", ""
    return known[0]["wkt"] or None, ""


def _notes_of_source(source: _Source, shapes: list[str]) -> list[Note]:
    notes = []
    if len(shapes) > 1:
        values = {"source": source.told, "taken": shapes[0], "others": ", ".join(shapes[1:])}
        notes.append(Note("layers.pg_geometry_columns", values=values))
    if source.relation is not None and source.relation.hides_rows:
        notes.append(Note("layers.pg_row_security", values={"source": source.told}))
    return notes


def _notes_of_shapes(rows: pa.Table) -> list[Note]:
    if _SHAPE not in rows.column_names:
        return []
    notes = []
    curved = [row for row, is_curved in enumerate(rows[_CURVED].to_pylist(), start=1) if is_curved]
    if curved:
        notes.append(Note("layers.pg_curves", rows=curved, field="geometry"))
    surfaces = {row: kind for row, kind in enumerate(rows[_KIND].to_pylist(), start=1) if kind is not None}
    if surfaces:
        each = [{"type": kind} for kind in surfaces.values()]
        notes.append(Note("layers.pg_surface", rows=list(surfaces), field="geometry", each=each))
    return notes


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers from their texts; the texts where whole numbers among them have more digits than a float holds."""
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return texts
    values = numbers.to_numpy()
    large = np.isfinite(values) & (np.abs(values) > _EXACT)
    return texts if large.any() or np.isinf(values).any() else numbers


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
