"""One dead man at a time has the watch and writes alerts; the others stand by and take over."""

import os
import socket
import threading
from collections import deque
from typing import Any, Final

import structlog
from confluent_kafka import KafkaException

from runtime.errors import WardstreamError
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import check_topics
from runtime.kafka.transactional import FencedProducer, Outgoing, Words
from runtime.process.metrics import ALERTS_TOLD
from runtime.process.settings import DeadmanSettings
from schemas.codec import Codec
from schemas.records import Alert
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryUnavailable
from schemas.topics import ALERTS
from workers.observation.alert_log import read_alerts, standing
from workers.observation.lease_log import CLAIM, BeatNotes, Stillness, WatchReader
from workers.watchdog.reporting import Role

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 10_000
"""Alerts that wait for a log that does not answer; then the oldest is given up, and counted."""

_PAUSE_S: Final = 2.0
_LOOK_S: Final = 0.2
_ANSWER_S: Final = 5.0
_FAREWELL_S: Final = 5.0
_NO_SCHEMA: Final = (RegistryUnavailable, NotRegistered, IncompatibleSchema)
_WORDS: Final = Words(
    refused="the watch over the line was not granted: {error}",
    nothing="an alert was not written: {error}",
    rival="another dead man has taken the watch over the line ({error})",
    late="the log does not take alerts",
    unknown="an alert may be written or not ({error}); the topic is read again",
)


class Duty:
    """Holds the watch or waits for it, in a thread of its own; he who has it writes alerts.

    Every alert is numbered behind the last one of its key in the topic, which is read under the
    claim: what an earlier holder had under way is decided by then, and he is fenced.

    Args:
        cluster: Where the topics are.
        settings: When somebody else takes over.

    Attributes:
        role: Whether he has the watch; unknown until the log was read.
        heard_s: When the log last said so, monotonic, s; None before.
        found: What stood in the topic when the watch was taken; None before.
        relieved: How often the watch was found with somebody else while there was something
            here that he need not know of.
        holder: Who has the watch, when it is somebody else.
    """

    def __init__(self, cluster: Cluster, settings: DeadmanSettings) -> None:
        self._cluster = cluster
        self._clock = clock = cluster.clock
        self._takeover_s = settings.takeover_s
        self._who = f"{socket.gethostname()}/{os.getpid()}/{clock.now_us()}"
        self._registry = cluster.registry
        self._watch = WatchReader(cluster, _ANSWER_S)
        self._notes = BeatNotes(cluster, self._who)
        self._beat_due_s = 0.0
        self._waiting: deque[Alert] = deque(maxlen=MOST_WAITING)
        self._unwritten: deque[Alert] = deque()
        self._seqs: dict[str, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self.role: Role = "unknown"
        self.heard_s: float | None = None
        self.found: list[Alert] | None = None
        self.relieved = 0
        self.holder = ""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, alert: Alert) -> None:
        """Hand an alert over, to be written once he has the watch; returns at once."""
        if len(self._waiting) == MOST_WAITING:
            ALERTS_TOLD.labels("topic", "given_up").inc()
        self._waiting.append(alert)

    def take_unwritten(self) -> set[str]:
        """Keys of alerts that were handed over and that the topic never got: nobody has them."""
        keys = set()
        while self._unwritten:
            keys.add(self._unwritten.popleft()["alert_id"])
        return keys

    def close(self) -> None:
        """Write what is waiting, if that is quick, give up the watch, and end."""
        self._closing.set()
        self._thread.join(timeout=_FAREWELL_S)

    def _run(self) -> None:
        said = ""
        while not self._closing.is_set():
            try:
                if self._await_turn():
                    self._serve()
            except (WardstreamError, KafkaException, *_NO_SCHEMA) as exc:
                if str(exc) != said:
                    said = str(exc)
                    log.warning("deadman.alerts_not_written", error=said)
                ALERTS_TOLD.labels("topic", "failed").inc()
                self._closing.wait(_PAUSE_S)

    def _await_turn(self) -> bool:
        """Stand by while another one has the watch; False when closed meanwhile.

        Raises:
            Retry: The broker is out of reach.
        """
        stillness = Stillness(self._takeover_s / 2)
        while True:
            beat = self._watch.look()
            now_s = self._clock.monotonic_s()
            self.heard_s = now_s
            if beat is None or beat.ended or beat.who == self._who:
                return True
            self._step_back(beat.who)
            if stillness.look(beat, now_s) >= self._takeover_s:
                log.warning("deadman.takes_over", silent=beat.who, for_s=self._takeover_s)
                return True
            if self._closing.wait(self._takeover_s / 10):
                return False

    def _step_back(self, holder: str) -> None:
        """Another one has the watch."""
        if self.role != "standing by" or holder != self.holder:
            log.warning("deadman.stands_by", holder=holder)
        if self.role == "on duty" or self._waiting:
            self._unwritten.extend(self._waiting)
            self._waiting.clear()
            self.relieved += 1
        self.holder = holder
        self.role = "standing by"

    def _serve(self) -> None:
        """Claim the watch, and write until closed.

        Raises:
            Retry: Another one has it now, or the broker is out of reach.
            Stop: There is no topic of alerts.
        """
        check_topics(self._cluster, [ALERTS])
        with FencedProducer(self._cluster, CLAIM, _WORDS) as producer:
            self._beat(producer)
            if self.role != "on duty":
                self.found = None
                self.role = "on duty"
                log.info("deadman.on_duty", who=self._who)
            codec = self._read_up(producer)
            while self._waiting or not self._closing.wait(_LOOK_S):
                if codec is None and self._closing.is_set():
                    break
                if self._clock.monotonic_s() >= self._beat_due_s:
                    self._beat(producer)
                    codec = codec or self._read_up(producer)
                if codec is not None and self._waiting:
                    self._write(producer, codec)
                elif self._waiting:
                    self._closing.wait(_LOOK_S)
            self._beat(producer, ended=True)

    def _beat(self, producer: FencedProducer, *, ended: bool = False) -> None:
        producer.write([], note=self._notes.next(self._clock.now_us(), ended=ended))
        self._heard()

    def _heard(self) -> None:
        self.heard_s = self._clock.monotonic_s()
        self._beat_due_s = self.heard_s + self._takeover_s / 5

    def _read_up(self, producer: FencedProducer) -> Codec | None:
        """Learn what the topic holds; None when the registry does not say how to read it.

        Raises:
            Retry: As `_serve`.
        """

        def beat_if_due() -> None:
            if self._clock.monotonic_s() >= self._beat_due_s:
                self._beat(producer)

        try:
            codec = self._registry.writer(ALERTS)
            newest = read_alerts(self._cluster, codec, meanwhile=beat_if_due)
        except _NO_SCHEMA as exc:
            # Nobody who stands by could do more: the watch is kept, and told by other channels.
            log.warning("deadman.alerts_not_written", error=str(exc))
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
            Retry: As `_serve`; the topic tells whether it was written.
        """
        alert = self._waiting[0]
        key = alert["alert_id"]
        numbered: Any = {**alert, "seq": self._seqs.get(key, 0) + 1}
        name = self._cluster.name(ALERTS)
        record = Outgoing(name, 0, key.encode(), codec.encode(numbered))
        producer.write([record], note=self._notes.next(self._clock.now_us()))
        self._heard()
        self._seqs[key] = numbered["seq"]
        if self._waiting and self._waiting[0] is alert:
            self._waiting.popleft()
        ALERTS_TOLD.labels("topic", "told").inc()


def _is_written(alert: Alert, newest: dict[str, Alert]) -> bool:
    """Whether an alert whose writing had no answer is the last one of its key."""
    last = newest.get(alert["alert_id"])
    return last is not None and all(last[name] == alert[name] for name in ("at_us", "state"))
