"""Import reads of badges: a file of what readers read, all of it or nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS
from workers.registry.badge_reads import FACTS, BadgeReadRow, Floors, floors_of, records_of
from workers.registry.files import read_file
from workers.registry.vault.door import AS_THEY_ARE, Doors
from workers.registry.vault.external import Kind
from workers.registry.vault.rule import check_reads
from workers.serving.evidence.writer import ReadWriter


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


def import_reads(
    path: Path,
    cluster: Cluster,
    *,
    by: str,
    recorded_at_us: int | None = None,
    dry_run: bool = False,
    doors: Doors = AS_THEY_ARE,
) -> Imported:
    """Append the reads of a file to `badge-reads.v1`.

    Args:
        path: CSV, workbook, YAML or JSON.
        cluster: Where the topics are.
        by: Who imports it.
        recorded_at_us: When they were recorded, UTC microseconds; None for now. An earlier time is
            for recorded material that has not been processed yet.
        dry_run: Whether to write nothing.
        doors: Opens the door that ids of staff and badges pass.

    Raises:
        ImportRefused: Something in it is wrong; nothing was written.
        NotRegistered: The schema of the topic is not registered.
        Retry: Brokers or the schema registry are out of reach, or did not take reads recorded now
            in time, as of a file that is too large; import it again, since whoever reads takes one
            read of a badge at one time once.
        Stop: A broker refuses the reads.
    """
    facts = FactLog(cluster, FACTS)
    try:
        floors = floors_of(facts.sync())
    finally:
        facts.close()
    holders = {staff_id for badge in floors.badges.values() for staff_id in badge.staff_ids}
    door = doors.open(lambda: {Kind.BADGE: floors.badges, Kind.STAFF: holders})
    read = read_file(path, BadgeReadRow, enter=door.enter)
    check_reads(read.rows, floors.badges)
    now_us = cluster.clock.now_us() if recorded_at_us is None else recorded_at_us
    records = records_of(read.rows, floors, recorded_at_us=now_us, by=by)
    if not dry_run:
        door.keep()
    if not dry_run and recorded_at_us is None:
        ReadWriter(cluster).append(records, lambda read: floors.partitions[read["floor_id"]])
    elif not dry_run:
        send(records, cluster, floors)
    return Imported(
        read_as=read.read_as,
        reads=len(records),
        readers=len({one["reader_id"] for one in records}),
        badges=len({one["badge_id"] for one in records}),
        written=not dry_run,
    )


def send(records: Sequence[BadgeRead], cluster: Cluster, floors: Floors) -> None:
    """Append recorded material, each read to its floor's partition, and wait for all of it.

    Nobody processes it yet, so nobody relies on its append in time.

    Raises:
        NotRegistered: The schema of the topic is not registered.
        Retry: Brokers or the schema registry are out of reach.
        Stop: A broker refuses the reads.
    """
    codec = cluster.registry.writer(BADGE_READS)
    producer = ReliableProducer(cluster)
    try:
        for record in records:
            producer.produce(
                cluster.name(BADGE_READS),
                key=record["reader_id"],
                value=codec.encode(record),
                partition=floors.partitions[record["floor_id"]],
            )
        producer.flush()
    finally:
        producer.close()
