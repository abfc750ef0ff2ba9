"""A signal ends a program, whatever the program runs when it arrives."""

import signal
import subprocess
import sys
import weakref

import pytest

from deploy.local.signals import TerminateAsExit
from tests.support.paths import ROOT

DEADLINE_S = 30.0

PROGRAM = """
import signal, sys, time, weakref

# A parent that ignores a signal, as nohup does, hands that on to its children.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

from deploy.local.signals import TerminateAsExit

class Held: ...

held = Held()
try:
    with TerminateAsExit():
        reference = weakref.ref(held, lambda _: signal.raise_signal(int(sys.argv[1])))
        del held
        print("discarded", flush=True)
        time.sleep(10.0)
        print("lost", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
"""Lets a signal arrive in a weak reference's callback, then waits as a program does."""


class Held:
    """Something with a weak reference to it."""


def interrupted_where_exceptions_are_discarded(number: signal.Signals) -> tuple[int, list[str]]:
    """Exit code and output of the program; a process of its own, for a signal may end it."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(number))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return ended.returncode, ended.stdout.splitlines()


def test_ctrl_c_ends_a_program_whose_interrupt_python_discarded() -> None:
    assert interrupted_where_exceptions_are_discarded(signal.SIGINT) == (
        0,
        ["discarded", "interrupted"],
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_that_python_discarded_is_raised_again(number: signal.Signals) -> None:
    assert interrupted_where_exceptions_are_discarded(number) == (128 + number, ["discarded"])


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
