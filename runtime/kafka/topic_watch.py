"""Check from time to time that the topics of a process are still the ones it started with.

A topic that was deleted and created again has other records under the same offsets; in one that was
given more partitions, keys move to other partitions; one that compacts loses all but the newest
record of a key. None of that reaches a client as an error, and each makes its results wrong. So the
process ends, and an operator must act.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.topic_description import MISSING, TopicDescription, describe_visible
from runtime.process.periodic import Periodic
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from schemas.topics import Topic

log = structlog.get_logger(__name__)

CHECK_S: Final = 10.0
"""Pause between two checks, s."""

_AGAIN = constant(0.2, deadline_s=30.0)


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
        found = describe_visible(self._cluster, self._topics)
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

    def _describe_first(self) -> dict[str, TopicDescription]:
        """The topics at the start; waits for a broker that has just started.

        Raises:
            Retry: The broker is out of reach, or does not know them all.
            Stop: One may not be described.
        """

        def describe_all() -> dict[str, TopicDescription]:
            found = describe_visible(self._cluster, self._topics)
            missing = ", ".join(name for name, seen in found.items() if seen == MISSING)
            if missing:
                raise Retry(f"the broker does not know {missing}")
            return found

        return retried(describe_all, Tries(_AGAIN, self._cluster.clock))


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
    known: Mapping[str, TopicDescription],
    found: Mapping[str, TopicDescription],
    missing: set[str],
) -> list[str]:
    """Why a process can no longer work with its topics; empty when it can.

    >>> from schemas.topics import FRAMES
    >>> was = TopicDescription("a", 32, {"cleanup.policy": "delete"})
    >>> now = was._replace(partitions=33)
    >>> differences({"frames": FRAMES}, {"frames": was}, {"frames": now}, set())
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
                f"{now.id}): records that were not read are gone"
            )
        if now.partitions != topic.partitions:
            reasons.append(
                f"{name} has {now.partitions} partitions, not {topic.partitions}: keys are in "
                "other partitions since"
            )
        cleanup = now.settings["cleanup.policy"]
        if cleanup not in {was.settings["cleanup.policy"], topic.cleanup}:
            reasons.append(
                f"{name}: cleanup.policy is {cleanup}, not {topic.cleanup}: records are lost "
                "until it is set back"
            )
    return reasons
