"""How many reads of a reader say nothing of who was there: learnt from reads that found nobody.

A reader whose clock is off, or that is not where it is stated to be, reads badges where their
carriers are not seen; whoever is near by chance would have their names. Such a reader shows itself:
it often finds nobody near, or another than who surely carries the badge. What exceeds the stated
share of people whom no camera reports is the share of its reads that say nothing.
"""

from collections.abc import Mapping
from typing import Final

from streams.domain.evidence.lending import carrier_of
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import BadgeState, EvidenceState
from streams.domain.evidence.whereabouts import Whereabouts

_NEAR: Final = 0.1
"""Whom a reader would have read less likely than this was not near it."""

_OF_FLOOR: Final = 5.0
"""What all readers of a floor show counts for one of them as so many reads of its own."""

_MOST_READS: Final = 100.0
"""What was seen longer ago counts less: no more reads of a reader than these weigh."""

_MOST_READERS: Final = 500
"""Of no more readers than these is it remembered, on one floor."""


def count_fit(
    state: EvidenceState,
    reader_id: str,
    badge: BadgeState | None,
    near: Mapping[str, float],
    whereabouts: Whereabouts,
) -> None:
    """Count a read of a reader, and whether it found who should be there.

    A read of a time at which nobody's position is remembered is not counted.

    Args:
        state: The floor's evidence, changed in place.
        reader_id: The reader.
        badge: What was known of the badge before the read; None for nothing.
        near: How likely the reader would have read those who were there, by person id.
        whereabouts: Where people were.
    """
    carrier = "" if badge is None else carrier_of(badge)
    if carrier and whereabouts.was_there(carrier):
        found = near.get(carrier, 0.0)
    else:
        found = max(near.values(), default=0.0)
    if found < _NEAR and not any(whereabouts.was_there(one) for one in state.people):
        return
    if reader_id not in state.readers and len(state.readers) >= _MOST_READERS:
        del state.readers[min(state.readers, key=lambda one: (state.readers[one][0], one))]
    reads, missed = state.readers.get(reader_id, [0.0, 0.0])
    kept = min(1.0, _MOST_READS / (reads + 1.0))
    state.readers[reader_id] = [kept * (reads + 1.0), kept * (missed + (found < _NEAR))]


def uninformative_share(state: EvidenceState, reader_id: str, settings: EvidenceSettings) -> float:
    """The share of a reader's reads that say nothing of who was there, 0 to below 1.

    Args:
        state: The floor's evidence.
        reader_id: The reader.
        settings: The stated share of reads at which nobody was reported near, and on how many reads
            it was counted; all reads say what they say where that is 0.
    """
    stated = settings.unseen_counted
    if not stated > 0.0:
        return 0.0
    reads = missed = 0.0
    for one in sorted(state.readers):
        reads += state.readers[one][0]
        missed += state.readers[one][1]
    share = (settings.unseen * stated + missed) / (stated + reads)
    own_reads, own_missed = state.readers.get(reader_id, [0.0, 0.0])
    share = (share * _OF_FLOOR + own_missed) / (_OF_FLOOR + own_reads)
    return max(0.0, (share - settings.unseen) / (1.0 - settings.unseen))
