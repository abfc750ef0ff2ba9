from typing import Any

import pytest

from streams.domain.staffing.coverage import Plan, coverage


def plan(scheduled: Any = None, required: Any = None) -> Plan:
    scheduled = scheduled or {}
    return Plan(
        from_us=0,
        until_us=1,
        scheduled=scheduled,
        scheduled_total=sum(scheduled.values()),
        required=required or {},
    )


@pytest.mark.parametrize(
    ("present", "required", "gap"),
    [
        pytest.param([], {"nurse": 2}, (2, 2), id="nobody-there"),
        pytest.param(["", "", ""], {"nurse": 2}, (0, 2), id="enough-unknown-people"),
        pytest.param([""], {"nurse": 2}, (1, 2), id="too-few-unknown-people"),
        pytest.param(["nurse", ""], {"nurse": 2}, (0, 1), id="one-known"),
        pytest.param(["nurse", "nurse"], {"nurse": 2}, (0, 0), id="both-known"),
        pytest.param(["nurse"] * 3, {"nurse": 2}, (0, 0), id="more-than-needed"),
        pytest.param(["nurse"] * 3, {"nurse": 2, "porter": 1}, (1, 1), id="others-do-not-help"),
        pytest.param([""], {"nurse": 1, "porter": 1}, (1, 2), id="one-person-fills-one-place"),
        pytest.param([""], {}, (0, 0), id="nothing-required"),
    ],
)
def test_the_gap_is_an_interval(present: Any, required: Any, gap: Any) -> None:
    found = coverage(present, plan(required=required))

    assert (found.gap_min, found.gap_max) == gap


def test_twelve_people_are_not_twelve_staff() -> None:
    found = coverage([""] * 12, plan({"nurse": 4}, {"nurse": 4}))

    assert (found.people, found.identified, found.scheduled, found.required) == (12, 0, 4, 4)
    assert found.roles == [
        {
            "role": "nurse",
            "present_min": 0,
            "present_max": 12,
            "scheduled": 4,
            "required": 4,
            "gap_min": 0,
            "gap_max": 4,
            "least_required": 4,
            "standing_in": [],
            "possible_since_us": None,
            "sure_since_us": None,
        }
    ]


def test_every_role_is_listed_once_whether_present_scheduled_or_required() -> None:
    found = coverage(["porter", "porter", ""], plan({"nurse": 1, "": 2}, {"doctor": 1}))

    assert [
        (role["role"], role["present_min"], role["present_max"], role["scheduled"])
        for role in found.roles
    ] == [("doctor", 0, 1, 0), ("nurse", 0, 1, 1), ("porter", 2, 3, 0)]
    assert found.scheduled == 3
    assert found.identified == 2


def test_the_roster_never_counts_as_presence() -> None:
    with_roster = coverage([""], plan({"nurse": 5}, {"nurse": 2}))
    without = coverage([""], plan({}, {"nurse": 2}))

    assert (with_roster.gap_min, with_roster.gap_max) == (without.gap_min, without.gap_max)
