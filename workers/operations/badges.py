"""Import reads of badges: a file of what readers read, all of it or nothing.

Reads are evidence and no facts: nobody edits them, they have no versions, and the registry does not
hold them. They go straight to `badge-reads.v1`, each to the partition of its reader's floor.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from runtime.facts.log import Fact, FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS, FLOORS, ZONES
from streams.domain.evidence.readers import RANGE_M
from workers.registry import values
from workers.registry.files import read_file, refuse
from workers.registry.rows import Identities, Identity, Row, TimeZone
from workers.registry.values import utc_us

_SKEW_US: Final = 60_000_000
"""Clocks of readers and of this machine may differ by this much, microseconds."""

_AT_ONCE: Final = 1_000
"""So many reads are stamped and appended together: each must be there within 2 s of when it says
that it was recorded."""

Metres = Annotated[float, BeforeValidator(values.number)]


class BadgeReadRow(Row):
    """A read of a badge: by a reader with a position (`x_m`, `y_m`), or by one of a zone."""

    topic = BADGE_READS
    reader_id: Identity
    badge_id: Identity
    staff_ids: Identities = Field(default_factory=list)
    read_at: Annotated[datetime, BeforeValidator(values.moment)]
    floor_id: Identity
    x_m: Metres | None = None
    y_m: Metres | None = None
    range_m: Annotated[float | None, BeforeValidator(values.number), Field(gt=0, le=100)] = None
    zone_id: Identity | None = None
    time_zone: TimeZone | None = None

    @classmethod
    def kind(cls) -> str:
        """Kind of record, for messages."""
        return "badge read"

    @model_validator(mode="after")
    def _is_somewhere(self) -> "BadgeReadRow":
        placed = [self.x_m is not None, self.y_m is not None]
        if self.zone_id is not None and (any(placed) or self.range_m is not None):
            raise ValueError("give zone_id, or x_m and y_m with range_m, not both")
        if self.zone_id is None and not all(placed):
            raise ValueError("give x_m and y_m, or zone_id for a reader that covers a zone")
        return self


class Floors(NamedTuple):
    """What reads are checked against.

    Attributes:
        partitions: Partition of each floor, for life.
        time_zones: Time zone of each floor, by its newest version.
        zones: Floor of each zone.
    """

    partitions: Mapping[str, int]
    time_zones: Mapping[str, str]
    zones: Mapping[str, str]


class Imported(NamedTuple):
    """What an import did, or would do.

    Attributes:
        read_as: The form of file that was taken, for people.
        reads: Number of reads.
        readers: Number of readers.
        badges: Number of badges.
        written: Whether they were written.
    """

    read_as: str
    reads: int
    readers: int
    badges: int
    written: bool


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


def records_of(
    rows: Sequence[BadgeReadRow], floors: Floors, *, recorded_at_us: int, by: str
) -> list[BadgeRead]:
    """The records of rows, in order of their times.

    Args:
        rows: Rows of a file.
        floors: What they are checked against.
        recorded_at_us: When they are written, UTC microseconds.
        by: Who imports them.

    Raises:
        ImportRefused: A floor or zone is unknown, a time does not exist in its zone or lies in the
            future, or a read comes twice; the message names file, line and field.
    """
    faults, found = [], []
    known: dict[tuple[str, int, str], str] = {}
    for row in rows:
        fault, record = _record(row, floors, recorded_at_us, by)
        if record is not None:
            key = (record["reader_id"], record["at_us"], record["badge_id"])
            if key in known:
                fault = f"read_at: this read is in {known[key]} already"
            known.setdefault(key, row.where)
        if fault:
            faults.append(f"{row.where}: {fault}")
        elif record is not None:
            found.append(record)
    refuse(faults)
    return sorted(found, key=lambda one: (one["at_us"], one["reader_id"], one["badge_id"]))


def import_reads(
    path: Path,
    cluster: Cluster,
    *,
    by: str,
    recorded_at_us: int | None = None,
    dry_run: bool = False,
) -> Imported:
    """Append the reads of a file to `badge-reads.v1`.

    Args:
        path: CSV, workbook, YAML or JSON.
        cluster: Where the topics are.
        by: Who imports it.
        recorded_at_us: When they were recorded, UTC microseconds; None for now. An earlier time is
            for recorded material that has not been processed yet.
        dry_run: Whether to write nothing.

    Raises:
        ImportRefused: Something in it is wrong; nothing was written.
        NotRegistered: The schema of the topic is not registered.
        Retry: Brokers or the schema registry are out of reach; import it again, since whoever
            reads takes one read of a badge at one time once.
        Stop: A broker refuses the reads.
    """
    read = read_file(path, BadgeReadRow)
    facts = FactLog(cluster, [FLOORS, ZONES])
    try:
        floors = floors_of(facts.sync())
    finally:
        facts.close()
    now_us = cluster.clock.now_us() if recorded_at_us is None else recorded_at_us
    records = records_of(read.rows, floors, recorded_at_us=now_us, by=by)
    if not dry_run:
        send(records, cluster, floors, stamps=recorded_at_us is None)
    return Imported(
        read_as=read.read_as,
        reads=len(records),
        readers=len({one["reader_id"] for one in records}),
        badges=len({one["badge_id"] for one in records}),
        written=not dry_run,
    )


def send(
    records: Sequence[BadgeRead], cluster: Cluster, floors: Floors, *, stamps: bool = False
) -> None:
    """Append reads, each to its floor's partition, and wait for all of them.

    Args:
        records: The reads.
        cluster: Where the topics are.
        floors: Where floors are.
        stamps: Whether they are recorded as they are appended, and not when they say.

    Raises:
        NotRegistered: The schema of the topic is not registered.
        Retry: Brokers or the schema registry are out of reach.
        Stop: A broker refuses the reads.
    """
    codec = cluster.registry.writer(BADGE_READS)
    producer = ReliableProducer(cluster)
    try:
        for first in range(0, len(records), _AT_ONCE):
            now_us = cluster.clock.now_us()
            for read in records[first : first + _AT_ONCE]:
                record = {**read, "recorded_at_us": now_us} if stamps else read
                producer.produce(
                    cluster.name(BADGE_READS),
                    key=read["reader_id"],
                    value=codec.encode(record),
                    partition=floors.partitions[read["floor_id"]],
                )
            producer.flush()
    finally:
        producer.close()


def _record(
    row: BadgeReadRow, floors: Floors, recorded_at_us: int, by: str
) -> tuple[str, BadgeRead | None]:
    """What is wrong with a row, and its record where nothing is."""
    if row.floor_id not in floors.partitions:
        return f"floor_id: {row.floor_id!r} is not registered", None
    if row.zone_id is not None and floors.zones.get(row.zone_id) != row.floor_id:
        return f"zone_id: {row.zone_id!r} is not a zone of floor {row.floor_id!r}", None
    zone = row.time_zone or floors.time_zones[row.floor_id] or "UTC"
    try:
        at_us = utc_us(row.read_at, zone)
    except ValueError as error:
        return f"read_at: {error}", None
    if at_us > recorded_at_us + _SKEW_US:
        return "read_at: is in the future", None
    placed = row.zone_id is None
    return "", BadgeRead(
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
