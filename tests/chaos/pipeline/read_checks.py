"""Checks of what a run made of its reads of badges."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from runtime.checkpoints import SettingsSpan
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, DETECTIONS, LINKS, PRESENCE
from streams.domain.evidence.waiting import fault_of
from tests.chaos.pipeline.histories import History
from tests.support.clusters import cluster_of
from workers.operations.verification.oracle import settings_by_partition
from workers.storage.item import Item

CLOSED_WITHIN_US = 3_000_000
"""The tick of an outcome is closed so soon after it, in event time, microseconds."""

_LATE = re.compile(r"badge (\S+) was read by (\S+), and that was known")


def wrong_reads(
    settings: Settings, topics: Mapping[str, History], *, seamed: bool, live: bool
) -> list[str]:
    """Where reads had no effect, counted twice, or were taken before they were to be, in words.

    Args:
        settings: Settings with which the input is found.
        topics: Records that were written, by topic.
        seamed: Whether an earlier release began, which takes no reads.
        live: Whether reads were sent as they were made, so that few are late.
    """
    links = [
        item
        for items in topics.get(LINKS.name, {}).values()
        for item in items
        if item.record["kind"] == "BADGE"
    ]
    named = [
        item
        for items in topics.get(PRESENCE.name, {}).values()
        for item in items
        if any(person["role"] or person["staff_id"] for person in item.record["people"])
    ]
    found = [] if named else ["no read gave anybody a role or a name"]
    found += [] if links or live else ["no read became a link"]
    found += _counted_twice(settings, links)
    if seamed:
        found += _too_early(settings, [*named, *links])
    return found


def _counted_twice(settings: Settings, links: Sequence[Item]) -> list[str]:
    """Late reads that are more links than they are in the log."""
    codec = SchemaRegistry(settings.registry_url).reader(BADGE_READS)
    appended: Counter[tuple[str, int, str, str]] = Counter()
    for message in read_topic(cluster_of(settings), BADGE_READS):
        read = codec.decode(message.value())
        if fault_of(read) is None:
            key = (read["floor_id"], read["at_us"], read["badge_id"], read["reader_id"])
            appended[key] += 1
    linked: Counter[tuple[str, int, str, str]] = Counter()
    for item in links:
        late = _LATE.match(item.record["reason"])
        if late is not None:
            linked[item.record["floor_id"], item.record["at_us"], late[1], late[2]] += 1
    return [
        f"read {key} is {number} links, and in the log {appended[key]} times"
        for key, number in sorted(linked.items())
        if number > appended[key]
    ]


def _too_early(settings: Settings, items: Sequence[Item]) -> list[str]:
    """What reads brought before settings held that take them."""
    starts = {
        partition: _first_that_takes(spans)
        for partition, spans in settings_by_partition(cluster_of(settings)).items()
    }
    codec = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    before_us: dict[int, int] = {}
    for message in read_topic(cluster_of(settings), DETECTIONS):
        partition, offset = message.partition() or 0, message.offset() or 0
        start = starts.get(partition)
        if start is None or offset < start:
            at_us = codec.decode(message.value())["captured_us"]
            before_us[partition] = max(before_us.get(partition, 0), at_us)
    return [
        f"{item.key} seq {item.seq} is by reads, before any setting took them"
        for item in items
        if item.record["as_of_us"] <= before_us.get(item.partition, 0) - CLOSED_WITHIN_US
    ]


def _first_that_takes(spans: Sequence[SettingsSpan]) -> int | None:
    """First offset from which on reads are taken; None where they never are."""
    taking = [one.from_offset for one in spans if one.values["floor"].get("takes_reads")]
    return min(taking, default=None)
