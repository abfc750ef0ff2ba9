"""Bounds of a rebuild: the times and seqs it covers for each camera, floor and zone."""

from typing import Literal

import msgspec

from streams.state.progress import KeyProgress, ProgressByKey
from workers.operations.rebuild.plan import PartitionPlan

Kind = Literal["camera", "floor", "zone"]

_ByKey = dict[str, KeyProgress]


class Folded(msgspec.Struct, frozen=True):
    """Result of folding a partition.

    Attributes:
        progress: How far the rebuilt state has come.
        first_us: Event time of each camera's first tracks, UTC microseconds.
        records: Records written, by topic (without prefix).
        dead_letters: Inputs that could not be folded, by reason.
    """

    progress: ProgressByKey = msgspec.field(name="stand")
    first_us: dict[str, int]
    records: dict[str, int]
    dead_letters: dict[str, int] = msgspec.field(name="letters")


class Bound(msgspec.Struct, frozen=True):
    """Times and seqs that a rebuild covers for one camera, floor or zone.

    Attributes:
        kind: Camera, floor or zone.
        key: Id of the camera, floor or zone.
        after_us: Event time that the bound begins after, UTC microseconds.
        through_us: Last event time within the bound, UTC microseconds.
        seqs: The pipeline's seqs by topic: after the first, up to the second.
    """

    kind: Kind
    key: str
    after_us: int
    through_us: int
    seqs: dict[str, tuple[int, int]]


def bounds(
    plan: PartitionPlan, folded: Folded, floors: frozenset[str] | None = None
) -> list[Bound]:
    """Compute what a rebuild of a partition covers.

    The pipeline's progress gives the beginning and the end. For a key that the pipeline had not
    seen at one of them, the beginning or end of the rebuilt state is used instead.

    Args:
        plan: What was folded.
        folded: Result of the fold.
        floors: Floors to cover; all when None.
    """
    before = plan.before.of_floors(floors)
    after = (plan.after or ProgressByKey()).of_floors(floors)
    made = folded.progress.of_floors(floors)
    parts: list[
        tuple[Kind, dict[str, KeyProgress], dict[str, KeyProgress], dict[str, KeyProgress]]
    ] = [
        ("camera", before.cameras, after.cameras, made.cameras),
        ("floor", before.floors, after.floors, made.floors),
        ("zone", before.zones, after.zones, made.zones),
    ]
    opened = {
        floor_id: min(m.opened_us for m in (made.floors.get(floor_id), progress) if m is not None)
        for floor_id, progress in {**made.floors, **after.floors}.items()
    }
    return [
        _bound(kind, key, starts.get(key), ends.get(key), rebuilt.get(key), plan, opened, folded)
        for kind, starts, ends, rebuilt in parts
        for key in sorted(ends.keys() | rebuilt.keys())
    ]


def _bound(
    kind: Kind,
    key: str,
    start: KeyProgress | None,
    end: KeyProgress | None,
    rebuilt: KeyProgress | None,
    plan: PartitionPlan,
    opened: dict[str, int],
    folded: Folded,
) -> Bound:
    last = end or rebuilt
    assert last is not None
    if start is not None:
        after_us = start.through_us
    elif plan.base is not None:
        after_us = 0  # it came up after the checkpoint, so all of it is folded
    else:
        after_us = max(0, opened.get(last.floor_id, 0) - 1)
        if kind == "camera":
            after_us = min(after_us, folded.first_us.get(key, after_us + 1) - 1)
    seqs = {
        topic: (
            0 if start is None else start.seqs.get(topic, 0),
            0 if end is None else end.seqs.get(topic, 0),
        )
        for topic in last.seqs
    }
    return Bound(kind, key, after_us, last.through_us, seqs)
