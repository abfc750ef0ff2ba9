"""Makes the feed of a camera: where its records end, and whether it can be served."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from runtime.kafka.cluster import Cluster
from runtime.process.service import Service
from schemas.topics import FRAMES
from workers.ingest.camera_feed import BEHIND_US, CameraFeed
from workers.ingest.cameras import CameraBook
from workers.ingest.feed import FeedConfig, Playback
from workers.ingest.journal import FrameJournal
from workers.ingest.ledger import FrameLedger
from workers.ingest.position import Position, read_position
from workers.ingest.publisher import FramePublisher
from workers.ingest.recording import interrupted_start
from workers.ingest.sole_writer import sole_positions
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.open import source_name

log = structlog.get_logger(__name__)

_LEAST_BACKLOG = 8


def backlog_limit(cameras: int, fps: float) -> int:
    """Records of that many cameras that may wait for the broker before live mode drops frames."""
    return max(_LEAST_BACKLOG, round(cameras * fps * BEHIND_US / 1_000_000))


class FeedMaker:
    """What the feeds of a process share; safe to use from several threads.

    Args:
        service: Settings, clock and stop signal.
        cluster: Where the topics are.
        cameras: Looks up versions of cameras.
        publisher: Sends the records.
        journal: Receives every frame of a recording; None keeps counts only.
    """

    def __init__(
        self,
        service: Service,
        cluster: Cluster,
        cameras: CameraBook,
        publisher: FramePublisher,
        journal: FrameJournal | None,
    ) -> None:
        self._service = service
        self._cluster = cluster
        self._codec = cluster.registry.writer(FRAMES)
        self._cameras = cameras
        self._publisher = publisher
        self._journal = journal

    def positions(self, camera_ids: Sequence[str]) -> dict[str, Position]:
        """Where the records of cameras end; see `sole_positions`.

        Raises:
            CameraFault: Another process serves one of them.
            Retry: Kafka is out of reach.
        """
        return sole_positions(self._service, camera_ids, self._where)

    def require(self, camera_id: str, at_us: int | None) -> None:
        """Check that a camera can be served; see `CameraBook.require`."""
        self._cameras.require(camera_id, at_us)

    def feed(
        self,
        config: FeedConfig,
        position: Position,
        limit: int,
        *,
        live: bool,
        waits_for_size: bool = False,
    ) -> CameraFeed:
        """The feed of a camera.

        Args:
            config: The camera, its source and its part of the picture.
            position: Where its records end.
            limit: See `backlog_limit`.
            live: Whether its source is a live one.
            waits_for_size: See `CameraFeed`.
        """
        journal = None if live else self._journal
        ledger = FrameLedger(config.camera_id, source_name(config.source), journal=journal)
        return CameraFeed(
            config,
            self._service.settings.ingest,
            position,
            self._cameras,
            self._publisher,
            ledger,
            limit,
            waits_for_size=waits_for_size,
        )

    def _where(self, camera_id: str) -> Position:
        position = read_position(self._cluster, self._codec, camera_id)
        last = {"next_seq": position.next_seq, "last_us": position.last_us}
        log.info("ingest.position", camera_id=camera_id, **last)
        return position


def resumed(
    playback: Playback, source: FrameSource, positions: Mapping[str, Position], video: str
) -> Playback:
    """How a source is played: a recording that was interrupted is resumed.

    Args:
        playback: As it was asked for.
        source: The source.
        positions: Where the records of its cameras end.
        video: Its name or address.
    """
    if playback.start_us is not None or source.live:
        return playback
    start_us = _interrupted(source, positions, video, playback.resume_since_us or 0)
    return replace(playback, start_us=start_us)


def _interrupted(
    source: FrameSource, positions: Mapping[str, Position], video: str, since_us: int
) -> int | None:
    """Start time of this recording's interrupted playing; None to start now."""
    if source.identity is None:
        return None
    last = [position.playing for position in positions.values() if position.last_us is not None]
    start_us = interrupted_start(source.identity, last, since_us)
    if start_us is not None:
        hint = "to play it from its start, give --start-time"
        log.warning(
            "ingest.recording_resumed", video=source_name(video), start_us=start_us, hint=hint
        )
    return start_us
