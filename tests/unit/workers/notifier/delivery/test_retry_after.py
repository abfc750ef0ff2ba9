"""When a message is tried again, and when it is a dead letter."""

import random

from runtime.retry import RetryPolicy
from workers.notifier.delivery.outcome import Retry
from workers.notifier.delivery.send import retry_after

POLICY = RetryPolicy(first_s=2.0, limit_s=60.0, jitter=0.5, deadline_s=600.0, most_failures=5)
LATER = Retry("it answers HTTP 503")


def test_pauses_grow_to_a_limit_and_are_not_all_alike() -> None:
    chance = random.Random(1)
    first = [retry_after(LATER, 1, 0.0, POLICY, chance) for _ in range(20)]

    assert all(pause is not None and 1.0 <= pause <= 2.0 for pause in first)
    assert len(set(first)) > 10
    assert [retry_after(LATER, failures, 0.0, POLICY) for failures in (1, 2, 3)] == [2.0, 4.0, 8.0]


def test_a_receiver_that_asks_for_a_longer_pause_gets_it() -> None:
    assert retry_after(Retry("", 90.0), 1, 0.0, POLICY) == 90.0
    assert retry_after(Retry("", 0.0), 1, 0.0, POLICY) == 2.0


def test_after_so_many_tries_or_so_long_it_is_given_up() -> None:
    assert retry_after(LATER, 4, 599.0, POLICY) is not None
    assert retry_after(LATER, 5, 1.0, POLICY) is None
    assert retry_after(LATER, 1, 600.0, POLICY) is None
