"""PostGIS, read from a server of our own: a private cluster with passwords, started and stopped by these tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import LineString, Point

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import GEOMETRY, FileLayer, Request
from siteplan.layers.formats.geopackages import read_geopackage
from siteplan.layers.formats.postgis import connection_address, is_address, read_postgis, shown, tables
from siteplan.layers.reader import Reader

PASSWORD = "kK7-secret%word"
WRONG = "wr0ng-s3cret"

_SCHEMA = """
CREATE SCHEMA gis;
CREATE EXTENSION postgis SCHEMA gis;
CREATE ROLE reader LOGIN PASSWORD 'kK7-secret%word';
CREATE ROLE writer LOGIN PASSWORD 'kK7-secret%word' SUPERUSER;
GRANT USAGE ON SCHEMA gis TO reader;
SET search_path = public, gis;
CREATE TABLE villages (id text, name text, people int, geom geometry(Point, 4490), fid bigint PRIMARY KEY);
CREATE TABLE "道路 ""旧"" 表" ("编号" text PRIMARY KEY, "路面 '类型" text, "形状" geometry(LineStringZ, 4544));
INSERT INTO "道路 ""旧"" 表" VALUES ('R2', '沥青', 'SRID=4544;LINESTRING Z(500000 2900000 5, 500100 2900000 6)'),
                                   ('R1', NULL, 'SRID=4544;LINESTRING Z(500000 2900000 1, 500000 2900100 1)');
CREATE TABLE kinds (k int PRIMARY KEY, big bigint, small smallint, real4 real, real8 double precision,
    money numeric(12, 2), code numeric(20, 0), whole numeric, yes boolean, at timestamptz, local timestamp, day date,
    guid uuid, doc jsonb, many int[], raw bytea, long interval, letters char(5),
    where_ gis.geometry, beside gis.geometry(Point, 4326));
INSERT INTO kinds VALUES
    (2, 9007199254740993, 3, 0.1, 0.1, 12.50, 110101199003078515, 1.5, true, '2024-01-02 03:04:05+08',
     '2024-01-02 03:04:05.5', '2024-02-29', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2]}', '{1,NULL,3}',
     '\\xdead', '1 day 02:00', 'ab', 'SRID=4326;POINTZM(1 2 3 4)', 'SRID=4326;POINT(9 9)'),
    (1, NULL, NULL, 'NaN', 'NaN', 'NaN', NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL);
CREATE TABLE curves (k int PRIMARY KEY, geom geometry);
INSERT INTO curves VALUES (1, 'SRID=4544;LINESTRING(0 0, 1 1)'), (2, 'SRID=4544;CIRCULARSTRING(0 0, 1 1, 2 0)'),
    (3, 'SRID=4544;CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(0 0, 1 1, 2 0), (2 0, 0 0)))'),
    (4, 'SRID=4544;TIN(((0 0 0, 0 1 0, 1 0 0, 0 0 0)))'), (5, 'SRID=4544;MULTICURVE((0 0, 5 5))'),
    (6, 'SRID=4544;GEOMETRYCOLLECTION(CIRCULARSTRING(0 0, 1 1, 2 0), POINT(1 1))');
CREATE TABLE mixed AS SELECT 'SRID=4326;POINT(1 2)'::geometry AS geom UNION ALL SELECT 'SRID=4490;POINT(1 2)';
CREATE TABLE nowhere AS SELECT 'POINT(1 2)'::geometry AS geom;
CREATE TABLE strange AS SELECT ST_SetSRID('POINT(1 2)'::geometry, 910001) AS geom;
CREATE TABLE unkeyed AS SELECT n % 7 AS n, n % 3 = 0 AS third, ST_SetSRID(ST_MakePoint(n, n), 4490) AS geom
    FROM generate_series(1, 50) n;
CREATE VIEW seen AS SELECT name, geom::geography FROM (SELECT 'a' AS name, 'SRID=4326;POINT(1 2)'::geometry AS geom) s;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM villages;
CREATE TABLE plans (id int PRIMARY KEY, name text);
INSERT INTO plans VALUES (1, 'x');
CREATE TABLE hidden (id int PRIMARY KEY, geom geometry);
CREATE SCHEMA other;
CREATE TABLE other.villages (geom gis.geometry);
CREATE TABLE other.wells (geom gis.geometry);
CREATE TABLE fenced (id int PRIMARY KEY, geom geometry(Point, 4490));
INSERT INTO fenced SELECT n, ST_SetSRID(ST_MakePoint(n, n), 4490) FROM generate_series(1, 4) n;
ALTER TABLE fenced ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON fenced USING (id < 3);
GRANT USAGE ON SCHEMA other TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, other TO reader;
REVOKE ALL ON hidden FROM reader;
GRANT ALL ON villages TO reader;
CREATE SEQUENCE counter;
GRANT ALL ON counter TO reader;
"""


@dataclass(frozen=True)
class Server:
    """A running server; `address`: for one of its roles."""

    port: int
    bin: Path

    def address(self, role: str = "reader", base: str = "county") -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{base}"

    def run(self, sql: str, base: str = "county") -> None:
        """Run statements as the owner."""
        command = [str(self.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.address("postgres", base)]
        own = {**os.environ, "PGPASSWORD": PASSWORD, "PGCLIENTENCODING": "UTF8"}
        subprocess.run(command, input=sql, text=True, encoding="utf-8", check=True, env=own)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A private cluster; the server refuses root, so it runs as the user that Debian's package makes."""
    programs = _programs()
    pytest.importorskip("adbc_driver_postgresql", reason="the extra siteplan[postgis] is not installed")
    if programs is None or not list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
        pytest.skip("PostgreSQL with PostGIS is not installed (Debian: postgresql, postgresql-postgis)")
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    who: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if as_root else {}
    folder = Path(tempfile.mkdtemp(prefix="siteplan-pg-"))
    (folder / "password").write_text(PASSWORD)
    if as_root:
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(folder / "password", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    where = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL, **who}
    init = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
    try:
        subprocess.run([str(programs / "initdb"), "-D", str(data), "--no-sync", *init], **where)
        subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "start"], **where)
        try:
            server = Server(port, programs)
            server.run("CREATE DATABASE county; CREATE DATABASE bare;", "postgres")
            server.run(_SCHEMA)
            yield server
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **where)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, and the password where libpq looks for it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    return running


def _read(server: Server, role: str = "reader", contract: str = "villages", **more: Any) -> FileLayer:
    request = Request(contract=contract, path=Path("postgresql"), **more)
    return read_postgis(request, server.address(role))


def _shapes(layer: FileLayer) -> list[Any]:
    return list(shapely.from_wkb(layer.table[GEOMETRY].to_pylist()))


def _notes(layer: FileLayer) -> dict[str, dict[str, Any]]:
    return {note.code.removeprefix("layers."): note.values for note in layer.notes}


def test_the_same_as_from_a_geopackage(server, tmp_path):
    table = gpd.GeoDataFrame(
        {"id": ["a", "b", "c"], "name": ["上坝", "下坝", None], "people": [10, 20, 30]},
        geometry=[Point(104.9, 26.5), None, Point(104.94, 26.51)],
        crs="EPSG:4490",
    )
    table.to_file(tmp_path / "villages.gpkg", engine="pyogrio")
    server.run("""
        SET search_path = public, gis;
        DELETE FROM villages;
        INSERT INTO villages VALUES ('c', NULL, 30, 'SRID=4490;POINT(104.94 26.51)', 3),
            ('a', '上坝', 10, 'SRID=4490;POINT(104.9 26.5)', 1), ('b', '下坝', 20, NULL, 2);
    """)
    with tempfile.TemporaryDirectory() as folder:
        expected = read_geopackage(Request("villages", tmp_path / "villages.gpkg"), Path(folder))
    layer = _read(server, layer="public.villages")
    assert layer.crs == expected.crs == "EPSG:4490"
    assert layer.table.drop_columns(["fid", GEOMETRY]).equals(expected.table.drop_columns([GEOMETRY]))
    assert _shapes(layer) == list(shapely.from_wkb(expected.table[GEOMETRY].to_pylist()))
    assert layer.notes == [] and (layer.layer, layer.driver) == ("public.villages", "PostgreSQL")
    assert layer.sha256 == _read(server, layer="villages").sha256
    assert layer.sha256 != _read(server, query="SELECT * FROM villages WHERE people < 30").sha256


def test_chinese_and_quoted_names(server):
    layer = _read(server, contract="roads", layer='道路 "旧" 表')
    assert layer.table.column_names == ["编号", "路面 '类型", GEOMETRY]
    assert layer.table["编号"].to_pylist() == ["R1", "R2"]
    assert layer.table["路面 '类型"].to_pylist() == [None, "沥青"]
    assert layer.crs == "EPSG:4544"
    assert _shapes(layer)[1] == LineString([(500000, 2900000, 5), (500100, 2900000, 6)])


def test_each_kind_of_column(server):
    layer = _read(server, layer="kinds")
    empty, full = layer.table.to_pylist()
    assert str(shapely.from_wkb(full.pop(GEOMETRY))) == "POINT ZM (1 2 3 4)"
    assert full == {
        "k": 2, "big": 9007199254740993, "small": 3, "real4": 0.1, "real8": 0.1, "money": 12.5,
        "code": "110101199003078515", "whole": 1.5, "yes": True, "at": "2024-01-01 19:04:05+00",
        "local": "2024-01-02 03:04:05.5", "day": "2024-02-29", "guid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "doc": '{"a": [1, 2]}', "many": "{1,NULL,3}", "raw": "dead", "long": "P1DT2H", "letters": "ab",
    }  # fmt: skip
    assert [name for name, value in empty.items() if value is not None and value != value] == [
        "real4", "real8", "money", "whole"]  # fmt: skip
    assert _notes(layer) == {"pg_geometry_columns": {"source": "public.kinds", "taken": "where_", "others": "beside"}}


def test_curves_are_cut_and_surfaces_told(server):
    layer = _read(server, contract="rivers", layer="curves")
    line, arc, area, surface, multi, several = _shapes(layer)
    assert line.wkt == "LINESTRING (0 0, 1 1)"
    assert arc.length == pytest.approx(3.14159, rel=1e-3) and area.area == pytest.approx(1.5708, rel=1e-2)
    assert surface is None and multi.geom_type == "MultiLineString" and several.geom_type == "GeometryCollection"
    curves, surfaces = layer.notes
    assert (curves.code, curves.rows) == ("layers.pg_curves", [2, 3, 5, 6])
    assert (surfaces.code, surfaces.rows, surfaces.each) == ("layers.pg_surface", [4], [{"type": "TIN"}])


def test_coordinate_systems(server):
    with pytest.raises(LayerError, match=r"several coordinate systems \(SRID\): 4326 \(1 rows\), 4490 \(1 rows\)"):
        _read(server, layer="mixed")
    assert _read(server, layer="nowhere").crs is None
    strange = _read(server, layer="strange")
    assert strange.crs is None and "SRID 910001" in strange.crs_fault
    view = _read(server, layer="seen")
    assert view.crs == "EPSG:4326" and _shapes(view) == [Point(1, 2)]


def test_rows_without_a_key_have_one_order(server):
    layer = _read(server, layer="unkeyed")
    assert _notes(layer) == {"pg_order": {"source": "public.unkeyed"}}
    assert layer.table["n"].to_pylist() == sorted(layer.table["n"].to_pylist())
    backwards = _read(server, query="SELECT * FROM (SELECT * FROM unkeyed OFFSET 7) a UNION ALL "
                                    "SELECT * FROM (SELECT * FROM unkeyed LIMIT 7) b")  # fmt: skip
    assert backwards.table.equals(layer.table) and backwards.sha256 == layer.sha256


def test_a_query(server):
    query = "SELECT n, geom AS place FROM unkeyed WHERE n > 3 ORDER BY ST_X(geom) DESC; -- the end"
    with pytest.raises(LayerError, match="not one SELECT"):
        _read(server, query=query)
    server.run("ALTER DATABASE county SET search_path = public, gis")
    layer = _read(server, query=query.replace("; --", " --"))
    assert [shape.x for shape in _shapes(layer)] == sorted((n for n in range(1, 51) if n % 7 > 3), reverse=True)
    assert layer.notes == [] and layer.layer == "the query" and layer.crs == "EPSG:4490"
    with pytest.raises(LayerError, match="no geometry column; it has: n; tables with geometry: other.villages"):
        _read(server, query="SELECT n FROM unkeyed")
    with pytest.raises(LayerError, match="same name: n"):
        _read(server, query="SELECT n, n, geom FROM unkeyed")
    with pytest.raises(LayerError, match='relation "nix" does not exist'):
        _read(server, query="SELECT * FROM nix")
    with pytest.raises(LayerError, match="give one of them"):
        _read(server, query="SELECT 1", layer="kinds")
    with pytest.raises(LayerError, match="division by zero"):
        _read(server, query="SELECT 1 / (n - n) AS x, geom FROM unkeyed")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM villages RETURNING *", "not one SELECT"),
        ("WITH gone AS (DELETE FROM villages RETURNING *) SELECT * FROM gone", "WITH clause"),
        ("SELECT 1) AS q; DELETE FROM villages; SELECT * FROM (SELECT 1", "not one SELECT: cannot insert multiple"),
        ("SELECT 1; DELETE FROM villages", "not one SELECT"),
        ("SELECT *, nextval('counter') FROM villages", "tries to write"),
        ("SELECT *, wipe() FROM villages", "tries to write"),
        ("SELECT *, set_config('transaction_read_only', 'off', false), wipe() FROM villages", "tries to write|before"),
    ],
)
def test_nothing_is_written_whoever_asks(server, query, told):
    server.run("""
        SET client_min_messages = warning;
        CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS
            'BEGIN DELETE FROM villages; RETURN 1; END';
        SET search_path = public, gis;
        INSERT INTO villages VALUES ('z', 'z', 1, 'SRID=4490;POINT(1 1)', 99) ON CONFLICT DO NOTHING;
    """)
    before = _read(server, layer="villages").sha256
    for role in ("reader", "writer"):
        with pytest.raises(LayerError, match=told):
            _read(server, role, query=query)
    assert _read(server, layer="villages").sha256 == before


def test_which_table(server):
    listed = "other.villages, other.wells, public.curves, public.fenced, public.kept, public.kinds, public.mixed"
    with pytest.raises(LayerError, match=f"no table 'willages'; tables with geometry: {listed}"):
        _read(server, layer="willages")
    with pytest.raises(LayerError, match=f"several tables with geometry: {listed}"):
        _read(server, contract="power_lines")
    with pytest.raises(LayerError, match="may not read public.hidden"):
        _read(server, layer="hidden")
    assert _read(server, layer="VILLAGES").layer == "public.villages"
    assert _read(server, layer="wells").layer == "other.wells"
    assert _read(server, layer="kept").layer == "public.kept"
    assert _read(server, contract="projects", layer="plans", needs_place=False).table.to_pylist() == [
        {"id": 1, "name": "x", GEOMETRY: None}]  # fmt: skip
    with pytest.raises(LayerError, match="public.plans has no geometry column; it has: id, name"):
        _read(server, layer="plans")
    found = tables(server.address())
    assert "public.seen" in found and "public.hidden" not in found and not any("spatial_ref" in name for name in found)
    with pytest.raises(LayerError, match="has no table with geometry"):
        read_postgis(Request("roads", Path("x")), server.address(base="bare"))


def test_rows_that_the_database_hides_are_told(server):
    layer = _read(server, layer="fenced")
    assert len(layer.table) == 2 and _notes(layer) == {"pg_row_security": {"source": "public.fenced"}}
    assert len(_read(server, "writer", layer="fenced").table) == 4


def test_the_session_is_bounded(server):
    query = "SELECT current_setting('statement_timeout') AS t, current_setting('transaction_isolation') AS i, id, name"
    layer = _read(server, contract="projects", needs_place=False, query=f"{query} FROM plans ORDER BY id")
    assert (layer.table["t"][0].as_py(), layer.table["i"][0].as_py()) == ("10min", "repeatable read")


def _fault(server: Server, address: str) -> str:
    """The message and the whole traceback of a read that fails."""
    with pytest.raises(LayerError) as caught:
        read_postgis(Request("villages", Path("x"), layer="villages"), address)
    return "".join(traceback.format_exception(caught.value))


def test_passwords_from_pgpass(server, tmp_path, monkeypatch):
    monkeypatch.delenv("PGPASSWORD")
    assert "no password supplied" in _fault(server, server.address())
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:{server.port}:county:reader:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert len(_read(server, layer="kinds").table) == 2
    passwords.chmod(0o644)
    assert "mode 600" in _fault(server, server.address())


def test_no_message_shows_a_password(server, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", WRONG)
    told = _fault(server, server.address())
    assert "password authentication failed" in told and WRONG not in told
    told = _fault(server, f"postgresql://{WRONG}@127.0.0.1:{server.port}/{WRONG}")
    assert "no connection to" in told and WRONG not in told
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    query = f"SELECT '{PASSWORD}'::int AS x"
    with pytest.raises(LayerError, match="invalid input syntax") as caught:
        _read(server, query=query)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:{}@host/db", "postgresql://u:{}@host:5432/db?sslmode=require", "postgres://u%3A{}@host/db",
        "postgresql://:{}@host/db", "postgresql://u:{}@x@host/db", "postgresql://u:{}/x@host/db",
        "postgresql://u:{}?x@host/db", "postgresql://u:{}#x@host/db", "postgresql://host/db?password={}",
        "postgresql://host/db?pass%77ord={}", "postgresql://host/db?sslpassword={}", "postgresql://u:{}",
        "postgresql://host/db?user=u:{}", "postgresql://host/db?dbname=x password={}", "postgresql://host/db?{}=1",
        "postgresql://host/db?options=-c{}", "postgresql:/u:{}@host/db", "postgresql://u:{}@host/db\n",
        "postgresql://host/db?dbname=postgresql%3A%2F%2Fu%3A{}%40h", "postgresql://host/u%3A{}%40h",
    ],
)  # fmt: skip
@pytest.mark.parametrize("secret", ["geheim", "ge%68eim"])
def test_addresses_with_passwords_are_refused_unread(address, secret):
    given = address.format(secret)
    assert is_address(given)
    with pytest.raises(LayerError) as caught:
        connection_address(given)
    told = "".join(traceback.format_exception(caught.value, limit=0))
    assert secret not in told and "geheim" not in told
    assert shown(given) == "postgresql://..."


def test_addresses():
    assert is_address("postgresql://h/db") and is_address("Postgres://h/db") and is_address("postgresql:/h/db")
    assert not any(is_address(path) for path in ("a.gpkg", "postgresql", "data/postgresql.gpkg", "C:\\postgres"))
    assert shown("postgresql://me@h:5433/县?sslmode=require") == "postgresql://h:5433/县"
    made = connection_address("POSTGRES://me@h1:1,h2:2/county?connect_timeout=3")
    assert made.startswith("postgresql://me@h1:1,h2:2/county?") and "connect_timeout=3" in made
    assert "default_transaction_read_only%3Don" in made and "statement_timeout%3D600000" in made


def test_a_server_that_is_not_there(server):
    told = _fault(server, "postgresql://me@127.0.0.1:1/county")
    assert "no connection to postgresql://127.0.0.1:1/county" in told and "refused" in told
    assert 'database "nix" does not exist' in _fault(server, server.address(base="nix"))


def test_through_the_reading_process(server, monkeypatch):
    request = Request(contract="villages", path=Path(), address=server.address(), layer="curves")
    with Reader([]) as reader:
        layer = reader.read(request)
        assert layer == _read(server, layer="curves")
        with pytest.raises(LayerError, match="tries to write"):
            reader.read(replace(request, layer=None, query="SELECT nextval('counter') AS n, geom FROM villages"))
    monkeypatch.setenv("PGPASSWORD", WRONG)
    with Reader([]) as reader, pytest.raises(LayerError, match="authentication failed") as caught:
        reader.read(request)
    assert WRONG not in str(caught.value)


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_postgresql.dbapi", None)
    with pytest.raises(LayerError, match=r'pip install "siteplan\[postgis\]"'):
        tables("postgresql://host/db")
