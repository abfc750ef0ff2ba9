"""A watchdog knows the leader from its beats and its own clock alone."""

from workers.observation.lease_log import Beat, BeatAge, read_beat
from workers.watchdog.reporting import LEARN_S, ReportingRule

BEAT = Beat("anna", 1, 5)


def test_a_beat_is_still_from_when_it_was_first_seen() -> None:
    age = BeatAge(gap_s=3.0)

    seen = [age.update(BEAT, 100.0 + second) for second in range(5)]

    assert seen == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert age.update(Beat("anna", 2, 6), 105.0) == 0.0


def test_time_without_a_reading_does_not_count() -> None:
    """The log was out of reach, or this process was frozen: the other one may have been well."""
    age = BeatAge(gap_s=3.0)
    age.update(BEAT, 100.0)

    assert age.update(BEAT, 160.0) == 0.0
    assert age.update(BEAT, 162.0) == 2.0


def test_what_is_no_beat_is_read_as_none() -> None:
    assert read_beat('{"who": "anna", "number": 1, "at_us": 5, "later": true}') == BEAT
    assert [read_beat(text) for text in (None, "", "x", '{"who": 1}')] == [None] * 4


def may(
    rule: ReportingRule, now_s: float, role: str, confirmed_s: float | None, **known: bool
) -> bool:
    known = {"adopted": True, "log_away": False, **known}
    return rule.may(now_s, role, confirmed_s, **known)  # type: ignore[arg-type]


def test_the_leader_reports_and_a_standby_does_not() -> None:
    assert may(ReportingRule(5.0), 100.0, "leader", 98.0)
    assert not may(ReportingRule(5.0), 100.0, "standby", 98.0)


def test_a_right_that_was_last_confirmed_long_ago_counts_only_while_the_log_is_away() -> None:
    assert not may(ReportingRule(5.0), 100.0, "leader", 60.0)
    assert may(ReportingRule(5.0), 100.0, "leader", 60.0, log_away=True)


def test_a_new_leader_reports_nothing_before_it_knows_what_was_reported() -> None:
    assert not may(ReportingRule(5.0), 100.0, "leader", 99.0, adopted=False)


def test_a_watchdog_that_cannot_learn_the_leader_reports_all_the_same() -> None:
    for role, confirmed_s in (("unknown", None), ("standby", 99.0), ("leader", 99.0)):
        rule = ReportingRule(5.0)

        reported = [
            may(rule, 110.0 + at_s, role, confirmed_s) for at_s in (0.0, LEARN_S - 1, LEARN_S)
        ]

        assert reported == [False, False, True]
        assert not may(rule, 200.0, "standby", 199.0), "what is known holds again"
        assert not may(rule, 210.0, "standby", 199.0)
