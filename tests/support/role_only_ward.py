"""A ward of which roles only are shown, and whom its ids stand for in truth."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.records.evidence import BadgeRead
from schemas.records.frames import DetectionOutcome
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, PipelineSettings
from streams.domain.zones.stay_ids import stay_id
from tests.support.builders.domain import T0, S, facts_of, requirement, staff, zone
from tests.support.builders.reads import badge_read
from tests.support.fused_ward import closing_heartbeats, fused_floor, in_order, looks, walkers

ROLE_ONLY = PipelineSettings(floor=FloorSettings(role_only=True))

FLOOR = "f1"
ROOM = (
    *fused_floor(FLOOR),
    zone(
        f"{FLOOR}-other",
        floor_id=FLOOR,
        camera_id=None,
        space="FLOOR_M",
        polygon=[{"x": x, "y": y} for x, y in ((4, 0), (9, 0), (9, 6), (4, 6))],
    ),
    requirement(zone_id=f"{FLOOR}-half"),
    staff("ann", "nurse"),
    staff("bob", "doctor"),
)


@dataclass
class Truth:
    """Whom ids stand for.

    Attributes:
        stays: The person of each id of a stay, and the zone.
        sightings: The person of each id in presence, and the zones.
        people: Ids that people have within the fold.
    """

    stays: defaultdict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    sightings: defaultdict[str, set[tuple[str, tuple[str, ...]]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    people: set[str] = field(default_factory=set)

    def note(self, pipeline: PartitionPipeline) -> None:
        for floor in pipeline.floors.values():
            for zone_id, known in floor.zones.items():
                for person_id, stay in known.stays.items():
                    if stay.counted:
                        self.stays[stay_id(zone_id, stay.entered_seq)].add((person_id, zone_id))
            for person_id, shown in floor.shown_as.items():
                self.sightings[shown].add((person_id, tuple(floor.shown[person_id])))
                self.people.add(person_id)


def fold(
    log: Iterable[DetectionOutcome],
    facts: Facts,
    reads: Reads = NO_READS,
    pipeline: PartitionPipeline | None = None,
) -> tuple[list[Output], Truth]:
    """Outputs, and whom their ids stand for."""
    pipeline = pipeline or PartitionPipeline(ROLE_ONLY)
    outputs: list[Output] = []
    truth = Truth()
    for one in log:
        outputs += pipeline.advance(one, facts, reads)
        truth.note(pipeline)
    return outputs, truth


def facts() -> Facts:
    return facts_of(*ROOM)


def log_of(seed: int, seconds: float = 16.0) -> list[DetectionOutcome]:
    """What the cameras of the floor send of people who come, go and come again."""
    people = walkers(f"roles/{seed}", seconds)
    times = range(0, round(seconds * 1000), 200)
    sent = [one for view in range(3) for one in looks(FLOOR, view, times, people, seed=seed)]
    return [*in_order(sent), *closing_heartbeats(list(ROOM), seconds + 30.0)]


def reads_of(seconds: float = 16.0) -> list[BadgeRead]:
    """Two badges, read again and again where people walk."""
    return [
        badge_read(
            T0 + round(at_s * S),
            f"badge-{who}",
            reader_id=f"reader-{at_s}",
            recorded_at_us=T0 + round((at_s - 5) * S),
            staff_ids=[who],
            floor_id=FLOOR,
            x_m=float(at_s % 6 + 1),
            y_m=3.0,
        )
        for at_s in range(1, round(seconds))
        for who in ("ann", "bob")
    ]


def texts_of(outputs: Sequence[Output]) -> str:
    """Everything that was sent, as text."""
    return json.dumps([[one.topic.name, one.key, one.record] for one in outputs], default=str)


def scalars(value: Any) -> set[Any]:
    """Every value in a record that is no record or list."""
    if isinstance(value, dict):
        return {one for each in value.values() for one in scalars(each)}
    if isinstance(value, list):
        return {one for each in value for one in scalars(each)}
    return {value}
