"""Append facts to the reference data: all or none, one writer at a time."""

from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

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
        cluster: Cluster that holds the topics; each run has one claim.

    Raises:
        Retry: The broker did not grant the claim in time.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._codecs: dict[Topic, Codec] = {}
        self._producer = FencedProducer(cluster, CLAIM, _MESSAGES)

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
        wanted = list(facts)
        if not wanted:
            return 0
        self.prepare(fact.topic for fact in wanted)
        records = [
            Outgoing(
                self._cluster.name(topic),
                0,
                fact_key(topic, record).encode(),
                self._codecs[topic].encode(record),
            )
            for topic, record in wanted
        ]
        self._producer.write(records, by_us=append_by_us)
        return len(records)
