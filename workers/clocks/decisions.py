"""Write what is decided about clocks to camera-clock.v1: one writer for each camera.

Only the owner of a partition of the detections decides about its cameras. The records and the
owner's place in the group go in one transaction, under a claim of the partition: of two processes
that both believe to be the owner, the broker refuses the one that the group has given up. A
decision is for events to come, so what was sent is never touched.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import structlog
from confluent_kafka import TopicPartition

from runtime.facts.log import APPEND_WITHIN_US, VISIBLE_AFTER_US, FactLog, fact_key
from runtime.kafka.cluster import Cluster
from runtime.kafka.transactional import FencedProducer, Messages, Note, Outgoing
from runtime.process.metrics import CLOCK_DECISIONS
from schemas.records.cameras import CameraClock
from schemas.topics import CAMERA_CLOCK
from workers.clocks.estimator import Decision
from workers.stages import CLOCKS

log = structlog.get_logger(__name__)

CLAIM: Final = "clocks-"
"""Claim of a writer, followed by the partition of the detections whose cameras it decides about."""

_SECOND_US: Final = 1_000_000

_MESSAGES = Messages(
    refused="decisions about clocks cannot be written: {error}",
    nothing="no decision was written: {error}; it is made again",
    rival="another process decides about these cameras now, so nothing was written",
    late="the broker did not take the decisions in time, so nothing was written; they come again",
    unknown="whether the decisions were written is not known ({error}); the log will tell",
)


class Decisions:
    """What was decided about the clocks of all cameras, and the right to add to it.

    Args:
        cluster: Where the topic is.
        ahead_us: How long before it holds a decision is written, microseconds; at least as long as
            a fact takes to be visible.

    Attributes:
        newest: The newest version about each camera.
    """

    def __init__(self, cluster: Cluster, ahead_us: int) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._ahead_us = max(ahead_us, VISIBLE_AFTER_US)
        self._log = FactLog(cluster, [CAMERA_CLOCK])
        self._codec = cluster.registry.writer(CAMERA_CLOCK)
        self.newest: dict[str, CameraClock] = {}

    def refresh(self) -> list[CameraClock]:
        """Read the log to its end; returns the versions that are new.

        Raises:
            Retry: The broker is out of reach.
            Stop: The log holds something that is no decision.
        """
        found = [cast("CameraClock", record) for _, record in self._log.sync()]
        for record in found:
            known = self.newest.get(record["camera_id"])
            if known is None or record["version"] > known["version"]:
                self.newest[record["camera_id"]] = record
        return found

    def write(
        self, partition: int, wanted: Mapping[str, Decision], group: Any, position: TopicPartition
    ) -> list[CameraClock]:
        """Append decisions about cameras of a partition, all or none.

        A decision about a camera of which the log holds a newer version than was known is dropped:
        the process that wrote it was the owner, and what it decided is in force.

        Args:
            partition: Partition of the detections.
            wanted: Decisions by camera.
            group: The owner's place in its group.
            position: Up to where the owner has read the partition.

        Returns:
            Every version that is new in the log, those of others included.

        Raises:
            Retry: Another process is the owner now, or the broker did not answer. The message says
                whether nothing was written or that is not known.
            Stop: This process may not write, or the log holds something that is no decision.
        """
        versions = {name: self._version(name) for name in wanted}
        with FencedProducer(self._cluster, f"{CLAIM}{partition}", _MESSAGES) as producer:
            found = self.refresh()
            now_us = self._clock.now_us()
            made = [
                self._record(name, decision, now_us)
                for name, decision in sorted(wanted.items())
                if self._version(name) == versions[name]
            ]
            if made:
                producer.write(
                    [self._outgoing(one) for one in made],
                    by_us=now_us + APPEND_WITHIN_US,
                    note=Note(group, [position]),
                )
        for one in made:
            self.newest[one["camera_id"]] = one
            CLOCK_DECISIONS.labels(one["state"]).inc()
            log.info(
                "clocks.decided",
                **{name: one[name] for name in ("camera_id", "version", "epoch", "state")},
                **{name: one[name] for name in ("offset_us", "drift_ppm", "delay_us", "jump_us")},
            )
        return [*found, *made]

    def _version(self, camera_id: str) -> int:
        known = self.newest.get(camera_id)
        return 0 if known is None else known["version"]

    def _record(self, camera_id: str, decision: Decision, now_us: int) -> CameraClock:
        """A decision as the next version; cameras that are decided about together begin together.

        Whole seconds, so that the facts change at few moments.
        """
        known = self.newest.get(camera_id)
        from_us = -(-(now_us + self._ahead_us) // _SECOND_US) * _SECOND_US
        fields: dict[str, Any] = {
            "camera_id": camera_id,
            "version": 1 if known is None else known["version"] + 1,
            "valid_from_us": from_us if known is None else max(from_us, known["valid_from_us"]),
            "recorded_at_us": now_us,
            "removed": False,
            "recorded_by": CLOCKS,
            **decision._asdict(),
        }
        return cast("CameraClock", fields)

    def _outgoing(self, record: CameraClock) -> Outgoing:
        key = fact_key(CAMERA_CLOCK, dict(record)).encode()
        value = self._codec.encode(record)
        return Outgoing(self._cluster.name(CAMERA_CLOCK), 0, key, value)

    def close(self) -> None:
        """Leave the broker."""
        self._log.close()
