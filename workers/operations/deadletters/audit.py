"""Write acts and their records in one transaction, sealed into the chain of audit.v1.

A new claim on a chain ends the previous claim, then reads the chain to its end. So two operators
cannot both handle a dead letter at once; the first one gets an error.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from runtime.audit import Act, broken_link, next_entry
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from schemas.codec import Codec, UndecodableValue
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT

_MESSAGES = Messages(
    refused=f"{AUDIT.name} cannot be written: {{error}}",
    nothing="nothing was done: {error}; run the command again",
    rival="somebody else did this at the same time, so nothing was done; run it again",
    late="the broker did not take it in time, so nothing was done; run the command again",
    unknown=(
        "whether it was done is not known ({error}); run the command again: "
        "what is done already is not done twice"
    ),
)


MARGIN_MS: Final = 3_600_000
"""How far clocks may differ, ms: so much earlier is looked for an entry."""


def read_chain(
    cluster: Cluster, codec: Codec, chain_id: str, since_us: int | None = None
) -> list[AuditEntry]:
    """Entries of a chain, in order.

    Args:
        cluster: Cluster that holds the topics.
        codec: Decodes entries.
        chain_id: Id of the chain.
        since_us: Time of the oldest entry to read, UTC microseconds; all when None. The topic also
            holds every view of people, so do not read more of it than you need.

    Raises:
        Stop: The chain is broken, or holds a record that is no entry.
        Retry: The broker is out of reach.
        RegistryUnavailable: The registry is out of reach.
    """
    entries: list[AuditEntry] = []
    usable = since_us is not None and 0 <= since_us <= cluster.clock.now_us()
    since_ms = max(0, (since_us or 0) // 1_000 - MARGIN_MS) if usable else None
    for message in read_topic(cluster, AUDIT, since_ms=since_ms):
        if message.key() != chain_id.encode():
            continue
        try:
            entries.append(codec.decode(message.value()))
        except UndecodableValue as error:
            raise Stop(f"{AUDIT.name} at offset {message.offset()}: {error}") from error
    fault = broken_link(entries)
    if fault is not None:
        raise Stop(f"{AUDIT.name}: {fault}; somebody wrote to it by other means")
    return entries


class AuditWriter:
    """The right to append to one chain; only the newest writer has it.

    Args:
        cluster: Cluster that holds the topics; each run and chain has one claim.
        chain_id: Id of the chain.

    Raises:
        Retry: The broker did not grant the claim in time.
        NotRegistered: The schema is not registered.
        RegistryUnavailable: The registry is out of reach.
    """

    def __init__(self, cluster: Cluster, chain_id: str) -> None:
        self._cluster = cluster
        self._chain_id = chain_id
        self._codec = cluster.registry.writer(AUDIT)
        self._producer = FencedProducer(cluster, f"audit-{chain_id}", _MESSAGES)
        self._last: AuditEntry | None = None

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what is queued; an open transaction is aborted."""
        self._producer.__exit__(kind, error, trace)

    def history(self, since_us: int | None = None) -> list[AuditEntry]:
        """The chain up to now; call it before `append`. Arguments and errors as of `read_chain`.

        All of the topic is read only where nothing of the chain is new enough.
        """
        entries = read_chain(self._cluster, self._codec, self._chain_id, since_us)
        if not entries and since_us is not None:
            entries = read_chain(self._cluster, self._codec, self._chain_id)
        self._last = entries[-1] if entries else None
        return entries

    def append(
        self, acts: Sequence[Act], *, actor: str, why: str, sending: Sequence[Outgoing] = ()
    ) -> list[AuditEntry]:
        """Send records and their audit entries, all or none; returns the entries.

        Args:
            acts: Acts to record.
            actor: Name of the operator.
            why: The operator's reason.
            sending: Records that carry out the acts.

        Raises:
            Retry: Somebody else claimed the chain, or the broker did not answer; the message says
                whether nothing was done.
        """
        entries = []
        name = self._cluster.name(AUDIT)
        last = self._last
        for act in acts:
            at_us = self._cluster.clock.now_us()
            last = next_entry(last, self._chain_id, act, actor=actor, why=why, at_us=at_us)
            entries.append(last)
        records = [*sending]
        for entry in entries:
            value = self._codec.encode(entry)
            records.append(Outgoing(name, 0, self._chain_id.encode(), value))
        self._producer.write(records)
        self._last = last
        return entries
