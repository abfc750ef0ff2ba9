"""Keep the board's view of the pipeline up to date from Kafka, in a thread of its own."""

from collections.abc import Sequence
from typing import Final

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from runtime.kafka.topics import check_topics
from runtime.process.sections import WatchdogSettings
from schemas.records.alerts import Alert
from schemas.topics import ALERTS
from workers.observation.alert_log import keep_newest, standing
from workers.observation.groups import CONSUMED, PipelineProbe
from workers.observation.signs import StageProgress, StageSign
from workers.observation.unwatched import UnwatchedCheck
from workers.serving.live.pipeline_view import PipelineView
from workers.serving.live.throughput import Throughput

log = structlog.get_logger(__name__)

LAG_EVERY_S: Final = 5.0
"""Pause between two polls of the lag, seconds."""

_ANSWER_S: Final = 5.0


class PipelineFollower:
    """Follows `alerts.raised.v1` and the offsets of the stages until `close`.

    While Kafka is away the board shows what it last knew, and `view.error` is set.

    Args:
        cluster: Cluster that holds the topics.
        view: View to update with alerts and lags.
        watchdog: Settings of the watchdog: its takeover time, and who is named in an alert.
    """

    def __init__(self, cluster: Cluster, view: PipelineView, watchdog: WatchdogSettings) -> None:
        self._cluster = cluster
        self._view = view
        self._clock = cluster.clock
        self._codec = cluster.registry.reader(ALERTS)
        self._probe = PipelineProbe(cluster, _ANSWER_S)
        self._unwatched_check = UnwatchedCheck(cluster, watchdog, LAG_EVERY_S)
        self._progress = {stage: StageProgress() for stage in CONSUMED}
        self._throughput = Throughput()
        self._lag_due_s = 0.0
        self._newest: dict[str, Alert] = {}
        self._unwatched: list[Alert] = []
        self._follower = Follower(
            "board-alerts",
            cluster,
            [ALERTS],
            self._take,
            self._failed,
            check=self._check,
        )

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading; waits only a moment for a request in progress."""
        self._follower.close()

    def _check(self) -> None:
        """Check that the topic exists: an upgrade may not have created it yet.

        Raises:
            Retry: The broker is out of reach.
            Stop: The topic does not exist.
        """
        check_topics(self._cluster, [ALERTS])

    def _take(self, messages: Sequence[Message], _at_end: bool) -> None:
        for message in messages:
            keep_newest(self._newest, self._codec, message.value())
        self._view.show_alerts([*standing(self._newest), *self._unwatched])
        self._poll_if_due()

    def _failed(self, error: Exception) -> None:
        self._view.error = str(error)
        log.debug("serving.kafka_out_of_reach", error=str(error))

    def _poll_if_due(self) -> None:
        """Poll the lag, and check that a watchdog runs.

        Raises:
            Retry: The broker is out of reach.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._lag_due_s:
            return
        self._lag_due_s = now_s + LAG_EVERY_S
        now_us = self._clock.now_us()
        signs: dict[str, StageSign] = {}
        committed_now: dict[str, int] = {}
        for stage, (end, committed) in self._probe.reach().items():
            signs[stage] = self._progress[stage].update(now_us, end, committed)
            committed_now[stage] = committed
        rates = self._throughput.update(now_us, committed_now)
        self._view.show_lags(signs, rates, now_us)
        unwatched = self._unwatched_check.check()
        self._unwatched = [] if unwatched is None else [unwatched]
        self._view.error = ""
