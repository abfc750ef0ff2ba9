"""Append facts to the reference data: all or none, one writer at a time."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from runtime.facts.log import Fact, fact_key
from runtime.kafka.cluster import Cluster
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from schemas.codec import Codec
from schemas.topics import Topic

CLAIM: Final = "facts-import"
"""Claim that every writer of facts takes, whatever the facts are."""

_MESSAGES = Messages(
    refused="side inputs cannot be written: {error}",
    nothing="nothing was written: {error}; run the import again",
    rival="another import ran at the same time, so nothing was written; run it again",
    late="the broker did not take the facts in time, so nothing was written; run the import again",
    unknown=(
        "whether the facts were written is not known ({error}); "
        "run the import again: what is there already is not written twice"
    ),
)


class FactWriter:
    """Exclusive right to append facts, held by the newest writer of a run.

    Claiming it ends the claim of every earlier writer: the broker aborts that writer's open
    transaction and refuses later ones. So read the log after claiming: what the same writer
    then publishes either edits the newest versions or fails.

    Args:
        cluster: Cluster that holds the topics; each run has one claim of each name.
        claim: Name of the claim.
        messages: Text for each error.

    Raises:
        Retry: The broker did not grant the claim in time.
        Stop: It does not let this process claim it.
    """

    def __init__(
        self, cluster: Cluster, claim: str = CLAIM, messages: Messages = _MESSAGES
    ) -> None:
        self._cluster = cluster
        self._codecs: dict[Topic, Codec] = {}
        self._producer = FencedProducer(cluster, claim, messages)

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

    def prepare(self, topics: Iterable[Topic]) -> None:
        """Look up all schemas that `publish` will need, before its deadline is near.

        Raises:
            NotRegistered: A schema is not registered.
            RegistryUnavailable: The schema registry is out of reach.
        """
        for topic in topics:
            if topic not in self._codecs:
                self._codecs[topic] = self._cluster.registry.writer(topic)

    def publish(self, facts: Iterable[Fact], *, append_by_us: int | None = None) -> int:
        """Append all facts, or none; returns how many.

        Args:
            facts: New versions, of any topics.
            append_by_us: Deadline for the append, UTC microseconds; nothing is written after it.
                For facts recorded now, `APPEND_WITHIN_US` after the time in them. No limit when
                None.

        Raises:
            NotRegistered: A schema is not registered; nothing was written.
            RegistryUnavailable: The schema registry is out of reach; nothing was written.
            Retry: Another writer took the claim, the broker did not answer, or the deadline has
                passed. The message says whether nothing was written or the outcome is unknown.
        """
        records = [
            (topic, fact_key(topic, record).encode(), self.encode(topic, record))
            for topic, record in facts
        ]
        self.append(records, append_by_us=append_by_us)
        return len(records)

    def encode(self, topic: Topic, record: Mapping[str, Any]) -> bytes:
        """The bytes of a fact.

        Raises:
            NotRegistered: The schema is not registered.
            RegistryUnavailable: The schema registry is out of reach.
            ValueError: The record does not fit the schema.
        """
        self.prepare([topic])
        return self._codecs[topic].encode(record)

    def append(
        self, records: Iterable[tuple[Topic, bytes, bytes]], *, append_by_us: int | None = None
    ) -> None:
        """Append encoded facts, all or none; see `publish`.

        Args:
            records: Topic, key and value of each.
            append_by_us: Deadline for the append, UTC microseconds; no limit when None.

        Raises:
            Retry: As `publish`.
        """
        wanted = [
            Outgoing(self._cluster.name(topic), 0, key, value) for topic, key, value in records
        ]
        if wanted:
            self._producer.write(wanted, by_us=append_by_us)
