"""What a broker says of topics: their ids, partitions and settings."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, is_refusal

_ANSWER_S = 10.0
_LOST_S = 10.0
"""Time after its own timeout at which a request is given up, s."""

_OUT_OF_REACH = (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)


class Refused(NamedTuple):
    """Why a process may not see a topic, or only parts.

    Attributes:
        right: Right that it lacks: `DESCRIBE` or `DESCRIBE_CONFIGS`.
        reason: Message of the broker.
    """

    right: str
    reason: str


class TopicDescription(NamedTuple):
    """A topic as the broker describes it.

    Attributes:
        id: Id from its creation; empty when the topic does not exist or may not be seen.
        partitions: Number of partitions.
        settings: Value of each setting, by name; empty when they may not be seen.
        refused: Why the description is not complete; None when it is.
    """

    id: str
    partitions: int = 0
    settings: Mapping[str, str] = MappingProxyType({})
    refused: Refused | None = None


MISSING: Final = TopicDescription("")


def describe(
    cluster: Cluster,
    names: Iterable[str],
    *,
    settings: bool = True,
    answer_s: float = _ANSWER_S,
) -> dict[str, TopicDescription]:
    """Each topic as it is now, `MISSING` where it does not exist.

    Args:
        cluster: Where the topics are.
        names: Names on the broker.
        settings: Whether to ask for settings, which needs a right of its own.
        answer_s: Time within which the broker has to answer each of the two questions, s.

    Raises:
        Retry: The broker is out of reach, or has no answer now.
    """
    admin = cluster.admin()
    wanted = list(names)
    if not wanted:
        return {}
    found: dict[str, TopicDescription] = {}
    try:
        described = admin.describe_topics(TopicCollection(wanted), request_timeout=answer_s)
    except KafkaException as error:
        raise _unanswered(cluster, ", ".join(wanted), error.args[0]) from error
    for name, topic in described.items():
        try:
            one = answer(topic, answer_s + _LOST_S)
            found[name] = TopicDescription(str(one.topic_id), len(one.partitions))
        except KafkaException as error:
            found[name] = _without(cluster, name, MISSING, "DESCRIBE", error.args[0])
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in wanted if found[name].id]
    if not resources or not settings:
        return found
    asked = admin.describe_configs(resources, request_timeout=answer_s)
    for resource, config in asked.items():
        seen = found[resource.name]
        try:
            entries = answer(config, answer_s + _LOST_S)
        except KafkaException as error:
            found[resource.name] = _without(
                cluster, resource.name, seen, "DESCRIBE_CONFIGS", error.args[0]
            )
        else:
            values = {setting: str(entry.value) for setting, entry in entries.items()}
            found[resource.name] = seen._replace(settings=values)
    return found


def describe_visible(
    cluster: Cluster,
    names: Iterable[str],
    *,
    settings: bool = True,
    answer_s: float = _ANSWER_S,
) -> dict[str, TopicDescription]:
    """As `describe`, for a process that may see these topics.

    Raises:
        Retry: The broker is out of reach, or has no answer now.
        Stop: One may not be seen; the message names the right.
    """
    found = describe(cluster, names, settings=settings, answer_s=answer_s)
    for name, topic in found.items():
        if topic.refused is not None:
            raise Stop(
                f"{name} cannot be looked at: {topic.refused.reason}; this process needs "
                f"{topic.refused.right} of the topic"
            )
    return found


def _without(
    cluster: Cluster, name: str, seen: TopicDescription, right: str, error: KafkaError
) -> TopicDescription:
    """The description of a topic where a question failed.

    Raises:
        Retry: The broker is out of reach, or has no answer now.
    """
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return MISSING
    if is_refusal(error):
        return seen._replace(refused=Refused(right, str(error.str())))
    raise _unanswered(cluster, name, error)


def _unanswered(cluster: Cluster, name: str, error: KafkaError) -> Retry:
    if error.code() in _OUT_OF_REACH:
        return Retry(f"Kafka at {cluster.bootstrap} is out of reach: {error.str()}")
    return Retry(f"{name} cannot be looked at: {error.str()}")
