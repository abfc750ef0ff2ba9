"""Plan an experiment: which records are read, from which state, and what follows from them."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Final

import msgspec

from runtime.checkpoints import Checkpoint, SettingsSpan
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_between, spans
from schemas.codec import UndecodableValue
from schemas.topics import BADGE_READS, DETECTIONS
from streams.encoding.outcomes import OutcomeReader
from streams.state.fold_version import fold_id
from streams.state.settings_by_offset import from_values, to_values
from workers.operations.experiments.facts import digest_until, moved_cameras, read_facts
from workers.operations.experiments.settings_file import Replacement
from workers.operations.experiments.value.experiment import (
    Arm,
    Experiment,
    PartitionRange,
    SettingsFrom,
)
from workers.operations.installation import Installation
from workers.operations.rebuild.plan import Planner
from workers.operations.times import show_time
from workers.operations.verification.oracle import settings_by_partition

WARM_UP_S: Final = 600
"""Detections that are folded before the range where no checkpoint gives the state, s."""

SETTLED_S: Final = 10
"""A range ends this long ago or earlier, s: no fact that is recorded now reaches into it."""

_AHEAD_US: Final = 6_000_000
"""An event is at most so much later than its append, with its last tick, microseconds."""

_READS_BEFORE_MS: Final = 900_000
FRAMES_A_SECOND: Final = 2_000
"""Frames that one core folds in a second, for the estimate. A stream processor folds three times as
many of ten people (BENCHMARKS); an experiment itself was not measured."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for.

    Attributes:
        from_us: Records that were appended from then on count, UTC microseconds.
        to_us: Records that were appended before then count, UTC microseconds.
        partitions: Partitions of the detections; all when None.
        arms: By name, what the arm replaces.
    """

    from_us: int
    to_us: int
    partitions: tuple[int, ...] | None
    arms: dict[str, Replacement]


class PlannedExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment, and what its reader should know before it runs.

    Attributes:
        experiment: The experiment.
        from_us: First time of the range, UTC microseconds.
        to_us: Last one.
        cold: Partitions without a checkpoint: seconds that are folded before the range, and why.
        moved: Cameras that moved inside the range, and how.
        cameras: Detections in the range by camera.
    """

    experiment: Experiment
    from_us: int
    to_us: int
    cold: dict[int, tuple[float, str]]
    moved: dict[str, str]
    cameras: dict[str, int]

    @property
    def seconds(self) -> float:
        """About how long the fold of all arms takes on one core, s."""
        return self.experiment.records * len(self.experiment.arms) / FRAMES_A_SECOND


def plan(installation: Installation, asked: Asked) -> PlannedExperiment:
    """Plan an experiment; nothing is written.

    Raises:
        Retry: Broker, registry or object store are out of reach.
        Stop: The range is empty or has expired, or an arm cannot be folded.
        ImportRefused: Facts of an arm contradict each other or what is registered.
    """
    cluster = installation.cluster
    now_us = cluster.clock.now_us()
    if asked.from_us >= asked.to_us:
        raise Stop("--from is not before --to")
    if asked.to_us > now_us - SETTLED_S * 1_000_000:
        raise Stop(f"--to must be {SETTLED_S} s ago or earlier: what comes now could still count")
    held = spans(cluster, DETECTIONS, asked.partitions)
    firsts = spans(cluster, DETECTIONS, asked.partitions, since_ms=asked.from_us // 1000)
    after = spans(cluster, DETECTIONS, asked.partitions, since_ms=asked.to_us // 1000)
    ends = {p: after[p][0] if p in after else end for p, (_, end) in held.items()}
    wanted = {p: (first, ends[p]) for p, (first, _) in firsts.items() if first < ends[p]}
    _refuse_expired(cluster, asked, held, wanted)
    log = read_facts(cluster)
    reading = _Reading(installation, asked)
    ranges = [reading.of(p, *wanted[p], held[p][0]) for p in sorted(wanted)]
    if not ranges:
        raise Stop(f"{DETECTIONS.name} holds nothing between these times")
    until_us = asked.to_us + _AHEAD_US
    ways = _pipeline_settings(installation, ranges, reading.bases)
    arms = [
        Arm(
            name=name,
            settings=tuple(_with(one, replacement) for one in ways),
            facts=replacement.facts(log),
            replaced=replacement.names,
        )
        for name, replacement in sorted(asked.arms.items())
    ]
    experiment = Experiment(
        prefix=cluster.prefix,
        ranges=tuple(ranges),
        facts_sha256=digest_until(log, until_us),
        facts_until_us=until_us,
        models=tuple(sorted(reading.models)),
        arms=tuple(arms),
        code=f"wardstream {version('wardstream')} {fold_id()}",
    )
    return PlannedExperiment(
        experiment=experiment,
        from_us=asked.from_us,
        to_us=asked.to_us,
        cold=reading.cold,
        moved=moved_cameras(log, asked.from_us, asked.to_us),
        cameras=dict(sorted(reading.cameras.items())),
    )


def _refuse_expired(
    cluster: Cluster,
    asked: Asked,
    held: Mapping[int, tuple[int, int]],
    wanted: Mapping[int, tuple[int, int]],
) -> None:
    """Refuse a range whose first records retention may have deleted.

    Raises:
        Stop: The log begins after the range does; the message names the first offset held.
    """
    for partition, (first, _) in sorted(wanted.items()):
        start, end = held[partition]
        if first > start or start == 0:
            continue
        message = next(read_between(cluster, DETECTIONS, partition, start, end), None)
        appended_us = 0 if message is None else message.timestamp()[1] * 1000
        if appended_us > asked.from_us:
            raise Stop(
                f"{DETECTIONS.name}[{partition}]: what was appended before "
                f"{show_time(appended_us)} has expired; the first offset held is {start}: "
                "choose a later --from"
            )


class _Reading:
    """Reads the records of the range once: digests, models and cameras."""

    def __init__(self, installation: Installation, asked: Asked) -> None:
        self._cluster = installation.cluster
        self._asked = asked
        self._planner = Planner(installation.cluster, installation.archive_url)
        self._outcomes = OutcomeReader(installation.cluster.registry.reader(DETECTIONS))
        self.bases: dict[int, Checkpoint] = {}
        self.cold: dict[int, tuple[float, str]] = {}
        self.models: set[str] = set()
        self.cameras: dict[str, int] = {}

    def of(self, partition: int, first: int, end: int, held: int) -> PartitionRange:
        """What is read of one partition."""
        archived, checkpoint, why = self._planner.base(partition, first, held)
        if archived is not None and checkpoint is not None:
            start, sha256 = checkpoint.head.next_offset, archived.sha256
            self.bases[partition] = checkpoint
        else:
            since_ms = max(0, self._asked.from_us // 1000 - WARM_UP_S * 1000)
            found = spans(self._cluster, DETECTIONS, [partition], since_ms=since_ms)
            start, sha256 = min(first, found[partition][0]), ""
        records, digest = 0, hashlib.sha256()
        first_ms = last_ms = 0
        for message in read_between(self._cluster, DETECTIONS, partition, start, end):
            offset, appended_ms = message.offset() or 0, message.timestamp()[1]
            records += 1
            _take(digest, offset, appended_ms, message.key(), message.value())
            first_ms = first_ms or appended_ms
            if offset >= first and not last_ms:
                last_ms = appended_ms
            if offset >= first:
                self._note(message.value())
        if not sha256:
            self.cold[partition] = ((last_ms - first_ms) / 1000, why)
        reads = self._reads(partition)
        return PartitionRange(
            partition=partition,
            start=start,
            first=first,
            end=end,
            records=records,
            sha256=digest.hexdigest(),
            checkpoint=sha256,
            reads_first=reads[0],
            reads_end=reads[1],
            reads_sha256=reads[2],
        )

    def _note(self, value: object) -> None:
        try:
            frame = self._outcomes.read(value if isinstance(value, bytes) else None)
        except UndecodableValue:
            return  # a dead letter in every arm
        self.cameras[frame.camera_id] = self.cameras.get(frame.camera_id, 0) + 1
        if frame.model_name is not None:
            self.models.add(f"{frame.model_name} {frame.model_version}")

    def _reads(self, partition: int) -> tuple[int, int, str]:
        from_ms = max(0, self._asked.from_us // 1000 - WARM_UP_S * 1000 - _READS_BEFORE_MS)
        to_ms = (self._asked.to_us + _AHEAD_US) // 1000
        held = spans(self._cluster, BADGE_READS, [partition], since_ms=from_ms)
        if partition not in held:
            return 0, 0, ""
        first, end = held[partition]
        after = spans(self._cluster, BADGE_READS, [partition], since_ms=to_ms)
        end = after[partition][0] if partition in after else end
        digest = hashlib.sha256()
        for message in read_between(self._cluster, BADGE_READS, partition, first, end):
            offset, appended_ms = message.offset() or 0, message.timestamp()[1]
            _take(digest, offset, appended_ms, message.key(), message.value())
        return first, end, digest.hexdigest()


def _take(digest: "hashlib._Hash", offset: int, appended_ms: int, *parts: object) -> None:
    digest.update(f"{offset} {appended_ms}".encode())
    for part in parts:
        known = part.encode() if isinstance(part, str) else part
        digest.update(b"|-" if not isinstance(known, bytes) else b"|%d " % len(known) + known)


def _pipeline_settings(
    installation: Installation,
    ranges: Sequence[PartitionRange],
    bases: Mapping[int, Checkpoint],
) -> list[SettingsFrom]:
    """Settings by which the line folded each partition; those of this installation else."""
    live = settings_by_partition(installation.cluster, [one.partition for one in ranges])
    own = to_values(installation.pipeline)
    found: list[SettingsFrom] = []
    for one in ranges:
        base = bases.get(one.partition)
        known: Sequence[SettingsSpan] = live.get(one.partition) or (
            () if base is None else base.head.settings
        )
        if not any(span.from_offset <= one.start for span in known):
            known = (SettingsSpan(one.start, own), *known)
        before = [span for span in known if span.from_offset <= one.start][-1:]
        inside = [span for span in known if one.start < span.from_offset < one.end]
        found += [
            SettingsFrom(
                partition=one.partition,
                offset=max(one.start, span.from_offset),
                values=to_values(from_values(span.values)),
            )
            for span in (*before, *inside)
        ]
    return found


def _with(known: SettingsFrom, replacement: Replacement) -> SettingsFrom:
    values = to_values(from_values(replacement.applied(known.values)))
    return msgspec.structs.replace(known, values=values)
