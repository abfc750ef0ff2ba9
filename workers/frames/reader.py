"""Read the images of frames, and wait while the object store is out of reach."""

import structlog

from models.detectors.boxes import Image
from runtime.errors import Retry
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from schemas.records.frames import Frame
from workers.frames.pixels import FetchObject, read_pixels

log = structlog.get_logger(__name__)

_FETCH_AGAIN = constant(0.2, deadline_s=30.0)
"""A claim check is retried for this long before the process restarts."""


class FrameReader:
    """Reads the images of frames.

    Args:
        service: Its health is kept up while the object store is out of reach.
        fetch: Reads claim checks.
    """

    def __init__(self, service: Service, fetch: FetchObject) -> None:
        self._service = service
        self._clock = service.clock
        self._fetch = fetch

    def read(self, frame: Frame) -> Image:
        """Read a frame's image: shape `(height, width, 3)`, blue-green-red.

        Args:
            frame: A record of kind FRAME.

        Raises:
            DeadLetter: The frame can never be decoded.
            Retry: The object store stayed out of reach.
        """
        return read_pixels(frame, self._fetched)

    def _fetched(self, uri: str, sha256: str) -> bytes:
        tries = Tries(_FETCH_AGAIN, self._clock, self._service.stop.wait)
        return retried(lambda: self._fetched_once(uri, sha256), tries)

    def _fetched_once(self, uri: str, sha256: str) -> bytes:
        try:
            return self._fetch(uri, sha256)
        except Retry as error:
            log.warning("frames.object_store_out_of_reach", uri=uri, error=str(error))
            self._service.health.beat()
            raise
