"""Follow the outcomes of frames: which cameras give pictures, and how many are skipped."""

import threading
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.kafka.clients import consumer_config, physical_name
from runtime.kafka.registry import guarded_registry
from runtime.process.settings import Settings
from schemas.codec import UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import DETECTIONS

log = structlog.get_logger(__name__)

WINDOW_S: Final = 60
"""Skipped pictures are counted over so many seconds."""

_LOOK_BACK_S: Final = 120
_MOST: Final = 2_000
_WAIT_S: Final = 0.2
_PAUSE_S: Final = 2.0
_ANSWER_S: Final = 10.0


class OutcomeFollower:
    """Reads `detections.made.v1` as it grows, in a thread of its own; keeps no place in a group.

    Args:
        settings: Where the broker and the registry are.
        clock: Tells the time.

    Attributes:
        current: Whether it has read to the end, so that what it has not seen is not there.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._codec = guarded_registry(settings, clock).reader(DETECTIONS)
        self._lock = threading.Lock()
        self._last_us: dict[str, int] = {}
        self._seconds: dict[int, list[int]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)
        self.current = False

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._closing.set()
        self._thread.join(timeout=2.0)

    def last_us(self) -> dict[str, int]:
        """When each camera's newest picture was appended, UTC microseconds."""
        with self._lock:
            return dict(self._last_us)

    def skipped(self, now_us: int) -> tuple[int, int]:
        """Pictures of the last minute, and how many of them were skipped."""
        first = now_us // 1_000_000 - WINDOW_S
        with self._lock:
            for second in [second for second in self._seconds if second < first]:
                del self._seconds[second]
            counts = list(self._seconds.values())
        return sum(count[0] for count in counts), sum(count[1] for count in counts)

    def take(self, camera_id: str, outcome: str, appended_us: int) -> None:
        """Count one outcome.

        Args:
            camera_id: Whose.
            outcome: Its kind; a heartbeat is no picture.
            appended_us: When it was appended to the log, UTC microseconds.
        """
        if outcome == "HEARTBEAT":
            return
        with self._lock:
            self._last_us[camera_id] = max(appended_us, self._last_us.get(camera_id, 0))
            count = self._seconds.setdefault(appended_us // 1_000_000, [0, 0])
            count[0] += 1
            count[1] += outcome == "SKIPPED"

    def _run(self) -> None:
        while not self._closing.is_set():
            consumer = Consumer(
                consumer_config(
                    self._settings,
                    f"{self._settings.topic_prefix}wardstream-deadman",
                    **{"auto.offset.reset": "latest", "log_level": 0},
                )
            )
            try:
                self._follow(consumer)
            except (KafkaException, RegistryUnavailable) as exc:
                self.current = False
                log.warning("deadman.outcomes_out_of_reach", error=str(exc))
                self._closing.wait(_PAUSE_S)
            except Exception:
                # A follower that ended would vouch for cameras that nobody sees any more.
                self.current = False
                log.exception("deadman.outcomes_failed")
                self._closing.wait(_PAUSE_S)
            finally:
                consumer.close()

    def _follow(self, consumer: Consumer) -> None:
        """Read on from a while ago until closed.

        Raises:
            KafkaException: The broker is out of reach.
            RegistryUnavailable: A schema is not known yet and cannot be asked for.
        """
        name = physical_name(DETECTIONS, self._settings)
        since_ms = self._clock.now_us() // 1_000 - _LOOK_BACK_S * 1_000
        wanted = [TopicPartition(name, p, since_ms) for p in range(DETECTIONS.partitions)]
        consumer.assign(consumer.offsets_for_times(wanted, timeout=_ANSWER_S))
        while not self._closing.is_set():
            messages = consumer.consume(_MOST, _WAIT_S)
            for message in messages:
                self._read(message)
            self.current = len(messages) < _MOST

    def _read(self, message: Message) -> None:
        if message.error() is not None:
            return  # the client goes on by itself, and the probe of the log tells an outage
        try:
            record = self._codec.decode(message.value())
        except UndecodableValue:
            return  # the stream processor buries it
        self.take(record["camera_id"], record["outcome"], message.timestamp()[1] * 1_000)
