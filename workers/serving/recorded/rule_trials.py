"""Try rules over the recorded past: one at a time for each login, a few at once for all."""

from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from anyio.to_thread import run_sync

from runtime.errors import Retry
from workers.serving.editing.refusals import TooMany, Unfit
from workers.simulation.command import Asked, Found, TooMuch

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
"""Simulations that run at once; more are refused with 503."""

Simulate = Callable[[Asked, Callable[[], bool]], Found]
"""Simulates, and waits for it; ends early once nobody waits any more."""


class RuleTrials:
    """Runs simulations beside the server.

    Args:
        simulate: Runs one; blocks.
    """

    def __init__(self, simulate: Simulate) -> None:
        self._simulate = simulate
        self._running: set[str] = set()

    async def run(self, subject: str, asked: Asked, is_wanted: Callable[[], bool]) -> Found:
        """Run one, and wait for it without holding up anybody else.

        Args:
            subject: Who asks.
            asked: What to simulate.
            is_wanted: Whether they still wait for it.

        Raises:
            TooMany: One of theirs runs already.
            Unfit: It takes longer, or decides more, than one simulation may.
            Retry: Others try rules now, or the log is out of reach.
        """
        if subject in self._running:
            raise TooMany(
                "this login tries a rule already: wait until that has ended",
                headers={"Retry-After": "10"},
            )
        if len(self._running) >= AT_ONCE:
            raise Retry("others try rules over the past now; try again in a minute")
        self._running.add(subject)
        try:
            return await run_sync(partial(self._simulate, asked, is_wanted))
        except TooMuch as error:
            raise Unfit(
                f"{error}: choose a shorter time, fewer zones, or a higher threshold"
            ) from error
        except Retry as error:
            log.warning("serving.rule_not_tried", error=str(error))
            raise Retry(
                "the recorded past cannot be read now, because the log is out of reach"
            ) from error
        finally:
            self._running.discard(subject)
