"""Take over what the topics hold into a registry that is empty: once for each installation."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import psycopg

from runtime.errors import Stop
from runtime.facts.log import Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from workers.registry.editing.database import LOCK, Database
from workers.registry.editing.rows import copy_versions, new_edit
from workers.registry.editing.wanted import Origin
from workers.registry.registered import identity_field, kind_of

_ORIGIN: Final = Origin(author="wardstream", via="takeover", note="what the topics held")


def is_taken_over(transaction: psycopg.Connection, prefix: str) -> bool:
    """Whether the registry holds what the topics hold.

    Raises:
        Stop: It holds that of another run.
    """
    row = transaction.execute("SELECT topic_prefix FROM registry.taken_over").fetchone()
    if row is not None and row[0] != prefix:
        raise Stop(
            f"this database holds the registry of topics with the prefix {row[0]!r}, not "
            f"{prefix!r}: give each run its own database (WARDSTREAM_DATABASE_URL)"
        )
    return row is not None


def take_over(database: Database, prefix: str, facts: Sequence[Fact], now_us: int) -> bool:
    """Keep what the topics hold, unless that was done before; returns whether it was done now.

    Args:
        database: Where the schema `registry` is.
        prefix: Prefix of the topics.
        facts: Every fact of the topics, in their order; read after the right to write was claimed.
        now_us: Now, UTC microseconds.

    Raises:
        Retry: The database is out of reach.
        Stop: It holds the registry of another run.
    """
    with database.transaction() as transaction:
        transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if is_taken_over(transaction, prefix):
            return False
        if kept := _once(facts):
            edit_id = new_edit(transaction, _ORIGIN, now_us)
            copy_versions(
                transaction,
                edit_id,
                ((f, f.record["valid_from_us"], f.record["recorded_at_us"]) for f in kept),
            )
            transaction.execute(
                "INSERT INTO registry.outbox (edit_id, appended_at) VALUES (%s, %s)",
                [edit_id, datetime.fromtimestamp(now_us / 1e6, UTC)],
            )
        transaction.execute(
            "INSERT INTO registry.taken_over (topic_prefix, facts) VALUES (%s, %s)",
            [prefix, len(facts)],
        )
    return True


def ensure_taken_over(cluster: Cluster, database: Database) -> int | None:
    """Keep what the topics hold, unless that was done before.

    Returns:
        Number of facts that the topics held; None where it was done before.

    Raises:
        Retry: The database or Kafka is out of reach.
        RegistryUnavailable: The schema registry is out of reach.
        Stop: The database holds the registry of another run.
    """
    with database.transaction() as transaction:
        if is_taken_over(transaction, cluster.prefix):
            return None
    with FactWriter(cluster):  # whoever wrote facts before ends here
        topics = FactLog(cluster)
        try:
            facts = topics.sync()
        finally:
            topics.close()
        take_over(database, cluster.prefix, facts, cluster.clock.now_us())
    return len(facts)


def _once(facts: Iterable[Fact]) -> list[Fact]:
    """Each version once, the last where a log holds it twice."""
    found: dict[tuple[str, str, int], Fact] = {}
    for fact in facts:
        identity = fact.record[identity_field(fact.topic)]
        found[kind_of(fact.topic), identity, fact.record["version"]] = fact
    return list(found.values())
