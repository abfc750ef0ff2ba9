"""The leader lease in Kafka: the leader writes beats, from which the others learn who leads.

A beat is metadata stored with a consumer group's offset. It is committed in a transaction of the
claim that fences every watchdog but the newest, so it shows that its sender runs and may write. It
needs no topic, and any reader of Kafka can see it.
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

# Kafka keeps both names: with others, a watchdog of this release and one of the release before
# would both lead.
CLAIM: Final = "deadman"
"""Transactional id of the `FencedProducer` that writes alerts."""

_GROUP: Final = "deadman-watch"


class Beat(msgspec.Struct, frozen=True):
    """A sign of life of the leader.

    Attributes:
        who: Name of the leader, unique to its process.
        number: Number of the beat, rising by one.
        at_us: When it was sent, by the clock of the leader's machine, UTC microseconds.
        ended: Whether the leader gives up the lease; another watchdog may take it at once.
    """

    who: str
    number: int
    at_us: int
    ended: bool = False


class LeaseReader:
    """Reads the newest beat.

    Args:
        cluster: Where the topics are.
        answer_s: Longest wait for an answer of the broker, s.
    """

    def __init__(self, cluster: Cluster, answer_s: float) -> None:
        self._probe = LogProbe(cluster, answer_s)
        self._group = cluster.group(_GROUP)
        self._partition = (cluster.name(ALERTS), 0)

    def read(self) -> Beat | None:
        """The newest beat; None when no watchdog ever led.

        Raises:
            Retry: The broker is out of reach.
        """
        try:
            found = self._probe.notes(self._group, [self._partition])
        except Retry as error:
            raise Retry(f"the leader of the watchdogs is unknown: {error}") from error
        return next((read_beat(one.metadata) for one in found if one.offset >= 0), None)


def read_beat(text: str | None) -> Beat | None:
    """Parse a beat; None if the text is not one."""
    try:
        return msgspec.json.decode(text or "", type=Beat)
    except msgspec.MsgspecError:
        return None


class BeatWriter:
    """Makes the beats of one process.

    Args:
        cluster: Where the topics are.
        who: Name of the process.
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
            ended: Whether the lease is given up.
        """
        self._number += 1
        beat = Beat(self._who, self._number, at_us, ended)
        text = msgspec.json.encode(beat).decode()
        return Note(self._group, [TopicPartition(self._topic, 0, 0, metadata=text)])


class BeatAge:
    """Measures by its own clock how long the newest beat has not changed.

    Clocks of two machines may differ, so times in beats are never compared. Time without a reading
    does not count: a broker that was away, or a process that was frozen, shows nothing about the
    leader.

    Args:
        gap_s: Longest pause between two readings; after a longer one the age restarts at 0, s.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._beat: Beat | None = None
        self._since_s = 0.0
        self._read_s = 0.0

    def update(self, beat: Beat | None, now_s: float) -> float:
        """Take in a reading; returns for how long this has been the newest beat, s.

        Args:
            beat: The newest beat.
            now_s: Monotonic time, s.
        """
        if beat != self._beat or now_s - self._read_s > self._gap_s:
            self._beat, self._since_s = beat, now_s
        self._read_s = now_s
        return now_s - self._since_s
