"""Fused floors of every odd kind: what their registry holds, and what their cameras send.

Each kind is a function of a seed; none is like the ward of a demo.
"""

import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from schemas.records.frames import DetectionOutcome
from tests.support import crossed_views
from tests.support.builders.domain import MS, T0, S, camera, clock, outcome, rectangle, view, zone
from tests.support.crossed_views import VIEWS, Walker, projection
from tests.support.fused_ward import (
    FOREVER_MS,
    fused_floor,
    ghosts,
    in_order,
    looks,
    shuffled,
    steady_looks,
    walkers,
)

FLOOR = "f1"
HOUR_MS = 3_600_000
LATENESS_US = 1_700_000
"""Within the allowed lateness of 2 s, with a tick to spare."""

AT_ONCE: dict[str, Any] = {"recorded_at_us": T0 - 10 * S}


class OddFloor(NamedTuple):
    """A floor and its input.

    Attributes:
        records: Records of the registry, and decisions.
        sent: Outcomes of its cameras, each camera's in order.
        lateness_us: How late they may come, microseconds: a camera that was silent for longer than
            the allowed lateness, or away, is not waited for when it comes back.
        late: Whether some come after their tick has closed; None where it does not matter.
    """

    records: list[dict[str, Any]]
    sent: list[DetectionOutcome]
    lateness_us: int = LATENESS_US
    late: bool | None = False


def _version(record: dict[str, Any], version: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    return record | AT_ONCE | {"version": version, "valid_from_us": T0 + at_ms * MS, **fields}


def _cameras() -> list[dict[str, Any]]:
    return fused_floor(FLOOR)[:VIEWS]


def one_frame_each(seed: int) -> OddFloor:
    """Every camera has one frame in all."""
    rng = random.Random(seed)
    people = walkers(f"one/{seed}", 5)
    sent = [
        one
        for number in range(VIEWS)
        for one in looks(FLOOR, number, [rng.randrange(3_000, 5_000)], people, seed=seed)
    ]
    return OddFloor(fused_floor(FLOOR), sent)


def equal_times(seed: int) -> OddFloor:
    """All cameras look in the same microsecond, at the end of a tick or inside it."""
    people = walkers(f"equal/{seed}", 10)
    first_ms = random.Random(seed).choice([0, 1, 100, 199])
    sent = [
        one
        for number in range(VIEWS)
        for one in looks(FLOOR, number, range(first_ms, 10_000, 200), people, seed=seed)
    ]
    return OddFloor(fused_floor(FLOOR), sent)


def same_geometry(seed: int) -> OddFloor:
    """Two cameras hang in one place and say the same; a third looks from elsewhere, or is away."""
    rng = random.Random(seed)
    people = walkers(f"same/{seed}", 10)
    records = [
        camera(f"{FLOOR}-c{number}", FLOOR, projection=projection(0 if number < 2 else 2))
        for number in range(3)
    ]
    sent: list[Any] = []
    for one in looks(FLOOR, 0, range(0, 10_000, 200), people, seed=seed):
        sent += [one, one | {"camera_id": f"{FLOOR}-c1"}]
    if rng.random() < 0.5:
        sent += looks(FLOOR, 2, range(0, 10_000, 200), people, seed=seed)
    return OddFloor(records + fused_floor(FLOOR)[VIEWS:], sent)


def mirrored(seed: int) -> OddFloor:
    """Pairs at the same distance left and right of two cameras that face each other.

    No box is off: all that could tell two people apart is exactly equal.
    """
    rng = random.Random(seed)
    pairs = [(rng.randrange(500, 3_500), rng.randrange(800, 5_200)) for _ in range(2)]
    people = [
        Walker(spot, spot, 0, 1_700, ((0, FOREVER_MS),))
        for off, y in pairs
        for spot in ((4_000 - off, y), (4_000 + off, y))
    ]
    sent = []
    for number in (0, 1):
        for at_ms in range(0, 6_000, 200):
            boxes: list[Any] = []
            for edges in crossed_views.boxes(
                crossed_views.present(people, at_ms), number, lambda _low, _high: 0
            ):
                x_min, y_min, x_max, y_max = (edge / 4 for edge in edges)
                box = {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max}
                boxes.append(box | {"score": 0.9, "raw_score": 0.9, "label": "person"})
            rng.shuffle(boxes)
            sent.append(outcome(T0 + at_ms * MS, boxes, camera_id=f"{FLOOR}-c{number}"))
    return OddFloor(fused_floor(FLOOR), sent)


def same_boxes(seed: int) -> OddFloor:
    """A detector says each box twice or three times, in any order."""
    rng = random.Random(seed)
    sent: list[Any] = []
    for one in steady_looks(FLOOR, 6, seed=seed):
        boxes = [box for box in one["detections"] for _ in range(rng.choice([1, 2, 3]))]
        rng.shuffle(boxes)
        sent.append(one | {"detections": boxes})
    return OddFloor(fused_floor(FLOOR), sent)


def come_and_go(seed: int) -> OddFloor:
    """Cameras are removed and registered again, for moments or for longer than is waited for."""
    rng = random.Random(seed)
    away = [1, 90, 200, 400, 1_100] if seed % 2 else [300, 3_000, 4_500]
    records = fused_floor(FLOOR)
    for one in _cameras():
        at_ms, version = rng.randrange(500, 4_000), 1
        while at_ms < 14_000:
            version += 1
            records.append(_version(one, version, at_ms, removed=version % 2 == 0))
            at_ms += rng.choice([250, 400, 3_000] if version % 2 else away)
    sent = list(steady_looks(FLOOR, 15, seed=seed))
    return _without_removed(records, sent)._replace(lateness_us=seed % 2 * 400_000)


def recalibrated(seed: int) -> OddFloor:
    """Cameras are moved and calibrated again; some calibrations are a little wrong."""
    rng = random.Random(seed)
    records, people = fused_floor(FLOOR), walkers(f"moved/{seed}", 14)
    sent: list[DetectionOutcome] = []
    for number, one in enumerate(_cameras()):
        shifts = []
        for version, at_ms in enumerate(sorted(rng.sample(range(1_000, 13_000), 3)), 2):
            shift_mm = rng.choice([0, 300, -400, 800])
            shifts.append((at_ms, shift_mm))
            given_mm = shift_mm + rng.choice([0, 0, 100])
            records.append(_version(one, version, at_ms, projection=projection(number, given_mm)))
        times_ms = range(rng.randrange(200), 14_000, 200)
        sent += looks(FLOOR, number, times_ms, people, seed=seed, shifts=shifts)
    return OddFloor(records, sent)


def two_and_one_again(seed: int) -> OddFloor:
    """A floor of exactly two cameras; one is removed, added again, and loses its calibration."""
    rng = random.Random(seed)
    one, two = _cameras()[:2]
    away, back = sorted(rng.sample(range(2_000, 8_000), 2))
    blind, seeing = sorted(rng.sample(range(8_000, 13_000), 2))
    records = [
        one,
        two,
        *fused_floor(FLOOR)[VIEWS:],
        _version(two, 2, away, removed=True),
        _version(two, 3, back),
        _version(one, 2, blind, projection=None),
        _version(one, 3, seeing),
    ]
    sent = [one for one in steady_looks(FLOOR, 15, seed=seed) if not one["camera_id"].endswith("2")]
    return _without_removed(records, sent)._replace(lateness_us=0)


def moved_to_another_floor(seed: int) -> OddFloor:
    """A camera is taken down and hung on another floor, under a new id."""
    rng = random.Random(seed)
    at_ms = rng.randrange(2_000, 8_000)
    gone = _version(_cameras()[1], 2, at_ms, removed=True)
    new = camera("f2-c9", "f2", projection=projection(1))
    new |= AT_ONCE | {"valid_from_us": T0 + at_ms * MS}
    around: dict[str, Any] = {"name": "stairs", "from_camera_id": "f2-c9", "to_camera_id": ""}
    around |= {"from_x_m": 6.5, "from_y_m": 1.0, "to_x_m": 1.0, "to_y_m": 5.0}
    around |= {"radius_m": 2.0, "min_s": 0.0, "max_s": 20.0}
    floors = [record for record in fused_floor(FLOOR) if "passages" in record]
    to_elsewhere = [
        _version(one, 2, 1_000, passages=[*one["passages"], around], partition=0) for one in floors
    ]
    records = [*fused_floor(FLOOR), *fused_floor("f2"), gone, new, *to_elsewhere]
    sent: list[Any] = []
    for one in steady_looks(FLOOR, 12, seed=seed):
        moved = one["captured_us"] >= T0 + at_ms * MS and one["camera_id"] == f"{FLOOR}-c1"
        sent.append(one | {"camera_id": "f2-c9"} if moved else one)
    return OddFloor(records, [*sent, *steady_looks("f2", 12, seed=seed)], lateness_us=0)


def nobody_then_a_crowd(seed: int) -> OddFloor:
    """Nobody for an hour, told by heartbeats and a few looks; then thirty people at once."""
    rng = random.Random(seed)
    crowd = [
        Walker(
            (rng.randrange(500, 7_500), rng.randrange(500, 5_500)),
            (rng.randrange(500, 7_500), rng.randrange(500, 5_500)),
            rng.randrange(0, 900),
            rng.randrange(1_500, 1_900),
            ((HOUR_MS, FOREVER_MS),),
        )
        for _ in range(30)
    ]
    sent: list[DetectionOutcome] = []
    for number in range(VIEWS):
        camera_id = f"{FLOOR}-c{number}"
        beats = range(rng.randrange(30_000), HOUR_MS, 300_000)
        sent += [outcome(T0 + at * MS, camera_id=camera_id, kind="HEARTBEAT") for at in beats]
        times_ms = range(HOUR_MS - 1_000 + rng.randrange(200), HOUR_MS + 3_000, 200)
        sent += looks(FLOOR, number, times_ms, crowd, seed=seed)
    return OddFloor(fused_floor(FLOOR), sent, lateness_us=0, late=None)


def far_late(seed: int) -> OddFloor:
    """One camera delivers everything 2 to 6 s late, another in bursts."""
    rng = random.Random(seed)
    sent = list(steady_looks(FLOOR, 14, seed=seed))
    burst_us, slow_us = 3 * S, rng.randrange(2, 6) * S

    def arrives_us(one: DetectionOutcome) -> int:
        at_us = one["captured_us"]
        if one["camera_id"].endswith("1"):
            return at_us + slow_us
        return -(-at_us // burst_us) * burst_us if one["camera_id"].endswith("2") else at_us

    sent.sort(key=lambda one: (arrives_us(one), one["captured_us"], one["camera_id"]))
    return OddFloor(fused_floor(FLOOR), sent, late=True)


def wrong_clocks(seed: int) -> OddFloor:
    """Decisions about clocks come and go while the clocks jump, drift, run backward and stop."""
    rng = random.Random(seed)
    records = fused_floor(FLOOR)
    sent: list[Any] = []
    offsets = [rng.choice([0, S, -S, 3_600 * S]) for _ in range(VIEWS)]
    jumps = [(rng.randrange(3_000, 9_000), rng.randrange(-5 * S, 5 * S)) for _ in range(VIEWS)]
    rates = [rng.choice([0.0, 0.0, 1e-3, -2.0]) for _ in range(VIEWS)]
    for one in steady_looks(FLOOR, 15, seed=seed):
        number, at_us = int(one["camera_id"][-1]), one["captured_us"]
        jump_ms, by_us = jumps[number]
        reading: int | None = at_us + offsets[number] - rng.randrange(30_000)
        if at_us > T0 + jump_ms * MS:
            since_us = at_us - T0 - jump_ms * MS
            reading = at_us + offsets[number] + by_us + round(rates[number] * since_us)
        if rng.random() < 0.1:
            reading = rng.choice([None, 1, (1 << 63) - 1])
        sent.append(one | {"source_clock_us": reading})
    for number in range(VIEWS):
        at_ms, version = rng.randrange(0, 3_000), 0
        while at_ms < 14_000:
            version += 1
            records.append(
                clock(
                    f"{FLOOR}-c{number}",
                    version=version,
                    state=rng.choice(["SETTLED", "SETTLED", "UNSETTLED"]),
                    offset_us=-offsets[number] + rng.choice([0, 40_000, -jumps[number][1]]),
                    drift_ppm=rng.choice([0.0, 300.0, -1_000.0]),
                    delay_us=rng.choice([0, 70_000, 900_000]),
                    removed=rng.random() < 0.1,
                    valid_from_us=T0 + at_ms * MS,
                    recorded_at_us=T0 - 10 * S,
                )
            )
            at_ms += rng.choice([150, 800, 3_000])
    return OddFloor(records, sent)


def suspected(seed: int) -> OddFloor:
    """Views come under suspicion and are confirmed, while zones come, change and go."""
    rng = random.Random(seed)
    records = fused_floor(FLOOR)
    for number in range(VIEWS):
        for version, at_ms in enumerate(sorted(rng.sample(range(12_000), 4)), 1):
            state = "SUSPECT" if version % 2 else "CONFIRMED"
            records.append(_version(view(f"{FLOOR}-c{number}", state), version, at_ms))
    for number in range(3):
        area = zone(f"odd-{number}", floor_id=FLOOR, camera_id=None, space="FLOOR_M")
        for version, at_ms in enumerate(sorted(rng.sample(range(12_000), 4)), 1):
            x, y = rng.randrange(0, 5), rng.randrange(0, 3)
            shape = rectangle(x, y, x + 3, y + 3)
            fields = {"polygon": shape, "removed": version % 3 == 0, "enter_after_ms": 0}
            records.append(_version(area, version, at_ms, **fields))
    return OddFloor(records, list(steady_looks(FLOOR, 13, seed=seed)))


def false_people(seed: int) -> OddFloor:
    """People next to whom others are seen who are nobody: merges and splits in plenty."""
    people = ghosts(f"odd/{seed}", 14)
    period_ms = random.Random(seed).choice([140, 200])
    sent = list(steady_looks(FLOOR, 14, people=people, period_ms=period_ms, seed=seed))
    return OddFloor(fused_floor(FLOOR), sent)


def _without_removed(records: list[dict[str, Any]], sent: list[DetectionOutcome]) -> OddFloor:
    """Leave out outcomes of cameras that are not registered when they look."""
    steps: dict[str, list[tuple[int, int, bool]]] = {}
    for one in records:
        if "homography" in one:
            step = (one["valid_from_us"], one["version"], not one["removed"])
            steps.setdefault(one["camera_id"], []).append(step)

    def there(one: DetectionOutcome) -> bool:
        passed = [step for step in steps[one["camera_id"]] if step[0] <= one["captured_us"]]
        return max(passed, key=lambda step: step[1])[2]

    return OddFloor(records, [one for one in sent if there(one)])


KINDS: dict[str, Callable[[int], OddFloor]] = {
    kind.__name__: kind
    for kind in (
        one_frame_each,
        equal_times,
        same_geometry,
        mirrored,
        same_boxes,
        come_and_go,
        recalibrated,
        two_and_one_again,
        moved_to_another_floor,
        nobody_then_a_crowd,
        far_late,
        wrong_clocks,
        suspected,
        false_people,
    )
}
"""Every kind, by name."""


def closing(records: Iterable[dict[str, Any]], sent: Iterable[DetectionOutcome]) -> list[Any]:
    """Heartbeats after everything, of the cameras that are registered then."""
    newest: dict[str, Any] = {}
    for one in records:
        if "homography" in one and one["version"] >= newest.get(one["camera_id"], one)["version"]:
            newest[one["camera_id"]] = one
    there = sorted(name for name, one in newest.items() if not one["removed"])
    last_us = max(one["captured_us"] for one in sent)
    return [
        outcome(last_us + after_s * S, camera_id=name, kind="HEARTBEAT")
        for after_s in (1, 30)
        for name in there
    ]


def arrived(odd: OddFloor, seed: int) -> list[DetectionOutcome]:
    """The outcomes in another order: each up to the lateness late, a camera's own in order."""
    rng = random.Random(f"arrival/{seed}")
    sent = list(odd.sent)
    rng.shuffle(sent)  # those of equal times
    return shuffled(sent, rng, odd.lateness_us)


def ordered(odd: OddFloor) -> list[DetectionOutcome]:
    """The outcomes in their order, but for late ones, which come as they come."""
    return list(odd.sent) if odd.late else in_order(odd.sent)
