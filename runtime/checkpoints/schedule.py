"""When to save, when to give up on a consumer that delivers nothing, and when one was frozen."""

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
    """Tells that a partition has records but makes no progress.

    Time counts only while the reader could progress: `observe` is told whether something
    known stands in the way, such as a save that waits for the broker.
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
            partition: Whose progress it is.
            next_offset: First offset not folded yet.
            log_end: Next offset that the log will write, as last heard.
            excused: Something known keeps the reader from going on.
        """
        seen, since_s = self._since.get(partition, (-1, now_s))
        if next_offset != seen or log_end <= next_offset or excused:
            self._since[partition] = (next_offset, now_s)
            return False
        return now_s - since_s > self._after_s

    def forget(self) -> None:
        """Begin again, after the partitions were handed out again."""
        self._since.clear()


class FreezeWatch:
    """Tells that the process stood still for so long that others may have taken its place.

    A checkpoint of one who was replaced is refused, but what it sends is not. So it has to ask
    before it sends on, and a sender looks here first.

    Args:
        clock: Asked at every look.
        after_s: Seconds between two looks that are too many.
    """

    def __init__(self, clock: Clock, after_s: float) -> None:
        self._clock = clock
        self._after_s = after_s
        self._looked_s = clock.monotonic_s()
        self._suspected = False

    def suspected(self) -> bool:
        """Whether there was too long a time between two looks since the last `clear`."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s > self._after_s:
            self._suspected = True
        self._looked_s = now_s
        return self._suspected

    def clear(self) -> None:
        """Nobody else has taken this process's place, as of now."""
        self._looked_s = self._clock.monotonic_s()
        self._suspected = False
