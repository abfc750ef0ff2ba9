"""The process that follows the cameras' clocks: builds the parts and runs them."""

from runtime.facts.log import VISIBLE_AFTER_US
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.service import Service
from schemas.topics import CAMERA_CLOCK, DETECTIONS
from workers import stages
from workers.clocks.decisions import Decisions
from workers.clocks.estimator import Rules
from workers.clocks.follow import ClockFollower
from workers.clocks.pictures import PictureReader

STAGE = stages.CLOCKS


def run_clocks(service: Service) -> None:
    """Body of the process.

    Raises:
        Stop: A topic is not usable.
        Retry: A dependency stayed out of reach.
    """
    settings = service.settings
    topics = [DETECTIONS, CAMERA_CLOCK]
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of(STAGE))
    check_topics(cluster, topics)
    lateness_us = round(settings.stream.allowed_lateness_s * 1e6)
    ahead_us = max(round(settings.clocks.ahead_s * 1e6), VISIBLE_AFTER_US + lateness_us)
    follower = ClockFollower(
        service,
        cluster.consumer(cluster.group(STAGE), **{"client.id": STAGE}),
        cluster.name(DETECTIONS),
        PictureReader(cluster.registry.reader(DETECTIONS)),
        Decisions(cluster, ahead_us),
        Rules.of(settings.clocks),
    )
    with watching(service, cluster, topics):
        follower.run()
