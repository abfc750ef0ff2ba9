"""Serves cameras at the stream addresses that the registry keeps, as these change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from runtime.errors import Retry, WardstreamError
from runtime.process.metrics import INGEST_CONNECTED
from runtime.process.service import Service
from workers.ingest.address_book import Addresses
from workers.ingest.camera_feed import CameraFeed
from workers.ingest.fault import CameraFault
from workers.ingest.feed import WHOLE, FeedConfig, Playback, Region
from workers.ingest.feed_maker import FeedMaker, backlog_limit, resumed
from workers.ingest.feeds import Feeds
from workers.ingest.ledger import FrameLedger
from workers.ingest.playing import CommonStart
from workers.ingest.position import Position
from workers.ingest.run import Run
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.open import open_source, source_name

log = structlog.get_logger(__name__)

_AGAIN_S: Final = 30.0
_SOON_S: Final = 5.0


class _Preparing:
    """Finds out, in a thread, where a camera's records end, and whether it can be served."""

    def __init__(self, maker: FeedMaker, config: FeedConfig) -> None:
        self._maker = maker
        self._config = config
        self.position: Position | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._body, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _body(self) -> None:
        camera_id = self._config.camera_id
        try:
            self._maker.require(camera_id, None)
            self.position = self._maker.positions([camera_id])[camera_id]
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self.error = error


@dataclass(slots=True)
class _Camera:
    """One camera and how far it is.

    Attributes:
        config: Its address and part of the picture.
        preparing: Finds where its records end; None once that is known.
        position: Where they ended when it was prepared.
        feed: Its feed; None before it is prepared.
        run: The run that serves it, or that it is leaving.
        leaving: Whether it waits for that run to release its feed.
        again_s: Monotonic time before which it is not tried; 0 for no such time.
    """

    config: FeedConfig
    preparing: _Preparing | None = None
    position: Position | None = None
    feed: CameraFeed | None = None
    run: Run | None = None
    leaving: bool = False
    again_s: float = 0.0


@dataclass(slots=True)
class RegisteredCameras:
    """The cameras of one process; `turn` is called a few times a second, by one thread.

    Cameras at the same address share one connection. A camera that comes, moves to another address
    or goes leaves the connections of the others alone. What is wrong with one camera is logged, and
    it is tried again.

    Attributes:
        service: Settings and clock.
        maker: Makes their feeds.
        playback: How recordings are played.
        regions: The part of the picture of each camera that has one.
        runs: The runs, with those that are ending.
        ledgers: What became of the frames of each camera that was ever served.
    """

    service: Service
    maker: FeedMaker
    playback: Playback
    regions: Mapping[str, Region]
    runs: list[Run] = field(default_factory=list)
    ledgers: list[FrameLedger] = field(default_factory=list)
    _cameras: dict[str, _Camera] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)
    _common: CommonStart = field(default_factory=CommonStart)

    def turn(self, addresses: Addresses, now_s: float) -> None:
        """Let the runs follow the addresses.

        Args:
            addresses: The addresses now.
            now_s: Monotonic time, s.

        Raises:
            Stop: A record was not delivered, or cameras.v1 contradicts itself.
            Retry: Record mode could not store a frame.
        """
        self._report_faults(addresses.faults)
        for camera_id in addresses.opened.keys() - self._cameras.keys():
            region = self.regions.get(camera_id, WHOLE)
            source = addresses.opened[camera_id]
            self._cameras[camera_id] = _Camera(
                FeedConfig(camera_id=camera_id, source=source, region=region)
            )
        for camera_id, camera in sorted(self._cameras.items()):
            self._follow(camera, addresses.opened.get(camera_id))
            if camera.run is None and camera_id not in addresses.opened:
                self._forget(camera)
            elif camera.run is None and now_s >= camera.again_s:
                self._advance(camera, now_s)
        ended = [run for run in self.runs if not run.alive]
        self.runs = [run for run in self.runs if run not in ended]
        for run in ended:
            self._heed_error(run, now_s)

    def _follow(self, camera: _Camera, address: str | None) -> None:
        """Let a camera leave the run of an address that it no longer has."""
        run = camera.run
        if address != camera.config.source:
            if run is not None and not camera.leaving:
                self._leave(camera, run)
            if run is None and address is not None:
                self._move(camera, address)
        if run is not None and camera.leaving and (run.feeds.released or not self._in(camera, run)):
            camera.run, camera.leaving = None, False
            if address is not None:
                self._move(camera, address)

    def _leave(self, camera: _Camera, run: Run) -> None:
        camera.leaving = True
        if camera.feed is None or run.feeds.now == (camera.feed,):
            run.finish()
        else:
            run.feeds.take(camera.feed)

    def _move(self, camera: _Camera, address: str) -> None:
        config = FeedConfig(
            camera_id=camera.config.camera_id, source=address, region=camera.config.region
        )
        camera.config, camera.again_s = config, 0.0
        if camera.feed is not None:
            camera.feed.move_to(source_name(address))
        log.info("ingest.address_changed", camera_id=config.camera_id)

    @staticmethod
    def _in(camera: _Camera, run: Run) -> bool:
        return any(feed is camera.feed for feed in run.feeds.now)

    def _forget(self, camera: _Camera) -> None:
        del self._cameras[camera.config.camera_id]
        INGEST_CONNECTED.labels(camera.config.camera_id)  # one that does not exist cannot go
        INGEST_CONNECTED.remove(camera.config.camera_id)
        self._share_backlog()
        log.info("ingest.camera_stopped", camera_id=camera.config.camera_id)

    def _advance(self, camera: _Camera, now_s: float) -> None:
        if camera.feed is None:
            if camera.preparing is None:
                camera.preparing = _Preparing(self.maker, camera.config)
            if not camera.preparing.done:
                return
            done, camera.preparing = camera.preparing, None
            if done.error is not None:
                self._refuse(camera, done.error, now_s)
                return
            self._make_feed(camera, done.position)
        self._serve(camera)

    def _make_feed(self, camera: _Camera, position: Position | None) -> None:
        assert position is not None
        camera.position = position
        camera.feed = self.maker.feed(camera.config, position, 0, live=True, waits_for_size=True)
        self.ledgers.append(camera.feed.ledger)
        self._share_backlog()

    def _share_backlog(self) -> None:
        feeds = [camera.feed for camera in self._cameras.values() if camera.feed is not None]
        for feed in feeds:
            feed.backlog_limit = backlog_limit(len(feeds), self.service.settings.ingest.fps)

    def _serve(self, camera: _Camera) -> None:
        """Put a camera into the run of its address, or start one."""
        assert camera.feed is not None
        shared = self._run_at(camera)
        if shared is None:
            self._start(camera, camera.feed)
        elif shared.live and shared.feeds.add(camera.feed):
            camera.run = shared

    def _run_at(self, camera: _Camera) -> Run | None:
        """A run of the same address that is live, or still being opened."""
        for other in self._cameras.values():
            run = other.run
            if run is None or other.leaving or other.config.source != camera.config.source:
                continue
            if run.live is not False and not run.feeds.released:
                return run
        return None

    def _start(self, camera: _Camera, feed: CameraFeed) -> None:
        address, position = camera.config.source, camera.position
        assert position is not None

        def opened() -> FrameSource:
            return open_source(address, loop=self.playback.loop)

        def playback(source: FrameSource) -> Playback:
            return resumed(self.playback, source, {feed.camera_id: position}, address)

        camera.run = Run(self.service, opened, Feeds([feed]), playback, self._common)
        self.runs.append(camera.run)
        camera.run.start()
        log.info("ingest.camera_started", camera_id=feed.camera_id)

    def _heed_error(self, run: Run, now_s: float) -> None:
        """Report what ended a run, and try its cameras again; other errors end the process."""
        error = run.error
        if error is None:
            return
        if not isinstance(error, CameraFault):
            raise error
        for camera in self._cameras.values():
            if camera.run is run and not camera.leaving:
                camera.run = None
                self._refuse(camera, error, now_s)

    def _refuse(self, camera: _Camera, error: BaseException, now_s: float) -> None:
        if not isinstance(error, CameraFault | Retry):
            raise error
        camera.again_s = now_s + (_SOON_S if isinstance(error, Retry) else _AGAIN_S)
        INGEST_CONNECTED.labels(camera.config.camera_id).set(0)
        _report(camera.config.camera_id, error, again_in_s=camera.again_s - now_s)

    def _report_faults(self, faults: Mapping[str, str]) -> None:
        for camera_id, why in faults.items():
            if self._faults.get(camera_id) != why:
                _report(camera_id, CameraFault(why, field="address"))
        self._faults = dict(faults)


def _report(camera_id: str, error: WardstreamError, **more: float) -> None:
    about = error.field if isinstance(error, CameraFault) else None
    log.error("ingest.camera_refused", camera_id=camera_id, field=about, error=str(error), **more)
