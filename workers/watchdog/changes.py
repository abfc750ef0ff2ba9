"""Check topics for changes in a thread of its own, so that observations do not wait for it."""

from typing import Final

import structlog

from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import topic_faults
from runtime.process.periodic import Periodic
from workers.observation.groups import PipelineProbe
from workers.observation.losses import Loss, loss_of

log = structlog.get_logger(__name__)

EVERY_S: Final = 10.0
"""Pause between two checks, s."""

_ANSWER_S: Final = 30.0


class ChangeWatch:
    """Checks topics and committed offsets, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        losses: Records that were lost before a stage read them, as last checked.
        topics: Differences between topics and the topic table, as last checked.
        topics_known: Whether the topics were ever checked.
        current: Whether everything was checked once, so that every loss is known.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._probe = PipelineProbe(cluster, _ANSWER_S)
        self._thread = Periodic(
            "changes", self.check, self._failed, every_s=EVERY_S, first_s=EVERY_S
        )
        self.losses: tuple[Loss, ...] = ()
        self.topics: tuple[str, ...] = ()
        self.topics_known = False
        self.current = False

    def start(self) -> None:
        """Start checking."""
        self._thread.start()

    def close(self) -> None:
        """Stop checking; a request in progress is left to itself."""
        self._thread.close()

    def check(self) -> None:
        """Check once.

        Raises:
            Retry: The broker is out of reach, or does not have a topic; `topics` then says which.
        """
        # Asked first: offsets cannot be asked for while a topic is missing.
        self.topics = tuple(topic_faults(self._cluster))
        self.topics_known = True
        since_us = {(loss.process, loss.text): loss.since_us for loss in self.losses}
        now_us = self._clock.now_us()
        found = [loss_of(process, one, now_us) for process, one in self._probe.breaks()]
        self.losses = tuple(
            loss._replace(since_us=since_us.get((loss.process, loss.text), now_us))
            for loss in found
        )
        self.current = True

    def _failed(self, error: Exception) -> None:
        # An outage of the broker is reported by `Observer`, which probes the log.
        log.debug("watchdog.changes_unknown", error=str(error))
