"""Save schedule, and watchdogs for a stalled partition and a frozen process."""

from runtime.clock import Clock


class SaveSchedule:
    """A save is due when `every_s` seconds have passed since the last one."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last_s: float | None = None

    def due(self, now_s: float) -> bool:
        """Whether to save at `now_s` (monotonic); the first call starts the wait."""
        if self._last_s is None:
            self._last_s = now_s
        return now_s - self._last_s >= self._every_s

    def saved(self, now_s: float) -> None:
        """Note that a save began at `now_s`."""
        self._last_s = now_s


class StallWatch:
    """Watchdog for a partition that has records but makes no progress.

    Time counts only while the reader could progress: `excused` reports a known obstacle,
    such as a save that waits for the broker.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since: dict[int, tuple[int, float]] = {}

    def observe(
        self, now_s: float, partition: int, next_offset: int, log_end: int, *, excused: bool
    ) -> bool:
        """Whether the partition has stalled for `after_s` seconds.

        Args:
            now_s: Monotonic seconds.
            partition: Input partition.
            next_offset: First offset not folded yet.
            log_end: End offset of the log, as last reported.
            excused: Whether a known obstacle keeps the reader from progressing.
        """
        seen, since_s = self._since.get(partition, (-1, now_s))
        if next_offset != seen or log_end <= next_offset or excused:
            self._since[partition] = (next_offset, now_s)
            return False
        return now_s - since_s > self._after_s

    def forget(self) -> None:
        """Restart all waits, after the partitions were reassigned."""
        self._since.clear()


class FreezeWatch:
    """Watchdog for a process that was frozen so long that others may have taken its place.

    The broker refuses a replaced process's checkpoints, but not its outputs. So such a process
    must confirm its claims before it sends more, and a sender checks here first.

    Args:
        clock: Source of the time, read at every check.
        after_s: Longest allowed time between two checks, s.
    """

    def __init__(self, clock: Clock, after_s: float) -> None:
        self._clock = clock
        self._after_s = after_s
        self._looked_s = clock.monotonic_s()
        self._suspected = False

    def suspected(self) -> bool:
        """Whether the time between two checks was ever too long since the last `clear`."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s > self._after_s:
            self._suspected = True
        self._looked_s = now_s
        return self._suspected

    def clear(self) -> None:
        """Note that no other process has taken this one's place, as of now."""
        self._looked_s = self._clock.monotonic_s()
        self._suspected = False
