"""An error in an agent's body decides the exit of the process, and never leaves the body."""

import asyncio

import pytest

from runtime.checkpoints import InputGone, ReplayNeeded
from streams.processor.fail_stop import FailStop


class Exits(list[tuple[int, str]]):
    def __call__(self, status: int, reason: str) -> None:
        self.append((status, reason))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(ReplayNeeded("fenced"), 75, id="replay"),
        pytest.param(InputGone("topic made again"), 78, id="a-person-must-look"),
        pytest.param(ZeroDivisionError("bug"), 75, id="anything-else"),
        pytest.param(KeyboardInterrupt("now"), 75, id="not-even-an-exception"),
    ],
)
def test_every_error_ends_the_process_with_its_status(error: BaseException, status: int) -> None:
    exits = Exits()

    with FailStop(exits):
        raise error

    [(got, reason)] = exits
    assert got == status
    assert str(error) in reason


def test_a_cancellation_is_passed_on() -> None:
    exits = Exits()

    with pytest.raises(asyncio.CancelledError), FailStop(exits):
        raise asyncio.CancelledError

    assert exits == []
