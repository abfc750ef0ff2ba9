"""A badge that is in two positions at once: read here and there faster than anybody walks."""

import math
from typing import NamedTuple

from streams.domain.evidence.readers import Read, Reader
from streams.domain.evidence.settings import MICROSECONDS, EvidenceSettings
from streams.domain.evidence.state import BadgeState


class TwoPositions(NamedTuple):
    """Two reads of one badge that nobody can have walked between.

    Attributes:
        badge_id: Pseudonym of the badge.
        first_us: Event time of the read that was taken in first, microseconds.
        first_reader_id: Its reader.
        second_us: Event time of the other one, microseconds.
        second_reader_id: Its reader.
        distance_m: Between what the two readers reach, m.
    """

    badge_id: str
    first_us: int
    first_reader_id: str
    second_us: int
    second_reader_id: str
    distance_m: float


def two_positions(
    badge: BadgeState, read: Read, reader: Reader, settings: EvidenceSettings
) -> TwoPositions | None:
    """Compare a read with the last one of its badge; None where somebody can have walked.

    Readers of zones have no position, so their reads are never compared. Nor are those of other
    floors, whose evidence is elsewhere.
    """
    if badge.x_m is None or badge.y_m is None or reader.zone_id or not badge.reader_id:
        return None
    between_m = math.sqrt((badge.x_m - reader.x_m) ** 2 + (badge.y_m - reader.y_m) ** 2)
    walked_m = between_m - badge.range_m - reader.range_m
    passed_s = abs(read.at_us - badge.read_us) / MICROSECONDS
    if walked_m <= settings.walks_m_s * passed_s:
        return None
    return TwoPositions(
        read.badge_id,
        badge.read_us,
        badge.reader_id,
        read.at_us,
        read.reader_id,
        round(walked_m, 3),
    )
