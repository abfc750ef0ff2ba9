"""Which rows and records a rebuild answers for: of each camera, floor and zone, times and seqs."""

from typing import Literal

import msgspec

from streams.state.progress import KeyProgress, ProgressByKey
from workers.operations.rebuild.plan import PartitionPlan

Kind = Literal["camera", "floor", "zone"]

_ByKey = dict[str, KeyProgress]


class Folded(msgspec.Struct, frozen=True):
    """What came of folding a partition.

    Attributes:
        progress: Where the rebuilt state ended.
        first_us: Event time of each camera's first tracks, UTC microseconds.
        records: Records written, by topic (without prefix).
        dead_letters: Inputs that could not be folded, by reason.
    """

    progress: ProgressByKey = msgspec.field(name="stand")
    first_us: dict[str, int]
    records: dict[str, int]
    dead_letters: dict[str, int] = msgspec.field(name="letters")


class Bound(msgspec.Struct, frozen=True):
    """What a rebuild answers for of one camera, floor or zone.

    Attributes:
        kind: What it is.
        key: Its id.
        after_us: Event times after this one, UTC microseconds,
        through_us: and up to this one.
        seqs: By topic, the pipeline's seqs: after the first, up to the second.
    """

    kind: Kind
    key: str
    after_us: int
    through_us: int
    seqs: dict[str, tuple[int, int]]


def bounds(
    plan: PartitionPlan, folded: Folded, floors: frozenset[str] | None = None
) -> list[Bound]:
    """What a rebuild of a partition answers for.

    How far the pipeline had come says where it begins and ends. What the pipeline had not seen at
    the beginning, or not at the end, is bounded by where the rebuilt state itself began and ended.

    Args:
        plan: What was folded.
        folded: What came of it.
        floors: Only what belongs to these; everything when None.
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
