"""One source and its cameras, in a thread of its own."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from runtime.errors import Stop
from runtime.process.service import Service
from workers.ingest.fault import CameraFault
from workers.ingest.feed import Playback
from workers.ingest.feeds import Feeds
from workers.ingest.following import follow
from workers.ingest.playing import CommonStart, play
from workers.ingest.sources.base import FrameSource

log = structlog.get_logger(__name__)

_SILENCE_S: Final = 30.0


class Run:
    """Reads one source until it ends, the process is asked to stop, or this run is.

    Args:
        service: Settings and clock.
        open_it: Opens the source, in the thread of the run.
        feeds: The cameras that it shows.
        playback: How the source is played, if it is a recording; asked once it is open.
        common: The start of recordings that were given none.
    """

    def __init__(
        self,
        service: Service,
        open_it: Callable[[], FrameSource],
        feeds: Feeds,
        playback: Callable[[FrameSource], Playback],
        common: CommonStart,
    ) -> None:
        self._service = Service(service.settings, service.health, service.clock)
        self._open = open_it
        self._playback = playback
        self._common = common
        self._finishing = False
        self._source: FrameSource | None = None
        self._lock = threading.Lock()
        self._beat_s: float | None = None
        self.feeds = feeds
        self.error: BaseException | None = None
        names = ",".join(feed.camera_id for feed in feeds.now)
        self._thread = threading.Thread(target=self._body, name=f"ingest-{names}", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread still runs; its feeds may be released before it ends."""
        return self._thread.is_alive()

    @property
    def live(self) -> bool | None:
        """Whether the source is a live one; None while it is being opened."""
        return None if self._source is None else self._source.live

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to end at once, as the process does."""
        self._service.stop.set()

    def finish(self) -> None:
        """Ask the run to send what it has read, and to end."""
        with self._lock:
            self._finishing = True
            self._service.stop.set()
            if self._source is None:
                self.feeds.release()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the thread to end."""
        self._thread.join(timeout_s)

    def silent(self, now_s: float) -> bool:
        """Whether the loop of an open source has not turned for long.

        Args:
            now_s: Monotonic time, s.
        """
        return self.alive and self._beat_s is not None and now_s - self._beat_s >= _SILENCE_S

    def _beat(self) -> None:
        self._beat_s = self._service.clock.monotonic_s()

    def _body(self) -> None:
        try:
            if self._opened():
                self._serve()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self.error = error
        finally:
            self.feeds.release()

    def _opened(self) -> bool:
        try:
            source = self._open()
        except Stop as error:
            raise CameraFault(str(error), field="address", exit_code=error.exit_code) from error
        with self._lock:
            if not self._finishing:
                self._source = source
        return not self._finishing

    def _serve(self) -> None:
        assert self._source is not None
        self._beat()
        if self._source.live:
            follow(self._service, self._source, self.feeds, self._beat, lambda: self._finishing)
        else:
            own = self._playback(self._source)
            play(self._service, self._source, self.feeds.now, own, self._beat, self._common)
