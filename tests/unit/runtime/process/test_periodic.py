"""Work in the background continues after any error, and ends when it is closed."""

import threading

import pytest
from structlog.testing import capture_logs

from runtime.errors import Retry
from runtime.process.periodic import Periodic
from schemas.registry import RegistryDenied, RegistryError, RegistryUnavailable

SOON_S = 0.001
DEADLINE_S = 10.0


class Work:
    """Fails a given number of times, and counts its runs."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.failed: list[Exception] = []
        self.done = threading.Event()
        self.ended = threading.Event()

    def step(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.set()


def run(work: Work) -> Periodic:
    periodic = Periodic("work", work.step, work.failed.append, every_s=SOON_S, ended=work.ended.set)
    periodic.start()
    return periodic


def test_neither_a_foreseen_error_nor_a_crash_ends_the_thread() -> None:
    errors = (Retry("away"), ZeroDivisionError(), Retry("away still"))
    work = Work(*errors)
    periodic = run(work)

    assert work.done.wait(DEADLINE_S)
    assert work.failed == list(errors)
    periodic.close(DEADLINE_S)


@pytest.mark.parametrize("kind", [RegistryDenied, RegistryUnavailable])
def test_an_error_of_the_registry_is_one_kind_and_no_crash(kind: type[RegistryError]) -> None:
    work = Work(kind("schema registry at http://schemas.ward: who are you"))

    with capture_logs() as logged:
        periodic = run(work)
        assert work.done.wait(DEADLINE_S)
        periodic.close(DEADLINE_S)

    assert isinstance(work.failed[0], RegistryError)
    assert not logged


def test_what_it_holds_is_let_go_in_its_thread_when_it_is_closed() -> None:
    work = Work()
    periodic = run(work)
    assert work.done.wait(DEADLINE_S)
    assert not work.ended.is_set()

    periodic.close(DEADLINE_S)
    assert work.ended.is_set()


def test_an_error_while_it_closes_is_not_reported() -> None:
    work = Work()

    def step() -> None:
        periodic.close()
        raise Retry("closed under it")

    periodic = Periodic("work", step, work.failed.append, every_s=SOON_S, ended=work.ended.set)
    periodic.start()

    assert work.ended.wait(DEADLINE_S)
    assert work.failed == []


def test_a_step_may_ask_for_a_longer_pause() -> None:
    calls: list[int] = []
    called = threading.Event()

    def step() -> float:
        calls.append(1)
        called.set()
        return 3_600.0

    periodic = Periodic("work", step, lambda _: None, every_s=0.0)
    periodic.start()
    assert called.wait(DEADLINE_S)
    periodic.close(DEADLINE_S)
    assert calls == [1]


def test_one_that_was_never_started_can_be_closed() -> None:
    Periodic("work", Work().step, lambda _: None, every_s=1.0).close(DEADLINE_S)


def test_a_report_that_fails_does_not_end_the_thread() -> None:
    work = Work(Retry("away"), Retry("away still"))

    def report(error: Exception) -> None:
        work.failed.append(error)
        raise ZeroDivisionError

    periodic = Periodic("work", work.step, report, every_s=SOON_S, ended=work.ended.set)
    periodic.start()

    assert work.done.wait(DEADLINE_S)
    assert len(work.failed) == 2
    periodic.close(DEADLINE_S)
