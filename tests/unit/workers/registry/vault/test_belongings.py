"""What goes with somebody who is erased, and what stays."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.facts.log import Fact
from schemas.topics import BADGES, SHIFTS, STAFF
from workers.registry.change import Options, Stamp
from workers.registry.editing.store import change_for
from workers.registry.registered import Registered
from workers.registry.vault.belongings import belongings

NOW_US = 1_780_000_000_000_000
H = 3_600_000_000
STAMPS = {
    "version": 1,
    "valid_from_us": 1,
    "recorded_at_us": 1,
    "removed": False,
    "recorded_by": "anna",
}
PEOPLE = ("ann", "ben", "cem")


def shift(shift_id: str, staff_id: str, starts_h: int, **fields: Any) -> Fact:
    starts_us = NOW_US + starts_h * H
    times = {"starts_us": starts_us, "ends_us": starts_us + 8 * H, "time_zone": "UTC"}
    plain = {"zone_id": "bay", "role": "nurse", "kind": "WORK", "status": "PLANNED", "agency": ""}
    whose = {"shift_id": shift_id, "staff_id": staff_id, "replaces": ""}
    return Fact(SHIFTS, {**whose, **plain, **times, **fields, **STAMPS})


def badge(badge_id: str, *staff_ids: str) -> Fact:
    held = {"badge_id": badge_id, "staff_ids": list(staff_ids), "from_us": None, "until_us": None}
    return Fact(BADGES, {**held, **STAMPS})


def ward(*facts: Fact) -> Registered:
    found = Registered()
    found.add(Fact(STAFF, {"staff_id": one, "role": "nurse", **STAMPS}) for one in PEOPLE)
    found.add(facts)
    return found


def erased(known: Registered, *staff: str) -> Registered:
    """What is registered once they are gone."""
    changes = belongings(known, staff, NOW_US).changes
    options = Options(now_us=NOW_US, leaves_contradictions=True)
    change = change_for(changes, known, Stamp(NOW_US, NOW_US, "dpo"), options)
    return change.after


def test_future_shifts_go_and_past_ones_stay_by_pseudonym() -> None:
    known = ward(shift("past", "ann", -20), shift("now", "ann", -2), shift("next", "ann", 10))

    after = erased(known, "ann")

    assert set(after.current(SHIFTS)) == {"past"}
    assert after.current(SHIFTS)["past"]["staff_id"] == "ann"
    assert set(after.current(STAFF)) == {"ben", "cem"}


def test_who_stood_in_for_them_keeps_the_shift() -> None:
    known = ward(shift("next", "ann", 10), shift("swap", "ben", 10, replaces="next"))

    after = erased(known, "ann").current(SHIFTS)

    assert set(after) == {"swap"}
    assert (after["swap"]["staff_id"], after["swap"]["replaces"]) == ("ben", "")


def test_a_badge_of_theirs_goes_and_a_shared_one_stays_with_the_others() -> None:
    known = ward(badge("own", "ann"), badge("shared", "ann", "ben"), badge("pool"))

    found = belongings(known, ["ann"], NOW_US)
    after = erased(known, "ann").current(BADGES)

    assert found.badges == ["own"]
    assert {one: record["staff_ids"] for one, record in after.items()} == {
        "shared": ["ben"],
        "pool": [],
    }


@given(
    shifts=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.integers(-5, 5), st.integers(0, 8)), max_size=8
    ),
    badges=st.lists(st.sets(st.sampled_from(PEOPLE)), max_size=4),
    gone=st.sets(st.sampled_from(PEOPLE), min_size=1),
)
def test_nothing_to_come_names_them_and_the_same_again_changes_nothing(
    shifts: list[tuple[str, int, int]], badges: list[set[str]], gone: set[str]
) -> None:
    facts = [badge(f"b{number}", *sorted(who)) for number, who in enumerate(badges)]
    for number, (who, day, other) in enumerate(shifts):
        replaced = f"s{other}" if other < number and shifts[other][1] == day else ""
        facts.append(shift(f"s{number}", who, 24 * day + 2, replaces=replaced))
    known = ward(*facts)

    after = erased(known, *gone)

    assert not gone & set(after.current(STAFF))
    assert not [one for one in after.current(BADGES).values() if gone & set(one["staff_ids"])]
    left = [one for one in after.current(SHIFTS).values() if one["staff_id"] in gone]
    assert all(one["ends_us"] <= NOW_US for one in left)
    assert belongings(after, gone, NOW_US).changes == []
    others = {
        one for one, record in known.current(SHIFTS).items() if record["staff_id"] not in gone
    }
    assert others <= set(after.current(SHIFTS))
