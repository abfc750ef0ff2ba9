"""Bad messages: malformed ones, tombstones, oversized ones, wrong schemas, duplicates.

None of them may change what the pipeline makes of the ward's own outcomes. An unreadable message
becomes one dead letter; a duplicate is skipped.
"""

import time
from collections.abc import Callable
from random import Random

from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, DETECTIONS, Topic
from tests.chaos.pipeline.feeder import malformed
from tests.chaos.pipeline.moments import running
from tests.chaos.pipeline.pipeline import AttackedPipeline

UNKNOWN_SCHEMA = 2_000_000_000
OVERSIZED_BYTES = 5 * 1024 * 1024
Message = tuple[bytes | None, bytes | None]


def schema_id(pipeline: AttackedPipeline, topic: Topic) -> int:
    """Id under which a topic's schema is registered."""
    codec = SchemaRegistry(pipeline.settings.registry_url).writer(topic)
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
    make: Callable[[AttackedPipeline, Random], list[Message]],
) -> Callable[[AttackedPipeline, Random], bool]:
    """Insert messages into the flowing input; each of them must become a dead letter."""

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        came = running(pipeline, pipeline.streams[0], chance)
        messages = make(pipeline, chance)
        for message in messages:
            pipeline.feeder.inject([message], chance.getrandbits(32))
            time.sleep(chance.uniform(0.0, 0.05))
        pipeline.expected_dead_letters += len(messages)
        return came

    return deed


def _malformed(pipeline: AttackedPipeline, chance: Random) -> list[Message]:
    return malformed(schema_id(pipeline, DETECTIONS), chance.getrandbits(32), 30)


def _tombstones(_line: AttackedPipeline, chance: Random) -> list[Message]:
    return [(f"cam-{chance.randrange(8)}-0".encode(), None) for _ in range(10)] + [(None, None)]


def _oversized(_line: AttackedPipeline, chance: Random) -> list[Message]:
    """5 MB that compress well enough to pass the broker's limit."""
    return [(b"giant", chance.randbytes(64) * (OVERSIZED_BYTES // 64)) for _ in range(2)]


def _wrong_schema(pipeline: AttackedPipeline, chance: Random) -> list[Message]:
    foreign = schema_id(pipeline, CAMERAS)
    return [
        (b"cam-0-0", b"\x00" + number.to_bytes(4, "big") + chance.randbytes(40))
        for number in (UNKNOWN_SCHEMA, foreign, UNKNOWN_SCHEMA + 1, 0)
    ]


def _duplicates(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Append the last records again, as a writer does that lost an acknowledgement."""
    came = running(pipeline, pipeline.streams[0], chance)
    pipeline.repeated += pipeline.feeder.repeat(chance.randrange(50, 300))
    return came


INPUT_FAULTS: dict[str, Callable[[AttackedPipeline, Random], bool]] = {
    "input-poison": _inject(_malformed),
    "input-tombstones": _inject(_tombstones),
    "input-giants": _inject(_oversized),
    "input-wrong-schema": _inject(_wrong_schema),
    "input-duplicates": _duplicates,
}
