"""Rows of reads of badges, and their records: the same checks for files and for requests.

Reads are evidence and no facts: nobody edits them, they have no versions, and the registry does not
hold them. They go straight to `badge-reads.v1`, each to the partition of its reader's floor.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from runtime.facts.log import Fact
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS, FLOORS, ZONES
from workers.registry import values
from workers.registry.files import FieldFault, refuse
from workers.registry.rows import Identity, Row, TimeZone
from workers.registry.values import utc_us
from workers.registry.view import RegistryView

KIND: Final = "badge_read"
"""Kind of record, in what is said of faults."""

RANGE_M: Final = 1.5
"""Range of a reader whose range is not given, m."""

MOST_HOLDERS: Final = 100
"""A badge is shared by this many members of staff at most."""

_SKEW_US: Final = 60_000_000
"""Clocks of readers and of this machine may differ by this much, microseconds."""

Metres = Annotated[float, BeforeValidator(values.number)]
Holders = Annotated[list[Identity], BeforeValidator(values.listed), Field(max_length=MOST_HOLDERS)]


class BadgeReadRow(Row):
    """A read of a badge: by a reader with a position (`x_m`, `y_m`), or by one of a zone."""

    topic = BADGE_READS
    reader_id: Identity
    badge_id: Identity
    staff_ids: Holders = Field(default_factory=list)
    read_at: Annotated[datetime, BeforeValidator(values.moment)]
    floor_id: Identity
    x_m: Metres | None = None
    y_m: Metres | None = None
    range_m: Annotated[float | None, BeforeValidator(values.number), Field(gt=0, le=100)] = None
    zone_id: Identity | None = None
    time_zone: TimeZone | None = None

    @classmethod
    def kind_of_fact(cls) -> str:
        """Kind of record, for messages: a row is a read, and not its reader."""
        return KIND

    @model_validator(mode="after")
    def _is_somewhere(self) -> "BadgeReadRow":
        placed = [self.x_m is not None, self.y_m is not None]
        if self.zone_id is not None and (any(placed) or self.range_m is not None):
            raise ValueError("zone_id: give zone_id, or x_m and y_m with range_m, not both")
        if self.zone_id is None and not all(placed):
            missing = "y_m" if placed[0] else "x_m"
            raise ValueError(
                f"{missing}: give x_m and y_m, or zone_id for a reader that covers a zone"
            )
        return self


class Floors(NamedTuple):
    """What reads are checked against.

    Attributes:
        partitions: Partition of each floor, for life.
        time_zones: Time zone of each floor, by its newest version.
        zones: Floor of each zone.
        whole: Floors of which readers with a position are taken, too; None for all. On the others
            only readers of a zone are.
    """

    partitions: Mapping[str, int]
    time_zones: Mapping[str, str]
    zones: Mapping[str, str]
    whole: Collection[str] | None = None


def floors_of(facts: Iterable[Fact]) -> Floors:
    """Take in floors and zones, in log order; a floor's first partition is its partition."""
    partitions: dict[str, int] = {}
    time_zones: dict[str, str] = {}
    zones: dict[str, str] = {}
    for topic, record in facts:
        if record["removed"]:
            zones.pop(record.get("zone_id", ""), None)
        elif topic is FLOORS:
            if record["partition"] >= 0:
                partitions.setdefault(record["floor_id"], record["partition"])
            time_zones[record["floor_id"]] = record["time_zone"]
        elif topic is ZONES:
            zones[record["zone_id"]] = record["floor_id"]
    return Floors(partitions, time_zones, zones)


def floors_in_force(view: RegistryView, now_us: int) -> Floors:
    """The floors and zones that a view of the reference data shows at `now_us`."""
    floors = view.floors(now_us)
    versions = [
        Fact(FLOORS, record)
        for floor_id in floors
        for _, record in sorted(view.versions(FLOORS, floor_id).items())
    ]
    return floors_of(versions)._replace(
        time_zones={floor_id: floor["time_zone"] for floor_id, floor in floors.items()},
        zones={zone_id: zone["floor_id"] for zone_id, zone in view.zones(now_us).items()},
    )


def records_of(
    rows: Sequence[BadgeReadRow], floors: Floors, *, recorded_at_us: int, by: str
) -> list[BadgeRead]:
    """The records of rows, in order of their times.

    Args:
        rows: Rows of a file or request.
        floors: What they are checked against.
        recorded_at_us: When they are written, UTC microseconds.
        by: Who imports or sends them.

    Raises:
        ImportRefused: A floor or zone is unknown, a time does not exist in its zone or lies in the
            future, or a read comes twice; it names each row and field.
    """
    faults: list[FieldFault] = []
    found: list[BadgeRead] = []
    known: dict[tuple[str, int, str], str] = {}
    for row in rows:
        fault, record = _record(row, floors, recorded_at_us, by)
        if record is not None:
            key = (record["reader_id"], record["at_us"], record["badge_id"])
            if key in known:
                fault = ("read_at", f"this read is in {known[key]} already")
            known.setdefault(key, row.where)
        if fault is not None:
            faults.append(FieldFault(KIND, row.where, *fault))
        elif record is not None:
            found.append(record)
    refuse([f"{where}: {field}: {reason}" for _, where, field, reason in faults], faults)
    return sorted(found, key=lambda one: (one["at_us"], one["reader_id"], one["badge_id"]))


def _record(
    row: BadgeReadRow, floors: Floors, recorded_at_us: int, by: str
) -> tuple[tuple[str, str] | None, BadgeRead | None]:
    """What is wrong with a row, as field and reason, and its record where nothing is."""
    if row.floor_id not in floors.partitions:
        return ("floor_id", f"{row.floor_id!r} is not registered"), None
    if row.zone_id is not None and floors.zones.get(row.zone_id) != row.floor_id:
        return ("zone_id", f"{row.zone_id!r} is not a zone of floor {row.floor_id!r}"), None
    if row.zone_id is None and floors.whole is not None and row.floor_id not in floors.whole:
        reason = f"{row.floor_id!r} is of other units too: send zone_id, a zone of yours"
        return ("floor_id", reason), None
    zone = row.time_zone or floors.time_zones[row.floor_id] or "UTC"
    try:
        at_us = utc_us(row.read_at, zone)
    except ValueError as error:
        return ("read_at", str(error)), None
    if at_us > recorded_at_us + _SKEW_US:
        return ("read_at", "is in the future"), None
    placed = row.zone_id is None
    return None, BadgeRead(
        reader_id=row.reader_id,
        at_us=at_us,
        recorded_at_us=recorded_at_us,
        badge_id=row.badge_id,
        staff_ids=sorted({*row.staff_ids}),
        floor_id=row.floor_id,
        x_m=row.x_m,
        y_m=row.y_m,
        range_m=(row.range_m or RANGE_M) if placed else None,
        zone_id=row.zone_id or "",
        recorded_by=by,
    )
