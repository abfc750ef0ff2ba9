"""Where a rebuild begins: a time, or a place in the detections."""

import re
from typing import Final, NamedTuple

from schemas.topics import FLOOR_PARTITIONS
from workers.operations.times import HELP, BadTime, parse_time

ORIGIN_HELP: Final = (
    f"Event time: {HELP} Or PARTITION:OFFSET of detections.made.v1, such as 3:12000, "
    "for that partition alone."
)
_POSITION = re.compile(r"(\d{1,5}):(\d{1,18})")


class Origin(NamedTuple):
    """Where to begin.

    Attributes:
        text: As it was asked for.
        at_us: Event time, UTC microseconds; None when a place was given.
        partition: Partition of the detections; None when a time was given.
        offset: In that partition.
    """

    text: str
    at_us: int | None
    partition: int | None = None
    offset: int = 0


def parse_origin(text: str, now_us: int) -> Origin:
    """Read what was given for `--from`.

    >>> parse_origin("3:12000", 0)
    Origin(text='3:12000', at_us=None, partition=3, offset=12000)
    >>> parse_origin("2h", 9_000_000_000).at_us
    1800000000

    Raises:
        BadTime: It is neither a time nor a place.
    """
    position = _POSITION.fullmatch(text.strip())
    if position is None:
        return Origin(text.strip(), parse_time(text, now_us))
    partition = int(position[1])
    if partition >= FLOOR_PARTITIONS:
        raise BadTime(f"{text!r}: the partitions are 0 to {FLOOR_PARTITIONS - 1}")
    return Origin(text.strip(), None, partition, int(position[2]))
