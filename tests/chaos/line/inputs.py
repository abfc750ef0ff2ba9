"""Messages that no line should be sent: poison, tombstones, giants, wrong schemas, duplicates.

None of them may change what the line makes of the ward's own outcomes. What cannot be read becomes
one dead letter; what comes twice is passed over.
"""

import time
from collections.abc import Callable
from random import Random

from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, DETECTIONS, Topic
from tests.chaos.line.feeder import poison
from tests.chaos.line.line import AttackedLine
from tests.chaos.line.moments import running

UNKNOWN_SCHEMA = 2_000_000_000
GIANT_BYTES = 5 * 1024 * 1024
Message = tuple[bytes | None, bytes | None]


def schema_id(line: AttackedLine, topic: Topic) -> int:
    """Id under which a topic's schema is registered."""
    codec = SchemaRegistry(line.settings.registry_url).writer(topic)
    return int.from_bytes(codec.encode(_ANY[topic.name])[1:5], "big")


_ANY = {
    DETECTIONS.name: {"camera_id": "", "captured_us": 0, "frame_seq": 0},
    CAMERAS.name: {
        "camera_id": "x",
        "version": 1,
        "valid_from_us": 0,
        "recorded_at_us": 0,
        "floor_id": "x",
        "width": 1,
        "height": 1,
    },
}


def _inject(
    make: Callable[[AttackedLine, Random], list[Message]],
) -> Callable[[AttackedLine, Random], bool]:
    """Slip messages into the input while it flows; each of them must become a dead letter."""

    def deed(line: AttackedLine, chance: Random) -> bool:
        came = running(line, line.streams[0], chance)
        messages = make(line, chance)
        for message in messages:
            line.feeder.inject([message], chance.getrandbits(32))
            time.sleep(chance.uniform(0.0, 0.05))
        line.expected_letters += len(messages)
        return came

    return deed


def _poison(line: AttackedLine, chance: Random) -> list[Message]:
    return poison(schema_id(line, DETECTIONS), chance.getrandbits(32), 30)


def _tombstones(_line: AttackedLine, chance: Random) -> list[Message]:
    return [(f"cam-{chance.randrange(8)}-0".encode(), None) for _ in range(10)] + [(None, None)]


def _giants(_line: AttackedLine, chance: Random) -> list[Message]:
    """5 MB that compress well enough to pass the broker's limit."""
    return [(b"giant", chance.randbytes(64) * (GIANT_BYTES // 64)) for _ in range(2)]


def _wrong_schema(line: AttackedLine, chance: Random) -> list[Message]:
    foreign = schema_id(line, CAMERAS)
    return [
        (b"cam-0-0", b"\x00" + number.to_bytes(4, "big") + chance.randbytes(40))
        for number in (UNKNOWN_SCHEMA, foreign, UNKNOWN_SCHEMA + 1, 0)
    ]


def _duplicates(line: AttackedLine, chance: Random) -> bool:
    """A writer appends its last records once more, as one does that lost an acknowledgement."""
    came = running(line, line.streams[0], chance)
    line.repeated += line.feeder.repeat(chance.randrange(50, 300))
    return came


INPUT_FAULTS: dict[str, Callable[[AttackedLine, Random], bool]] = {
    "input-poison": _inject(_poison),
    "input-tombstones": _inject(_tombstones),
    "input-giants": _inject(_giants),
    "input-wrong-schema": _inject(_wrong_schema),
    "input-duplicates": _duplicates,
}
