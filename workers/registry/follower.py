"""Keep a view of the reference data up to date, in a thread of its own."""

from collections.abc import Sequence
from typing import Final

import structlog

from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.process.periodic import Periodic
from schemas.topics import CAMERA_VIEWS, REFERENCE_TOPICS, Topic
from workers.registry.view import RegistryView

log = structlog.get_logger(__name__)

SYNC_EVERY_S = 2.0
"""Pause between two reads of the reference data, s; a new fact takes effect only after 5 s."""

AGAIN_S = 10.0
"""Pause before reference data that a person must fix is read again from its beginning, s."""


_CLOSE_S: Final = 1.0


class RegistryFollower:
    """Reads the reference data again and again until `close`.

    While Kafka or the schema registry is away, or a topic is not as it must be, the view keeps the
    names that it has, and `view.error` says so.

    Args:
        cluster: Where the topics are.
        view: Receives the facts.
        topics: What it reads.
    """

    def __init__(
        self,
        cluster: Cluster,
        view: RegistryView,
        topics: Sequence[Topic] = (*REFERENCE_TOPICS, CAMERA_VIEWS),
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._view = view
        self._facts: FactLog | None = None
        self._thread = Periodic(
            "registry", self._read, self._failed, every_s=SYNC_EVERY_S, ended=self._leave
        )

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading; a read in progress is left to itself after a moment."""
        self._thread.close(_CLOSE_S)

    def _read(self) -> float | None:
        """Read new facts once; returns the pause after it if that is longer than usual, s.

        Raises:
            Retry: The broker or the registry is out of reach.
        """
        if self._facts is None:
            self._facts = FactLog(self._cluster, self._topics)
        try:
            new = self._facts.sync()
        except Stop as error:  # a person must fix a topic; until then old names beat none
            self._failed(error)
            self._leave()
            return AGAIN_S
        if self._view.add(new, self._facts.synced_us):
            log.info("serving.names_read", facts=len(new))
        return None

    def _leave(self) -> None:
        if self._facts is not None:
            self._facts.close()
            self._facts = None

    def _failed(self, error: Exception) -> None:
        if self._view.error != str(error):
            log.warning("serving.names_out_of_reach", error=str(error))
        self._view.failed(str(error))
