"""The chain from a zone's figure back to the picture, and which of its links are still there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from runtime.kafka.cluster import Cluster
from runtime.kafka.partitioner import partition_of
from schemas.topics import (
    BADGE_READS,
    DETECTIONS,
    FRAMES,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    Topic,
)
from workers.explain.figure import Link, Row
from workers.explain.position import Search, find
from workers.retention.entry import span
from workers.storage.timescale.rows import at as to_moment


class Step(NamedTuple):
    """One kind of record on the way from the picture to the figure.

    Attributes:
        what: What it is, in words.
        topic: Topic of the record.
        table: Table that keeps the same for longer; empty for none.
    """

    what: str
    topic: Topic
    table: str = ""


STEPS: Final = (
    Step("figure of the zone", OCCUPANCY, "zone_occupancy"),
    Step("people on the floor", PRESENCE, "positions"),
    Step("tracks before a camera", TRACKS, "tracks"),
    Step("detections in a frame", DETECTIONS),
    Step("frame", FRAMES),
)
"""The way back, in order."""

READS: Final = Step("read of a badge", BADGE_READS)
"""What a role or a name rests on beside the cameras."""

MOST_CAMERAS: Final = 4
"""Cameras whose records are looked for; frames are large, and one question reads no more."""

FACTS_KEPT: Final = "for ever"
"""For how long versions of facts are kept; see docs/reference/data-protection.md."""


def kept(topic: Topic) -> str:
    """For how long a topic keeps a record, in words."""
    return FACTS_KEPT if topic.retention_ms < 0 else span(topic.retention_ms / 1_000)


def look_up(
    cluster: Cluster,
    *,
    zone_id: str,
    floor_id: str,
    partition: int,
    cameras: Sequence[str],
    at: datetime,
    now: datetime,
) -> Iterator[Link]:
    """Look for each record of the chain in the log.

    Args:
        cluster: Where the topics are.
        zone_id: Zone of the figure.
        floor_id: Its floor.
        partition: Partition of that floor.
        cameras: Cameras that saw people in the zone.
        at: Event time of the figure.
        now: Now, with a time zone.

    Raises:
        Retry: The broker or the registry is out of reach.
    """
    keys = {"zone_id": [zone_id], "floor_id": [floor_id], "camera_id": list(cameras)}
    for step in STEPS:
        for key in keys[step.topic.key][MOST_CAMERAS:]:
            note = f"records of {MOST_CAMERAS} cameras are looked for"
            yield Link(
                what=step.what,
                store=step.topic.name,
                key=key,
                state="not looked for",
                kept=kept(step.topic),
                note=note,
            )
        for key in keys[step.topic.key][:MOST_CAMERAS]:
            placed = step.topic.placed_by_floor
            number = partition if placed else partition_of(key, step.topic.partitions)
            searched = find(cluster, step.topic, number, key, at)
            yield _link(step, key, number, searched, at, now)


def of_tables(
    retention: Mapping[str, Row], keys: Mapping[str, str], at: datetime
) -> Iterator[Link]:
    """Whether the tables still have the rows of the chain.

    Args:
        retention: Rows of the table `retention`, by table.
        keys: Key of the rows, by table.
        at: Event time of the figure.
    """
    for step in STEPS:
        if not step.table:
            continue
        rule = retention.get(step.table)
        keep = None if rule is None else rule["keep"]
        dropped_before = None if rule is None else rule["dropped_before"]
        gone = dropped_before is not None and dropped_before > at
        yield Link(
            what=step.what,
            store=f"table {step.table}",
            key=keys.get(step.table, ""),
            state="expired" if gone else "there",
            kept=FACTS_KEPT if keep is None else span(keep.total_seconds()),
            since=at + keep if gone and keep is not None else None,
        )


def _link(
    step: Step, key: str, partition: int, searched: Search, at: datetime, now: datetime
) -> Link:
    topic = step.topic
    found = searched.found
    common = {"what": step.what, "store": topic.name, "key": key, "kept": kept(topic)}
    if found is not None:
        return Link(
            **common,  # type: ignore[arg-type]
            state="there",
            partition=partition,
            offset=found.offset,
            at=to_moment(found.at_us),
            appended=to_moment(found.appended_ms * 1_000),
        )
    ends = None if topic.retention_ms < 0 else at + timedelta(milliseconds=topic.retention_ms)
    oldest = None if searched.oldest_ms is None else to_moment(searched.oldest_ms * 1_000)
    if ends is not None and ends <= now and (oldest is None or oldest > at):
        return Link(**common, state="expired", since=ends, partition=partition)  # type: ignore[arg-type]
    if not searched.is_whole:
        note = "more records lie behind this moment than are read for one question"
        return Link(**common, state="not looked for", partition=partition, note=note)  # type: ignore[arg-type]
    return Link(**common, state="not found", partition=partition)  # type: ignore[arg-type]


def remains_after(after: timedelta) -> Iterator[tuple[str, str, bool]]:
    """Which links are there a time after their moment, by the retention of a new installation.

    A topic's record is deleted with the segment that it is in, so it may outlive its retention.

    Yields:
        What the link is, its store, and whether it is certain to be there still.
    """
    for step in (*STEPS, READS):
        ms = step.topic.retention_ms
        yield step.what, step.topic.name, ms < 0 or timedelta(milliseconds=ms) >= after
