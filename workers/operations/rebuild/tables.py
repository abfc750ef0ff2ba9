"""The tables that a rebuild compares: what tells their rows apart, and what time a row is of."""

from dataclasses import dataclass
from typing import Final

from workers.operations.rebuild.bounds import Kind


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One table.

    Attributes:
        name: In every schema.
        kind: What `key` names.
        key: Column by which ranges of a revision are told.
        time: Column by which they begin and end.
        identity: Columns by which a rebuilt row is set against a row of the line. Never `seq`: one
            record more or less shifts all that follow.
        ignored: Columns that tell where a row comes from, not what it says.
        with_: Table whose rows it shares a `seq` with: both are revised over the same stretch.
    """

    name: str
    kind: Kind
    key: str
    time: str
    identity: tuple[str, ...]
    ignored: tuple[str, ...] = ("seq", "digest")
    with_: str = ""

    @property
    def is_rollup(self) -> bool:
        """Whether its rows are sums over a minute."""
        return self.time == "minute"


COMPARED: Final = (
    Compared(
        name="tracks",
        kind="camera",
        key="camera_id",
        time="started_at",
        identity=("camera_id", "track_id", "started_at"),
        ignored=("first_seq", "seq", "digest"),
    ),
    Compared(
        name="positions",
        kind="floor",
        key="floor_id",
        time="as_of",
        identity=("floor_id", "person_id", "at"),
    ),
    Compared(
        name="links",
        kind="camera",
        key="to_camera_id",
        time="as_of",
        identity=("to_camera_id", "from_person_id", "to_person_id", "kind", "at"),
    ),
    Compared(
        name="zone_events",
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "person_id", "kind", "at", "as_of"),
    ),
    Compared(
        name="zone_occupancy",
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "as_of"),
        with_="coverage",
    ),
    Compared(
        name="coverage",
        kind="zone",
        key="zone_id",
        time="as_of",
        identity=("zone_id", "role", "as_of"),
        with_="zone_occupancy",
    ),
    Compared(
        name="occupancy_minutes",
        kind="zone",
        key="zone_id",
        time="minute",
        identity=("zone_id", "minute"),
        ignored=(),
    ),
    Compared(
        name="coverage_minutes",
        kind="zone",
        key="zone_id",
        time="minute",
        identity=("zone_id", "role", "minute"),
        ignored=(),
    ),
)
