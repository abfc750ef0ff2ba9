"""Dead letters of the last hour, by the stage that gave up and its reason."""

import threading
from collections import Counter
from typing import Final

from workers.serving.live.system_answers import DeadLettersSystem

WINDOW_S: Final = 3_600
"""Dead letters that are older count no longer, s."""

_MINUTE_US: Final = 60_000_000


class RecentDeadLetters:
    """Counts dead letters by minute; written by one thread, read by others.

    Attributes:
        current: Whether every dead letter of the last hour was counted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: dict[int, Counter[tuple[str, str]]] = {}
        self._last_us: dict[tuple[str, str], int] = {}
        self.current = False

    def take(self, stage: str, reason: str, at_us: int) -> None:
        """Count one.

        Args:
            stage: Process that gave up.
            reason: Its reason, as in `docs/reference/dead-letters.md`.
            at_us: When it was appended, UTC microseconds.
        """
        kind = (stage, reason)
        with self._lock:
            self._minutes.setdefault(at_us // _MINUTE_US, Counter())[kind] += 1
            self._last_us[kind] = max(at_us, self._last_us.get(kind, 0))

    def clear(self) -> None:
        """Forget all: they are read again."""
        with self._lock:
            self._minutes.clear()
            self._last_us.clear()
            self.current = False

    def counts(self, now_us: int) -> list[DeadLettersSystem] | None:
        """Those of the last hour, the most first; None while they are not all known.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        if not self.current:
            return None
        first = (now_us - WINDOW_S * 1_000_000) // _MINUTE_US
        with self._lock:
            for minute in [one for one in self._minutes if one < first]:
                del self._minutes[minute]
            total = sum(self._minutes.values(), Counter[tuple[str, str]]())
            for kind in self._last_us.keys() - total.keys():
                del self._last_us[kind]
            found = [(number, kind, self._last_us[kind]) for kind, number in total.items()]
        return [
            DeadLettersSystem(stage=stage, reason=reason, number=number, last_us=last_us)
            for number, (stage, reason), last_us in sorted(found, key=lambda one: (-one[0], one[1]))
        ]
