"""The stream processor: detections.made.v1 in, tracks, presence, zones and coverage out.

Faust keeps the group and the batches; all decisions are made in `streams/domain`, and our
checkpoints decide where reading resumes (ADR 0002).
"""

import os
from concurrent.futures import ThreadPoolExecutor

import faust
import structlog

from runtime.checkpoints import CheckpointStore, StageTopics
from runtime.checkpoints.archive import CheckpointArchive
from runtime.checkpoints.archiver import Archiver
from runtime.clock import Clock
from runtime.errors import EXIT_REPLAY, Stop
from runtime.facts.log import FactLog
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letters import DeadLetterLimit
from runtime.kafka.rights import rights_of
from runtime.kafka.topics import check_topics
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from runtime.process.thresholds import without_effect
from runtime.storage.objects import ObjectStore
from schemas.topics import DETECTIONS, FOLDED_TOPICS, STREAM_CHECKPOINTS
from streams.handover.takeover import TakeOver
from streams.processor.agent import register
from streams.processor.checkpoint_settings import CheckpointingSettings
from streams.processor.checkpointing import install
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.faust_app import checkpointed_app
from streams.processor.log_guard import TOPICS, refuse_lost_checkpoints, watch_topics
from streams.processor.pipeline_fold import Wire
from streams.processor.pipeline_settings import pipeline_settings
from streams.processor.precompile import compile_for_worker
from streams.processor.replay import Folds
from streams.stage import STAGE
from streams.state.fold_version import fold_id
from streams.state.settings_by_offset import to_values
from streams.state.version import STATE_VERSION

log = structlog.get_logger(__name__)


def create_app(settings: Settings, cluster: Cluster, health: Health) -> faust.App:
    """Wire the stage together; nothing is folded before the app runs.

    Raises:
        Stop: A topic is missing or differs from the table, or a checkpoint was deleted.
        NotRegistered: A schema is not registered.
        Retry: The broker or the registry is out of reach.
    """
    check_access(cluster, rights_of("stream"))
    check_topics(cluster, list(TOPICS))
    refuse_lost_checkpoints(cluster)
    clock = cluster.clock
    wire = Wire(cluster)
    facts = FactSource(FactLog(cluster, FOLDED_TOPICS), clock)
    facts.refresh()
    evidence = EvidenceSource(cluster)
    folds = Folds(
        wire=wire,
        facts=facts,
        evidence=evidence,
        settings=pipeline_settings(settings),
        clock=clock,
        limit=DeadLetterLimit(settings.dead_letters, STAGE),
    )

    app = checkpointed_app(
        cluster.group(STAGE),
        cluster,
        session_timeout_s=settings.stream.session_timeout_s,
        max_batch=settings.stream.batch_max,
    )
    topics = StageTopics(
        stage=cluster.prefix + STAGE,
        input=cluster.name(DETECTIONS),
        checkpoints=cluster.name(STREAM_CHECKPOINTS),
    )
    store = CheckpointStore(
        cluster,
        topics,
        folds,
        state_version=STATE_VERSION,
        boot_id=f"{os.uname().nodename}-{os.getpid()}",
        settings=to_values(folds.settings),
        fold_id=fold_id(),
        inherit=TakeOver(cluster, settings.stream.checkpoint_s),
    )
    archiver = _archiver(settings, clock, topics.stage)
    checkpointing = install(
        app,
        store,
        clock,
        CheckpointingSettings(
            save_every_s=settings.stream.checkpoint_s,
            fetch_wait_s=settings.stream.batch_wait_s,
            stall_after_s=settings.stream.stall_s,
            frozen_after_s=settings.stream.session_timeout_s / 2,  # the last heartbeat was before
        ),
        committed=None if archiver is None else archiver.offer,
    )
    register(app, checkpointing, facts, evidence, health)
    return app


def _archiver(settings: Settings, clock: Clock, stage: str) -> Archiver | None:
    """The archiver of the stage's checkpoints; None when archiving is switched off."""
    archive = settings.checkpoints.archive
    if not archive.every_s:
        return None
    return Archiver(
        lambda: CheckpointArchive(ObjectStore(settings.checkpoint_archive_url), stage),
        clock,
        every_s=archive.every_s,
        keep_s=archive.keep_s,
    )


def worker_of(app: faust.App) -> faust.Worker:
    """Runs an app; leaves the process's log lines as they are.

    Faust would send them past the redaction. It would have every debug message of its libraries
    made as well, several for each fetch, for a spinner that only a terminal shows.
    """
    return faust.Worker(app, override_logging=False, quiet=True)


def run_stream(service: Service) -> None:
    """Run the stage until a signal asks it to end; leaves the group in order.

    Raises:
        Stop: Topics or schemas are not as they must be, or the app crashed.
        Retry: The broker or the registry is out of reach.
    """
    settings = service.settings
    for sentence in without_effect(
        settings.inference, settings.tracking, settings.tracking_moving, settings.fusion
    ):
        log.warning("settings.without_effect", setting=sentence)
    cluster = Cluster.of(service.settings, service.clock)
    with ThreadPoolExecutor(1, thread_name_prefix="compile") as pool:
        # Or loads it, during the checks of broker and registry.
        compiled = pool.submit(compile_for_worker)
        app = create_app(service.settings, cluster, service.health)
        compiled.result()
    watch = watch_topics(cluster)
    worker = worker_of(app)
    try:
        worker.execute_from_commandline()  # takes over the signals; ends by SystemExit
    except SystemExit as end:
        if end.code:
            raise Stop(f"the stream app ended with {end.code}", exit_code=EXIT_REPLAY) from end
    finally:
        watch.close()
