"""Side inputs for the fold: read far enough before any event that could see them."""

import structlog

from runtime.clock import Clock
from runtime.errors import Stop
from runtime.fact_log import FactLog
from streams.domain.facts import ConflictingFact, Facts, InvalidFact

log = structlog.get_logger(__name__)

REFRESH_S = 1.0
"""Seconds after which the side inputs are read again while events flow."""


class FactSource:
    """Keeps `facts` complete for the events that are folded.

    A fact is visible 5 s after it was recorded, so facts read now are complete for events up to
    about 3 s ahead of now; see `FactLog.complete_until_us`. Reading on is therefore rare, and it
    never changes what an event saw.

    Args:
        log: The side inputs.
        clock: Tells when to read again.
    """

    def __init__(self, log: FactLog, clock: Clock) -> None:
        self.facts = Facts()
        self._log = log
        self._clock = clock
        self._refreshed_s = float("-inf")

    def refresh(self) -> None:
        """Read the side inputs to their present end.

        Raises:
            Retry: The broker is out of reach.
            Stop: Two records claim to be the same version of a fact.
        """
        for topic, record in self._log.sync():
            try:
                self.facts.add(topic.name, record)
            except InvalidFact as error:
                # The same record is refused in every run, so the fold stays a pure function.
                log.error("facts.refused", topic=topic.name, error=str(error))
            except ConflictingFact as error:
                raise Stop(str(error)) from error
        self._refreshed_s = self._clock.monotonic_s()

    def is_old(self) -> bool:
        """Whether it is time to read again."""
        return self._clock.monotonic_s() - self._refreshed_s >= REFRESH_S

    def ensure(self, at_us: int) -> Facts:
        """The facts, complete for an event at `at_us` (UTC microseconds).

        Raises:
            Retry: They must be read on and the broker is out of reach.
        """
        if at_us > self._log.complete_until_us():
            self.refresh()
        return self.facts

    def offsets(self) -> dict[str, int]:
        """Next offset of each side input."""
        return dict(self._log.offsets)
