"""A message says where, what, how sure, since when and what to do, and names nobody."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.rules import RuleKind
from tests.support.builders.messages import AT_US
from tests.support.builders.outputs import zone_alert
from workers.notifier.delivery.message import Message, Route, receipt_key_of
from workers.notifier.delivery.wording import (
    Part,
    Scene,
    group_message,
    pipeline_message,
    trial_message,
    zone_message,
)

MINUTE_US = 60_000_000
SCENE = Scene(
    zone="Bay 2",
    floor="Ward 3",
    time_zone="Europe/Berlin",
    others=("house supervisor",),
    link="https://board.ward.example/",
)
KINDS: tuple[RuleKind, ...] = RuleKind.__args__  # type: ignore[attr-defined]
PEOPLE = ["cam-1:secret-person", "secret-staff"]


def alert(**values: Any) -> Any:
    return {
        **zone_alert(0, "OPENED", "bay-2"),
        "decided_us": AT_US,
        "since_us": AT_US - 12 * MINUTE_US,
        "confidence": 1.0,
        **values,
    }


def page_about(
    occasion: str = "OPENED", scene: Scene = SCENE, route: Route = "WARD", **values: Any
) -> Message:
    return zone_message(alert(**values), occasion, scene, route, "charge nurse", "rcpt_00000000")


def test_a_page_about_a_gap_answers_what_a_charge_nurse_asks() -> None:
    page = page_about(figure_min=2, figure_max=3, next_action="Move a float to Bay 2")

    assert page.subject == "Bay 2: 2 to 3 nurses missing"
    assert page.text.splitlines() == [
        "Bay 2, Ward 3: 2 nurses are missing for sure, possibly 1 more.",
        "Since 02:52 on Mon 1 Dec (Europe/Berlin).",
        "Also sent to: house supervisor.",
        "Next: Move a float to Bay 2",
        "For: charge nurse",
    ]
    assert page.link == SCENE.link


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"figure_min": 1, "figure_max": 1}, "1 nurse is missing for sure."),
        ({"figure_min": 0, "figure_max": 2}, "possibly 2 nurses missing."),
        ({"figure_min": 2, "figure_max": 2, "role": ""}, "2 staff are missing for sure."),
        ({"figure_min": 2, "figure_max": 2, "role": "on-duty_lady"}, "2 on duty ladies are"),
        (
            {"kind": "OVER_CAPACITY", "figure_min": 9, "figure_max": 11, "threshold": 8},
            "9 people are there, possibly 11; 8 is the limit.",
        ),
        (
            {"kind": "DWELL", "figure_min": 1, "figure_max": 1, "threshold": 5400},
            "1 person has been there for longer than 90 min.",
        ),
        (
            {"kind": "OFF_SHIFT", "figure_min": 0, "figure_max": 2},
            "2 people there are not expected now, possibly.",
        ),
        (
            {"kind": "ALONE", "figure_min": 1, "figure_max": 1},
            "1 person is there with no staff beside them.",
        ),
        (
            {"kind": "BADGE_CONTRADICTION", "figure_min": 2, "figure_max": 2},
            "badges put 2 more there than cameras see.",
        ),
        (
            {"kind": "BADGE_CONTRADICTION", "zone_id": "", "figure_min": 1, "figure_max": 1},
            "1 badge read in two places faster than anybody walks.",
        ),
    ],
)
def test_each_kind_of_breach_has_its_sentence(values: dict[str, Any], sentence: str) -> None:
    assert sentence in page_about(**values).body[0]


def test_an_alert_that_nobody_acknowledged_says_for_how_long() -> None:
    page = page_about("ESCALATED", escalate_after_s=600)

    assert page.subject.startswith("Not acknowledged: Bay 2")
    assert page.body[0] == "Nobody has acknowledged it for 10 min."


def test_an_alert_that_is_over_says_so_first_and_asks_for_nothing() -> None:
    page = page_about("CLOSED")

    assert page.subject.startswith("Over: Bay 2")
    assert page.body[0] == "It is over since 03:04 on Mon 1 Dec (Europe/Berlin). It was:"
    assert page.next_action == ""


def test_doubts_are_part_of_the_message() -> None:
    page = page_about(held_back_by=["STALE", "COUNTS_DISAGREE"], confidence=0.8125, suppressed=2)

    assert "Cameras that report do not see it now" in page.text
    assert "Another way of counting" in page.text
    assert "with a probability of 81% or more" in page.text
    assert "Times that it happened in between and nobody was notified: 2." in page.text


def test_each_route_hears_of_a_failure_of_cameras_in_terms_of_its_own() -> None:
    values: dict[str, Any] = {
        "kind": "CAMERA_MISSING",
        "zone_id": "",
        "figure_min": 2,
        "figure_max": 2,
        "camera_ids": ["cam-1", "cam-2"],
        "next_action": "Look at the camera and its network",
    }
    scene = Scene(zone="", floor="Ward 3", time_zone="Europe/Berlin")
    ward = page_about(scene=scene, **values)
    machine = page_about(scene=scene, route="OPERATIONS", **values)

    assert ward.body[0] == (
        "Ward 3: do not rely on the numbers of this floor, since not all cameras there report."
    )
    assert ward.next_action == "Count by eye until this is over"
    assert "cam-1" not in ward.text
    assert machine.body[0] == "Ward 3: 2 cameras not reporting (cam-1, cam-2)."
    assert machine.next_action == "Look at the camera and its network"


def test_a_zone_that_no_camera_sees_is_a_matter_of_cameras_for_who_runs_them() -> None:
    machine = page_about(route="OPERATIONS", held_back_by=["STALE"])

    assert machine.subject == "Bay 2: not seen by cameras that report"
    assert "nurse" not in machine.body[0]
    assert machine.next_action == "Look at the cameras that should see it"


def part(occasion: str = "OPENED", zone: str = "Bay 2", **values: Any) -> Part:
    scene = Scene(zone=zone, floor="Ward 3", time_zone="Europe/Berlin", link=SCENE.link)
    return Part(alert(**values), occasion, scene)


def test_several_alerts_of_an_owner_are_one_message() -> None:
    parts = [
        part(figure_min=2, figure_max=2, next_action="Move a float"),
        part("CLOSED", "Bay 5", kind="ALONE", figure_min=1, figure_max=1),
        part("ESCALATED", "Bay 7", figure_min=1, figure_max=1, next_action="Call the float"),
    ]
    page = group_message(parts, "WARD", "charge nurse", "rcpt_00000000")

    assert page.subject == (
        "3 alerts: Bay 2: 2 nurses missing; Over: Bay 5: 1 person alone; "
        "Not acknowledged: Bay 7: 1 nurse missing"
    )
    assert page.text.splitlines() == [
        (
            "Bay 2, Ward 3: 2 nurses are missing for sure. "
            "Since 02:52 on Mon 1 Dec (Europe/Berlin). Next: Move a float."
        ),
        (
            "Over: Bay 5, Ward 3: 1 person is there with no staff beside them. "
            "Until 03:04 on Mon 1 Dec (Europe/Berlin)."
        ),
        (
            "Not acknowledged: Bay 7, Ward 3: 1 nurse is missing for sure. "
            "Since 02:52 on Mon 1 Dec (Europe/Berlin). Next: Call the float."
        ),
        "For: charge nurse",
    ]


def test_a_next_action_that_all_share_is_given_once() -> None:
    parts = [part(zone=f"Bay {number}", next_action="Move a float") for number in range(14)]
    page = group_message(parts, "WARD", "charge nurse", "rcpt_00000000")

    assert page.next_action == "Move a float"
    assert page.text.count("Move a float") == 1
    assert page.body[-1] == "And 4 more: see the board."
    assert len(page.subject) <= 120


def test_one_alert_of_a_group_is_the_message_about_it() -> None:
    one = part("AGAIN")

    assert group_message([one], "WARD", "charge nurse", "rcpt_00000000") == zone_message(
        one.alert, "AGAIN", one.scene, "WARD", "charge nurse", "rcpt_00000000"
    )


def test_an_unknown_time_zone_falls_back_to_one_that_is_named() -> None:
    scene = Scene(zone="Bay 2", floor="Ward 3", time_zone="Mars/Olympus")

    assert "Since 01:52 on Mon 1 Dec (UTC)." in page_about(scene=scene).body


@given(
    st.sampled_from(KINDS),
    st.sampled_from(["OPENED", "CHANGED", "ESCALATED", "CLOSED", "ODD"]),
    st.sampled_from(["WARD", "OPERATIONS"]),
    st.integers(-1, 40),
    st.integers(0, 40),
    st.lists(st.sampled_from(["STALE", "NOT_SURE", "LOW_CONFIDENCE", "SILENT_RULE", "UNKNOWN"])),
)
def test_no_message_names_a_person_and_none_is_empty(
    kind: str, occasion: str, route: Any, least: int, more: int, doubts: list[str]
) -> None:
    page = page_about(
        occasion,
        route=route,
        kind=kind,
        figure_min=least,
        figure_max=least + more,
        held_back_by=doubts,
        alert_id=f"dwell/zone/bay-2/person/{PEOPLE[0]}",
        person_ids=PEOPLE,
        escalate_after_s=60,
        evidence=[{"topic": "presence", "key": PEOPLE[1], "as_of_us": 1}],
    )

    assert "secret" not in msgspec.json.encode(page).decode()
    assert page.subject
    assert all(one.endswith((".", ":")) for one in page.body)
    assert "(Europe/Berlin)" in page.text


PIPELINE_ALERT: Any = {
    "alert_id": "silence/camera/cam-1",
    "seq": 1,
    "at_us": AT_US,
    "state": "RAISED",
    "tier": "PAGE",
    "kind": "silence",
    "subject": "cam-1",
    "what": "No new data from camera cam-1",
    "since_us": AT_US - MINUTE_US,
    "value": 60.0,
    "threshold": 20.0,
    "unit": "s",
    "owner": "operators",
    "next_action": "Look at the camera",
    "suppressed": 0,
}


def test_an_alert_of_the_pipeline_is_for_who_runs_it() -> None:
    raised = PIPELINE_ALERT
    page = pipeline_message(raised, "Europe/Berlin", "", (), "rcpt_00000000")
    cleared: Any = {**raised, "state": "CLEARED"}
    over = pipeline_message(cleared, "UTC", "", (), "rcpt_00000000")

    assert page.route == over.route == "OPERATIONS"
    assert page.subject == "No new data from camera cam-1"
    assert page.text.splitlines() == [
        "No new data from camera cam-1.",
        "Since 03:03 on Mon 1 Dec (Europe/Berlin).",
        "Next: Look at the camera",
        "For: operators",
    ]
    assert over.subject == "Over: No new data from camera cam-1"
    assert "It is over since 02:04 on Mon 1 Dec (UTC)." in over.body


def test_an_alert_of_a_badge_on_two_floors_is_for_the_ward() -> None:
    raised: Any = {
        **PIPELINE_ALERT,
        "alert_id": "badges/floors/east+west",
        "subject": "floors/east+west",
        "what": "A badge was read on West and East within 4 s (readers door and desk)",
        "owner": "security",
    }
    page = pipeline_message(raised, "UTC", "", (), "rcpt_00000000")

    assert (page.route, page.owner) == ("WARD", "security")
    assert page.subject == raised["what"]


def test_a_trial_says_that_nothing_is_wrong() -> None:
    key = receipt_key_of("trial", AT_US, "TEST", "phone")
    trial = trial_message("phone", "charge nurse", "WARD", key, AT_US)

    assert "Nothing is wrong on the ward" in trial.text
    assert trial.tier == "NOTICE"
