"""Follow the dead letters about records that were lost before a process read them.

A process that finds records gone writes one dead letter about them, and continues. The alert stands
until that dead letter is resolved (`wardstream dlq resolve`), or it expires.
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
from schemas.registry import RegistryError
from schemas.topics import AUDIT, DEAD_LETTERS
from workers import stages
from workers.audit.anchor import ANCHORED

log = structlog.get_logger(__name__)

PROCESS: Final = {stages.INFERENCE: "infer"}
"""Process name by stage, where the two differ."""

_REGISTRY_PAUSE_S: Final = 2.0


class Loss(NamedTuple):
    """Records that were lost unread.

    Attributes:
        process: Name of the process that should have read them, as the watchdog names it.
        since_us: When that was found, UTC microseconds.
        records: Number of records.
        text: Topic, partition, offsets and what happened to them.
    """

    process: str
    since_us: int
    records: int
    text: str


def loss_of(process: str, found: Break, at_us: int) -> Loss:
    """A loss that the watchdog has observed itself."""
    return Loss(process, at_us, found.records, found.text)


class LossFollower:
    """Reads dead letters, and which of them are resolved, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        current: Whether it has read both topics to their ends once, so that every loss is known.
        anchored_us: When the audit was last anchored, UTC microseconds; None when that is not in
            the last two weeks.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._dead_letters = cluster.name(DEAD_LETTERS)
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
        self.anchored_us: int | None = None

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def open(self, now_us: int) -> list[Loss]:
        """Unresolved losses whose dead letters are still kept, oldest first.

        Empty until it is known which are resolved, or that the registry keeps it from being known.
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

        Dead letters are read without a schema, so no entry of the audit keeps them waiting.

        Args:
            messages: The records.
            at_end: Whether both topics have been read to their ends.

        Raises:
            RegistryError: A schema is not known yet and cannot be asked for. All dead letters
                were taken; the other entries follow with the next call.
        """
        for message in messages:
            if message.topic() == self._dead_letters:
                self._take_dead_letter(message)
            else:
                self._unread.append(message)
        try:
            while self._unread:
                self._take_entry(self._unread[0])
                self._unread.popleft()
        except RegistryError:
            self._held_up = True
            raise
        self.current |= at_end

    def _take_dead_letter(self, message: Message) -> None:
        dead_letter = parse(message)
        if dead_letter.lost is None:
            return
        counted = dead_letter.headers.get("records", "")
        records = int(counted) if counted.isdigit() else 0
        process = PROCESS.get(dead_letter.stage, dead_letter.stage)
        text = dead_letter.headers.get("error", "")
        loss = Loss(process, dead_letter.at_us, records, text)
        with self._lock:
            self._losses.setdefault(dead_letter.subject, loss)

    def _take_entry(self, message: Message) -> None:
        try:
            entry = self._codec.decode(message.value())
        except UndecodableValue:
            return  # `wardstream dlq history` reports it
        if entry["action"] == ANCHORED:
            self.anchored_us = max(self.anchored_us or 0, entry["at_us"])
        if entry["action"] in {DISCARDED, REPLAYED}:
            with self._lock:
                self._handled.add(entry["subject"])

    def _follow(self, messages: Sequence[Message], at_end: bool) -> None:
        """Take in records; while the schema registry is away, log that and keep reading."""
        try:
            self.take(messages, at_end)
        except RegistryError as error:
            log.warning("watchdog.resolved_dead_letters_unknown", error=str(error))
            self._follower.wait(_REGISTRY_PAUSE_S)

    def _failed(self, error: Exception) -> None:
        self._unread.clear()  # all of them are read again
        log.warning("watchdog.dead_letters_out_of_reach", error=str(error))
