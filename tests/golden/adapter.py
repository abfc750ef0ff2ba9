"""The only golden module that calls the product, so that a moved name changes only this file.

Bytes go in (detections and reference data, as the topics hold them) and bytes come out (what the
stage sends, and the records of its checkpoints).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from runtime.checkpoints import OutputRecord, PartitionProgress, Record, SettingsSpan
from runtime.checkpoints.codec import assemble
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.topics import BADGE_READS, TOPICS
from streams.domain.evidence.waiting import WaitingReads, fault_of
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import InvalidFact
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_fold import PipelineFold, Wire
from streams.stage import OUTPUTS
from streams.state.fold_version import FOLD_VERSION
from streams.state.settings_by_offset import to_values
from streams.state.version import STATE_VERSION
from tests.support.clusters import cluster_of
from tests.support.fakes import registry_in_memory

__all__ = [
    "DERIVED",
    "FOLD_VERSION",
    "SCHEMA_IDS",
    "STATE_VERSION",
    "Fact",
    "Pipeline",
    "Read",
    "Sent",
    "decode",
    "encode",
]

SCHEMA_IDS = {
    "frames.captured.v1": 1,
    "detections.made.v1": 2,
    "tracks.updated.v1": 3,
    "presence.updated.v1": 4,
    "links.observed.v1": 5,
    "zone-events.observed.v1": 6,
    "zone-occupancy.measured.v1": 7,
    "zone-occupancy.latest.v1": 8,
    "cameras.v1": 9,
    "floors.v1": 10,
    "zones.v1": 11,
    "staff.v1": 12,
    "shifts.v1": 13,
    "requirements.v1": 14,
    "alerts.raised.v1": 15,
    "audit.v1": 16,
}
"""Schema ids on the wire: in the order of the topic table when the goldens were recorded. They are
fixed, so that a new topic changes no golden; it takes the next number."""

_NEW = (topic.name for topic in TOPICS.values() if topic.avro and topic.name not in SCHEMA_IDS)
SCHEMA_IDS |= {name: schema_id for schema_id, name in enumerate(_NEW, len(SCHEMA_IDS) + 1)}


DERIVED = {topic.name for topic in OUTPUTS}
"""Topics that the stage derives."""


class Sent(NamedTuple):
    """One record that the stage sent."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Fact(NamedTuple):
    """One record of the reference data.

    Attributes:
        appended_us: Time at which it was appended to its topic, UTC microseconds.
        topic: Name of its topic.
        value: Bytes of the record.
    """

    appended_us: int
    topic: str
    value: bytes


_SCHEMAS = registry_in_memory(SCHEMA_IDS)
_CODECS = {name: _SCHEMAS.writer(TOPICS[name]) for name in SCHEMA_IDS}


def encode(topic: str, record: Mapping[str, Any]) -> bytes:
    """Encode a record as the bytes on its topic."""
    return _CODECS[topic].encode(record)


def decode(topic: str, value: bytes) -> Any:
    """Decode bytes that `encode` or the stage wrote."""
    return _CODECS[topic].decode(value)


class Read(NamedTuple):
    """One record of the reads of badges.

    Attributes:
        appended_us: Time at which it was appended to its topic, UTC microseconds.
        value: Bytes of the record.
    """

    appended_us: int
    value: bytes


class _Reads(WaitingReads):
    """Knows at an event time the reads appended until then; leaves out those with a fault."""

    def __init__(self, log: Sequence[Read]) -> None:
        super().__init__()
        self._log = log
        self._next_offset = 0

    def ensure(self, newest_us: int) -> None:
        while (offset := self._next_offset) < len(self._log):
            if self._log[offset].appended_us > newest_us:
                break
            record = decode(BADGE_READS.name, self._log[offset].value)
            if fault_of(record) is None:
                self.add(offset, record)
            self._next_offset += 1
        super().ensure(newest_us)

    def resume(self, offsets: Mapping[str, int]) -> None:
        self._next_offset = offsets.get(BADGE_READS.name, 0)

    def offsets(self) -> dict[str, int]:
        first = self.first_offset()
        return {BADGE_READS.name: self._next_offset if first is None else first}


class _Evidence:
    """The reads of the one partition that is folded."""

    def __init__(self, log: Sequence[Read]) -> None:
        self._log = log

    def partition(self, partition: int) -> _Reads:
        return _Reads(self._log)


class _ReferenceData:
    """Knows at an event time the facts appended until then; skips a refused fact."""

    def __init__(self, log: Sequence[Fact]) -> None:
        self.facts = Facts()
        self._unread = list(log)
        self._offsets = {fact.topic: 0 for fact in log}

    def ensure(self, at_us: int) -> Facts:
        while self._unread and self._unread[0].appended_us <= at_us:
            fact = self._unread.pop(0)
            self._offsets[fact.topic] += 1
            try:
                self.facts.add(fact.topic, decode(fact.topic, fact.value))
            except InvalidFact:
                continue
        return self.facts

    def offsets(self) -> dict[str, int]:
        return dict(self._offsets)


class Pipeline:
    """The stage for one partition of the detections, in memory.

    Args:
        partition: Number of the partition.
        log: Reference data in the order in which it was appended.
        reads: Reads of badges of the partition, in the same order.
        checkpoint: Records, by key, of a checkpoint to resume from; None for the start of the log.

    Attributes:
        sent: Records sent so far, in order.
    """

    def __init__(
        self,
        partition: int,
        log: Sequence[Fact],
        reads: Sequence[Read],
        checkpoint: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.sent: list[Sent] = []
        self._partition = partition
        fold = PipelineFold(
            partition,
            self._emit,
            wire=Wire(cluster_of(Settings(topic_prefix=""), registry=_SCHEMAS)),
            facts=_ReferenceData(log),
            evidence=_Evidence(reads),
            settings=PipelineSettings(),
            clock=SystemClock(),
        )
        saved = None
        if checkpoint is not None:
            saved = assemble(partition, checkpoint, max_version=STATE_VERSION)
        self._progress = PartitionProgress(
            partition,
            fold,
            input_id="golden-input",
            claimed=True,
            checkpoint=saved,
        )
        self._progress.settings = (SettingsSpan(0, to_values(PipelineSettings())),)
        self._progress.fold_id = "golden-fold"

    def _emit(self, record: OutputRecord) -> None:
        topic, key, value, partition, headers = record
        assert key is not None
        assert partition is not None
        pairs = tuple((n, v if isinstance(v, bytes) else str(v).encode()) for n, v in headers or ())
        self.sent.append(Sent(topic, partition, key, value, pairs))

    @property
    def next_offset(self) -> int:
        """The first offset that is not folded yet."""
        return self._progress.next_offset

    def take(self, offset: int, key: bytes, value: bytes | None, appended_ms: int) -> None:
        """Fold the next record of the detections."""
        topic = "detections.made.v1"
        self._progress.offer(
            Record(topic, self._partition, offset, key, value, appended_ms, headers=())
        )
        assert self._progress.next_offset == offset + 1

    def checkpoint(self) -> dict[bytes, bytes]:
        """Every record of a checkpoint that is taken now, by key."""
        snapshot = self._progress.snapshot(generation=7, boot_id="golden-boot")
        assert snapshot is not None
        return dict(snapshot.whole)
