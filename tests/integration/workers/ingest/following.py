"""The ingest worker in a thread, while a test interferes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY

from tests.integration.workers.ingest.ingest_run import IngestRun
from workers.ingest.feed import FeedConfig, Playback
from workers.ingest.ledger import FrameLedger
from workers.ingest.worker import run_ingest

HEARTBEAT_S = 0.3


class Following:
    """One run of the worker.

    Args:
        pipeline: Topics and settings.
        feeds: Cameras and their sources.
        playback: How recordings are played.
        ingest: Settings of ingest that differ from the test's.
    """

    def __init__(
        self, pipeline: IngestRun, feeds: list[FeedConfig], playback: Playback, **ingest: object
    ) -> None:
        settings = {"heartbeat_s": HEARTBEAT_S, "reconnect_initial_s": 0.1, "reconnect_max_s": 0.4}
        self.service = pipeline.service(**{"mode": "live", **settings, **ingest})
        self._feeds = feeds
        self._playback = playback
        self._ledgers: dict[str, FrameLedger] = {}
        self._errors: list[BaseException] = []
        self._behind = {feed.camera_id: _behind(feed.camera_id) for feed in feeds}
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            ledgers = run_ingest(self.service, self._feeds, self._playback)
            self._ledgers = {ledger.camera_id: ledger for ledger in ledgers}
        except BaseException as error:  # noqa: BLE001 - raised again in the test
            self._errors.append(error)

    def behind(self, camera_id: str) -> float:
        """Number of a camera's frames given up so far, from the metric."""
        return _behind(camera_id) - self._behind[camera_id]

    def stop(self) -> dict[str, FrameLedger]:
        """Ask the worker to stop; returns its ledgers."""
        self.service.stop.set()
        return self.result(60)

    def result(self, within_s: float) -> dict[str, FrameLedger]:
        """Wait for the worker's end; returns its ledgers."""
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"the worker did not end within {within_s:.0f} s"
        if self._errors:
            raise self._errors[0]
        return self._ledgers


def _behind(camera_id: str) -> float:
    labels = {"camera_id": camera_id, "outcome": "behind"}
    return REGISTRY.get_sample_value("wardstream_ingest_frames_total", labels) or 0.0


@contextmanager
def following(
    pipeline: IngestRun,
    feeds: list[FeedConfig],
    playback: Playback | None = None,
    **ingest: object,
) -> Iterator[Following]:
    """Run the worker for the length of a `with` block."""
    worker = Following(pipeline, feeds, playback or Playback(), **ingest)
    try:
        yield worker
    finally:
        worker.service.stop.set()
        worker.result(60)
