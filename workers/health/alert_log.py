"""The topic of alerts: read what stands, and write what is new, whenever the log can be reached."""

import threading
from collections import deque
from typing import Any, Final, cast

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry, WardstreamError
from runtime.kafka import ReliableProducer, consumer_config, physical_name, producer_config
from runtime.metrics import ALERTS_TOLD
from runtime.registry import guarded_registry
from runtime.settings import Settings
from runtime.topic_admin import check_topics
from schemas.codec import Codec, UndecodableValue
from schemas.records import Alert
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryUnavailable
from schemas.topics import ALERTS

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 10_000
"""Alerts that wait for a log that does not answer; then the oldest is given up, and counted."""

_PAUSE_S: Final = 2.0
_LOOK_S: Final = 0.2
ANSWER_S: Final = 20.0
_FAREWELL_S: Final = 5.0
_OUT_OF_REACH = (
    WardstreamError,
    KafkaException,
    RegistryUnavailable,
    NotRegistered,
    IncompatibleSchema,
)


def read_alerts(
    settings: Settings, codec: Codec, clock: Clock, within_s: float = ANSWER_S
) -> dict[str, Alert]:
    """The newest alert of each key, by a reading of the whole topic.

    Args:
        settings: Where the broker is, and the run's prefix.
        codec: Reads alerts.
        clock: Tells the time.
        within_s: How long that may take, s.

    Raises:
        Retry: The broker is out of reach, or the topic was not read to its end in time.
        RegistryUnavailable: A schema cannot be looked up.
    """
    name = physical_name(ALERTS, settings)
    consumer = Consumer(
        consumer_config(
            settings,
            f"{settings.topic_prefix}wardstream-alerts",
            **{"enable.partition.eof": True, "log_level": 0},
        )
    )
    newest: dict[str, Alert] = {}
    try:
        left = set(range(ALERTS.partitions))
        consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in left])
        deadline_s = clock.monotonic_s() + within_s
        while left:
            for message in consumer.consume(500, _LOOK_S):
                error = message.error()
                if error is None:
                    keep_newest(newest, codec, message.value())
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition() or 0)
            if clock.monotonic_s() > deadline_s:
                msg = f"{name} was not read to its end within {within_s:.0f} s"
                raise Retry(msg)
    except KafkaException as exc:
        raise Retry(f"{name}: {exc}") from exc
    finally:
        consumer.close()
    return newest


def keep_newest(newest: dict[str, Alert], codec: Codec, value: bytes | None) -> bool:
    """Take a record of the topic in; False when it is none, or not above the last one of its key.

    Raises:
        RegistryUnavailable: Its schema cannot be looked up.
    """
    try:
        alert = cast("Alert", codec.decode(value))
    except UndecodableValue as exc:
        log.warning("alerts.unreadable", error=str(exc))
        return False
    known = newest.get(alert["alert_id"])
    if known is not None and alert["seq"] <= known["seq"]:
        return False
    newest[alert["alert_id"]] = alert
    return True


def standing(newest: dict[str, Alert]) -> list[Alert]:
    """Alerts that are raised and not cleared, oldest first."""
    raised = [alert for alert in newest.values() if alert["state"] == "RAISED"]
    return sorted(raised, key=lambda alert: (alert["since_us"], alert["alert_id"]))


class AlertLog:
    """Writes alerts to their topic in a thread of its own, each until the broker has it.

    Every alert is numbered behind the last one of its key in the topic, which is read first.

    Args:
        settings: Where Kafka and the registry are.
        clock: Tells the time.

    Attributes:
        found: What stood in the topic when it was first read; None before.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = guarded_registry(settings, clock)
        self._waiting: deque[Alert] = deque(maxlen=MOST_WAITING)
        self._seqs: dict[str, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self.found: list[Alert] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def tell(self, alert: Alert) -> None:
        """Hand an alert over; returns at once."""
        if len(self._waiting) == MOST_WAITING:
            ALERTS_TOLD.labels("topic", "given_up").inc()
        self._waiting.append(alert)

    def close(self) -> None:
        """Write what is waiting, if that is quick, and end."""
        self._closing.set()
        self._thread.join(timeout=_FAREWELL_S)

    def _run(self) -> None:
        said = ""
        while not self._closing.is_set():
            try:
                self._write_on()
            except _OUT_OF_REACH as exc:
                if str(exc) != said:
                    said = str(exc)
                    log.warning("deadman.alerts_not_written", error=said)
                ALERTS_TOLD.labels("topic", "failed").inc()
                self._closing.wait(_PAUSE_S)

    def _write_on(self) -> None:
        """Read what stands, then write until closed."""
        check_topics(self._settings, [ALERTS])
        codec = self._registry.writer(ALERTS)
        newest = read_alerts(self._settings, codec, self._clock)
        self._seqs = {key: alert["seq"] for key, alert in newest.items()}
        if self.found is None:
            self.found = standing(newest)
        producer = ReliableProducer(
            producer_config(self._settings, **{"message.timeout.ms": 30_000, "log_level": 0})
        )
        while self._waiting or not self._closing.wait(_LOOK_S):
            if not self._waiting:
                continue
            alert = self._waiting[0]
            key = alert["alert_id"]
            seq = self._seqs.get(key, 0) + 1
            numbered: Any = {**alert, "seq": seq}
            producer.produce(
                physical_name(ALERTS, self._settings), key=key, value=codec.encode(numbered)
            )
            self._await(producer)
            self._seqs[key] = seq
            if self._waiting and self._waiting[0] is alert:
                self._waiting.popleft()
            ALERTS_TOLD.labels("topic", "told").inc()

    def _await(self, producer: ReliableProducer) -> None:
        """Wait for the acknowledgement.

        Raises:
            Stop: It was not delivered; written anew, it may be there twice, under one number.
            Retry: The process is to end.
        """
        while True:
            try:
                producer.flush(1.0)
            except Retry:
                if self._closing.is_set():
                    raise
            else:
                return
