"""Play a recording: decode it once, serve every camera that it shows, keep the pace."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from runtime.process.metrics import INGEST_CONNECTED
from runtime.process.service import Service
from workers.ingest.camera_feed import CameraFeed
from workers.ingest.feed import Playback
from workers.ingest.recording import Playing
from workers.ingest.sources.base import FrameSource, SourceFrame
from workers.ingest.thinning import Thinner

log = structlog.get_logger(__name__)

END_HEARTBEAT_US = 5_000_000
"""Event time between the last frame and the heartbeat that ends the recording."""

TOGETHER_US = 5_000_000
"""Recordings whose first frames are ready within this time start together."""

_BEAT_S = 0.5
_GAP_US = 1_000_000
_GAP_STEPS = 5


class CommonStart:
    """The event time at which recordings of one process start, where none was given.

    Recordings that are opened together start together, so that cameras of one floor stay in step;
    one that opens much later, as after a long wait for its server, starts when it does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start_us: int | None = None

    def start_us(self, now_us: int) -> int:
        """Start of a recording whose first frame is ready at `now_us`, UTC microseconds."""
        with self._lock:
            if self._start_us is None or now_us - self._start_us > TOGETHER_US:
                self._start_us = now_us
            return self._start_us


class Pacer:
    """Waits until a moment of the recording is due.

    With `realtime` the first moment is due at once, and the others follow at the recording's own
    pace. With `asap` everything is due, except that event time never runs ahead of the
    wall clock: reference data for the future is not known.

    Args:
        service: Clock and stop signal.
        playback: The pace.
        beat: Called while waiting.
    """

    def __init__(self, service: Service, playback: Playback, beat: Callable[[], None]) -> None:
        self._clock = service.clock
        self._stop = service.stop
        self._beat = beat
        self._shift_us = None if playback.pace == "realtime" else 0
        self._realtime = playback.pace == "realtime"

    def wait(self, captured_us: int) -> int | None:
        """Wait until `captured_us` is due.

        Returns:
            Microseconds since it was due (0 without a pace); None when asked to stop.
        """
        now_us = self._clock.now_us()
        if self._shift_us is None:
            self._shift_us = max(0, now_us - captured_us)
        due_us = captured_us + self._shift_us
        while now_us < due_us:
            if self._stop.wait(min((due_us - now_us) / 1e6, _BEAT_S)):
                return None
            self._beat()
            now_us = self._clock.now_us()
        if self._stop.is_set():
            return None
        return now_us - due_us if self._realtime else 0


def play(
    service: Service,
    source: FrameSource,
    feeds: Sequence[CameraFeed],
    playback: Playback,
    beat: Callable[[], None],
    common: CommonStart,
) -> None:
    """Send a recording to its end, or until asked to stop.

    Args:
        service: Settings, clock and stop signal.
        source: A recording.
        feeds: The cameras that it shows.
        playback: Start time, pace and what is sent at the end.
        beat: Called on every turn of the loop.
        common: The start of recordings that were given none.

    Raises:
        Stop: The recording cannot be read, or sending failed for good.
        Retry: Record mode could not store a frame.
    """
    thinner = Thinner(service.settings.ingest.fps)
    pacer = Pacer(service, playback, beat)
    start_us = 0
    captured_us = None
    silence = _Silence(service, feeds, pacer)
    for frame in source.frames():
        beat()
        if service.stop.is_set():
            return
        if captured_us is None:
            given_us = playback.start_us
            start_us = common.start_us(service.clock.now_us()) if given_us is None else given_us
            _start(source, feeds, start_us)
        pts_us = frame.pts_us or 0
        captured_us = start_us + pts_us
        if not silence.until(captured_us):
            return
        wanting = _wanting(feeds, frame, captured_us, thinner)
        if not wanting or frame.pixels is None:
            continue
        late_us = pacer.wait(captured_us)
        if late_us is None:
            return
        received_us = service.clock.now_us()
        image = frame.pixels()
        for feed in wanting:
            INGEST_CONNECTED.labels(feed.camera_id).set(1)
            feed.send(image, captured_us, received_us, frame.source_clock_us, late_us)
    for feed in feeds:
        INGEST_CONNECTED.labels(feed.camera_id).set(0)
    if captured_us is not None and not _end(service, feeds, playback, pacer, captured_us):
        return
    for feed in feeds:
        feed.ledger.complete = True
        feed.ledger.shortfall = source.shortfall


class _Silence:
    """Announces a gap in a recording by heartbeats, so that nothing waits for its end.

    Args:
        service: Settings and clock.
        feeds: The cameras that the recording shows.
        pacer: Waits until each heartbeat is due.
    """

    def __init__(self, service: Service, feeds: Sequence[CameraFeed], pacer: Pacer) -> None:
        self._clock = service.clock
        self._heartbeat_us = round(service.settings.ingest.heartbeat_s * 1_000_000)
        self._feeds = feeds
        self._pacer = pacer
        self._last_us: int | None = None
        self._announced_us = 0
        self._step_us: int | None = None
        self._logged = False

    def until(self, captured_us: int) -> bool:
        """Send the heartbeats that are due before the next frame; False when asked to stop.

        Args:
            captured_us: Event time of the next frame.
        """
        last_us, self._last_us = self._last_us, captured_us
        if last_us is None:
            self._announced_us = captured_us
            return True
        step_us = captured_us - last_us
        if self._step_us is not None and step_us >= max(_GAP_US, _GAP_STEPS * self._step_us):
            self._note(step_us)
        else:
            self._step_us = step_us
        at_us = self._announced_us
        if all(feed.last_us is not None for feed in self._feeds):
            at_us = max(at_us, min(feed.last_us or 0 for feed in self._feeds))
        at_us += self._heartbeat_us
        while at_us < captured_us:
            if self._pacer.wait(at_us) is None:
                return False
            for feed in self._feeds:
                feed.heartbeat_if_silent(at_us, self._clock.now_us())
            self._announced_us = at_us
            at_us += self._heartbeat_us
        return True

    def _note(self, gap_us: int) -> None:
        for feed in self._feeds:
            feed.ledger.gaps += 1
            feed.ledger.gap_us += gap_us
        if not self._logged:
            self._logged = True
            cameras = [feed.camera_id for feed in self._feeds]
            log.warning("ingest.recording_gap", cameras=cameras, gap_s=round(gap_us / 1e6, 3))


def _wanting(
    feeds: Sequence[CameraFeed], frame: SourceFrame, captured_us: int, thinner: Thinner
) -> list[CameraFeed]:
    """The cameras to which a frame has to be sent; counts it for the others."""
    for feed in feeds if frame.mended else ():
        feed.ledger.count_mended()
    if frame.pixels is None or not thinner.keep(frame.pts_us or 0):
        for feed in feeds:
            feed.count("undecodable" if frame.pixels is None else "thinned", captured_us)
        return []
    return [feed for feed in feeds if feed.wants(captured_us)]


def _start(source: FrameSource, feeds: Sequence[CameraFeed], start_us: int) -> None:
    """Mark every record with the playing that it belongs to."""
    if source.identity is not None:
        for feed in feeds:
            feed.playing = Playing(source.identity, start_us)


def _end(
    service: Service,
    feeds: Sequence[CameraFeed],
    playback: Playback,
    pacer: Pacer,
    last_us: int,
) -> bool:
    """Send the heartbeats after the last frame; False when asked to stop."""
    for number in range(1, playback.end_heartbeats + 1):
        at_us = last_us + number * END_HEARTBEAT_US
        if all(feed.last_us is not None and feed.last_us >= at_us for feed in feeds):
            continue
        if pacer.wait(at_us) is None:
            return False
        for feed in feeds:
            if number == playback.end_heartbeats and feed.playing is not None:
                feed.playing = replace(feed.playing, ended=True)
            feed.send_heartbeat(at_us, service.clock.now_us())
    return True
