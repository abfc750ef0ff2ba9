"""A dependency that fails is left alone, then probed, then used again."""

import random
import threading

import pytest
from prometheus_client import REGISTRY

from runtime.errors import DeadLetter, Retry
from runtime.storage.breaker import BreakerOpen, BreakerPolicy, CircuitBreaker, Guard
from tests.support.set_clock import SetClock

POLICY = BreakerPolicy(failures=3, first_pause_s=1.0, max_pause_s=8.0)


class Longest(random.Random):
    """Jitter at its upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def state_of(breaker: CircuitBreaker) -> str:
    return breaker.state


def is_open(guard: Guard) -> bool:
    return guard.is_open


def opened(chance: random.Random | None = None) -> CircuitBreaker:
    breaker = CircuitBreaker(POLICY, chance or Longest())
    for _ in range(POLICY.failures):
        breaker.failed(100.0)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = CircuitBreaker(POLICY, Longest())

    assert [breaker.failed(float(second)) for second in range(3)] == [False, False, True]
    assert state_of(breaker) == "open"
    assert breaker.opened_s == 2.0


def test_a_success_in_between_restarts_the_count() -> None:
    breaker = CircuitBreaker(POLICY, Longest())
    for _ in range(10):
        breaker.failed(0.0)
        breaker.failed(0.0)
        breaker.succeeded()

    assert state_of(breaker) == "closed"
    assert breaker.admits(0.0)


def test_while_open_nothing_goes_through_until_its_pause_is_over_and_then_one_probe_alone() -> None:
    breaker = opened()
    assert breaker.due_in_s(100.0) == 4.0

    assert not breaker.admits(103.9)
    assert breaker.admits(104.0)
    assert state_of(breaker) == "half_open"
    assert not breaker.admits(104.0)


def test_a_good_probe_closes_it_and_a_bad_one_opens_it_for_longer() -> None:
    breaker = opened()
    assert breaker.admits(104.0)
    assert not breaker.failed(104.0)
    assert state_of(breaker) == "open"
    assert breaker.due_in_s(104.0) == 8.0

    assert breaker.admits(112.0)
    assert breaker.succeeded()
    assert state_of(breaker) == "closed"
    assert breaker.opened_s is None
    assert breaker.due_in_s(112.0) == 0.0


def test_pauses_double_up_to_the_longest() -> None:
    breaker = CircuitBreaker(POLICY, Longest())
    pauses = []
    for _ in range(200):
        breaker.admits(0.0)
        breaker.failed(0.0)
        pauses.append(breaker.due_in_s(0.0))

    assert pauses == [1.0, 2.0, 4.0, *[8.0] * 197]


def test_pauses_have_full_jitter() -> None:
    chance = random.Random(7)
    pauses = sorted(opened(chance).due_in_s(100.0) for _ in range(2_000))

    assert 0.0 <= pauses[0] < 0.05
    assert 3.95 < pauses[-1] <= 4.0
    assert sum(pauses) / len(pauses) == pytest.approx(2.0, abs=0.1)


def test_of_many_threads_one_probes() -> None:
    breaker = opened()
    admitted = []
    threads = [
        threading.Thread(target=lambda: admitted.append(breaker.admits(200.0))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(admitted) == 1


def shown(name: str, dependency: str) -> float | None:
    return REGISTRY.get_sample_value(f"wardstream_breaker_{name}", {"dependency": dependency})


def fail(guard: Guard) -> None:
    with pytest.raises(Retry, match="no answer"), guard.trying():
        raise Retry("no answer")


def test_a_guard_refuses_at_once_while_open_and_shows_state_and_since() -> None:
    clock = SetClock()
    guard = Guard("store-a", clock, POLICY, Longest())
    assert shown("state", "store-a") == 0
    for _ in range(3):
        fail(guard)
    started = False

    refusal = r"store-a did not answer; the next try is due in 4\.0 s"
    with pytest.raises(BreakerOpen, match=refusal), guard.trying():
        started = True

    assert not started
    assert guard.since_us == 1_000_000_000
    assert shown("state", "store-a") == 2
    assert shown("open_since_seconds", "store-a") == 1_000.0
    assert shown("failures_total", "store-a") == 3


def test_a_guard_takes_up_again_after_a_good_probe() -> None:
    clock = SetClock()
    guard = Guard("store-b", clock, POLICY, Longest())
    for _ in range(3):
        fail(guard)
    clock.sleep(guard.due_in_s())
    fail(guard)
    clock.sleep(guard.due_in_s())

    with guard.trying():
        assert is_open(guard)

    assert not is_open(guard)
    assert guard.open_for_s() == 0.0
    assert shown("state", "store-b") == 0
    assert shown("open_since_seconds", "store-b") == 0


def test_what_answers_is_not_away_whatever_it_says() -> None:
    guard = Guard("store-c", SetClock(), POLICY, Longest())
    for _ in range(10):
        with pytest.raises(DeadLetter), guard.trying():
            raise DeadLetter("refused", "never this one")

    assert not is_open(guard)


def test_a_probe_that_was_cancelled_leaves_the_next_one_free() -> None:
    clock = SetClock()
    guard = Guard("store-d", clock, POLICY, Longest())
    for _ in range(3):
        fail(guard)
    clock.sleep(10.0)
    with pytest.raises(KeyboardInterrupt), guard.trying():
        raise KeyboardInterrupt

    with guard.trying():
        pass
    assert not is_open(guard)
