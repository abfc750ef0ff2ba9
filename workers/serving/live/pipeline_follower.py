"""Keep the board's view of the pipeline up to date from Kafka, in a thread of its own."""

import threading
from typing import Final

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka.clients import consumer_config, physical_name
from runtime.kafka.registry import guarded_registry
from runtime.kafka.topics import check_topics
from runtime.process.settings import Settings
from schemas.records import Alert
from schemas.registry import RegistryUnavailable
from schemas.topics import ALERTS
from workers.observation.alert_log import keep_newest, standing
from workers.observation.groups import CONSUMED, PipelineProbe
from workers.observation.signs import Progress, StageSign
from workers.observation.unwatched import Lookout
from workers.serving.live.pipeline_view import PipelineView

log = structlog.get_logger(__name__)

LAG_EVERY_S: Final = 5.0
"""Pause between two polls of the lag, seconds."""

_POLL_S: Final = 0.3
_PAUSE_S: Final = 2.0
_ANSWER_S: Final = 5.0


class PipelineFollower:
    """Follows `alerts.raised.v1` and the offsets of the stages until `close`.

    While Kafka is away the board shows what it last knew, and `view.error` says so.

    Args:
        settings: Where Kafka and the registry are.
        view: Receives alerts and lags.
        clock: Clock of the server.
    """

    def __init__(self, settings: Settings, view: PipelineView, clock: Clock) -> None:
        self._settings = settings
        self._view = view
        self._clock = clock
        self._progress = {stage: Progress() for stage in CONSUMED}
        self._lag_due_s = 0.0
        self._unwatched: list[Alert] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def close(self) -> None:
        """Stop following; a request in progress may finish within a second."""
        self._closing.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        codec = guarded_registry(self._settings, self._clock).reader(ALERTS)
        probe = PipelineProbe(self._settings, _ANSWER_S)
        lookout = Lookout(self._settings, self._clock, LAG_EVERY_S)
        newest: dict[str, Alert] = {}
        while not self._closing.is_set():
            consumer = Consumer(
                consumer_config(
                    self._settings,
                    f"{self._settings.topic_prefix}wardstream-board-alerts",
                    log_level=0,
                )
            )
            try:
                check_topics(self._settings, [ALERTS])  # an upgrade may not have made it yet
                name = physical_name(ALERTS, self._settings)
                consumer.assign(
                    [TopicPartition(name, p, OFFSET_BEGINNING) for p in range(ALERTS.partitions)]
                )
                while not self._closing.is_set():
                    for message in consumer.consume(500, _POLL_S):
                        if message.error() is None:
                            keep_newest(newest, codec, message.value())
                    self._view.show_alerts([*standing(newest), *self._unwatched])
                    self._poll_if_due(probe, lookout)
            except (Retry, Stop, KafkaException, RegistryUnavailable) as error:
                self._view.error = str(error)
                log.debug("serving.kafka_out_of_reach", error=str(error))
                self._closing.wait(_PAUSE_S)
            finally:
                consumer.close()

    def _poll_if_due(self, probe: PipelineProbe, lookout: Lookout) -> None:
        """Ask for the lag, and whether a watchdog runs.

        Raises:
            Retry: The broker is out of reach.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._lag_due_s:
            return
        self._lag_due_s = now_s + LAG_EVERY_S
        now_us = self._clock.now_us()
        signs: dict[str, StageSign] = {}
        for stage, (end, committed) in probe.reach().items():
            signs[stage] = self._progress[stage].update(now_us, end, committed)
        self._view.show_lags(signs)
        unwatched = lookout.look()
        self._unwatched = [] if unwatched is None else [unwatched]
        self._view.error = ""
