"""The ingest worker: reads cameras and files, and writes frames.captured.v1."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from runtime.errors import Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.metrics import INGEST_SHORTFALLS
from runtime.process.service import Service
from schemas.topics import CAMERAS, FRAMES
from workers.ingest.camera_feed import BEHIND_US, CameraFeed
from workers.ingest.cameras import CameraBook
from workers.ingest.feed import FeedConfig, Playback
from workers.ingest.following import follow
from workers.ingest.journal import FrameJournal
from workers.ingest.ledger import FrameLedger
from workers.ingest.object_expiry import expiring_objects
from workers.ingest.playing import CommonStart, play
from workers.ingest.position import Position, read_position
from workers.ingest.publisher import FramePublisher
from workers.ingest.recording import interrupted_start
from workers.ingest.registered import with_addresses
from workers.ingest.sole_writer import sole_positions
from workers.ingest.sources.address import video_address
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.open import open_source, source_name

log = structlog.get_logger(__name__)

_BEAT_S = 0.2
_SILENCE_S = 30.0
_LEAST_BACKLOG = 8


def run_ingest(
    service: Service,
    feeds: Sequence[FeedConfig],
    playback: Playback | None = None,
    ledger_path: Path | None = None,
    journal_path: Path | None = None,
) -> list[FrameLedger]:
    """Serve cameras until their recordings end, or until asked to stop.

    Feeds of one source share one decoder; each source has a thread of its own.

    Args:
        service: Settings (rate, mode, recipe), clock, health and stop signal.
        feeds: The cameras.
        playback: How recordings are played.
        ledger_path: File to which the final counts are written as JSON, besides the log.
        journal_path: File to which every frame of a recording is appended with its outcome.

    Returns:
        Outcomes of all frames, by camera, after everything sent was acknowledged.

    Raises:
        Stop: A camera is not registered or served by another process, a recording cannot be read,
            a setting is wrong, a record was not delivered, or a recording was cut; what there was
            of it is sent.
        Retry: Kafka or the object store stayed out of reach.
    """
    playback = playback or Playback()
    _check(service, feeds, playback)
    cluster = Cluster.of(service.settings, service.clock)
    check_access(cluster, rights_of("ingest"))
    sources = {
        video: open_source(video, loop=playback.loop)
        for video in dict.fromkeys(feed.source for feed in feeds)
    }
    check_topics(cluster, [FRAMES, CAMERAS])
    codec = cluster.registry.writer(FRAMES)
    cameras = CameraBook(service, cluster)
    journal = None if journal_path is None else FrameJournal(journal_path)
    per_second = len(feeds) * service.settings.ingest.fps
    backlog_limit = max(_LEAST_BACKLOG, round(per_second * BEHIND_US / 1_000_000))

    def where(camera_id: str) -> Position:
        position = read_position(cluster, codec, camera_id)
        last = {"next_seq": position.next_seq, "last_us": position.last_us}
        log.info("ingest.position", camera_id=camera_id, **last)
        return position

    try:
        publisher = FramePublisher(service, cluster, codec)
        runs, common = [], CommonStart()
        everywhere = sole_positions(service, [feed.camera_id for feed in feeds], where)
        for video, source in sources.items():
            configs = [config for config in feeds if config.source == video]
            positions = {config.camera_id: everywhere[config.camera_id] for config in configs}
            own = playback
            if playback.start_us is None and not source.live:
                since_us = playback.resume_since_us or 0
                start_us = _interrupted(source, positions, video, since_us)
                own = replace(playback, start_us=start_us)
            group = []
            for config in configs:
                cameras.require(config.camera_id, None if source.live else own.start_us)
                group.append(
                    CameraFeed(
                        config,
                        service.settings.ingest,
                        positions[config.camera_id],
                        cameras,
                        publisher,
                        FrameLedger(
                            config.camera_id,
                            source_name(video),
                            journal=None if source.live else journal,
                        ),
                        backlog_limit,
                    )
                )
            runs.append(_Run(service, source, group, own, common))
        service.health.ready()
        with (
            watching(service, cluster, [FRAMES, CAMERAS]),
            expiring_objects(service.settings.ingest, service.clock),
        ):
            _run_all(service, runs, publisher)
            publisher.flush()
        service.raise_fault()
    finally:
        cameras.close()
        if journal is not None:
            journal.close()
    ledgers = [feed.ledger for run in runs for feed in run.feeds]
    _report(ledgers, ledger_path)
    _refuse_cut(ledgers)
    return ledgers


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


def _check(service: Service, feeds: Sequence[FeedConfig], playback: Playback) -> None:
    names = [feed.camera_id for feed in feeds]
    if not names:
        raise Stop("no camera: give --camera and --video")
    if len(set(names)) < len(names):
        raise Stop(f"a camera is given twice among {', '.join(names)}: each has one source")
    for feed in feeds:
        video_address(feed.source)  # refuses what can never be opened
    if playback.pace == "asap":
        if service.settings.ingest.mode == "live":
            raise Stop(
                "--pace asap goes with --mode record: live mode gives up what is not in time"
            )
        if playback.start_us is None:
            raise Stop("--pace asap needs --start-time: the wall clock means nothing at that pace")


class _Run:
    """One source and its cameras, in a thread."""

    def __init__(
        self,
        service: Service,
        source: FrameSource,
        feeds: Sequence[CameraFeed],
        playback: Playback,
        common: CommonStart,
    ) -> None:
        self._common = common
        self._service = service
        self._source = source
        self.feeds = feeds
        self._playback = playback
        self.error: BaseException | None = None
        self.beat_s = service.clock.monotonic_s()
        names = ",".join(feed.camera_id for feed in feeds)
        self.thread = threading.Thread(target=self._body, name=f"ingest-{names}", daemon=True)

    def beat(self) -> None:
        """Note that the loop of this source is alive."""
        self.beat_s = self._service.clock.monotonic_s()

    def _body(self) -> None:
        try:
            if self._source.live:
                follow(self._service, self._source, self.feeds, self.beat)
            else:
                play(
                    self._service, self._source, self.feeds, self._playback, self.beat, self._common
                )
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self.error = error


def _run_all(service: Service, runs: Sequence[_Run], publisher: FramePublisher) -> None:
    """Run all sources until they end; the first failure asks the others to stop."""
    for run in runs:
        run.thread.start()
    while any(run.thread.is_alive() for run in runs):
        for run in runs:
            run.thread.join(_BEAT_S / len(runs))
            if run.error is not None:
                service.stop.set()
        publisher.poll()
        newest_silence_s = service.clock.monotonic_s() - min(
            (run.beat_s for run in runs if run.thread.is_alive()), default=0.0
        )
        if newest_silence_s < _SILENCE_S:
            service.health.beat()
    for run in runs:
        if run.error is not None:
            raise run.error


def _report(ledgers: Sequence[FrameLedger], path: Path | None) -> None:
    summaries = [ledger.summary() for ledger in ledgers]
    for summary in summaries:
        log.info("ingest.ledger", **summary)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_name(f"{path.name}.part")  # a reader sees the whole file or none
        written.write_text(json.dumps({"cameras": summaries}, indent=2) + "\n")
        written.replace(path)


def _refuse_cut(ledgers: Sequence[FrameLedger]) -> None:
    """Count recordings that were cut; what there was of them is in the topic.

    Raises:
        Stop: A recording was cut.
    """
    cut = [ledger for ledger in ledgers if ledger.shortfall is not None]
    for ledger in cut:
        INGEST_SHORTFALLS.labels(ledger.camera_id).inc()
    if cut:
        each = dict.fromkeys(f"video {ledger.source}: {ledger.shortfall}" for ledger in cut)
        raise Stop(
            f"{'; '.join(each)}: what there was of it is sent, with its end; copy the recording "
            "again if more of it exists"
        )


Body = Callable[[Service], None]


def ingest_body(
    feeds: Sequence[FeedConfig],
    playback: Playback,
    ledger_path: Path | None,
    journal_path: Path | None = None,
) -> Body:
    """The process body that `run_service` runs."""

    def body(service: Service) -> None:
        found = with_addresses(service, feeds)
        run_ingest(service, found, playback, ledger_path, journal_path)

    return body
