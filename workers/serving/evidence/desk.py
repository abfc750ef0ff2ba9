"""Take in reads of badges that a system of badges sends: all of a request, or none.

A read is judged by the checks of an import, for what its sender may reach, and the act is in the
audit before it is appended. The same request again, under the same key, is answered as before; if
the board fell between the append and the keeping of the answer, reads come twice, and whoever reads
the topic takes one read of a badge at one time once.

Blocking: the route calls it in threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from pydantic import BaseModel, Field

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry
from schemas.evidence_settings import BadgeSettings
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS
from streams.domain.evidence.queue import VISIBLE_AFTER_US
from workers.access.principal import EVERYWHERE, Principal
from workers.access.reach import reaches_all, reaches_part
from workers.access.rights import Right
from workers.audit.recorder import Recorder
from workers.registry.badge_reads import (
    BadgeReadRow,
    Floors,
    floors_in_force,
    records_of,
)
from workers.registry.editing.database import Database
from workers.registry.files import FieldFault, ImportRefused, checked_row
from workers.registry.mappings import read_json, read_object
from workers.registry.tables import BadTable, Entry
from workers.registry.vault.door import AS_THEY_ARE, Doors
from workers.registry.vault.external import Kind
from workers.registry.vault.rule import check_reads
from workers.registry.view import RegistryView
from workers.serving.editing.refusals import BadRequest, Unfit
from workers.serving.editing.repeats import Answer, Repeat
from workers.serving.evidence.once import once
from workers.serving.evidence.writer import ReadWriter

log = structlog.get_logger(__name__)

SENT: Final = "badge_reads.sent"
"""Action in the audit."""

UNREADABLE: Final = "reads of the request cannot be taken, so none was"

_WRONG_CLOCK_US: Final = 1_000_000
"""Clocks that are set differ by less than this, microseconds."""

_MOST_FAULTS: Final = 100
_LISTED: Final = 20
"""The audit lists this many floors of a request; the others are counted."""


class TakenReads(BaseModel):
    """What was taken, all of the request."""

    reads: int = Field(description="Number of reads.")
    readers: int = Field(description="Number of readers.")
    badges: int = Field(description="Number of badges.")
    recorded_at_us: int | None = Field(
        description="When they were recorded, UTC microseconds; null for a dry run."
    )
    late: int = Field(
        description="Reads of so long ago that they name nobody: each becomes a link. Send sooner."
    )
    ahead: list[str] = Field(
        description="Readers that say a time more than 1 s after the read arrived: their clocks "
        "are wrong, and their reads are weighed where people are later."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Reads as they are sent.

    Attributes:
        author: Who sends them.
        entries: The reads.
        reason: Why, in the author's words; may be empty.
        dry_run: Whether to write nothing.
        repeat: The request, where its client may send it again.
    """

    author: Principal
    entries: Sequence[Entry]
    reason: str = ""
    dry_run: bool = False
    repeat: Repeat | None = None


def entries_of(text: str) -> list[Entry]:
    """The reads of a request's body: an object, or a list of objects.

    Raises:
        BadRequest: It is neither.
    """
    fields = list(BadgeReadRow.model_fields)
    try:
        if text.lstrip().startswith("{"):
            return [read_object(text, fields)._replace(where="entry 1")]
        return read_json(text, fields)
    except BadTable as error:
        raise BadRequest(f"the body: {error}; one read may be an object") from error


class ReadDesk:
    """Judges, audits and appends reads.

    Args:
        registry: What is registered.
        writer: Appends them.
        recorder: Writes into the audit.
        clock: Gives the time.
        database: Keeps answers under their keys; None where there is none.
        doors: Opens the door that ids of staff and badges pass.
        trail_s: A read that is known later than this after its time names nobody, s.
    """

    def __init__(
        self,
        registry: RegistryView,
        writer: ReadWriter,
        recorder: Recorder,
        clock: Clock,
        database: Database | None = None,
        doors: Doors = AS_THEY_ARE,
        *,
        trail_s: float = BadgeSettings().trail_s,
    ) -> None:
        self._registry = registry
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._database = database
        self._doors = doors
        self._trail_us = round(trail_s * 1e6)

    def take(self, sending: Sending) -> Answer:
        """Take reads in, or say that they could be.

        Raises:
            Refusal: A read is wrong, or another request was sent with this key; none was taken.
            Retry: The brokers, the database or the audit is out of reach, or what is registered is
                not known yet. The message says whether nothing was taken.
        """
        if sending.repeat is None or sending.dry_run:
            return self._taken(sending)
        repeat = replace(sending.repeat, sha256=self._doors.keyed(sending.repeat.sha256))
        return once(self._database, repeat, self._clock, lambda: self._taken(sending))

    def _taken(self, sending: Sending) -> Answer:
        if self._registry.synced_us is None:
            raise Retry("what is registered is not known yet, so no read was taken")
        now_us = self._clock.now_us()
        floors = self._floors(sending.author, now_us)
        door = self._doors.open(lambda: {Kind.BADGE: floors.badges, Kind.STAFF: _holders(floors)})
        rows = _rows(door.enter(BadgeReadRow, sending.entries))
        try:
            check_reads(rows, floors.badges)
            reads = records_of(rows, floors, recorded_at_us=now_us, by=sending.author.subject)
        except ImportRefused as error:
            raise Unfit(UNREADABLE, error.faults) from error
        recorded_at_us = None
        if not sending.dry_run:
            actor, why = sending.author.subject, sending.reason
            self._recorder.record_now(_act(reads), actor=actor, why=why)
            door.keep()
            recorded_at_us = self._writer.append(
                reads, lambda read: floors.partitions[read["floor_id"]]
            )
        ahead = sorted(
            {one["reader_id"] for one in reads if one["at_us"] > now_us + _WRONG_CLOCK_US}
        )
        if ahead:
            log.warning("badge_reads.clock_ahead", readers=ahead[:_LISTED], number=len(ahead))
        oldest_us = now_us + VISIBLE_AFTER_US - self._trail_us
        taken = TakenReads(
            reads=len(reads),
            readers=len({read["reader_id"] for read in reads}),
            badges=len({read["badge_id"] for read in reads}),
            recorded_at_us=recorded_at_us,
            late=sum(one["at_us"] < oldest_us for one in reads),
            ahead=ahead,
        )
        return Answer(200, taken.model_dump_json().encode())

    def _floors(self, author: Principal, now_us: int) -> Floors:
        """The floors and zones of which the author may send reads.

        A reader with a position says who is near it, wherever on the floor that is: it needs the
        right in all units of the floor. One of a zone needs it in those of the zone.
        """
        known, held = floors_in_force(self._registry, now_us), author.units(Right.SEND_READS)
        if EVERYWHERE in held:
            return known
        units = self._registry.unit_index(now_us)
        of_floors = {one: units.units_of("floor", one) or () for one in known.partitions}
        return Floors(
            {
                floor_id: partition
                for floor_id, partition in known.partitions.items()
                if reaches_part(held, of_floors[floor_id])
            },
            known.time_zones,
            {
                zone_id: floor_id
                for zone_id, floor_id in known.zones.items()
                if reaches_all(held, units.units_of("zone", zone_id) or ())
            },
            {floor_id for floor_id, found in of_floors.items() if reaches_all(held, found)},
            {
                reader_id: where
                for reader_id, where in known.readers.items()
                if reaches_all(held, units.units_of("reader", reader_id) or ())
            },
            known.badges,  # whose one is goes into the log, and not to the sender
        )


def _holders(floors: Floors) -> set[str]:
    """Everybody who has a registered badge."""
    return {staff_id for badge in floors.badges.values() for staff_id in badge.staff_ids}


def _rows(entries: Sequence[Entry]) -> list[BadgeReadRow]:
    """The rows of a request, checked field by field.

    Raises:
        Unfit: Fields of it cannot be taken; each fault names the read by its place.
    """
    rows: list[BadgeReadRow] = []
    faults: list[FieldFault] = []
    for entry in entries:
        row, found = checked_row(entry, BadgeReadRow)
        faults += [fault._replace(identity=entry.where) for fault in found]
        if row is not None:
            row.where = entry.where
            rows.append(row)
    if faults:
        raise Unfit(UNREADABLE, faults[:_MOST_FAULTS])
    return rows


def _act(reads: Sequence[BadgeRead]) -> Act:
    """The audit's entry of a request: how many, where, and nobody's badge."""
    floors = sorted({read["floor_id"] for read in reads})
    more = [f"and {len(floors) - _LISTED} more"] if len(floors) > _LISTED else []
    readers = len({read["reader_id"] for read in reads})
    where = ", ".join([*floors[:_LISTED], *more])
    return Act(SENT, BADGE_READS.name, f"{len(reads)} reads by {readers} readers on {where}")
