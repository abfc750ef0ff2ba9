"""What is registered of somebody, and the edit that takes it away.

Pure: what was is left as it was, by pseudonym. Staff and badges go, and so do shifts that have not
ended; what rested on one of those stays without it.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from schemas.topics import BADGES, SHIFTS, STAFF
from workers.registry.editing.wanted import Remove, Restore, Wanted
from workers.registry.registered import Key, Registered


class Belongings(NamedTuple):
    """What goes with somebody.

    Attributes:
        staff: Pseudonyms of people.
        badges: Pseudonyms of badges that were of nobody else.
        shifts: Ids of shifts that have not ended.
        changes: The edit.
    """

    staff: Sequence[str]
    badges: Sequence[str]
    shifts: Sequence[str]
    changes: Sequence[Wanted]


def belongings(
    known: Registered, staff: Collection[str], now_us: int, badges: Collection[str] = ()
) -> Belongings:
    """What goes with people.

    Args:
        known: The newest version of every fact.
        staff: Pseudonyms of people.
        now_us: Now, UTC microseconds.
        badges: Further badges that go, whosever they are.
    """
    gone = set(staff)
    people = sorted(one for one in gone if known.find(Key(STAFF, one)) is not None)
    shifts = known.current(SHIFTS)
    ending = {
        shift_id
        for shift_id, shift in shifts.items()
        if shift["staff_id"] in gone and shift["ends_us"] > now_us
    }
    own, changed = [], []
    for badge_id, badge in sorted(known.current(BADGES).items()):
        left = [one for one in badge["staff_ids"] if one not in gone]
        if badge_id in badges or (not left and badge["staff_ids"]):
            own.append(badge_id)
        elif len(left) < len(badge["staff_ids"]):
            changed.append(Restore(Key(BADGES, badge_id), {**badge, "staff_ids": left}))
    changes: list[Wanted] = [
        *changed,
        *_without(known, ending, now_us),
        *(Remove(Key(SHIFTS, one)) for one in sorted(ending)),
        *(Remove(Key(BADGES, one)) for one in own),
        *(Remove(Key(STAFF, one)) for one in people),
    ]
    return Belongings(people, own, sorted(ending), changes)


def _without(known: Registered, ending: Collection[str], now_us: int) -> Iterator[Wanted]:
    """Shifts of others that stand in for one that goes: they stay, in nobody's place."""
    for shift_id, shift in sorted(known.current(SHIFTS).items()):
        stays = shift_id not in ending and shift["ends_us"] > now_us
        if stays and shift["replaces"] in ending:
            yield Restore(Key(SHIFTS, shift_id), {**shift, "replaces": ""})
