"""A bucket of tokens: so many at once, and so many a second after that."""

import math

from tests.support.set_clock import SetClock
from workers.serving.login.allowance import Allowance


def test_several_are_taken_together_or_not_at_all() -> None:
    clock = SetClock()
    allowance = Allowance(10, 2.0, clock)

    assert allowance.take(7)
    assert not allowance.take(4)
    assert allowance.take(3), "what was refused used nothing up"
    assert not allowance.take()
    clock.now_s += 0.5
    assert allowance.take()


def test_it_says_how_long_to_wait() -> None:
    allowance = Allowance(10, 2.0, SetClock())
    assert allowance.take(9)

    assert allowance.wait_s() == 0
    assert allowance.wait_s(5) == 2.0
    assert allowance.wait_s(11) == math.inf
