"""The inference process: builds the pipeline and runs it."""

from typing import Literal

import structlog

from models.detectors.detector import Detector
from models.detectors.factory import make_detector
from models.detectors.score_map import ScoreMap
from runtime.kafka.access import check_access
from runtime.kafka.assignment import Assignment
from runtime.kafka.cluster import Cluster
from runtime.kafka.commits import CommitLedger, Committer
from runtime.kafka.consumer_loop import ConsumerLoop
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.digests import digests_of
from runtime.process.metrics import DETECTOR_INFO
from runtime.process.sections import InferenceSettings
from runtime.process.service import Service
from runtime.storage.guarded import GuardedStore
from schemas.topics import CAMERAS, DEAD_LETTERS, DETECTIONS, FLOORS, FRAMES
from workers import stages
from workers.frames.arrivals import Intake
from workers.frames.placement import CameraPlacement
from workers.frames.reader import FrameReader
from workers.inference.answers import Answers
from workers.inference.attempts import Attempts
from workers.inference.batcher import Batcher, BatchPolicy
from workers.inference.pipeline import COMMITS, InferencePipeline, Stages

log = structlog.get_logger(__name__)

STAGE = stages.INFERENCE

Mode = Literal["record", "live"]

_QUEUED_KBYTES = 32 * 1024
"""Maximum size of the records queued in Kafka's client, and in the batcher, KiB."""

_QUEUED_PER_FRAME = {"record": 4, "live": 64}
"""Records queued per frame of a batch: record mode needs the next batch, live mode looks further
ahead for newer frames."""


def run_inference(service: Service) -> None:
    """Body of the inference process.

    Raises:
        Stop: A setting, a topic or the detector is not usable, or an answer was not delivered.
        Retry: A dependency stayed out of reach.
    """
    settings = service.settings
    detector = detector_of(settings.inference)
    introduce(detector, service)
    topics = [FRAMES, DETECTIONS, DEAD_LETTERS, CAMERAS, FLOORS]
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of("inference"))
    check_topics(cluster, topics)
    registry = cluster.registry
    producer = ReliableProducer(cluster)
    placement = CameraPlacement.connect(cluster)
    store = GuardedStore(settings.ingest.object_store_url, service.clock)
    dead_letters = DeadLetterBox(producer, cluster, settings.dead_letters, STAGE, store)
    parts = Stages(
        placement=placement,
        intake=Intake(registry.reader(FRAMES), placement),
        batcher=Batcher(batch_policy(settings.inference)),
        reader=FrameReader(service, store.get),
        attempts=Attempts(detector),
        answers=Answers(
            cluster,
            producer,
            registry.writer(DETECTIONS),
            dead_letters,
            detector.describe(),
        ),
    )
    consumer = cluster.consumer(
        cluster.group(STAGE),
        **{"queued.max.messages.kbytes": _QUEUED_KBYTES, "client.id": STAGE},
    )
    assignment = Assignment(consumer)
    commits = Committer(service, consumer, producer, CommitLedger(COMMITS))
    loop = ConsumerLoop(
        service,
        consumer,
        [cluster.name(FRAMES)],
        continuity=Continuity(cluster, STAGE, consumer, [FRAMES]),
        dead_letters=dead_letters,
        assignment=assignment,
        commits=commits,
        processor=InferencePipeline(service, parts, assignment, commits),
    )
    try:
        with watching(service, cluster, topics):
            loop.run()
    finally:
        placement.close()
        detector.close()


def detector_of(settings: InferenceSettings, score_map: ScoreMap | None = None) -> Detector:
    """The detector that the settings ask for.

    The overlap of non-maximum suppression is the model's own unless it is set explicitly: what
    suits a network leaves HOG with several boxes per person.

    Args:
        settings: Settings of inference.
        score_map: Map of the model's scores; None for that of its card.

    Raises:
        DetectorUnavailable: This installation has no such detector.
    """
    return make_detector(
        settings.backend,
        settings.weights,
        threads=settings.threads,
        score_threshold=settings.score_threshold,
        nms_iou=settings.nms_iou if "nms_iou" in settings.model_fields_set else None,
        models_folder=settings.models_folder,
        score_map=score_map,
        trusted_sha256=digests_of(settings.trusted_pt_sha256),
    )


def introduce(detector: Detector, service: Service) -> None:
    """Report which detector runs, in the log, the metrics and the health report."""
    model = detector.describe()
    reason = detector.fallback_reason
    DETECTOR_INFO.labels(model["name"], model["version"], model["runtime"], reason).set(1)
    service.health.detail |= {
        "detector": model["name"],
        "runtime": model["runtime"],
        "fallback": reason,
        "mode": service.settings.inference.mode,
    }
    log.info("inference.detector", **model)
    if reason:
        log.warning("inference.FALLBACK_DETECTOR", detector=model["name"], reason=reason)
    if not detector.scores_known:
        log.warning(
            "inference.score_map_unknown",
            detector=model["name"],
            reason="no card says what its scores mean, so they are taken as they are: "
            "fit one with `wardstream score-map`",
        )


def batch_policy(settings: InferenceSettings) -> BatchPolicy:
    """The batch policy for these settings."""
    return BatchPolicy(
        size=settings.batch_size,
        wait_s=settings.batch_wait_ms / 1000,
        newest_wins=settings.mode == "live",
        most_queued=max(16, settings.batch_size * _QUEUED_PER_FRAME[settings.mode]),
        most_bytes=_QUEUED_KBYTES * 1024,
    )
