"""Run the step of alerts over stored records, under rules that are tried."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from runtime.errors import DeadLetter, Retry
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic, spans
from runtime.kafka.topic_partition import key_of
from schemas.codec import Codec
from schemas.records.rules import Rule, ZoneAlert
from schemas.registry import RegistryUnavailable
from schemas.topics import FOLDED_TOPICS, RULES, Topic
from streams.domain.alerts.replay import AlertReplay, RulesInForce
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import InvalidFact
from streams.domain.floor.tick import TICK_US
from workers.simulation.ticks import TOPICS, FloorTick, Ticks
from workers.storage.item import Item, read_item

LEAD_US = 3_600_000_000
"""Records are followed from so long before the time that is asked for, microseconds."""


class Decided(NamedTuple):
    """A decision of a simulation.

    Attributes:
        floor_id: Floor of the alert.
        alert: The decision.
    """

    floor_id: str
    alert: ZoneAlert


class Simulation:
    """What rules would have decided between two times.

    Args:
        facts: Facts and decisions, with the rules.
        from_us: First event time that is reported, microseconds.
        to_us: Last one.

    Attributes:
        counts: Records by what became of them, see `Ticks`.
        followed_us: Event time of all floors together that was followed, microseconds.
    """

    def __init__(self, facts: Facts, from_us: int, to_us: int) -> None:
        self._facts = facts
        self._from_us, self._to_us = from_us, to_us
        self.counts: Counter[str] = Counter()
        self.followed_us = 0

    def of(self, items: Iterator[Item]) -> Iterator[Decided]:
        """Decisions about the floors of one partition, in order of time for each.

        Args:
            items: Its records, about in the order in which they were appended.
        """
        ticks = Ticks()
        floors: dict[str, AlertReplay] = {}
        for tick in ticks.of(items):
            at_us = tick.emitted.as_of_us
            if not self._from_us - LEAD_US <= at_us <= self._to_us:
                continue
            yield from self._take(floors, tick)
        for replay in floors.values():
            # Time goes on for as long as there are records: nobody knows about a silent floor.
            self.followed_us += max(0, replay.closed_us - max(self._from_us, replay.from_us))
        self.counts += ticks.counts

    def _take(self, floors: dict[str, AlertReplay], tick: FloorTick) -> Iterator[Decided]:
        floor_id = tick.floor_id
        replay = floors.get(floor_id)
        if replay is None:
            rules_at = partial(self._rules, floor_id)
            at_us = tick.emitted.as_of_us
            replay = floors[floor_id] = AlertReplay(rules_at, at_us - TICK_US, TICK_US)
        for alert in replay.take(tick.emitted):
            if alert["decided_us"] >= self._from_us:
                yield Decided(floor_id, alert)

    def _rules(self, floor_id: str, at_us: int) -> RulesInForce:
        snapshot = self._facts.at(at_us)
        return RulesInForce(snapshot.alert_rules(floor_id), snapshot.until_us)


def facts_with(cluster: Cluster, rules: Sequence[Mapping[str, object]] | None) -> Facts:
    """The facts and decisions of an installation, with rules that are tried.

    Args:
        cluster: Where they are.
        rules: Rules that hold all the time, as records, in the place of those that are registered;
            None for these.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A topic holds something that is no fact.
    """
    topics = [topic for topic in FOLDED_TOPICS if rules is None or topic is not RULES]
    log = FactLog(cluster, topics)
    facts = Facts()
    try:
        for fact in log.sync():
            with suppress(InvalidFact):  # the version before it stays in force, as in the fold
                facts.add(fact.topic.name, fact.record)
    finally:
        log.close()
    for rule in rules or ():
        facts.add(RULES.name, rule)
    return facts


def tried(row: Mapping[str, object]) -> Rule:
    """A rule that holds all the time, from the fields of its row."""
    stamps = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
    return {**row, **stamps, "recorded_by": ""}  # type: ignore[typeddict-item]


def partitions_of(cluster: Cluster) -> list[int]:
    """Partitions that hold records of floors."""
    return sorted({where for topic in TOPICS for where in spans(cluster, topic)})


def records_of(
    cluster: Cluster, partition: int, since_us: int, given_up: Callable[[DeadLetter], None]
) -> Iterator[Item]:
    """Records of a partition that rules look at, about in the order in which they were appended.

    Args:
        cluster: Where they are.
        partition: Which partition.
        since_us: Records that were appended before are left out, UTC microseconds; no record is
            appended before its event time.
        given_up: Told of what is no record.

    Raises:
        Retry: Broker or registry are out of reach.
    """
    since_ms = max(0, since_us // 1000)

    def of(topic: Topic) -> Iterator[tuple[int, int, Item]]:
        codec: Codec = cluster.registry.reader(topic)
        rank = TOPICS.index(topic)
        for message in read_topic(cluster, topic, [partition], since_ms=since_ms):
            name, offset = message.topic() or "", message.offset() or 0
            try:
                item = read_item(codec, name, partition, offset, key_of(message), message.value())
            except DeadLetter as error:
                given_up(error)
                continue
            except RegistryUnavailable as error:
                raise Retry(str(error)) from error
            yield message.timestamp()[1], rank, item

    merged = heapq.merge(*(of(topic) for topic in TOPICS), key=lambda one: one[:2])
    return (item for _, _, item in merged)
