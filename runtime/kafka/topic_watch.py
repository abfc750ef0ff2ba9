"""Check from time to time that the topics of a process are still the ones it started with.

A topic that was deleted and created again has other records under the same offsets; in one that was
given more partitions, keys move to other partitions; one that compacts loses all but the newest
record of a key. None of that reaches a client as an error, and each makes its results wrong. So the
process ends, and an operator must act.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, is_refusal
from runtime.process.periodic import Periodic
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from schemas.topics import Topic

log = structlog.get_logger(__name__)

CHECK_S: Final = 10.0
"""Pause between two checks, s."""

_ANSWER_S = 10.0
_LOST_S = 10.0
_AGAIN = constant(0.2, deadline_s=30.0)


class Seen(NamedTuple):
    """A topic as the broker describes it.

    Attributes:
        id: Id from its creation; empty when the topic does not exist.
        partitions: Number of partitions.
        cleanup: Its `cleanup.policy`.
    """

    id: str
    partitions: int = 0
    cleanup: str = ""


MISSING: Final = Seen("")


class TopicWatch:
    """Watches topics in a thread of its own, from its creation on.

    Args:
        cluster: Where the topics are.
        topics: Topics that the process reads or writes, already checked against the table.
        end: Called once with the reason, from the thread, when the process must end.
        every_s: Pause between two checks, s.

    Raises:
        Retry: The broker is out of reach.
        Stop: A topic may not be described.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: Sequence[Topic],
        end: Callable[[Stop], None],
        every_s: float,
    ) -> None:
        self._cluster = cluster
        self._topics = {cluster.name(topic): topic for topic in topics}
        self._end = end
        self._missing: set[str] = set()
        self._known = self._describe_first()
        self._thread = Periodic(
            "topics", self._compare, self._failed, every_s=every_s, first_s=every_s
        )

    def start(self) -> None:
        """Start to check."""
        self._thread.start()

    def close(self) -> None:
        """Stop checking; a request in progress is abandoned."""
        self._thread.close()

    def _compare(self) -> None:
        """Check once.

        Raises:
            Retry: The broker is out of reach.
            Stop: The process must end.
        """
        found = self._describe()
        missing = {name for name, seen in found.items() if seen == MISSING}
        # A broker that has just started may not know a topic yet: asked twice, it does.
        reasons = differences(self._topics, self._known, found, missing & self._missing)
        self._missing = missing
        if reasons:
            raise Stop("; ".join(reasons))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Stop):
            self._thread.close()
            self._end(error)
        else:
            log.debug("topics.unknown", error=str(error))

    def _describe_first(self) -> dict[str, Seen]:
        """The topics at the start; waits for a broker that has just started.

        Raises:
            Retry: The broker is out of reach, or does not know them all.
            Stop: One may not be described.
        """

        def describe_all() -> dict[str, Seen]:
            found = self._describe()
            missing = ", ".join(name for name, seen in found.items() if seen == MISSING)
            if missing:
                raise Retry(f"the broker does not know {missing}")
            return found

        return retried(describe_all, Tries(_AGAIN, self._cluster.clock))

    def _describe(self) -> dict[str, Seen]:
        """Every topic as it is now.

        Raises:
            Retry: The broker is out of reach.
            Stop: One may not be described.
        """
        admin = self._cluster.admin()
        names = list(self._topics)
        found: dict[str, Seen] = {}
        try:
            described = admin.describe_topics(TopicCollection(names), request_timeout=_ANSWER_S)
            for name, future in described.items():
                try:
                    one = answer(future, _ANSWER_S + _LOST_S)
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise _unanswered(name, "DESCRIBE", error) from error
                    found[name] = MISSING
                else:
                    found[name] = Seen(str(one.topic_id), len(one.partitions))
            resources = [
                ConfigResource(ResourceType.TOPIC, name) for name in names if found[name] != MISSING
            ]
            if resources:
                asked = admin.describe_configs(resources, request_timeout=_ANSWER_S)
                for resource, future in asked.items():
                    try:
                        config = answer(future, _ANSWER_S + _LOST_S)
                    except KafkaException as error:
                        raise _unanswered(resource.name, "DESCRIBE_CONFIGS", error) from error
                    cleanup = str(config["cleanup.policy"].value)
                    found[resource.name] = found[resource.name]._replace(cleanup=cleanup)
        except KafkaException as error:
            raise Retry(f"topics cannot be looked at: {error.args[0].str()}") from error
        return found


def _unanswered(name: str, right: str, exc: KafkaException) -> Retry | Stop:
    """The error for a topic that the broker does not describe."""
    error: KafkaError = exc.args[0]
    problem = f"{name} cannot be looked at: {error.str()}"
    if is_refusal(error):
        return Stop(f"{problem}; this process needs {right} of the topic")
    return Retry(problem)


@contextmanager
def watching(service: Service, cluster: Cluster, topics: Sequence[Topic]) -> Iterator[None]:
    """Watch the topics of a process while the block runs, and end the process if one changes.

    Raises:
        Retry: The broker is out of reach.
        Stop: A topic may not be described.
    """
    watch = TopicWatch(cluster, topics, service.end, CHECK_S)
    watch.start()
    try:
        yield
    finally:
        watch.close()


def differences(
    topics: Mapping[str, Topic],
    known: Mapping[str, Seen],
    found: Mapping[str, Seen],
    missing: set[str],
) -> list[str]:
    """Why a process can no longer work with its topics; empty when it can.

    >>> from schemas.topics import FRAMES
    >>> was = {"frames": Seen("a", 32, "delete")}
    >>> differences({"frames": FRAMES}, was, {"frames": Seen("a", 33, "delete")}, set())
    ['frames has 33 partitions, not 32: keys are in other partitions since']

    Args:
        topics: Topics of the table, by name on the broker.
        known: Topics as they were when the process started.
        found: Topics as they are now.
        missing: Names of topics that are certainly gone.
    """
    reasons = []
    for name, topic in sorted(topics.items()):
        was, now = known[name], found[name]
        if name in missing:
            reasons.append(f"{name} was deleted while this process used it")
        if now == MISSING:
            continue
        if now.id != was.id:
            reasons.append(
                f"{name} was deleted and made again while this process used it (id {was.id}, now "
                f"{now.id}): what was not read of it is gone"
            )
        if now.partitions != topic.partitions:
            reasons.append(
                f"{name} has {now.partitions} partitions, not {topic.partitions}: keys are in "
                "other partitions since"
            )
        if now.cleanup not in {was.cleanup, topic.cleanup}:
            reasons.append(
                f"{name}: cleanup.policy is {now.cleanup}, not {topic.cleanup}: records are lost "
                "until it is set back"
            )
    return reasons
