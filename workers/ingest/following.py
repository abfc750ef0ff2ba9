"""Follow a live stream: read it in one thread, send in another, reconnect when it is lost."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from runtime.errors import Retry, Stop
from runtime.process.metrics import INGEST_RECONNECTS
from runtime.process.service import Service
from runtime.retry import RetryPolicy
from workers.ingest.buffer import FrameBuffer
from workers.ingest.camera_feed import CameraFeed
from workers.ingest.fault import CameraFault
from workers.ingest.feeds import Feeds
from workers.ingest.ledger import FrameOutcome
from workers.ingest.sources.base import FrameSource, SourceFrame
from workers.ingest.sources.times import LiveTimes
from workers.ingest.thinning import Thinner

log = structlog.get_logger(__name__)

_BUFFER_S = 1.0
_JOIN_S = 12.0


class StreamReader:
    """Reads one stream in a thread of its own, so that reading never waits for the pipeline.

    Args:
        service: Settings, clock and stop signal.
        source: A live source.
        feeds: The cameras that it shows.
    """

    def __init__(self, service: Service, source: FrameSource, feeds: Feeds) -> None:
        settings = service.settings.ingest
        self._service = service
        self._source = source
        self._feeds = feeds
        # Jitter, so that the cameras of one switch do not all reconnect at once.
        self._pauses = RetryPolicy(
            first_s=settings.reconnect_initial_s, limit_s=settings.reconnect_max_s, jitter=0.5
        )
        self._chance = random.Random()
        self._failures = 0
        self.frames: FrameBuffer[tuple[SourceFrame, int]] = FrameBuffer(
            max(2, round(settings.fps * _BUFFER_S)), drop_oldest=settings.mode == "live"
        )
        self.error: BaseException | None = None
        self._refused: Counter[FrameOutcome] = (
            Counter()
        )  # a count per outcome, so it stays small until it is read
        self._times_mended = 0
        self._waited: tuple[SourceFrame, int] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="stream-reader", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """Wait for the thread to end; the stop signal is set."""
        self.frames.close()
        self._thread.join(_JOIN_S)

    def take_refused(self) -> Counter[FrameOutcome]:
        """Outcomes of the frames that the reader did not pass on since the last call."""
        with self._lock:
            refused, self._refused = self._refused, Counter()
        return refused

    def _run(self) -> None:
        try:
            while not self._service.stop.is_set():
                try:
                    self._connection()
                except Retry as error:
                    self._release()
                    self._lost(error)
        except Stop as error:  # it comes from the source alone
            self._end(CameraFault(str(error), field="address", exit_code=error.exit_code))
        except BaseException as error:  # noqa: BLE001 - carried to the main thread, raised there
            self._end(error)

    def _end(self, error: BaseException) -> None:
        self.error = error
        self.frames.close()

    def _connection(self) -> None:
        """Read until the stream is lost or we are asked to stop."""
        thinner = Thinner(self._service.settings.ingest.fps)
        times = LiveTimes(self._mended)
        connected = False
        for frame in self._source.frames():
            if self._service.stop.is_set():
                return
            received_us = self._service.clock.now_us()
            if frame.pixels is None:
                self._refuse("undecodable")
                continue
            if not connected:
                connected = True
                self._failures = 0
                log.info("ingest.connected", cameras=[feed.camera_id for feed in self._feeds.now])
                self._feeds.show(1)
            if not frame.waited:
                self._release()
            if not thinner.keep(times.at(frame.pts_us, received_us)):
                self._refuse("thinned")
            elif not frame.waited:
                self._put((frame, received_us))
            else:
                if self._waited is not None:
                    self._refuse("behind")  # the new one is less late
                self._waited = (frame, received_us)

    def _release(self) -> None:
        """Pass on the last of the frames that were read while the stream was opened."""
        if self._waited is not None:
            self._put(self._waited)
            self._waited = None

    def _put(self, read: tuple[SourceFrame, int]) -> None:
        for _ in range(self.frames.put(read)):
            self._refuse("behind")

    def _mended(self) -> None:
        with self._lock:
            self._times_mended += 1

    def take_mended(self) -> int:
        """Frames since the last call whose own stamp could not be used."""
        with self._lock:
            mended, self._times_mended = self._times_mended, 0
        return mended

    def _lost(self, exc: Retry) -> None:
        self._feeds.show(0)
        self._failures += 1
        pause_s = self._pauses.pause_s(self._failures, self._chance)
        log.warning("ingest.stream_lost", error=str(exc), again_in_s=round(pause_s, 2))
        self._service.stop.wait(pause_s)
        for feed in self._feeds.now:
            INGEST_RECONNECTS.labels(feed.camera_id).inc()
            feed.ledger.reconnects += 1

    def _refuse(self, outcome: FrameOutcome) -> None:
        with self._lock:
            self._refused[outcome] += 1


def follow(
    service: Service,
    source: FrameSource,
    feeds: Feeds,
    beat: Callable[[], None],
    finishing: Callable[[], bool],
) -> None:
    """Send a live stream until asked to stop, and heartbeats while it gives no frame.

    The feeds are released once nothing more is sent, before the connection is closed: that may take
    seconds.

    Args:
        service: Settings, clock and stop signal.
        source: A live source.
        feeds: The cameras that it shows.
        beat: Called on every turn of the loop.
        finishing: Whether the frames that were read before the stop are sent, too.

    Raises:
        CameraFault: The source can never be read.
        Stop: Sending failed for good.
        Retry: Record mode could not store a frame.
    """
    reader = StreamReader(service, source, feeds)
    heartbeat_s = service.settings.ingest.heartbeat_s
    clock = service.clock
    reader.start()
    try:
        while not service.stop.is_set():
            beat()
            taken = reader.frames.get(heartbeat_s / 2)
            with feeds.turn() as served:
                _count(reader, served)
                if reader.error is not None:
                    raise reader.error
                if taken is not None:
                    _send(served, *taken, late_us=clock.now_us() - taken[1])
                for feed in served:
                    now_us = clock.now_us()
                    feed.heartbeat_if_silent(feed.next_us(now_us), now_us)
        reader.frames.close()
        while finishing() and (taken := reader.frames.get(0.0)) is not None:
            with feeds.turn() as served:
                _send(served, *taken, late_us=clock.now_us() - taken[1])
    finally:
        service.stop.set()
        with feeds.turn() as served:
            _count(reader, served)
        feeds.show(0)
        feeds.release()
        reader.close()


def _send(feeds: Sequence[CameraFeed], frame: SourceFrame, received_us: int, late_us: int) -> None:
    assert frame.pixels is not None, "the reader passes on what was decoded"
    image = frame.pixels()
    for feed in feeds:
        feed.send(image, feed.next_us(received_us), received_us, frame.source_clock_us, late_us)


def _count(reader: StreamReader, feeds: Sequence[CameraFeed]) -> None:
    for outcome in reader.take_refused().elements():
        for feed in feeds:
            feed.count(outcome)
    for _ in range(reader.take_mended()):
        for feed in feeds:
            feed.ledger.count_mended()
