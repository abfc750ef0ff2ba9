"""A stage in memory: logs, a checkpoint, and stream processors of two releases that are killed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from runtime.checkpoints import (
    Checkpoint,
    Emit,
    EntityState,
    OutputRecord,
    PartitionProgress,
    Record,
)
from runtime.checkpoints.codec import HEAD_KEY, assemble, empty_head
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.codec import HEADER_BYTES
from schemas.topics import DETECTIONS, OCCUPANCY, OCCUPANCY_LATEST, TRACKS
from streams.domain.settings import FloorSettings, PipelineSettings, TrackerSettings
from streams.handover.takeover import TakeOver
from streams.handover.uncommitted import Message
from streams.processor.pipeline_fold import PipelineFold, Wire
from streams.stage import OUTPUTS
from streams.state.published import source_and_time
from streams.state.version import STATE_VERSION
from tests.support.builders.alerts import rule
from tests.support.builders.domain import MS, T0, box, camera, facts_of, heartbeat, outcome, zone
from tests.support.clusters import cluster_of
from tests.support.fakes import SCHEMAS, KnownEvidence, KnownFacts

SETTINGS = Settings(topic_prefix="")
CAMERAS = ("left", "right")
FACTS = facts_of(
    *(camera(name) for name in CAMERAS),
    *(zone(f"zone-{name}", camera_id=name) for name in CAMERAS),
    rule(kind="OVER_CAPACITY", threshold=0),
    rule("stay", kind="DWELL", threshold=1, one_per="PERSON"),
)
FRAME_MS = 100

RELEASES: dict[str, PipelineSettings] = {
    "this": PipelineSettings(),
    "same": PipelineSettings(),
    "other": PipelineSettings(
        tracker=TrackerSettings(confirm_hits=3, lost_after_s=0.05, link_score=0.1),
        floor=FloorSettings(occupancy_period_us=600_000, allowed_lateness_us=200_000),
    ),
}
"""Folds by name: `other` gives other bytes for the same records, and other numbers of records. No
checkpoint here names settings, so the settings stand for code."""


CODECS = {topic.name: SCHEMAS.writer(topic) for topic in OUTPUTS}


class QuickClock(SystemClock):
    """A clock that does not sleep."""

    def sleep(self, seconds: float) -> None:
        pass


@dataclass
class World:
    """The logs and the checkpoint, which outlive a process.

    Attributes:
        input: Detections.
        guarded: Whether a release looks at what another one has sent.
        topics: Outputs, by name of the topic.
        saved: Number of records of each output that the checkpoint implies.
        checkpoint: The last checkpoint; None before the first.
        now_ms: Broker's time, milliseconds.
    """

    input: Sequence[Record]
    guarded: bool = True
    topics: dict[str, list[Message]] = field(
        default_factory=lambda: {topic.name: [] for topic in OUTPUTS}
    )
    saved: dict[str, int] = field(default_factory=lambda: {t.name: 0 for t in OUTPUTS})
    checkpoint: Checkpoint | None = None
    saved_ms: int | None = None
    now_ms: int = 1_000_000

    def emit(self, record: OutputRecord) -> None:
        assert record.key is not None
        assert record.value is not None
        self.topics[record.topic].append(Message(record.key.decode(), record.value, self.now_ms))

    def history(self, release: str, chance: Random, *, ends_in: float) -> None:
        """Run one process: it takes over, folds and saves now and then, and is killed.

        Args:
            release: Name of the release.
            chance: Decides when it saves, and which of its last outputs reached the broker.
            ends_in: Probability per record that it is killed after it; 0 folds all and saves.
        """
        progress = self._started(release)
        while progress.next_offset < len(self.input):
            self.now_ms += FRAME_MS
            progress.offer(self.input[progress.next_offset])
            if chance.random() < 0.04:
                self._save(progress)
            if chance.random() < ends_in:
                self._lose(chance)
                return
        self._save(progress)

    def _started(self, release: str) -> PartitionProgress:
        self.take_over(release)
        fold = self._fold(release, self.emit)
        return PartitionProgress(
            0, fold, input_id="input", claimed=True, checkpoint=self.checkpoint
        )

    def _fold(self, release: str, emit: Emit) -> PipelineFold:
        return PipelineFold(
            0,
            emit,
            wire=Wire(cluster_of(SETTINGS, registry=SCHEMAS)),
            facts=KnownFacts(FACTS),
            evidence=KnownEvidence(),
            settings=RELEASES[release],
            clock=SystemClock(),
        )

    def take_over(self, release: str) -> None:
        """Mark in one transaction what another release has sent, as the checkpoint store does."""
        checkpoint = self.checkpoint or Checkpoint(empty_head(0, "input", "test"), {})
        changed: Mapping[bytes, EntityState | None] = {}
        if self.guarded and self.checkpoint is not None and checkpoint.head.fold != release:
            changed = _InMemory(self)(0, checkpoint, self.saved_ms, self.emit)
            self._flushed()
        held = {k: s for k, s in {**checkpoint.entities, **changed}.items() if s is not None}
        self.checkpoint = Checkpoint(msgspec.structs.replace(checkpoint.head, fold=release), held)

    def _save(self, progress: PartitionProgress) -> None:
        self._flushed()
        snapshot = progress.snapshot(generation=0, boot_id="test")
        if snapshot is None:
            return
        self.checkpoint = assemble(0, snapshot.whole, max_version=STATE_VERSION)
        if any(key != HEAD_KEY for key, _ in snapshot.records):
            self.saved_ms = self.now_ms

    def _flushed(self) -> None:
        self.saved = {name: len(sent) for name, sent in self.topics.items()}

    def _lose(self, chance: Random) -> None:
        """Keep, for each topic, the part of the unflushed records that has reached the broker."""
        for name, sent in self.topics.items():
            del sent[chance.randint(self.saved[name], len(sent)) :]

    def folded_from(self, checkpoint: Checkpoint) -> list[tuple[str, int]]:
        """Camera and event time of all tracks that follow from the input after a checkpoint."""
        reported: list[tuple[str, int]] = []

        def keep(output: OutputRecord) -> None:
            topic, key, value, _, _ = output
            if topic == TRACKS.name and key is not None and value is not None:
                reported.append((key.decode(), CODECS[topic].decode(value)["captured_us"]))

        fold = self._fold("this", keep)
        fold.restore(checkpoint)
        for record in self.input[checkpoint.head.next_offset :]:
            fold.advance(record)
        return reported

    def frames_from(self, offset: int) -> list[tuple[str, int]]:
        """Camera and event time of all frames of the input from an offset on."""
        codec = SCHEMAS.reader(DETECTIONS)
        outcomes = [codec.decode(record.value) for record in self.input[offset:]]
        return [(o["camera_id"], o["captured_us"]) for o in outcomes if o["outcome"] == "DETECTED"]

    def versions(self, topic: str) -> dict[str, dict[int, bytes]]:
        """Bytes of a topic's records by key and seq; fails where a seq has two versions."""
        found: dict[str, dict[int, bytes]] = {}
        for message in self.topics[topic]:
            seq = int(CODECS[topic].decode(message.value)["seq"])
            body = message.value[HEADER_BYTES:]
            known = found.setdefault(message.key, {}).setdefault(seq, body)
            assert known == body, f"{topic} {message.key}: seq {seq} has two versions"
        return found

    def records(self, topic: str) -> dict[str, list[dict[str, Any]]]:
        """Records by key for a subscriber that drops repeats; fails where a seq is missing."""
        read: dict[str, list[dict[str, Any]]] = {}
        for message in self.topics[topic]:
            record = CODECS[topic].decode(message.value)
            known = read.setdefault(message.key, [])
            if record["seq"] > len(known):
                assert record["seq"] == len(known) + 1, f"{topic} {message.key}: a gap"
                known.append(record)
        return read

    def judge(self) -> None:
        """Check for one history: each seq once, none missing, and each event time once."""
        latest = self.versions(OCCUPANCY_LATEST.name)
        assert latest == self.versions(OCCUPANCY.name)
        for topic in OUTPUTS:
            self.versions(topic.name)
            for key, records in self.records(topic.name).items():
                moments: dict[str, list[int]] = {}
                for record in records:
                    source, at_us = source_and_time(topic, record)
                    moments.setdefault(source, []).append(at_us)
                assert all(reported == sorted(reported) for reported in moments.values()), (
                    topic.name,
                    key,
                )
        for key, records in self.records("tracks.updated.v1").items():
            reported = [record["captured_us"] for record in records]
            assert len(reported) == len(set(reported))
            assert set(frames_of(self.input, key)) <= set(reported)
        ticks = [r["as_of_us"] for r in self.records("presence.updated.v1")["floor"]]
        assert len(ticks) == len(set(ticks))


class _InMemory(TakeOver):
    """Reads the topics of a world."""

    def __init__(self, world: World) -> None:
        super().__init__(cluster_of(SETTINGS, QuickClock(), SCHEMAS), SETTINGS.stream.checkpoint_s)
        self._topics = world.topics

    def _windows(self, name: str, partition: int) -> Iterator[list[Message]]:
        upper = len(self._topics[name])
        while upper:
            lower = max(0, upper - 16)
            yield self._topics[name][lower:upper]
            upper = lower


def frames_of(records: Sequence[Record], camera_id: str) -> list[int]:
    """Event times of the frames of a camera."""
    codec = SCHEMAS.reader(DETECTIONS)
    outcomes = [codec.decode(r.value) for r in records if r.key == camera_id.encode()]
    return [one["captured_us"] for one in outcomes if one["outcome"] == "DETECTED"]


def walks(chance: Random, frames: int) -> list[Record]:
    """People who walk through zones, hide and come back, before two cameras that jitter."""
    codec = SCHEMAS.writer(DETECTIONS)
    records: list[Record] = []
    people = {name: [[chance.uniform(50, 750), 0.0, 0.0] for _ in range(3)] for name in CAMERAS}
    for number in range(frames):
        for name in chance.sample(CAMERAS, len(CAMERAS)):
            at_us = T0 + number * FRAME_MS * MS + chance.randrange(20) * MS
            boxes = []
            for person in people[name]:
                person[1] = max(-60.0, min(60.0, person[1] + chance.gauss(0, 12)))
                person[0] = (person[0] + person[1]) % 800
                person[2] = max(0.0, person[2] - 1)
                if chance.random() < 0.02:
                    person[2] = chance.choice((3, 8))
                if not person[2]:
                    boxes.append(box(person[0], 400, chance.uniform(0.5, 0.95)))
            if chance.random() < 0.05:
                event = heartbeat(at_us, name)
            else:
                event = outcome(at_us, boxes, camera_id=name)
            value = codec.encode(event)
            records.append(Record("input", 0, len(records), name.encode(), value, at_us // MS, ()))
    return records
