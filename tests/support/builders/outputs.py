"""Records for the sinks: a small ward in which every number follows from a seed."""

import random
from collections.abc import Iterable
from typing import Any

from schemas.codec import Codec
from schemas.topics import (
    LINKS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    ZONE_ALERTS,
    ZONE_EVENTS,
    Topic,
)
from workers.storage.item import Item, read_item

START_US = 1_790_000_000_000_000 // 60_000_000 * 60_000_000
"""A whole minute of September 2026, UTC microseconds."""

SECOND_US = 1_000_000
TICK_US = 200_000


def at_us(seconds: float) -> int:
    """`seconds` after the start."""
    return START_US + round(seconds * 1e6)


def track(track_id: int, started: float, **values: Any) -> dict[str, Any]:
    """One track; times in seconds after the start."""
    last = values.pop("last_observed", started)
    return {
        "track_id": track_id,
        "state": "CONFIRMED",
        "x_min": 100.0,
        "y_min": 100.0,
        "x_max": 140.0,
        "y_max": 200.0,
        "velocity_x": 0.0,
        "velocity_y": 0.0,
        "score": 0.75,
        "observed": True,
        "started_us": at_us(started),
        "last_observed_us": at_us(last),
        "x_m": None,
        "y_m": None,
        "position_sd_m": None,
        **values,
    }


def camera_tracks(
    seq: int, seconds: float, tracks: list[dict[str, Any]], camera_id: str = "cam-1"
) -> dict[str, Any]:
    return {
        "camera_id": camera_id,
        "seq": seq,
        "captured_us": at_us(seconds),
        "floor_id": f"floor-of-{camera_id}",
        "frame_seq": seq,
        "width": 768,
        "height": 576,
        "tracks": tracks,
        "model_name": "yolox-nano",
        "model_version": "1",
        "camera_version": 2,
    }


def person(person_id: str, **values: Any) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "camera_ids": ["cam-1"],
        "foot_x_px": 120.0,
        "foot_y_px": 200.0,
        "x_m": None,
        "y_m": None,
        "zone_ids": ["zone-1"],
        "observed": True,
        "last_observed_us": START_US,
        "role": "",
        "role_confidence": 0.0,
        "staff_id": None,
        "calibration_suspect": False,
        "position_sd_m": None,
        "height_m": None,
        "candidates": [],
        "role_evidence": [],
        "duty_status": "UNKNOWN",
        **values,
    }


def presence(
    seq: int,
    seconds: float,
    people: list[dict[str, Any]],
    floor_id: str = "floor-1",
    coverage: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "floor_id": floor_id,
        "seq": seq,
        "as_of_us": at_us(seconds),
        "inputs_through_us": at_us(seconds),
        "cameras_missing": [],
        "people": people,
        "coverage": coverage,
    }


def floor_coverage(people: int, roles: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """Coverage of a floor on which nobody is in two zones and no role stands in for another."""
    known = sum(one["present_min"] for one in roles)
    empty = sum(one["gap_max"] for one in roles)
    return {
        "people": people,
        "identified": known,
        "scheduled": sum(one["scheduled"] for one in roles),
        "required": sum(one["required"] for one in roles),
        "least_required": sum(one["least_required"] for one in roles),
        "gap_min": max(0, empty - (people - known)),
        "gap_max": empty,
        "possible_since_us": None,
        "sure_since_us": None,
        "is_watched": True,
        "roles": roles,
        **values,
    }


def link(
    seq: int, seconds: float, earlier: int, later: int, camera_id: str = "cam-1", **values: Any
) -> dict[str, Any]:
    """A link from a track that began at a time to an earlier one, sent half a second later."""
    return {
        "floor_id": f"floor-of-{camera_id}",
        "seq": seq,
        "at_us": at_us(seconds),
        "kind": "REIDENTIFICATION",
        "from_person_id": f"{camera_id}:{earlier}",
        "to_person_id": f"{camera_id}:{later}",
        "from_camera_id": camera_id,
        "from_track_id": earlier,
        "to_camera_id": camera_id,
        "to_track_id": later,
        "score": 0.75,
        "reason": "seen again after 3.0 s, 0.5 body heights away",
        "evidence": {"gap_s": 3.0, "distance_heights": 0.5, "distance_m": None},
        "as_of_us": at_us(seconds + 0.5),
        "inputs_through_us": at_us(seconds + 0.5),
        "badge_id": "",
        **values,
    }


def zone_event(
    seq: int, seconds: float, kind: str, person_id: str, entered: float, **values: Any
) -> dict[str, Any]:
    dwell_us = None if kind == "ENTERED" else at_us(seconds) - at_us(entered)
    return {
        "zone_id": "zone-1",
        "seq": seq,
        "at_us": at_us(seconds),
        "kind": kind,
        "person_id": person_id,
        "floor_id": "floor-1",
        "camera_id": "cam-1",
        "entered_us": at_us(entered),
        "dwell_us": dwell_us,
        "as_of_us": at_us(seconds),
        "inputs_through_us": at_us(seconds),
        "corrects": None,
        **values,
    }


def role(
    name: str, present: int, unknown: int, required: int, scheduled: int = 0
) -> dict[str, Any]:
    return {
        "role": name,
        "present_min": present,
        "present_max": present + unknown,
        "scheduled": scheduled,
        "required": required,
        "gap_min": max(0, required - present - unknown),
        "gap_max": max(0, required - present),
        "least_required": required,
        "standing_in": [],
        "possible_since_us": None,
        "sure_since_us": None,
    }


def occupancy(seq: int, seconds: float, people: int, **values: Any) -> dict[str, Any]:
    return {
        "zone_id": "zone-1",
        "seq": seq,
        "as_of_us": at_us(seconds),
        "inputs_through_us": at_us(seconds),
        "cameras_missing": [],
        "floor_id": "floor-1",
        "reason": "CHANGE",
        "people": people,
        "identified": 0,
        "scheduled": 0,
        "required": 0,
        "gap_min": 0,
        "gap_max": 0,
        "roles": [],
        "person_ids": [f"cam-1:{number}" for number in range(people)],
        "least_required": 0,
        "possible_since_us": None,
        "sure_since_us": None,
        "is_watched": True,
        "count": None,
        "census": None,
        "longest_since_us": None,
        **values,
    }


def zone_alert(seconds: float, action: str, zone_id: str = "zone-1") -> dict[str, Any]:
    """A decision about an alert that is opened every 20 s, and closed after 10 s."""
    opened_us = at_us(seconds - seconds % 20)
    return {
        "alert_id": f"gap/zone/{zone_id}",
        "opened_us": opened_us,
        "action": action,
        "cause": "BREACH" if action == "OPENED" else "CLEARED",
        "decided_us": at_us(seconds),
        "since_us": opened_us - SECOND_US,
        "rule_id": "gap",
        "rule_version": 1,
        "rule_name": "A gap",
        "kind": "COVERAGE_GAP",
        "tier": "PAGE",
        "owner": "charge nurse",
        "next_action": "go",
        "escalate_after_s": None,
        "escalate_to": "",
        "stage": "EVERYWHERE",
        "pilot_unit_ids": [],
        "zone_id": zone_id,
        "role": "nurse",
        "person_ids": [],
        "camera_ids": [],
        "figure_min": 1,
        "figure_max": 2,
        "threshold": 1,
        "confidence": 0.875,
        "is_stale": False,
        "pages": True,
        "held_back_by": [],
        "suppressed": 0,
        "evidence": [{"topic": OCCUPANCY.name, "key": zone_id, "as_of_us": opened_us}],
    }


def floor_alerts(seq: int, seconds: float, floor_id: str, zone_id: str) -> dict[str, Any]:
    """The alerts of a floor with one zone, every 10 s."""
    opens = seconds % 20 == 0
    decided = zone_alert(seconds, "OPENED" if opens else "CLOSED", zone_id)
    return {
        "floor_id": floor_id,
        "seq": seq,
        "as_of_us": at_us(seconds),
        "inputs_through_us": at_us(seconds),
        "reason": "CHANGE",
        "decided": [decided],
        "open": [decided] if opens else [],
    }


def codec(topic: Topic) -> Codec:
    """A codec with a schema id of its own, for tests without a registry."""
    return Codec(topic, schema_id=1, find_schema=lambda _: "")


_CODECS: dict[str, Codec] = {}


def item(topic: Topic, record: dict[str, Any], offset: int = 0) -> Item:
    """A record as the consumer loop hands it to a sink, encoded and decoded once."""
    if topic.name not in _CODECS:
        _CODECS[topic.name] = codec(topic)
    coder = _CODECS[topic.name]
    identity = topic.key.removesuffix("@version")
    key = str(record[identity])
    if identity != topic.key:
        key = f"{key}@{record['version']}"
    return read_item(coder, topic.name, 0, offset, key.encode(), coder.encode(record))


def items(topic: Topic, records: Iterable[dict[str, Any]]) -> list[Item]:
    return [item(topic, record, offset) for offset, record in enumerate(records)]


def ward(seconds: int, seed: int = 1, rooms: int = 2) -> list[tuple[Topic, dict[str, Any]]]:
    """Everything that the stream processor would send of a few rooms, in log order.

    People come and go at random, and each newcomer is linked to the person who left last. Every
    room has a camera, a floor and a zone of its own, 5 frames and 5 ticks a second, and occupancy
    on each change and every 10 s.
    """
    rng = random.Random(seed)
    log: list[tuple[Topic, dict[str, Any]]] = []
    for room in range(rooms):
        log += _room(rng, f"r{room}", seconds)
    log.sort(key=lambda entry: (_time(entry[1]), entry[0].name))
    return log


def _time(record: dict[str, Any]) -> int:
    time: int = record.get("captured_us") or record.get("at_us") or record["as_of_us"]
    return time


def _room(rng: random.Random, room: str, seconds: int) -> list[tuple[Topic, dict[str, Any]]]:
    log: list[tuple[Topic, dict[str, Any]]] = []
    camera, floor, zone = f"cam-{room}", f"floor-{room}", f"zone-{room}"
    inside: dict[int, float] = {}
    gone: list[int] = []
    seqs = dict.fromkeys(("tracks", "presence", "links", "events", "occupancy", "alerts"), 0)
    new_track = 0

    def next_seq(name: str) -> int:
        seqs[name] += 1
        return seqs[name]

    for tick in range(seconds * 5):
        now = tick / 5
        changed = tick % 50 == 0
        leaving = {number for number in inside if rng.random() < 0.02}
        tracks = [
            track(
                number,
                since,
                last_observed=now,
                observed=rng.random() < 0.9,
                score=rng.randrange(100) / 128,
                state="ENDED" if number in leaving else "CONFIRMED",
                x_m=rng.choice([None, number / 8]),
                y_m=1.5,
            )
            for number, since in inside.items()
        ]
        for number in sorted(leaving):
            since = inside.pop(number)
            gone.append(number)
            event = zone_event(
                next_seq("events"), now, "LEFT", f"{camera}:{number}", since, zone_id=zone
            )
            log.append((ZONE_EVENTS, event))
            changed = True
        if rng.random() < 0.05:
            new_track += 1
            inside[new_track] = now
            tracks.append(track(new_track, now, state="TENTATIVE"))
            if gone:
                reported = link(
                    next_seq("links"), now, gone.pop(), new_track, camera, floor_id=floor
                )
                log.append((LINKS, reported))
            event = zone_event(
                next_seq("events"), now, "ENTERED", f"{camera}:{new_track}", now, zone_id=zone
            )
            log.append((ZONE_EVENTS, event))
            changed = True
        log.append((TRACKS, camera_tracks(next_seq("tracks"), now, tracks, camera)))
        people = [person(f"{camera}:{number}", zone_ids=[zone]) for number in sorted(inside)]
        nurses = role("nurse", min(1, len(inside)), max(0, len(inside) - 1), 2, 2)
        covered = floor_coverage(len(inside), [nurses])
        log.append((PRESENCE, presence(next_seq("presence"), now, people, floor, covered)))
        if changed:
            record = occupancy(
                next_seq("occupancy"),
                now,
                len(inside),
                zone_id=zone,
                floor_id=floor,
                reason="PERIODIC" if tick % 50 == 0 else "CHANGE",
                required=2,
                scheduled=2,
                gap_min=nurses["gap_min"],
                gap_max=nurses["gap_max"],
                roles=[nurses],
                person_ids=[row["person_id"] for row in people],
            )
            log.append((OCCUPANCY, record))
        if tick % 50 == 0:
            log.append((ZONE_ALERTS, floor_alerts(next_seq("alerts"), now, floor, zone)))
    return log
