"""Follow what the log lost before somebody read it, as the processes told it in their letters.

A process that finds records gone says so once, by a dead letter, and goes on. The alert stands
until somebody has put that letter away (`wardstream dlq discard`), or it expires.
"""

import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.continuity import Break
from runtime.kafka import consumer_config, physical_name
from runtime.registry import guarded_registry
from runtime.settings import Settings
from schemas.codec import UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import AUDIT, DEAD_LETTERS
from workers import stages
from workers.deadletters.letters import DISCARDED, REPLAYED, parse

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
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="losses", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._closing.set()
        self._thread.join(timeout=2.0)

    def open(self, now_us: int) -> list[Loss]:
        """Losses that nobody has put away and whose letters are still kept, oldest first."""
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

        Raises:
            RegistryUnavailable: A schema is not known yet and cannot be asked for.
        """
        for message in messages:
            if message.error() is not None:
                continue  # the client goes on by itself, and the probe of the log tells an outage
            if message.topic() == self._letters:
                self._take_letter(message)
            else:
                self._take_entry(message)

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

    def _run(self) -> None:
        while not self._closing.is_set():
            consumer = Consumer(
                consumer_config(
                    self._settings,
                    f"{self._settings.topic_prefix}wardstream-losses",
                    **{"isolation.level": "read_committed", "log_level": 0},
                )
            )
            try:
                since_ms = self._clock.now_us() // 1_000 - DEAD_LETTERS.retention_ms
                wanted = [
                    TopicPartition(name, 0, since_ms) for name in (self._letters, self._audit)
                ]
                consumer.assign(consumer.offsets_for_times(wanted, timeout=_ANSWER_S))
                while not self._closing.is_set():
                    self.take(consumer.consume(_MOST, _WAIT_S))
            except (KafkaException, RegistryUnavailable) as exc:
                log.warning("deadman.letters_out_of_reach", error=str(exc))
                self._closing.wait(_PAUSE_S)
            except Exception:
                log.exception("deadman.letters_failed")
                self._closing.wait(_PAUSE_S)
            finally:
                consumer.close()
