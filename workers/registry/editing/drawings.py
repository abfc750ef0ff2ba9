"""The pictures of floors' plans in the database: kept by their digest, named by facts of floors."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg

from runtime.facts.log import Fact
from schemas.topics import FLOORS
from workers.registry.editing.database import Database
from workers.registry.files import FieldFault, refuse
from workers.registry.redrawing import Redrawn
from workers.registry.registered import Registered, key_of

KEPT_DAYS: Final = 30
"""A picture that was taken away can be brought back for so long, days."""

_GONE: Final = (
    "names a picture that is not kept: upload it first; one that was taken away is kept for "
    f"{KEPT_DAYS} days"
)
_PUT: Final = """
    INSERT INTO registry.drawings (floor_id, sha256, image, media_type, width_px, height_px,
                                   uploaded_by, uploaded_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (floor_id, sha256) DO UPDATE
    SET uploaded_by = excluded.uploaded_by, uploaded_at = excluded.uploaded_at
"""
_FIND: Final = """
    SELECT image, media_type, uploaded_by FROM registry.drawings
    WHERE floor_id = %s AND sha256 = %s
"""
_SIZE: Final = """
    SELECT width_px, height_px FROM registry.drawings WHERE floor_id = %s AND sha256 = %s
"""

_DAY: Final = timedelta(days=1)
_MIB: Final = 2**20
QUOTA_BYTES: Final = 64 * _MIB
"""What one person may upload within a day where no setting says otherwise, bytes."""

_UPLOADED: Final = """
    SELECT coalesce(sum(length(image)), 0) FROM registry.drawings
    WHERE uploaded_by = %s AND uploaded_at > %s AND (floor_id, sha256) <> (%s, %s)
"""


class Kept(NamedTuple):
    """A picture as it is kept.

    Attributes:
        image: Its bytes.
        media_type: What they are.
        uploaded_by: The authenticated subject that uploaded it last.
    """

    image: bytes
    media_type: str
    uploaded_by: str


class Drawings:
    """Keeps and gives the pictures of plans.

    Args:
        database: Where the schema `registry` is.
        quota_bytes: What one person may upload within a day, bytes as they are kept.
    """

    def __init__(self, database: Database, quota_bytes: int = QUOTA_BYTES) -> None:
        self._database = database
        self._quota_bytes = quota_bytes

    def check_quota(self, floor_id: str, picture: Redrawn, *, by: str, now_us: int) -> None:
        """Refuse a picture with which its uploader would exceed the quota of a day.

        Args:
            floor_id: The floor.
            picture: The picture, encoded again.
            by: The authenticated subject.
            now_us: Now, UTC microseconds.

        Raises:
            ImportRefused: It would.
            Retry: The database is out of reach.
        """
        since = datetime.fromtimestamp(now_us / 1e6, UTC) - _DAY
        with self._database.transaction() as transaction:
            asked = [by, since, floor_id, picture.sha256]
            row = transaction.execute(_UPLOADED, asked).fetchone()
        held = 0 if row is None else int(row[0])
        if held + len(picture.image) <= self._quota_bytes:
            return
        reason = (
            f"you have uploaded {held / _MIB:.1f} MiB within a day, and with this one more than "
            f"the {self._quota_bytes / _MIB:.1f} MiB that are the most: upload it later, or smaller"
        )
        fault = FieldFault("floor", floor_id, "drawing", reason)
        refuse([f"floor_id {floor_id}: drawing: {reason}"], [fault])

    def put(self, floor_id: str, picture: Redrawn, *, by: str, now_us: int) -> None:
        """Keep a picture of a floor; one that is kept already stays, and waits anew.

        Args:
            floor_id: The floor.
            picture: The picture, encoded again.
            by: The authenticated subject.
            now_us: Now, UTC microseconds.

        Raises:
            Retry: The database is out of reach.
        """
        at = datetime.fromtimestamp(now_us / 1e6, UTC)
        with self._database.transaction() as transaction:
            transaction.execute(
                _PUT,
                [
                    *(floor_id, picture.sha256, picture.image, picture.media_type),
                    *(picture.width_px, picture.height_px, by, at),
                ],
            )

    def find(self, floor_id: str, sha256: str) -> Kept | None:
        """A picture of a floor; None where it is not kept.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            row = transaction.execute(_FIND, [floor_id, sha256]).fetchone()
        return None if row is None else Kept(bytes(row[0]), row[1], row[2])


def check_drawings(
    transaction: psycopg.Connection, facts: Sequence[Fact], known: Registered
) -> None:
    """Refuse an edit whose floors show another picture than is kept.

    Args:
        transaction: Of the edit.
        facts: What it registers.
        known: The newest version of every fact before it.

    Raises:
        ImportRefused: There are; the message names the floors.
        Retry: The database is out of reach.
    """
    faults = [
        FieldFault("floor", floor["floor_id"], "drawing", reason)
        for floor in _with_others(facts, known)
        if (reason := _fault(transaction, floor))
    ]
    refuse([f"floor_id {one.identity}: {one.field}: {one.reason}" for one in faults], faults)


def _with_others(facts: Sequence[Fact], known: Registered) -> list[dict[str, Any]]:
    """Floors that show a picture which they did not show before."""
    found = []
    for fact in facts:
        if fact.topic is not FLOORS or fact.record["drawing"] is None:
            continue
        before = (known.find(key_of(fact)) or {}).get("drawing") or {}
        drawing = fact.record["drawing"]
        if any(before.get(name) != drawing[name] for name in ("sha256", "width_px", "height_px")):
            found.append(fact.record)
    return found


def _fault(transaction: psycopg.Connection, floor: dict[str, Any]) -> str:
    drawing = floor["drawing"]
    row = transaction.execute(_SIZE, [floor["floor_id"], drawing["sha256"]]).fetchone()
    if row is None:
        return _GONE
    if row != (drawing["width_px"], drawing["height_px"]):
        return f"says another size than the picture's, {row[0]} x {row[1]} px"
    return ""
