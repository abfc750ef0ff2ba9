"""The world of the goldens: 27 cameras on 9 floors in 6 partitions, 10 minutes of event time.

The generator below makes every number from integers, and every coordinate is a multiple of a
quarter pixel, so the input has the same bytes with any version of Python and on any processor.
The cameras of one floor look across one room; `fused.py` has what they see.
It has all that the stage must cope with: silence of a camera and of a floor, allowed and excessive
lateness, repeated and older frames, clocks that are ahead, people who are lost and seen again,
edits of all kinds of reference data, and invalid records.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.golden import adapter, fused

T0 = 1_767_250_500_000_000
"""2026-01-01T06:55:00Z, microseconds: the shifts change in the middle."""

MS, S = 1_000, 1_000_000
MINUTES = 10
FRAME_MS = 500
WIDTH, HEIGHT = 800, 600

FLOORS = {
    "f1": (0, 1), "f2": (0, 2), "f3": (3, 3), "f4": (3, 3),
    "f5": (7, 3), "f6": (7, 4), "f7": (12, 4), "f8": (31, 4), "f9": (20, 3),
}  # fmt: skip
"""Partition and number of cameras of each floor."""

FUSED = "f9"
"""The floor whose cameras are fused."""

RESTART_S = 307
"""Append time at which a stream processor takes over from a checkpoint, seconds."""

CALIBRATED = {"f3-c1", "f3-c3", "f5-c1", "f6-c1", "f6-c2", "f6-c4", "f7-c1", "f7-c3", "f8-c2"}
AFFINE = [0.015625, 0.0, -2.0, 0.0, 0.03125, -4.0, 0.0, 0.0, 1.0]
PERSPECTIVE = [0.0078125, 0.001953125, 0.5, 0.0, 0.03125, -1.0, 0.0, 0.0009765625, 0.75]

AT_THE_EDGE = {"f5-c1"}
"""Cameras before which people walk along the bottom edge, with their feet in and out of view."""

SILENT_S = {"f5-c2": [(120, 160)], "f2-c1": [(360, 450)], "f2-c2": [(360, 452)], "f7-c4": [(0, 55)]}
"""Start and end of each camera's silence, seconds: one camera alone, and a whole floor."""

ON_THE_BEAT = {"f1-c1", "f2-c2", "f5-c2", "f7-c1"}
"""Cameras that capture frames exactly at the ends of ticks, so that every bound is hit exactly."""

HEARTBEATS_S = {"f4-c1": (180, 240)}
"""Start and end of the time in which a camera sends only heartbeats, seconds."""

DELAY_MS = {
    "f6-c3": [(285, 330, 3_500)],
    "f7-c2": [(0, 600, 1_200)],
    "f8-c4": [(480, 500, 6_000)],
    "f3-c3": [(420, 480, -1_500)],
}
"""Start and end (s) of a camera's delay relative to the others, and the delay (ms; < 0: early)."""

REMOVED_S = {"f8-c3": (540, 549)}
"""Times at which a camera is removed and at which it stops sending, seconds."""


class Chance:
    """SplitMix64: integers that depend on the seed alone."""

    def __init__(self, seed: str) -> None:
        self._state = int.from_bytes(seed.encode(), "big") & (2**64 - 1)

    def below(self, bound: int) -> int:
        """The next integer from 0 up to, but not including, a bound."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return (mixed ^ (mixed >> 31)) % bound

    def between(self, least: int, most: int) -> int:
        """The next integer of a range, its ends included."""
        return least + self.below(most - least + 1)


class Input(NamedTuple):
    """One record of the detections."""

    appended_ms: int
    key: bytes
    value: bytes | None


def cameras() -> dict[str, str]:
    """Floor by camera id."""
    return {
        f"{floor}-c{number}": floor
        for floor, (_, count) in FLOORS.items()
        for number in range(1, count + 1)
    }


def partitions() -> list[int]:
    """Partitions that have cameras."""
    return sorted({partition for partition, _ in FLOORS.values()})


class Walker:
    """A person in one camera's view; all lengths in quarter pixels.

    A hidden person stands still, and so is linked when seen again.
    """

    def __init__(self, chance: Chance, *, at_edge: bool) -> None:
        self.x = chance.between(400, 2_800)
        self.y = chance.between(1_000, 2_300)
        if at_edge:
            self.y = 2_360 + self.y // 10
        self.height = chance.between(360, 560)
        self.speed = chance.between(-36, 36)
        self.hidden = 0

    def walk(self, chance: Chance) -> None:
        """Move on by one frame."""
        if self.hidden:
            self.hidden -= 1
            return
        self.speed = max(-48, min(48, self.speed + chance.between(-8, 8)))
        if not 200 < self.x + self.speed < 3_000:
            self.speed = -self.speed
        self.x += self.speed
        if chance.below(45) == 0:
            self.hidden = chance.between(1, 24)

    def box(self, chance: Chance) -> dict[str, Any]:
        """The box that a detector finds for this person."""
        half = self.height // 5
        edges = (self.x - half, self.y - self.height, self.x + half, self.y)
        found = [edge + chance.between(-4, 4) for edge in edges]
        return _box([*found[:3], min(found[3], 4 * HEIGHT)], chance.between(250, 960))


def _box(edges: list[int], score: int, label: str = "person") -> dict[str, Any]:
    x_min, y_min, x_max, y_max = (edge / 4 for edge in edges)
    return {
        "x_min": x_min,
        "y_min": y_min,
        "x_max": x_max,
        "y_max": y_max,
        "score": score / 1_000,
        "label": label,
    }


def _outcome(camera_id: str, at_us: int, number: int, **fields: Any) -> dict[str, Any]:
    return {
        "camera_id": camera_id,
        "captured_us": at_us,
        "frame_seq": number,
        "outcome": "DETECTED",
        "reason": "",
        "detections": [],
        "model": {"name": "golden", "version": "1" if number < 700 else "2"},
        "width": WIDTH,
        "height": HEIGHT,
        "camera_version": 1,
    } | fields


def _frames(camera_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Append time (ms) and outcome of every record of one camera."""
    chance = Chance(camera_id)
    walkers = [
        Walker(chance, at_edge=camera_id in AT_THE_EDGE) for _ in range(chance.between(2, 4))
    ]
    phase_ms = chance.below(FRAME_MS)
    on_the_beat = camera_id in ON_THE_BEAT
    until_s = REMOVED_S.get(camera_id, (0, MINUTES * 60))[1]
    for number in range(1, MINUTES * 60_000 // FRAME_MS + 1):
        at_ms = (number - 1) * FRAME_MS + (0 if on_the_beat else phase_ms + chance.below(30))
        found = []
        for walker in walkers:
            walker.walk(chance)
            if not walker.hidden and chance.below(12):
                found.append(walker.box(chance))
        dice, delay_ms = chance.below(600), chance.between(40, 160)
        at_s = at_ms // 1_000
        if at_s >= until_s or _within((at_ms - 1) // 1_000, SILENT_S.get(camera_id, [])):
            continue
        for from_s, to_s, more_ms in DELAY_MS.get(camera_id, []):
            delay_ms += more_ms if from_s <= at_s < to_s else 0
        if dice < 30:
            x, y = chance.between(100, 2_600), chance.between(100, 1_800)
            label = "wheelchair" if dice < 8 else "person"
            found.append(_box([x, y, x + 200, y + 300], chance.between(60, 500), label))
        outcome = _outcome(camera_id, T0 + at_ms * MS, number, detections=found)
        if _within(at_s, [HEARTBEATS_S.get(camera_id, (0, 0))]):
            outcome |= {"outcome": "HEARTBEAT", "detections": [], "model": None}
        elif dice < 40:
            outcome |= {"outcome": "SKIPPED", "reason": "newer_frame", "detections": []}
        elif dice < 46:
            outcome |= {"outcome": "FAILED", "reason": "d\u00e9fekt", "detections": []}
        appended_ms = T0 // MS + at_ms + delay_ms
        yield appended_ms, outcome
        if dice > 595:
            yield appended_ms + 1, outcome
        elif dice > 592:
            yield appended_ms + 1_700, outcome  # older than the frames before it


def _fused_frames(camera_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Append time (ms) and outcome of every record of a camera that is fused."""
    chance = Chance(camera_id)
    view = int(camera_id[-1]) - 1
    phase_ms = chance.below(fused.FRAME_MS)
    for number, due_ms in enumerate(range(fused.STARTS_MS, fused.ENDS_MS, fused.FRAME_MS), 1):
        at_ms = due_ms + phase_ms + chance.below(20)
        found = [
            _box(edges, chance.between(600, 960))
            for edges in fused.boxes(view, at_ms, chance.between)
            if chance.below(12)
        ]
        dice, delay_ms = chance.below(60), chance.between(40, 160)
        if _within(at_ms // 1_000, fused.SILENT_S.get(camera_id, [])):
            continue
        outcome = _outcome(camera_id, T0 + at_ms * MS, number, detections=found)
        if dice == 0:
            outcome |= {"outcome": "SKIPPED", "reason": "newer_frame", "detections": []}
        if _within(at_ms // 1_000, [fused.LATE_S.get(camera_id, (0, 0))]):
            delay_ms += fused.LATE_MS
        yield T0 // MS + at_ms + delay_ms, outcome


def _within(at_s: int, spans: list[tuple[int, int]]) -> bool:
    return any(from_s <= at_s < to_s for from_s, to_s in spans)


def _unusable() -> Iterator[tuple[int, Input]]:
    """Partition and record of each input that becomes a dead letter."""

    def plain(at_s: int, camera_id: str, **fields: Any) -> bytes:
        outcome = _outcome(camera_id, T0 + at_s * S, 9_999, **fields)
        return adapter.encode("detections.made.v1", outcome)

    good = plain(100, "f1-c1")
    bad_box = _box([400, 400, 800, 800], 2_000)
    flat_box = _box([400, 400, 800, 400], 500)
    for partition, at_s, key, value in (
        (0, 61, b"f1-c1", b"no record at all"),
        (0, 62, b"f1-c1", None),
        (0, 63, b"f2-c1", good),
        (3, 64, b"f3-c1", good[:-9]),
        (3, 65, b"f3-c1", good[:1] + (999).to_bytes(4, "big") + good[5:]),
        (7, 66, b"ghost", plain(66, "ghost")),
        (7, 67, b"f5-c1", plain(167, "f5-c1")),
        (12, 68, b"f7-c1", plain(68, "f7-c1", detections=[bad_box])),
        (12, 310, b"f7-c1", plain(310, "f7-c1", detections=[flat_box])),
        (31, 311, b"f8-c1", plain(-2_000_000_000, "f8-c1")),
        (31, 312, b"", good),
    ):
        yield partition, Input(T0 // MS + at_s * 1_000, key, value)


def detections() -> dict[int, list[Input]]:
    """The log of each partition."""
    logs: dict[int, list[Input]] = {partition: [] for partition in partitions()}
    for camera_id, floor_id in cameras().items():
        frames = _fused_frames(camera_id) if floor_id == FUSED else _frames(camera_id)
        for appended_ms, outcome in frames:
            value = adapter.encode("detections.made.v1", outcome)
            logs[FLOORS[floor_id][0]].append(Input(appended_ms, camera_id.encode(), value))
    for partition, record in _unusable():
        logs[partition].append(record)
    for log in logs.values():
        log.sort(key=lambda record: record.appended_ms)
    return logs
