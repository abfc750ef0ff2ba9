"""The leader lease: one watchdog at a time reports and writes alerts; the others stand by."""

import os
import socket
from collections import deque
from typing import Any, Final

import structlog
from confluent_kafka import KafkaException

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import check_topics
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from runtime.process.metrics import ALERTS_REPORTED
from runtime.process.periodic import Periodic
from runtime.process.sections import WatchdogSettings
from runtime.retry import constant
from schemas.codec import Codec
from schemas.records.alerts import Alert
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryError
from schemas.topics import ALERTS
from workers.observation.alert_log import read_alerts, standing
from workers.observation.lease_log import CLAIM, BeatAge, BeatWriter, LeaseReader
from workers.watchdog.reporting import Role

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 10_000
"""Most alerts that wait while Kafka accepts none; beyond that the oldest is dropped and counted."""

_AGAIN: Final = constant(2.0)
_POLL_S: Final = 0.2
_ANSWER_S: Final = 5.0
_CLOSE_S: Final = 5.0
_NO_SCHEMA: Final = (RegistryError, NotRegistered, IncompatibleSchema)
_MESSAGES: Final = Messages(
    refused="the leader lease was not granted: {error}",
    nothing="an alert was not written: {error}",
    rival="another watchdog has taken the leader lease ({error})",
    late="Kafka does not take alerts",
    unknown="an alert may be written or not ({error}); the topic is read again",
)


class LeaderLease:
    """Holds the lease or waits for it, in a thread of its own; the leader writes alerts.

    Every alert gets the `seq` after the last one of its key in the topic. The topic is read under
    the claim: by then an earlier leader is fenced, and its writes in flight are decided.

    Args:
        cluster: Where the topics are.
        settings: Time after which a watchdog takes over from a silent leader.

    Attributes:
        role: Role of this watchdog; unknown until Kafka was read.
        confirmed_s: Monotonic time of Kafka's last confirmation of the role, s; None before.
        found: Alerts standing in the topic when the lease was taken; None before.
        displaced: How often another leader was found while this watchdog led or had alerts waiting.
        holder: Name of the leader if it is another watchdog.
    """

    def __init__(self, cluster: Cluster, settings: WatchdogSettings) -> None:
        self._cluster = cluster
        self._clock = clock = cluster.clock
        self._takeover_s = settings.takeover_s
        self._who = f"{socket.gethostname()}/{os.getpid()}/{clock.now_us()}"
        self._registry = cluster.registry
        self._reader = LeaseReader(cluster, _ANSWER_S)
        self._beats = BeatWriter(cluster, self._who)
        self._beat_due_s = 0.0
        self._waiting: deque[Alert] = deque(maxlen=MOST_WAITING)
        self._unwritten: deque[Alert] = deque()
        self._seqs: dict[str, int] = {}
        self._last_error = ""
        self._thread = Periodic("alerts", self._turn, self._failed, every_s=0.0, retry=_AGAIN)
        self.role: Role = "unknown"
        self.confirmed_s: float | None = None
        self.found: list[Alert] | None = None
        self.displaced = 0
        self.holder = ""

    def start(self) -> None:
        """Start waiting for the lease."""
        self._thread.start()

    def report(self, alert: Alert) -> None:
        """Queue an alert, to be written once this watchdog is the leader; returns at once."""
        if len(self._waiting) == MOST_WAITING:
            ALERTS_REPORTED.labels("topic", "given_up").inc()
        self._waiting.append(alert)

    def take_unwritten(self) -> set[str]:
        """Keys of alerts that were reported here and never written: no other watchdog has them."""
        keys = set()
        while self._unwritten:
            keys.add(self._unwritten.popleft()["alert_id"])
        return keys

    def close(self) -> None:
        """Write what is waiting, if that is quick, give up the lease, and end."""
        self._thread.close(_CLOSE_S)

    def _turn(self) -> None:
        """Wait for the lease, and serve as the leader.

        Raises:
            Retry: As `_serve`.
            Stop: As `_serve`.
        """
        try:
            if self._await_lease():
                self._serve()
        except KafkaException as error:
            raise Retry(str(error.args[0])) from error

    def _failed(self, error: Exception) -> None:
        if str(error) != self._last_error:
            self._last_error = str(error)
            log.warning("watchdog.alerts_not_written", error=self._last_error)
        ALERTS_REPORTED.labels("topic", "failed").inc()

    def _await_lease(self) -> bool:
        """Stand by while another watchdog is the leader; False when closed meanwhile.

        Raises:
            Retry: The broker is out of reach.
        """
        age = BeatAge(self._takeover_s / 2)
        while True:
            beat = self._reader.read()
            now_s = self._clock.monotonic_s()
            self.confirmed_s = now_s
            if beat is None or beat.ended or beat.who == self._who:
                return True
            self._become_standby(beat.who)
            if age.update(beat, now_s) >= self._takeover_s:
                log.warning("watchdog.takes_over", silent=beat.who, for_s=self._takeover_s)
                return True
            if self._thread.wait(self._takeover_s / 10):
                return False

    def _become_standby(self, holder: str) -> None:
        """Note that another watchdog is the leader."""
        if self.role != "standby" or holder != self.holder:
            log.warning("watchdog.standby", leader=holder)
        if self.role == "leader" or self._waiting:
            self._unwritten.extend(self._waiting)
            self._waiting.clear()
            self.displaced += 1
        self.holder = holder
        self.role = "standby"

    def _serve(self) -> None:
        """Claim the lease, and write until closed.

        Raises:
            Retry: Another watchdog has it now, or the broker is out of reach.
            Stop: The alerts topic does not exist.
        """
        check_topics(self._cluster, [ALERTS])
        with FencedProducer(self._cluster, CLAIM, _MESSAGES) as producer:
            self._beat(producer)
            if self.role != "leader":
                self.found = None
                self.role = "leader"
                log.info("watchdog.leads", who=self._who)
            codec = self._read_topic(producer)
            while self._waiting or not self._thread.wait(_POLL_S):
                if codec is None and self._thread.closing:
                    break
                if self._clock.monotonic_s() >= self._beat_due_s:
                    self._beat(producer)
                    codec = codec or self._read_topic(producer)
                if codec is not None and self._waiting:
                    self._write(producer, codec)
                elif self._waiting:
                    self._thread.wait(_POLL_S)
            self._beat(producer, ended=True)

    def _beat(self, producer: FencedProducer, *, ended: bool = False) -> None:
        producer.write([], note=self._beats.next(self._clock.now_us(), ended=ended))
        self._confirmed()

    def _confirmed(self) -> None:
        self.confirmed_s = self._clock.monotonic_s()
        self._beat_due_s = self.confirmed_s + self._takeover_s / 5

    def _read_topic(self, producer: FencedProducer) -> Codec | None:
        """Read the topic; returns the codec of alerts, or None if the registry gives no schema.

        Raises:
            Retry: As `_serve`.
        """

        def beat_if_due() -> None:
            if self._clock.monotonic_s() >= self._beat_due_s:
                self._beat(producer)

        try:
            codec = self._registry.writer(ALERTS)
            newest = read_alerts(self._cluster, codec, meanwhile=beat_if_due)
        except _NO_SCHEMA as error:
            # No watchdog that stands by could do more: keep the lease, report by other channels.
            log.warning("watchdog.alerts_not_written", error=str(error))
            return None
        self._seqs = {key: alert["seq"] for key, alert in newest.items()}
        while self._waiting and _is_written(self._waiting[0], newest):
            self._waiting.popleft()
        if self.found is None:
            self.found = standing(newest)
        return codec

    def _write(self, producer: FencedProducer, codec: Codec) -> None:
        """Write the oldest alert that waits, with a beat.

        Raises:
            Retry: As `_serve`; the topic shows whether it was written.
        """
        alert = self._waiting[0]
        key = alert["alert_id"]
        numbered: Any = {**alert, "seq": self._seqs.get(key, 0) + 1}
        name = self._cluster.name(ALERTS)
        record = Outgoing(name, 0, key.encode(), codec.encode(numbered))
        producer.write([record], note=self._beats.next(self._clock.now_us()))
        self._confirmed()
        self._seqs[key] = numbered["seq"]
        if self._waiting and self._waiting[0] is alert:
            self._waiting.popleft()
        ALERTS_REPORTED.labels("topic", "reported").inc()


def _is_written(alert: Alert, newest: dict[str, Alert]) -> bool:
    """Whether an alert whose writing was never confirmed is the last one of its key."""
    last = newest.get(alert["alert_id"])
    return last is not None and all(last[name] == alert[name] for name in ("at_us", "state"))
