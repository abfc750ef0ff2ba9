"""Who has the watch, told from beats and one's own clock alone."""

from workers.observation.lease_log import Beat, Stillness, read_beat
from workers.watchdog.reporting import LEARN_S, Telling

BEAT = Beat("anna", 1, 5)


def test_a_beat_is_still_from_when_it_was_first_seen() -> None:
    stillness = Stillness(gap_s=3.0)

    seen = [stillness.look(BEAT, 100.0 + second) for second in range(5)]

    assert seen == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert stillness.look(Beat("anna", 2, 6), 105.0) == 0.0


def test_what_was_not_looked_at_is_no_stillness() -> None:
    """The log was away, or this process was frozen: the other one may have been well."""
    stillness = Stillness(gap_s=3.0)
    stillness.look(BEAT, 100.0)

    assert stillness.look(BEAT, 160.0) == 0.0
    assert stillness.look(BEAT, 162.0) == 2.0


def test_what_is_no_beat_is_read_as_none() -> None:
    assert read_beat('{"who": "anna", "number": 1, "at_us": 5, "later": true}') == BEAT
    assert [read_beat(text) for text in (None, "", "x", '{"who": 1}')] == [None] * 4


def may(telling: Telling, now_s: float, role: str, heard_s: float | None, **known: bool) -> bool:
    known = {"adopted": True, "log_away": False, **known}
    return telling.may(now_s, role, heard_s, **known)  # type: ignore[arg-type]


def test_whoever_has_the_watch_tells_and_whoever_stands_by_does_not() -> None:
    assert may(Telling(5.0), 100.0, "on duty", 98.0)
    assert not may(Telling(5.0), 100.0, "standing by", 98.0)


def test_a_right_that_was_last_confirmed_long_ago_counts_only_while_the_log_is_away() -> None:
    assert not may(Telling(5.0), 100.0, "on duty", 60.0)
    assert may(Telling(5.0), 100.0, "on duty", 60.0, log_away=True)


def test_nothing_is_told_before_it_is_known_what_was_told_before() -> None:
    assert not may(Telling(5.0), 100.0, "on duty", 99.0, adopted=False)


def test_rather_is_something_told_twice_than_never() -> None:
    for role, heard_s in (("unknown", None), ("standing by", 99.0), ("on duty", 99.0)):
        telling = Telling(5.0)

        told = [may(telling, 110.0 + at_s, role, heard_s) for at_s in (0.0, LEARN_S - 1, LEARN_S)]

        assert told == [False, False, True]
        assert not may(telling, 200.0, "standing by", 199.0), "what is known holds again"
        assert not may(telling, 210.0, "standing by", 199.0)
