"""Start a service again that ended by itself, as a container's restart policy does."""

import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, Self, TypeVar

from deploy.local.errors import LaunchError
from deploy.local.supervisor import RESTARTS, STEADY_S
from runtime.process.periodic import Periodic

POLL_S = 0.2
MOST_FAILURES = 8

Name = TypeVar("Name", bound=str)


class Kept(Protocol[Name]):
    """Services that a `Keeper` can start again."""

    def ended(self) -> Sequence[Name]:
        """Services that ended by themselves."""

    def start_again(self, name: Name) -> None:
        """Start such a service on the same port and data, without waiting for its answer.

        Raises:
            LaunchError: It cannot be started again.
        """

    def tail(self, name: Name) -> str:
        """The last lines that a service wrote."""


class Keeper(Generic[Name]):
    """Starts services again within its block, with growing pauses.

    Args:
        services: The services, which run.
        report: Receives each restart as a short message, in a thread.
        most_failures: Ends in a row, each within 30 s of the start, after which one is given up.

    Attributes:
        failure: Why a service was given up, else None.
    """

    def __init__(
        self,
        services: Kept[Name],
        report: Callable[[str], None],
        *,
        most_failures: int = MOST_FAILURES,
    ) -> None:
        self._services = services
        self._report = report
        self._most_failures = most_failures
        self._failures: dict[Name, int] = {}
        self._started_s: dict[Name, float] = {}
        self._due_s: dict[Name, float] = {}
        self._thread = Periodic("keeper", self._check, self._give_up, every_s=POLL_S)
        self.failure: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close(within_s=10.0)

    def _check(self) -> None:
        now_s = time.monotonic()
        for name in self._services.ended() if self.failure is None else ():
            due_s = self._due_s.get(name)
            if due_s is None:
                self._note_end(name, now_s)
            elif now_s >= due_s:
                self._services.start_again(name)
                self._started_s[name] = now_s
                del self._due_s[name]

    def _note_end(self, name: Name, now_s: float) -> None:
        """Choose when to start it again.

        Raises:
            LaunchError: It ends whenever it is started.
        """
        if now_s - self._started_s.get(name, now_s) > STEADY_S:
            self._failures[name] = 0
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        if failures > self._most_failures:
            raise LaunchError(f"{name} ends whenever it is started:\n{self._services.tail(name)}")
        if failures == 1:
            self._report(f"{name} has ended; it is started again")
        self._due_s[name] = now_s + RESTARTS.pause_s(failures)

    def _give_up(self, error: Exception) -> None:
        self.failure = str(error)
