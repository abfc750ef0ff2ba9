"""The step of alerts over recorded ticks of a floor, with the times that are due in between."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.records.rules import ZoneAlert
from streams.domain.alerts.emitted import Emitted
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.state import AlertsState
from streams.domain.alerts.step import advance, next_due_us


class RulesInForce(NamedTuple):
    """Rules over an interval of event time.

    Attributes:
        rules: The rules.
        until_us: They hold until this event time, exclusive, microseconds.
    """

    rules: FloorRules
    until_us: int


class AlertReplay:
    """The alerts of one floor, from records that were stored.

    It decides what the fold decided, or would have under other rules. What happened before its
    first record it does not know: who is in a zone then came with that record.

    Args:
        rules_at: Rules in force at an event time, microseconds.
        from_us: Event time from which it follows the floor, microseconds.
        tick_us: Length of a tick, microseconds; ticks are aligned to the epoch.

    Attributes:
        from_us: As given.
    """

    def __init__(self, rules_at: Callable[[int], RulesInForce], from_us: int, tick_us: int) -> None:
        self._rules_at = rules_at
        self._tick_us = tick_us
        self._state = AlertsState()
        self.from_us = from_us
        self._closed_us = from_us // tick_us * tick_us

    @property
    def closed_us(self) -> int:
        """End of the last tick that was decided, microseconds."""
        return self._closed_us

    def take(self, emitted: Emitted) -> Iterator[ZoneAlert]:
        """Decide up to the end of a tick, and about its records; time rises."""
        yield from self.until(emitted.as_of_us - self._tick_us)
        yield from self._advance(emitted, self._rules_at(emitted.as_of_us).rules)

    def until(self, end_us: int) -> Iterator[ZoneAlert]:
        """Decide what falls due by time alone, up to an event time, microseconds."""
        while True:
            first_us = self._closed_us + self._tick_us
            held = self._rules_at(first_us)
            due_us = min(next_due_us(self._state, held.rules, self._closed_us), held.until_us)
            due_us = max(first_us, -(-due_us // self._tick_us) * self._tick_us)
            if due_us > end_us:
                return
            yield from self._advance(Emitted(due_us), self._rules_at(due_us).rules)

    def _advance(self, emitted: Emitted, rules: FloorRules) -> Iterator[ZoneAlert]:
        decided = advance(self._state, emitted, rules)
        self._closed_us = emitted.as_of_us
        yield from decided
