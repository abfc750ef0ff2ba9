"""Bring a database to the newest numbered migration, once, even if several processes try."""

import hashlib
from importlib.resources import files
from typing import NamedTuple

import psycopg

from runtime.errors import Retry, Stop

_LOCK = 0x57415244  # any number, as long as it is always the same
_LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class Migration(NamedTuple):
    """One numbered file of SQL."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hex digest of the text; an applied file must never change."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations, by number."""
    folder = files("deploy") / "timescale" / "migrations"
    return sorted(
        Migration(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    )


def pending(connection: psycopg.Connection, known: list[Migration]) -> list[Migration]:
    """Migrations that the database lacks, in order.

    Raises:
        Stop: An applied migration was altered or is unknown here, or a missing one comes before
            an applied one.
    """
    found = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    applied: dict[str, str] = {}
    if found is not None and found[0]:
        applied = dict(connection.execute("SELECT name, sha256 FROM schema_migrations").fetchall())
    texts = {migration.name: migration.sha256 for migration in known}
    for name, sha256 in sorted(applied.items()):
        if name not in texts:
            raise Stop(
                f"the database has migration {name}, which this version does not know: update it"
            )
        if texts[name] != sha256:
            raise Stop(f"migration {name} was altered after it was applied: add a new one instead")
    missing = [migration for migration in known if migration.name not in applied]
    if missing and applied and missing[0].name < max(applied):
        raise Stop(
            f"migration {missing[0].name} comes before {max(applied)}, which is applied already"
        )
    return missing


def migrate(dsn: str, known: list[Migration] | None = None) -> list[str]:
    """Apply what is missing, each migration in its own transaction.

    Args:
        dsn: `postgresql://…` of a database with the TimescaleDB extension at hand.
        known: The migrations; those of this version when None.

    Returns:
        Names of the migrations applied now; empty when the database was up to date.

    Raises:
        Retry: The database is out of reach.
        Stop: See `pending`; or a migration failed (it was rolled back).
    """
    known = migrations() if known is None else known
    done: list[str] = []
    doing = ""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            connection.execute(_LEDGER)
            for migration in pending(connection, known):
                doing = migration.name
                with connection.transaction():
                    connection.execute(migration.text.encode())
                    connection.execute(
                        "INSERT INTO schema_migrations (name, sha256) VALUES (%s, %s)",
                        [migration.name, migration.sha256],
                    )
                done.append(doing)
    except psycopg.OperationalError as error:
        raise Retry(f"the database is out of reach: {error}") from error
    except psycopg.Error as error:
        raise Stop(f"migration {doing} failed: {error}") from error
    return done


def check_migrated(connection: psycopg.Connection) -> None:
    """Refuse a database that is not at the newest migration.

    Raises:
        Stop: It is too old, too new or altered; says what to do.
    """
    missing = pending(connection, migrations())
    if missing:
        names = ", ".join(migration.name for migration in missing)
        raise Stop(f"the database lacks {names}; run `wardstream db migrate`")
