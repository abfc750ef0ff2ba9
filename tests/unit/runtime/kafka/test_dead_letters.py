"""How many dead letters are too many."""

import pytest

from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.dead_letters import DeadLetterLimit
from runtime.process.sections import DeadLetterSettings


def limit(ratio: float, window: int) -> DeadLetterLimit:
    return DeadLetterLimit(DeadLetterSettings(max_ratio=ratio, window_records=window), "test")


def spare(limited: DeadLetterLimit, at_most: int = 20) -> int:
    """How many dead letters in a row are still allowed."""
    for number in range(at_most):
        try:
            limited.died("bad")
        except Stop:
            return number
    return at_most


def test_malformed_records_stop_the_process_at_the_share_of_the_window() -> None:
    limited = limit(0.5, 10)
    for _ in range(5):
        limited.died("bad")

    with pytest.raises(Stop, match=r"test: 6 of the last 6 records are dead .* last one: worst"):
        limited.died("worst")


def test_a_share_that_is_allowed_never_stops_however_long_it_lasts() -> None:
    limited = limit(0.5, 10)
    for _ in range(10_000):
        limited.passed()
        limited.died("bad")

    assert spare(limited) == 0, "it is at its limit, and has not stopped"


def test_entries_older_than_the_window_are_forgotten() -> None:
    limited = limit(0.5, 10)
    for _ in range(100):
        for _ in range(5):
            limited.died("bad")
        limited.passed(5)

    assert spare(limited) == 5, "dead letters of one window alone count"


def test_a_burst_after_a_good_beginning_stops_as_well() -> None:
    limited = limit(0.2, 10)
    limited.passed(1_000_000)
    limited.died("bad")
    limited.died("bad")

    with pytest.raises(Stop) as caught:
        limited.died("bad")
    assert caught.value.exit_code == EXIT_STOP, "a supervisor must not start it again"


def test_a_ratio_of_one_never_stops() -> None:
    limited = limit(1.0, 10)

    assert spare(limited, at_most=1_000) == 1_000
