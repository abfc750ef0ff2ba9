"""How many people are in a zone by heads, by crossings of its edge and by badges.

Heads are the stays that count. Entries and exits are those that were seen: somebody who was outside
before, or afterwards. Who appears in a zone may have been there all the time, or entered where
nobody looked; who is lost in it may be hidden, or have left. So they make the flow an interval: it
holds the heads, and whoever may be hidden besides.

The flow is followed from a time at which the number was known:

- It starts from the heads while everybody is seen: nobody is lost, nobody is hidden this moment,
  and nobody has just come in.
- While the zone is not watched nobody sees who crosses, so it starts again afterwards.
- An hour after somebody was lost it starts again from the heads: whoever has not been seen for so
  long is not taken to be there any more.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from schemas.records.zones import CountSource, ZoneCount
from streams.domain.staffing.reconciliation import (
    MANY,
    by_badges,
    by_crossings,
    by_flow,
    by_head,
    reconcile,
)
from streams.domain.staffing.shift import FOREVER_US

APART_US: Final = 3_600_000_000
"""The flow starts again when it has differed from the heads for this long, microseconds."""

_SOURCES: Final[dict[str, CountSource]] = {"head": "HEADS", "flow": "FLOW", "badges": "BADGES"}


class Flow(NamedTuple):
    """Entries and exits of a zone since the number was known.

    Attributes:
        at_start: People at that time; -1 while it is not known.
        entries: People who were seen to enter since then.
        exits: People who were seen to leave.
        apart_us: Since when somebody is lost, microseconds; 0 if nobody is. Under settings that do
            not follow that: since when it says another number than the heads.
        appeared: People who were first seen inside since then.
        lost: People who were seen inside last and have not been seen since.
    """

    at_start: int = -1
    entries: int = 0
    exits: int = 0
    apart_us: int = 0
    appeared: int = 0
    lost: int = 0

    @property
    def people(self) -> int:
        """People by the flow alone."""
        return self.at_start + self.entries - self.exits

    @property
    def is_new(self) -> bool:
        """Whether nothing has happened since the number was known."""
        return not (self.entries or self.exits or self.appeared or self.lost)


def crossed(flow: Flow, change: int) -> Flow:
    """Take in that somebody was seen to enter (1) or to leave (-1), or that it was not so."""
    if flow.at_start < 0 or not change:
        return flow
    if change > 0:
        return flow._replace(entries=flow.entries + change)
    return flow._replace(exits=flow.exits - change)


def unseen(flow: Flow, appeared: int, lost: int) -> Flow:
    """Take in that people appeared inside or were lost there (1 each), or that it was not so (-1).

    What was taken in before the flow began is not so any more: the number from which it began was
    wrong by that, which is the same as the reverse.
    """
    if flow.at_start < 0 or not (appeared or lost):
        return flow
    appeared, lost = flow.appeared + appeared, flow.lost + lost
    return flow._replace(
        appeared=max(0, appeared) + max(0, -lost), lost=max(0, lost) + max(0, -appeared)
    )


def follow_flow(flow: Flow, heads: int, unsure: int, at_us: int, *, is_watched: bool) -> Flow:
    """Start again where that is due; see above.

    Args:
        flow: Flow so far.
        heads: People in the zone.
        unsure: People of whom it is not known yet whether they are: of the heads those who are not
            seen this moment, and others who have just come in.
        at_us: Event time, microseconds.
        is_watched: Whether cameras that report see the zone.
    """
    if not is_watched:
        return Flow()
    if flow.at_start >= 0 and flow.lost:
        if not flow.apart_us:
            return flow._replace(apart_us=at_us)
        return Flow(heads) if at_us - flow.apart_us >= APART_US else flow
    if unsure:
        return flow._replace(apart_us=0) if flow.apart_us else flow
    return Flow(heads)


def follow_crossings(flow: Flow, heads: int, hidden: int, at_us: int, *, is_watched: bool) -> Flow:
    """The same, for settings that do not follow who appears and who is lost.

    It starts again when the two are equal and everybody is seen, and an hour after they began to
    differ.

    Args:
        flow: Flow so far.
        heads: People in the zone.
        hidden: Of them, those who are not seen this moment.
        at_us: Event time, microseconds.
        is_watched: Whether cameras that report see the zone.
    """
    if not is_watched:
        return Flow()
    if flow.at_start < 0:
        return Flow(heads)
    if flow.people == heads:
        if hidden:
            return flow._replace(apart_us=0) if flow.apart_us else flow
        return Flow(heads)
    if not flow.apart_us:
        return flow._replace(apart_us=at_us)
    return Flow(heads) if at_us - flow.apart_us >= APART_US else flow


def next_start_us(flow: Flow) -> int:
    """Event time at which a flow starts again if nothing happens, microseconds."""
    return flow.apart_us + APART_US if flow.apart_us else FOREVER_US


@lru_cache(maxsize=4096)
def count_people(
    flow: Flow,
    heads: int,
    hidden: int,
    badges: tuple[int, int] | None,
    *,
    is_watched: bool,
    widens_flow: bool = True,
) -> ZoneCount:
    """Compare the counts of a zone; the result is shared, so not to be changed.

    Args:
        flow: Its flow.
        heads: People in the zone.
        hidden: Of them, those who are not seen this moment.
        badges: Badges there, and how many of them are doubted; None where no badge is read.
        is_watched: Whether cameras that report see the zone.
        widens_flow: Whether the flow allows for who appeared and who was lost.
    """
    counts = [by_head(heads, hidden=hidden, is_whole=is_watched)]
    if flow.at_start >= 0 and widens_flow:
        counts.append(
            by_flow(
                flow.at_start,
                flow.entries,
                flow.exits,
                appeared=flow.appeared,
                lost=flow.lost,
            )
        )
    elif flow.at_start >= 0:
        counts.append(by_crossings(flow.at_start, flow.entries, flow.exits))
    if badges is not None:
        counts.append(by_badges(badges[0], doubted=badges[1]))
    found = reconcile(counts)
    return {
        "low": found.low,
        "high": _open(found.high),
        "disagreement": found.disagreement,
        "sources": [
            {
                "source": _SOURCES[one.source],
                "low": one.low,
                "high": _open(one.high),
                "is_apart": one.source in found.apart,
            }
            for one in counts
        ],
    }


def _open(high: int) -> int | None:
    return None if high == MANY else high
