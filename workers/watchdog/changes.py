"""Look whether the log itself has changed, beside the looks that must not wait."""

from typing import Final

import structlog

from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import topic_faults
from runtime.process.periodic import Periodic
from workers.observation.groups import PipelineProbe
from workers.observation.losses import Loss, loss_of

log = structlog.get_logger(__name__)

EVERY_S: Final = 10.0
"""Time between two looks, s."""

_ANSWER_S: Final = 30.0


class ChangeWatch:
    """Looks at topics and committed offsets, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        losses: What stages have not read and cannot read any more, as last seen.
        topics: In what topics differ from their table, as last seen.
        topics_known: Whether it has seen that at all.
        current: Whether it has seen all of this once, so that what it does not tell is not there.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._probe = PipelineProbe(cluster, _ANSWER_S)
        self._thread = Periodic(
            "changes", self.look, self._failed, every_s=EVERY_S, first_s=EVERY_S
        )
        self.losses: tuple[Loss, ...] = ()
        self.topics: tuple[str, ...] = ()
        self.topics_known = False
        self.current = False

    def start(self) -> None:
        """Start to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking; a request in progress is left to itself."""
        self._thread.close()

    def look(self) -> None:
        """Look once.

        Raises:
            Retry: The broker is out of reach, or does not have a topic; that is in `topics` then.
        """
        # Asked first: of a topic that is not there no offsets can be asked.
        self.topics = tuple(topic_faults(self._cluster))
        self.topics_known = True
        since_us = {(loss.process, loss.words): loss.since_us for loss in self.losses}
        now_us = self._clock.now_us()
        found = [loss_of(process, one, now_us) for process, one in self._probe.breaks()]
        self.losses = tuple(
            loss._replace(since_us=since_us.get((loss.process, loss.words), now_us))
            for loss in found
        )
        self.current = True

    def _failed(self, error: Exception) -> None:
        # An outage of the broker is reported by `Observer`, which probes the log.
        log.debug("deadman.changes_unknown", error=str(error))
