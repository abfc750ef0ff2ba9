"""The page of the database's roles, from `workers/storage/timescale/rights.py`."""

from collections.abc import Iterable

from docs.generate.markdown import code, table
from workers.storage.timescale.rights import OPERATOR, PREFIX, ROLES, RoleRights

INTRODUCTION = f"""\
# Roles in the database

What each process needs in TimescaleDB, from `workers/storage/timescale/rights.py`: one role each,
with the least that works, and one that only reads. Processes that are not listed have no role:
they never connect to it. A process compares the rights of its role with its row when it connects;
what is missing is one sentence, and exit code 78.

Make them as the owner of the tables, and again after each migration: what a role holds beyond its
row is then taken away. Passwords lie in one folder, a file `database-ROLE` each; the server gets
SCRAM verifiers only. A role whose file is missing keeps the password that it has.

```sh
wardstream db roles --passwords /run/secrets
```

A process signs in by `WARDSTREAM_SECURITY__DATABASE__USER` and `…__PASSWORD_FILE`. Wards that
share a server each have roles of their own: give `--prefix`, in place of `{PREFIX}`. Nobody but the
owner and these roles may connect to the database, or make temporary tables in it.
"""

FOOT = f"""\
Commands such as `wardstream db migrate`, `rebuild`, `backup` and `verify` run as {OPERATOR}.
"""


def page() -> str:
    """The whole page."""
    columns = ("role", "for", "reads", "inserts", "updates", "deletes", "calls")
    return "\n".join([INTRODUCTION, table(columns, map(_row, ROLES)), FOOT])


def _row(row: RoleRights) -> tuple[str, ...]:
    notes = " Makes temporary tables." if row.stages else ""
    notes += " Every session only reads." if row.read_only else ""
    return (
        code(PREFIX + row.role),
        row.does + notes,
        _names(row.reads),
        _names(row.adds),
        _names(row.changes),
        _names(row.removes),
        _names(name.partition("(")[0] for name in row.calls),
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted({name.removeprefix("public.") for name in names}))
