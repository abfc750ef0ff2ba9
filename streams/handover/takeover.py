"""Go on from the checkpoint of another release, and let stand what it has sent beyond."""

from collections.abc import Iterator, Mapping

import structlog

from runtime.checkpoints import Checkpoint, Emit, EntityState, ReplayNeeded
from runtime.checkpoints.log import LogReader
from runtime.clock import Clock
from runtime.kafka.clients import physical_name
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import OCCUPANCY, OCCUPANCY_LATEST
from streams.handover.uncommitted import Bases, Beyond, Message, Record, beyond, level, marks_of
from streams.processor.pipeline_fold import OUTPUTS
from streams.state.fold_id import fold_id
from streams.state.progress import KeyProgress, progress_of_states
from streams.state.published import HANDOVER_KEY, HandoverFilter
from streams.state.reading import open_handover, states_of

log = structlog.get_logger(__name__)

SETTLE_S = 2.0
"""A sender that was replaced while it ran ends at its next save, and sends for so long at least."""

GIVE_UP_S = 30.0


class TakeOver:
    """An `Inherit` for the stream processor.

    Args:
        settings: Where the topics are.
        registry: Schemas of the outputs.
        clock: For patience.
    """

    def __init__(self, settings: Settings, registry: SchemaRegistry, clock: Clock) -> None:
        self._names = {topic.name: physical_name(topic, settings) for topic in OUTPUTS}
        self._readers = {topic.name: registry.reader(topic) for topic in OUTPUTS}
        self._writers = {topic.name: registry.writer(topic) for topic in OUTPUTS}
        self._log = LogReader(settings.kafka_bootstrap, clock)
        self._clock = clock
        self._settle_s = max(SETTLE_S, 2 * settings.stream.checkpoint_s)

    def __call__(
        self, partition: int, checkpoint: Checkpoint, since_ms: int | None, emit: Emit
    ) -> Mapping[bytes, EntityState | None]:
        """Mark what was sent beyond the checkpoint; tells of it in the log.

        Raises:
            Stop: A state was written by a version that this one cannot read.
            ReplayNeeded: Somebody goes on sending.
        """
        stand = progress_of_states(states_of(partition, checkpoint))
        before = open_handover(partition, checkpoint.entities)
        bases = _bases(stand, before)
        tails = self._settled(partition, bases, since_ms)
        if not any(tails.values()):
            return {}

        def send(topic: str, key: str, record: Record) -> None:
            emit(self._names[topic], key.encode(), self._writers[topic].encode(record), partition)

        level(tails, send)
        seam = HandoverFilter(marks_of(tails, before.marks))
        log.warning(
            "stream.seam",
            partition=partition,
            written_by=checkpoint.head.fold or "a release that gave no name",
            goes_on=fold_id(),
            next_offset=checkpoint.head.next_offset,
            stands={
                topic: {key: f"{min(found)}-{max(found)}" for key, found in tail.items() if found}
                for topic, tail in tails.items()
                if topic != OCCUPANCY_LATEST.name
            },
        )
        return {HANDOVER_KEY: seam.encode()}

    def _settled(
        self, partition: int, bases: Mapping[str, Bases], since_ms: int | None
    ) -> dict[str, Beyond]:
        """What was sent, once nobody sends any more."""
        deadline_s = self._clock.monotonic_s() + GIVE_UP_S
        tails = self._tails(partition, bases, since_ms)
        while any(tails.values()):
            self._clock.sleep(self._settle_s)
            again = self._tails(partition, bases, since_ms)
            if again == tails:
                break
            if self._clock.monotonic_s() > deadline_s:
                raise ReplayNeeded(f"outputs of partition {partition} come from somebody else")
            tails = again
        return tails

    def _tails(
        self, partition: int, bases: Mapping[str, Bases], since_ms: int | None
    ) -> dict[str, Beyond]:
        return {
            topic: beyond(
                self._windows(name, partition), self._readers[topic], bases[topic], since_ms
            )
            for topic, name in self._names.items()
        }

    def _windows(self, name: str, partition: int) -> Iterator[list[Message]]:
        for window in self._log.windows(name, partition):
            yield [
                Message(message.key().decode(), message.value(), message.timestamp()[1])
                for message in window
                if message.key() is not None and message.value() is not None
            ]


def _bases(stand: KeyProgress, before: HandoverFilter) -> Mapping[str, Bases]:
    """The last seq by topic and key, of a state and of the marks over it."""
    bases: dict[str, dict[str, int]] = {topic.name: {} for topic in OUTPUTS}
    for part in (stand.cameras, stand.floors, stand.zones):
        for key, mark in part.items():
            for topic, seq in mark.seqs.items():
                bases[topic][key] = seq
    for topic, marks in before.marks.items():
        for key, open_mark in marks.items():
            bases[topic][key] = open_mark.seq
    bases[OCCUPANCY_LATEST.name] = bases[OCCUPANCY.name]
    return bases
