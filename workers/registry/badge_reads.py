"""Rows of reads of badges, and their records: the same checks for files and for requests.

Reads are evidence and no facts: nobody edits them, they have no versions, and the registry does not
hold them. They go straight to `badge-reads.v1`, each to the partition of its reader's floor.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from runtime.facts.log import Fact
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS, BADGES, FLOORS, READERS, ZONES
from streams.domain.evidence.readers import RANGE_M
from workers.registry import values
from workers.registry.files import FieldFault, refuse
from workers.registry.row import Identity, Row, TimeZone
from workers.registry.rows import Holders, Metres, check_position
from workers.registry.values import utc_us
from workers.registry.view import RegistryView

KIND: Final = "badge_read"
"""Kind of record, in what is said of faults."""

_SKEW_US: Final = 60_000_000
"""Clocks of readers and of this machine may differ by this much, microseconds."""


class BadgeReadRow(Row):
    """A read of a badge.

    Where the reader is and whose the badge is may be left out where they are registered.
    """

    topic = BADGE_READS
    reader_id: Identity
    badge_id: Identity
    staff_ids: Holders | None = None
    read_at: Annotated[datetime, BeforeValidator(values.moment)]
    floor_id: Identity | None = None
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
        if self.floor_id is not None:
            check_position(self.x_m, self.y_m, self.range_m, self.zone_id)
        elif any(one is not None for one in (self.x_m, self.y_m, self.range_m, self.zone_id)):
            raise ValueError("floor_id: is missing: it goes with a position or a zone")
        return self


class Where(NamedTuple):
    """Where a reader is.

    Attributes:
        floor_id: Its floor.
        x_m: Position, metres of the floor; None for one that covers a zone.
        y_m: Position, metres of the floor; None for one that covers a zone.
        range_m: It seldom reads farther than this, m; None for one that covers a zone.
        zone_id: Zone that it covers; empty for one with a position.
    """

    floor_id: str
    x_m: float | None
    y_m: float | None
    range_m: float | None
    zone_id: str


class Held(NamedTuple):
    """Whose a badge is, and when.

    Attributes:
        staff_ids: Members of staff.
        from_us: From then on, UTC microseconds; None: always was.
        until_us: Until then, exclusive, UTC microseconds; None: for good.
    """

    staff_ids: Sequence[str]
    from_us: int | None
    until_us: int | None

    def holders(self, at_us: int) -> Sequence[str]:
        """Whose it is at a time; nobody where that is not known."""
        started = self.from_us is None or self.from_us <= at_us
        over = self.until_us is not None and self.until_us <= at_us
        return self.staff_ids if started and not over else ()


class Floors(NamedTuple):
    """What reads are checked against, and filled in from.

    Attributes:
        partitions: Partition of each floor, for life.
        time_zones: Time zone of each floor, by its newest version.
        zones: Floor of each zone.
        whole: Floors of which readers with a position are taken, too; None for all. On the others
            only readers of a zone are.
        readers: Where each registered reader is.
        badges: Whose each registered badge is.
    """

    partitions: Mapping[str, int]
    time_zones: Mapping[str, str]
    zones: Mapping[str, str]
    whole: Collection[str] | None = None
    readers: Mapping[str, Where] = {}
    badges: Mapping[str, Held] = {}


FACTS: Final = (FLOORS, ZONES, READERS, BADGES)
"""Topics of facts that reads are checked against."""


def floors_of(facts: Iterable[Fact]) -> Floors:
    """Take in facts, in log order; a floor's first partition is its partition."""
    partitions: dict[str, int] = {}
    newest: dict[str, dict[str, dict[str, Any]]] = {topic.name: {} for topic in FACTS}
    for topic, record in facts:
        identity = record[topic.key.removesuffix("@version")]
        if topic is FLOORS and record["partition"] >= 0:
            partitions.setdefault(identity, record["partition"])
        if record["removed"]:
            newest[topic.name].pop(identity, None)
        else:
            newest[topic.name][identity] = record
    return Floors(
        partitions,
        {one: record["time_zone"] for one, record in newest[FLOORS.name].items()},
        {one: record["floor_id"] for one, record in newest[ZONES.name].items()},
        readers={one: _where(record) for one, record in newest[READERS.name].items()},
        badges={one: _held(record) for one, record in newest[BADGES.name].items()},
    )


def floors_in_force(view: RegistryView, now_us: int) -> Floors:
    """What a view of the reference data shows at `now_us`."""
    floors = view.floors(now_us)
    versions = [
        Fact(FLOORS, record)
        for floor_id in floors
        for _, record in sorted(view.versions(FLOORS, floor_id).items())
    ]
    return Floors(
        floors_of(versions).partitions,
        {floor_id: floor["time_zone"] for floor_id, floor in floors.items()},
        {zone_id: zone["floor_id"] for zone_id, zone in view.zones(now_us).items()},
        readers={one: _where(record) for one, record in view.readers(now_us).items()},
        badges={one: _held(record) for one, record in view.badges(now_us).items()},
    )


def _where(reader: Mapping[str, Any]) -> Where:
    return Where(*(reader[name] for name in Where._fields))


def _held(badge: Mapping[str, Any]) -> Held:
    return Held(*(badge[name] for name in Held._fields))


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
    where = _where_of(row, floors)
    if where is None:
        reason = f"{row.reader_id!r} is not registered: register it, or write where it is"
        return ("reader_id", reason), None
    if fault := _misfit(where, floors):
        return fault, None
    zone = row.time_zone or floors.time_zones[where.floor_id] or "UTC"
    try:
        at_us = utc_us(row.read_at, zone)
    except ValueError as error:
        return ("read_at", str(error)), None
    if at_us > recorded_at_us + _SKEW_US:
        return ("read_at", "is in the future"), None
    holders: Sequence[str] | None = row.staff_ids
    if holders is None:
        badge = floors.badges.get(row.badge_id)
        holders = () if badge is None else badge.holders(at_us)
    return None, BadgeRead(
        reader_id=row.reader_id,
        at_us=at_us,
        recorded_at_us=recorded_at_us,
        badge_id=row.badge_id,
        staff_ids=sorted({*holders}),
        floor_id=where.floor_id,
        x_m=where.x_m,
        y_m=where.y_m,
        range_m=where.range_m,
        zone_id=where.zone_id,
        recorded_by=by,
    )


def _where_of(row: BadgeReadRow, floors: Floors) -> Where | None:
    """Where a reader is: as written, else as registered; None where it is neither."""
    if row.floor_id is None:
        return floors.readers.get(row.reader_id)
    range_m = (row.range_m or RANGE_M) if row.zone_id is None else None
    return Where(row.floor_id, row.x_m, row.y_m, range_m, row.zone_id or "")


def _misfit(where: Where, floors: Floors) -> tuple[str, str] | None:
    """Why a reader cannot be there, as field and reason; None where it can."""
    floor_id, zone_id = where.floor_id, where.zone_id
    if floor_id not in floors.partitions:
        return "floor_id", f"{floor_id!r} is not registered"
    if zone_id and floors.zones.get(zone_id) != floor_id:
        return "zone_id", f"{zone_id!r} is not a zone of floor {floor_id!r}"
    if not zone_id and floors.whole is not None and floor_id not in floors.whole:
        return "floor_id", f"{floor_id!r} is of other units too: send zone_id, a zone of yours"
    return None
