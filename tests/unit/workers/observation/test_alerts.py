"""An alert is reported when it begins and when it is over, and never in between."""

from typing import Any

from workers.observation.alerts import AlertBook
from workers.observation.findings import Finding

AT_US = 1_780_000_000_000_000


def finding(key: str = "silence/camera/left", **fields: Any) -> Finding:
    given: dict[str, Any] = {
        "tier": "WARNING",
        "what": "No new data from camera Left",
        "since_us": AT_US - 20_000_000,
        "value": 20.0,
        "threshold": 20.0,
        "unit": "s",
        "next_action": "look",
    }
    return Finding(key=key, **{**given, **fields})


def states(alerts: list[Any]) -> list[tuple[str, str]]:
    return [(alert["alert_id"], alert["state"]) for alert in alerts]


def test_it_is_raised_once_and_cleared_once() -> None:
    book = AlertBook("the night desk")

    [raised] = book.update([finding()], AT_US, blind=False)
    assert (raised["state"], raised["owner"]) == ("RAISED", "the night desk")
    assert (raised["kind"], raised["subject"]) == ("silence", "camera/left")
    assert book.update([finding(value=21.0)], AT_US + 1_000_000, blind=False) == []
    [cleared] = book.update([], AT_US + 10_000_000, blind=False)

    assert cleared["state"] == "CLEARED"
    assert (cleared["since_us"], cleared["value"]) == (raised["since_us"], 30.0)
    assert book.update([], AT_US + 11_000_000, blind=False) == []


def test_it_may_come_again() -> None:
    book = AlertBook("")
    reported = []
    for number, wrong in enumerate([True, False, True, False]):
        reported += book.update([finding()] if wrong else [], AT_US + number, blind=False)

    assert [state for _, state in states(reported)] == ["RAISED", "CLEARED", "RAISED", "CLEARED"]


def test_nothing_is_well_again_while_nothing_can_be_seen() -> None:
    book = AlertBook("")
    book.update([finding()], AT_US, blind=False)

    line = finding("silence/line")
    assert states(book.update([line], AT_US + 1, blind=True)) == [("silence/line", "RAISED")]
    assert len(book.standing) == 2
    assert states(book.update([], AT_US + 2, blind=False)) == [
        ("silence/camera/left", "CLEARED"),
        ("silence/line", "CLEARED"),
    ]


def test_an_alert_not_checked_yet_is_not_cleared() -> None:
    book = AlertBook("")
    earlier = [finding("loss/stage/infer"), finding("settings/log"), finding("silence/camera/left")]
    book.adopt(AlertBook("").update(earlier, AT_US, blind=False))

    reported = book.update([], AT_US + 1, blind=False, unseen={"loss", "settings"})
    assert states(reported) == [("silence/camera/left", "CLEARED")]
    reported = book.update([earlier[0]], AT_US + 2, blind=False)
    assert states(reported) == [("settings/log", "CLEARED")]


def test_what_an_earlier_process_raised_is_not_raised_again_and_is_cleared() -> None:
    earlier = AlertBook("")
    raised = earlier.update([finding(), finding("silence/camera/right")], AT_US, blind=False)
    book = AlertBook("")
    book.adopt(raised)

    assert book.update([finding()], AT_US + 1, blind=True) == []
    assert states(book.update([finding()], AT_US + 2, blind=False)) == [
        ("silence/camera/right", "CLEARED")
    ]


def test_a_new_leader_retracts_only_alerts_that_no_other_watchdog_knows() -> None:
    book = AlertBook("")
    book.update([finding(), finding("silence/log")], AT_US, blind=False)

    taken_back = book.hand_over({"silence/log", "silence/camera/right"}, AT_US + 1)

    assert states(taken_back) == [("silence/log", "CLEARED")]
    assert book.standing == []
