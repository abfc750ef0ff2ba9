"""Addresses of PostgreSQL, and which of libpq's environment variables reach our connections.

libpq fills in from the environment what an address leaves open. What secures a connection holds as
an operator expects it (`PGSSLMODE`, `PGSSLROOTCERT`, `PGPASSFILE`, `PGPASSWORD`,
`PGCONNECT_TIMEOUT` and so on), and so do `PGHOST`, `PGPORT`, `PGUSER` and `PGDATABASE` where the
address names none. What would lead to another server than the address names, or change what a
statement means, does not.
"""

import os
import re
from collections.abc import MutableMapping
from typing import Any, Final

IGNORED: Final = (
    "PGHOSTADDR",
    "PGSERVICE",
    "PGOPTIONS",
    "PGTZ",
    "PGDATESTYLE",
    "PGGEQO",
    "PGCLIENTENCODING",
)
"""They lead elsewhere, or change results: the address and our statements decide alone."""

_HEEDED: Final = (
    "PGSSL",
    "PGPASS",
    "PGREQUIRE",
    "PGCHANNELBINDING",
    "PGGSS",
    "PGKRB",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGCONNECT_TIMEOUT",
    "PGTARGETSESSIONATTRS",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
)

_PAIR = re.compile(
    r"\s*([A-Za-z_]\w*)\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?!')(?:\\.|[^\s\\])*)", re.DOTALL
)
_PORT = re.compile(r"[0-9]{1,5}$")
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=")


def address_fault(address: str) -> str:
    """Why libpq cannot read an address, without anything of its values; empty when it can.

    >>> address_fault("host=db password='geh eim' user=ward")
    ''
    >>> address_fault("host=db password=geh eim user=ward").partition(":")[0]
    'after `password` it cannot be read'
    """
    import psycopg  # noqa: PLC0415 - slow to import, and few processes need it
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - as above

    try:
        ports = str(conninfo_to_dict(address).get("port") or "").split(",")
    except psycopg.ProgrammingError:
        if "://" in address.partition("=")[0]:
            return (
                "its parameters cannot be read: give libpq's names after `?`, with & between, and "
                "percent-encode % as %25"
            )
        field = _unread(
            address, [one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()]
        )
        where = f"after `{field}` it cannot be read" if field else "it cannot be read"
        return (
            f"{where}: give a URL with postgresql://, or name=value pairs with libpq's names, and "
            "a value with blanks or quotes in single quotes, with \\' for ' and \\\\ for \\"
        )
    if not all(port == "" or (_PORT.match(port) and 0 < int(port) < 65_536) for port in ports):
        return "its `port` is no number from 1 to 65535"
    return ""


def _unread(address: str, names: list[str]) -> str:
    """The last of libpq's names before what it cannot read; empty for none."""
    at, last = 0, ""
    while pair := _PAIR.match(address, at):
        if pair[1] not in names:
            return last
        at, last = pair.end(), pair[1]
    opened = _NAME.match(address, at)  # a quotation mark that nothing closes
    return opened[1] if opened and opened[1] in names else last


def with_pairs(address: str, **added: Any) -> str:
    """An address of name=value pairs with others added, which win; None leaves one out."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - as above

    return make_conninfo(address, **{name: one for name, one in added.items() if one})


def drop_ignored(environment: MutableMapping[str, str] = os.environ) -> None:
    """Take from an environment what may not reach our connections."""
    for name in IGNORED:
        environment.pop(name, None)


def heeded() -> list[str]:
    """Names of libpq's variables that are set, and hold for our connections."""
    return sorted(name for name in os.environ if name.startswith(_HEEDED) and name not in IGNORED)
