"""How many requests that append to the log are in work at once, and how much a sender may send."""

import math
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.responses import Response

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry, Stop
from workers.serving.api.registry.parts import respond
from workers.serving.editing.refusals import TooMany
from workers.serving.editing.repeats import Answer
from workers.serving.login.allowance import Allowance

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
"""Requests that are in work at once; each may hold a connection to the database."""

MOST_WAITING: Final = 16
"""Requests that wait for their turn; more are refused with 503."""


class Turns:
    """Lets requests follow one another, and counts what each sender sends.

    Args:
        most: Most that one sender may send at once.
        per_s: How many a second after that.
        clock: Measures the time between requests.
        what: What is sent, in messages.
        rate: The rate, in messages.
    """

    def __init__(self, most: int, per_s: float, clock: Clock, what: str, rate: str) -> None:
        self._most = most
        self._per_s = per_s
        self._clock = clock
        self._what = what
        self._rate = rate
        self._allowed: dict[str, Allowance] = {}
        self._threads: CapacityLimiter | None = None

    async def take(self, subject: str, count: int, work: Callable[[], Answer]) -> Response:
        """Do the work of a request in a thread, and answer it.

        Raises:
            Refusal: The sender sent too much, or the work refuses it.
            Retry: A store is out of reach, or too many requests wait.
        """
        self._count(subject, count)
        if self._threads is None:
            self._threads = CapacityLimiter(AT_ONCE)
        if self._threads.statistics().tasks_waiting >= MOST_WAITING:
            raise Retry(f"too many requests wait with {self._what}, so none of these was taken")
        try:
            return respond(await run_sync(partial(work), limiter=self._threads))
        except (Stop, DeadLetter) as error:
            log.error("serving.not_taken", what=self._what, error=str(error))
            raise Retry(
                f"a store refuses {self._what} of this board; its log has the cause"
            ) from error

    def _count(self, subject: str, count: int) -> None:
        """Refuse more than a sender may send.

        Raises:
            TooMany: More than this sender may send now.
        """
        allowance = self._allowed.get(subject)
        if allowance is None:
            allowance = Allowance(self._most, self._per_s, self._clock)
            self._allowed[subject] = allowance
        if not allowance.take(count):
            wait_s = math.ceil(allowance.wait_s(count))
            raise TooMany(
                f"this login may send {self._rate}, and has sent more; nothing was taken: "
                "send it again later",
                headers={"Retry-After": str(max(1, wait_s))},
            )
