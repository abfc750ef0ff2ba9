"""The relay: appends each edit to the topics, all of its facts or none, once and in order.

What it fixes is in the database before anything is appended, and what it appends is one
transaction of Kafka under the claim of all writers of facts. So whenever it is killed or paused,
the next step is clear from the outbox and the log: `step.next_action`.
"""

from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import psycopg
import structlog

from runtime.clock import Clock
from runtime.errors import Stop
from runtime.facts.log import APPEND_WITHIN_US, Fact, FactLog, fact_key
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from runtime.process.metrics import RELAY_EDITS, RELAY_FIXED_AGAIN, RELAY_LAG, RELAY_WAITING
from schemas.topics import REFERENCE_TOPICS, TOPICS
from workers.registry.editing.database import content_of
from workers.registry.editing.outbox import Appending, Draft, Outbox, Waiting
from workers.registry.editing.rows import CHANNEL
from workers.registry.editing.step import Action, Known, next_action
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import check_migrated

log = structlog.get_logger(__name__)

RELAY_LOCK: Final = 0x52454C41
"""Advisory lock of the relay that works; others stand by. It saves them from ending each other's
claim, but no fact depends on it."""

_SEARCH_MS: Final = 60_000
"""A relay that searches the topics may be silent for so long: reading them takes 30 s at most."""

_MANY: Final = 2_000
_EACH_US: Final = 60
"""Time that each fact of an edit of many gets to be fixed and appended, microseconds."""


class Relay:
    """One relay, with a connection of its own and the claim of all writers of facts.

    Args:
        cluster: Where the topics are.
        dsn: Address of the database; holds the password.
        within_us: A fact is appended at most this long after the time in it, microseconds.
        silence_s: The database ends the session of a relay that is silent for so long, so that
            another takes over from one that hangs.
    """

    def __init__(
        self,
        cluster: Cluster,
        dsn: str,
        *,
        within_us: int = APPEND_WITHIN_US,
        silence_s: float = 15.0,
    ) -> None:
        self._cluster = cluster
        self._clock: Clock = cluster.clock
        self._dsn = dsn
        self._within_us = within_us
        self._silence_ms = round(silence_s * 1000)
        self._connection: psycopg.Connection | None = None
        self._writer: FactWriter | None = None
        self._known: Known | None = None
        self._drafts: tuple[int, list[Draft]] = (0, [])
        self._leads = False
        self._waited_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Drop the claim and the connection; the next step takes both again."""
        self._drop_claim()
        self._leads = False
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def lead(self) -> bool:
        """Whether this relay works; False while another one does.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated.
        """
        if not self._leads:
            with database_errors():
                row = (
                    self._connected()
                    .execute("SELECT pg_try_advisory_lock(%s)", [RELAY_LOCK])
                    .fetchone()
                )
            self._leads = row is not None and bool(row[0])
        return self._leads

    def step(self) -> Action | None:
        """Do one thing for the oldest edit that waits; returns what, None when none waits.

        Raises:
            Retry: The database or Kafka is out of reach; the next call takes up where this one
                ended.
            RegistryUnavailable: The schema registry is out of reach.
            Stop: The topics hold another fact under the same version.
        """
        try:
            with database_errors():
                return self._step(Outbox(self._connected()))
        except BaseException:
            self.leave()
            raise

    def waited_s(self) -> float:
        """Age of the oldest edit at the last step, s; 0 where none waited."""
        return self._waited_s

    def wait(self, seconds: float) -> None:
        """Wait until somebody edits, at most so long.

        Raises:
            Retry: The database is out of reach.
        """
        try:
            with database_errors():
                for _ in self._connected().notifies(timeout=seconds, stop_after=1):
                    pass
        except BaseException:
            self.leave()
            raise

    def claim(self) -> FactWriter:
        """The right to append facts; whoever had it before has it no longer.

        Raises:
            Retry: The broker did not grant it in time.
        """
        if self._writer is None:
            writer = FactWriter(self._cluster)
            writer.prepare(REFERENCE_TOPICS)
            self._writer = writer
        return self._writer

    def _step(self, outbox: Outbox) -> Action | None:
        waiting = outbox.oldest()
        if waiting is None:
            self._report(0, 0.0)
            return None
        self._report(outbox.count(), (self._clock.now_us() - waiting.edited_at_us) / 1e6)
        writer = self.claim()  # before anything is decided: earlier relays end here
        action = next_action(waiting, self._known, self._clock.now_us())
        if action is Action.FIX:
            self._fix(outbox, waiting, writer)
        elif action is Action.SEARCH:
            self._search(waiting)
        elif action is Action.APPEND:
            self._append(waiting, writer)
        else:
            self._finish(outbox, waiting)
        return action

    def _report(self, waiting: int, oldest_s: float) -> None:
        self._waited_s = max(oldest_s, 0.0)
        RELAY_WAITING.set(waiting)
        RELAY_LAG.set(self._waited_s)

    def _fix(self, outbox: Outbox, waiting: Waiting, writer: FactWriter) -> None:
        drafts = self._drafts_of(outbox, waiting.edit_id)
        given = waiting.recorded_at_us if waiting.attempts == 0 else None
        # From here on nothing is slow: the facts are appended within two seconds of this time.
        spare_us = len(drafts) * _EACH_US * (waiting.attempts + 1) if len(drafts) > _MANY else 0
        recorded_us = self._clock.now_us() + spare_us if given is None else given
        by_us = recorded_us + self._within_us if given is None else None
        records = [
            Appending(topic.name, fact_key(topic, record).encode(), writer.encode(topic, record))
            for topic, record in (draft.at(recorded_us) for draft in drafts)
        ]
        if outbox.fix(waiting, recorded_us, by_us, records):
            self._known = Known(waiting.edit_id, waiting.attempts + 1, found=False)
        if waiting.attempts:
            RELAY_FIXED_AGAIN.inc()
            log.warning("relay.fixed_again", edit_id=waiting.edit_id, attempts=waiting.attempts)

    def _search(self, waiting: Waiting) -> None:
        records = waiting.records
        topics = [TOPICS[name] for name in sorted({record.topic for record in records})]
        wanted = {(record.topic, record.key): record for record in records}
        self._be_silent(_SEARCH_MS)  # many facts take longer than a step is given
        facts = FactLog(self._cluster, topics)
        try:
            found = {
                (topic.name, fact_key(topic, record).encode()): Fact(topic, record)
                for topic, record in facts.sync()
            }
        finally:
            facts.close()
        self._be_silent(self._silence_ms)
        there = [found[key] for key in wanted if key in found]
        for fact in there:
            self._refuse_another(waiting, fact, wanted[fact.topic.name, fact_key(*fact).encode()])
        recorded_us = there[0].record["recorded_at_us"] if there else None
        self._known = Known(waiting.edit_id, waiting.attempts, bool(there), recorded_us)
        log.info("relay.searched", edit_id=waiting.edit_id, found=len(there), of=len(wanted))

    def _be_silent(self, for_ms: int) -> None:
        """Let the database wait so long for what this relay says next."""
        self._connected().execute(f"SET idle_session_timeout = {for_ms}")

    def _refuse_another(self, waiting: Waiting, found: Fact, own: Appending) -> None:
        """Refuse to go on where the topics hold another fact under the same version.

        Raises:
            Stop: They do.
        """
        record = self._cluster.registry.reader(found.topic).decode(own.value)
        if content_of(record) != content_of(found.record):
            raise Stop(
                f"edit {waiting.edit_id}: {found.topic.name} holds another {fact_key(*found)}, "
                "which this registry did not write: something else writes facts to the topics"
            )

    def _append(self, waiting: Waiting, writer: FactWriter) -> None:
        writer.append(
            ((TOPICS[r.topic], r.key, r.value) for r in waiting.records),
            append_by_us=waiting.append_by_us,
        )
        self._known = Known(waiting.edit_id, waiting.attempts, True, waiting.recorded_at_us)

    def _finish(self, outbox: Outbox, waiting: Waiting) -> None:
        recorded_us = waiting.recorded_at_us if self._known is None else self._known.recorded_at_us
        outbox.finish(waiting.edit_id, recorded_us, self._clock.now_us())
        RELAY_EDITS.inc()
        self._drafts = (0, [])

    def _drafts_of(self, outbox: Outbox, edit_id: int) -> list[Draft]:
        """The versions of an edit; those of the last one are kept, for another attempt."""
        if self._drafts[0] != edit_id:
            self._drafts = (edit_id, outbox.drafts(edit_id))
        return self._drafts[1]

    def _connected(self) -> psycopg.Connection:
        """The connection; a new one where there is none.

        Raises:
            Stop: The database is not migrated.
        """
        if self._connection is None:
            connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=5,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=10_000,
                application_name="wardstream-relay",
                options=(
                    "-c statement_timeout=60000 -c timezone=UTC "
                    f"-c idle_session_timeout={self._silence_ms}"
                ),
            )
            self._connection = connection
            check_migrated(connection)
            connection.execute(f"LISTEN {CHANNEL}")
        return self._connection

    def _drop_claim(self) -> None:
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
        self._writer = None
        self._known = None
