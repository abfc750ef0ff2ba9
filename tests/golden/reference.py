"""The reference data of the goldens' world, with an edit of every kind in the ten minutes."""

from collections.abc import Iterator
from typing import Any

from tests.golden import adapter, fused
from tests.golden.world import (
    AFFINE,
    CALIBRATED,
    FLOORS,
    FUSED,
    HEIGHT,
    PERSPECTIVE,
    REMOVED_S,
    T0,
    WIDTH,
    S,
    cameras,
)
from tests.support import crossed_views

_DAY = 86_400
_BEFORE_S = -_DAY
_APPEND_US = 300_000

LEFT = [(0, 0), (400, 0), (400, 600), (0, 600)]
LEFT_LATER = [(100, 100), (520, 0), (560, 590), (90, 600), (200, 300)]
RIGHT = [(400, 100), (790, 0), (800, 600), (420, 600)]
BOW = [(0, 0), (400, 600), (400, 0), (0, 600)]
MASK = [(300, 450), (600, 480), (600, 600), (300, 600)]
METRES = [(0, 0), (6, 0), (7, 9), (-1, 12)]


def _polygon(corners: list[tuple[int, int]]) -> list[dict[str, float]]:
    return [{"x": float(x), "y": float(y)} for x, y in corners]


def _version(number: int, recorded_s: int, valid_s: int | None = None) -> dict[str, Any]:
    valid_s = recorded_s if valid_s is None else valid_s
    return {
        "version": number,
        "recorded_at_us": T0 + recorded_s * S,
        "valid_from_us": T0 + valid_s * S,
        "removed": False,
        "recorded_by": "golden",
    }


def _cameras() -> Iterator[dict[str, Any]]:
    for number, (camera_id, floor_id) in enumerate(cameras().items()):
        matrix = (AFFINE, PERSPECTIVE)[number % 2] if camera_id in CALIBRATED else None
        camera: dict[str, Any] = {
            "camera_id": camera_id,
            "floor_id": floor_id,
            "homography": matrix,
        }
        camera |= {"width": WIDTH, "height": HEIGHT}
        if floor_id == FUSED:
            yield from _fused_camera(camera)
            continue
        if camera_id == "f6-c2":
            camera |= {"privacy_masks": [_polygon(MASK)]}
        # One camera is registered a minute after the others, and is unknown until then.
        yield camera | _version(1, 60 if camera_id == "f7-c4" else _BEFORE_S)
        if camera_id == "f3-c2":
            yield camera | _version(2, 240) | {"homography": AFFINE}
        if camera_id == "f5-c3":
            yield camera | _version(2, 250) | {"homography": [0.0] * 9}  # refused
        if camera_id in REMOVED_S:
            yield camera | _version(2, REMOVED_S[camera_id][0]) | {"removed": True}


def _fused_camera(camera: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One camera is hung elsewhere in the middle, and one leaves the floor and comes back."""
    view = int(camera["camera_id"][-1]) - 1
    camera |= {"projection": crossed_views.projection(view)}
    yield camera | _version(1, _BEFORE_S)
    if view == fused.MOVED_VIEW:
        moved = crossed_views.projection(view, fused.MOVED_MM)
        yield camera | _version(2, fused.MOVED_S - 60, fused.MOVED_S) | {"projection": moved}
    if view == fused.AWAY_VIEW:
        away_s, back_s = fused.AWAY_S
        yield camera | _version(2, away_s) | {"removed": True}
        yield camera | _version(3, back_s)


def _zones() -> Iterator[dict[str, Any]]:
    for floor_id in FLOORS:
        image: dict[str, Any] = {
            "floor_id": floor_id,
            "camera_id": f"{floor_id}-c1",
            "space": "IMAGE_PX",
        }
        left = {"zone_id": f"{floor_id}-left", "polygon": _polygon(LEFT)} | image
        right = {"zone_id": f"{floor_id}-right", "polygon": _polygon(RIGHT)} | image
        yield left | {"dwell_limit_s": 12.5} | _version(1, _BEFORE_S)
        yield right | {"enter_after_ms": 0, "leave_after_ms": 3_000} | _version(1, _BEFORE_S)
        if floor_id in ("f1", "f6"):
            yield left | {"polygon": _polygon(LEFT_LATER)} | _version(2, 290)
        if floor_id == "f4":
            yield right | _version(2, 420) | {"removed": True}
        if floor_id == "f5":
            yield right | {"polygon": _polygon(BOW)} | _version(2, 200)  # refused
        if floor_id == FUSED or any(name.startswith(floor_id) for name in CALIBRATED):
            whole = {"zone_id": f"{floor_id}-floor", "floor_id": floor_id, "camera_id": None}
            yield whole | {"space": "FLOOR_M", "polygon": _polygon(METRES)} | _version(1, _BEFORE_S)


def _staff() -> Iterator[dict[str, Any]]:
    for floor_id in FLOORS:
        yield {"staff_id": f"{floor_id}-s1", "role": "nurse"} | _version(1, _BEFORE_S)
        yield {"staff_id": f"{floor_id}-s2", "role": "doctor"} | _version(1, _BEFORE_S)
    yield {"staff_id": "f1-s2", "role": "nurse"} | _version(2, 390)
    for sharer in ("f9-s3", "f9-s4"):
        yield {"staff_id": sharer, "role": "nurse"} | _version(1, _BEFORE_S)


def _shifts() -> Iterator[dict[str, Any]]:
    change_us = T0 + 300 * S
    for floor_id in FLOORS:
        night: dict[str, Any] = {
            "shift_id": f"{floor_id}-night",
            "staff_id": f"{floor_id}-s1",
            "role": "",
        }
        day: dict[str, Any] = {
            "shift_id": f"{floor_id}-day",
            "staff_id": f"{floor_id}-s2",
            "role": "",
        }
        zone: dict[str, Any] = {"zone_id": f"{floor_id}-left"}
        times: dict[str, Any] = {"starts_us": change_us - 8 * 3_600 * S, "ends_us": change_us}
        yield night | zone | times | _version(1, _BEFORE_S)
        times = {"starts_us": change_us, "ends_us": change_us + 8 * 3_600 * S}
        yield day | zone | times | _version(1, _BEFORE_S)
        if floor_id == "f3":
            yield day | zone | times | _version(2, 450) | {"removed": True}


def _requirements() -> Iterator[dict[str, Any]]:
    for floor_id in FLOORS:
        nurse: dict[str, Any] = {
            "requirement_id": f"{floor_id}-nurse",
            "zone_id": f"{floor_id}-left",
        }
        nurse |= {"role": "nurse", "count": 1, "from_minute": 0, "to_minute": 1_440}
        yield nurse | _version(1, _BEFORE_S)
        yield nurse | {"count": 2} | _version(2, 60, 480)  # recorded long before it is valid
        doctor: dict[str, Any] = {
            "requirement_id": f"{floor_id}-doctor",
            "zone_id": f"{floor_id}-right",
        }
        doctor |= {"role": "doctor", "count": 1, "from_minute": 480, "to_minute": 720}
        yield doctor | {"time_zone": "Europe/Berlin"} | _version(1, _BEFORE_S)


def _rules() -> Iterator[dict[str, Any]]:
    """Rules of alerts of several kinds; one is edited while its alerts are open, one removed."""
    common: dict[str, Any] = {"owner": "nurse", "next_action": "look", "stage": "EVERYWHERE"}
    common |= {"repeat_after_s": 10, "close_after_s": 5, "deduplication_key": "staff"}
    gap = common | {"rule_id": "gap", "kind": "COVERAGE_GAP", "open_after_s": 30, "tier": "PAGE"}
    yield gap | _version(1, _BEFORE_S)
    yield gap | {"threshold": 2} | _version(2, 300)
    maybe = gap | {"rule_id": "maybe", "bound": "POSSIBLE", "tier": "NOTICE", "suppress_s": 20}
    yield maybe | {"open_after_s": 10, "min_confidence": 0.9} | _version(1, _BEFORE_S)
    crowd = {"rule_id": "crowd", "kind": "OVER_CAPACITY", "threshold": 2, "stage": "SILENT"}
    yield common | crowd | {"open_after_s": 2} | _version(1, _BEFORE_S)
    yield common | crowd | _version(2, 420) | {"removed": True}
    stay = common | {"rule_id": "stay", "kind": "DWELL", "threshold": 15, "one_per": "PERSON"}
    yield stay | _version(1, _BEFORE_S)
    alone = {"rule_id": "alone", "kind": "ALONE", "bound": "POSSIBLE", "open_after_s": 5}
    yield common | alone | _version(1, _BEFORE_S)
    yield common | alone | {"owner": "doctor"} | _version(2, 300)
    missing = {"rule_id": "missing", "kind": "CAMERA_MISSING", "open_after_s": 1}
    yield common | missing | _version(1, _BEFORE_S)
    badges = {"rule_id": "badges", "kind": "BADGE_CONTRADICTION", "open_after_s": 20}
    yield common | badges | _version(1, _BEFORE_S)


def _floors() -> Iterator[dict[str, Any]]:
    for floor_id, (partition, _) in FLOORS.items():
        passages = [fused.CORRIDOR] if floor_id == FUSED else []
        floor = {"floor_id": floor_id, "partition": partition, "passages": passages}
        yield floor | _version(1, _BEFORE_S)


def reference_data() -> list[adapter.Fact]:
    """Every record of the reference data, in the order in which it was appended."""
    facts = [
        adapter.Fact(record["recorded_at_us"] + _APPEND_US, topic, adapter.encode(topic, record))
        for topic, records in (
            ("floors.v1", _floors()),
            ("cameras.v1", _cameras()),
            ("zones.v1", _zones()),
            ("staff.v1", _staff()),
            ("shifts.v1", _shifts()),
            ("requirements.v1", _requirements()),
            ("rules.v1", _rules()),
        )
        for record in records
    ]
    return sorted(facts, key=lambda fact: fact.appended_us)
