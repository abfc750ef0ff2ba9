"""The watchdog sees the losses of a stopped stage before the stage runs again."""

from contextlib import suppress

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from runtime.errors import Retry
from runtime.kafka.continuity import GONE, SHORTENED, Break
from runtime.process.settings import Settings
from schemas.topics import DETECTIONS, FRAMES, TRACKS, Topic
from tests.integration.log_loss.logs import DEADLINE_S, admin_of, append, expire, make
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually
from workers import stages
from workers.observation.groups import CONSUMED, PipelineProbe
from workers.watchdog.changes import ChangeWatch

PARTITION = 7


def test_offsets_outside_of_the_log_are_reported_by_stage_and_partition(settings: Settings) -> None:
    make(settings, *dict.fromkeys(topic for _, topics in CONSUMED.values() for topic in topics))
    append(settings, FRAMES, 6, PARTITION)
    append(settings, TRACKS, 2, PARTITION)
    commit(settings, stages.INFERENCE, FRAMES, 3)
    commit(settings, stages.SINK_REDIS, TRACKS, 2)
    probe = PipelineProbe(cluster_of(settings), 30.0)
    eventually(lambda: breaks(probe) == [], DEADLINE_S, "all is well")

    expire(settings, FRAMES, PARTITION, before=5)
    commit(settings, stages.SINK_REDIS, TRACKS, 9)

    wanted = [
        ("infer", Break(cluster_of(settings).name(FRAMES), PARTITION, GONE, 3, 5)),
        ("sink-redis", Break(cluster_of(settings).name(TRACKS), PARTITION, SHORTENED, 2, 9)),
    ]
    eventually(lambda: breaks(probe) == wanted, DEADLINE_S, "both are seen")


def test_the_hint_that_a_stream_processor_commits_beside_its_checkpoints_is_no_loss(
    settings: Settings,
) -> None:
    make(settings, *dict.fromkeys(topic for _, topics in CONSUMED.values() for topic in topics))
    append(settings, DETECTIONS, 4, PARTITION)
    commit(settings, "stream", DETECTIONS, 1)
    expire(settings, DETECTIONS, PARTITION, before=4)

    probe = PipelineProbe(cluster_of(settings), 30.0)
    eventually(lambda: breaks(probe) == [], DEADLINE_S, "no loss is seen")


def test_a_topic_that_is_not_there_is_named_although_its_offsets_cannot_be_asked(
    settings: Settings,
) -> None:
    consumed = dict.fromkeys(topic for _, topics in CONSUMED.values() for topic in topics)
    make(settings, *(topic for topic in consumed if topic != FRAMES))
    watch = ChangeWatch(cluster_of(settings))

    def topics_seen() -> bool:
        with suppress(Retry):
            watch.check()
        return watch.topics_known

    eventually(topics_seen, DEADLINE_S, "the topics are seen")
    name = cluster_of(settings).name(FRAMES)
    assert f"{name} is missing; run `wardstream topics create`" in watch.topics
    assert watch.topics_known
    assert not watch.current, "nobody knows what the stages lack"


def breaks(probe: PipelineProbe) -> list[tuple[str, Break]] | None:
    """Losses that the probe sees; None while leaders of new topics are elected."""
    try:
        return probe.breaks()
    except Retry:
        return None


def commit(settings: Settings, stage: str, topic: Topic, offset: int) -> None:
    """Commit for a group that has no members now."""
    position = TopicPartition(cluster_of(settings).name(topic), PARTITION, offset)
    group = cluster_of(settings).group(stage)
    admin = admin_of(settings)
    request = [ConsumerGroupTopicPartitions(group, [position])]
    admin.alter_consumer_group_offsets(request)[group].result(30)
