"""Reference data of an arm: what the log held for the range, with what the arm replaces."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from runtime.facts.log import Fact, FactLog
from runtime.kafka.cluster import Cluster
from schemas.topics import CAMERA_VIEWS, CAMERAS, FOLDED_TOPICS
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import InvalidFact, visible_from
from workers.operations.experiments.value.experiment import Arm, digest_of
from workers.registry.registered import identity_field


class FixedFacts:
    """Facts that do not change while they are folded with.

    Args:
        log: Facts of the log, in order.
        arm: What it replaces; None for the line's facts alone.
        until_us: Facts that are visible from then on are left out, UTC microseconds.
    """

    def __init__(self, log: Sequence[Fact], arm: Arm | None, until_us: int) -> None:
        self._facts = Facts()
        replaced = {} if arm is None else arm.facts
        for topic, record in log:
            given = replaced.get(topic.name, ())
            identity = identity_field(topic)
            if visible_from(record) >= until_us:
                continue
            if any(one[identity] == record[identity] for one in given):
                continue
            with suppress(InvalidFact):  # the version before it stays in force, as in the line
                self._facts.add(topic.name, record)
        for name, records in replaced.items():
            for record in records:
                self._facts.add(name, record)

    def ensure(self, at_us: int) -> Facts:  # noqa: ARG002 - what was read is what there is
        """The facts, whatever the event time."""
        return self._facts

    def offsets(self) -> Mapping[str, int]:
        """Nothing: no checkpoint is made."""
        return {}


def read_facts(cluster: Cluster) -> list[Fact]:
    """All facts and decisions that the fold reads, topic by topic, in the order of the log.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A topic holds something that is no fact.
    """
    log = FactLog(cluster, FOLDED_TOPICS)
    try:
        return log.sync()
    finally:
        log.close()


def digest_until(log: Sequence[Fact], until_us: int) -> str:
    """Digest of the facts that an event before a time can see."""
    return digest_of([[t.name, r] for t, r in log if visible_from(r) < until_us])


def moved_cameras(log: Sequence[Fact], from_us: int, to_us: int) -> dict[str, str]:
    """Cameras that were registered anew or under suspicion to have moved within a time, and why."""
    found: dict[str, str] = {}
    for topic, record in log:
        if not from_us <= visible_from(record) <= to_us or record["removed"]:
            continue
        if topic is CAMERAS and record["version"] > 1:
            found[record["camera_id"]] = f"registered anew as version {record['version']}"
        if topic is CAMERA_VIEWS and record["state"] == "SUSPECT":
            found.setdefault(record["camera_id"], f"its view became {record['state'].lower()}")
    return found
