"""The topics of one rebuild: those that the stage writes, under the rebuild's prefix."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import wait_until_led
from schemas.topics import Topic
from streams.stage import OUTPUTS

_TIMEOUT_S = 60.0
_DEFAULT_OF_THE_BROKER = -1


def create(run: Cluster, partitions: Iterable[int]) -> None:
    """Create the topics where they are missing, as large as they need to be.

    Raises:
        Retry: The broker is out of reach or refuses.
    """
    count = max(partitions, default=0) + 1
    admin = run.admin()
    wanted = [
        NewTopic(run.name(topic), count, _DEFAULT_OF_THE_BROKER, config=topic.config)
        for topic in OUTPUTS
    ]
    answers = admin.create_topics(wanted, operation_timeout=_TIMEOUT_S)
    _answer(answers, KafkaError.TOPIC_ALREADY_EXISTS)
    wait_until_led(admin, wanted, run.clock)


def held(run: Cluster) -> dict[Topic, int]:
    """Topics that exist, each with its number of partitions.

    Raises:
        Retry: The broker is out of reach.
    """
    try:
        there = run.admin().list_topics(timeout=_TIMEOUT_S).topics
    except KafkaException as error:
        raise Retry(f"topics {run.prefix}*: {error.args[0].str()}") from error
    names = {topic: run.name(topic) for topic in OUTPUTS}
    return {topic: len(there[name].partitions) for topic, name in names.items() if name in there}


def delete(run: Cluster) -> None:
    """Delete the topics that exist.

    Raises:
        Retry: The broker is out of reach.
    """
    names = [run.name(topic) for topic in OUTPUTS]
    admin = run.admin()  # kept: without it the answers would be lost
    answers = admin.delete_topics(names, operation_timeout=_TIMEOUT_S)
    _answer(answers, KafkaError.UNKNOWN_TOPIC_OR_PART)


def _answer(answers: Mapping[str, Future[None]], but: int) -> None:
    for name, future in answers.items():
        try:
            future.result(timeout=_TIMEOUT_S + 10.0)
        except KafkaException as error:
            if error.args[0].code() != but:
                raise Retry(f"topic {name}: {error.args[0].str()}") from error
