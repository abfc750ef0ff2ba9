"""The fold of one partition on the wire: bytes in, bytes out, state as bytes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from prometheus_client import Counter

from runtime.checkpoints import Checkpoint, Emit, EntityState, OutputRecord, Record, SettingsSpan
from runtime.clock import Clock
from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letters import INLINE_BYTES, DeadLetterLimit, dead_letter_headers
from runtime.process.metrics import (
    DEAD_LETTERS_TOTAL,
    STREAM_EVENTS,
    STREAM_HELD_BACK,
    STREAM_OTHER_VERSIONS,
    STREAM_OUTPUTS,
    STREAM_TICK_LAG,
)
from schemas.codec import Codec, UndecodableValue
from schemas.topics import (
    DEAD_LETTERS,
    DETECTIONS,
    OCCUPANCY,
    OCCUPANCY_LATEST,
    PRESENCE,
    TRACKS,
)
from streams.domain.camera.detections import FrameDetections
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.floor.tick import TICK_US
from streams.domain.pipeline import (
    Output,
    PartitionPipeline,
    UnknownCamera,
    UnusableOutcome,
)
from streams.domain.settings import PipelineSettings
from streams.encoding.outcomes import OutcomeReader
from streams.encoding.presences import PresenceWriter
from streams.encoding.text import Kept
from streams.encoding.tracks import TracksWriter
from streams.encoding.twice import Twice
from streams.stage import OUTPUTS, STAGE
from streams.state.codec import encode_state
from streams.state.published import HANDOVER_KEY, HandoverFilter
from streams.state.reading import open_handover, states_of
from streams.state.settings_by_offset import SettingsByOffset

_FENCED, _FOLDED = STREAM_EVENTS.labels("fenced"), STREAM_EVENTS.labels("folded")
_LATE = STREAM_EVENTS.labels("late")

FUTURE_LIMIT_US = 5_000_000
"""How far an event may be ahead of the broker time at which it was appended, microseconds."""


class Wire:
    """Codecs and physical names of the stage's topics, shared by all partitions.

    Args:
        cluster: Cluster that holds the topics; the schemas of the outputs must be registered.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.input = OutcomeReader(cluster.registry.reader(DETECTIONS))
        self.outputs: dict[str, tuple[str, Codec]] = {
            topic.name: (cluster.name(topic), cluster.registry.writer(topic)) for topic in OUTPUTS
        }
        self.dead_letters = cluster.name(DEAD_LETTERS)
        kept = Kept()
        tracks = TracksWriter(self.outputs[TRACKS.name][1], kept)
        presence = PresenceWriter(self.outputs[PRESENCE.name][1], kept)
        occupancy = Twice(*(self.outputs[one.name][1] for one in (OCCUPANCY, OCCUPANCY_LATEST)))
        hot: dict[str, Callable[[Any], bytes]] = {
            TRACKS.name: tracks.write,
            PRESENCE.name: presence.write,
            OCCUPANCY.name: occupancy.first,
            OCCUPANCY_LATEST.name: occupancy.second,
        }
        self._writers: dict[str, tuple[Counter, str, Callable[[Any], bytes]]] = {
            topic: (STREAM_OUTPUTS.labels(topic), name, hot.get(topic, codec.encode))
            for topic, (name, codec) in self.outputs.items()
        }

    def write(self, output: Output) -> tuple[str, bytes]:
        """Count and encode an output of the fold; returns the physical topic and the value."""
        counter, name, write = self._writers[output.topic.name]
        counter.inc()
        return name, write(output.content)


class CompleteFacts(Protocol):
    """Reference data that is complete for the event times that a fold asks for."""

    def ensure(self, at_us: int) -> Facts:
        """The facts, complete for events up to a time, UTC microseconds."""

    def offsets(self) -> Mapping[str, int]:
        """Next offset of each topic of reference data."""


class FollowedReads(Reads, Protocol):
    """Reads of badges of one partition, followed from an offset."""

    def resume(self, offsets: Mapping[str, int]) -> None:
        """Begin where a checkpoint says, by topic."""

    def offsets(self) -> Mapping[str, int]:
        """First offset that no tick has taken in, by topic."""


class Evidence(Protocol):
    """Gives the reads of badges of each partition."""

    def partition(self, partition: int) -> FollowedReads:
        """The reads of a partition, for one fold."""


class PipelineFold:
    """A `PartitionFold` over `PartitionPipeline`.

    Args:
        partition: Partition of the input; outputs go to the partition of the same number.
        emit: Called with each output.
        wire: Codecs and names of the topics.
        facts: Reference data.
        evidence: Reads of badges.
        settings: Settings of the fold, unless a checkpoint says which hold from which offset.
        clock: Clock for the lag metric only; no output depends on it.
        limit: Dead-letter limit of the process, shared by its partitions; None for no limit.
    """

    def __init__(
        self,
        partition: int,
        emit: Emit,
        *,
        wire: Wire,
        facts: CompleteFacts,
        evidence: Evidence,
        settings: PipelineSettings,
        clock: Clock,
        limit: DeadLetterLimit | None = None,
    ) -> None:
        self._partition = partition
        self._emit = emit
        self._wire = wire
        self._facts = facts
        self._reads = evidence.partition(partition)
        self._clock = clock
        self._limit = limit
        self._pipeline = PartitionPipeline(settings)
        self._settings = SettingsByOffset(settings)
        self._handover = HandoverFilter({})
        self._handover_is_saved = False

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restore the cameras and floors, an open handover, and the settings by offset.

        Raises:
            Stop: State or settings were written by a version that this one cannot read.
        """
        self._pipeline.restore(states_of(self._partition, checkpoint.entities))
        self._handover = open_handover(self._partition, checkpoint.entities)
        self._handover_is_saved = HANDOVER_KEY in checkpoint.entities
        self._reads.resume(checkpoint.head.side_offsets)
        self.follow(checkpoint.head.settings, checkpoint.head.next_offset)

    def follow(self, spans: Sequence[SettingsSpan], offset: int) -> None:
        """From an offset on, fold with the settings that a checkpoint names for it.

        Raises:
            Stop: The settings were written by a version that this one cannot read.
        """
        self._settings.follow(spans, offset)
        self._pipeline.settings = self._settings.current

    def advance(self, record: Record) -> None:
        """Fold one detection outcome; one that cannot be folded becomes a dead letter.

        Raises:
            Stop: Too many of the last records became dead letters.
        """
        change = self._settings.next_change
        if change is not None and record.offset >= change:
            self._pipeline.settings = self._settings.step(record.offset)
        try:
            frame = self._decode(record)
            facts = self._facts.ensure(frame.captured_us + TICK_US)  # its last tick
            outputs = self._fold(frame, facts)
        except DeadLetter as error:
            self._dead_letter(record, error)
            if self._limit is not None:
                self._limit.died(str(error))
            return
        if self._limit is not None:
            self._limit.passed()
        STREAM_TICK_LAG.observe((self._clock.now_us() - frame.captured_us) / 1e6)
        for output in outputs:
            name, value = self._wire.write(output)
            self._emit(OutputRecord(name, output.key.encode(), value, self._partition))

    def _decode(self, record: Record) -> FrameDetections:
        """Decode an outcome, and refuse one that must not be folded.

        Ingest never captures in the future; this keeps a broken clock from moving a floor to a
        time whose reference data is not known yet. It compares with the append time in the log,
        not with the wall clock, so a replay refuses the same records.
        """
        try:
            frame = self._wire.input.read(record.value)
        except UndecodableValue as error:
            raise DeadLetter(error.reason, str(error), field="value") from error
        if record.key is None or record.key.decode(errors="replace") != frame.camera_id:
            message = f"key {record.key!r} is not the camera_id {frame.camera_id!r}"
            raise DeadLetter("wrong_key", message, field="key")
        ahead_us = frame.captured_us - record.timestamp_ms * 1_000
        if ahead_us > FUTURE_LIMIT_US:
            message = f"captured {ahead_us / 1e6:.1f} s after it was appended to the log"
            raise DeadLetter("future_event", message, field="captured_us")
        return frame

    def _fold(self, frame: FrameDetections, facts: Facts) -> list[Output]:
        reads = self._reads if self._pipeline.settings.floor.takes_reads else NO_READS
        counters = self._pipeline.counters
        before, late = sum(counters.values()), counters["late"]
        other_versions = self._pipeline.other_versions
        try:
            outputs = self._pipeline.fold(frame, facts, reads)
        except UnknownCamera as error:
            raise DeadLetter("unknown_camera", str(error), field="camera_id") from error
        except UnusableOutcome as error:
            raise DeadLetter("unusable_outcome", str(error), field="detections") from error
        if self._handover:
            outputs, held = self._handover.apply(outputs, self._pipeline, frame.camera_id)
            for output in held:
                STREAM_HELD_BACK.labels(output.topic.name).inc()
        if counters["late"] > late:
            _LATE.inc()
        else:
            (_FENCED if sum(counters.values()) > before else _FOLDED).inc()
        if self._pipeline.other_versions > other_versions:
            STREAM_OTHER_VERSIONS.inc()
        return outputs

    def _dead_letter(self, record: Record, error: DeadLetter) -> None:
        headers = dead_letter_headers(
            record.topic,
            record.partition,
            record.offset,
            record.value,
            error,
            record.timestamp_ms * 1_000,
            STAGE,
            record.key,
        )
        key = f"{record.topic}/{record.partition}".encode()
        value = record.value
        if value is not None and len(value) > INLINE_BYTES:
            # A value that compressed well on its own topic may always be too large for another.
            # It stays where it is: detections are kept longer than dead letters.
            headers.append(("left_in_place", str(len(value)).encode()))
            value = None
        self._emit(OutputRecord(self._wire.dead_letters, key, value, 0, headers))
        STREAM_EVENTS.labels("dead").inc()
        DEAD_LETTERS_TOTAL.labels(STAGE, error.reason).inc()

    def changed(self) -> Mapping[bytes, EntityState | None]:
        """Encoded state of the cameras and floors that changed, and of an open handover."""
        changed: dict[bytes, EntityState | None] = {
            key.encode(): state for key, state in self._pipeline.take_changed(encode_state).items()
        }
        if self._handover:
            changed[HANDOVER_KEY] = self._handover.encode()
        elif self._handover_is_saved:
            changed[HANDOVER_KEY] = None
        self._handover_is_saved = bool(self._handover)
        return changed

    def side_offsets(self) -> Mapping[str, int]:
        """Next offset of each topic of reference data, and of the partition's reads of badges."""
        return {**self._facts.offsets(), **self._reads.offsets()}
