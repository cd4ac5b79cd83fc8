"""Addresses of PostgreSQL databases: told from file paths, held free of passwords, and made read-only.

Imported with the plan, so it loads nothing but the standard library; the reading itself is in `postgis_rows`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

from siteplan.errors import LayerError

if TYPE_CHECKING:
    from siteplan.layers.formats.filelayer import FileLayer, Request

STATEMENT_TIMEOUT_S = 600
"""The server gives up on a statement after so long, also where the reading process is no longer there."""

_CONNECT_TIMEOUT_S = "10"
_SCHEME = re.compile(r"postgres(ql)?:/", re.IGNORECASE)
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._%-]*)(?::[0-9]{1,5})?"
_FORM = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^@:/?#\s]+)@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<base>[^@:/?#\s]*))?(?:\?(?P<options>[^#\s]*))?",
    re.IGNORECASE,
)
_ALLOWED = frozenset({
    "application_name", "channel_binding", "connect_timeout", "dbname", "gssencmode", "host", "hostaddr",
    "krbsrvname", "passfile", "port", "require_auth", "service", "sslcert", "sslcrl", "sslkey", "sslmode",
    "sslrootcert", "target_session_attrs", "user",
})  # fmt: skip
_EXPECTED = "expected postgresql://user@host:5432/database"
_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_TIMEOUT_S * 1000}",
    "DateStyle": "ISO,YMD",
    "IntervalStyle": "iso_8601",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
}
"""What holds for the session: nothing is written, and values have one text whatever the server's habits are."""


def is_address(path: str) -> bool:
    """Whether a plan's path is the address of a database (also as a path has it, with one slash)."""
    return _SCHEME.match(path) is not None


def shown(address: str) -> str:
    """An address as messages may show it: host, port and database; of one that may hold a password, nothing."""
    try:
        connection_address(address)
    except LayerError:
        return "postgresql://..."
    form = _FORM.fullmatch(address)
    assert form is not None
    return f"postgresql://{form['hosts']}" + (f"/{unquote(form['base'])}" if form["base"] else "")


def connection_address(address: str) -> str:
    """The address to connect with: read-only, with limits on time, in UTF-8.

    Raises
    ------
    LayerError
        It is of no known form, holds a password, or options that could undo what holds for the session. The message
        repeats no part of the address: what stands in the wrong place may be a password.
    """
    user_part = unquote(address.rpartition("@")[0].partition("://")[2])
    if ":" in user_part:
        raise LayerError(
            "the address of the database holds a password, which would be printed and kept with the plan; take it out "
            f"and give it in the environment (PGPASSWORD) or in a pgpass file; {_EXPECTED}"
        )
    form = _FORM.fullmatch(address)
    if form is None:
        raise LayerError(f"the address of the database is not of the form that is known; {_EXPECTED}")
    options = parse_qsl(form["options"] or "", keep_blank_values=True)
    for key, value in [*options, ("dbname", unquote(form["base"] or ""))]:
        # Names that look like an address of their own would show what is in it in the server's messages.
        if "password" in f"{key}={value}".lower() or (key in ("dbname", "user") and re.search("[:=@]", value)):
            raise LayerError(
                "the database's address holds what may be a password; give it in the environment (PGPASSWORD) or in "
                f"a pgpass file; {_EXPECTED}"
            )
        if key not in _ALLOWED:
            raise LayerError(
                "the address of the database has an option that is not used here; those that are: "
                f"{', '.join(sorted(_ALLOWED))}"
            )
    settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    own = {"application_name": "siteplan", "connect_timeout": _CONNECT_TIMEOUT_S, **dict(options)}
    own |= {"client_encoding": "UTF8", "options": settings}
    user = f"{form['user']}@" if form["user"] else ""
    return f"postgresql://{user}{form['hosts']}/{form['base'] or ''}?{urlencode(own, quote_via=quote)}"


def without_secrets(text: str) -> str:
    """A text of the database's, the password of the environment struck out wherever it stands."""
    password = os.environ.get("PGPASSWORD", "")
    for form in sorted({password, quote(password), quote(password, safe="")}, key=len, reverse=True):
        if form:
            text = text.replace(form, "***")
    return text


def read_postgis(request: Request, address: str) -> FileLayer:
    """A table or view with its geometry, or what the plan's `query` selects, in one read-only transaction.

    Columns are those of the table: whole numbers and truths as they are, other numbers as floats (as text where a
    float would lose digits), all else as text (dates and times ISO 8601 in UTC); shapes as WKB in `GEOMETRY`. The CRS
    is what the shapes' SRID means to the database. Rows stand in the order of the primary key, or of the query's
    ORDER BY; without either, in the order of their content, which a note tells. `sha256` is of the rows as read.

    Parameters
    ----------
    request
        `layer`: "table" or "schema.table"; or `query`: one SELECT.
    address
        `postgresql://user@host:port/database`, without a password.

    Raises
    ------
    LayerError
        The address, the connection, the table or the query is at fault, or a query tries to write.
    """
    from siteplan.layers.formats.postgis_rows import read

    return read(request, address)


def tables(address: str) -> list[str]:
    """The tables and views with geometry that the role may read, as `schema.table`, in alphabetical order.

    Raises
    ------
    LayerError
        The address or the connection is at fault.
    """
    from siteplan.layers.formats.postgis_rows import tables_with_geometry

    return tables_with_geometry(address)
