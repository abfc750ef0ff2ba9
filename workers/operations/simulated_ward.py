"""The readers and badges of made-up reads: registered ones that are called simulated, else more.

A made-up reader stands in the middle of a zone that is drawn in metres, and covers one that is
drawn in a camera's frame.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from shapely.geometry import Polygon

from runtime.facts.log import Fact
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGES, FLOORS, READERS, STAFF, ZONES, Topic
from streams.domain.evidence.readers import RANGE_M, Reader
from workers.registry import badge_reads
from workers.registry.badge_reads import BadgeReadRow, Floors, floors_of

FACTS: Final = (FLOORS, ZONES, STAFF, READERS, BADGES)
"""Topics of facts that reads are made up from."""

SIMULATED: Final = "simulated"
"""Start of the id of every made-up reader and badge, and who recorded their reads."""

_LONGEST: Final = 64
_SECOND_US: Final = 1_000_000


class SimulatedReader(NamedTuple):
    """A made-up reader.

    Attributes:
        floor_id: Its floor.
        reader: Where it is, or the zone that it covers.
    """

    floor_id: str
    reader: Reader


class Ward(NamedTuple):
    """What is registered, as far as reads are made up from it.

    Attributes:
        floors: What reads are checked against, and filled in from.
        readers: The made-up readers.
        holders: Whose each made-up badge is.
    """

    floors: Floors
    readers: list[SimulatedReader]
    holders: dict[str, list[str]]


def ward_of(facts: Sequence[Fact], floor_ids: Sequence[str] = ()) -> Ward:
    """Take the made-up readers and badges that are registered, else make some up.

    Those are a reader in each zone, and a badge of each member of staff.

    Args:
        facts: Floors, zones, staff, readers and badges, in log order.
        floor_ids: Floors of which reads are made up; of all where none are named.
    """
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for topic, record in facts:
        newest[topic.name, record[topic.key.removesuffix("@version")]] = record

    def now(topic: Topic) -> list[dict[str, Any]]:
        found = [newest[key] for key in sorted(newest) if key[0] == topic.name]
        return [one for one in found if not one["removed"]]

    registered = [
        SimulatedReader(one["floor_id"], _reader_of(one))
        for one in now(READERS)
        if one["reader_id"].startswith(SIMULATED)
    ]
    readers = registered or [
        SimulatedReader(zone["floor_id"], _reader_in(zone)) for zone in now(ZONES)
    ]
    holders = {
        one["badge_id"]: list(one["staff_ids"])
        for one in now(BADGES)
        if one["badge_id"].startswith(SIMULATED)
    }
    return Ward(
        floors_of(fact for fact in facts if fact.topic in badge_reads.FACTS),
        [one for one in readers if not floor_ids or one.floor_id in floor_ids],
        holders or {simulated_id(one["staff_id"]): [one["staff_id"]] for one in now(STAFF)},
    )


def rows_of(made: Sequence[BadgeRead], floors: Floors) -> list[BadgeReadRow]:
    """Reads as they are sent: what is registered of reader and badge is left out."""
    rows = []
    for number, read in enumerate(made, 1):
        fields: dict[str, Any] = {
            "reader_id": read["reader_id"],
            "badge_id": read["badge_id"],
            "read_at": datetime.fromtimestamp(read["at_us"] / _SECOND_US, UTC),
        }
        if read["badge_id"] not in floors.badges:
            fields["staff_ids"] = read["staff_ids"]
        if read["reader_id"] not in floors.readers:
            fields |= {name: read[name] for name in ("floor_id", "x_m", "y_m", "range_m")}
            fields["zone_id"] = read["zone_id"] or None
        row = BadgeReadRow.model_validate(fields)
        row.where = f"entry {number}"
        rows.append(row)
    return rows


def simulated_id(identity: str) -> str:
    """The id of something made up."""
    return f"{SIMULATED}-{identity}"[:_LONGEST]


def _reader_of(reader: Mapping[str, Any]) -> Reader:
    """A registered reader."""
    if reader["zone_id"]:
        return Reader(reader["reader_id"], zone_id=reader["zone_id"])
    x_m, y_m, range_m = reader["x_m"], reader["y_m"], reader["range_m"]
    return Reader(reader["reader_id"], x_m, y_m, RANGE_M if range_m is None else range_m)


def _reader_in(zone: Mapping[str, Any]) -> Reader:
    """The reader of a zone: in its middle, or of the whole zone where nobody knows metres."""
    reader_id = simulated_id(zone["zone_id"])
    if zone["space"] != "FLOOR_M":
        return Reader(reader_id, zone_id=zone["zone_id"])
    middle = Polygon([(one["x"], one["y"]) for one in zone["polygon"]]).representative_point()
    return Reader(reader_id, round(middle.x, 2), round(middle.y, 2), RANGE_M)
