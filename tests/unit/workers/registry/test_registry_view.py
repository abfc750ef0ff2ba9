"""Names come from the latest version that is visible now."""

from typing import Any

from runtime.facts.log import VISIBLE_AFTER_US, Fact
from schemas.topics import SHIFTS, STAFF, ZONES
from tests.support.live_writer import zone_fact
from workers.registry.view import RegistryView

HOUR_US = 3_600_000_000
NOW_US = 500 * HOUR_US


def zone(version: int, *, from_us: int, recorded_us: int, **fields: Any) -> Fact:
    record = zone_fact("bay-2", version=version, valid_from_us=from_us, recorded_at_us=recorded_us)
    return Fact(ZONES, record | fields)


def names(view: RegistryView, now_us: int) -> list[str]:
    return [zone["name"] for zone in view.zones(now_us).values()]


def test_the_highest_visible_version_wins_whatever_the_order_of_arrival() -> None:
    view = RegistryView()
    old = zone(1, from_us=0, recorded_us=0, name="Old")
    new = zone(2, from_us=0, recorded_us=HOUR_US, name="New")
    view.add([new, old], synced_us=NOW_US)

    assert names(view, NOW_US) == ["New"]
    assert names(view, HOUR_US) == ["Old"]


def test_a_fact_counts_five_seconds_after_it_was_recorded_and_not_before_it_holds() -> None:
    view = RegistryView()
    view.add([zone(1, from_us=NOW_US, recorded_us=NOW_US, name="Bay 2")], synced_us=NOW_US)

    assert names(view, NOW_US + VISIBLE_AFTER_US - 1) == []
    assert names(view, NOW_US + VISIBLE_AFTER_US) == ["Bay 2"]


def test_a_removed_zone_is_gone_and_known_to_be() -> None:
    view = RegistryView()
    view.add(
        [
            zone(1, from_us=0, recorded_us=0),
            zone(2, from_us=0, recorded_us=HOUR_US, removed=True),
        ],
        synced_us=NOW_US,
    )

    assert names(view, NOW_US) == []
    assert view.removed(ZONES, "bay-2", NOW_US)
    assert not view.removed(ZONES, "bay-9", NOW_US)


def test_the_shifts_of_a_zone_are_those_that_somebody_works_or_is_on_call_for() -> None:
    common = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
    shift = {
        **common,
        "shift_id": "early",
        "staff_id": "s-1",
        "zone_id": "bay-2",
        "role": "",
        "starts_us": NOW_US - HOUR_US,
        "ends_us": NOW_US + HOUR_US,
        "kind": "WORK",
        "status": "PLANNED",
        "replaces": "",
    }
    agency = {"shift_id": "flex", "staff_id": "", "role": "porter", "starts_us": NOW_US}
    view = RegistryView()
    view.add(
        [
            Fact(STAFF, {**common, "staff_id": "s-1", "role": "nurse"}),
            Fact(SHIFTS, shift),
            Fact(SHIFTS, {**shift, "shift_id": "over", "ends_us": NOW_US}),
            Fact(SHIFTS, {**shift, "shift_id": "called off", "status": "CANCELLED"}),
            Fact(SHIFTS, {**shift, "shift_id": "pause", "kind": "BREAK"}),
            Fact(SHIFTS, {**shift, "shift_id": "swapped"}),
            Fact(SHIFTS, {**shift, **agency, "replaces": "swapped"}),
        ],
        synced_us=NOW_US,
    )

    assert [(s["shift_id"], role) for s, role in view.shifts("bay-2", NOW_US)] == [
        ("early", "nurse"),
        ("flex", "porter"),
    ]


def test_an_edit_changes_the_fingerprint_and_a_repetition_does_not() -> None:
    view = RegistryView()
    view.add([zone(1, from_us=0, recorded_us=0)], synced_us=NOW_US)
    before = view.fingerprint(NOW_US)

    view.add([zone(1, from_us=0, recorded_us=0)], synced_us=NOW_US)
    assert view.fingerprint(NOW_US) == before

    view.add([zone(2, from_us=0, recorded_us=0)], synced_us=NOW_US)
    assert view.fingerprint(NOW_US) != before
