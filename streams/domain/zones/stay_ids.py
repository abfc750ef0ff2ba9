"""Ids of stays, for where people have none: one stay in one zone each, and nothing joins two."""

from collections.abc import Iterable, Sequence
from hashlib import blake2s

from streams.domain.tracking.types import Structured
from streams.domain.zones.membership import Happening, Stay


def stay_id(zone_id: str, entered_seq: int) -> str:
    """Id of a stay: its zone, and the seq of the event that began it.

    The seq counts all events of the zone, so it tells when a stay began and nothing else.

    >>> stay_id("bay-2", 118)
    'bay-2:stay-118'
    """
    return f"{zone_id}:stay-{entered_seq}"


def stay_ids(zone_id: str, stays: Iterable[Stay]) -> list[str]:
    """Ids of stays whose beginning was sent, sorted."""
    return sorted(stay_id(zone_id, stay.entered_seq) for stay in stays)


def ids_of(zone_id: str, happenings: Sequence[Happening], first_seq: int) -> list[str]:
    """The id of the stay of each event of a tick.

    Args:
        zone_id: The zone.
        happenings: Its events, in the order in which they are sent.
        first_seq: Seq of the first of them.
    """
    entered: dict[tuple[str, int], int] = {}
    found = []
    for seq, happening in enumerate(happenings, start=first_seq):
        stay = happening.person_id, happening.entered_us
        if happening.kind == "ENTERED":
            entered[stay] = seq
        found.append(stay_id(zone_id, entered.get(stay, happening.entered_seq)))
    return found


def shuffled(people: Structured) -> list[int]:
    """An order of people that none of their ids decides.

    Whoever comes first in two zones would be known to be one person by that alone. The order is
    that of digests of everything the fold knows of them at the moment, their places among it, which
    is published nowhere; two folds of one log agree on it.

    Args:
        people: Rows of any structured type, of which no two are equal.

    Returns:
        Indices of the rows.
    """
    digests = [blake2s(row.tobytes(), digest_size=8).digest() for row in people]
    return sorted(range(len(digests)), key=digests.__getitem__)
