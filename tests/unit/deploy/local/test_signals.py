"""A signal ends a program, whatever the program runs when it arrives."""

import signal
import sys
import time
import weakref

import pytest

from deploy.local.signals import TerminateAsExit

WAIT_S = 5.0


class Held:
    """Something with a weak reference to it."""


def interrupted_where_exceptions_are_discarded(number: signal.Signals) -> None:
    """Let the signal arrive in a weak reference's callback, then wait as a program does."""
    held = Held()
    reference = weakref.ref(held, lambda _: signal.raise_signal(number))
    del held
    assert reference() is None
    time.sleep(WAIT_S)
    pytest.fail("the signal was lost")


def test_ctrl_c_ends_a_program_whose_interrupt_python_discarded() -> None:
    with pytest.raises(KeyboardInterrupt), TerminateAsExit():
        interrupted_where_exceptions_are_discarded(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_that_python_discarded_is_raised_again(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended, TerminateAsExit():
        interrupted_where_exceptions_are_discarded(number)

    assert ended.value.code == 128 + number


def test_other_discarded_exceptions_are_reported_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_value))
    held = Held()

    def fail(_: object) -> None:
        raise ValueError("broken callback")

    with TerminateAsExit():
        reference = weakref.ref(held, fail)
        del held

    assert reference() is None
    assert [str(error) for error in reported] == ["broken callback"]


def test_the_handlers_from_before_are_back_after_the_block() -> None:
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP), sys.unraisablehook)

    with TerminateAsExit():
        assert sys.unraisablehook != before[2]

    after = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP), sys.unraisablehook)
    assert after == before
