"""One camera's feed: decides what happens to each frame, numbers those sent, counts the rest."""

from typing import Any

import structlog

from runtime.errors import Retry, Stop
from runtime.process.sections import IngestSettings
from runtime.storage.breaker import BreakerOpen
from workers.ingest.cameras import CameraBook
from workers.ingest.clock_watch import ClockWatch
from workers.ingest.feed import FeedConfig
from workers.ingest.ledger import FrameLedger, FrameOutcome
from workers.ingest.position import Position
from workers.ingest.preprocess import (
    PrivacyMask,
    Recipe,
    cut_and_shrink,
    encode_jpeg,
    luma_statistics,
)
from workers.ingest.publisher import FramePublisher, empty_frame
from workers.ingest.recording import Playing
from workers.ingest.sources.base import Image

log = structlog.get_logger(__name__)

BEHIND_US = 1_000_000
"""Live mode drops a frame that is later than this, microseconds."""


class CameraFeed:
    """Turns the pictures of one camera into records.

    Args:
        config: The camera and its part of the picture.
        settings: Recipe, mode and heartbeat interval.
        position: End of its records in the topic.
        cameras: Looks up the camera version in force.
        publisher: Sends the records.
        ledger: Counts the outcomes.
        backlog_limit: Live mode drops frames while more records than this wait for the broker.
        waits_for_size: Whether pictures that are not of the registered size are counted and logged
            until it is corrected; otherwise the first one is an error.

    Attributes:
        backlog_limit: As above.
    """

    def __init__(
        self,
        config: FeedConfig,
        settings: IngestSettings,
        position: Position,
        cameras: CameraBook,
        publisher: FramePublisher,
        ledger: FrameLedger,
        backlog_limit: int,
        *,
        waits_for_size: bool = False,
    ) -> None:
        self.camera_id = config.camera_id
        self.ledger = ledger
        self.last_us = position.last_us
        self.playing: Playing | None = None
        self._resume_us = position.last_us
        self._next_seq = position.next_seq
        self._region = config.region
        self._recipe = Recipe(settings.max_width, settings.jpeg_quality)
        self._live_mode = settings.mode == "live"
        self._heartbeat_us = round(settings.heartbeat_s * 1_000_000)
        self.backlog_limit = backlog_limit
        self._cameras = cameras
        self._publisher = publisher
        self._mask: PrivacyMask | None = None
        self._mask_key: tuple[int, int, int] | None = None
        self._size_checked = waits_for_size
        self._size_reported: tuple[int, int, int] | None = None
        self._clocks = ClockWatch(config.camera_id, settings.future_limit_s)

    def count(self, outcome: FrameOutcome, captured_us: int | None = None) -> None:
        """Count a frame of the source, with its event time where it has one."""
        self.ledger.count(outcome, captured_us)

    def wants(self, captured_us: int) -> bool:
        """Whether a frame with this event time still has to be sent; counts it if not."""
        if self._resume_us is not None and captured_us <= self._resume_us:
            self.count("before_resume", captured_us)
            return False
        if self.last_us is not None and captured_us <= self.last_us:
            self.count("out_of_order", captured_us)
            return False
        return True

    def next_us(self, now_us: int) -> int:
        """Event time of a live frame: the wall clock, but always rising."""
        return now_us if self.last_us is None else max(self.last_us + 1, now_us)

    def send(
        self,
        image: Image,
        captured_us: int,
        received_us: int,
        source_clock_us: int | None,
        late_us: int,
    ) -> None:
        """Send one wanted frame, or count why it is not sent.

        Args:
            image: The source's whole picture; not changed.
            captured_us: Event time, later than the last one.
            received_us: Wall clock when it was read, UTC microseconds.
            source_clock_us: The camera's own clock, UTC microseconds; None if it has none.
            late_us: Time since it was due, microseconds.

        Raises:
            Stop: The first picture is not of the registered size, or sending failed for good.
            Retry: Record mode could not store the frame.
        """
        self._clocks.note_source(source_clock_us, received_us)
        if self._clocks.refuses(captured_us, received_us):
            self.count("in_future", captured_us)
            return
        if self._live_mode and (
            late_us > BEHIND_US or self._publisher.backlog > self.backlog_limit
        ):
            self.count("behind", captured_us)
            return
        camera = self._cameras.at(self.camera_id, captured_us)
        if camera is None:
            self.count("camera_removed", captured_us)
            return
        picture = cut_and_shrink(image, self._region, self._recipe.max_width)
        height, width = picture.shape[:2]
        if not self._fits(camera, width, height):
            self._refuse("wrong_size", captured_us, received_us)
            return
        mask = self._mask_of(camera, width, height)
        if mask.everything:
            self._refuse("masked_out", captured_us, received_us)
            return
        mask.blank(picture)
        luma = luma_statistics(picture)
        frame = empty_frame(
            camera_id=self.camera_id,
            seq=self._next_seq,
            captured_us=captured_us,
            kind="FRAME",
            source_clock_us=source_clock_us,
            received_us=received_us,
            width=width,
            height=height,
            encoding="JPEG",
            camera_version=camera["version"],
            preprocessing_version=self._recipe.version,
            luma_mean=luma.mean,
            contrast=luma.contrast,
            sharpness=luma.sharpness,
        )
        try:
            jpeg = encode_jpeg(picture, self._recipe.jpeg_quality)
            self._publisher.publish(frame, jpeg, self.playing)
        except Retry as error:
            if not self._live_mode:
                raise
            if not isinstance(error, BreakerOpen):  # the breaker has logged it when it opened
                log.warning("ingest.store_unavailable", camera_id=self.camera_id, error=str(error))
            self.count("store_unavailable", captured_us)
            return
        self._sent(captured_us)
        self.count("sent", captured_us)

    def send_heartbeat(self, captured_us: int, received_us: int) -> None:
        """Send a heartbeat: the event time of a camera without frames to send.

        Does nothing if the time is not later than the last record or is in the future, if live mode
        has too large a backlog, or if no version of the camera is in force.

        Args:
            captured_us: Event time.
            received_us: Wall clock.

        Raises:
            Stop: Sending failed for good.
        """
        if self.last_us is not None and captured_us <= self.last_us:
            return
        if self._clocks.refuses(captured_us, received_us):
            return
        if self._live_mode and self._publisher.backlog > self.backlog_limit:
            return
        camera = self._cameras.at(self.camera_id, captured_us)
        if camera is None:
            return
        self._publisher.publish_heartbeat(
            empty_frame(
                camera_id=self.camera_id,
                seq=self._next_seq,
                captured_us=captured_us,
                kind="HEARTBEAT",
                received_us=received_us,
                camera_version=camera["version"],
            ),
            self.playing,
        )
        self._sent(captured_us)
        self.ledger.heartbeats += 1

    def heartbeat_if_silent(self, captured_us: int, received_us: int) -> None:
        """Send a heartbeat if nothing was sent for the heartbeat interval of event time."""
        if self.last_us is None or captured_us - self.last_us >= self._heartbeat_us:
            self.send_heartbeat(captured_us, received_us)

    def _refuse(self, outcome: FrameOutcome, captured_us: int, received_us: int) -> None:
        self.count(outcome, captured_us)
        self.heartbeat_if_silent(captured_us, received_us)

    def _sent(self, captured_us: int) -> None:
        self.last_us = captured_us
        self._next_seq += 1

    def _fits(self, camera: Any, width: int, height: int) -> bool:
        registered = (camera["width"], camera["height"])
        if registered in {(0, 0), (width, height)}:
            self._size_checked = True
            self._size_reported = None
            return True
        msg = (
            f"camera {self.camera_id} is registered with {registered[0]}x{registered[1]} px, but "
            f"its captured frames are {width}x{height}, turned upright and with square pixels: "
            "masks and zones would be misplaced; register the size of the captured frame, or "
            "correct --region"
        )
        if not self._size_checked:
            raise Stop(msg)
        if self._size_reported != (camera["version"], width, height):
            self._size_reported = (camera["version"], width, height)
            log.error("ingest.wrong_size", camera_id=self.camera_id, error=msg)
        return False

    def move_to(self, source: str) -> None:
        """Take pictures from another source from now on.

        Args:
            source: Its name, without credentials.
        """
        self.ledger.source = source
        self.playing = None

    def _mask_of(self, camera: Any, width: int, height: int) -> PrivacyMask:
        key = (camera["version"], width, height)
        if self._mask is None or key != self._mask_key:
            self._mask = PrivacyMask(camera["privacy_masks"], width, height)
            self._mask_key = key
        return self._mask
