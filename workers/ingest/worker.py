"""The ingest worker: reads cameras and files, and writes frames.captured.v1."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from runtime.errors import Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.metrics import INGEST_SHORTFALLS
from runtime.process.registry import keys_of
from runtime.process.service import Service
from schemas.topics import CAMERAS, FRAMES
from workers.ingest.address_book import AddressBook, Addresses, SealedAddresses
from workers.ingest.address_watch import AddressWatch
from workers.ingest.camera_feed import CameraFeed
from workers.ingest.cameras import CameraBook
from workers.ingest.fault import CameraFault
from workers.ingest.feed import REGISTERED, FeedConfig, Playback
from workers.ingest.feed_maker import FeedMaker, backlog_limit, resumed
from workers.ingest.feeds import Feeds
from workers.ingest.journal import FrameJournal
from workers.ingest.ledger import FrameLedger
from workers.ingest.object_expiry import expiring_objects
from workers.ingest.playing import CommonStart
from workers.ingest.publisher import FramePublisher
from workers.ingest.registered import RegisteredCameras
from workers.ingest.run import Run
from workers.ingest.sources.address import video_address
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.open import open_source

log = structlog.get_logger(__name__)

_BEAT_S = 0.2


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
    with _making(service, cluster, journal_path) as (maker, publisher):
        runs = _fixed_runs(service, maker, feeds, sources, playback)
        service.health.ready()
        with _watched(service, cluster):
            _run_all(service, runs, publisher)
            publisher.flush()
        service.raise_fault()
    ledgers = [feed.ledger for _, group in runs for feed in group]
    _report(ledgers, ledger_path)
    _refuse_cut(ledgers)
    return ledgers


def serve_registered(
    service: Service,
    feeds: Sequence[FeedConfig],
    playback: Playback,
    addresses: SealedAddresses,
    ledger_path: Path | None = None,
    journal_path: Path | None = None,
) -> list[FrameLedger]:
    """Serve cameras at the addresses that the registry keeps, as these change, until asked to stop.

    Args:
        service: Settings (rate, mode, recipe), clock, health and stop signal.
        feeds: The cameras; empty for all that have an address. One with a source of its own keeps
            that.
        playback: How recordings are played.
        addresses: The registry's table.
        ledger_path: File to which the final counts are written as JSON, besides the log.
        journal_path: File to which every frame of a recording is appended with its outcome.

    Returns:
        Outcomes of all frames, by camera, after everything sent was acknowledged.

    Raises:
        Stop: A setting is wrong, the registry refuses this user, a record was not delivered, or a
            recording was cut.
        Retry: Kafka or the object store stayed out of reach.
    """
    if feeds:
        _check(service, feeds, playback)
    _check_pace(service, playback)
    own = {feed.camera_id: feed.source for feed in feeds if feed.source != REGISTERED}
    asked = {feed.camera_id for feed in feeds} - own.keys() if feeds else None
    book = AddressBook(addresses, service.settings.ingest.address_cache, asked)
    cluster = Cluster.of(service.settings, service.clock)
    check_access(cluster, rights_of("ingest"))
    check_topics(cluster, [FRAMES, CAMERAS])
    with _making(service, cluster, journal_path) as (maker, publisher):
        regions = {feed.camera_id: feed.region for feed in feeds}
        cameras = RegisteredCameras(service, maker, playback, regions)
        service.health.ready()
        with _watched(service, cluster), AddressWatch(service, book) as watch:
            _follow_addresses(service, cameras, watch, own, publisher)
            publisher.flush()
        service.raise_fault()
    _report(cameras.ledgers, ledger_path)
    _refuse_cut(cameras.ledgers)
    return cameras.ledgers


def _follow_addresses(
    service: Service,
    cameras: RegisteredCameras,
    watch: AddressWatch,
    own: Mapping[str, str],
    publisher: FramePublisher,
) -> None:
    """Let the cameras follow their addresses until asked to stop.

    Raises:
        Stop: Sending failed for good.
        Retry: A frame of record mode was not sent.
    """
    try:
        while not service.stop.wait(_BEAT_S):
            found = watch.newest()
            now_s = service.clock.monotonic_s()
            if found is not None:
                cameras.turn(Addresses({**found.opened, **own}, found.faults), now_s)
            publisher.poll()
            if not any(run.silent(now_s) for run in cameras.runs):
                service.health.beat()
    finally:
        for run in cameras.runs:
            run.stop()
        for run in cameras.runs:
            run.join()
    for run in cameras.runs:
        if run.error is not None and not isinstance(run.error, CameraFault):
            raise run.error


@contextmanager
def _making(
    service: Service, cluster: Cluster, journal_path: Path | None
) -> Iterator[tuple[FeedMaker, FramePublisher]]:
    """What all feeds of a process share."""
    publisher = FramePublisher(service, cluster, cluster.registry.writer(FRAMES))
    cameras = CameraBook(service, cluster)
    journal = None if journal_path is None else FrameJournal(journal_path)
    try:
        yield FeedMaker(service, cluster, cameras, publisher, journal), publisher
    finally:
        cameras.close()
        if journal is not None:
            journal.close()


@contextmanager
def _watched(service: Service, cluster: Cluster) -> Iterator[None]:
    with (
        watching(service, cluster, [FRAMES, CAMERAS]),
        expiring_objects(service.settings.ingest, service.clock),
    ):
        yield


_Group: TypeAlias = tuple[Run, Sequence[CameraFeed]]


def _fixed_runs(
    service: Service,
    maker: FeedMaker,
    feeds: Sequence[FeedConfig],
    sources: Mapping[str, FrameSource],
    playback: Playback,
) -> Sequence[_Group]:
    """A run for each source, with its feeds."""
    runs, common = [], CommonStart()
    limit = backlog_limit(len(feeds), service.settings.ingest.fps)
    everywhere = maker.positions([feed.camera_id for feed in feeds])
    for video, source in sources.items():
        configs = [config for config in feeds if config.source == video]
        positions = {config.camera_id: everywhere[config.camera_id] for config in configs}
        own = resumed(playback, source, positions, video)
        group = []
        for config in configs:
            maker.require(config.camera_id, None if source.live else own.start_us)
            position = positions[config.camera_id]
            group.append(maker.feed(config, position, limit, live=source.live))
        run = Run(service, partial(_as_is, source), Feeds(group), partial(_as_is, own), common)
        runs.append((run, group))
    return runs


def _check(service: Service, feeds: Sequence[FeedConfig], playback: Playback) -> None:
    names = [feed.camera_id for feed in feeds]
    if not names:
        raise Stop("no camera: give --camera and --video")
    if len(set(names)) < len(names):
        raise Stop(f"a camera is given twice among {', '.join(names)}: each has one source")
    for feed in feeds:
        if feed.source != REGISTERED:
            video_address(feed.source)  # refuses what can never be opened
    _check_pace(service, playback)


def _check_pace(service: Service, playback: Playback) -> None:
    if playback.pace == "asap":
        if service.settings.ingest.mode == "live":
            raise Stop(
                "--pace asap goes with --mode record: live mode gives up what is not in time"
            )
        if playback.start_us is None:
            raise Stop("--pace asap needs --start-time: the wall clock means nothing at that pace")


def _as_is(value: Any, *_source: FrameSource) -> Any:
    """A value that is known already."""
    return value


def _run_all(service: Service, groups: Sequence[_Group], publisher: FramePublisher) -> None:
    """Run all sources until they end; the first failure asks the others to stop."""
    runs = [run for run, _ in groups]
    for run in runs:
        run.start()
    try:
        while any(run.alive for run in runs):
            for run in runs:
                run.join(_BEAT_S / len(runs))
                if run.error is not None:
                    service.stop.set()
            if service.stop.is_set():
                for run in runs:
                    run.stop()
            publisher.poll()
            now_s = service.clock.monotonic_s()
            if not all(run.silent(now_s) for run in runs if run.alive):
                service.health.beat()
    finally:
        for run in runs:
            run.stop()
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
    """The process body that `run_service` runs.

    Without feeds, it serves all cameras that have an address.
    """

    def body(service: Service) -> None:
        if feeds and all(feed.source != REGISTERED for feed in feeds):
            run_ingest(service, feeds, playback, ledger_path, journal_path)
            return
        # Slow to import, and most workers are given their sources.
        from workers.registry.editing.database import Database  # noqa: PLC0415
        from workers.registry.editing.sealed import ADDRESSES, SealedTexts  # noqa: PLC0415

        settings = service.settings
        with Database(settings.database_address, "wardstream-ingest") as database:
            keys = keys_of(settings.registry.address_key)
            addresses = SealedTexts(database, ADDRESSES, keys)
            serve_registered(service, feeds, playback, addresses, ledger_path, journal_path)

    return body
