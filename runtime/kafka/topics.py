"""Create the topics of the table, and refuse a broker whose topics differ from it."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer
from runtime.kafka.topic_description import MISSING, TopicDescription, describe
from runtime.retry import Tries, constant, retried
from schemas.topics import TOPICS, Topic

_TIMEOUT_S = 60.0
_ANSWER_S = 10.0
_LOST_S = 10.0
"""Time after its own timeout at which a request is given up, s."""

_AGAIN = constant(0.1, deadline_s=_TIMEOUT_S)


def create_topics(cluster: Cluster, replication: int = 1) -> list[str]:
    """Create what is missing, then check everything; returns the names created.

    Topics of an earlier release get the pieces of their logs as the table has them: that deletes no
    record before its time.

    Raises:
        Retry: The broker cannot be reached.
        Stop: A topic exists with other partitions or settings.
    """
    admin = cluster.admin()
    wanted = [
        NewTopic(cluster.name(topic), topic.partitions, replication, config=topic.config)
        for topic in TOPICS.values()
    ]
    created = []
    for name, future in admin.create_topics(wanted, operation_timeout=_TIMEOUT_S).items():
        try:
            answer(future, _TIMEOUT_S + _LOST_S)
            created.append(name)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            if cause.retriable() or cause.code() == KafkaError._TRANSPORT:
                raise Retry(
                    f"Kafka at {cluster.bootstrap} is out of reach: {cause.str()}"
                ) from error
            raise Stop(f"topic {name} cannot be created: {cause.str()}") from error
    _wait_until_known(admin, created, cluster.clock)
    _cut_pieces(cluster, admin)
    check_topics(cluster)
    wait_until_led(admin, wanted, cluster.clock)
    return created


_PIECES: Final = "segment.ms"


def _cut_pieces(cluster: Cluster, admin: AdminClient) -> None:
    """Have the logs of existing topics in pieces as the table says, and wait until they are.

    Raises:
        Retry: The broker cannot be reached.
        Stop: It refuses.
    """
    expected = {cluster.name(topic): topic for topic in TOPICS.values() if _PIECES in topic.config}

    def others() -> dict[str, str]:
        found = describe(cluster, expected)
        return {
            name: topic.config[_PIECES]
            for name, topic in expected.items()
            if found[name].settings.get(_PIECES, topic.config[_PIECES]) != topic.config[_PIECES]
        }

    def check() -> None:
        if left := others():
            raise Retry(f"topics with other pieces after {_TIMEOUT_S:.0f} s: {', '.join(left)}")

    wanted = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(_PIECES, value, incremental_operation=AlterConfigOpType.SET)
            ],
        )
        for name, value in others().items()
    ]
    if not wanted:
        return
    for resource, future in admin.incremental_alter_configs(wanted).items():
        try:
            answer(future, _TIMEOUT_S)
        except KafkaException as error:
            why = f"{_PIECES} of topic {resource.name} cannot be set: {error.args[0].str()}"
            raise Stop(why) from error
    retried(check, Tries(_AGAIN, cluster.clock))


def _wait_until_known(admin: AdminClient, names: list[str], clock: Clock) -> None:
    """Wait until every partition of new topics has a leader; creation answers before that.

    Raises:
        Retry: They have none in time.
    """

    def check() -> None:
        known = admin.list_topics(timeout=_TIMEOUT_S).topics
        left = [
            name
            for name in names
            if name not in known
            or not known[name].partitions
            or any(partition.leader < 0 for partition in known[name].partitions.values())
        ]
        if left:
            raise Retry(f"topics without a leader after {_TIMEOUT_S:.0f} s: {', '.join(left)}")

    if names:
        retried(check, Tries(_AGAIN, clock))


def wait_until_led(admin: AdminClient, topics: list[NewTopic], clock: Clock) -> None:
    """Wait until every partition can be read; a broker that just started answers before that.

    Raises:
        Retry: Some cannot in time.
    """
    # Not asked for offsets before it is known, or the client would recall for 30 s that it is not.
    _wait_until_known(admin, [topic.topic for topic in topics], clock)
    left = {TopicPartition(t.topic, number) for t in topics for number in range(t.num_partitions)}

    def check() -> None:
        request = {partition: OffsetSpec.latest() for partition in left}  # type: ignore[no-untyped-call]
        reason = ""
        for partition, future in admin.list_offsets(request, request_timeout=_ANSWER_S).items():
            try:
                answer(future, _ANSWER_S + _LOST_S)
                left.discard(partition)
            except KafkaException as error:
                reason = error.args[0].str()
        if left:
            raise Retry(f"{len(left)} partitions cannot be read after {_TIMEOUT_S:.0f} s: {reason}")

    retried(check, Tries(_AGAIN, clock))


def check_topics(cluster: Cluster, topics: list[Topic] | None = None) -> None:
    """Compare topics on the broker with the table.

    Args:
        cluster: Where the topics are.
        topics: The topics that a process is about to use; all when None.

    Raises:
        Retry: The broker cannot be reached.
        Stop: A topic is missing, may not be seen, or has other partitions or settings; names all
            of them.
    """
    faults = topic_faults(cluster, topics)
    if faults:
        raise Stop("topics differ from the table: " + "; ".join(faults))


def topic_faults(cluster: Cluster, topics: list[Topic] | None = None) -> list[str]:
    """How topics on the broker differ from the table, as messages; empty when they do not.

    Args:
        cluster: Where the topics are.
        topics: Topics to compare; all when None.

    Raises:
        Retry: The broker cannot be reached.
    """
    expected = {cluster.name(topic): topic for topic in topics or TOPICS.values()}
    found = describe(cluster, expected)
    return sorted(
        fault for name, topic in expected.items() for fault in _faults(name, topic, found[name])
    )


def _faults(name: str, topic: Topic, found: TopicDescription) -> list[str]:
    """How one topic on the broker differs from the table."""
    if found == MISSING:
        return [f"{name} is missing; run `wardstream topics create`"]
    if found.refused is not None and not found.id:
        return [f"{name} may not be seen by this process: {found.refused.reason}"]
    if found.partitions != topic.partitions:
        return [f"{name} has {found.partitions} partitions, not {topic.partitions}"]
    if found.refused is not None:
        return [f"settings of {name}: {found.refused.reason}"]
    return [
        f"{name}: {setting} is {found.settings[setting]}, not {value}"
        for setting, value in topic.config.items()
        if found.settings[setting] != value
    ]
