"""Make checkpoints that the line can go on from, where its own are of another release or lost.

The detections are folded with the code of this release up to where the old checkpoint stood, and
nothing is sent. Seqs go on above everything that was sent, so that nobody takes what follows for a
duplicate. What lies behind stays as it was; `rebuild --from` compares it, if one likes.
"""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from runtime.audit import Act
from runtime.checkpoints import Checkpoint, EntityState, Record, SettingsSpan
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.codec import (
    HEAD_FORMAT,
    HEAD_KEY,
    Head,
    checksum,
    encode_entity,
    encode_head,
)
from runtime.checkpoints.log import LogReader, OffsetRange
from runtime.checkpoints.reading import read_beside_owner, read_head
from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_between
from schemas.topics import DETECTIONS, STREAM_CHECKPOINTS, TRACKS, Topic
from streams.domain.camera.step import CameraState
from streams.domain.entity import raise_seqs
from streams.domain.settings import PipelineSettings
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import PipelineFold, Wire
from streams.stage import STAGE
from streams.state.codec import decode_state, encode_state
from streams.state.fold_version import fold_id
from streams.state.progress import progress_of
from streams.state.published import HANDOVER_KEY
from streams.state.reading import without_handover
from streams.state.settings_by_offset import SettingsByOffset, to_values
from streams.state.version import STATE_VERSION
from workers.operations.deadletters.audit import AuditWriter
from workers.operations.installation import Installation
from workers.operations.rebuild.ledger import open_ledger
from workers.operations.rebuild.lost import broken_off, deleted_head, moved, was_at_work
from workers.operations.rebuild.plan import Planner

REMADE = "checkpoint.remade"


def remake(installation: Installation, by: str, why: str) -> Iterator[str]:
    """Make every checkpoint anew that the line cannot go on from; yields what was done, in words.

    Whoever still runs the stage is fenced: it ends at its next save.

    Args:
        installation: Where everything is.
        by: Who does it.
        why: Their reason.

    Raises:
        Retry: Something is out of reach; the same again goes on with the partitions that are left.
        Stop: Somebody rebuilds at the moment.
    """
    cluster = installation.cluster
    name = cluster.name(STREAM_CHECKPOINTS)
    log = LogReader(cluster)
    with open_ledger(installation):
        detections = cluster.name(DETECTIONS)
        input_id = log.topic_id(detections)
        ranges = log.ranges(detections, list(range(DETECTIONS.partitions)))
        for partition, held in sorted(ranges.items()):
            reason = _refused(installation, log, partition)
            gap = None if reason else _gap(cluster, log, partition, held, input_id)
            if reason is None and gap is None:
                if held.end > held.start:
                    yield f"partition {partition}: its checkpoint is read, nothing to do"
                continue
            claim = Claim(cluster, name, partition, f"{cluster.prefix}{STAGE}-{partition}")
            try:
                if gap is not None and gap.checkpoint is not None:
                    told = _go_on(cluster, log, claim, gap.checkpoint, held, input_id)
                else:
                    told = _remake(installation, log, claim, partition, *held)
            finally:
                claim.close()
            why_made = reason or (gap.reason if gap is not None else "")
            act = Act(REMADE, f"{name}/{partition}", f"{why_made}: {told}")
            with AuditWriter(cluster, "revisions") as writer:
                writer.history()
                writer.append([act], actor=by, why=why)
            yield f"partition {partition}: {told}"


def _refused(installation: Installation, log: LogReader, partition: int) -> str | None:
    """Why this release does not read a partition's checkpoint; None when it does, or has none."""
    cluster = installation.cluster
    name = cluster.name(STREAM_CHECKPOINTS)
    try:
        checkpoint = read_beside_owner(
            log, name, partition, cluster.clock, max_version=STATE_VERSION
        )
        if checkpoint is None:
            return None
        progress_of(partition, checkpoint.entities)
        SettingsByOffset(installation.pipeline).follow(checkpoint.head.settings, 0)
    except Stop as error:  # CheckpointDamaged is one
        return str(error)
    return None


class _Gap(NamedTuple):
    """Why the line cannot go on although nothing is unreadable.

    Attributes:
        reason: In words.
        checkpoint: The one that is read; None when it was deleted.
    """

    reason: str
    checkpoint: Checkpoint | None


def _gap(
    cluster: Cluster,
    log: LogReader,
    partition: int,
    held: OffsetRange,
    input_id: str,
) -> _Gap | None:
    name = cluster.name(STREAM_CHECKPOINTS)
    checkpoint = read_beside_owner(log, name, partition, cluster.clock, max_version=STATE_VERSION)
    if checkpoint is None:
        lost = was_at_work(cluster, log, partition)
        return _Gap("its checkpoint was deleted", None) if lost else None
    reason = broken_off(checkpoint, held, input_id)
    return None if reason is None else _Gap(reason, checkpoint)


def _go_on(
    cluster: Cluster,
    log: LogReader,
    claim: Claim,
    checkpoint: Checkpoint,
    held: OffsetRange,
    input_id: str,
) -> str:
    """Let the state that is there go on behind what the detections lost."""
    old = checkpoint.head
    entities = {key: state for key, state in checkpoint.entities.items() if key != HANDOVER_KEY}
    records = _Sent(cluster, log, old.partition).lifted(entities)
    head = msgspec.structs.replace(
        moved(old, held, input_id),
        entities={key.decode(): checksum(value) for key, value in records.items()},
        fold=fold_id(),
    )
    gone = [key for key in map(str.encode, old.entities) if key not in records]
    claim.commit([*((key, None) for key in gone), *records.items(), (HEAD_KEY, encode_head(head))])
    return f"goes on at {head.next_offset} with the state of {old.next_offset}"


def _remake(
    installation: Installation,
    log: LogReader,
    claim: Claim,
    partition: int,
    start: int,
    end: int,
) -> str:
    cluster = installation.cluster
    name = cluster.name(STREAM_CHECKPOINTS)
    old = read_head(log, name, partition)
    if old is None:
        input_id = log.topic_id(cluster.name(DETECTIONS))
        old = deleted_head(
            cluster, installation.archive_url, partition, OffsetRange(start, end), input_id
        )
    base, checkpoint, why_cold = Planner(cluster, installation.archive_url).base(
        partition, old.next_offset, start
    )
    begin = start if checkpoint is None else checkpoint.head.next_offset
    facts = FactSource(FactLog(cluster), cluster.clock)
    facts.refresh()
    fold = PipelineFold(
        partition,
        lambda *_, **__: None,  # it was all sent before
        wire=Wire(cluster),
        facts=facts,
        settings=installation.pipeline,
        clock=cluster.clock,
    )
    told = _settings(installation.pipeline, old.settings)
    entities: dict[bytes, EntityState] = {}
    if checkpoint is not None:
        checkpoint = without_handover(checkpoint)  # all seqs are lifted in the end
        fold.restore(checkpoint)
        entities.update(checkpoint.entities)
    fold.follow(told, begin)
    sent = _Sent(cluster, log, partition)
    reached = begin
    for message in read_between(cluster, DETECTIONS, partition, begin, end):
        offset = message.offset() or 0
        if offset >= old.next_offset:
            entities.update(_changed(fold))
            if not sent.beyond(entities):
                break
        fold.advance(
            Record(
                topic=message.topic() or "",
                partition=partition,
                offset=offset,
                key=_bytes(message.key()),
                value=_bytes(message.value()),
                timestamp_ms=message.timestamp()[1],
                headers=(),
            )
        )
        reached = offset + 1
    entities.update(_changed(fold))
    reached = max(reached, old.next_offset)
    records = sent.lifted(entities)
    head = Head(
        format=HEAD_FORMAT,
        partition=partition,
        input_id=log.topic_id(cluster.name(DETECTIONS)),
        next_offset=reached,
        side_offsets=dict(fold.side_offsets()),
        generation=0,
        boot_id=f"{os.uname().nodename}-{os.getpid()}",
        entities={key.decode(): checksum(value) for key, value in records.items()},
        settings=told,
        fold=fold_id(),
    )
    gone = [key for key in map(str.encode, old.entities) if key not in records]
    claim.commit([*((key, None) for key in gone), *records.items(), (HEAD_KEY, encode_head(head))])
    origin = (
        f"from the checkpoint archived at {begin}" if base else f"cold from {begin} ({why_cold})"
    )
    return f"folded {origin} to {reached}, and written"


def _changed(fold: PipelineFold) -> dict[bytes, EntityState]:
    return {
        key: state
        for key, state in fold.changed().items()
        if state is not None and key != HANDOVER_KEY
    }


def _settings(own: PipelineSettings, told: tuple[SettingsSpan, ...]) -> tuple[SettingsSpan, ...]:
    """What the line folded by; where this release cannot read that, its own settings."""
    try:
        SettingsByOffset(own).follow(told, 0)
        for span in told:
            SettingsByOffset(own).follow([span], span.from_offset)
    except Stop:
        return (SettingsSpan(0, to_values(own)),)
    return told


class _Sent:
    """What the topics hold of a partition already.

    Args:
        cluster: Where the topics are.
        log: Reads backwards.
        partition: Which.
    """

    def __init__(self, cluster: Cluster, log: LogReader, partition: int) -> None:
        self._cluster = cluster
        self._log = log
        self._partition = partition
        self._newest: dict[tuple[str, str], Mapping[str, object]] = {}
        self._asked: set[tuple[str, str]] = set()

    def beyond(self, entities: Mapping[bytes, EntityState]) -> bool:
        """Whether tracks were sent of frames that are not folded yet: a crash leaves such."""
        for key, state in entities.items():
            entity = decode_state(key.decode(), state)
            if isinstance(entity, CameraState):
                record = self._last(TRACKS, entity.camera_id)
                if record is not None and int(str(record["captured_us"])) > entity.last_us:
                    return True
        return False

    def lifted(self, entities: Mapping[bytes, EntityState]) -> dict[bytes, bytes]:
        """The states encoded, with seqs that go on above what was sent."""
        records = {}
        for key, state in sorted(entities.items()):
            entity = decode_state(key.decode(), state)
            raise_seqs(entity, self._newest_seq)
            records[key] = encode_entity(encode_state(entity))
        return records

    def _newest_seq(self, topic: Topic, key: str) -> int:
        record = self._last(topic, key)
        return 0 if record is None else int(str(record["seq"]))

    def _last(self, topic: Topic, key: str) -> Mapping[str, object] | None:
        """The record of the highest seq of a key; one question serves all keys that it passes.

        That need not be the last one in the log: a process that was killed while it repeated what
        its predecessor had sent leaves a lower seq behind. So one more window is looked through
        than the key was found in.
        """
        place = (topic.name, key)
        if place in self._asked:
            return self._newest.get(place)
        codec = self._cluster.registry.reader(topic)
        met: set[tuple[str, str]] = set()
        name = self._cluster.name(topic)
        for window in self._log.windows(name, self._partition):
            before = set(met)
            for message in window:
                one = (topic.name, message.key().decode())
                if one in self._asked:
                    continue
                record = codec.decode(message.value())
                if one not in met or record["seq"] > int(str(self._newest[one]["seq"])):
                    self._newest[one] = record
                met.add(one)
            if place in before:
                break
        else:
            before = met
        self._asked |= before | {place}
        return self._newest.get(place)


def _bytes(data: bytes | str | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
