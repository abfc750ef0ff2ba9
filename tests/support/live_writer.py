"""Append made-up records of what the board shows live; the Redis sink writes their values."""

import time
from collections.abc import Mapping
from typing import Any

import redis

from runtime.process.sections import SinkSettings
from runtime.process.settings import Settings
from schemas.live import changes_key
from schemas.topics import OCCUPANCY, PRESENCE, TRACKS, ZONE_ALERTS, ZONE_EVENTS, Topic
from tests.support.clusters import make_redis_sink
from tests.support.live_log import LiveLog


def now_us() -> int:
    """The wall clock, UTC microseconds."""
    return time.time_ns() // 1_000


class LiveWriter:
    """Appends records of zones, cameras, floors, events and alerts, with their next `seq`.

    Each is in Redis when its method returns, which gives the id of the newest change there.

    Args:
        log: The topics, and the loop of the sink that reads them.
        url: URL of a Redis.
        prefix: Prefix of every key.
        changes_length: Approximate number of entries that the stream of changes keeps.
        topic_prefix: Topic prefix of the run that the values belong to.
    """

    def __init__(
        self,
        log: LiveLog,
        url: str,
        prefix: str,
        changes_length: int = 10_000,
        topic_prefix: str = "",
    ) -> None:
        self.client = redis.Redis.from_url(url, protocol=2)
        settings = Settings.model_validate(
            {
                "redis_url": url,
                "redis_prefix": prefix,
                "topic_prefix": topic_prefix,
                "sink": SinkSettings(changes_length=changes_length),
            }
        )
        self.prefix = settings.live_prefix
        self._log = log
        self._sink = make_redis_sink(settings)
        self._seqs: dict[tuple[str, str], int] = {}

    def zone(self, zone_id: str, **fields: Any) -> str:
        """Append a zone's occupancy; the gap follows from the other numbers unless it is given."""
        record: dict[str, Any] = {
            "zone_id": zone_id,
            "as_of_us": now_us(),
            "inputs_through_us": 0,
            "cameras_missing": [],
            "floor_id": "ward-3",
            "reason": "CHANGE",
            "people": 0,
            "identified": 0,
            "scheduled": 0,
            "required": 0,
            "roles": [],
            "person_ids": [],
        }
        record |= fields
        unknown = record["people"] - record["identified"]
        record.setdefault("gap_max", max(0, record["required"] - record["identified"]))
        record.setdefault("gap_min", max(0, record["gap_max"] - unknown))
        return self._write(OCCUPANCY, zone_id, record)

    def camera(self, camera_id: str, tracks: list[dict[str, Any]], **fields: Any) -> str:
        """Append a camera's tracks; see `track`."""
        record: dict[str, Any] = {
            "camera_id": camera_id,
            "captured_us": now_us(),
            "floor_id": "ward-3",
            "frame_seq": 1,
            "width": 768,
            "height": 576,
            "tracks": tracks,
            "model_name": "yolox-nano",
            "model_version": "3f9a1c20",
        }
        record |= fields
        return self._write(TRACKS, camera_id, record)

    def floor(self, floor_id: str = "ward-3", **fields: Any) -> str:
        """Append a floor's presence at a tick."""
        record: dict[str, Any] = {
            "floor_id": floor_id,
            "as_of_us": now_us(),
            "inputs_through_us": 0,
            "cameras_missing": [],
            "people": [],
        }
        record |= fields
        return self._write(PRESENCE, floor_id, record)

    def zone_event(self, zone_id: str, kind: str, **fields: Any) -> str:
        """Append that somebody entered or left."""
        record: dict[str, Any] = {
            "zone_id": zone_id,
            "at_us": now_us(),
            "kind": kind,
            "person_id": "left:1",
            "floor_id": "ward-3",
            "camera_id": "left",
            "entered_us": now_us(),
            "dwell_us": None,
            "as_of_us": now_us(),
            "inputs_through_us": 0,
            "corrects": None,
        }
        record |= fields
        return self._write(ZONE_EVENTS, zone_id, record)

    def alerts(self, floor_id: str = "ward-3", *still_open: dict[str, Any], **fields: Any) -> str:
        """Append the alerts of a floor that are open after a tick, decided at it; see `alert`."""
        record: dict[str, Any] = {
            "floor_id": floor_id,
            "as_of_us": now_us(),
            "inputs_through_us": 0,
            "reason": "CHANGE",
            "decided": list(still_open),
            "open": list(still_open),
        }
        record |= fields
        return self._write(ZONE_ALERTS, floor_id, record)

    def _write(self, topic: Topic, identity: str, record: Mapping[str, Any]) -> str:
        seq = self._seqs[topic.name, identity] = self._seqs.get((topic.name, identity), 0) + 1
        self._log.append(self._sink, topic, identity, {"seq": seq, **record})
        newest: Any = self.client.xrevrange(changes_key(self.prefix), count=1)
        return str(newest[0][0].decode())


def track(track_id: int, foot_x: float, foot_y: float, **fields: Any) -> dict[str, Any]:
    """A confirmed track whose box stands on a foot point, px."""
    at_us = now_us()
    return {
        "track_id": track_id,
        "state": "CONFIRMED",
        "x_min": foot_x - 12.0,
        "y_min": foot_y - 60.0,
        "x_max": foot_x + 12.0,
        "y_max": foot_y,
        "velocity_x": 0.0,
        "velocity_y": 0.0,
        "score": 0.9,
        "observed": True,
        "started_us": at_us,
        "last_observed_us": at_us,
        "x_m": None,
        "y_m": None,
        "position_sd_m": None,
        **fields,
    }


def alert(zone_id: str, **fields: Any) -> dict[str, Any]:
    """An alert of a zone that was opened a minute ago: a nurse is missing; it may be delivered."""
    at_us = now_us() - 60_000_000
    return {
        "alert_id": f"gap/zone/{zone_id}",
        "opened_us": at_us,
        "action": "OPENED",
        "cause": "BREACH",
        "decided_us": at_us,
        "since_us": at_us - 300_000_000,
        "rule_id": "gap",
        "rule_version": 1,
        "rule_name": "A nurse is missing",
        "kind": "COVERAGE_GAP",
        "tier": "PAGE",
        "owner": "charge nurse",
        "next_action": "Move a float to the zone",
        "escalate_after_s": None,
        "escalate_to": "",
        "stage": "EVERYWHERE",
        "pilot_unit_ids": [],
        "zone_id": zone_id,
        "role": "nurse",
        "person_ids": [],
        "camera_ids": [],
        "figure_min": 1,
        "figure_max": 1,
        "threshold": 1,
        "confidence": 1.0,
        "is_stale": False,
        "pages": True,
        "held_back_by": [],
        "suppressed": 0,
        "evidence": [{"topic": OCCUPANCY.name, "key": zone_id, "as_of_us": at_us}],
        **fields,
    }


def unit_fact(unit_id: str, **fields: Any) -> dict[str, Any]:
    """A unit that has been registered for an hour."""
    at_us = now_us() - 3_600_000_000
    return {
        "unit_id": unit_id,
        "version": 1,
        "valid_from_us": at_us,
        "recorded_at_us": at_us,
        "removed": False,
        "recorded_by": "test",
        "site": "",
        "department": "",
        "name": unit_id,
        "floor_ids": [],
        "zone_ids": [],
        "neighbour_ids": [],
        **fields,
    }


def zone_fact(zone_id: str, **fields: Any) -> dict[str, Any]:
    """A zone that has been registered for an hour."""
    at_us = now_us() - 3_600_000_000
    return {
        "zone_id": zone_id,
        "version": 1,
        "valid_from_us": at_us,
        "recorded_at_us": at_us,
        "removed": False,
        "recorded_by": "test",
        "floor_id": "ward-3",
        "camera_id": "left",
        "name": zone_id,
        "space": "IMAGE_PX",
        "polygon": [{"x": 0.0, "y": 0.0}, {"x": 99.0, "y": 0.0}, {"x": 99.0, "y": 99.0}],
        "enter_after_ms": 500,
        "leave_after_ms": 1000,
        "dwell_limit_s": None,
        "order": 0,
        **fields,
    }


def staff_fact(staff_id: str, **fields: Any) -> dict[str, Any]:
    """A member of staff who has been registered for an hour."""
    at_us = now_us() - 3_600_000_000
    return {
        "staff_id": staff_id,
        "version": 1,
        "valid_from_us": at_us,
        "recorded_at_us": at_us,
        "removed": False,
        "recorded_by": "test",
        "role": "",
        **fields,
    }


def camera_fact(camera_id: str, **fields: Any) -> dict[str, Any]:
    """A camera that has been registered for an hour."""
    at_us = now_us() - 3_600_000_000
    return {
        "camera_id": camera_id,
        "version": 1,
        "valid_from_us": at_us,
        "recorded_at_us": at_us,
        "removed": False,
        "recorded_by": "test",
        "floor_id": "ward-3",
        "name": camera_id,
        "width": 768,
        "height": 576,
        "privacy_masks": [],
        "homography": None,
        "projection": None,
        "lens": None,
        "mount": "FIXED",
        **fields,
    }


def floor_fact(floor_id: str, **fields: Any) -> dict[str, Any]:
    """A floor that has been registered for an hour."""
    at_us = now_us() - 3_600_000_000
    return {
        "floor_id": floor_id,
        "version": 1,
        "valid_from_us": at_us,
        "recorded_at_us": at_us,
        "removed": False,
        "recorded_by": "test",
        "partition": 3,
        "name": floor_id,
        "time_zone": "Europe/Vienna",
        "drawing": None,
        **fields,
    }
