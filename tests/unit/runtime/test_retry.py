"""Pauses grow to a limit, keep to the deadline, and end when the process does."""

import random
import threading

import pytest

from runtime.errors import Retry, Stop
from runtime.retry import RetryPolicy, Tries, comes_true, constant, retried
from tests.support.set_clock import SetClock


def failing(times: int, error: Exception) -> list[Exception | None]:
    return [error] * times + [None]


def do(results: list[Exception | None]) -> str:
    error = results.pop(0)
    if error is not None:
        raise error
    return "done"


def test_each_pause_is_longer_than_the_one_before_up_to_a_limit() -> None:
    policy = RetryPolicy(first_s=0.5, factor=3.0, limit_s=10.0)

    assert [policy.pause_s(n) for n in (1, 2, 3, 4, 1_000)] == [0.5, 1.5, 4.5, 10.0, 10.0]


def test_jitter_shortens_a_pause_by_its_share_at_most() -> None:
    policy = RetryPolicy(first_s=1.0, limit_s=8.0, jitter=0.5)
    chance = random.Random(3)

    pauses = [policy.pause_s(4, chance) for _ in range(1_000)]
    assert 4.0 <= min(pauses) < 4.1
    assert 7.9 < max(pauses) <= 8.0


def test_work_is_tried_until_it_succeeds() -> None:
    clock = SetClock(0.0)
    results = failing(3, Retry("away"))

    policy = RetryPolicy(first_s=0.1, limit_s=0.2)
    assert retried(lambda: do(results), Tries(policy, clock)) == "done"
    assert clock.slept == [0.1, 0.2, 0.2]


def test_a_dependency_that_says_when_to_ask_again_is_not_asked_earlier() -> None:
    clock = SetClock(0.0)
    results = failing(1, Retry("away", retry_after_s=7.0))

    retried(lambda: do(results), Tries(constant(1.0), clock))
    assert clock.slept == [7.0]


def test_work_is_given_up_after_its_deadline_with_the_last_error() -> None:
    clock = SetClock(0.0)
    results = failing(10, Retry("still away"))

    with pytest.raises(Retry, match="still away"):
        retried(lambda: do(results), Tries(constant(1.0, deadline_s=3.5), clock))
    assert clock.now_s == 4.0


def test_work_is_given_up_after_its_last_allowed_failure() -> None:
    clock = SetClock(0.0)
    results = failing(10, Retry("still away"))

    with pytest.raises(Retry, match="still away"):
        retried(lambda: do(results), Tries(constant(1.0, most_failures=3), clock))
    assert clock.slept == [1.0, 1.0]
    assert len(results) == 8


def test_work_that_progresses_has_its_whole_time_again() -> None:
    clock = SetClock(0.0)
    tries = Tries(constant(1.0, deadline_s=2.5, most_failures=3), clock)

    for _ in range(4):
        tries.failed(Retry("not all is read"))
        tries.failed(Retry("not all is read"))
        assert not tries.over
        tries.progressed()
    clock.now_s += 2.5
    assert tries.over


def test_a_condition_is_asked_until_it_holds_or_the_time_is_over() -> None:
    clock = SetClock(0.0)

    assert comes_true(lambda: clock.now_s >= 2.0, Tries(constant(0.5, deadline_s=3.0), clock))
    assert clock.now_s == 2.0
    assert not comes_true(lambda: clock.now_s >= 9.0, Tries(constant(0.5, deadline_s=3.0), clock))
    assert clock.now_s == 5.0


def test_an_error_that_does_not_pass_is_raised_at_once() -> None:
    clock = SetClock(0.0)
    tries = Tries(constant(1.0), clock)

    with pytest.raises(Stop):
        retried(lambda: do(failing(1, Stop("wrong"))), tries)
    with pytest.raises(Retry):
        retried(lambda: do(failing(1, Retry("no"))), tries, may_pass=lambda error: False)
    assert clock.slept == []


def test_a_process_that_is_asked_to_end_does_not_wait() -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Retry):
        retried(
            lambda: do(failing(1, Retry("no"))), Tries(constant(60.0), SetClock(0.0), stop.wait)
        )
