"""Reads of badges in the goldens' world: who is read where, and what goes wrong with it.

On the fused floor everybody is read who passes a reader, where `fused.py` says that they are. On
two floors readers cover zones, and read somebody now and then. Some reads are late, come twice or
contradict others; some are of badges that nobody holds, and some cannot be used.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from tests.golden import adapter, fused
from tests.golden.world import FLOORS, FUSED, T0, Chance, S

_APPEND_US = 400_000
RECORDED_S = (1, 1, 1, 2, 3, 14, 18)
"""How long after a read it is recorded, seconds: the last ones are too late to be weighed."""

READERS = {"f9-door": (1.5, 1.75), "f9-bed": (5.25, 3.5), "f9-desk": (3.0, 4.0)}
"""Position of each reader of the fused floor, metres."""

RANGE_M, RANGE_MM = 1.5, 700
"""What the readers are said to reach, and from how close they read here."""

BADGES: Sequence[Sequence[str]] = (
    ("f9-s3", "f9-s4"), ("f9-s1",), ("f9-s2",), ("f9-s1", "f9-s2"), (), ("f9-s2",),
    ("nobody-here",),
)  # fmt: skip
"""Whose badge each walker of the fused floor carries; walkers come round again."""

ZONED = {"f1": (0, 600), "f4": (30, 500)}
"""Floors whose readers cover zones, and from when to when they read, seconds."""


class AppendedRead(NamedTuple):
    """One record of the reads.

    Attributes:
        appended_us: Time at which it was appended, UTC microseconds.
        floor_id: Floor of its reader.
        value: Bytes of the record.
    """

    appended_us: int
    floor_id: str
    value: bytes


def _read(at_us: int, recorded_at_us: int, floor_id: str, **fields: Any) -> AppendedRead:
    record = {
        "at_us": at_us,
        "recorded_at_us": recorded_at_us,
        "floor_id": floor_id,
        "x_m": None,
        "y_m": None,
        "range_m": None,
        "zone_id": "",
        "recorded_by": "golden",
    } | fields
    value = adapter.encode("badge-reads.v1", record)
    return AppendedRead(recorded_at_us + _APPEND_US, floor_id, value)


def _fused() -> Iterator[AppendedRead]:
    """Whoever is near a reader is read, at most once in 3 s; one badge is read far away too."""
    chance = Chance("f9-reads")
    for at_ms in range(fused.STARTS_MS, fused.ENDS_MS, 500):
        for number, (x_mm, y_mm) in fused.positions(at_ms):
            for reader_id, (x_m, y_m) in READERS.items():
                near = max(abs(x_mm - x_m * 1_000), abs(y_mm - y_m * 1_000)) < RANGE_MM
                if not near or chance.below(3):
                    continue
                at_us = T0 + at_ms * 1_000 + chance.below(400_000)
                recorded_us = at_us + RECORDED_S[chance.below(len(RECORDED_S))] * S
                badge = number % len(BADGES)
                fields: dict[str, Any] = {"reader_id": reader_id, "badge_id": f"f9-b{badge}"}
                fields |= {"staff_ids": list(BADGES[badge])}
                fields |= {"x_m": x_m, "y_m": y_m, "range_m": RANGE_M}
                yield _read(at_us, recorded_us, FUSED, **fields)
                dice = chance.below(20)
                if dice == 0:  # again, some seconds later
                    yield _read(at_us, recorded_us + 4 * S, FUSED, **fields)
                elif dice == 1:  # the same read with another holder
                    other = fields | {"staff_ids": ["f9-s2"]}
                    yield _read(at_us, recorded_us + S, FUSED, **other)
    gate: dict[str, Any] = {"reader_id": "f9-gate", "badge_id": "f9-b1", "staff_ids": ["f9-s2"]}
    gate |= {"x_m": 60.0, "y_m": 60.0, "range_m": RANGE_M}
    yield _read(T0 + 330 * S, T0 + 331 * S, FUSED, **gate)


def _zoned() -> Iterator[AppendedRead]:
    """Readers that cover a zone each; one reads on after its zone was removed."""
    for floor_id, (from_s, until_s) in ZONED.items():
        chance = Chance(f"{floor_id}-reads")
        for at_s in range(from_s, until_s, 7):
            side = ("left", "right")[chance.below(2)]
            who = 1 + chance.below(2)
            at_us = T0 + at_s * S + chance.below(S)
            recorded_us = at_us + RECORDED_S[chance.below(len(RECORDED_S))] * S
            yield _read(
                at_us,
                recorded_us,
                floor_id,
                reader_id=f"{floor_id}-{side}-reader",
                badge_id=f"{floor_id}-b{who}",
                staff_ids=[f"{floor_id}-s{who}"],
                zone_id=f"{floor_id}-{side}",
            )


def _unusable() -> Iterator[AppendedRead]:
    """Reads that no fold takes in, and one of a floor that nobody registered."""
    at_us = T0 + 250 * S
    fields: dict[str, Any] = {"reader_id": "f9-door", "badge_id": "f9-b0", "staff_ids": ["f9-s1"]}
    there: dict[str, Any] = {"x_m": 1.5, "y_m": 1.75, "range_m": RANGE_M}
    yield _read(at_us, at_us, FUSED, **fields)  # nowhere
    yield _read(at_us, at_us, FUSED, **fields, **(there | {"x_m": 1e308}))
    yield _read(at_us, at_us, FUSED, **fields, **(there | {"range_m": 0.0}))
    yield _read(-at_us, at_us, FUSED, **fields, **there)
    yield _read(at_us + 90 * S, at_us, FUSED, **fields, **there)  # read before it was read
    yield _read(at_us, at_us, FUSED, **(fields | {"badge_id": ""}), **there)
    yield _read(at_us, at_us, "no-such-floor", **fields, **there)


@cache
def appended() -> tuple[AppendedRead, ...]:
    """Every read, in the order in which it was appended."""
    found = [*_fused(), *_zoned(), *_unusable()]
    return tuple(sorted(found, key=lambda one: (one.appended_us, one.floor_id, one.value)))


def reads(partition: int) -> list[adapter.Read]:
    """The reads of a partition, in the order in which they were appended."""
    own = {floor_id for floor_id, (number, _) in FLOORS.items() if number == partition}
    if FUSED in own:
        own.add("no-such-floor")
    return [adapter.Read(one.appended_us, one.value) for one in appended() if one.floor_id in own]
