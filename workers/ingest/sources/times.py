"""The times of a source's frames, in the recording's own rhythm.

The rule, which `Timeline` keeps:

1. A stamp is believed unless the frames around it contradict, repeat or lack it. Then it is mended
   and counted.
2. A step is in the rhythm if it is no longer than a minute, four usual steps, or a gap that this
   recording has had. The usual step is the median of the steps on both sides.
3. A longer step is a gap if six of the next eight frames go on from it in order, if it is no longer
   than a day, and if it ends before the end that the container states.
4. Any other longer step is a clock that was set: the recording goes on one usual step later.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")

_AHEAD = 8
"""Frames that are looked at before a stamp is believed."""

_STEPS = 15
_WITNESSES = 6
"""Following frames that make a long gap credible: playing it waits for the whole gap."""

_LONGEST_GAP_US = 86_400 * 1_000_000
_LONG_US = 60 * 1_000_000
_LONG_STEPS = 4


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """One frame and its time.

    Attributes:
        item: The frame.
        at_us: Time from the first frame, microseconds, strictly rising.
        mended: Whether its own stamp could not be used.
    """

    item: T
    at_us: int
    mended: bool


class Timeline:
    """Gives each frame its time from the first frame, microseconds, strictly rising.

    Args:
        tick_s: Unit of the stamps, s.
        frame_s: Time between two frames as the container states it, s.
        ends_s: Stamp of the recording's end as the container states it, s; None when it does not.
    """

    def __init__(self, tick_s: Fraction, frame_s: Fraction, ends_s: float | None = None) -> None:
        self._tick_us = tick_s * 1_000_000
        self._stated_us = max(1, round(frame_s * 1_000_000))
        self._ends = None if ends_s is None else ends_s / float(tick_s)
        self._longest_us = 0
        self._steps: deque[int] = deque(maxlen=_STEPS)
        self._last: int | None = None
        self._zero = 0
        self._shift_us = 0

    @property
    def interval_us(self) -> int:
        """Usual time between two frames, microseconds."""
        return round(median(self._steps)) if len(self._steps) > 2 else self._stated_us

    def timed(self, frames: Iterable[tuple[T, int | None]]) -> Iterator[Timed[T]]:
        """Yield the frames, in display order, with their times.

        Args:
            frames: Each with its stamp in ticks; None when unknown.
        """
        window: deque[tuple[T, int | None]] = deque()
        for frame in frames:
            window.append(frame)
            if len(window) > _AHEAD:
                yield self._next(window)
        while window:
            yield self._next(window)

    def _next(self, window: deque[tuple[T, int | None]]) -> Timed[T]:
        item, stamp = window.popleft()
        following = [later for _, later in window]
        if self._last is None:
            return Timed(item, *self._first(stamp, following))
        at_us, mended = self._judged(self._last, stamp, following)
        if not mended:
            self._steps.append(at_us - self._last)
        self._last = at_us
        return Timed(item, at_us, mended)

    def _first(self, stamp: int | None, following: list[int | None]) -> tuple[int, bool]:
        self._last = 0
        known = [later for later in following if later is not None]
        if stamp is not None and sum(other < stamp for other in known) * 2 <= len(known):
            self._zero = stamp
            return 0, False
        if known:
            after = next(n for n, later in enumerate(following, 1) if later is not None)
            self._zero = known[0]
            self._shift_us = after * self._stated_us
        elif stamp is not None:
            self._zero = stamp
        return 0, True

    def _judged(
        self, last: int, stamp: int | None, following: list[int | None]
    ) -> tuple[int, bool]:
        known = [self._us(later) for later in following if later is not None]
        if stamp is None:
            return self._between(last, [self._us_or_none(later) for later in following]), True
        at_us = self._us(stamp)
        if at_us > last and self._believed(last, at_us, known):
            if self._in_rhythm(last, at_us, known):
                return at_us, False
            if self._is_gap(last, at_us, stamp, known):
                self._longest_us = max(self._longest_us, at_us - last)
                return at_us, False
            return self._goes_on(last, at_us), True
        back = sum(k <= last for k in known)
        if at_us <= last and known and back * 2 > len(known) and known[0] > at_us:
            return self._goes_on(last, at_us), True
        return self._between(last, [self._us_or_none(later) for later in following]), True

    def _believed(self, last: int, at_us: int, known: list[int]) -> bool:
        if_kept = sum(later < at_us for later in known)  # of equal ones the first is right
        if_mended = sum(later <= last for later in known)
        doubt = 0 if at_us - last > _LONG_US else 1
        return if_kept <= if_mended + doubt

    def _in_rhythm(self, last: int, at_us: int, known: list[int]) -> bool:
        if at_us - last <= max(_LONG_US, self._longest_us):
            return True
        steps = [*self._steps, *(b - a for a, b in pairwise([last, at_us, *known]) if b > a)]
        usual_us = median(steps) if len(steps) > 2 else self._stated_us
        return at_us - last <= _LONG_STEPS * usual_us

    def _is_gap(self, last: int, at_us: int, stamp: int, known: list[int]) -> bool:
        return (
            at_us - last <= _LONGEST_GAP_US
            and len(known) >= _WITNESSES
            and (self._ends is None or stamp <= self._ends)
        )

    def _goes_on(self, last: int, at_us: int) -> int:
        """Continue one interval after the last frame: the recording's clock was set."""
        goes_on = last + self.interval_us
        self._shift_us += goes_on - at_us
        log.warning("ingest.recording_clock_set", by_s=round((at_us - last) / 1e6, 3))
        return goes_on

    def _between(self, last: int, following: list[int | None]) -> int:
        """A time between the last frame and the next whose stamp can be right."""
        longest = self.interval_us * (len(following) + 2)
        for after, later in enumerate(following, 2):
            if later is not None and last + after <= later <= last + longest:
                return last + max(1, min(self.interval_us, (later - last) // after))
        return last + self.interval_us

    def _us(self, stamp: int) -> int:
        return round((stamp - self._zero) * self._tick_us) + self._shift_us

    def _us_or_none(self, stamp: int | None) -> int | None:
        return None if stamp is None else self._us(stamp)


class LiveTimes:
    """Times of a live stream's frames for thinning: its own stamps while they keep pace with ours.

    A stamp that repeats, goes back or differs by seconds from the time that has passed would thin
    all frames or none; the time of reading replaces it.

    Args:
        mended: Called for each stamp that is replaced.
    """

    def __init__(self, mended: Callable[[], None]) -> None:
        self._mended = mended
        self._offset_us: int | None = None
        self._last: int | None = None

    def at(self, stamp_us: int | None, received_us: int) -> int:
        """Time of a frame, microseconds.

        Args:
            stamp_us: Its stamp; None when the source gives none.
            received_us: Wall clock when it was read.
        """
        if stamp_us is None:
            return received_us
        if self._offset_us is None:
            self._offset_us = received_us - stamp_us
        at_us = stamp_us + self._offset_us
        rises = self._last is None or at_us > self._last
        if rises and abs(at_us - received_us) <= _LIVE_DRIFT_US:
            self._last = at_us
            return at_us
        self._mended()
        if abs(at_us - received_us) > _LIVE_DRIFT_US:
            self._offset_us = None
            self._last = None
        return received_us


_LIVE_DRIFT_US = 15_000_000
"""Frames read while a stream is opened come late at once by as much as a few seconds."""
