"""Poll the running pipeline: the data of the demo's table and summary."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.local.supervisor import Supervisor
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe, ends_of
from runtime.proxies import own_client
from schemas.topics import (
    DEAD_LETTERS,
    DERIVED_TOPICS,
    DETECTIONS,
    FRAMES,
    LIVE_TOPICS,
    Topic,
)
from workers.local.demo.probes import Scrape, scrape
from workers.stages import INFERENCE, SINK_REDIS, SINK_TIMESCALE

_WATCHED = (FRAMES, DETECTIONS, *DERIVED_TOPICS)
_ANSWER_S = 5.0
"""Longest wait for an answer to a poll, s: the next one asks again."""

Ends = dict[tuple[str, int], int]


@dataclass(slots=True)
class Observation:
    """The pipeline at one moment.

    Attributes:
        at_s: Time on the monotonic clock, s.
        answered: Whether the broker answered.
        scrapes: Metrics by process; a process that does not answer is absent.
        ends: End offsets by topic and partition.
        lags: Records that each process has yet to read.
        zones: Answer of /api/v1/zones; empty while the board does not answer.
    """

    at_s: float
    answered: bool = False
    scrapes: dict[str, Scrape] = field(default_factory=dict)
    ends: Ends = field(default_factory=dict)
    lags: dict[str, int] = field(default_factory=dict)
    zones: list[dict[str, Any]] = field(default_factory=list)

    def of(self, name: str) -> Scrape:
        """Metrics of a process; empty when it did not answer."""
        return self.scrapes.get(name, Scrape())


class Observer:
    """Polls the pipeline from outside.

    Args:
        cluster: Where the topics are.
        supervisor: Knows the processes and their metrics ports.
        board_url: URL of the board, ending in a slash.
        auth: Adds an access token, where the board asks for one.
    """

    def __init__(
        self,
        cluster: Cluster,
        supervisor: Supervisor,
        board_url: str,
        auth: httpx.Auth | None = None,
    ) -> None:
        self._cluster = cluster
        self._supervisor = supervisor
        self._board_url = board_url
        self._probe = LogProbe(cluster)
        self._quick = LogProbe(cluster, answer_s=_ANSWER_S)
        self._http = own_client(timeout=2.0, auth=auth)

    def name(self, topic: Topic) -> str:
        """Physical name of a topic."""
        return self._cluster.name(topic)

    def total(self, ends: Ends, topic: Topic) -> int:
        """Records ever appended to a topic."""
        return sum(ends_of(ends, [self.name(topic)]).values())

    def ends(self) -> Ends:
        """Ends of all topics that a run writes to; where they lie when it starts is its start.

        Raises:
            Retry: The broker is out of reach.
        """
        topics = (*_WATCHED, DEAD_LETTERS)
        return self._probe.ends({self.name(topic): topic.partitions for topic in topics})

    def poll(self, at_s: float, processes: tuple[str, ...], folded_before: int) -> Observation:
        """Poll once.

        Args:
            at_s: Time on the monotonic clock, s.
            processes: Names of the processes to scrape.
            folded_before: Detections in the log when the stream processor started.
        """
        found = Observation(at_s)
        for process in processes:
            answer = scrape(self._supervisor.metrics_port(process))
            if answer is not None:
                found.scrapes[process] = answer
        try:
            found.ends = self._quick.ends({self.name(t): t.partitions for t in _WATCHED})
        except Retry:
            return found
        found.answered = True
        groups = {
            "infer": (self._cluster.group(INFERENCE), {self.name(FRAMES)}),
            "sink-timescale": (
                self._cluster.group(SINK_TIMESCALE),
                {self.name(topic) for topic in DERIVED_TOPICS},
            ),
            "sink-redis": (
                self._cluster.group(SINK_REDIS),
                {self.name(topic) for topic in LIVE_TOPICS},
            ),
        }
        for process, (group, topics) in groups.items():
            consumed = ends_of(found.ends, topics)
            lag: int | None = None
            with suppress(Retry):
                lag = self._quick.lag(group, consumed)
            # What is not known has not caught up.
            found.lags[process] = sum(consumed.values()) if lag is None else lag
        folded = found.of("stream").total("wardstream_stream_events_total")
        found.lags["stream"] = max(
            0, self.total(found.ends, DETECTIONS) - folded_before - round(folded)
        )
        try:
            zones = self._http.get(f"{self._board_url}api/v1/zones")
            found.zones = zones.json()["zones"] if zones.is_success else []
        except (httpx.HTTPError, ValueError, KeyError):
            found.zones = []
        return found

    def close(self) -> None:
        """Disconnect."""
        self._http.close()
