"""The cameras that one source shows: some may come and go while it is read."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from runtime.process.metrics import INGEST_CONNECTED
from workers.ingest.camera_feed import CameraFeed


class Feeds:
    """The feeds of one source.

    One thread sends, in turns; another may add and take feeds between two turns. So no feed is ever
    used by two sources.

    Args:
        feeds: The first ones.
    """

    def __init__(self, feeds: Sequence[CameraFeed]) -> None:
        self._feeds = tuple(feeds)
        self._lock = threading.Lock()
        self._connected = 0
        self._released = threading.Event()

    @property
    def now(self) -> tuple[CameraFeed, ...]:
        """The feeds at this moment."""
        return self._feeds

    @property
    def released(self) -> bool:
        """Whether the source is done with all feeds, so that others may use them."""
        return self._released.is_set()

    @contextmanager
    def turn(self) -> Iterator[tuple[CameraFeed, ...]]:
        """The feeds for one turn of the sending loop; none comes or goes within it."""
        with self._lock:
            yield self._feeds

    def add(self, feed: CameraFeed) -> bool:
        """Add a feed from the next turn on; False when the source is done."""
        with self._lock:
            if self.released:
                return False
            self._feeds = (*self._feeds, feed)
            INGEST_CONNECTED.labels(feed.camera_id).set(self._connected)
            return True

    def take(self, feed: CameraFeed) -> None:
        """Take a feed away; nothing of this source is sent through it afterwards."""
        with self._lock:
            self._feeds = tuple(other for other in self._feeds if other is not feed)

    def release(self) -> None:
        """Take all feeds away: the source is done."""
        with self._lock:
            self._feeds = ()
            self._released.set()

    def show(self, connected: int) -> None:
        """Set the metric of each feed: 1 while the source delivers."""
        with self._lock:
            self._connected = connected
            for feed in self._feeds:
                INGEST_CONNECTED.labels(feed.camera_id).set(connected)
