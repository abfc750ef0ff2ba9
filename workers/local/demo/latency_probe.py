"""Measure latency from capture to the event on the board, as a browser sees it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import httpx
import numpy as np

from runtime.clock import Clock, SystemClock
from workers.local.demo.sse_client import SseEvent, follow

_RECONNECT_S = 0.5


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Event time to arrival of one kind of event.

    Attributes:
        count: Events measured.
        p50_ms: Median latency, ms.
        p95_ms: 95th percentile, ms.
        p99_ms: 99th percentile, ms.
        max_ms: Greatest latency, ms.
    """

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, samples_us: Iterable[int]) -> Self:
        """Sum up samples in microseconds; linear between ranks.

        Raises:
            ValueError: There are none.
        """
        values = np.fromiter(samples_us, dtype=np.int64) / 1e3
        if not values.size:
            raise ValueError("no event was measured")
        p50, p95, p99 = (round(float(p), 1) for p in np.percentile(values, (50, 95, 99)))
        return cls(len(values), p50, p95, p99, round(float(values.max()), 1))


class LatencyProbe:
    """Follows a board's stream in a thread and notes now minus event time of every change.

    Both clocks are this machine's when the pipeline runs here. It reconnects by itself, without
    resuming: the delay of a replayed event is no latency.

        with LatencyProbe(url) as probe:
            play_the_clip()
        print(probe.summary()["camera"].p95_ms)

    Args:
        url: URL of the board.
        clock: Gives the time of arrival.
        since_us: Time of the earliest event to measure, UTC microseconds: events left from an
            earlier run do not count.
        auth: Adds an access token, where the board asks for one.
    """

    def __init__(
        self,
        url: str,
        clock: Clock | None = None,
        since_us: int = 0,
        auth: httpx.Auth | None = None,
    ) -> None:
        self._url = url
        self._auth = auth
        self._since_us = since_us
        self._clock = clock or SystemClock()
        self._samples: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="latency", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """Stop measuring; at most a heartbeat later."""
        self._closing.set()
        self._thread.join(timeout=3.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def summary(self) -> dict[str, LatencySummary]:
        """Percentiles so far, by kind of change: `camera`, `floor`, `zone`, `zone-event`."""
        with self._lock:
            return {kind: LatencySummary.of(samples) for kind, samples in self._samples.items()}

    def take(self, event: SseEvent, arrived_us: int) -> None:
        """Note one event; heartbeats and notices are passed over."""
        at_us = event.data.get("captured_us", event.data.get("as_of_us"))
        if at_us is None or at_us < self._since_us:
            return
        with self._lock:
            self._samples.setdefault(event.name, []).append(arrived_us - at_us)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                for event in follow(self._url, auth=self._auth):
                    self.take(event, self._clock.now_us())
                    if self._closing.is_set():
                        return
            except httpx.HTTPError:
                pass  # the board restarts or is not up yet
            self._closing.wait(_RECONNECT_S)
