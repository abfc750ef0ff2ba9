"""Lines of librdkafka as log events of this process, without the repetitions."""

import logging
import threading
from typing import Any, Final

import structlog

from runtime.clock import Clock

log = structlog.get_logger(__name__)

REPEAT_S: Final = 30.0
"""A kind of line is logged once in this time, s: librdkafka repeats itself while it reconnects."""


class ClientLog:
    """The `logger` of every Kafka client of a process.

    librdkafka retries by itself after what it logs, and an error that a process must act on is
    raised by the call concerned. So its lines are warnings, and one of each kind is enough for a
    while.

    Args:
        clock: Gives the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logged_s: dict[str, float] = {}
        self._dropped: dict[str, int] = {}

    def log(self, level: int, _format: str, facility: str, client: str, text: str) -> None:
        """Take a line; called by confluent_kafka from whichever thread polls the client.

        Args:
            level: Level of the `logging` module.
            facility: Kind of line, such as `FAIL`.
            client: Name of the client.
            text: The line.
        """
        if level < logging.WARNING:
            log.debug("kafka.client", facility=facility, client=client, text=text)
            return
        now_s = self._clock.monotonic_s()
        with self._lock:
            if now_s - self._logged_s.get(facility, -REPEAT_S) < REPEAT_S:
                self._dropped[facility] = self._dropped.get(facility, 0) + 1
                return
            self._logged_s[facility] = now_s
            dropped: dict[str, Any] = {}
            if count := self._dropped.pop(facility, 0):
                dropped["dropped"] = count
        log.warning("kafka.client", facility=facility, client=client, text=text, **dropped)
