"""Append what was decided to a topic of decisions: read first, under a claim; none is lost."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from runtime.facts.log import APPEND_WITHIN_US, Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from runtime.kafka.transactional import Messages
from schemas.topics import Topic

Newest = Mapping[str, Any] | None
"""The newest version of a decision; None before the first."""

Choice = Callable[[Newest], dict[str, Any] | None]
"""Makes the content of the next version from the newest one; None to write nothing."""

_MESSAGES: Final = Messages(
    refused="decisions cannot be written: {error}",
    nothing="nothing was decided: {error}; try again",
    rival="somebody else decided at the same time, so nothing was written; try again",
    late="the broker did not take the decision in time, so nothing was written; try again",
    unknown="whether the decision was written is not known ({error}); look, and try again",
)


def decide(
    cluster: Cluster, topic: Topic, identity: str, choice: Choice, *, by: str
) -> dict[str, Any] | None:
    """Append the next version of a decision.

    Whoever claims a topic of decisions ends the claim of the one before: what is read after that
    and written under the claim follows the newest version, or fails.

    Args:
        cluster: Cluster that holds the topic.
        topic: A topic of decisions.
        identity: What is decided about.
        choice: Gives the content, without key, version, times, `removed` and author; it may give
            `valid_from_us`, which is now when it does not.
        by: Who decides.

    Returns:
        The record that was written; None when there was nothing to write.

    Raises:
        Retry: The broker or the schema registry is out of reach, or somebody else decided at the
            same time. The message says whether nothing was written.
        RegistryUnavailable: The schema registry is out of reach; nothing was written.
        Stop: The topic holds something that is no decision.
    """
    name = topic.key.removesuffix("@version")
    with FactWriter(cluster, topic.name.partition(".")[0], _MESSAGES) as writer:
        writer.prepare([topic])
        log = FactLog(cluster, [topic])
        try:
            versions = [fact.record for fact in log.sync() if fact.record[name] == identity]
        finally:
            log.close()
        newest = max(versions, key=lambda record: int(record["version"]), default=None)
        content = choice(newest)
        if content is None:
            return None
        now_us = cluster.clock.now_us()
        record = {
            name: identity,
            "version": 1 if newest is None else newest["version"] + 1,
            "valid_from_us": now_us,
            "recorded_at_us": now_us,
            "removed": False,
            "recorded_by": by,
            **content,
        }
        writer.publish([Fact(topic, record)], append_by_us=now_us + APPEND_WITHIN_US)
        return record
