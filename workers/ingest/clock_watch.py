"""Detect clocks that run ahead: the camera's, and that of the writer of its last record.

A frame from the future is not sent: facts for that time are not written yet, and every frame that
is captured until then would count as older.
"""

import structlog

from runtime.process.metrics import INGEST_CLOCK_AHEAD, INGEST_CLOCK_OFFSET

log = structlog.get_logger(__name__)


class ClockWatch:
    """Compares the clocks of one camera with the clock of this machine.

    Args:
        camera_id: The camera.
        limit_s: Lead over this machine's clock above which a clock is wrong, s.
    """

    def __init__(self, camera_id: str, limit_s: float) -> None:
        self._camera_id = camera_id
        self._limit_us = round(limit_s * 1_000_000)
        self._refusing = False
        self._source_ahead = False

    def refuses(self, captured_us: int, received_us: int) -> bool:
        """Whether a record with this event time is from the future; logs the first such record.

        Args:
            captured_us: Event time, UTC microseconds.
            received_us: Wall clock, UTC microseconds.
        """
        ahead_us = captured_us - received_us
        refuses = ahead_us > self._limit_us
        if refuses and not self._refusing:
            log.error(
                "ingest.camera_in_future",
                camera_id=self._camera_id,
                ahead_s=round(ahead_us / 1e6, 3),
                error=(
                    f"camera {self._camera_id}: frames.captured.v1 holds its frames up to "
                    f"{ahead_us / 1e6:.1f} s ahead of this machine's clock, so nothing is sent "
                    "until then: set this clock right, or correct what wrote them"
                ),
            )
        self._refusing = refuses
        return refuses

    def note_source(self, source_clock_us: int | None, received_us: int) -> None:
        """Compare the camera's own clock with this machine's; logs when the camera's is ahead.

        Args:
            source_clock_us: The camera's clock, UTC microseconds; None if it sends none.
            received_us: Wall clock when the frame arrived, UTC microseconds.
        """
        if source_clock_us is None:
            return
        ahead_us = source_clock_us - received_us
        INGEST_CLOCK_OFFSET.labels(self._camera_id).set(ahead_us / 1e6)
        ahead = ahead_us > self._limit_us
        if ahead:
            INGEST_CLOCK_AHEAD.labels(self._camera_id).inc()
        if ahead and not self._source_ahead:
            log.error(
                "ingest.camera_clock_ahead",
                camera_id=self._camera_id,
                ahead_s=round(ahead_us / 1e6, 3),
                error=(
                    f"camera {self._camera_id}: its own clock is {ahead_us / 1e6:.1f} s ahead of "
                    "this machine's: let both follow the same time server"
                ),
            )
        self._source_ahead = ahead
