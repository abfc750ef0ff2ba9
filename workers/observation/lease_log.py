"""Who has the watch over the line, as noted in the log: by a beat of the dead man who has it.

A beat is a note beside a consumer group's offset, committed in a transaction of the claim that
fences every dead man but the newest: so it tells that he lives, and that he may write. It costs no
topic, and whoever reads the log can see it.
"""

from typing import Any, Final

import msgspec
from confluent_kafka import (
    TopicPartition,
)

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from runtime.kafka.transactional import Note
from schemas.topics import ALERTS

CLAIM: Final = "deadman"
"""Of the `FencedProducer` that writes alerts."""

_GROUP: Final = "deadman-watch"


class Beat(msgspec.Struct, frozen=True):
    """A sign of life.

    Attributes:
        who: Whose; one name for each process.
        number: Rises by one.
        at_us: When it was given, by the clock of his machine, UTC microseconds.
        ended: He gives the watch up, and whoever stands by may take it at once.
    """

    who: str
    number: int
    at_us: int
    ended: bool = False


class WatchReader:
    """Reads the newest beat.

    Args:
        cluster: Where the topics are.
        answer_s: How long the broker may take to answer, s.
    """

    def __init__(self, cluster: Cluster, answer_s: float) -> None:
        self._probe = LogProbe(cluster, answer_s)
        self._group = cluster.group(_GROUP)
        self._place = (cluster.name(ALERTS), 0)

    def look(self) -> Beat | None:
        """The newest beat; None when no dead man ever had the watch.

        Raises:
            Retry: The broker is out of reach.
        """
        try:
            found = self._probe.notes(self._group, [self._place])
        except Retry as exc:
            raise Retry(f"the watch over the line: {exc}") from exc
        return next((read_beat(place.metadata) for place in found if place.offset >= 0), None)


def read_beat(text: str | None) -> Beat | None:
    """A beat as it was noted; None when it is none of ours."""
    try:
        return msgspec.json.decode(text or "", type=Beat)
    except msgspec.MsgspecError:
        return None


class BeatNotes:
    """Makes the notes of one process.

    Args:
        cluster: Where the topics are.
        who: The process.
    """

    def __init__(self, cluster: Cluster, who: str) -> None:
        self._who = who
        self._topic = cluster.name(ALERTS)
        self._number = 0
        consumer = cluster.consumer(cluster.group(_GROUP), log_level=0)
        self._group: Any = consumer.consumer_group_metadata()
        consumer.close()

    def next(self, at_us: int, *, ended: bool = False) -> Note:
        """The next beat, to be committed.

        Args:
            at_us: Wall clock, UTC microseconds.
            ended: The watch is given up.
        """
        self._number += 1
        beat = Beat(self._who, self._number, at_us, ended)
        text = msgspec.json.encode(beat).decode()
        return Note(self._group, [TopicPartition(self._topic, 0, 0, metadata=text)])


class Stillness:
    """How long the newest beat has been the same, by one's own clock.

    Clocks of two machines may differ, so times in beats are never compared. What was not looked at
    does not count: a broker that was away, or a process that was frozen, says nothing of the other.

    Args:
        gap_s: Longest time between two looks that are one observation, s.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._beat: Beat | None = None
        self._since_s = 0.0
        self._looked_s = 0.0

    def look(self, beat: Beat | None, now_s: float) -> float:
        """For how long this has been the newest beat, s.

        Args:
            beat: As read now.
            now_s: Monotonic time, s.
        """
        if beat != self._beat or now_s - self._looked_s > self._gap_s:
            self._beat, self._since_s = beat, now_s
        self._looked_s = now_s
        return now_s - self._since_s
