"""Topics against topics: outcomes, tracks and links, events and occupancy, presence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.domain.person import is_sighting
from workers.operations.verification.logs import PartitionLog
from workers.operations.verification.result import Check, Window, at
from workers.storage.item import Item


class Seen(NamedTuple):
    """An outcome that its camera's fence lets through.

    Attributes:
        captured_us: Event time.
        frame_seq: Number of its frame.
        outcome: What became of the frame.
        offset: Its offset in the detections.
    """

    captured_us: int
    frame_seq: int
    outcome: str
    offset: int


def compare_tracks(
    outcomes: Mapping[str, Sequence[Seen]],
    tracks: PartitionLog,
    *,
    source: str,
    partition: int,
    folded: int,
    window: Window,
    check: Check,
) -> None:
    """Each frame that was looked at has its tracks, and tracks come from an outcome.

    Args:
        outcomes: By camera, in log order, fenced.
        tracks: Tracks of the same partition, read before the outcomes.
        source: Name of the detections on the broker.
        partition: Partition of the detections.
        folded: Offset of the detections up to which the stream processor has checkpointed.
        window: Event times that are compared.
        check: Receives what differs.
    """
    for camera_id in sorted(outcomes.keys() | tracks.by_key.keys()):
        found = {item.record["captured_us"]: item for item in tracks.by_key.get(camera_id, [])}
        seen = {one.captured_us: one for one in outcomes.get(camera_id, [])}
        for one in outcomes.get(camera_id, []):
            if not window.holds(one.captured_us) or one.outcome != "DETECTED":
                continue
            if one.offset < folded:
                check.add("frames looked at")
                if one.captured_us not in found:
                    where = at(source, partition, one.offset)
                    check.fault(where, f"frame {one.frame_seq} of {camera_id} has no tracks")
        for captured_us, item in found.items():
            if not window.holds(captured_us):
                continue
            check.add("tracks records")
            made_by = seen.get(captured_us)
            where = at(item.source, item.partition, item.offset)
            if made_by is None:
                check.fault(where, f"{camera_id} seq {item.seq}: no outcome has its captured_us")
            elif made_by.frame_seq != item.record["frame_seq"]:
                what = f"{camera_id} seq {item.seq}: frame_seq is {item.record['frame_seq']}"
                check.fault(where, f"{what}, of the outcome {made_by.frame_seq}")


def compare_links(
    links: PartitionLog, tracks: PartitionLog, *, window: Window, check: Check
) -> None:
    """The later track of a link is confirmed in the frame that gave the link; it began at its time.

    Args:
        links: Links of one partition, read after the tracks.
        tracks: Tracks of the same partition.
        window: Event times that are compared.
        check: Receives what differs.
    """
    frames: dict[str, dict[int, Item]] = {}
    for floor_id, items in links.by_key.items():
        for item in items:
            link = item.record
            as_of_us, camera_id = link["as_of_us"], link["to_camera_id"]
            if link["kind"] != "REIDENTIFICATION" or not window.holds(as_of_us):
                continue
            if link["to_track_id"] is None:
                continue  # between fused people, whom no single track shows
            known = tracks.by_key.get(camera_id, [])
            if not known or known[-1].record["captured_us"] < as_of_us:
                continue  # the tracks were read before
            if camera_id not in frames:
                frames[camera_id] = {one.record["captured_us"]: one for one in known}
            check.add("links")
            frame = frames[camera_id].get(as_of_us)
            shown = {} if frame is None else {t["track_id"]: t for t in frame.record["tracks"]}
            track = shown.get(link["to_track_id"])
            if (
                track is None
                or track["state"] != "CONFIRMED"
                or track["started_us"] != link["at_us"]
            ):
                where = at(item.source, item.partition, item.offset)
                what = f"{floor_id} seq {item.seq}: no frame of {camera_id} shows that track"
                check.fault(where, f"{what} {link['to_track_id']} begins as it says")


def compare_events(
    events: PartitionLog,
    occupancy: PartitionLog,
    *,
    progress: Mapping[tuple[str, str], int],
    window: Window,
    check: Check,
) -> None:
    """Who entered and has not left is who is there.

    Args:
        events: Events of one partition.
        occupancy: Occupancy of the same partition.
        progress: Last seq that the sinks have, by topic and key.
        window: Event times that are compared.
        check: Receives what differs.
    """
    for zone_id, measured in occupancy.by_key.items():
        most = progress.get((occupancy.topic.name, zone_id), 0)
        pending = events.by_key.get(zone_id, [])
        by_seq = {event.seq: event for event in pending}
        index = 0
        inside: set[str] | None = None
        for item in measured:
            as_of_us = item.record["as_of_us"]
            if item.seq > most or as_of_us >= window.to_us:
                break
            while index < len(pending) and pending[index].record["as_of_us"] <= as_of_us:
                inside = _after(inside, pending[index], by_seq)
                if inside is not None:
                    check.add("events")
                index += 1
            people = set(item.record["person_ids"])
            if inside is not None and inside != people and as_of_us >= window.from_us:
                where = at(item.source, item.partition, item.offset)
                what = f"{zone_id} seq {item.seq}: {sorted(people)} are there"
                check.fault(where, f"{what}, by its events {sorted(inside)}")
            inside = people
            check.add("measurements")


def _after(inside: set[str] | None, event: Item, by_seq: Mapping[int, Item]) -> set[str] | None:
    """Who is inside after an event; None where that is not known."""
    if inside is None:
        return None
    record = event.record
    if record["corrects"] is not None:
        corrected = by_seq.get(record["corrects"])
        if corrected is None:
            return None  # it lies before what was read, so whom it let in is not known
        if corrected.record["kind"] == "ENTERED":
            inside.discard(corrected.record["person_id"])
    if record["kind"] == "ENTERED":
        inside.add(record["person_id"])
    elif record["kind"] == "LEFT":
        inside.discard(record["person_id"])
    return inside


def compare_presence(
    presence: PartitionLog,
    occupancy: PartitionLog,
    *,
    progress: Mapping[tuple[str, str], int],
    window: Window,
    check: Check,
) -> None:
    """Who is seen in a zone counts there; arguments as `compare_events`."""
    for floor_id, ticks in presence.by_key.items():
        most = progress.get((presence.topic.name, floor_id), 0)
        zones = {
            zone_id: [item for item in items if item.record["floor_id"] == floor_id]
            for zone_id, items in occupancy.by_key.items()
        }
        indices = dict.fromkeys(zones, -1)
        for item in ticks:
            as_of_us = item.record["as_of_us"]
            if item.seq > most:
                break
            for zone_id, items in zones.items():
                while (
                    indices[zone_id] + 1 < len(items)
                    and items[indices[zone_id] + 1].record["as_of_us"] <= as_of_us
                ):
                    indices[zone_id] += 1
            if not window.holds(as_of_us):
                continue
            check.add("ticks")
            seen: Counter[str] = Counter()
            for person in item.record["people"]:
                for zone_id in person["zone_ids"]:
                    index = indices.get(zone_id, -1)
                    if index < 0:
                        continue  # its newest measurement lies before what was read
                    counted = zones[zone_id][index].record["person_ids"]
                    seen[zone_id] += 1
                    if is_sighting(floor_id, person["person_id"]):
                        there = seen[zone_id] <= len(counted)  # its ids are those of stays
                    else:
                        there = person["person_id"] in counted
                    if not there:
                        where = at(item.source, item.partition, item.offset)
                        what = f"{floor_id} seq {item.seq}: {person['person_id']} is in {zone_id}"
                        check.fault(where, f"{what}, whose occupancy does not count them")


def compare_latest(latest: PartitionLog, occupancy: PartitionLog, check: Check) -> None:
    """A newest value is one of the measurements, byte for byte."""
    for zone_id, items in latest.by_key.items():
        measured = {item.seq: item for item in occupancy.by_key.get(zone_id, [])}
        for item in items:
            check.add("values")
            other = measured.get(item.seq)
            if other is not None and other.value != item.value:
                where = at(item.source, item.partition, item.offset)
                check.fault(where, f"{zone_id} seq {item.seq}: not what was measured")
