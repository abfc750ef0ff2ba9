"""What becomes of breaches: one alert of each place and key, in schedule, no doubt that pages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.builders.alerts import (
    Line,
    counted,
    in_short,
    occupancy,
    rule,
    rules_of,
    seen,
)
from tests.support.builders.domain import T0, S


def test_an_alert_holds_all_that_its_reader_needs() -> None:
    floor = Line(
        rules_of(
            rule(
                name="Gap in bay 2",
                escalate_after_s=600,
                escalate_to="house supervisor",
                open_after_s=5,
                roles=["nurse"],
            )
        )
    )
    nurse = {"gap_min": 1, "gap_max": 2, "possible_since_us": None, "sure_since_us": None}
    floor.at(1, occupancy(person_ids=["a"], roles=[{"role": "nurse", **nurse}]))

    (opened,) = floor.wait(60)

    assert opened == {
        "alert_id": "rule/zone/zone",
        "opened_us": T0 + 6 * S,
        "action": "OPENED",
        "cause": "BREACH",
        "decided_us": T0 + 6 * S,
        "since_us": T0 + 1 * S,
        "rule_id": "rule",
        "rule_version": 1,
        "rule_name": "Gap in bay 2",
        "kind": "COVERAGE_GAP",
        "tier": "PAGE",
        "owner": "charge nurse",
        "next_action": "move a float",
        "escalate_after_s": 600,
        "escalate_to": "house supervisor",
        "stage": "EVERYWHERE",
        "pilot_unit_ids": [],
        "zone_id": "zone",
        "role": "nurse",
        "person_ids": ["a"],
        "camera_ids": [],
        "figure_min": 1,
        "figure_max": 2,
        "threshold": 1,
        "confidence": 1.0,
        "is_stale": False,
        "pages": True,
        "held_back_by": [],
        "suppressed": 0,
        "evidence": [
            {"topic": "zone-occupancy.measured.v1", "key": "zone", "as_of_us": T0 + 1 * S}
        ],
    }


def test_rules_of_one_key_make_one_alert_led_by_the_most_urgent() -> None:
    soon = rule("soon", tier="NOTICE", deduplication_key="gap", open_after_s=60)
    late = rule("late", tier="PAGE", deduplication_key="gap", open_after_s=300)
    floor = Line(rules_of(soon, late))
    floor.at(1, occupancy(low=1))
    floor.wait(400)
    floor.at(401, occupancy(low=0))

    assert [one["alert_id"] for one in floor.decided] == ["gap/zone/zone"] * 3
    assert [(one["rule_id"], *in_short([one])[0]) for one in floor.decided] == [
        ("soon", "OPENED", "BREACH", 61.0),
        ("late", "CHANGED", "OTHER_RULE", 301.0),
        ("late", "CLOSED", "CLEARED", 401.0),
    ]
    assert {one["opened_us"] for one in floor.decided} == {T0 + 61 * S}


def test_a_rule_on_trial_shares_no_alert_with_one_that_is_in_use() -> None:
    used = rule("used", tier="WARNING", deduplication_key="gap")
    silent = rule("new", tier="PAGE", deduplication_key="gap", stage="SILENT")
    pilot = rule("try", deduplication_key="gap", stage="PILOT", pilot_unit_ids=["ward-3"])

    decided = Line(rules_of(used, silent, pilot)).at(1, occupancy(low=1))

    assert {one["alert_id"]: (one["pages"], one["held_back_by"]) for one in decided} == {
        "gap/zone/zone": (True, []),
        "gap@new/zone/zone": (False, ["SILENT_RULE"]),
        "gap@try/zone/zone": (True, []),
    }
    assert [one["pilot_unit_ids"] for one in decided if one["rule_id"] == "try"] == [["ward-3"]]


def test_an_alert_is_not_opened_again_within_its_window_and_says_how_often_it_would_have_been() -> (
    None
):
    floor = Line(rules_of(rule(suppress_s=600)))
    for at_s in (10, 100, 200):
        floor.at(at_s, occupancy(low=1))
        floor.at(at_s + 5, occupancy(low=0))
    floor.at(500, occupancy(low=1))
    floor.wait(1000)

    assert in_short(floor.decided) == [
        ("OPENED", "BREACH", 10.0),
        ("CLOSED", "CLEARED", 15.0),
        ("OPENED", "BREACH", 615.0),
    ]
    assert [one["suppressed"] for one in floor.decided] == [0, 0, 3]
    assert floor.decided[-1]["since_us"] == T0 + 500 * S


def test_a_breach_after_the_window_is_a_plain_alert() -> None:
    floor = Line(rules_of(rule(suppress_s=60)))
    floor.at(10, occupancy(low=1))
    floor.at(15, occupancy(low=0))
    floor.wait(80)
    assert floor.state.ended == {}

    assert in_short(floor.at(90, occupancy(low=1))) == [("OPENED", "BREACH", 90.0)]


NURSE = seen("n", "nurse", role_confidence=0.8)


@pytest.mark.parametrize(
    ("fields", "record", "people", "doubts"),
    [
        ({}, {}, [NURSE], []),
        ({"min_confidence": 0.9}, {}, [NURSE], ["LOW_CONFIDENCE"]),
        ({"min_confidence": 0.8}, {}, [NURSE], []),
        ({"min_confidence": 0.9}, {}, [seen("u")], []),
        ({}, {}, [seen("u", calibration_suspect=True)], ["CALIBRATION_SUSPECT"]),
        ({}, {"count": counted(0, 1, 1)}, [], ["COUNTS_DISAGREE"]),
        ({"stage": "SILENT"}, {}, [], ["SILENT_RULE"]),
        ({"stage": "UNKNOWN"}, {}, [], ["SILENT_RULE"]),
        ({"bound": "POSSIBLE"}, {"gap_min": 0, "gap_max": 1}, [], ["NOT_SURE"]),
    ],
)
def test_an_alert_that_is_doubted_stays_on_the_board(
    fields: dict[str, Any], record: dict[str, Any], people: list[Any], doubts: list[str]
) -> None:
    floor = Line(rules_of(rule(**fields)))

    (opened,) = floor.at(1, occupancy(low=1, **record), people=people)

    assert (opened["pages"], opened["held_back_by"]) == (not doubts, doubts)


def test_a_gap_that_holds_whichever_count_is_right_is_not_doubted() -> None:
    (opened,) = Line(rules_of(rule())).at(1, occupancy(low=2, count=counted(0, 1, 1)))

    assert opened["pages"] is True


def test_a_doubt_changes_the_alert_once_it_has_lasted() -> None:
    floor = Line(rules_of(rule(min_confidence=0.9, repeat_after_s=30)))
    floor.at(10, occupancy(low=1), people=[NURSE])
    for at_s in range(20, 62, 2):
        sure = seen("n", "nurse", role_confidence=0.95)
        floor.at(at_s, people=[sure if at_s % 4 else NURSE])
    floor.at(70, people=[seen("n", "nurse", role_confidence=0.95)])
    floor.wait(200)

    assert in_short(floor.decided) == [
        ("OPENED", "BREACH", 10.0),
        ("CHANGED", "OTHER_DOUBTS", 100.0),
    ]
    assert [one["pages"] for one in floor.decided] == [False, True]


def test_a_rule_that_is_removed_closes_its_alerts() -> None:
    floor = Line(rules_of(rule()))
    floor.at(1, occupancy(low=1))

    assert in_short(floor.change(rules_of(), 9)) == [("CLOSED", "RULE_REMOVED", 9.0)]
    assert floor.state.conditions == {}


def test_a_rule_that_names_another_floor_closes_its_alerts() -> None:
    floor = Line(rules_of(rule()))
    floor.at(1, occupancy(low=1))

    elsewhere = rules_of(rule(version=2, floor_ids=["attic"]))
    assert in_short(floor.change(elsewhere, 9)) == [("CLOSED", "OUT_OF_SCOPE", 9.0)]


def test_a_zone_that_is_removed_closes_its_alerts() -> None:
    floor = Line(rules_of(rule()))
    floor.at(1, occupancy(low=1))

    assert in_short(floor.change(rules_of(rule(), zones={}), 9)) == [
        ("CLOSED", "OUT_OF_SCOPE", 9.0)
    ]


@pytest.mark.parametrize(
    ("edit", "action"),
    [
        ({"owner": "house supervisor"}, "CHANGED"),
        ({"threshold": 2}, "CHANGED"),
        ({"threshold": 3}, "CLOSED"),
        ({"roles": ["nurse"]}, "CLOSED"),
        ({"deduplication_key": "other"}, "CLOSED"),
    ],
)
def test_a_rule_that_is_edited_changes_its_alert_or_closes_it(
    edit: dict[str, Any], action: str
) -> None:
    floor = Line(rules_of(rule()))
    floor.at(1, occupancy(low=2))

    decided = floor.change(rules_of(rule(version=2, **edit)), 9)

    ours = [one for one in decided if one["alert_id"] == "rule/zone/zone"]
    assert in_short(ours) == [(action, "RULE_EDITED", 9.0)]
    assert [one["rule_version"] for one in ours] == [2 if action == "CHANGED" else 1]


DAY = {"weekdays": [1, 2, 3, 4, 5], "from_minute": 7 * 60, "to_minute": 19 * 60}


def seconds(moment: str) -> float:
    return (datetime.fromisoformat(moment).astimezone(UTC).timestamp()) - T0 / S


def test_out_of_schedule_nothing_is_opened_and_what_is_open_is_closed() -> None:
    """2026-01-01 is a Thursday; the site is an hour ahead of UTC."""
    floor = Line(rules_of(rule(schedule=[DAY], open_after_s=300), time_zone="Europe/Berlin"))
    floor.at(seconds("2026-01-01T05:00+01:00"), occupancy(low=1))
    floor.wait(seconds("2026-01-05T08:00+01:00"))

    assert in_short(floor.decided) == [
        ("OPENED", "BREACH", seconds("2026-01-01T07:00+01:00")),
        ("CLOSED", "OUT_OF_SCHEDULE", seconds("2026-01-01T19:00+01:00")),
        ("OPENED", "BREACH", seconds("2026-01-02T07:00+01:00")),
        ("CLOSED", "OUT_OF_SCHEDULE", seconds("2026-01-02T19:00+01:00")),
        ("OPENED", "BREACH", seconds("2026-01-05T07:00+01:00")),
    ]


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2026-03-28T22:00+01:00", 7), ("2026-10-24T22:00+02:00", 9), ("2026-06-06T22:00+02:00", 8)],
)
def test_a_night_shift_is_as_long_as_the_night(night: str, hours: int) -> None:
    shift = {"weekdays": [6], "from_minute": 22 * 60, "to_minute": 6 * 60}
    floor = Line(rules_of(rule(schedule=[shift]), time_zone="Europe/Berlin"))
    floor.at(seconds(night) - 3600, occupancy(low=1))
    floor.wait(seconds(night) + 12 * 3600)

    assert in_short(floor.decided) == [
        ("OPENED", "BREACH", seconds(night)),
        ("CLOSED", "OUT_OF_SCHEDULE", seconds(night) + hours * 3600),
    ]


def test_a_rule_may_name_a_time_zone_of_its_own() -> None:
    own = rule(schedule=[{**DAY, "weekdays": [4]}], time_zone="America/New_York")
    floor = Line(rules_of(own, time_zone="Europe/Berlin"))
    floor.at(1, occupancy(low=1))
    floor.wait(24 * 3600)

    assert in_short(floor.decided)[0][2] == seconds("2026-01-01T07:00-05:00")


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd"])
def test_a_floor_in_a_time_zone_that_nobody_knows_goes_by_utc(name: str) -> None:
    floor = Line(rules_of(rule(schedule=[{**DAY, "weekdays": [4]}]), time_zone=name))
    floor.at(1, occupancy(low=1))
    floor.wait(24 * 3600)

    assert in_short(floor.decided)[0][2] == seconds("2026-01-01T07:00+00:00")
