"""Follow what the log lost before somebody read it, as the processes told it in their letters.

A process that finds records gone says so once, by a dead letter, and goes on. The alert stands
until somebody has put that letter away (`wardstream dlq resolve`), or it expires.
"""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.continuity import Break
from runtime.kafka.dead_letter_log import DISCARDED, REPLAYED, parse
from runtime.kafka.follower import Follower
from schemas.codec import UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import AUDIT, DEAD_LETTERS
from workers import stages

log = structlog.get_logger(__name__)

PROCESS: Final = {stages.INFERENCE: "infer"}
"""Name of the process of a stage, where it is another one."""

_REGISTRY_PAUSE_S: Final = 2.0


class Loss(NamedTuple):
    """Something that the log lost.

    Attributes:
        process: Whose input it was, as the dead man names processes.
        since_us: When that was found, UTC microseconds.
        records: How many records.
        words: Topic, partition, offsets and what happened to them.
    """

    process: str
    since_us: int
    records: int
    words: str


def loss_of(process: str, found: Break, at_us: int) -> Loss:
    """A break that the dead man sees himself."""
    return Loss(process, at_us, found.records, found.words)


class LossFollower:
    """Reads dead letters, and who put them away, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        current: Whether it has once read both topics to their ends, so that a loss that it does not
            know of is none.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._letters = cluster.name(DEAD_LETTERS)
        self._codec = cluster.registry.reader(AUDIT)
        self._lock = threading.Lock()
        self._losses: dict[str, Loss] = {}
        self._handled: set[str] = set()
        self._unread: deque[Message] = deque()
        self._held_up = False
        self._follower = Follower(
            "losses",
            cluster,
            [DEAD_LETTERS, AUDIT],
            self._follow,
            self._failed,
            age_s=DEAD_LETTERS.retention_ms / 1_000,
        )
        self.current = False

    def start(self) -> None:
        """Start to read."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def open(self, now_us: int) -> list[Loss]:
        """Losses that nobody has put away and whose letters are still kept, oldest first.

        None before it is known who put them away, unless the registry keeps that from being known.
        """
        if not (self.current or self._held_up):
            return []
        since_us = now_us - DEAD_LETTERS.retention_ms * 1_000
        with self._lock:
            standing = [
                loss
                for subject, loss in self._losses.items()
                if subject not in self._handled and loss.since_us >= since_us
            ]
        return sorted(standing, key=lambda loss: loss.since_us)

    def take(self, messages: Sequence[Message], at_end: bool) -> None:
        """Take in records of either topic.

        Letters say what they say without a schema, so no entry of the audit keeps them waiting.

        Args:
            messages: The records.
            at_end: Both topics have been read to their ends.

        Raises:
            RegistryUnavailable: A schema is not known yet and cannot be asked for. All letters were
                taken; the entries that were not are with the next call.
        """
        for message in messages:
            if message.topic() == self._letters:
                self._take_letter(message)
            else:
                self._unread.append(message)
        try:
            while self._unread:
                self._take_entry(self._unread[0])
                self._unread.popleft()
        except RegistryUnavailable:
            self._held_up = True
            raise
        self.current |= at_end

    def _take_letter(self, message: Message) -> None:
        letter = parse(message)
        if letter.lost is None:
            return
        told = letter.headers.get("records", "")
        records = int(told) if told.isdigit() else 0
        process = PROCESS.get(letter.stage, letter.stage)
        loss = Loss(process, letter.at_us, records, letter.headers.get("error", ""))
        with self._lock:
            self._losses.setdefault(letter.subject, loss)

    def _take_entry(self, message: Message) -> None:
        try:
            entry = self._codec.decode(message.value())
        except UndecodableValue:
            return  # `wardstream dlq history` tells
        if entry["action"] in {DISCARDED, REPLAYED}:
            with self._lock:
                self._handled.add(entry["subject"])

    def _follow(self, messages: Sequence[Message], at_end: bool) -> None:
        """Take in records, and read on while the registry is away."""
        try:
            self.take(messages, at_end)
        except RegistryUnavailable as exc:
            log.warning("deadman.letters_put_away_unknown", error=str(exc))
            self._follower.wait(_REGISTRY_PAUSE_S)

    def _failed(self, error: Exception) -> None:
        self._unread.clear()  # all of them are read again
        log.warning("deadman.letters_out_of_reach", error=str(error))
