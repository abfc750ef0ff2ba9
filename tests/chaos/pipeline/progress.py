"""Progress of a pipeline, followed from outside, through outages of every service."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    IsolationLevel,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from runtime.checkpoints.codec import HEAD_KEY, decode_head
from runtime.errors import Retry
from runtime.kafka.lag import LogProbe
from runtime.kafka.topic_partition import Partition
from runtime.process.settings import Settings
from schemas.topics import DERIVED_TOPICS, LIVE_TOPICS, STREAM_CHECKPOINTS, Topic
from tests.support.clusters import LOGGED, cluster_of
from workers.stages import SINK_REDIS, SINK_TIMESCALE

ANSWER_S = 5.0
LOST_S = 15.0


class Progress:
    """Follows the checkpoints and the derived topics with a consumer of its own.

    Args:
        settings: Address of the broker, and the run's prefix.
        partitions: Partitions that the ward's floors use.

    Attributes:
        folded: Next offset of the input by partition, from the newest checkpoint.
        records: Number of records seen in the derived topics.
        last_record_s: Time at which the last of them was seen, monotonic seconds.
    """

    def __init__(self, settings: Settings, partitions: list[int]) -> None:
        self._settings = settings
        self._partitions = partitions
        self._admin = self._connect()
        self._probe = LogProbe(cluster_of(settings), ANSWER_S)
        self._checkpoints = cluster_of(settings).name(STREAM_CHECKPOINTS)
        self._consumer = cluster_of(settings).consumer(
            f"{settings.topic_prefix}chaos-progress",
            **{"isolation.level": "read_committed"},
        )
        topics = [STREAM_CHECKPOINTS, *DERIVED_TOPICS]
        self._consumer.assign(
            [
                TopicPartition(cluster_of(settings).name(topic), partition, 0)
                for topic in topics
                for partition in partitions
            ]
        )
        self.folded: dict[int, int] = {}
        self.records = 0
        self.last_record_s = time.monotonic()
        self._derived: dict[Partition, int] = defaultdict(int)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)
        self._thread.start()

    def _connect(self) -> AdminClient:
        return AdminClient({**LOGGED, "bootstrap.servers": self._settings.kafka_bootstrap})

    def _answer(self, future: Future[Any]) -> Any:
        """Answer of the broker; None while it is out of reach.

        A request that was open when the broker was killed may never be answered, despite its
        timeout; and the client continues with the leader epoch from before.
        """
        try:
            return future.result(timeout=LOST_S)
        except (KafkaException, TimeoutError):
            self._admin = self._connect()
            return None

    def _follow(self) -> None:
        while not self._closed.is_set():
            for message in self._consumer.consume(500, 0.1):
                if message.error() is not None:
                    continue
                topic, partition = message.topic() or "", message.partition() or 0
                if topic != self._checkpoints:
                    self._derived[topic, partition] = (message.offset() or 0) + 1
                    self.records += 1
                    self.last_record_s = time.monotonic()
                elif message.key() == HEAD_KEY and (value := message.value()) is not None:
                    self.folded[partition] = decode_head(value).next_offset or 0
        self._consumer.close()

    def ends(
        self, topic: Topic, *, committed: bool = False, partitions: Iterable[int] = ()
    ) -> dict[int, int] | None:
        """End of each of the ward's partitions of a topic; None while the broker is out of reach.

        Args:
            topic: The topic.
            committed: Whether the end is that of committed records only.
            partitions: Partitions instead of the ward's.
        """
        level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        name = cluster_of(self._settings).name(topic)
        wanted = {
            TopicPartition(name, partition): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for partition in partitions or self._partitions
        }
        asked = self._admin.list_offsets(wanted, isolation_level=level, request_timeout=ANSWER_S)
        ends = {}
        for source, future in asked.items():
            answer = self._answer(future)
            if answer is None:
                return None
            ends[source.partition] = answer.offset
        return ends

    def has_folded(self, ends: Mapping[int, int]) -> bool:
        """Whether the checkpoints have reached these ends of the input."""
        return all(self.folded.get(partition, 0) >= end for partition, end in ends.items() if end)

    def derived(self) -> dict[Partition, int]:
        """Offset after the last record seen in each partition of the derived topics."""
        return dict(self._derived)

    def have_written(self, ends: Mapping[Partition, int]) -> bool:
        """Whether both sinks have committed up to these ends of the derived topics."""
        live = {cluster_of(self._settings).name(topic) for topic in LIVE_TOPICS}
        shown = {source: end for source, end in ends.items() if source[0] in live}
        return self._lag(SINK_TIMESCALE, ends) == 0 and self._lag(SINK_REDIS, shown) == 0

    def _lag(self, stage: str, ends: Mapping[Partition, int]) -> int:
        group = cluster_of(self._settings).group(stage)
        if not ends:
            return 0
        started = self._committed(group, ends)
        if started is None:
            return sum(ends.values())
        return sum(max(0, end - started.get(source, 0)) for source, end in ends.items())

    def _committed(self, group: str, sources: Iterable[Partition]) -> dict[Partition, int] | None:
        """Committed offsets; None while the broker is out of reach."""
        try:
            return self._probe.committed(group, sources)
        except Retry:
            return None

    def group_state(self, stage: str) -> str:
        """State of a consumer group, such as `STABLE`; empty while the broker is out of reach."""
        group = cluster_of(self._settings).group(stage)
        asked = self._admin.describe_consumer_groups([group], request_timeout=ANSWER_S)
        found = self._answer(asked[group])
        return "" if found is None else str(found.state.name)

    def committed(self, stage: str) -> int:
        """Sum of a group's committed offsets; 0 while the broker is out of reach."""
        group = cluster_of(self._settings).group(stage)
        names = [cluster_of(self._settings).name(topic) for topic in DERIVED_TOPICS]
        sources = [(name, partition) for name in names for partition in self._partitions]
        return sum((self._committed(group, sources) or {}).values())

    def in_checkpoint(self) -> bool:
        """Whether a transaction of a checkpoint is open right now."""
        whole = self.ends(STREAM_CHECKPOINTS)
        closed = self.ends(STREAM_CHECKPOINTS, committed=True)
        return (
            whole is not None
            and closed is not None
            and any(end > closed.get(partition, end) for partition, end in whole.items())
        )

    def close(self) -> None:
        """Stop following."""
        self._closed.set()
        self._thread.join(15.0)
