"""Follow `dead-letters.v1` for the board."""

from collections.abc import Sequence

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import parse
from runtime.kafka.follower import Follower
from schemas.topics import DEAD_LETTERS
from workers.serving.live.recent_dead_letters import WINDOW_S, RecentDeadLetters

log = structlog.get_logger(__name__)


class DeadLetterFollower:
    """Follows `dead-letters.v1` until `close`; reads headers alone, so that no schema is needed.

    Args:
        cluster: Cluster that holds the topic.
        recent: What it fills.
    """

    def __init__(self, cluster: Cluster, recent: RecentDeadLetters) -> None:
        self._recent = recent
        self._follower = Follower(
            "board-dead-letters",
            cluster,
            [DEAD_LETTERS],
            self._take,
            self._failed,
            age_s=WINDOW_S,
        )

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading; waits only a moment for a request in progress."""
        self._follower.close()

    def _take(self, messages: Sequence[Message], at_end: bool) -> None:
        for message in messages:
            headers = parse(message).headers
            stage, reason = (headers.get(name, "")[:100] for name in ("stage", "reason"))
            appended_us = message.timestamp()[1] * 1_000
            self._recent.take(stage or "unknown", reason or "unknown", appended_us)
        self._recent.current |= at_end

    def _failed(self, error: Exception) -> None:
        self._recent.clear()
        log.debug("serving.dead_letters_out_of_reach", error=str(error))
