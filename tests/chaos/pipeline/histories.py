"""Checks for a run that two releases have written, which no single fold can repeat."""

from collections.abc import Mapping, Sequence

from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.codec import HEADER_BYTES
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, TRACKS
from tests.support.clusters import cluster_of
from workers.storage.item import Item

History = Mapping[str, Sequence[Item]]
"""Distinct records of a topic by key, in order of seq."""


def one_history(settings: Settings, topics: Mapping[str, History]) -> list[str]:
    """Where a subscriber would find a gap, a repeated time or a missing frame, in words.

    The caller finds seqs with two versions.

    Args:
        settings: Settings with which the input is found.
        topics: Records that were written, by topic.
    """
    found = []
    for topic, history in topics.items():
        for key, items in history.items():
            seqs = [item.seq for item in items]
            if topic != OCCUPANCY_LATEST.name and seqs != list(range(1, len(seqs) + 1)):
                found.append(f"{topic} key {key}: {len(seqs)} records up to seq {seqs[-1]}")
    found += _latest(topics.get(OCCUPANCY.name, {}), topics.get(OCCUPANCY_LATEST.name, {}))
    for topic, field in ((TRACKS.name, "captured_us"), (PRESENCE.name, "as_of_us")):
        for key, items in topics.get(topic, {}).items():
            times = [item.record[field] for item in items]
            if times != sorted(set(times)):
                found.append(f"{topic} key {key}: a time was told twice, or out of order")
    tracks = topics.get(TRACKS.name, {})
    for camera_id, frames in _frames(settings).items():
        reported = {item.record["captured_us"] for item in tracks.get(camera_id, ())}
        if lost := sorted(frames - reported):
            found.append(f"camera {camera_id}: no tracks of {len(lost)} frames, first {lost[0]}")
    return found


def _latest(measured: History, latest: History) -> list[str]:
    """Where the latest occupancy is not the measured one with the same seq."""
    bodies = {
        (key, item.seq): item.value[HEADER_BYTES:]
        for key, items in measured.items()
        for item in items
    }
    return [
        f"{OCCUPANCY_LATEST.name} key {key}: seq {item.seq} was not measured"
        for key, items in latest.items()
        for item in items
        if bodies.get((key, item.seq)) != item.value[HEADER_BYTES:]
    ]


def _frames(settings: Settings) -> dict[str, set[int]]:
    """Event times of the detected frames that are in order, by camera."""
    codec = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    newest: dict[str, int] = {}
    frames: dict[str, set[int]] = {}
    for message in read_topic(cluster_of(settings), DETECTIONS):
        outcome = codec.decode(message.value())
        camera_id, at_us = outcome["camera_id"], outcome["captured_us"]
        if at_us <= newest.get(camera_id, 0):
            continue
        newest[camera_id] = at_us
        if outcome["outcome"] == "DETECTED":
            frames.setdefault(camera_id, set()).add(at_us)
    return frames
