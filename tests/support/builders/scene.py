"""Detections of a made-up ward: people cross, hide, leave and come back, all from a seed.

Run as a module, it prints the digest of the scene's fold, so that a test can compare processes
with different hash seeds.
"""

import random
from collections.abc import Sequence
from typing import Any

from schemas.records.frames import DetectionOutcome
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import Output, PartitionPipeline
from tests.support.builders.alerts import rule
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    fold,
    heartbeat,
    outcome,
    rectangle,
    requirement,
    shift,
    staff,
    zone,
)
from tests.support.fold_digest import FoldDigest

HOMOGRAPHY = [0.01, 0.001, 0.0, 0.0, 0.02, -1.0, 0.0, 0.0005, 1.0]


def ward_facts() -> Facts:
    """Two cameras on one floor, a third on another, image and floor zones, a roster."""
    records: list[dict[str, Any]] = [
        camera("cam-a", "ward"),
        camera("cam-b", "ward", homography=HOMOGRAPHY),
        camera("cam-c", "hall"),
        zone("a-left", floor_id="ward", camera_id="cam-a", dwell_limit_s=4.0),
        zone("a-right", floor_id="ward", camera_id="cam-a", polygon=rectangle(400, 0, 800, 600)),
        zone(
            "b-floor",
            floor_id="ward",
            camera_id="cam-b",
            space="FLOOR_M",
            polygon=rectangle(0, 0, 4, 9),
        ),
        zone("c-all", floor_id="hall", camera_id="cam-c", polygon=rectangle(0, 0, 800, 600)),
        staff("s1", "nurse"),
        staff("s2", "porter"),
        shift("h1", zone_id="a-left", starts_us=T0 + 7 * S, ends_us=T0 + 21 * S),
        shift("h2", zone_id="a-left", staff_id="s2"),
        requirement("r1", zone_id="a-left", count=2),
        # The roster is edited while the scene runs: visible from 12 s on.
        requirement("r1", zone_id="a-left", count=1, version=2, recorded_at_us=T0 + 7 * S),
        rule("gap", open_after_s=2, close_after_s=1, repeat_after_s=1),
        rule("crowd", kind="OVER_CAPACITY", threshold=1, close_after_s=2, stage="SILENT"),
        rule("stay", kind="DWELL", threshold=3, one_per="PERSON"),
        rule("gap", version=2, threshold=2, recorded_at_us=T0 + 9 * S),
    ]
    return facts_of(*records)


def ward_log(seed: int, seconds: int = 30) -> list[DetectionOutcome]:
    """The detections of the three cameras, in an order that a broker might give them."""
    rng = random.Random(seed)
    log: list[tuple[int, DetectionOutcome]] = []
    for camera_id, period_us in (("cam-a", 100 * MS), ("cam-b", 130 * MS), ("cam-c", 400 * MS)):
        walkers = [
            [rng.uniform(50, 750), rng.uniform(200, 580), rng.uniform(-90, 90)] for _ in range(4)
        ]
        at_us = T0 + rng.randrange(1, 200 * MS)
        silent = range(T0 + 11 * S, T0 + 16 * S) if camera_id == "cam-b" else range(0)
        while at_us < T0 + seconds * S:
            step_us = period_us + rng.randrange(-30, 30) * MS
            at_us += step_us
            for walker in walkers:
                walker[0] += walker[2] * step_us / S
                if not 20 < walker[0] < 780:
                    walker[2] = -walker[2]
            draw = rng.random()
            if at_us in silent:
                continue
            if draw < 0.05:
                event = heartbeat(at_us, camera_id)
            elif draw < 0.12:
                event = outcome(at_us, camera_id=camera_id, kind="SKIPPED")
            else:
                boxes = [
                    box(
                        walker[0] + rng.gauss(0, 2),
                        walker[1] + rng.gauss(0, 2),
                        round(rng.uniform(0.2, 1.0), 3),
                    )
                    for walker in walkers
                    if rng.random() < 0.92
                ]
                event = outcome(at_us, boxes, camera_id=camera_id)
            # Each camera reaches the log with a delay of its own; the order within a camera stays.
            delay_us = {"cam-a": 40, "cam-b": 180, "cam-c": 90}[camera_id] * MS
            log.append((at_us + delay_us, event))
            if rng.random() < 0.03:
                log.append((at_us + delay_us, event))
    log.sort(key=lambda item: item[0])
    return [event for _, event in log]


def digest_of(outputs: Sequence[Output]) -> FoldDigest:
    digest = FoldDigest()
    for output in outputs:
        digest.add(output.topic.name, output.key, output.record)
    return digest


def main() -> None:
    """Print the digest of each key of the scene."""
    outputs = fold(PartitionPipeline(), ward_facts(), ward_log(seed=7))
    for (topic, key), digest in digest_of(outputs).by_key().items():
        print(topic, key, digest)


if __name__ == "__main__":
    main()
