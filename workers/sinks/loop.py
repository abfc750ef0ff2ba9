"""Put a sink together: its consumer, its parts, and the loop that runs them."""

from collections.abc import Sequence
from typing import Final

from runtime.kafka.assignment import Assignment
from runtime.kafka.cluster import Cluster
from runtime.kafka.commits import CommitLedger, CommitPolicy, Committer, all_of
from runtime.kafka.consumer_loop import ConsumerLoop
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.lag import LagWatch
from runtime.kafka.producer import ReliableProducer
from runtime.process.service import Service
from runtime.storage.breaker import BreakerPolicy, Guard
from schemas.topics import DERIVED_TOPICS, Topic
from workers.sinks.outage import Outage
from workers.sinks.resume import NOTED, KeepsOffsets, Resume
from workers.sinks.sink import Sink
from workers.sinks.writer import SinkWriter

FIRST_WAIT_S: Final = 0.1
"""Longest wait for the first record of a batch, s."""


class SinkLoop:
    """Runs one sink until the service is asked to stop.

    Args:
        service: Settings, clock, health and stop.
        cluster: Where the topics are.
        sink: Takes the records; also names the consumer group, `sink-<name>`.
        topics: Topics that it consumes.
        max_records: Most records in one batch.
        linger_s: Longest wait for more records after the first, s; 0 takes what is there.
        commit_s: Interval of commits, s; 0 commits after every batch.

    Attributes:
        outage: What is out of reach.
        guard: Circuit breaker of the store.
        commits: Moves the group's offsets.
        loop: Runs the writer.
    """

    def __init__(
        self,
        service: Service,
        cluster: Cluster,
        sink: Sink,
        topics: Sequence[Topic],
        *,
        max_records: int,
        linger_s: float = 0.0,
        commit_s: float = 0.0,
    ) -> None:
        settings, clock, stage = service.settings, service.clock, f"sink-{sink.name}"
        group = cluster.group(stage)
        session_ms = round(settings.sink.session_timeout_s * 1000)
        session = {"session.timeout.ms": session_ms, "heartbeat.interval.ms": session_ms // 5}
        consumer = cluster.consumer(group, **session)
        producer = ReliableProducer(cluster)
        registry = cluster.registry
        codecs = {cluster.name(topic): registry.reader(topic) for topic in topics}
        dead_letters = DeadLetterBox(producer, cluster, settings.dead_letters, stage)
        assignment = Assignment(consumer)
        ledger = CommitLedger(CommitPolicy(interval_s=commit_s))
        policy = BreakerPolicy(max_pause_s=settings.sink.retry_max_s)
        self.guard = Guard(sink.name, clock, policy)
        resume = None
        if isinstance(sink, KeepsOffsets):
            resume = Resume(sink, sink.name, consumer, clock, self.guard)
        derived = [topic for topic in topics if topic in DERIVED_TOPICS]
        self._lag = LagWatch(cluster, stage, group, derived)
        self.outage = Outage(sink.name, clock, service.health, self.guard, self._lag)
        self._writer = SinkWriter(
            sink,
            clock,
            codecs,
            dead_letters=dead_letters,
            assignment=assignment,
            ledger=ledger,
            guard=self.guard,
            outage=self.outage,
            resume=resume,
            max_records=max_records,
            first_wait_s=FIRST_WAIT_S,
            linger_s=linger_s,
        )
        self.commits = Committer(
            service,
            consumer,
            producer,
            ledger,
            committable=resume.committable if resume else all_of,
            metadata=NOTED if resume else "",
        )
        self.loop = ConsumerLoop(
            service,
            consumer,
            list(codecs),
            continuity=Continuity(cluster, stage, consumer, topics),
            dead_letters=dead_letters,
            assignment=assignment,
            commits=self.commits,
            processor=self._writer,
        )

    def run(self) -> None:
        """Consume until `service.stop`; what is in hand is written or left uncommitted.

        Raises:
            Retry: The broker stayed out of reach.
            Stop: From the sink, a dead letter that could not be delivered, or too many of them.
        """
        self._writer.prepare()
        self._lag.start()
        try:
            self.loop.run()
        finally:
            self._lag.close()
