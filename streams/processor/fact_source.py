"""Reference data for the fold, read far enough before any event that could see them."""

from typing import Any

import structlog

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.facts.log import FactLog, fact_key
from runtime.process.metrics import STREAM_BACK_DATED
from runtime.retry import Tries, constant
from schemas.topics import Topic
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import ConflictingFact, InvalidFact, VisibilityRule, visible_from

log = structlog.get_logger(__name__)

REFRESH_S = 1.0
"""Seconds after which the reference data are read again while events flow."""

_WAIT_S = 30.0
_AGAIN = constant(0.05, deadline_s=_WAIT_S)


class FactSource:
    """Keeps `facts` complete for the events that are folded.

    A fact is visible 5 s after it was recorded, so facts read now are complete for events up to
    about 3 s ahead of now; see `FactLog.complete_until_us`. So an event rarely has to wait for
    another read, and a read never changes what an event saw.

    Args:
        log: Log of the reference data.
        clock: Clock for the time of the next read.
        rule: Rule for when a version is visible; the pipeline's, except in a rebuild.

    Attributes:
        facts: Reference data read so far.
        back_dated: Number of facts that came too late: an event that should have seen them was
            already folded. A rebuild from the log would differ from what was written.
    """

    def __init__(self, log: FactLog, clock: Clock, rule: VisibilityRule = visible_from) -> None:
        self.facts = Facts(rule)
        self._rule = rule
        self._log = log
        self._clock = clock
        self._refreshed_s = float("-inf")
        self._ensured_us: int | None = None
        self.back_dated = 0

    def refresh(self) -> None:
        """Read the reference data to their current end.

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
            else:
                self._check_in_time(topic, record)
        self._refreshed_s = self._clock.monotonic_s()

    def _check_in_time(self, topic: Topic, record: dict[str, Any]) -> None:
        """Log and count a fact that should have been visible to events already folded."""
        if self._ensured_us is None or self._rule(record) > self._ensured_us:
            return
        self.back_dated += 1
        STREAM_BACK_DATED.inc()
        log.error(
            "facts.back_dated",
            fact=fact_key(topic, record),
            topic=topic.name,
            late_us=self._ensured_us - self._rule(record),
        )

    def is_old(self) -> bool:
        """Whether it is time to read again."""
        return self._clock.monotonic_s() - self._refreshed_s >= REFRESH_S

    def ensure(self, at_us: int) -> Facts:
        """The facts, complete for events up to `at_us` (UTC microseconds).

        For an event ahead of this machine's clock, this waits until the clock is near enough. The
        decoder decides how far ahead an event may be.

        Raises:
            Retry: More must be read and the broker is out of reach, or `at_us` is so far ahead
                that the facts are not complete within 30 s.
        """
        if at_us > self._log.complete_until_us():
            self._complete(at_us)
        self._ensured_us = at_us if self._ensured_us is None else max(at_us, self._ensured_us)
        return self.facts

    def _complete(self, at_us: int) -> None:
        """Read until the facts are complete for events up to `at_us`; raises like `ensure`."""
        tries = Tries(_AGAIN, self._clock)
        while True:
            self.refresh()
            ahead_s = (at_us - self._log.complete_until_us()) / 1e6
            if ahead_s <= 0:
                return
            tries.failed(
                Retry(
                    f"an event is {ahead_s:.1f} s ahead of what the side inputs are complete for",
                    retry_after_s=min(ahead_s, _WAIT_S),
                )
            )

    def offsets(self) -> dict[str, int]:
        """Next offset of each topic of reference data."""
        return dict(self._log.offsets)
