"""What each kind of rule takes for a breach: a table of examples."""

from typing import Any

import pytest

from streams.domain.alerts.rule import check_rule
from tests.support.builders.alerts import (
    Line,
    counted,
    event,
    in_short,
    occupancy,
    rule,
    rules_of,
    seen,
)
from tests.support.builders.domain import T0, S


def role(name: str, low: int, high: int) -> dict[str, Any]:
    return {
        "role": name,
        "gap_min": low,
        "gap_max": high,
        "possible_since_us": None,
        "sure_since_us": None,
    }


ROLES = [role("doctor", 0, 1), role("nurse", 1, 2)]


@pytest.mark.parametrize(
    ("fields", "record", "opens"),
    [
        ({}, {"low": 1, "high": 1}, True),
        ({}, {"low": 0, "high": 1}, False),
        ({"bound": "POSSIBLE"}, {"low": 0, "high": 1}, True),
        ({"threshold": 2}, {"low": 1, "high": 3}, False),
        ({"threshold": 2}, {"low": 2, "high": 2}, True),
        ({"roles": ["nurse"]}, {"low": 1, "roles": ROLES}, True),
        ({"roles": ["doctor"]}, {"low": 1, "roles": ROLES}, False),
        ({"roles": ["doctor"], "bound": "POSSIBLE"}, {"low": 1, "roles": ROLES}, True),
        ({"roles": ["porter"]}, {"low": 1, "roles": ROLES}, False),
        ({"kind": "OVER_CAPACITY", "threshold": 4}, {"people": 4, "count": counted(4, 4)}, False),
        ({"kind": "OVER_CAPACITY", "threshold": 4}, {"people": 5, "count": counted(5, 5)}, True),
        ({"kind": "OVER_CAPACITY", "threshold": 4}, {"people": 4, "count": counted(4, 6)}, False),
        (
            {"kind": "OVER_CAPACITY", "threshold": 4, "bound": "POSSIBLE"},
            {"people": 4, "count": counted(4, 6)},
            True,
        ),
        (
            {"kind": "OVER_CAPACITY", "threshold": 0},
            {"people": 1, "count": counted(0, None, 1)},
            True,
        ),
        (
            {"kind": "BADGE_CONTRADICTION"},
            {"count": counted(1, 1, 1, HEADS=(1, 1), BADGES=(2, None))},
            True,
        ),
        (
            {"kind": "BADGE_CONTRADICTION"},
            {"count": counted(2, 2, 0, HEADS=(1, 2), BADGES=(2, None))},
            False,
        ),
        ({"kind": "BADGE_CONTRADICTION"}, {"count": counted(1, 1, HEADS=(1, 1))}, False),
        ({"kind": "BADGE_CONTRADICTION"}, {"count": None}, False),
    ],
)
def test_of_occupancy(fields: dict[str, Any], record: dict[str, Any], opens: bool) -> None:
    floor = Line(rules_of(rule(**fields)))

    assert bool(floor.at(1, occupancy(1, **record))) is opens


NURSE = seen("n", "nurse", "ON_SHIFT")
OFF = seen("o", "nurse", "OFF_SHIFT")
VISITOR = seen("v", "visitor", "VISITOR")
PATIENT = seen("p", "patient", "VISITOR")
UNKNOWN = seen("u")


@pytest.mark.parametrize(
    ("fields", "people", "persons"),
    [
        ({"kind": "OFF_SHIFT"}, [NURSE], None),
        ({"kind": "OFF_SHIFT"}, [NURSE, OFF], ["o"]),
        ({"kind": "OFF_SHIFT"}, [NURSE, OFF, VISITOR], ["o", "v"]),
        ({"kind": "OFF_SHIFT", "roles": ["visitor"]}, [OFF, VISITOR], ["o"]),
        ({"kind": "OFF_SHIFT", "shift_statuses": ["VISITOR"]}, [OFF, VISITOR], ["v"]),
        ({"kind": "OFF_SHIFT"}, [UNKNOWN], None),
        ({"kind": "OFF_SHIFT", "bound": "POSSIBLE"}, [UNKNOWN], ["u"]),
        ({"kind": "OFF_SHIFT"}, [seen("x", "nurse", "OFF_SHIFT", zone_ids=["other"])], None),
        ({"kind": "ALONE"}, [PATIENT], ["p"]),
        ({"kind": "ALONE"}, [PATIENT, NURSE], None),
        ({"kind": "ALONE"}, [PATIENT, UNKNOWN], None),
        ({"kind": "ALONE", "bound": "POSSIBLE"}, [PATIENT, UNKNOWN], ["p", "u"]),
        ({"kind": "ALONE", "bound": "POSSIBLE"}, [], None),
        ({"kind": "ALONE"}, [NURSE], None),
        ({"kind": "ALONE", "roles": ["doctor"]}, [PATIENT, NURSE], ["p", "n"]),
    ],
)
def test_of_people(fields: dict[str, Any], people: list[Any], persons: list[str] | None) -> None:
    floor = Line(rules_of(rule(**fields)))

    decided = floor.at(1, people=people)

    assert [one["person_ids"] for one in decided] == ([] if persons is None else [persons])
    for one in decided:
        assert one["evidence"] == [
            {"topic": "presence.updated.v1", "key": "floor", "as_of_us": T0 + 1 * S}
        ]


def test_each_person_off_shift_may_be_an_alert_of_their_own() -> None:
    floor = Line(rules_of(rule(kind="OFF_SHIFT", one_per="PERSON", close_after_s=5)))

    opened = floor.at(1, people=[OFF, VISITOR])
    floor.at(2, people=[VISITOR])

    assert [one["alert_id"] for one in opened] == [
        "rule/zone/zone/person/o",
        "rule/zone/zone/person/v",
    ]
    (closed,) = floor.wait(60)
    assert (closed["alert_id"], in_short([closed])) == (
        "rule/zone/zone/person/o",
        [("CLOSED", "CLEARED", 7.0)],
    )


def test_a_stay_is_too_long_from_its_limit_on_and_until_the_person_has_left() -> None:
    floor = Line(rules_of(rule(kind="DWELL", threshold=600)))
    floor.at(5, events=[event("ENTERED", "a", 4, as_of_us=T0 + 5 * S)])
    floor.at(9, events=[event("ENTERED", "b", 8, seq=4)])

    opened = floor.wait(605)
    assert in_short(opened) == [("OPENED", "BREACH", 604.0)]
    assert opened[0]["person_ids"] == ["a"]
    assert opened[0]["since_us"] == T0 + 604 * S
    assert opened[0]["evidence"] == [
        {"topic": "zone-events.observed.v1", "key": "zone", "as_of_us": T0 + 5 * S}
    ]
    assert in_short(floor.wait(700)) == [("CHANGED", "WORSE", 608.0)]
    floor.at(710, events=[event("LEFT", "a", 4)])
    assert in_short(floor.at(720, events=[event("LEFT", "b", 8)])) == [("CLOSED", "CLEARED", 720.0)]


def test_a_new_rule_of_stays_knows_who_has_been_there_for_long() -> None:
    floor = Line(rules_of())
    floor.at(5, events=[event("ENTERED", "a", 4)])

    decided = floor.change(rules_of(rule(kind="DWELL", threshold=600)), 1000)

    assert in_short(decided) == [("OPENED", "BREACH", 1000.0)]


def test_stays_are_corrected_as_occupancy_says_who_is_there() -> None:
    floor = Line(rules_of(rule(kind="DWELL", threshold=600)))
    floor.at(5, events=[event("ENTERED", "old", 4, seq=1)])
    floor.at(6, events=[event("ENTERED", "new", 5, seq=2)])
    floor.at(
        9,
        occupancy(person_ids=["old"]),
        events=[event("WITHDRAWN", "new", 5, seq=3, corrects=2)],
    )
    floor.at(20, occupancy(), events=[event("LEFT", "old", 4, seq=4)])
    floor.at(
        22,
        occupancy(person_ids=["old"]),
        events=[event("WITHDRAWN", "old", 4, as_of_us=T0 + 22 * S, corrects=4)],
    )

    assert floor.state.stays == {"zone": {"old": (T0 + 4 * S, T0 + 22 * S)}}


@pytest.mark.parametrize("cameras", [1, 15])
def test_cameras_that_are_missing_are_one_alert_of_their_floor(cameras: int) -> None:
    missing = [f"cam-{number:02d}" for number in range(cameras)]
    floor = Line(rules_of(rule(kind="CAMERA_MISSING", open_after_s=60)))
    floor.at(1, people=[], cameras_missing=missing)

    opened = floor.wait(100)

    assert in_short(opened) == [("OPENED", "BREACH", 61.0)]
    assert opened[0]["alert_id"] == "rule/floor/floor"
    assert opened[0]["camera_ids"] == missing
    floor.at(110, people=[], cameras_missing=[])
    assert in_short(floor.decided[1:]) == [("CLOSED", "CLEARED", 110.0)]


def test_a_zone_of_one_camera_says_nothing_of_other_cameras() -> None:
    zones = {"one": "cam-1", "two": "cam-2"}
    floor = Line(rules_of(rule(kind="CAMERA_MISSING"), zones=zones))

    floor.at(1, occupancy(zone_id="one", cameras_missing=["cam-1"]))
    floor.at(2, occupancy(zone_id="two", cameras_missing=["cam-2"]))
    assert floor.state.missing == ["cam-1", "cam-2"]
    floor.at(3, occupancy(zone_id="one"))
    assert floor.state.missing == ["cam-2"]


def test_a_view_under_suspicion_is_one_alert_of_its_floor() -> None:
    watched = rule(kind="CAMERA_SUSPECT")
    floor = Line(rules_of(watched))

    opened = floor.change(rules_of(watched, suspect=frozenset({"b", "a"})), 5)

    assert opened[0]["camera_ids"] == ["a", "b"]
    assert in_short(floor.change(rules_of(watched), 9)) == [("CLOSED", "CLEARED", 9.0)]


def test_a_kind_of_a_later_release_has_no_effect() -> None:
    floor = Line(rules_of(rule(kind="UNKNOWN")))

    assert floor.at(1, occupancy(low=3), people=[OFF], cameras_missing=["a"]) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"threshold": 0}, "threshold is 0: nothing would be below it"),
        ({"kind": "OVER_CAPACITY", "threshold": -1}, "threshold is -1"),
        ({"close_at": 1}, "close_at is 1, not 0 to less than what is a breach"),
        ({"open_after_s": -1}, "open_after_s is -1, not 0 to 2678400"),
        ({"escalate_after_s": 0}, "escalate_after_s is 0, not 1 to"),
        ({"min_confidence": 1.5}, "min_confidence is 1.5, not 0 to 1"),
        ({"one_per": "PERSON"}, "one_per is PERSON, which means nothing for COVERAGE_GAP"),
        ({"kind": "CAMERA_MISSING", "zone_ids": ["z"]}, "zone_ids are given, but CAMERA_MISSING"),
        ({"shift_statuses": ["TIRED"]}, "shift_statuses hold 'TIRED', which is none"),
        ({"time_zone": "Mars/Base"}, "time_zone 'Mars/Base' is unknown"),
        (
            {"schedule": [{"weekdays": [], "from_minute": 0, "to_minute": 60}]},
            r"schedule: weekdays are \[\]",
        ),
        (
            {"schedule": [{"weekdays": [1], "from_minute": 1440, "to_minute": 60}]},
            "schedule: from_minute is 1440, not 0 to 1439",
        ),
    ],
)
def test_a_rule_that_means_nothing_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_rule(rule(**fields))


def test_a_plain_rule_is_taken() -> None:
    check_rule(rule())
    check_rule(rule(kind="OVER_CAPACITY", threshold=0, close_at=0))
