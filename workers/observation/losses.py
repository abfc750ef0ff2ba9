"""Follow what the log lost before somebody read it, as the processes told it in their letters.

A process that finds records gone says so once, by a dead letter, and goes on. The alert stands
until somebody has put that letter away (`wardstream dlq resolve`), or it expires.
"""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.kafka.clients import consumer_config, physical_name
from runtime.kafka.continuity import Break
from runtime.kafka.dead_letter_log import DISCARDED, REPLAYED, parse
from runtime.kafka.registry import guarded_registry
from runtime.process.settings import Settings
from schemas.codec import UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import AUDIT, DEAD_LETTERS
from workers import stages

log = structlog.get_logger(__name__)

PROCESS: Final = {stages.INFERENCE: "infer"}
"""Name of the process of a stage, where it is another one."""

_MOST: Final = 1_000
_WAIT_S: Final = 0.5
_PAUSE_S: Final = 2.0
_ANSWER_S: Final = 10.0


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
        settings: Where the broker and the registry are.
        clock: Tells the time.

    Attributes:
        current: Whether it has once read both topics to their ends, so that a loss that it does not
            know of is none.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._letters = physical_name(DEAD_LETTERS, settings)
        self._audit = physical_name(AUDIT, settings)
        self._codec = guarded_registry(settings, clock).reader(AUDIT)
        self._lock = threading.Lock()
        self._losses: dict[str, Loss] = {}
        self._handled: set[str] = set()
        self._unread: deque[Message] = deque()
        self._ended: set[str] = set()
        self._held_up = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="losses", daemon=True)
        self.current = False

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._closing.set()
        self._thread.join(timeout=2.0)

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

    def take(self, messages: Iterable[Message]) -> None:
        """Take in records of either topic.

        Letters say what they say without a schema, so no entry of the audit keeps them waiting.

        Raises:
            RegistryUnavailable: A schema is not known yet and cannot be asked for. All letters were
                taken; the entries that were not are with the next call.
        """
        for message in messages:
            error = message.error()
            if error is not None:
                # The client goes on by itself, and the probe of the log tells an outage.
                if error.code() == KafkaError._PARTITION_EOF:
                    self._ended.add(message.topic() or "")
            elif message.topic() == self._letters:
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
        self.current |= self._ended >= {self._letters, self._audit}

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

    def _follow(self, consumer: Consumer) -> None:
        """Read on, also while the registry is away.

        Raises:
            KafkaException: The broker is out of reach.
        """
        try:
            self.take(consumer.consume(_MOST, _WAIT_S))
        except RegistryUnavailable as exc:
            log.warning("deadman.letters_put_away_unknown", error=str(exc))
            self._closing.wait(_PAUSE_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._unread.clear()
            self._ended.clear()
            consumer = Consumer(
                consumer_config(
                    self._settings,
                    f"{self._settings.topic_prefix}wardstream-losses",
                    **{"isolation.level": "read_committed", "enable.partition.eof": True},
                    log_level=0,
                )
            )
            try:
                since_ms = self._clock.now_us() // 1_000 - DEAD_LETTERS.retention_ms
                wanted = [
                    TopicPartition(name, 0, since_ms) for name in (self._letters, self._audit)
                ]
                consumer.assign(consumer.offsets_for_times(wanted, timeout=_ANSWER_S))
                while not self._closing.is_set():
                    self._follow(consumer)
            except KafkaException as exc:
                log.warning("deadman.letters_out_of_reach", error=str(exc))
                self._closing.wait(_PAUSE_S)
            except Exception:
                log.exception("deadman.letters_failed")
                self._closing.wait(_PAUSE_S)
            finally:
                consumer.close()
