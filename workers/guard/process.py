"""The guard process: builds the pipeline and runs it."""

from runtime.kafka.access import check_access
from runtime.kafka.assignment import Assignment
from runtime.kafka.cluster import Cluster
from runtime.kafka.commits import CommitLedger, CommitPolicy, Committer
from runtime.kafka.consumer_loop import ConsumerLoop
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.service import Service
from runtime.storage.guarded import GuardedStore
from schemas.topics import (
    CAMERA_HEALTH,
    CAMERA_VIEWS,
    CAMERAS,
    DEAD_LETTERS,
    FLOORS,
    FRAMES,
    TRACKS,
)
from workers import stages
from workers.frames.arrivals import Intake
from workers.frames.placement import CameraPlacement
from workers.frames.reader import FrameReader
from workers.guard.backgrounds import Backgrounds
from workers.guard.overlap_follower import OverlapFollower
from workers.guard.pipeline import GuardPipeline, HealthWriter, Parts
from workers.guard.suspicion import Suspicions
from workers.registry.view import RegistryView

STAGE = stages.GUARD

_QUEUED_KBYTES = 32 * 1024
"""Maximum size of the records queued in Kafka's client, KiB."""


def run_guard(service: Service) -> None:
    """Body of the guard process.

    Raises:
        Stop: A setting or a topic is not usable, or a record was not delivered.
        Retry: A dependency stayed out of reach.
    """
    settings = service.settings
    topics = [FRAMES, TRACKS, CAMERA_HEALTH, DEAD_LETTERS, CAMERAS, FLOORS, CAMERA_VIEWS]
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of(STAGE))
    check_topics(cluster, topics)
    registry = cluster.registry
    producer = ReliableProducer(cluster)
    known = RegistryView()
    placement = CameraPlacement.connect(cluster, [CAMERA_VIEWS], known.add)
    store = GuardedStore(settings.ingest.object_store_url, service.clock)
    parts = Parts(
        placement=placement,
        intake=Intake(registry.reader(FRAMES), placement),
        reader=FrameReader(service, store.get),
        backgrounds=Backgrounds(store),
        health=HealthWriter(cluster, producer, registry.writer(CAMERA_HEALTH)),
        suspicions=Suspicions(cluster, known),
        overlap=OverlapFollower(cluster, settings.guard, known),
    )
    consumer = cluster.consumer(
        cluster.group(STAGE),
        **{
            "auto.offset.reset": "latest",  # nothing is committed: old pictures are of no use
            "queued.max.messages.kbytes": _QUEUED_KBYTES,
            "client.id": STAGE,
        },
    )
    assignment = Assignment(consumer)
    loop = ConsumerLoop(
        service,
        consumer,
        [cluster.name(FRAMES)],
        continuity=Continuity(cluster, STAGE, consumer, [FRAMES]),
        dead_letters=DeadLetterBox(producer, cluster, settings.dead_letters, STAGE, store),
        assignment=assignment,
        commits=Committer(service, consumer, producer, CommitLedger(CommitPolicy(interval_s=1.0))),
        processor=GuardPipeline(service, settings.guard, parts),
    )
    try:
        parts.overlap.start()
        with watching(service, cluster, topics):
            loop.run()
    finally:
        parts.overlap.close()
        placement.close()
